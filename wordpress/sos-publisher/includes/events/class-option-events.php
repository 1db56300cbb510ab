<?php
/**
 * Settings, theme settings and the theme itself: from the options that the public can see the effect of
 * to marks. Other options mark nothing: transients, counters and this plugin's own change all the time.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Events;

defined( 'ABSPATH' ) || exit;

/**
 * Hooks of options, before and after each change. WordPress fires none where nothing changed, and
 * another one for the first value of an option than for the next.
 */
final class Option_Events {
	/**
	 * Options that stand in the document `site`.
	 */
	const OF_SITE = array( 'blogname', 'blogdescription', 'timezone_string', 'gmt_offset', 'start_of_week', 'date_format', 'time_format', 'posts_per_page', 'posts_per_rss', 'rss_use_excerpt', 'blog_public', 'wp_attachment_pages_enabled', 'WPLANG', 'show_on_front', 'page_on_front', 'page_for_posts', 'site_icon', 'site_logo' );

	/**
	 * Options that addresses or rendered texts everywhere are made with.
	 */
	const OF_EVERYTHING = array( 'home', 'siteurl', 'permalink_structure', 'category_base', 'tag_base', 'WPLANG', 'timezone_string', 'gmt_offset', 'date_format', 'time_format', 'use_smilies', 'active_plugins', 'stylesheet', 'template', 'upload_url_path', 'wpseo_titles', 'wpseo_social', 'rank-math-options-titles', 'aioseo_options', 'seopress_titles_option_name', 'seopress_social_option_name', 'autodescription-site-settings' );

	/**
	 * Takes the marks.
	 *
	 * @var Events
	 */
	private Events $events;

	/**
	 * Of these events.
	 *
	 * @param Events $events Takes the marks.
	 */
	public function __construct( Events $events ) {
		$this->events = $events;
	}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		$on = array( $this->events, 'listen' );
		foreach ( array( 'add_option', 'added_option' ) as $hook ) {
			$on( $hook, array( $this, 'added' ), PHP_INT_MIN, 2 );
		}
		foreach ( array( 'update_option', 'updated_option' ) as $hook ) {
			$on( $hook, array( $this, 'changed' ), PHP_INT_MIN, 3 );
		}
		$on( 'delete_option', array( $this, 'before_delete' ), PHP_INT_MIN );
		$on( 'deleted_option', array( $this, 'deleted' ), PHP_INT_MIN );
		foreach ( array( 'post_stuck', 'post_unstuck' ) as $hook ) {
			$on( $hook, array( $this, 'stuck' ), PHP_INT_MIN );
		}
		foreach ( array( 'permalink_structure_changed', 'switch_theme' ) as $hook ) {
			$on( $hook, array( $this, 'everything_changed' ), PHP_INT_MIN, 0 );
		}
		$on( 'customize_save_after', array( $this, 'customized' ), PHP_INT_MIN, 0 );
		foreach ( array( 'update_site_option_active_sitewide_plugins', 'add_site_option_active_sitewide_plugins' ) as $hook ) {
			$on( $hook, array( $this, 'everything_changed' ), PHP_INT_MIN, 0 );
		}
	}

	/**
	 * An option gets its first value.
	 *
	 * @param mixed $name  The option.
	 * @param mixed $value Its value.
	 */
	public function added( $name, $value ): void {
		$this->changed( $name, null, $value );
	}

	/**
	 * An option is about to be deleted; its value is still known.
	 *
	 * @param mixed $name The option.
	 */
	public function before_delete( $name ): void {
		if ( $this->matters( (string) $name ) ) {
			$this->changed( $name, get_option( $name ), null );
		}
	}

	/**
	 * An option was deleted.
	 *
	 * @param mixed $name The option.
	 */
	public function deleted( $name ): void {
		$this->changed( $name, null, null );
	}

	/**
	 * An option changes or has changed.
	 *
	 * @param mixed $name   The option.
	 * @param mixed $before Its value.
	 * @param mixed $after  Its value.
	 */
	public function changed( $name, $before, $after ): void {
		$name = (string) $name;
		if ( ! $this->matters( $name ) ) {
			return;
		}
		$refs = array();
		if ( 'sticky_posts' === $name ) {
			$refs = $this->sticky( (array) $before, (array) $after );
		} elseif ( 0 === strpos( $name, 'theme_mods_' ) ) {
			$refs = $this->theme_settings( (array) $before, (array) $after );
		} elseif ( in_array( $name, self::OF_SITE, true ) ) {
			$refs[] = 'site';
		}
		if ( in_array( $name, array( 'page_on_front', 'page_for_posts', 'show_on_front' ), true ) ) {
			$refs = array_merge( $refs, $this->front_pages( $before, $after ) );
		}
		if ( in_array( $name, self::OF_EVERYTHING, true ) ) {
			$refs[] = 'everything';
		}
		if ( in_array( $name, array( 'permalink_structure', 'active_plugins' ), true ) ) {
			array_push( $refs, 'site', 'types', 'taxonomies' );
		}
		if ( $refs ) {
			$this->events->mark( ...$refs );
		}
	}

	/**
	 * A post was stuck to the front page, or is not any more.
	 *
	 * @param mixed $id The post.
	 */
	public function stuck( $id ): void {
		$this->events->mark( 'post:' . (int) $id, 'lists:sticky' );
	}

	/**
	 * Permalinks, the theme or the plugins of a network changed.
	 */
	public function everything_changed(): void {
		$this->events->mark( 'site', 'types', 'taxonomies', 'menus', 'everything' );
	}

	/**
	 * `customize_save_after`.
	 */
	public function customized(): void {
		$this->events->mark( 'site', 'menus' );
	}

	/**
	 * Whether the public can see the effect of an option.
	 *
	 * @param string $name The option.
	 */
	private function matters( string $name ): bool {
		return 'sticky_posts' === $name
			|| 0 === strpos( $name, 'theme_mods_' ) && 'theme_mods_' . get_option( 'stylesheet' ) === $name
			|| in_array( $name, self::OF_SITE, true )
			|| in_array( $name, self::OF_EVERYTHING, true );
	}

	/**
	 * Posts that became sticky, or are not any more.
	 *
	 * @param array $before Their ids.
	 * @param array $after  Their ids.
	 * @return string[]
	 */
	private function sticky( array $before, array $after ): array {
		$before = array_filter( array_map( 'intval', $before ) );
		$after  = array_filter( array_map( 'intval', $after ) );
		$refs   = array( 'lists:sticky' );
		foreach ( array_merge( array_diff( $before, $after ), array_diff( $after, $before ) ) as $id ) {
			$refs[] = 'post:' . $id;
		}
		return $refs;
	}

	/**
	 * What depends on the theme's settings: logo and menus.
	 *
	 * @param array $before As they were.
	 * @param array $after  As they are.
	 * @return string[]
	 */
	private function theme_settings( array $before, array $after ): array {
		$refs = array( 'site' );
		$is   = $after['nav_menu_locations'] ?? array();
		if ( array() === $before || array() === $after || ( $before['nav_menu_locations'] ?? array() ) !== $is ) {
			$refs[] = 'menus';
		}
		return $refs;
	}

	/**
	 * Pages whose address changes with the front page: it, the one before, and what leads there.
	 *
	 * @param mixed $before Value of the option.
	 * @param mixed $after  Value of the option.
	 * @return string[]
	 */
	private function front_pages( $before, $after ): array {
		$pages = array( (int) $before, (int) $after, (int) get_option( 'page_on_front' ), (int) get_option( 'page_for_posts' ) );
		$refs  = array( 'types' );
		foreach ( array_filter( array_unique( $pages ) ) as $id ) {
			array_push( $refs, 'post:' . $id, 'below:post:' . $id, 'menus-of:post:' . $id );
		}
		return $refs;
	}
}
