<?php
/**
 * Plugin Name:       SOS Publisher
 * Description:       Publishes this site to its homepage tier, "sos": what editors save is live on every node within a second, and WordPress tells them so.
 * Version:           0.1.0
 * Requires at least: 6.1
 * Requires PHP:      7.4
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       sos-publisher
 * Domain Path:       /languages
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

const VERSION     = '0.1.0';
const PLUGIN_FILE = __FILE__;

require_once __DIR__ . '/includes/autoload.php';

register_activation_hook( __FILE__, array( Installation::class, 'activate' ) );
register_deactivation_hook( __FILE__, array( Installation::class, 'deactivate' ) );

Plugin::instance()->register();
