<?php
/**
 * What `wp sos status` and `wp sos verify` print: from settings, table and store to rows, and from rows to
 * an exit code. Prints nothing; a store that is away is a row, not an error.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Cli;

use SOS_Publisher\Plugin;
use SOS_Publisher\Status\Fleet_View;
use SOS_Publisher\Status\Lookup;

defined( 'ABSPATH' ) || exit;

/**
 * Rows of the site have `name`, `state` (ok, warning, error), `value` (for programs) and `text` (for people).
 */
final class Status_Report {
	const OK      = 'ok';
	const WARNING = 'warning';
	const ERROR   = 'error';

	/** Objects that are named without a number. */
	const SINGLE = array( 'site', 'types', 'taxonomies' );

	/**
	 * The plugin's parts.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * Nothing is asked yet.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public function __construct( Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * An object as somebody writes it, by its reference; null if it is none.
	 *
	 * @param string $name Such as "12" or "term:5".
	 */
	public static function ref( string $name ): ?string {
		if ( ctype_digit( $name ) ) {
			return 'post:' . (int) $name;
		}
		return in_array( $name, self::SINGLE, true ) || preg_match( '/^(?:post|term|user|menu):[1-9]\d*$/D', $name ) ? $name : null;
	}

	/**
	 * Where objects stand.
	 *
	 * @param string[] $refs Such as "post:12".
	 * @return array[] Rows with name, state (live, pending, failed …), nodes_live, nodes_total, seconds, text.
	 */
	public function objects( array $refs ): array {
		$rows = array();
		foreach ( ( new Lookup( $this->plugin ) )->many( $refs ) as $ref => $verdict ) {
			$rows[] = array(
				'name'        => $ref,
				'state'       => (string) $verdict['state'],
				'nodes_live'  => (int) $verdict['nodes_live'],
				'nodes_total' => (int) $verdict['nodes_total'],
				'seconds'     => null === $verdict['seconds'] ? null : round( (float) $verdict['seconds'], 3 ),
				'text'        => (string) $verdict['text'],
			);
		}
		return $rows;
	}

	/**
	 * The exit code for objects: 1 when one of them could not be sent.
	 *
	 * @param array[] $rows From `objects`.
	 */
	public static function code_of_objects( array $rows ): int {
		return in_array( 'failed', array_column( $rows, 'state' ), true ) ? Commands::WRONG : 0;
	}

	/**
	 * How the site stands.
	 *
	 * @return array[] Rows.
	 */
	public function site(): array {
		$settings = $this->plugin->settings();
		$problems = $settings->problems();
		$rows     = array(
			self::row( 'settings', $problems ? self::ERROR : self::OK, $settings->site(), $problems ? implode( ' ', $problems ) : $settings->site() ),
		);
		if ( $settings->is_configured() ) {
			$rows = array_merge( $rows, $this->store(), array( $this->rebuild() ) );
		}
		return array_merge( $rows, array( $this->backlog(), $this->failures() ) );
	}

	/**
	 * The exit code for the site: settings before store before the rest.
	 *
	 * @param array[] $rows From `site`.
	 */
	public static function code_of_site( array $rows ): int {
		$states = array_column( $rows, 'state', 'name' );
		if ( self::ERROR === $states['settings'] ) {
			return Commands::UNSET;
		}
		if ( self::ERROR === ( $states['store'] ?? '' ) ) {
			return Commands::UNAVAILABLE;
		}
		return in_array( self::ERROR, $states, true ) ? Commands::WRONG : 0;
	}

	/**
	 * What differs, one object a row; what could not be read in WordPress is `failed`.
	 *
	 * @param array $drift From Rebuild::verify.
	 * @return array[] Rows with name and drift.
	 */
	public static function drift( array $drift ): array {
		$rows = array();
		foreach ( array( 'missing', 'extra', 'different', 'failed' ) as $kind ) {
			foreach ( $drift[ $kind ] ?? array() as $ref ) {
				$rows[] = array(
					'name'  => (string) $ref,
					'drift' => $kind,
				);
			}
		}
		return $rows;
	}

	/**
	 * The store and who reads from it.
	 *
	 * @return array[] Rows.
	 */
	private function store(): array {
		$where = $this->plugin->settings()->redacted_url();
		try {
			$store = $this->plugin->store();
			$facts = $store->facts();
			$meta  = $store->meta();
			$fleet = new Fleet_View( $store->nodes() );
		} catch ( \RuntimeException $problem ) {
			return array( self::row( 'store', self::ERROR, $where, $problem->getMessage() ) );
		}
		$policy = (string) ( $facts['policy'] ?? '' );
		$server = trim( ( $facts['server'] ?? '' ) . ' ' . ( $facts['version'] ?? '' ) );
		$full   = '1' === (string) ( $meta['ready'] ?? '' );
		return array(
			self::row( 'store', self::OK, $where, trim( $server . ' ' . $where ) ),
			'noeviction' === $policy || '' === $policy
				? self::row( 'policy', self::OK, $policy, '' === $policy ? __( 'It does not say what it does when it is full.', 'sos-publisher' ) : $policy )
				/* translators: %s: name of a policy of Redis. */
				: self::row( 'policy', self::WARNING, $policy, sprintf( __( 'It throws content away when it is full (%s); set maxmemory-policy to noeviction.', 'sos-publisher' ), $policy ) ),
			self::row( 'content', $full ? self::OK : self::WARNING, (int) ( $meta['rev'] ?? 0 ), $full ? __( 'complete', 'sos-publisher' ) : __( 'Not complete yet: "wp sos rebuild" sends everything.', 'sos-publisher' ) ),
			self::row( 'nodes', $fleet->total() ? self::OK : self::WARNING, $fleet->total(), $fleet->total() ? implode( ', ', array_keys( $fleet->reports() ) ) : __( 'No node is running.', 'sos-publisher' ) ),
		);
	}

	/**
	 * How far a rebuild is.
	 */
	private function rebuild(): array {
		$progress = $this->plugin->rebuild()->progress();
		$error    = (string) ( $progress['error'] ?? '' );
		if ( empty( $progress['running'] ) ) {
			return self::row( 'rebuild', '' === $error ? self::OK : self::WARNING, '', '' === $error ? __( 'none under way', 'sos-publisher' ) : $error );
		}
		$value = (int) $progress['done'] . '/' . (int) $progress['total'];
		return self::row( 'rebuild', '' === $error ? self::OK : self::WARNING, $value, trim( $value . ' ' . $error ) );
	}

	/**
	 * What waits.
	 */
	private function backlog(): array {
		$backlog = ( new Lookup( $this->plugin ) )->backlog();
		if ( null === $backlog ) {
			return self::row( 'backlog', self::OK, 0, __( 'nothing waits', 'sos-publisher' ) );
		}
		$late = $backlog['seconds'] > Lookup::BEHIND_SECONDS;
		/* translators: 1: number of changes, 2: number of seconds. */
		$text = sprintf( __( '%1$s waiting, the oldest for %2$s s', 'sos-publisher' ), number_format_i18n( $backlog['count'] ), number_format_i18n( $backlog['seconds'] ) );
		return self::row( 'backlog', $late ? self::ERROR : self::OK, $backlog['count'], $text );
	}

	/**
	 * What was refused.
	 */
	private function failures(): array {
		$failures = $this->plugin->marks()->failures( 100 );
		if ( ! $failures ) {
			return self::row( 'failures', self::OK, 0, __( 'none', 'sos-publisher' ) );
		}
		$last = end( $failures );
		return self::row( 'failures', self::ERROR, count( $failures ), $last['ref'] . ': ' . $last['error'] );
	}

	/**
	 * One row.
	 *
	 * @param string     $name  What it is of.
	 * @param string     $state One of ok, warning, error.
	 * @param int|string $value For programs.
	 * @param string     $text  For people.
	 */
	private static function row( string $name, string $state, $value, string $text ): array {
		return compact( 'name', 'state', 'value', 'text' );
	}
}
