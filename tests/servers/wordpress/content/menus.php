<?php
/** Classic menus (four levels, every kind of item), a navigation of the block editor, and widgets. */

/** Adds an item to a menu. `fields` are wp_update_nav_menu_item's without their prefix "menu-item-". */
function rig_menu_item( int $menu, array $fields, int $parent = 0 ): int {
	$item = array(
		'menu-item-status'    => 'publish',
		'menu-item-parent-id' => $parent,
	);
	foreach ( $fields as $name => $value ) {
		$item[ "menu-item-$name" ] = $value;
	}
	return rig_check( wp_update_nav_menu_item( $menu, 0, wp_slash( $item ) ) );
}

/** Returns the fields of an item that points at a recorded post or term. */
function rig_menu_target( string $key, string $label = '' ): array {
	$target = rig_recorded()[ $key ];
	$term   = 'term' === $target['type'];
	return array(
		'type'      => $term ? 'taxonomy' : 'post_type',
		'object'    => $term ? $target['taxonomy'] : $target['type'],
		'object-id' => $target['id'],
		'title'     => $label,
	);
}

/** Makes a menu and records it. */
function rig_menu( string $key, string $name ): int {
	$menu = rig_check( wp_create_nav_menu( $name ) );
	rig_recorded(
		$key,
		array(
			'id'    => $menu,
			'type'  => 'menu',
			'slug'  => wp_get_nav_menu_object( $menu )->slug,
			'title' => $name,
		)
	);
	return $menu;
}

$rig_main = rig_menu( 'menu_primary', 'Main & first' );
rig_menu_item( $rig_main, array( 'type' => 'custom', 'title' => 'Home', 'url' => home_url( '/' ) ) );
$rig_item = rig_menu_item( $rig_main, rig_menu_target( 'company_page' ) );
$rig_item = rig_menu_item( $rig_main, rig_menu_target( 'departments_page' ), $rig_item );
$rig_item = rig_menu_item( $rig_main, rig_menu_target( 'engines_page' ), $rig_item );
rig_menu_item( $rig_main, rig_menu_target( 'stokers_page', 'The “stokers” <em>below</em>' ), $rig_item );
$rig_topics = rig_menu_item( $rig_main, array( 'type' => 'custom', 'title' => 'Topics', 'url' => '#' ) );
rig_menu_item( $rig_main, rig_menu_target( 'category_news' ), $rig_topics );
rig_menu_item( $rig_main, rig_menu_target( 'tag_boats', 'About boats' ), $rig_topics );
rig_menu_item( $rig_main, rig_menu_target( 'genre_crime' ), $rig_topics );
rig_menu_item( $rig_main, rig_menu_target( 'archive_1', 'One post' ) );
rig_menu_item( $rig_main, array( 'type' => 'post_type_archive', 'object' => 'book', 'title' => 'Library' ) );
rig_menu_item( $rig_main, rig_menu_target( 'book_1', 'One book' ) );
rig_menu_item( $rig_main, array( 'type' => 'custom', 'title' => 'Elsewhere', 'url' => 'https://example.org/?a=1&b=2', 'target' => '_blank', 'attr-title' => 'Leaves "this" site', 'classes' => 'outside second', 'xfn' => 'friend met', 'description' => 'A site of somebody else' ) );
// The public does not see these: their targets are not public.
rig_menu_item( $rig_main, rig_menu_target( 'draft_page', 'To a draft' ) );
rig_menu_item( $rig_main, rig_menu_target( 'private_page', 'To a private page' ) );
rig_menu_item( $rig_main, rig_menu_target( 'protected_page' ) );
rig_menu_item( $rig_main, array( 'type' => 'custom', 'title' => 'Hostile', 'url' => 'javascript:alert(1)' ) );

$rig_footer = rig_menu( 'menu_footer', 'Footer' );
rig_menu_item( $rig_footer, rig_menu_target( 'cyrillic_page' ) );
rig_menu_item( $rig_footer, rig_menu_target( 'cyrillic_post' ) );
rig_menu_item( $rig_footer, array( 'type' => 'custom', 'title' => 'Feed', 'url' => get_feed_link() ) );
rig_menu_item( rig_menu( 'menu_unused', 'In no place' ), rig_menu_target( 'news_page' ) );

set_theme_mod( 'nav_menu_locations', array( 'primary' => $rig_main, 'footer' => $rig_footer ) );

rig_post(
	'navigation',
	array(
		'post_type'    => 'wp_navigation',
		'post_title'   => 'Navigation',
		'post_name'    => 'navigation',
		'post_date'    => '2024-01-01 08:00:00',
		'post_content' => '<!-- wp:navigation-link {"label":"Home","type":"custom","url":"' . esc_url( home_url( '/' ) ) . '","kind":"custom"} /--><!-- wp:navigation-submenu {"label":"Company","type":"page","id":' . rig_id( 'company_page' ) . ',"url":"' . esc_url( get_permalink( rig_id( 'company_page' ) ) ) . '","kind":"post-type"} --><!-- wp:navigation-link {"label":"Departments","type":"page","id":' . rig_id( 'departments_page' ) . ',"url":"' . esc_url( get_permalink( rig_id( 'departments_page' ) ) ) . '","kind":"post-type"} /--><!-- /wp:navigation-submenu -->',
	)
);

// The widgets of a fresh installation stay in the first sidebar; one of text joins them.
update_option( 'widget_text', array( 2 => array( 'title' => 'A text widget', 'text' => 'WIDGET-TEXT with <strong>markup</strong>.', 'filter' => true, 'visual' => true ), '_multiwidget' => 1 ) );
$rig_sidebars = get_option( 'sidebars_widgets', array() );
$rig_sidebars['sidebar-1'][] = 'text-2';
update_option( 'sidebars_widgets', $rig_sidebars );
