"""One worker process on its own, with this test in the place of its supervisor."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sos.settings import Settings
from sos.web.channel import Beat, Channel, Drain, Listen, Start, ToSupervisor

from tests.web.node_process import ROOT, SERVICE

Worker = tuple[asyncio.subprocess.Process, Channel[ToSupervisor], tuple[str, int]]


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Worker]:
    """A worker that is ready and accepts from one socket."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    ours, theirs = socket.socketpair()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sos.web.worker_process", str(theirs.fileno())),
        pass_fds=(theirs.fileno(), listener.fileno()),
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
    )
    theirs.close()
    channel: Channel[ToSupervisor] = await Channel.open(ours, ToSupervisor)
    channel.send(Start(Settings(state_dir=str(tmp_path)), SERVICE, 0, [listener.fileno()]))
    try:
        async with asyncio.timeout(20):
            while True:
                message = await channel.receive()
                if isinstance(message, Beat) and message.ready:
                    break
        channel.send(Listen([0]))
        yield process, channel, listener.getsockname()
    finally:
        channel.close()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        listener.close()


async def connect(address: tuple[str, int]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                return await asyncio.open_connection(*address)
            await asyncio.sleep(0.01)


async def test_drain_cuts_what_does_not_end_within_the_limit(worker: Worker) -> None:
    """One endless download must not keep a node from leaving."""
    process, channel, address = worker
    reader, writer = await connect(address)
    writer.write(b"GET /slow?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(10):
        while (
            not isinstance(beat := await channel.receive(), Beat)
            or not beat.samples.get("sos_connections", [((), [0.0])])[0][1][0]
        ):
            pass
        channel.send(Drain(linger=0, limit=1))
        assert await reader.read() == b""
        assert await process.wait() == 0
    writer.close()


async def test_heartbeats_carry_status_and_metrics(worker: Worker) -> None:
    """Everything the private port tells arrives without being asked for, twice a second."""
    _, channel, address = worker
    reader, writer = await connect(address)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        while not isinstance(beat := await channel.receive(), Beat) or not beat.status.requests:
            pass
        began = loop.time()
        for _ in range(4):
            beat = await channel.receive()
        assert loop.time() - began > 1
    assert isinstance(beat, Beat)
    assert beat.status.release == "small-1"
    assert beat.self_render.passed
    assert beat.samples["sos_requests_total"] == [(("page", "200", "none"), [1.0])]
    assert beat.samples["sos_worker_memory_bytes"][0][1][0] > 1_000_000


async def test_worker_ends_with_its_channel(worker: Worker) -> None:
    """A supervisor that is gone can't replace it, so it does not stay."""
    process, channel, _ = worker
    channel.close()
    async with asyncio.timeout(2):
        assert await process.wait() != 0
