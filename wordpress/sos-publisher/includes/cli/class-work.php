<?php
/**
 * Long work on a command line, in steps with a progress bar between them: from a part of the plugin to what all
 * its steps did together. Prints nothing but the bar.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Cli;

use SOS_Publisher\Plugin;

defined( 'ABSPATH' ) || exit;

/**
 * Goes on until the work is done, the time is over, or the store is away.
 */
final class Work {
	/** Seconds of one step. */
	const STEP = 2.0;

	/** Microseconds to wait for another process that is at the same work. */
	const OTHERS = 500000;

	/**
	 * Send what waits.
	 *
	 * @param Plugin $plugin  The plugin.
	 * @param float  $seconds For about so long.
	 * @param bool   $silent  Whether to show no bar.
	 * @return array{sent: int, left: int, error: string} As Flusher::flush.
	 */
	public static function flush( Plugin $plugin, float $seconds, bool $silent ): array {
		$bar  = new Bar( __( 'Sending', 'sos-publisher' ), (int) $plugin->marks()->backlog()['count'], $silent );
		$end  = microtime( true ) + $seconds;
		$sent = 0;
		do {
			$done  = $plugin->flusher()->flush( max( 0.1, min( self::STEP, $end - microtime( true ) ) ) );
			$sent += (int) $done['sent'];
			$bar->show( $sent, $sent + (int) $done['left'] );
		} while ( $done['left'] > 0 && $done['sent'] > 0 && '' === $done['error'] && microtime( true ) < $end );
		$bar->finish();
		return array( 'sent' => $sent ) + $done;
	}

	/**
	 * Go on with a rebuild that was started.
	 *
	 * @param Plugin $plugin The plugin.
	 * @param bool   $silent Whether to show no bar.
	 * @return array<string, mixed> As Rebuild::progress.
	 */
	public static function rebuild( Plugin $plugin, bool $silent ): array {
		$rebuild  = $plugin->rebuild();
		$progress = $rebuild->progress();
		$bar      = new Bar( __( 'Sending', 'sos-publisher' ), (int) $progress['total'], $silent );
		while ( $progress['running'] ) {
			$progress = $rebuild->step( self::STEP );
			$bar->show( (int) $progress['done'], (int) $progress['total'] );
			if ( '' !== (string) $progress['error'] ) {
				break;
			}
			if ( ! empty( $progress['busy'] ) ) {
				usleep( self::OTHERS );
			}
		}
		$bar->finish();
		return $progress;
	}
}
