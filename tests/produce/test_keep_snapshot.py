"""Taking the snapshot: what is in it, what it costs, and when it is better not to take it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sos.content.follow import ContentFollower
from sos.content.snapshot import Snapshot, SnapshotReader
from sos.content.snapshot_file import read_snapshot
from sos.content.store import Candidate, Found
from sos.errors import StoreError, StoreIncompleteError, StoreUnavailableError
from sos.produce import keep_snapshot as module
from sos.produce.keep_snapshot import SnapshotKeeper, take_snapshot
from structlog.testing import capture_logs

from tests.page.documents import (
    ADMIN,
    PUBLIC,
    entry,
    make_store,
    menu,
    page,
    post,
    site,
    stamp,
    term,
)
from tests.page.fake_store import FakeStore

HOST = "www.example.com"
NOW = 2_000_000_000.0


class Clock:
    """A time that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Counting(FakeStore):
    """Counts calls under way, and does something before one of them."""

    under_way = most = calls = 0
    fail_at = -1

    async def _reach(self) -> None:
        self.calls += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0)
            if self.calls == self.fail_at:
                raise StoreUnavailableError("told to fail")
            await super()._reach()
        finally:
            self.under_way -= 1


def fill(store: FakeStore) -> FakeStore:
    """A site with a menu in two levels, pages, a category and 80 posts."""
    source = make_store(
        *(post(n, categories=[7 if n % 2 else 8]) for n in range(1, 81)),
        page(100, "about"),
        page(101, "about/team", parent=100),
        page(102, "imprint"),
        term(7, "News"),
        term(8, "Sports"),
        menu(
            entry(1, "News", f"{ADMIN}/category/news/#top"),
            entry(2, "About", f"{ADMIN}/about/?x=1"),
            entry(3, "Team", f"{ADMIN}/about/team/", parent=2),
            entry(4, "Elsewhere", "https://other.example/x/"),
            entry(5, "Nothing", f"{ADMIN}/no-such-page/"),
            entry(6, "Home", f"{ADMIN}/"),
            entry(7, "Mail", "mailto:a@b.example"),
            entry(8, "Odd", f"{ADMIN}/a//b/%zz"),
            entry(9, "Map", f"{ADMIN}/sitemap.xml"),
        ),
    )
    store.__dict__.update(source.__dict__)
    return store


async def take(store: FakeStore) -> Snapshot:
    return await take_snapshot(store, PUBLIC, HOST, lambda: NOW, pause=0)


def documents_of(snapshot: Snapshot) -> list[bytes]:
    return [r.json for ref in snapshot.records if (r := snapshot.record(ref))]


# ---------------------------------------------------------------- taking


async def test_it_has_what_the_homepage_needs() -> None:
    """Front page, feed, what menus lead to on this site, the newest posts, what visitors ask for,
    the posts before, all pages; each once."""
    asked = ["/post-80/", "/post-1/", "/never/"]
    snapshot = await take_snapshot(
        fill(FakeStore()), PUBLIC, HOST, lambda: NOW, pause=0, asked=asked
    )
    paths = list(snapshot.paths)
    assert paths[:2] == ["/", "/feed/"]
    assert paths[2:5] == ["/category/news/", "/about/", "/about/team/"]
    newest = [f"/post-{n}/" for n in range(80, 80 - module.NEWEST, -1)]
    assert paths[5 : 5 + module.NEWEST] == newest
    assert paths[5 + module.NEWEST :] == ["/post-1/", "/category/sports/", "/page/2/", "/imprint/"]
    assert (snapshot.host, snapshot.taken_at, snapshot.epoch) == (HOST, NOW, "1.1")


async def test_its_answers_are_found_with_the_candidates_of_a_request() -> None:
    """The feed has as many posts as the site says; error pages are offered some of them."""
    store = fill(FakeStore())
    store.put("site", site(sos={"settings": {"posts_per_rss": 12}}))
    reader = SnapshotReader(await take(store))
    for count in (12, 5):
        found = await reader.fetch_page((Candidate("feed", "/", 1, count),), int(NOW), -1)
        assert len(found.refs) == count


async def test_front_page_is_kept_with_its_rows() -> None:
    """Of the topics that the menus name, with all that the posts of rows show."""
    store = fill(FakeStore())
    snapshot = await take(store)
    front = snapshot.kept[0]
    assert (front.path, [r.term for r in front.found.rows]) == ("/", ["term:7"])
    assert {"term:7", *front.found.rows[0].refs} <= set(front.records)
    assert len(front.found.rows[0].refs) == 4


async def test_an_address_that_moved_is_kept_as_one() -> None:
    """A menu may still have the old one."""
    store = fill(FakeStore())
    store.put("post:100", page(100, "who-we-are"))
    snapshot = await take(store)
    (kept,) = [k for k in snapshot.kept if k.path == "/about/"]
    assert (kept.found.status, kept.found.path) == ("moved", "/who-we-are/")


async def test_at_most_so_many_paths_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most important first; a page that is too much is left out, smaller ones are not."""
    store = fill(FakeStore())
    monkeypatch.setattr(module, "MAX_PATHS", 20)
    assert len((await take(store)).paths) == 20 - 3  # so many are asked for, three lead nowhere
    whole = await take(store)
    size = sum(map(len, documents_of(whole)))
    huge = {"rendered": "x" * size, "protected": False}
    store.put("post:100", page(100, "about", content=huge))
    monkeypatch.setattr(module, "MAX_BYTES", size + 100)
    bounded = await take(store)
    assert sum(map(len, documents_of(bounded))) <= size + 100
    assert set(whole.paths) - set(bounded.paths) == {"/about/"}


async def test_the_front_page_is_kept_whatever_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it there would be no snapshot."""
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    assert (await take(fill(FakeStore()))).paths == ("/",)


async def test_one_question_at_a_time_with_rests() -> None:
    """It must not be noticed by those who wait for pages."""
    store = Counting()
    fill(store)
    rests: list[float] = []
    sleep = asyncio.sleep

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        await sleep(0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.asyncio, "sleep", rest)
        snapshot = await take_snapshot(store, PUBLIC, HOST, lambda: NOW)
    assert store.most == 1
    assert rests.count(module.PAUSE_SECONDS) >= len(snapshot.paths) - 1
    assert store.calls <= len(snapshot.paths) + 6


async def test_any_question_without_an_answer_ends_it() -> None:
    """Whichever it is: what is lacking might be what matters."""
    store = Counting()
    fill(store)
    await take(store)
    calls, store.calls = store.calls, 0
    for number in range(1, calls + 1):
        store.fail_at, store.calls = number, 0
        with pytest.raises(StoreUnavailableError):
            await take(store)


async def test_a_store_that_lacks_keys_is_not_taken() -> None:
    """From the start, or from then on: a list may have been lost."""
    store = fill(FakeStore())
    store.ready = False
    with pytest.raises(StoreIncompleteError, match="sos content import"):
        await take(store)
    store.ready = True
    real, reads = store.fetch_page, 0

    async def fetch_page(candidates: Sequence[Candidate], now: int, common_rev: int) -> Found:
        nonlocal reads
        reads += 1
        store.ready = reads < 9
        return await real(candidates, now, common_rev)

    store.fetch_page = fetch_page  # type: ignore[method-assign]
    with pytest.raises(StoreIncompleteError, match="lacks keys"):
        await take(store)


async def test_a_store_that_is_replaced_meanwhile_is_not_taken() -> None:
    """Half of it would be of another site's making."""
    store = fill(FakeStore())
    real = store.fetch_page

    async def fetch_page(candidates: Sequence[Candidate], now: int, common_rev: int) -> Found:
        found = await real(candidates, now, common_rev)
        store.epoch = "2.2" if store.reads > 5 else store.epoch
        return found

    store.fetch_page = fetch_page  # type: ignore[method-assign]
    with pytest.raises(StoreIncompleteError, match="replaced"):
        await take(store)


async def test_an_empty_store_is_not_taken() -> None:
    """A site without a front page has nothing that one could begin with."""
    store = make_store(page(5, "x"))
    real = store.fetch_page

    async def fetch_page(candidates: Sequence[Candidate], now: int, common_rev: int) -> Any:
        return msgspec.structs.replace(await real(candidates, now, common_rev), status="none")

    store.fetch_page = fetch_page  # type: ignore[method-assign]
    with pytest.raises(StoreIncompleteError, match="front page"):
        await take(store)


# ---------------------------------------------------------------- keeping


class Ears:
    """A listener that does not listen."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_: None


class Kept:
    """A keeper with all that it knows."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.store = fill(FakeStore())
        self.follower = ContentFollower(self.store, Ears(), self.clock)
        self.path = folder / "state" / "snapshot.bin"
        self.keeper = SnapshotKeeper(self.store, self.follower, PUBLIC, HOST, self.path, self.clock)

    async def look(self) -> None:
        """What the follower does all the time, once."""
        try:
            await self.follower.look()
        except StoreError as exc:
            self.follower._enter("unavailable", reason=str(exc))

    def read(self) -> Snapshot:
        return read_snapshot(self.path, HOST)


@pytest.fixture
async def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """A keeper whose follower has looked once."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0)
    kept = Kept(tmp_path)
    await kept.look()
    return kept


async def test_a_snapshot_is_due_when_there_is_none_or_something_changed(kept: Kept) -> None:
    """And not again while everything is as it was."""
    assert kept.keeper.is_due()
    with capture_logs() as logs:
        assert await kept.keeper.keep()
    assert not kept.keeper.is_due()
    (taken,) = [entry for entry in logs if entry["event"] == "snapshot_taken"]
    assert taken["bytes"] == kept.path.stat().st_size
    assert taken["paths"] == len(kept.read().paths)
    assert kept.keeper.facts == kept.read().facts
    kept.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await kept.look()
    assert kept.keeper.is_due()
    assert await kept.keeper.keep()
    assert kept.read().rev == kept.store.rev


async def test_what_visitors_ask_for_is_kept_up_to_a_bound(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The most wanted first; old posts that somebody found somewhere."""
    monkeypatch.setattr(module, "ASKED", 5)
    kept.keeper._fetch_asked = lambda: tuple(f"/post-{n}/" for n in range(1, 30))
    assert await kept.keeper.keep()
    old = {f"/post-{n}/" for n in range(1, 31)} & set(kept.read().paths)
    assert old == {f"/post-{n}/" for n in range(1, 6)}


async def test_a_change_while_it_is_taken_makes_the_next_one_due(kept: Kept) -> None:
    """What was read before the change may be old."""
    real = kept.store.fetch_page

    async def fetch_page(candidates: Sequence[Candidate], now: int, common_rev: int) -> Found:
        found = await real(candidates, now, common_rev)
        if kept.store.reads == 5:
            kept.store.put("post:80", post(80, title={"rendered": "Changed"}))
            await kept.look()
        return found

    kept.store.fetch_page = fetch_page  # type: ignore[method-assign]
    assert await kept.keeper.keep()
    assert kept.keeper.is_due()


async def test_what_time_changes_is_taken_too(kept: Kept) -> None:
    """A scheduled post appears without a new revision; and the age must say what was checked."""
    kept.store.put("post:900", post(900, at=NOW + 40))
    kept.store.put("post:901", post(901, sos={"expires_gmt": stamp(NOW + 90)}))
    await kept.look()
    for due, new in ((40, 3), (90, 2)):
        assert await kept.keeper.keep()
        kept.clock.now = NOW + due - 1
        assert not kept.keeper.is_due()
        kept.clock.now = NOW + due
        assert kept.keeper.is_due()
        assert await kept.keeper.keep()
        assert len({"/post-900/", "/post-901/", "/feed/"} & set(kept.read().paths)) == new
    kept.clock.now += module.REFRESH_SECONDS - 1
    assert not kept.keeper.is_due()
    kept.clock.now += 1
    assert kept.keeper.is_due()


@pytest.mark.parametrize("trouble", ["unavailable", "ready"])
async def test_nothing_is_taken_while_the_store_can_not_be_trusted(
    kept: Kept, trouble: str
) -> None:
    """Silent, or lacking keys: what is on disk is better."""
    setattr(kept.store, trouble, trouble == "unavailable")
    await kept.look()
    assert not kept.follower.is_current
    assert not kept.keeper.is_due()


async def test_a_store_that_is_lost_meanwhile_costs_the_news_only(kept: Kept) -> None:
    """Each step of the taking: the file stays as it was, and the reason is logged once."""
    assert await kept.keeper.keep()
    before = kept.path.read_bytes()
    kept.store.put("post:5", post(5, title={"rendered": "Changed"}))
    await kept.look()
    real = kept.store.fetch_page

    async def lose(candidates: Sequence[Candidate], now: int, common_rev: int) -> Found:
        found = await real(candidates, now, common_rev)
        kept.follower.state = "unavailable"
        return found

    kept.store.fetch_page = lose  # type: ignore[method-assign]
    with capture_logs() as logs:
        assert not await kept.keeper.keep()
        assert not await kept.keeper.keep()
    assert [entry["event"] for entry in logs] == ["snapshot_failed"]
    assert kept.path.read_bytes() == before
    kept.follower.state = "current"
    kept.store.fetch_page = real  # type: ignore[method-assign]
    assert kept.keeper.is_due()
    assert await kept.keeper.keep()
    assert kept.path.read_bytes() != before


async def test_a_disk_that_refuses_is_told_once_and_harms_nobody(kept: Kept) -> None:
    """A node on a read-only disk serves as any other."""
    kept.path.parent.parent.mkdir(exist_ok=True)
    kept.path.parent.write_text("a file where the folder should be")
    with capture_logs() as logs:
        assert not await kept.keeper.keep()
        assert not await kept.keeper.keep()
    assert [(e["event"], e["log_level"]) for e in logs] == [("snapshot_failed", "warning")]
    assert "exists" in logs[0]["reason"]


async def test_a_mistake_in_the_making_harms_nobody(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged with its traceback, and tried again at the next time."""
    monkeypatch.setattr(module, "build_snapshot", lambda *_: 1 / 0)
    with capture_logs() as logs:
        assert not await kept.keeper.keep()
    assert logs[0]["exc_info"]
    assert not kept.path.exists()


@contextlib.asynccontextmanager
async def running(keeper: SnapshotKeeper) -> AsyncIterator[None]:
    task = asyncio.create_task(keeper.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_it_keeps_to_its_pace(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """First after a while, then when something changed, never twice within the interval."""
    loop = asyncio.get_running_loop()
    times: list[float] = []
    keep = kept.keeper.keep

    async def note() -> bool:
        times.append(loop.time())
        done = await keep()
        kept.follower.rev += 1  # there is always something new
        return done

    monkeypatch.setattr(kept.keeper, "keep", note)
    for name, seconds in (("FIRST", 0.1), ("INTERVAL", 0.2), ("_CHECK", 0.01)):
        monkeypatch.setattr(module, f"{name}_SECONDS", seconds)
    began = loop.time()
    async with running(kept.keeper), asyncio.timeout(10):
        while len(times) < 3:
            await asyncio.sleep(0.01)
    assert times[0] - began >= 0.1
    assert all(b - a >= 0.2 for a, b in itertools.pairwise(times))
