<?php
/**
 * The notice on admin pages when publishing is behind, fails, or was never set up.
 *
 * In: backlog and failures of the marks table (two small SQL queries on an admin page, no look at the store). Out: one
 * notice at most, with what it means and what to do; whoever hides it sees it again after an hour.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Plugin;
use SOS_Publisher\Status\Lookup;
use SOS_Publisher\Status\Words;

defined( 'ABSPATH' ) || exit;

/**
 * One notice.
 */
final class Notices {
	private const ACTION = 'sos_hide_notice';
	private const HIDDEN = 'sos_publisher_hidden_';

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
		add_action( 'admin_notices', array( $this, 'show' ) );
		add_action( 'admin_post_' . self::ACTION, array( $this, 'hide' ) );
	}

	/**
	 * Print it, where there is one and this person has not hidden it.
	 */
	public function show(): void {
		$screen = get_current_screen();
		if ( ! current_user_can( 'edit_posts' ) || ( $screen && 'tools_page_' . Tools_Page::SLUG === $screen->id ) ) {
			return;
		}
		$notice = $this->plugin->settings()->is_configured() ? $this->find_trouble() : $this->unconfigured();
		if ( null === $notice || $this->is_hidden( $notice['kind'] ) ) {
			return;
		}
		printf(
			'<div class="notice notice-%1$s sos-notice" role="status"><p><strong>%2$s</strong> %3$s</p><p>%4$s<a href="%5$s">%6$s</a></p></div>',
			esc_attr( $notice['level'] ),
			esc_html( $notice['title'] ),
			esc_html( $notice['text'] ),
			current_user_can( 'manage_options' ) ? '<a href="' . esc_url( $notice['link'] ) . '">' . esc_html( $notice['action'] ) . '</a> &nbsp; ' : '',
			esc_url( $this->hide_url( $notice['kind'] ) ),
			esc_html__( 'Hide for an hour', 'sos-publisher' )
		);
	}

	/**
	 * Remember that this person wants to see no such notice for an hour, and go back.
	 */
	public function hide(): void {
		check_admin_referer( self::ACTION );
		$kind = isset( $_GET['kind'] ) ? sanitize_key( wp_unslash( $_GET['kind'] ) ) : '';
		if ( in_array( $kind, array( 'behind', 'failed', 'unconfigured' ), true ) && current_user_can( 'edit_posts' ) ) {
			set_transient( self::hidden_name( $kind ), 1, HOUR_IN_SECONDS );
		}
		$back = wp_get_referer();
		wp_safe_redirect( $back ? $back : admin_url() );
		exit;
	}

	/**
	 * What is wrong with publishing, or null.
	 */
	private function find_trouble(): ?array {
		$backlog = ( new Lookup( $this->plugin ) )->backlog();
		if ( null === $backlog ) {
			return null;
		}
		$notice = array(
			'link'   => Tools_Page::url(),
			'action' => __( 'See why', 'sos-publisher' ),
		);
		$failed = Journal::failed( $this->plugin->marks() );
		if ( $failed ) {
			return $notice + array(
				'kind'  => 'failed',
				'level' => 'error',
				'title' => sprintf(
					/* translators: %s: number of changes. */
					_n( '%s change could not be published.', '%s changes could not be published.', $failed['count'], 'sos-publisher' ),
					number_format_i18n( $failed['count'] )
				),
				/* translators: 1: what was changed, 2: a technical message. */
				'text'  => sprintf( __( '%1$s: %2$s', 'sos-publisher' ), Ref_Name::text( $failed['ref'] ), $failed['error'] ),
			);
		}
		if ( $backlog['seconds'] <= Lookup::BEHIND_SECONDS ) {
			return null;
		}
		return $notice + array(
			'kind'  => 'behind',
			'level' => 'warning',
			'title' => sprintf(
				/* translators: 1: "3 changes", 2: a duration such as "2 min". */
				__( 'Publishing is behind: %1$s, oldest %2$s.', 'sos-publisher' ),
				Words::changes( $backlog['count'] ),
				Words::duration( $backlog['seconds'] )
			),
			'text'  => __( 'Everything you save is kept and goes out by itself as soon as possible. The public site shows what was published before.', 'sos-publisher' ),
		);
	}

	/**
	 * For administrators, while there are no settings.
	 */
	private function unconfigured(): ?array {
		if ( ! current_user_can( 'manage_options' ) ) {
			return null;
		}
		return array(
			'kind'   => 'unconfigured',
			'level'  => 'warning',
			'title'  => __( 'SOS Publisher is not set up.', 'sos-publisher' ),
			'text'   => __( 'Nothing of this site is published until it knows the public site’s address and where its content store is.', 'sos-publisher' ),
			'link'   => Tools_Page::url( 'settings' ),
			'action' => __( 'Set it up', 'sos-publisher' ),
		);
	}

	/**
	 * Whether this person has hidden it.
	 *
	 * @param string $kind Kind of notice.
	 */
	private function is_hidden( string $kind ): bool {
		return (bool) get_transient( self::hidden_name( $kind ) );
	}

	/**
	 * What is remembered of it, for this person; it forgets itself.
	 *
	 * @param string $kind Kind of notice.
	 */
	private static function hidden_name( string $kind ): string {
		return self::HIDDEN . $kind . '_' . get_current_user_id();
	}

	/**
	 * The address that hides it.
	 *
	 * @param string $kind Kind of notice.
	 */
	private function hide_url( string $kind ): string {
		return wp_nonce_url( admin_url( 'admin-post.php?action=' . self::ACTION . '&kind=' . $kind ), self::ACTION );
	}
}
