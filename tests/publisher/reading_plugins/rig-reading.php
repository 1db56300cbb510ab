<?php
/**
 * What other plugins do that a document must cope with: types and terms that REST does not show, shortcodes that look at
 * the request, print, throw or draw lots, and doubles of plugins for search engines.
 *
 * The doubles (option `rig_seo`) define the same public functions and methods as the real ones, and nothing else.
 */

// The rig's constants name the address of one site; in a network each has its own.
if ( is_multisite() ) {
	remove_filter( 'option_home', '_config_wp_home' );
	remove_filter( 'option_siteurl', '_config_wp_siteurl' );
}

add_action(
	'init',
	function () {
		register_taxonomy( 'shelf', 'tool', array( 'public' => true, 'show_in_rest' => false, 'hierarchical' => true ) );
		register_post_type( 'tool', array( 'public' => true, 'show_in_rest' => false, 'has_archive' => true, 'taxonomies' => array( 'shelf' ), 'supports' => array( 'title', 'editor', 'custom-fields' ) ) );
		register_post_type( 'ledger', array( 'public' => false, 'show_in_rest' => true, 'supports' => array( 'title', 'editor' ) ) );
		register_post_status( 'featured', array( 'public' => true, 'label' => 'Featured' ) );
	}
);

add_shortcode(
	'rig_where',
	fn() => sprintf(
		'[locale %s|admin %d|user %d|cookies %d|request %s|agent %s|nonce %s|lot %d|query %d]',
		determine_locale(),
		is_admin(),
		get_current_user_id(),
		count( $_COOKIE ),
		$_SERVER['REQUEST_URI'],
		$_SERVER['HTTP_USER_AGENT'] ?? '',
		wp_create_nonce( 'rig' ),
		mt_rand(),
		count( $GLOBALS['wp_query']->posts ?? array() )
	)
);
add_shortcode( 'rig_print', function () { echo 'PRINTED'; return 'RETURNED'; } );
add_shortcode( 'rig_die', function () { posix_kill( getmypid(), SIGKILL ); } );
add_shortcode( 'rig_throw', function () { throw new DomainException( 'the shortcode failed' ); } );

$rig_double = (string) get_option( 'rig_seo' );

/** An object that answers to everything: names are methods that return what was given. */
final class Rig_Double {
	private array $given;
	public function __construct( array $given ) {
		$this->given = $given;
	}
	public function __get( string $name ) {
		return $this->given[ $name ] ?? null;
	}
	public function __isset( string $name ) {
		return isset( $this->given[ $name ] );
	}
	public function __call( string $name, array $arguments ) {
		if ( ! isset( $this->given[ $name ] ) ) {
			throw new BadMethodCallException( $name );
		}
		return is_callable( $this->given[ $name ] ) ? ( $this->given[ $name ] )( ...$arguments ) : $this->given[ $name ];
	}
}

if ( 'yoast' === $rig_double ) {
	function YoastSEO() {
		$of = fn( int $id ) => new Rig_Double(
			array(
				'title'                  => "Yoast title of $id - Site",
				'description'            => 'Yoast description',
				'robots'                 => array( 'index' => 'noindex', 'follow' => 'follow' ),
				'canonical'              => 'https://example.org/canonical/',
				'open_graph_title'       => 'Shared title',
				'open_graph_description' => 'Shared <b>description</b>',
				'open_graph_type'        => 'article',
				'open_graph_images'      => array( 9 => array( 'url' => 'https://example.org/shared.jpg', 'width' => 1200 ) ),
				'twitter_card'           => 'summary_large_image',
			)
		);
		return (object) array( 'meta' => new Rig_Double( array( 'for_post' => $of, 'for_term' => $of ) ) );
	}
} elseif ( 'rank_math' === $rig_double ) {
	require __DIR__ . '/doubles/rank-math.php';
} elseif ( 'aioseo' === $rig_double ) {
	function aioseo() {
		$post = fn( string $what ) => fn( WP_Post $post ) => "AIOSEO $what of $post->ID";
		$data = fn( WP_Post $post ) => (object) array( 'canonical_url' => 'https://example.org/canonical/', 'robots_default' => false, 'robots_noindex' => true, 'og_title' => 'Shared #post_title', 'og_image_custom_url' => 'https://example.org/shared.jpg' );
		return (object) array(
			'meta' => (object) array(
				'title'       => new Rig_Double( array( 'getPostTitle' => $post( 'title' ), 'getTermTitle' => fn( WP_Term $term ) => "AIOSEO title of $term->name" ) ),
				'description' => new Rig_Double( array( 'getPostDescription' => $post( 'description' ), 'getTermDescription' => '' ) ),
				'metaData'    => new Rig_Double( array( 'getMetaData' => $data ) ),
			),
		);
	}
} elseif ( 'seopress' === $rig_double ) {
	define( 'SEOPRESS_VERSION', '8.0' );
} elseif ( 'tsf' === $rig_double ) {
	final class Rig_Tsf {
		public function title() {
			return new Rig_Double( array( 'get_title' => fn( array $of ) => 'TSF title of ' . $of['id'] ) );
		}
		public function description() {
			return new Rig_Double( array( 'get_description' => 'TSF description' ) );
		}
	}
	function tsf() {
		return new Rig_Tsf();
	}
} elseif ( 'broken' === $rig_double ) {
	function YoastSEO() {
		throw new Error( 'changed beyond recognition' );
	}
}
