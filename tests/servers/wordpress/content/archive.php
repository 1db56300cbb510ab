<?php
/** Forty ordinary posts from 2019 to 2024, so that every kind of archive has more than one page. */

$rig_categories = array( array( 'category_news' ), array( 'category_coast' ), array( 'category_island' ), array( 'category_news', 'category_culture' ) );
$rig_authors    = array( 1, rig_id( 'editor_ines' ), rig_id( 'author_olga' ) );

for ( $i = 1; $i <= 40; $i++ ) {
	// Two of five share one instant a year: order must not rest on dates alone.
	$month = 1 + ( $i * 5 ) % 12;
	$year  = 2019 + intdiv( $i - 1, 8 );
	$day   = 1 + ( $i * 7 ) % 28;
	$date  = $i % 5 >= 3 ? sprintf( '%d-09-15 10:00:00', $year ) : sprintf( '%d-%02d-%02d %02d:%02d:00', $year, $month, $day, $i % 24, $i );
	rig_post(
		"archive_$i",
		array(
			'post_title'   => sprintf( 'Report %02d: %s', $i, rtrim( rig_sentence( $i, 4 ), '.' ) ),
			'post_content' => rig_paragraphs( $i, 2 + $i % 3 ),
			'post_excerpt' => 0 === $i % 4 ? "Written by hand for report $i, with <em>markup</em> & more." : '',
			'post_date'    => $date,
			'post_author'  => $rig_authors[ $i % 3 ],
			'terms'        => array(
				'category' => array_map( 'rig_id', $rig_categories[ $i % 4 ] ),
				'post_tag' => array_filter( array( $i % 2 ? 'boats' : '', $i % 3 ? '' : 'Weather' ) ),
			),
			'thumbnail'    => 0 === $i % 6 ? rig_id( $i % 12 ? 'image_wide' : 'image_tall' ) : 0,
		)
	);
}
