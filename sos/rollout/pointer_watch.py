"""The driver of `Watch`: asks for the pointer again and again, and says what it names.

In: a `Pointer`. Out: calls of ``on_target`` with the release that this node should serve, and a
state for the health check. It never gives up, and it never turns a failure into a release.
"""

import asyncio
import random
import time
from collections.abc import Callable

import structlog

from sos.errors import KeyStoreError
from sos.metrics import Metrics
from sos.rollout.follow import decide_target
from sos.rollout.pointer import Pointer, Pointing
from sos.rollout.verdict import PointerState
from sos.rollout.watch import Watch

log = structlog.get_logger()


class PointerWatch:
    """``state``, ``trouble`` (why it is not ok) and ``pointing`` may be read at any time.

    ``known`` says whether this node ever had a release: if so, a key that is not there has been
    lost, and is not one that was never set.
    """

    def __init__(
        self,
        pointer: Pointer,
        node: str,
        metrics: Metrics,
        on_target: Callable[[str], None],
        on_change: Callable[[], None],
    ) -> None:
        self.state: PointerState = "reading"
        self.trouble = ""
        self.pointing: Pointing | None = None
        self.known = False
        self._pointer = pointer
        self._node = node
        self._metrics = metrics
        self._on_target = on_target
        self._on_change = on_change

    async def run(self) -> None:
        """Watch until cancelled."""
        watch = Watch()
        while True:
            query = watch.next_query(time.monotonic())
            try:
                pointing = await self._pointer.fetch(query.index, query.wait, query.consistent)
            except Exception as exc:  # a driver's own mistake must not end the node's following
                if not isinstance(exc, KeyStoreError):
                    log.exception("pointer_watch_failed")
                watch = watch.on_failure()
                self._doubt(str(exc))
            else:
                watch, believed = watch.on_answer(query, pointing.index, time.monotonic())
                if believed:
                    self._heed(pointing)
                else:
                    log.warning("pointer_index_went_back", index=pointing.index)
            await asyncio.sleep(watch.decide_pause(random.random()))

    def _heed(self, pointing: Pointing) -> None:
        self.pointing = pointing
        if pointing.problem == "missing" and not self.known:
            if self.state != "missing":
                log.warning("pointer_missing", action="sos release activate ID")
            self._enter("missing", "")
        elif pointing.problem:
            what = "is gone" if pointing.problem == "missing" else "holds no release id"
            self._doubt(f"the key templateRelease {what}")
        else:
            self.known = True
            if self.state not in ("ok", "reading"):
                log.info("pointer_usable", was=self.state)
            self._enter("ok", "")
        if target := decide_target(pointing, self._node):
            self._on_target(target)

    def _doubt(self, reason: str) -> None:
        self._metrics.consul_errors.inc()
        if self.trouble != reason:
            log.error("pointer_unusable", reason=reason, action="the active release is kept")
        self._enter("error", reason)

    def _enter(self, state: PointerState, trouble: str) -> None:
        changed = (self.state, self.trouble) != (state, trouble)
        self.state, self.trouble = state, trouble
        if changed:
            self._on_change()
