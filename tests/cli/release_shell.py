"""``sos release`` for tests: a shell with stores of its own in a folder, and nodes that follow.

The register is that of a real Valkey. The nodes here are no processes: they read the pointer and
report what they serve, as real ones do, and refuse what they are told to.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sos.adapters.file_keys import FileKeys
from sos.adapters.folder_objects import FolderObjects
from sos.adapters.redis.fleet import RedisFleet
from sos.release.bundle import build_bundle
from sos.rollout.follow import decide_target
from sos.rollout.pointer import Activation, Pointer
from sos.rollout.ports import NodeReport
from sos.rollout.releases import Releases

ROOT = Path(__file__).parents[2]

INDEX = """\
<!doctype html>
<html lang="en"><head><title>{{ page.title }}</title>
<link rel="stylesheet" href="{{ asset('style.css') }}"></head>
<body>
<h1>{{ page.title }}</h1>
{% for post in page.posts %}<p>{{ post.title }}</p>
{% endfor %}
</body></html>
"""

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def id(self) -> str:
        """The id that it printed, and nothing else."""
        assert ID.fullmatch(self.out.strip()), (self.out, self.err)
        return self.out.strip()


class ReleaseShell:
    """Runs ``sos release …`` in a folder of its own, with a site of its own."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.folder = folder
        self.host = f"{uuid.uuid4().hex}.example"
        self.redis_url = redis_url
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)},
            "SOS_SITE": f"https://{self.host}",
            "SOS_REDIS_URL": redis_url,
            "SOS_TEMPLATES": "templates",
            "PYTHONPATH": str(ROOT),
        }
        self.started: list[asyncio.subprocess.Process] = []
        self.pointer = Pointer(FileKeys(folder / "var/pointer"))
        self.write("templates/index.html", INDEX)
        self.write("templates/assets/style.css", "h1 { color: green }\n")
        self._versions = 0

    def write(self, name: str, text: str) -> Path:
        """A file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    async def start(self, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        """Start ``sos release …``."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from sos.cli import main; main()", "release", *arguments),
            env={**self.environment, **environment},
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self.started.append(process)
        return process

    async def run(self, *arguments: str, **environment: str) -> Ended:
        """Run it to its end."""
        return await end(await self.start(*arguments, **environment))

    async def publish(self, text: str = "") -> str:
        """Publish a release that differs from all before; its id."""
        self._versions += 1
        page = text or f"{INDEX}<!-- version {self._versions} --></html>"
        files = {"index.html": page.encode(), "assets/style.css": b"h1 { color: green }\n"}
        bundle, seal = build_bundle(files, created=1_700_000_000 + self._versions)
        await Releases(FolderObjects(self.folder / "var/releases")).publish(bundle, seal)
        return seal.id

    async def point(self, *releases: str, by: str = "ann", ago: float = 3600.0) -> None:
        """Make these live one after another, an hour ago."""
        for release in releases:
            now = await self.pointer.fetch()
            at = time.time() - ago
            line = Activation(release=release, previous=now.release or "", at=at, by=by, why="x")
            assert await self.pointer.activate(line, now)

    async def aclose(self) -> None:
        """End what was started."""
        for process in self.started:
            if process.returncode is None:
                process.kill()
                await process.wait()


_FOREIGN = ("SOS_", "CONSUL_", "AWS_", "GITHUB_", "GITLAB_", "JENKINS_", "SOURCE_DATE_EPOCH")


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Return once something is so, asked again and again."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.01)


async def end(process: asyncio.subprocess.Process) -> Ended:
    """Wait for a command."""
    out, err = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


@dataclass
class ReportingNodes:
    """Nodes that report to the register ten times a second; ``refusing`` refuse ``bad``."""

    shell: ReleaseShell
    names: tuple[str, ...]
    bad: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    serving: dict[str, str | None] = field(default_factory=dict)
    previous: str | None = None
    rounds: int = 0
    stopped: bool = False

    async def wait_reported(self) -> None:
        """Return once what is so now has been reported."""
        wanted = self.rounds + 2
        await until(lambda: self.rounds >= wanted)

    async def run(self) -> None:
        """Report until ``stopped``. Not until cancelled: a driver may lose a cancellation."""
        register = RedisFleet(self.shell.redis_url, self.shell.host, 5000)
        try:
            while not self.stopped:
                pointing = await self.shell.pointer.fetch()
                for name in self.names:
                    target = decide_target(pointing, name)
                    await register.report(self._report(name, target), 5.0)
                self.rounds += 1
                await asyncio.sleep(0.05)
        finally:
            await register.aclose()

    def _report(self, name: str, target: str | None) -> NodeReport:
        refuses = target in self.bad and name in self.refusing
        if target and not refuses and name not in self.stuck:
            self.serving[name] = target
        return NodeReport(
            node=name,
            private="127.0.0.1:1",
            state="refused" if refuses else "current",
            release=self.serving.get(name),
            previous=self.previous,
            target=target,
            refused=target or "" if refuses else "",
            refusal="index.html:3: list object has no element 5" if refuses else "",
            phase="fetching" if name in self.stuck else "idle",
        )


@asynccontextmanager
async def reporting_nodes(shell: ReleaseShell, count: int = 2) -> AsyncIterator[ReportingNodes]:
    """So many nodes, from their first report on."""
    nodes = ReportingNodes(shell, tuple(f"web-{n}" for n in range(1, count + 1)))
    task = asyncio.get_running_loop().create_task(nodes.run())
    try:
        await nodes.wait_reported()
        yield nodes
    finally:
        nodes.stopped = True
        await task
