"""PHP-FPM for a WordPress of the tests: requests go in over FastCGI, answers come when FPM has ended them.

Debian's packages are unpacked, not installed; only shared libraries are those of this system.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import debian
from tests.servers.debian import MissingServerError
from tests.servers.wordpress import SOURCES, WordPressServer
from tests.servers.wordpress_process import ServerProcess

_POOL = """
[global]
error_log = {folder}/fpm.log
daemonize = no
[www]
user = root
group = root
listen = {folder}/fpm.sock
pm = static
pm.max_children = 2
clear_env = no
catch_workers_output = yes
php_admin_value[error_log] = {folder}/fpm-php.log
php_admin_value[memory_limit] = 256M
php_admin_value[date.timezone] = UTC
"""

_PACKAGES = [
    (f"php8.2-{part}", "bookworm") for part in ("fpm", "common", "mbstring", "mysql", "xml")
]
_EXTENSIONS = ("mysqlnd", "mysqli", "mbstring", "ctype", "dom", "iconv", "fileinfo", "simplexml",
               "tokenizer", "xmlreader")  # fmt: skip
"""In the order of loading; WordPress needs no more."""

_BEGIN, _END, _PARAMS, _STDIN, _STDOUT = 1, 3, 4, 5, 6


@dataclass(frozen=True)
class Reply:
    """An answer, and after how many seconds FPM called it complete."""

    status: int
    body: bytes
    seconds: float

    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)


class Fpm:
    """A running FPM; `rest` asks WordPress's REST API as the administrator."""

    def __init__(self, wordpress: WordPressServer, path: Path) -> None:
        self._wordpress = wordpress
        self._path = path

    def rest(self, route: str, body: Any) -> Reply:
        """POST to a route, with JSON."""
        payload = json.dumps(body).encode()
        pair = f"{self._wordpress.admin_user}:{self._wordpress.application_password}".encode()
        target = f"/wp-json{route}"
        return self._ask(
            {
                "SCRIPT_FILENAME": str(SOURCES / "router.php"),
                "SCRIPT_NAME": target, "REQUEST_URI": target, "REQUEST_METHOD": "POST",
                "DOCUMENT_ROOT": str(self._wordpress.core), "QUERY_STRING": "",
                "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1",
                "SERVER_PORT": str(self._wordpress.port),
                "HTTP_HOST": f"127.0.0.1:{self._wordpress.port}",
                "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(payload)),
                "HTTP_AUTHORIZATION": "Basic " + base64.b64encode(pair).decode(),
            },
            payload,
        )  # fmt: skip

    def _ask(self, params: dict[str, str], payload: bytes) -> Reply:
        """One request of FastCGI 1.0; the connection ends with it."""
        began = time.monotonic()
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(60)
            peer.connect(str(self._path))
            words = b"".join(_pair(*pair) for pair in params.items())
            peer.sendall(
                _record(_BEGIN, struct.pack("!HB5x", 1, 0))
                + _record(_PARAMS, words) + _record(_PARAMS, b"")
                + _record(_STDIN, payload) + _record(_STDIN, b"")
            )  # fmt: skip
            with peer.makefile("rb") as stream:
                said = b""
                while True:
                    _, kind, _, length, padding, _ = struct.unpack("!BBHHBB", stream.read(8))
                    content = stream.read(length + padding)[:length]
                    if kind == _STDOUT:
                        said += content
                    if kind == _END:
                        break
        head, _, body = said.partition(b"\r\n\r\n")
        status = next(
            (int(line.split()[1]) for line in head.splitlines() if line.startswith(b"Status:")), 200
        )
        return Reply(status, body, time.monotonic() - began)


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("!BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def _pair(name: str, value: str) -> bytes:
    lengths = (struct.pack("!I", len(text.encode()) | 1 << 31) for text in (name, value))
    return b"".join(lengths) + name.encode() + value.encode()


@contextmanager
def running_fpm(wordpress: WordPressServer) -> Iterator[Fpm]:
    """An FPM for that WordPress. Raises MissingServerError where it can't be had or does not run."""
    tree = debian.fetch_tree(_PACKAGES)
    folder = wordpress.folder
    modules = next(tree.glob("usr/lib/php/2*"))
    (folder / "php.d").mkdir(exist_ok=True)
    lines = (f'extension="{modules / name}.so"\n' for name in _EXTENSIONS)
    (folder / "php.d/extensions.ini").write_text("".join(lines))
    (folder / "fpm.conf").write_text(_POOL.format(folder=folder))
    command = [str(tree / "usr/sbin/php-fpm8.2"), "--nodaemonize", "--fpm-config"]
    command += [str(folder / "fpm.conf"), "--allow-to-run-as-root"]
    scan = {"PHP_INI_SCAN_DIR": str(folder / "php.d")}
    path = folder / "fpm.sock"
    process = ServerProcess(
        command, folder / "fpm-out.log", {**os.environ, **wordpress._environment, **scan}
    )
    try:
        try:
            process.wait_until(lambda: path.exists() or None)
        except RuntimeError as error:
            raise MissingServerError(f"PHP-FPM does not run here: {error}") from error
        yield Fpm(wordpress, path)
    finally:
        process.stop()
