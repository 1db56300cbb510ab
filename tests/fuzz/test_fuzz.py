"""Each target for a few seconds; ``make fuzz`` does so at length."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz import run
from tests.fuzz.inputs import inputs
from tests.fuzz.run import NAMES, Target, judge_or_report, make_target, read_corpus

EXAMPLES = {"front": 700, "document": 120, "bundle": 500}


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def target(name: str) -> Iterator[Target]:
    made = make_target(name)
    yield made
    made.close()


def test_every_seed_is_judged_well(name: str, target: Target) -> None:
    """The corpus is of what once was wrong, and of what leads to other code."""
    seeds = read_corpus(name)
    assert len(seeds) >= 10
    for seed in seeds.values():
        assert len(seed) < 20_000
        judge_or_report(name, target, seed)


def test_nothing_is_found_in_a_few_seconds(name: str, target: Target) -> None:
    """Whatever comes, it is judged well; else the command that shows it again is printed."""

    @settings(
        max_examples=EXAMPLES[name],
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    @given(inputs(name))
    def judge(data: bytes) -> None:
        judge_or_report(name, target, data)

    judge()


class Fragile:
    """A target with a fault."""

    def judge(self, data: bytes) -> None:
        """Dislike one byte."""
        assert b"x" not in data

    def close(self) -> None:
        """Nothing to end."""


def test_what_is_found_comes_with_the_command_that_shows_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The input is in a file; the smallest one comes last."""
    monkeypatch.setattr(run, "FOUND", tmp_path)

    @settings(max_examples=200, deadline=None, database=None)
    @given(st.binary(max_size=200))
    def judge(data: bytes) -> None:
        judge_or_report("front", Fragile(), data + b"x")

    with pytest.raises(AssertionError) as caught:
        judge()
    (note,) = [n for n in caught.value.__notes__ if n.startswith("again: ")]
    command, file = note.removeprefix("again: ").rsplit(" ", 1)
    assert command == "python -m tests.fuzz.run front"
    assert Path(file).read_bytes() == b"x"


def test_a_file_is_judged_again_by_command(tmp_path: Path) -> None:
    """The command of a report does what it says, in a process of its own."""
    file = tmp_path / "input"
    file.write_bytes(b"b" + b"no bundle")
    command = [sys.executable, "-m", "tests.fuzz.run", "bundle", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "nothing is wrong\n"), done.stderr
