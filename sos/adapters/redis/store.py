"""One site's content in Redis: every call of the ports, as few round trips as it takes.

Reads never retry: who asks has a last good copy to fall back on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, TypeVar

from redis.exceptions import NoScriptError

from sos.adapters.redis.answers import (
    is_visible,
    parse_entry,
    parse_found,
    sound_answer,
    touched_by_time,
)
from sos.adapters.redis.connect import connect
from sos.content.store import Candidate, Changes, Due, Entry, Found, Operation
from sos.errors import StoreIncompleteError, StoreUnavailableError

T = TypeVar("T")

_READ = files("sos.content").joinpath("read.lua").read_text(encoding="utf-8")
_APPLY = files("sos.content").joinpath("apply.lua").read_text(encoding="utf-8")

SCHEMA = b"1"
"""The schema that the scripts speak."""

# Fields of ``meta`` that say how long other keys are; a difference means that keys were lost.
_LENGTHS = {
    "doc": "docs", "entry": "docs", "path": "paths", "old": "old", "gone": "gone",
    "size": "lists", "at": "at", "until": "until",
}  # fmt: skip

MAX_BLOCK_MS = 10_000
"""Longest wait for an event that `RedisStore.fetch_changes` may be asked for, milliseconds."""


class RedisStore:
    """One site's content in Redis; fills ContentReader and ContentWriter."""

    def __init__(self, url: str, host: str, timeout_ms: int = 250) -> None:
        self._client: Any = connect(url, timeout_ms)
        # Waiting for events must outlast the time-out of ordinary calls.
        self._waiter: Any = connect(url, timeout_ms + MAX_BLOCK_MS, max_connections=4)
        self._prefix = f"sos:{{{host}}}:"
        self._timeout = timeout_ms / 1000

    async def aclose(self) -> None:
        """Close every connection."""
        for client in (self._client, self._waiter):
            await client.aclose()
            # Clients of sentinels belong to whoever asked for the master.
            if sentinel := getattr(
                getattr(client, "connection_pool", None), "sentinel_manager", None
            ):
                await sentinel.aclose()

    # ------------------------------------------------------------ reading

    async def fetch_page(self, candidates: Sequence[Candidate], now: int, common_rev: int) -> Found:
        words: list[Any] = [now, common_rev]
        for c in candidates:
            words += [c.how, c.value, c.number, c.count]
        answer = await self._guard(self._script(_READ, words))
        with sound_answer():
            return parse_found(answer)

    async def fetch_changes(self, rev: int, epoch: str, block_ms: int) -> Changes:
        if block_ms:
            await self._wait_for_event(rev, block_ms)

        def ask(pipe: Any) -> None:
            pipe.hgetall(self._key("meta"))
            for name in _LENGTHS:
                (pipe.zcard if name in ("at", "until") else pipe.hlen)(self._key(name))
            pipe.zrangebyscore(self._key("touched"), f"({rev}", "+inf")

        meta, *lengths, touched = await self._transaction(ask)
        with sound_answer():
            if meta.get(b"schema", SCHEMA) != SCHEMA:
                raise StoreUnavailableError("the content store is of another schema than 1")
            now_rev, now_epoch = int(meta.get(b"rev", 0)), meta.get(b"epoch", b"").decode()
            known = [int(meta.get(field.encode(), -1)) for field in _LENGTHS.values()]
            return Changes(
                rev=now_rev,
                epoch=now_epoch,
                complete=meta.get(b"ready") == b"1" and known == lengths,
                touched=frozenset(t.decode() for t in touched),
                # Every revision has names; where there are none, they were lost.
                everything=now_rev < rev
                or (bool(epoch) and now_epoch != epoch)
                or (now_rev > rev and not touched),
            )

    async def fetch_due(self, now: int, limit: int) -> tuple[Due, ...]:
        def ask(pipe: Any) -> None:
            for name in ("at", "until"):
                pipe.zrangebyscore(
                    self._key(name), f"({now}", "+inf", start=0, num=limit, withscores=True
                )

        pairs = [p for part in await self._transaction(ask) for p in part]
        pairs = sorted(pairs, key=lambda p: (p[1], p[0]))[:limit]
        if not pairs:
            return ()

        def ask_more(pipe: Any) -> None:
            pipe.hmget(self._key("entry"), [ref for ref, _ in pairs])
            for ref, _ in pairs:
                pipe.smembers(self._key("rdeps:") + ref.decode())

        with sound_answer():
            entries, *dependents = await self._transaction(ask_more)
            found = [parse_entry(ref, json) for (ref, _), json in zip(pairs, entries, strict=True)]
            return tuple(
                Due(int(at), touched_by_time(entry, refs))
                for (_, at), entry, refs in zip(pairs, found, dependents, strict=True)
                if entry
            )

    async def fetch_sizes(self) -> dict[str, int]:
        sizes = await self._guard(self._client.hgetall(self._key("size")))
        with sound_answer():
            return {name.decode(): int(size) for name, size in sizes.items()}

    async def fetch_entries(self, name: str, start: int, count: int, now: int) -> tuple[Entry, ...]:
        def ask(pipe: Any) -> None:
            pipe.zrange(self._key(f"list:{name}"), start, start + count - 1)
            pipe.zcard(self._key(f"list:{name}"))
            pipe.hget(self._key("size"), name)

        members, length, size = await self._transaction(ask)
        kind = "term" if name.startswith("terms:") else "user" if name == "users" else "post"
        with sound_answer():
            if length != int(size or 0):
                raise StoreIncompleteError(f"the content store lost the list {name}")
            refs = [f"{kind}:{int(m)}".encode() for m in members]
            return tuple(e for e in await self._entries(refs) if e and is_visible(e, now))

    # ------------------------------------------------------------ writing

    async def take_sequence(self) -> int:
        number = await self._guard(self._client.incr(self._key("seq")))
        with sound_answer():
            return int(number)

    async def apply(self, operations: Sequence[Operation]) -> tuple[str, ...]:
        words: list[Any] = [""]
        for o in operations:
            words += [o.op, o.ref, o.seq, o.json]
        outcomes = await self._guard(self._script(_APPLY, words), patient=True)
        with sound_answer():
            told = tuple(o.decode() for o in outcomes)
            if len(told) != len(operations):
                raise ValueError(f"{len(told)} outcomes of {len(operations)} operations")
            return told

    async def fetch_all_entries(self) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        cursor = 0
        while True:
            cursor, batch = await self._guard(
                self._client.hscan(self._key("entry"), cursor, count=1000), patient=True
            )
            with sound_answer():
                for ref, json in batch.items():
                    if entry := parse_entry(ref, json):
                        entries[entry.ref] = entry
            if not cursor:
                return entries

    async def fetch_documents(self, refs: Sequence[str]) -> dict[str, bytes]:
        if not refs:
            return {}
        found = await self._guard(self._client.hmget(self._key("doc"), list(refs)), patient=True)
        with sound_answer():
            return {
                r: bytes(memoryview(d)) for r, d in zip(refs, found, strict=True) if d is not None
            }

    async def fetch_meta(self) -> dict[str, str]:
        meta = await self._guard(self._client.hgetall(self._key("meta")))
        with sound_answer():
            return {k.decode(): v.decode(errors="replace") for k, v in meta.items()}

    async def save_state(self, name: str, value: bytes | None) -> None:
        if value is None:
            await self._guard(self._client.hdel(self._key("state"), name))
        else:
            await self._guard(self._client.hset(self._key("state"), name, value))

    async def fetch_state(self, name: str) -> bytes | None:
        value = await self._guard(self._client.hget(self._key("state"), name))
        with sound_answer():
            return None if value is None else bytes(memoryview(value))

    # ------------------------------------------------------------ within

    def _key(self, name: str) -> str:
        return self._prefix + name

    async def _script(self, script: str, words: list[Any]) -> Any:
        sha = sha1(script.encode(), usedforsecurity=False).hexdigest()
        try:
            return await self._client.evalsha(sha, 1, self._key("meta"), *words)
        except NoScriptError:  # a server that is new, restarted, or had SCRIPT FLUSH
            return await self._client.eval(script, 1, self._key("meta"), *words)

    async def _wait_for_event(self, rev: int, block_ms: int) -> None:
        """Return when the stream has an event past ``rev`` or the time is over."""
        await self._guard(
            self._waiter.xread({self._key("events"): f"{rev}-0"}, count=1, block=block_ms),
            extra=block_ms / 1000,
        )

    async def _entries(self, refs: Sequence[bytes]) -> list[Entry | None]:
        if not refs:
            return []
        found = await self._guard(self._client.hmget(self._key("entry"), list(refs)))
        return [parse_entry(r, json) for r, json in zip(refs, found, strict=True)]

    async def _transaction(self, ask: Callable[[Any], None]) -> list[Any]:
        """Answers to what ``ask`` puts on a pipeline, all of one moment."""

        async def execute() -> list[Any]:
            async with self._client.pipeline(transaction=True) as pipe:
                ask(pipe)
                answers: list[Any] = await pipe.execute()
                return answers

        return await self._guard(execute())

    async def _guard(self, call: Awaitable[T], *, patient: bool = False, extra: float = 0.0) -> T:
        """Await a driver's call under one deadline, with the driver's errors made our own."""
        # The socket's own time-outs restart with every byte and every reconnect; this one does not.
        deadline = 30.0 if patient else self._timeout * 2 + extra
        try:
            async with asyncio.timeout(deadline):
                return await call
        # Given nonsense, the driver raises whatever its parsers happen to.
        except Exception as exc:
            detail = str(exc) or type(exc).__name__
            raise StoreUnavailableError(f"the content store did not answer: {detail}") from exc
