"""A MariaDB server of its own for the tests: an empty data folder, a Unix socket, no network, no accounts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.servers.debian import MissingServerError, skip_or_fail
from tests.servers.wordpress_process import ServerProcess


class MariaDB:
    """A running server that several WordPress servers may share, each with a database of its own.

    Its data live in a temporary folder and go with it. Whoever can open the socket may do
    everything (grant tables are off, which also spares their installation).
    """

    def __init__(self) -> None:
        self._server_binary = _find_binary("mariadbd")
        self._client_binary = _find_binary("mariadb")
        # Not below pytest's folders: a socket's path may have 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="sos-mariadb-"))
        self.socket = self._folder / "socket"
        self._process: ServerProcess | None = None

    def start(self) -> Self:
        """Start it and wait until it answers (about 0.3 s). Raises RuntimeError with its log's end."""
        data = self._folder / "data"
        data.mkdir()
        options = {
            "datadir": data,
            "socket": self.socket,
            "pid-file": self._folder / "pid",
            "character-set-server": "utf8mb4",
            "innodb-buffer-pool-size": "48M",
            "innodb-log-file-size": "8M",
            # Nothing here has to survive a power cut.
            "innodb-flush-log-at-trx-commit": "0",
            "innodb-use-native-aio": "0",
            "innodb-doublewrite": "0",
            "innodb-stats-persistent": "0",
            "performance-schema": "0",
            "key-buffer-size": "1M",
            "aria-pagecache-buffer-size": "8M",
            "max-allowed-packet": "64M",
            "max-connections": "60",
        }
        if os.geteuid() == 0:
            options["user"] = "root"
        command = [
            self._server_binary,
            "--no-defaults",
            "--skip-networking",
            "--skip-grant-tables",
            "--skip-log-bin",
            *(f"--{name}={value}" for name, value in options.items()),
        ]
        self._process = ServerProcess(command, self._folder / "log")
        self._process.wait_until(self._answers)
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    def execute(self, sql: str | bytes, database: str = "") -> str:
        """Run statements and return the rows as tab-separated lines. Raises RuntimeError on an SQL error."""
        done = self._client(sql, database)
        if done.returncode != 0:
            raise RuntimeError(f"MariaDB: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode()

    def create_database(self, name: str) -> None:
        """Make an empty database, dropping one of that name."""
        self.execute(
            f"DROP DATABASE IF EXISTS `{name}`;"
            f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
        )

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS `{name}`")

    def stop(self) -> None:
        """End the server and remove its data."""
        if self._process is not None:
            self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _answers(self) -> bool | None:
        return True if self.socket.exists() and self._client("SELECT 1").returncode == 0 else None

    def _client(self, sql: str | bytes, database: str = "") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [
                self._client_binary,
                "--no-defaults",
                f"--socket={self.socket}",
                "--default-character-set=utf8mb4",
                "--batch",
                "--raw",
                "--skip-column-names",
                *([database] if database else []),
            ],
            input=sql.encode() if isinstance(sql, str) else sql,
            capture_output=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """One MariaDB server for the whole run."""
    try:
        server = MariaDB()
    except MissingServerError as error:
        skip_or_fail(str(error))
    with server:
        yield server


def _find_binary(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise MissingServerError(
            f"{name} is missing (Debian: mariadb-server-core, mariadb-client-core)"
        )
    return path
