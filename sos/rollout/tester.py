"""One process that tries a release: started, asked, listened to, and ended, by its handle.

In: a `Job`. Out: its verdict, or how it ended without one. It trusts nothing that it reads, reads
no more than the bounds of `trial_wire`, and never blocks the event loop.
"""

import asyncio
import contextlib
import os
import socket
import sys
from asyncio.subprocess import Process
from pathlib import Path

import msgspec

from sos.rollout.trial_wire import ANSWER, CODES, HEAD, LONGEST, STEP, Job, Verdict

# -P: a file that happens to lie in the current folder is not a module of ours.
COMMAND = ("-P", "-m", "sos.rollout.trial_process")

EXIT_SECONDS = 1.0
"""Time between the last word of a process and its end."""

# All that the process needs of the environment; passwords of stores are not among it.
_KEPT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHOME", "PYTHONPYCACHEPREFIX")


class DiedError(Exception):
    """The process ended without an answer. With a text: it lives, and said what makes no sense."""


class Tester:
    """One process, from its start to its end. ``step`` is the last thing that it said it does."""

    def __init__(
        self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.step = ""
        self._process = process
        self._reader = reader
        self._writer = writer
        self._is_ready = False

    @classmethod
    async def start(cls) -> "Tester":
        """Start one. Raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_unix_connection(sock=ours)
            try:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, *COMMAND),
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    env={name: os.environ[name] for name in _KEPT if name in os.environ},
                    # Its own session: Ctrl-C at the terminal reaches the supervisor alone.
                    start_new_session=True,
                )
            except BaseException:
                writer.close()
                raise
        return cls(process, reader, writer)

    @property
    def is_alive(self) -> bool:
        """Whether it still runs, as far as is known."""
        return self._process.returncode is None

    async def wait_ready(self) -> None:
        """Wait until it can take a request. Raises DiedError."""
        if not self._is_ready:
            await self._receive()
            self._is_ready = True

    async def ask(self, job: Job) -> tuple[Verdict, bytes]:
        """Its verdict, and the compiled templates. Raises DiedError."""
        self._writer.write(msgspec.json.encode(job) + b"\n")
        codes = b""
        while True:
            kind, content = await self._receive()
            if kind == STEP:
                self.step = content.decode("utf-8", "replace")
            elif kind == CODES:
                codes = content
            elif kind == ANSWER:
                try:
                    return msgspec.json.decode(content, type=Verdict), codes
                except msgspec.MsgspecError as exc:
                    raise DiedError(f"the trial's answer can't be read: {exc}") from exc

    async def wait_end(self) -> int:
        """How it ends by itself, now that its end of the line is closed; as `subprocess` has it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXIT_SECONDS):
                await self._process.wait()
        return await self.end()

    async def end(self) -> int:
        """Kill it if it still runs, and give back what it held. Returns how it ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._writer.close()
        return await self._process.wait()

    def fetch_cpu_seconds(self) -> float:
        """Processor time that it has taken, 0 where that can't be told."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8")
            fields = text.rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    async def _receive(self) -> tuple[bytes, bytes]:
        try:
            kind, length = HEAD.unpack(await self._reader.readexactly(HEAD.size))
            if length > LONGEST.get(kind, -1):
                raise DiedError("the trial's answer makes no sense")
            return kind, await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as exc:
            raise DiedError from exc
