<?php
/**
 * The same content, the same bytes: takes what WordPress counts per request, or draws by lot, out of a document.
 *
 * In: a document's members and pieces of CSS as WordPress rendered them. Out: both with numbers of the document's own,
 * which no other document has. Without it each save would change every class such as `wp-container-12`, and two
 * documents on one page would share them.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * One document's numbers.
 */
final class Numbers {
	/**
	 * WordPress's counter is moved up to here, so that its numbers can't be taken for ids of posts or pictures.
	 */
	private const FLOOR = 20000;

	/**
	 * What stands before a number that is an id all the same.
	 */
	private const IDS = '/(?:wp-image|wp-att|attachment|attachment_id|post|postid|parent-pageid|page-item|page-id|cat-item|tag-link|menu-item|menu-item-object|galleryid|comment|user|author|term|category|tag|cat)[-_]$/';

	/**
	 * What CSS could load something with, or leave its element: nodes drop all CSS of a document that has any of it.
	 */
	private const LOADING = '/[<\\\\]|@import|url\(|expression\(|javascript:|image-set\(|image\(|src\(/i';

	private const TAG        = '/<[a-zA-Z](?:[^<>"\']++|"[^"]*+"|\'[^\']*+\')*+>/';
	private const ATTRIBUTE  = '/(\s(?:class|id|for|name|aria-[a-z]+|data-[a-z0-9_-]+|href|xlink:href|usemap|headers|list|form|popovertarget|commandfor)\s*=\s*)("[^"]*"|\'[^\']*\')/i';
	private const OLD_SCRIPT = '#<!--\[if lt IE 9\]><script>document\.createElement\(\'(?:audio|video)\'\);</script><!\[endif\]-->\s*#';

	/**
	 * The document's own: `12` of a post, `term-5` of a term.
	 *
	 * @var string
	 */
	private string $name;

	/**
	 * WordPress's counter before and after the document was made.
	 *
	 * @var int
	 */
	private int $first;

	/**
	 * See first.
	 *
	 * @var int
	 */
	private int $last = 0;

	/**
	 * What became of each number, by what is counted.
	 *
	 * @var array<string, array<string, string>>
	 */
	private array $given = array();

	/**
	 * Ids of captions, and how often each was met.
	 *
	 * @var array<string, int>
	 */
	private array $captions = array();

	/**
	 * Numbers for a document that is about to be made.
	 *
	 * @param string $name The document's own.
	 */
	public function __construct( string $name ) {
		$this->name  = $name;
		$this->first = (int) wp_unique_id();
		if ( $this->first < self::FLOOR ) {
			self::count_past_beginning( $this->first );
			$this->first = (int) wp_unique_id();
		}
		add_filter( 'shortcode_atts_caption', array( $this, 'mark_caption' ), PHP_INT_MAX );
		// Whatever is drawn by lot is drawn the same way each time; not for anything secret (random_int).
		mt_srand( crc32( $name ) ); // phpcs:ignore WordPress.WP.AlternativeFunctions.rand_seeding_mt_srand
	}

	/**
	 * Bring WordPress's counters to where they tell nothing more: numbers that are no ids, players that are not the
	 * request's first (which come with a script for old browsers, and so in other paragraphs).
	 *
	 * @param int $number Where the counter is.
	 */
	private static function count_past_beginning( int $number ): void {
		while ( $number < self::FLOOR ) {
			$number = (int) wp_unique_id();
		}
		$post = $GLOBALS['post'] ?? null;
		unset( $GLOBALS['post'] );
		wp_audio_shortcode( array() );
		wp_video_shortcode( array() );
		$GLOBALS['post'] = $post; // phpcs:ignore WordPress.WP.GlobalVariablesOverride -- As it was.
	}

	/**
	 * The document was made.
	 */
	public function stop(): void {
		$this->last = (int) wp_unique_id();
		remove_filter( 'shortcode_atts_caption', array( $this, 'mark_caption' ), PHP_INT_MAX );
		mt_srand( random_int( 0, PHP_INT_MAX ) ); // phpcs:ignore WordPress.WP.AlternativeFunctions.rand_seeding_mt_srand
	}

	/**
	 * WordPress 7 counts captions of the same picture in the whole request: give each an id that it won't count.
	 *
	 * @param mixed $attributes Of the shortcode.
	 * @return mixed
	 */
	public function mark_caption( $attributes ) {
		foreach ( array( 'id', 'caption_id' ) as $field ) {
			if ( is_array( $attributes ) && isset( $attributes[ $field ] ) && '' !== $attributes[ $field ] ) {
				$attributes[ $field ] .= '-sosmark' . wp_unique_id();
			}
		}
		return $attributes;
	}

	/**
	 * Members of a document with its own numbers in all HTML.
	 *
	 * @param array<string, mixed> $members Of a document.
	 * @return array<string, mixed>
	 */
	public function settle( array $members ): array {
		array_walk_recursive(
			$members,
			function ( &$value ): void {
				if ( is_string( $value ) && false !== strpos( $value, '<' ) ) {
					$value = $this->settle_html( $value );
				}
			}
		);
		return $members;
	}

	/**
	 * CSS with the same numbers. What is for elements that are not in the document is dropped (an excerpt is made by
	 * rendering all blocks once more).
	 *
	 * @param string[] $pieces Of CSS.
	 */
	public function settle_css( array $pieces ): string {
		$css = '';
		foreach ( $pieces as $piece ) {
			if ( preg_match( self::LOADING, $piece ) ) {
				continue;
			}
			$unknown = false;
			$settled = preg_replace_callback(
				'/(?<=[A-Za-z0-9_-][-_])(\d{5,})(?!\d)|(?<![\w-])wp-elements-(\d{1,9})(?![\w-])/',
				function ( array $found ) use ( &$unknown ): string {
					if ( isset( $found[2] ) ) {
						$unknown = $unknown || ! isset( $this->given['elements'][ $found[2] ] );
						return 'wp-elements-' . ( $this->given['elements'][ $found[2] ] ?? '' );
					}
					if ( ! $this->is_counted( $found[1] ) ) {
						return $found[1];
					}
					$unknown = $unknown || ! isset( $this->given['counter'][ $found[1] ] );
					return $this->given['counter'][ $found[1] ] ?? '';
				},
				$piece
			);
			if ( is_string( $settled ) && ! $unknown ) {
				$css .= $settled . "\n";
			}
		}
		return trim( $css );
	}

	/**
	 * HTML with the document's own numbers.
	 *
	 * @param string $html Of one member.
	 */
	private function settle_html( string $html ): string {
		$html = self::replaced( self::OLD_SCRIPT, '', $html );
		$html = $this->settle_shortcodes( $html );
		$html = $this->settle_lots( $html );
		return self::replaced(
			self::TAG,
			function ( array $tag ): string {
				return self::replaced( self::ATTRIBUTE, array( $this, 'settle_attribute' ), $tag[0] );
			},
			$html
		);
	}

	/**
	 * One attribute with the document's own numbers.
	 *
	 * @param string[] $found Name and value.
	 */
	public function settle_attribute( array $found ): string {
		list( , $name, $value ) = $found;
		if ( false !== stripos( $name, 'href' ) && '#' !== $value[1] ) {
			return $found[0];
		}
		$value = self::replaced(
			'/-sosmark(\d+)(?!\d)/',
			function ( array $mark ) use ( $value ): string {
				return $this->settle_caption( $mark[1], $value );
			},
			$value
		);
		$value = self::replaced(
			'/(?<![\w-])wp-elements-(\d{1,9})(?![\w-])/',
			function ( array $number ): string {
				return 'wp-elements-' . $this->give( 'elements', $number[1] );
			},
			$value
		);
		$value = self::replaced(
			'/([A-Za-z0-9_-]*[-_])(\d{5,})(?!\d)/',
			function ( array $number ): string {
				$counted = $this->is_counted( $number[2] ) && ! preg_match( self::IDS, $number[1] );
				return $number[1] . ( $counted ? $this->give( 'counter', $number[2] ) : $number[2] );
			},
			$value
		);
		return $name . $value;
	}

	/**
	 * What classic shortcodes count: galleries, players, and the address by which a player's fallback is fetched.
	 *
	 * @param string $html Of one member.
	 */
	private function settle_shortcodes( string $html ): string {
		$html = self::replaced(
			'/(<(?:div|section|figure)\b[^>]*\bid=[\'"])gallery-(\d+)([\'"] class=[\'"]gallery galleryid-)/',
			function ( array $found ): string {
				return $found[1] . 'gallery-' . $this->give( 'gallery', $found[2] ) . $found[3];
			},
			$html
		);
		$html = self::replaced(
			'#<style\b[^>]*>[^<]*</style>#',
			function ( array $style ): string {
				return self::replaced(
					'/#gallery-(\d+)(?=[\s.{,>])/',
					function ( array $found ): string {
						return '#gallery-' . $this->give( 'gallery', $found[1] );
					},
					$style[0]
				);
			},
			$html
		);
		if ( ! empty( $this->given['gallery'] ) ) {
			$html = self::replaced(
				'/(\b(?:id|aria-describedby)=[\'"])gallery-(\d+)(?=-\d+[\'"])/',
				function ( array $found ): string {
					return $found[1] . 'gallery-' . ( $this->given['gallery'][ $found[2] ] ?? $found[2] );
				},
				$html
			);
		}
		$html = self::replaced(
			'/(\bid="(audio|video)-\d+-)(\d+)"/',
			function ( array $found ): string {
				return $found[1] . substr( strrchr( '-' . $this->give( $found[2], $found[3] ), '-' ), 1 ) . '"';
			},
			$html
		);
		return self::replaced(
			'/(<source\b[^>]*\bsrc="[^"]*[?&](?:#038;|amp;)?_=)(\d+)"/',
			function ( array $found ): string {
				return $found[1] . substr( strrchr( '-' . $this->give( 'source', $found[2] ), '-' ), 1 ) . '"';
			},
			$html
		);
	}

	/**
	 * What is drawn by lot: names of pictures that can be enlarged, secrets of embedded posts.
	 *
	 * @param string $html Of one member.
	 */
	private function settle_lots( string $html ): string {
		$lots = array();
		if ( preg_match_all( '/(?:imageId|galleryId)(?:"|&quot;|&#0?34;):(?:"|&quot;|&#0?34;)([0-9a-f]{13})(?![0-9a-f])/', $html, $found ) ) {
			$lots = $found[1];
		}
		if ( preg_match_all( '/\bdata-secret=["\']([A-Za-z0-9]{10})["\']/', $html, $found ) ) {
			$lots = array_merge( $lots, $found[1] );
		}
		foreach ( array_unique( $lots ) as $lot ) {
			$html = str_replace( $lot, substr( sha1( 'lot ' . $this->give( 'lot', $lot ) ), 0, strlen( $lot ) ), $html );
		}
		return $html;
	}

	/**
	 * What follows an id of a caption: nothing the first time.
	 *
	 * @param string $number What was put behind it.
	 * @param string $value  The attribute that it stands in.
	 */
	private function settle_caption( string $number, string $value ): string {
		if ( ! isset( $this->given['caption'][ $number ] ) ) {
			$base = str_replace( array( '_', 'caption-', '"', "'" ), array( '-', '', '', '' ), substr( $value, 0, (int) strpos( $value, '-sosmark' ) ) );

			$this->captions[ $base ] = ( $this->captions[ $base ] ?? 0 ) + 1;

			$this->given['caption'][ $number ] = 1 === $this->captions[ $base ] ? '' : '-' . $this->captions[ $base ];
		}
		return $this->given['caption'][ $number ];
	}

	/**
	 * Whether WordPress counted this while the document was made.
	 *
	 * @param string $number Digits.
	 */
	private function is_counted( string $number ): bool {
		return strlen( $number ) < 12 && (int) $number > $this->first && (int) $number < $this->last;
	}

	/**
	 * The document's own number for one of the request's.
	 *
	 * @param string $kind   What is counted.
	 * @param string $number Of the request.
	 */
	private function give( string $kind, string $number ): string {
		if ( ! isset( $this->given[ $kind ][ $number ] ) ) {
			$this->given[ $kind ][ $number ] = $this->name . '-' . ( count( $this->given[ $kind ] ?? array() ) + 1 );
		}
		return $this->given[ $kind ][ $number ];
	}

	/**
	 * As preg_replace or preg_replace_callback; the text itself where it is more than they can take.
	 *
	 * @param string          $pattern What to look for.
	 * @param string|callable $by      What to put there.
	 * @param string          $text    In which.
	 */
	private static function replaced( string $pattern, $by, string $text ): string {
		$replaced = is_string( $by ) ? preg_replace( $pattern, $by, $text ) : preg_replace_callback( $pattern, $by, $text );
		return is_string( $replaced ) ? $replaced : $text;
	}
}
