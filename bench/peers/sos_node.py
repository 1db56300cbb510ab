"""sos as its users run it: ``sos serve``, with a supervisor and its log, on a real Valkey.

Three rows: from the page cache with the front and without it, and, with a cache that holds next
to nothing, with a page that has to be made for each request.
"""

from __future__ import annotations

from tests.servers.node import Node, start_node
from tests.servers.releases import file_places

from bench.fixture import THEME
from bench.peers import CACHED, NOT_MODIFIED, UNCACHED, Running, Stage

SMALLEST_SHARE = 1
"""Percent of the cache for finished pages: about ten of them. All else is as by default."""


class SosNode:
    """A node of sos with some settings of its own."""

    def __init__(
        self, name: str, title: str, suites: tuple[str, ...], *, front: bool, cached: bool
    ) -> None:
        self.name = name
        self.title = title
        self.suites = suites
        self._settings: dict[str, object] = {} if cached else {"cache_pages": SMALLEST_SHARE}
        if not front:
            self._settings["front"] = "off"

    def lacks(self) -> str:
        """Nothing."""
        return ""

    def start(self, stage: Stage) -> Running:
        """Start a node and wait until it is in service."""
        node = begin_node(stage, **self._settings)
        _, _, port = node.public.rpartition(":")

        def stop() -> None:
            node.stop()

        return Running(int(port), [node.process.pid], stop)


def begin_node(stage: Stage, **settings: object) -> Node:
    """A node for a stage, with its releases in its folder."""
    own = {"site": f"http://{stage.host}", "templates": str(THEME), **file_places(stage.folder)}
    given = {**own, **settings}
    return start_node(stage.folder, stage.valkey_url, workers=stage.workers, **given)


PEERS = [
    SosNode("sos", "sos", (CACHED, NOT_MODIFIED), front=True, cached=True),
    SosNode("sos-no-front", "sos, SOS_FRONT=off", (CACHED, NOT_MODIFIED), front=False, cached=True),
    SosNode("sos-uncached", "sos, page made anew", (UNCACHED,), front=True, cached=False),
]
