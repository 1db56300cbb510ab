"""Promise 5, as far as content goes: a fresh node starts while the content store is away.

Real parts: a Valkey process, nodes with two workers each. What one node kept, the next begins with.
Each test prints its figures.
"""

from __future__ import annotations

import http.client
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sos.adapters.redis import RedisStore
from sos.content.snapshot_file import FILE, encode_snapshot, read_snapshot
from sos.content.store import Operation

from tests.servers.content import HOME, batches, build_post, build_site, put
from tests.servers.node import SITE, Node, start_node
from tests.servers.valkey_process import ValkeyProcess

pytestmark = [pytest.mark.promise, pytest.mark.timeout(180)]

HOST = SITE.removeprefix("http://")
PATIENCE = 20.0
EXPIRING = 500
"""A post that ends while the tests run."""


@dataclass
class Answer:
    """What a visitor got. ``stale`` is X-SOS-Stale, None without."""

    status: int
    stale: str | None
    body: str


def build_content() -> list[Operation]:
    """A site with pages in a menu and more posts than a snapshot has."""
    *site, ready = build_site(posts=200)
    items = [
        {"id": 1, "title": {"rendered": "About us"}, "url": f"{HOME}/about/", "menu_order": 1},
        {"id": 2, "title": {"rendered": "Topic"}, "url": f"{HOME}/category/topic-1/", "menu_order": 2},
        {"id": 3, "title": {"rendered": "Team"}, "url": f"{HOME}/about/team/", "parent": 1},
    ]  # fmt: skip
    pages = [
        build_post(n, type="page", slug=slug, link=f"{HOME}/{slug}/", title={"rendered": title})
        for n, slug, title in ((9, "about", "All about us"), (10, "about/team", "Our team"))
    ]
    menu = put("menu:1", slug="main", sos={"locations": ["primary"], "items": items})
    return [*site, *pages, menu, ready]


async def apply(url: str, *operations: Operation) -> None:
    store = RedisStore(url, HOST, timeout_ms=5000)
    try:
        for batch in batches(operations):
            outcomes = await store.apply(batch)
            assert not [o for o in outcomes if o.startswith("error")]
    finally:
        await store.aclose()


def ask(node: Node, path: str) -> Answer:
    """One request on a connection of its own: the kernel deals it to either worker."""
    connection = http.client.HTTPConnection(node.public, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": HOST})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers["X-SOS-Stale"], answer.read().decode())
    finally:
        connection.close()


def start(folder: Path, url: str) -> tuple[Node, float]:
    """A node whose state is in ``folder``, and the seconds that it took to be healthy."""
    (folder / "node.json").unlink(missing_ok=True)
    began = time.monotonic()
    node = start_node(folder, url, wait=False)
    try:
        while node.fetch_private("/health")[0] != 200:
            assert time.monotonic() - began < PATIENCE, node.log()[-3000:]
            time.sleep(0.01)
    except BaseException:
        node.stop()
        raise
    return node, time.monotonic() - began


@contextmanager
def running(folder: Path, url: str) -> Iterator[Node]:
    """The same, stopped at the end."""
    node, _ = start(folder, url)
    try:
        yield node
    finally:
        node.stop()


def wait_for_event(node: Node, event: str) -> dict[str, object]:
    """The first line of the log with this event."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for line in node.log().splitlines():
            if line.startswith("{") and f'"{event}"' in line:
                found: dict[str, object] = json.loads(line)
                return found
        time.sleep(0.05)
    raise AssertionError(f"no {event} in {PATIENCE} s:\n{node.log()[-3000:]}")


@pytest.fixture
async def valkey_process(tmp_path: Path) -> AsyncIterator[ValkeyProcess]:
    """A store with the site."""
    process = ValkeyProcess(tmp_path / "valkey").start()
    try:
        await apply(process.url, *build_content())
        yield process
    finally:
        process.stop()


@pytest.fixture
def folder(tmp_path: Path, valkey_process: ValkeyProcess) -> Path:
    """State of a node that ran until it had taken its snapshot, and that has stopped."""
    folder = tmp_path / "node"
    with running(folder, valkey_process.url) as node:
        wait_for_event(node, "snapshot_taken")
    return folder


KNOWN = {
    "/": "Post 299",
    "/about/": "All about us",
    "/about/team/": "Our team",
    "/category/topic-1/": "Topic 1",
    "/feed/": "<title>Post 299</title>",
    "/feed/atom/": "Post 299",
    **{f"/post-{n}/": f"Body of post {n}." for n in (299, 275, 250)},
}


@pytest.mark.parametrize("fault", ["killed", "hung"])
def test_fresh_node_serves_what_the_last_one_kept(
    fault: str, folder: Path, valkey_process: ValkeyProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    """The store is dead, or accepts connections and says nothing: a node that starts now shows the
    homepage, says how old it is, and is fresh again within 5 s of the store's return."""
    node, with_store = start(folder, valkey_process.url)
    memory = node.metric("sos_worker_memory_bytes")
    node.stop()
    taken_at = read_snapshot(folder / FILE, HOST).taken_at
    valkey_process.kill() if fault == "killed" else valkey_process.pause()
    node, without_store = start(folder, valkey_process.url)
    try:
        slowest = 0.0
        for path, text in KNOWN.items():
            for _ in range(12):  # both workers, but for once in thousands
                began = time.monotonic()
                answer = ask(node, path)
                slowest = max(slowest, time.monotonic() - began)
                assert answer.status == 200, path
                assert text in answer.body, path
                assert "About us" in answer.body or "feed" in path
                assert answer.stale is not None
                age = time.time() - taken_at
                assert age - 3 <= int(answer.stale) <= age + 1
        assert ask(node, "/post-120/").status == 503
        assert ask(node, "/no-such-page/").status == 503
        health = node.health()
        details = health["workers"][0]["details"]
        assert health["status"] == "ok"
        assert abs(details["snapshot_age_seconds"] - (time.time() - taken_at)) < 3
        assert details["snapshot_paths"] == len(read_snapshot(folder / FILE, HOST).paths)
        snapshot_memory = node.metric("sos_worker_memory_bytes")
        valkey_process.start() if fault == "killed" else valkey_process.resume()
        back = time.monotonic()
        fresh = wait_fresh(node, list(KNOWN)) - back
        assert ask(node, "/post-120/").status == 200
        assert ask(node, "/no-such-page/").status == 404
    finally:
        node.stop()
    with capsys.disabled():
        print(
            f"\npromise 5, store {fault}: start to healthy {without_store:.2f} s, with the store "
            f"{with_store:.2f} s; snapshot {(folder / FILE).stat().st_size / 1000:.0f} kB, "
            f"{details['snapshot_paths']} paths; worker {snapshot_memory / 1e6:.0f} MB with it, "
            f"{memory / 1e6:.0f} MB without; slowest answer {slowest * 1000:.0f} ms; fresh "
            f"{fresh:.2f} s after the store's return"
        )
    assert fresh <= 5.0
    assert slowest < 1.0


def wait_fresh(node: Node, paths: list[str]) -> float:
    """The time at which every path was answered fresh 12 times in a row."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        began = time.monotonic()
        if all(ask(node, path).stale is None for path in paths for _ in range(12)):
            return began
        time.sleep(0.05)
    raise AssertionError(f"still stale after {PATIENCE} s:\n{node.log()[-3000:]}")


def other_host(content: bytes, folder: Path) -> bytes:
    """The file of a node of another site."""
    return encode_snapshot(
        msgspec.structs.replace(read_snapshot(folder / FILE, HOST), host="other.example")
    )


DAMAGE = {
    "torn": lambda content, _: content[: len(content) // 2],
    "changed": lambda content, _: content[:-9] + b"x" + content[-8:],
    "empty": lambda content, _: b"",
    "foreign": other_host,
}


def test_damaged_snapshot_is_refused_and_harms_no_start(
    folder: Path, tmp_path: Path, valkey_process: ValkeyProcess
) -> None:
    """Torn, changed, empty, of another site: without a store the node is healthy and has nothing to
    show; with one it is as if there had been no file. The log says why."""
    good = (folder / FILE).read_bytes()
    for name, damage in DAMAGE.items():
        state = tmp_path / name
        shutil.copytree(folder, state)
        (state / FILE).write_bytes(damage(good, folder))
        with running(state, valkey_process.url) as node:
            assert wait_for_event(node, "snapshot_refused")["reason"]
            answer = ask(node, "/")
            assert (answer.status, answer.stale) == (200, None)
    valkey_process.kill()
    with running(state, valkey_process.url) as node:
        assert wait_for_event(node, "snapshot_refused")["reason"]
        assert ask(node, "/").status == 503


async def test_expired_post_does_not_come_back_with_the_snapshot(
    tmp_path: Path, valkey_process: ValkeyProcess
) -> None:
    """Its time is over while no store says so: neither its page nor a list shows it."""
    ends = time.time() + 15
    stamp = datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    await apply(valkey_process.url, build_post(EXPIRING, sos={"expires_gmt": stamp}))
    folder = tmp_path / "node"
    with running(folder, valkey_process.url) as node:
        wait_for_event(node, "snapshot_taken")
        assert time.time() < ends - 1, "the machine is too busy for this test"
    valkey_process.kill()
    own, lists = f"/post-{EXPIRING}/", ("/", "/feed/")
    with running(folder, valkey_process.url) as node:
        if time.time() < ends - 1:
            assert ask(node, own).status == 200
            assert all(f"Post {EXPIRING}" in ask(node, path).body for path in lists)
        time.sleep(max(0.0, ends + 1 - time.time()))
        for _ in range(12):
            assert ask(node, own).status == 503
            for path in lists:
                answer = ask(node, path)
                assert answer.status == 200
                assert f"Post {EXPIRING}" not in answer.body
                assert "Post 299" in answer.body
