"""Releases on a real node: a folder of releases, a pointer in a file, a Valkey, two workers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sos.rollout.preview import sign_preview

from tests.promises.filling import HOST, fill
from tests.servers.content import build_site
from tests.servers.node import Node, start_node
from tests.servers.releases import Releaser, file_places, marks, open_releaser, theme
from tests.servers.valkey_process import ValkeyProcess

SECRET = "a secret of sixteen characters or more"


@pytest.fixture
async def releaser(tmp_path: Path) -> AsyncIterator[Releaser]:
    async with open_releaser(**file_places(tmp_path)) as releaser:
        yield releaser


@pytest.fixture
async def begin(tmp_path: Path) -> AsyncIterator[Callable[..., Node]]:
    """Starts nodes that share a store; all end with the test."""
    valkey = ValkeyProcess(tmp_path / "valkey").start()
    nodes: list[Node] = []
    try:
        await fill(valkey.url, build_site())

        def begin(name: str = "node", **settings: object) -> Node:
            given = {**file_places(tmp_path), "preview_secret": SECRET, **settings}
            node = start_node(tmp_path / name, valkey.url, **given)
            nodes.append(node)
            node.wait_in_service()
            return node

        yield begin
    finally:
        for node in nodes:
            await asyncio.to_thread(node.stop)
        valkey.stop()


def fetch(node: Node, path: str = "/", host: str = HOST) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(f"http://{node.public}{path}", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode()


async def until(condition: Callable[[], object], seconds: float = 15.0) -> float:
    """Seconds until the condition held."""
    started = time.monotonic()
    while not await asyncio.to_thread(condition):
        assert time.monotonic() - started < seconds, "not in time"
        await asyncio.sleep(0.01)
    return time.monotonic() - started


async def test_a_release_goes_live_is_rolled_back_and_outlives_a_restart(
    releaser: Releaser, begin: Callable[..., Node], tmp_path: Path
) -> None:
    """Every page is whole and of the live release; a restart begins with what was live."""
    node = await asyncio.to_thread(begin)
    assert node.verdict() == (200, "first")
    assert not marks(fetch(node)[2])
    first, second = await releaser.publish(), await releaser.publish()
    await releaser.point(first)
    await until(lambda: node.health()["release"] == first)
    assert node.verdict() == (200, "current")
    status, headers, body = fetch(node)
    assert (status, headers["X-SOS-Release"]) == (200, first)
    assert marks(body) == [releaser.names[first]] * 3
    assert node.fetch_private(f"/health?templateRelease={first}")[0] == 200
    assert node.fetch_private(f"/health?templateRelease={second}")[0] == 503

    await releaser.point(second)
    await until(lambda: node.health()["release"] == second)
    asset = body.partition('href="/_assets/')[2].partition('"')[0]
    assert fetch(node, f"/_assets/{asset}")[0] == 200

    started = await releaser.point(first, "rollback")
    await until(lambda: node.health()["release"] == first)
    print(f"rollback: {time.monotonic() - started:.3f} s")
    assert marks(fetch(node)[2]) == [releaser.names[first]] * 3
    node.stop()

    again = await asyncio.to_thread(begin)
    assert again.health()["rollout"]["loaded"][:2] == [first, second]
    assert "release_step" not in again.log()
    assert fetch(again)[1]["X-SOS-Release"] == first


async def test_a_broken_release_is_refused_and_the_good_one_goes_on(
    releaser: Releaser, begin: Callable[..., Node]
) -> None:
    """The node says so, to whoever asks it; a good release after it is taken."""
    node = await asyncio.to_thread(begin)
    good = await releaser.publish()
    await releaser.point(good)
    await until(lambda: node.health()["release"] == good)
    broken = await releaser.publish(theme() | {"index.html": b"{{ nonsense }}"})
    await releaser.point(broken)
    await until(lambda: node.verdict() == (200, "refused"))
    rollout = node.health()["rollout"]
    assert "nonsense" in rollout["refused"][broken]
    assert rollout["alarm"]
    assert fetch(node)[1]["X-SOS-Release"] == good
    assert node.metric("sos_release_refusals_total") == 1
    better = await releaser.publish()
    await releaser.point(better)
    await until(lambda: node.verdict() == (200, "current") and node.health()["release"] == better)


async def test_a_worker_that_was_killed_comes_back_with_the_live_release(
    releaser: Releaser, begin: Callable[..., Node]
) -> None:
    """Whoever starts while the release changes ends up with the same one as all others."""
    node = await asyncio.to_thread(begin)
    release = await releaser.publish()
    for worker in node.health()["workers"]:
        os.kill(worker["pid"], signal.SIGKILL)
        await releaser.point(release)
        release = await releaser.publish()
    last = (await releaser.pointer.fetch()).release

    def agree() -> bool:
        workers = node.health()["workers"]
        return all(w["ready"] and w.get("release") == last for w in workers)

    await until(agree)
    assert node.verdict() == (200, "current")


async def test_load_balancers_are_answered_on_the_public_port_whatever_the_host(
    begin: Callable[..., Node],
) -> None:
    """They ask by address; what they get is the node's own verdict."""
    node = await asyncio.to_thread(begin)
    for host in (HOST, node.public, "10.0.0.7"):
        status, headers, body = fetch(node, "/health-elb", host)
        assert (status, body.strip(), headers["Cache-Control"]) == (200, "first", "no-store")
    assert fetch(node, "/health-elb/", "10.0.0.7")[0] == 421


async def test_a_release_is_previewed_by_a_signed_link_and_by_nothing_else(
    releaser: Releaser, begin: Callable[..., Node]
) -> None:
    """A published release that is not live shows with a token of its own, and is never kept."""
    node = await asyncio.to_thread(begin)
    live, other = await releaser.publish(), await releaser.publish()
    await releaser.point(live)
    await until(lambda: node.health()["release"] == live)
    token = sign_preview(SECRET, other, int(time.time()) + 600, HOST)
    link = f"/post-140/?sos_release={other}&sos_token={token}"
    status, headers, body = await asyncio.to_thread(fetch, node, link)
    assert (status, headers["X-SOS-Release"]) == (200, other)
    assert marks(body) == [releaser.names[other]] * 3
    assert headers["Cache-Control"] == "private, no-store"
    assert "Surrogate-Key" not in headers
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    asset = body.partition('href="/_assets/')[2].partition('"')[0]
    assert fetch(node, f"/_assets/{asset}")[0] == 200
    assert fetch(node, "/post-140/")[1]["X-SOS-Release"] == live
    expired = sign_preview(SECRET, other, int(time.time()) - 1, HOST)
    ends, _, signature = token.partition(".")
    longer = f"{int(ends) + 1}.{signature}"
    for bad in ("", "x", longer, expired, sign_preview(SECRET, live, 2**31, HOST)):
        refused = fetch(node, f"/post-140/?sos_release={other}&sos_token={bad}")
        assert (refused[0], refused[1]["Cache-Control"]) == (404, "no-store")
    assert token not in node.log()


async def test_an_asset_of_a_release_that_is_on_its_way_is_waited_for(
    releaser: Releaser, begin: Callable[..., Node]
) -> None:
    """Another node may have sent the page already: its style sheet must not be missing here."""
    node = await asyncio.to_thread(begin)
    files = theme() | {"assets/new.css": b"p { color: green }"}
    release = await releaser.publish(files)
    from sos.release.assets import build_assets

    url = next(u for u in build_assets(files) if u.endswith("new.css"))
    asked = asyncio.create_task(asyncio.to_thread(fetch, node, url))
    await releaser.point(release)
    status, _, body = await asked
    assert (status, body) == (200, "p { color: green }")
    assert fetch(node, "/_assets/000000000000/none.css")[0] == 404


async def test_a_node_says_what_it_does_to_its_fleet(
    releaser: Releaser, begin: Callable[..., Node]
) -> None:
    """Two nodes see each other, and both acknowledge a release."""
    nodes = [await asyncio.to_thread(begin, name) for name in ("a", "b")]
    release = await releaser.publish()
    await releaser.point(release)
    for node in nodes:
        await until(lambda n=node: n.health()["rollout"]["fleet"] == {"live": 2, "serving": 2})
    fleet = json.loads(nodes[0].fetch_private("/fleet.json")[1])
    assert json.dumps(fleet).count(release) >= 2
