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


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """A port at which connections are made (up to 1024) and never answered, as by a process that hangs."""
    with reserve_port() as sock:
        sock.listen(1024)
        yield port_of(sock)


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
