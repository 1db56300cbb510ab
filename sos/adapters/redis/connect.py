"""From a URL to a client of a Redis, Valkey, Sentinel or Cluster that gives up early.

In: a URL as an operator writes it. Out: a client of the driver that has not connected yet. An
error never repeats a part of the URL: a password that was not escaped may end up in any part.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec
import redis.asyncio as driver
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from sos.errors import SettingsError

Client = driver.Redis | driver.RedisCluster

_Sentinel: Any = Sentinel  # its constructor has no types

_PORTS = {"redis": 6379, "rediss": 6379, "redis+cluster": 6379, "redis+sentinel": 26379, "unix": 0}
_QUERY = {"unix": {"db"}, "redis": {"db"}, "rediss": {"db", "ca"}, "redis+cluster": {"ca", "tls"}}
_URL = re.compile(
    r"(?P<scheme>[a-z+]+)://(?:(?P<user>[^/?#]*)@)?(?P<hosts>[^/?#@]*)(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?"
)
_HOST = re.compile(
    r"(?:(?P<name>[A-Za-z0-9_.-]+)|\[(?P<address>[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?)\])"
    r"(?::(?P<port>\d{1,5}))?"
)
_ESCAPE = "special characters of a user name or password must be percent-encoded"


class Address(msgspec.Struct, frozen=True):
    """A URL taken apart. ``login`` and ``tls`` are options of the driver."""

    scheme: str
    hosts: list[tuple[str, int]]
    path: str
    db: int
    login: dict[str, str]
    tls: dict[str, Any]


def connect(url: str, timeout_ms: int = 250, max_connections: int = 64) -> Client:
    """A client for ``url`` whose calls fail within about ``timeout_ms`` when the server is silent.

    Raises SettingsError for a URL that can't be understood, or whose ``ca`` is no file. Connects to
    nothing yet.
    """
    address = parse_address(url)
    timeout = timeout_ms / 1000
    # redis-py's own defaults wait a minute on a black hole; see docs/decisions.
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "protocol": 2,
        "max_connections": max_connections,
        **address.login,
    }
    if address.scheme == "redis+cluster":
        nodes = [ClusterNode(host, port) for host, port in address.hosts]
        # Once more, because the first answer may be that a slot has moved.
        again = Retry(NoBackoff(), 1)
        return driver.RedisCluster(startup_nodes=nodes, retry=again, **options, **address.tls)
    options |= {"db": address.db, "retry": Retry(NoBackoff(), 0)}
    if address.scheme == "redis+sentinel":
        return _connect_by_sentinels(address, timeout, options)
    if address.scheme == "unix":
        return driver.Redis(unix_socket_path=address.path, **options)
    host, port = address.hosts[0]
    return driver.Redis(host=host, port=port, **options, **address.tls)


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """For calls of the driver: TimeoutError after ``seconds``, and no cancellation is lost.

    The driver sends with ``asyncio.wait_for``, which in Python 3.11 forgets a cancellation that
    comes in the moment in which what it waits for is done: a loop that should end goes on.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        async with asyncio.timeout(seconds):
            yield
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


def parse_address(url: str) -> Address:
    """What ``url`` says. Raises SettingsError."""
    match = _URL.fullmatch(url)
    if match is None or match["scheme"] not in _PORTS:
        raise SettingsError(
            "redis_url: not redis://, rediss://, redis+sentinel://, redis+cluster:// or unix://, "
            f"or not sound; {_ESCAPE}"
        )
    scheme, path = match["scheme"], unquote(match["path"])
    query = _parse_query(scheme, match["query"] or "")
    user, _, password = (match["user"] or "").partition(":")
    login = {"username": unquote(user)} if user else {}
    login |= {"password": unquote(password)} if password else {}
    tls: dict[str, Any] = (
        {"ssl": True} if scheme == "rediss" or query.keys() & {"ca", "tls"} else {}
    )
    if "ca" in query:
        tls["ssl_ca_certs"] = query["ca"]
    hosts = _parse_hosts(match["hosts"], scheme)
    if scheme == "unix":
        if not path.startswith("/"):
            raise SettingsError("redis_url: unix:// needs the absolute path of a socket")
        return Address(scheme, hosts, path, _parse_db(query.get("db", "")), login, tls)
    if scheme == "redis+sentinel":
        path, _, db = path.strip("/").partition("/")
    else:
        path, db = "", path.strip("/")
    if scheme == "redis+cluster" and db:
        raise SettingsError("redis_url: a cluster has no numbered databases and no path")
    return Address(scheme, hosts, path, _parse_db(query.get("db", db)), login, tls)


def _connect_by_sentinels(address: Address, timeout: float, options: dict[str, Any]) -> Client:
    # All of them have to fit into one call: the first ones may be silent.
    patience = timeout / max(1, len(address.hosts) - 1)
    asking: dict[str, Any] = {"socket_timeout": patience, "socket_connect_timeout": patience}
    asking |= {"retry": Retry(NoBackoff(), 0), **address.tls}
    sentinel: Any = _Sentinel(address.hosts, sentinel_kwargs=asking)
    master: driver.Redis = sentinel.master_for(address.path or "mymaster", **options, **address.tls)
    return master


def _parse_query(scheme: str, text: str) -> dict[str, str]:
    query = {k: v[-1] for k, v in parse_qs(text, keep_blank_values=True).items()}
    allowed = _QUERY.get(scheme, {"db", "ca", "tls"})
    if not query.keys() <= allowed:
        names = ", ".join(sorted(allowed))
        raise SettingsError(f"redis_url: after ? this kind of URL may have {names}; {_ESCAPE}")
    if "ca" in query and not Path(query["ca"]).is_file():
        raise SettingsError(f"redis_url: ca: there is no file {query['ca']}")
    return query


def _parse_db(text: str) -> int:
    if not re.fullmatch(r"[0-9]{0,5}", text):
        raise SettingsError("redis_url: the database is not a number")
    return int(text or 0)


def _parse_hosts(text: str, scheme: str) -> list[tuple[str, int]]:
    """Hosts and ports of ``h1,h2:6380,[::1]:6381``."""
    if scheme == "unix":
        if text:
            raise SettingsError("redis_url: unix:// has no host; write unix:///path")
        return []
    pairs: list[tuple[str, int]] = []
    for host in text.split(","):
        match = _HOST.fullmatch(host)
        port = int(match["port"] or _PORTS[scheme]) if match else 0
        if match is None or not 0 < port < 65536:
            raise SettingsError(f"redis_url: a host or port is missing or malformed; {_ESCAPE}")
        pairs.append((match["name"] or match["address"], port))
    if len(pairs) > 1 and scheme in ("redis", "rediss"):
        raise SettingsError("redis_url: more than one host; see redis+sentinel and redis+cluster")
    return pairs
