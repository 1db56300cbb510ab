<?php
/**
 * What a plugin for search engines says of a post or term: title, description, robots, canonical address, social pictures.
 *
 * In: a post or term, and whichever of five plugins is active (Yoast SEO, Rank Math, All in One SEO, SEOPress, The SEO
 * Framework). Out: plain texts by name (`sos.head`). Only what those plugins publish for others is called: functions for
 * themes, and meta fields. One that has changed says nothing rather than breaking the document.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Documents;

defined( 'ABSPATH' ) || exit;

/**
 * See of_post, of_term.
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
		$head = self::of( $post );
		return '' !== $post->post_password ? array_intersect_key( $head, array_flip( self::WITHOUT_TEXT ) ) : $head;
	}

	/**
	 * Head data of a term's archive; empty where no such plugin is active.
	 *
	 * @param \WP_Term $term Of any taxonomy.
	 * @return array<string, string> In a steady order, none of them empty.
	 */
	public static function of_term( \WP_Term $term ): array {
		return self::of( $term );
	}

	/**
	 * Head data of either.
	 *
	 * @param \WP_Post|\WP_Term $item Of any type or taxonomy.
	 * @return array<string, string>
	 */
	private static function of( $item ): array {
		try {
			$found = self::ask( $item );
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
		ksort( $head );
		return $head;
	}

	/**
	 * Ask whichever plugin there is.
	 *
	 * @param \WP_Post|\WP_Term $item Of any type or taxonomy.
	 * @return array<string, mixed> Not yet looked at.
	 */
	private static function ask( $item ): array {
		if ( function_exists( 'YoastSEO' ) ) {
			return self::of_yoast( $item );
		}
		if ( defined( 'RANK_MATH_VERSION' ) || class_exists( '\RankMath\Helper', false ) ) {
			return self::of_rank_math( $item );
		}
		if ( function_exists( 'aioseo' ) ) {
			return $item instanceof \WP_Term ? self::of_aioseo_term( $item ) : self::of_aioseo( $item );
		}
		if ( function_exists( 'seopress_get_service' ) || defined( 'SEOPRESS_VERSION' ) ) {
			return self::of_seopress( $item );
		}
		if ( function_exists( 'tsf' ) || function_exists( 'the_seo_framework' ) ) {
			return self::of_tsf( $item );
		}
		return array();
	}

	/**
	 * A meta field of a post or term.
	 *
	 * @param \WP_Post|\WP_Term $item Of any type or taxonomy.
	 * @param string            $name The field.
	 * @return mixed '' where there is none.
	 */
	private static function meta( $item, string $name ) {
		return $item instanceof \WP_Term ? get_term_meta( $item->term_id, $name, true ) : get_post_meta( $item->ID, $name, true );
	}

	/**
	 * Yoast SEO 14 and later: YoastSEO()->meta, its surface for developers.
	 *
	 * @param \WP_Post|\WP_Term $item Of any type or taxonomy.
	 * @return array<string, mixed>
	 */
	private static function of_yoast( $item ): array {
		$all  = YoastSEO()->meta;
		$meta = $item instanceof \WP_Term ? $all->for_term( $item->term_id ) : $all->for_post( $item->ID );
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
	 * @param \WP_Post|\WP_Term $item Of any type or taxonomy.
	 * @return array<string, mixed>
	 */
	private static function of_rank_math( $item ): array {
		$kind = $item instanceof \WP_Term ? 'tax_' . $item->taxonomy : 'pt_' . $item->post_type;
		$text = static function ( string $name, string $setting = '' ) use ( $item, $kind ) {
			$value = self::meta( $item, 'rank_math_' . $name );
			if ( '' === $value && '' !== $setting && is_callable( array( '\RankMath\Helper', 'get_settings' ) ) ) {
				$value = \RankMath\Helper::get_settings( 'titles.' . $kind . '_' . $setting );
			}
			$has_variables = is_string( $value ) && false !== strpos( $value, '%' );
			return $has_variables && is_callable( array( '\RankMath\Helper', 'replace_vars' ) ) ? \RankMath\Helper::replace_vars( $value, $item ) : $value;
		};
		return array(
			'title'               => $text( 'title', 'title' ),
			'description'         => $text( 'description', 'description' ),
			'robots'              => self::listed( self::meta( $item, 'rank_math_robots' ) ),
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
	 * All in One SEO 4: what it calls the archive of a term. Only its paid version knows what editors typed.
	 *
	 * @param \WP_Term $term Of any taxonomy.
	 * @return array<string, mixed>
	 */
	private static function of_aioseo_term( \WP_Term $term ): array {
		$meta = aioseo()->meta;
		return array(
			'title'       => $meta->title->getTermTitle( $term ),
			'description' => $meta->description->getTermDescription( $term ),
		);
	}

	/**
	 * SEOPress: its meta fields. What still has variables in it is left out.
	 *
	 * @param \WP_Post|\WP_Term $item Of any type or taxonomy.
	 * @return array<string, mixed>
	 */
	private static function of_seopress( $item ): array {
		$title  = $item instanceof \WP_Term ? $item->name : $item->post_title;
		$own    = static function ( string $name ) use ( $item, $title ) {
			$value = self::meta( $item, '_seopress_' . $name );
			return is_string( $value ) ? strtr(
				$value,
				array(
					'%%post_title%%' => $title,
					'%%term_title%%' => $title,
					'%%title%%'      => $title,
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
	 * The SEO Framework 4 and 5: its functions for title and description, its meta fields for the rest. Those of a term
	 * are one field.
	 *
	 * @param \WP_Post|\WP_Term $item Of any type or taxonomy.
	 * @return array<string, mixed>
	 */
	private static function of_tsf( $item ): array {
		$tsf  = function_exists( 'tsf' ) ? tsf() : the_seo_framework();
		$of   = array( 'id' => $item instanceof \WP_Term ? $item->term_id : $item->ID );
		$term = array();
		if ( $item instanceof \WP_Term ) {
			$of  += array(
				'tax'      => $item->taxonomy, // In 5.
				'taxonomy' => $item->taxonomy, // In 4.
			);
			$term = get_term_meta( $item->term_id, 'autodescription-term-settings', true );
			$term = is_array( $term ) ? $term : array();
		}
		$own = static function ( string $name, string $of_term ) use ( $item, $term ) {
			return $item instanceof \WP_Term ? ( $term[ $of_term ] ?? '' ) : get_post_meta( $item->ID, $name, true );
		};

		$is_five = is_callable( array( $tsf, 'title' ) );
		$robots  = array();
		foreach ( array( 'noindex', 'nofollow', 'noarchive' ) as $word ) {
			if ( 1 === (int) $own( '_genesis_' . $word, $word ) ) {
				$robots[] = $word;
			}
		}
		return array(
			'title'               => $is_five ? $tsf->title()->get_title( $of ) : $tsf->get_title( $of ),
			'description'         => $is_five ? $tsf->description()->get_description( $of ) : $tsf->get_description( $of ),
			'robots'              => self::listed( $robots ),
			'canonical'           => $own( '_genesis_canonical_uri', 'canonical' ),
			'og_title'            => $own( '_open_graph_title', 'og_title' ),
			'og_description'      => $own( '_open_graph_description', 'og_description' ),
			'og_image'            => $own( '_social_image_url', 'social_image_url' ),
			'twitter_title'       => $own( '_twitter_title', 'tw_title' ),
			'twitter_description' => $own( '_twitter_description', 'tw_description' ),
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
