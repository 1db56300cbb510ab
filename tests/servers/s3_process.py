"""The process of `tests.servers.s3`: moto's S3 on a port that is reserved for it.

In: the port. Out: S3 over HTTP, in memory. Writes are taken one after the other: moto looks for an
object and puts it in two steps, where S3 decides ``If-None-Match`` in one.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server


def main(port: int) -> None:
    """Serve until the process is ended."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    writing = threading.Lock()

    def one_write_at_a_time(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return application(environ, start)  # type: ignore[no-any-return]
        with writing:
            return application(environ, start)  # type: ignore[no-any-return]

    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(128)
    make_server(
        "127.0.0.1", port, one_write_at_a_time, threaded=True,
        request_handler=MotoRequestHandler, fd=sock.fileno(),
    ).serve_forever()  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
