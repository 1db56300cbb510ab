<?php
/**
 * For the measurement of saves: writes down the processor time that a save took until its response was ready, and
 * keeps the plugin's circuit breaker closed where the constant SAVE_RIG_TRY_ALWAYS says so, so that each save
 * tries the store.
 */

if ( defined( 'SAVE_RIG_TRY_ALWAYS' ) && SAVE_RIG_TRY_ALWAYS ) {
	add_filter( 'pre_option_sos_publisher_breaker', '__return_empty_array' );
}

/** Processor time of this process so far, milliseconds. */
function save_rig_processor(): float {
	$used = getrusage();
	return 1e3 * ( $used['ru_utime.tv_sec'] + $used['ru_stime.tv_sec'] ) + 1e-3 * ( $used['ru_utime.tv_usec'] + $used['ru_stime.tv_usec'] );
}

if ( 'POST' === ( $_SERVER['REQUEST_METHOD'] ?? '' ) && false !== strpos( $_SERVER['REQUEST_URI'], '/wp/v2/posts/' ) ) {
	$save_rig_start = save_rig_processor();
	// The plugin's own work begins after everybody else's.
	add_action(
		'shutdown',
		static function () use ( $save_rig_start ) {
			file_put_contents( WP_CONTENT_DIR . '/save-rig.log', save_rig_processor() - $save_rig_start . "\n", FILE_APPEND );
		},
		PHP_INT_MAX - 1
	);
}
