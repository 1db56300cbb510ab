"""``python -m bench [--quick] [SUITE …]``: run suites one after the other, then write the report.

Each suite is a process of its own that writes ``results/SUITE.json`` when it is done: what fails or
is interrupted costs no other its figures. Ctrl-C ends the suite under way with all it started.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.report import write_report

SUITES: dict[str, tuple[str, ...]] = {
    "throughput": (),
    "steady": (),
    "mixed": (),
    "workers": (),
    "worker_memory": (),
    "publish_to_live": (),
    "start_and_flip": ("--runs", "3"),
    "render_scale": (),
    "import_speed": (),
    "save_request": ("--rounds", "20"),
}
"""What a full run does, and with which arguments; about half an hour all together."""

QUICK = ("throughput",)
"""What a quick run does: the main table, in two minutes."""

HAS_QUICK = ("throughput", "steady", "mixed", "workers", "worker_memory")

LIMIT = 1200.0
"""Seconds that a suite may take; then it is interrupted."""

PATIENCE = 90.0
"""Seconds that an interrupted suite has to end its servers: a node of sos drains for up to 45."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 where a suite failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--quick", action="store_true", help="the main table, in two minutes")
    parser.add_argument(
        "--report", action="store_true", help="measure nothing; write bench/README.md's tables anew"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.suites) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    if options.report:
        write_report()
        return 0
    # Who is told to end in any way ends its servers first.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    failed = []
    began = time.monotonic()
    try:
        for name in options.suites or (QUICK if options.quick else SUITES):
            if not run_suite(name, quick=options.quick):
                failed.append(name)
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    finally:
        if not options.quick:
            write_report()
    print(f"bench: {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    if failed:
        print(f"bench: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def run_suite(name: str, *, quick: bool) -> bool:
    """Whether it came to its end. Raises KeyboardInterrupt once it has ended after Ctrl-C."""
    print(f"== {name}", flush=True)
    words = ["--quick"] if quick and name in HAS_QUICK else list(SUITES[name])
    process = subprocess.Popen(
        [sys.executable, "-m", f"bench.{name}", *words], cwd=Path(__file__).parent.parent
    )
    try:
        return process.wait(LIMIT) == 0
    except subprocess.TimeoutExpired:
        print(f"bench: {name} takes more than {LIMIT / 60:.0f} minutes", file=sys.stderr)
        return False
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Have a suite stop what it started, and wait for that."""
    if process.poll() is not None:
        return
    # A terminal's Ctrl-C has reached it as well; another signal has not.
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
        return
    process.kill()
    process.wait()


if __name__ == "__main__":
    sys.exit(main())
