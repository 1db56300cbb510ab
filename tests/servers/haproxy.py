"""HAProxy as the load balancer in front of nodes: it asks for their health, and shows what it thinks.

In: addresses of nodes. Out: the fixture `make_haproxy`, which starts an `HAProxy`, whose `address`
clients use and whose `states` a test reads. It ends with the test. The program is the system's own
or Debian's package, unpacked and not installed (its installation would start a service).
"""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import pytest

from tests.servers.debian import MissingServerError, fetch_tree, skip_or_fail
from tests.servers.ports import port_of, reserve_port
from tests.servers.wordpress_process import ServerProcess

PACKAGES = ("haproxy", "liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1",
            "libpcre2-8-0", "libssl3")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How it checks nodes and what it does with a request that a node fails; times in ms.

    The defaults are a classic ELB or ALB with checks ten times as frequent as there (5 s, 2 s, 3,
    2). A request that fails is not tried again, so that a test sees it: with ``retries`` a
    connection that can't be made is tried again, with ``redispatch`` at another node, which is what
    an ALB does. Nothing that a node may have received is ever sent again. ``begin`` is what a node
    is before its first check: an ELB takes it for down, HAProxy for up until one check fails.
    """

    check_path: str = "/health-elb"
    check_on: Literal["private", "public"] = "private"
    host: str = "www.example.org"
    inter_ms: int = 500
    check_timeout_ms: int = 2000
    fall: int = 3
    rise: int = 2
    retries: int = 0
    redispatch: bool = False
    begin: Literal["up", "down"] = "down"


class HAProxy:
    """A running balancer over ``backends``: the public and the private ``host:port`` of each node.

    In `states` and `stats` a node has its public address for a name.
    """

    def __init__(self, backends: Sequence[tuple[str, str]], rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self._names = [public for public, _ in backends]
        self._reservation = reserve_port()
        self.address = f"127.0.0.1:{port_of(self._reservation)}"
        # Not below pytest's folders: a socket's path may have 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="sos-haproxy-"))
        (self._folder / "haproxy.cfg").write_text(
            build_config(self.address, self._folder / "admin", backends, self.rules)
        )
        self._process: ServerProcess | None = None

    @property
    def url(self) -> str:
        """Where clients find the nodes."""
        return f"http://{self.address}"

    def start(self) -> HAProxy:
        """Start it and wait until it takes connections (about 0.1 s)."""
        command, environment = find_haproxy()
        self._process = ServerProcess(
            [*command, "-db", "-f", str(self._folder / "haproxy.cfg")],
            self._folder / "log",
            environment,
        )
        self._process.wait_until(self._answers)
        if self.rules.begin == "down":
            for name in self._names:
                self.admin(f"set server nodes/{name} health down")
        return self

    def admin(self, command: str) -> str:
        """The answer to a command on the runtime socket (HAProxy's management guide, 9.3)."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            sock.connect(str(self._folder / "admin"))
            sock.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: sock.recv(65536), b"")).decode()

    def stats(self) -> dict[str, dict[str, str]]:
        """All that it counts, by node (management guide, 9.1): ``hrsp_5xx``, ``econ``, ``eresp`` …"""
        lines = self.admin("show stat nodes 4 -1").lstrip("# ").splitlines()
        return {row["svname"]: row for row in csv.DictReader(line for line in lines if line)}

    def states(self) -> dict[str, str]:
        """UP, DOWN, MAINT or DRAIN, by node; on the way from one to the other it is still the one."""
        return {name: row["status"].split()[0] for name, row in self.stats().items()}

    def checks(self) -> dict[str, str]:
        """How the last check of each node went, as ``L7OK 200``, ``L7STS 503``, ``L4CON`` …"""
        return {
            name: f"{row['check_status'].lstrip('* ')} {row['check_code']}".strip()
            for name, row in self.stats().items()
        }

    def wait_until(
        self, condition: Callable[[dict[str, str]], bool], seconds: float = 20.0
    ) -> dict[str, str]:
        """The states as soon as they are as wanted. Raises AssertionError with what they are."""
        deadline = time.monotonic() + seconds
        while not condition(states := self.states()):
            assert time.monotonic() < deadline, f"{states} {self.checks()}\n{self.log()[-2000:]}"
            time.sleep(0.02)
        return states

    def wait_until_up(self, seconds: float = 20.0) -> None:
        """Return when every node is in service."""
        self.wait_until(lambda states: set(states.values()) == {"UP"}, seconds)

    def log(self) -> str:
        """What it wrote: nodes that came and went, and requests that failed."""
        return (self._folder / "log").read_text(errors="replace")

    def stop(self) -> None:
        """End it, dropping every connection; calling it again is fine."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        self._reservation.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool | None:
        try:
            self.admin("show info")
            host, _, port = self.address.rpartition(":")
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            return None
        return True


def build_config(
    address: str, admin: Path, backends: Sequence[tuple[str, str]], rules: Rules
) -> str:
    """The configuration; connections to clients and nodes are kept, as an ELB keeps them (60 s)."""
    servers = []
    for public, private in backends:
        host, _, port = private.rpartition(":")
        where = f"addr {host} port {port}" if rules.check_on == "private" else ""
        servers.append(f"    server {public} {public} check {where}".rstrip())
    again = "option redispatch 1" if rules.redispatch else "no option redispatch"
    return "\n".join(
        [
            "global",
            f"    stats socket {admin} mode 600 level admin",
            "    log stdout format raw local0 info",
            "    maxconn 4000",
            "    nbthread 1",
            "defaults",
            "    mode http",
            "    log global",
            "    option httplog",
            "    option dontlog-normal",
            "    option http-keep-alive",
            f"    retries {rules.retries}",
            f"    {again}",
            "    timeout connect 1s",
            "    timeout client 60s",
            "    timeout server 60s",
            "    timeout http-request 10s",
            "    timeout http-keep-alive 60s",
            "    timeout queue 1s",
            f"    timeout check {rules.check_timeout_ms}ms",
            "frontend public",
            f"    bind {address}",
            "    default_backend nodes",
            "backend nodes",
            "    balance roundrobin",
            "    option httpchk",
            f"    http-check send meth GET uri {rules.check_path} ver HTTP/1.1 hdr Host {rules.host}",
            "    http-check expect status 200",
            f"    default-server inter {rules.inter_ms}ms fall {rules.fall} rise {rules.rise}",
            *servers,
            "",
        ]
    )


@cache
def find_haproxy() -> tuple[list[str], dict[str, str]]:
    """Command and environment of a HAProxy that runs here; skips or fails where there is none."""
    environment = dict(os.environ)
    binary = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if binary is None:
        try:
            tree = fetch_tree([(name, "bookworm") for name in PACKAGES])
        except MissingServerError as error:
            skip_or_fail(f"HAProxy of Debian 12: {error}")
        binary = str(tree / "usr/sbin/haproxy")
        libraries = next((tree / "usr/lib").glob("*/liblua5.3.so.0")).parent
        environment["LD_LIBRARY_PATH"] = str(libraries)
    probe = subprocess.run([binary, "-v"], env=environment, capture_output=True, text=True)
    if probe.returncode:
        skip_or_fail(f"HAProxy does not run here: {probe.stderr.strip()[:200]}")
    return [binary], environment


@pytest.fixture
def make_haproxy() -> Iterator[Callable[..., HAProxy]]:
    """Starts a balancer: ``make_haproxy([(public, private), …], inter_ms=200, …)``, see `Rules`.

    No node is in service yet: see `HAProxy.wait_until_up`.
    """
    running: list[HAProxy] = []

    def make(backends: Sequence[tuple[str, str]], **rules: object) -> HAProxy:
        balancer = HAProxy(backends, Rules(**rules))  # type: ignore[arg-type]
        running.append(balancer)
        return balancer.start()

    yield make
    for balancer in running:
        balancer.stop()
