"""Where a rollback leads, told by history alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sos.rollout.history import (
    build_line,
    decide_rollback,
    find_activation,
    is_canary_newest,
    list_rollback_targets,
)
from sos.rollout.pointer import Activation, Canary, Kind, Pointing

from tests.rollout.steering import A, B, C, D


def lines(*words: str) -> list[Activation]:
    """``+A`` activates, ``<A`` rolls back, ``!A`` reverts, ``?A`` is a canary; newest first."""
    names = {"A": A, "B": B, "C": C, "D": D}
    kinds: dict[str, Kind] = {"+": "activate", "<": "rollback", "!": "revert", "?": "canary"}
    history: list[Activation] = []
    live = ""
    for at, word in enumerate(words):
        release, kind = names[word[1]], kinds[word[0]]
        history.insert(0, Activation(release=release, previous=live, at=at, kind=kind))
        live = live if kind == "canary" else release
    return history


def test_rollback_leads_to_the_release_before() -> None:
    """The plain case."""
    assert decide_rollback(lines("+A", "+B"), B) == A


def test_second_rollback_leads_further_back_not_forth() -> None:
    """What was rolled back from is not gone back to."""
    history = lines("+A", "+B", "+C", "<B")
    assert decide_rollback(history, B) == A
    assert decide_rollback(lines("+A", "+B", "+C", "<B", "<A"), A) is None


def test_after_a_rollback_and_a_new_release_the_bad_one_is_skipped() -> None:
    """A, B rolled back, C: the way back is A."""
    assert decide_rollback(lines("+A", "+B", "<A", "+C"), C) == A


def test_refused_release_is_never_gone_back_to() -> None:
    """B reverted itself; then C went live."""
    assert decide_rollback(lines("+A", "+B", "!A", "+C"), C) == A


def test_release_that_is_activated_again_is_on_top() -> None:
    """Forth again after a rollback is an activation like any other."""
    assert decide_rollback(lines("+A", "+B", "<A", "+B"), B) == A
    assert decide_rollback(lines("+A", "+B", "+A"), A) == B


def test_canaries_were_never_live() -> None:
    """Neither their begin nor their end is on the line."""
    assert build_line(lines("+A", "?B", "?A", "+C")) == (C, A)


def test_rollback_over_several_forgets_all_of_them() -> None:
    """From D straight to A."""
    assert build_line(lines("+A", "+B", "+C", "+D", "<A")) == (A,)


def test_pointer_written_by_hand_is_known_from_what_came_after_it() -> None:
    """The next activation says what was live before it."""
    history = lines("+A")
    history.insert(0, Activation(release=C, previous=B, at=9, kind="activate"))
    assert decide_rollback(history, C) == B


def test_pointer_written_by_hand_just_now_leads_to_what_history_knows() -> None:
    """Nobody knows how long it was live; the last one that history tells of was."""
    assert decide_rollback(lines("+A", "+B"), D) == B
    assert decide_rollback(lines("+A", "+B"), None) == B


def test_no_history_leads_nowhere() -> None:
    """And neither does a first release."""
    assert decide_rollback([], A) is None
    assert decide_rollback(lines("+A"), A) is None


def test_targets_of_rollbacks_in_a_row() -> None:
    """What must stay published."""
    assert list_rollback_targets(lines("+A", "+B", "+C"), C) == (B, A)


def test_activation_of_a_release_is_its_newest() -> None:
    """Who made it live last, not who did first; a canary made nothing live."""
    history = lines("+A", "+B", "<A", "?B")
    found = find_activation(history, A)
    assert found
    assert (found.at, found.kind) == (2, "rollback")
    assert find_activation(history, C) is None


def test_canary_is_newest_only_while_it_stands() -> None:
    """One that was activated since, or ended, or replaced, is not what a rollback undoes."""
    standing = Pointing(index=1, release=A, canary=Canary(B, 10))
    assert is_canary_newest(lines("+A", "?B"), standing)
    assert not is_canary_newest(lines("+A", "?B", "+C"), standing)
    assert not is_canary_newest(lines("+A", "?B", "?A"), Pointing(index=1, release=A))
    assert not is_canary_newest([], standing)


@given(st.lists(st.tuples(st.sampled_from("+<!?"), st.sampled_from("ABCD")), max_size=30))
def test_rollback_never_leads_to_what_is_live(words: list[tuple[str, str]]) -> None:
    """Whatever happened: it is another release, and one that was live once."""
    history = lines(*("".join(word) for word in words))
    live = next((a.release for a in history if a.kind != "canary"), None)
    target = decide_rollback(history, live)
    assert target is None or target != live
    assert target is None or any(target == a.release for a in history if a.kind != "canary")
    line = build_line(history)
    assert len(line) == len(set(line))
    assert not live or line[0] == live
