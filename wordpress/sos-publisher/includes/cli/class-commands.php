<?php
/**
 * `wp sos …`: from words on a command line to the plugin's parts, and from their answers to text, a format
 * for programs and an exit code.
 *
 * Decides nothing and keeps nothing. In a network each command speaks of one site: that of `--url`.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Cli;

use SOS_Publisher\Plugin;
use WP_CLI;

defined( 'ABSPATH' ) || exit;

/**
 * Publishes this site to its homepage tier, and tells how that goes.
 *
 * In a network, --url=<site> says which site is meant.
 *
 * ## EXIT CODES
 *
 * 0 all is well, 1 something is not as it should be, 69 the content store does not answer,
 * 78 the settings are missing or wrong.
 */
final class Commands {
	const WRONG       = 1;
	const UNAVAILABLE = 69;
	const UNSET       = 78;

	/**
	 * The plugin's parts.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * Nothing is asked yet.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public function __construct( Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * Tell WP-CLI of the commands.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	public static function register( Plugin $plugin ): void {
		WP_CLI::add_command( 'sos', new self( $plugin ) );
	}

	/**
	 * Tells whether what is saved here is live, and what waits.
	 *
	 * Without names: settings, content store, nodes, backlog, failures and rebuild, one a line.
	 * With names: where each of these objects stands.
	 *
	 * ## OPTIONS
	 *
	 * [<name>...]
	 * : Posts by their number, other objects as term:5, user:3, menu:2, site, types, taxonomies.
	 *
	 * [--fields=<fields>]
	 * : Only these columns, by commas.
	 *
	 * [--format=<format>]
	 * : How to print it.
	 * ---
	 * default: table
	 * options:
	 *   - table
	 *   - json
	 *   - csv
	 *   - yaml
	 * ---
	 *
	 * ## EXAMPLES
	 *
	 *     # Whether all is well; the exit code says it too.
	 *     $ wp sos status
	 *
	 *     # Where two posts and a category stand, for a program.
	 *     $ wp sos status 12 15 term:5 --format=json
	 *
	 *     # Every site of a network.
	 *     $ wp site list --field=url | xargs -I % wp sos status --url=%
	 *
	 * @param string[] $names   Objects.
	 * @param array    $options Of the command line.
	 */
	public function status( array $names, array $options ): void {
		$report = new Status_Report( $this->plugin );
		$names  = array_map( array( Status_Report::class, 'ref' ), $names );
		if ( array_filter( $names, 'is_null' ) ) {
			WP_CLI::error( __( 'A name is a number or something like term:5.', 'sos-publisher' ) );
		}
		if ( $names ) {
			$this->require_settings();
		} else {
			$this->plugin->store()->take_time( true );
		}
		$rows = $names ? $report->objects( $names ) : $report->site();
		self::print_rows( $rows, array_keys( $rows[0] ), $options );
		self::halt( $names ? Status_Report::code_of_objects( $rows ) : Status_Report::code_of_site( $rows ) );
	}

	/**
	 * Sends what waits, now.
	 *
	 * What is saved is sent by itself; this is for whoever doesn't want to wait for the next request or
	 * the next run of WP-Cron after the content store was away.
	 *
	 * ## OPTIONS
	 *
	 * [--seconds=<seconds>]
	 * : Stop after about this time.
	 * ---
	 * default: 600
	 * ---
	 *
	 * [--porcelain]
	 * : Print the number of sent changes, nothing else.
	 *
	 * [--format=<format>]
	 * : Print figures instead of a sentence.
	 * ---
	 * options:
	 *   - table
	 *   - json
	 *   - csv
	 *   - yaml
	 * ---
	 *
	 * ## EXAMPLES
	 *
	 *     $ wp sos flush
	 *     Success: Sent 12. Nothing waits.
	 *
	 * @param string[] $names   None.
	 * @param array    $options Of the command line.
	 */
	public function flush( array $names, array $options ): void {
		$this->require_settings();
		$this->plugin->store()->take_time( true );
		$brief = self::is_brief( $options );
		$done  = Work::flush( $this->plugin, self::seconds( $options['seconds'] ?? 600 ), $brief );
		self::print_figures( $done, array( 'sent', 'left', 'error' ), $options );
		/* translators: %s: number of changes. */
		$words = sprintf( __( 'Sent %s.', 'sos-publisher' ), number_format_i18n( $done['sent'] ) );
		if ( 0 === $done['left'] && '' === $done['error'] ) {
			self::succeed( $words . ' ' . __( 'Nothing waits.', 'sos-publisher' ), $brief );
			return;
		}
		/* translators: %s: number of changes. */
		$words .= ' ' . sprintf( __( 'Still waiting: %s.', 'sos-publisher' ), number_format_i18n( $done['left'] ) );
		WP_CLI::error( trim( $words . ' ' . $done['error'] ), '' === $done['error'] ? self::WRONG : self::UNAVAILABLE );
	}

	/**
	 * Sends everything anew.
	 *
	 * Fills an empty content store and mends a damaged one. The public site goes on meanwhile, and so do
	 * editors. A rebuild that was stopped goes on where it was.
	 *
	 * ## OPTIONS
	 *
	 * [--background]
	 * : Only begin; WP-Cron does the rest, "wp sos status" says how far it is.
	 *
	 * [--restart]
	 * : Begin again, also if one was under way.
	 *
	 * [--porcelain]
	 * : Print the number of sent documents, nothing else.
	 *
	 * [--format=<format>]
	 * : Print figures instead of a sentence.
	 * ---
	 * options:
	 *   - table
	 *   - json
	 *   - csv
	 *   - yaml
	 * ---
	 *
	 * ## EXAMPLES
	 *
	 *     $ wp sos rebuild
	 *     Sending  100% [================================] 0:21 / 0:21
	 *     Success: Sent 4,210 documents.
	 *
	 * @param string[] $names   None.
	 * @param array    $options Of the command line.
	 */
	public function rebuild( array $names, array $options ): void {
		$this->require_settings();
		$this->plugin->store()->take_time( true );
		$rebuild = $this->plugin->rebuild();
		if ( ! empty( $options['restart'] ) ) {
			$rebuild->cancel();
		}
		if ( ! $rebuild->is_running() ) {
			$rebuild->start();
		}
		$brief = self::is_brief( $options );
		if ( ! empty( $options['background'] ) ) {
			self::succeed( __( 'It has begun.', 'sos-publisher' ), $brief );
			return;
		}
		$done = Work::rebuild( $this->plugin, $brief );
		self::print_figures( $done, array( 'done', 'total', 'failed', 'error' ), $options );
		if ( '' !== (string) $done['error'] ) {
			WP_CLI::error( (string) $done['error'], self::UNAVAILABLE );
		}
		if ( ! empty( $done['failed'] ) ) {
			/* translators: 1: number of documents, 2: a technical message. */
			WP_CLI::error( sprintf( __( '%1$s could not be sent. The first: %2$s', 'sos-publisher' ), number_format_i18n( (int) $done['failed'] ), (string) $done['failure'] ), self::WRONG );
		}
		/* translators: %s: number of documents. */
		self::succeed( sprintf( __( 'Sent %s documents.', 'sos-publisher' ), number_format_i18n( (int) $done['done'] ) ), $brief );
	}

	/**
	 * Compares the content store with WordPress.
	 *
	 * Finds what a search-and-replace in the database, a restored backup or a damaged store left behind.
	 * WP-Cron does the same every hour, and mends.
	 *
	 * ## OPTIONS
	 *
	 * [--mend]
	 * : Put right what differs.
	 *
	 * [--seconds=<seconds>]
	 * : Stop after about this time.
	 * ---
	 * default: 600
	 * ---
	 *
	 * [--format=<format>]
	 * : How to print what differs.
	 * ---
	 * default: table
	 * options:
	 *   - table
	 *   - json
	 *   - csv
	 *   - yaml
	 * ---
	 *
	 * ## EXAMPLES
	 *
	 *     $ wp sos verify
	 *     +---------+-----------+
	 *     | name    | drift     |
	 *     +---------+-----------+
	 *     | post:12 | different |
	 *     +---------+-----------+
	 *     Error: 1 differs. "wp sos verify --mend" puts it right.
	 *
	 *     # In a script: mend, and say nothing but what it was.
	 *     $ wp sos verify --mend --format=json
	 *
	 * @param string[] $names   None.
	 * @param array    $options Of the command line.
	 */
	public function verify( array $names, array $options ): void {
		$this->require_settings();
		$this->plugin->store()->take_time( true );
		$mend    = ! empty( $options['mend'] );
		$table   = 'table' === ( $options['format'] ?? 'table' );
		$seconds = self::seconds( $options['seconds'] ?? 600 );
		$bar     = new Bar( __( 'Comparing', 'sos-publisher' ), 0, ! $table );
		$drift   = $this->reach( fn(): array => $this->plugin->rebuild()->verify( $seconds, $mend, true, array( $bar, 'show' ) ) );
		$bar->finish();
		$rows = Status_Report::drift( $drift );
		if ( $rows || ! $table ) {
			self::print_rows( $rows, array( 'name', 'drift' ), $options );
		}
		if ( $mend && $rows ) {
			Work::flush( $this->plugin, $seconds, ! $table );
		}
		$count = count( $rows );
		/* translators: %s: number of documents. */
		$words = sprintf( _n( '%s differs.', '%s differ.', $count, 'sos-publisher' ), number_format_i18n( $count ) );
		if ( ! $drift['complete'] ) {
			/* translators: %s: number of documents. */
			WP_CLI::error( $words . ' ' . sprintf( __( 'The time was over after %s; give it more with --seconds.', 'sos-publisher' ), number_format_i18n( $drift['checked'] ) ), self::WRONG );
		}
		if ( 0 === $count ) {
			self::succeed( __( 'The content store has exactly what WordPress has.', 'sos-publisher' ), ! $table );
		} elseif ( $mend && ! $drift['failed'] ) {
			self::succeed( $words . ' ' . __( 'It is sent anew.', 'sos-publisher' ), ! $table );
		} else {
			WP_CLI::error( $words . ( $mend ? '' : ' ' . __( '"wp sos verify --mend" puts it right.', 'sos-publisher' ) ), self::WRONG );
		}
	}

	/**
	 * Makes a link that shows a post as the public site would, to whoever has it.
	 *
	 * ## OPTIONS
	 *
	 * <post>
	 * : Number of a post, page or callout, whatever its state.
	 *
	 * [--seconds=<seconds>]
	 * : How long it works: 60 seconds to a week.
	 * ---
	 * default: 86400
	 * ---
	 *
	 * [--porcelain]
	 * : Print the link, nothing else.
	 *
	 * [--format=<format>]
	 * : How to print it.
	 * ---
	 * default: table
	 * options:
	 *   - table
	 *   - json
	 *   - csv
	 *   - yaml
	 * ---
	 *
	 * ## EXAMPLES
	 *
	 *     $ wp sos preview-link 12 --seconds=600 --porcelain
	 *     https://www.example.org/__preview/…
	 *
	 * @subcommand preview-link
	 *
	 * @param string[] $names   The post.
	 * @param array    $options Of the command line.
	 */
	public function preview_link( array $names, array $options ): void {
		$this->require_settings();
		if ( '' === $this->plugin->settings()->preview_secret() ) {
			WP_CLI::error( __( 'The secret for preview links is not set (SOS_PREVIEW_SECRET).', 'sos-publisher' ), self::UNSET );
		}
		$post    = get_post( (int) ( $names[0] ?? 0 ) );
		$seconds = (int) ( $options['seconds'] ?? DAY_IN_SECONDS );
		if ( ! $post instanceof \WP_Post || 'revision' === $post->post_type ) {
			WP_CLI::error( __( 'There is no such post.', 'sos-publisher' ), self::WRONG );
		}
		if ( $seconds < MINUTE_IN_SECONDS || $seconds > WEEK_IN_SECONDS ) {
			WP_CLI::error( __( 'A link works for 60 seconds to a week (604800).', 'sos-publisher' ), self::WRONG );
		}
		$this->plugin->store()->take_time( true );
		$link = $this->reach( static fn(): array => \SOS_Publisher\Preview\Links::create( $post, $seconds ) );
		if ( ! empty( $options['porcelain'] ) ) {
			WP_CLI::line( (string) $link['url'] );
			return;
		}
		$row = array(
			'url'     => (string) $link['url'],
			'expires' => gmdate( 'Y-m-d\TH:i:s\Z', (int) $link['expires'] ),
		);
		self::print_rows( array( $row ), array( 'url', 'expires' ), $options );
	}

	/**
	 * Stop here unless it is known where to send to.
	 */
	private function require_settings(): void {
		$settings = $this->plugin->settings();
		if ( ! $settings->is_configured() ) {
			WP_CLI::error( implode( ' ', $settings->problems() ), self::UNSET );
		}
	}

	/**
	 * Do what needs the store, and stop in words when it is away.
	 *
	 * @param callable $work Returns what the store said.
	 */
	private function reach( callable $work ): array {
		try {
			return $work();
		} catch ( \RuntimeException $problem ) {
			WP_CLI::error( $problem->getMessage(), self::UNAVAILABLE );
			return array();
		}
	}

	/**
	 * Print rows as the command line wants them.
	 *
	 * @param array[]  $rows    What to print.
	 * @param string[] $columns All there are.
	 * @param array    $options Of the command line.
	 */
	private static function print_rows( array $rows, array $columns, array $options ): void {
		$fields = isset( $options['fields'] ) ? array_map( 'trim', explode( ',', $options['fields'] ) ) : $columns;
		if ( array_diff( $fields, $columns ) ) {
			/* translators: %s: names of columns. */
			WP_CLI::error( sprintf( __( 'There are these columns: %s.', 'sos-publisher' ), implode( ', ', $columns ) ) );
		}
		$format = $options['format'] ?? 'table';
		if ( in_array( $format, array( 'table', 'csv' ), true ) ) {
			// Neither has a word for "unknown".
			$rows = array_map( static fn( array $row ): array => array_map( static fn( $value ) => $value ?? '', $row ), $rows );
		}
		WP_CLI\Utils\format_items( $format, $rows, $fields );
	}

	/**
	 * Whether figures are wanted instead of sentences.
	 *
	 * @param array $options Of the command line.
	 */
	private static function is_brief( array $options ): bool {
		return ! empty( $options['porcelain'] ) || isset( $options['format'] );
	}

	/**
	 * Print figures if they are wanted: the first alone, or all in a format.
	 *
	 * @param array    $figures By name.
	 * @param string[] $names   Which of them.
	 * @param array    $options Of the command line.
	 */
	private static function print_figures( array $figures, array $names, array $options ): void {
		if ( ! empty( $options['porcelain'] ) ) {
			WP_CLI::line( (string) $figures[ $names[0] ] );
		} elseif ( isset( $options['format'] ) ) {
			WP_CLI\Utils\format_items( $options['format'], array( $figures ), $names );
		}
	}

	/**
	 * Say that it worked, unless only a figure is wanted.
	 *
	 * @param string $words What worked.
	 * @param bool   $brief Whether a program listens.
	 */
	private static function succeed( string $words, bool $brief ): void {
		if ( ! $brief ) {
			WP_CLI::success( $words );
		}
	}

	/**
	 * End with a code, if it is not 0.
	 *
	 * @param int $code Exit code.
	 */
	private static function halt( int $code ): void {
		if ( 0 !== $code ) {
			WP_CLI::halt( $code );
		}
	}

	/**
	 * A number of seconds that somebody wrote.
	 *
	 * @param mixed $given What was written.
	 */
	private static function seconds( $given ): float {
		if ( ! is_numeric( $given ) || $given <= 0 ) {
			WP_CLI::error( __( '--seconds is a number above 0.', 'sos-publisher' ) );
		}
		return (float) $given;
	}
}
