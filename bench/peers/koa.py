"""Koa: finished pages from memory, and pages that are made for each request from the same store.

In: a `Stage`. Out: a Node.js process, or with several workers a cluster of them, as Node's own
documentation sets one up. Its program is in ``koa/``, copied into the stage's folder.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.peers import CACHED, NOT_MODIFIED, UNCACHED, Running, Stage
from bench.peers.node_process import (
    LackingError,
    find_node,
    install_packages,
    require_page,
    start_node,
)

SOURCES = Path(__file__).with_suffix("")

_YOUNG_SPACE = "--max-semi-space-size=64"
"""Megabytes: what lives as long as a request is dead before it is collected."""

_CANONICAL = re.compile(r'rel="canonical" href="(https?://[^/"]+)')
_STYLE = re.compile(r'rel="stylesheet" href="([^"]+)')
_ICON = re.compile(r'rel="icon" type="image/svg\+xml" href="([^"]+)')


class KoaCached:
    """Koa with the finished page in memory, packed once (gzip 9, brotli 9), behind its own router.

    ``ETag``, ``Cache-Control``, ``Vary`` and ``If-None-Match`` as Koa's users have them; what else
    sos sends (its security headers and surrogate keys) is spared.
    """

    name = "koa-cached"
    title = "Koa, page in memory"
    suites = (CACHED, NOT_MODIFIED)

    def lacks(self) -> str:
        """What is missing to run it here; empty when it can run."""
        return _find_lacking()

    def start(self, stage: Stage) -> Running:
        """Start it and return once it answers ``/`` with 200. Raises RuntimeError."""
        pages = stage.folder / "pages"
        pages.mkdir()
        index = {}
        for path, body in stage.pages.items():
            index[path] = hashlib.sha1(path.encode()).hexdigest()
            (pages / index[path]).write_bytes(body)
        (pages / "index.json").write_text(json.dumps(index))
        return _start(stage, ["cached.mjs"], {"PAGES": str(pages)})


class KoaNunjucks:
    """Koa, ioredis and nunjucks: the list of posts (``/`` and ``/page/N/``), made for each request.

    What a competent team would do: one round trip (a Lua script of its own, by ``defineCommand``,
    with automatic pipelining), templates compiled at start, menus kept rendered for as long as the
    store's revision of them is the same, authors and pictures parsed once for each text of theirs
    (posts are parsed for each page), zlib at its fastest level, an ``ETag`` from the page, more
    room for young objects than Node has by itself. The page is that of sos's default theme.

    It does less than sos: it does not sanitise (it trusts WordPress), rewrites links by plain
    replacement, knows no callouts, archives, feeds or pages of single posts, and does not notice
    lost keys. The store belongs to the stage: its processor time is not the peer's.
    """

    name = "koa-nunjucks"
    title = "Koa + nunjucks + ioredis"
    suites = (UNCACHED,)
    keeps = False

    def __init__(self, level: int = 1) -> None:
        self.level = level
        """Of gzip: 1 is the fastest, 6 is zlib's own."""

    def lacks(self) -> str:
        """What is missing to run it here; empty when it can run."""
        return _find_lacking()

    def start(self, stage: Stage) -> Running:
        """Start it and return once it answers ``/`` with 200. Raises RuntimeError."""
        front = stage.pages.get("/", b"").decode()
        found = {name: p.search(front) for name, p in _BORROWED.items()}
        environment = {
            "STORE": stage.valkey_url,
            "HOST": stage.host,
            "ORIGIN": f"https://{stage.host}",
            "STYLE": "/assets/style.css",
            "ICON": "/assets/icon.svg",
            "LEVEL": str(self.level),
            "KEEP": "1" if self.keeps else "0",
            **{name: match[1] for name, match in found.items() if match},
        }
        return _start(stage, [_YOUNG_SPACE, "rendered.mjs"], environment)


class KoaKeeping(KoaNunjucks):
    """The same, with the cards of posts kept rendered while the store's revision stands.

    What the most ambitious team would do, and what sos itself does: each page still asks the store
    what is on it, is put together anew and compressed, but documents are only read again after
    something was published.
    """

    name = "koa-nunjucks-keeping"
    title = "Koa + nunjucks + ioredis, cards kept"
    keeps = True


_BORROWED = {"ORIGIN": _CANONICAL, "STYLE": _STYLE, "ICON": _ICON}
"""What the pages of the stage say of the site's address and of the files beside them."""


def _find_lacking() -> str:
    try:
        find_node()
        install_packages(SOURCES / "package.json")
    except LackingError as error:
        return str(error)
    return ""


def _start(stage: Stage, words: Sequence[str], environment: Mapping[str, str]) -> Running:
    """Run the program that the last of ``words`` names; those before it are for Node itself."""
    folder = stage.folder / "app"
    shutil.copytree(SOURCES, folder)
    # Node looks for packages beside the program, where they only seem to be.
    (folder / "node_modules").symlink_to(
        install_packages(SOURCES / "package.json") / "node_modules"
    )
    process, port = start_node(
        [*words[:-1], str(folder / words[-1])],
        stage.folder,
        {**environment, "WORKERS": str(stage.workers)},
    )
    require_page(process, port, stage.host)
    return Running(port=port, pids=[process.pid], stop=process.stop)


PEERS = [KoaCached(), KoaNunjucks(), KoaKeeping()]
