"""How numbers and troubles of a fleet are put into words, the same on the page and in a terminal.

In: reports of nodes, durations, rates. Out: short plain text. Numbers come from other nodes and may
be anything: none of these functions raises.
"""

import math
import re
from collections.abc import Callable, Sequence

from sos.rollout.ports import NodeReport

NAMED = 3
"""Nodes that a sentence names."""

LONGEST = 400
"""Characters of a text of another node that are shown."""

# Control characters, and those that turn the direction of what follows them.
_UNSHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+"
)


def plain(text: str, longest: int = LONGEST) -> str:
    """Text of another node as one line that changes nothing around it, cut to ``longest``."""
    line = _UNSHOWN.sub(" ", text[: longest * 2]).strip()
    return line if len(line) <= longest else line[: longest - 1] + "…"


def describe_age(seconds: float) -> str:
    """A duration in one unit, or two where the second one matters: ``0.4 s``, ``3 d 4 h``."""
    if not math.isfinite(seconds) or abs(seconds) >= 1e11:
        return "?"
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes, hours, days = seconds / 60, seconds / 3600, int(seconds // 86_400)
    if minutes < 99.5:
        return f"{minutes:.0f} min"
    if hours < 48:
        return f"{int(hours)} h {int(minutes % 60)} min" if hours < 10 else f"{hours:.0f} h"
    return f"{days} d {int(hours % 24)} h" if days < 10 else f"{days} d"


def say_rate(rate: float) -> str:
    """Events a second, with a decimal where there are few: ``0.3``, ``1,204``."""
    if not math.isfinite(rate) or abs(rate) >= 1e12:
        return "?"
    if 0 < rate < 0.05:
        return "<0.1"
    return f"{rate:.1f}" if 0 < rate < 9.95 else f"{rate:,.0f}"


def say_count(some: int, total: int) -> str:
    """Some of all nodes, as the beginning of a sentence."""
    if some >= total:
        return "The only node" if total == 1 else f"All {total} nodes"
    return f"{some} of {total} nodes"


def name_some(reports: Sequence[NodeReport]) -> str:
    """The names of the first nodes, and how many there are besides."""
    names = ", ".join(plain(r.node, 60) for r in reports[:NAMED])
    more = len(reports) - NAMED
    return f"{names} and {more} more" if more > 0 else names


def _say_errors(reports: Sequence[NodeReport], _: str) -> str:
    errors, requests = (
        say_rate(sum(r.errors_per_second for r in reports)),
        say_rate(sum(r.requests_per_second for r in reports)),
    )
    return f"{errors} of {requests} requests/s, on {name_some(reports)}"


def _longest_lag(reports: Sequence[NodeReport]) -> str:
    return describe_age(max(r.content_lag_seconds or 0 for r in reports))


def _say_stale(reports: Sequence[NodeReport]) -> str:
    if all(r.content_lag_seconds is None for r in reports):
        return "has|have never had all content of the store: it is empty, or does not answer"
    return f"can't|can't check content against the store, for up to {_longest_lag(reports)} now"


def _say_workers(reports: Sequence[NodeReport], _: str) -> str:
    ready, all_ = sum(r.workers_ready for r in reports), sum(r.workers for r in reports)
    return f"lacks|lack workers: {ready} of {all_} are ready on {name_some(reports)}"


Saying = Callable[[Sequence[NodeReport], str], str]

SAYINGS: dict[str, Saying] = {
    "errors": lambda nodes, _: f"answers|answer with errors: {_say_errors(nodes, _)}",
    "unhealthy": lambda nodes, why: f"is|are unhealthy ({name_some(nodes)}): {why}",
    "missing": lambda nodes, why: f"is|are missing ({name_some(nodes)}): {why}",
    "refused": lambda _, why: f"refuses|refuse {why.removeprefix('refuses ')}",
    "behind": lambda nodes, why: f"is|are behind and out of service ({name_some(nodes)}): {why}",
    "late": lambda nodes, why: f"is|are late ({name_some(nodes)}): {why}",
    "stale": lambda nodes, _: _say_stale(nodes),
    "lagging": lambda nodes, _: (
        f"lags|lag behind the content store ({name_some(nodes)}), by up to {_longest_lag(nodes)}"
    ),
    "unverified": lambda _, why: f"can't|can't verify the release: {why}",
    "few errors": lambda nodes, _: f"answers|answer with a few errors: {_say_errors(nodes, _)}",
    "workers": _say_workers,
    "switching": lambda *_: "is|are on the way",
    "starting": lambda *_: "is|are starting",
    "draining": lambda *_: "is|are draining",
    "": lambda nodes, why: f"is|are remarkable ({name_some(nodes)}): {why}",
}
"""How nodes with the same trouble are spoken of, by its word, the gravest first: in goes who they
are and the reason that most of them give; out comes ``singular|plural rest``."""

HINTS: dict[str, str] = {
    "errors": "If they began with a release: sos release rollback",
    "unhealthy": "They take no traffic. Their name leads to their /health, which says why",
    "missing": "Killed, hung, or cut off from the register; their log knows",
    "refused": "What they served before goes on. Mend it, or: sos release rollback",
    "behind": "They take no traffic until they follow; the reason is in their /health",
    "late": "They serve what they had; the reason is in their /health",
    "stale": "Copies are served. Is the content store (SOS_REDIS_URL) there, and complete?",
    "unverified": "They serve what they had. Does the pointer's store (SOS_POINTER) answer?",
    "register": "Nodes serve without it. Does the content store (SOS_REDIS_URL) answer?",
    "pointer": "Nodes serve what they had. Does the pointer's store (SOS_POINTER) answer?",
    "empty": "Start one: sos serve",
}
"""What to do about it, by its word: one short line."""
