<?php
/** Puts what depends on everything else right: rewrite rules, term counts, and the links recorded early. */

flush_rewrite_rules();
foreach ( get_taxonomies() as $rig_taxonomy ) {
	$rig_terms = get_terms( array( 'taxonomy' => $rig_taxonomy, 'hide_empty' => false, 'fields' => 'tt_ids' ) );
	if ( $rig_terms ) {
		wp_update_term_count_now( $rig_terms, $rig_taxonomy );
	}
}
foreach ( rig_recorded() as $rig_key => $rig_item ) {
	if ( isset( $rig_item['status'] ) && 'comment' !== $rig_item['type'] && 'deleted' !== $rig_item['status'] ) {
		rig_record_post( $rig_key, $rig_item['id'] );
		// What the address will be once it is public; `link` is what WordPress says now.
		if ( in_array( $rig_item['status'], array( 'draft', 'pending', 'future' ), true ) ) {
			[ $rig_pattern, $rig_slug ] = get_sample_permalink( $rig_item['id'] );
			rig_recorded( $rig_key, array( 'id' => $rig_item['id'], 'public_link' => str_replace( array( '%postname%', '%pagename%' ), $rig_slug, $rig_pattern ) ) );
		}
	}
}
