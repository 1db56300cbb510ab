"""The process model of a node, shown on real processes: killed, stopped, drained, orphaned."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.load import Load
from tests.web.node_process import NodeProcess, has_ended, running_node, wait_for


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    with running_node(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def lasting_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """One node for the tests that leave it as they found it."""
    with running_node(
        tmp_path_factory.mktemp("node"), redis_url="redis://user:hunter2@127.0.0.1:1/0"
    ) as running:
        yield running


def ask(address: tuple[str, int], path: str = "/") -> str:
    """Body of one request on a connection of its own."""
    with socket.create_connection(address, timeout=10) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := sock.recv(65536):
            answer += part
    return answer.partition(b"\r\n\r\n")[2].decode()


def test_every_worker_answers_on_the_one_public_port(lasting_node: NodeProcess) -> None:
    """Connections are spread over the workers by the kernel; all have one address."""
    workers = {str(pid) for pid in lasting_node.workers()}
    assert len(workers) == 2
    seen: set[str] = set()
    wait_for(lambda: seen.add(ask(lasting_node.public)) or seen == workers)


def test_node_file_names_the_addresses_and_goes_with_the_node(node: NodeProcess) -> None:
    """``node.json`` lets scripts find a node that took free ports."""
    found = json.loads((node.folder / "node.json").read_text())
    assert found["pid"] == node.process.pid
    assert found["public"].rpartition(":")[2] == str(node.public[1])
    assert found["private"].rpartition(":")[2] == str(node.private[1])
    node.send(signal.SIGTERM)
    assert node.wait() == 0
    assert not (node.folder / "node.json").exists()


def test_secrets_are_in_no_command_line(lasting_node: NodeProcess) -> None:
    """Settings reach a worker over its channel: ``ps`` shows none of them."""
    for pid in (lasting_node.process.pid, *lasting_node.workers()):
        assert b"hunter2" not in Path(f"/proc/{pid}/cmdline").read_bytes()


async def test_killed_worker_costs_only_what_it_had_in_flight(node: NodeProcess) -> None:
    """kill -9 under load: only connections of that worker break; it is replaced at once."""
    victim, other = node.workers()
    async with Load(node.public, path="/slow?seconds=0.01") as load:
        await load.reach(200)
        os.kill(victim, signal.SIGKILL)
        await load.reach(200)
        await asyncio.to_thread(wait_for, lambda: node.events("worker_exited"))
        await asyncio.to_thread(wait_for, lambda: node.health()[0] == 200)
        await load.reach(200)
    assert {pid for pid, _ in load.tally.failures} <= {str(victim)}
    assert len(load.tally.failures) <= 16
    assert load.tally.refused == 0
    successor = next(pid for pid in node.workers() if pid != other)
    assert successor != victim
    (exited,) = node.events("worker_exited")
    assert (exited["pid"], exited["reason"], exited["signal"]) == (victim, "crashed", "SIGKILL")
    assert 'sos_worker_restarts_total{reason="crashed"} 1.0' in node.fetch("/metrics")[1]


async def test_connections_queued_at_a_dead_worker_are_answered(tmp_path: Path) -> None:
    """With one worker, connections wait in its socket for the successor: none is refused."""
    with running_node(tmp_path, workers=1) as node:
        (victim,) = node.workers()
        os.kill(victim, signal.SIGKILL)
        bodies = await asyncio.gather(*(asyncio.to_thread(ask, node.public) for _ in range(20)))
    assert len(set(bodies)) == 1
    assert bodies[0] not in {"", str(victim)}


def test_counters_do_not_go_back_when_a_worker_dies(node: NodeProcess) -> None:
    """What a worker counted stays in the node's sums after its death."""

    def count() -> float:
        lines = node.fetch("/metrics")[1].splitlines()
        return sum(float(x.split()[-1]) for x in lines if x.startswith("sos_requests_total{"))

    for _ in range(10):
        ask(node.public)
    wait_for(lambda: count() == 10)
    for pid in node.workers():
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(node.events("worker_exited")) == 2)
    assert count() == 10
    wait_for(lambda: node.health()[0] == 200)
    ask(node.public)
    wait_for(lambda: count() == 11)


def test_hung_worker_is_killed_and_replaced(tmp_path: Path) -> None:
    """A worker that is stopped, or blocks its loop, is silent; silence of hang_seconds ends it."""
    with running_node(tmp_path, hang_seconds=1) as node:
        stopped = node.workers()[0]
        os.kill(stopped, signal.SIGSTOP)
        wait_for(lambda: node.health()[0] == 503)
        wait_for(lambda: node.health()[0] == 200)
        assert stopped not in node.workers()
        assert has_ended(stopped)
        (hung,) = node.events("worker_hung")
        assert hung["pid"] == stopped
        assert hung["silent_seconds"] >= 1


def test_new_connections_avoid_a_silent_worker(tmp_path: Path) -> None:
    """Long before a silent worker is killed, the others accept from its socket."""
    with running_node(tmp_path, hang_seconds=60) as node:
        silent, other = node.workers()
        os.kill(silent, signal.SIGSTOP)
        try:
            wait_for(lambda: node.health()[1]["workers"][0]["silent_seconds"] > 2)
            for _ in range(30):
                began = time.monotonic()
                assert ask(node.public) == str(other)
                assert time.monotonic() - began < 1
        finally:
            os.kill(silent, signal.SIGCONT)
        wait_for(lambda: ask(node.public) == str(silent))


def test_stopped_supervisor_does_not_kill_its_workers_when_it_goes_on(tmp_path: Path) -> None:
    """After a pause of the supervisor itself, silence says nothing about the workers."""
    with running_node(tmp_path, hang_seconds=1) as node:
        before = node.workers()
        node.send(signal.SIGSTOP)
        time.sleep(2.5)  # the pause is the fault that is injected
        node.send(signal.SIGCONT)
        wait_for(lambda: node.health()[0] == 200)
        went_on = node.health()[1]["uptime_seconds"]
        wait_for(lambda: node.health()[1]["uptime_seconds"] > went_on + 1)
        assert node.workers() == before


async def test_term_under_keep_alive_load_fails_nothing(tmp_path: Path) -> None:
    """Health says 503 first and traffic is still served; then connections are closed in order."""
    with running_node(tmp_path, drain_seconds=1) as node:
        async with Load(node.public, clients=32) as load:
            await load.reach(500)
            node.send(signal.SIGTERM)
            await asyncio.to_thread(wait_for, lambda: node.health()[0] == 503, 1)
            assert node.health()[1]["status"] == "draining"
            assert node.fetch("/livez")[0] == 200
            load.may_connect = False  # as a load balancer does once health has failed
            await load.reach(300)
            assert await asyncio.to_thread(node.wait) == 0
        assert load.tally.failures == []
        assert load.tally.refused == 0
        assert load.tally.slowest < 1
    assert len(list(tmp_path.glob("closed-*"))) == 2


async def test_term_resets_no_connection_that_was_accepted(tmp_path: Path) -> None:
    """A connection that was opened is answered, up to the last; later ones are refused."""
    with running_node(tmp_path) as node:
        async with Load(node.public, clients=32, pause=0, keep_alive=False) as load:
            await load.reach(500)
            node.send(signal.SIGTERM)
            assert await asyncio.to_thread(node.wait) == 0
        assert load.tally.failures == []


def test_term_lets_requests_in_flight_finish(node: NodeProcess) -> None:
    """A slow answer and a streamed one come out whole; an idle connection is closed meanwhile."""
    idle, slow, stream = (socket.create_connection(node.public, timeout=10) for _ in range(3))
    with idle, slow, stream:
        slow.sendall(b"GET /slow?seconds=3 HTTP/1.1\r\nHost: x\r\n\r\n")
        stream.sendall(b"GET /stream?seconds=3 HTTP/1.1\r\nHost: x\r\n\r\n")
        begun = b""
        while b"begin" not in begun:
            begun += stream.recv(4096)
        began = time.monotonic()
        node.send(signal.SIGTERM)
        assert idle.recv(4096) == b""
        assert time.monotonic() - began < 2
        answer = slow.recv(4096).lower()
        assert answer.startswith(b"http/1.1 200 ")
        assert b"\r\nconnection: close\r\n" in answer
        rest = b"".join(iter(lambda: stream.recv(4096), b""))
        assert rest == b"3\r\nend\r\n0\r\n\r\n"
    assert node.wait() == 0


def test_slow_reader_gets_its_whole_answer(node: NodeProcess) -> None:
    """What waits in the node's own buffers for a slow reader is delivered before the exit."""
    size = 8_000_000
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        reader.connect(node.public)
        reader.sendall(f"GET /big?bytes={size} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = reader.recv(100)
        node.send(signal.SIGTERM)
        while part := reader.recv(65536):
            answer += part
            time.sleep(0.01)  # slow is what this reader is
        assert len(answer.partition(b"\r\n\r\n")[2]) == size
    assert node.wait() == 0


def test_idle_connections_do_not_hold_up_the_exit(node: NodeProcess) -> None:
    """Browsers keep connections open for minutes: nobody waits for them after SIGTERM."""
    fresh, used = (socket.create_connection(node.public, timeout=10) for _ in range(2))
    with fresh, used:
        used.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert used.recv(4096)
        node.send(signal.SIGTERM)
        assert node.wait(3) == 0
        assert fresh.recv(4096) == used.recv(4096) == b""


def test_workers_end_with_a_killed_supervisor(node: NodeProcess) -> None:
    """kill -9 of the supervisor leaves no worker behind, not even a stopped one."""
    workers = node.workers()
    os.kill(workers[0], signal.SIGSTOP)
    node.process.kill()
    wait_for(lambda: all(has_ended(pid) for pid in workers), seconds=2)


def test_second_interrupt_exits_at_once(tmp_path: Path) -> None:
    """Ctrl-C drains; Ctrl-C again does not wait for anything."""
    with running_node(tmp_path, drain_seconds=300) as node:
        workers = node.workers()
        node.send(signal.SIGINT)
        wait_for(lambda: node.events("node_draining"))
        node.send(signal.SIGTERM)  # a repeated SIGTERM changes nothing
        assert node.health()[1]["status"] == "draining"
        node.send(signal.SIGINT)
        assert node.wait(2) == 130
        wait_for(lambda: all(has_ended(pid) for pid in workers), seconds=2)


def test_failed_self_render_twice_makes_the_node_unhealthy(lasting_node: NodeProcess) -> None:
    """A worker that can't render its front page fails the node, and livez stays out of it."""
    (lasting_node.folder / "fail-self-render").touch()
    wait_for(lambda: lasting_node.health()[0] == 503)
    body = lasting_node.health()[1]
    assert body["status"] == "unhealthy"
    assert "can't render" in body["reasons"][0]
    assert max(w["self_render"]["failures"] for w in body["workers"]) == 2
    assert lasting_node.fetch("/livez")[0] == 200
    (lasting_node.folder / "fail-self-render").unlink()
    wait_for(lambda: lasting_node.health()[0] == 200)


def test_crash_looping_worker_backs_off_and_recovers(tmp_path: Path) -> None:
    """A worker that dies at every start is tried again, not in a busy loop, until it works."""
    with running_node(tmp_path, workers=1) as node:
        (tmp_path / "crash").touch()
        os.kill(node.workers()[0], signal.SIGKILL)
        wait_for(lambda: len(node.events("worker_exited")) >= 4)
        assert node.health()[0] == 503
        (tmp_path / "crash").unlink()
        wait_for(lambda: node.health()[0] == 200)
        assert node.health()[1]["workers"][0]["restarts"] >= 4


def test_worker_that_speaks_nonsense_is_replaced(tmp_path: Path) -> None:
    """A message that can't be read costs that worker its place, and the node nothing else."""
    with running_node(tmp_path, workers=1) as node:
        (victim,) = node.workers()
        (tmp_path / "bad-status").touch()
        wait_for(lambda: node.events("worker_not_understood"))
        (tmp_path / "bad-status").unlink()
        wait_for(lambda: node.events("worker_exited"))
        wait_for(lambda: node.health()[0] == 200)
        assert node.workers() != [victim]


def test_service_that_refuses_ends_the_node_with_its_reason(tmp_path: Path) -> None:
    """What can't work with these settings is not tried again: the exit code says what it is."""
    (tmp_path / "refuse").touch()
    node = NodeProcess(tmp_path)
    assert node.wait() == 65
    assert "folder 'nowhere' does not exist" in node.events("node_refused")[0]["error"]


def test_release_query_passes_only_when_every_worker_serves_it(lasting_node: NodeProcess) -> None:
    """``/health?templateRelease=X`` compares exactly, with every worker's active release."""
    assert lasting_node.health("/health?templateRelease=small-1")[0] == 200
    status, body = lasting_node.health("/health?templateRelease=small-2")
    assert status == 503
    assert "serves release small-1" in body["reasons"][0]
    (lasting_node.folder / "release").write_text("small-2")
    wait_for(lambda: lasting_node.health("/health?templateRelease=small-2")[0] == 200)
    assert lasting_node.health()[1]["release"] == "small-2"
    assert 'sos_active_release{release="small-2"} 2.0' in lasting_node.fetch("/metrics")[1]
