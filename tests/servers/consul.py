"""Real Consul agents that a fault test may kill, pause and start again: one, or a cluster of three.

The binary is that of Debian 11's package, unpacked into the cache folder and never installed. Every
process is ended by its own handle. `request` is what another program would do to the agent.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.servers.debian import MissingServerError, fetch_package, skip_or_fail

__all__ = ["consul", "consul_cluster"]

Ports = tuple[int, int, int]
"""HTTP, servers among each other, gossip."""

START_SECONDS = 30.0
STOP_SECONDS = 10.0
MASTER_TOKEN = "2f7c1de0-1d5f-4ad4-9a3e-5b1e0c0a71aa"
"""Secret of the token that may do everything, in agents that are started with `acl`."""


@functools.cache
def find_consul() -> str:
    """Path of the binary; the test is skipped where it can't be had, and fails with CI=true."""
    try:
        binary = fetch_package("consul", "bullseye") / "usr/bin/consul"
        subprocess.run([binary, "version"], check=True, capture_output=True)
    except (MissingServerError, OSError, subprocess.CalledProcessError) as error:
        skip_or_fail(f"consul of Debian 11: {error}")
    return str(binary)


@dataclass(frozen=True)
class Reply:
    """What an agent answered; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ConsulProcess:
    """One server. Its ports stay the same from its first start on.

    Without ``keeps_data`` it is ``-dev``: there in a tenth of a second, everything in memory, so
    that a restart loses all. With it, data is in ``folder`` and an election takes 1 s to 2 s.
    ``acl`` denies what no token allows. ``config`` is HCL on top; ``peers`` makes it one of several.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keeps_data: bool = False,
        acl: bool = False,
        config: str = "",
        name: str = "consul-1",
        host: str = "127.0.0.1",
        ports: Ports | None = None,
        peers: tuple[str, ...] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.name = name
        self.host = host
        self.process: subprocess.Popen[bytes] | None = None
        self._keeps_data = keeps_data or bool(peers)
        self._token = MASTER_TOKEN if acl else ""
        self._config = config
        self._ports = ports
        self._peers = peers

    @property
    def port(self) -> int:
        """Of its HTTP API."""
        assert self._ports, "it was never started"
        return self._ports[0]

    @property
    def raft_port(self) -> int:
        """At which servers know each other."""
        assert self._ports, "it was never started"
        return self._ports[1]

    @property
    def address(self) -> str:
        """What CONSUL_HTTP_ADDR is set to."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> ConsulProcess:
        """Start it and wait until it can be written to; on the ports it had, if it had any."""
        for _ in range(1 if self._ports else 5):
            ports = self._ports or free_ports(1, self.host)[0]
            self.launch(ports)
            with contextlib.suppress(EarlyEndError):
                self._ports = ports
                self.wait_until(self.is_ready, "the agent is ready")
                return self
            self._ports = None  # somebody else took one of them meanwhile
        raise RuntimeError(f"Consul does not start: {self.read_log()[-1500:]}")

    def launch(self, ports: Ports | None = None) -> None:
        """Start its process and wait for nothing."""
        ports = ports or self._ports
        assert ports
        self.process = None
        with (self.folder / "consul.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(find_consul(), ports),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"HOME": str(self.folder)},
            )

    def _command(self, binary: str, ports: Ports) -> list[str]:
        settings = [
            f"ports {{ http={ports[0]} server={ports[1]} serf_lan={ports[2]} serf_wan=-1 dns=-1 grpc=-1 }}",
            "performance { raft_multiplier=1 }",
            "autopilot { cleanup_dead_servers=false }",
            "disable_update_check=true",
        ]
        if self._token:
            tokens = f'tokens {{ master="{self._token}" agent="{self._token}" }}'
            settings.append(f'acl {{ enabled=true default_policy="deny" {tokens} }}')
        options = [
            "-bind", self.host, "-client", self.host, "-node", self.name, "-log-level=info",
            "-hcl", "\n".join(settings),
        ]  # fmt: skip
        if self._config:
            options += ["-hcl", self._config]
        if self._keeps_data:
            options += ["-server", "-data-dir", str(self.folder / "data")]
            options += ["-bootstrap-expect", str(len(self._peers) or 1)]
            options += [f"-retry-join={peer}" for peer in self._peers]
            options += ["-retry-interval=500ms"]
        else:
            options += ["-dev"]
        return [binary, "agent", *options]

    def read_log(self) -> str:
        """All that it ever said."""
        return (self.folder / "consul.log").read_text(errors="replace")

    # ------------------------------------------------------------ faults

    def kill(self) -> None:
        """kill -9, and reap it; also what is paused, and what has ended."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """End it politely, for 10 s."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def pause(self) -> None:
        """SIGSTOP: connections are accepted, and nothing is answered."""
        if self.process:
            self.process.send_signal(signal.SIGSTOP)
            # The signal is sent at once, but its threads stop one after the other.
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """SIGCONT."""
        if self.process:
            self.process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """kill -9 if it runs, then start on the same ports; without ``keeps_data`` all is lost."""
        self.kill()
        self.start()

    def lose_data(self) -> None:
        """Forget everything; for one that has ended."""
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    # ------------------------------------------------------------ what another program does

    def request(
        self, method: str, path: str, body: bytes | None = None, *, timeout: float = 10.0
    ) -> Reply:
        """One HTTP request with the master token, where there is one. Raises OSError."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            headers = {"X-Consul-Token": self._token} if self._token else {}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, fields, response.read())
        except http.client.HTTPException as error:
            raise ConnectionError(f"the agent broke off: {error!r}") from error
        finally:
            connection.close()

    def put(self, key: str, value: bytes) -> None:
        """Write a key whatever is there, as ``consul kv put`` does."""
        reply = self.request("PUT", f"/v1/kv/{quote(key)}", value)
        assert (reply.status, reply.body.strip()) == (200, b"true"), reply

    def delete(self, key: str) -> None:
        """Delete a key."""
        assert self.request("DELETE", f"/v1/kv/{quote(key)}").status == 200

    def fetch(self, key: str) -> bytes | None:
        """The value of a key, None where there is none."""
        reply = self.request("GET", f"/v1/kv/{quote(key)}?raw")
        assert reply.status in (200, 404), reply
        return reply.body if reply.status == 200 else None

    def create_token(self, rules: str) -> str:
        """Secret of a new token with these rules (HCL), in an agent with `acl`."""
        name = f"policy-{time.monotonic_ns()}"
        policy = json.dumps({"Name": name, "Rules": rules}).encode()
        assert self.request("PUT", "/v1/acl/policy", policy).status == 200
        token = json.dumps({"Policies": [{"Name": name}]}).encode()
        secret: str = json.loads(self.request("PUT", "/v1/acl/token", token).body)["SecretID"]
        return secret

    def delete_token(self, secret: str) -> None:
        """Revoke a token."""
        tokens = json.loads(self.request("GET", "/v1/acl/tokens").body)
        for token in tokens:
            path = f"/v1/acl/token/{token['AccessorID']}"
            if json.loads(self.request("GET", path).body)["SecretID"] == secret:
                assert self.request("DELETE", path).status == 200

    # ------------------------------------------------------------ conditions

    def is_ready(self) -> bool:
        """Whether it has a leader that is ready to be written to."""
        reply = self.request("GET", "/v1/kv/?keys&consistent", timeout=2)
        if reply.status not in (200, 404):
            return False
        return not self._token or self.request("GET", "/v1/acl/token/self", timeout=2).status == 200

    def is_leaderless(self) -> bool:
        """Whether it knows of no leader. Reads and writes are then held for 7 s before they fail
        with "No cluster leader" (Consul's ``rpc_hold_timeout``)."""
        reply = self.request("GET", "/v1/status/leader", timeout=2)
        return reply.status == 200 and reply.body.strip() == b'""'

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Ask again and again, for 30 s; a failed request means not yet.

        Raises EarlyEndError when the process has ended meanwhile.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise EarlyEndError(f"{self.name} has ended: {self.read_log()[-1500:]}")
            with contextlib.suppress(OSError):
                if condition():
                    return
            time.sleep(0.02)
        raise AssertionError(f"not within {START_SECONDS:.0f} s: {what}; {self.read_log()[-1500:]}")


class EarlyEndError(RuntimeError):
    """An agent ended that should run."""


class ConsulCluster:
    """Three servers with their data on disk; two of them are a majority."""

    def __init__(self, folder: Path) -> None:
        each = free_ports(3, "127.0.0.1")
        peers = tuple(f"127.0.0.1:{p[2]}" for p in each)
        self.servers = tuple(
            ConsulProcess(folder / name, name=name, ports=p, peers=peers)
            for name, p in zip(("consul-1", "consul-2", "consul-3"), each, strict=True)
        )

    def start(self) -> ConsulCluster:
        """Start all and wait until each can be written to, on the ports they had."""
        for server in self.servers:
            if server.process is None or server.process.poll() is not None:
                server.launch()
        for server in self.servers:
            server.wait_until(server.is_ready, f"{server.name} has joined the cluster")
        return self

    def find_leader(self) -> ConsulProcess:
        """The server that leads now."""
        for server in self.servers:
            with contextlib.suppress(OSError):
                leader = json.loads(server.request("GET", "/v1/status/leader", timeout=2).body)
                for other in self.servers:
                    if leader == f"{other.host}:{other.raft_port}":
                        return other
        raise AssertionError("no server knows a leader")

    def lose_leader(self) -> ConsulProcess:
        """Kill two of three; the one that is left says that there is no leader, and is returned.

        It is one that did not lead, so that there is no lease that could be left.
        """
        leader = self.find_leader()
        survivor, other = (s for s in self.servers if s is not leader)
        leader.kill()
        other.kill()
        survivor.wait_until(survivor.is_leaderless, "the leader is missed")
        return survivor

    def restore(self) -> None:
        """Start again whatever was killed, with its data."""
        self.start()

    def kill(self) -> None:
        """kill -9 all of them."""
        for server in self.servers:
            server.kill()


@pytest.fixture
def consul(tmp_path: Path) -> Iterator[ConsulProcess]:
    """An agent of this test's own, in memory; it may be killed, paused and restarted."""
    server = ConsulProcess(tmp_path / "consul")
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture
def consul_cluster(tmp_path: Path) -> Iterator[ConsulCluster]:
    """Three servers of this test's own, with a leader."""
    cluster = _start_cluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.kill()


def _start_cluster(folder: Path) -> ConsulCluster:
    for attempt in range(3):
        cluster = ConsulCluster(folder / f"consul-cluster-{attempt}")
        try:
            return cluster.start()
        except EarlyEndError:
            cluster.kill()  # another process took one of its ports meanwhile
        except BaseException:
            cluster.kill()
            raise
    raise RuntimeError("a cluster of Consul does not start")


def free_ports(servers: int, host: str) -> tuple[Ports, ...]:
    """Ports that nobody listens on just now, all different, for so many servers."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(3 * servers)]
        for sock in sockets:
            sock.bind((host, 0))
        ports = iter(sock.getsockname()[1] for sock in sockets)
        return tuple((next(ports), next(ports), next(ports)) for _ in range(servers))
