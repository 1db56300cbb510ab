<?php
/** The words of the fixture: insert something into WordPress, remember it under a key, make up text. */

/** Returns everything recorded so far; with a key and an entry, records that first. */
function rig_recorded( ?string $key = null, array $entry = array() ): array {
	static $items = array();
	if ( null !== $key ) {
		if ( isset( $items[ $key ] ) && $entry['id'] !== $items[ $key ]['id'] ) {
			throw new LogicException( "two items are called $key" );
		}
		$items[ $key ] = array_merge( $items[ $key ] ?? array(), $entry );
	}
	return $items;
}

/** Returns the id of a recorded item. */
function rig_id( string $key ): int {
	return rig_recorded()[ $key ]['id'];
}

/** Passes a result on, unless it is WordPress's way of saying that it failed. */
function rig_check( $result ) {
	if ( is_wp_error( $result ) || ! $result ) {
		throw new RuntimeException( is_wp_error( $result ) ? $result->get_error_message() : 'WordPress returned nothing' );
	}
	return $result;
}

/** Records a post of any type; what has changed since (link, status) is recorded anew. */
function rig_record_post( string $key, int $id, array $more = array() ): int {
	$post = get_post( $id );
	rig_recorded(
		$key,
		array(
			'id'     => $id,
			'type'   => $post->post_type,
			'status' => $post->post_status,
			'slug'   => $post->post_name,
			'link'   => get_permalink( $id ),
			'title'  => get_the_title( $id ),
		) + $more
	);
	return $id;
}

/**
 * Inserts a post. `terms` is taxonomy => ids or names, `thumbnail` an attachment's id, `format` a post
 * format; the other fields are wp_insert_post's. Without a key it is not recorded.
 */
function rig_post( ?string $key, array $fields, array $more = array() ): int {
	$terms     = $fields['terms'] ?? array();
	$thumbnail = $fields['thumbnail'] ?? 0;
	$format    = $fields['format'] ?? '';
	unset( $fields['terms'], $fields['thumbnail'], $fields['format'] );
	$fields += array(
		'post_status' => 'publish',
		'post_type'   => 'post',
		'post_author' => 1,
	);
	if ( in_array( $fields['post_status'], array( 'draft', 'pending' ), true ) ) {
		$fields += array( 'post_date' => '2024-06-01 12:00:00' );
	}
	$id = rig_check( wp_insert_post( wp_slash( $fields ), true ) );
	foreach ( array_filter( $terms ) as $taxonomy => $names ) {
		rig_check( wp_set_object_terms( $id, $names, $taxonomy ) );
	}
	if ( $thumbnail ) {
		set_post_thumbnail( $id, $thumbnail );
	}
	if ( $format ) {
		set_post_format( $id, $format );
	}
	return $key ? rig_record_post( $key, $id, $more ) : $id;
}

/** Inserts a term and records it. */
function rig_term( string $key, string $name, string $taxonomy, array $fields = array() ): int {
	$id = rig_check( wp_insert_term( $name, $taxonomy, $fields ) )['term_id'];
	rig_recorded(
		$key,
		array(
			'id'       => $id,
			'type'     => 'term',
			'taxonomy' => $taxonomy,
			'slug'     => get_term( $id )->slug,
			'link'     => get_term_link( $id ),
			'title'    => get_term( $id )->name,
		)
	);
	return $id;
}

/** Returns a sentence of about `$words` words; the same seed gives the same sentence. */
function rig_sentence( int $seed, int $words = 12 ): string {
	static $lexicon = array( 'harbour', 'tide', 'lantern', 'rope', 'gull', 'keel', 'north', 'salt', 'quiet', 'bright', 'wooden', 'slow', 'carries', 'follows', 'turns', 'waits', 'under', 'before', 'beside', 'the', 'a', 'every', 'some', 'morning', 'letter', 'window', 'garden', 'engine', 'winter', 'paper' );
	$state          = $seed * 2654435761 % 4294967296;
	$chosen         = array();
	for ( $i = 0; $i < $words; $i++ ) {
		$state    = ( $state * 1664525 + 1013904223 ) % 4294967296;
		$chosen[] = $lexicon[ intdiv( $state, 65536 ) % count( $lexicon ) ];
	}
	return ucfirst( implode( ' ', $chosen ) ) . '.';
}

/** Returns a paragraph of sentences, without markup. */
function rig_prose( int $seed, int $sentences = 4 ): string {
	$parts = array();
	for ( $i = 0; $i < $sentences; $i++ ) {
		$parts[] = rig_sentence( $seed * 101 + $i, 8 + ( $seed + 3 * $i ) % 9 );
	}
	return implode( ' ', $parts );
}

/** Returns block-editor content of some paragraphs. */
function rig_paragraphs( int $seed, int $count = 3 ): string {
	$blocks = array();
	for ( $i = 0; $i < $count; $i++ ) {
		$blocks[] = rig_block( 'paragraph', '<p>' . rig_prose( $seed * 31 + $i ) . '</p>' );
	}
	return implode( "\n\n", $blocks );
}
