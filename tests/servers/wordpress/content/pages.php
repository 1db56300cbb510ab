<?php
/** Pages: four levels, a front page and a posts page for the static mode, and those that are special. */

/** Inserts a page below another one and records it. */
function rig_page( string $key, string $title, string $parent = '', array $fields = array(), array $more = array() ): int {
	return rig_post(
		$key,
		$fields + array(
			'post_type'    => 'page',
			'post_title'   => $title,
			'post_parent'  => $parent ? rig_id( $parent ) : 0,
			'post_content' => rig_paragraphs( crc32( $key ) % 1000, 2 ),
			'post_date'    => '2021-04-01 10:00:00',
		),
		$more
	);
}

rig_page( 'front_page', 'Welcome aboard', '', array( 'post_name' => 'welcome', 'post_content' => rig_block( 'paragraph', '<p>FRONT-PAGE text.</p>' ) ) );
rig_page( 'posts_page', 'Journal', '', array( 'post_name' => 'journal', 'post_content' => 'POSTS-PAGE text, which WordPress does not show.' ) );
rig_page( 'company_page', 'Company', '', array( 'post_name' => 'company', 'menu_order' => 1, 'comment_status' => 'open' ) );
rig_page( 'departments_page', 'Departments', 'company_page', array( 'post_name' => 'departments', 'menu_order' => 2 ) );
rig_page( 'engines_page', 'Engines & decks', 'departments_page', array( 'post_name' => 'engines', 'thumbnail' => rig_id( 'image_wide' ) ) );
rig_page( 'stokers_page', 'Stokers', 'engines_page', array( 'post_name' => 'stokers' ) );
rig_page( 'protected_page', 'Crew only', 'company_page', array( 'post_name' => 'crew-only', 'post_content' => 'SECRET-PAGE-BODY', 'post_password' => 'open-sesame' ), array( 'password' => 'open-sesame' ) );
rig_page( 'child_of_protected_page', 'Below the crew', 'protected_page', array( 'post_name' => 'below' ) );
rig_page( 'private_page', 'Private page', '', array( 'post_name' => 'private-page', 'post_content' => 'PRIVATE-PAGE-BODY', 'post_status' => 'private' ) );
rig_page( 'child_of_private_page', 'Below the private one', 'private_page', array( 'post_name' => 'public-child' ) );
rig_page( 'draft_page', 'Draft page', '', array( 'post_name' => 'draft-page', 'post_content' => 'DRAFT-PAGE-BODY', 'post_status' => 'draft' ) );
rig_page( 'child_of_draft_page', 'Below the draft', 'draft_page', array( 'post_name' => 'orphan' ) );
rig_page( 'cyrillic_page', 'О нас', '', array( 'post_content' => '<p>Мы у моря.</p>' ) );
rig_page( 'cyrillic_child_page', 'Команда', 'cyrillic_page', array( 'post_content' => '<p>Нас шестеро.</p>' ) );
rig_page( 'paged_page', 'A page in two pages', '', array( 'post_name' => 'two-pages', 'post_content' => "PAGE-PART-ONE\n\n<!--nextpage-->\n\nPAGE-PART-TWO" ) );
// The same slug as a post, and as a category: all three are different addresses.
rig_page( 'same_slug_page', 'The same name, as a page', '', array( 'post_name' => 'same-name' ) );
rig_page( 'news_page', 'News, the page', '', array( 'post_name' => 'news' ) );
// Below a page, a slug may be what it likes, except for what would be a page number.
rig_page( 'odd_slug_page', 'Page 3', 'company_page', array( 'post_name' => '3' ) );

// Moved to another parent, and renamed with a child below: WordPress keeps no old slug for pages.
rig_page( 'moved_page', 'Moved', 'company_page', array( 'post_name' => 'moved' ) );
$rig_link = get_permalink( rig_id( 'moved_page' ) );
wp_update_post( array( 'ID' => rig_id( 'moved_page' ), 'post_parent' => rig_id( 'cyrillic_page' ) ) );
rig_record_post( 'moved_page', rig_id( 'moved_page' ), array( 'old_link' => $rig_link ) );

rig_page( 'renamed_page', 'Renamed page', '', array( 'post_name' => 'page-first-name' ) );
rig_page( 'child_of_renamed_page', 'Its child', 'renamed_page', array( 'post_name' => 'child' ) );
$rig_links = array( get_permalink( rig_id( 'renamed_page' ) ), get_permalink( rig_id( 'child_of_renamed_page' ) ) );
wp_update_post( array( 'ID' => rig_id( 'renamed_page' ), 'post_name' => 'page-second-name' ) );
rig_record_post( 'renamed_page', rig_id( 'renamed_page' ), array( 'old_link' => $rig_links[0] ) );
rig_record_post( 'child_of_renamed_page', rig_id( 'child_of_renamed_page' ), array( 'old_link' => $rig_links[1] ) );
