"""Which releases are offered to whoever previews a draft."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from pathlib import Path

import redis
from sos.content.preview_token import sign_content_preview
from sos.errors import ObjectStoreError
from sos.rollout.offers import NEWEST, Offer, list_offers
from sos.rollout.pointer import Canary, Pointing
from sos.web.offers import Offers

from tests.promises.filling import HOST, fill
from tests.servers.content import build_site
from tests.servers.node import Node, start_node
from tests.servers.releases import Releaser, file_places, marks
from tests.servers.valkey_process import ValkeyProcess
from tests.web.test_content_previews import ID, build_payload, draft
from tests.web.test_rollout_on_node import SECRET, releaser, until

__all__ = ["releaser"]

A, B, C, D = (f"2026040{n}-120000-0a1b2c3d" for n in range(1, 5))


def test_what_is_in_use_comes_first_then_the_newest() -> None:
    """Each once, with what it is."""
    pointing = Pointing(1, B, canary=Canary(C, 5.0))
    assert list_offers(pointing, (B, A), (A, B, C, D)) == (
        Offer(B, "live"), Offer(C, "canary"), Offer(A, "previous"), Offer(D),
    )  # fmt: skip
    assert list_offers(None, (), ()) == ()
    many = [f"20260101-{n:06d}-0a1b2c3d" for n in range(50)]
    assert [o.release for o in list_offers(None, (), many)] == many[: -NEWEST - 1 : -1]


async def test_store_of_releases_is_asked_at_most_now_and_then() -> None:
    """Many previews make one list; a store that fails leaves what is known without it."""
    asked = 0
    told: list[tuple[Offer, ...]] = []

    async def fetch() -> list[str]:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise ObjectStoreError("away")
        return [A]

    offers = Offers(fetch, lambda: (Pointing(1, B), (B,)), told.append)
    for _ in range(5):
        offers.ask()
    await asyncio.sleep(0)
    while not told:
        await asyncio.sleep(0.001)
    offers.ask()
    assert asked == 1
    assert told == [(Offer(B, "live"), Offer(A))] * 2
    offers._asked_at = -1000.0
    offers.ask()
    while len(told) < 3:
        await asyncio.sleep(0.001)
    assert told[-1] == told[0]
    offers.close()


async def test_any_published_release_is_offered_and_shows_the_draft(
    releaser: Releaser, tmp_path: Path
) -> None:
    """On a real node: the list has what is live and what was only published; choosing that fetches
    and tries it, and shows the draft with it."""
    valkey = ValkeyProcess(tmp_path / "valkey").start()
    node = None
    try:
        await fill(valkey.url, build_site())
        with redis.Redis.from_url(valkey.url) as client:
            payload = build_payload(draft(), "/a-draft/")
            client.set(f"sos:{{{HOST}}}:preview:{ID}", payload, ex=60)
        live, newest = await releaser.publish(), await releaser.publish()
        await releaser.point(live)
        settings = {**file_places(tmp_path), "preview_secret": SECRET}
        node = await asyncio.to_thread(start_node, tmp_path / "node", valkey.url, **settings)
        await until(lambda: node.health()["release"] == live)
        first = await asyncio.to_thread(show, node, "")
        assert f'<option value="" selected>live: {live}</option>' in first
        assert f'<option value="{newest}">{newest}</option>' in first
        other = await asyncio.to_thread(show, node, f"?sos_release={newest}")
        assert marks(other)[0] == releaser.names[newest]
        assert "Not yet public." in other
        assert f'<option value="{newest}" selected>' in other
        assert node.health()["release"] == live
    finally:
        if node:
            await asyncio.to_thread(node.stop)
        valkey.stop()


def show(node: Node, query: str) -> str:
    """The preview, as somebody with its cookie gets it."""
    signed = sign_content_preview(SECRET, ID, int(time.time()) + 60, HOST)
    fields = {"Host": HOST, "Cookie": f"sos_preview={signed}"}
    address = f"http://{node.public}/__preview/{ID}/{query}"
    with urllib.request.urlopen(urllib.request.Request(address, headers=fields), timeout=20) as got:
        return str(got.read().decode())
