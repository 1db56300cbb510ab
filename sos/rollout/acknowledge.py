"""How far a fleet is on its way to a release: what nodes report in, a `View` and a judgement out.

Pure: the time is passed in, and it asks nobody. Who has to follow is decided as the nodes decide it
themselves (`follow.decide_target`); `fleet_watch` asks again and again until there is a judgement.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from sos.rollout.follow import decide_share, decide_target
from sos.rollout.pointer import Pointing
from sos.rollout.ports import NodeReport

SMALL_FLEET = 10
"""In a fleet of up to so many nodes one refusal is enough to revert."""

REFUSED_SHARE = 0.10
"""In a larger one, more than this share of the nodes."""

REFUSAL_SECONDS = 2.0
"""How long a node has to refuse before it counts: bytes that were damaged on the way are fetched
again after a second."""

ERROR_SHARE, WORSE, ERROR_SECONDS = 0.01, 3.0, 3.0
"""A canary is ended when that share of its answers are errors, that many times the share of other
nodes and of its own before, for so long."""

SILENT_SECONDS = 3.0
"""A node that reported before and does not any more is waited for so long: a register that was
emptied is full again by then."""

Standing = Literal["serves", "refuses", "on the way", "other", "leaves"]


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """One node. ``seconds`` after the change it served the release, None as long as it does not.

    ``other`` is a node that need not follow: it belongs to the cohort of a canary, or does not.
    """

    node: str
    standing: Standing
    release: str | None = None
    phase: str = ""
    reason: str = ""
    seconds: float | None = None


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet ``seconds`` after the change; ``silent`` nodes reported before and do not any more.

    ``awaited`` are those of them that may be back in a moment. ``refusals`` are the nodes whose
    refusal counts, ``trouble`` is why the canary is not well.
    """

    release: str
    seconds: float
    nodes: tuple[NodeView, ...] = ()
    silent: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    refusals: tuple[NodeView, ...] = ()
    trouble: str = ""

    def select(self, *standings: Standing) -> tuple[NodeView, ...]:
        """The nodes that stand so."""
        return tuple(n for n in self.nodes if n.standing in standings)

    @property
    def concerned(self) -> tuple[NodeView, ...]:
        """The nodes that should serve it."""
        return self.select("serves", "refuses", "on the way")

    @property
    def is_complete(self) -> bool:
        """Whether there are nodes that should serve it, and all of them do."""
        concerned = self.concerned
        everyone = bool(concerned) and len(self.select("serves")) == len(concerned)
        return everyone and not self.awaited


class Acknowledgement:
    """What nodes have said of one release since it was pointed to at ``began``, monotonic seconds.

    ``before`` are the reports from just before that: what a rise of errors is measured against.
    """

    def __init__(self, release: str, began: float, before: Sequence[NodeReport] = ()) -> None:
        self.release = release
        self._began = began
        self._served: dict[str, float] = {}
        self._refused: dict[str, float] = {}
        self._seen = {r.node: began for r in before}
        self._before = {r.node: r for r in before}
        self._worse_since: float | None = None

    def look(self, reports: Sequence[NodeReport], pointing: Pointing, now: float) -> View:
        """The fleet at ``now``, with what the pointer says to each node."""
        nodes = tuple(self._judge(r, decide_target(pointing, r.node), now) for r in reports)
        self._seen |= {r.node: now for r in reports}
        silent = {n: now - at for n, at in sorted(self._seen.items()) if at < now}
        refusals = tuple(
            n
            for n in nodes
            if n.standing == "refuses" and now - self._refused[n.node] >= REFUSAL_SECONDS
        )
        return View(
            release=self.release,
            seconds=now - self._began,
            nodes=nodes,
            silent=tuple(silent),
            awaited=tuple(n for n, seconds in silent.items() if seconds < SILENT_SECONDS),
            refusals=refusals,
            trouble=self._find_trouble(reports, nodes, now),
        )

    def _judge(self, report: NodeReport, target: str | None, now: float) -> NodeView:
        standing = self._decide_standing(report, target)
        if standing == "serves":
            self._served.setdefault(report.node, now)
        else:
            self._served.pop(report.node, None)
        if standing == "refuses":
            self._refused.setdefault(report.node, now)
        else:
            self._refused.pop(report.node, None)
        served = self._served.get(report.node)
        return NodeView(
            node=report.node,
            standing=standing,
            release=report.release,
            phase=report.phase if standing == "on the way" else "",
            reason=report.refusal or report.reason if standing == "refuses" else report.reason,
            seconds=None if served is None else max(0.0, served - self._began),
        )

    def _decide_standing(self, report: NodeReport, target: str | None) -> Standing:
        if report.state == "draining":
            return "leaves"
        if target != self.release:
            return "other"
        if report.release == self.release:
            return "serves"
        # The last one it refused may be another: then its state says that it refuses its target.
        knows = report.target == self.release and report.state == "refused"
        return "refuses" if knows or report.refused == self.release else "on the way"

    def _find_trouble(
        self, reports: Sequence[NodeReport], nodes: Sequence[NodeView], now: float
    ) -> str:
        """Why those that serve the release are worse off than they were, or than others are."""
        serving = {n.node for n in nodes if n.standing == "serves"}
        those = [r for r in reports if r.node in serving]
        others = [r for r in reports if r.node not in serving]
        trouble = self._compare_errors(those, others) or self._compare_health(those, others)
        if not trouble:
            self._worse_since = None
        elif self._worse_since is None:
            self._worse_since = now
        elif now - self._worse_since >= ERROR_SECONDS:
            return trouble
        return ""

    def _compare_errors(self, those: Sequence[NodeReport], others: Sequence[NodeReport]) -> str:
        share = _error_share(those)
        before = [self._before[r.node] for r in those if r.node in self._before]
        usual = max(_error_share(others), _error_share(before))
        if share <= max(ERROR_SHARE, WORSE * usual):
            return ""
        names = ", ".join(sorted(r.node for r in those)[:3])
        return f"{share:.1%} of the answers are errors on {names}; {usual:.1%} elsewhere"

    def _compare_health(self, those: Sequence[NodeReport], others: Sequence[NodeReport]) -> str:
        """A node that was healthy and is not, while no other node suffers."""
        if not all(r.healthy for r in others if r.state != "draining"):
            return ""
        for report in those:
            before = self._before.get(report.node)
            if not report.healthy and (before is None or before.healthy):
                return f"{report.node} is unhealthy: {report.reason or report.state}"
        return ""


def decide_revert(view: View, *, canary: bool = False) -> str:
    """Why the release has to go, naming the nodes; empty where it may stay.

    Any refusal is enough for a canary, and in a fleet of up to 10 nodes.
    """
    count, concerned = len(view.refusals), len(view.concerned)
    if count and (canary or concerned <= SMALL_FLEET or count > REFUSED_SHARE * concerned):
        refusing = view.select("refuses")  # those, too, that have only just begun
        names = ", ".join(n.node for n in refusing[:3])
        more = f" and {len(refusing) - 3} more" if len(refusing) > 3 else ""
        reason = view.refusals[0].reason or "no reason given"
        return f"{len(refusing)} of {concerned} nodes refuse it ({names}{more}): {reason}"
    return view.trouble if canary else ""


def widen_canary(reports: Sequence[NodeReport], release: str, percent: float) -> float:
    """``percent``, or as much more as it takes to have one of these nodes in the cohort.

    At most 100; two decimals, rounded up.
    """
    shares = [decide_share(r.node, release) for r in reports if r.state != "draining"]
    if not shares or min(shares) * 100 < percent:
        return percent
    return min(100.0, round(int(min(shares) * 10_000) / 100 + 0.01, 2))


def _error_share(reports: Sequence[NodeReport]) -> float:
    requests = sum(r.requests_per_second for r in reports)
    return sum(r.errors_per_second for r in reports) / requests if requests > 0 else 0.0
