<?php
/**
 * The list of callouts: which is live now, which comes, which has ended, where and how important.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Callouts;
use SOS_Publisher\Expiry;

defined( 'ABSPATH' ) || exit;

/**
 * Two columns.
 */
final class Callout_List {
	/**
	 * What the front page shows now, by placement; null until it is asked for.
	 *
	 * @var array<string, \WP_Post>|null
	 */
	private ?array $shown = null;

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_filter( 'manage_' . Callouts::TYPE . '_posts_columns', array( $this, 'add_columns' ), 5 );
		add_action( 'manage_' . Callouts::TYPE . '_posts_custom_column', array( $this, 'show' ), 10, 2 );
		add_filter( 'post_row_actions', array( $this, 'filter_actions' ), 10, 2 );
	}

	/**
	 * After the title.
	 *
	 * @param string[] $columns Columns of the screen.
	 */
	public function add_columns( $columns ) {
		$own = array(
			'sos_when'  => __( 'When', 'sos-publisher' ),
			'sos_where' => __( 'Where', 'sos-publisher' ),
		);
		unset( $columns['author'] );
		return array_slice( $columns, 0, 2, true ) + $own + array_slice( $columns, 2, null, true );
	}

	/**
	 * Print one cell.
	 *
	 * @param string $column  Name of the column.
	 * @param int    $post_id The callout.
	 */
	public function show( $column, $post_id ): void {
		if ( 'sos_where' === $column ) {
			$label = Callouts::placements()[ Callouts::placement( (int) $post_id ) ][0];
			/* translators: 1: "Banner" or "Takeover", 2: number from 0 to 100. */
			printf( esc_html__( '%1$s, priority %2$s', 'sos-publisher' ), esc_html( $label ), esc_html( number_format_i18n( Callouts::priority( (int) $post_id ) ) ) );
		}
		if ( 'sos_when' === $column ) {
			$post  = get_post( (int) $post_id );
			$state = Callouts::state( $post );
			$rival = 'live' === $state ? $this->rival( $post ) : null;
			if ( $rival ) {
				/* translators: %s: title of another callout. */
				printf( '<span class="sos-pill sos-pill-behind">%s</span><br>%s', esc_html__( 'Not shown', 'sos-publisher' ), esc_html( sprintf( __( '“%s” is shown instead: its priority is higher, or it is newer.', 'sos-publisher' ), get_the_title( $rival ) ) ) );
				return;
			}
			printf( '<span class="sos-pill sos-pill-%s">%s</span><br>%s', esc_attr( $state ), esc_html( self::state_name( $state ) ), esc_html( self::span( $post, $state ) ) );
		}
	}

	/**
	 * The callout that is shown in place of one that could be, or null.
	 *
	 * @param \WP_Post $post A callout that is live.
	 */
	private function rival( \WP_Post $post ): ?\WP_Post {
		$this->shown = $this->shown ?? Callouts::shown();
		$shown       = $this->shown[ Callouts::placement( $post->ID ) ] ?? null;
		return $shown && $shown->ID !== $post->ID ? $shown : null;
	}

	/**
	 * "View" would lead to the front page; that is said by the label.
	 *
	 * @param string[] $actions Links of the row.
	 * @param \WP_Post $post    The row.
	 */
	public function filter_actions( $actions, $post ) {
		if ( $post instanceof \WP_Post && Callouts::TYPE === $post->post_type && 'publish' === $post->post_status ) {
			unset( $actions['view'] );
		}
		return $actions;
	}

	/**
	 * The word for a state.
	 *
	 * @param string $state From Callouts::state.
	 */
	private static function state_name( string $state ): string {
		$names = array(
			'live'      => __( 'Live now', 'sos-publisher' ),
			'scheduled' => __( 'Scheduled', 'sos-publisher' ),
			'ended'     => __( 'Ended', 'sos-publisher' ),
			'draft'     => __( 'Draft', 'sos-publisher' ),
		);
		return $names[ $state ];
	}

	/**
	 * From when to when.
	 *
	 * @param \WP_Post $post  The callout.
	 * @param string   $state From Callouts::state.
	 */
	private static function span( \WP_Post $post, string $state ): string {
		$end = Expiry::of( $post->ID );
		if ( 'scheduled' === $state ) {
			/* translators: %s: date and time. */
			$from = sprintf( __( 'From %s', 'sos-publisher' ), Expiry::in_words( $post->post_date_gmt ) );
			/* translators: %s: date and time. */
			return '' === $end ? $from : $from . ' ' . sprintf( __( 'until %s', 'sos-publisher' ), Expiry::in_words( $end ) );
		}
		if ( '' === $end ) {
			return 'live' === $state ? __( 'Until it is taken off', 'sos-publisher' ) : '';
		}
		/* translators: %s: date and time. */
		return 'ended' === $state ? Expiry::in_words( $end ) : sprintf( __( 'Until %s', 'sos-publisher' ), Expiry::in_words( $end ) );
	}
}
