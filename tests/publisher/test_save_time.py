"""An editor who saves does not wait for Redis, in whatever state it is; the figures are those of bench/save_request.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.publisher.save_rig import (
    BUILT_IN,
    CLOSED,
    FPM,
    OFF,
    SILENT_EACH,
    UNROUTABLE_EACH,
    UP,
    Rig,
    measure_saves,
    start_rig,
    summarize,
)
from tests.servers.debian import MissingServerError, skip_or_fail
from tests.servers.mariadb import MariaDB

pytestmark = pytest.mark.wordpress

STATES = (OFF, UP, CLOSED, SILENT_EACH, UNROUTABLE_EACH)
ROUNDS = 40
PAUSE = 0.08
WAIT_MS = 100.0
"""What would be felt. One time-out of the plugin's is 250 ms, a flush as long as the save itself."""
PROCESSOR_MS = 10.0
"""What the project promises, of the processor time: other work on the machine does not change that much."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("server", [FPM, BUILT_IN])
def test_no_save_waits_for_redis(server: str, tmp_path: Path, mariadb: MariaDB) -> None:
    """With Redis up, down, silent and unreachable, a save takes as long as without the plugin.

    In the last two each save tries anew, so that a wait before the response would be in each of them.
    """
    try:
        with start_rig(STATES, [server], tmp_path, mariadb) as rig:
            measured = measure_saves(rig.subjects, ROUNDS, PAUSE)
            assert rig.silent.count_calls() >= ROUNDS, "the saves did not try to send anything"
            assert [count_backlog(rig, UP), count_backlog(rig, CLOSED) > 0] == [0, True]
    except MissingServerError as error:
        skip_or_fail(str(error))
    for state in STATES[1:]:
        found = summarize(measured[server, state], measured[server, OFF])
        figures = {name: round(value, 1) for name, value in found.items()}
        print(f"{server}, {state}: {figures}")
        assert found["added_in_turn_ms"] < WAIT_MS, (state, figures)
        assert found["added_processor_ms"] < PROCESSOR_MS, (state, figures)


def count_backlog(rig: Rig, state: str) -> int:
    """How many changes wait on the site of that state."""
    site = next(subject.session.site for subject in rig.subjects if subject.state == state)
    return int(
        site.run_php("echo \\SOS_Publisher\\Plugin::instance()->marks()->backlog()['count'];")
    )


def test_a_save_that_waits_is_found() -> None:
    """A wait of 150 ms in each save shows in what was added, also where other work makes all saves slower."""
    quiet = [(40.0 + turn % 7, 30.0) for turn in range(40)]
    busy = [(300.0 * (turn % 3), 30.0) for turn in range(40)]
    for baseline in (quiet, busy):
        slowed = [(time + 150.0, processor) for time, processor in baseline]
        assert summarize(slowed, baseline)["added_in_turn_ms"] == 150.0 > WAIT_MS
        assert summarize(baseline, baseline)["added_in_turn_ms"] == 0.0
