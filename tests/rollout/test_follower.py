"""The follower with real stores, a real disk and real trials; only the workers are made up."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sos.adapters.file_keys import FileKeys
from sos.adapters.folder_objects import FolderObjects
from sos.errors import ReleaseError, StoreUnavailableError
from sos.metrics import Metrics
from sos.release.signature import generate_keys
from sos.rollout.follower import Follower
from sos.rollout.pointer import Pointer
from sos.rollout.ports import FleetRegister, NodeReport, Quorum
from sos.rollout.releases import Releases
from sos.rollout.shelf import ReleaseFile, Shelf
from sos.rollout.steps import Parts, Terms
from sos.rollout.trial import Trials

from tests.servers.releases import Releaser, theme

PLACEHOLDER = "folder-00000000"


class MadeUpCrew:
    """Workers that do as they are told, unless they are told not to."""

    def __init__(self) -> None:
        self.active: str | None = None
        self.loaded: list[str] = []
        self.refuses: set[str] = set()
        self.renderings = (0, 0, 0)

    async def load(self, file: ReleaseFile) -> None:
        if file.id in self.refuses:
            raise ReleaseError("worker 0: the front page has no end")
        self.loaded.append(file.id)

    def swap(self, file: ReleaseFile) -> None:
        assert file.id in self.loaded
        self.active = file.id
        self.renderings = (0, 0, self.renderings[2])

    def count_renderings(self) -> tuple[int, int, int]:
        return self.renderings


class Peers:
    """A register that knows what the fleet serves, or does not answer."""

    def __init__(self, majority: str | None = None) -> None:
        self.majority = majority

    async def fetch_majority(self) -> str | None:
        if self.majority is None:
            raise StoreUnavailableError("no answer")
        return self.majority

    async def report(self, report: NodeReport, ttl: float) -> Quorum:
        return Quorum(1, 1)

    async def withdraw(self, node: str) -> None:
        return

    async def fetch_nodes(self) -> tuple[NodeReport, ...]:
        return ()

    async def aclose(self) -> None:
        return


class Bench:
    """A follower, and all that is around it."""

    def __init__(self, folder: Path, register: FleetRegister | None, **terms: object) -> None:
        self.crew = MadeUpCrew()
        self.metrics = Metrics()
        self.keys = FileKeys(folder / "pointer")
        self.releaser = Releaser(
            Releases(FolderObjects(folder / "published")), Pointer(self.keys, "")
        )
        self.trials = Trials()
        self.shelf = Shelf(folder)
        given = {
            "node": "node-1",
            "site": "http://www.example.org",
            "placeholder": PLACEHOLDER,
            "snapshot": folder / "snapshot.bin",
            **terms,
        }
        self.follower = Follower(
            Parts(
                pointer=self.releaser.pointer,
                releases=self.releaser.releases,
                shelf=self.shelf,
                trials=self.trials,
                register=register,
            ),
            Terms(**given),  # type: ignore[arg-type]
            self.crew,
            self.metrics,
        )
        self.follower.begin(self.shelf.read_kept())

    async def until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.follower.state.__dict__
            await asyncio.sleep(0.01)


@pytest.fixture
async def begin(tmp_path: Path) -> AsyncIterator[Callable[..., Bench]]:
    async with contextlib.AsyncExitStack() as stack:

        def begin(register: FleetRegister | None = None, **terms: object) -> Bench:
            bench = Bench(tmp_path, register, **terms)
            task = asyncio.create_task(bench.follower.run())

            async def end() -> None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await bench.trials.aclose()

            stack.push_async_callback(end)
            return bench

        yield begin


async def test_it_follows_and_keeps_what_it_followed(begin: Callable[..., Bench]) -> None:
    """Fetch, try, swap; the next start begins with it and asks nobody for it."""
    bench = begin()
    first, second = await bench.releaser.publish(), await bench.releaser.publish()
    for release in (first, second):
        await bench.releaser.point(release)
        await bench.until(lambda r=release: bench.crew.active == r)
    await bench.until(lambda: [f.id for f in bench.shelf.read_kept()] == [second, first])
    again = begin()
    assert (again.follower.state.active, again.follower.state.previous) == (second, first)


async def test_a_release_that_workers_can_not_load_is_refused(
    begin: Callable[..., Bench],
) -> None:
    """Each of them renders the real front page before anybody changes."""
    bench = begin()
    good, bad = await bench.releaser.publish(), await bench.releaser.publish()
    await bench.releaser.point(good)
    await bench.until(lambda: bench.crew.active == good)
    bench.crew.refuses = {bad}
    await bench.releaser.point(bad)
    await bench.until(lambda: bad in bench.follower.state.refused)
    assert "the front page has no end" in bench.follower.state.refused[bad].reason
    assert bench.crew.active == good


@pytest.mark.parametrize(
    ("renderings", "word"), [((100, 3, 0), "3 of 100"), ((10, 0, 3), "3 workers hung")]
)
async def test_what_fails_on_live_pages_is_sent_back(
    begin: Callable[..., Bench], renderings: tuple[int, int, int], word: str
) -> None:
    """To the one before, at once, and it is not tried again."""
    bench = begin()
    good, bad = await bench.releaser.publish(), await bench.releaser.publish()
    for release in (good, bad):
        await bench.releaser.point(release)
        await bench.until(lambda r=release: bench.crew.active == r)
    bench.crew.renderings = renderings
    await bench.until(lambda: bench.crew.active == good)
    assert word in bench.follower.state.refused[bad].reason
    assert bench.follower.state.target == bad
    assert bench.metrics.release_refusals.values[()][0] == 1


async def test_a_few_failures_among_many_pages_send_nothing_back(
    begin: Callable[..., Bench],
) -> None:
    """One post that is broken in every release must not make releases impossible."""
    bench = begin()
    first, second = await bench.releaser.publish(), await bench.releaser.publish()
    await bench.releaser.point(first)
    await bench.until(lambda: bench.crew.active == first)
    bench.crew.renderings = (100, 10, 0)
    await bench.releaser.point(second)
    await bench.until(lambda: bench.crew.active == second)
    bench.crew.renderings = (100, 12, 0)
    await asyncio.sleep(0.6)  # two looks
    assert bench.crew.active == second


async def test_a_node_with_nothing_asks_its_fleet(begin: Callable[..., Bench]) -> None:
    """When the pointer can't be read; once it can be, the pointer counts."""
    peers = Peers()
    bench = begin(peers)
    served, pointed = await bench.releaser.publish(), await bench.releaser.publish()
    folder = bench.keys._folder if hasattr(bench.keys, "_folder") else None
    assert folder is not None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "templateRelease").write_bytes(b"<html>an error page</html>")
    await bench.until(lambda: bench.follower.pointer.state == "error")
    peers.majority = served
    await bench.until(lambda: bench.crew.active == served)
    await bench.releaser.point(pointed)
    await bench.until(lambda: bench.crew.active == pointed)


async def test_with_a_key_only_what_was_signed_goes_live(begin: Callable[..., Bench]) -> None:
    """Whoever may write to bucket and pointer still can't show a page."""
    private, public = generate_keys()
    bench = begin(public_keys=(public,))
    unsigned = await bench.releaser.publish()
    await bench.releaser.point(unsigned)
    await bench.until(lambda: unsigned in bench.follower.state.refused)
    bench.releaser.private_key = private
    signed = await bench.releaser.publish()
    await bench.releaser.point(signed)
    await bench.until(lambda: bench.crew.active == signed)


async def test_a_newer_pointer_overtakes_what_is_under_way(begin: Callable[..., Bench]) -> None:
    """A trial that would take its ten seconds is not waited for."""
    bench = begin()
    slow = await bench.releaser.publish(
        theme() | {"index.html": b"{% for i in range(99999) %}{% for j in range(99999) %}"
                   b"{% endfor %}{% endfor %}</html>"}
    )  # fmt: skip
    good = await bench.releaser.publish()
    await bench.releaser.point(slow)
    await bench.until(lambda: bench.follower.state.phase == "trying")
    started = time.monotonic()
    await bench.releaser.point(good)
    await bench.until(lambda: bench.crew.active == good)
    print(f"overtaken after {time.monotonic() - started:.2f} s")
    assert slow not in bench.follower.state.refused


async def test_a_disk_that_takes_nothing_does_not_stop_a_release(
    begin: Callable[..., Bench], tmp_path: Path
) -> None:
    """It may be the one that mends something; the next start does without it."""
    (tmp_path / "kept").write_text("a file where a folder should be")
    bench = begin()
    release = await bench.releaser.publish()
    await bench.releaser.point(release)
    await bench.until(lambda: bench.crew.active == release)
    assert bench.shelf.read_kept() == ()


async def test_a_release_for_a_preview_is_loaded_and_not_live(
    begin: Callable[..., Bench],
) -> None:
    """And one that is broken is not even loaded."""
    bench = begin()
    live, other = await bench.releaser.publish(), await bench.releaser.publish()
    broken = await bench.releaser.publish(theme() | {"index.html": b"{{ nonsense }}"})
    await bench.releaser.point(live)
    await bench.until(lambda: bench.crew.active == live)
    bench.follower.want(broken)
    bench.follower.want(other)
    bench.follower.want("../etc")
    await bench.until(lambda: other in bench.crew.loaded and not bench.follower._previews)
    assert bench.crew.active == live
    assert broken not in bench.crew.loaded
