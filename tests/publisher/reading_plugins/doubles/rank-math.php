<?php
/** The public API of Rank Math that documents are read with. */

namespace RankMath;

final class Helper {
	public static function get_settings( string $name ) {
		return 'titles.pt_post_title' === $name ? '%title% %sep% Site' : '';
	}

	public static function replace_vars( string $text, $post ): string {
		return strtr( $text, array( '%title%' => $post->post_title, '%sep%' => '-' ) );
	}
}
