<?php
/**
 * Menu items of rendered navigation blocks.
 *
 * In: HTML as WordPress rendered it. Out: items in the shape of classic menus' (sos/wordpress/menus.py does the same).
 * A list inside of an item makes what follows children of that item.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * Reads one navigation.
 */
final class Navigation {
	/**
	 * Items of one menu that are kept.
	 */
	public const MOST = 2000;

	/**
	 * Links so far: url, target, rel, text, parent.
	 *
	 * @var array<int, array<string, mixed>>
	 */
	private array $links = array();

	/**
	 * Open list items, each with the number of its first link or 0.
	 *
	 * @var int[]
	 */
	private array $items = array();

	/**
	 * Number of the link that is open, or 0.
	 *
	 * @var int
	 */
	private int $open = 0;

	/**
	 * How many elements are open whose text is not part of a label.
	 *
	 * @var int
	 */
	private int $silent = 0;

	/**
	 * Items of a navigation, in order; those without a label are left out.
	 *
	 * @param string $html Rendered blocks.
	 * @return array<int, array<string, mixed>>
	 */
	public static function items( string $html ): array {
		$navigation = new self();
		// Comments, tags, and the text between them.
		preg_match_all( '/<!--.*?-->|<(\/?)([a-zA-Z][a-zA-Z0-9-]*)((?:[^<>"\']++|"[^"]*+"|\'[^\']*+\')*+)>|[^<]++|</s', $html, $parts, PREG_SET_ORDER );
		foreach ( $parts as $part ) {
			if ( ! isset( $part[2] ) ) {
				$navigation->read_text( $part[0] );
			} elseif ( '/' === $part[1] ) {
				$navigation->end( strtolower( $part[2] ) );
			} else {
				$navigation->begin( strtolower( $part[2] ), $part[3] );
			}
		}
		$items = array();
		foreach ( $navigation->links as $number => $link ) {
			$text = trim( (string) preg_replace( '/\s+/u', ' ', $link['text'] ) );
			if ( '' !== $text ) {
				$items[] = self::item( $number, $link, $text );
			}
		}
		return $items;
	}

	/**
	 * An element begins.
	 *
	 * @param string $tag        Its name.
	 * @param string $attributes As they stand in the tag.
	 */
	private function begin( string $tag, string $attributes ): void {
		$is_note = 'span' === $tag && ( $this->silent > 0 || false !== strpos( self::attribute( $attributes, 'class' ), 'wp-block-navigation-item__description' ) );
		if ( 'li' === $tag ) {
			$this->items[] = 0;
		} elseif ( $is_note || in_array( $tag, array( 'script', 'style', 'svg' ), true ) ) {
			++$this->silent;
		} elseif ( in_array( $tag, array( 'a', 'button' ), true ) && 0 === $this->open && count( $this->links ) < self::MOST ) {
			$this->begin_link( $tag, $attributes );
		}
	}

	/**
	 * An element ends.
	 *
	 * @param string $tag Its name.
	 */
	private function end( string $tag ): void {
		if ( 'li' === $tag ) {
			array_pop( $this->items );
		} elseif ( in_array( $tag, array( 'script', 'style', 'svg' ), true ) || ( 'span' === $tag && $this->silent > 0 ) ) {
			$this->silent = max( 0, $this->silent - 1 );
		} elseif ( 'a' === $tag || 'button' === $tag ) {
			$this->open = 0;
		}
	}

	/**
	 * Text between tags.
	 *
	 * @param string $text With character references.
	 */
	private function read_text( string $text ): void {
		if ( $this->open > 0 && 0 === $this->silent && 0 !== strpos( $text, '<!--' ) ) {
			$this->links[ $this->open ]['text'] .= html_entity_decode( $text, ENT_QUOTES | ENT_HTML5, 'UTF-8' );
		}
	}

	/**
	 * A link begins, or the button that opens a submenu that has no link of its own.
	 *
	 * @param string $tag        `a` or `button`.
	 * @param string $attributes As they stand in the tag.
	 */
	private function begin_link( string $tag, string $attributes ): void {
		$depth = count( $this->items );
		if ( 'button' === $tag && ( 0 === $depth || $this->items[ $depth - 1 ] > 0 ) ) {
			return; // The arrow beside a link that has its own submenu.
		}
		$above      = array_filter( array_slice( $this->items, 0, max( 0, $depth - 1 ) ) );
		$this->open = count( $this->links ) + 1;

		$this->links[ $this->open ] = array(
			'parent' => $above ? (int) end( $above ) : 0,
			'url'    => self::attribute( $attributes, 'href' ),
			'target' => self::attribute( $attributes, 'target' ),
			'rel'    => self::attribute( $attributes, 'rel' ),
			'text'   => '',
		);
		if ( $depth > 0 && 0 === $this->items[ $depth - 1 ] ) {
			$this->items[ $depth - 1 ] = $this->open;
		}
	}

	/**
	 * Value of an attribute; '' where there is none.
	 *
	 * @param string $attributes As they stand in a tag.
	 * @param string $name       Of the attribute.
	 */
	private static function attribute( string $attributes, string $name ): string {
		if ( ! preg_match( '/(?:^|\s)' . $name . '\s*=\s*(?:"([^"]*)"|\'([^\']*)\'|([^\s"\'>]+))/i', $attributes, $found ) ) {
			return '';
		}
		return html_entity_decode( (string) end( $found ), ENT_QUOTES | ENT_HTML5, 'UTF-8' );
	}

	/**
	 * An item in the shape of a classic menu's.
	 *
	 * @param int                  $number From 1.
	 * @param array<string, mixed> $link   As it was read.
	 * @param string               $text   Its label.
	 * @return array<string, mixed>
	 */
	private static function item( int $number, array $link, string $text ): array {
		return array(
			'id'          => $number,
			'parent'      => $link['parent'],
			'menu_order'  => $number,
			'title'       => array( 'rendered' => htmlspecialchars( $text, ENT_NOQUOTES, 'UTF-8' ) ),
			'url'         => $link['url'],
			'target'      => $link['target'],
			'classes'     => array(),
			'description' => '',
			'object'      => 'custom',
			'object_id'   => 0,
			'type'        => 'custom',
			'xfn'         => preg_split( '/\s+/', $link['rel'], -1, PREG_SPLIT_NO_EMPTY ),
		);
	}
}
