"""A fleet on its way to a release, live in a terminal; lines where there is none.

In: each `View` of a watch, notes of what is done. Out: text on stderr. Names and reasons are those
that nodes gave, and can't command the terminal.
"""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sos.cli.release.running import say
from sos.rollout.acknowledge import NodeView, Standing, View
from sos.rollout.fleet_words import plain

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

LINE_SECONDS = 1.0
"""Least time between two lines that say how far it is, where there is no terminal."""

_ORDER: tuple[Standing, ...] = ("refuses", "on the way", "serves", "leaves", "other")
_STYLES: dict[Standing, str] = {"refuses": "red", "on the way": "yellow", "serves": "green"}
_WORDS: dict[Standing, str] = {"leaves": "draining", "other": "not concerned"}


class FleetDisplay:
    """Shows views; use as a context. ``quiet`` shows nothing, for ``--json`` on a terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live: Live | None = None
        self._last = ""
        self._last_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the last view where it is."""
        if self._live:
            self._live.stop()
            self._live = None

    def note(self, text: str) -> None:
        """A line that stays."""
        if self._live:
            self._live.console.print(plain(text, 2000), markup=False, soft_wrap=True)
        else:
            say(plain(text, 2000))

    def show(self, view: View) -> None:
        """The fleet as it is now."""
        if self._quiet:
            return
        if sys.stderr.isatty():
            self._draw(view)
            return
        line = describe_view(view)
        now = time.monotonic()
        done = view.is_complete or bool(view.refusals)
        if line != self._last and (done or now - self._last_at >= LINE_SECONDS):
            say(f"{view.seconds:5.1f} s  {line}")
            self._last, self._last_at = line, now

    def _draw(self, view: View) -> None:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True, highlight=False)
            self._live = Live(console=console, auto_refresh=False)
            self._live.start()
        rows = max(5, self._live.console.size.height - 6)
        self._live.update(build_table(view, rows), refresh=True)


def describe_view(view: View) -> str:
    """How far it is, in a line."""
    concerned = view.concerned
    if not concerned:
        return "no node of those that should serve it has reported"
    parts = [f"{len(view.select('serves'))} of {len(concerned)} nodes serve {view.release}"]
    if refusing := view.select("refuses"):
        parts.append(f"{len(refusing)} refuse it ({plain(refusing[0].node, 60)})")
    if other := view.select("other"):
        parts.append(f"{len(other)} not concerned")
    if view.silent:
        parts.append(f"{len(view.silent)} fell silent ({plain(view.silent[0], 60)})")
    return ", ".join(parts)


def build_table(view: View, rows: int) -> "Table":
    """The nodes as a table of at most ``rows`` rows, those first that are not there yet."""
    from rich.table import Table
    from rich.text import Text

    nodes = sorted(view.nodes, key=_weigh)
    table = Table(
        box=None,
        pad_edge=False,
        header_style="bold",
        caption=Text(f"{view.seconds:.1f} s: {describe_view(view)}"),
        caption_justify="left",
        caption_style="",
    )
    for column in ("node", "release", "", "after"):
        table.add_column(column, no_wrap=True, justify="right" if column == "after" else "left")
    for node in nodes[:rows]:
        after = "" if node.seconds is None else f"{node.seconds:.1f} s"
        table.add_row(
            Text(plain(node.node, 60)),
            Text(plain(node.release or "-", 64)),
            Text(_describe_node(node), style=_STYLES.get(node.standing, "dim")),
            Text(after),
        )
    if len(nodes) > rows:
        table.add_row(Text(f"… and {len(nodes) - rows} more", style="dim"))
    return table


def _describe_node(node: NodeView) -> str:
    word = _WORDS.get(node.standing, node.standing)
    if node.standing == "on the way" and node.phase:
        word = node.phase
    why = node.reason if node.standing in ("refuses", "on the way") else ""
    return plain(f"{word}: {why}" if why else word, 100)


def _weigh(node: NodeView) -> tuple[int, float, str]:
    return _ORDER.index(node.standing), -(node.seconds or 0.0), node.node
