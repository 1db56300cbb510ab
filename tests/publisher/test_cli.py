"""`wp sos …` in a real WordPress, driven by a stand-in for WP-CLI (php/wp_cli_double.php): Debian has none."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.servers import php
from tests.servers.ports import port_of, reserve_port
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.wordpress import PUBLISHER, WordPressServer

pytestmark = pytest.mark.wordpress

HERE = Path(__file__).parent
SECRET = "a secret of the tests, long enough"


class Wp:
    """Runs `wp sos …` on one WordPress."""

    def __init__(self, server: WordPressServer) -> None:
        self.server = server

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [
                php.find_php(),
                *("-d", "display_errors=stderr", "-d", "memory_limit=256M"),
                str(HERE / "php/wp.php"),
                "sos",
                *words,
            ],
            env={**os.environ, **self.server._environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not re.search(r"(?:Warning|Notice|Deprecated|Fatal error): ", done.stderr), (
            done.stderr
        )
        return done

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """What a command prints as JSON."""
        done = self(*words, "--format=json")
        assert done.stdout, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def states(self) -> dict[str, dict[str, Any]]:
        """The rows of `wp sos status`, by name."""
        return {row["name"]: row for row in self.rows("status")}


@pytest.fixture(scope="module")
def valkey_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyProcess]:
    """A store of its own: the tests stop and start it."""
    server = ValkeyProcess(tmp_path_factory.mktemp("valkey")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def wordpress_here(
    make_wordpress: Callable[..., WordPressServer], valkey_here: ValkeyProcess
) -> WordPressServer:
    """WordPress with the plugin, which publishes to that store."""
    return make_wordpress(
        "7.1",
        plugin=True,
        constants={
            "SOS_SITE": "https://www.example.org",
            "SOS_REDIS_URL": valkey_here.url,
            "SOS_PREVIEW_SECRET": SECRET,
        },
    )


@pytest.fixture
def wp(wordpress_here: WordPressServer, valkey_here: ValkeyProcess) -> Iterator[Wp]:
    """The command line, with settings and store as they should be before and after."""
    yield Wp(wordpress_here)
    wordpress_here.define(
        SOS_SITE="https://www.example.org",
        SOS_REDIS_URL=valkey_here.url,
        SOS_PREVIEW_SECRET=SECRET,
    )


def make_post(server: WordPressServer, title: str) -> int:
    """A published post."""
    return int(
        server.run_php(
            "echo wp_insert_post( array( 'post_title' => $args[0], 'post_status' => 'publish' ) );",
            title,
        )
    )


def mark(server: WordPressServer, *refs: str) -> None:
    """Mark objects in a process that is killed at once, so that nothing sends them."""
    code = "\\SOS_Publisher\\Plugin::instance()->marks()->mark( ...$args ); posix_kill( posix_getpid(), SIGKILL );"
    with pytest.raises(RuntimeError):
        server.run_php(code, *refs)


def test_rebuild_fills_the_store_and_shows_how_far_it_is(wp: Wp) -> None:
    """`wp sos rebuild` sends the whole site, moves a bar to its end, and says how many documents it were."""
    done = wp("rebuild", "--restart")
    assert (done.returncode, done.stdout[:8]) == (0, "Success:"), done.stderr
    last = re.findall(r"\[bar\] Sending (\d+)/(\d+)", done.stderr)[-1]
    assert last[0] == last[1]
    assert int(last[1]) > 50
    assert wp.states()["content"]["state"] == "ok"
    assert int(wp("rebuild", "--restart", "--porcelain").stdout) == int(last[1])
    (row,) = wp.rows("rebuild", "--restart")
    assert row == {"done": int(last[1]), "total": int(last[1]), "failed": 0, "error": ""}


def test_rebuild_in_the_background_only_begins(wp: Wp) -> None:
    """With --background the command returns at once; `status` shows that a rebuild runs, the next one ends it."""
    done = wp("rebuild", "--background", "--restart")
    assert done.returncode == 0, done.stderr
    assert re.match(r"\d+/\d+", str(wp.states()["rebuild"]["value"]))
    assert wp("rebuild").returncode == 0
    assert wp.states()["rebuild"]["value"] == ""


def test_flush_sends_what_waits(wp: Wp) -> None:
    """Marks that a killed process left behind are sent, counted, and gone from the status."""
    mark(wp.server, "post:1", "site")
    done = wp("flush")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Success: Sent 2. Nothing waits.\n"
    assert "[bar] Sending 2/2" in done.stderr
    assert wp.states()["backlog"]["value"] == 0
    assert wp("flush", "--porcelain").stdout == "0\n"
    mark(wp.server, "post:1")
    assert wp.rows("flush") == [{"sent": 1, "left": 0, "error": ""}]


def test_flush_with_the_store_away_says_so_and_keeps_the_marks(
    wp: Wp, valkey_here: ValkeyProcess
) -> None:
    """Exit code 69, one line on standard error, nothing lost; once the store is back, one call sends it."""
    mark(wp.server, "post:1")
    with reserve_port() as closed:
        wp.server.define(SOS_REDIS_URL=f"redis://127.0.0.1:{port_of(closed)}")
        assert wp.states()["backlog"]["value"] == 1
        done = wp("flush")
        assert done.returncode == 69
        assert done.stdout == ""
        assert done.stderr.splitlines()[-1].startswith("Error: Sent 0. Still waiting: 1.")
        states = wp.states()
        assert states["store"]["state"] == "error"
        assert wp("status").returncode == 69
    wp.server.define(SOS_REDIS_URL=valkey_here.url)
    assert wp("flush", "--porcelain").stdout == "1\n"


def test_status_without_settings_names_what_is_missing(wp: Wp) -> None:
    """Exit code 78 from every command, and the sentence names the setting."""
    wp.server.define(SOS_SITE=None)
    status = wp("status")
    assert status.returncode == 78
    assert "SOS_SITE" in status.stdout
    for words in (["flush"], ["rebuild"], ["verify"], ["preview-link", "1"], ["status", "1"]):
        done = wp(*words)
        assert done.returncode == 78, words
        assert "SOS_SITE" in done.stderr


def test_status_tells_where_objects_stand(wp: Wp) -> None:
    """With names, one row for each: numbers are posts; what is no name is refused."""
    post = make_post(wp.server, "Seen by the command line")
    wp("flush")
    rows = wp.rows("status", str(post), "site")
    assert [row["name"] for row in rows] == [f"post:{post}", "site"]
    assert rows[0]["text"]
    assert set(rows[0]) == {"name", "state", "nodes_live", "nodes_total", "seconds", "text"}
    done = wp("status", "posts:1")
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("form", ["table", "json", "csv", "yaml"])
def test_every_format_prints_the_same_rows(wp: Wp, form: str) -> None:
    """The rows of the status come as a table, JSON, CSV and YAML, with the columns that are asked for."""
    done = wp("status", f"--format={form}", "--fields=name,state")
    names = [row["name"] for row in wp.rows("status")]
    assert done.returncode == 0, done.stderr
    if form == "json":
        assert [row["name"] for row in json.loads(done.stdout)] == names
    elif form == "csv":
        assert [row["name"] for row in csv.DictReader(io.StringIO(done.stdout))] == names
    else:
        assert all(name in done.stdout for name in names)
    assert "text" not in done.stdout.split("\n")[0]


def test_unknown_words_are_refused(wp: Wp) -> None:
    """Formats, columns, options and numbers that don't exist end with 1 and print no result."""
    for words in (
        ["status", "--format=xml"],
        ["status", "--fields=name,colour"],
        ["flush", "--seconds=soon"],
        ["flush", "now"],
        ["verify", "--seconds=-1"],
        ["preview-link"],
        ["preview-link", "999999"],
        ["preview-link", "1", "--seconds=5"],
    ):
        done = wp(*words)
        assert (done.returncode, done.stdout) == (1, ""), words
        assert "Error: " in done.stderr


def test_verify_finds_what_the_database_changed_behind_everyones_back(wp: Wp) -> None:
    """A row changed by SQL is told with code 1, mended with --mend, and then there is nothing left to tell."""
    assert wp("rebuild", "--restart").returncode == 0
    clean = wp("verify")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    checked, total = re.findall(r"\[bar\] Comparing (\d+)/(\d+)", clean.stderr)[-1]
    assert checked == total
    post = make_post(wp.server, "Before the search-and-replace")
    wp("flush")
    wp.server.run_php(
        "global $wpdb; $wpdb->update( $wpdb->posts, array( 'post_title' => 'After' ), array( 'ID' => $args[0] ) );",
        str(post),
    )
    done = wp("verify")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"post:{post}" in done.stdout
    assert {"name": f"post:{post}", "drift": "different"} in wp.rows("verify")
    mended = wp("verify", "--mend")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    again = wp("verify")
    assert again.returncode == 0, again.stdout + again.stderr


def test_verify_that_runs_out_of_time_does_not_say_that_all_is_well(wp: Wp) -> None:
    """With too little time the command ends with 1 and says how far it came."""
    done = wp("verify", "--seconds=0.001")
    assert done.returncode == 1, done.stdout
    assert "--seconds" in done.stderr


def test_preview_link_is_one_of_the_public_site(wp: Wp) -> None:
    """The link has the public host, a token with the wanted end, and comes alone with --porcelain."""
    draft = int(
        wp.server.run_php(
            "echo wp_insert_post( array( 'post_title' => 'D', 'post_status' => 'draft' ) );"
        )
    )
    done = wp("preview-link", str(draft), "--porcelain", "--seconds=600")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"https://www\.example\.org/__preview/[\w-]{22}\.\d+\.[\w-]{43}\n", done.stdout
    )
    (row,) = wp.rows("preview-link", str(draft))
    assert set(row) == {"url", "expires"}


def test_preview_link_needs_its_secret(wp: Wp) -> None:
    """Without the secret the command ends with 78 and names it."""
    wp.server.define(SOS_PREVIEW_SECRET=None)
    done = wp("preview-link", "1")
    assert (done.returncode, done.stdout) == (78, "")
    assert "SOS_PREVIEW_SECRET" in done.stderr


_NETWORK = """
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
foreach ( $wpdb->tables( 'ms_global' ) as $name => $full ) { $wpdb->$name = $full; }
install_network();
populate_network( 1, '127.0.0.1:' . getenv( 'RIG_PORT' ), 'admin@example.org', 'Network', '/', false );
"""
_MORE_SITES = """
$host = '127.0.0.1:' . getenv( 'RIG_PORT' );
wpmu_create_blog( $host, '/two/', 'Two', 1, array( 'public' => 1 ) );
wpmu_create_blog( $host, '/three/', 'Three', 1, array( 'public' => 1 ) );
switch_to_blog( 2 );
activate_plugin( 'sos-publisher/sos-publisher.php' );
restore_current_blog();
"""


@pytest.fixture(scope="module")
def network(
    make_wordpress: Callable[..., WordPressServer], valkey_here: ValkeyProcess
) -> WordPressServer:
    """A network of three sites; the plugin is active on the first and the second."""
    server = make_wordpress("7.1", plugin=True)
    server.run_php(_NETWORK)
    server.define(
        MULTISITE=True,
        SUBDOMAIN_INSTALL=False,
        DOMAIN_CURRENT_SITE=f"127.0.0.1:{server.port}",
        PATH_CURRENT_SITE="/",
        SITE_ID_CURRENT_SITE=1,
        BLOG_ID_CURRENT_SITE=1,
        SOS_SITE="https://one.example",
        SOS_SITE_2="https://two.example",
        SOS_REDIS_URL=valkey_here.url,
    )
    server.run_php(_MORE_SITES)
    return server


def test_url_says_which_site_of_a_network_is_meant(
    network: WordPressServer, valkey_here: ValkeyProcess
) -> None:
    """--url chooses settings, store and table; where the plugin is not active there is no such command."""
    wp = Wp(network)
    two = f"--url={network.url}/two/"
    assert wp("rebuild", two).returncode == 0
    with redis.Redis(port=valkey_here.port) as store:
        assert store.exists("sos:{two.example}:doc")
        assert not store.exists("sos:{one.example}:doc")
    here, there = ({row["name"]: row for row in wp.rows("status", *words)} for words in ([], [two]))
    assert (here["settings"]["value"], there["settings"]["value"]) == (
        "https://one.example",
        "https://two.example",
    )
    assert (here["content"]["state"], there["content"]["state"]) == ("warning", "ok")
    elsewhere = wp("status", f"--url={network.url}/three/")
    assert (elsewhere.returncode, elsewhere.stdout) == (1, "")
    assert "not a registered" in elsewhere.stderr


def test_every_command_says_how_it_is_used() -> None:
    """Each subcommand has a sentence, options in the form that WP-CLI reads, and an example that calls it."""
    code = (PUBLISHER / "includes/cli/class-commands.php").read_text()
    found = re.findall(r"\t/\*\*\n(.*?)\t \*/\n\tpublic function (\w+)\( array", code, re.DOTALL)
    assert [name for _, name in found] == ["status", "flush", "rebuild", "verify", "preview_link"]
    for comment, name in found:
        text = re.sub(r"(?m)^\t \* ?", "", comment)
        assert re.match(r"[A-Z][^\n]+\.\n\n", text), name
        assert "\n## OPTIONS\n\n" in text
        assert f"$ wp sos {name.replace('_', '-')}" in text
        assert text.count("\n---\n") % 2 == 0
