<?php
/** Puts the posts of a JSON file in the place of all that the test site has: `fill.php <file>`. */

global $wpdb;
foreach ( array( 'posts', 'postmeta', 'term_relationships', 'comments', 'commentmeta' ) as $bench_table ) {
	$wpdb->query( "DELETE FROM {$wpdb->$bench_table}" );
}
wp_cache_flush();
delete_option( 'sticky_posts' );
update_option( 'show_on_front', 'posts' );
update_option( 'posts_per_page', 10 );

foreach ( json_decode( file_get_contents( $args[0] ), true ) as $bench_post ) {
	$bench_id = wp_insert_post(
		wp_slash(
			array(
				'post_status'  => 'publish',
				'post_author'  => 1,
				'post_title'   => $bench_post['title']['rendered'],
				'post_name'    => $bench_post['slug'],
				// On the front page it is the text before the mark that shows.
				'post_content' => "{$bench_post['excerpt']['rendered']}<!--more-->\n{$bench_post['content']['rendered']}",
				'post_excerpt' => $bench_post['excerpt']['rendered'],
				'post_date'    => str_replace( 'T', ' ', $bench_post['date_gmt'] ),
			)
		),
		true
	);
	if ( is_wp_error( $bench_id ) ) {
		throw new RuntimeException( $bench_id->get_error_message() );
	}
}
