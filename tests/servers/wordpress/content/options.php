<?php
/** The site's settings, and the hooks that keep the fixture's dates and folders the same on each run. */

update_option( 'blogname', 'Harbour & Sons “Weekly” <i>News</i>' );
update_option( 'blogdescription', 'Salt, wind & ünïcode — “good” news' );
update_option( 'timezone_string', 'Europe/Berlin' );
update_option( 'date_format', 'j. F Y' );
update_option( 'time_format', 'H:i' );
update_option( 'start_of_week', 1 );
update_option( 'posts_per_page', 10 );
update_option( 'posts_per_rss', 10 );
update_option( 'rss_use_excerpt', 0 );
update_option( 'thread_comments', 1 );
update_option( 'comment_moderation', 1 );
update_option( 'default_pingback_flag', 0 );
update_option( 'uploads_use_yearmonth_folders', 1 );
update_option( 'blog_public', 1 );

// A change would be dated now: say that it was made a day and a half after the post's own date.
add_filter(
	'wp_insert_post_data',
	function ( array $data ): array {
		$date = $data['post_date'] > '2030' || $data['post_date'] < '1000' ? '2024-06-01 12:00:00' : $data['post_date'];
		$data['post_modified']     = gmdate( 'Y-m-d H:i:s', strtotime( "$date UTC" ) + 36 * 3600 );
		$data['post_modified_gmt'] = get_gmt_from_date( $data['post_modified'] );
		return $data;
	}
);

add_filter(
	'upload_dir',
	function ( array $folders ): array {
		$folders['subdir'] = '/2024/01';
		$folders['path']   = $folders['basedir'] . '/2024/01';
		$folders['url']    = $folders['baseurl'] . '/2024/01';
		return $folders;
	}
);

rig_recorded(
	'site',
	array(
		'id'    => 0,
		'type'  => 'site',
		'link'  => home_url( '/' ),
		'title' => get_option( 'blogname' ),
	)
);
