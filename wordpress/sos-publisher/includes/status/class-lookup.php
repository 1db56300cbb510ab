<?php
/**
 * Where objects stand on the public site: the one place that asks table and store for it.
 *
 * In: refs such as `post:12`. Out: for each a state, counts, seconds and words. Whatever the number of refs, it is
 * one SQL query for the marks and one look at the fleet. Never throws: a store that is away is an answer too.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Status;

use SOS_Publisher\Expiry;
use SOS_Publisher\Plugin;

defined( 'ABSPATH' ) || exit;

/**
 * Reads, decides, words.
 */
final class Lookup {
	/**
	 * From this age of the oldest change on, publishing counts as behind. Seconds.
	 */
	public const BEHIND_SECONDS = 30.0;

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
	 * Where one object stands.
	 *
	 * @param string $ref Such as `post:12`.
	 */
	public function one( string $ref ): array {
		return $this->many( array( $ref ) )[ $ref ];
	}

	/**
	 * Where objects stand.
	 *
	 * @param string[] $refs Concrete ones.
	 * @return array<string, array> By ref.
	 */
	public function many( array $refs ): array {
		if ( ! $refs ) {
			return array();
		}
		if ( ! $this->plugin->settings()->is_configured() ) {
			return array_fill_keys( $refs, $this->off() );
		}
		$rows = $this->plugin->marks()->statuses( $refs );

		list( $fleet, $epoch, $stored ) = $this->ask_store( $this->unknown( $refs, $rows ) );

		$backlog = $this->backlog();
		$behind  = null !== $backlog && ( null === $fleet || $backlog['seconds'] > self::BEHIND_SECONDS ) ? $backlog : null;
		$answers = array();
		foreach ( $refs as $ref ) {
			$post    = $this->post( $ref );
			$verdict = Verdict::decide( $rows[ $ref ] ?? null, $this->public_state( $ref, $post ), $fleet, $epoch, ! empty( $stored[ $ref ] ) );

			$verdict['store']   = null !== $fleet;
			$verdict['backlog'] = $behind;
			$verdict['expires'] = $post ? Expiry::of( $post->ID ) : '';
			$verdict['starts']  = $post && 'future' === $post->post_status ? $post->post_date_gmt : '';
			$verdict['url']     = $post && Verdict::LIVE === $verdict['state'] ? $this->public_url( $post ) : '';
			$verdict['text']    = Words::sentence( $verdict );
			$verdict['detail']  = Words::detail( $verdict );
			$answers[ $ref ]    = $verdict;
		}
		return $answers;
	}

	/**
	 * What waits: null, or how many changes and the age of the oldest in seconds. One SQL query.
	 *
	 * @return array{count: int, seconds: float}|null
	 */
	public function backlog(): ?array {
		$backlog = $this->plugin->marks()->backlog();
		if ( empty( $backlog['count'] ) ) {
			return null;
		}
		return array(
			'count'   => (int) $backlog['count'],
			'seconds' => max( 0.0, microtime( true ) - (float) ( $backlog['oldest'] ?? microtime( true ) ) ),
		);
	}

	/**
	 * The public address of a post: its path on the public site.
	 *
	 * @param \WP_Post $post The post.
	 */
	public function public_url( \WP_Post $post ): string {
		$site = untrailingslashit( $this->plugin->settings()->site() );
		if ( '' === $site || ! is_post_type_viewable( $post->post_type ) ) {
			return '';
		}
		if ( \SOS_Publisher\Callouts::TYPE === $post->post_type ) {
			return $site . '/';
		}
		$link = (string) get_permalink( $post );
		return $site . (string) preg_replace( '#^[a-z]+://[^/]+#i', '', $link );
	}

	/**
	 * Refs that were never marked.
	 *
	 * @param string[] $refs What is asked for.
	 * @param array    $rows What the table knows.
	 * @return string[]
	 */
	private function unknown( array $refs, array $rows ): array {
		return array_values(
			array_filter(
				$refs,
				fn( string $ref ): bool => ! isset( $rows[ $ref ] ) && 'no' !== $this->public_state( $ref, $this->post( $ref ) )
			)
		);
	}

	/**
	 * The fleet, the store's epoch, and what the store holds of the unknown ones. Null, '' and nothing when it is away.
	 *
	 * @param string[] $unknown Refs to look for in the store itself.
	 * @return array{0: ?Fleet_View, 1: string, 2: array}
	 */
	private function ask_store( array $unknown ): array {
		try {
			$store = $this->plugin->store();
			$fleet = new Fleet_View( $store->nodes() );
			$epoch = (string) ( $store->meta()['epoch'] ?? '' );
			return array( $fleet, $epoch, $unknown ? $store->entries( $unknown ) : array() );
		} catch ( \RuntimeException $problem ) {
			return array( null, '', array() );
		}
	}

	/**
	 * The post that a ref means, or null.
	 *
	 * @param string $ref Such as `post:12`.
	 */
	private function post( string $ref ): ?\WP_Post {
		return 0 === strpos( $ref, 'post:' ) ? get_post( (int) substr( $ref, 5 ) ) : null;
	}

	/**
	 * What it is to the public: "public", "scheduled", "expired", "no".
	 *
	 * @param string        $ref  Which object.
	 * @param \WP_Post|null $post The post, where it is one.
	 */
	private function public_state( string $ref, ?\WP_Post $post ): string {
		if ( null === $post ) {
			return 0 === strpos( $ref, 'post:' ) ? 'no' : 'public';
		}
		$status = get_post_status( $post );
		if ( 'future' === $status ) {
			return 'scheduled';
		}
		if ( 'publish' !== $status ) {
			return 'no';
		}
		return Expiry::is_past( $post->ID ) ? 'expired' : 'public';
	}

	/**
	 * The answer while nothing is set up.
	 */
	private function off(): array {
		$verdict = array(
			'state'       => Verdict::OFF,
			'nodes_live'  => 0,
			'nodes_total' => 0,
			'seconds'     => null,
			'reason'      => 'unconfigured',
			'behind'      => array(),
			'store'       => false,
			'backlog'     => null,
			'expires'     => '',
			'starts'      => '',
			'url'         => '',
		);
		return $verdict + array(
			'text'   => Words::sentence( $verdict ),
			'detail' => '',
		);
	}
}
