<?php
/**
 * One server: where it is, how to talk to it, who is talking.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

/**
 * Made by Redis_Url; its `at` makes others.
 */
final class Endpoint {
	/**
	 * Name or address; '' for a socket file.
	 *
	 * @var string
	 */
	public string $host = '';

	/**
	 * TCP port.
	 *
	 * @var int
	 */
	public int $port = 0;

	/**
	 * Path of a socket file, else ''.
	 *
	 * @var string
	 */
	public string $path = '';

	/**
	 * Whether to speak TLS.
	 *
	 * @var bool
	 */
	public bool $tls = false;

	/**
	 * File with the certificates of authorities that are trusted; '': the system's.
	 *
	 * @var string
	 */
	public string $ca = '';

	/**
	 * User name, '' for the default one.
	 *
	 * @var string
	 */
	public string $user = '';

	/**
	 * Password, '' for none.
	 *
	 * @var string
	 */
	public string $password = '';

	/**
	 * Number of the database.
	 *
	 * @var int
	 */
	public int $db = 0;

	/**
	 * The same at another place.
	 *
	 * @param string $host Name or address.
	 * @param int    $port TCP port.
	 */
	public function at( string $host, int $port ): self {
		$other       = clone $this;
		$other->host = $host;
		$other->port = $port;
		return $other;
	}

	/**
	 * The same for somebody who does not log in: Sentinels have users of their own.
	 */
	public function anonymous(): self {
		$other           = clone $this;
		$other->user     = '';
		$other->password = '';
		$other->db       = 0;
		return $other;
	}

	/**
	 * Words that must not appear in a message.
	 *
	 * @return string[]
	 */
	public function secrets(): array {
		return array( $this->password, rawurlencode( $this->password ), $this->user );
	}

	/**
	 * Options of a stream context for TLS.
	 *
	 * @return array<string, mixed>
	 */
	public function tls_options(): array {
		$options = array(
			'verify_peer'      => true,
			'verify_peer_name' => true,
			'peer_name'        => $this->host,
			'SNI_enabled'      => true,
		);
		return '' === $this->ca ? $options : $options + array( 'cafile' => $this->ca );
	}
}
