<?php
/**
 * Bytes to and from a server, over TCP, TLS or a socket file. Whatever is done has one deadline for all of it, so
 * that a server which trickles byte by byte holds nobody longer than one that is silent.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

// phpcs:disable WordPress.WP.AlternativeFunctions -- WP_Filesystem has no sockets.
// phpcs:disable WordPress.PHP.NoSilencedErrors -- A lost connection is told by an exception, not by a warning on a page.

/**
 * Every method throws Unavailable when time is over or the connection is lost; it is closed then.
 */
final class Stream {
	/** Bytes that are written at once. */
	const PIECE = 65536;

	/**
	 * The server.
	 *
	 * @var Endpoint
	 */
	private Endpoint $at;

	/**
	 * The stream, or null while there is none.
	 *
	 * @var resource|null
	 */
	private $stream = null;

	/**
	 * What was received and not read, and how far it was read.
	 *
	 * @var string
	 */
	private string $received = '';

	/**
	 * Position in what was received.
	 *
	 * @var int
	 */
	private int $position = 0;

	/**
	 * When this call must be over: seconds of `now`.
	 *
	 * @var float
	 */
	private float $deadline = 0.0;

	/**
	 * Connects to nothing yet.
	 *
	 * @param Endpoint $at The server.
	 */
	public function __construct( Endpoint $at ) {
		$this->at = $at;
	}

	/**
	 * Connect.
	 *
	 * @param float $seconds How long that, and everything up to the next `allow`, may take.
	 * @throws Unavailable When it does not work in time.
	 */
	public function open( float $seconds ): void {
		$this->allow( $seconds );
		$host    = false === strpos( $this->at->host, ':' ) ? $this->at->host : '[' . $this->at->host . ']';
		$target  = '' !== $this->at->path ? 'unix://' . $this->at->path : 'tcp://' . $host . ':' . $this->at->port;
		$context = stream_context_create(
			array(
				'socket' => array( 'tcp_nodelay' => true ),
				'ssl'    => $this->at->tls_options(),
			)
		);

		$stream = @stream_socket_client( $target, $number, $words, $seconds, STREAM_CLIENT_CONNECT, $context );
		if ( false === $stream ) {
			$this->lose( self::reason_of( (int) $number ) );
		}
		$this->stream = $stream;
		stream_set_blocking( $stream, false );
		if ( $this->at->tls ) {
			$this->start_tls();
		}
	}

	/**
	 * From now on everything up to the next `allow` has a deadline.
	 *
	 * @param float $seconds Seconds from now.
	 */
	public function allow( float $seconds ): void {
		$this->deadline = self::now() + $seconds;
	}

	/**
	 * Send bytes.
	 *
	 * @param string $bytes What to send.
	 */
	public function write( string $bytes ): void {
		$length = strlen( $bytes );
		$sent   = 0;
		while ( $sent < $length ) {
			$left = $this->deadline - self::now();
			if ( $left <= 0 ) {
				$this->lose( self::too_slow() );
			}
			if ( $this->at->tls ) {
				// OpenSSL wants a write that was cut short to be repeated with the very same buffer; a blocking write does that.
				stream_set_blocking( $this->stream, true );
				stream_set_timeout( $this->stream, (int) $left, (int) ( fmod( $left, 1 ) * 1e6 ) );
			}
			$count = @fwrite( $this->stream, substr( $bytes, $sent, self::PIECE ) );
			if ( $this->at->tls ) {
				stream_set_blocking( $this->stream, false );
			}
			if ( false === $count || ( 0 === $count && feof( $this->stream ) ) ) {
				$this->lose( __( 'it closed the connection', 'sos-publisher' ) );
			}
			$sent += (int) $count;
			if ( 0 === $count ) {
				$this->wait( true );
			}
		}
	}

	/**
	 * Read a line, without its end.
	 */
	public function read_line(): string {
		$end = strpos( $this->received, "\r\n", $this->position );
		while ( false === $end ) {
			if ( strlen( $this->received ) - $this->position > self::PIECE ) {
				$this->lose( self::nonsense() );
			}
			// A line's end may come in two halves.
			$scanned = max( 0, strlen( $this->received ) - $this->position - 1 );
			$this->receive();
			$end = strpos( $this->received, "\r\n", $this->position + $scanned );
		}
		$line           = substr( $this->received, $this->position, $end - $this->position );
		$this->position = $end + 2;
		return $line;
	}

	/**
	 * Read a number of bytes.
	 *
	 * @param int $count How many.
	 */
	public function read_bytes( int $count ): string {
		$missing = $count - ( strlen( $this->received ) - $this->position );
		while ( $missing > 0 ) {
			$missing -= $this->receive();
		}
		$bytes           = substr( $this->received, $this->position, $count );
		$this->position += $count;
		return $bytes;
	}

	/**
	 * Hang up.
	 */
	public function close(): void {
		if ( is_resource( $this->stream ) ) {
			@fclose( $this->stream );
		}
		$this->stream   = null;
		$this->received = '';
		$this->position = 0;
	}

	/**
	 * Hang up and say why.
	 *
	 * @param string $why Why.
	 * @return mixed Never.
	 * @throws Unavailable Always.
	 */
	public function lose( string $why ) {
		$this->close();
		throw new Unavailable( $why ); // phpcs:ignore WordPress.Security.EscapeOutput
	}

	/**
	 * That was no answer.
	 */
	public static function nonsense(): string {
		return __( 'what answers is not a Redis', 'sos-publisher' );
	}

	/**
	 * Shake hands before the deadline.
	 *
	 * @throws Unavailable When that fails.
	 */
	private function start_tls(): void {
		do {
			$done = @stream_socket_enable_crypto( $this->stream, true, STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT | ( defined( 'STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT' ) ? STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT : 0 ) );
			if ( false === $done ) {
				$this->lose( __( 'TLS could not be agreed on: is its certificate one of a known authority (?ca=…), and made for this host?', 'sos-publisher' ) );
			}
			if ( 0 === $done ) {
				$this->wait( false );
			}
		} while ( 0 === $done );
	}

	/**
	 * Wait for more and add it to what was received.
	 *
	 * @return int How many bytes came.
	 */
	private function receive(): int {
		if ( $this->position > self::PIECE ) {
			$this->received = substr( $this->received, $this->position );
			$this->position = 0;
		}
		// Read first: TLS may have decrypted more than was asked for, and then the socket itself is silent.
		$bytes = @fread( $this->stream, self::PIECE );
		while ( false === $bytes || '' === $bytes ) {
			if ( feof( $this->stream ) ) {
				$this->lose( __( 'it closed the connection', 'sos-publisher' ) );
			}
			$this->wait( false );
			$bytes = @fread( $this->stream, self::PIECE );
		}
		if ( self::now() > $this->deadline ) {
			$this->lose( self::too_slow() );
		}
		$this->received .= $bytes;
		return strlen( $bytes );
	}

	/**
	 * Wait until there is something to read, or room to write.
	 *
	 * @param bool $to_write Whether to write.
	 */
	private function wait( bool $to_write ): void {
		$left = $this->deadline - self::now();
		if ( $left <= 0 ) {
			$this->lose( self::too_slow() );
		}
		$read    = $to_write ? array() : array( $this->stream );
		$write   = $to_write ? array( $this->stream ) : array();
		$except  = null;
		$whole   = (int) $left;
		$changed = @stream_select( $read, $write, $except, $whole, (int) ( ( $left - $whole ) * 1e6 ) );
		if ( 0 === $changed ) {
			$this->lose( self::too_slow() );
		}
	}

	/**
	 * What an error number of connecting means. The system's own words would name the address.
	 *
	 * @param int $number Error number, 0 for an unknown host name.
	 */
	private static function reason_of( int $number ): string {
		switch ( $number ) {
			case 0:
				return __( 'its host name is not known', 'sos-publisher' );
			case 2:
				return __( 'there is no socket at its path', 'sos-publisher' );
			case 13:
				return __( 'this server may not open its socket', 'sos-publisher' );
			case 110:
			case 60:
				return self::too_slow();
			case 111:
			case 61:
				return __( 'nothing listens at its address', 'sos-publisher' );
		}
		/* translators: %d: number of an error of the operating system */
		return sprintf( __( 'connecting fails with error %d', 'sos-publisher' ), $number );
	}

	/**
	 * The deadline has passed.
	 */
	private static function too_slow(): string {
		return __( 'it does not answer in time', 'sos-publisher' );
	}

	/**
	 * A clock that only goes on, seconds.
	 */
	private static function now(): float {
		return hrtime( true ) / 1e9;
	}
}
