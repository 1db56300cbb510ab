"""``sos serve`` as an operator meets it: refusals, the embedded store, how it ends."""

import os
import signal
import socket
from pathlib import Path

import pytest
import redis

from tests.web.node_process import NodeProcess, has_ended, running_node, wait_for


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"workers": "many"}, "workers = 'many' (from SOS_WORKERS)"),
        ({"wrokers": "2"}, "unknown setting 'wrokers' (from SOS_WROKERS)"),
        ({"listen": "nowhere"}, "listen: expected host:port"),
        ({"listen": "host.invalid:80"}, "listen: can't resolve 'host.invalid'"),
        ({"redis_url": "embedded:/proc/nowhere"}, "redis_url: can't use /proc/nowhere"),
    ],
)
def test_wrong_setting_refuses_the_start(
    settings: dict[str, str], named: str, tmp_path: Path
) -> None:
    """Exit code 78 (sysexits.h, EX_CONFIG), one line that names the setting, no traceback."""
    node = NodeProcess(tmp_path, **settings)
    assert node.wait() == 78
    text = node.log.read_text()
    assert text.startswith("sos: ")
    assert named in text
    assert "Traceback" not in text


def test_port_of_another_process_refuses_the_start(tmp_path: Path) -> None:
    """Two nodes that shared a port by mistake would each answer half of the requests."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        for name in ("listen", "health_listen"):
            node = NodeProcess(tmp_path, **{name: taken})
            assert node.wait() == 78
            assert f"{name}: can't bind {taken}: Address already in use" in node.log.read_text()


def test_unwritable_state_folder_costs_only_its_file(tmp_path: Path) -> None:
    """A node on a read-only disk serves like any other."""
    with running_node(tmp_path, state_dir="/proc/nowhere") as node:
        assert node.health()[0] == 200
        assert node.events("node_file_not_written")


def test_embedded_store_starts_restarts_and_ends_with_the_node(tmp_path: Path) -> None:
    """Nobody has to look after it, and it leaves nothing behind but its data."""
    with running_node(tmp_path, redis_url="embedded:store", workers=1) as node:
        url = f"unix://{tmp_path}/store/valkey.sock"
        with redis.Redis.from_url(url) as client:
            client.set("key", "value")
            first = int(client.info("server")["process_id"])
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: "sos_embedded_restarts_total 1.0" in node.fetch("/metrics")[1])
        with redis.Redis.from_url(url) as client:
            second = int(client.info("server")["process_id"])
        assert second != first
        node.send(signal.SIGTERM)
        assert node.wait() == 0
        assert has_ended(second)
        assert (tmp_path / "store" / "appendonlydir").is_dir()


def test_embedded_store_ends_with_a_killed_node(tmp_path: Path) -> None:
    """kill -9 of the supervisor leaves neither workers nor a store."""
    with running_node(tmp_path, redis_url="embedded:store", workers=1) as node:
        with redis.Redis.from_url(f"unix://{tmp_path}/store/valkey.sock") as client:
            pid = int(client.info("server")["process_id"])
        node.process.kill()
        wait_for(lambda: has_ended(pid))


def test_metrics_are_pushed_when_an_agent_is_named(tmp_path: Path) -> None:
    """DD_AGENT_HOST is all it takes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(20)
        environ = {"DD_AGENT_HOST": "127.0.0.1", "DD_DOGSTATSD_PORT": str(agent.getsockname()[1])}
        with running_node(tmp_path, environ=environ) as node:
            assert b"sos.workers:2" in agent.recv(65536)
            node.send(signal.SIGTERM)
            assert node.wait() == 0
            while b"sos.node_draining:1" not in agent.recv(65536):
                pass  # what was counted last is not lost


def test_ipv6_address_can_be_served(tmp_path: Path) -> None:
    """Addresses in brackets, in settings and in the log."""
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this system has no IPv6")
    with running_node(tmp_path, listen="[::1]:0") as node:
        assert node.events("node_started")[0]["public"].startswith("[::1]:")
        assert node.fetch("/", private=False)[0] == 200
