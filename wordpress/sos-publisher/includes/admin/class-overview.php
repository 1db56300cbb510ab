<?php
/**
 * The state of publishing on one page: verdict, store, backlog, nodes, latest changes.
 *
 * In: settings, marks table, store. Out: escaped HTML, printed by the page under Tools and sent to its script. A store
 * that is away is one of the states, not an error.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Plugin;
use SOS_Publisher\Status\Fleet_View;
use SOS_Publisher\Status\Lookup;
use SOS_Publisher\Status\Verdict;
use SOS_Publisher\Status\Words;

defined( 'ABSPATH' ) || exit;

/**
 * HTML of the overview.
 */
final class Overview {
	/**
	 * So many nodes are listed.
	 */
	private const MOST_NODES = 24;

	/**
	 * The plugin's parts.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * Facts of the store, or null when it did not answer.
	 *
	 * @var array|null
	 */
	private ?array $facts = null;

	/**
	 * The fleet, or null when the store did not answer.
	 *
	 * @var Fleet_View|null
	 */
	private ?Fleet_View $fleet = null;

	/**
	 * Members of the store's meta key.
	 *
	 * @var array
	 */
	private array $meta = array();

	/**
	 * Why the store did not answer, or ''.
	 *
	 * @var string
	 */
	private string $problem = '';

	/**
	 * Nothing is asked yet.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public function __construct( Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * What stands above the buttons, and what stands below.
	 *
	 * @return string[] Two pieces of HTML.
	 */
	public function html(): array {
		if ( ! $this->plugin->settings()->is_configured() ) {
			return array( self::banner( 'off', __( 'Publishing is not set up.', 'sos-publisher' ), __( 'Nothing of this site is published until the settings are filled in.', 'sos-publisher' ) ), '' );
		}
		$this->ask_store();
		$backlog = ( new Lookup( $this->plugin ) )->backlog();
		$failed  = Journal::failed( $this->plugin->marks() );
		return array(
			$this->verdict( $backlog, $failed ) . '<div class="sos-cards">' . $this->store_card() . $this->backlog_card( $backlog ) . $this->content_card() . '</div>',
			$this->waiting( $backlog ) . $this->nodes() . $this->sent(),
		);
	}

	/**
	 * Name and version of the server: "Valkey 9.1.2".
	 *
	 * @param array $facts From Store::facts.
	 */
	public static function server_name( array $facts ): string {
		return trim( ( $facts['server'] ?? 'Redis' ) . ' ' . ( $facts['version'] ?? '' ) );
	}

	/**
	 * Ask once, for everything.
	 */
	private function ask_store(): void {
		try {
			$store       = $this->plugin->store();
			$this->facts = $store->facts();
			$this->meta  = $store->meta();
			$this->fleet = new Fleet_View( $store->nodes() );
		} catch ( \RuntimeException $problem ) {
			$this->problem = $problem->getMessage();
		}
	}

	/**
	 * One line that says whether all is well.
	 *
	 * @param array|null $backlog What waits.
	 * @param array|null $failed  What was refused.
	 */
	private function verdict( ?array $backlog, ?array $failed ): string {
		if ( '' !== $this->problem ) {
			return self::banner( 'failed', __( 'The content store does not answer.', 'sos-publisher' ), $this->problem . ' ' . __( 'The public site goes on with what it has; what is saved here goes out as soon as the store is back.', 'sos-publisher' ) );
		}
		if ( null !== $failed ) {
			/* translators: %s: number of changes. */
			return self::banner( 'failed', sprintf( _n( '%s change could not be published.', '%s changes could not be published.', $failed['count'], 'sos-publisher' ), number_format_i18n( $failed['count'] ) ), __( 'It is tried again by itself. What was published before stays.', 'sos-publisher' ) );
		}
		if ( null !== $backlog && $backlog['seconds'] > Lookup::BEHIND_SECONDS ) {
			return self::banner( 'pending', Words::behind( $backlog ), __( 'If this does not go down, see whether WP-Cron runs.', 'sos-publisher' ) );
		}
		if ( null !== $this->fleet && 0 === $this->fleet->total() ) {
			return self::banner( 'pending', __( 'Everything is stored, but no node is running.', 'sos-publisher' ), __( 'Visitors are served once nodes run with this content store.', 'sos-publisher' ) );
		}
		$rebuild = Progress::describe( $this->plugin->rebuild()->progress() );
		if ( $rebuild['running'] ) {
			return self::banner( 'pending', __( 'The whole site is being sent.', 'sos-publisher' ), $rebuild['text'] );
		}
		if ( empty( $this->meta['ready'] ) ) {
			return self::banner( 'pending', __( 'The content store is not complete yet.', 'sos-publisher' ), __( '“Rebuild everything” below sends the whole site once.', 'sos-publisher' ) );
		}
		return self::banner( 'live', __( 'Everything is published.', 'sos-publisher' ), '' );
	}

	/**
	 * The store.
	 */
	private function store_card(): string {
		$lines = array( '<code>' . esc_html( $this->plugin->settings()->redacted_url() ) . '</code>' );
		if ( null === $this->facts ) {
			$lines[] = esc_html__( 'No answer', 'sos-publisher' );
		} else {
			/* translators: 1: name and version of the server, 2: duration such as 0.4 ms */
			$lines[] = esc_html( sprintf( __( '%1$s, answers in %2$s', 'sos-publisher' ), self::server_name( $this->facts ), Words::milliseconds( (float) $this->facts['latency_ms'] ) ) );
			$policy  = (string) $this->facts['policy'];
			if ( 'noeviction' === $policy ) {
				$lines[] = esc_html__( 'Keeps everything (noeviction)', 'sos-publisher' );
			} elseif ( '' !== $policy ) {
				/* translators: %s: name of a policy of Redis. */
				$lines[] = '<strong class="sos-bad">' . esc_html( sprintf( __( 'Throws content away when full (%s); set maxmemory-policy to noeviction', 'sos-publisher' ), $policy ) ) . '</strong>';
			}
		}
		return self::card( __( 'Content store', 'sos-publisher' ), $lines );
	}

	/**
	 * What waits, in figures.
	 *
	 * @param array|null $backlog What waits.
	 */
	private function backlog_card( ?array $backlog ): string {
		if ( null === $backlog ) {
			return self::card( __( 'Waiting', 'sos-publisher' ), array( esc_html__( 'Nothing', 'sos-publisher' ) ) );
		}
		return self::card(
			__( 'Waiting', 'sos-publisher' ),
			array(
				'<strong>' . esc_html( Words::changes( $backlog['count'] ) ) . '</strong>',
				/* translators: %s: duration such as "2 min". */
				esc_html( sprintf( __( 'the oldest for %s', 'sos-publisher' ), Words::duration( $backlog['seconds'] ) ) ),
			)
		);
	}

	/**
	 * What the store holds.
	 */
	private function content_card(): string {
		$site  = $this->plugin->settings()->site();
		$lines = array( sprintf( '<a href="%s">%s</a>', esc_url( $site ), esc_html( $site ) ) );
		if ( isset( $this->meta['rev'] ) ) {
			/* translators: %s: a number that grows with each change. */
			$lines[] = esc_html( sprintf( __( 'Revision %s', 'sos-publisher' ), number_format_i18n( (int) $this->meta['rev'] ) ) );
		}
		if ( '' === $this->plugin->settings()->preview_secret() ) {
			$lines[] = esc_html__( 'No previews: their secret is not set', 'sos-publisher' );
		}
		return self::card( __( 'Public site', 'sos-publisher' ), $lines );
	}

	/**
	 * The changes that wait, where they are late or were refused.
	 *
	 * @param array|null $backlog What waits.
	 */
	private function waiting( ?array $backlog ): string {
		if ( null === $backlog ) {
			return '';
		}
		$rows = array();
		foreach ( Journal::waiting( 15 ) as $row ) {
			$failed = Verdict::has_failed( $row );
			$rows[] = array(
				self::name( (string) $row['ref'] ),
				/* translators: %s: duration such as "2 min". */
				esc_html( sprintf( __( '%s ago', 'sos-publisher' ), Words::duration( microtime( true ) - (float) $row['marked_at'] ) ) ),
				$failed ? '<strong class="sos-bad">' . esc_html( (string) $row['error'] ) . '</strong>' : esc_html__( 'Waiting', 'sos-publisher' ),
			);
		}
		return self::table( __( 'What waits', 'sos-publisher' ), array( __( 'What', 'sos-publisher' ), __( 'Changed', 'sos-publisher' ), __( 'State', 'sos-publisher' ) ), $rows, '' );
	}

	/**
	 * The nodes: those that are not well first, and of a large fleet not all.
	 */
	private function nodes(): string {
		$ill  = array();
		$well = array();
		foreach ( null === $this->fleet ? array() : $this->fleet->reports() as $name => $report ) {
			$behind = (int) ( $this->meta['rev'] ?? 0 ) - (int) ( $report['content_revision'] ?? 0 );
			$good   = ! empty( $report['healthy'] ) && empty( $report['stale'] );
			$cells  = array(
				sprintf( '<span class="sos-status sos-is-%s"><span class="sos-dot" aria-hidden="true"></span></span> %s', $good ? 'live' : 'pending', esc_html( (string) $name ) ),
				esc_html( $good ? __( 'Serves', 'sos-publisher' ) : trim( ( $report['state'] ?? '' ) . ' ' . ( $report['reason'] ?? '' ) ) ),
				esc_html( (string) ( $report['release'] ?? '' ) ),
				/* translators: %s: number of changes. */
				esc_html( $behind > 0 ? sprintf( _n( '%s change behind', '%s changes behind', $behind, 'sos-publisher' ), number_format_i18n( $behind ) ) : __( 'Up to date', 'sos-publisher' ) ),
			);
			if ( $good && $behind <= 0 ) {
				$well[] = $cells;
			} else {
				$ill[] = $cells;
			}
		}
		$rows    = array_slice( array_merge( $ill, $well ), 0, self::MOST_NODES );
		$more    = count( $ill ) + count( $well ) - count( $rows );
		$columns = array( __( 'Node', 'sos-publisher' ), __( 'State', 'sos-publisher' ), __( 'Templates', 'sos-publisher' ), __( 'Content', 'sos-publisher' ) );
		$html    = self::table( __( 'Nodes', 'sos-publisher' ), $columns, $rows, null === $this->fleet ? __( 'Not known while the content store does not answer.', 'sos-publisher' ) : __( 'No node has reported.', 'sos-publisher' ) );
		/* translators: %s: number of nodes. */
		return $html . ( $more > 0 ? '<p>' . esc_html( sprintf( __( 'And %s more.', 'sos-publisher' ), number_format_i18n( $more ) ) ) . '</p>' : '' );
	}

	/**
	 * The changes that were sent last.
	 */
	private function sent(): string {
		$outcomes = array(
			'applied'   => __( 'Published', 'sos-publisher' ),
			'unchanged' => __( 'Was so already', 'sos-publisher' ),
			'stale'     => __( 'Something newer was there', 'sos-publisher' ),
			'removed'   => __( 'Taken off', 'sos-publisher' ),
		);
		$rows     = array();
		foreach ( Journal::sent( $this->plugin->marks(), 15 ) as $row ) {
			$took   = (float) $row['sent_at'] - (float) $row['saved_at'];
			$rows[] = array(
				self::name( (string) $row['ref'] ),
				esc_html( Words::moment( (float) $row['sent_at'] ) ),
				esc_html( $outcomes[ $row['outcome'] ] ?? (string) $row['outcome'] ),
				(float) $row['saved_at'] > 0 && $took >= 0 ? esc_html( Words::duration( $took ) ) : '',
			);
		}
		$columns = array( __( 'What', 'sos-publisher' ), __( 'When', 'sos-publisher' ), __( 'Outcome', 'sos-publisher' ), __( 'In the store after', 'sos-publisher' ) );
		return self::table( __( 'Latest changes', 'sos-publisher' ), $columns, $rows, __( 'Nothing was sent yet.', 'sos-publisher' ) );
	}

	/**
	 * An object with a link to where it is edited.
	 *
	 * @param string $ref The ref.
	 */
	private static function name( string $ref ): string {
		$url = Ref_Name::edit_url( $ref );
		return '' === $url ? esc_html( Ref_Name::text( $ref ) ) : sprintf( '<a href="%s">%s</a>', esc_url( $url ), esc_html( Ref_Name::text( $ref ) ) );
	}

	/**
	 * The line on top.
	 *
	 * @param string $state  As of a status.
	 * @param string $title  In bold.
	 * @param string $detail Below, or ''.
	 */
	private static function banner( string $state, string $title, string $detail ): string {
		return sprintf(
			'<div class="sos-banner sos-status sos-is-%s"><span class="sos-dot" aria-hidden="true"></span><span class="sos-text">%s</span><span class="sos-detail">%s</span></div>',
			esc_attr( $state ),
			esc_html( $title ),
			esc_html( trim( $detail ) )
		);
	}

	/**
	 * A card.
	 *
	 * @param string   $title Its title.
	 * @param string[] $lines Escaped HTML.
	 */
	private static function card( string $title, array $lines ): string {
		return '<div class="sos-card"><h2>' . esc_html( $title ) . '</h2><p>' . implode( '<br>', $lines ) . '</p></div>';
	}

	/**
	 * A table with a heading.
	 *
	 * @param string   $title   Its heading.
	 * @param string[] $columns Names of columns.
	 * @param array[]  $rows    Cells: escaped HTML.
	 * @param string   $empty   What stands there without rows.
	 */
	private static function table( string $title, array $columns, array $rows, string $empty ): string {
		$html = '<h2>' . esc_html( $title ) . '</h2>';
		if ( ! $rows ) {
			return $html . '<p>' . esc_html( $empty ) . '</p>';
		}
		$html .= '<table class="widefat striped sos-table"><thead><tr>';
		foreach ( $columns as $column ) {
			$html .= '<th scope="col">' . esc_html( $column ) . '</th>';
		}
		$html .= '</tr></thead><tbody>';
		foreach ( $rows as $cells ) {
			$html .= '<tr><td>' . implode( '</td><td>', $cells ) . '</td></tr>';
		}
		return $html . '</tbody></table>';
	}
}
