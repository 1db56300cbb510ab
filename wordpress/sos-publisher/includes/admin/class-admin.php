<?php
/**
 * Everything of the plugin that people see in WordPress's administration, hooked in.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Plugin;

defined( 'ABSPATH' ) || exit;

/**
 * Nothing but the list of parts.
 */
final class Admin {
	/**
	 * Hook into WordPress; called on admin requests only.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public static function register( Plugin $plugin ): void {
		( new Notices( $plugin ) )->register();
		( new Post_List( $plugin ) )->register();
		( new Callout_List() )->register();
		( new Meta_Box( $plugin ) )->register();
		( new Editor_Assets( $plugin ) )->register();
		( new Settings_Form( $plugin ) )->register();
		( new Tools_Page( $plugin ) )->register();
	}
}
