<?php
/**
 * A few documents on their way from WordPress to the store, outside of any editor's request.
 *
 * In: references. Out: what became of them, also in the rows of the plugin's table, which then know the lists that each
 * document shows. Puts what is public, removes what is not, and leaves alone what could not be read.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Rebuild;

use SOS_Publisher\Documents\Document;
use SOS_Publisher\Mark;
use SOS_Publisher\Plugin;
use SOS_Publisher\Sent;
use SOS_Publisher\Store\Applied;
use SOS_Publisher\Store\Operation;

defined( 'ABSPATH' ) || exit;

/**
 * See send.
 */
final class Batch {
	/**
	 * Operations of one call, and their bytes: Redis serves nobody else meanwhile.
	 */
	public const MOST = 50;

	private const BYTES = 2097152;

	/**
	 * Seconds for what was stale.
	 */
	private const PATIENCE = 5.0;

	/**
	 * The plugin.
	 *
	 * @var Plugin
	 */
	private Plugin $plugin;

	/**
	 * References that were dealt with.
	 *
	 * @var string[]
	 */
	public array $done = array();

	/**
	 * Why one of them failed, the first; '' if none did.
	 *
	 * @var string
	 */
	public string $failure = '';

	/**
	 * How many failed.
	 *
	 * @var int
	 */
	public int $failed = 0;

	/**
	 * How many changed something in the store.
	 *
	 * @var int
	 */
	public int $applied = 0;

	/**
	 * The store's history; '' if nothing was sent.
	 *
	 * @var string
	 */
	public string $epoch = '';

	/**
	 * Nothing yet.
	 *
	 * @param Plugin $plugin The plugin.
	 */
	private function __construct( Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * Read and send as many as there is time for, but at least one.
	 *
	 * @param Plugin   $plugin   The plugin.
	 * @param string[] $refs     Of documents, at most MOST.
	 * @param float    $deadline Time after which no further one is read, as microtime( true ).
	 * @throws \SOS_Publisher\Store\Unavailable When the store is away.
	 * @throws \SOS_Publisher\Store\Refused     When the store refuses.
	 */
	public static function send( Plugin $plugin, array $refs, float $deadline ): self {
		$batch = new self( $plugin );
		$stale = $batch->deliver( $refs, $deadline );
		if ( $stale ) {
			// Written meanwhile, or the counter of sequence numbers was lost and is right from now on.
			$batch->deliver( $stale, microtime( true ) + self::PATIENCE );
		}
		return $batch;
	}

	/**
	 * Send nothing, and say so: what the store has of them stays.
	 *
	 * @param Plugin   $plugin The plugin.
	 * @param string[] $refs   Of documents which have killed the processes that read them.
	 */
	public static function pass_over( Plugin $plugin, array $refs ): self {
		$batch = new self( $plugin );
		$why   = __( 'PHP dies when it is read', 'sos-publisher' );
		$rows  = $plugin->marks()->statuses( $refs );
		$pairs = array();
		foreach ( $refs as $ref ) {
			$batch->fail( $ref, $why );
			$mark = $batch->mark( $ref, $rows[ $ref ] ?? null, microtime( true ) );
			// As if it had been tried often: the next try may cost another process, and is due in an hour.
			$mark->attempts = max( $mark->attempts, 10 );
			$pairs[]        = array( $mark, Sent::failed( $why ) );
		}
		$plugin->marks()->finish_all( $pairs );
		$batch->done = $refs;
		return $batch;
	}

	/**
	 * Read and send once.
	 *
	 * @param string[] $refs     Of documents.
	 * @param float    $deadline As above.
	 * @return string[] Those that were stale.
	 */
	private function deliver( array $refs, float $deadline ): array {
		$begun      = microtime( true );
		$sequence   = $this->plugin->store()->take_sequence();
		$rows       = $this->plugin->marks()->statuses( $refs );
		$pairs      = array();
		$stale      = array();
		$operations = array();
		$read       = $this->read( $refs, $deadline );
		foreach ( $read as $ref => $found ) {
			if ( $found instanceof \Throwable ) {
				$this->fail( $ref, $found->getMessage() );
				$pairs[] = array( $this->mark( $ref, $rows[ $ref ] ?? null, $begun ), Sent::failed( $found->getMessage() ) );
			} else {
				$operations[] = $found ? Operation::put( $ref, $sequence, $found->json ) : Operation::remove( $ref, $sequence );
			}
		}
		if ( $operations ) {
			$applied     = $this->plugin->store()->apply( $operations );
			$this->epoch = $applied->epoch;
			foreach ( $operations as $at => $operation ) {
				$outcome = $applied->outcomes[ $at ];
				if ( 'stale' === $outcome ) {
					$stale[] = $operation->ref;
				}
				$sent = $this->sent( $operation, $outcome, $applied, $read[ $operation->ref ] );
				$row  = $rows[ $operation->ref ] ?? null;
				if ( $this->is_news( $sent, $row, $outcome ) ) {
					$pairs[] = array( $this->mark( $operation->ref, $row, $begun ), $sent );
				}
			}
		}
		$this->plugin->marks()->finish_all( $pairs );
		$this->done = array_values( array_unique( array_merge( $this->done, array_keys( $read ) ) ) );
		return $stale;
	}

	/**
	 * Read until time or room is up.
	 *
	 * @param string[] $refs     Of documents.
	 * @param float    $deadline As above.
	 * @return array<string, Document|\Throwable|null> What each is, or why it can't be told, in their order.
	 */
	private function read( array $refs, float $deadline ): array {
		$reader = $this->plugin->reader();
		$found  = array();
		$bytes  = 0;
		$is_new = ! $this->done;
		$read   = static function () use ( $refs, $deadline, $reader, $is_new, &$found, &$bytes ): void {
			foreach ( $refs as $ref ) {
				if ( microtime( true ) > $deadline && ( $found || ! $is_new ) ) {
					return;
				}
				try {
					$document = $reader->read( $ref );
				} catch ( \Throwable $error ) {
					$document = $error;
				}
				$bytes += $document instanceof Document ? strlen( $document->json ) : 0;
				if ( $found && $bytes > self::BYTES ) {
					return;
				}
				$found[ $ref ] = $document;
			}
		};
		$reader->as_anonymous( $read );
		return $found;
	}

	/**
	 * What became of one operation.
	 *
	 * @param Operation     $operation That was sent.
	 * @param string        $outcome   The store's word.
	 * @param Applied       $applied   The whole answer.
	 * @param Document|null $document  That was sent.
	 */
	private function sent( Operation $operation, string $outcome, Applied $applied, ?Document $document ): Sent {
		if ( 0 === strpos( $outcome, 'error' ) ) {
			$this->fail( $operation->ref, $outcome );
			return Sent::failed( $outcome );
		}
		$this->applied += 'applied' === $outcome ? 1 : 0;

		$sent              = new Sent( $document ? ( 'applied' === $outcome ? Sent::APPLIED : Sent::UNCHANGED ) : Sent::REMOVED );
		$sent->revision    = $applied->revision;
		$sent->epoch       = $applied->epoch;
		$sent->sent_at     = $applied->time;
		$sent->clock_ahead = $applied->time - microtime( true );
		$sent->lists       = $document ? $document->lists : array();
		return $sent;
	}

	/**
	 * Whether the table has to be told: a row that says when an editor's change went live is worth keeping.
	 *
	 * @param Sent                      $sent    What became of it.
	 * @param array<string, mixed>|null $row     What the table says.
	 * @param string                    $outcome The store's word.
	 */
	private function is_news( Sent $sent, ?array $row, string $outcome ): bool {
		if ( 'stale' === $outcome ) {
			return false;
		}
		if ( null === $row ) {
			return Sent::REMOVED !== $sent->outcome || 'applied' === $outcome;
		}
		return 'unchanged' !== $outcome || $row['dirty'] || Sent::FAILED === $row['outcome']
			|| $row['epoch'] !== $sent->epoch || $row['lists'] !== $sent->lists;
	}

	/**
	 * A mark that stands for what was there when reading began: if somebody marks meanwhile, it stays dirty.
	 *
	 * @param string                    $ref   Of a document.
	 * @param array<string, mixed>|null $row   What the table said before reading.
	 * @param float                     $begun When that was.
	 */
	private function mark( string $ref, ?array $row, float $begun ): Mark {
		return new Mark( $ref, $row ? $row['generation'] : 1, $row && $row['dirty'] ? $row['marked_at'] : $begun, $row ? $row['attempts'] : 0 );
	}

	/**
	 * Remember a failure.
	 *
	 * @param string $ref Of a document.
	 * @param string $why In words.
	 */
	private function fail( string $ref, string $why ): void {
		++$this->failed;
		$this->failure = '' === $this->failure ? $ref . ': ' . $why : $this->failure;
	}
}
