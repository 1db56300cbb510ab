"""Redis, Valkey, Sentinel or Cluster behind the ports of `content.store`.

In: a URL and port calls. Out: plain types. An exception of the driver never leaves this module:
it becomes StoreUnavailableError. Reads never retry: who asks has a last good copy to fall back on.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import redis.asyncio as driver
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from sos.content.store import Brief, Candidate, Changes, Due, Entry, Found, Operation, Record
from sos.errors import SettingsError, StoreUnavailableError

T = TypeVar("T")
_Sentinel: Any = Sentinel  # its constructor has no types

Client = driver.Redis | driver.RedisCluster

_READ = files("sos.content").joinpath("read.lua").read_text(encoding="utf-8")
_APPLY = files("sos.content").joinpath("apply.lua").read_text(encoding="utf-8")


MAX_BLOCK_MS = 10_000
"""Longest wait for an event that `RedisStore.fetch_changes` may be asked for, milliseconds."""


def connect(url: str, timeout_ms: int = 250, max_connections: int = 64) -> Client:
    """A client for ``url`` whose calls fail within about ``timeout_ms`` when the server is silent.

    Raises SettingsError for a URL that can't be understood. Does no I/O yet.
    """
    parts = urlsplit(url)
    # redis-py's own defaults wait a minute on a black hole; see docs/decisions.
    options: dict[str, Any] = {
        "socket_timeout": timeout_ms / 1000,
        "socket_connect_timeout": timeout_ms / 1000,
        "protocol": 2,
        "max_connections": max_connections,
    }
    query = parse_qs(parts.query)
    if "ca" in query:
        options["ssl_ca_certs"] = query["ca"][0]
    if parts.password is not None:
        options["password"] = unquote(parts.password)
    if parts.username:
        options["username"] = unquote(parts.username)
    no_retry = Retry(NoBackoff(), 0)
    try:
        if parts.scheme == "redis+sentinel":
            service, _, db = parts.path.strip("/").partition("/")
            timeouts = {k: options[k] for k in ("socket_timeout", "socket_connect_timeout")}
            sentinel: Any = _Sentinel(_nodes(parts.netloc, 26379), sentinel_kwargs=timeouts)
            master: driver.Redis = sentinel.master_for(
                service or "mymaster", db=int(db or 0), retry=no_retry, **options
            )
            return master
        if parts.scheme == "redis+cluster":
            nodes = [ClusterNode(host, port) for host, port in _nodes(parts.netloc, 6379)]
            return driver.RedisCluster(
                startup_nodes=nodes, cluster_error_retry_attempts=1, **options
            )
        plain = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        return driver.Redis.from_url(plain, retry=no_retry, **options)
    except (ValueError, RedisError) as exc:
        raise SettingsError(f"redis_url: {exc}") from exc


def _nodes(netloc: str, port: int) -> list[tuple[str, int]]:
    hosts = netloc.rpartition("@")[2].split(",")
    pairs = [h.rpartition(":") if ":" in h else (h, ":", port) for h in hosts]
    return [(str(host), int(number)) for host, _, number in pairs]


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
        await self._client.aclose()
        await self._waiter.aclose()

    # ------------------------------------------------------------ reading

    async def fetch_page(self, candidates: Sequence[Candidate], now: int, common_rev: int) -> Found:
        words: list[Any] = [now, common_rev]
        for c in candidates:
            words += [c.how, c.value, c.number, c.count]
        answer = await self._guard(self._script(_READ, words))
        try:
            return _parse_found(answer)
        except (TypeError, ValueError, IndexError, UnicodeDecodeError) as exc:
            raise StoreUnavailableError(f"the content store answered nonsense: {exc}") from exc

    async def fetch_changes(self, rev: int, epoch: str, block_ms: int) -> Changes:
        if block_ms:
            await self._wait_for_event(rev, block_ms)
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.hmget(self._key("meta"), "rev", "epoch", "ready", "docs", "paths")
            pipe.zrangebyscore(self._key("touched"), f"({rev}", "+inf")
            for name in ("doc", "entry", "path"):
                pipe.hlen(self._key(name))
            meta, touched, *lengths = await self._guard(pipe.execute())
        docs, paths = int(meta[3] or 0), int(meta[4] or 0)
        now_rev, now_epoch = int(meta[0] or 0), (meta[1] or b"").decode()
        return Changes(
            rev=now_rev,
            epoch=now_epoch,
            complete=meta[2] == b"1" and lengths == [docs, docs, paths],
            touched=frozenset(t.decode() for t in touched),
            everything=now_rev < rev or (bool(epoch) and now_epoch != epoch),
        )

    async def fetch_due(self, now: int, limit: int) -> tuple[Due, ...]:
        async with self._client.pipeline(transaction=True) as pipe:
            for name in ("at", "until"):
                pipe.zrangebyscore(
                    self._key(name), f"({now}", "+inf", start=0, num=limit, withscores=True
                )
            pairs = [p for part in await self._guard(pipe.execute()) for p in part]
        pairs = sorted(pairs, key=lambda p: (p[1], p[0]))[:limit]
        entries = await self._entries([ref for ref, _ in pairs])
        return tuple(
            Due(int(at), frozenset({entry.ref, *(f"list:{name}" for name in entry.lists)}))
            for (_, at), entry in zip(pairs, entries, strict=True)
            if entry
        )

    async def fetch_sizes(self) -> dict[str, int]:
        sizes = await self._guard(self._client.hgetall(self._key("size")))
        return {name.decode(): int(size) for name, size in sizes.items()}

    async def fetch_entries(self, name: str, start: int, count: int, now: int) -> tuple[Entry, ...]:
        members = await self._guard(
            self._client.zrange(self._key(f"list:{name}"), start, start + count - 1)
        )
        kind = "term" if name.startswith("terms:") else "user" if name == "users" else "post"
        refs = [f"{kind}:{int(m)}".encode() for m in members]
        return tuple(e for e in await self._entries(refs) if e and _is_visible(e, now))

    # ------------------------------------------------------------ writing

    async def take_sequence(self) -> int:
        return int(await self._guard(self._client.incr(self._key("seq"))))

    async def apply(self, operations: Sequence[Operation]) -> tuple[str, ...]:
        words: list[Any] = [""]
        for o in operations:
            words += [o.op, o.ref, o.seq, o.json]
        outcomes = await self._guard(self._script(_APPLY, words), patient=True)
        return tuple(o.decode() for o in outcomes)

    async def fetch_all_entries(self) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        cursor = 0
        while True:
            cursor, batch = await self._guard(
                self._client.hscan(self._key("entry"), cursor, count=1000), patient=True
            )
            for ref, json in batch.items():
                if entry := _parse_entry(ref, json):
                    entries[entry.ref] = entry
            if not cursor:
                return entries

    async def fetch_documents(self, refs: Sequence[str]) -> dict[str, bytes]:
        if not refs:
            return {}
        found = await self._guard(self._client.hmget(self._key("doc"), list(refs)), patient=True)
        return {ref: json for ref, json in zip(refs, found, strict=True) if json is not None}

    async def fetch_meta(self) -> dict[str, str]:
        meta = await self._guard(self._client.hgetall(self._key("meta")))
        return {k.decode(): v.decode(errors="replace") for k, v in meta.items()}

    async def save_state(self, name: str, value: bytes | None) -> None:
        if value is None:
            await self._guard(self._client.hdel(self._key("state"), name))
        else:
            await self._guard(self._client.hset(self._key("state"), name, value))

    async def fetch_state(self, name: str) -> bytes | None:
        value: bytes | None = await self._guard(self._client.hget(self._key("state"), name))
        return value

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
        return [_parse_entry(r, json) for r, json in zip(refs, found, strict=True)]

    async def _guard(self, call: Awaitable[T], *, patient: bool = False, extra: float = 0.0) -> T:
        """Await a driver's call under one deadline, with the driver's errors made our own."""
        # The socket's own time-outs restart with every byte and every reconnect; this one does not.
        deadline = 30.0 if patient else self._timeout * 2 + extra
        try:
            async with asyncio.timeout(deadline):
                return await call
        except (RedisError, OSError, TimeoutError, UnicodeDecodeError) as exc:
            detail = str(exc) or type(exc).__name__
            raise StoreUnavailableError(f"the content store did not answer: {detail}") from exc


def _is_visible(entry: Entry, now: int) -> bool:
    return entry.at <= now and (not entry.until or entry.until > now)


def _parse_entry(ref: bytes, json: bytes | None) -> Entry | None:
    if json is None:
        return None
    try:
        # Lua can't tell an empty array from an empty object.
        sound = json.replace(b'"deps":{}', b'"deps":[]')
        return msgspec.structs.replace(msgspec.json.decode(sound, type=Entry), ref=ref.decode())
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _parse_brief(words: list[Any]) -> Brief | None:
    if not words:
        return None
    ref, path, title, protected = words
    return Brief(ref.decode(), path.decode(), title.decode(errors="replace"), bool(protected))


def _parse_briefs(rows: list[list[Any]]) -> tuple[Brief, ...]:
    return tuple(b for row in rows if (b := _parse_brief(row)))


def _parse_records(rows: list[list[Any]]) -> tuple[Record, ...]:
    return tuple(
        Record(ref.decode(), int(rev), path.decode(), json) for ref, rev, path, json in rows
    )


def _parse_found(a: list[Any]) -> Found:
    return Found(
        rev=a[0],
        epoch=a[1].decode(),
        complete=bool(a[2]),
        status=a[3].decode(),
        candidate=a[4] - 1,
        primary=a[5].decode(),
        path=a[6].decode(),
        list=a[7].decode(),
        total=a[8],
        refs=tuple(r.decode() for r in a[9]),
        records=_parse_records(a[10]),
        previous=_parse_brief(a[11]),
        next=_parse_brief(a[12]),
        children=_parse_briefs(a[13]),
        ancestors=_parse_briefs(a[14]),
        common_rev=a[15],
        common=_parse_records(a[16]),
        top_pages=_parse_briefs(a[17]),
        sticky=tuple(r.decode() for r in a[18]),
        hidden=frozenset(r.decode() for r in a[19]),
    )
