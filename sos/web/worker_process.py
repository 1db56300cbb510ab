"""A worker's process: ``python -P -m sos.web.worker_process CHANNEL_FD``.

In: the inherited end of a channel. Out: a worker, sooner than if its modules were just imported.
"""

import contextlib
import ctypes
import signal
import sys

from sos.lean import keep_heap_small, lean_imports

SWITCH_SECONDS = 0.0005
"""How long a thread of a worker keeps the interpreter when the event loop wants it; each request
that comes while a release is being loaded would wait for the usual 5 ms."""


def main() -> None:
    """Import, and be a worker until told to end."""
    keep_heap_small()
    sys.setswitchinterval(SWITCH_SECONDS)
    # Both reach the whole group of processes (Ctrl-C, systemd): only the supervisor acts on them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _die_with_parent()
    with lean_imports():
        from sos.web.worker import run_worker
    run_worker(int(sys.argv[1]))


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when its supervisor dies (prctl(2), Linux)."""
    pr_set_pdeathsig = 1
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    main()
