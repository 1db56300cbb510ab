<?php
/**
 * What the tests of the editors' screens need of WordPress: the classic editor on demand, a type without custom
 * fields, content that can't be read, and a count of the queries for the plugin's table.
 */

// `?classic` asks for the classic editor; the cookie is for browsers, which follow WordPress's own redirects.
add_filter( 'use_block_editor_for_post', fn( $use ) => isset( $_GET['classic'] ) || isset( $_COOKIE['classic'] ) ? false : $use );

add_action(
	'init',
	function () {
		register_post_type(
			'leaflet',
			array(
				'label'        => 'Leaflets',
				'public'       => true,
				'show_in_rest' => true,
				'supports'     => array( 'title', 'editor' ),
			)
		);
	}
);

add_filter(
	'the_content',
	function ( $content ) {
		if ( ! is_user_logged_in() && false !== strpos( $content, 'breaks when it is rendered' ) ) {
			throw new RuntimeException( 'the theme broke' );
		}
		return $content;
	}
);

// With SAVEQUERIES, each page of the admin ends with how often the plugin's table was asked.
add_action(
	'admin_footer',
	function () {
		global $wpdb;
		$asked = array_filter( (array) $wpdb->queries, fn( $query ) => false !== strpos( $query[0], 'sos_objects' ) && false !== strpos( $query[0], 'ref IN' ) );
		printf( '<!-- asked for states: %d -->', count( $asked ) );
	}
);
