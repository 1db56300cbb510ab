<?php
/**
 * Expiry: the moment at which a post, page, custom type or callout leaves the public site by itself.
 *
 * In: a date and time of the site's time zone from either editor, or a GMT one through the REST field
 * `sos_expires`. Out: meta `_sos_expires`, GMT 'Y-m-d H:i:s' or absent; the nodes act on it at that second.
 * A moment that is past, or before the post's own start, is refused with words before anything is saved.
 * The post itself stays as it is in WordPress.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * The meta `_sos_expires` and its way in and out.
 */
final class Expiry {
	public const META  = '_sos_expires';
	public const FIELD = 'sos_expires';
	public const LOCAL = 'sos_expires_local';

	/**
	 * Hook into WordPress.
	 */
	public static function register(): void {
		add_action( 'init', array( __CLASS__, 'register_meta' ) );
		add_action( 'rest_api_init', array( __CLASS__, 'register_rest_field' ), 5 );
	}

	/**
	 * Types of post that can expire: the public ones but attachments, and callouts.
	 *
	 * @return string[]
	 */
	public static function post_types(): array {
		$types   = array_values( array_diff( get_post_types( array( 'public' => true ) ), array( 'attachment' ) ) );
		$types[] = Callouts::TYPE;
		/**
		 * Types of post that can expire and whose state on the public site is shown.
		 *
		 * @param string[] $types Names of types.
		 */
		return (array) apply_filters( 'sos_publisher_post_types', $types );
	}

	/**
	 * When the post leaves the public site, GMT 'Y-m-d H:i:s', or ''.
	 *
	 * @param int $post_id The post.
	 */
	public static function of( int $post_id ): string {
		return self::sanitize( get_post_meta( $post_id, self::META, true ) );
	}

	/**
	 * Whether its time is over.
	 *
	 * @param int $post_id The post.
	 */
	public static function is_past( int $post_id ): bool {
		$gmt = self::of( $post_id );
		return '' !== $gmt && self::epoch( $gmt ) <= time();
	}

	/**
	 * Register the meta for all types of post, so that every way in is cleaned and needs the right to edit.
	 */
	public static function register_meta(): void {
		register_meta(
			'post',
			self::META,
			array(
				'type'              => 'string',
				'single'            => true,
				'default'           => '',
				'sanitize_callback' => array( __CLASS__, 'sanitize' ),
				'auth_callback'     => array( Callouts::class, 'may_edit_meta' ),
			)
		);
	}

	/**
	 * The fields `sos_expires` (GMT, 'Y-m-d\TH:i:s' or '') and `sos_expires_local` (the same in the site's time zone,
	 * without seconds), on types without custom fields too. The block editor uses the second: scripts in WordPress know
	 * the zone's offset of today only, and would be wrong by an hour for a day in summer.
	 */
	public static function register_rest_field(): void {
		$types = self::post_types();
		register_rest_field(
			$types,
			self::FIELD,
			array(
				'get_callback'    => static fn( array $post ): string => str_replace( ' ', 'T', self::of( (int) $post['id'] ) ),
				'update_callback' => static function ( $value, \WP_Post $post ): void {
					self::save( $post->ID, self::sanitize( $value ) );
				},
				'schema'          => array(
					'description' => __( 'When it leaves the public site, in GMT; empty for never.', 'sos-publisher' ),
					'type'        => 'string',
					'context'     => array( 'edit' ),
				),
			)
		);
		register_rest_field(
			$types,
			self::LOCAL,
			array(
				'get_callback'    => static fn( array $post ): string => self::to_local( self::of( (int) $post['id'] ) ),
				'update_callback' => static function ( $value, \WP_Post $post ): void {
					// Without seconds, what is unchanged must not lose them.
					if ( self::to_local( self::of( $post->ID ) ) !== $value ) {
						self::save( $post->ID, self::from_local( (string) $value ) );
					}
				},
				'schema'          => array(
					'description' => __( 'When it leaves the public site, in the site’s time zone; empty for never.', 'sos-publisher' ),
					'type'        => 'string',
					'context'     => array( 'edit' ),
				),
			)
		);
		foreach ( $types as $type ) {
			add_filter( "rest_pre_insert_$type", array( __CLASS__, 'refuse_impossible' ), 10, 2 );
		}
	}

	/**
	 * Stop a REST save whose expiry makes no sense, before anything of it was saved.
	 *
	 * @param \stdClass|\WP_Error $prepared What WordPress is going to save.
	 * @param \WP_REST_Request    $request  The request.
	 * @return \stdClass|\WP_Error
	 */
	public static function refuse_impossible( $prepared, $request ) {
		if ( is_wp_error( $prepared ) || ( null === $request[ self::FIELD ] && null === $request[ self::LOCAL ] ) ) {
			return $prepared;
		}
		$post_id = (int) ( $prepared->ID ?? 0 );
		$value   = $request[ self::FIELD ];
		if ( null !== $request[ self::LOCAL ] ) {
			$local = (string) $request[ self::LOCAL ];
			$gmt   = self::from_local( $local );
			$value = self::to_local( self::of( $post_id ) ) === $local ? '' : ( '' === $gmt ? $local : $gmt );
		}
		$problem = self::problem( (string) $value, $post_id, (string) ( $prepared->post_date_gmt ?? '' ) );
		return '' === $problem ? $prepared : new \WP_Error( 'sos_expiry_refused', $problem, array( 'status' => 400 ) );
	}

	/**
	 * Why an expiry can't be taken, in words, or '' when it can.
	 *
	 * One that is stored already is always taken: an expired post can be edited on.
	 *
	 * @param string $value     GMT time as it came in.
	 * @param int    $post_id   The post, 0 for a new one.
	 * @param string $start_gmt When it is going to be published, as far as that is being changed.
	 */
	public static function problem( string $value, int $post_id, string $start_gmt = '' ): string {
		if ( '' === trim( $value ) ) {
			return '';
		}
		$gmt = self::sanitize( $value );
		if ( '' === $gmt ) {
			return __( 'The time at which this should leave the public site could not be understood.', 'sos-publisher' );
		}
		if ( $post_id && self::of( $post_id ) === $gmt ) {
			return '';
		}
		if ( self::epoch( $gmt ) <= time() ) {
			return sprintf(
				/* translators: %s: date and time. */
				__( 'The time at which this should leave the public site, %s, is past. Choose a later one, or set it back to draft to take it off now.', 'sos-publisher' ),
				self::in_words( $gmt )
			);
		}
		if ( '' === $start_gmt && $post_id ) {
			$start_gmt = (string) get_post_field( 'post_date_gmt', $post_id, 'raw' );
		}
		if ( '' !== $start_gmt && '0000-00-00 00:00:00' !== $start_gmt && self::epoch( $gmt ) <= self::epoch( $start_gmt ) ) {
			return __( 'This would leave the public site before it is published. Choose a later time.', 'sos-publisher' );
		}
		return '';
	}

	/**
	 * Store it, or remove it.
	 *
	 * @param int    $post_id The post.
	 * @param string $gmt     'Y-m-d H:i:s' or ''.
	 */
	public static function save( int $post_id, string $gmt ): void {
		if ( '' === $gmt ) {
			delete_post_meta( $post_id, self::META );
			return;
		}
		update_post_meta( $post_id, self::META, $gmt );
	}

	/**
	 * GMT 'Y-m-d H:i:s', or '' for what is no such time. Takes 'T' between date and time, a 'Z' at the end, no seconds.
	 *
	 * @param mixed $value Anything.
	 */
	public static function sanitize( $value ): string {
		if ( ! is_string( $value ) || ! preg_match( '/^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:\.\d+)?)?Z?$/', trim( $value ), $part ) ) {
			return '';
		}
		$text = $part[1] . ' ' . $part[2] . ':' . ( ! empty( $part[3] ) ? $part[3] : '00' );
		$time = \DateTimeImmutable::createFromFormat( '!Y-m-d H:i:s', $text, new \DateTimeZone( 'UTC' ) );
		return $time && $time->format( 'Y-m-d H:i:s' ) === $text ? $text : '';
	}

	/**
	 * From what a datetime-local field holds, in the site's time zone, to GMT 'Y-m-d H:i:s' or ''.
	 *
	 * @param string $local 'Y-m-d\TH:i' or with seconds.
	 */
	public static function from_local( string $local ): string {
		$clean = self::sanitize( $local );
		if ( '' === $clean ) {
			return '';
		}
		$time = new \DateTimeImmutable( $clean, wp_timezone() );
		return $time->setTimezone( new \DateTimeZone( 'UTC' ) )->format( 'Y-m-d H:i:s' );
	}

	/**
	 * From GMT to what a datetime-local field wants, in the site's time zone.
	 *
	 * @param string $gmt 'Y-m-d H:i:s' or ''.
	 */
	public static function to_local( string $gmt ): string {
		return '' === $gmt ? '' : (string) wp_date( 'Y-m-d\TH:i', self::epoch( $gmt ) );
	}

	/**
	 * Date and time as the site writes them, in its time zone.
	 *
	 * @param string $gmt 'Y-m-d H:i:s'.
	 */
	public static function in_words( string $gmt ): string {
		return sprintf(
			/* translators: 1: date, 2: time. */
			_x( '%1$s, %2$s', 'date and time', 'sos-publisher' ),
			(string) wp_date( (string) get_option( 'date_format' ), self::epoch( $gmt ) ),
			(string) wp_date( (string) get_option( 'time_format' ), self::epoch( $gmt ) )
		);
	}

	/**
	 * The site's time zone as people know it: "Europe/Berlin" or "UTC+2".
	 */
	public static function zone_name(): string {
		$name = wp_timezone_string();
		return preg_match( '/^[+-]/', $name ) ? 'UTC' . $name : $name;
	}

	/**
	 * Seconds since 1970.
	 *
	 * @param string $gmt 'Y-m-d H:i:s'.
	 */
	public static function epoch( string $gmt ): int {
		return (int) strtotime( $gmt . ' UTC' );
	}
}
