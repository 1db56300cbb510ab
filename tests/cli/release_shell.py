"""``sos release`` for tests: a shell with stores of its own in a folder, and nodes that follow.

The register is that of a real Valkey. The nodes here are no processes: they read the pointer and
report what they serve, as real ones do, and refuse what they are told to.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sos.adapters.file_keys import FileKeys
from sos.adapters.redis.fleet import RedisFleet
from sos.rollout.follow import decide_target
from sos.rollout.pointer import Activation, Pointer
from sos.rollout.ports import NodeReport

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
        files = {"index.html": text or f"{INDEX}<!-- version {self._versions} --></html>"}
        files["assets/style.css"] = "h1 { color: green }\n"
        for name, content in files.items():
            self.write(f"v{self._versions}/{name}", content)
        epoch = str(1_700_000_000 + self._versions)
        ended = await self.run(
            "publish", "--no-check", f"v{self._versions}", SOURCE_DATE_EPOCH=epoch
        )
        assert ended.code == 0, ended.err
        return ended.id

    async def point(self, *releases: str, by: str = "ann", ago: float = 3600.0) -> None:
        """Make these live one after another, an hour ago."""
        for release in releases:
            now = await self.pointer.fetch()
            at = _now() - ago
            line = Activation(release=release, previous=now.release or "", at=at, by=by, why="x")
            assert await self.pointer.activate(line, now)

    async def aclose(self) -> None:
        """End what was started."""
        for process in self.started:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _now() -> float:
    import time

    return time.time()


_FOREIGN = ("SOS_", "CONSUL_", "AWS_", "GITHUB_", "GITLAB_", "JENKINS_", "SOURCE_DATE_EPOCH")


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

    async def run(self) -> None:
        """Report until cancelled."""
        register = RedisFleet(self.shell.redis_url, self.shell.host, 5000)
        try:
            while True:
                pointing = await self.shell.pointer.fetch()
                for name in self.names:
                    target = decide_target(pointing, name)
                    await register.report(self._report(name, target), 5.0)
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
    register = RedisFleet(shell.redis_url, shell.host, 5000)
    try:
        async with asyncio.timeout(10):
            while len(await register.fetch_nodes()) < count:
                await asyncio.sleep(0.01)
        yield nodes
    finally:
        await register.aclose()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
