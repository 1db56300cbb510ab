<?php
/**
 * The CSS that blocks ask for while they are rendered, and that `content.rendered` does not carry.
 *
 * In: a document being made between `open` and `close`. Out: pieces of CSS, in the order in which WordPress would print
 * them. WordPress's own queues of styles are set aside meanwhile and put back as they were.
 *
 * Blocks leave CSS in three places: the style engine's stores (layout, elements, position), inline styles of handles
 * (style variations, custom CSS, blocks of plugins), and callbacks that wp_enqueue_block_support_styles() hangs into the
 * page's head or foot (galleries before 6.9). Duotone filters are left out: they are SVG, which no node keeps.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * One document's worth.
 */
final class Block_Css {
	/**
	 * Handles whose inline CSS is the whole site's.
	 */
	private const COMMON = array( 'global-styles', 'classic-theme-styles', 'wp-block-library', 'wp-emoji-styles', 'admin-bar' );

	/**
	 * The request's own styles.
	 *
	 * @var \WP_Styles
	 */
	private \WP_Styles $styles;

	/**
	 * The request's own callbacks at head and foot.
	 *
	 * @var array<string, \WP_Hook|null>
	 */
	private array $hooks = array();

	/**
	 * Set WordPress's queues aside.
	 */
	public static function open(): self {
		return new self();
	}

	/**
	 * See open.
	 */
	private function __construct() {
		\WP_Style_Engine_CSS_Rules_Store::remove_all_stores();
		$this->styles = wp_styles();
		$fresh        = clone $this->styles;
		foreach ( $fresh->registered as $handle => $style ) {
			$style = clone $style;
			unset( $style->extra['after'] );
			$fresh->registered[ $handle ] = $style;
		}
		foreach ( array( 'wp_head', 'wp_footer' ) as $name ) {
			$this->hooks[ $name ] = $GLOBALS['wp_filter'][ $name ] ?? null;
			unset( $GLOBALS['wp_filter'][ $name ] );
		}
		$GLOBALS['wp_styles'] = $fresh; // phpcs:ignore WordPress.WP.GlobalVariablesOverride -- Put back by close().
	}

	/**
	 * Put WordPress's queues back, and tell what had been added.
	 *
	 * @return string[] Pieces of CSS, none of which is empty.
	 */
	public function close(): array {
		$pieces = array_merge( self::of_handles(), self::of_stores(), self::of_hooks(), self::of_handle( 'wp-block-custom-css' ) );
		\WP_Style_Engine_CSS_Rules_Store::remove_all_stores();
		$GLOBALS['wp_styles'] = $this->styles; // phpcs:ignore WordPress.WP.GlobalVariablesOverride -- As it was.
		foreach ( $this->hooks as $name => $hook ) {
			unset( $GLOBALS['wp_filter'][ $name ] );
			if ( $hook ) {
				$GLOBALS['wp_filter'][ $name ] = $hook; // phpcs:ignore WordPress.WP.GlobalVariablesOverride -- As it was.
			}
		}
		return array_values( array_unique( array_filter( array_map( 'trim', $pieces ) ) ) );
	}

	/**
	 * Inline styles, but for those that come last.
	 *
	 * @return string[]
	 */
	private static function of_handles(): array {
		$pieces = array();
		foreach ( array_diff( array_keys( wp_styles()->registered ), self::COMMON, array( 'wp-block-custom-css' ) ) as $handle ) {
			if ( 0 !== strpos( $handle, 'wp-duotone' ) ) {
				$pieces = array_merge( $pieces, self::of_handle( $handle ) );
			}
		}
		return $pieces;
	}

	/**
	 * Inline styles of one handle.
	 *
	 * @param string $handle Of a style.
	 * @return string[]
	 */
	private static function of_handle( string $handle ): array {
		$after = wp_styles()->get_data( $handle, 'after' );
		return is_array( $after ) ? array_filter( $after, 'is_string' ) : array();
	}

	/**
	 * Rules of the style engine.
	 *
	 * @return string[]
	 */
	private static function of_stores(): array {
		$pieces = array();
		foreach ( \WP_Style_Engine_CSS_Rules_Store::get_stores() as $store ) {
			foreach ( $store->get_all_rules() as $rule ) {
				$pieces[] = $rule->get_css( false );
			}
		}
		return $pieces;
	}

	/**
	 * What wp_enqueue_block_support_styles() has closed in: nothing is called, only looked into.
	 *
	 * @return string[]
	 */
	private static function of_hooks(): array {
		$pieces = array();
		foreach ( array( 'wp_head', 'wp_footer' ) as $name ) {
			$hook = $GLOBALS['wp_filter'][ $name ] ?? null;
			foreach ( $hook instanceof \WP_Hook ? $hook->callbacks : array() as $callbacks ) {
				foreach ( $callbacks as $callback ) {
					if ( $callback['function'] instanceof \Closure ) {
						$closed   = ( new \ReflectionFunction( $callback['function'] ) )->getStaticVariables();
						$pieces[] = isset( $closed['style'] ) && is_string( $closed['style'] ) ? $closed['style'] : '';
					}
				}
			}
		}
		return $pieces;
	}
}
