<?php
/** Posts made of core blocks, embeds, synced patterns, and of what the classic editor wrote. */

rig_post( 'text_blocks_post', array( 'post_title' => 'Every block of text', 'post_name' => 'text-blocks', 'post_content' => implode( "\n\n", rig_text_blocks() ), 'post_date' => '2024-05-01 09:00:00' ) );
rig_post( 'media_blocks_post', array( 'post_title' => 'Every block of media', 'post_name' => 'media-blocks', 'post_content' => implode( "\n\n", rig_media_blocks() ), 'post_date' => '2024-05-02 09:00:00' ) );
rig_post( 'layout_blocks_post', array( 'post_title' => 'Every block of layout', 'post_name' => 'layout-blocks', 'post_content' => implode( "\n\n", rig_layout_blocks() ), 'post_date' => '2024-05-03 09:00:00' ) );

rig_post(
	'dynamic_blocks_post',
	array(
		'post_title'   => 'Blocks made on the server',
		'post_name'    => 'dynamic-blocks',
		'post_date'    => '2024-05-04 09:00:00',
		'post_content' => implode(
			"\n\n",
			array(
				'<!-- wp:latest-posts {"postsToShow":3,"displayPostContent":true,"displayPostDate":true,"displayFeaturedImage":true} /-->',
				'<!-- wp:categories {"showHierarchy":true,"showPostCounts":true} /-->',
				'<!-- wp:archives {"showPostCounts":true} /-->',
				'<!-- wp:tag-cloud /-->',
				'<!-- wp:search {"label":"Search","buttonText":"Go"} /-->',
				'<!-- wp:latest-comments {"commentsToShow":2} /-->',
				'<!-- wp:page-list /-->',
			)
		),
	)
);

rig_post(
	'embeds_post',
	array(
		'post_title'   => 'Embeds',
		'post_name'    => 'embeds',
		'post_date'    => '2024-05-05 09:00:00',
		'post_content' => implode(
			"\n\n",
			array(
				rig_block( 'embed', "<figure class=\"wp-block-embed is-type-video is-provider-youtube wp-block-embed-youtube wp-embed-aspect-16-9 wp-has-aspect-ratio\"><div class=\"wp-block-embed__wrapper\">\nhttps://www.youtube.com/watch?v=abcdefghijk\n</div><figcaption class=\"wp-element-caption\">A film</figcaption></figure>", array( 'url' => 'https://www.youtube.com/watch?v=abcdefghijk', 'type' => 'video', 'providerNameSlug' => 'youtube', 'responsive' => true, 'className' => 'wp-embed-aspect-16-9 wp-has-aspect-ratio' ) ),
				rig_block( 'embed', "<figure class=\"wp-block-embed is-type-rich is-provider-twitter wp-block-embed-twitter\"><div class=\"wp-block-embed__wrapper\">\nhttps://twitter.com/example/status/1234567890\n</div></figure>", array( 'url' => 'https://twitter.com/example/status/1234567890', 'type' => 'rich', 'providerNameSlug' => 'twitter' ) ),
				rig_block( 'html', '<iframe src="https://player.vimeo.com/video/123456" width="640" height="360" title="A film at Vimeo" allow="fullscreen"></iframe>' ),
				rig_block( 'embed', "<figure class=\"wp-block-embed\"><div class=\"wp-block-embed__wrapper\">\nhttps://unknown.example/page\n</div></figure>", array( 'url' => 'https://unknown.example/page' ) ),
			)
		),
	)
);

rig_post(
	'classic_post',
	array(
		'post_title'   => 'Written in the classic editor',
		'post_name'    => 'classic',
		'post_date'    => '2024-05-06 09:00:00',
		'post_content' => "First paragraph\nwith a line break & \"quotes\" -- and a dash...\n\n<h3>A heading</h3>\n[caption id=\"attachment_" . rig_id( 'image_wide' ) . '" align="aligncenter" width="300"]<img class="size-medium wp-image-' . rig_id( 'image_wide' ) . '" src="' . wp_get_attachment_image_url( rig_id( 'image_wide' ), 'medium' ) . "\" alt=\"A harbour\" width=\"300\" height=\"188\" /> A <em>caption</em> below[/caption]\n\n<img class=\"alignleft size-thumbnail wp-image-" . rig_id( 'image_tall' ) . '" src="' . wp_get_attachment_image_url( rig_id( 'image_tall' ), 'thumbnail' ) . "\" alt=\"\" width=\"150\" height=\"150\" />Text beside it. :-)\n\n[gallery ids=\"" . rig_id( 'image_wide' ) . ',' . rig_id( 'image_tall' ) . ',' . rig_id( 'image_small' ) . "\" columns=\"2\" size=\"medium\"]\n\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n<blockquote>Said.</blockquote>\nLast paragraph.",
	)
);

$rig_pattern = rig_post( 'pattern', array( 'post_type' => 'wp_block', 'post_title' => 'A synced pattern', 'post_name' => 'synced-pattern', 'post_content' => rig_block( 'paragraph', '<p>SYNCED-TEXT that many posts share.</p>' ), 'post_date' => '2024-05-07 08:00:00' ) );
rig_post( 'pattern_post', array( 'post_title' => 'With a synced pattern', 'post_name' => 'with-pattern', 'post_content' => rig_block( 'paragraph', '<p>Before it.</p>' ) . "\n\n<!-- wp:block {\"ref\":$rig_pattern} /-->\n\n" . rig_block( 'paragraph', '<p>After it.</p>' ), 'post_date' => '2024-05-07 09:00:00' ) );

// Blocks that 6.1 does not know: it keeps their saved markup, where they have any.
rig_post(
	'new_blocks_post',
	array(
		'post_title'   => 'Blocks of newer versions',
		'post_name'    => 'new-blocks',
		'post_date'    => '2024-05-08 09:00:00',
		'post_content' => implode(
			"\n\n",
			array(
				rig_block( 'details', '<details class="wp-block-details"><summary>Open me</summary>' . rig_block( 'paragraph', '<p>DETAILS-TEXT inside.</p>' ) . '</details>' ),
				rig_block( 'accordion', '<div class="wp-block-accordion">' . rig_block( 'accordion-item', '<div class="wp-block-accordion-item">' . rig_block( 'accordion-heading', '<h3 class="wp-block-accordion-heading"><button type="button" class="wp-block-accordion-heading__toggle"><span class="wp-block-accordion-heading__toggle-title">Question</span><span class="wp-block-accordion-heading__toggle-icon" aria-hidden="true">+</span></button></h3>' ) . rig_block( 'accordion-panel', '<div role="region" class="wp-block-accordion-panel">' . rig_block( 'paragraph', '<p>ACCORDION-ANSWER</p>' ) . '</div>' ) . '</div>' ) . '</div>' ),
				rig_block( 'math', '<div class="wp-block-math"><math display="block"><mrow><msup><mi>a</mi><mn>2</mn></msup><mo>+</mo><mn>1</mn></mrow></math></div>', array( 'latex' => 'a^2+1' ) ),
			)
		),
	)
);

$rig_note = '1c2d3e4f-0000-4000-8000-000000000001';
rig_post(
	'footnotes_post',
	array(
		'post_title'   => 'With footnotes',
		'post_name'    => 'footnotes',
		'post_date'    => '2024-05-09 09:00:00',
		'post_content' => rig_block( 'paragraph', "<p>A claim.<sup data-fn=\"$rig_note\" class=\"fn\"><a href=\"#$rig_note\" id=\"$rig_note-link\">1</a></sup></p>" ) . "\n\n<!-- wp:footnotes /-->",
		'meta_input'   => array( 'footnotes' => wp_json_encode( array( array( 'content' => 'FOOTNOTE-TEXT with <em>proof</em>.', 'id' => $rig_note ) ) ) ),
	)
);
