"""Whatever an editor does in WordPress, the node shows what WordPress shows, after one write.

Real WordPress in both editions, a real Valkey, and `sos serve`. The catalogue is in `event_*.py`; all
its events happen one after another on one site, as on a busy day.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tests.publisher import (  # noqa: F401 - they fill the catalogue, in this order
    event_afar,
    event_callouts,
    event_media,
    event_menus,
    event_pages,
    event_people,
    event_posts,
    event_settings,
    event_terms,
)
from tests.publisher.event_catalogue import EVENTS, Event
from tests.publisher.event_stage import Stage
from tests.servers.mariadb import MariaDB
from tests.servers.node import SITE, start_node
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.wordpress import WordPressServer

pytestmark = [pytest.mark.wordpress, pytest.mark.timeout(900)]

GROUPS = ("posts", "afar", "callouts", "pages", "terms", "people", "media", "menus", "settings")
PLUGINS = Path(__file__).parent / "event_plugins"


def of_group(name: str) -> list[Event]:
    """The events of one module."""
    return [known for known in EVENTS if known.do.__module__ == f"tests.publisher.event_{name}"]


@pytest.fixture(scope="module", params=["6.1", "7.1"])
def stage(
    request: pytest.FixtureRequest,
    make_wordpress: Callable[..., WordPressServer],
    mariadb: MariaDB,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """WordPress with the plugin and everything sent, and a node that shows it. The older one sends by
    the plugin's own client, the newer one by phpredis."""
    folder = tmp_path_factory.mktemp("events")
    valkey = ValkeyProcess(folder / "valkey").start()
    wordpress = node = None
    try:
        constants = {"SOS_SITE": SITE, "SOS_REDIS_URL": valkey.url}
        wordpress = make_wordpress(
            request.param,
            theme="twentytwentyone",
            mu_plugins=PLUGINS,
            plugin=True,
            constants=constants,
            phpredis=request.param == "7.1",
        )
        node = start_node(folder / "node", valkey.url, wait=False, workers=1, redis_timeout_ms=2000)
        stage = Stage(wordpress, mariadb, redis.Redis.from_url(valkey.url), node)
        stage.php("SOS_Publisher\\Plugin::instance()->rebuild()->start();")
        stage.rebuild()
        node.wait_healthy()
        yield stage
        stage.store.close()
    finally:
        if node:
            node.stop()
        if wordpress:
            wordpress.stop()
        valkey.stop()


def test_every_editorial_event_is_shown_as_wordpress_shows_it(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each event of the catalogue: the same status, title, text, lists and menu on both, and as many
    events on the stream as there should be, which is one for one save. After each group, a comparison
    of all of WordPress with all of the store finds nothing that the hooks missed."""
    problems: list[str] = []
    lines: list[str] = []
    for group in GROUPS:
        for known in of_group(group):
            started = time.monotonic()
            wrong, writes = try_event(stage, known)
            problems += [f"{known.name}: {problem}" for problem in wrong]
            note = f"   ({known.why})" if known.why else ""
            seconds = time.monotonic() - started
            lines.append(f"{writes:3} writes  {seconds:5.2f} s  {known.name}{note}")
        problems += [f"after all of {group}: {found}" for found in stage.drift()]
    with capsys.disabled():
        print(
            f"\nWordPress {stage.wordpress.version}: {len(lines)} events, {len(problems)} problems"
        )
        print("\n".join(lines))
    assert not problems, "\n".join([f"{len(problems)} problems", *problems])
    assert len(lines) == len(EVENTS) > 120
    assert "sos-publisher" not in log_of(stage), log_of(stage)


def try_event(stage: Stage, known: Event) -> tuple[list[str], int]:
    """Do it and compare: what is wrong, and how many writes there were."""
    try:
        stage.begin()
        wrong = stage.compare(known.do(stage))
        writes = stage.writes()
    except Exception as error:
        # The events after it are worth knowing, too.
        stage.php("SOS_Publisher\\Plugin::instance()->flusher()->flush( 20 );")
        return [f"{type(error).__name__}: {error}"], 0
    if known.writes >= 0 and writes != known.writes:
        wrong.append(f"{writes} writes, not {known.writes}: {stage.touched()}")
    return wrong, writes


def log_of(stage: Stage) -> str:
    """What PHP logged."""
    path = stage.wordpress.error_log
    return path.read_text(errors="replace") if path.exists() else ""
