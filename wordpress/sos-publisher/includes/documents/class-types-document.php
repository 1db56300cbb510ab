<?php
/**
 * The document `types`: what REST tells of post types, and where their archives are.
 *
 * In: the types of the site. Out: the document. Types that REST does not show are in it if they have public pages.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See build.
 */
final class Types_Document {
	/**
	 * The document.
	 *
	 * @throws \RuntimeException When it can't be made.
	 */
	public static function build(): Document {
		$members    = array();
		$controller = Rest_Call::controller( \WP_REST_Post_Types_Controller::class, '' );
		$viewable   = Visibility::types();
		foreach ( get_post_types( array(), 'objects' ) as $name => $type ) {
			if ( ! $type->show_in_rest && ! in_array( $name, $viewable, true ) ) {
				continue;
			}
			$member = Rest_Call::prepare( $controller, $type, '/wp/v2/types/' . $name );
			$path   = Paths::of_archive( $type );
			if ( '' !== $path ) {
				$member['sos'] = array( 'archive_path' => $path );
			}
			$members[ $name ] = $member;
		}
		ksort( $members );
		return new Document( 'types', $members );
	}
}
