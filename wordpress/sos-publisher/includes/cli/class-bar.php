<?php
/**
 * A progress bar for work whose size is only known on the way: from "so many of so many" to WP-CLI's ticks.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Cli;

defined( 'ABSPATH' ) || exit;

/**
 * Wraps the bar of WP-CLI, which hides itself when its output is not a terminal.
 */
final class Bar {
	/**
	 * What is going on.
	 *
	 * @var string
	 */
	private string $words;

	/**
	 * WP-CLI's bar, or null while there is nothing to show.
	 *
	 * @var object|null
	 */
	private ?object $bar = null;

	/**
	 * The size that the bar was made for.
	 *
	 * @var int
	 */
	private int $total = 0;

	/**
	 * How far the bar is.
	 *
	 * @var int
	 */
	private int $shown = 0;

	/**
	 * Whether nothing is to be shown at all.
	 *
	 * @var bool
	 */
	private bool $silent;

	/**
	 * A bar that stands at 0.
	 *
	 * @param string $words  What is going on.
	 * @param int    $total  How much there is to do, as far as is known.
	 * @param bool   $silent Whether nothing is to be shown.
	 */
	public function __construct( string $words, int $total, bool $silent = false ) {
		$this->words  = $words;
		$this->silent = $silent;
		$this->show( 0, $total );
	}

	/**
	 * Move to where the work is.
	 *
	 * @param int $done  How much is done.
	 * @param int $total How much there is; a new bar is begun when that changed.
	 */
	public function show( int $done, int $total ): void {
		if ( $this->silent || $total <= 0 ) {
			return;
		}
		if ( null === $this->bar || $total !== $this->total ) {
			$this->bar   = \WP_CLI\Utils\make_progress_bar( $this->words, $total );
			$this->total = $total;
			$this->shown = 0;
		}
		$step = min( $done, $total ) - $this->shown;
		if ( $step > 0 ) {
			$this->bar->tick( $step );
			$this->shown += $step;
		}
	}

	/**
	 * Nothing more will be shown.
	 */
	public function finish(): void {
		if ( null !== $this->bar ) {
			$this->bar->finish();
		}
	}
}
