"""Consul when it is down, hung, leaderless, restored, denied or nonsense; and as a register."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from sos.adapters.consul import (
    ConsulAddress,
    ConsulAgent,
    ConsulKeys,
    Service,
    parse_environment,
)
from sos.errors import KeyStoreDeniedError, KeyStoreError, SettingsError
from sos.rollout.ports import KeyRead, Write

from tests.servers.consul import ConsulCluster, ConsulProcess, find_consul, free_ports

TOKEN = "0f0e0d0c-secret-that-nobody-may-see"
TIMEOUT = 1.0
"""Of the stores in this file, seconds."""
SLACK = 0.5
"""What a busy machine may add, seconds."""


@contextlib.asynccontextmanager
async def keys_at(address: str, timeout: float = TIMEOUT, **more: str) -> AsyncIterator[ConsulKeys]:
    """A store whose agent is at this address, with a token that must not be seen."""
    environ = {"CONSUL_HTTP_ADDR": address, "CONSUL_HTTP_TOKEN": TOKEN, **more}
    store = ConsulKeys(parse_environment(environ), timeout=timeout)
    try:
        yield store
    finally:
        await store.aclose()


async def provoke(call: Awaitable[object], bound: float = TIMEOUT + SLACK) -> KeyStoreError:
    """The error of a call that fails within ``bound`` seconds, fit to be shown to anybody."""
    started = time.monotonic()
    with pytest.raises(KeyStoreError) as caught:
        await call
    assert time.monotonic() - started < bound
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert TOKEN not in shown
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()
    return caught.value


async def poll(condition: Callable[[], Awaitable[bool]], patience: float = 20.0) -> float:
    """Ask until it holds; seconds until then."""
    started = time.monotonic()
    while time.monotonic() - started < patience:
        if await condition():
            return time.monotonic() - started
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {patience} s")


# ---------------------------------------------------------------- down, hung, restored


async def test_agent_that_is_down_is_an_error_at_once(consul: ConsulProcess) -> None:
    """Refused connections need no time-out; the same store works when the agent is back."""
    async with keys_at(consul.address) as keys:
        await keys.fetch("key")
        consul.kill()
        await provoke(keys.fetch("key"), SLACK)
        await provoke(keys.compare_and_set([Write("key", b"1", None)]), SLACK)
        consul.start()
        assert await keys.compare_and_set([Write("key", b"1", 0)])


async def test_wait_ends_when_the_agent_dies(consul: ConsulProcess) -> None:
    """At once, not after its time."""
    async with keys_at(consul.address) as keys:
        index = (await keys.fetch("key")).index
        waiting = asyncio.create_task(keys.fetch("key", index=index, wait=30.0))
        await asyncio.sleep(0.2)
        consul.kill()
        await provoke(waiting, SLACK)


async def test_hung_agent_is_an_error_after_the_time_out(consul: ConsulProcess) -> None:
    """It accepts connections and is silent; a wait may take its time besides."""
    async with keys_at(consul.address) as keys:
        index = (await keys.fetch("key")).index
        consul.pause()
        await provoke(keys.fetch("key"))
        await provoke(keys.compare_and_set([Write("key", b"1", None)]))
        await provoke(
            keys.fetch("key", index=index, wait=1.0), 1.0 * 17 / 16 + TIMEOUT + SLACK
        )  # fmt: skip
        consul.resume()
        # What was sent before was received, and is done now: an error does not mean "not written".
        await poll(lambda: has_value(keys, b"1"))


async def has_value(keys: ConsulKeys, value: bytes) -> bool:
    """Whether ``key`` has this value."""
    entry = (await keys.fetch("key")).entries.get("key")
    return entry is not None and entry.value == value


async def test_agent_that_lost_its_data_answers_with_a_lower_index(consul: ConsulProcess) -> None:
    """The store passes it on as it is: what that means is the watcher's to decide."""
    async with keys_at(consul.address) as keys:
        for number in range(20):
            await keys.compare_and_set([Write("key", b"%d" % number, None)])
        before = await keys.fetch("key")
        consul.restart()
        after = await keys.fetch("key", consistent=True)
        assert after.entries == {}
        assert 1 <= after.index < before.index
        old = before.entries["key"].index
        assert not await keys.compare_and_set([Write("key", b"x", old)])


async def test_agent_that_kept_its_data_keeps_its_indices(tmp_path: Path) -> None:
    """A restart is nothing to a compare-and-set."""
    agent = ConsulProcess(tmp_path, keeps_data=True)
    try:
        async with keys_at(agent.start().address) as keys:
            assert await keys.compare_and_set([Write("key", b"1", 0)])
            before = await keys.fetch("key")
            agent.restart()
            assert (await keys.fetch("key")).entries == before.entries
            index = before.entries["key"].index
            assert await keys.compare_and_set([Write("key", b"2", index)])
    finally:
        agent.kill()


async def test_cluster_without_a_leader_is_an_error_until_it_has_one(
    consul_cluster: ConsulCluster,
) -> None:
    """Reads, consistent reads, waits and writes; with the others back, the store goes on."""
    server = consul_cluster.servers[0]
    async with keys_at(server.address) as keys:
        assert await keys.compare_and_set([Write("key", b"1", 0)])
    survivor = consul_cluster.lose_leader()
    async with keys_at(survivor.address) as keys:
        await provoke(keys.fetch("key"))
        await provoke(keys.fetch("key", consistent=True))
        await provoke(keys.fetch("key", index=1, wait=0.5), 0.6 + TIMEOUT + SLACK)
        await provoke(keys.compare_and_set([Write("key", b"2", None)]))
        async with keys_at(survivor.address, timeout=20.0) as patient:
            error = await provoke(patient.fetch("key"), 10.0)
            assert "No cluster leader" in str(error)
        consul_cluster.restore()
        read = await keys.fetch("key", consistent=True)
        assert read.entries["key"].value in (b"1", b"2")


async def test_wait_ends_when_the_leader_dies(consul_cluster: ConsulCluster) -> None:
    """On a server that lives, as an error; then the other two agree on a new leader."""
    leader = consul_cluster.find_leader()
    follower = next(s for s in consul_cluster.servers if s is not leader)
    async with keys_at(follower.address, timeout=8.0) as keys:
        assert await keys.compare_and_set([Write("key", b"1", 0)])
        index = (await keys.fetch("key")).index
        waiting = asyncio.create_task(keys.fetch("key", index=index, wait=30.0))
        await asyncio.sleep(0.2)
        leader.kill()
        started = time.monotonic()
        await provoke(waiting, 10.0)
        print(f"the wait failed after {time.monotonic() - started:.2f} s")

        async def is_back() -> bool:
            with contextlib.suppress(KeyStoreError):
                return await keys.compare_and_set([Write("key", b"2", None)])
            return False

        print(f"a new leader took a write after {await poll(is_back):.2f} s more")


async def test_closing_ends_what_waits(consul: ConsulProcess) -> None:
    """And whoever asks afterwards is told, rather than given a new connection that leaks."""
    async with keys_at(consul.address) as keys:
        index = (await keys.fetch("key")).index
        waiting = asyncio.create_task(keys.fetch("key", index=index, wait=30.0))
        await asyncio.sleep(0.2)
        await keys.aclose()
        await provoke(waiting, SLACK)
        assert "closed" in str(await provoke(keys.fetch("key")))


# ---------------------------------------------------------------- tokens


@pytest.fixture
def strict_agent(tmp_path: Path) -> Iterator[ConsulProcess]:
    """An agent that denies what no token allows, with a key in it."""
    agent = ConsulProcess(tmp_path / "strict", acl=True)
    try:
        agent.start()
        agent.put("sos/templateRelease", b"1")
        yield agent
    finally:
        agent.kill()


READS = 'key_prefix "sos/" { policy = "read" }'
WRITES = 'key_prefix "sos/" { policy = "write" }'


async def test_who_may_not_read_is_denied(strict_agent: ConsulProcess) -> None:
    """No token, an unknown one, one for other keys: never "there is no such key"."""
    other = strict_agent.create_token('key_prefix "other/" { policy = "write" }')
    for token in ("", TOKEN, other):
        async with keys_at(strict_agent.address, CONSUL_HTTP_TOKEN=token) as keys:
            for call in (
                keys.fetch("sos/templateRelease"),
                keys.fetch("sos/templateRelease", consistent=True),
                keys.fetch("sos/templateRelease", index=1, wait=0.3),
                keys.fetch("sos/nothing"),
                keys.compare_and_set([Write("sos/templateRelease", b"2", None)]),
                keys.compare_and_set([Write("sos/new", b"2", 0)]),
                keys.compare_and_set([Write("sos/templateRelease", None, 1)]),
            ):
                assert isinstance(await provoke(call), KeyStoreDeniedError)
    assert strict_agent.fetch("sos/templateRelease") == b"1"


async def test_who_may_read_may_not_write(strict_agent: ConsulProcess) -> None:
    """The token of a node; that of whoever activates may do both."""
    token = strict_agent.create_token(READS)
    async with keys_at(strict_agent.address, CONSUL_HTTP_TOKEN=token) as keys:
        entry = (await keys.fetch("sos/templateRelease")).entries["sos/templateRelease"]
        assert entry.value == b"1"
        assert (await keys.fetch("sos/nothing")).entries == {}
        error = await provoke(keys.compare_and_set([Write("sos/templateRelease", b"2", 1)]))
        assert isinstance(error, KeyStoreDeniedError)
    token = strict_agent.create_token(WRITES)
    async with keys_at(strict_agent.address, CONSUL_HTTP_TOKEN=token) as keys:
        assert await keys.compare_and_set([Write("sos/templateRelease", b"2", entry.index)])


async def test_token_that_is_revoked_is_denied_from_then_on(strict_agent: ConsulProcess) -> None:
    """Its file may hold a new one by then, which is read without a restart."""
    token = strict_agent.create_token(READS)
    file = strict_agent.folder / "token"
    file.write_text(f"{token}\n")
    async with keys_at(strict_agent.address, CONSUL_HTTP_TOKEN_FILE=str(file)) as keys:
        assert (await keys.fetch("sos/templateRelease")).entries
        strict_agent.delete_token(token)
        assert isinstance(await provoke(keys.fetch("sos/templateRelease")), KeyStoreDeniedError)
        file.write_text(strict_agent.create_token(READS))
        assert (await keys.fetch("sos/templateRelease")).entries


async def test_token_file_that_can_not_be_read_is_an_error(tmp_path: Path) -> None:
    """That names the variable."""
    file = tmp_path / "token"
    async with keys_at("127.0.0.1:1", CONSUL_HTTP_TOKEN_FILE=str(file)) as keys:
        assert "CONSUL_HTTP_TOKEN_FILE" in str(await provoke(keys.fetch("key")))
        for content in (b"two\nlines", b"\xff\xfe"):
            file.write_bytes(content)
            assert "not a token" in str(await provoke(keys.fetch("key")))


# ---------------------------------------------------------------- nonsense


class Impostor:
    """A server that answers every request with the same bytes, and keeps what it was asked."""

    def __init__(self, answer: bytes, *, pause: float = 0.0) -> None:
        self._answer = answer
        self._pause = pause
        self.requests: list[bytes] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Impostor:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self.requests.append(head + await reader.readexactly(int(length or 0)))
            step = 1 if self._pause else 65_536
            for start in range(0, len(self._answer), step):
                writer.write(self._answer[start : start + step])
                await writer.drain()
                await asyncio.sleep(self._pause)
        writer.close()


def build_answer(status: str, body: bytes, *headers: str) -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


INDEX = "X-Consul-Index: 7"
ROW = {"Key": "key", "Value": "MQ==", "ModifyIndex": 5, "CreateIndex": 5, "Flags": 0}


def build_rows(**changes: object) -> bytes:
    """An answer that is right but for these fields."""
    return build_answer("200 OK", json.dumps([ROW | changes]).encode(), INDEX)


NONSENSE = {
    "nothing": b"",
    "not http": b"\x00\xff" * 100 + b"\r\n\r\n",
    "html": build_answer("200 OK", b"<html>Log in</html>", INDEX),
    "html from a gateway": build_answer("502 Bad Gateway", b"<html>\x1b[31mOops</html>" * 99),
    "token in an error": build_answer("500 Oops", f"bad token {TOKEN}".encode()),
    "token in a broken header": f"HTTP/1.1 200 OK\r\n{TOKEN}\r\n\r\n".encode(),
    "token in what is no JSON": build_answer("200 OK", f"[{TOKEN}".encode(), INDEX),
    "no index": build_answer("200 OK", json.dumps([ROW]).encode()),
    "index of words": build_answer("200 OK", json.dumps([ROW]).encode(), "X-Consul-Index: soon"),
    "index too long": build_answer("200 OK", b"[]", f"X-Consul-Index: {'9' * 5000}"),
    "negative index": build_answer("200 OK", b"[]", "X-Consul-Index: -5"),
    "an object": build_answer("200 OK", b'{"Key": "key"}', INDEX),
    "a list of words": build_answer("200 OK", b'["key"]', INDEX),
    "a number": build_answer("200 OK", b"5", INDEX),
    "half of it": build_answer("200 OK", b'[{"Key": "key", "Val', INDEX),
    "not utf-8": build_answer("200 OK", b'["\xff\xfe"]', INDEX),
    "deep": build_answer("200 OK", b"[" * 200_000, INDEX),
    "key is a number": build_rows(Key=5),
    "value is an object": build_rows(Value={}),
    "value is not base64": build_rows(Value="A"),
    "index of a key is a word": build_rows(ModifyIndex="5"),
    "index of a key is 0": build_rows(ModifyIndex=0),
    "too long": build_answer("200 OK", b" " * 1_048_577 + b"[]", INDEX),
    "longer than announced": b"HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\nContent-Length: 999\r\n\r\n[]",
    "head without end": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 200_000,
    "compressed": build_answer("200 OK", gzip.compress(b"[]"), INDEX, "Content-Encoding: gzip"),
    "no content": b"HTTP/1.1 204 No Content\r\nX-Consul-Index: 7\r\n\r\n",
    "redirect": build_answer("301 Moved", b"", "Location: /elsewhere"),
    "too many requests": build_answer("429 Too Many Requests", b"slow down"),
    "method": build_answer("405 Method Not Allowed", b"no"),
    "conflict": build_answer("409 Conflict", b"<html>"),
    "conflict without a reason": build_answer("409 Conflict", b'{"Errors": null}'),
    "conflict for another reason": build_answer(
        "409 Conflict", json.dumps({"Errors": [{"OpIndex": 9, "What": TOKEN}]}).encode()
    ),
    "conflict that denies": build_answer(
        "409 Conflict",
        json.dumps({"Errors": [{"OpIndex": 0, "What": f"Permission denied {TOKEN}"}]}).encode(),
    ),
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
async def test_nonsense_is_an_error(answer: bytes) -> None:
    """Of the port, short, in time, without the token: reading, waiting and writing."""
    async with Impostor(answer) as server, keys_at(server.address) as keys:
        await provoke(keys.fetch("key"))
        await provoke(keys.fetch("key", index=3, wait=0.1))
        if not answer.startswith(b"HTTP/1.1 200"):
            await provoke(keys.compare_and_set([Write("key", b"1", 0)]))


async def test_sense_is_not_an_error() -> None:
    """What the answers above are changed from, and what differs without harm."""
    one = KeyRead(7, (await read_from(build_rows())).entries)
    assert {n: (e.value, e.index) for n, e in one.entries.items()} == {"key": (b"1", 5)}
    more = build_answer("200 OK", json.dumps([ROW, ROW | {"Key": "x"}]).encode(), INDEX)
    assert (await read_from(more)).entries.keys() == {"key"}
    zero = build_answer("200 OK", json.dumps([ROW]).encode(), "X-Consul-Index: 0")
    assert (await read_from(zero)).index == 1
    empty = await read_from(build_rows(Value=None, Session="s", LockIndex=1))
    assert empty.entries["key"].value == b""


async def read_from(answer: bytes) -> KeyRead:
    """What the store makes of an answer."""
    async with Impostor(answer) as server, keys_at(server.address) as keys:
        return await keys.fetch("key")


async def test_answer_that_trickles_is_an_error() -> None:
    """A byte now and then is no sign of life."""
    async with Impostor(build_rows(), pause=0.05) as server, keys_at(server.address) as keys:
        await provoke(keys.fetch("key"))


async def test_answer_without_end_is_not_read_to_its_end() -> None:
    """No more than 1 MiB of it is kept."""
    head = b"HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\n\r\n"
    async with Impostor(head + b" " * 50_000_000) as server, keys_at(server.address, 10) as keys:
        assert "1048576" in str(await provoke(keys.fetch("key"), 5))


async def test_token_is_a_header_and_goes_nowhere_else() -> None:
    """Not into a URL, which proxies log; not to where a redirect leads."""
    async with Impostor(build_rows()) as other:
        moved = build_answer("307 Moved", b"", f"Location: http://{other.address}/v1/kv/key")
        async with Impostor(moved) as server, keys_at(server.address) as keys:
            await provoke(keys.fetch("key"))
            await provoke(keys.compare_and_set([Write("key", b"1", 0)]))
            assert len(server.requests) == 2
            for request in server.requests:
                line, _, headers = request.partition(b"\r\n")
                assert TOKEN.encode() not in line
                assert f"X-Consul-Token: {TOKEN}".encode() in headers
        assert other.requests == []


async def test_write_whose_connection_breaks_is_sent_once() -> None:
    """A second attempt would fail for having succeeded, and report a race that was won as lost."""
    async with Impostor(b"") as server, keys_at(server.address) as keys:
        await provoke(keys.compare_and_set([Write("key", b"1", 0)]))
        assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["/key", "a//b", "../key", "a/./b"])
async def test_name_that_would_be_another_path_is_refused(name: str) -> None:
    """Consul would redirect it, or take it for another call."""
    async with Impostor(build_rows()) as server, keys_at(server.address) as keys:
        await provoke(keys.fetch(name))
        await provoke(keys.compare_and_set([Write(name, b"1", None)]))
        assert server.requests == []


async def test_too_much_to_write_is_an_error(consul: ConsulProcess) -> None:
    """Consul's bound of a transaction is 512 KiB; nothing is written."""
    async with keys_at(consul.address, timeout=5) as keys:
        await provoke(keys.compare_and_set([Write("key", b"x" * 500_000, None)]), 5)
        assert (await keys.fetch("key")).entries == {}


# ---------------------------------------------------------------- how to get there


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", ("http", "127.0.0.1", 8500, "")),
        ("consul.example:8501", ("http", "consul.example", 8501, "")),
        ("http://consul.example:8501/", ("http", "consul.example", 8501, "")),
        ("https://consul.example", ("https", "consul.example", 443, "")),
        ("http://consul.example", ("http", "consul.example", 80, "")),
        ("[::1]:8500", ("http", "::1", 8500, "")),
        ("unix:///run/consul.sock", ("http", "localhost", 0, "/run/consul.sock")),
        (" 127.0.0.1:1 ", ("http", "127.0.0.1", 1, "")),
    ],
)
def test_address_is_read_as_consul_reads_it(
    address: str, expected: tuple[str, str, int, str]
) -> None:
    """Every form of CONSUL_HTTP_ADDR."""
    found = parse_environment({"CONSUL_HTTP_ADDR": address})
    assert (found.scheme, found.host, found.port, found.socket) == expected


@pytest.mark.parametrize(
    "address",
    [
        "consul",
        "http://",
        "ftp://h:1",
        "h:1/path",
        "h:99999",
        "h:x",
        "u:p@h:1",
        "unix://x",
        "h h:1",
    ],
)
def test_address_that_makes_no_sense_is_refused(address: str) -> None:
    """The variable is named, its value is not: it may hold a password."""
    with pytest.raises(SettingsError, match="CONSUL_HTTP_ADDR") as caught:
        parse_environment({"CONSUL_HTTP_ADDR": address})
    assert address not in str(caught.value).replace("host:port", "").replace("http://", "", 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONSUL_HTTP_SSL", "maybe"),
        ("CONSUL_HTTP_SSL_VERIFY", "2"),
        ("CONSUL_HTTP_TOKEN", "a\nb"),
        ("CONSUL_HTTP_TOKEN", "ключ"),
        ("CONSUL_CLIENT_CERT", "cert.pem"),
        ("CONSUL_CLIENT_KEY", "key.pem"),
    ],
)
def test_variable_that_makes_no_sense_is_refused(name: str, value: str) -> None:
    """And named."""
    with pytest.raises(SettingsError, match=name) as caught:
        parse_environment({name: value})
    assert value not in str(caught.value).replace(name, "")


def test_variables_of_consul_are_honoured() -> None:
    """All that its own commands read and that matter here."""
    found = parse_environment(
        {
            "CONSUL_HTTP_ADDR": "http://consul.example:8501",
            "CONSUL_HTTP_SSL": "true",
            "CONSUL_HTTP_SSL_VERIFY": "0",
            "CONSUL_HTTP_TOKEN": TOKEN,
            "CONSUL_HTTP_TOKEN_FILE": "/run/token",
            "CONSUL_CACERT": "ca.pem",
            "CONSUL_CAPATH": "ca",
            "CONSUL_CLIENT_CERT": "cert.pem",
            "CONSUL_CLIENT_KEY": "key.pem",
            "CONSUL_TLS_SERVER_NAME": "server.dc1.consul",
            "CONSUL_NAMESPACE": "team",
        }
    )
    assert found == ConsulAddress(
        scheme="https",
        host="consul.example",
        port=8501,
        token=TOKEN,
        token_file="/run/token",
        namespace="team",
        verify=False,
        ca_file="ca.pem",
        ca_path="ca",
        client_cert="cert.pem",
        client_key="key.pem",
        server_name="server.dc1.consul",
    )
    assert TOKEN not in repr(found)
    assert TOKEN not in f"{found}"


async def test_namespace_belongs_to_every_call() -> None:
    """Consul's Enterprise edition takes it as a parameter."""
    async with (
        Impostor(build_rows()) as server,
        keys_at(server.address, CONSUL_NAMESPACE="team") as keys,
    ):
        await keys.fetch("key")
        await keys.compare_and_set([Write("key", b"1", 0)])
        assert [b"ns=team" in r.partition(b"\r\n")[0] for r in server.requests] == [True, True]


async def test_variables_are_not_read_behind_the_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """py-consul reads some of its own accord; here only what was parsed counts."""
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "another-token")
    monkeypatch.setenv("CONSUL_HTTP_ADDR", "127.0.0.1:1")
    monkeypatch.setenv("CONSUL_HTTP_SSL", "true")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with Impostor(build_rows()) as server, keys_at(server.address) as keys:
        assert (await keys.fetch("key")).entries
        assert b"another-token" not in server.requests[0]
    assert ConsulKeys.from_environment({"CONSUL_HTTP_ADDR": "h:5"})
    with pytest.raises(SettingsError):
        ConsulKeys.from_environment({"CONSUL_HTTP_ADDR": "nonsense"})


async def test_socket_of_an_agent_can_be_used(tmp_path: Path) -> None:
    """``unix://``, which py-consul can't."""
    socket = tmp_path / "http.sock"
    config = f'addresses {{ http = "127.0.0.1 unix://{socket}" }}'
    agent = ConsulProcess(tmp_path / "consul", config=config)
    try:
        agent.start()
        async with keys_at(f"unix://{socket}") as keys:
            assert await keys.compare_and_set([Write("key", b"1", 0)])
            assert (await keys.fetch("key")).entries["key"].value == b"1"
            agent.kill()
            assert str(socket) in str(await provoke(keys.fetch("key")))
    finally:
        agent.kill()


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """What Consul's own tool makes: an authority, a server's certificate, and a client's."""
    folder = tmp_path / "tls"
    folder.mkdir()
    for command in (["ca", "create"], ["cert", "create", "-server"], ["cert", "create", "-client"]):
        subprocess.run(
            [find_consul(), "tls", *command], cwd=folder, check=True, capture_output=True
        )
    names = {
        "ca": "consul-agent-ca.pem",
        "cert": "dc1-server-consul-0.pem",
        "key": "dc1-server-consul-0-key.pem",
        "client": "dc1-client-consul-0.pem",
        "client_key": "dc1-client-consul-0-key.pem",
    }
    return {name: str(folder / file) for name, file in names.items()}


async def test_agent_with_tls_is_verified_and_verifies(
    tmp_path: Path, certificates: dict[str, str]
) -> None:
    """Its certificate counts, ours as well; who does not trust it gets an error, not an answer."""
    port = free_ports(1, "127.0.0.1")[0][0]
    c = certificates
    config = (
        f'ports {{ https = {port} }} ca_file = "{c["ca"]}" cert_file = "{c["cert"]}" '
        f'key_file = "{c["key"]}" verify_incoming_https = true'
    )
    ours = {"CONSUL_CLIENT_CERT": c["client"], "CONSUL_CLIENT_KEY": c["client_key"]}
    trusting = {"CONSUL_CACERT": c["ca"], **ours}
    agent = ConsulProcess(tmp_path / "consul", config=config)
    try:
        agent.start()
        address = f"https://127.0.0.1:{port}"
        async with keys_at(address, **trusting) as keys:
            assert await keys.compare_and_set([Write("key", b"1", 0)])
        name = {"CONSUL_TLS_SERVER_NAME": "server.dc1.consul"}
        for more in (name | trusting, {"CONSUL_HTTP_SSL_VERIFY": "false", **ours}):
            async with keys_at(address, **more) as keys:
                assert (await keys.fetch("key")).entries
        for less in (
            ours,
            {"CONSUL_CACERT": c["ca"]},
            {"CONSUL_TLS_SERVER_NAME": "other.example", **trusting},
        ):
            async with keys_at(address, **less) as keys:
                await provoke(keys.fetch("key"))
        async with keys_at(address, CONSUL_CACERT=str(tmp_path / "none.pem")) as keys:
            assert "CONSUL_CACERT" in str(await provoke(keys.fetch("key")))
    finally:
        agent.kill()


# ---------------------------------------------------------------- what it costs

LATE = """
import asyncio, sys, time
from sos.adapters.consul import ConsulKeys, parse_environment
from sos.errors import KeyStoreError
early = [m for m in ("consul", "aiohttp", "requests") if m in sys.modules]

async def main():
    worst = 0.0
    async def look():
        nonlocal worst
        while True:
            at = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - at)
    looking = asyncio.create_task(look())
    await asyncio.sleep(0.01)
    keys = ConsulKeys(parse_environment({"CONSUL_HTTP_ADDR": "127.0.0.1:1"}))
    at = time.perf_counter()
    try:
        await keys.fetch("key")
    except KeyStoreError:
        pass
    print(early, worst, time.perf_counter() - at)
    looking.cancel()
    await keys.aclose()

asyncio.run(main())
"""


def test_driver_is_loaded_late_and_beside_the_loop() -> None:
    """A node that starts goes on starting: importing is cheap, and the first question no stall."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LATE], check=True, capture_output=True, text=True
    )
    early, worst, total = done.stdout.rsplit(maxsplit=2)
    print(f"first question {float(total) * 1000:.0f} ms, loop held {float(worst) * 1000:.0f} ms")
    assert early == "[]"
    assert float(worst) < 0.5 * float(total)


# ---------------------------------------------------------------- the register


@contextlib.asynccontextmanager
async def agent_at(address: str, token: str = TOKEN) -> AsyncIterator[ConsulAgent]:
    """The register of the agent at this address."""
    environ = {"CONSUL_HTTP_ADDR": address, "CONSUL_HTTP_TOKEN": token}
    agent = ConsulAgent(parse_environment(environ), timeout=TIMEOUT)
    try:
        yield agent
    finally:
        await agent.aclose()


def build_service(consul: ConsulProcess, number: int = 1) -> Service:
    """A node; the agent itself stands in for its health port."""
    return Service(id=f"node:{number}", address="127.0.0.1", port=consul.port, tags=("blue",))


async def test_node_is_registered_with_its_health(consul: ConsulProcess) -> None:
    """Others find it with the verdict of its own check; it leaves when it says so."""
    async with agent_at(consul.address) as agent:
        assert await agent.fetch_services() == ()
        assert not await agent.is_registered("node:1")
        good, bad = build_service(consul), build_service(consul, 2)
        await agent.register_service(good, f"{consul.address}/v1/status/leader", interval=1)
        await agent.register_service(bad, f"{consul.address}/none", interval=1)
        assert await agent.is_registered("node:1")

        async def is_passing() -> bool:
            return [s.status for s in await agent.fetch_services()] == ["passing", "critical"]

        await poll(is_passing)
        found, _ = await agent.fetch_services()
        assert (found.id, found.address, found.port, found.tags) == (
            "node:1", "127.0.0.1", consul.port, ("blue",),
        )  # fmt: skip
        # Registering again, as after a restart, does not make it critical for a while.
        for _ in range(5):
            await agent.register_service(good, f"{consul.address}/v1/status/leader", interval=1)
            assert await is_passing()
        await agent.deregister_service("node:1")
        await agent.deregister_service("node:1")
        assert not await agent.is_registered("node:1")
        await poll(lambda: is_alone(agent, "node:2"))


async def is_alone(agent: ConsulAgent, service_id: str) -> bool:
    """Whether this is the only instance."""
    return [s.id for s in await agent.fetch_services()] == [service_id]


async def test_agent_that_restarted_has_forgotten_the_node(consul: ConsulProcess) -> None:
    """And says so, so that the node can register again."""
    async with agent_at(consul.address) as agent:
        await agent.register_service(build_service(consul), f"{consul.address}/none")
        consul.restart()
        assert not await agent.is_registered("node:1")
        await agent.register_service(build_service(consul), f"{consul.address}/none")
        assert await agent.is_registered("node:1")


async def test_register_fails_as_the_keys_do(
    consul: ConsulProcess, strict_agent: ConsulProcess
) -> None:
    """Denied, hung, down: errors of the port, in time, without the token."""
    async with agent_at(strict_agent.address) as agent:
        service = build_service(strict_agent)
        error = await provoke(agent.register_service(service, "http://127.0.0.1:1/"))
        assert isinstance(error, KeyStoreDeniedError)
    token = strict_agent.create_token('service "sos" { policy = "write" }')
    async with agent_at(strict_agent.address, token) as agent:
        await agent.register_service(service, "http://127.0.0.1:1/")
        assert await agent.is_registered("node:1")
    async with agent_at(consul.address) as agent:
        consul.pause()
        await provoke(agent.register_service(service, "http://127.0.0.1:1/"))
        await provoke(agent.is_registered("node:1"))
        consul.kill()
        await provoke(agent.fetch_services())
        await provoke(agent.deregister_service("node:1"))
