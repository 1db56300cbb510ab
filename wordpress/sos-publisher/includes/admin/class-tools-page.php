<?php
/**
 * Tools > SOS: the state of publishing, rebuild, comparison, settings.
 *
 * In: an administrator's clicks; each form has a nonce and works without JavaScript, where it goes by steps and
 * reloads. Out: HTML. assets/tools.js keeps the overview current and moves the progress bar without reloading.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Plugin;

defined( 'ABSPATH' ) || exit;

/**
 * One page, two tabs.
 */
final class Tools_Page {
	public const SLUG = 'sos-publisher';

	private const ACTION = 'sos_tools';
	private const SAID   = 'sos_publisher_said_';

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
		add_action( 'admin_menu', array( $this, 'add_page' ) );
		add_action( 'admin_post_' . self::ACTION, array( $this, 'act' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( \SOS_Publisher\PLUGIN_FILE ), array( $this, 'add_link' ) );
	}

	/**
	 * The page in the menu.
	 */
	public function add_page(): void {
		$hook = add_management_page( __( 'SOS Publisher', 'sos-publisher' ), __( 'SOS', 'sos-publisher' ), 'manage_options', self::SLUG, array( $this, 'show' ) );
		if ( $hook ) {
			add_action( "load-$hook", array( $this, 'prepare' ) );
		}
	}

	/**
	 * The address of the page.
	 *
	 * @param string $tab "status" or "settings".
	 */
	public static function url( string $tab = 'status' ): string {
		return admin_url( 'tools.php?page=' . self::SLUG . ( 'status' === $tab ? '' : '&tab=' . $tab ) );
	}

	/**
	 * Say something on the page that follows, and go there. Ends the request.
	 *
	 * @param string $tab   Tab to go to.
	 * @param string $level "success" or "error".
	 * @param string $text  What to say.
	 */
	public static function go_back( string $tab, string $level, string $text ): void {
		set_transient( self::SAID . get_current_user_id(), array( $level, $text ), MINUTE_IN_SECONDS );
		wp_safe_redirect( self::url( $tab ) );
		exit;
	}

	/**
	 * A link in the list of plugins.
	 *
	 * @param string[] $links Links of the row.
	 */
	public function add_link( $links ) {
		if ( current_user_can( 'manage_options' ) ) {
			array_unshift( $links, sprintf( '<a href="%s">%s</a>', esc_url( self::url( 'settings' ) ), esc_html__( 'Settings', 'sos-publisher' ) ) );
		}
		return $links;
	}

	/**
	 * Before the page is printed: scripts, and without JavaScript the next step of a rebuild.
	 */
	public function prepare(): void {
		Editor_Assets::enqueue_style();
		Editor_Assets::enqueue_script( 'tools', array( 'wp-api-fetch', 'wp-dom-ready', 'wp-i18n' ) );
		if ( 'settings' === self::tab() || ! $this->plugin->settings()->is_configured() ) {
			return;
		}
		// phpcs:ignore WordPress.CSRF.NonceVerification, WordPress.Security.NonceVerification -- Verified in the next line.
		$nonce = isset( $_GET['sos_step'] ) ? sanitize_key( wp_unslash( $_GET['sos_step'] ) ) : '';
		if ( '' !== $nonce && wp_verify_nonce( $nonce, self::ACTION ) && current_user_can( 'manage_options' ) ) {
			$this->quietly( fn() => $this->plugin->rebuild()->step( 2.0 ) );
		}
		if ( ! empty( $this->progress()['running'] ) ) {
			add_action( 'admin_head', array( $this, 'reload_without_script' ) );
		}
	}

	/**
	 * Without JavaScript the page loads itself again, and each time does a step.
	 */
	public function reload_without_script(): void {
		printf( '<noscript><meta http-equiv="refresh" content="1;url=%s"></noscript>', esc_url( add_query_arg( 'sos_step', wp_create_nonce( self::ACTION ), self::url() ) ) );
	}

	/**
	 * Print the page.
	 */
	public function show(): void {
		$tab = self::tab();
		echo '<div class="wrap sos-tools"><h1>' . esc_html__( 'SOS Publisher', 'sos-publisher' ) . '</h1>';
		echo '<nav class="nav-tab-wrapper" aria-label="' . esc_attr__( 'SOS Publisher', 'sos-publisher' ) . '">';
		foreach ( array(
			'status'   => __( 'Status', 'sos-publisher' ),
			'settings' => __( 'Settings', 'sos-publisher' ),
		) as $name => $label ) {
			$pattern = $name === $tab ? '<a class="nav-tab nav-tab-active" href="%s" aria-current="page">%s</a>' : '<a class="nav-tab" href="%s">%s</a>';
			echo sprintf( $pattern, esc_url( self::url( $name ) ), esc_html( $label ) ); // phpcs:ignore WordPress.XSS.EscapeOutput.OutputNotEscaped, WordPress.Security.EscapeOutput.OutputNotEscaped -- Escaped.
		}
		echo '</nav>';
		$this->show_what_was_said();
		if ( 'settings' === $tab ) {
			( new Settings_Form( $this->plugin ) )->show();
		} else {
			$this->show_status();
		}
		echo '</div>';
	}

	/**
	 * What the buttons do without JavaScript.
	 */
	public function act(): void {
		check_admin_referer( self::ACTION );
		if ( ! current_user_can( 'manage_options' ) ) {
			wp_die( esc_html__( 'You are not allowed to do this.', 'sos-publisher' ), '', array( 'response' => 403 ) );
		}
		$what = isset( $_POST['do'] ) ? sanitize_key( wp_unslash( $_POST['do'] ) ) : '';
		try {
			switch ( $what ) {
				case 'flush':
					$done = $this->plugin->flusher()->flush_now( 20.0 );
					self::go_back( 'status', '' === (string) ( $done['error'] ?? '' ) ? 'success' : 'error', Progress::flush_words( $done ) );
					break;
				case 'rebuild':
					$this->plugin->rebuild()->start();
					self::go_back( 'status', 'success', __( 'Everything is being sent anew.', 'sos-publisher' ) );
					break;
				case 'verify':
				case 'mend':
					$drift = Progress::drift( $this->plugin->rebuild()->verify( 20.0, 'mend' === $what, true ), 'mend' === $what );
					self::go_back( 'status', $drift['clean'] ? 'success' : 'error', $drift['text'] );
					break;
			}
		} catch ( \Throwable $problem ) {
			self::go_back( 'status', 'error', $problem->getMessage() );
		}
		wp_safe_redirect( self::url() );
		exit;
	}

	/**
	 * The tab "Status".
	 */
	private function show_status(): void {
		list( $above, $below ) = ( new Overview( $this->plugin ) )->html();
		echo '<div id="sos-above">' . $above . '</div>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped, WordPress.XSS.EscapeOutput.OutputNotEscaped -- Escaped there.
		if ( ! $this->plugin->settings()->is_configured() ) {
			printf( '<p><a class="button button-primary" href="%s">%s</a></p>', esc_url( self::url( 'settings' ) ), esc_html__( 'Set it up', 'sos-publisher' ) );
			return;
		}
		echo '<h2>' . esc_html__( 'What you can do', 'sos-publisher' ) . '</h2>';
		$this->show_button( 'flush', __( 'Publish what waits', 'sos-publisher' ), __( 'Happens by itself; this does it now.', 'sos-publisher' ) );
		$this->show_rebuild();
		$this->show_button( 'verify', __( 'Compare', 'sos-publisher' ), __( 'Compares all content of this site with what the public site has. Changes nothing.', 'sos-publisher' ) );
		$this->show_button( 'mend', __( 'Compare and put right', 'sos-publisher' ), __( 'The same, and sends whatever differs. Also happens by itself every hour.', 'sos-publisher' ) );
		echo '<div id="sos-below">' . $below . '</div>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped, WordPress.XSS.EscapeOutput.OutputNotEscaped -- Escaped there.
	}

	/**
	 * "Rebuild everything", with its bar.
	 */
	private function show_rebuild(): void {
		$progress = Progress::describe( $this->progress() );
		$this->show_button( 'rebuild', __( 'Rebuild everything', 'sos-publisher' ), __( 'Sends the whole site again. Visitors see no gap meanwhile, and you can leave this page.', 'sos-publisher' ), $progress['running'] );
		printf(
			'<div id="sos-progress" class="sos-progress %1$s" data-running="%2$d"><progress max="100" value="%3$d" aria-label="%4$s"></progress> <span class="sos-progress-text" role="status" aria-live="polite">%5$s</span></div>',
			esc_attr( $progress['running'] || '' !== $progress['error'] ? '' : 'hidden' ),
			(int) $progress['running'],
			(int) $progress['percent'],
			esc_attr__( 'Progress of the rebuild', 'sos-publisher' ),
			esc_html( trim( $progress['text'] . ' ' . $progress['error'] ) )
		);
	}

	/**
	 * A form with one button.
	 *
	 * @param string $what     What it does.
	 * @param string $label    Its label.
	 * @param string $help     A sentence beside it.
	 * @param bool   $disabled Whether it can't be pressed now.
	 */
	private function show_button( string $what, string $label, string $help, bool $disabled = false ): void {
		printf( '<form method="post" action="%s" class="sos-action">', esc_url( admin_url( 'admin-post.php' ) ) );
		printf( '<input type="hidden" name="action" value="%s"><input type="hidden" name="do" value="%s">', esc_attr( self::ACTION ), esc_attr( $what ) );
		wp_nonce_field( self::ACTION, '_wpnonce', true );
		printf( '<button type="submit" class="button" data-sos-do="%1$s" aria-describedby="sos-help-%1$s"%2$s>%3$s</button> <span class="description" id="sos-help-%1$s">%4$s</span>', esc_attr( $what ), disabled( $disabled, true, false ), esc_html( $label ), esc_html( $help ) );
		echo '<div class="sos-result" role="status" aria-live="polite"></div></form>';
	}

	/**
	 * What the request before wanted to say.
	 */
	private function show_what_was_said(): void {
		$key  = self::SAID . get_current_user_id();
		$said = get_transient( $key );
		if ( is_array( $said ) && 2 === count( $said ) ) {
			delete_transient( $key );
			printf( '<div class="notice notice-%s is-dismissible" role="status"><p>%s</p></div>', esc_attr( $said[0] ), esc_html( $said[1] ) );
		}
	}

	/**
	 * How far a rebuild is; nothing when that can't be told.
	 */
	private function progress(): array {
		return (array) $this->quietly( fn() => $this->plugin->rebuild()->progress() );
	}

	/**
	 * Do something that needs the store; what it says of failure the overview says anyway.
	 *
	 * @param callable $work The work.
	 * @return mixed What it returned, or null.
	 */
	private function quietly( callable $work ) {
		try {
			return $work();
		} catch ( \Throwable $problem ) {
			return null;
		}
	}

	/**
	 * The tab that is shown.
	 */
	private static function tab(): string {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- Chooses what is shown.
		return isset( $_GET['tab'] ) && 'settings' === $_GET['tab'] ? 'settings' : 'status';
	}
}
