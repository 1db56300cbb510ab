"""What may leave the store of releases, and what never does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.adapters.folder_objects import FolderObjects
from sos.errors import ActivationError
from sos.release.bundle import Seal, build_bundle, build_release_id
from sos.rollout.collect import Known, collect, plan_collection
from sos.rollout.pointer import Activation, Canary, Pointing
from sos.rollout.ports import NodeReport
from sos.rollout.releases import Releases

from tests.rollout.steering import build_stage

DAY = 86_400.0
NOW = 1_775_000_000.0


def seal(days: float) -> Seal:
    """The seal of a release that was built so many days ago."""
    created = int(NOW - days * DAY)
    digest = f"{created:064x}"
    return Seal(
        id=build_release_id(created, digest), size=1, sha256=digest, page_model=1,
        created=created, files=1,
    )  # fmt: skip


SEALS = [seal(n) for n in range(1, 41)]
"""One a day, the newest first."""


def known(live: int = 0, **changes: Any) -> Known:
    plain = Known(
        seals=SEALS,
        pointing=Pointing(index=1, release=SEALS[live].id),
        history=(),
        nodes=(),
        now=NOW,
    )
    return msgspec.structs.replace(plain, **changes)


def deleted(known: Known, **options: Any) -> set[str]:
    return {s.id for s in plan_collection(known, **options).delete}


def node(**changes: Any) -> NodeReport:
    report = NodeReport(node="web-1", private="127.0.0.1:1", state="current")
    return msgspec.structs.replace(report, **changes)


def test_newest_twenty_stay() -> None:
    """All that is older goes, the oldest first."""
    plan = plan_collection(known())
    assert [s.id for s in plan.delete] == [s.id for s in reversed(SEALS[20:])]
    assert plan.kept[SEALS[0].id] == "live"
    assert plan.kept[SEALS[19].id] == "one of the newest 20"


def test_recent_ones_stay_however_many_they_are() -> None:
    """A hundred a day."""
    assert deleted(known(), keep=1) == {s.id for s in SEALS[6:]}
    assert plan_collection(known(), keep=1).kept[SEALS[5].id] == "recent"
    assert deleted(known(), keep=1, older_than=30 * DAY) == {s.id for s in SEALS[29:]}


@pytest.mark.parametrize(
    ("needed", "reason"),
    [
        (known(35), "live"),
        (known(pointing=Pointing(1, SEALS[0].id, canary=Canary(SEALS[35].id, 5.0))), "canary"),
        (known(nodes=[node(release=SEALS[35].id)]), "served by web-1"),
        (known(nodes=[node(previous=SEALS[35].id)]), "web-1 may go back to it"),
        (known(nodes=[node(target=SEALS[35].id)]), "web-1 is to serve it"),
    ],
)
def test_what_is_needed_stays(needed: Known, reason: str) -> None:
    """However old it is."""
    plan = plan_collection(needed)
    assert plan.kept[SEALS[35].id] == reason
    assert SEALS[35].id not in {s.id for s in plan.delete}


def activation(release: int, previous: int, **changes: Any) -> Activation:
    return Activation(release=SEALS[release].id, previous=SEALS[previous].id, at=NOW, **changes)


def test_what_rollbacks_lead_to_stays() -> None:
    """Five of them in a row."""
    history = [activation(30 + n, 31 + n) for n in range(8)]
    kept = plan_collection(known(30, history=history)).kept
    assert [kept.get(SEALS[30 + n].id) for n in range(7)] == [
        "live", *["a rollback leads to it"] * 5, None,
    ]  # fmt: skip


def test_what_was_live_a_short_while_ago_stays() -> None:
    """Somebody may want to look at what was just reverted."""
    history = [activation(35, 36, kind="revert"), activation(36, 35)]
    assert SEALS[36].id not in deleted(known(35, history=history))


@pytest.mark.parametrize("problem", ["missing", "invalid"])
def test_nothing_goes_while_nobody_knows_what_is_live(problem: Any) -> None:
    """The pointer may be another site's, or lost."""
    with pytest.raises(ActivationError, match=r"nothing was deleted.*SOS_POINTER"):
        plan_collection(known(pointing=Pointing(1, None, problem)))


@given(
    live=st.integers(0, 39),
    others=st.lists(st.integers(0, 39), max_size=6),
    keep=st.integers(1, 50),
    days=st.floats(0, 60),
)
def test_plan_never_names_what_is_in_use(
    live: int, others: list[int], keep: int, days: float
) -> None:
    """And every release is either in the plan or has a reason to stay."""
    nodes = [node(release=SEALS[n].id) for n in others]
    plan = plan_collection(known(live, nodes=nodes), keep, days * DAY)
    gone = {s.id for s in plan.delete}
    assert gone.isdisjoint({SEALS[n].id for n in (live, *others)})
    assert gone.isdisjoint({s.id for s in SEALS[:keep]})
    assert gone.isdisjoint(plan.kept)
    assert gone | plan.kept.keys() == {s.id for s in SEALS}


async def test_release_that_somebody_went_back_to_meanwhile_is_not_deleted(
    tmp_path: Path,
) -> None:
    """The pointer is read once more before each one."""
    stage = build_stage()
    releases = Releases(FolderObjects(tmp_path / "releases"))
    for n in range(3):
        content, made = build_bundle({"index.html": b"x"}, created=1_700_000_000 + n)
        await releases.publish(content, made)
    seals = await releases.fetch_seals()
    await stage.put(seals[0].id)
    now = await stage.pointer.fetch()
    plan = plan_collection(Known(seals=seals, pointing=now, history=(), nodes=(), now=NOW), keep=1)
    await stage.put(seals[2].id)
    assert await collect(plan, releases, stage.pointer) == (seals[1].id,)
    assert [s.id for s in await releases.fetch_seals()] == [seals[0].id, seals[2].id]
