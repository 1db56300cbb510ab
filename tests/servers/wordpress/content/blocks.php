<?php
/** Block-editor markup: one function that writes a block, and one that writes every static core block. */

/** Returns a block as the editor stores it. */
function rig_block( string $name, string $html, array $attributes = array() ): string {
	$json = $attributes ? ' ' . serialize_block_attributes( $attributes ) : '';
	return "<!-- wp:$name$json -->\n$html\n<!-- /wp:$name -->";
}

/** Returns an image block. */
function rig_image_block( int $id, string $caption = '', string $align = '' ): string {
	$classes    = 'wp-block-image ' . ( $align ? "align$align " : '' ) . 'size-large';
	$attributes = array_filter(
		array(
			'id'       => $id,
			'sizeSlug' => 'large',
			'align'    => $align,
		)
	);
	$figcaption = $caption ? "<figcaption class=\"wp-element-caption\">$caption</figcaption>" : '';
	$alt        = esc_attr( get_post_meta( $id, '_wp_attachment_image_alt', true ) );
	return rig_block(
		'image',
		sprintf( '<figure class="%s"><img src="%s" alt="%s" class="wp-image-%d"/>%s</figure>', $classes, esc_url( wp_get_attachment_image_url( $id, 'large' ) ), $alt, $id, $figcaption ),
		$attributes
	);
}

/** Returns the blocks of text. */
function rig_text_blocks(): array {
	return array(
		rig_block( 'heading', '<h2 class="wp-block-heading" id="first-part">First part &amp; more</h2>', array( 'anchor' => 'first-part' ) ),
		rig_block( 'paragraph', '<p class="has-text-align-center has-large-font-size">Centred, with <strong>strong</strong>, <em>emphasis</em>, <code>code</code>, <s>struck</s>, H<sub>2</sub>O, E=mc<sup>2</sup>, <kbd>Ctrl</kbd>, <mark style="background-color:#ffee58" class="has-inline-color">marked</mark>, <a href="https://example.org/a?b=1&amp;c=2#d" target="_blank" rel="noreferrer noopener">a link</a> and <bdo lang="ar" dir="rtl">direction</bdo>.</p>', array( 'align' => 'center', 'fontSize' => 'large' ) ),
		rig_block( 'paragraph', '<p class="has-drop-cap has-white-color has-black-background-color has-text-color has-background">' . rig_prose( 901 ) . '</p>', array( 'dropCap' => true, 'textColor' => 'white', 'backgroundColor' => 'black' ) ),
		rig_block( 'paragraph', '<p style="color:#123456;font-size:22px;line-height:1.7">A paragraph with colours of its own.</p>', array( 'style' => array( 'color' => array( 'text' => '#123456' ), 'typography' => array( 'fontSize' => '22px', 'lineHeight' => '1.7' ) ) ) ),
		rig_block( 'heading', '<h3 class="wp-block-heading">Lists</h3>', array( 'level' => 3 ) ),
		rig_block( 'list', '<ul><!-- wp:list-item --><li>One<!-- wp:list --><ul><!-- wp:list-item --><li>One and a half</li><!-- /wp:list-item --></ul><!-- /wp:list --></li><!-- /wp:list-item --><!-- wp:list-item --><li>Two</li><!-- /wp:list-item --></ul>' ),
		rig_block( 'list', '<ol reversed start="7"><!-- wp:list-item --><li>Seven</li><!-- /wp:list-item --><!-- wp:list-item --><li>Six</li><!-- /wp:list-item --></ol>', array( 'ordered' => true, 'reversed' => true, 'start' => 7 ) ),
		rig_block( 'quote', '<blockquote class="wp-block-quote is-style-large">' . rig_block( 'paragraph', '<p>Whoever counts the waves sees none.</p>' ) . '<cite>A saying of the harbour</cite></blockquote>', array( 'className' => 'is-style-large' ) ),
		rig_block( 'pullquote', '<figure class="wp-block-pullquote"><blockquote><p>Pulled out of its place.</p><cite>Somebody</cite></blockquote></figure>' ),
		rig_block( 'code', "<pre class=\"wp-block-code\"><code>if (a &lt; b &amp;&amp; c) {\n\treturn \"&lt;p&gt;\";\n}</code></pre>" ),
		rig_block( 'preformatted', "<pre class=\"wp-block-preformatted\">two  spaces\n  and an <em>indent</em></pre>" ),
		rig_block( 'verse', "<pre class=\"wp-block-verse\">The tide comes in,\n   the tide goes out.</pre>" ),
		rig_block( 'table', '<figure class="wp-block-table is-style-stripes"><table class="has-fixed-layout"><thead><tr><th>Ship</th><th class="has-text-align-right" data-align="right">Tons</th></tr></thead><tbody><tr><td>Anna</td><td class="has-text-align-right" data-align="right">120</td></tr><tr><td colspan="2">None</td></tr></tbody><tfoot><tr><td>Sum</td><td class="has-text-align-right" data-align="right">120</td></tr></tfoot></table><figcaption class="wp-element-caption">Ships in port</figcaption></figure>', array( 'hasFixedLayout' => true, 'className' => 'is-style-stripes' ) ),
	);
}

/** Returns the blocks of pictures, sound, films and files. */
function rig_media_blocks(): array {
	$wide  = rig_id( 'image_wide' );
	$tall  = rig_id( 'image_tall' );
	$small = rig_id( 'image_small' );
	$cover = esc_url( wp_get_attachment_url( $wide ) );
	return array(
		rig_image_block( $wide, 'A caption with <a href="' . esc_url( home_url( '/' ) ) . '">a link home</a>', 'wide' ),
		rig_image_block( $small ),
		rig_block( 'image', sprintf( '<figure class="wp-block-image size-medium"><a href="%s"><img src="%s" alt="" class="wp-image-%d"/></a></figure>', esc_url( wp_get_attachment_url( $tall ) ), esc_url( wp_get_attachment_image_url( $tall, 'medium' ) ), $tall ), array( 'id' => $tall, 'sizeSlug' => 'medium', 'linkDestination' => 'media' ) ),
		rig_block( 'gallery', '<figure class="wp-block-gallery has-nested-images columns-2 is-cropped">' . rig_image_block( $wide, 'Left' ) . rig_image_block( $tall, 'Right' ) . rig_image_block( $small ) . '<figcaption class="blocks-gallery-caption wp-element-caption">Three views</figcaption></figure>', array( 'columns' => 2, 'linkTo' => 'none' ) ),
		rig_block( 'cover', '<div class="wp-block-cover alignfull"><span aria-hidden="true" class="wp-block-cover__background has-background-dim"></span><img class="wp-block-cover__image-background wp-image-' . $wide . '" alt="" src="' . $cover . '" data-object-fit="cover"/><div class="wp-block-cover__inner-container">' . rig_block( 'paragraph', '<p class="has-text-align-center">On the cover</p>', array( 'align' => 'center' ) ) . '</div></div>', array( 'url' => wp_get_attachment_url( $wide ), 'id' => $wide, 'align' => 'full' ) ),
		rig_block( 'media-text', '<div class="wp-block-media-text alignwide is-stacked-on-mobile"><figure class="wp-block-media-text__media"><img src="' . esc_url( wp_get_attachment_image_url( $tall, 'large' ) ) . '" alt="" class="wp-image-' . $tall . ' size-full"/></figure><div class="wp-block-media-text__content">' . rig_block( 'paragraph', '<p>Text beside a picture.</p>' ) . '</div></div>', array( 'mediaId' => $tall, 'mediaType' => 'image' ) ),
		rig_block( 'file', '<div class="wp-block-file"><a id="wp-block-file--media-1" href="' . esc_url( wp_get_attachment_url( rig_id( 'pdf' ) ) ) . '">The timetable</a><a href="' . esc_url( wp_get_attachment_url( rig_id( 'pdf' ) ) ) . '" class="wp-block-file__button wp-element-button" download aria-describedby="wp-block-file--media-1">Download</a></div>', array( 'id' => rig_id( 'pdf' ), 'href' => wp_get_attachment_url( rig_id( 'pdf' ) ) ) ),
		rig_block( 'audio', '<figure class="wp-block-audio"><audio controls src="' . esc_url( wp_get_attachment_url( rig_id( 'sound' ) ) ) . '"></audio><figcaption class="wp-element-caption">A short tone</figcaption></figure>', array( 'id' => rig_id( 'sound' ) ) ),
		rig_block( 'video', '<figure class="wp-block-video"><video controls muted playsinline poster="' . $cover . '" src="' . esc_url( wp_get_attachment_url( rig_id( 'film' ) ) ) . '"></video></figure>', array( 'id' => rig_id( 'film' ) ) ),
	);
}

/** Returns the blocks of layout. */
function rig_layout_blocks(): array {
	$column = fn( string $text ) => rig_block( 'column', '<div class="wp-block-column" style="flex-basis:50%">' . rig_block( 'paragraph', "<p>$text</p>" ) . '</div>', array( 'width' => '50%' ) );
	return array(
		rig_block( 'columns', '<div class="wp-block-columns">' . $column( 'Left column' ) . $column( 'Right column' ) . '</div>' ),
		rig_block( 'group', '<div class="wp-block-group has-background" style="background-color:#eeeeee;padding:2em">' . rig_block( 'paragraph', '<p>Inside of a group</p>' ) . rig_block( 'group', '<section class="wp-block-group" id="inner">' . rig_block( 'heading', '<h4 class="wp-block-heading">A section in it</h4>', array( 'level' => 4 ) ) . '</section>', array( 'tagName' => 'section', 'layout' => array( 'type' => 'flex' ) ) ) . '</div>', array( 'layout' => array( 'type' => 'constrained' ) ) ),
		rig_block( 'buttons', '<div class="wp-block-buttons">' . rig_block( 'button', '<div class="wp-block-button is-style-outline"><a class="wp-block-button__link wp-element-button" href="' . esc_url( home_url( '/?s=harbour' ) ) . '" style="border-radius:8px">Press me</a></div>', array( 'className' => 'is-style-outline' ) ) . '</div>' ),
		rig_block( 'separator', '<hr class="wp-block-separator has-alpha-channel-opacity is-style-dots"/>', array( 'className' => 'is-style-dots' ) ),
		rig_block( 'spacer', '<div style="height:40px" aria-hidden="true" class="wp-block-spacer"></div>', array( 'height' => '40px' ) ),
		rig_block( 'html', '<dl><dt>Term</dt><dd>What it means</dd></dl><details><summary>Plain details</summary>Opened</details><abbr title="World Wide Web">WWW</abbr>' ),
		rig_block( 'social-links', '<ul class="wp-block-social-links">' . '<!-- wp:social-link {"url":"https://example.social/@harbour","service":"mastodon","label":"Mastodon"} /-->' . '</ul>' ),
	);
}
