"""A WordPress with the plugin for tests of its core: PHP in it, rows of its table, processes that live as long as told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.wordpress import WordPressServer

HOST = "www.example.org"
SITE = f"https://{HOST}"
PREFIX = f"sos:{{{HOST}}}:"

_PRELUDE = """
use SOS_Publisher\\{Installation, Mark, Marks, Plugin, Sent, Settings};
global $wpdb;
$plugin = Plugin::instance();
$marks  = $plugin->marks();
$table  = Installation::table();
"""


def call(wordpress: WordPressServer, code: str, *arguments: str, sends: bool = True) -> Any:
    """Run PHP in WordPress with `$plugin`, `$marks`, `$table` at hand; what it returns comes back.

    At its end it sends what is marked, as every request does, unless `sends` is False.
    """
    quiet = "" if sends else "remove_all_actions( 'shutdown' );"
    said = wordpress.run_php(
        f"{_PRELUDE}{quiet}$said = ( function () use ( $wpdb, $plugin, $marks, $table, $args ) {{ {code} }} )();"
        'echo "\\n=>" . json_encode( $said );',
        *arguments,
    )
    return json.loads(said.rpartition("\n=>")[2])


def rows(wordpress: WordPressServer) -> dict[str, dict[str, Any]]:
    """The table of marks, by reference."""
    found: list[dict[str, Any]] = call(
        wordpress, 'return $wpdb->get_results( "SELECT * FROM $table", ARRAY_A );', sends=False
    )
    return {row["ref"]: row for row in found}


def dirty(wordpress: WordPressServer) -> set[str]:
    """References of what was not sent."""
    return {ref for ref, row in rows(wordpress).items() if row["dirty"] == "1"}


def clear(wordpress: WordPressServer) -> None:
    """Forget all marks, and that the store was ever away."""
    call(
        wordpress,
        '$wpdb->query( "DELETE FROM $table" ); update_option( "sos_publisher_breaker", array() );',
        sends=False,
    )


def until(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """What the condition returns as soon as that is true; fails when it does not become so."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.02)
    return answer


@contextmanager
def running(wordpress: WordPressServer, code: str, folder: Path) -> Iterator[None]:
    """A process that has run PHP in WordPress, and lives until the block ends."""
    marker = folder / "running"
    held = (
        f"{code} file_put_contents( $args[0], 'x' );"
        "while ( file_exists( $args[0] ) ) { usleep( 5000 ); clearstatcache(); }"
    )
    thread = threading.Thread(target=call, args=(wordpress, held, str(marker)))
    thread.start()
    try:
        until(marker.exists)
        yield
    finally:
        marker.unlink(missing_ok=True)
        thread.join(60)
