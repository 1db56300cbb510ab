<?php
/**
 * The document of an author.
 *
 * In: a user who has published something. Out: the document, as REST tells a visitor; nothing else of a user is public.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See build.
 */
final class User_Document {
	/**
	 * The document of an author.
	 *
	 * @param \WP_User $user That Visibility calls an author.
	 * @throws \RuntimeException When it can't be rendered.
	 */
	public static function build( \WP_User $user ): Document {
		list( $members ) = Rendering::of(
			'user-' . $user->ID,
			static function () use ( $user ): array {
				return Rest_Call::of_user( $user );
			}
		);

		$path = Paths::of_user( $user );
		if ( '' !== $path ) {
			$members['sos'] = array( 'path' => $path );
		}
		return new Document( 'user:' . $user->ID, $members );
	}
}
