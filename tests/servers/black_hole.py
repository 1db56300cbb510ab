"""Addresses that nobody answers from, each in its own way: what a client sees of a server that is lost.

In: nothing. Out: a port of 127.0.0.1. The kernel does all of it; no thread, no rights, no firewall.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from tests.servers.ports import port_of, reserve_port


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port at which connections are refused at once, and that nobody else is given."""
    with reserve_port() as sock:
        yield port_of(sock)


class SilentPort:
    """A port at which connections are made (up to 1024) and never answered, as by a process that hangs."""

    def __init__(self) -> None:
        self._socket = reserve_port()
        self._socket.listen(1024)
        self._socket.setblocking(False)
        self._calls: list[socket.socket] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return port_of(self._socket)

    def count_calls(self) -> int:
        """How many connections were made so far, whoever has given up since included."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._calls.append(self._socket.accept()[0])
        return len(self._calls)

    def close(self) -> None:
        """Hang up on everybody."""
        for call in [*self._calls, self._socket]:
            call.close()


@contextlib.contextmanager
def silent_port() -> Iterator[SilentPort]:
    """A SilentPort, closed at the end."""
    with contextlib.closing(SilentPort()) as silent:
        yield silent


@contextlib.contextmanager
def unroutable_port() -> Iterator[int]:
    """A port at which connections are never made, as where a firewall or a broken route swallows packets.

    Its queue of connections is full: Linux then drops each SYN.
    """
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(reserve_port())
        sock.listen(0)
        for _ in range(64):
            caller = stack.enter_context(socket.socket())
            caller.settimeout(0.3)
            try:
                caller.connect(("127.0.0.1", port_of(sock)))
            except TimeoutError:
                yield port_of(sock)
                return
        raise RuntimeError("the queue of connections does not fill up here")
