"""What the start of each peer needs: a port, and patience until a page comes."""

from __future__ import annotations

import contextlib
import http.client
import socket


def find_free_port() -> int:
    """A port of 127.0.0.1 that is free at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def wait_for_page(port: int, path: str, host: str) -> bool | None:
    """True if the page is there, None if not yet: for `ServerProcess.wait_until`."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        return True if fetch(port, path, host)[0] == 200 else None
    return None


def fetch(port: int, path: str, host: str, **fields: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by lower-case name, and body as it came; gzip is accepted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Host": host, "Accept-Encoding": "gzip"}
        headers |= {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, {n.lower(): v for n, v in answer.getheaders()}, body
    finally:
        connection.close()
