"""The listening sockets of a node: one per worker on one address, owned by the supervisor.

In: an address. Out: sockets, and who accepts from which. It never accepts a connection itself.
The order in which they are closed is decided in docs/decisions/0003-draining.md.
"""

import contextlib
import ctypes
import socket
import struct
from collections.abc import Collection

from sos.errors import SettingsError

BACKLOG = 1024
"""Connections that wait for a busy worker; the kernel caps it at net.core.somaxconn."""

SETTLE_SECONDS = 0.25
"""Time for handshakes that were under way when new ones stopped: more than a round trip."""


def bind_public(address: tuple[str, int], count: int) -> list[socket.socket]:
    """``count`` sockets on one TCP address, which share its connections (SO_REUSEPORT).

    None of them listens yet: until a worker does, a connection is refused. Port 0 takes a free one,
    the same for all. Raises SettingsError naming ``listen``.
    """
    first = bind_one(address, "listen")
    # The first bind was exclusive: it finds out whether another process has the port. Two nodes
    # that share one by mistake would each answer half of the requests.
    bound = first.getsockname()
    first.close()
    sockets: list[socket.socket] = []
    try:
        for _ in range(count):
            sock = socket.socket(first.family, socket.SOCK_STREAM)
            sockets.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(bound)
    except OSError as exc:
        for sock in sockets:
            sock.close()
        raise SettingsError(f"listen: can't bind {bound[0]}:{bound[1]}: {exc.strerror}") from exc
    return sockets


def bind_one(address: tuple[str, int], setting: str) -> socket.socket:
    """One TCP socket on an address that nobody else has, bound, not listening.

    Raises SettingsError naming ``setting``.
    """
    host, port = address
    try:
        family, kind, protocol, _, bound = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as exc:
        raise SettingsError(f"{setting}: can't resolve {host!r}: {exc.strerror}") from exc
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(bound)
    except OSError as exc:
        sock.close()
        raise SettingsError(f"{setting}: can't bind {host}:{port}: {exc.strerror}") from exc
    return sock


def describe_address(sock: socket.socket) -> str:
    """``host:port`` that the socket is bound to; an IPv6 host in brackets."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if sock.family == socket.AF_INET6 else f"{host}:{port}"


def decide_listening(ready: Collection[int], count: int) -> dict[int, list[int]]:
    """Which worker accepts from which of ``count`` sockets, when only the ``ready`` ones can.

    Each has its own; those of the others are spread over the ready ones, so that a connection never
    waits for a worker that is being replaced. Pure.
    """
    shares = {worker: [worker] for worker in sorted(ready)}
    heirs = list(shares)
    if heirs:
        for position, orphan in enumerate(sorted(set(range(count)) - shares.keys())):
            shares[heirs[position % len(heirs)]].append(orphan)
    return shares


def stop_handshakes(sock: socket.socket) -> bool:
    """Let no new connection reach a listening socket, while those under way still complete.

    The socket drops segments with SYN but without ACK, by a classic BPF filter. Without it, a
    connection that the kernel completes between the last accept and the close would be reset.
    Returns False where the system has no such filter; then that window of microseconds stays.
    """
    # A socket filter of TCP sees the segment from its header on; byte 13 holds the flags (RFC 9293
    # section 3.1): SYN is 0x02, ACK 0x10. Each instruction is code, jump if true, if false, value.
    program = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (0x30, 0, 0, 13),  # load byte 13
            (0x54, 0, 0, 0x12),  # keep SYN and ACK
            (0x15, 0, 1, 0x02),  # SYN alone: next, otherwise skip one
            (0x06, 0, 0, 0),  # drop
            (0x06, 0, 0, 0xFFFFFFFF),  # pass
        )
    )
    buffer = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)
    except OSError:
        return False
    return True


def count_waiting(sock: socket.socket) -> int:
    """Connections that are complete but not yet accepted; 0 where the system does not tell."""
    # For a listening socket, tcpi_unacked is the length of its accept queue (linux/tcp_info).
    with contextlib.suppress(OSError, struct.error):
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        return int(struct.unpack_from("=I", info, 24)[0])
    return 0


_SO_ATTACH_FILTER = 26  # asm-generic/socket.h; the socket module has no name for it
