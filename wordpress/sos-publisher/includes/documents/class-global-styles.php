<?php
/**
 * Colours and sizes that the theme's theme.json, and editors in the site editor, chose for the whole site.
 *
 * In: global styles, merged as WordPress merges them. Out: presets by kind and slug, as their CSS variables have them,
 * and the colours of the page itself. Nodes check each value, and write their own CSS (sos/content/site_styles.py).
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See build.
 */
final class Global_Styles {
	/**
	 * Kinds of presets that are sent. Of the others, duotone filters are SVG and fonts are files, which no node keeps.
	 */
	private const VARIABLE = '/--wp--preset--(color|gradient|font-size|spacing|shadow)--([a-z0-9-]+):\s*([^;{}]+)/';

	/**
	 * Colours of the page itself: where theme.json has them.
	 */
	private const COLOURS = array(
		'background'        => array( 'color', 'background' ),
		'text'              => array( 'color', 'text' ),
		'link'              => array( 'elements', 'link', 'color', 'text' ),
		'button_background' => array( 'elements', 'button', 'color', 'background' ),
		'button_text'       => array( 'elements', 'button', 'color', 'text' ),
	);

	/**
	 * Presets and colours; what a theme or a plugin makes WordPress fail at is left out.
	 *
	 * @return array<string, mixed>
	 */
	public static function build(): array {
		// What WordPress remembers may be from before the change that this is sent for, or of another site of a network.
		if ( function_exists( 'wp_clean_theme_json_cache' ) ) {
			wp_clean_theme_json_cache();
		} else {
			\WP_Theme_JSON_Resolver::clean_cached_data();
		}
		try {
			return array_merge(
				array( 'presets' => (object) self::presets( (string) wp_get_global_stylesheet( array( 'variables' ) ) ) ),
				self::colours( (array) wp_get_global_styles() )
			);
		} catch ( \Throwable $error ) {
			return array();
		}
	}

	/**
	 * The variables of the whole page, by kind; those of single blocks stay out.
	 *
	 * @param string $css WordPress's, or a theme's.
	 * @return array<string, object>
	 */
	private static function presets( string $css ): array {
		$presets = array();
		preg_match_all( '/(?<=^|\})\s*(?::root|body)\s*\{([^{}]*)/', $css, $rules );
		preg_match_all( self::VARIABLE, implode( ';', $rules[1] ), $found, PREG_SET_ORDER );
		foreach ( $found as list( , $kind, $slug, $value ) ) {
			$presets[ $kind ][ $slug ] = trim( $value );
		}
		return array_map( static fn( array $values ): object => (object) $values, $presets );
	}

	/**
	 * The colours of the page that were chosen.
	 *
	 * @param array<string, mixed> $styles Of the site.
	 * @return array<string, string>
	 */
	private static function colours( array $styles ): array {
		$colours = array();
		foreach ( self::COLOURS as $name => $path ) {
			$value = _wp_array_get( $styles, $path );
			if ( is_string( $value ) && '' !== $value ) {
				// An editor's choice of a preset is written like this until WordPress makes CSS of it.
				$colours[ $name ] = preg_replace( '/^var:preset\|color\|([a-z0-9-]+)$/', 'var(--wp--preset--color--$1)', $value );
			}
		}
		// WordPress's own button, which is nobody's choice.
		$is_plain = '#32373c' === ( $colours['button_background'] ?? '' ) && '#fff' === ( $colours['button_text'] ?? '' );
		return $is_plain ? array_diff_key( $colours, array_flip( array( 'button_background', 'button_text' ) ) ) : $colours;
	}
}
