<?php
/**
 * The classic editor: state and expiry in the publish box, placement and priority of a callout in a box of their own.
 *
 * In: the form of the classic editor, with a nonce of its own. Out: post meta. An expiry that makes no sense is not
 * saved, and the editor says why on the page that follows. The block editor has its own (assets/editor.js).
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Callouts;
use SOS_Publisher\Expiry;
use SOS_Publisher\Plugin;
use SOS_Publisher\Status\Lookup;

defined( 'ABSPATH' ) || exit;

/**
 * Fields of the classic editor.
 */
final class Meta_Box {
	private const NONCE   = 'sos_fields';
	private const REFUSED = 'sos_expiry_refused';

	/**
	 * The plugin's parts.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * Nothing is asked yet.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public function __construct( Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'post_submitbox_misc_actions', array( $this, 'show_in_publish_box' ) );
		add_action( 'add_meta_boxes_' . Callouts::TYPE, array( $this, 'add_callout_box' ) );
		add_action( 'save_post', array( $this, 'save' ), 10, 2 );
		add_action( 'admin_notices', array( $this, 'show_refusal' ) );
		add_filter( 'removable_query_args', static fn( $names ) => array_merge( (array) $names, array( self::REFUSED ) ) );
	}

	/**
	 * State, expiry and the button for a preview link, below WordPress's own date.
	 *
	 * @param \WP_Post $post What is edited.
	 */
	public function show_in_publish_box( $post ): void {
		if ( ! $post instanceof \WP_Post || ! in_array( $post->post_type, Expiry::post_types(), true ) ) {
			return;
		}
		wp_nonce_field( self::NONCE, self::NONCE . '_nonce', false );
		$ref = 'post:' . $post->ID;
		echo '<div class="misc-pub-section sos-publish-box" data-sos-post="' . esc_attr( (string) $post->ID ) . '">';
		echo '<strong class="sos-heading">' . esc_html__( 'Public site', 'sos-publisher' ) . '</strong>';
		echo Badge::html( $ref, ( new Lookup( $this->plugin ) )->one( $ref ) ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- Escaped there.
		printf(
			'<p><label for="sos-expires">%1$s</label><br><input type="datetime-local" id="sos-expires" name="sos_expires" value="%2$s" aria-describedby="sos-expires-help"><br><span class="description" id="sos-expires-help">%3$s</span></p>',
			esc_html( Callouts::TYPE === $post->post_type ? __( 'Ends', 'sos-publisher' ) : __( 'Take offline', 'sos-publisher' ) ),
			esc_attr( Expiry::to_local( Expiry::of( $post->ID ) ) ),
			/* translators: %s: time zone such as Europe/Berlin. */
			esc_html( sprintf( __( 'Empty for never. Time zone: %s.', 'sos-publisher' ), Expiry::zone_name() ) )
		);
		printf( '<p class="sos-share hide-if-no-js"><button type="button" class="button sos-share-button">%s</button></p>', esc_html__( 'Share a preview', 'sos-publisher' ) );
		echo '</div>';
	}

	/**
	 * The box for a callout's placement and priority; not shown in the block editor.
	 */
	public function add_callout_box(): void {
		add_meta_box( 'sos-callout', __( 'On the front page', 'sos-publisher' ), array( $this, 'show_callout_box' ), Callouts::TYPE, 'side', 'high', array( '__back_compat_meta_box' => true ) );
	}

	/**
	 * Print it.
	 *
	 * @param \WP_Post $post The callout.
	 */
	public function show_callout_box( $post ): void {
		echo '<fieldset><legend class="screen-reader-text">' . esc_html__( 'Placement', 'sos-publisher' ) . '</legend>';
		foreach ( Callouts::placements() as $value => $words ) {
			printf(
				'<p><label><input type="radio" name="sos_placement" value="%1$s"%2$s> <strong>%3$s</strong><br><span class="description">%4$s</span></label></p>',
				esc_attr( $value ),
				checked( $value, Callouts::placement( $post->ID ), false ),
				esc_html( $words[0] ),
				esc_html( $words[1] )
			);
		}
		printf(
			'</fieldset><p><label for="sos-priority">%1$s</label> <input type="number" class="small-text" id="sos-priority" name="sos_priority" min="0" max="%2$d" value="%3$d" aria-describedby="sos-priority-help"><br><span class="description" id="sos-priority-help">%4$s</span></p>',
			esc_html__( 'Priority', 'sos-publisher' ),
			(int) Callouts::MAX_PRIORITY,
			(int) Callouts::priority( $post->ID ),
			esc_html__( '0 to 100. One of each placement is shown at a time: the one with the highest priority, and of equals the newest.', 'sos-publisher' )
		);
	}

	/**
	 * Save what the form holds.
	 *
	 * @param int      $post_id The post.
	 * @param \WP_Post $post    The post.
	 */
	public function save( $post_id, $post ): void {
		// phpcs:disable WordPress.CSRF.NonceVerification, WordPress.Security.NonceVerification -- Verified two lines below, before anything is done.
		$nonce = isset( $_POST[ self::NONCE . '_nonce' ] ) ? sanitize_key( wp_unslash( $_POST[ self::NONCE . '_nonce' ] ) ) : '';
		// The form is about one post; whatever else is saved meanwhile is none of its business.
		$about = isset( $_POST['post_ID'] ) ? (int) $_POST['post_ID'] : 0;
		if ( ! wp_verify_nonce( $nonce, self::NONCE ) || (int) $post_id !== $about || wp_is_post_autosave( $post_id ) || wp_is_post_revision( $post_id ) || ! current_user_can( 'edit_post', $post_id ) ) {
			return;
		}
		// phpcs:enable
		if ( Callouts::TYPE === $post->post_type && isset( $_POST['sos_placement'] ) ) {
			update_post_meta( $post_id, Callouts::PLACEMENT, sanitize_key( wp_unslash( $_POST['sos_placement'] ) ) );
		}
		if ( Callouts::TYPE === $post->post_type && isset( $_POST['sos_priority'] ) ) {
			update_post_meta( $post_id, Callouts::PRIORITY, (int) $_POST['sos_priority'] );
		}
		if ( isset( $_POST['sos_expires'] ) && in_array( $post->post_type, Expiry::post_types(), true ) ) {
			$this->save_expiry( (int) $post_id, sanitize_text_field( wp_unslash( $_POST['sos_expires'] ) ) );
		}
	}

	/**
	 * What was refused, in words, after the page was loaded again.
	 */
	public function show_refusal(): void {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- Chooses between two sentences.
		$refused = isset( $_GET[ self::REFUSED ] ) ? sanitize_key( wp_unslash( $_GET[ self::REFUSED ] ) ) : '';
		if ( '' === $refused ) {
			return;
		}
		$words = array(
			'past'  => __( 'The time at which this should leave the public site is past, so it was not changed. Choose a later one, or set it back to draft to take it off now.', 'sos-publisher' ),
			'start' => __( 'The time at which this should leave the public site lies before it is published, so it was not changed. Choose a later one.', 'sos-publisher' ),
		);
		printf( '<div class="notice notice-error"><p>%s</p></div>', esc_html( $words[ $refused ] ?? __( 'The time at which this should leave the public site could not be understood, so it was not changed.', 'sos-publisher' ) ) );
	}

	/**
	 * Save the expiry, or have the following page say why not.
	 *
	 * @param int    $post_id The post.
	 * @param string $local   What the field held.
	 */
	private function save_expiry( int $post_id, string $local ): void {
		// The field shows minutes; seconds that came in otherwise stay when it was not touched.
		if ( Expiry::to_local( Expiry::of( $post_id ) ) === $local ) {
			return;
		}
		$gmt = Expiry::from_local( $local );
		if ( '' !== $local && ( '' === $gmt || '' !== Expiry::problem( $gmt, $post_id ) ) ) {
			$why = '' === $gmt ? 'odd' : ( Expiry::epoch( $gmt ) <= time() ? 'past' : 'start' );
			add_filter( 'redirect_post_location', static fn( $location ) => add_query_arg( self::REFUSED, $why, (string) $location ) );
			return;
		}
		Expiry::save( $post_id, $gmt );
	}
}
