"""When a node had followed its content: every worker counts, and nothing is said too early."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.adapters.redis.fleet import LONGEST_REPORT, LONGEST_TEXT, _encode, parse_report
from sos.rollout.ports import NodeReport
from sos.web.content_seen import KEPT, ContentSeen, Followed


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def at(revision: int, epoch: str = "e") -> Followed:
    """A worker that has followed this revision."""
    return Followed(epoch, revision)


def make() -> tuple[ContentSeen, Clock]:
    """A record and its clock."""
    clock = Clock()
    return ContentSeen(clock), clock


def test_revision_is_seen_when_the_last_worker_has_it() -> None:
    """The one that is furthest behind counts, and ages grow until they are asked for."""
    seen, clock = make()
    assert seen.note([at(5), at(5)])
    clock.now += 1
    assert not seen.note([at(6), at(5)])
    clock.now += 0.5
    assert seen.note([at(6), at(6)])
    assert not seen.note([at(6), at(6)])
    clock.now += 0.25
    assert seen.describe() == ((5, 1.75), (6, 0.25))


def test_revisions_that_were_passed_over_come_with_the_next_one() -> None:
    """A worker that looks once for three changes has all of them then."""
    seen, clock = make()
    seen.note([at(5), at(9)])
    clock.now += 1
    seen.note([at(8), at(9)])
    assert seen.describe() == ((5, 1.0), (8, 0.0))


def test_worker_that_is_not_there_holds_the_node_back() -> None:
    """One that restarts serves nobody yet, and must not be counted as if it showed anything."""
    seen, clock = make()
    seen.note([at(5), at(5)])
    clock.now += 1
    assert not seen.note([at(6), None])
    assert not seen.note([None, None])
    assert not seen.note([])
    assert not seen.note([at(6), at(0)])  # it has started, and has not looked yet
    assert seen.describe() == ((5, 1.0),)
    assert seen.note([at(6), at(6)])


def test_workers_on_different_stores_agree_on_nothing() -> None:
    """Revisions of two histories can't be compared."""
    seen, _ = make()
    seen.note([at(50), at(50)])
    assert not seen.note([at(3, "other"), at(50)])
    assert seen.note([at(3, "other"), at(3, "other")])
    assert [revision for revision, _ in seen.describe()] == [3]


def test_store_that_lost_revisions_takes_them_back() -> None:
    """A failover may: what is written next gets numbers that were used before."""
    seen, _ = make()
    for revision in (50, 51, 52):
        seen.note([at(revision)])
    assert seen.note([at(50)])
    assert [revision for revision, _ in seen.describe()] == [50]


def test_memory_has_a_bound() -> None:
    """The last ones are kept."""
    seen, _ = make()
    for revision in range(1, 1000):
        seen.note([at(revision)])
    assert [revision for revision, _ in seen.describe()] == list(range(1000 - KEPT, 1000))


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.one_of(st.none(), st.integers(0, 3)), st.floats(0.001, 9)),
        max_size=40,
    )
)
def test_nothing_is_seen_before_every_worker_had_it(
    steps: list[tuple[int, int | None, float]],
) -> None:
    """Whatever workers do, the first entry of R or more is no earlier than all of them had R."""
    seen, clock = make()
    workers: list[int | None] = [None, 1, 1]
    had_all: dict[int, float] = {}
    for worker, step, seconds in steps:
        clock.now += seconds
        workers[worker] = None if step is None else (workers[worker] or 1) + step
        seen.note([None if r is None else at(r) for r in workers])
        there = [r for r in workers if r is not None]
        if len(there) == len(workers):
            lowest = min(there)
            # A worker may come back lower than it was: then all of it begins anew.
            had_all = {r: t for r, t in had_all.items() if r <= lowest}
            for revision in range(1, lowest + 1):
                had_all.setdefault(revision, clock.now)
    entries = seen.describe()
    assert [r for r, _ in entries] == sorted({r for r, _ in entries})
    for revision, moment in had_all.items():
        first = next((age for r, age in entries if r >= revision), None)
        if first is not None:
            assert clock.now - first >= moment - 0.001


# ---------------------------------------------------------------- the register


def report(letter: str = "x", **fields: object) -> NodeReport:
    """A report with as much in it as there can be."""
    text = letter * (LONGEST_TEXT + 100)
    values = {
        "node": "n" * 200,
        "private": "p" * 260,
        "state": "s",
        "reason": text,
        "refusal": text,
    }
    return NodeReport(**values | fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("letter", ["x", "é", "日", "😀", "\0", '"'])
def test_longest_report_is_one_that_is_read(letter: str) -> None:
    """With every revision as high and as old as it may get, and reasons in any alphabet."""
    seen = tuple((99_999_999_999_999 - n, 31_536_000.123) for n in range(KEPT))
    body = _encode(report(letter, content_seen=seen), 5.0) + b',"at":1700000000.123}'
    assert len(body) < LONGEST_REPORT
    read = parse_report(b"n" * 200, body)
    assert read is not None
    assert read.content_seen == seen
    assert len(read.reason) >= 750
    plain = _encode(report(reason="", refusal="", content_seen=seen), 5.0)
    print(f"a report of 32 old revisions: {len(plain)} bytes, {len(body)} with the longest reasons")


def test_report_of_an_older_node_has_seen_nothing() -> None:
    """Nodes of two versions live side by side while a fleet is brought up to date."""
    body = b'{"node":"a","private":"a:1","state":"current"}'
    read = parse_report(b"a", body)
    assert read is not None
    assert read.content_seen == ()


def test_unsound_figures_are_no_report() -> None:
    """They are shown to editors, and to whoever reads the fleet's JSON."""
    good = msgspec.json.decode(_encode(report(reason="", refusal=""), 5.0) + b"}")
    for seen in ([[1]], [["1", 0]], [[1.5, 0]], [[10**30, 0.0]], [[1, 1e400]], {"1": 0}, [None]):
        body = msgspec.json.encode({**good, "content_seen": seen}).replace(b"null", b"1e400")
        assert parse_report(b"n" * 200, body) is None, seen
