<?php
/**
 * The settings form: where the public site and its content store are.
 *
 * In: what an administrator types. Out: the option that class Settings reads. What a constant or the environment
 * fixes is shown and can't be changed; a secret is never printed, an empty field keeps it.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Plugin;
use SOS_Publisher\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * Three fields.
 */
final class Settings_Form {
	public const ACTION = 'sos_save_settings';

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
		add_action( 'admin_post_' . self::ACTION, array( $this, 'save' ) );
	}

	/**
	 * Whether the current user may say where a site publishes to. In a network that is for those who run the network:
	 * the store holds all sites, and whoever gives another site's address would write its content.
	 */
	public static function is_allowed(): bool {
		return current_user_can( is_multisite() ? 'manage_network_options' : 'manage_options' );
	}

	/**
	 * Print the form.
	 */
	public function show(): void {
		if ( ! self::is_allowed() ) {
			printf( '<p>%s</p>', esc_html__( 'Whoever runs this network sets where its sites are published.', 'sos-publisher' ) );
			return;
		}
		$settings = $this->plugin->settings();
		foreach ( $settings->problems() as $problem ) {
			printf( '<div class="notice notice-warning inline"><p>%s</p></div>', esc_html( $problem ) );
		}
		printf( '<form method="post" action="%s" class="sos-settings">', esc_url( admin_url( 'admin-post.php' ) ) );
		printf( '<input type="hidden" name="action" value="%s">', esc_attr( self::ACTION ) );
		wp_nonce_field( self::ACTION );
		echo '<table class="form-table" role="presentation">';
		$this->row( 'site', __( 'Public site', 'sos-publisher' ), 'https://www.example.org', $settings->site(), __( 'Address that visitors see, without a path. Its host is the site’s name in the content store.', 'sos-publisher' ) );
		$this->row( 'redis_url', __( 'Content store', 'sos-publisher' ), $settings->redacted_url(), '', __( 'redis://, rediss:// (TLS), redis+sentinel://, redis+cluster:// or unix://. It wants a Redis or Valkey of its own. Empty: stays as it is.', 'sos-publisher' ) );
		$set = 'unset' !== $settings->source( 'preview_secret' );
		$this->row( 'preview_secret', __( 'Secret for previews', 'sos-publisher' ), $set ? __( '(set)', 'sos-publisher' ) : '', '', __( 'At least 16 characters, the same as on the nodes. Empty: stays as it is.', 'sos-publisher' ) );
		echo '</table><p class="submit">';
		submit_button( __( 'Save settings', 'sos-publisher' ), 'primary', 'save', false );
		echo ' ';
		submit_button( __( 'Test connection', 'sos-publisher' ), 'secondary', 'test', false, array( 'id' => 'sos-test' ) );
		echo '</p><div id="sos-test-result" class="sos-result" role="status" aria-live="polite"></div></form>';
	}

	/**
	 * Save, try where that was asked for, and go back.
	 */
	public function save(): void {
		check_admin_referer( self::ACTION );
		if ( ! self::is_allowed() ) {
			wp_die( esc_html__( 'You are not allowed to change these settings.', 'sos-publisher' ), '', array( 'response' => 403 ) );
		}
		$typed = array();
		foreach ( array( 'site', 'redis_url', 'preview_secret' ) as $name ) {
			// Passwords may hold whatever they like; each field is checked by its own rule below.
			$typed[ $name ] = isset( $_POST[ $name ] ) && is_string( $_POST[ $name ] ) ? trim( wp_unslash( $_POST[ $name ] ) ) : ''; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput.InputNotSanitized
		}
		if ( isset( $_POST['test'] ) ) {
			$result = Connection_Test::run( $typed['site'], $typed['redis_url'] );
			Tools_Page::go_back( 'settings', $result['ok'] ? 'success' : 'error', $result['text'] );
		}
		$problem = $this->store( $typed );
		Tools_Page::go_back( 'settings', '' === $problem ? 'success' : 'error', '' === $problem ? __( 'Settings saved.', 'sos-publisher' ) : $problem );
	}

	/**
	 * Check and store; returns what is wrong, in words, or ''.
	 *
	 * @param string[] $typed What was typed, by name.
	 */
	private function store( array $typed ): string {
		$settings = $this->plugin->settings();
		$option   = get_option( Settings::OPTION );
		$option   = is_array( $option ) ? $option : array();
		foreach ( $typed as $name => $value ) {
			if ( in_array( $settings->source( $name ), array( 'constant', 'environment' ), true ) || ( '' === $value && 'site' !== $name ) ) {
				continue;
			}
			$option[ $name ] = 'site' === $name ? untrailingslashit( $value ) : $value;
		}
		// What is missing may be filled in later; what is there must be right.
		$complete = array_filter( $option ) + array(
			'site'      => 'https://www.example.org',
			'redis_url' => 'redis://127.0.0.1',
		);
		$problems = self::with_option( $complete, static fn( Settings $candidate ): array => $candidate->problems() );
		if ( $problems ) {
			return implode( ' ', $problems );
		}
		update_option( Settings::OPTION, $option, true );
		return '';
	}

	/**
	 * Ask settings that are not stored.
	 *
	 * @param array    $option What the option would hold.
	 * @param callable $ask    Gets a Settings.
	 * @return mixed What `$ask` returned.
	 */
	public static function with_option( array $option, callable $ask ) {
		$pretend = static fn() => $option;
		add_filter( 'pre_option_' . Settings::OPTION, $pretend );
		try {
			return $ask( new Settings() );
		} finally {
			remove_filter( 'pre_option_' . Settings::OPTION, $pretend );
		}
	}

	/**
	 * One row of the form.
	 *
	 * @param string $name  Name of the setting.
	 * @param string $label Its label.
	 * @param string $hint  What stands in an empty field.
	 * @param string $value What it holds; '' for secrets.
	 * @param string $help  A sentence below.
	 */
	private function row( string $name, string $label, string $hint, string $value, string $help ): void {
		$source = $this->plugin->settings()->source( $name );
		$fixed  = in_array( $source, array( 'constant', 'environment' ), true );
		printf( '<tr><th scope="row"><label for="sos-%1$s">%2$s</label></th><td>', esc_attr( $name ), esc_html( $label ) );
		$secret = 'preview_secret' === $name;
		printf(
			'<input type="%1$s" class="regular-text code" id="sos-%2$s" name="%2$s" value="%3$s" placeholder="%4$s" autocomplete="%5$s" spellcheck="false" aria-describedby="sos-%2$s-help" %6$s>',
			esc_attr( $secret ? 'password' : 'text' ),
			esc_attr( $name ),
			esc_attr( $value ),
			esc_attr( $hint ),
			esc_attr( $secret ? 'new-password' : 'off' ),
			esc_attr( $fixed ? 'readonly' : '' )
		);
		if ( $fixed ) {
			$help = 'constant' === $source
				/* translators: %s: name of a PHP constant. */
				? sprintf( __( 'Fixed by the constant %s in wp-config.php.', 'sos-publisher' ), 'SOS_' . strtoupper( $name ) )
				/* translators: %s: name of an environment variable. */
				: sprintf( __( 'Fixed by the environment variable %s.', 'sos-publisher' ), 'SOS_' . strtoupper( $name ) );
		}
		printf( '<p class="description" id="sos-%1$s-help">%2$s</p></td></tr>', esc_attr( $name ), esc_html( $help ) );
	}
}
