"""The plugin does the same under each PHP that Debian has: it publishes a whole real site, and PHP has nothing to say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from tests.servers.debian import MissingServerError, skip_or_fail
from tests.servers.php_editions import PHP_EDITIONS, run_php_edition
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.wordpress import WordPressServer

pytestmark = pytest.mark.wordpress

WP = Path(__file__).parent / "php/wp.php"


@pytest.mark.parametrize("edition", ["6.1", "7.1"])
def test_every_php_publishes_the_same_documents(
    edition: str, make_wordpress: Callable[..., WordPressServer], tmp_path: Path
) -> None:
    """Rebuild and compare under PHP 7.4, 8.2 and 8.4: equal bytes, no notice from our files."""
    stores = {}
    valkey = ValkeyProcess(tmp_path / "valkey").start()
    try:
        site = make_wordpress(edition, plugin=True, constants={"SOS_REDIS_URL": valkey.url})
        with redis.Redis(port=valkey.port) as client:
            for version in PHP_EDITIONS:
                host = f"php{version.replace('.', '')}.example"
                site.define(SOS_SITE=f"https://{host}")
                assert int(run(site, version, "rebuild", "--porcelain")) > 50
                assert run(site, version, "verify", "--format=json") == "[]"
                assert '"state":"error"' not in run(site, version, "status", "--format=json")
                stores[version] = client.hgetall(f"sos:{{{host}}}:doc")
                assert len(stores[version]) > 50
    finally:
        valkey.stop()
    newest = stores["8.4"]
    for version, documents in stores.items():
        assert sorted(documents) == sorted(newest)
        differing = [ref for ref, text in documents.items() if text != newest[ref]]
        assert differing == [], (version, documents[differing[0]], newest[differing[0]])


def run(site: WordPressServer, version: str, *words: str) -> str:
    """What `wp sos …` prints under that PHP; it must succeed, and PHP must not complain of our files."""
    try:
        done = run_php_edition(
            version,
            "-d",
            "memory_limit=256M",
            str(WP),
            "sos",
            *words,
            environment=site._environment,
        )
    except MissingServerError as error:
        skip_or_fail(str(error))
    said = [line for line in done.stderr.splitlines() if not line.startswith("[bar]")]
    ours = [line for line in said if re.search(r"sos-publisher/|Fatal error", line)]
    assert (done.returncode, ours) == (0, []), "\n".join(said[-10:])
    return done.stdout.strip()
