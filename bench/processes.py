"""What the processes of a peer cost, and which processor they are on.

In: process ids. Out: processor seconds and bytes, of the processes and all their children (Linux:
proc(5)). Never ends a process.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK = 0.2
"""Seconds between two looks at processes that should come to rest."""

IDLE_SHARE = 0.1
"""Of a processor; less than that is rest. The kernel counts in hundredths of a second."""


@dataclass(frozen=True)
class Cores:
    """Which processors a run uses: ``server`` for the peer, ``client`` for load, store, origin."""

    server: tuple[int, ...]
    client: tuple[int, ...]

    @property
    def shared(self) -> bool:
        """Whether server and client get in each other's way."""
        return bool(set(self.server) & set(self.client))

    @property
    def threads_of_one_core(self) -> bool:
        """Whether they are not the same, and yet not two: hyper-threads slow each other down."""
        near = set[int]().union(*(_siblings(core) for core in self.server))
        return not self.shared and bool(near & set(self.client))

    def describe(self) -> dict[str, object]:
        """For results."""
        return {
            "server": self.server,
            "client": self.client,
            "shared": self.shared,
            "threads_of_one_core": self.threads_of_one_core,
        }


def choose_cores(workers: int = 1, available: Iterable[int] | None = None) -> Cores:
    """A processor for each worker and another for the client, as far as there are enough.

    Threads of one physical core are not used for both sides where that can be helped. With too few
    processors the client shares those of the server.
    """
    cores = sorted(os.sched_getaffinity(0) if available is None else available)
    server = tuple(cores[:workers])
    rest = [c for c in cores[workers:] if not _siblings(c) & set(server)] or cores[workers:]
    return Cores(server, tuple(rest[-1:]) or tuple(cores))


def _siblings(core: int) -> set[int]:
    path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    with contextlib.suppress(OSError, ValueError):
        found: set[int] = set()
        for part in path.read_text().strip().split(","):
            first, _, last = part.partition("-")
            found.update(range(int(first), int(last or first) + 1))
        return found
    return {core}


@contextlib.contextmanager
def running_on(cores: Iterable[int]) -> Iterator[None]:
    """What is started by this thread while this is open runs on these processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(cores))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pin(pids: Iterable[int], cores: Iterable[int]) -> None:
    """Move processes, their children and all threads of them to these processors."""
    wanted = set(cores)
    for process in _tree(pids):
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{process.pid}/task").iterdir():
                with contextlib.suppress(OSError):
                    os.sched_setaffinity(int(thread.name), wanted)


def measure_cpu(pids: Iterable[int]) -> dict[tuple[int, float], float]:
    """User and system seconds so far, by process (id and time of its start)."""
    found = {}
    for process in _tree(pids):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            found[process.pid, process.create_time()] = times.user + times.system
    return found


def count_cpu(
    before: dict[tuple[int, float], float], after: dict[tuple[int, float], float]
) -> float:
    """Processor seconds between two looks; those of a process that ended in between are lost."""
    return sum(seconds - before.get(key, 0.0) for key, seconds in after.items())


def wait_idle(pids: Iterable[int], seconds: float = 3.0) -> float:
    """Processor seconds that processes still took until they rested, or until the time is over.

    What a server puts off until after an answer is a cost of the answer, and is not to be in the
    way of whoever is asked next.
    """
    own = list(pids)
    first = last = measure_cpu(own)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(LOOK)
        now = measure_cpu(own)
        if count_cpu(last, now) <= IDLE_SHARE * LOOK:
            return count_cpu(first, now)
        last = now
    return count_cpu(first, last)


def measure_memory(pids: Iterable[int]) -> dict[int, int]:
    """Bytes by process id: its own pages, and its share of those that it has with others (PSS)."""
    found = {}
    for process in _tree(pids):
        with contextlib.suppress(OSError, psutil.Error):
            found[process.pid] = _read_pss(process.pid)
    return found


def _read_pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _tree(pids: Iterable[int]) -> list[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            for one in (process, *process.children(recursive=True)):
                found[one.pid] = one
    return list(found.values())
