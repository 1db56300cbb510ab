<?php
/**
 * Fills a fresh WordPress with the test site, through WordPress's own functions, and prints what it made.
 *
 * The answer is a JSON object: a key for each item that tests ask for by name ("protected_post"), with its
 * id, link and what else is worth knowing. Dates and the order of ids are fixed. It runs once, on an
 * empty installation; the parts in `content/` add to it in the order below.
 */

error_reporting( E_ALL & ~E_DEPRECATED );
set_error_handler(
	function ( int $level, string $message, string $file, int $line ): bool {
		// A mistake in this fixture must not pass as content that happens to be odd.
		if ( str_starts_with( $file, __DIR__ ) ) {
			throw new ErrorException( $message, 0, $level, $file, $line );
		}
		return false;
	}
);

require __DIR__ . '/content/write.php';
require __DIR__ . '/content/blocks.php';

if ( get_posts( array( 'post_type' => 'any', 'post_status' => 'any' ) ) ) {
	throw new LogicException( 'this WordPress has content already' );
}

foreach ( array( 'options', 'people', 'terms', 'media', 'archive', 'special', 'odd', 'hostile', 'blockposts', 'books', 'pages', 'comments', 'menus', 'finish' ) as $rig_part ) {
	require __DIR__ . "/content/$rig_part.php";
}

echo wp_json_encode( rig_recorded(), JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE );
