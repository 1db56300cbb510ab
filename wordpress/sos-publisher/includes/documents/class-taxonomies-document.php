<?php
/**
 * The document `taxonomies`: what REST tells of taxonomies, whose names are those of posts' fields.
 *
 * In: the taxonomies of the site. Out: the document. Those that REST does not show are in it if they have public pages.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See build.
 */
final class Taxonomies_Document {
	/**
	 * The document.
	 *
	 * @throws \RuntimeException When it can't be made.
	 */
	public static function build(): Document {
		$members    = array();
		$controller = Rest_Call::controller( \WP_REST_Taxonomies_Controller::class, '' );
		$viewable   = Visibility::taxonomies();
		foreach ( get_taxonomies( array(), 'objects' ) as $name => $taxonomy ) {
			if ( $taxonomy->show_in_rest || in_array( $name, $viewable, true ) ) {
				$members[ $name ] = Rest_Call::prepare( $controller, $taxonomy, '/wp/v2/taxonomies/' . $name );
			}
		}
		ksort( $members );
		return new Document( 'taxonomies', $members );
	}
}
