"""Taking the content snapshot: while the store is known to be whole, and so that it costs no one.

In: a `ContentReader`, and a follower that says how it is. Out: a `Snapshot`; from the keeper, a
file on disk that is replaced by a newer one only. One worker of a node keeps it. Any question that
is not answered ends the taking: a poorer snapshot never takes the place of a good one.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import structlog

from sos.content.follow import ContentFollower
from sos.content.snapshot import Answered, Snapshot, SnapshotFacts, build_snapshot
from sos.content.snapshot_file import encode_snapshot, write_snapshot
from sos.content.store import Candidate, ContentReader, Found
from sos.errors import StoreError, StoreIncompleteError
from sos.page.model import MenuItem
from sos.page.routes import PageRoute, decide_route
from sos.page.site import Site, build_site
from sos.produce.reading import FRONT, decide_candidates

log = structlog.get_logger()

MAX_PATHS = 300
MAX_BYTES = 32 * 1024 * 1024
"""Most JSON of documents in a snapshot; a page that would go beyond it is left out."""

NEWEST = 50
"""Posts that are kept because they are new."""

ASKED = 100
"""Pages that are kept because visitors have asked for them lately."""

MAX_DUE = 500
"""Changes by time alone that are noted, soonest first."""

PAUSE_SECONDS = 0.02
"""Between two questions to the store: 300 paths take six seconds or more."""

FIRST_SECONDS = 5.0
INTERVAL_SECONDS = 30.0
REFRESH_SECONDS = 600.0
"""A snapshot is first taken FIRST_SECONDS after the start, then when something has changed, at most
every INTERVAL_SECONDS; after REFRESH_SECONDS also when nothing has, so that its age says how long
its content has not been checked."""

_CHECK_SECONDS = 1.0


class SnapshotKeeper:
    """Keeps the file at ``path`` current. Start `run` as a task."""

    def __init__(
        self,
        reader: ContentReader,
        follower: ContentFollower,
        public: str,
        host: str,
        path: Path,
        clock: Callable[[], float] = time.time,
        fetch_asked: Callable[[], Sequence[str]] = lambda: (),
    ) -> None:
        self.facts: SnapshotFacts | None = None
        self._reader = reader
        self._follower = follower
        self._public = public
        self._host = host
        self._path = path
        self._clock = clock
        self._fetch_asked = fetch_asked
        self._kept: tuple[str, int] = ("", -1)
        self._until = 0.0
        self._complaint = ""

    async def run(self) -> None:
        """Take a snapshot whenever one is due, until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            if self.is_due():
                await self.keep()
                await asyncio.sleep(INTERVAL_SECONDS)
            else:
                await asyncio.sleep(_CHECK_SECONDS)

    def is_due(self) -> bool:
        """Whether the store can be trusted, and may have something that the file has not."""
        follower = self._follower
        changed = (follower.epoch, follower.rev) != self._kept
        return follower.is_current and (changed or self._clock() >= self._until)

    async def keep(self) -> bool:
        """Take a snapshot now and write it; whether that worked. Raises CancelledError only."""
        began, follower = time.monotonic(), self._follower
        state = follower.epoch, follower.rev
        try:
            snapshot = await take_snapshot(
                self._reader,
                self._public,
                self._host,
                self._clock,
                PAUSE_SECONDS,
                self._fetch_asked()[:ASKED],
            )
            if not follower.is_current:
                raise StoreIncompleteError("the content store was lost meanwhile")
            size = await asyncio.to_thread(_write, self._path, snapshot)
        except (StoreError, OSError) as exc:
            self._complain(str(exc))
            return False
        except Exception:  # whatever it is: the file that is there is good, and visitors come first
            log.exception("snapshot_failed")
            return False
        self._kept, self._complaint = state, ""
        times = (snapshot.taken_at + REFRESH_SECONDS, *(d.at for d in snapshot.upcoming[:1]))
        self._until = min(times)
        self.facts = snapshot.facts
        log.info(
            "snapshot_taken",
            rev=snapshot.rev,
            paths=len(snapshot.kept),
            bytes=size,
            seconds=round(time.monotonic() - began, 3),
        )
        return True

    def _complain(self, reason: str) -> None:
        """Log why there is no new snapshot, once for each reason in a row."""
        if reason != self._complaint:
            log.warning("snapshot_failed", path=str(self._path), reason=reason)
        self._complaint = reason


def _write(path: Path, snapshot: Snapshot) -> int:
    content = encode_snapshot(snapshot)
    write_snapshot(path, content)
    return len(content)


async def take_snapshot(
    reader: ContentReader,
    public: str,
    host: str,
    clock: Callable[[], float] = time.time,
    pause: float = PAUSE_SECONDS,
    asked: Sequence[str] = (),
) -> Snapshot:
    """What the site at ``public`` needs, ``host`` being its name in the store.

    ``asked`` are paths that visitors ask for, the most wanted first.

    One question at a time, ``pause`` seconds between them. Raises StoreUnavailableError, and
    StoreIncompleteError where the store lacks anything, has no front page or is replaced meanwhile.
    """
    now = int(clock())
    upcoming = await reader.fetch_due(now, MAX_DUE)
    shared = await _ask(reader, (FRONT,), now)
    if shared.status != "found":
        raise StoreIncompleteError("the content store has no front page")
    site = build_site(public, shared.common, shared.top_pages, shared.hidden)[0]
    # Of what the front page has rows is known by now.
    front = await _answer(reader, site, "/", now)
    if front is None:
        raise StoreIncompleteError("the content store has no front page any more")
    shared = front.found
    answers, sizes = [front], _sizes(front.found)
    for path in await _decide_paths(reader, site, now, asked):
        await asyncio.sleep(pause)
        answered = await _answer(reader, site, path, int(clock()), shared.common_rev)
        if answered is None:
            continue
        if answered.found.epoch != shared.epoch:
            raise StoreIncompleteError("the content store was replaced meanwhile")
        more = sizes | _sizes(answered.found)
        if sum(more.values()) <= MAX_BYTES:
            answers.append(answered)
            sizes = more
    return await asyncio.to_thread(build_snapshot, host, now, answers, upcoming)


async def _decide_paths(
    reader: ContentReader, site: Site, now: int, asked: Sequence[str]
) -> list[str]:
    """Paths worth keeping besides the front page, the most important first."""
    newest = await _ask(reader, (Candidate("feed", "/", 1, NEWEST),), now)
    at = {r.ref: r.path for r in newest.records}
    archives = [path for ref, path in at.items() if ref.startswith("term:")][:NEWEST]
    pages = await reader.fetch_entries("type:page", 0, MAX_PATHS, now)
    menus = (path for items in site.menus.values() for path in _menu_paths(items))
    posts = (at.get(ref, "") for ref in newest.refs)
    paths = ("/feed/", *menus, *posts, *asked, *archives, "/page/2/", *(e.path for e in pages))
    wanted = dict.fromkeys(p for p in paths if p.startswith("/") and p != "/")
    return list(wanted)[: MAX_PATHS - 1]


def _menu_paths(items: Iterable[MenuItem]) -> Iterator[str]:
    for item in items:
        yield item.url.partition("#")[0].partition("?")[0]
        yield from _menu_paths(item.children)


async def _answer(
    reader: ContentReader, site: Site, path: str, now: int, common_rev: int = -1
) -> Answered | None:
    """What the store has at ``path``; None where that is nothing that a snapshot should keep."""
    route = decide_route(path, "", site.zone, site.document.date_base)
    if not isinstance(route, PageRoute):
        return None
    candidates = decide_candidates(route, site)
    found = await _ask(reader, candidates, now, common_rev)
    return Answered(path, candidates, found) if found.status in ("found", "moved") else None


async def _ask(
    reader: ContentReader, candidates: tuple[Candidate, ...], now: int, common_rev: int = -1
) -> Found:
    found = await reader.fetch_page(candidates, now, common_rev)
    if not found.complete:
        raise StoreIncompleteError(
            "the content store lacks keys: fill it with `sos content import URL`"
        )
    return found


def _sizes(found: Found) -> dict[str, int]:
    return {r.ref: len(r.json) for r in (*found.common, *found.records)}
