<?php
/**
 * A stand-in for WP-CLI, which Debian, PyPI and npm don't have: what its handbook documents and the plugin
 * uses, no more.
 *
 * Reads a command's arguments from its doc comment as WP-CLI does (## OPTIONS with a YAML block of default
 * and options), refuses what that does not name, and calls the method. Messages go to standard error with
 * WP-CLI's prefixes, results to standard output.
 */

namespace {
	/** What the plugin calls of the class of that name. */
	final class WP_CLI {
		/** @var array<string, object> Commands by name. */
		public static $commands = array();

		public static function add_command( $name, $callable, $args = array() ) {
			self::$commands[ $name ] = $callable;
			return true;
		}

		public static function line( $message = '' ) {
			echo $message, "\n";
		}

		public static function log( $message ) {
			echo $message, "\n";
		}

		public static function success( $message ) {
			echo "Success: $message\n";
		}

		public static function warning( $message ) {
			fwrite( STDERR, "Warning: $message\n" );
		}

		public static function error( $message, $exit = true ) {
			fwrite( STDERR, "Error: $message\n" );
			if ( false !== $exit ) {
				exit( true === $exit ? 1 : $exit );
			}
		}

		public static function halt( $code ) {
			exit( $code );
		}

		/** Run `sos flush --seconds=3` and the like. */
		public static function run( array $words ) {
			$command = self::$commands[ array_shift( $words ) ] ?? null;
			$name    = (string) array_shift( $words );
			$method  = $command ? self::find( $command, $name ) : null;
			if ( null === $method ) {
				self::error( "'$name' is not a registered subcommand" );
			}
			list( $positional, $options ) = self::bind( $method->getDocComment(), $words );
			$method->invoke( $command, $positional, $options );
		}

		/** The method of a subcommand: by its tag, else by its name. */
		private static function find( object $command, string $name ): ?ReflectionMethod {
			foreach ( ( new ReflectionClass( $command ) )->getMethods( ReflectionMethod::IS_PUBLIC ) as $method ) {
				if ( $method->isStatic() || 0 === strpos( $method->name, '__' ) ) {
					continue;
				}
				$tag = preg_match( '/@subcommand\s+([a-z_0-9-]+)/', (string) $method->getDocComment(), $found ) ? $found[1] : $method->name;
				if ( $tag === $name ) {
					return $method;
				}
			}
			return null;
		}

		/** What the doc comment makes of the words: positional arguments and options with their defaults. */
		private static function bind( string $comment, array $words ): array {
			$positional = array();
			$options    = array();
			foreach ( $words as $word ) {
				if ( preg_match( '/^--([a-z-]+)(?:=(.*))?$/s', $word, $found ) ) {
					$options[ $found[1] ] = $found[2] ?? true;
				} else {
					$positional[] = $word;
				}
			}
			$known = self::parse( $comment );
			if ( count( $positional ) < $known['least'] || count( $positional ) > $known['most'] ) {
				self::error( 'usage: wrong number of positional arguments' );
			}
			foreach ( $options as $name => $value ) {
				if ( ! isset( $known['options'][ $name ] ) ) {
					self::error( "Parameter errors:\n unknown --$name parameter" );
				}
				$allowed = $known['options'][ $name ]['options'];
				if ( $allowed && ! in_array( $value, $allowed, true ) ) {
					self::error( "Parameter errors:\n Invalid value specified for '$name'" );
				}
			}
			foreach ( $known['options'] as $name => $option ) {
				if ( null !== $option['default'] && ! isset( $options[ $name ] ) ) {
					$options[ $name ] = $option['default'];
				}
			}
			return array( $positional, $options );
		}

		/** Arguments that a doc comment describes. */
		private static function parse( string $comment ): array {
			$known  = array( 'least' => 0, 'most' => 0, 'options' => array() );
			$text   = preg_replace( '/^[\t ]*\* ?/m', '', $comment );
			$blocks = preg_split( '/\n\n+/', preg_match( '/## OPTIONS\n(.*?)(?=\n## |\n@|$)/s', $text, $found ) ? trim( $found[1] ) : '' );
			foreach ( array_filter( $blocks ) as $block ) {
				if ( ! preg_match( '/^(\[?)(?:<([a-z-]+)>(\.\.\.)?|--([a-z-]+)(?:=<[a-z-]+>)?)\]?\n: \S/', $block, $said ) ) {
					throw new Exception( "WP-CLI would not understand this argument: $block" );
				}
				if ( '' !== ( $said[2] ?? '' ) ) {
					$known['least'] += '' === $said[1] ? 1 : 0;
					$known['most']  += '' === ( $said[3] ?? '' ) ? 1 : 1000;
					continue;
				}
				$yaml = preg_match( '/\n---\n(.*?)\n---$/s', $block, $found ) ? $found[1] : '';
				preg_match_all( '/^  - (\S+)$/m', $yaml, $values );
				$known['options'][ $said[4] ] = array(
					'default' => preg_match( '/^default: (.*)$/m', $yaml, $found ) ? $found[1] : null,
					'options' => $values[1],
				);
			}
			return $known;
		}
	}
}

namespace WP_CLI\Utils {
	/** Rows in a format. */
	function format_items( $format, $items, $fields ) {
		$fields = is_array( $fields ) ? $fields : explode( ',', $fields );
		$rows   = array();
		foreach ( $items as $item ) {
			$row = array();
			foreach ( $fields as $field ) {
				if ( ! array_key_exists( $field, $item ) ) {
					\WP_CLI::error( "Invalid field: $field." );
				}
				$row[ $field ] = $item[ $field ];
			}
			$rows[] = $row;
		}
		if ( 'json' === $format ) {
			echo json_encode( $rows );
		} elseif ( 'yaml' === $format ) {
			echo "---\n";
			foreach ( $rows as $row ) {
				foreach ( array_keys( $row ) as $index => $field ) {
					echo $index ? '  ' : "- \n  ", $field, ': ', json_encode( $row[ $field ] ), "\n";
				}
			}
		} elseif ( 'csv' === $format ) {
			fputcsv( STDOUT, $fields, ',', '"', '\\' );
			foreach ( $rows as $row ) {
				fputcsv( STDOUT, $row, ',', '"', '\\' );
			}
		} else {
			foreach ( array_merge( array( $fields ), $rows ) as $row ) {
				echo '| ', implode( ' | ', $row ), " |\n";
			}
		}
	}

	/** A bar whose every movement is a line on standard error. */
	function make_progress_bar( $message, $count, $interval = 100 ) {
		return new class( $message, $count ) {
			private $message;
			private $count;
			private $done = 0;

			public function __construct( $message, $count ) {
				$this->message = $message;
				$this->count   = $count;
			}

			public function tick( $increment = 1 ) {
				$this->done += $increment;
				fwrite( STDERR, "[bar] $this->message $this->done/$this->count\n" );
			}

			public function finish() {
				fwrite( STDERR, "[bar] $this->message finished\n" );
			}
		};
	}
}
