/**
 * Lists and the classic editor: keeps the states that are still on their way current, and makes preview links.
 *
 * In: elements with data-sos-ref, printed by PHP. Out: the same with newer words. Asks for all of them in one request,
 * every half second for some seconds after a page was loaded or a row was saved; never in a hidden tab.
 */
( function ( wp, settings ) {
	'use strict';

	var __ = wp.i18n.__;
	var FAST_MS = 500;
	var FAST_FOR_MS = 15000;
	var until = 0;
	var timer = 0;

	/** Elements whose state will change by itself. */
	function findWaiting() {
		return Array.prototype.filter.call( document.querySelectorAll( '[data-sos-ref]' ), function ( element ) {
			return [ 'pending', 'partly', 'failed' ].indexOf( element.dataset.sosState ) >= 0;
		} );
	}

	function show( element, status ) {
		if ( element.dataset.sosState !== status.state ) {
			element.classList.remove( 'sos-is-' + element.dataset.sosState );
			element.classList.add( 'sos-is-' + status.state );
			element.dataset.sosState = status.state;
		}
		[ [ '.sos-text', status.text ], [ '.sos-detail', status.detail ] ].forEach( function ( pair ) {
			var part = element.querySelector( pair[ 0 ] );
			if ( part && part.textContent !== pair[ 1 ] ) {
				part.textContent = pair[ 1 ];
			}
		} );
	}

	function ask() {
		window.clearTimeout( timer );
		var waiting = document.hidden ? [] : findWaiting();
		if ( ! waiting.length || Date.now() > until ) {
			return;
		}
		var refs = waiting.map( function ( element ) {
			return element.dataset.sosRef;
		} );
		wp.apiFetch( { path: '/sos/v1/statuses?refs=' + encodeURIComponent( refs.slice( 0, 200 ).join( ',' ) ) } ).then(
			function ( statuses ) {
				waiting.forEach( function ( element ) {
					if ( statuses[ element.dataset.sosRef ] ) {
						show( element, statuses[ element.dataset.sosRef ] );
					}
				} );
				timer = window.setTimeout( ask, FAST_MS );
			},
			function () {}
		);
	}

	function askForAWhile() {
		until = Date.now() + FAST_FOR_MS;
		ask();
	}

	/** The button of the publish box. */
	function shareFrom( button ) {
		var box = button.closest( '[data-sos-post]' );
		var line = box.querySelector( '.sos-share-said' ) || box.appendChild( document.createElement( 'div' ) );
		line.className = 'sos-share-said';
		line.setAttribute( 'role', 'status' );
		line.textContent = __( 'Making the link\u2026', 'sos-publisher' );
		button.disabled = true;
		wp.apiFetch( { path: '/sos/v1/preview-link', method: 'POST', data: { post: parseInt( box.dataset.sosPost, 10 ), seconds: 86400 } } )
			.then( function ( link ) {
				var row = document.createElement( 'div' );
				var input = document.createElement( 'input' );
				row.className = 'sos-share-link';
				input.type = 'text';
				input.readOnly = true;
				input.value = link.url;
				input.setAttribute( 'aria-label', __( 'Link to the preview', 'sos-publisher' ) );
				row.appendChild( input );
				line.textContent = link.text;
				line.insertBefore( row, line.firstChild );
				input.select();
			}, function ( problem ) {
				line.textContent = String( problem.message ).replace( /<[^>]*>/g, ' ' );
			} )
			.then( function () {
				button.disabled = false;
			} );
	}

	wp.domReady( function () {
		var list = document.getElementById( 'the-list' );
		askForAWhile();
		document.addEventListener( 'visibilitychange', ask );
		document.addEventListener( 'click', function ( event ) {
			if ( event.target.classList.contains( 'sos-share-button' ) ) {
				shareFrom( event.target );
			}
		} );
		if ( list ) {
			// A quick edit replaces the row with a new one.
			new MutationObserver( askForAWhile ).observe( list, { childList: true } );
		}
	} );
} )( window.wp, window.sosPublisher || {} );
