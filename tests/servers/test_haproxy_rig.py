"""Proves that the load balancer of the tests takes nodes out of service and back as a real one does."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from tests.servers.haproxy import *  # noqa: F403 - fixtures
from tests.servers.haproxy import HAProxy

Make = Callable[..., HAProxy]
INTER = 0.1


class FakeNode:
    """A node that answers with its name, and to checks with the status that it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.health = 200
        self.next_healths: list[int] = []
        self.seen: list[tuple[str, str]] = []
        self.break_off = False
        self.hanging = asyncio.Event()
        self.hanging.set()

    async def start(self, exits: AsyncExitStack) -> None:
        """Listen on a public and on a private port."""
        self._public = await exits.enter_async_context(RawTestServer(self._answer))
        private = await exits.enter_async_context(RawTestServer(self._check))
        self.public = f"127.0.0.1:{self._public.port}"
        self.private = f"127.0.0.1:{private.port}"

    async def stop_listening(self) -> None:
        """Refuse connections on the public port."""
        await self._public.close()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/health-elb":
            return await self._check(request)
        if self.break_off and request.transport is not None:
            request.transport.abort()
        return web.Response(text=self.name)

    async def _check(self, request: web.BaseRequest) -> web.Response:
        self.seen.append((request.path, request.headers["Host"]))
        await self.hanging.wait()
        status = self.next_healths.pop(0) if self.next_healths else self.health
        return web.Response(status=status)


@pytest_asyncio.fixture
async def nodes() -> AsyncIterator[tuple[FakeNode, FakeNode]]:
    """Two that are well."""
    async with AsyncExitStack() as exits:
        both = FakeNode("one"), FakeNode("two")
        for node in both:
            await node.start(exits)
        yield both
        for node in both:
            node.hanging.set()


@pytest_asyncio.fixture
async def balancer(nodes: tuple[FakeNode, FakeNode], make_haproxy: Make) -> HAProxy:
    """In front of them, checking every 0.1 s; both are in service."""
    made = await asyncio.to_thread(
        make_haproxy, [(n.public, n.private) for n in nodes], inter_ms=100, check_timeout_ms=200
    )
    await asyncio.to_thread(made.wait_until_up)
    return made


async def wait_state(balancer: HAProxy, node: FakeNode, state: str) -> float:
    """Return when the balancer holds a node for UP or DOWN; the seconds that took."""
    started = time.monotonic()
    await asyncio.to_thread(balancer.wait_until, lambda states: states[node.public] == state)
    return time.monotonic() - started


async def ask(balancer: HAProxy, times: int = 20) -> Counter[str]:
    """Who answers so many requests, each on a connection of its own; a status where it is an error."""
    answers: Counter[str] = Counter()
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(times):
            async with session.get(balancer.url) as answer:
                answers[await answer.text() if answer.status == 200 else str(answer.status)] += 1
    return answers


async def test_node_is_out_when_its_check_says_503_and_back_when_200(
    nodes: tuple[FakeNode, FakeNode], balancer: HAProxy
) -> None:
    """After three and two checks; meanwhile the other one has all the traffic, without an error."""
    one, _ = nodes
    assert set(await ask(balancer)) == {"one", "two"}
    one.health = 503
    out = await wait_state(balancer, one, "DOWN")
    assert balancer.checks()[one.public] == "L7STS 503"
    assert await ask(balancer) == {"two": 20}
    one.health = 200
    back = await wait_state(balancer, one, "UP")
    assert balancer.checks()[one.public] == "L7OK 200"
    assert set(await ask(balancer)) == {"one", "two"}
    print(f"out after {out:.2f} s, back after {back:.2f} s (checks every {INTER} s, 3 and 2)")
    assert out > INTER
    assert back > INTER / 2
    assert "is DOWN, reason: Layer7 wrong status, code: 503" in balancer.log()


async def test_two_bad_checks_take_no_node_out(
    nodes: tuple[FakeNode, FakeNode], balancer: HAProxy
) -> None:
    """When the third is good; it counts from the start again."""
    one, _ = nodes
    one.next_healths = [503, 503, 200] * 3
    deadline = time.monotonic() + 10
    while one.next_healths:
        assert time.monotonic() < deadline
        assert balancer.states()[one.public] == "UP"
        await asyncio.sleep(0.01)
    assert "DOWN, reason" not in balancer.log()


async def test_node_that_does_not_answer_checks_is_out(
    nodes: tuple[FakeNode, FakeNode], balancer: HAProxy
) -> None:
    """After the check's time-out, three times."""
    one, _ = nodes
    one.hanging.clear()
    await wait_state(balancer, one, "DOWN")
    assert balancer.checks()[one.public].startswith("L7TOUT")
    assert set(await ask(balancer)) == {"two"}


async def test_without_a_node_in_service_every_answer_is_503(
    nodes: tuple[FakeNode, FakeNode], balancer: HAProxy
) -> None:
    """HAProxy never fails open, as an ALB does."""
    for node in nodes:
        node.health = 503
    for node in nodes:
        await wait_state(balancer, node, "DOWN")
    assert await ask(balancer, 3) == {"503": 3}


async def test_failed_request_is_seen_unless_told_otherwise(
    nodes: tuple[FakeNode, FakeNode], make_haproxy: Make
) -> None:
    """A node that refuses connections: an error each; with retries and redispatch, the other node."""
    one, _ = nodes
    addresses = [(n.public, n.private) for n in nodes]
    strict = await asyncio.to_thread(make_haproxy, addresses)
    lenient = await asyncio.to_thread(make_haproxy, addresses, retries=2, redispatch=True)
    for balancer in (strict, lenient):
        await asyncio.to_thread(balancer.wait_until_up)
    await one.stop_listening()
    assert await ask(strict, 10) == {"two": 5, "503": 5}
    assert await ask(lenient, 10) == {"two": 10}
    assert int(strict.stats()[one.public]["econ"]) == 5
    assert strict.log().count(" 503 ") == 5


async def test_request_that_a_node_had_is_never_sent_again(
    nodes: tuple[FakeNode, FakeNode], make_haproxy: Make
) -> None:
    """It breaks off without an answer: that is a 502 also with retries."""
    one, _ = nodes
    balancer = await asyncio.to_thread(
        make_haproxy, [(n.public, n.private) for n in nodes], retries=2, redispatch=True
    )
    await asyncio.to_thread(balancer.wait_until_up)
    one.break_off = True
    assert await ask(balancer, 10) == {"two": 5, "502": 5}


@pytest.mark.parametrize("port", ["private", "public"])
async def test_check_goes_to_the_port_and_path_that_it_is_told(
    nodes: tuple[FakeNode, FakeNode], make_haproxy: Make, port: str
) -> None:
    """With a Host, because a node refuses others."""
    one, two = nodes
    backend = (one.public, two.private)
    balancer = await asyncio.to_thread(make_haproxy, [backend], check_on=port, host="www.a.example")
    await asyncio.to_thread(balancer.wait_until_up)
    asked, other = (two, one) if port == "private" else (one, two)
    assert set(asked.seen) == {("/health-elb", "www.a.example")}
    assert other.seen == []


async def test_node_takes_no_traffic_before_it_was_seen_well(
    nodes: tuple[FakeNode, FakeNode], make_haproxy: Make
) -> None:
    """As behind an ELB; HAProxy by itself would begin with all of them up."""
    one, two = nodes
    two.health = 503
    backends = [(n.public, n.private) for n in nodes]
    balancer = await asyncio.to_thread(make_haproxy, backends, inter_ms=100)
    assert set(balancer.states().values()) == {"DOWN"}
    await wait_state(balancer, one, "UP")
    assert await ask(balancer) == {"one": 20}
    bare = await asyncio.to_thread(make_haproxy, backends, begin="up", inter_ms=60_000)
    assert bare.states()[one.public] == "UP"


async def test_connections_to_nodes_are_kept(
    nodes: tuple[FakeNode, FakeNode], balancer: HAProxy
) -> None:
    """Many requests of one client need one connection to each node at most."""
    async with aiohttp.ClientSession() as session:
        for _ in range(50):
            async with session.get(balancer.url) as answer:
                assert answer.status == 200
    made = [int(row["connect"]) for row in balancer.stats().values()]
    reused = [int(row["reuse"]) for row in balancer.stats().values()]
    print(f"connections made {made}, reused {reused}")
    assert sum(made) <= 4
    assert sum(reused) >= 46


async def test_stopped_is_gone_with_its_port_and_files(balancer: HAProxy) -> None:
    """No process stays behind."""
    assert balancer._process is not None
    pid, folder = balancer._process.pid, balancer._folder
    await asyncio.to_thread(balancer.stop)
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(balancer, 1)
