"""The commands of a document, run as they stand there, and what they say.

A block begins with a line of three backticks and ``console``; a line that begins with ``$`` is a
command, what follows is what it says. What differs from run to run (ids, times, sizes) is put aside
before both are compared.
"""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

END = "--- end of a command ---"

_ID = re.compile(r"\b(?:\d{8}-\d{6}-[0-9a-f]{8}|\d{8}-\d{6}-…)")
_DIGEST = re.compile(r"(?<=/_assets/)[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?= (?:s\b|bytes|files|templates|->|pages|%))")
_SIZE = re.compile(r"(?<=\s)\d+(?=\s*$)")
"""The kilobytes of a release, at the end of its line."""
_BY = re.compile(r"[\w.-]+@[\w.-]+")
_WHO = re.compile(r"\d of (\d nodes refuse it) \([^)]*\)")
"""Nodes are not equally fast; it goes back when the first ones have made up their mind."""
_COHORT = re.compile(r"\d+ nodes?(?=, [\d.]+ % of the fleet)")
_TOKEN = re.compile(r"(?<=sos_token=)\S+")


@dataclass
class Step:
    """A command and what the document says that it says."""

    command: str
    said: list[str] = field(default_factory=list)


def read_steps(document: str, heading: str) -> list[Step]:
    """The steps below a heading, up to the next one of its level."""
    level = heading.split(" ")[0]
    section = document.partition(f"\n{heading}\n")[2].partition(f"\n{level} ")[0]
    assert section, heading
    steps: list[Step] = []
    for block in re.findall(r"```console\n(.*?)```", section, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:]))
            else:
                steps[-1].said.append(line)
    return steps


def normalise(line: str) -> str:
    """A line without what differs from run to run, and without columns."""
    line = _COHORT.sub("N nodes", _WHO.sub(r"N of \1 (WHO)", line))
    line = _SIZE.sub("N", line)
    line = _TIME.sub("TIME", _ID.sub("ID", _DIGEST.sub("DIGEST", _TOKEN.sub("TOKEN", line))))
    return " ".join(_NUMBER.sub("N", _BY.sub("BY", line)).split())


def is_progress(line: str) -> bool:
    """How far a fleet was a second ago, and which nodes a canary is on, is different each time."""
    return bool(re.match(r"N s \d+ of \d+ nodes? |N % would not include ", normalise(line)))


async def run_steps(steps: list[Step], folder: Path, environment: dict[str, str]) -> list[Step]:
    """The same steps with what they really say, in one shell."""
    sos = f'sos() {{ {sys.executable} -c "from sos.cli import main; main()" "$@"; }}'
    script = "\n".join([sos, *(f"{step.command}\necho '{END}'" for step in steps)])
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f"exec 2>&1\n{script}"),
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 200)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = out.decode().split(f"{END}\n")
    return [Step(s.command, text.splitlines()) for s, text in zip(steps, said, strict=False)]


def compare_steps(documented: list[Step], real: list[Step]) -> list[str]:
    """What the document gets wrong; an ellipsis in it stands for any lines."""
    wrong = []
    for old, new in zip(documented, real, strict=True):
        said = [normalise(line) for line in new.said if not is_progress(line)]
        told = [normalise(line) for line in old.said if not is_progress(line)]
        if not _matches(told, said):
            wrong.append(f"$ {old.command}\n" + "\n".join(new.said))
    return wrong


def _matches(told: list[str], said: list[str]) -> bool:
    pattern = "".join(r"(?:.*\n)*" if line == "…" else re.escape(line) + r"\n" for line in told)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in said)) is not None
