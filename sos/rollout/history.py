"""What the pointer's history says about going back: activations in, a line of releases out. Pure.

The line is what was live, the newest first, without what was rolled back from: going back twice
leads further back, not forth again. It never decides whether a release is any good.
"""

from collections.abc import Iterable, Sequence

from sos.rollout.pointer import Activation, Pointing

PROTECTED = 5
"""How many rollbacks in a row have to find their release still published."""


def build_line(history: Sequence[Activation]) -> tuple[str, ...]:
    """Releases that rollbacks lead back through, the live one first.

    ``history`` is newest first, as `Pointer.fetch_history` gives it. A pointer that was written by
    hand is in it where the next activation says what was live before.
    """
    line: list[str] = []
    for activation in reversed(history):
        if activation.kind == "canary":
            continue
        _note_previous(line, activation.previous)
        if activation.kind == "activate":
            _push(line, activation.release)
        else:
            _go_back(line, activation)
    return tuple(reversed(line))


def decide_rollback(history: Sequence[Activation], live: str | None) -> str | None:
    """The release that a rollback from ``live`` leads to; None where history knows of none.

    ``live`` is None when the pointer names no release: then it is the last one that was live.
    """
    line = build_line(history)
    if live in line:
        line = line[line.index(live) + 1 :]
    return line[0] if line else None


def list_rollback_targets(history: Sequence[Activation], live: str | None) -> tuple[str, ...]:
    """The releases that the next rollbacks in a row lead to, the next one first."""
    line = build_line(history)
    if live in line:
        line = line[line.index(live) + 1 :]
    return line[:PROTECTED]


def find_activation(history: Iterable[Activation], release: str) -> Activation | None:
    """The newest line that made a release live; None where history does not reach back so far."""
    return next((a for a in history if a.release == release and a.kind != "canary"), None)


def is_canary_newest(history: Sequence[Activation], pointing: Pointing) -> bool:
    """Whether the canary that stands is the last thing that anybody changed."""
    canary, newest = pointing.canary, history[0] if history else None
    return bool(canary and newest and newest.kind == "canary" and newest.release == canary.release)


def _note_previous(line: list[str], previous: str) -> None:
    """What was live when the next line was written, if that is not the top: set by hand."""
    if previous and previous in line:
        del line[line.index(previous) + 1 :]
    elif previous:
        line.append(previous)


def _push(line: list[str], release: str) -> None:
    if release in line:
        line.remove(release)
    line.append(release)


def _go_back(line: list[str], activation: Activation) -> None:
    if activation.release in line:
        del line[line.index(activation.release) + 1 :]
        return
    if activation.previous in line:
        del line[line.index(activation.previous) :]
    line.append(activation.release)
