<?php
/**
 * One document being made: rendered by WordPress, then rid of what this request happened to count.
 *
 * In: what makes the members of a document. Out: the members and the CSS of their blocks, the same each time. Whatever
 * is thrown meanwhile is passed on, with WordPress's queues as they were.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See of.
 */
final class Rendering {
	/**
	 * Members and CSS of one document.
	 *
	 * @param string   $name What its classes are called after, unique among documents: `12`, `term-5`.
	 * @param callable $make Makes its members.
	 * @return array{0: array<string, mixed>, 1: string} Members, CSS.
	 */
	public static function of( string $name, callable $make ): array {
		Surroundings::reset();
		// What throws in the middle of a text of blocks leaves WordPress without wpautop() (do_blocks).
		$leave   = Surroundings::keep_hook( 'the_content' );
		$css     = Block_Css::open();
		$numbers = new Numbers( $name );
		$pieces  = array();
		try {
			$members = $make();
		} finally {
			$pieces = $css->close();
			$numbers->stop();
			$leave();
		}
		$members = $numbers->settle( $members );
		return array( $members, $numbers->settle_css( $pieces ) );
	}
}
