<?php
/**
 * What the tests of editorial events need of WordPress: the classic editor on request, a box as old plugins
 * have it, a field that can't be saved, and the nonces of whoever is logged in.
 */

add_filter( 'use_block_editor_for_post', fn( $use ) => isset( $_GET['classic-editor'] ) ? false : $use );
add_filter( 'map_meta_cap', fn( $caps, $cap ) => 'unfiltered_html' === $cap ? array( 'exist' ) : $caps, 10, 2 );

add_action(
	'add_meta_boxes_post',
	function () {
		add_meta_box( 'rig-box', 'Box', fn() => print '<input name="rig_box">', 'post' );
	}
);
add_action(
	'save_post_post',
	function ( $id ) {
		if ( isset( $_POST['rig_box'] ) ) {
			update_post_meta( $id, 'rig_box', sanitize_text_field( $_POST['rig_box'] ) );
		}
	}
);
add_filter( 'the_content', fn( $text ) => $text . wp_kses_post( get_post_meta( get_the_ID(), 'rig_box', true ) ), 5 );

add_filter(
	'update_post_metadata',
	fn( $check, $id, $key, $value ) => 'pages' === $key && 1313 === (int) $value ? false : $check,
	10,
	4
);

add_action( 'wp_ajax_rig-nonce', fn() => exit( wp_create_nonce( wp_unslash( $_POST['for'] ) ) ) );
