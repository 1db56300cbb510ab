<?php
/**
 * The router of PHP's web server: from a request to a static file, a script of WordPress, or its index.php.
 *
 * Does what the usual rewrite rules of Apache do. `wp-content` is the server's own folder, everything
 * else comes from the shared WordPress; a prefix such as `/blog` is an installation in a sub-folder.
 */

const RIG_TYPES = array(
	'css'   => 'text/css; charset=utf-8',
	'gif'   => 'image/gif',
	'html'  => 'text/html; charset=utf-8',
	'ico'   => 'image/x-icon',
	'jpeg'  => 'image/jpeg',
	'jpg'   => 'image/jpeg',
	'js'    => 'text/javascript; charset=utf-8',
	'json'  => 'application/json',
	'mp3'   => 'audio/mpeg',
	'mp4'   => 'video/mp4',
	'pdf'   => 'application/pdf',
	'png'   => 'image/png',
	'svg'   => 'image/svg+xml',
	'txt'   => 'text/plain; charset=utf-8',
	'wav'   => 'audio/wav',
	'webp'  => 'image/webp',
	'woff2' => 'font/woff2',
);

/** Answers with a file's bytes, or with 304. */
function rig_send_file( string $file ): void {
	$modified = gmdate( 'D, d M Y H:i:s', filemtime( $file ) ) . ' GMT';
	header( 'Last-Modified: ' . $modified );
	if ( ( $_SERVER['HTTP_IF_MODIFIED_SINCE'] ?? '' ) === $modified ) {
		http_response_code( 304 );
		return;
	}
	$extension = strtolower( pathinfo( $file, PATHINFO_EXTENSION ) );
	header( 'Content-Type: ' . ( RIG_TYPES[ $extension ] ?? 'application/octet-stream' ) );
	header( 'Content-Length: ' . filesize( $file ) );
	if ( 'HEAD' !== $_SERVER['REQUEST_METHOD'] ) {
		readfile( $file );
	}
}

/** Returns the file that a path below the site's root names, or null. */
function rig_find_file( string $path ): ?string {
	if ( str_contains( $path, "\0" ) || str_contains( "$path/", '/../' ) ) {
		return null;
	}
	$file = str_starts_with( $path, '/wp-content/' )
		? getenv( 'RIG_CONTENT' ) . substr( $path, strlen( '/wp-content' ) )
		: getenv( 'RIG_CORE' ) . $path;
	if ( is_dir( $file ) && is_file( "$file/index.php" ) && '/' !== $path ) {
		$file = rtrim( $file, '/' ) . '/index.php';
	}
	return is_file( $file ) ? $file : null;
}

/** Tells a script of WordPress where it is, as Apache would. */
function rig_enter( string $script_name, string $file ): void {
	$_SERVER['SCRIPT_NAME']     = $script_name;
	$_SERVER['PHP_SELF']        = $script_name;
	$_SERVER['SCRIPT_FILENAME'] = $file;
	unset( $_SERVER['PATH_INFO'] );
	chdir( dirname( $file ) );
}

$rig_prefix = getenv( 'RIG_PREFIX' );
$rig_path   = rawurldecode( strtok( $_SERVER['REQUEST_URI'], '?' ) );

if ( '' !== $rig_prefix && ! str_starts_with( "$rig_path/", "$rig_prefix/" ) ) {
	http_response_code( 404 );
	header( 'Content-Type: text/plain; charset=utf-8' );
	echo "WordPress is at $rig_prefix/ only\n";
	return true;
}

$rig_inside = substr( $rig_path, strlen( $rig_prefix ) );
$rig_file   = rig_find_file( $rig_inside );

if ( null !== $rig_file && ! str_ends_with( $rig_file, '.php' ) ) {
	rig_send_file( $rig_file );
	return true;
}
if ( null !== $rig_file && is_dir( getenv( 'RIG_CORE' ) . $rig_inside ) && ! str_ends_with( $rig_inside, '/' ) ) {
	header( "Location: $rig_path/", true, 301 );
	return true;
}

$rig_name = null === $rig_file ? '/index.php' : $rig_inside . ( str_ends_with( $rig_inside, '/' ) ? 'index.php' : '' );
$rig_file = $rig_file ?? getenv( 'RIG_CORE' ) . '/index.php';
rig_enter( $rig_prefix . $rig_name, $rig_file );
require $rig_file;
