<?php
/**
 * A state as HTML: a coloured dot with a sentence, the same in lists, boxes and on the page under Tools.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * Escaped HTML for a status from Status\Lookup.
 */
final class Badge {
	/**
	 * The dot, the sentence, and the second sentence below it.
	 *
	 * @param string $ref    What it is about, for the script that keeps it current.
	 * @param array  $status From Lookup.
	 */
	public static function html( string $ref, array $status ): string {
		return sprintf(
			'<div class="sos-status sos-is-%1$s" data-sos-ref="%2$s" data-sos-state="%1$s" role="status" aria-live="polite"><span class="sos-dot" aria-hidden="true"></span><span class="sos-text">%3$s</span><span class="sos-detail">%4$s</span></div>',
			esc_attr( $status['state'] ),
			esc_attr( $ref ),
			esc_html( $status['text'] ),
			esc_html( $status['detail'] )
		);
	}
}
