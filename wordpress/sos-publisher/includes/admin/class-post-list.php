<?php
/**
 * The column "Public site" in the lists of posts, pages, custom types and callouts.
 *
 * In: the rows that the screen shows. Out: where each stands. One SQL query and one look at the fleet a screen, however
 * long the list; without a store, the column says so and the list is as fast as ever.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Admin;

use SOS_Publisher\Expiry;
use SOS_Publisher\Plugin;
use SOS_Publisher\Status\Lookup;

defined( 'ABSPATH' ) || exit;

/**
 * One column.
 */
final class Post_List {
	public const COLUMN = 'sos_status';

	/**
	 * The plugin's parts.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * What was looked up for this screen, by ref.
	 *
	 * @var array<string, array>
	 */
	private array $found = array();

	/**
	 * Nothing is asked yet.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public function __construct( Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'admin_init', array( $this, 'register_columns' ) );
	}

	/**
	 * For each type that has a state on the public site; by now, all types are known.
	 */
	public function register_columns(): void {
		foreach ( Expiry::post_types() as $type ) {
			add_filter( "manage_{$type}_posts_columns", array( $this, 'add_column' ) );
			add_action( "manage_{$type}_posts_custom_column", array( $this, 'show' ), 10, 2 );
		}
	}

	/**
	 * The column, before the date.
	 *
	 * @param string[] $columns Columns of the screen.
	 */
	public function add_column( $columns ) {
		$label = __( 'Public site', 'sos-publisher' );
		if ( ! isset( $columns['date'] ) ) {
			return $columns + array( self::COLUMN => $label );
		}
		$before = array_search( 'date', array_keys( $columns ), true );
		return array_slice( $columns, 0, $before, true ) + array( self::COLUMN => $label ) + array_slice( $columns, $before, null, true );
	}

	/**
	 * Print where one stands.
	 *
	 * @param string $column Name of the column.
	 * @param int    $post_id The post.
	 */
	public function show( $column, $post_id ): void {
		if ( self::COLUMN !== $column ) {
			return;
		}
		$ref = 'post:' . (int) $post_id;
		if ( ! isset( $this->found[ $ref ] ) ) {
			$this->found += ( new Lookup( $this->plugin ) )->many( $this->refs_of_screen( $ref ) );
		}
		echo Badge::html( $ref, $this->found[ $ref ] ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- Escaped there.
	}

	/**
	 * All rows of the screen at once, or the one row that a quick edit prints.
	 *
	 * @param string $ref The one that is asked for now.
	 * @return string[]
	 */
	private function refs_of_screen( string $ref ): array {
		global $wp_query;
		$refs = array( $ref );
		if ( ! wp_doing_ajax() && $wp_query instanceof \WP_Query ) {
			foreach ( (array) $wp_query->posts as $post ) {
				$refs[] = 'post:' . (int) ( is_object( $post ) ? $post->ID : $post );
			}
		}
		return array_values( array_unique( $refs ) );
	}
}
