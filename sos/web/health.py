"""Liveness and health of a node: what its workers said last in, a verdict and its JSON out. Pure.

The shape of the answers is described in docs/health.md; `private` serves them.
"""

from typing import Any

import msgspec

from sos.web.channel import Beat

SELF_RENDER_FAILURES = 2
"""Failed self-renders in a row that make a node unhealthy: one may be a hiccup."""

Verdict = tuple[int, dict[str, Any]]
"""HTTP status, and the members of the JSON object."""


class WorkerView(msgspec.Struct, frozen=True, kw_only=True):
    """One worker as its supervisor knows it; ``beat`` is None until the process has spoken."""

    worker: int
    pid: int | None
    alive: bool
    ready: bool
    silent_seconds: float
    restarts: int
    beat: Beat | None


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A node as its supervisor knows it, at one moment."""

    version: str
    pid: int
    uptime_seconds: float
    draining: bool
    workers: tuple[WorkerView, ...]


def decide_livez(node: NodeView) -> Verdict:
    """Whether a restart of the node would help: its loops run, or they don't. Pure."""
    dead = [w.worker for w in node.workers if not w.alive]
    body = {"status": "dead" if dead else "ok", "pid": node.pid, "silent_workers": dead}
    return 503 if dead else 200, body


def decide_health(node: NodeView, release: str | None = None) -> Verdict:
    """Whether this node should get traffic; with ``release``, whether it serves exactly that one.

    Every worker answers, has an active release, and rendered the front page. The content store is
    reported and never judged: a node that serves its last good copies is better than none. Pure.
    """
    reasons = find_faults(node, release)
    started = all(w.beat and w.beat.ready and w.beat.listening for w in node.workers) or any(
        w.restarts for w in node.workers
    )
    if node.draining:
        status, reasons = "draining", ["the node is shutting down"]
    elif reasons:
        status = "unhealthy" if started else "starting"
    else:
        status = "ok"
    return 200 if status == "ok" else 503, {
        "status": status,
        "reasons": reasons,
        **_describe_node(node),
    }


def find_faults(node: NodeView, release: str | None = None) -> list[str]:
    """What is wrong with the workers of a node, a sentence each; empty when all is well."""
    return [reason for w in node.workers for reason in _find_faults(w, release)]


def _find_faults(w: WorkerView, release: str | None) -> list[str]:
    name = f"worker {w.worker}"
    if not w.ready or w.beat is None:
        return [f"{name} does not answer" if w.beat and w.beat.ready else f"{name} is not ready"]
    faults = []
    if not w.beat.listening:  # or a balancer would send traffic before the port is open
        faults.append(f"{name} is not listening")
    if w.beat.status.release is None:
        faults.append(f"{name} has no active release")
    elif release is not None and w.beat.status.release != release:
        faults.append(f"{name} serves release {w.beat.status.release}")
    render = w.beat.self_render
    if not render.passed or render.failures >= SELF_RENDER_FAILURES:
        faults.append(f"{name} can't render its front page ({render.failures} in a row)")
    return faults


def _describe_node(node: NodeView) -> dict[str, Any]:
    beats = [w.beat for w in node.workers if w.beat]
    releases = {b.status.release for b in beats}
    lags = [b.status.content_lag_seconds for b in beats]
    known = [lag for lag in lags if lag is not None]
    return {
        "release": releases.pop() if len(releases) == 1 else None,
        "content_revision": min((b.status.content_revision for b in beats), default=0),
        "version": node.version,
        "pid": node.pid,
        "uptime_seconds": round(node.uptime_seconds, 1),
        "dependencies": {
            "content_store": {
                "ok": bool(beats) and all(b.status.store_ok for b in beats),
                "stale": any(b.status.stale for b in beats),
                "lag_seconds": max(known) if known and len(known) == len(lags) else None,
            }
        },
        "workers": [_describe_worker(w) for w in node.workers],
    }


def _describe_worker(w: WorkerView) -> dict[str, Any]:
    about: dict[str, Any] = {
        "worker": w.worker,
        "pid": w.pid,
        "ready": w.ready,
        "silent_seconds": round(w.silent_seconds, 2),
        "restarts": w.restarts,
    }
    if w.beat:
        about |= msgspec.structs.asdict(w.beat.status)
        about["self_render"] = w.beat.self_render
    return about
