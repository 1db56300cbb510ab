"""Fuzz at length: ``python -m tests.fuzz.run [TARGET ...] [--seconds N]``, or one file again.

With atheris (``pip install atheris``) the search is guided by what code an input reaches; without
it hypothesis makes inputs of the same parts. What is found is written to ``var/fuzz``, with the
command that shows it again: ``python -m tests.fuzz.run TARGET FILE``.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Protocol

from hypothesis import HealthCheck, given, settings

CORPUS = Path(__file__).parent / "corpus"
FOUND = Path("var/fuzz")
SECONDS = int(os.environ.get("SOS_FUZZ_SECONDS", "600"))
"""For all targets together."""

NAMES = ("front", "document", "bundle")

_FAILED = 77


class Target(Protocol):
    """What is fuzzed."""

    def judge(self, data: bytes) -> None:
        """Raise where something is wrong."""

    def close(self) -> None:
        """End what it started."""


def make_target(name: str) -> Target:
    """The target of a name; imported late, so that what it imports can be watched."""
    if name == "front":
        from tests.fuzz.front_target import FrontTarget

        return FrontTarget()
    if name == "document":
        from tests.fuzz.document_target import DocumentTarget

        return DocumentTarget()
    from tests.fuzz.bundle_target import BundleTarget

    return BundleTarget()


def read_corpus(name: str) -> dict[str, bytes]:
    """The seeds of a target."""
    return {f.name: f.read_bytes() for f in sorted((CORPUS / name).iterdir())}


def report(name: str, data: bytes) -> str:
    """Keep an input that shows a fault; the command that shows it again."""
    FOUND.mkdir(parents=True, exist_ok=True)
    file = FOUND / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
    file.write_bytes(data)
    return f"python -m tests.fuzz.run {name} {file}"


def judge_or_report(name: str, target: Target, data: bytes) -> None:
    """Judge; a fault comes with its command."""
    try:
        target.judge(data)
    except BaseException as exc:
        if isinstance(exc, Exception):
            exc.add_note(f"again: {report(name, data)}")
        raise


def fuzz_by_hypothesis(name: str, seconds: float) -> None:
    """Make inputs until the time is up. Raises what a target raises."""
    from tests.fuzz.inputs import inputs

    target, until = make_target(name), time.monotonic() + seconds
    tried = 0

    @settings(
        max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(inputs(name))
    def judge(data: bytes) -> None:
        nonlocal tried
        if time.monotonic() < until:
            tried += 1
            judge_or_report(name, target, data)

    try:
        while time.monotonic() < until:
            judge()
    finally:
        target.close()
        print(f"{name}: {tried} inputs")


def fuzz_by_atheris(name: str, seconds: float) -> None:
    """The same, guided by coverage; it ends this process."""
    import atheris

    with atheris.instrument_imports(include=["sos", "aiohttp"]):
        target = make_target(name)
    FOUND.mkdir(parents=True, exist_ok=True)
    learned = tempfile.mkdtemp(prefix=f"sos-fuzz-{name}-")
    options = [
        f"-max_total_time={int(seconds)}",
        f"-artifact_prefix={FOUND}/{name}-",
        "-max_len=40000",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup(
        [sys.argv[0], *options, learned, str(CORPUS / name)],
        lambda data: judge_or_report(name, target, data),
    )
    atheris.Fuzz()


def run_all(names: list[str], seconds: float) -> int:
    """Each in a process of its own, which may crash; 1 where something was found."""
    guided = importlib.util.find_spec("atheris") is not None
    print(f"{seconds:.0f} s in all, by {'atheris' if guided else 'hypothesis'}")
    found = []
    for name in names:
        command = [sys.executable, "-m", "tests.fuzz.run", "--only", name]
        command += ["--seconds", str(seconds / len(names))]
        code = subprocess.run(command, check=False).returncode
        print(f"{name}: {'nothing found' if code == 0 else 'FOUND something, see above'}")
        found += [name] if code else []
    return 1 if found else 0


def main() -> int:
    """Fuzz, or judge one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", metavar="TARGET|FILE")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--only", choices=NAMES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        by = fuzz_by_atheris if importlib.util.find_spec("atheris") else fuzz_by_hypothesis
        by(args.only, args.seconds)
        return 0
    names = [w for w in args.words if w in NAMES]
    files = [w for w in args.words if w not in NAMES]
    if files:
        target = make_target(names[0])
        for file in files:
            target.judge(Path(file).read_bytes())
        print("nothing is wrong")
        return 0
    return run_all(names or list(NAMES), args.seconds)


if __name__ == "__main__":
    sys.exit(main())
