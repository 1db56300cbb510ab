<?php
/** Posts that are special by what WordPress does with them: status, password, stickiness, pages, formats. */

$rig_news = array( 'category' => array( rig_id( 'category_news' ) ) );

// Not public, or only partly.
rig_post(
	'protected_post',
	array(
		'post_title'    => 'For members only',
		'post_content'  => rig_block( 'paragraph', '<p>SECRET-BODY of the protected post.</p>' ),
		'post_excerpt'  => 'SECRET-EXCERPT of the protected post.',
		'post_password' => 'open-sesame',
		'post_date'     => '2024-02-01 09:00:00',
		'terms'         => $rig_news,
		'thumbnail'     => rig_id( 'image_wide' ),
	),
	array( 'password' => 'open-sesame' )
);
rig_upload( 'protected_attachment', 'members.png', rig_draw( 'members.png', 320, 200 ), array( 'post_title' => 'SECRET-TITLE of an attachment', 'post_excerpt' => 'SECRET-CAPTION of an attachment', 'post_content' => 'SECRET-DESCRIPTION of an attachment' ), rig_id( 'protected_post' ) );
rig_post( 'private_post', array( 'post_title' => 'Private post', 'post_content' => 'PRIVATE-BODY', 'post_status' => 'private', 'post_date' => '2024-02-02 09:00:00' ) );
rig_upload( 'private_attachment', 'private.png', rig_draw( 'private.png', 320, 200 ), array( 'post_title' => 'Attachment of a private post' ), rig_id( 'private_post' ) );
rig_post( 'draft_post', array( 'post_title' => 'Draft post', 'post_content' => 'DRAFT-BODY', 'post_status' => 'draft' ) );
rig_post( 'pending_post', array( 'post_title' => 'Pending post', 'post_content' => 'PENDING-BODY', 'post_status' => 'pending', 'post_author' => rig_id( 'author_olga' ) ) );
rig_post( 'future_post', array( 'post_title' => 'From the future', 'post_content' => 'FUTURE-BODY', 'post_status' => 'future', 'post_date' => '2087-03-04 05:06:07' ) );

$rig_trashed = rig_post( null, array( 'post_title' => 'Thrown away', 'post_name' => 'thrown-away', 'post_content' => 'TRASHED-BODY', 'post_date' => '2024-02-03 09:00:00' ) );
$rig_link    = get_permalink( $rig_trashed );
rig_check( wp_trash_post( $rig_trashed ) );
rig_record_post( 'trashed_post', $rig_trashed, array( 'old_link' => $rig_link ) );

$rig_deleted = rig_post( null, array( 'post_title' => 'Deleted', 'post_name' => 'deleted-for-good', 'post_content' => 'DELETED-BODY', 'post_date' => '2024-02-03 10:00:00' ) );
rig_recorded( 'deleted_post', array( 'id' => $rig_deleted, 'type' => 'post', 'status' => 'deleted', 'link' => get_permalink( $rig_deleted ) ) );
rig_check( wp_delete_post( $rig_deleted, true ) );

// Sticky.
rig_post( 'sticky_recent', array( 'post_title' => 'Sticky and recent', 'post_content' => rig_paragraphs( 301 ), 'post_date' => '2024-03-20 12:00:00', 'terms' => $rig_news ) );
rig_post( 'sticky_old', array( 'post_title' => 'Sticky and old', 'post_content' => rig_paragraphs( 302 ), 'post_date' => '2019-02-10 12:00:00', 'terms' => $rig_news ) );
stick_post( rig_id( 'sticky_recent' ) );
stick_post( rig_id( 'sticky_old' ) );

// Several pages, and "more".
rig_post( 'paged_post', array( 'post_title' => 'In three pages', 'post_content' => "PAGE-ONE of the text.\n\n<!--nextpage-->\n\nPAGE-TWO of the text.\n\n<!--nextpage-->\n\nPAGE-THREE of the text.", 'post_date' => '2024-03-01 09:00:00' ) );
rig_post(
	'paged_block_post',
	array(
		'post_title'   => 'Pages from blocks',
		'post_content' => rig_block( 'paragraph', '<p>BLOCK-PAGE-ONE</p>' ) . "\n\n<!-- wp:nextpage -->\n<!--nextpage-->\n<!-- /wp:nextpage -->\n\n" . rig_block( 'paragraph', '<p>BLOCK-PAGE-TWO begins<!--nextpage-->BLOCK-PAGE-THREE ends</p>' ),
		'post_date'    => '2024-03-02 09:00:00',
	)
);
rig_post( 'more_post', array( 'post_title' => 'A teaser and more', 'post_content' => "The TEASER of the text.\n\n<!--more Go on reading-->\n\nThe REST of the text.", 'post_date' => '2024-03-03 09:00:00', 'terms' => $rig_news ) );
rig_post( 'more_block_post', array( 'post_title' => 'A teaser from blocks', 'post_content' => rig_block( 'paragraph', '<p>The TEASER of the blocks.</p>' ) . "\n\n<!-- wp:more -->\n<!--more-->\n<!-- /wp:more -->\n\n" . rig_block( 'paragraph', '<p>The REST of the blocks.</p>' ), 'post_date' => '2024-03-04 09:00:00', 'terms' => $rig_news ) );
rig_post( 'noteaser_post', array( 'post_title' => 'No teaser on its own page', 'post_content' => "The TEASER.<!--more--><!--noteaser-->\n\nThe REST.", 'post_date' => '2024-03-05 09:00:00' ) );

// Formats.
$rig_formats = array(
	'aside'   => 'A remark in passing.',
	'quote'   => '<blockquote class="wp-block-quote"><p>Quoted.</p><cite>Somebody</cite></blockquote>',
	'link'    => '<a href="https://example.org/">An interesting place</a>',
	'status'  => 'At sea.',
	'image'   => rig_image_block( rig_id( 'image_tall' ) ),
	'gallery' => '[gallery ids="' . rig_id( 'image_wide' ) . ',' . rig_id( 'image_tall' ) . '"]',
	'video'   => '[video src="' . wp_get_attachment_url( rig_id( 'film' ) ) . '" width="640" height="360"]',
	'audio'   => '[audio src="' . wp_get_attachment_url( rig_id( 'sound' ) ) . '"]',
	'chat'    => "Anna: Ahoy.\nBert: Ahoy there.",
);
$rig_day     = 0;
foreach ( $rig_formats as $rig_format => $rig_content ) {
	++$rig_day;
	rig_post( "format_$rig_format", array( 'post_title' => "Format: $rig_format", 'post_content' => $rig_content, 'post_date' => sprintf( '2023-11-%02d 12:00:00', $rig_day ), 'format' => $rig_format ) );
}

// Pictures and comments.
rig_post( 'featured_post', array( 'post_title' => 'With a featured image', 'post_content' => rig_paragraphs( 303 ), 'post_date' => '2024-03-06 09:00:00', 'thumbnail' => rig_id( 'image_wide' ) ) );
rig_post( 'featured_huge_post', array( 'post_title' => 'With a featured image that WordPress scaled down', 'post_content' => rig_paragraphs( 304 ), 'post_date' => '2024-03-07 09:00:00', 'thumbnail' => rig_id( 'image_huge' ) ) );
rig_post( 'commented_post', array( 'post_title' => 'With comments', 'post_content' => rig_paragraphs( 305 ), 'post_date' => '2024-03-08 09:00:00', 'comment_status' => 'open' ) );
rig_post( 'comments_closed_post', array( 'post_title' => 'Comments are closed', 'post_content' => rig_paragraphs( 306 ), 'post_date' => '2024-03-09 09:00:00', 'comment_status' => 'closed', 'ping_status' => 'closed' ) );

// Other authors.
rig_post( 'rami_post', array( 'post_title' => 'رسالة من البحر', 'post_content' => '<p>مرحبا بالعالم. هذه رسالة طويلة من البحر.</p>', 'post_date' => '2024-03-10 09:00:00', 'post_author' => rig_id( 'author_rami' ), 'post_name' => 'letter-from-the-sea' ) );

// Addresses that changed.
$rig_renamed = rig_post( null, array( 'post_title' => 'Renamed', 'post_name' => 'first-name', 'post_content' => rig_paragraphs( 307 ), 'post_date' => '2024-03-11 09:00:00' ) );
$rig_link    = get_permalink( $rig_renamed );
wp_update_post( array( 'ID' => $rig_renamed, 'post_name' => 'second-name' ) );
wp_update_post( array( 'ID' => $rig_renamed, 'post_name' => 'third-name' ) );
rig_record_post( 'renamed_post', $rig_renamed, array( 'old_link' => $rig_link ) );

$rig_redated = rig_post( null, array( 'post_title' => 'Dated anew', 'post_name' => 'dated-anew', 'post_content' => rig_paragraphs( 308 ), 'post_date' => '2021-01-31 23:30:00' ) );
$rig_link    = get_permalink( $rig_redated );
wp_update_post( array( 'ID' => $rig_redated, 'post_date' => '2024-02-29 23:30:00', 'post_date_gmt' => '', 'edit_date' => true ) );
rig_record_post( 'redated_post', $rig_redated, array( 'old_link' => $rig_link ) );
