<?php
/**
 * The plugin is deleted: its table, its options and its tasks go, on every site. Content stays: the
 * posts that were written with it, and what lies in the content store.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

require_once __DIR__ . '/includes/autoload.php';

if ( is_multisite() ) {
	foreach ( Installation::sites() as $sos_publisher_site ) {
		switch_to_blog( $sos_publisher_site );
		Installation::uninstall();
		restore_current_blog();
	}
} else {
	Installation::uninstall();
}
