<?php
/**
 * Everything anew, in steps: from all that WordPress has to a store that has the same and is called complete.
 *
 * In: a few seconds at a time, of cron, the Tools page or WP-CLI. Out: documents in the store, through the one writer,
 * while the site goes on being read and edited. It begins with what describes the site, so that the store counts its
 * lists, sends all documents by id, removes what WordPress lacks, and says `ready`. A killed request costs a batch; a
 * store that loses keys meanwhile costs a new beginning. Never empties a store, and removes nothing that it has not
 * looked for in vain.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

use SOS_Publisher\Documents\Reader;
use SOS_Publisher\Rebuild\Batch;
use SOS_Publisher\Rebuild\Caution;
use SOS_Publisher\Rebuild\Comparison;
use SOS_Publisher\Rebuild\Job;
use SOS_Publisher\Rebuild\Leftovers;
use SOS_Publisher\Store\Operation;
use SOS_Publisher\Store\Refused;
use SOS_Publisher\Store\Unavailable;

defined( 'ABSPATH' ) || exit;

/**
 * The rebuild of one site.
 */
final class Rebuild {
	public const OPTION = 'sos_publisher_rebuild';

	/**
	 * After the kinds of documents.
	 */
	private const REMOVE = 'remove';
	private const READY  = 'ready';

	/**
	 * How often it begins again when keys are lost meanwhile.
	 */
	private const TRIES = 5;

	/**
	 * The plugin.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * Where it is.
	 *
	 * @var Job
	 */
	private Job $job;

	/**
	 * Made once per site and request.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public function __construct( Plugin $plugin ) {
		$this->plugin = $plugin;
		$this->job    = new Job( self::OPTION );
	}

	/**
	 * Begin; while one is running, another one after it. Sends nothing yet.
	 */
	public function start(): void {
		$state = $this->job->load();
		if ( ! empty( $state['running'] ) ) {
			$this->job->save( array( 'again' => true ) + $state );
			return;
		}
		$this->job->save( self::beginning( 1 ) );
	}

	/**
	 * Stop; what was sent stays.
	 */
	public function cancel(): void {
		$state = $this->job->load();
		if ( $state ) {
			$this->job->save(
				array(
					'running' => false,
					'again'   => false,
				) + $state
			);
		}
	}

	/**
	 * Whether there is anything for `step` to do. One query.
	 */
	public function is_running(): bool {
		return ! empty( $this->job->load()['running'] );
	}

	/**
	 * Work on it.
	 *
	 * @param float $seconds For about so long; at least one batch.
	 * @return array{phase: string, done: int, total: int, running: bool, error: string, failed: int, failure: string,
	 *               started: float, finished: float, tries: int, busy: bool} As `progress`; `busy` says that another
	 *               process is at it.
	 */
	public function step( float $seconds ): array {
		$deadline = microtime( true ) + $seconds;
		$busy     = ! $this->job->alone(
			function () use ( $deadline ): void {
				$state = $this->job->load();
				while ( ! empty( $state['running'] ) ) {
					$state = $this->advance( $state, $deadline );
					$this->save( $state );
					if ( '' !== $state['error'] || microtime( true ) >= $deadline ) {
						return;
					}
				}
			}
		);
		return array( 'busy' => $busy ) + $this->progress();
	}

	/**
	 * How far it is. `total` grows while the site does; `failed` are documents that could not be read or were refused,
	 * `failure` says why of the first of them; `error` is why nothing could be sent.
	 *
	 * @return array{phase: string, done: int, total: int, running: bool, error: string, failed: int, failure: string,
	 *               started: float, finished: float, tries: int}
	 */
	public function progress(): array {
		$nothing = array(
			'running' => false,
			'started' => 0.0,
		);

		$state  = $this->job->load() + $nothing + self::beginning( 0 );
		$wanted = array( 'phase', 'done', 'total', 'running', 'error', 'failed', 'failure', 'started', 'finished', 'tries' );
		$shown  = array_intersect_key( $state, array_flip( $wanted ) );

		$shown['total'] = $shown['running'] ? max( $shown['total'], $shown['done'] ) : $shown['done'];
		return $shown;
	}

	/**
	 * Compare the store with WordPress, going on where the last call stopped, at most once around. This is what finds
	 * what no hook tells of, such as search-and-replace in the database.
	 *
	 * @param float         $seconds  For about so long; at least one batch.
	 * @param bool          $mend     Whether to mark what differs, so that the next flush sends it.
	 * @param bool          $afresh   Whether to begin at the beginning.
	 * @param callable|null $progress fn( int $checked, int $total ): void, after each batch.
	 * @return array{missing: string[], extra: string[], different: string[], failed: string[], checked: int, total: int,
	 *               complete: bool} References of what this call found, at most 1,000 of a kind; `complete` when it
	 *                               has looked at everything, else the next call goes on.
	 * @throws Unavailable When the store is away.
	 * @throws Refused     When the store refuses.
	 */
	public function verify( float $seconds, bool $mend, bool $afresh = false, ?callable $progress = null ): array {
		$this->plugin->store()->take_time();
		$comparison = new Comparison( $this->plugin, new Job( self::OPTION . '_walk' ) );
		return $comparison->walk( microtime( true ) + $seconds, $mend, $afresh, $progress );
	}

	/**
	 * A job at its beginning.
	 *
	 * @param int $tries How many times it has begun.
	 * @return array<string, mixed>
	 */
	private static function beginning( int $tries ): array {
		return array(
			'phase'    => Reader::KINDS[0],
			'after'    => 0,
			'done'     => 0,
			'total'    => 0,
			'running'  => true,
			'again'    => false,
			'error'    => '',
			'failed'   => 0,
			'failure'  => '',
			'epoch'    => '',
			'deadly'   => array(),
			'tries'    => $tries,
			'started'  => microtime( true ),
			'finished' => 0.0,
		);
	}

	/**
	 * Keep the state, unless somebody has stopped the job or asked for another one meanwhile.
	 *
	 * @param array<string, mixed> $state After a batch.
	 */
	private function save( array &$state ): void {
		$kept = $this->job->load();
		if ( empty( $kept['running'] ) ) {
			$state['running'] = false;
			return;
		}
		$state['again'] = $state['again'] || ! empty( $kept['again'] );
		if ( ! $state['running'] && $state['again'] && '' === $state['error'] ) {
			$state = array( 'deadly' => $state['deadly'] ?? array() ) + self::beginning( 1 );
		}
		$this->job->save( $state );
	}

	/**
	 * One batch.
	 *
	 * @param array<string, mixed> $state    Before it.
	 * @param float                $deadline Time after which nothing more is read.
	 * @return array<string, mixed> After it. `error` is set when the store is away; everything else is as it was then.
	 */
	private function advance( array &$state, float $deadline ): array {
		try {
			$this->plugin->store()->take_time( true );
			$state['error'] = '';
			if ( self::READY === $state['phase'] ) {
				return $this->finish( $state );
			}
			if ( self::REMOVE === $state['phase'] ) {
				return $this->remove( $state, $deadline );
			}
			return $this->send( $state, $deadline );
		} catch ( \RuntimeException $error ) {
			Caution::after( $state );
			$state['error'] = $error->getMessage();
			return $state;
		}
	}

	/**
	 * Send some documents of one kind, or go on to the next.
	 *
	 * @param array<string, mixed> $state    Before it.
	 * @param float                $deadline Time after which nothing more is read.
	 * @return array<string, mixed> After it.
	 */
	private function send( array &$state, float $deadline ): array {
		$reader = $this->plugin->reader();
		$limit  = Caution::before( $state, $state['phase'] . ' ' . $state['after'], Batch::MOST );
		$this->save( $state );
		if ( ! $state['running'] ) {
			return $state;
		}
		$refs = $reader->as_anonymous(
			static function () use ( $reader, $state, $limit ): array {
				return $reader->refs( $state['phase'], $state['after'], max( 1, $limit ) );
			}
		);
		if ( 0 === $state['total'] ) {
			$state['total'] = array_sum( array_map( array( $reader, 'count' ), Reader::KINDS ) );
		}
		if ( ! $refs ) {
			$next           = array_search( $state['phase'], Reader::KINDS, true ) + 1;
			$state['phase'] = Reader::KINDS[ $next ] ?? self::REMOVE;
			$state['after'] = 0;
			return $state;
		}
		// What has killed processes is not tried again in the same job.
		$state['deadly'] = array_merge( $state['deadly'] ?? array(), $limit > 0 ? array() : $refs );

		$refs  = Caution::until( $refs, $state['deadly'] );
		$batch = in_array( $refs[0], $state['deadly'], true ) ? Batch::pass_over( $this->plugin, $refs ) : Batch::send( $this->plugin, $refs, $deadline );
		$state = self::count( $state, $batch );
		Caution::after( $state );

		// What describes the site is there once; its place in the order of ids is the first.
		$last           = end( $batch->done );
		$state['after'] = max( 1, (int) substr( (string) strrchr( ':' . $last, ':' ), 1 ) );
		return $state;
	}

	/**
	 * Remove some of what the store has and WordPress lacks.
	 *
	 * @param array<string, mixed> $state    Before it.
	 * @param float                $deadline Time after which nothing more is read.
	 * @return array<string, mixed> After it.
	 */
	private function remove( array $state, float $deadline ): array {
		$tried = $state['tried'] ?? array();
		$refs  = Leftovers::find( $this->plugin, Batch::MOST, $tried );
		if ( ! $refs ) {
			$state['phase'] = self::READY;
			unset( $state['tried'] );
			return $state;
		}
		$batch          = Batch::send( $this->plugin, $refs, $deadline );
		$state          = self::count( $state, $batch );
		$state['tried'] = array_slice( array_merge( $tried, $batch->done ), -2000 );
		return $state;
	}

	/**
	 * Call the store complete, or begin again.
	 *
	 * @param array<string, mixed> $state Before it.
	 * @return array<string, mixed> After it.
	 */
	private function finish( array $state ): array {
		// Asked first: a store that was emptied meanwhile would take the mark, and what is missing for gone.
		$epoch = $this->plugin->store()->meta()['epoch'] ?? '';
		if ( $epoch !== $state['epoch'] ) {
			return self::begin_again( $state, __( 'it was emptied', 'sos-publisher' ) );
		}
		$applied = $this->plugin->store()->apply( array( Operation::ready() ) );
		if ( 0 === strpos( $applied->outcomes[0], 'error' ) || $applied->epoch !== $epoch ) {
			return self::begin_again( $state, $applied->outcomes[0] );
		}
		$state['running']  = false;
		$state['finished'] = microtime( true );
		return $state;
	}

	/**
	 * Count a batch. Where keys were lost the store gets another epoch, at times with each call until all is there again;
	 * so the end is what counts, and what was there at the beginning is compared then.
	 *
	 * @param array<string, mixed> $state Before it.
	 * @param Batch                $batch That was sent.
	 * @return array<string, mixed> After it.
	 */
	private static function count( array $state, Batch $batch ): array {
		$state['epoch']   = '' !== $state['epoch'] ? $state['epoch'] : $batch->epoch;
		$state['done']   += count( $batch->done );
		$state['failed'] += $batch->failed;
		$state['failure'] = '' !== $state['failure'] ? $state['failure'] : $batch->failure;
		return $state;
	}

	/**
	 * From the beginning, but not for ever.
	 *
	 * @param array<string, mixed> $state Before it.
	 * @param string               $why   For people.
	 * @return array<string, mixed>
	 */
	private static function begin_again( array $state, string $why ): array {
		if ( $state['tries'] < self::TRIES ) {
			return array_intersect_key( $state, array_flip( array( 'started', 'deadly' ) ) ) + self::beginning( $state['tries'] + 1 );
		}
		$state['running'] = false;
		/* translators: 1: a number, 2: a technical message. */
		$state['error'] = sprintf( __( 'The content store lost keys while it was filled, %1$d times (%2$s). Is something else writing to it, or does it throw keys away?', 'sos-publisher' ), self::TRIES, $why );
		return $state;
	}
}
