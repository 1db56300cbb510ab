<?php
/**
 * The plugin's table and its coming and going: made when the plugin is activated, when its version
 * changes, or when a site of a network first needs it. Sends nothing.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher;

defined( 'ABSPATH' ) || exit;

/**
 * One row an object that was ever marked.
 */
final class Installation {
	/** Raised when the table changes. */
	const SCHEMA = 1;

	const OPTION = 'sos_publisher_schema';

	/**
	 * The table of the current site.
	 */
	public static function table(): string {
		global $wpdb;
		return $wpdb->prefix . 'sos_objects';
	}

	/**
	 * Hook into WordPress.
	 */
	public static function register(): void {
		add_action( 'init', array( self::class, 'upgrade' ), 1 );
		add_filter( 'wpmu_drop_tables', array( self::class, 'add_to_dropped' ) );
	}

	/**
	 * Activated. Other sites of a network follow at their next request.
	 */
	public static function activate(): void {
		self::install();
		Cron::schedule();
	}

	/**
	 * Deactivated: nothing runs any more; table and settings stay.
	 *
	 * @param bool $network_wide Whether for all sites of a network.
	 */
	public static function deactivate( $network_wide = false ): void {
		foreach ( $network_wide && is_multisite() ? self::sites() : array( 0 ) as $site ) {
			if ( $site ) {
				switch_to_blog( $site );
			}
			Cron::unschedule();
			if ( $site ) {
				restore_current_blog();
			}
		}
	}

	/**
	 * Make or change the table if this version needs another one than there is. One autoloaded option when not.
	 */
	public static function upgrade(): void {
		if ( (int) get_option( self::OPTION ) !== self::SCHEMA ) {
			self::install();
		}
	}

	/**
	 * Make the table of the current site, or bring it up to date. Never throws.
	 */
	public static function install(): void {
		global $wpdb;
		require_once ABSPATH . 'wp-admin/includes/upgrade.php';
		$before = $wpdb->suppress_errors( true );
		// The columns are described in class-marks.php. Two spaces after PRIMARY KEY: dbDelta wants them.
		dbDelta(
			'CREATE TABLE ' . self::table() . " (
ref varchar(64) NOT NULL,
generation bigint(20) unsigned NOT NULL DEFAULT 1,
dirty tinyint(1) NOT NULL DEFAULT 1,
marked_at decimal(16,4) NOT NULL DEFAULT 0,
marked_by bigint(20) unsigned NOT NULL DEFAULT 0,
attempts smallint(5) unsigned NOT NULL DEFAULT 0,
retry_at decimal(16,4) NOT NULL DEFAULT 0,
sent_at decimal(16,4) NOT NULL DEFAULT 0,
saved_at decimal(16,4) NOT NULL DEFAULT 0,
revision bigint(20) unsigned NOT NULL DEFAULT 0,
epoch varchar(40) NOT NULL DEFAULT '',
outcome varchar(20) NOT NULL DEFAULT '',
error text NOT NULL,
lists text NOT NULL,
PRIMARY KEY  (ref),
KEY dirty (dirty,marked_at),
KEY sent_at (sent_at)
) " . $wpdb->get_charset_collate() . ';'
		);
		$there = $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( self::table() ) ) ); // phpcs:ignore WordPress.DB.DirectDatabaseQuery
		$wpdb->suppress_errors( $before );
		if ( self::table() === $there ) {
			update_option( self::OPTION, self::SCHEMA, true );
			// Each request looks for them: what is there and autoloaded costs no query.
			add_option( Settings::OPTION, array() );
			add_option( Store\Breaker::OPTION, array() );
		}
	}

	/**
	 * Forget everything of the current site: its table and its options.
	 */
	public static function uninstall(): void {
		global $wpdb;
		$wpdb->query( 'DROP TABLE IF EXISTS ' . self::table() ); // phpcs:ignore WordPress.DB
		$like  = $wpdb->esc_like( 'sos_publisher' ) . '%';
		$names = $wpdb->get_col( $wpdb->prepare( "SELECT option_name FROM $wpdb->options WHERE option_name LIKE %s", $like ) ); // phpcs:ignore WordPress.DB.DirectDatabaseQuery
		foreach ( $names as $name ) {
			delete_option( $name );
		}
		Cron::unschedule();
	}

	/**
	 * A site of a network is deleted: its table goes, too.
	 *
	 * @param string[] $tables Tables that will be dropped.
	 * @return string[]
	 */
	public static function add_to_dropped( $tables ) {
		$tables   = (array) $tables;
		$tables[] = self::table();
		return $tables;
	}

	/**
	 * Whether the plugin is active on the current site: on another site of a network it may not be, and a site may have
	 * been deleted by this request.
	 */
	public static function is_active_here(): bool {
		if ( ! is_multisite() || ! ms_is_switched() ) {
			return true;
		}
		if ( ! get_site( get_current_blog_id() ) ) {
			return false;
		}
		$file    = plugin_basename( PLUGIN_FILE );
		$network = (array) get_site_option( 'active_sitewide_plugins', array() );
		return isset( $network[ $file ] ) || in_array( $file, (array) get_option( 'active_plugins', array() ), true );
	}

	/**
	 * Ids of all sites of the network.
	 *
	 * @return int[]
	 */
	public static function sites(): array {
		return array_map(
			'intval',
			get_sites(
				array(
					'fields' => 'ids',
					'number' => 0,
				)
			)
		);
	}
}
