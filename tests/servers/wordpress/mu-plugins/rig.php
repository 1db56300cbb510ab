<?php
/**
 * What the test site registers on each request: post types, taxonomies, menu places, a custom field.
 *
 * Loaded as a must-use plugin by each WordPress server of the tests, before any of its content is made.
 */

add_filter( 'pre_wp_mail', '__return_true' );

// WordPress forgets the port where it corrects the address of a paged archive, and then gives up because
// its correction would have to be corrected. With the port, it does what it does on a site without one.
add_filter(
	'redirect_canonical',
	fn( $url ) => $url ? preg_replace( '#^http://127\.0\.0\.1/#', preg_replace( '#^(http://[^/]+).*#', '$1/', home_url( '/' ) ), $url ) : $url,
	1
);

// What these services answer to WordPress's oEmbed requests, which can't leave the machine.
add_filter(
	'pre_oembed_result',
	function ( $html, string $url ) {
		$host = wp_parse_url( $url, PHP_URL_HOST );
		if ( 'www.youtube.com' === $host ) {
			return '<iframe title="A film of waves" width="500" height="281" src="https://www.youtube.com/embed/abcdefghijk?feature=oembed" frameborder="0" allow="accelerometer; autoplay; clipboard-write; encrypted-media; gyroscope; picture-in-picture; web-share" referrerpolicy="strict-origin-when-cross-origin" allowfullscreen></iframe>';
		}
		if ( 'twitter.com' === $host ) {
			return '<blockquote class="twitter-tweet" data-width="500"><p lang="en" dir="ltr">A short message about the tide.</p>&mdash; Example (@example) <a href="https://twitter.com/example/status/1234567890">May 1, 2024</a></blockquote><script async src="https://platform.twitter.com/widgets.js" charset="utf-8"></script>';
		}
		return $html;
	},
	10,
	2
);

add_action(
	'after_setup_theme',
	function () {
		// Block themes register no places for classic menus and no formats; real sites have both.
		register_nav_menus(
			array(
				'primary' => 'Primary menu',
				'footer'  => 'Footer menu',
			)
		);
		add_theme_support( 'post-formats', array_keys( array_diff_key( get_post_format_strings(), array( 'standard' => '' ) ) ) );
		add_theme_support( 'post-thumbnails' );
	},
	20
);

add_action(
	'init',
	function () {
		register_taxonomy(
			'genre',
			'book',
			array(
				'label'             => 'Genres',
				'labels'            => array( 'singular_name' => 'Genre' ),
				'hierarchical'      => true,
				'show_in_rest'      => true,
				'rest_base'         => 'genres',
				'show_admin_column' => true,
				'rewrite'           => array(
					'slug'         => 'genre',
					'hierarchical' => true,
				),
			)
		);
		register_taxonomy(
			'mood',
			array( 'book', 'post' ),
			array(
				'label'        => 'Moods',
				'labels'       => array( 'singular_name' => 'Mood' ),
				'hierarchical' => false,
				'show_in_rest' => true,
			)
		);
		register_post_type(
			'book',
			array(
				'label'        => 'Books',
				'labels'       => array( 'singular_name' => 'Book' ),
				'description'  => 'What we read <em>between</em> two tides.',
				'public'       => true,
				'show_in_rest' => true,
				'rest_base'    => 'books',
				'has_archive'  => 'library',
				'rewrite'      => array( 'slug' => 'book' ),
				'taxonomies'   => array( 'genre', 'mood' ),
				'supports'     => array( 'title', 'editor', 'author', 'excerpt', 'thumbnail', 'custom-fields', 'revisions', 'comments' ),
			)
		);
		register_post_meta(
			'book',
			'pages',
			array(
				'type'         => 'integer',
				'single'       => true,
				'show_in_rest' => true,
			)
		);
	}
);
