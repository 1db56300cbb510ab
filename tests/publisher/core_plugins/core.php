<?php
/**
 * What bad plugins and themes do, told by words in a post's content: for the tests of the plugin's core.
 *
 * @package SOS_Publisher
 */

add_filter(
	'the_content',
	static function ( $content ) {
		if ( is_user_logged_in() ) {
			return $content; // WordPress's own answer to the editor.
		}
		if ( false !== strpos( $content, 'COUNT-VIEWS' ) ) {
			update_post_meta( get_the_ID(), '_thumbnail_id', wp_rand() );
			wp_update_term( 1, 'category', array( 'description' => (string) wp_rand() ) );
			echo 'PRINTED';
		}
		if ( false !== strpos( $content, 'POISON-THROW' ) ) {
			throw new Error( 'this gallery is broken' );
		}
		if ( false !== strpos( $content, 'POISON-EXIT' ) ) {
			exit;
		}
		if ( false !== strpos( $content, 'POISON-FATAL' ) ) {
			$all = array();
			while ( true ) {
				$all[] = str_repeat( 'x', 1000000 ) . count( $all );
			}
		}
		if ( false !== strpos( $content, 'HELD' ) ) {
			// Until the test lets it go on, with what it has read before.
			for ( $left = 3000; is_file( WP_CONTENT_DIR . '/hold' ) && $left > 0; $left-- ) {
				usleep( 5000 );
				clearstatcache();
			}
		}
		if ( false !== strpos( $content, 'SLOW' ) ) {
			usleep( 4000000 );
		}
		return $content;
	},
	1
);

// After the row was written, before anything else of the save happens.
add_action(
	'save_post',
	static function ( $id, $post ) {
		if ( false !== strpos( $post->post_content, 'FATAL-SAVE' ) ) {
			sos_no_such_function();
		}
		if ( false !== strpos( $post->post_content, 'EXIT-SAVE' ) ) {
			exit( 'bye' );
		}
	},
	PHP_INT_MAX,
	2
);
