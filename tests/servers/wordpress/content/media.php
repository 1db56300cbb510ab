<?php
/** Pictures, a sound, a film and files, made here and handed to WordPress as uploads. */

/** Writes a picture to a file: a gradient, some shapes, and its name, so that two never look the same. */
function rig_draw( string $name, int $width, int $height ): string {
	$image = imagecreatetruecolor( $width, $height );
	$hue   = crc32( $name ) % 200;
	for ( $y = 0; $y < $height; $y++ ) {
		$shade = (int) ( 200 * $y / $height );
		imageline( $image, 0, $y, $width, $y, imagecolorallocate( $image, $hue, $shade, 220 - $shade ) );
	}
	imagefilledellipse( $image, intdiv( $width, 3 ), intdiv( $height, 2 ), intdiv( $width, 4 ), intdiv( $width, 4 ), imagecolorallocate( $image, 250, 240, 200 ) );
	imagestring( $image, 5, 8, 8, $name, imagecolorallocate( $image, 255, 255, 255 ) );
	$file   = wp_tempnam( $name );
	$writer = array(
		'png'  => fn() => imagepng( $image, $file, 6 ),
		'gif'  => fn() => imagegif( $image, $file ),
		'jpg'  => fn() => imagejpeg( $image, $file, 80 ),
		'webp' => fn() => imagewebp( $image, $file, 80 ),
	);
	rig_check( $writer[ pathinfo( $name, PATHINFO_EXTENSION ) ]() );
	imagedestroy( $image );
	return $file;
}

/** Hands a file to WordPress as an upload, and records it. */
function rig_upload( string $key, string $name, string $file, array $fields = array(), int $parent = 0 ): int {
	$alt = $fields['alt'] ?? '';
	unset( $fields['alt'] );
	$fields += array( 'post_date' => '2024-01-05 08:00:00' );
	$id      = rig_check( media_handle_sideload( array( 'name' => $name, 'tmp_name' => $file ), $parent, null, $fields ) );
	if ( '' !== $alt ) {
		update_post_meta( $id, '_wp_attachment_image_alt', $alt );
	}
	return rig_record_post( $key, $id, array( 'file' => wp_get_attachment_url( $id ) ) );
}

/** Writes bytes to a file for rig_upload. */
function rig_write( string $name, string $bytes ): string {
	$file = wp_tempnam( $name );
	rig_check( file_put_contents( $file, $bytes ) );
	return $file;
}

rig_upload( 'image_wide', 'harbour-wide.jpg', rig_draw( 'harbour-wide.jpg', 1600, 1000 ), array( 'post_title' => 'Harbour at noon', 'post_excerpt' => 'A caption with <em>markup</em>', 'post_content' => 'A long description.', 'alt' => 'A harbour & its "boats"' ) );
rig_upload( 'image_tall', 'lighthouse.png', rig_draw( 'lighthouse.png', 400, 700 ), array( 'post_title' => 'Lighthouse', 'alt' => 'A lighthouse' ) );
rig_upload( 'image_small', 'anchor.gif', rig_draw( 'anchor.gif', 120, 80 ), array( 'post_title' => 'Anchor' ) );
rig_upload( 'image_webp', 'rope.webp', rig_draw( 'rope.webp', 800, 450 ), array( 'post_title' => 'Rope', 'alt' => 'Rope' ) );
rig_upload( 'image_huge', 'Übersicht Größe.jpg', rig_draw( 'overview.jpg', 2600, 800 ), array( 'post_title' => 'Übersicht', 'alt' => 'Übersicht' ) );
rig_upload( 'image_icon', 'icon.png', rig_draw( 'icon.png', 512, 512 ), array( 'post_title' => 'Site icon' ) );

// A tenth of a second of a tone, 8 bit, 8 kHz.
$rig_samples = implode( '', array_map( fn( $i ) => chr( 128 + (int) ( 60 * sin( $i / 3 ) ) ), range( 0, 799 ) ) );
rig_upload( 'sound', 'tone.wav', rig_write( 'tone.wav', 'RIFF' . pack( 'V', 36 + strlen( $rig_samples ) ) . 'WAVEfmt ' . pack( 'VvvVVvv', 16, 1, 1, 8000, 8000, 1, 8 ) . 'data' . pack( 'V', strlen( $rig_samples ) ) . $rig_samples ), array( 'post_title' => 'Tone' ) );
// Only the head of a film: enough for WordPress to take it for one.
rig_upload( 'film', 'waves.mp4', rig_write( 'waves.mp4', pack( 'N', 24 ) . 'ftypisom' . pack( 'N', 512 ) . 'isomiso2' . pack( 'N', 8 ) . 'mdat' ), array( 'post_title' => 'Waves' ) );
rig_upload( 'pdf', 'timetable.pdf', rig_write( 'timetable.pdf', "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n" ), array( 'post_title' => 'Timetable' ) );

update_option( 'site_icon', rig_id( 'image_icon' ) );
set_theme_mod( 'custom_logo', rig_id( 'image_icon' ) );
