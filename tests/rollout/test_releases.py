"""A release is published whole or not at all, never changed, and fetched as it was sealed."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import pytest
from sos.errors import (
    BundleError,
    ObjectExistsError,
    ObjectNotFoundError,
    ObjectStoreError,
    ReleaseNotFoundError,
)
from sos.release.bundle import Seal, build_bundle, encode_seal
from sos.rollout.releases import CONCURRENCY, Releases
from structlog.testing import capture_logs

from tests.release.hostile_bundles import CREATED, HOSTILE, make_seal

FILES = {"index.html": b"{{ page.title }}", "assets/site.css": b"a{}"}
BUNDLE, SEAL = build_bundle(FILES, created=CREATED, note="first")
BUNDLE_NAME, SEAL_NAME = f"{SEAL.id}/bundle.tar.gz", f"{SEAL.id}/release.json"


class MemoryObjects:
    """An object store without a network; ``fail`` may raise before a call is carried out."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.calls: list[tuple[str, str]] = []
        self.fail: Callable[[str, str], None] = lambda call, name: None
        self.under_way = self.most_under_way = 0

    async def _enter(self, call: str, name: str) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0)
            self.calls.append((call, name))
            self.fail(call, name)
        finally:
            self.under_way -= 1

    async def put(self, name: str, content: bytes) -> None:
        await self._enter("put", name)
        if name in self.contents:
            raise ObjectExistsError(f"there is an object {name}")
        self.contents[name] = content

    async def fetch(self, name: str, limit: int) -> bytes:
        await self._enter("fetch", name)
        if name not in self.contents:
            raise ObjectNotFoundError(f"there is no object {name}")
        if len(self.contents[name]) > limit:
            raise ObjectStoreError(f"{name} has more than {limit} bytes")
        return self.contents[name]

    async def list_names(self) -> tuple[str, ...]:
        await self._enter("list", "")
        return tuple(sorted(self.contents))

    async def delete(self, name: str) -> None:
        await self._enter("delete", name)
        self.contents.pop(name, None)

    async def aclose(self) -> None:
        self.contents.clear()


def _break(objects: MemoryObjects, call: str, name: str = "") -> None:
    """Let a call fail from now on, for one object or for all."""

    def fail(called: str, asked: str) -> None:
        if called == call and name in ("", asked):
            raise ObjectStoreError("the store is down")

    objects.fail = fail


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def releases(objects: MemoryObjects) -> Releases:
    return Releases(objects)


def _numbered(number: int) -> tuple[bytes, Seal]:
    return build_bundle(FILES, created=CREATED + number, note=f"number {number}")


# ---------------------------------------------------------------- publish


async def test_published_release_is_fetched_as_it_was(
    releases: Releases, objects: MemoryObjects
) -> None:
    """Two objects under the release's id; the seal comes last."""
    await releases.publish(BUNDLE, SEAL)
    assert objects.calls == [("put", BUNDLE_NAME), ("put", SEAL_NAME)]
    seal = await releases.fetch_seal(SEAL.id)
    assert seal == SEAL
    assert await releases.fetch_bundle(seal) == BUNDLE


@pytest.mark.parametrize("broken", [BUNDLE_NAME, SEAL_NAME])
@pytest.mark.parametrize("stored", [False, True], ids=["not stored", "stored, answer lost"])
async def test_interrupted_publish_is_completed_by_doing_it_again(
    releases: Releases, objects: MemoryObjects, broken: str, stored: bool
) -> None:
    """Until the seal is there the release is not published, and nobody sees half of it."""

    def fail(call: str, name: str) -> None:
        if (call, name) == ("put", broken):
            if stored:
                objects.contents[name] = BUNDLE if name == BUNDLE_NAME else encode_seal(SEAL)
            raise ObjectStoreError("the connection was lost")

    objects.fail = fail
    with pytest.raises(ObjectStoreError, match="connection was lost"):
        await releases.publish(BUNDLE, SEAL)
    objects.fail = lambda call, name: None
    if stored and broken == SEAL_NAME:
        with pytest.raises(ObjectExistsError, match="was published already"):
            await releases.publish(BUNDLE, SEAL)
    else:
        with pytest.raises(ReleaseNotFoundError):
            await releases.fetch_seal(SEAL.id)
        assert await releases.fetch_seals() == []
        await releases.publish(BUNDLE, SEAL)
    assert await releases.fetch_bundle(await releases.fetch_seal(SEAL.id)) == BUNDLE


async def test_release_is_published_once(releases: Releases, objects: MemoryObjects) -> None:
    """The second attempt is told so; the first one's seal stays."""
    await releases.publish(BUNDLE, SEAL)
    before = dict(objects.contents)
    with pytest.raises(ObjectExistsError, match=f"release {SEAL.id} was published already"):
        await releases.publish(BUNDLE, SEAL)
    assert objects.contents == before


async def test_another_bundle_under_the_same_name_stays(
    releases: Releases, objects: MemoryObjects
) -> None:
    """Nothing is ever overwritten, and no seal is put beside what it does not seal."""
    objects.contents[BUNDLE_NAME] = b"something else"
    with pytest.raises(
        ObjectExistsError, match=r"bundle\.tar\.gz is there already, and is another"
    ):
        await releases.publish(BUNDLE, SEAL)
    assert objects.contents == {BUNDLE_NAME: b"something else"}


@pytest.mark.parametrize("kind", ["bad digest", "bad size", "foreign id"])
async def test_bytes_that_do_not_fit_their_seal_are_not_published(
    releases: Releases, objects: MemoryObjects, kind: str
) -> None:
    """No node would take them."""
    with pytest.raises(BundleError):
        await releases.publish(*HOSTILE[kind](FILES))
    assert objects.calls == []


# ---------------------------------------------------------------- fetch


@pytest.mark.parametrize(
    "release_id", ["20260101-000000-00000000", "", "..", "a/b", "x" * 65, "\n"]
)
async def test_release_that_was_not_published_is_not_found(
    releases: Releases, objects: MemoryObjects, release_id: str
) -> None:
    """A text that can't be an id never reaches the store."""
    with pytest.raises(ReleaseNotFoundError) as caught:
        await releases.fetch_seal(release_id)
    assert str(caught.value).isprintable()
    assert all(name == f"{release_id}/release.json" for _, name in objects.calls)
    assert len(objects.calls) == (len(release_id) == 24)


async def test_bundle_without_seal_is_not_a_release(
    releases: Releases, objects: MemoryObjects
) -> None:
    """It is being published, or never will be."""
    objects.contents[BUNDLE_NAME] = BUNDLE
    with pytest.raises(ReleaseNotFoundError):
        await releases.fetch_seal(SEAL.id)
    with capture_logs() as logs:
        assert await releases.fetch_seals() == []
    assert logs == []


async def test_seal_that_is_none_is_refused(releases: Releases, objects: MemoryObjects) -> None:
    """Not found would be wrong: something is there."""
    objects.contents[SEAL_NAME] = b"<html>"
    with pytest.raises(BundleError, match="the seal can't be read"):
        await releases.fetch_seal(SEAL.id)


@pytest.mark.parametrize("content", [BUNDLE[:-1], BUNDLE + b"x", b"", BUNDLE[:-1] + b"x"])
async def test_bundle_that_was_not_sealed_is_refused_as_corrupt(
    releases: Releases, objects: MemoryObjects, content: bytes
) -> None:
    """Cut short, longer or other: another fetch may bring better bytes."""
    objects.contents[BUNDLE_NAME] = content
    with pytest.raises(BundleError) as caught:
        await releases.fetch_bundle(SEAL)
    assert caught.value.corrupt


async def test_bundle_that_is_missing_is_an_error_of_the_store(releases: Releases) -> None:
    """A seal without its bundle says nothing against the release."""
    with pytest.raises(ObjectNotFoundError):
        await releases.fetch_bundle(SEAL)


async def test_digest_is_not_computed_on_the_loop(
    releases: Releases, objects: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node answers requests while it fetches."""
    threads = count()

    async def in_thread(function: Callable[..., None], *arguments: object) -> None:
        next(threads)
        function(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", in_thread)
    await releases.publish(BUNDLE, SEAL)
    await releases.fetch_bundle(SEAL)
    assert next(threads) == 2


@pytest.mark.parametrize("call", ["put", "fetch", "list", "delete"])
async def test_failure_of_the_store_is_passed_on(
    releases: Releases, objects: MemoryObjects, call: str
) -> None:
    """As the port's own error, whichever call fails; never as a missing or a broken release."""
    if call != "put":
        await releases.publish(BUNDLE, SEAL)
    _break(objects, call)
    attempts: dict[str, Callable[[], Awaitable[object]]] = {
        "put": lambda: releases.publish(BUNDLE, SEAL),
        "fetch": lambda: releases.fetch_seal(SEAL.id),
        "list": releases.fetch_seals,
        "delete": lambda: releases.delete(SEAL.id),
    }
    with pytest.raises(ObjectStoreError, match="the store is down"):
        await attempts[call]()


# ---------------------------------------------------------------- list


async def test_releases_are_listed_newest_first(releases: Releases) -> None:
    """By the time they were built, whatever the order they were published in."""
    for number in (2, 0, 1):
        await releases.publish(*_numbered(number))
    assert [seal.note for seal in await releases.fetch_seals()] == [
        "number 2",
        "number 1",
        "number 0",
    ]


async def test_foreign_objects_and_broken_seals_are_left_out_with_a_warning(
    releases: Releases, objects: MemoryObjects
) -> None:
    """A bucket is shared and lives long; what is wrong in it hides no release."""
    await releases.publish(BUNDLE, SEAL)
    good = encode_seal(make_seal(b"x", CREATED))
    objects.contents |= {
        "README.txt": b"",
        "a/b/release.json": good,
        "../x/release.json": good,
        "notes/other.json": good,
        "\x1b[31m/release.json": good,
        "release.json": good,
        "moved/release.json": good,
        "20260101-000000-00000000/release.json": good,
        "empty/release.json": b"",
        "large/release.json": b" " * 100_000,
    }
    with capture_logs() as logs:
        assert await releases.fetch_seals() == [SEAL]
    foreign = [entry for entry in logs if entry["event"] == "foreign_objects_in_release_store"]
    assert [entry["count"] for entry in foreign] == [6]
    assert all(name.isprintable() for name in foreign[0]["some"])
    broken = {e["release"]: e for e in logs if e["event"] == "broken_seal_in_release_store"}
    assert set(broken) == {"moved", "20260101-000000-00000000", "empty", "large"}
    assert {entry["log_level"] for entry in logs} == {"warning"}


async def test_release_that_is_deleted_meanwhile_is_left_out(
    releases: Releases, objects: MemoryObjects
) -> None:
    """Between the list of names and the look at a seal."""
    await releases.publish(BUNDLE, SEAL)
    other = _numbered(1)
    await releases.publish(*other)

    listed = objects.list_names

    async def list_then_delete() -> tuple[str, ...]:
        names = await listed()
        del objects.contents[SEAL_NAME]
        return names

    objects.list_names = list_then_delete  # type: ignore[method-assign]
    with capture_logs() as logs:
        assert await releases.fetch_seals() == [other[1]]
    assert logs == []


async def test_many_seals_are_fetched_side_by_side_but_not_all_at_once(
    releases: Releases, objects: MemoryObjects
) -> None:
    """A hundred releases a day make a long list; a store must not be flooded by it."""
    for number in range(3 * CONCURRENCY):
        bundle, seal = _numbered(number)
        objects.contents[f"{seal.id}/bundle.tar.gz"] = bundle
        objects.contents[f"{seal.id}/release.json"] = encode_seal(seal)
    objects.most_under_way = 0
    assert len(await releases.fetch_seals()) == 3 * CONCURRENCY
    assert objects.most_under_way == CONCURRENCY


async def test_store_that_fails_on_one_seal_fails_the_list(
    releases: Releases, objects: MemoryObjects
) -> None:
    """A list with holes would look complete; no request is left behind."""
    for number in range(40):
        await releases.publish(*_numbered(number))
    _break(objects, "fetch", f"{_numbered(20)[1].id}/release.json")
    with pytest.raises(ObjectStoreError, match="the store is down"):
        await releases.fetch_seals()
    assert objects.under_way == 0


async def test_cancelled_list_leaves_no_request_behind(
    releases: Releases, objects: MemoryObjects
) -> None:
    """Somebody pressed Ctrl-C."""
    await releases.publish(BUNDLE, SEAL)
    waiting = asyncio.Event()
    fetched = objects.fetch

    async def hang(name: str, limit: int) -> bytes:
        objects.under_way += 1
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            objects.under_way -= 1
        return await fetched(name, limit)

    objects.fetch = hang  # type: ignore[method-assign]
    task = asyncio.create_task(releases.fetch_seals())
    await asyncio.wait_for(waiting.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert objects.under_way == 0


# ---------------------------------------------------------------- delete


async def test_deleted_release_is_gone_seal_first(
    releases: Releases, objects: MemoryObjects
) -> None:
    """Interrupted in between it is not published any more; again, it is gone; and once more."""
    await releases.publish(BUNDLE, SEAL)
    _break(objects, "delete", BUNDLE_NAME)
    with pytest.raises(ObjectStoreError):
        await releases.delete(SEAL.id)
    assert set(objects.contents) == {BUNDLE_NAME}
    objects.fail = lambda call, name: None
    await releases.delete(SEAL.id)
    assert objects.contents == {}
    await releases.delete(SEAL.id)


async def test_delete_touches_nothing_but_the_release(
    releases: Releases, objects: MemoryObjects
) -> None:
    """Not its neighbours, nor anything for a text that is no id."""
    await releases.publish(BUNDLE, SEAL)
    other = _numbered(1)
    await releases.publish(*other)
    objects.contents[f"{SEAL.id}/notes.txt"] = b""
    for text in ("", "..", "a/..", SEAL.id + "/", SEAL.id[:-1]):
        await releases.delete(text)
    await releases.delete(SEAL.id)
    assert await releases.fetch_seals() == [other[1]]
    assert f"{SEAL.id}/notes.txt" in objects.contents
