<?php
/**
 * The plugin's own client: RESP2 over TCP, TLS or a socket file, for where phpredis is missing. Each call
 * has one deadline for all of it, so that a server which trickles byte by byte holds nobody longer than one
 * that is silent.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

// phpcs:disable WordPress.WP.AlternativeFunctions -- WP_Filesystem has no sockets.
// phpcs:disable WordPress.PHP.NoSilencedErrors -- A lost connection is told by an exception, not by a warning on a page.

/**
 * One connection, opened by the first command.
 */
final class Socket_Connection implements Connection {
	/** Bytes of one text in an answer; no document is as long as this. */
	const LONGEST = 67108864;

	/** Lists within lists. */
	const DEEPEST = 8;

	/** Bytes that are written at once. */
	const PIECE = 65536;

	/**
	 * The server.
	 *
	 * @var Endpoint
	 */
	private Endpoint $at;

	/**
	 * Seconds for a call, and for connecting.
	 *
	 * @var float
	 */
	private float $patience;

	/**
	 * Seconds for the next call.
	 *
	 * @var float
	 */
	private float $allowed;

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
	 * @param Endpoint $at       The server.
	 * @param float    $patience Seconds for connecting with login, and for each call.
	 */
	public function __construct( Endpoint $at, float $patience = 0.25 ) {
		$this->at       = $at;
		$this->patience = $patience;
		$this->allowed  = $patience;
	}

	/**
	 * Hang up.
	 */
	public function __destruct() {
		$this->close();
	}

	/**
	 * See Connection.
	 *
	 * @param string ...$words The command and its arguments.
	 * @return mixed
	 * @throws Refused When the answer is an error.
	 */
	public function command( string ...$words ) {
		$answer = $this->pipeline( array( $words ) )[0];
		if ( $answer instanceof Refused ) {
			throw $answer;
		}
		return $answer;
	}

	/**
	 * See Connection.
	 *
	 * @param string[][] $commands Commands.
	 * @throws Unavailable When one of them has no answer in time.
	 */
	public function pipeline( array $commands ): array {
		$allowed       = $this->allowed;
		$this->allowed = $this->patience;
		$this->connect();
		$this->deadline = self::now() + $allowed;
		return $this->exchange( $commands );
	}

	/**
	 * See Connection.
	 *
	 * @param float $seconds Seconds.
	 */
	public function allow( float $seconds ): void {
		$this->allowed = $seconds;
	}

	/**
	 * See Connection.
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
	 * Connect and log in, unless that was done.
	 *
	 * @throws Unavailable When it does not work in time.
	 * @throws Refused     When the login is refused.
	 */
	private function connect(): void {
		if ( null !== $this->stream ) {
			return;
		}
		$this->deadline = self::now() + $this->patience;
		$target         = '' !== $this->at->path ? 'unix://' . $this->at->path : 'tcp://' . ( false === strpos( $this->at->host, ':' ) ? $this->at->host : '[' . $this->at->host . ']' ) . ':' . $this->at->port;
		$context        = stream_context_create(
			array(
				'socket' => array( 'tcp_nodelay' => true ),
				'ssl'    => $this->at->tls_options(),
			)
		);

		$stream = @stream_socket_client( $target, $number, $words, $this->patience, STREAM_CLIENT_CONNECT, $context );
		if ( false === $stream ) {
			$this->lose( self::reason_of( (int) $number ) );
		}
		$this->stream = $stream;
		stream_set_blocking( $stream, false );
		if ( $this->at->tls ) {
			$this->start_tls();
		}
		foreach ( $this->exchange( self::login( $this->at ) ) as $answer ) {
			if ( $answer instanceof Refused ) {
				$this->close();
				throw $answer;
			}
		}
	}

	/**
	 * Commands that a new connection begins with.
	 *
	 * @param Endpoint $at The server.
	 * @return string[][]
	 */
	private static function login( Endpoint $at ): array {
		$commands = array();
		if ( '' !== $at->user ) {
			$commands[] = array( 'AUTH', $at->user, $at->password );
		} elseif ( '' !== $at->password ) {
			$commands[] = array( 'AUTH', $at->password );
		}
		if ( $at->db ) {
			$commands[] = array( 'SELECT', (string) $at->db );
		}
		return $commands;
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
	 * Send commands and read their answers before the deadline.
	 *
	 * @param string[][] $commands Commands.
	 * @return array
	 */
	private function exchange( array $commands ): array {
		$bytes = '';
		foreach ( $commands as $words ) {
			$bytes .= '*' . count( $words ) . "\r\n";
			foreach ( $words as $word ) {
				$bytes .= '$' . strlen( $word ) . "\r\n" . $word . "\r\n";
			}
		}
		$this->write( $bytes );
		$answers = array();
		foreach ( $commands as $words ) {
			$answers[] = $this->read( 0 );
		}
		return $answers;
	}

	/**
	 * Send bytes.
	 *
	 * @param string $bytes What to send.
	 */
	private function write( string $bytes ): void {
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
	 * Read one answer.
	 *
	 * @param int $depth How many lists it is in.
	 * @return mixed
	 */
	private function read( int $depth ) {
		$line = $this->read_line();
		$rest = substr( $line, 1 );
		switch ( $line[0] ?? '' ) {
			case '+':
				return $rest;
			case '-':
				return Refused::from_reply( $rest, $this->at->secrets() );
			case ':':
				return (int) $rest;
			case '$':
				return $this->read_text( $rest );
			case '*':
				return $this->read_list( $rest, $depth );
		}
		return $this->lose( self::nonsense() );
	}

	/**
	 * Read a text of a length that was announced.
	 *
	 * @param string $announced Its length, or -1 for nil.
	 */
	private function read_text( string $announced ): ?string {
		if ( '-1' === $announced ) {
			return null;
		}
		if ( ! ctype_digit( $announced ) || (int) $announced > self::LONGEST ) {
			$this->lose( self::nonsense() );
		}
		return substr( $this->read_bytes( (int) $announced + 2 ), 0, -2 );
	}

	/**
	 * Read a list of a length that was announced.
	 *
	 * @param string $announced Its length, or -1 for nil.
	 * @param int    $depth     How many lists it is in.
	 */
	private function read_list( string $announced, int $depth ): ?array {
		if ( '-1' === $announced ) {
			return null;
		}
		if ( ! ctype_digit( $announced ) || $depth >= self::DEEPEST ) {
			$this->lose( self::nonsense() );
		}
		$list = array();
		for ( $left = (int) $announced; $left > 0; $left-- ) {
			$list[] = $this->read( $depth + 1 );
		}
		return $list;
	}

	/**
	 * Read a line, without its end.
	 */
	private function read_line(): string {
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
	private function read_bytes( int $count ): string {
		$missing = $count - ( strlen( $this->received ) - $this->position );
		while ( $missing > 0 ) {
			$missing -= $this->receive();
		}
		$bytes           = substr( $this->received, $this->position, $count );
		$this->position += $count;
		return $bytes;
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
	 * Hang up and say why.
	 *
	 * @param string $why Why.
	 * @return mixed Never.
	 * @throws Unavailable Always.
	 */
	private function lose( string $why ) {
		$this->close();
		throw new Unavailable( $why ); // phpcs:ignore WordPress.Security.EscapeOutput
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
	 * That was no answer.
	 */
	private static function nonsense(): string {
		return __( 'what answers is not a Redis', 'sos-publisher' );
	}

	/**
	 * A clock that only goes on, seconds.
	 */
	private static function now(): float {
		return hrtime( true ) / 1e9;
	}
}
