/**
 * The sidebar of the block editor: where the post stands on the public site, when it goes offline, a link to a preview,
 * and for a callout its placement, time and priority.
 *
 * In: the editor's data store and sos/v1. Out: edits of the post's own fields, saved by the editor with everything else.
 * Never holds up a save: it asks afterwards, every half second for some seconds, and not at all in a hidden tab.
 */
( function ( wp, settings ) {
	'use strict';

	var el = wp.element.createElement;
	var Fragment = wp.element.Fragment;
	var useEffect = wp.element.useEffect;
	var useRef = wp.element.useRef;
	var useState = wp.element.useState;
	var useSelect = wp.data.useSelect;
	var useDispatch = wp.data.useDispatch;
	var components = wp.components;
	var __ = wp.i18n.__;
	var sprintf = wp.i18n.sprintf;

	// Since WordPress 6.6 the panel lives in wp.editor; the old name there complains.
	var isNewer = !! ( wp.editor && wp.editor.PluginDocumentSettingPanel );
	var Panel = isNewer ? wp.editor.PluginDocumentSettingPanel : wp.editPost.PluginDocumentSettingPanel;
	var AfterPublishing = isNewer ? wp.editor.PluginPostPublishPanel : wp.editPost.PluginPostPublishPanel;
	var PANELS = [ 'sos-publisher/sos-status', 'sos-publisher/sos-callout' ];

	var FAST_MS = 500;
	var FAST_FOR_MS = 15000;
	var LIVES = [
		{ value: '3600', label: __( 'for an hour', 'sos-publisher' ) },
		{ value: '86400', label: __( 'for a day', 'sos-publisher' ) },
		{ value: '604800', label: __( 'for a week', 'sos-publisher' ) },
	];

	/** What the editor has, kept current. */
	function usePost() {
		return useSelect( function ( select ) {
			var editor = select( 'core/editor' );
			return {
				id: editor.getCurrentPostId(),
				type: editor.getCurrentPostType(),
				status: editor.getCurrentPostAttribute( 'status' ),
				modified: editor.getCurrentPostAttribute( 'modified' ),
				date: editor.getEditedPostAttribute( 'date' ),
				isFloating: editor.isEditedPostDateFloating(),
				expires: editor.getEditedPostAttribute( 'sos_expires_local' ),
				storedExpires: editor.getCurrentPostAttribute( 'sos_expires_local' ),
				placement: editor.getEditedPostAttribute( 'sos_placement' ),
				priority: editor.getEditedPostAttribute( 'sos_priority' ),
				isSaving: editor.isSavingPost() && ! editor.isAutosavingPost(),
				isNew: editor.isEditedPostNew(),
				isDirty: editor.isEditedPostDirty(),
				isSaveable: editor.isEditedPostSaveable(),
			};
		}, [] );
	}

	/**
	 * Where the post stands. Asks once, then fast for some seconds after each save, until there is nothing to wait for.
	 */
	function useStatus( post ) {
		var state = useState( null );
		var timer = useRef( 0 );
		var until = useRef( 0 );
		var wasSaving = useRef( false );

		function ask() {
			window.clearTimeout( timer.current );
			if ( ! post.id || document.hidden ) {
				return;
			}
			wp.apiFetch( { path: '/sos/v1/status?ref=post:' + post.id } ).then(
				function ( status ) {
					state[ 1 ]( status );
					if ( Date.now() < until.current && ! isSettled( status ) ) {
						timer.current = window.setTimeout( ask, FAST_MS );
					}
				},
				function () {
					// WordPress itself is away; the editor says so. Nothing is known any more.
					state[ 1 ]( null );
				}
			);
		}

		useEffect( function () {
			if ( wasSaving.current && ! post.isSaving ) {
				until.current = Date.now() + FAST_FOR_MS;
				ask();
			}
			wasSaving.current = post.isSaving;
		}, [ post.isSaving ] );

		useEffect( function () {
			ask();
			document.addEventListener( 'visibilitychange', ask );
			return function () {
				window.clearTimeout( timer.current );
				document.removeEventListener( 'visibilitychange', ask );
			};
		}, [ post.id ] );

		return state[ 0 ];
	}

	/**
	 * Panels of plugins are closed at first. Ours open once; who closes them has them closed.
	 *
	 * What is set before WordPress has loaded somebody's preferences is forgotten: then it is done again.
	 */
	function useOpenPanels() {
		var store = isNewer ? 'core/editor' : 'core/edit-post';
		var wereOpened = useSelect( function ( select ) {
			return select( 'core/preferences' ).get( 'sos-publisher', 'panelsWereOpened' );
		}, [] );
		useEffect( function () {
			if ( wereOpened ) {
				return;
			}
			PANELS.forEach( function ( name ) {
				if ( ! wp.data.select( store ).isEditorPanelOpened( name ) ) {
					wp.data.dispatch( store ).toggleEditorPanelOpened( name );
				}
			} );
			wp.data.dispatch( 'core/preferences' ).set( 'sos-publisher', 'panelsWereOpened', true );
		}, [ wereOpened ] );
	}

	/** Whether asking again would tell nothing new. */
	function isSettled( status ) {
		return [ 'live', 'scheduled', 'not-public', 'off' ].indexOf( status.state ) >= 0;
	}

	function Status( props ) {
		var status = props.status;
		var isSaving = props.isSaving;
		var state = isSaving ? 'pending' : status ? status.state : 'unknown';
		var text = isSaving ? __( 'Saving\u2026', 'sos-publisher' ) : status ? status.text : __( 'Looking\u2026', 'sos-publisher' );
		return el(
			'div',
			{ className: 'sos-status sos-is-' + state, role: 'status', 'aria-live': 'polite', 'data-sos-state': state },
			el( 'span', { className: 'sos-dot', 'aria-hidden': true } ),
			el( 'span', { className: 'sos-text' }, text ),
			! isSaving && status && status.detail ? el( 'span', { className: 'sos-detail' }, status.detail ) : null,
			! isSaving && status && status.url
				? el( components.ExternalLink, { href: status.url }, __( 'Open on the public site', 'sos-publisher' ) )
				: null
		);
	}

	/** Whether a time of the site's zone is over; both are texts that sort as the times do. */
	function isPast( local ) {
		return !! local && local.slice( 0, 16 ) <= wp.date.date( 'Y-m-d\\TH:i' );
	}

	function DateTime( props ) {
		return el( components.TextControl, {
			label: props.label,
			type: 'datetime-local',
			value: props.value,
			onChange: props.onChange,
			help: props.help,
			__nextHasNoMarginBottom: true,
			__next40pxDefaultSize: true,
		} );
	}

	function Expiry( props ) {
		var post = props.post;
		var editPost = useDispatch( 'core/editor' ).editPost;
		var isWrong = isPast( post.expires ) && post.expires !== post.storedExpires;
		return el(
			Fragment,
			null,
			el( DateTime, {
				label: props.label,
				value: post.expires || '',
				onChange: function ( local ) {
					editPost( { sos_expires_local: local } );
				},
				/* translators: %s: time zone such as Europe/Berlin. */
				help: sprintf( __( 'Empty for never. Time zone: %s.', 'sos-publisher' ), settings.zone ),
			} ),
			isWrong
				? el( 'p', { className: 'sos-wrong', role: 'alert' }, __( 'This time is past. Choose a later one, or set it back to draft to take it off now.', 'sos-publisher' ) )
				: null
		);
	}

	function Share( props ) {
		var post = props.post;
		var life = useState( '86400' );
		var link = useState( null );
		var said = useState( '' );
		var isBusy = useState( false );
		var editor = useDispatch( 'core/editor' );
		var field = useRef( null );

		function make() {
			isBusy[ 1 ]( true );
			said[ 1 ]( '' );
			link[ 1 ]( null );
			// What is shared is what was saved last, so what is on the screen is saved first, as for a preview.
			Promise.resolve( post.isDirty || post.isNew ? editor.autosave() : null )
				.then( function () {
					return wp.apiFetch( {
						path: '/sos/v1/preview-link',
						method: 'POST',
						data: { post: post.id, seconds: parseInt( life[ 0 ], 10 ) },
					} );
				} )
				.then( link[ 1 ], function ( problem ) {
					said[ 1 ]( problem.message || __( 'The link could not be made.', 'sos-publisher' ) );
				} )
				.then( function () {
					isBusy[ 1 ]( false );
				} );
		}

		function copy() {
			var input = field.current.querySelector( 'input' );
			input.select();
			var done = navigator.clipboard && navigator.clipboard.writeText ? navigator.clipboard.writeText( link[ 0 ].url ) : Promise.reject();
			done.catch( function () {
				document.execCommand( 'copy' );
			} ).then( function () {
				said[ 1 ]( __( 'Copied.', 'sos-publisher' ) );
			} );
		}

		return el(
			'div',
			{ className: 'sos-share' },
			el( components.SelectControl, {
				label: __( 'Share a preview', 'sos-publisher' ),
				help: __( 'A link for a colleague without an account.', 'sos-publisher' ),
				value: life[ 0 ],
				options: LIVES,
				onChange: life[ 1 ],
				__nextHasNoMarginBottom: true,
				__next40pxDefaultSize: true,
			} ),
			el( components.Button, { variant: 'secondary', isBusy: isBusy[ 0 ], disabled: isBusy[ 0 ] || ! post.isSaveable, onClick: make }, __( 'Make the link', 'sos-publisher' ) ),
			link[ 0 ]
				? el(
					'div',
					{ className: 'sos-link', ref: field },
					el( components.TextControl, { label: __( 'Link to the preview', 'sos-publisher' ), value: link[ 0 ].url, readOnly: true, onChange: function () {}, help: link[ 0 ].text, __nextHasNoMarginBottom: true, __next40pxDefaultSize: true } ),
					el( components.Button, { variant: 'secondary', onClick: copy }, __( 'Copy', 'sos-publisher' ) )
				)
				: null,
			el( 'p', { className: 'sos-said', role: 'status', 'aria-live': 'polite' }, said[ 0 ] )
		);
	}

	function Callout( props ) {
		var post = props.post;
		var editPost = useDispatch( 'core/editor' ).editPost;
		var help = settings.placements.filter( function ( placement ) {
			return placement.value === post.placement;
		} );
		return el(
			Panel,
			{ name: 'sos-callout', title: __( 'On the front page', 'sos-publisher' ), className: 'sos-panel' },
			el( components.RadioControl, {
				label: __( 'Placement', 'sos-publisher' ),
				selected: post.placement,
				options: settings.placements.map( function ( placement ) {
					return { value: placement.value, label: placement.label };
				} ),
				help: help.length ? help[ 0 ].help : '',
				onChange: function ( value ) {
					editPost( { sos_placement: value } );
				},
			} ),
			el( DateTime, {
				label: __( 'Starts', 'sos-publisher' ),
				value: post.isFloating || ! post.date ? '' : post.date.slice( 0, 16 ),
				onChange: function ( local ) {
					editPost( { date: local ? local + ':00' : null } );
				},
				help: __( 'Empty: as soon as you publish it.', 'sos-publisher' ),
			} ),
			el( Expiry, { post: post, label: __( 'Ends', 'sos-publisher' ) } ),
			el( components.RangeControl, {
				label: __( 'Priority', 'sos-publisher' ),
				value: post.priority,
				min: 0,
				max: 100,
				onChange: function ( value ) {
					editPost( { sos_priority: value === undefined ? 10 : value } );
				},
				help: __( 'One of each placement is shown at a time: the one with the highest priority, and of equals the newest.', 'sos-publisher' ),
				__nextHasNoMarginBottom: true,
				__next40pxDefaultSize: true,
			} )
		);
	}

	function Sidebar() {
		var post = usePost();
		var status = useStatus( post );
		var isCallout = post.type === settings.callout;
		useOpenPanels();
		if ( ! post.type ) {
			return null;
		}
		return el(
			Fragment,
			null,
			isCallout ? el( Callout, { post: post } ) : null,
			el(
				Panel,
				{ name: 'sos-status', title: __( 'Public site', 'sos-publisher' ), className: 'sos-panel' },
				el( Status, { status: status, isSaving: post.isSaving } ),
				! isCallout && post.expires !== undefined ? el( Expiry, { post: post, label: __( 'Take offline', 'sos-publisher' ) } ) : null,
				settings.preview ? el( Share, { post: post } ) : null
			),
			el( AfterPublishing, { className: 'sos-panel', title: __( 'Public site', 'sos-publisher' ), initialOpen: true }, el( Status, { status: status, isSaving: post.isSaving } ) )
		);
	}

	wp.plugins.registerPlugin( 'sos-publisher', { render: Sidebar, icon: null } );
} )( window.wp, window.sosPublisher );
