<?php
/**
 * The plugin's store classes without WordPress: steps come in on standard input as JSON, what became of each goes out.
 *
 * In:  {"url": …, "host": …, "steps": [["method", argument, …], …]}. A first word with a dot is a connection's
 *      ("dialer.command"), otherwise the store's; "sleep" waits.
 * Out: [{"value": …} or {"unavailable": "why"} or {"refused": "why"}, each with "seconds"], and the breaker's writes.
 *
 * @package SOS_Publisher
 */

define( 'ABSPATH', '/' );

/** What WordPress's function of that name does where there is no translation. */
function __( string $text, string $domain ): string {
	return $text;
}

require $argv[1] . '/includes/autoload.php';

use SOS_Publisher\Store\Breaker;
use SOS_Publisher\Store\Dialer;
use SOS_Publisher\Store\Operation;
use SOS_Publisher\Store\Redis_Url;
use SOS_Publisher\Store\Refused;
use SOS_Publisher\Store\Store;
use SOS_Publisher\Store\Unavailable;

$sos_in      = json_decode( stream_get_contents( STDIN ), true );
$sos_state   = array();
$sos_writes  = array();
$sos_breaker = new Breaker(
	static function () use ( &$sos_state ): array {
		return $sos_state;
	},
	static function ( array $state ) use ( &$sos_state, &$sos_writes ): void {
		$sos_state    = $state;
		$sos_writes[] = $state;
	}
);
$sos_dialer = null;
$sos_store  = new Store( $sos_in['host'], static fn( float $patience ) => new Dialer( Redis_Url::parse( $sos_in['url'] ), $patience ), $sos_breaker );

/** Carries one step out. */
function sos_take( array $step, Store $store, Breaker $breaker, ?Dialer &$dialer, string $url ) {
	$name = array_shift( $step );
	switch ( $name ) {
		case 'parse':
			$parsed = Redis_Url::parse( $url );
			return array( 'redacted' => $parsed->redacted() ) + (array) $parsed;
		case 'sleep':
			usleep( (int) ( 1e6 * $step[0] ) );
			return null;
		case 'signal':
			// Tells the test that it may go on, and waits for its word.
			file_put_contents( $step[0], 'x' );
			for ( $left = 2000; file_exists( $step[0] ) && $left > 0; $left-- ) {
				clearstatcache();
				usleep( 5000 );
			}
			return null;
		case 'breaker.state':
			return $breaker->state();
		case 'apply':
			$operations = array_map( static fn( array $words ) => new Operation( ...$words ), $step[0] );
			return (array) $store->apply( $operations );
		case 'scan_refs':
			$refs = array();
			$store->scan_refs(
				static function ( string $ref, array $entry ) use ( &$refs ): void {
					$refs[ $ref ] = $entry['type'] ?? null;
				}
			);
			return $refs;
		case 'dialer.command':
		case 'dialer.pipeline':
			$dialer = $dialer ?? new Dialer( Redis_Url::parse( $url ) );
			$answer = 'dialer.command' === $name ? $dialer->command( ...$step ) : $dialer->pipeline( $step[0] );
			return is_array( $answer ) ? array_map( static fn( $one ) => $one instanceof Refused ? array( 'refused' => $one->getMessage() ) : $one, $answer ) : $answer;
	}
	return $store->$name( ...$step );
}

$sos_out = array();
foreach ( $sos_in['steps'] as $sos_step ) {
	$sos_begin = hrtime( true );
	try {
		$sos_said = array( 'value' => sos_take( $sos_step, $sos_store, $sos_breaker, $sos_dialer, $sos_in['url'] ) );
	} catch ( Unavailable $error ) {
		$sos_said = array( 'unavailable' => $error->getMessage() );
	} catch ( Refused $error ) {
		$sos_said = array( 'refused' => $error->getMessage() );
	}
	$sos_out[] = $sos_said + array( 'seconds' => ( hrtime( true ) - $sos_begin ) / 1e9 );
}
echo json_encode(
	array(
		'steps'    => $sos_out,
		'writes'   => $sos_writes,
		'phpredis' => extension_loaded( 'redis' ),
	),
	JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR
);
