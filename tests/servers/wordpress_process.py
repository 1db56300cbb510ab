"""Starts a server as a child process that ends when it is stopped, or when the test run ends in any way."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

# The shell becomes the server (exec), so that the Popen object is the server's. Its background
# copy waits on a pipe whose other end only this Python process holds: when that closes, even by
# SIGKILL of Python, it ends its own process group, which is the server's with all its children
# (PHP's workers outlive their master). As long as it lives, that number can be nobody else's.
_WATCHED_EXEC = """
exec 3<&0
(
  trap '' TERM
  while read -r _ <&3; do :; done
  kill -TERM 0
  sleep 15
  kill -KILL 0
) </dev/null >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
"""


class ServerProcess:
    """A running server; `stop` it, or use it as a context manager.

    Owns the process and its log file. It is in a session of its own, so that Ctrl-C in the
    terminal reaches pytest first, which then stops it in order.
    """

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = Path(command[0]).name
        self.log = log
        self._stopped = False
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                ["/bin/sh", "-c", _WATCHED_EXEC, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def wait_until(self, ready: Callable[[], T | None], seconds: float = 30.0) -> T:
        """Call `ready` until it returns something other than None, and return that.

        Raises RuntimeError with the end of the log when the process has ended or the time is over.
        """
        deadline = time.monotonic() + seconds
        while (answer := ready()) is None:
            if self._popen.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
                raise RuntimeError(f"{self.name} did not become ready; the end of its log:\n{tail}")
            time.sleep(0.02)
        return answer

    def stop(self, seconds: float = 15.0) -> None:
        """End the process (SIGTERM, after `seconds` SIGKILL) and wait for it; calling it again is fine."""
        if self._stopped:
            return
        self._stopped = True
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(seconds)
        # The watcher, and children that the server left behind; then the server, if it is still here.
        self._signal(signal.SIGKILL)
        self._popen.wait()
        assert self._popen.stdin is not None
        self._popen.stdin.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
