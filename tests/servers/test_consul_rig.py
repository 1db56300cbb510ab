"""The rig of Consul agents: each fault it can make is one that a client sees."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.servers.consul import ConsulCluster, ConsulProcess


def test_agent_answers_and_ends_with_its_test(consul: ConsulProcess) -> None:
    """What was written can be read; after `kill` nobody listens, and no process is left."""
    consul.put("a/b c", b"\x00value")
    assert consul.fetch("a/b c") == b"\x00value"
    consul.delete("a/b c")
    assert consul.fetch("a/b c") is None
    consul.kill()
    assert consul.process is not None
    assert consul.process.returncode == -9
    with pytest.raises(OSError):
        consul.request("GET", "/v1/status/leader")


def test_agent_in_memory_restarts_on_its_port_without_its_data(consul: ConsulProcess) -> None:
    """And its index goes backwards, which is what the rig needs it for."""
    for number in range(20):
        consul.put("key", b"%d" % number)
    before = int(consul.request("GET", "/v1/kv/key").headers["x-consul-index"])
    address = consul.address
    consul.restart()
    assert consul.address == address
    after = consul.request("GET", "/v1/kv/key")
    assert after.status == 404
    assert 0 < int(after.headers["x-consul-index"]) < before


def test_agent_that_keeps_data_keeps_it(tmp_path: Path) -> None:
    """Through kill -9, with the index of each key; until it is told to lose it."""
    agent = ConsulProcess(tmp_path, keeps_data=True)
    try:
        agent.start()
        agent.put("key", b"kept")
        before = json.loads(agent.request("GET", "/v1/kv/key").body)
        agent.restart()
        assert json.loads(agent.request("GET", "/v1/kv/key").body) == before
        agent.kill()
        agent.lose_data()
        agent.start()
        assert agent.fetch("key") is None
    finally:
        agent.kill()


def test_paused_agent_accepts_and_is_silent(consul: ConsulProcess) -> None:
    """What a hung agent does; it goes on when it is resumed."""
    consul.pause()
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        consul.request("GET", "/v1/status/leader", timeout=0.3)
    assert time.monotonic() - started < 2
    consul.resume()
    assert consul.request("GET", "/v1/status/leader").status == 200


def test_tokens_allow_what_their_rules_say(tmp_path: Path) -> None:
    """Who has none is denied; a revoked one is unknown."""
    agent = ConsulProcess(tmp_path, acl=True)
    try:
        agent.start()
        agent.put("mine/a", b"1")
        token = agent.create_token('key_prefix "mine/" { policy = "read" }')
        stranger = ConsulProcess(tmp_path / "other", ports=(agent.port, 0, 0))
        assert stranger.request("GET", "/v1/kv/mine/a").status == 403
        path = f"/v1/kv/mine/a?token={token}"  # as a program that is not ours may do it
        assert stranger.request("GET", path).status == 200
        agent.delete_token(token)
        assert stranger.request("GET", path).status == 403
    finally:
        agent.kill()


def test_cluster_without_majority_says_so_and_comes_back(consul_cluster: ConsulCluster) -> None:
    """The one that is left refuses; with the others it is a cluster again, data and all."""
    leader = consul_cluster.find_leader()
    leader.put("key", b"kept")
    survivor = consul_cluster.lose_leader()
    assert survivor is not leader
    assert survivor.is_leaderless()
    with pytest.raises(TimeoutError):
        survivor.request("GET", "/v1/kv/key", timeout=1)  # not PUT: it is held, and done later
    consul_cluster.restore()
    assert [server.fetch("key") for server in consul_cluster.servers] == [b"kept"] * 3
