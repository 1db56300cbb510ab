<?php
/** Installs WordPress with its own wp_install, and then takes away the sample content it comes with. */

require_once ABSPATH . 'wp-admin/includes/upgrade.php';

[ $rig_permalinks, $rig_theme ] = $args;

// It would try whether permalinks work by asking the site, which creates content of its own.
add_filter( 'pre_http_request', fn() => new WP_Error( 'rig', 'no requests while installing' ) );

wp_install( 'Rig', 'admin', 'admin@example.org', true, '', 'not a secret', 'en_US' );

wp_installing( false );
foreach ( array( 1, 2, 3 ) as $rig_sample ) {
	wp_delete_post( $rig_sample, true );
}
switch_theme( $rig_theme );
update_option( 'permalink_structure', $rig_permalinks );
