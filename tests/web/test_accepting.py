"""Taking connections: all that wait, on uvloop as a worker has it, and none when there is no room."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from sos.web import accepting
from sos.web.accepting import Acceptor

MANY = 150


class Clients:
    """Connections to a listening socket of our own, which nobody has accepted yet."""

    def __init__(self, count: int) -> None:
        self.listening = socket.socket()
        self.listening.bind(("127.0.0.1", 0))
        self.listening.listen(1024)
        self.all = [socket.create_connection(self.listening.getsockname()) for _ in range(count)]
        self.met = self.lost = 0

    def connect(self) -> asyncio.BaseProtocol:
        self.met += 1
        return Counted(self)

    async def leave(self) -> None:
        for client in self.all:
            client.close()
        await until(lambda: self.lost == self.met)


class Counted(asyncio.Protocol):
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.lost += 1


def on_uvloop(count: int, scene: Callable[[Clients], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        clients = Clients(count)
        try:
            await scene(clients)
        finally:
            await clients.leave()

    uvloop.run(run())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def test_all_who_wait_are_taken_within_a_few_rounds_of_the_loop() -> None:
    """One for each round is what a busy worker can't afford."""

    async def scene(clients: Clients) -> None:
        acceptor = Acceptor(clients.listening, 1024, clients.connect)
        for _ in range(MANY // accepting.AT_ONCE + 6):
            await asyncio.sleep(0)
        assert clients.met == MANY
        acceptor.close()

    on_uvloop(MANY, scene)


def test_who_comes_after_the_end_is_left_to_others() -> None:
    """The socket is shared with whoever takes over: its queue is not emptied any more."""

    async def scene(clients: Clients) -> None:
        shared = clients.listening.dup()
        acceptor = Acceptor(clients.listening, 1024, clients.connect)
        await until(lambda: clients.met == 1)
        acceptor.close()
        clients.all.append(socket.create_connection(shared.getsockname()))
        await asyncio.sleep(0.05)
        assert clients.met == 1
        shared.accept()[0].close()
        shared.close()

    on_uvloop(1, scene)


class FullSocket(socket.socket):
    """A listening socket of a system that has no descriptor left, for a while."""

    full = True

    def accept(self) -> tuple[socket.socket, Any]:
        if self.full:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_without_descriptors_it_rests_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It neither ends nor spins; who waits meanwhile is taken later."""
    monkeypatch.setattr(accepting, "PAUSE", 0.05)

    async def scene(clients: Clients) -> None:
        full = FullSocket(fileno=clients.listening.detach())
        acceptor = Acceptor(full, 1024, clients.connect)
        await asyncio.sleep(0.02)
        assert clients.met == 0
        full.full = False
        await until(lambda: clients.met == 3)
        acceptor.close()

    on_uvloop(3, scene)
