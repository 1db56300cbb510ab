<?php
/** Categories (three levels), tags, and the terms of the custom taxonomies. */

rig_recorded(
	'uncategorized',
	array(
		'id'       => (int) get_option( 'default_category' ),
		'type'     => 'term',
		'taxonomy' => 'category',
		'slug'     => 'uncategorized',
		'link'     => get_category_link( (int) get_option( 'default_category' ) ),
		'title'    => 'Uncategorized',
	)
);

rig_term( 'category_news', 'News & “Views”', 'category', array( 'slug' => 'news', 'description' => 'What is new, <strong>and</strong> what we think of it.' ) );
// This one has posts in its children only.
rig_term( 'category_region', 'Region', 'category', array( 'slug' => 'region' ) );
rig_term( 'category_coast', 'Coast', 'category', array( 'slug' => 'coast', 'parent' => rig_id( 'category_region' ) ) );
rig_term( 'category_island', 'Isländ', 'category', array( 'slug' => 'island', 'parent' => rig_id( 'category_coast' ) ) );
rig_term( 'category_culture', 'Culture', 'category', array( 'slug' => 'culture' ) );
rig_term( 'category_cyrillic', 'Новости', 'category' );
rig_term( 'category_empty', 'Nothing in it', 'category', array( 'slug' => 'nothing-in-it' ) );

rig_term( 'tag_boats', 'boats', 'post_tag' );
rig_term( 'tag_weather', 'Weather', 'post_tag', array( 'description' => 'Rain, mostly.' ) );
rig_term( 'tag_chinese', '航海', 'post_tag' );
rig_term( 'tag_cpp', 'C++ & C#', 'post_tag' );
// The same slug as a category: only the taxonomy tells them apart.
rig_term( 'tag_news', 'News', 'post_tag', array( 'slug' => 'news' ) );

rig_term( 'genre_fiction', 'Fiction', 'genre' );
rig_term( 'genre_crime', 'Crime', 'genre', array( 'parent' => rig_id( 'genre_fiction' ) ) );
rig_term( 'genre_nordic', 'Nordic crime', 'genre', array( 'parent' => rig_id( 'genre_crime' ) ) );
rig_term( 'genre_poetry', 'Poetry', 'genre', array( 'description' => 'Lines that end early.' ) );

rig_term( 'mood_dark', 'Dark', 'mood' );
rig_term( 'mood_light', 'Light & airy', 'mood' );
