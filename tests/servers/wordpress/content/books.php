<?php
/** The custom post type: enough books for a second page of its archive, with terms at every level. */

$rig_genres = array( array(), array( 'genre_fiction' ), array( 'genre_crime' ), array( 'genre_nordic' ), array( 'genre_poetry', 'genre_fiction' ) );
for ( $i = 1; $i <= 14; $i++ ) {
	rig_post(
		"book_$i",
		array(
			'post_type'    => 'book',
			'post_title'   => sprintf( 'Book %02d: %s', $i, rtrim( rig_sentence( 500 + $i, 3 ), '.' ) ),
			'post_content' => rig_paragraphs( 500 + $i ),
			'post_excerpt' => $i % 3 ? '' : "Blurb of book $i.",
			'post_date'    => sprintf( '2022-%02d-11 18:00:00', 1 + $i % 12 ),
			'post_author'  => rig_id( 'editor_ines' ),
			'meta_input'   => array( 'pages' => 100 + $i ),
			'terms'        => array(
				'genre' => array_map( 'rig_id', $rig_genres[ $i % 5 ] ),
				'mood'  => array( $i % 2 ? 'Dark' : 'Light & airy' ),
			),
			'thumbnail'    => 0 === $i % 4 ? rig_id( 'image_tall' ) : 0,
		)
	);
}
rig_post( 'book_cyrillic', array( 'post_type' => 'book', 'post_title' => 'Книга о море', 'post_content' => '<p>О море.</p>', 'post_date' => '2022-05-05 18:00:00', 'terms' => array( 'genre' => array( rig_id( 'genre_poetry' ) ) ) ) );
rig_post( 'book_draft', array( 'post_type' => 'book', 'post_title' => 'An unfinished book', 'post_content' => 'DRAFT-BOOK-BODY', 'post_status' => 'draft' ) );
rig_post( 'book_protected', array( 'post_type' => 'book', 'post_title' => 'A locked book', 'post_content' => 'SECRET-BOOK-BODY', 'post_password' => 'open-sesame', 'post_date' => '2022-05-06 18:00:00' ), array( 'password' => 'open-sesame' ) );
