<?php
/**
 * From marks to the store: claims what is dirty, has it read as an anonymous visitor would see it, sends
 * it in one call, and writes down what became of it. Whatever goes wrong, the marks stay.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

use SOS_Publisher\Documents\Document;
use SOS_Publisher\Documents\Expansion;
use SOS_Publisher\Store\Applied;
use SOS_Publisher\Store\Operation;
use SOS_Publisher\Store\Refused;
use SOS_Publisher\Store\Unavailable;

defined( 'ABSPATH' ) || exit;

/**
 * Works on the current site of a network. Never throws.
 */
final class Flusher {
	/** Documents of one call: the store serves nobody else meanwhile. */
	const BATCH = 50;

	/** Bytes of one call, unless a single document is longer. */
	const BYTES = 2097152;

	/** How often a document is read again because somebody wrote it in the same moment. */
	const RACES = 3;

	/** Order in which documents are sent: later ones follow from earlier ones. */
	const ORDER = array( 'site', 'types', 'taxonomies', 'term', 'user', 'post', 'menu' );

	/**
	 * The other parts.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * Whether this process is flushing already.
	 *
	 * @var bool
	 */
	private static bool $is_busy = false;

	/**
	 * When to stop, seconds of `now`.
	 *
	 * @var float
	 */
	private float $deadline = 0.0;

	/**
	 * A flusher.
	 *
	 * @param Plugin $plugin The other parts.
	 */
	public function __construct( Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * Send what is dirty: first what this request marked, all in one call, then what others left behind.
	 *
	 * @param float         $seconds  After these no further document is read.
	 * @param callable|null $progress fn( int $sent ): void, after each call of the store.
	 * @return array{sent: int, left: int, error: string} How many documents were sent, how many marks are left, and
	 *                                                    why the store took no more; '' if it took all.
	 */
	public function flush( float $seconds = 20.0, ?callable $progress = null ): array {
		$sent  = 0;
		$error = '';
		if ( self::$is_busy || ! $this->plugin->settings()->is_configured() ) {
			return array(
				'sent'  => 0,
				'left'  => $this->plugin->marks()->backlog()['count'],
				'error' => self::$is_busy ? '' : implode( ' ', $this->plugin->settings()->problems() ),
			);
		}
		self::$is_busy  = true;
		$this->deadline = self::now() + $seconds;
		self::read_from_primary();
		try {
			do {
				$count = $this->plugin->marks()->is_due() ? $this->send_batch() : 0;
				$sent += max( 0, $count );
				if ( $count > 0 && null !== $progress ) {
					$progress( $sent );
				}
			} while ( 0 !== $count && self::now() < $this->deadline );
		} catch ( Unavailable $problem ) {
			$error = $problem->getMessage();
		} catch ( Refused $problem ) {
			$error = $problem->getMessage();
		} catch ( \Throwable $problem ) {
			$error = self::words_of( $problem );
			error_log( 'sos-publisher: ' . $error ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_error_log
		}
		self::$is_busy = false;
		return array(
			'sent'  => $sent,
			'left'  => $this->plugin->marks()->backlog()['count'],
			'error' => $error,
		);
	}

	/**
	 * As `flush`, for somebody who asked for it and waits: also what failed and what the store did not take is tried.
	 *
	 * @param float         $seconds  After these no further document is read.
	 * @param callable|null $progress fn( int $sent ): void, after each call of the store.
	 * @return array{sent: int, left: int, error: string} As `flush`.
	 */
	public function flush_now( float $seconds = 20.0, ?callable $progress = null ): array {
		$this->plugin->store()->take_time( true );
		$this->plugin->marks()->retry();
		return $this->flush( $seconds, $progress );
	}

	/**
	 * Claim some marks and send them.
	 *
	 * @return int How many documents were sent; 0 when there is nothing to do, -1 when something was done but nothing sent.
	 * @throws \Throwable When the store does not take them; they were given back.
	 */
	private function send_batch(): int {
		// Also: nothing is claimed while the store is away.
		$sequence                 = $this->plugin->store()->take_sequence();
		list( $batch, $expanded ) = $this->claim_batch();
		if ( ! $batch ) {
			return $expanded > 0 ? -1 : 0;
		}
		$sent  = 0;
		$races = array();
		try {
			while ( $batch && ( 0 === $sent || self::now() < $this->deadline ) ) {
				$sequence = $sequence > 0 ? $sequence : $this->plugin->store()->take_sequence();
				$done     = $this->send_some( $batch, $sequence, $races );
				$sequence = 0;
				$sent    += $done;
				if ( 0 === $done && ! $batch ) {
					break;
				}
			}
		} finally {
			$this->plugin->marks()->release( ...array_values( $batch ) );
		}
		return $sent > 0 ? $sent : -1;
	}

	/**
	 * Claim marks until there are enough objects, with wide marks replaced by what they stand for.
	 *
	 * @return array{0: array<string, Mark>, 1: int} By reference, in the order in which they are sent; and how many
	 *                                               wide marks there were.
	 */
	private function claim_batch(): array {
		$marks    = $this->plugin->marks();
		$batch    = array();
		$expanded = 0;
		$room     = self::BATCH;
		do {
			$wide = array();
			foreach ( $marks->claim( $room ) as $mark ) {
				if ( $mark->is_concrete() ) {
					$batch[ $mark->ref ] = $mark;
				} else {
					$wide[] = $mark;
				}
			}
			foreach ( $wide as $mark ) {
				$this->expand( $mark, $batch );
				++$expanded;
			}
			$room = self::BATCH - count( $batch );
		} while ( $wide && $room > 0 && $marks->is_dirty_since_this_request() );
		$order = array_flip( self::ORDER );
		uksort(
			$batch,
			static function ( string $one, string $other ) use ( $order ): int {
				$kinds = array( explode( ':', $one )[0], explode( ':', $other )[0] );
				return $order[ $kinds[0] ] - $order[ $kinds[1] ];
			}
		);
		return array( $batch, $expanded );
	}

	/**
	 * Replace a wide mark by what it stands for.
	 *
	 * @param Mark                $wide  A wide mark.
	 * @param array<string, Mark> $batch What is about to be read anyway.
	 */
	private function expand( Mark $wide, array $batch ): void {
		$marks = $this->plugin->marks();
		try {
			Expansion::expand(
				$wide->ref,
				static function ( string ...$refs ) use ( $marks, $wide, $batch ): void {
					$marks->mark_in_place_of( $wide, ...array_values( array_filter( $refs, static fn( string $ref ): bool => ! isset( $batch[ $ref ] ) ) ) );
				}
			);
			$marks->drop( $wide );
		} catch ( \Throwable $error ) {
			$marks->finish( $wide, Sent::failed( self::words_of( $error ) ) );
		}
	}

	/**
	 * Read documents until there are enough for one call, send them, and write down what became of them.
	 *
	 * @param array<string, Mark> $batch    Marks; those that are done are taken out.
	 * @param int                 $sequence Taken before.
	 * @param array<string, int>  $races    How often each was read in vain.
	 * @return int How many the store has taken.
	 */
	private function send_some( array &$batch, int $sequence, array &$races ): int {
		$read       = $this->read( $batch );
		$operations = array();
		$finished   = array();
		foreach ( $read as $ref => $found ) {
			if ( $found instanceof Sent ) {
				$finished[] = array( $batch[ $ref ], $found );
				unset( $batch[ $ref ] );
			} else {
				$operations[ $ref ] = null === $found ? Operation::remove( $ref, $sequence ) : Operation::put( $ref, $sequence, $found->json );
			}
		}
		$this->plugin->marks()->finish_all( $finished );
		if ( ! $operations ) {
			return 0;
		}
		$applied  = $this->plugin->store()->apply( array_values( $operations ) );
		$ahead    = $applied->time - microtime( true );
		$finished = array();
		foreach ( array_keys( $operations ) as $position => $ref ) {
			$sent = self::outcome_of( $applied, $position, $read[ $ref ] );
			if ( null === $sent ) {
				// Somebody wrote it with a higher number, perhaps without our last change: read it again with another one.
				$races[ $ref ] = ( $races[ $ref ] ?? 0 ) + 1;
				if ( $races[ $ref ] < self::RACES ) {
					continue;
				}
				$sent = Sent::failed( __( 'others write it at the same time, again and again', 'sos-publisher' ) );
			}
			$sent->clock_ahead = $ahead;
			$finished[]        = array( $batch[ $ref ], $sent );
			unset( $batch[ $ref ] );
		}
		$this->plugin->marks()->finish_all( $finished );
		return count( $finished );
	}

	/**
	 * Read documents, until there are enough for one call.
	 *
	 * @param array<string, Mark> $batch Marks.
	 * @return array<string, Document|Sent|null> A document, or null where there is none (any more), or how it failed.
	 */
	private function read( array $batch ): array {
		$reader = $this->plugin->reader();
		$found  = array();
		$level  = ob_get_level();
		// What a theme or plugin prints while it renders belongs to nobody's response.
		ob_start();
		try {
			Marks::ignoring(
				function () use ( $reader, $batch, &$found ): void {
					$reader->as_anonymous(
						function () use ( $reader, $batch, &$found ): void {
							$found = $this->read_each( $reader, array_keys( $batch ) );
						}
					);
				}
			);
		} finally {
			while ( ob_get_level() > $level ) {
				ob_end_clean();
			}
		}
		return $found;
	}

	/**
	 * Read documents one after the other; one that fails does not keep the others.
	 *
	 * @param Documents\Reader $reader Reads.
	 * @param string[]         $refs   Which.
	 * @return array<string, Document|Sent|null> As `read`; of the first one at least.
	 */
	private function read_each( Documents\Reader $reader, array $refs ): array {
		$found = array();
		$bytes = 0;
		foreach ( $refs as $ref ) {
			try {
				$document = $reader->read( $ref );
			} catch ( \Throwable $error ) {
				$document = Sent::failed( self::words_of( $error ) );
			}
			$bytes += $document instanceof Document ? strlen( $document->json ) : 0;
			if ( $found && $bytes > self::BYTES ) {
				break; // It comes first in the next call.
			}
			$found[ $ref ] = $document;
			if ( self::now() > $this->deadline ) {
				break;
			}
		}
		return $found;
	}

	/**
	 * What became of an operation, or null if it came too late.
	 *
	 * @param Applied       $applied  The store's answer.
	 * @param int           $position Of the operation.
	 * @param Document|null $document What was sent; null for a removal.
	 */
	private static function outcome_of( Applied $applied, int $position, ?Document $document ): ?Sent {
		$outcome = $applied->outcomes[ $position ];
		if ( 'stale' === $outcome ) {
			return null;
		}
		if ( 'applied' !== $outcome && 'unchanged' !== $outcome ) {
			return Sent::failed( (string) preg_replace( '/^error: /', '', $outcome ) );
		}
		$sent           = new Sent( null === $document ? Sent::REMOVED : $outcome );
		$sent->revision = $applied->revision;
		$sent->epoch    = $applied->epoch;
		$sent->sent_at  = $applied->time;
		$sent->lists    = null === $document ? array() : $document->lists;
		return $sent;
	}

	/**
	 * What an exception or error of a theme or plugin says, and where it was thrown.
	 *
	 * @param \Throwable $error The error.
	 */
	private static function words_of( \Throwable $error ): string {
		$where = str_replace( array( wp_normalize_path( WP_CONTENT_DIR ), wp_normalize_path( ABSPATH ) ), '', wp_normalize_path( $error->getFile() ) );
		return sprintf( '%s (%s:%d)', $error->getMessage(), ltrim( $where, '/' ), $error->getLine() );
	}

	/**
	 * Where reads go to replicas, a replica may not have what was saved a moment ago.
	 */
	private static function read_from_primary(): void {
		global $wpdb;
		foreach ( array( 'send_reads_to_masters', 'send_reads_to_primaries' ) as $method ) {
			if ( method_exists( $wpdb, $method ) ) {
				$wpdb->$method();
			}
		}
	}

	/**
	 * A clock that only goes on, seconds.
	 */
	private static function now(): float {
		return hrtime( true ) / 1e9;
	}
}
