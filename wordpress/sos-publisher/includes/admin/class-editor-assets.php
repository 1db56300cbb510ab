<?php
/**
 * Styles and scripts for the screens that show where content stands; nothing on any other screen.
 *
 * In: the screen. Out: enqueued files of this plugin with the few values that they need. No remote file, no build step.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Callouts;
use SOS_Publisher\Expiry;
use SOS_Publisher\Plugin;

use const SOS_Publisher\PLUGIN_FILE;
use const SOS_Publisher\VERSION;

defined( 'ABSPATH' ) || exit;

/**
 * Enqueues.
 */
final class Editor_Assets {
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
		add_action( 'enqueue_block_editor_assets', array( $this, 'enqueue_block_editor' ) );
		add_action( 'admin_enqueue_scripts', array( $this, 'enqueue_screens' ) );
	}

	/**
	 * The sidebar of the block editor, where a post is edited.
	 */
	public function enqueue_block_editor(): void {
		$screen = get_current_screen();
		if ( ! $screen || 'post' !== $screen->base || ! in_array( $screen->post_type, Expiry::post_types(), true ) ) {
			return;
		}
		self::enqueue_style();
		self::enqueue_script( 'editor', array( 'wp-api-fetch', 'wp-components', 'wp-data', 'wp-date', 'wp-edit-post', 'wp-editor', 'wp-element', 'wp-i18n', 'wp-plugins', 'wp-preferences' ) );
		$placements = array();
		foreach ( Callouts::placements() as $value => $words ) {
			$placements[] = array(
				'value' => $value,
				'label' => $words[0],
				'help'  => $words[1],
			);
		}
		self::pass(
			'editor',
			array(
				'zone'       => Expiry::zone_name(),
				'placements' => $placements,
				'callout'    => Callouts::TYPE,
				'preview'    => '' !== $this->plugin->settings()->preview_secret(),
			)
		);
	}

	/**
	 * Lists and the classic editor.
	 */
	public function enqueue_screens(): void {
		$screen = get_current_screen();
		if ( ! $screen || ! in_array( $screen->base, array( 'edit', 'post' ), true ) || ! in_array( $screen->post_type, Expiry::post_types(), true ) ) {
			return;
		}
		self::enqueue_style();
		if ( 'post' === $screen->base && $screen->is_block_editor() ) {
			return;
		}
		self::enqueue_script( 'status', array( 'wp-api-fetch', 'wp-i18n', 'wp-dom-ready' ) );
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- Whether WordPress says that it saved something.
		$saved = isset( $_GET['message'] ) || isset( $_GET['updated'] );
		self::pass( 'status', array( 'saved' => $saved ) );
	}

	/**
	 * The one style sheet.
	 */
	public static function enqueue_style(): void {
		wp_enqueue_style( 'sos-publisher', plugins_url( 'assets/admin.css', PLUGIN_FILE ), array(), VERSION );
	}

	/**
	 * One script, with its translations.
	 *
	 * @param string   $name  File in assets/, without its ending.
	 * @param string[] $needs Scripts of WordPress.
	 */
	public static function enqueue_script( string $name, array $needs ): void {
		wp_enqueue_script( "sos-publisher-$name", plugins_url( "assets/$name.js", PLUGIN_FILE ), $needs, VERSION, true );
		wp_set_script_translations( "sos-publisher-$name", 'sos-publisher', plugin_dir_path( PLUGIN_FILE ) . 'languages' );
	}

	/**
	 * Values for a script, as window.sosPublisher.
	 *
	 * @param string $name   As for `enqueue_script`.
	 * @param array  $values What JSON can hold.
	 */
	public static function pass( string $name, array $values ): void {
		wp_add_inline_script( "sos-publisher-$name", 'window.sosPublisher = ' . wp_json_encode( $values, JSON_HEX_TAG | JSON_HEX_AMP ) . ';', 'before' );
	}
}
