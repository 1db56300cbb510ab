<?php
/**
 * Callouts: a banner or a full-page message on the front page of the public site.
 *
 * In: WordPress's own post screens, both editors. Out: posts of type `sos_callout` with their placement and
 * priority. Starts when the post is published (or scheduled), ends at its expiry (class Expiry). Nothing here
 * sends anything anywhere, and WordPress itself never shows a callout to the public.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * The post type `sos_callout` and what is particular about it.
 */
final class Callouts {
	public const TYPE      = 'sos_callout';
	public const PLACEMENT = '_sos_placement';
	public const PRIORITY  = '_sos_priority';

	public const DEFAULT_PLACEMENT = 'banner';
	public const DEFAULT_PRIORITY  = 10;
	public const MAX_PRIORITY      = 100;

	/**
	 * Hook into WordPress.
	 */
	public static function register(): void {
		add_action( 'init', array( __CLASS__, 'register_type' ) );
		add_action( 'rest_api_init', array( __CLASS__, 'register_rest_fields' ) );
		add_filter( 'rest_prepare_' . self::TYPE, array( __CLASS__, 'filter_rest' ), 10, 3 );
		add_filter( 'is_post_type_viewable', array( __CLASS__, 'filter_viewable' ), 10, 2 );
		add_filter( 'request', array( __CLASS__, 'filter_request' ) );
		add_action( 'template_redirect', array( __CLASS__, 'redirect_to_front_page' ), 20 );
		add_filter( 'post_updated_messages', array( __CLASS__, 'filter_messages' ) );
		add_filter( 'enter_title_here', array( __CLASS__, 'filter_title_prompt' ), 10, 2 );
	}

	/**
	 * The placements, with the words for them: value => array( label, what it means ).
	 *
	 * @return array<string, string[]>
	 */
	public static function placements(): array {
		return array(
			'banner'   => array( __( 'Banner', 'sos-publisher' ), __( 'A strip at the top of the front page.', 'sos-publisher' ) ),
			'takeover' => array( __( 'Takeover', 'sos-publisher' ), __( 'Covers the front page until the visitor goes on.', 'sos-publisher' ) ),
		);
	}

	/**
	 * Register the post type and its meta. Whoever may publish pages may publish callouts.
	 */
	public static function register_type(): void {
		register_post_type(
			self::TYPE,
			array(
				'labels'              => self::labels(),
				'description'         => __( 'Banners and takeovers of the public front page.', 'sos-publisher' ),
				'public'              => false,
				'exclude_from_search' => true,
				'show_ui'             => true,
				'show_in_menu'        => true,
				'show_in_admin_bar'   => true,
				'show_in_nav_menus'   => false,
				'show_in_rest'        => true,
				'rest_base'           => 'sos-callouts',
				'menu_position'       => 20,
				'menu_icon'           => 'dashicons-megaphone',
				'capability_type'     => 'page',
				'map_meta_cap'        => true,
				'hierarchical'        => false,
				'has_archive'         => false,
				'rewrite'             => false,
				'query_var'           => false,
				'can_export'          => true,
				'delete_with_user'    => false,
				'supports'            => array( 'title', 'editor', 'thumbnail', 'revisions' ),
				'template'            => array(
					array( 'core/paragraph', array( 'placeholder' => __( 'What do people need to know? Add a link to where they can act.', 'sos-publisher' ) ) ),
				),
			)
		);
		$common = array(
			'single'        => true,
			'auth_callback' => array( __CLASS__, 'may_edit_meta' ),
		);
		register_post_meta(
			self::TYPE,
			self::PLACEMENT,
			$common + array(
				'type'              => 'string',
				'default'           => self::DEFAULT_PLACEMENT,
				'sanitize_callback' => array( __CLASS__, 'sanitize_placement' ),
			)
		);
		register_post_meta(
			self::TYPE,
			self::PRIORITY,
			$common + array(
				'type'              => 'integer',
				'default'           => self::DEFAULT_PRIORITY,
				'sanitize_callback' => array( __CLASS__, 'sanitize_priority' ),
			)
		);
	}

	/**
	 * The fields `sos_placement` and `sos_priority` of callouts in the REST API, for the block editor.
	 *
	 * They are fields and not `meta`, because WordPress shows `meta` only for types that support custom fields,
	 * and these would put a second form for the same values below the editor.
	 */
	public static function register_rest_fields(): void {
		register_rest_field(
			self::TYPE,
			'sos_placement',
			array(
				'get_callback'    => static fn( array $post ): string => self::placement( (int) $post['id'] ),
				'update_callback' => static function ( $value, \WP_Post $post ): void {
					update_post_meta( $post->ID, self::PLACEMENT, (string) $value );
				},
				'schema'          => array(
					'description' => __( 'Where the callout stands on the front page.', 'sos-publisher' ),
					'type'        => 'string',
					'enum'        => array_keys( self::placements() ),
					'context'     => array( 'view', 'edit' ),
				),
			)
		);
		register_rest_field(
			self::TYPE,
			'sos_priority',
			array(
				'get_callback'    => static fn( array $post ): int => self::priority( (int) $post['id'] ),
				'update_callback' => static function ( $value, \WP_Post $post ): void {
					update_post_meta( $post->ID, self::PRIORITY, (int) $value );
				},
				'schema'          => array(
					'description' => __( 'Which callout wins where only one is shown: the highest.', 'sos-publisher' ),
					'type'        => 'integer',
					'minimum'     => 0,
					'maximum'     => self::MAX_PRIORITY,
					'context'     => array( 'view', 'edit' ),
				),
			)
		);
	}

	/**
	 * The block editor takes for granted that a scheduled post of a type that can be looked at has a template for its
	 * permalink, and breaks without one; WordPress gives it to public types only.
	 *
	 * @param \WP_REST_Response $response The answer.
	 * @param \WP_Post          $post     The callout.
	 * @param \WP_REST_Request  $request  The request.
	 */
	public static function filter_rest( $response, $post, $request ) {
		if ( $response instanceof \WP_REST_Response && 'edit' === $request['context'] && 'future' === $post->post_status ) {
			$response->data += array(
				'permalink_template' => (string) get_permalink( $post ),
				'generated_slug'     => $post->post_name,
			);
		}
		return $response;
	}

	/**
	 * Where a callout stands: "banner" or "takeover".
	 *
	 * @param int $post_id The callout.
	 */
	public static function placement( int $post_id ): string {
		return self::sanitize_placement( get_post_meta( $post_id, self::PLACEMENT, true ) );
	}

	/**
	 * How much it matters, 0 to 100; the highest is shown first.
	 *
	 * @param int $post_id The callout.
	 */
	public static function priority( int $post_id ): int {
		return self::sanitize_priority( get_post_meta( $post_id, self::PRIORITY, true ) );
	}

	/**
	 * Where a callout stands now: "ended" (its end is past), "live", "scheduled", or "draft" for everything else.
	 *
	 * @param \WP_Post $post The callout.
	 */
	public static function state( \WP_Post $post ): string {
		if ( ! in_array( $post->post_status, array( 'publish', 'future' ), true ) ) {
			return 'draft';
		}
		if ( Expiry::is_past( $post->ID ) ) {
			return 'ended';
		}
		$start = (int) strtotime( $post->post_date_gmt . ' UTC' );
		return 'future' === $post->post_status && $start > time() ? 'scheduled' : 'live';
	}

	/**
	 * The callouts that the front page shows now: of each placement the one with the highest priority, of equals the
	 * newest, as the nodes choose them.
	 *
	 * @return array<string, \WP_Post> By placement; at most one each.
	 */
	public static function shown(): array {
		$shown = array();
		$posts = get_posts(
			array(
				'post_type'        => self::TYPE,
				'post_status'      => array( 'publish', 'future' ),
				'posts_per_page'   => 200,
				'orderby'          => 'date ID',
				'order'            => 'DESC',
				'suppress_filters' => false,
			)
		);
		foreach ( $posts as $post ) {
			$placement = self::placement( $post->ID );
			$rival     = $shown[ $placement ] ?? null;
			if ( 'live' === self::state( $post ) && ( null === $rival || self::priority( $post->ID ) > self::priority( $rival->ID ) ) ) {
				$shown[ $placement ] = $post;
			}
		}
		return $shown;
	}

	/**
	 * One of the placements, whatever comes in.
	 *
	 * @param mixed $value Anything.
	 */
	public static function sanitize_placement( $value ): string {
		return 'takeover' === $value ? 'takeover' : self::DEFAULT_PLACEMENT;
	}

	/**
	 * A whole number from 0 to 100, whatever comes in.
	 *
	 * @param mixed $value Anything.
	 */
	public static function sanitize_priority( $value ): int {
		return is_numeric( $value ) ? max( 0, min( self::MAX_PRIORITY, (int) $value ) ) : self::DEFAULT_PRIORITY;
	}

	/**
	 * Who may write this meta: whoever may edit the post.
	 *
	 * @param bool   $allowed What WordPress would say.
	 * @param string $key     Name of the meta.
	 * @param int    $post_id The post.
	 * @param int    $user_id Who asks.
	 */
	public static function may_edit_meta( $allowed, $key, $post_id, $user_id ): bool {
		return user_can( (int) $user_id, 'edit_post', (int) $post_id );
	}

	/**
	 * For editors a callout can be looked at, or WordPress would offer them no preview of it.
	 *
	 * @param bool          $viewable What WordPress says.
	 * @param \WP_Post_Type $type     Type of post.
	 */
	public static function filter_viewable( $viewable, $type ): bool {
		if ( $type instanceof \WP_Post_Type && self::TYPE === $type->name ) {
			return current_user_can( $type->cap->edit_posts );
		}
		return (bool) $viewable;
	}

	/**
	 * Let an editor's request for a callout through, which WordPress drops for types that are not public.
	 *
	 * @param array $vars What WordPress understood of the request.
	 */
	public static function filter_request( $vars ) {
		// phpcs:disable WordPress.Security.NonceVerification.Recommended -- Reads only, and only for who may edit it.
		if ( ! is_array( $vars ) || ! self::is_asked_for() ) {
			return $vars;
		}
		$id = absint( $vars['p'] ?? 0 );
		// phpcs:enable
		if ( $id && self::TYPE === get_post_type( $id ) && current_user_can( 'edit_post', $id ) ) {
			$vars['post_type'] = self::TYPE;
		}
		return $vars;
	}

	/**
	 * A callout has no page of its own: "View callout" leads to the front page that it stands on.
	 *
	 * Previews are not touched: class Preview\Preview has dealt with them before.
	 */
	public static function redirect_to_front_page(): void {
		if ( ! self::is_asked_for() || is_preview() ) {
			return;
		}
		$site = Plugin::instance()->settings()->site();
		// The public site is another host, and the one that the settings name.
		wp_redirect( '' === $site ? home_url( '/' ) : trailingslashit( $site ) ); // phpcs:ignore WordPress.Security.SafeRedirect.wp_redirect_wp_redirect
		exit;
	}

	/**
	 * What the classic editor says after a save.
	 *
	 * @param array $messages By type of post, WordPress's own.
	 */
	public static function filter_messages( $messages ) {
		$messages[ self::TYPE ] = array(
			0  => '',
			1  => __( 'Callout updated.', 'sos-publisher' ),
			2  => __( 'Callout updated.', 'sos-publisher' ),
			3  => __( 'Callout updated.', 'sos-publisher' ),
			4  => __( 'Callout updated.', 'sos-publisher' ),
			5  => __( 'Callout restored to an earlier version.', 'sos-publisher' ),
			6  => __( 'Callout published.', 'sos-publisher' ),
			7  => __( 'Callout saved.', 'sos-publisher' ),
			8  => __( 'Callout submitted for review.', 'sos-publisher' ),
			9  => __( 'Callout scheduled.', 'sos-publisher' ),
			10 => __( 'Draft of the callout updated.', 'sos-publisher' ),
		);
		return $messages;
	}

	/**
	 * What stands in the empty title field.
	 *
	 * @param string   $prompt WordPress's words.
	 * @param \WP_Post $post   What is edited.
	 */
	public static function filter_title_prompt( $prompt, $post ) {
		return $post instanceof \WP_Post && self::TYPE === $post->post_type ? __( 'The message in a few words', 'sos-publisher' ) : $prompt;
	}

	/**
	 * Whether this request is for a callout by its plain address.
	 */
	private static function is_asked_for(): bool {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- Compared only.
		return isset( $_GET['post_type'] ) && self::TYPE === $_GET['post_type'] && ! is_admin();
	}

	/**
	 * The names that WordPress's screens use.
	 *
	 * @return array<string, string>
	 */
	private static function labels(): array {
		return array(
			'name'                     => _x( 'Callouts', 'post type', 'sos-publisher' ),
			'singular_name'            => _x( 'Callout', 'post type', 'sos-publisher' ),
			'add_new'                  => __( 'Add callout', 'sos-publisher' ),
			'add_new_item'             => __( 'Add callout', 'sos-publisher' ),
			'edit_item'                => __( 'Edit callout', 'sos-publisher' ),
			'new_item'                 => __( 'New callout', 'sos-publisher' ),
			'view_item'                => __( 'View front page', 'sos-publisher' ),
			'view_items'               => __( 'View front page', 'sos-publisher' ),
			'search_items'             => __( 'Search callouts', 'sos-publisher' ),
			'not_found'                => __( 'No callouts yet. A callout is a banner or a full-page message on the front page.', 'sos-publisher' ),
			'not_found_in_trash'       => __( 'No callouts in the trash.', 'sos-publisher' ),
			'all_items'                => __( 'All callouts', 'sos-publisher' ),
			'featured_image'           => __( 'Picture', 'sos-publisher' ),
			'set_featured_image'       => __( 'Choose a picture', 'sos-publisher' ),
			'remove_featured_image'    => __( 'Remove the picture', 'sos-publisher' ),
			'use_featured_image'       => __( 'Use as picture', 'sos-publisher' ),
			'menu_name'                => _x( 'Callouts', 'menu', 'sos-publisher' ),
			'filter_items_list'        => __( 'Filter callouts', 'sos-publisher' ),
			'items_list_navigation'    => __( 'Pages of the list of callouts', 'sos-publisher' ),
			'items_list'               => __( 'List of callouts', 'sos-publisher' ),
			'item_published'           => __( 'Callout published.', 'sos-publisher' ),
			'item_published_privately' => __( 'Callout saved as private: visitors do not see it.', 'sos-publisher' ),
			'item_reverted_to_draft'   => __( 'Callout taken off the front page.', 'sos-publisher' ),
			'item_scheduled'           => __( 'Callout scheduled.', 'sos-publisher' ),
			'item_updated'             => __( 'Callout updated.', 'sos-publisher' ),
		);
	}
}
