"""Pages from the snapshot: what they say of themselves, and what the snapshot never pretends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sos.cache.pages import CachedPage, Missing
from sos.content.snapshot_file import encode_snapshot, write_snapshot
from sos.metrics import Metrics
from sos.produce import fallback as module
from sos.produce.documents import DocumentCache
from sos.produce.fallback import Fallback
from sos.produce.keep_snapshot import take_snapshot
from sos.produce.producer import Producer
from structlog.testing import capture_logs

from tests.page.documents import (
    ADMIN,
    PUBLIC,
    entry,
    make_store,
    media,
    menu,
    page,
    post,
    site,
    stamp,
)
from tests.page.fake_store import FakeStore
from tests.release.theme import release_of

HOST = "www.example.com"
NOW = 2_000_000_000
THEME = release_of(
    index="{{ page.title }}|{% for p in page.posts %}{{ p.label }},{% endfor %}|"
    "{% for i in page.menus.primary %}{{ i.title }},{% endfor %}</html>"
)


class Fallen:
    """A fallback whose store can't be reached; ``store`` is what the snapshot was taken of."""

    def __init__(self, folder: Path, store: FakeStore) -> None:
        self.store, self.now, self.metrics = store, float(NOW), Metrics()
        self.path = folder / "snapshot.bin"
        documents = DocumentCache(self.metrics, None)
        lost = FakeStore(unavailable=True)
        self.live = Producer(PUBLIC, lost, THEME, documents, self.metrics, lambda: self.now)
        self.fallback = Fallback(
            self.path, HOST, self.live, documents, self.metrics, lambda: self.now
        )

    async def take(self) -> None:
        """Take a snapshot now."""
        snapshot = await take_snapshot(self.store, PUBLIC, HOST, lambda: self.now, pause=0)
        write_snapshot(self.path, encode_snapshot(snapshot))

    async def text(self, path: str) -> str | None:
        """The page at ``path``; None where the snapshot does not know."""
        made = await self.fallback.produce(path, "")
        assert not isinstance(made, Missing)
        return made.page.body.decode() if made else None


@pytest.fixture
async def fallen(tmp_path: Path) -> Fallen:
    """With a snapshot of some posts, a page, and a menu."""
    store = make_store(
        *(post(n) for n in range(1, 61)),
        page(100, "about"),
        menu(entry(1, "About", f"{ADMIN}/about/")),
    )
    fallen = Fallen(tmp_path, store)
    await fallen.take()
    return fallen


async def test_pages_of_the_snapshot_say_how_old_they_are(fallen: Fallen) -> None:
    """Never fresh, never partial, with the time at which they were known to be current."""
    fallen.now += 500
    for path in ("/", "/about/", "/post-60/", "/feed/", "/feed/atom/", "/robots.txt"):
        made = await fallen.fallback.produce(path, "")
        assert isinstance(made, CachedPage), path
        assert made.stale
        assert not made.partial
        assert made.taken_at == NOW
    assert "Post 60,Post 59," in (await fallen.text("/") or "")
    assert "About," in (await fallen.text("/post-60/") or "")
    assert fallen.fallback.facts
    assert fallen.fallback.facts.taken_at == NOW


@pytest.mark.parametrize(
    "path", ["/nope/", "/post-1/", "/page/3/", "/sitemap.xml", "/sitemap-posts-page-1.xml", "/a//b"]
)
async def test_what_the_snapshot_lacks_is_not_known(fallen: Fallen, path: str) -> None:
    """Not missing: the store may have it."""
    assert await fallen.fallback.produce(path, "") is None


async def test_an_address_that_had_moved_is_still_redirected(fallen: Fallen) -> None:
    """A menu led there."""
    fallen.store.put("post:100", page(100, "who-we-are"))
    await fallen.take()
    assert await fallen.fallback.produce("/about/", "") == Missing(301, "/who-we-are/")


async def test_the_page_of_an_error_has_suggestions(fallen: Fallen) -> None:
    """A path that no site can have is a 404 with or without a store."""
    made = await fallen.fallback.produce_error(404)
    assert made
    assert (made.page.status, made.stale, made.taken_at) == (404, True, NOW)
    assert b"Post 60,Post 59,Post 58,Post 57,Post 56,|" in made.page.body


async def test_an_expired_post_is_not_shown(fallen: Fallen) -> None:
    """Not at its address, not in the lists; and pages that show it end in time."""
    fallen.store.put("post:60", post(60, sos={"expires_gmt": stamp(NOW + 60)}))
    await fallen.take()
    made = await fallen.fallback.produce("/", "")
    assert isinstance(made, CachedPage)
    assert made.until == NOW + 60
    assert "Post 60" in (await fallen.text("/feed/") or "")
    fallen.now += 60
    assert await fallen.fallback.produce("/post-60/", "") is None
    for path in ("/", "/feed/", "/post-59/"):
        text = await fallen.text(path)
        assert text
        assert "Post 60" not in text
    made = await fallen.fallback.produce("/", "")
    assert isinstance(made, CachedPage)
    assert made.until == 0


async def test_a_front_page_that_is_over_takes_nothing_else_along(fallen: Fallen) -> None:
    """A static front page may have an end too; the other pages keep their menus."""
    over = {"sos": {"expires_gmt": stamp(NOW + 60)}}
    fallen.store.put("post:101", page(101, "welcome", **over))
    fallen.store.put("site", site(show_on_front="page", page_on_front=101))
    await fallen.take()
    fallen.now += 60
    assert await fallen.fallback.produce("/", "") is None
    assert "About," in (await fallen.text("/post-60/") or "")


async def test_what_belongs_to_an_expired_post_is_not_known_either(fallen: Fallen) -> None:
    """A picture of its gallery, which a menu leads to: the store would say that it is missing, but
    who knows what has become of it since."""
    fallen.store.put("post:60", post(60, sos={"expires_gmt": stamp(NOW + 60)}))
    fallen.store.put("post:200", media(200, parent=60))
    fallen.store.put("menu:1", menu(entry(1, "Picture", f"{ADMIN}/picture-200/")))
    await fallen.take()
    assert isinstance(await fallen.fallback.produce("/picture-200/", ""), CachedPage)
    fallen.now += 60
    assert await fallen.fallback.produce("/picture-200/", "") is None


async def test_it_is_read_when_it_is_needed_and_let_go_after(fallen: Fallen) -> None:
    """It costs no memory while the store answers; next time, the file may be a newer one."""
    assert not fallen.fallback.is_open
    await fallen.text("/")
    assert fallen.fallback.is_open
    fallen.store.put("post:61", post(61))
    fallen.now += 30
    await fallen.take()
    assert "Post 61" not in (await fallen.text("/") or "")
    fallen.fallback.close()
    assert not fallen.fallback.is_open
    assert "Post 61" in (await fallen.text("/") or "")


async def test_many_who_need_it_read_it_once(
    fallen: Fallen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage begins for many pages at once."""
    reads, read = [], module.read_snapshot

    def count(*args: Any) -> Any:
        reads.append(args)
        return read(*args)

    monkeypatch.setattr(module, "read_snapshot", count)
    made = await asyncio.gather(*(fallen.fallback.produce("/", "") for _ in range(20)))
    assert len(reads) == 1
    assert all(isinstance(m, CachedPage) for m in made)


@pytest.mark.parametrize(
    ("content", "event", "level"),
    [
        (None, "snapshot_missing", "info"),
        (b"garbage", "snapshot_refused", "warning"),
        (b"", "snapshot_refused", "warning"),
    ],
)
async def test_without_a_sound_file_nothing_is_known(
    fallen: Fallen, content: bytes | None, event: str, level: str
) -> None:
    """It is told once, and not tried again with every request."""
    if content is None:
        fallen.path.unlink()
    else:
        fallen.path.write_bytes(content)
    with capture_logs() as logs:
        for path in ("/", "/about/", "/"):
            assert await fallen.fallback.produce(path, "") is None
        assert await fallen.fallback.produce_error(404) is None
        assert await fallen.fallback.begin() is None
    assert [(e["event"], e["log_level"]) for e in logs] == [(event, level)]
    assert not fallen.fallback.is_open


async def test_a_file_that_could_not_be_used_is_tried_again_later(
    fallen: Fallen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may have put a good one there."""
    fallen.path.unlink()
    assert await fallen.text("/") is None
    await fallen.take()
    assert await fallen.text("/") is None
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    assert await fallen.text("/")


# ---------------------------------------------------------------- the live producer


async def test_a_start_knows_the_site_from_the_snapshot(fallen: Fallen) -> None:
    """Menus, name and front page: an error page looks as it should, and the self-render works."""
    assert fallen.live.site.document.home == ""
    assert await fallen.fallback.begin()
    assert fallen.live.site.document.home == ADMIN
    assert fallen.live.front
    assert fallen.live.render_front_again()
    error = await fallen.live.produce_error(404)
    assert b"About," in error.page.body


async def test_what_the_store_said_is_not_forgotten_for_a_snapshot(fallen: Fallen) -> None:
    """Only a producer that knows nothing begins with it."""
    fresh = make_store(post(1), site=site(name="Newer"))
    fallen.live.reading._reader = fresh
    await fallen.live.learn_site()
    await fallen.fallback.begin()
    assert fallen.live.site.view.title == "Newer"


async def test_pages_are_made_with_the_live_release(fallen: Fallen) -> None:
    """One that goes live while the store is away as well; and what fails counts against it."""
    assert await fallen.text("/")
    fallen.live.swap(release_of(index="NEW {{ page.title }}</html>"))
    assert (await fallen.text("/") or "").startswith("NEW ")
    assert (fallen.live.renders, fallen.live.failures) == (1, 0)
    fallen.live.swap(release_of(index="{{ page.title + 1 }}"))
    assert (await fallen.text("/") or "").startswith("NEW ")  # the one before takes over
    assert (fallen.live.renders, fallen.live.failures) == (1, 1)


async def test_a_page_that_no_release_can_render_is_not_known(fallen: Fallen) -> None:
    """The store may have it in a form that can be rendered."""
    fallen.live.release = release_of(index="{{ page.title + 1 }}")
    with capture_logs() as logs:
        assert await fallen.text("/") is None
    assert "render_failed" in {e["event"] for e in logs}
