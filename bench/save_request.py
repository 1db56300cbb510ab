"""How much longer a save takes in WordPress with the plugin on, whatever state Redis is in.

Real WordPress, saved as the block editor does, behind nginx and PHP-FPM and on PHP's own web
server; Redis up, down, and lost in the ways that hang clients. The states take turns, so that what
else the machine does falls on all of them alike; what was added is the median of the differences
within a turn.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.publisher.save_rig import (
    BUILT_IN,
    FPM,
    OFF,
    STATES,
    measure_saves,
    start_rig,
    summarize,
)

from bench.machine import save

ROUNDS = 60
TARGET_MS = 10.0
"""Milliseconds that the plugin may add, as the project promises."""


def main(arguments: list[str] | None = None) -> None:
    """Measure both kinds of server, one after the other, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.save_request", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(arguments or [])
    figures: dict[str, Any] = {"rounds": options.rounds, "target_ms": TARGET_MS}
    for server in (FPM, BUILT_IN):
        with (
            tempfile.TemporaryDirectory() as folder,
            start_rig(STATES, [server], Path(folder)) as rig,
        ):
            times = measure_saves(rig.subjects, options.rounds)
        figures[server] = {
            state: {
                name: round(value, 1)
                for name, value in summarize(times[server, state], times[server, OFF]).items()
            }
            for state in STATES
        }
        for state, found in figures[server].items():
            print(
                f"{server:>18}  {state:<40} median {found['median_ms']:6.1f} ms, "
                f"p95 {found['p95_ms']:6.1f}, max {found['max_ms']:7.1f}, "
                f"added {found['added_in_turn_ms']:+5.1f} ms, "
                f"of processor time {found['added_processor_ms']:+5.1f}"
            )
    save("save_request", figures)


if __name__ == "__main__":
    main(sys.argv[1:])
