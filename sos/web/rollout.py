"""The rollout of a node as its supervisor sees it: follower, verdict, and word to the fleet.

In: what the workers say (`NodeView`), the follower's state, the fleet's quorum. Out: the verdict of
``/health-elb``, a report to the fleet's register every second, and what ``/health`` shows. It is
answered from memory; whatever it depends on may be away.
"""

import asyncio
import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog

from sos.content.snapshot_file import FILE as SNAPSHOT
from sos.errors import StoreError
from sos.metrics import Metrics, Snapshot
from sos.release.assets import digest_files
from sos.release.folder import find_templates
from sos.release.theme import read_theme
from sos.rollout.fleet_window import FleetWindow
from sos.rollout.follower import Follower
from sos.rollout.pointer import Pointing
from sos.rollout.ports import NodeReport, Quorum
from sos.rollout.steps import Parts, Terms
from sos.rollout.verdict import Facts, Verdict, build_facts, decide_verdict
from sos.settings import Settings
from sos.web.announce import NodeAddresses
from sos.web.content_seen import ContentSeen, Followed
from sos.web.crew import NodeCrew
from sos.web.health import NodeView, find_faults
from sos.web.offers import Offers

REPORT_SECONDS = 1.0
CONTENT_SECONDS = 0.25
"""Shortest time between two reports for the sake of content: an import makes many revisions."""

REPORT_TTL = 5.0
"""A node that has not reported for so long does not count as live, seconds."""

RATE_SECONDS = 10.0
"""What requests and errors per second are an average of."""

log = structlog.get_logger()


class Rollout:
    """One per node. Without ``parts`` the node serves the theme that comes with sos, for good."""

    def __init__(
        self,
        parts: Parts | None,
        terms: Terms,
        crew: NodeCrew,
        metrics: Metrics,
        fetch_view: Callable[[], NodeView],
        on_verdict: Callable[[Verdict], None],
    ) -> None:
        self.quorum: Quorum | None = None
        self._parts = parts
        self.terms = terms
        self._crew = crew
        self._metrics = metrics
        self._fetch_view = fetch_view
        self._on_verdict = on_verdict
        self._served = False
        self._verdict = Verdict(503, "starting")
        self._changed = asyncio.Event()
        self._rates = _Rates()
        self._content_seen = ContentSeen()
        self._reported = -CONTENT_SECONDS
        self._soon: asyncio.TimerHandle | None = None
        self.follower: Follower | None = None
        self._offers: Offers | None = None
        crew.on_want(self._want)
        if parts:
            self.follower = Follower(parts, terms, crew, metrics, self._changed.set)
            self.follower.begin(crew.releases, parts.shelf.read_refused())
            self._offers = Offers(parts.releases.fetch_ids, self._known_releases, crew.offer)

    def _want(self, release: str) -> None:
        if self._offers and not release:
            self._offers.ask()
        elif not release:
            self._crew.offer(())
        elif self.follower:
            self.follower.want(release)

    def _known_releases(self) -> tuple[Pointing | None, tuple[str, ...]]:
        if self.follower is None:
            return None, ()
        return self.follower.pointer.pointing, self.follower.state.loaded

    async def run(self, fetch_snapshot: Callable[[], Snapshot]) -> None:
        """Follow, judge and report until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._judge_again_and_again())
            if self.follower and self._parts:
                tasks.create_task(self.follower.run())
                tasks.create_task(self._report_again_and_again(fetch_snapshot))

    def look_again(self) -> None:
        """Something changed: judge and report at once."""
        self._changed.set()

    def follow_content(self) -> None:
        """A worker has followed the content store: once all have, report it soon."""
        if self._note_content(self._fetch_view()) and self._soon is None:
            loop = asyncio.get_running_loop()
            self._soon = loop.call_at(self._reported + CONTENT_SECONDS, self._report_soon)

    def judge(self) -> Verdict:
        """What ``/health-elb`` answers now; from memory."""
        verdict = decide_verdict(self._collect_facts())
        if verdict.word == "unverified" and self.follower and self.follower.pointer.trouble:
            trouble = f"{verdict.reason}: {self.follower.pointer.trouble}"
            verdict = msgspec.structs.replace(verdict, reason=trouble)
        self._served = self._served or verdict.status == 200
        if (verdict.status, verdict.word) != (self._verdict.status, self._verdict.word):
            level = log.error if verdict.alarm else log.info
            level("health_elb", status=verdict.status, word=verdict.word, reason=verdict.reason)
            self._metrics.health_elb.clear()
            self._metrics.health_elb.set(1, verdict.word)
            self._on_verdict(verdict)
        self._verdict = verdict
        return verdict

    def describe(self) -> dict[str, Any]:
        """The member ``rollout`` of ``/health``."""
        verdict = self.judge()
        about: dict[str, Any] = {
            "verdict": verdict.word,
            "reason": verdict.reason,
            "alarm": verdict.alarm,
        }
        if self.follower:
            state, pointer = self.follower.state, self.follower.pointer
            about |= {
                "pointer": {"state": pointer.state, "trouble": pointer.trouble},
                "target": state.target,
                "phase": state.phase,
                "under_way": state.under_way,
                "failure": state.failure,
                "loaded": state.loaded,
                "previous": state.previous,
                "refused": {name: r.reason for name, r in state.refused.items()},
                "fleet": self.quorum,
            }
        return about

    def build_window(self) -> FleetWindow:
        """What the fleet page of this node looks through."""
        parts, follower = self._parts, self.follower
        return FleetWindow(
            parts.register if parts else None,
            parts.pointer if parts else None,
            site=urlsplit(self.terms.site).hostname or "",
            fetch_own=self.build_report,
            fetch_pointing=(
                (lambda: (follower.pointer.pointing, follower.pointer.trouble))
                if follower
                else None
            ),
        )

    async def withdraw(self) -> None:
        """Tell the fleet that this node leaves."""
        if self._parts and self._parts.register:
            with contextlib.suppress(StoreError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._parts.register.withdraw(self.terms.node)

    def build_report(self) -> NodeReport:
        """What this node says of itself to its fleet."""
        view, verdict = self._fetch_view(), self.judge()
        self._note_content(view)
        statuses = [w.beat.status for w in view.workers if w.beat]
        releases = {s.release for s in statuses}
        lags = [s.content_lag_seconds for s in statuses if s.content_lag_seconds is not None]
        state = self.follower.state if self.follower else None
        last = list(state.refused)[-1] if state and state.refused else ""
        return NodeReport(
            node=self.terms.node,
            private=self.terms.private,
            public=self.terms.public,
            version=view.version,
            state=verdict.word,
            reason="; ".join(filter(None, (verdict.reason, state.failure if state else ""))),
            healthy=verdict.status == 200 and not verdict.alarm,
            release=releases.pop() if len(releases) == 1 else None,
            previous=state.previous if state else None,
            target=state.target if state else None,
            phase=state.phase if state else "",
            refused=last,
            refusal=state.refused[last].reason if state and last else "",
            canary=self._is_canary(),
            content_revision=min((s.content_revision for s in statuses), default=0),
            content_lag_seconds=max(lags) if lags else None,
            content_seen=self._content_seen.describe(),
            stale=any(s.stale for s in statuses),
            workers=len(view.workers),
            workers_ready=sum(w.ready for w in view.workers),
            requests_per_second=self._rates.requests,
            errors_per_second=self._rates.errors,
            started=round(time.time() - view.uptime_seconds, 1),
        )

    def _note_content(self, view: NodeView) -> bool:
        return self._content_seen.note(
            [
                Followed(w.beat.status.content_epoch, w.beat.status.content_revision)
                if w.beat and w.ready
                else None
                for w in view.workers
            ]
        )

    def _report_soon(self) -> None:
        self._soon = None
        self._changed.set()

    def _is_canary(self) -> bool:
        pointing = self.follower.pointer.pointing if self.follower else None
        target = self.follower.state.target if self.follower else None
        return bool(pointing and target and target != pointing.release)

    def _collect_facts(self) -> Facts:
        view = self._fetch_view()
        faults = tuple(find_faults(view))
        if self.follower is None:
            return Facts(
                draining=view.draining, faults=faults, active="placeholder", pointer="missing"
            )
        state = self.follower.state
        # What workers say that they serve, not what they were told.
        served = {w.beat.status.release for w in view.workers if w.beat} - {None}
        active = next((r for r in served if r != state.target), state.target if served else None)
        return build_facts(
            state,
            time.monotonic(),
            draining=view.draining,
            faults=faults,
            pointer=self.follower.pointer.state,
            placeholder=self.terms.placeholder in served,
            outnumbered=self.follower.outnumbered,
            active=active,
            served=self._served,
            uptime=view.uptime_seconds,
            quorum=self.quorum,
        )

    async def _judge_again_and_again(self) -> None:
        while True:
            self.judge()
            self._crew.remind()
            await asyncio.sleep(0.25)

    async def _report_again_and_again(self, fetch_snapshot: Callable[[], Snapshot]) -> None:
        register = self._parts.register if self._parts else None
        while register is not None:
            self._changed.clear()
            self._reported = asyncio.get_running_loop().time()
            self._rates.count(fetch_snapshot(), time.monotonic())
            try:
                self.quorum = await register.report(self.build_report(), REPORT_TTL)
            except StoreError:
                self.quorum = None  # a fleet that can't be seen takes nobody out of service
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPORT_SECONDS):
                    await self._changed.wait()


def build_terms(settings: Settings, addresses: NodeAddresses) -> Terms:
    """What the settings say of a node that is bound to these addresses. Raises ReleaseError."""
    digest = digest_files(read_theme(find_templates(settings.templates)).files)
    host, _, port = addresses.private.rpartition(":")
    if host in ("0.0.0.0", "[::]"):  # noqa: S104 - nobody can call that
        host = socket.gethostname()
    return Terms(
        node=settings.node or f"{socket.gethostname()}-{port}",
        site=settings.site,
        placeholder=f"folder-{digest[:8]}",
        snapshot=Path(settings.state_dir) / SNAPSHOT,
        spread=settings.release_spread_seconds,
        public_keys=settings.release_public_key,
        public=addresses.public,
        private=f"{settings.advertise or host}:{port}",
    )


class _Rates:
    """Requests and errors per second over the last while, from counters that only grow."""

    def __init__(self) -> None:
        self.requests = self.errors = 0.0
        self._counts: deque[tuple[float, float, float]] = deque()

    def count(self, snapshot: Snapshot, now: float) -> None:
        # Visitors': a balancer's checks are no requests, and a 503 for them is no error; nor is
        # what goes wrong with a draft or with a release that somebody only looks at.
        every = snapshot.get("sos_requests_total", [])
        samples = [sample for sample in every if sample[0][0] not in ("health", "preview")]
        requests = sum(values[0] for _, values in samples)
        errors = sum(values[0] for labels, values in samples if labels[1] >= "500")
        self._counts.append((now, requests, errors))
        while now - self._counts[0][0] > RATE_SECONDS:
            self._counts.popleft()
        since, requests_then, errors_then = self._counts[0]
        if now - since >= REPORT_SECONDS / 2:
            self.requests = round(max(0.0, requests - requests_then) / (now - since), 1)
            self.errors = round(max(0.0, errors - errors_then) / (now - since), 1)
