"""A port that stays one's own, also while the server that listens there is down.

In: nothing. Out: a bound socket that never listens. With SO_REUSEPORT a server of the same user may
bind the port as well, and start again there as often as it likes; while it is down, connections are
refused, and nobody else is given the port.
"""

from __future__ import annotations

import socket


def reserve_port() -> socket.socket:
    """A socket bound to a free port of 127.0.0.1; close it when the port is no longer needed."""
    return bind_port(0)


def bind_port(port: int) -> socket.socket:
    """Another socket on a reserved port, bound and not listening yet."""
    sock = socket.socket()
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.close()
        raise
    return sock


def port_of(sock: socket.socket) -> int:
    """The port that a socket is bound to."""
    port: int = sock.getsockname()[1]
    return port
