"""Taking connections from a listening socket, as many as wait, not one for each turn of the loop.

In: a listening socket. Out: a protocol object on each connection. uvloop's own servers accept one
connection each time that the loop comes round: a busy worker, whose loop comes round a hundred
times a second, would let clients wait in the kernel's queue until that is full and loses them.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

import structlog

MOST_UNSENT = 128 * 1024
"""Bytes that the kernel takes ahead of a client that does not read, besides what is on its way. It
would take megabytes, for each, and the worker would not even know that anybody reads slowly."""

AT_ONCE = 64
"""Most connections that are taken before others have their turn."""

FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
PAUSE = 0.5
"""How long none is taken when the system has no room for another, seconds."""

log = structlog.get_logger()


class Acceptor:
    """Accepts from ``sock``, which it closes, until `close`; ``connect`` makes each protocol."""

    def __init__(
        self, sock: socket.socket, backlog: int, connect: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        self._sock = sock
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._taking: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        # Connections have it from the socket that they come from.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT)
        sock.listen(backlog)
        self._loop.add_reader(sock, self._accept)

    def close(self) -> None:
        """Accept no more. Whoever waits is another's to accept."""
        if self._pause:
            self._pause.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                taken, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as exc:
                if exc.errno not in FULL:
                    raise
                self._rest(exc)
                return
            taken.setblocking(False)
            task = self._loop.create_task(self._take(taken))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

    def _rest(self, error: OSError) -> None:
        log.warning("connections_not_taken", reason=error.strerror)
        self._loop.remove_reader(self._sock)
        self._pause = self._loop.call_later(PAUSE, self._loop.add_reader, self._sock, self._accept)

    async def _take(self, taken: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._connect, taken)
        except OSError:  # it went away meanwhile
            taken.close()
