"""What a trial may take of the machine: `Limits` in, a process that the kernel holds to them.

The kernel's limits end the whole process; `watch_slow` ends a single template before that, so that
its file and line can be named. Only for a process that does nothing else, in its main thread.
"""

import contextlib
import ctypes
import math
import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from sos.release.sandbox import is_template
from sos.rollout.trial_wire import Limits

NICENESS = 5
"""Visitors go first: a trial that takes ten seconds must not slow down a node's workers."""


class SlowTemplateError(Exception):
    """A template took too long and was stopped. `Release.render` makes a TemplateError of it."""


def retire() -> None:
    """Leave the stage to others: end with the parent, ignore its signals, yield processor and
    memory to every other process of the node."""
    # Both reach the whole group of processes (Ctrl-C, systemd): only the supervisor acts on them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pr_set_pdeathsig = 1
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    with contextlib.suppress(OSError):
        # When memory runs out on the node, the kernel takes this process first (proc(5)).
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    with contextlib.suppress(OSError):
        os.nice(NICENESS)


def apply_limits(limits: Limits) -> None:
    """Hold this process to ``limits`` from now on. No file grows, no process or thread starts."""
    _lower(resource.RLIMIT_AS, limits.memory)
    # From the soft limit on the kernel sends SIGXCPU, which ends the process: the hard one is for
    # a process that ignored it.
    seconds = math.ceil(time.process_time() + limits.cpu_seconds)
    _lower(resource.RLIMIT_CPU, seconds, seconds + 2)
    _lower(resource.RLIMIT_FSIZE, 0, 0)
    _lower(resource.RLIMIT_CORE, 0, 0)
    _lower(resource.RLIMIT_NOFILE, 32, 32)
    _lower(resource.RLIMIT_NPROC, 0, 0)  # root is exempt from this one


def release_memory() -> None:
    """Allow as much memory as the machine has: what is left to do is to tell what happened."""
    with contextlib.suppress(OSError, ValueError):
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def install_watch() -> None:
    """Prepare `watch_slow`."""
    signal.signal(signal.SIGPROF, _stop_template)


@contextlib.contextmanager
def watch_slow(seconds: float = 1.0) -> Iterator[None]:
    """Stop a template within this block with SlowTemplateError after ``seconds`` of processor time.

    The processor time of what is not a template counts too, but nothing else is stopped so. What
    does not stop, because C code does not look, ends the process with SIGXCPU a little later.
    """
    before = resource.getrlimit(resource.RLIMIT_CPU)
    _lower(resource.RLIMIT_CPU, math.ceil(time.process_time() + seconds) + 1, before[1])
    # Again and again: an exception that lands in a place where Python drops it is not the last.
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_CPU, before)


def _stop_template(number: int, frame: FrameType | None) -> None:
    while frame is not None:
        if is_template(frame.f_code.co_filename):
            raise SlowTemplateError("takes too long")
        frame = frame.f_back


def _lower(which: int, soft: int, hard: int = resource.RLIM_INFINITY) -> None:
    """Lower a limit to these bounds; one that is lower already stays as it is."""
    limits = zip((soft, hard), resource.getrlimit(which), strict=True)
    lower = [
        min(filter(lambda n: n != resource.RLIM_INFINITY, pair), default=-1) for pair in limits
    ]
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(which, (lower[0], lower[1]))
