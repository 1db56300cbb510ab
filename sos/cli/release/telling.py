"""What became of a change, in words, as JSON, and as an exit code.

In: an `Outcome`. Out: lines that end with what to do next, an object for ``--json``, a number.
"""

from typing import Any

import msgspec

from sos.cli.release.running import say
from sos.rollout.change import Outcome, Result
from sos.rollout.pointer import Activation

CODES: dict[Result, int] = {
    "live": 0,
    "pointed": 0,
    "canary": 0,
    "late": 1,
    "reverted": 1,
    "refused": 1,
    "overtaken": 1,
    "canary ended": 1,
    "unseen": 69,
    "empty": 69,
}


def describe_outcome(outcome: Outcome) -> list[str]:
    """Lines for a person: what is so now, why, and what to do next."""
    release, live, reason = outcome.release, outcome.live or "no release", outcome.reason
    seconds = max((n.seconds or 0.0 for n in outcome.nodes), default=0.0)
    count = len(outcome.view.select("serves")) if outcome.view else 0
    nodes = f"{count} node{'s' if count != 1 else ''}"
    words: dict[Result, list[str]] = {
        "live": [f"{release} is live on {nodes}, the last of them after {seconds:.1f} s"],
        "pointed": [f"{release} is what should be live; nobody looked whether it is: sos fleet"],
        "late": [
            f"{release} should be live, and is not everywhere: {reason}",
            "look again with `sos fleet`, or go back with `sos release rollback`",
        ],
        "reverted": [f"{release} was refused: {reason}", f"{live} is live again"],
        "refused": [f"{release} should be live, and is refused: {reason}"],
        "overtaken": [
            f"{release} is not what should be live any more: {live} is, which somebody else "
            "activated meanwhile",
            "who, and why: sos release list --history",
        ],
        "unseen": [
            f"{release} is what should be live: the pointer is set",
            f"the fleet can't be seen: {reason}",
            f"look later: sos fleet, or sos release activate {release}",
        ],
        "empty": [
            f"{release} is what should be live: the pointer is set",
            "no node has reported: is SOS_REDIS_URL that of the nodes, and SOS_SITE theirs?",
        ],
        "canary": [
            f"{release} is live on {nodes}, {outcome.percent:g} % of the fleet",
            f"next: sos release activate {release}, or sos release canary --stop",
        ],
        "canary ended": [
            f"the canary {release} has ended: {reason}",
            f"{live} is live on every node",
        ],
    }
    return words[outcome.result]


def build_report(outcome: Outcome) -> dict[str, Any]:
    """What ``--json`` prints."""
    changed = outcome.changed
    return {
        "result": outcome.result,
        "release": outcome.release,
        "live": outcome.live,
        "previous": changed.previous if changed else None,
        "reason": outcome.reason,
        "percent": outcome.percent,
        "changed": msgspec.to_builtins(changed) if changed else None,
        "nodes": [msgspec.to_builtins(n) for n in outcome.nodes],
        "silent": outcome.view.silent if outcome.view else (),
        "seconds": round(outcome.view.seconds, 3) if outcome.view else 0.0,
        "exit_code": CODES[outcome.result],
    }


def describe_interruption(changes: list[Activation]) -> str:
    """What Ctrl-C left behind."""
    if not changes:
        return "nothing was changed"
    last = changes[-1]
    if last.kind == "canary":
        return (
            f"the canary {last.release} stands; end it with `sos release canary --stop`"
            if last.release != last.previous and len(changes) == 1
            else "the canary was ended"
        )
    return (
        f"the pointer IS set: {last.release} goes live on every node. Watch with "
        f"`sos release activate {last.release}`, go back with `sos release rollback`"
    )


def tell(outcome: Outcome) -> None:
    """The lines on stderr."""
    for line in describe_outcome(outcome):
        say(line)
