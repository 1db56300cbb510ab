"""Which published releases nobody needs any more: all that is known of them in, a plan out.

In doubt a release stays. Whoever deletes reads the pointer once more before each one (`collect`),
so that a release that somebody has just gone back to is safe.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from sos.errors import ActivationError
from sos.release.bundle import Seal
from sos.rollout.history import list_rollback_targets
from sos.rollout.pointer import Activation, Pointer, Pointing
from sos.rollout.ports import NodeReport
from sos.rollout.releases import Releases

NEWEST = 20
"""Releases that stay because they are the newest."""

RECENT_SECONDS = 7 * 86_400
"""A release that was built since then stays."""

ACTIVATIONS = 5
"""Newest lines of history of which both releases stay."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """``delete``, the oldest first, and why each of the others stays."""

    delete: tuple[Seal, ...]
    kept: dict[str, str]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """All that a plan depends on. ``now`` is epoch seconds."""

    seals: Sequence[Seal]
    pointing: Pointing
    history: Sequence[Activation]
    nodes: Sequence[NodeReport]
    now: float


def plan_collection(known: Known, keep: int = NEWEST, older_than: float = RECENT_SECONDS) -> Plan:
    """What may go: neither needed by anybody, nor of the newest ``keep``, nor recent (seconds).

    Raises ActivationError when the pointer names no release: then nobody knows what is live.
    """
    if known.pointing.release is None:
        raise ActivationError(
            "nothing was deleted: the pointer names no release, so that nobody can tell what is "
            "live; is SOS_POINTER the right one?"
        )
    needed = _find_needed(known)
    newest = sorted(known.seals, key=lambda s: (s.created, s.id), reverse=True)
    delete: list[Seal] = []
    kept: dict[str, str] = {}
    for place, seal in enumerate(newest):
        if seal.id in needed:
            kept[seal.id] = needed[seal.id]
        elif place < keep:
            kept[seal.id] = f"one of the newest {keep}"
        elif known.now - seal.created < older_than:
            kept[seal.id] = "recent"
        else:
            delete.append(seal)
    return Plan(delete=tuple(reversed(delete)), kept=kept)


async def collect(
    plan: Plan,
    releases: Releases,
    pointer: Pointer,
    on_deleted: Callable[[Seal], None] = lambda seal: None,
) -> tuple[str, ...]:
    """Delete what the plan says, but for what somebody points to by now; what was deleted.

    Raises ObjectStoreError and KeyStoreError; what was deleted before stays deleted.
    """
    deleted = []
    for seal in plan.delete:
        now = await pointer.fetch()
        if now.release is None or seal.id in (now.release, now.canary and now.canary.release):
            continue
        await releases.delete(seal.id)
        on_deleted(seal)
        deleted.append(seal.id)
    return tuple(deleted)


def _find_needed(known: Known) -> dict[str, str]:
    """Releases by id, and what they are needed for: the weightiest reason of several."""
    needed: dict[str, str] = {}
    for release, reason in _list_reasons(known):
        if release:
            needed.setdefault(release, reason)
    return needed


def _list_reasons(known: Known) -> Iterator[tuple[str | None, str]]:
    pointing, history = known.pointing, known.history
    yield pointing.release, "live"
    yield (pointing.canary.release if pointing.canary else None), "canary"
    yield from ((r.release, f"served by {r.node}") for r in known.nodes)
    targets = list_rollback_targets(history, pointing.release)
    yield from ((release, "a rollback leads to it") for release in targets)
    for report in known.nodes:
        yield report.previous, f"{report.node} may go back to it"
        yield report.target, f"{report.node} is to serve it"
    for activation in history[:ACTIVATIONS]:
        yield activation.release, "activated a short while ago"
        yield activation.previous, "live a short while ago"
