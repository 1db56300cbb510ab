<?php
/** The public API of Rank Math that documents are read with. */

namespace RankMath;

final class Helper {
	public static function get_settings( string $name ) {
		$all = array( 'titles.pt_post_title' => '%title% %sep% Site', 'titles.tax_category_title' => '%term% %sep% Archive' );
		return $all[ $name ] ?? '';
	}

	public static function replace_vars( string $text, $post ): string {
		$title = $post instanceof \WP_Term ? $post->name : $post->post_title;
		return strtr( $text, array( '%title%' => $title, '%term%' => $title, '%sep%' => '-' ) );
	}
}
