<?php
/**
 * Remembers between requests that the content store is away, so that not each of them finds out by itself:
 * for some seconds nobody tries, then whoever comes does.
 *
 * The state is one autoloaded option, which costs nothing to read, and is written when it changes only.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

/**
 * Open (nobody tries) after a failure: for 5 s, then twice as long after each further one, at most a minute.
 */
final class Breaker {
	const OPTION  = 'sos_publisher_breaker';
	const FIRST   = 5.0;
	const LONGEST = 60.0;

	/**
	 * Reads the state: fn(): array.
	 *
	 * @var callable
	 */
	private $read;

	/**
	 * Writes the state: fn( array ): void.
	 *
	 * @var callable
	 */
	private $write;

	/**
	 * Whether it lets everybody through.
	 *
	 * @var bool
	 */
	private bool $ignored = false;

	/**
	 * A breaker; kept in an option unless told otherwise.
	 *
	 * @param callable|null $read  fn(): array.
	 * @param callable|null $write fn( array ): void.
	 */
	public function __construct( ?callable $read = null, ?callable $write = null ) {
		$this->read  = $read ?? static fn() => get_option( self::OPTION, array() );
		$this->write = $write ?? static fn( array $state ) => update_option( self::OPTION, $state, true );
	}

	/**
	 * Let everybody through from now on, in this process: somebody sits and waits for the answer.
	 */
	public function ignore(): void {
		$this->ignored = true;
	}

	/**
	 * Whether somebody may try now.
	 */
	public function allows(): bool {
		$state = $this->state();
		$wait  = $state['until'] - microtime( true );
		// A clock that was set back must not keep it open.
		return $this->ignored || 'unavailable' !== $state['kind'] || $wait <= 0 || $wait > self::LONGEST;
	}

	/**
	 * What is wrong with the store, as far as is known.
	 *
	 * @return array{kind: string, reason: string, since: float, until: float, wait: float} `kind` is '' while all is
	 *         well, `unavailable` or `refused`; `since` when that began, `until` when somebody may try again: epoch
	 *         seconds.
	 */
	public function state(): array {
		$state = call_user_func( $this->read );
		$state = is_array( $state ) ? $state : array();
		return array(
			'kind'   => (string) ( $state['kind'] ?? '' ),
			'reason' => (string) ( $state['reason'] ?? '' ),
			'since'  => (float) ( $state['since'] ?? 0 ),
			'until'  => (float) ( $state['until'] ?? 0 ),
			'wait'   => (float) ( $state['wait'] ?? 0 ),
		);
	}

	/**
	 * The store did not answer.
	 *
	 * @param string $reason Why, without secrets.
	 */
	public function failed( string $reason ): void {
		$before = $this->state();
		$again  = 'unavailable' === $before['kind'];
		$now    = microtime( true );
		if ( $again && $before['until'] > $now && $before['until'] - $now <= self::LONGEST ) {
			return; // Others have found out at the same time.
		}
		$wait = $again ? min( self::LONGEST, max( self::FIRST, 2 * $before['wait'] ) ) : self::FIRST;
		call_user_func(
			$this->write,
			array(
				'kind'   => 'unavailable',
				'reason' => $reason,
				'since'  => $again ? $before['since'] : $now,
				'until'  => $now + $wait,
				'wait'   => $wait,
			)
		);
	}

	/**
	 * The store answered, and refused.
	 *
	 * @param string $reason Why, without secrets.
	 */
	public function refused( string $reason ): void {
		$before = $this->state();
		if ( 'refused' === $before['kind'] && $reason === $before['reason'] ) {
			return;
		}
		call_user_func(
			$this->write,
			array(
				'kind'   => 'refused',
				'reason' => $reason,
				'since'  => 'refused' === $before['kind'] ? $before['since'] : microtime( true ),
			)
		);
	}

	/**
	 * The store did what was asked.
	 */
	public function worked(): void {
		if ( '' !== $this->state()['kind'] ) {
			call_user_func( $this->write, array() );
		}
	}
}
