<?php
/**
 * Whether the store has what WordPress has: a walk over all documents, a part of it at a time.
 *
 * In: what WordPress has, and the store's bytes. Out: references of what is missing, too many, or different; on demand,
 * marks for them. Writes nothing into the store. What waits to be sent anyway is left out.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Rebuild;

use SOS_Publisher\Documents\Document;
use SOS_Publisher\Documents\Reader;
use SOS_Publisher\Plugin;

defined( 'ABSPATH' ) || exit;

/**
 * See walk.
 */
final class Comparison {
	/**
	 * Documents of one look.
	 */
	private const CHUNK = 25;

	/**
	 * References that are named of each kind of drift; cron has another turn.
	 */
	private const MOST = 1000;

	/**
	 * The plugin.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * Where the walk is.
	 *
	 * @var Job
	 */
	private Job $job;

	/**
	 * What is kept of it.
	 *
	 * @var array<string, mixed>
	 */
	private array $state = array();

	/**
	 * What was found.
	 *
	 * @var array<string, string[]>
	 */
	private array $found = array(
		'missing'   => array(),
		'extra'     => array(),
		'different' => array(),
		'failed'    => array(),
	);

	/**
	 * A walk.
	 *
	 * @param Plugin $plugin The plugin.
	 * @param Job    $job    Where it is.
	 */
	public function __construct( Plugin $plugin, Job $job ) {
		$this->plugin = $plugin;
		$this->job    = $job;
	}

	/**
	 * Go on with it, round and round, but not further than once around.
	 *
	 * @param float         $deadline Time after which no further look is taken; one is.
	 * @param bool          $mend     Whether to mark what differs.
	 * @param bool          $afresh   Whether to begin at the beginning.
	 * @param callable|null $progress As Rebuild::verify.
	 * @return array<string, mixed> As Rebuild::verify.
	 * @throws \SOS_Publisher\Store\Unavailable When the store is away.
	 * @throws \SOS_Publisher\Store\Refused     When the store refuses.
	 */
	public function walk( float $deadline, bool $mend, bool $afresh, ?callable $progress = null ): array {
		$total    = array_sum( array_map( array( $this->plugin->reader(), 'count' ), Reader::KINDS ) );
		$begun    = $afresh ? array( 0, 0 ) : $this->load();
		$place    = $begun;
		$checked  = 0;
		$is_round = false;
		do {
			$limit    = $this->be_careful( $place );
			$refs     = $this->refs( $place, max( 1, $limit ) );
			$refs     = $this->look_unless_deadly( $refs, 0 === $limit, $mend );
			$checked += count( $refs );

			$place = $refs ? array( $place[0], max( 1, (int) substr( (string) strrchr( ':' . end( $refs ), ':' ), 1 ) ) ) : array( $place[0] + 1, 0 );
			if ( ! isset( Reader::KINDS[ $place[0] ] ) ) {
				$this->look( Leftovers::find( $this->plugin, self::MOST ), $mend );
				$place    = array( 0, 0 );
				$is_round = true;
			}
			Caution::after( $this->state );
			$this->save( $place );
			if ( null !== $progress ) {
				$progress( min( $checked, $total ), $total );
			}
			// Places are compared like words: first the kind, then the id.
			$complete = $is_round && $place >= $begun;
		} while ( ! $complete && microtime( true ) < $deadline );
		foreach ( $this->found as $kind => $refs ) {
			$this->found[ $kind ] = array_values( array_unique( $refs ) );
		}
		return $this->found + array(
			'checked'  => min( $checked, $total ),
			'total'    => $total,
			'complete' => $complete,
		);
	}

	/**
	 * Compare some, but for what has killed processes.
	 *
	 * @param string[] $refs      Of documents.
	 * @param bool     $is_deadly Whether that is known of them.
	 * @param bool     $mend      Whether to mark what differs.
	 * @return string[] Those that were dealt with.
	 */
	private function look_unless_deadly( array $refs, bool $is_deadly, bool $mend ): array {
		$deadly = array_slice( array_merge( $this->state['deadly'] ?? array(), $is_deadly ? $refs : array() ), -100 );
		$refs   = Caution::until( $refs, $deadly );

		$this->state['deadly'] = $deadly;
		if ( $refs && in_array( $refs[0], $deadly, true ) ) {
			$this->found['failed'] = array_merge( $this->found['failed'], $refs );
		} elseif ( $refs ) {
			$this->look( $refs, $mend );
		}
		return $refs;
	}

	/**
	 * Where the last call stopped.
	 *
	 * @return array{0: int, 1: int} Number of the kind, id.
	 */
	private function load(): array {
		$this->state = $this->job->load();
		$kind        = array_search( $this->state['kind'] ?? '', Reader::KINDS, true );
		return false === $kind ? array( 0, 0 ) : array( $kind, (int) ( $this->state['after'] ?? 0 ) );
	}

	/**
	 * Keep where it is.
	 *
	 * @param array{0: int, 1: int} $place Number of the kind, id.
	 */
	private function save( array $place ): void {
		$this->state['kind']  = Reader::KINDS[ $place[0] ];
		$this->state['after'] = $place[1];
		$this->job->save( $this->state );
	}

	/**
	 * How much to look at; 0 to pass the next one over, because it has killed whoever looked at it.
	 *
	 * @param array{0: int, 1: int} $place Number of the kind, id.
	 */
	private function be_careful( array $place ): int {
		$limit = Caution::before( $this->state, implode( ' ', $place ), self::CHUNK );
		$this->save( $place );
		return $limit;
	}

	/**
	 * The next references.
	 *
	 * @param array{0: int, 1: int} $place Where the walk is.
	 * @param int                   $limit How many at most.
	 * @return string[]
	 */
	private function refs( array $place, int $limit ): array {
		$reader = $this->plugin->reader();
		return $reader->as_anonymous(
			static function () use ( $reader, $place, $limit ): array {
				return $reader->refs( Reader::KINDS[ $place[0] ], $place[1], $limit );
			}
		);
	}

	/**
	 * Compare some.
	 *
	 * @param string[] $refs Of documents.
	 * @param bool     $mend Whether to mark what differs.
	 */
	private function look( array $refs, bool $mend ): void {
		$drift = array();
		foreach ( array_chunk( $refs, self::CHUNK ) as $some ) {
			$ours = $this->read( $some );
			// The store is asked afterwards: what was sent meanwhile then looks new at worst, and is looked at again.
			$theirs = $this->plugin->store()->documents( $some );
			foreach ( $ours as $ref => $json ) {
				$kind = self::compare( $json, $theirs[ $ref ] ?? null );
				if ( '' !== $kind ) {
					$drift[ $ref ] = $kind;
				}
			}
		}
		foreach ( $this->plugin->marks()->statuses( array_map( 'strval', array_keys( $drift ) ) ) as $ref => $row ) {
			if ( $row['dirty'] ) {
				unset( $drift[ $ref ] );
			}
		}
		foreach ( $drift as $ref => $kind ) {
			if ( count( $this->found[ $kind ] ) < self::MOST ) {
				$this->found[ $kind ][] = (string) $ref;
			}
		}
		if ( $mend && $drift ) {
			$this->plugin->marks()->mark( ...array_map( 'strval', array_keys( $drift ) ) );
		}
	}

	/**
	 * What WordPress has.
	 *
	 * @param string[] $refs Of documents.
	 * @return array<string, string|null> JSON by reference, null for what must not be there. Without those that can't
	 *                                    be read.
	 */
	private function read( array $refs ): array {
		$reader = $this->plugin->reader();
		$found  = array();
		$failed = array();
		$read   = static function () use ( $reader, $refs, &$found, &$failed ): void {
			foreach ( $refs as $ref ) {
				try {
					$document      = $reader->read( $ref );
					$found[ $ref ] = $document instanceof Document ? $document->json : null;
				} catch ( \Throwable $error ) {
					$failed[] = $ref;
				}
			}
		};
		$reader->as_anonymous( $read );
		$this->found['failed'] = array_merge( $this->found['failed'], $failed );
		return $found;
	}

	/**
	 * In which way two differ; '' if they don't.
	 *
	 * @param string|null $ours   What WordPress has.
	 * @param string|null $theirs What the store has.
	 */
	private static function compare( ?string $ours, ?string $theirs ): string {
		if ( $ours === $theirs ) {
			return '';
		}
		if ( null === $ours ) {
			return 'extra';
		}
		return null === $theirs ? 'missing' : 'different';
	}
}
