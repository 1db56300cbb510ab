"""All that is known of releases: the store, the pointer, its history, the nodes; each may be away.

In: settings. Out: an `Inventory`, with a line for whatever could not be asked. It changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Literal, TypeVar

import msgspec

from sos.cli.parts import open_pointer, open_register, open_releases
from sos.errors import KeyStoreError, ObjectStoreError, SosError, StoreError
from sos.release.bundle import Seal
from sos.rollout.history import find_activation, list_rollback_targets
from sos.rollout.pointer import Activation, Pointing
from sos.rollout.ports import NodeReport
from sos.settings import Settings

T = TypeVar("T")

Place = Literal["live", "canary", "previous", "", "unpublished"]


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """What is known; None for what could not be asked, and ``troubles`` say why."""

    seals: Sequence[Seal] | None
    pointing: Pointing | None
    history: Sequence[Activation] | None
    nodes: Sequence[NodeReport] | None
    troubles: dict[str, str]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One release. ``since`` (epoch seconds, 0: never), ``by`` and ``why`` are of its newest
    activation; ``nodes`` serve it now. ``seal`` is None for one that lies in no store."""

    id: str
    place: Place
    seal: Seal | None = None
    since: float = 0.0
    by: str = ""
    why: str = ""
    nodes: tuple[str, ...] = ()


async def fetch_inventory(settings: Settings, *, store: bool = True) -> Inventory:
    """Ask everybody, at the same time. Raises SettingsError."""
    (seals, no_seals), (known, no_pointer), (nodes, no_nodes) = await asyncio.gather(
        _attempt(_fetch_seals(settings)) if store else _nothing(),
        _attempt(_fetch_pointer(settings)),
        _attempt(_fetch_nodes(settings)),
    )
    troubles = {"store": no_seals, "pointer": no_pointer, "fleet": no_nodes}
    return Inventory(
        seals=seals,
        pointing=known[0] if known else None,
        history=known[1] if known else None,
        nodes=nodes,
        troubles={what: trouble for what, trouble in troubles.items() if trouble},
    )


def build_rows(inventory: Inventory) -> list[Row]:
    """Every release that was published, is pointed to, or is served, the newest first."""
    seals = {s.id: s for s in inventory.seals or ()}
    pointing, history = inventory.pointing, inventory.history or ()
    served: dict[str, list[str]] = {}
    for report in inventory.nodes or ():
        if report.release and not report.release.startswith("folder-"):
            served.setdefault(report.release, []).append(report.node)
    named = [pointing.release] if pointing and pointing.release else []
    if pointing and pointing.canary:
        named.append(pointing.canary.release)
    # Ids begin with the time; a seal knows it better.
    ids = sorted({*seals, *named, *served}, reverse=True)
    rows = [_build_row(name, seals.get(name), inventory, history, served) for name in ids]
    return sorted(rows, key=lambda r: (r.seal.created if r.seal else 0, r.id), reverse=True)


def _build_row(
    name: str,
    seal: Seal | None,
    inventory: Inventory,
    history: Sequence[Activation],
    served: dict[str, list[str]],
) -> Row:
    activation = find_activation(history, name)
    return Row(
        id=name,
        place=_decide_place(name, seal, inventory),
        seal=seal,
        since=activation.at if activation else 0.0,
        by=activation.by if activation else "",
        why=activation.why if activation else "",
        nodes=tuple(sorted(served.get(name, ()))),
    )


def _decide_place(name: str, seal: Seal | None, inventory: Inventory) -> Place:
    pointing = inventory.pointing
    if pointing and name == pointing.release:
        return "live"
    if pointing and pointing.canary and name == pointing.canary.release:
        return "canary"
    if pointing and list_rollback_targets(inventory.history or (), pointing.release)[:1] == (name,):
        return "previous"
    return "" if seal or inventory.seals is None else "unpublished"


async def _attempt(asked: Awaitable[T]) -> tuple[T | None, str]:
    """The answer, or why there is none."""
    try:
        return await asked, ""
    except (ObjectStoreError, KeyStoreError, StoreError) as exc:
        return None, str(exc)


async def _nothing() -> tuple[None, str]:
    return None, ""


async def _fetch_seals(settings: Settings) -> list[Seal]:
    async with open_releases(settings) as releases:
        return await releases.fetch_seals()


async def _fetch_pointer(settings: Settings) -> tuple[Pointing, tuple[Activation, ...]]:
    async with open_pointer(settings) as pointer:
        return await pointer.fetch(), await pointer.fetch_history()


async def _fetch_nodes(settings: Settings) -> tuple[NodeReport, ...]:
    async with open_register(settings) as register:
        return await register.fetch_nodes()


class UnseenError(SosError):
    """Something that a command needs could not be asked."""

    exit_code = 69


def require_known(inventory: Inventory, *what: str) -> None:
    """Raise UnseenError unless each of ``what`` (store, pointer, fleet) has answered."""
    missing = [f"{name}: {inventory.troubles[name]}" for name in what if name in inventory.troubles]
    if missing:
        raise UnseenError("; ".join(missing))
