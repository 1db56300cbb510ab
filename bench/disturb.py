"""What goes on while a node is measured: editors publish, and releases come.

A program of its own: it changes posts in the store, some times a second, and points the node to
another release every few seconds, until its standard input ends; then it says how much it did.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvloop
from sos.adapters.redis import RedisStore
from sos.release.folder import read_folder
from tests.servers.releases import file_places, mark, open_releaser

from bench.fixture import FIRST_ID, HOST, THEME, build_edit
from bench.processes import running_on


@dataclass
class Disturbance:
    """What is done: edits a second to the ``posts`` newest posts of ``of``, and seconds between two
    releases (0: none). ``folder`` is that of the node's releases."""

    valkey_url: str
    folder: str
    edits_per_second: float = 5.0
    posts: int = 50
    of: int = 10_000
    flip_every: float = 0.0


async def publish(plan: Disturbance, done: dict[str, int]) -> None:
    """Edit posts at random for ever; each version is newer than those of runs before."""
    store = RedisStore(plan.valkey_url, HOST, timeout_ms=5000)
    draw = random.Random(7)
    last = FIRST_ID + plan.of - 1
    try:
        for seq in itertools.count(time.time_ns() // 1_000_000):
            (outcome,) = await store.apply([build_edit(last - draw.randrange(plan.posts), seq)])
            done["edits"] += outcome == "applied"
            await asyncio.sleep(1 / plan.edits_per_second)
    finally:
        await store.aclose()


async def flip(plan: Disturbance, done: dict[str, int]) -> None:
    """Publish releases and point to them for ever."""
    files = read_folder(THEME)
    async with open_releaser(**file_places(Path(plan.folder))) as releaser:
        while True:
            name = f"bench-{done['releases']}"
            release = await releaser.publish(mark(files, name), name)
            await releaser.point(release)
            done["releases"] += 1
            await asyncio.sleep(plan.flip_every)


async def disturb(plan: Disturbance) -> dict[str, int]:
    """Both, until standard input ends."""
    done = {"edits": 0, "releases": 0}
    tasks = []
    if plan.edits_per_second:
        tasks.append(asyncio.create_task(publish(plan, done)))
    if plan.flip_every:
        tasks.append(asyncio.create_task(flip(plan, done)))
    print("ready", flush=True)
    end = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    finished, _ = await asyncio.wait([end, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in finished - {end}:
        task.result()  # a disturbance that failed would make the figures too good
    return done


@contextlib.contextmanager
def disturbed(plan: Disturbance, cores: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Have it done by another process while this is open; the figures are there afterwards.

    Raises RuntimeError at the end where it did not do what it should.
    """
    done: dict[str, Any] = {}
    command = [sys.executable, "-m", __name__, json.dumps(asdict(plan))]
    with running_on(cores):
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    try:
        assert process.stdout is not None
        process.stdout.readline()  # what its start costs is over; where it failed, this ends too
        yield done
        out, error = process.communicate(timeout=30)
        if process.returncode:
            raise RuntimeError(f"publishing failed: {error.strip()[-500:]}")
        done.update(json.loads(out))
        if plan.edits_per_second and not done["edits"]:
            raise RuntimeError("publishing changed nothing")
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


if __name__ == "__main__":
    print(json.dumps(uvloop.run(disturb(Disturbance(**json.loads(sys.argv[1]))))))
