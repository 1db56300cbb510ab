<?php
/**
 * What is dirty and what became of it: from hooks to rows of the plugin's table, from there to the
 * flusher, and back. Rows are written when the hook fires, so that nothing is lost when PHP dies
 * later. Reads no content, knows no store, and never throws.
 *
 * A row (times are epoch seconds):
 *
 * ref        object, or a wide mark until it is expanded
 * generation one more with each mark, which makes what is on its way old; begins with a time, so that no row that is
 *            made anew has one that another process still knows
 * dirty      1 while a change was not sent
 * marked_at  the oldest change that was not sent; afterwards the oldest of those that were sent last
 * marked_by  database connection that marked it: while it lives, its request will send the mark itself
 * attempts   claims since the last mark that were neither finished nor given back
 * retry_at   nobody claims it before: somebody is at it, or its reading failed
 * sent_at    when the store had it, by the store's clock
 * saved_at   marked_at of what was sent, by the store's clock
 * revision, epoch, outcome, error, lists    of what was sent last; see class-sent.php
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * The marks of the current site of a network, whichever that is.
 */
final class Marks extends Records {
	/** Seconds for which a claimed mark is left to whoever claimed it. */
	const LEASE = 30.0;

	/** Seconds after which a mark is taken over from a request that still runs. */
	const SETTLED = 60.0;

	/** Seconds after which a request marks again what it has marked: others may have read and sent it meanwhile. */
	const AGAIN = 1.0;

	const LONGEST_REF = 64;

	/**
	 * What this request marked and has not claimed: table -> reference -> when it was written.
	 *
	 * @var array<string, array<string, float>>
	 */
	private static array $own = array();

	/**
	 * Sites of the network that this request marked something of.
	 *
	 * @var array<int, true>
	 */
	private static array $sites = array();

	/**
	 * Whether marks are not taken just now.
	 *
	 * @var bool
	 */
	private static bool $is_ignoring = false;

	/**
	 * Mark objects as changed: one statement, and none for what was marked moments ago by this request.
	 *
	 * @param string ...$refs References or wide marks.
	 */
	public function mark( string ...$refs ): void {
		if ( self::$is_ignoring ) {
			return;
		}
		$now   = microtime( true );
		$table = Installation::table();
		$new   = array();
		foreach ( self::sound( $refs ) as $ref ) {
			if ( abs( $now - ( self::$own[ $table ][ $ref ] ?? 0.0 ) ) > self::AGAIN ) {
				$new[] = $ref;
			}
		}
		if ( $new && Installation::is_active_here() ) {
			$this->write( $new, $now );
		}
	}

	/**
	 * Call something that only reads. What plugins write while they render (caches of embeds, counters of views) is
	 * no change of what is rendered, and would have it read again forever.
	 *
	 * @param callable $read Reads.
	 * @return mixed What it returned.
	 */
	public static function ignoring( callable $read ) {
		$before            = self::$is_ignoring;
		self::$is_ignoring = true;
		try {
			return $read();
		} finally {
			self::$is_ignoring = $before;
		}
	}

	/**
	 * Do a wide mark's work: mark what it stands for, as of the moment in which it was marked.
	 *
	 * @param Mark   $wide    A claimed wide mark; it is not dropped.
	 * @param string ...$refs What it stands for.
	 */
	public function mark_in_place_of( Mark $wide, string ...$refs ): void {
		$this->write( self::sound( $refs ), $wide->marked_at );
	}

	/**
	 * Take marks to work on: first all that this request made, however often; then, in a call that finds none of those,
	 * what others left behind, the oldest first. What was tried before in vain comes alone, so that what kills a
	 * process takes nothing with it.
	 *
	 * @param int $limit How many at most.
	 * @return Mark[]
	 */
	public function claim( int $limit ): array {
		$table = Installation::table();
		$own   = array_slice( array_keys( self::$own[ $table ] ?? array() ), 0, $limit );
		if ( $own ) {
			self::$own[ $table ] = array_diff_key( self::$own[ $table ], array_flip( $own ) );
			return $this->claim_own( $own );
		}
		return $this->claim_others( $limit );
	}

	/**
	 * Say what became of a mark. It stays dirty when it failed or was marked again.
	 *
	 * @param Mark $mark A claimed mark.
	 * @param Sent $sent What became of it.
	 */
	public function finish( Mark $mark, Sent $sent ): void {
		$this->finish_all( array( array( $mark, $sent ) ) );
	}

	/**
	 * As `finish`, for many in one statement.
	 *
	 * @param array<array{0: Mark, 1: Sent}> $pairs Claimed marks and what became of them.
	 */
	public function finish_all( array $pairs ): void {
		// As in `write`: rows are locked in one order.
		usort( $pairs, static fn( array $one, array $other ): int => strcmp( $one[0]->ref, $other[0]->ref ) );
		foreach ( array_chunk( $pairs, self::CHUNK ) as $chunk ) {
			$rows = array();
			foreach ( $chunk as list( $mark, $sent ) ) {
				$rows[] = Mark_Row::values( $mark, $sent );
			}
			// If it was marked again, and that was sent meanwhile, then what is known of the later one stays.
			$ours = '(generation = VALUES(generation) OR dirty = 1)';
			$sets = array(
				'marked_at = IF(generation = VALUES(generation) OR dirty = 0, marked_at, ' . Mark_Row::number( microtime( true ) ) . ')',
				'attempts = IF(generation = VALUES(generation), VALUES(attempts), attempts)',
				'retry_at = IF(generation = VALUES(generation), VALUES(retry_at), retry_at)',
			);
			foreach ( array( 'sent_at', 'saved_at', 'revision', 'epoch', 'lists' ) as $name ) {
				$sets[] = "$name = IF($ours AND VALUES(outcome) <> 'failed', VALUES($name), $name)";
			}
			foreach ( array( 'error', 'outcome' ) as $name ) {
				$sets[] = "$name = IF($ours, VALUES($name), $name)";
			}
			// Assignments count from left to right: what others look at comes last.
			$sets[] = 'dirty = IF(generation = VALUES(generation), VALUES(dirty), dirty)';
			Quiet_Database::run(
				'INSERT INTO ' . Installation::table() . ' (ref, generation, dirty, marked_at, attempts, retry_at, sent_at, saved_at, revision, epoch, outcome, error, lists) VALUES '
				. implode( ', ', $rows ) . ' ON DUPLICATE KEY UPDATE ' . implode( ', ', $sets )
			);
		}
	}

	/**
	 * Give marks back that could not be sent for a reason that is not theirs: the next flush takes them at once.
	 *
	 * @param Mark ...$marks Claimed marks.
	 */
	public function release( Mark ...$marks ): void {
		global $wpdb;
		$by_attempts = array();
		foreach ( $marks as $mark ) {
			$by_attempts[ $mark->attempts ][] = $mark->ref;
		}
		foreach ( $by_attempts as $attempts => $refs ) {
			Quiet_Database::run(
				$wpdb->prepare(
					'UPDATE ' . Installation::table() . ' SET dirty = 1, retry_at = 0, attempts = LEAST(attempts, %d) WHERE ref IN (' . Mark_Row::places( $refs ) . ')', // phpcs:ignore WordPress.DB.PreparedSQL, WordPress.DB.PreparedSQLPlaceholders
					array_merge( array( $attempts ), $refs )
				)
			);
		}
	}

	/**
	 * Forget marks, unless they were marked again meanwhile. For wide marks that were expanded.
	 *
	 * @param Mark ...$marks Claimed marks.
	 */
	public function drop( Mark ...$marks ): void {
		global $wpdb;
		foreach ( $marks as $mark ) {
			Quiet_Database::run( $wpdb->prepare( 'DELETE FROM ' . Installation::table() . ' WHERE ref = %s AND generation = %d', $mark->ref, $mark->generation ) ); // phpcs:ignore WordPress.DB.PreparedSQL
		}
	}

	/**
	 * Let what failed be tried again at once: somebody has mended it, or wants to see.
	 */
	public function retry(): void {
		Quiet_Database::run( 'UPDATE ' . Installation::table() . " SET retry_at = 0 WHERE dirty = 1 AND outcome = 'failed'" );
	}

	/**
	 * Forget what was removed from the store long ago.
	 *
	 * @param float $seconds How long ago.
	 */
	public function prune( float $seconds ): void {
		Quiet_Database::run( 'DELETE FROM ' . Installation::table() . " WHERE dirty = 0 AND outcome = 'removed' AND sent_at < " . Mark_Row::number( microtime( true ) - $seconds ) );
	}

	/**
	 * Whether a flush would find something, apart from what running requests will send themselves. One cheap query.
	 */
	public function is_due(): bool {
		return $this->is_dirty_since_this_request() || array() !== $this->due( 1 );
	}

	/**
	 * Whether this request marked anything that it has not claimed.
	 */
	public function is_dirty_since_this_request(): bool {
		return ! empty( self::$own[ Installation::table() ] );
	}

	/**
	 * Ids of the sites of the network that this request marked something of.
	 *
	 * @return int[]
	 */
	public static function sites_of_this_request(): array {
		return array_keys( self::$sites );
	}

	/**
	 * Write marks, and remember that this request did.
	 *
	 * @param string[] $refs      Sound references.
	 * @param float    $marked_at When they changed.
	 */
	private function write( array $refs, float $marked_at ): void {
		global $wpdb;
		// Always in one order: two requests that lock rows in opposite orders would wait for each other.
		sort( $refs );
		foreach ( Quiet_Database::is_locked() ? array() : array_chunk( $refs, self::CHUNK ) as $chunk ) {
			$values = array();
			foreach ( $chunk as $ref ) {
				$values[] = $wpdb->prepare( '(%s, %d, ', $ref, self::first_generation() ) . Mark_Row::number( $marked_at ) . ", CONNECTION_ID(), '', '')";
			}
			Quiet_Database::run(
				'INSERT INTO ' . Installation::table() . ' (ref, generation, marked_at, marked_by, error, lists) VALUES ' . implode( ', ', $values )
				. ' ON DUPLICATE KEY UPDATE marked_at = IF(dirty = 1, LEAST(marked_at, VALUES(marked_at)), VALUES(marked_at)),'
				. ' generation = generation + 1, dirty = 1, marked_by = VALUES(marked_by), attempts = 0, retry_at = 0'
			);
		}
		$now = microtime( true );
		foreach ( $refs as $ref ) {
			self::$own[ Installation::table() ][ $ref ] = $now;
		}
		self::$sites[ get_current_blog_id() ] = true;
	}

	/**
	 * Generation of a row that is made now.
	 */
	private static function first_generation(): int {
		return (int) ( 1000 * microtime( true ) );
	}

	/**
	 * Claim what this request marked, also if it is not dirty any more, or not there: another process may have sent it
	 * before the last change of this request, and a transaction may have been rolled back.
	 *
	 * @param string[] $refs References.
	 * @return Mark[]
	 */
	private function claim_own( array $refs ): array {
		global $wpdb;
		sort( $refs );
		$now    = microtime( true );
		$values = array();
		foreach ( $refs as $ref ) {
			$values[] = $wpdb->prepare( '(%s, %d, ', $ref, self::first_generation() ) . Mark_Row::number( $now ) . ', CONNECTION_ID(), 1, ' . Mark_Row::number( $now + self::LEASE ) . ", '', '')";
		}
		Quiet_Database::run(
			'INSERT INTO ' . Installation::table() . ' (ref, generation, marked_at, marked_by, attempts, retry_at, error, lists) VALUES ' . implode( ', ', $values )
			. ' ON DUPLICATE KEY UPDATE generation = generation + 1, dirty = 1, attempts = attempts + 1, retry_at = VALUES(retry_at)'
		);
		$marks = $this->marks( Quiet_Database::rows( $wpdb->prepare( 'SELECT ref, generation, marked_at, attempts FROM ' . Installation::table() . ' WHERE ref IN (' . Mark_Row::places( $refs ) . ') ORDER BY marked_at, ref', $refs ) ), 1 ); // phpcs:ignore WordPress.DB.PreparedSQL, WordPress.DB.PreparedSQLPlaceholders
		// What could not be written is sent all the same.
		foreach ( array_diff( $refs, array_column( $marks, 'ref' ) ) as $ref ) {
			$marks[] = new Mark( $ref, 0, $now );
		}
		return $marks;
	}

	/**
	 * Claim what others left behind.
	 *
	 * @param int $limit How many at most.
	 * @return Mark[]
	 */
	private function claim_others( int $limit ): array {
		global $wpdb;
		$due = $this->due( $limit );
		if ( $due && $due[0]['attempts'] > 0 ) {
			$due = array( $due[0] );
		}
		$due = array_filter( $due, static fn( array $row ): bool => 0 === (int) $row['attempts'] || 1 === count( $due ) );
		if ( ! $due ) {
			return array();
		}
		$refs = array_column( $due, 'ref' );
		sort( $refs );
		Quiet_Database::run(
			$wpdb->prepare(
				'UPDATE ' . Installation::table() . ' SET attempts = attempts + 1, retry_at = %f WHERE ref IN (' . Mark_Row::places( $refs ) . ')', // phpcs:ignore WordPress.DB.PreparedSQL, WordPress.DB.PreparedSQLPlaceholders
				array_merge( array( microtime( true ) + self::LEASE ), $refs )
			)
		);
		return $this->marks( $due, 0 );
	}

	/**
	 * Rows that may be claimed now, the oldest first.
	 *
	 * @param int $limit How many at most.
	 * @return array<int, array<string, string>>
	 */
	private function due( int $limit ): array {
		global $wpdb;
		$now  = microtime( true );
		$rows = Quiet_Database::rows(
			$wpdb->prepare(
				'SELECT ref, generation, marked_at, attempts, marked_by, marked_by = CONNECTION_ID() AS mine FROM ' . Installation::table() // phpcs:ignore WordPress.DB.PreparedSQL
				. ' WHERE dirty = 1 AND retry_at <= %f ORDER BY marked_at, ref LIMIT %d',
				$now,
				$limit
			)
		);
		// Whoever has marked something moments ago and is still connected is about to send it, all in one piece.
		$fresh = array_filter( $rows, static fn( array $row ): bool => '1' !== $row['mine'] && (float) $row['marked_at'] > $now - self::SETTLED );
		if ( ! $fresh ) {
			return $rows;
		}
		$alive = array_column( Quiet_Database::rows( 'SELECT ID AS id FROM information_schema.PROCESSLIST' ), 'id' );
		$busy  = array_intersect( array_column( $fresh, 'marked_by' ), $alive );
		return array_values( array_filter( $rows, static fn( array $row ): bool => '1' === $row['mine'] || ! in_array( $row['marked_by'], $busy, true ) || (float) $row['marked_at'] <= $now - self::SETTLED ) );
	}

	/**
	 * From rows to marks.
	 *
	 * @param array<int, array<string, string>> $rows    Rows.
	 * @param int                               $claimed How much of their attempts is this claim's.
	 * @return Mark[]
	 */
	private function marks( array $rows, int $claimed ): array {
		return array_map(
			static fn( array $row ): Mark => new Mark( $row['ref'], (int) $row['generation'], (float) $row['marked_at'], max( 0, (int) $row['attempts'] - $claimed ) ),
			array_values( $rows )
		);
	}

	/**
	 * References which fit into a row, each once. Others are a mistake of whoever marks, and are dropped.
	 *
	 * @param string[] $refs References.
	 * @return string[]
	 */
	private static function sound( array $refs ): array {
		return array_values(
			array_filter(
				array_unique( $refs ),
				static fn( string $ref ): bool => strlen( $ref ) <= self::LONGEST_REF && 1 === preg_match( '/^[a-z][a-zA-Z0-9:_-]*$/D', $ref )
			)
		);
	}
}
