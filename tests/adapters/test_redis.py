"""RedisStore on a real Valkey: every call of the ports, and every way in which a server can fail."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sos.adapters.redis import RedisStore
from sos.content.store import Brief, Candidate, Due, Operation
from sos.errors import StoreIncompleteError, StoreUnavailableError

from tests.content.raw_store import HOME, NOW, Json, page, post, term
from tests.servers.valkey_process import ValkeyProcess

TIMEOUT_MS = 250
BOUND = 0.75
"""Two time-outs and what a busy machine adds, seconds."""

HOST = "www.example.org"


def puts(documents: dict[str, Json], seq: int = 1) -> list[Operation]:
    """Documents as operations, the ready mark behind them."""
    operations = [Operation("put", r, seq, json.dumps(d).encode()) for r, d in documents.items()]
    return [*operations, Operation("ready")]


SITE: dict[str, Json] = {
    "site": {"home": HOME, "url": HOME},
    "term:1": term(1),
    "user:1": {"id": 1, "name": "A", "link": f"{HOME}/author/a/"},
    "menu:1": {"id": 1, "sos": {"items": [{"type": "post_type", "object_id": 5}]}},
    **{f"post:{n}": post(n, categories=[1]) for n in (1, 2, 3)},
    "post:5": post(5, status="future", date_gmt="2040-01-01T00:00:00"),
    "post:6": page(6, sos={"expires_gmt": "2024-02-01T00:00:00"}),
    "post:7": post(7, type="book", sos={"expires_gmt": "2023-12-01T00:00:00"}),
}


async def read_front(store: RedisStore) -> Any:
    """What a node asks for most."""
    return await store.fetch_page([Candidate("page", "/")], NOW, -1)


# ---------------------------------------------------------------- the ports


async def test_page_comes_in_plain_types(store: RedisStore) -> None:
    """Everything that read.lua answers, in its place."""
    assert set(await store.apply(puts(SITE))) == {"applied"}
    found = await store.fetch_page([Candidate("page", "/no/"), Candidate("page", "/p2/")], NOW, -1)
    assert (found.status, found.candidate, found.primary) == ("found", 1, "post:2")
    assert (found.rev, found.complete, found.path, found.list, found.total) == (1, True, "", "", 0)
    assert [r.ref for r in found.records] == ["post:2", "user:1", "term:1"]
    assert json.loads(found.records[0].json) == SITE["post:2"]
    assert found.previous == Brief("post:1", "/p1/", "Post 1", False)
    assert found.next == Brief("post:3", "/p3/", "Post 3", False)
    assert [r.ref for r in found.common] == ["site", "menu:1"]
    assert found.hidden == {"post:5"}
    front = await read_front(store)
    assert (front.list, front.total, front.refs) == ("type:post", 3, ("post:3", "post:2", "post:1"))


async def test_outcomes_come_in_the_order_of_the_operations(store: RedisStore) -> None:
    """One each; an error of one is no error of the call."""
    document = json.dumps(post(1)).encode()
    operations = [
        Operation("put", "post:1", 5, document),
        Operation("put", "post:1", 4, document),
        Operation("put", "post:2", 5, b"{"),
        Operation("put", "post:1", 6, document),
        Operation("remove", "post:1", 7),
    ]
    assert await store.apply(operations) == (
        "applied", "stale", "error: not a JSON object", "unchanged", "applied",
    )  # fmt: skip
    assert await store.apply([]) == ()


async def test_sequence_numbers_are_never_the_same(store: RedisStore) -> None:
    """Also when taken at once."""
    numbers = await asyncio.gather(*(store.take_sequence() for _ in range(20)))
    assert sorted(numbers) == list(range(1, 21))


async def test_everything_that_was_written_can_be_listed(store: RedisStore) -> None:
    """Entries, documents, sizes, state: what verification needs."""
    await store.apply(puts(SITE))
    entries = await store.fetch_all_entries()
    assert entries.keys() == SITE.keys()
    assert entries["post:1"].ref == "post:1"
    assert entries["post:1"].lists.keys() == {"type:post", "author:1", "term:1"}
    assert entries["site"].deps == ()
    documents = await store.fetch_documents(["post:1", "post:99"])
    assert {ref: json.loads(d) for ref, d in documents.items()} == {"post:1": SITE["post:1"]}
    assert await store.fetch_documents([]) == {}
    assert (await store.fetch_sizes())["type:post"] == 4
    assert (await store.fetch_meta())["ready"] == "1"


async def test_documents_are_found_by_a_word_in_them(store: RedisStore) -> None:
    """However many are asked for; a word is no pattern, and a document that is not there is none."""
    posts = {f"post:{n}": {**SITE["post:1"], "id": n, "slug": f"s{n}"} for n in range(1, 121)}
    for n in (1, 50, 51, 120):
        posts[f"post:{n}"]["sos"] = {"head": {"robots": "no%index"}}
    await store.apply(puts(posts))
    found = await store.fetch_holding([*posts, "post:999"], ["nothing", "no%index"])
    assert list(found) == ["post:1", "post:50", "post:51", "post:120"]
    assert json.loads(found["post:51"]) == posts["post:51"]
    assert await store.fetch_holding(list(posts), ["n.%index", "nothing"]) == {}
    assert await store.fetch_holding([], ["no%index"]) == {}


async def test_state_of_an_importer_is_kept_and_forgotten(store: RedisStore) -> None:
    """Bytes, beside the content."""
    assert await store.fetch_state("import") is None
    await store.save_state("import", b"\x00\xff")
    assert await store.fetch_state("import") == b"\x00\xff"
    await store.save_state("import", None)
    assert await store.fetch_state("import") is None


async def test_entries_of_a_list_are_the_visible_ones(store: RedisStore) -> None:
    """By ascending score; positions count all of them."""
    await store.apply(puts(SITE))
    listed = await store.fetch_entries("type:post", 0, 10, NOW)
    assert [e.ref for e in listed] == ["post:1", "post:2", "post:3"]
    assert [e.ref for e in await store.fetch_entries("type:post", 1, 1, NOW)] == ["post:2"]
    assert [e.ref for e in await store.fetch_entries("terms:category", 0, 9, NOW)] == ["term:1"]
    assert [e.ref for e in await store.fetch_entries("users", 0, 9, NOW)] == ["user:1"]
    assert await store.fetch_entries("type:book", 0, 9, 1701388800) == ()
    assert await store.fetch_entries("type:none", 0, 9, NOW) == ()


async def test_lost_list_is_no_empty_list(store: RedisStore) -> None:
    """A sitemap without its pages would tell search engines to forget them."""
    await store.apply(puts(SITE))
    await store._client.delete(store._key("list:type:post"))
    with pytest.raises(StoreIncompleteError, match="type:post"):
        await store.fetch_entries("type:post", 0, 10, NOW)


async def test_due_changes_come_soonest_first(store: RedisStore) -> None:
    """With what they touch: lists, and the menus where one leads there or shows top pages."""
    await store.apply(puts(SITE))
    due = await store.fetch_due(NOW, 10)
    assert [d.at for d in due] == [1701388800, 1706745600, 2208988800]
    assert due[0] == Due(1701388800, frozenset({"post:7", "list:type:book"}))
    assert due[1].touched == {"post:6", "list:type:page", "list:children:0", "menus"}
    assert due[2].touched == {"post:5", "list:type:post", "list:author:1", "menus"}
    assert await store.fetch_due(NOW, 1) == due[:1]
    assert await store.fetch_due(1701388800, 10) == due[1:]
    assert await store.fetch_due(3_000_000_000, 10) == ()


# ---------------------------------------------------------------- what has changed


async def test_changes_are_names_since_a_revision(store: RedisStore) -> None:
    """None where there is none; a later change of one name counts once."""
    await store.apply(puts(SITE))
    first = await store.fetch_changes(0, "", 0)
    assert (first.rev, first.complete, first.everything) == (1, True, False)
    await store.apply(puts({"post:2": post(2, title="x")}, seq=2))
    await store.apply(puts({"post:2": post(2, title="y")}, seq=3))
    later = await store.fetch_changes(1, first.epoch, 0)
    assert (later.rev, later.everything) == (3, False)
    assert later.touched == {"post:2", "list:term:1"}
    assert (await store.fetch_changes(3, first.epoch, 0)).touched == frozenset()


async def test_waiting_ends_with_the_first_event(store: RedisStore) -> None:
    """Not with the end of the time given."""
    await store.apply(puts(SITE))
    epoch = (await store.fetch_changes(1, "", 0)).epoch
    waiting = asyncio.create_task(store.fetch_changes(1, epoch, 5000))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    started = time.monotonic()
    await store.apply(puts({"post:2": post(2, title="x")}, seq=2))
    assert (await waiting).rev == 2
    assert time.monotonic() - started < 1.0


async def test_waiting_in_vain_takes_as_long_as_it_was_told(store: RedisStore) -> None:
    """And says that nothing happened."""
    await store.apply(puts(SITE))
    started = time.monotonic()
    changes = await store.fetch_changes(1, "", 150)
    assert 0.14 < time.monotonic() - started < 1.0
    assert (changes.rev, changes.touched) == (1, frozenset())


async def test_another_store_is_everything(store: RedisStore) -> None:
    """Another epoch, a revision that went back, or names that were lost."""
    await store.apply(puts(SITE))
    epoch = (await store.fetch_changes(0, "", 0)).epoch
    assert (await store.fetch_changes(1, "other", 0)).everything
    assert (await store.fetch_changes(2, epoch, 0)).everything
    assert not (await store.fetch_changes(1, epoch, 0)).everything
    await store._client.delete(store._key("touched"))
    assert (await store.fetch_changes(0, epoch, 0)).everything
    assert not (await store.fetch_changes(1, epoch, 0)).everything


COUNTED = ["meta", "doc", "entry", "path", "old", "gone", "size", "at", "until"]


@pytest.mark.parametrize("name", COUNTED)
async def test_store_that_lost_a_key_is_not_complete(store: RedisStore, name: str) -> None:
    """Whoever follows it raises the alarm within one look."""
    gone = {"post:8": post(8), "post:9": post(9, "nine")}
    await store.apply(puts({**SITE, **gone}))
    await store.apply([Operation("remove", "post:8", 2)])
    await store.apply(puts({"post:9": post(9, "ten")}, seq=2))
    assert (await store.fetch_changes(0, "", 0)).complete
    assert await store._client.delete(store._key(name)) == 1
    assert not (await store.fetch_changes(0, "", 0)).complete


async def test_empty_store_is_not_complete(store: RedisStore) -> None:
    """Nor is one that is being filled."""
    assert not (await store.fetch_changes(0, "", 0)).complete
    await store.apply(puts(SITE)[:-1])
    assert not (await store.fetch_changes(0, "", 0)).complete
    await store.apply([Operation("ready")])
    assert (await store.fetch_changes(0, "", 0)).complete


async def test_store_of_another_schema_is_not_understood(store: RedisStore) -> None:
    """By no call that reads what a schema describes."""
    await store._client.hset(store._key("meta"), "schema", "2")
    for call in (read_front(store), store.fetch_changes(0, "", 0), store.apply(puts(SITE))):
        with pytest.raises(StoreUnavailableError, match="schema"):
            await call


@pytest.mark.parametrize("field", ["rev", "docs", "old", "epoch"])
async def test_garbage_in_the_state_is_no_answer(store: RedisStore, field: str) -> None:
    """It never becomes another kind of error."""
    await store.apply(puts(SITE))
    await store._client.hset(store._key("meta"), field, b"\xff\xfe")
    with pytest.raises(StoreUnavailableError):
        await store.fetch_changes(0, "", 0)


# ---------------------------------------------------------------- a server that fails

Call = Callable[[RedisStore], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "fetch_page": read_front,
    "fetch_changes": lambda s: s.fetch_changes(0, "", 0),
    "fetch_changes, waiting": lambda s: s.fetch_changes(0, "", 100),
    "fetch_due": lambda s: s.fetch_due(NOW, 10),
    "fetch_sizes": lambda s: s.fetch_sizes(),
    "fetch_entries": lambda s: s.fetch_entries("type:post", 0, 10, NOW),
    "fetch_holding": lambda s: s.fetch_holding(["post:1"], ["x"]),
    "fetch_meta": lambda s: s.fetch_meta(),
    "take_sequence": lambda s: s.take_sequence(),
    "fetch_state": lambda s: s.fetch_state("x"),
}
PATIENT: dict[str, Call] = {
    "apply": lambda s: s.apply(puts(SITE)),
    "fetch_all_entries": lambda s: s.fetch_all_entries(),
    "fetch_documents": lambda s: s.fetch_documents(["post:1"]),
}


@contextlib.asynccontextmanager
async def opened(url: str, host: str = HOST) -> AsyncIterator[RedisStore]:
    """A store that gives up as early as a node does."""
    store = RedisStore(url, host, timeout_ms=TIMEOUT_MS)
    try:
        yield store
    finally:
        await store.aclose()


async def assert_unavailable(call: Awaitable[Any], bound: float = BOUND) -> str:
    """The call fails as the port says, in time; returns what it said."""
    started = time.monotonic()
    with pytest.raises(StoreUnavailableError) as caught:
        await call
    assert time.monotonic() - started < bound
    return str(caught.value)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyProcess]:
    """A Valkey of one's own, to be maltreated."""
    process = ValkeyProcess(tmp_path / "valkey").start()
    yield process
    process.stop()


async def test_silent_server_costs_two_time_outs_at_most(server: ValkeyProcess) -> None:
    """Stopped with SIGSTOP, it still accepts connections. Calls succeed as soon as it goes on."""
    async with opened(server.url) as store:
        await store.apply(puts(SITE))
        server.pause()
        for _ in range(2):
            # Waiting for an event takes as long as was asked for on top of it.
            await asyncio.gather(
                *(assert_unavailable(c(store), BOUND + 0.1) for c in CALLS.values())
            )
        server.resume()
        for call in CALLS.values():
            await call(store)


async def test_killed_server_is_noticed_at_once_and_found_again(server: ValkeyProcess) -> None:
    """A connection that broke, then a closed port; then the same port."""
    async with opened(server.url) as store:
        await store.apply(puts(SITE))
        server.kill()
        for name, call in {**CALLS, **PATIENT}.items():
            message = await assert_unavailable(call(store), 0.3)
            assert str(server.port) in message or "losed" in message, name
        await asyncio.to_thread(server.start)
        assert (await read_front(store)).total == 3


async def test_many_calls_at_a_silent_server_open_a_bounded_number_of_connections(
    server: ValkeyProcess,
) -> None:
    """Requests that find none free fail like the others; afterwards all is as before."""
    async with opened(server.url) as store:
        await store.apply(puts(SITE))
        before = await clients_of(server)
        server.pause()
        started = time.monotonic()
        calls = [read_front(store) for _ in range(300)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert time.monotonic() - started < 3.0
        assert {type(r) for r in results} == {StoreUnavailableError}
        server.resume()
        await read_front(store)
        assert await clients_of(server) - before <= 64
        results = await asyncio.gather(*(read_front(store) for _ in range(60)))
        assert {r.total for r in results} == {3}


async def clients_of(server: ValkeyProcess) -> int:
    """How many clients a server has, the one that asks left out."""
    async with opened(server.url) as asking:
        return int((await asking._client.info("clients"))["connected_clients"]) - 1


async def test_cancelled_call_leaves_no_answer_behind_for_the_next_one(
    server: ValkeyProcess,
) -> None:
    """A connection with an answer under way is never used again."""
    async with opened(server.url) as store:
        await store.apply(puts(SITE))
        for delay in (0.0, 0.0005, 0.001, 0.002):
            tasks = [asyncio.create_task(store.fetch_sizes()) for _ in range(10)]
            await asyncio.sleep(delay)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert (await read_front(store)).total == 3
            assert await store.fetch_state("x") is None


async def test_forgotten_scripts_are_sent_again(server: ValkeyProcess) -> None:
    """SCRIPT FLUSH, or a restart."""
    async with opened(server.url) as store:
        await store.apply(puts(SITE))
        await store._client.script_flush()
        assert (await read_front(store)).total == 3
        await store._client.script_flush()
        assert await store.apply(puts(SITE, seq=2)) == ("unchanged",) * (len(SITE) + 1)


async def test_replica_is_read_and_refuses_writes(server: ValkeyProcess) -> None:
    """READONLY becomes the port's error; reading goes on."""
    async with opened(server.url) as store:
        await store.apply(puts(SITE))
        await store._client.execute_command("REPLICAOF", "127.0.0.1", "1")
        assert (await read_front(store)).total == 3
        assert "read only" in await assert_unavailable(store.apply(puts(SITE, seq=2)))
        assert "read only" in await assert_unavailable(store.take_sequence())
        await store._client.execute_command("REPLICAOF", "NO", "ONE")
        await store.take_sequence()


async def test_full_server_refuses_the_write_as_a_whole(server: ValkeyProcess) -> None:
    """``noeviction``: nothing is half-written, nothing is thrown away, reading goes on."""
    async with opened(server.url) as store:
        await store.apply(puts(SITE))
        await store._client.config_set("maxmemory-policy", "noeviction")
        await store._client.config_set("maxmemory", "1")
        new = puts({"post:50": post(50), "post:51": post(51)}, seq=2)
        assert "maxmemory" in await assert_unavailable(store.apply(new))
        assert (await read_front(store)).total == 3
        assert (await read_front(store)).complete
        await store._client.config_set("maxmemory", "0")
        assert (await store.apply(new))[:2] == ("applied", "applied")
        assert (await read_front(store)).complete


async def test_server_that_is_loading_is_unavailable(server: ValkeyProcess) -> None:
    """Busy with a script, as with its data: an error, no wait."""
    async with opened(server.url) as store, opened(server.url) as other:
        await store.apply(puts(SITE))
        await other._client.config_set("busy-reply-threshold", "50")
        loop = "while true do end"
        hog = asyncio.create_task(other._guard(other._client.eval(loop, 0), extra=5.0))
        deadline = time.monotonic() + 5
        message = ""
        while "BUSY" not in message.upper() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            with contextlib.suppress(StoreUnavailableError):
                await read_front(store)
                continue
            message = await assert_unavailable(read_front(store))
        assert "busy" in message.lower()
        await store._client.script_kill()
        await asyncio.gather(hog, return_exceptions=True)
        assert (await read_front(store)).total == 3


# ---------------------------------------------------------------- addresses


async def test_password_is_used_and_never_told(tmp_path: Path) -> None:
    """Right, wrong, missing; as the default user and as another one."""
    secret = "p@ss/w:rd#%"
    quoted = "p%40ss%2Fw%3Ard%23%25"
    server = ValkeyProcess(tmp_path / "valkey").start()
    try:
        async with opened(server.url) as store:
            await store._client.execute_command(
                "ACL", "SETUSER", "ed", "on", f">{secret}", "~*", "+@all"
            )
            await store._client.config_set("requirepass", secret)
        address = server.url.removeprefix("redis://")
        for login in (f":{quoted}", f"default:{quoted}", f"ed:{quoted}"):
            async with opened(f"redis://{login}@{address}") as store:
                assert await store.take_sequence() > 0
        for login in (":wr0ng", "ed:wr0ng", "wr0ng:wr0ng", "wr0ng:", ""):
            async with opened(f"redis://{login}{'@' if login else ''}{address}") as store:
                for call in CALLS.values():
                    message = await assert_unavailable(call(store))
                    assert "wr0ng" not in message
                    assert secret not in message
    finally:
        server.stop()


async def test_unix_socket_and_numbered_database(tmp_path: Path) -> None:
    """A path with a space; two databases hold two stores."""
    path = tmp_path / "a b.sock"
    server = ValkeyProcess(tmp_path / "valkey", "--unixsocket", str(path)).start()
    try:
        quoted = str(path).replace(" ", "%20")
        async with opened(f"unix://{quoted}") as store:
            await store.apply(puts(SITE))
            assert (await read_front(store)).total == 3
            assert (await store.fetch_changes(0, "", 50)).complete
        async with opened(f"unix://{quoted}?db=2") as store:
            assert not (await read_front(store)).complete
            await store.apply(puts(SITE))
        async with opened(f"{server.url}/2") as store:
            assert (await read_front(store)).complete
        path.unlink()
        async with opened(f"unix://{quoted}") as store:
            await assert_unavailable(read_front(store), 0.3)
    finally:
        server.stop()


async def test_unknown_host_is_unavailable() -> None:
    """A name that nobody knows (RFC 6761, .invalid)."""
    async with opened("redis://nobody.invalid") as store:
        await assert_unavailable(read_front(store), 2.0)


async def test_two_sites_share_a_server_and_nothing_else(store: RedisStore, valkey: Any) -> None:
    """The host is part of every key."""
    async with opened(valkey.connection_url, "other.example") as other:
        await store.apply(puts(SITE))
        assert not (await read_front(other)).complete
        assert await other.fetch_all_entries() == {}


# ---------------------------------------------------------------- servers that are none


@contextlib.asynccontextmanager
async def answering(answer: bytes | None, pause: float = 0.0) -> AsyncIterator[str]:
    """A server that gives one answer to whatever it is sent; None: none. ``pause`` between bytes."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while await reader.read(65536):
                if answer == b"":
                    break
                for part in [answer] if not pause else [bytes([b]) for b in answer or b""]:
                    writer.write(part or b"")
                    await writer.drain()
                    await asyncio.sleep(pause)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*(w.wait_closed() for w in writers), return_exceptions=True)


NONSENSE = {
    "a web server": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "a mail server": b"220 mail.example ESMTP\r\n",
    "a yes": b"+OK\r\n" * 20,
    "a number": b":7\r\n" * 20,
    "nothing": b"$-1\r\n" * 20,
    "no list": b"*-1\r\n" * 20,
    "an empty list": b"*0\r\n" * 20,
    "a short list": b"*2\r\n:1\r\n:2\r\n" * 20,
    "lists in lists": b"*1\r\n" * 200 + b":1\r\n",
    "an error": b"-ERR no\r\n" * 20,
    "an error of no kind": b"-\r\n" * 20,
    "an end": b"",
    "a piece": b"*20\r\n:1\r\n$5\r\nab",
    "a promise of gigabytes": b"$99999999999\r\n",
    "a promise of many": b"*99999\r\n:1\r\n",
    "a negative length": b"$-7\r\n" * 20,
    "noise": bytes(range(256)) * 4,
    "zeros": bytes(1000),
    "a page of wrong types": b"*20\r\n" + b"$1\r\nx\r\n" * 20,
    "a page of numbers": b"*20\r\n" + b":5\r\n" * 20,
    "a page that is not text": b"*20\r\n" + b"$1\r\n\xff\r\n" * 20,
    "a silent one": None,
}


@pytest.mark.parametrize("kind", NONSENSE)
async def test_nonsense_is_no_answer_and_no_other_error(kind: str) -> None:
    """Each call either makes sense of it or says that the store is unavailable, in time."""
    async with answering(NONSENSE[kind]) as url, opened(url) as store:
        await asyncio.gather(*(failing_or_sane(n, c(store)) for n, c in CALLS.items()))
        if NONSENSE[kind]:
            patient = {n: c for n, c in PATIENT.items() if not kind.startswith(("a p", "a n"))}
            await asyncio.gather(*(failing_or_sane(n, c(store)) for n, c in patient.items()))


async def failing_or_sane(name: str, call: Awaitable[Any]) -> None:
    """Either the port's own error or an answer of the port's own types."""
    started = time.monotonic()
    try:
        answer = await asyncio.wait_for(call, 3.0)
    except StoreUnavailableError:
        answer = None
    assert time.monotonic() - started < BOUND + 0.3, name
    plain = (type(None), int, bytes, dict, tuple)
    assert isinstance(answer, plain), (name, answer)


async def test_server_that_trickles_is_given_up_like_a_silent_one() -> None:
    """A time-out per byte would never be over."""
    async with answering(b"$1000\r\n" + b"x" * 1000, pause=0.05) as url, opened(url) as store:
        await assert_unavailable(store.fetch_state("x"))
        await assert_unavailable(read_front(store))
