"""The releases of one worker: which is active, whose assets answer, and what is waited for."""

from __future__ import annotations

import asyncio

import pytest
from sos.release.environment import Release, build_release
from sos.rollout.follow import KEPT
from sos.web import loaded as module
from sos.web.loaded import PREVIEWED, LoadedReleases


def a_release(name: str) -> Release:
    files = {"index.html": b"</html>", "assets/style.css": f"/* {name} */".encode()}
    return build_release(files, name)


def url_of(release: Release) -> str:
    return next(iter(release.assets))


async def test_a_swap_is_to_a_release_that_is_loaded_and_to_nothing_else() -> None:
    """Asked for another, it says no and stays as it was."""
    first, second = a_release("one"), a_release("two")
    loaded = LoadedReleases([first])
    assert not loaded.swap("two")
    loaded.add(second)
    assert loaded.active is first
    assert loaded.swap("two")
    assert loaded.active is second
    assert not loaded.swap("two")


async def test_assets_of_the_last_few_releases_answer() -> None:
    """A page that was sent just before a swap finds its style sheet; an old one's is forgotten."""
    releases = [a_release(f"r{n}") for n in range(KEPT + 1)]
    loaded = LoadedReleases(releases[:1])
    for release in releases[1:]:
        loaded.add(release)
        loaded.swap(release.id)
    for release in releases[1:]:
        assert (await loaded.find_asset(url_of(release))) is not None
    assert loaded.find("r0") is None


async def test_releases_for_previews_are_few() -> None:
    """The one that was not looked at for longest goes, and the live ones stay."""
    loaded = LoadedReleases([a_release("live")])
    for number in range(PREVIEWED + 1):
        loaded.add(a_release(f"preview-{number}"))
    assert loaded.find("preview-0") is None
    assert loaded.find(f"preview-{PREVIEWED}") is not None
    assert loaded.find("live") is not None


async def test_an_asset_that_is_on_its_way_is_waited_for() -> None:
    """Another node showed the page already."""
    loaded = LoadedReleases([a_release("one")])
    coming = a_release("two")
    asked = asyncio.create_task(loaded.find_asset(url_of(coming)))
    await asyncio.sleep(0)
    assert not asked.done()
    loaded.add(coming)
    found = await asked
    assert found is not None
    assert found.content == b"/* two */"


async def test_what_can_not_arrive_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that a known release lacks, and addresses that no release has, are 404 at once."""
    monkeypatch.setattr(module, "ASSET_PATIENCE", 3600.0)
    release = a_release("one")
    loaded = LoadedReleases([release])
    known = url_of(release).rpartition("/")[0]
    for path in (f"{known}/none.css", "/_assets/", "/_assets/x/y.css", "/_assets/ABCDEF012345/y"):
        assert await loaded.find_asset(path) is None


async def test_a_flood_of_unknown_assets_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many wait; the others are told at once, and known assets never wait."""
    monkeypatch.setattr(module, "ASSET_PATIENCE", 3600.0)
    release = a_release("one")
    loaded = LoadedReleases([release])
    asked = [
        asyncio.create_task(loaded.find_asset(f"/_assets/{n:012x}/style.css"))
        for n in range(module.ASSET_WAITERS)
    ]
    await asyncio.sleep(0)
    assert await loaded.find_asset("/_assets/ffffffffffff/style.css") is None
    assert await loaded.find_asset(url_of(release)) is not None
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    assert loaded._waiting == 0


async def test_a_preview_waits_for_its_release_and_not_for_ever() -> None:
    """It arrives, or it does not."""
    loaded = LoadedReleases([a_release("one")])
    waiting = asyncio.create_task(loaded.wait_for("two", 30.0))
    await asyncio.sleep(0)
    loaded.add(a_release("two"))
    found = await waiting
    assert found is not None
    assert found.id == "two"
    assert await loaded.wait_for("three", 0.01) is None
