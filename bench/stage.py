"""What a run needs before any peer: a store with the site, and its pages as sos renders them.

In: how many posts. Out: `Stage`s for peers, each with a folder of its own. The store runs on the
client's processor, so that it costs no peer anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sos.adapters.redis import RedisStore
from tests.servers.content import batches
from tests.servers.valkey_process import ValkeyProcess

from bench.fixture import HOST, build_site
from bench.peers import Stage
from bench.peers.sos_node import begin_node
from bench.peers.starting import fetch
from bench.processes import Cores, running_on

POSTS = 10_000
PAGES = ("/", "/page/2/")


@dataclass
class Theatre:
    """Makes stages; `Theatre.pages` are the finished pages."""

    folder: Path
    valkey: ValkeyProcess
    cores: Cores
    pages: dict[str, bytes] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=itertools.count)

    def build_stage(self, name: str, workers: int = 1) -> Stage:
        """A stage with a new folder."""
        folder = self.folder / f"{next(self._count)}-{name}"
        folder.mkdir()
        # Servers that give up their rights have to reach their files.
        folder.chmod(0o755)
        core = self.cores.server[0]
        return Stage(self.pages, self.valkey.url, HOST, core, folder, workers)


@contextlib.contextmanager
def open_theatre(cores: Cores, posts: int = POSTS) -> Iterator[Theatre]:
    """A store with the site of so many posts; all of it ends with the block."""
    with contextlib.ExitStack() as stack:
        # A worker of a node that was killed may still write into its folder.
        scratch = tempfile.TemporaryDirectory(prefix="sos-bench-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(scratch))
        folder.chmod(0o755)
        valkey = ValkeyProcess(folder / "valkey", "--appendonly", "no")
        with running_on(cores.client):
            valkey.start()
        stack.callback(valkey.stop)
        asyncio.run(fill(valkey.url, posts))
        theatre = Theatre(folder, valkey, cores)
        theatre.pages.update(render_pages(theatre))
        yield theatre


async def fill(url: str, posts: int) -> None:
    """Write the site to a store. Raises RuntimeError where the store refuses a document."""
    store = RedisStore(url, HOST, timeout_ms=60_000)
    try:
        for batch in batches(build_site(posts), 200):
            outcomes = set(await store.apply(batch))
            if outcomes != {"applied"}:
                raise RuntimeError(f"the store refused documents: {outcomes}")
    finally:
        await store.aclose()


def render_pages(theatre: Theatre) -> dict[str, bytes]:
    """The pages that finished ones are asked of, uncompressed."""
    node = begin_node(theatre.build_stage("pages"))
    try:
        port = int(node.public.rpartition(":")[2])
        pages = {}
        for path in PAGES:
            status, _, body = fetch(port, path, HOST, Accept_Encoding="identity")
            if status != 200:
                raise RuntimeError(f"sos answered {path} with {status}")
            pages[path] = body
        return pages
    finally:
        node.stop()
