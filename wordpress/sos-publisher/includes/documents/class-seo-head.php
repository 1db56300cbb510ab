<?php
/**
 * What a plugin for search engines says of a post: title, description, robots, canonical address, social pictures.
 *
 * In: a post, and whichever of five plugins is active (Yoast SEO, Rank Math, All in One SEO, SEOPress, The SEO
 * Framework). Out: plain texts by name (`sos.head`). Only what those plugins publish for others is called: functions for
 * themes, and meta fields. One that has changed says nothing rather than breaking the document.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See of_post.
 */
final class Seo_Head {
	/**
	 * Names that are told of a post whose text needs a password.
	 */
	private const WITHOUT_TEXT = array( 'robots', 'canonical' );

	/**
	 * Bytes of one text.
	 */
	private const LONGEST = 2000;

	/**
	 * Head data of a post; empty where no such plugin is active.
	 *
	 * @param \WP_Post $post Of any type.
	 * @return array<string, string> In a steady order, none of them empty.
	 */
	public static function of_post( \WP_Post $post ): array {
		try {
			$found = self::ask( $post );
		} catch ( \Throwable $error ) {
			return array();
		}
		$head = array();
		foreach ( $found as $name => $text ) {
			$text = is_scalar( $text ) ? trim( wp_strip_all_tags( (string) $text, true ) ) : '';
			// A variable that nobody has filled in is worse than nothing.
			if ( '' !== $text && strlen( $text ) <= self::LONGEST && ! preg_match( '/%%\w+%%|%[a-z_]{3,}%|#[a-z]+_[a-z_]+\b/', $text ) ) {
				$head[ $name ] = $text;
			}
		}
		if ( '' !== $post->post_password ) {
			$head = array_intersect_key( $head, array_flip( self::WITHOUT_TEXT ) );
		}
		ksort( $head );
		return $head;
	}

	/**
	 * Ask whichever plugin there is.
	 *
	 * @param \WP_Post $post Of any type.
	 * @return array<string, mixed> Not yet looked at.
	 */
	private static function ask( \WP_Post $post ): array {
		if ( function_exists( 'YoastSEO' ) ) {
			return self::of_yoast( $post );
		}
		if ( defined( 'RANK_MATH_VERSION' ) || class_exists( '\RankMath\Helper', false ) ) {
			return self::of_rank_math( $post );
		}
		if ( function_exists( 'aioseo' ) ) {
			return self::of_aioseo( $post );
		}
		if ( function_exists( 'seopress_get_service' ) || defined( 'SEOPRESS_VERSION' ) ) {
			return self::of_seopress( $post );
		}
		if ( function_exists( 'tsf' ) || function_exists( 'the_seo_framework' ) ) {
			return self::of_tsf( $post );
		}
		return array();
	}

	/**
	 * Yoast SEO 14 and later: YoastSEO()->meta, its surface for developers.
	 *
	 * @param \WP_Post $post Of any type.
	 * @return array<string, mixed>
	 */
	private static function of_yoast( \WP_Post $post ): array {
		$meta = YoastSEO()->meta->for_post( $post->ID );
		if ( ! is_object( $meta ) ) {
			return array();
		}
		$images = $meta->open_graph_images;
		$image  = is_array( $images ) && $images ? reset( $images ) : array();
		return array(
			'title'               => $meta->title,
			'description'         => $meta->description,
			'robots'              => self::listed( $meta->robots ),
			'canonical'           => $meta->canonical,
			'og_title'            => $meta->open_graph_title,
			'og_description'      => $meta->open_graph_description,
			'og_type'             => $meta->open_graph_type,
			'og_image'            => is_array( $image ) ? ( $image['url'] ?? '' ) : '',
			'twitter_card'        => $meta->twitter_card,
			'twitter_title'       => $meta->twitter_title,
			'twitter_description' => $meta->twitter_description,
			'twitter_image'       => $meta->twitter_image,
		);
	}

	/**
	 * Rank Math: its meta fields, and its variables where they are replaced.
	 *
	 * @param \WP_Post $post Of any type.
	 * @return array<string, mixed>
	 */
	private static function of_rank_math( \WP_Post $post ): array {
		$text = static function ( string $name, string $setting = '' ) use ( $post ) {
			$value = get_post_meta( $post->ID, 'rank_math_' . $name, true );
			if ( '' === $value && '' !== $setting && is_callable( array( '\RankMath\Helper', 'get_settings' ) ) ) {
				$value = \RankMath\Helper::get_settings( 'titles.pt_' . $post->post_type . '_' . $setting );
			}
			$has_variables = is_string( $value ) && false !== strpos( $value, '%' );
			return $has_variables && is_callable( array( '\RankMath\Helper', 'replace_vars' ) ) ? \RankMath\Helper::replace_vars( $value, $post ) : $value;
		};
		return array(
			'title'               => $text( 'title', 'title' ),
			'description'         => $text( 'description', 'description' ),
			'robots'              => self::listed( get_post_meta( $post->ID, 'rank_math_robots', true ) ),
			'canonical'           => $text( 'canonical_url' ),
			'og_title'            => $text( 'facebook_title' ),
			'og_description'      => $text( 'facebook_description' ),
			'og_image'            => $text( 'facebook_image' ),
			'twitter_title'       => $text( 'twitter_title' ),
			'twitter_description' => $text( 'twitter_description' ),
			'twitter_image'       => $text( 'twitter_image' ),
		);
	}

	/**
	 * All in One SEO 4: aioseo()->meta.
	 *
	 * @param \WP_Post $post Of any type.
	 * @return array<string, mixed>
	 */
	private static function of_aioseo( \WP_Post $post ): array {
		$meta = aioseo()->meta;
		$data = $meta->metaData->getMetaData( $post ); // phpcs:ignore WordPress.NamingConventions.ValidVariableName -- Not our name.
		$own  = static function ( string $name ) use ( $data ) {
			return is_object( $data ) && isset( $data->$name ) ? $data->$name : '';
		};

		$robots = array();
		if ( ! $own( 'robots_default' ) ) {
			foreach ( array( 'noindex', 'nofollow', 'noarchive', 'nosnippet', 'noimageindex' ) as $word ) {
				if ( $own( 'robots_' . $word ) ) {
					$robots[] = $word;
				}
			}
		}
		return array(
			'title'               => $meta->title->getPostTitle( $post ),
			'description'         => $meta->description->getPostDescription( $post ),
			'robots'              => self::listed( $robots ),
			'canonical'           => $own( 'canonical_url' ),
			'og_title'            => $own( 'og_title' ),
			'og_description'      => $own( 'og_description' ),
			'og_image'            => $own( 'og_image_custom_url' ),
			'twitter_title'       => $own( 'twitter_title' ),
			'twitter_description' => $own( 'twitter_description' ),
			'twitter_image'       => $own( 'twitter_image_custom_url' ),
		);
	}

	/**
	 * SEOPress: its meta fields. What still has variables in it is left out.
	 *
	 * @param \WP_Post $post Of any type.
	 * @return array<string, mixed>
	 */
	private static function of_seopress( \WP_Post $post ): array {
		$own    = static function ( string $name ) use ( $post ) {
			$value = get_post_meta( $post->ID, '_seopress_' . $name, true );
			return is_string( $value ) ? strtr(
				$value,
				array(
					'%%post_title%%' => $post->post_title,
					'%%title%%'      => $post->post_title,
					'%%sitetitle%%'  => get_bloginfo( 'name' ),
					'%%sitename%%'   => get_bloginfo( 'name' ),
					'%%tagline%%'    => get_bloginfo( 'description' ),
					'%%sep%%'        => '-',
				)
			) : '';
		};
		$robots = array();
		foreach ( array( 'index' => 'noindex', 'follow' => 'nofollow', 'archive' => 'noarchive', 'snippet' => 'nosnippet', 'imageindex' => 'noimageindex' ) as $name => $word ) { // phpcs:ignore WordPress.Arrays.ArrayDeclarationSpacing -- One line says it best.
			if ( 'yes' === $own( 'robots_' . $name ) ) {
				$robots[] = $word;
			}
		}
		return array(
			'title'               => $own( 'titles_title' ),
			'description'         => $own( 'titles_desc' ),
			'robots'              => self::listed( $robots ),
			'canonical'           => $own( 'robots_canonical' ),
			'og_title'            => $own( 'social_fb_title' ),
			'og_description'      => $own( 'social_fb_desc' ),
			'og_image'            => $own( 'social_fb_img' ),
			'twitter_title'       => $own( 'social_twitter_title' ),
			'twitter_description' => $own( 'social_twitter_desc' ),
			'twitter_image'       => $own( 'social_twitter_img' ),
		);
	}

	/**
	 * The SEO Framework 4 and 5: its functions for title and description, its meta fields for the rest.
	 *
	 * @param \WP_Post $post Of any type.
	 * @return array<string, mixed>
	 */
	private static function of_tsf( \WP_Post $post ): array {
		$tsf = function_exists( 'tsf' ) ? tsf() : the_seo_framework();
		$of  = array( 'id' => $post->ID );
		$own = static function ( string $name ) use ( $post ) {
			return get_post_meta( $post->ID, $name, true );
		};

		$is_five = is_callable( array( $tsf, 'title' ) );
		$robots  = array();
		foreach ( array( 'noindex', 'nofollow', 'noarchive' ) as $word ) {
			if ( 1 === (int) $own( '_genesis_' . $word ) ) {
				$robots[] = $word;
			}
		}
		return array(
			'title'               => $is_five ? $tsf->title()->get_title( $of ) : $tsf->get_title( $of ),
			'description'         => $is_five ? $tsf->description()->get_description( $of ) : $tsf->get_description( $of ),
			'robots'              => self::listed( $robots ),
			'canonical'           => $own( '_genesis_canonical_uri' ),
			'og_title'            => $own( '_open_graph_title' ),
			'og_description'      => $own( '_open_graph_description' ),
			'og_image'            => $own( '_social_image_url' ),
			'twitter_title'       => $own( '_twitter_title' ),
			'twitter_description' => $own( '_twitter_description' ),
		);
	}

	/**
	 * Words with commas between.
	 *
	 * @param mixed $words A list of texts.
	 */
	private static function listed( $words ): string {
		return is_array( $words ) ? implode( ', ', array_filter( $words, 'is_string' ) ) : '';
	}
}
