"""Both stores of releases, one suite; then what only a disk does, and what only S3 and its wire do."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from sos.adapters import folder_objects
from sos.adapters.folder_objects import FolderObjects
from sos.adapters.s3 import Patience, S3Objects
from sos.errors import ObjectExistsError, ObjectNotFoundError, ObjectStoreError
from sos.rollout.ports import ObjectStore

from tests.servers.s3 import *  # noqa: F403 - fixtures
from tests.servers.s3 import S3, build_environ, use_environ
from tests.servers.s3_faults import *  # noqa: F403 - fixtures
from tests.servers.s3_faults import FullBacklog, Mode, S3Faults

BUNDLE = "20260101-120000-0a1b2c3d/bundle.tar.gz"
SEAL = "20260101-120000-0a1b2c3d/release.json"
CONTENT = bytes(range(256)) * 1000

Open = Callable[..., ObjectStore]


@pytest_asyncio.fixture(params=["folder", "s3"])
async def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens the same empty store as often as one likes, or another one in the same place."""
    opened: list[ObjectStore] = []
    if request.param == "s3":
        s3: S3 = request.getfixturevalue("aws")

    def open_one(place: str = "releases") -> ObjectStore:
        store = (
            FolderObjects(tmp_path / place)
            if request.param == "folder"
            else S3Objects(s3.bucket, place)
        )
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        await store.aclose()


@pytest.fixture
def objects(open_store: Open) -> ObjectStore:
    """An empty store."""
    return open_store()


# ---------------------------------------------------------------- both


@pytest.mark.parametrize("content", [b"", b"\x00\xff", CONTENT * 20], ids=["empty", "short", "5MB"])
async def test_what_was_put_is_fetched(objects: ObjectStore, content: bytes) -> None:
    """Byte for byte, up to a limit of exactly its length."""
    await objects.put(BUNDLE, content)
    assert await objects.fetch(BUNDLE, len(content)) == content
    assert await objects.list_names() == (BUNDLE,)


async def test_store_that_nothing_was_put_into_is_empty(objects: ObjectStore) -> None:
    """And no error."""
    assert await objects.list_names() == ()
    with pytest.raises(ObjectNotFoundError, match=BUNDLE):
        await objects.fetch(BUNDLE, 10)
    await objects.delete(BUNDLE)


async def test_names_are_sorted_and_of_this_store_only(open_store: Open) -> None:
    """Another store whose place begins with the same letters is another one."""
    objects, neighbour = open_store("a"), open_store("ab")
    names = [SEAL, BUNDLE, "20251231-235959-ffffffff/bundle.tar.gz", "note", "a/b/c/d"]
    for name in names:
        await objects.put(name, name.encode())
    await neighbour.put("other", b"")
    assert await objects.list_names() == tuple(sorted(names))
    assert await neighbour.list_names() == ("other",)
    assert [await objects.fetch(name, 100) for name in names] == [n.encode() for n in names]


async def test_object_is_never_overwritten(open_store: Open) -> None:
    """Not by the same store, not by another one, not with the same bytes."""
    objects = open_store()
    await objects.put(BUNDLE, b"first")
    for store, content in ((objects, b"second"), (open_store(), b"third"), (objects, b"first")):
        with pytest.raises(ObjectExistsError, match=BUNDLE):
            await store.put(BUNDLE, content)
    assert await objects.fetch(BUNDLE, 100) == b"first"


async def test_of_many_that_put_at_once_exactly_one_wins(open_store: Open) -> None:
    """Everybody else is told that it exists; what is there is the winner's, and whole."""
    stores = [open_store() for _ in range(4)]
    contents = [bytes([n]) * 50_000 for n in range(16)]

    async def put(n: int) -> int | None:
        try:
            await stores[n % 4].put(BUNDLE, contents[n])
        except ObjectExistsError:
            return None
        return n

    winners = [n for n in await asyncio.gather(*map(put, range(16))) if n is not None]
    assert len(winners) == 1
    assert await stores[0].fetch(BUNDLE, 50_000) == contents[winners[0]]
    assert await stores[0].list_names() == (BUNDLE,)


async def test_larger_than_allowed_is_not_fetched(objects: ObjectStore) -> None:
    """One byte is enough; the message says both numbers."""
    await objects.put(BUNDLE, CONTENT)
    with pytest.raises(ObjectStoreError, match=r"256000.*255999") as caught:
        await objects.fetch(BUNDLE, len(CONTENT) - 1)
    assert type(caught.value) is ObjectStoreError
    assert await objects.fetch(BUNDLE, len(CONTENT)) == CONTENT


async def test_deleted_is_gone_and_may_be_put_again(objects: ObjectStore) -> None:
    """Deleting it again is no error, and touches nothing else."""
    await objects.put(BUNDLE, b"1")
    await objects.put(SEAL, b"2")
    for _ in range(2):
        await objects.delete(BUNDLE)
        with pytest.raises(ObjectNotFoundError):
            await objects.fetch(BUNDLE, 100)
        assert await objects.list_names() == (SEAL,)
    await objects.delete(SEAL)
    assert await objects.list_names() == ()
    await objects.put(BUNDLE, b"3")
    assert await objects.fetch(BUNDLE, 100) == b"3"


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../x", "a/../x", "a/..", "/etc/passwd", "a//b", "a/", ".hidden", "a/.hidden",
        "a\\b", "a b", "a\n", "\n", "a\x00", "ä", "-a", "a" * 201,
    ],
)  # fmt: skip
async def test_name_that_could_lead_elsewhere_is_refused(
    objects: ObjectStore, tmp_path: Path, name: str
) -> None:
    """By every method, before anything is asked or touched."""
    with pytest.raises(ObjectStoreError, match="is not the name of an object"):
        await objects.put(name, b"")
    with pytest.raises(ObjectStoreError, match="is not the name of an object"):
        await objects.fetch(name, 10)
    with pytest.raises(ObjectStoreError, match="is not the name of an object"):
        await objects.delete(name)
    assert list(tmp_path.iterdir()) == []


async def test_store_can_be_closed_twice_and_used_again(objects: ObjectStore) -> None:
    """Closing gives back connections, nothing else."""
    await objects.put(BUNDLE, b"1")
    await objects.aclose()
    await objects.aclose()
    assert await objects.fetch(BUNDLE, 10) == b"1"


def test_each_store_knows_its_urls_only() -> None:
    """None says that it is not for this one."""
    assert FolderObjects.from_url("s3://bucket/prefix") is None
    assert FolderObjects.from_url("file:") is None
    assert FolderObjects.from_url("file:var/releases") is not None
    assert S3Objects.from_url("file:var/releases") is None
    assert S3Objects.from_url("s3://") is None
    assert S3Objects.from_url("s3://bucket") is not None


@pytest.mark.parametrize("tail", ["", "/", "/releases", "/releases/", "/a/b"])
async def test_url_may_have_a_prefix_of_any_depth(aws: S3, tail: str) -> None:
    """Objects lie below it."""
    objects = S3Objects.from_url(f"s3://{aws.bucket}{tail}")
    assert objects is not None
    try:
        await objects.put("x", b"1")
        assert aws.request("GET", f"/{aws.bucket}{tail.rstrip('/')}/x") == b"1"
        assert await objects.list_names() == ("x",)
    finally:
        await objects.aclose()


# ---------------------------------------------------------------- a folder


async def test_relative_folder_stays_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the process goes to another one."""
    monkeypatch.chdir(tmp_path)
    objects = FolderObjects.from_url("file:var/releases")
    assert objects is not None
    monkeypatch.chdir("/")
    await objects.put(BUNDLE, b"1")
    assert (tmp_path / "var/releases" / BUNDLE).read_bytes() == b"1"


async def test_what_is_not_an_object_is_not_listed(tmp_path: Path) -> None:
    """Hidden files, pipes, links that lead nowhere, names that nobody could put."""
    objects = FolderObjects(tmp_path)
    await objects.put(BUNDLE, b"1")
    for name in (".DS_Store", "a b", ".hidden/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to("missing")
    assert await objects.list_names() == (BUNDLE,)


async def test_pipe_or_folder_by_the_name_of_an_object_makes_nobody_wait(tmp_path: Path) -> None:
    """It is an error at once."""
    objects = FolderObjects(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    started = time.monotonic()
    for name in ("pipe", "folder"):
        with pytest.raises(ObjectStoreError, match="is not a file"):
            await objects.fetch(name, 100)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSPC, "No space left"),
        (errno.EACCES, "Permission denied"),
        (errno.EIO, "Input/out"),
    ],
)
async def test_disk_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, reason: str
) -> None:
    """The error has the system's words; there is no half object, and the next put succeeds."""
    objects = FolderObjects(tmp_path)

    def fail(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(ObjectStoreError, match=reason) as caught:
            await objects.put(BUNDLE, CONTENT)
    assert type(caught.value) is ObjectStoreError
    assert await objects.list_names() == ()
    assert list((tmp_path / ".incoming").iterdir()) == []
    await objects.put(BUNDLE, CONTENT)


async def test_folder_that_cannot_be_is_an_error_with_its_path(tmp_path: Path) -> None:
    """For every method but those that find nothing where nothing can be."""
    (tmp_path / "file").write_text("")
    below = FolderObjects(tmp_path / "file")
    with pytest.raises(ObjectStoreError, match=str(tmp_path / "file")):
        await below.put(BUNDLE, b"")
    with pytest.raises(ObjectStoreError, match=str(tmp_path / "file")):
        await below.list_names()
    with pytest.raises(ObjectStoreError, match="/proc/sos"):
        await FolderObjects(Path("/proc/sos")).put(BUNDLE, b"")


async def test_object_in_place_of_a_folder_is_not_an_object_that_exists(tmp_path: Path) -> None:
    """A disk can't have both ``a`` and ``a/b``; the error is not ObjectExistsError."""
    objects = FolderObjects(tmp_path)
    await objects.put("a", b"1")
    with pytest.raises(ObjectStoreError) as caught:
        await objects.put("a/b", b"2")
    assert type(caught.value) is ObjectStoreError
    with pytest.raises(ObjectNotFoundError):
        await objects.fetch("a/b", 10)
    await objects.delete("a/b")
    assert await objects.list_names() == ("a",)


async def test_disk_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a time that is known; the event loop goes on meanwhile."""
    monkeypatch.setattr(folder_objects, "SECONDS", 0.3)
    awake = threading.Event()
    monkeypatch.setattr(os, "fsync", lambda _: awake.wait(20))
    started = time.monotonic()
    try:
        with pytest.raises(ObjectStoreError, match="did not answer"):
            await FolderObjects(tmp_path).put(BUNDLE, b"1")
    finally:
        awake.set()
    assert time.monotonic() - started < 5


async def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    """By the next put, once it is old; a file that somebody may be writing stays."""
    incoming = tmp_path / ".incoming"
    incoming.mkdir()
    for name, age in (("old", 7200), ("new", 60)):
        (incoming / name).touch()
        os.utime(incoming / name, (time.time() - age,) * 2)
    await FolderObjects(tmp_path).put(BUNDLE, b"1")
    assert [path.name for path in incoming.iterdir()] == ["new"]


async def test_put_and_delete_in_one_folder_do_not_hinder_each_other(tmp_path: Path) -> None:
    """Deleting the last object removes the folder that another one is being put into."""
    objects = FolderObjects(tmp_path)

    async def churn(name: str) -> None:
        for n in range(40):
            await objects.put(name, bytes([n]))
            assert await objects.fetch(name, 1) == bytes([n])
            await objects.delete(name)

    await asyncio.gather(churn("x/a"), churn("x/b"), churn("x/c"))
    assert await objects.list_names() == ()


# ---------------------------------------------------------------- S3


@pytest_asyncio.fixture
async def behind_faults(
    s3: S3, s3_faults: S3Faults, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[S3Objects]:
    """A store with the defaults of production whose S3 is reached through `s3_faults`."""
    use_environ(monkeypatch, s3_faults.environ)
    objects = S3Objects(s3.bucket, "releases")
    yield objects
    await objects.aclose()


async def expect_failure(call: Awaitable[Any], seconds: float, label: str) -> str:
    """The call fails, as the port says and no other way, within ``seconds``; its message."""
    started = time.monotonic()
    with pytest.raises(ObjectStoreError) as caught:
        await call
    took = time.monotonic() - started
    print(f"{label}: {took:.2f} s: {caught.value}")
    assert type(caught.value) is ObjectStoreError
    assert took < seconds
    return str(caught.value)


@pytest.mark.promise
@pytest.mark.parametrize(
    ("mode", "bound", "reason"),
    [
        ("down", 3.0, "EndpointConnectionError"),
        ("black_hole", 6.5, "no byte came in time"),
        ("stalled", 4.0, "no byte came in time"),
        ("truncated", 2.0, "ClientPayloadError"),
        ("corrupt", 2.0, "sha256"),
        ("trickle", 12.0, "too long in all"),
        ("trickle_head", 12.0, "too long in all"),
    ],
)
async def test_fault_of_s3_ends_the_fetch_within_its_time(
    behind_faults: S3Objects, s3_faults: S3Faults, mode: Mode, bound: float, reason: str
) -> None:
    """Never a wrong byte, never "not found"; and when the fault has passed, the same store works.

    The bounds are those of `Patience`: 2 s of silence, twice for a request that got no answer and
    up to 1 s between; 10 s and the object's size at 1 MB/s for a whole fetch.
    """
    await behind_faults.put(BUNDLE, CONTENT)
    assert await behind_faults.fetch(BUNDLE, 1_000_000) == CONTENT
    s3_faults.set(mode, only="" if mode == "down" else "bundle.tar.gz")
    message = await expect_failure(behind_faults.fetch(BUNDLE, 1_000_000), bound, f"fetch, {mode}")
    assert BUNDLE in message
    assert reason in message
    s3_faults.set("pass")
    assert await behind_faults.fetch(BUNDLE, 1_000_000) == CONTENT


@pytest.mark.promise
async def test_port_that_takes_no_connection_ends_the_fetch_within_its_time(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 s for a connection, twice."""
    with FullBacklog() as nowhere:
        use_environ(monkeypatch, {**s3.environ, "AWS_ENDPOINT_URL_S3": nowhere.url})
        objects = S3Objects(s3.bucket)
        try:
            message = await expect_failure(objects.fetch(BUNDLE, 10), 5.0, "fetch, no connection")
        finally:
            await objects.aclose()
    assert "no connection in time" in message


@pytest.mark.promise
@pytest.mark.parametrize("mode", ["down", "black_hole", "truncated", "trickle"])
async def test_fault_of_s3_ends_list_and_delete_within_their_time(
    s3: S3, s3_faults: S3Faults, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    """A list is never short; what a delete did is said by nobody."""
    use_environ(monkeypatch, s3_faults.environ)
    objects = S3Objects(s3.bucket, patience=Patience(read=0.5, listing=3.0))
    try:
        await objects.put(BUNDLE, b"1")
        s3_faults.set(mode)
        await expect_failure(objects.list_names(), 5.0, f"list, {mode}")
        if mode in ("down", "black_hole"):  # the answer to a delete has no body
            await expect_failure(objects.delete(BUNDLE), 4.0, f"delete, {mode}")
        s3_faults.set("pass")
        assert await objects.list_names() == (BUNDLE,)
    finally:
        await objects.aclose()


@pytest.mark.promise
@pytest.mark.parametrize("mode", ["down", "black_hole"])
async def test_fault_of_s3_ends_the_put_within_its_time(
    behind_faults: S3Objects, s3_faults: S3Faults, mode: Mode
) -> None:
    """2 MB into nothing; when the fault has passed, they can be put."""
    s3_faults.set(mode)
    await expect_failure(behind_faults.put(BUNDLE, CONTENT * 8), 6.5, f"put, {mode}")
    s3_faults.set("pass")
    await behind_faults.put(BUNDLE, CONTENT * 8)


async def test_upload_that_nobody_takes_ends_within_its_time(
    s3: S3, s3_faults: S3Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before S3 has asked for the body, where the driver itself would wait without end."""
    use_environ(monkeypatch, s3_faults.environ)
    objects = S3Objects(s3.bucket, patience=Patience(write=1.0, total=2.0))
    s3_faults.set("black_hole", method="PUT")
    try:
        await expect_failure(objects.put(BUNDLE, CONTENT), 6.0, "put, black_hole after the look")
    finally:
        await objects.aclose()


async def test_slow_s3_is_waited_for(behind_faults: S3Objects, s3_faults: S3Faults) -> None:
    """A second before every answer is no fault."""
    s3_faults.delay = 1.0
    s3_faults.set("slow")
    await behind_faults.put(BUNDLE, CONTENT)
    assert await behind_faults.fetch(BUNDLE, 1_000_000) == CONTENT


async def test_put_whose_answer_got_lost_is_told_from_one_that_lost(
    behind_faults: S3Objects, s3_faults: S3Faults
) -> None:
    """The second attempt meets the object of the first; that is no ObjectExistsError."""
    s3_faults.lost.append("PUT")
    await behind_faults.put(BUNDLE, CONTENT)
    puts = [seen for seen in s3_faults.requests if seen.method == "PUT"]
    assert len(puts) == 2
    assert await behind_faults.fetch(BUNDLE, 1_000_000) == CONTENT
    with pytest.raises(ObjectExistsError):
        await behind_faults.put(BUNDLE, CONTENT)


async def test_store_that_knows_no_conditions_overwrites_nothing_either(
    behind_faults: S3Objects, s3_faults: S3Faults
) -> None:
    """It is asked for the object before."""
    s3_faults.dropped.add("if-none-match")
    await behind_faults.put(BUNDLE, b"1")
    with pytest.raises(ObjectExistsError):
        await behind_faults.put(BUNDLE, b"2")
    assert await behind_faults.fetch(BUNDLE, 10) == b"1"


async def test_object_of_another_tool_is_fetched_and_not_checked(aws: S3) -> None:
    """What it should be is not known here; the seal of a release says it."""
    aws.request("PUT", f"/{aws.bucket}/releases/{BUNDLE}", b"by hand")
    objects = S3Objects(aws.bucket, "releases")
    try:
        assert await objects.fetch(BUNDLE, 100) == b"by hand"
    finally:
        await objects.aclose()


async def test_more_objects_than_a_page_holds_are_all_listed(aws: S3) -> None:
    """1,000 come at once; among them are some that are nobody's object."""
    names = [f"r{n:04}/release.json" for n in range(1030)]
    strange = ["releases/", "releases/folder/", "releases/a%20b", "releases/.hidden", "release"]
    paths = [f"/{aws.bucket}/releases/{name}" for name in names]
    paths += [f"/{aws.bucket}/{key}" for key in strange]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda path: aws.request("PUT", path, b"{}"), paths))
    objects = S3Objects(aws.bucket, "releases")
    try:
        assert await objects.list_names() == tuple(names)
    finally:
        await objects.aclose()


async def test_objects_say_what_they_are(aws: S3) -> None:
    """Content type and sha256, for whoever looks at the bucket with other tools."""
    objects = S3Objects(aws.bucket)
    try:
        for name, kind in ((BUNDLE, "application/gzip"), (SEAL, "application/json")):
            await objects.put(name, b"")
            with aws.open("GET", f"/{aws.bucket}/{name}") as answer:
                assert answer.headers["Content-Type"] == kind
                assert answer.headers["x-amz-meta-sha256"].startswith("e3b0c442")
    finally:
        await objects.aclose()


async def test_bucket_that_is_not_there_is_no_missing_object(aws: S3) -> None:
    """ "Not found" is said of an object only, or a wrong setting would look like a lost release."""
    objects = S3Objects("sos-no-such-bucket")
    try:
        for call in (
            lambda: objects.fetch(BUNDLE, 10),
            lambda: objects.put(BUNDLE, b""),
            objects.list_names,
        ):
            assert "NoSuchBucket" in await expect_failure(call(), 10, "no bucket")
    finally:
        await objects.aclose()


@pytest.mark.parametrize("status", [200, 302, 400, 404, 418, 500, 503])
async def test_answer_that_is_no_s3_is_an_error_of_the_port(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A captive portal, a wrong port: HTML, odd statuses, redirects, no length."""

    async def answer(request: web.BaseRequest) -> web.Response:
        page = "<html><body>Please log in" * 10
        headers = {"Location": "/elsewhere"}
        return web.Response(status=status, text=page, headers=headers, content_type="text/html")

    async with RawTestServer(answer) as server:
        use_environ(monkeypatch, build_environ(str(server.make_url("")).rstrip("/")))
        objects = S3Objects("bucket")
        try:
            await expect_failure(objects.list_names(), 10, f"list, status {status}")
            if status != 200:  # with 200 it is an object, as far as S3 goes
                await expect_failure(objects.fetch(SEAL, 1000), 10, f"fetch, status {status}")
        finally:
            await objects.aclose()
