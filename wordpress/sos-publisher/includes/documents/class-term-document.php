<?php
/**
 * The document of a term of a public taxonomy.
 *
 * In: a term. Out: its document, as REST tells it, with the path of its archive where its link does not tell it, and with
 * what a plugin for search engines says of it.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See build.
 */
final class Term_Document {
	/**
	 * The document of a term.
	 *
	 * @param \WP_Term $term Of a public taxonomy.
	 * @throws \RuntimeException When it can't be rendered.
	 */
	public static function build( \WP_Term $term ): Document {
		list( $members ) = Rendering::of(
			'term-' . $term->term_id,
			static function () use ( $term ): array {
				return Rest_Call::of_term( $term );
			}
		);
		if ( isset( $members['link'] ) && is_wp_error( $members['link'] ) ) {
			unset( $members['link'] );
		}
		$more = array_filter(
			array(
				'path' => Paths::of_term( $term ),
				'head' => Seo_Head::of_term( $term ),
			)
		);
		if ( $more ) {
			$members['sos'] = $more;
		}
		return new Document( 'term:' . $term->term_id, $members );
	}
}
