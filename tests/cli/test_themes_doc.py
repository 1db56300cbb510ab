"""docs/themes.md: fifteen minutes, word for word, by somebody who has never done it before."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from sos.cli.dev import dev

from tests.cli.walkthrough import Step, compare_steps, read_steps, run_steps
from tests.dev.running import Dev

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/themes.md").read_text()
START_SECONDS = 60.0


def environment() -> dict[str, str]:
    """That of a shell of somebody who has set nothing."""
    foreign = ("SOS_", "AWS_", "CONSUL_", "GITHUB_", "GITLAB_", "JENKINS_", "SOURCE_DATE")
    own = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    return {**own, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Path]:
    """``sos demo`` in the folder, as in the third terminal; the file that names its node."""
    with (tmp_path / "demo.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sos", "demo"],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C" not in (tmp_path / "demo.log").read_text():
            assert process.poll() is None, (tmp_path / "demo.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield tmp_path / "var/demo/sample/node.json"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def fetch(url: str) -> str:
    """The text at an address."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def blur(steps: list[Step]) -> list[Step]:
    """Without paths and sizes, which are others on each machine."""
    patterns = ((r"(which lies in) .*", r"\1 PATH"), (r"(published in) .*", r"\1 PLACE"))
    blurred = []
    for step in steps:
        said = step.said
        for pattern, instead in patterns:
            said = [re.sub(pattern, instead, line) for line in said]
        blurred.append(Step(step.command, said))
    return blurred


async def test_fifteen_minutes_say_what_they_say(tmp_path: Path, demo: Path) -> None:
    """Each command in order, with `sos dev` and `sos demo` beside; what they promise is there."""
    documented = read_steps(DOCUMENT, "## Fifteen minutes")
    assert len(documented) == 11
    assert "sos dev --templates my-theme\n" in DOCUMENT
    real = await run_steps(documented[:1], tmp_path, environment())
    running = Dev(tmp_path, theme="my-theme")
    try:
        await asyncio.to_thread(running.start)
        # What `sos dev` said of itself is not what the steps are about.
        real += await run_steps(documented[1:], tmp_path, environment())
        wrong = compare_steps(blur(documented), blur(real))
        assert not wrong, "\n\n".join(wrong)
        live = f"http://{json.loads(demo.read_text())['public']}"
        for site in (running.url, live):
            page = await asyncio.to_thread(fetch, f"{site}/")
            assert "Made on the quay." in page, site
            (sheet,) = re.findall(r'href="(/_assets/[^"]*tokens\.css)"', page)
            assert "--accent: #14532d" in await asyncio.to_thread(fetch, site + sheet)
        assert "PageModel has no field 'titel'" in running.said()
    finally:
        await asyncio.to_thread(running.stop)


def test_options_of_sos_dev_are_documented() -> None:
    """All of them, and no others."""
    section = DOCUMENT.partition("\n## sos dev\n")[2]
    known = {option for parameter in dev.params for option in parameter.opts}
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", section.partition("\n- ")[0]))
    assert told == known
