/**
 * Tools > SOS without reloading: keeps the overview current, moves the progress bar, says what a button did.
 *
 * In: the page as PHP printed it; every form works without this script, too. Out: requests to sos/v1. Asks for nothing
 * while the tab is hidden.
 */
( function ( wp ) {
	'use strict';

	var __ = wp.i18n.__;
	var OVERVIEW_MS = 3000;
	var overviewTimer = 0;

	function post( path, data ) {
		return wp.apiFetch( { path: '/sos/v1/' + path, method: 'POST', data: data || {} } );
	}

	/** WordPress's own messages may hold markup. */
	function plain( text ) {
		return String( text || '' ).replace( /<[^>]*>/g, ' ' ).trim();
	}

	function say( element, text, isGood ) {
		element.textContent = plain( text );
		element.classList.toggle( 'sos-good', !! isGood );
		element.classList.toggle( 'sos-bad', ! isGood );
	}

	/** What stands above and below the buttons, printed anew by PHP. */
	function refresh() {
		var above = document.getElementById( 'sos-above' );
		window.clearTimeout( overviewTimer );
		if ( ! above || document.hidden ) {
			return;
		}
		wp.apiFetch( { path: '/sos/v1/overview' } )
			.then( function ( answer ) {
				replace( above, answer.above );
				replace( document.getElementById( 'sos-below' ), answer.below );
				document.body.classList.remove( 'sos-stale' );
			}, function () {
				document.body.classList.add( 'sos-stale' );
			} )
			.then( function () {
				overviewTimer = window.setTimeout( refresh, OVERVIEW_MS );
			} );
	}

	/** Only what has changed, and not under the hands of somebody who selects in it or tabs through it. */
	function replace( part, html ) {
		if ( part && part.sosHtml !== html && ! part.contains( document.activeElement ) && ! String( window.getSelection() ) ) {
			part.innerHTML = html;
			part.sosHtml = html;
		}
	}

	/** Step after step, until it is done. */
	function goOn( button ) {
		var box = document.getElementById( 'sos-progress' );
		var bar = box.querySelector( 'progress' );
		var text = box.querySelector( '.sos-progress-text' );
		box.classList.remove( 'hidden' );
		button.disabled = true;

		function show( progress ) {
			bar.value = progress.percent;
			text.textContent = ( progress.text + ' ' + progress.error ).trim();
			box.dataset.running = progress.running ? '1' : '0';
			if ( progress.running ) {
				// After an error the store is given a moment.
				window.setTimeout( step, progress.error ? 3000 : 50 );
			} else {
				button.disabled = false;
				refresh();
			}
		}

		function step() {
			post( 'rebuild/step' ).then( show, function ( problem ) {
				text.textContent = plain( problem.message );
				window.setTimeout( step, 3000 );
			} );
		}

		step();
	}

	var actions = {
		flush: function ( result ) {
			return post( 'flush' ).then( function ( done ) {
				say( result, done.text, 0 === done.left );
			} );
		},
		verify: function ( result ) {
			return compare( result, false );
		},
		mend: function ( result ) {
			return compare( result, true );
		},
		rebuild: function ( result, button ) {
			return post( 'rebuild' ).then( function () {
				goOn( button );
				return true;
			} );
		},
	};

	/** Step after step; each is told what those before it found. */
	function compare( result, mend, found ) {
		if ( ! found ) {
			say( result, __( 'Comparing\u2026', 'sos-publisher' ), true );
		}
		return post( 'verify', { mend: mend, found: found || null } ).then( function ( drift ) {
			say( result, drift.text, drift.clean );
			return drift.complete ? false : compare( result, mend, drift.found );
		} );
	}

	function act( event ) {
		var button = event.target.querySelector( '[data-sos-do]' );
		if ( ! button ) {
			return;
		}
		event.preventDefault();
		var result = event.target.querySelector( '.sos-result' );
		button.disabled = true;
		actions[ button.dataset.sosDo ]( result, button )
			.catch( function ( problem ) {
				say( result, problem.message, false );
			} )
			.then( function ( goesOn ) {
				if ( ! goesOn ) {
					button.disabled = false;
					refresh();
				}
			} );
	}

	/** Try what was typed, before it is saved. */
	function test( event ) {
		var form = event.target.form;
		var result = document.getElementById( 'sos-test-result' );
		event.preventDefault();
		event.target.disabled = true;
		say( result, __( 'Asking\u2026', 'sos-publisher' ), true );
		post( 'test-connection', { site: form.site.value, redis_url: form.redis_url.value } )
			.then( function ( answer ) {
				say( result, answer.text, answer.ok );
			}, function ( problem ) {
				say( result, problem.message, false );
			} )
			.then( function () {
				event.target.disabled = false;
			} );
	}

	wp.domReady( function () {
		var box = document.getElementById( 'sos-progress' );
		var button = document.getElementById( 'sos-test' );
		document.querySelectorAll( '.sos-action' ).forEach( function ( form ) {
			form.addEventListener( 'submit', act );
		} );
		if ( button ) {
			button.addEventListener( 'click', test );
		}
		if ( box && '1' === box.dataset.running ) {
			goOn( document.querySelector( '[data-sos-do="rebuild"]' ) );
		}
		if ( document.getElementById( 'sos-above' ) ) {
			overviewTimer = window.setTimeout( refresh, OVERVIEW_MS );
			document.addEventListener( 'visibilitychange', refresh );
		}
	} );
} )( window.wp );
