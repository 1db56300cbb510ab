"""How long an editor waits for a save: the same WordPress several times over, each with its store in another state.

In: which states. Out: milliseconds of each save, taken in turns, so that whatever else the machine does
falls on all of them alike. Each site has a database, a web server (PHP's own) and nginx with PHP-FPM of
its own; nothing is shared but MariaDB. A save is what the block editor sends: a REST request with cookie
and nonce. Used by the test and by the benchmark of the same name.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import statistics
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.black_hole import SilentPort, closed_port, silent_port, unroutable_port
from tests.servers.mariadb import MariaDB
from tests.servers.php_fpm import FpmServer
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.wordpress import WordPressServer
from tests.servers.wordpress_editions import EDITIONS

OFF = "plugin off"
UP = "Redis up"
CLOSED = "Redis down (port closed)"
SILENT = "Redis silent (connects, never answers)"
UNROUTABLE = "Redis unreachable (never connects)"
SILENT_EACH = "Redis silent, tried by each save"
UNROUTABLE_EACH = "Redis unreachable, tried by each save"
STATES = (OFF, UP, CLOSED, SILENT, UNROUTABLE, SILENT_EACH, UNROUTABLE_EACH)
"""States of the store. In the last two each save tries anew: the circuit breaker is kept closed."""

BUILT_IN = "PHP's own server"
FPM = "nginx + PHP-FPM"

PASSWORD = "password of the test rig"
PAUSE = 0.25
"""Seconds between two saves, as between two clicks: what a server still does after it has answered is
no part of the next save."""

_MU_PLUGINS = Path(__file__).parent / "mu-save"


@dataclass(frozen=True)
class Session:
    """An editor who is signed in on one port of a site, with a post open."""

    site: WordPressServer
    port: int
    cookies: str
    nonce: str
    post: int

    def save(self, text: str) -> tuple[float, float]:
        """Save the post with another text, as the block editor does.

        Returns milliseconds until the answer was read, and of processor time until it was ready.
        """
        headers = {"X-WP-Nonce": self.nonce, "X-HTTP-Method-Override": "PUT"}
        body = {"id": self.post, "content": text}
        started = time.perf_counter()
        path = f"/wp-json/wp/v2/posts/{self.post}?_locale=user"
        status, _, answer = _request(self.port, path, self.cookies, json_body=body, headers=headers)
        milliseconds = (time.perf_counter() - started) * 1000
        if status != 200 or text.splitlines()[1][:40].encode() not in answer.replace(b"\\/", b"/"):
            raise RuntimeError(f"the save was answered {status}: {answer[:300]!r}")
        log = self.site.content / "save-rig.log"
        (processor,) = log.read_text().split()
        log.unlink()
        return milliseconds, float(processor)


@dataclass(frozen=True)
class Subject:
    """One state of the store, on one kind of server."""

    state: str
    server: str
    session: Session


@dataclass(frozen=True)
class Rig:
    """What `start_rig` has started; `silent` is the store of the state SILENT_EACH."""

    subjects: list[Subject]
    silent: SilentPort


@contextlib.contextmanager
def start_rig(
    states: Sequence[str], servers: Sequence[str], folder: Path, mariadb: MariaDB | None = None
) -> Iterator[Rig]:
    """Start a site for each state, sign in on each of the kinds of server, and yield all; end all afterwards.

    Raises MissingServerError when something is not to be had.
    """
    with contextlib.ExitStack() as stack:
        if mariadb is None:
            mariadb = MariaDB()
            mariadb.start()
            stack.callback(mariadb.stop)
        urls, silent = _start_stores(stack, folder)
        subjects = []
        for state in states:
            constants: dict[str, Any] = {"SOS_SITE": f"https://www{len(subjects)}.example.org"}
            constants |= {
                "SOS_REDIS_URL": urls.get(state, ""),
                "SAVE_RIG_TRY_ALWAYS": state.endswith("each save"),
            }
            site = stack.enter_context(
                WordPressServer(
                    EDITIONS["7.1"],
                    mariadb,
                    plugin=state != OFF,
                    constants=constants,
                    mu_plugins=_MU_PLUGINS,
                )
            )
            post = int(site.run_php(_PREPARE, PASSWORD))
            ports = {BUILT_IN: site.port}
            if FPM in servers:
                ports[FPM] = stack.enter_context(FpmServer(site)).port
            subjects += [
                Subject(state, server, _sign_in(site, ports[server], post)) for server in servers
            ]
        yield Rig(subjects, silent)


def measure_saves(
    subjects: Sequence[Subject], rounds: int, pause: float = PAUSE
) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """What `Session.save` returns of `rounds` saves of each subject, by server and state.

    They come in turns, each in a random order; three turns more to warm up. `pause` seconds between two.
    """
    times: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for turn in range(-3, rounds):
        for subject in random.sample(list(subjects), len(subjects)):
            measured = subject.session.save(build_text(turn))
            if turn >= 0:
                times.setdefault((subject.server, subject.state), []).append(measured)
            time.sleep(pause)
    return times


def summarize(
    measured: Sequence[tuple[float, float]], baseline: Sequence[tuple[float, float]]
) -> dict[str, float]:
    """Median, 95th percentile and maximum, and what was added to the baseline, at the median, in milliseconds.

    `added_ms` is of the medians, `added_in_turn_ms` of the differences within a turn, `added_processor_ms`
    of the processor time until the response was ready, which other work on the machine does not change.
    """
    times, processor = zip(*measured, strict=True)
    times_off, processor_off = zip(*baseline, strict=True)
    return {
        "median_ms": statistics.median(times),
        "p95_ms": statistics.quantiles(times, n=20, method="inclusive")[18],
        "max_ms": max(times),
        "added_ms": statistics.median(times) - statistics.median(times_off),
        "added_in_turn_ms": statistics.median(
            one - other for one, other in zip(times, times_off, strict=True)
        ),
        "processor_ms": statistics.median(processor),
        "added_processor_ms": statistics.median(processor) - statistics.median(processor_off),
    }


def build_text(turn: int) -> str:
    """An article of blocks, another one each turn."""
    paragraphs = [
        f"<!-- wp:paragraph -->\n<p>Turn {turn}, paragraph {number}: "
        + "what was said, by whom, and what follows from it. " * 4
        + "</p>\n<!-- /wp:paragraph -->"
        for number in range(8)
    ]
    return "\n\n".join(paragraphs)


_PREPARE = """
wp_set_password( $args[0], 1 );
$post = wp_insert_post(
    array( 'post_title' => 'Saved often', 'post_status' => 'publish', 'post_content' => 'First.', 'post_author' => 1 )
);
echo $post;
"""


def _start_stores(stack: contextlib.ExitStack, folder: Path) -> tuple[dict[str, str], SilentPort]:
    """Addresses by state, and the store that each save tries and that never answers."""
    valkey = ValkeyProcess(folder / "valkey").start()
    stack.callback(valkey.stop)
    silent = stack.enter_context(silent_port())
    unroutable = stack.enter_context(unroutable_port())
    ports = {
        CLOSED: stack.enter_context(closed_port()),
        SILENT: stack.enter_context(silent_port()).port,
        UNROUTABLE: unroutable,
        SILENT_EACH: silent.port,
        UNROUTABLE_EACH: unroutable,
    }
    urls = {state: f"redis://127.0.0.1:{port}" for state, port in ports.items()}
    return {UP: valkey.url, **urls}, silent


def _sign_in(site: WordPressServer, port: int, post: int) -> Session:
    """Sign in with the form, and take the nonce from where the block editor renews it."""
    form = {"log": "admin", "pwd": PASSWORD, "testcookie": "1"}
    status, headers, _ = _request(
        port, "/wp-login.php", "wordpress_test_cookie=WP%20Cookie%20check", form=form
    )
    given = [value.partition(";")[0] for value in headers.get_all("Set-Cookie") or []]
    cookies = "; ".join(pair for pair in given if not pair.endswith("=%20"))
    if status != 302 or "logged_in" not in cookies:
        raise RuntimeError(f"signing in was answered {status}")
    status, _, nonce = _request(port, "/wp-admin/admin-ajax.php?action=rest-nonce", cookies)
    if status != 200 or not re.fullmatch(rb"[0-9a-f]{10}", nonce):
        raise RuntimeError(f"the nonce was answered {status}: {nonce[:100]!r}")
    return Session(site, port, cookies, nonce.decode(), post)


def _request(
    port: int,
    path: str,
    cookies: str,
    *,
    form: Mapping[str, str] | None = None,
    json_body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One request on a connection of its own: POST when there is something to send."""
    sent = {"Cookie": cookies, **(headers or {})}
    body = None
    if form is not None:
        body = urllib.parse.urlencode(form)
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    elif json_body is not None:
        body = json.dumps(json_body)
        sent["Content-Type"] = "application/json"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET" if body is None else "POST", path, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
