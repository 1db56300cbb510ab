"""RedisStore on TLS, Sentinel and Cluster: real servers, a master that dies, a slot that moves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from sos.adapters.redis import RedisStore
from sos.content.store import Candidate
from sos.errors import StoreUnavailableError

from tests.adapters.test_redis import (
    CALLS,
    HOST,
    SITE,
    answering,
    assert_unavailable,
    opened,
    puts,
    read_front,
)
from tests.adapters.topologies import (
    build_certificates,
    client_of,
    cluster,
    debian_redis,
    free_port,
    move_slot,
    owner_of,
    sentinels,
    wait_until,
)
from tests.content.raw_store import NOW, post


async def eventually(
    call: Callable[[], Awaitable[Any]], patience: float = 15.0
) -> tuple[Any, float, set[str]]:
    """The first answer, how long it took, and what the port said until then."""
    started, said = time.monotonic(), set()
    while time.monotonic() - started < patience:
        try:
            answer = await call()
        except StoreUnavailableError as error:
            said.add(str(error))
            await asyncio.sleep(0.05)
        else:
            return answer, time.monotonic() - started, said
    raise AssertionError(f"not within {patience} s: {said}")


async def use_every_call(store: RedisStore) -> None:
    """Everything that the ports have, on a store that holds the site."""
    seq = await store.take_sequence()
    assert set(await store.apply(puts(SITE, seq))) <= {"applied", "unchanged"}
    for call in CALLS.values():
        await call(store)
    assert (await store.fetch_all_entries()).keys() == SITE.keys()
    assert (await store.fetch_documents(["post:1"])).keys() == {"post:1"}
    await store.save_state("x", b"1")
    assert await store.fetch_state("x") == b"1"
    found = await store.fetch_page([Candidate("page", "/p2/")], NOW, -1)
    assert (found.primary, found.complete) == ("post:2", True)


# ---------------------------------------------------------------- Debian's Redis


async def test_older_redis_speaks_the_same_scripts(tmp_path: Path) -> None:
    """Redis 7.0, as in Debian 12."""
    with debian_redis(tmp_path) as port:
        async with opened(f"redis://127.0.0.1:{port}") as store:
            await use_every_call(store)


async def test_tls_is_used_and_the_server_is_verified(tmp_path: Path) -> None:
    """With the authority's file; refused without it, with another one, and for another name."""
    made = build_certificates(tmp_path / "tls")
    options = (
        *("--port", "0", "--tls-cert-file", str(made.certificate), "--tls-key-file", str(made.key)),
        *("--tls-ca-cert-file", str(made.ca), "--tls-auth-clients", "no", "--requirepass", "s3cret"),
    )  # fmt: skip
    with debian_redis(tmp_path, *options, port_option="--tls-port") as port:
        address = f":s3cret@127.0.0.1:{port}"
        async with opened(f"rediss://{address}/1?ca={made.ca}") as store:
            await use_every_call(store)
        refused = (
            f"rediss://{address}",
            f"rediss://{address}?ca={made.stranger}",
            f"rediss://:s3cret@localhost:{port}?ca={made.ca}",
        )
        for url in refused:
            async with opened(url) as store:
                assert "certificate" in (await assert_unavailable(read_front(store))).lower()
        async with opened(f"redis://{address}") as store:
            await assert_unavailable(read_front(store))


# ---------------------------------------------------------------- Sentinel


async def test_writes_and_reads_go_on_after_a_failover(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The master is killed; the promoted replica is found without a restart, by every call."""
    with sentinels(tmp_path) as watched:
        dead = free_port()
        known = ",".join(f"127.0.0.1:{port}" for port in (dead, *watched.sentinels))
        async with opened(f"redis+sentinel://{known}/news") as store:
            await use_every_call(store)
            epoch = (await store.fetch_changes(0, "", 0)).epoch
            rev = (await read_front(store)).rev
            wait_until(
                lambda: client_of(watched.master).wait(1, 100) == 1, "the replica has it all"
            )
            watched.master.kill()
            for call in CALLS.values():
                await assert_unavailable(call(store))
            new = puts({"post:9": post(9)}, seq=100)
            outcomes, seconds, said = await eventually(lambda: store.apply(new))
            assert outcomes == ("applied", "unchanged")
            assert all("did not answer" in message for message in said)
            changes = await store.fetch_changes(rev, epoch, 100)
            assert (changes.rev, changes.everything, changes.complete) == (rev + 1, False, True)
            assert "post:9" in changes.touched
            for call in CALLS.values():
                await call(store)
            with capsys.disabled():
                print(f"\nSentinel: written to the promoted replica {seconds:.2f} s after the kill")


async def test_demoted_master_is_left_for_the_new_one(tmp_path: Path) -> None:
    """An operator's failover: connections to the old master answer READONLY, then lead on."""
    with sentinels(tmp_path) as watched:
        known = ",".join(f"127.0.0.1:{port}" for port in watched.sentinels)
        async with opened(f"redis+sentinel://{known}/news/0") as store:
            await store.apply(puts(SITE))
            wait_until(
                lambda: client_of(watched.master).wait(1, 100) == 1, "the replica has it all"
            )
            with redis.Redis(port=watched.sentinels[0], socket_timeout=5) as sentinel:
                wait_until(lambda: sentinel.sentinel_failover("news"), "the sentinel agrees")
            wait_until(
                lambda: client_of(watched.replica).info("replication")["role"] == "master",
                "the replica is promoted",
            )
            # A sentinel leaves the old master as it is for some 10 s; here it is told at once.
            client_of(watched.master).replicaof("127.0.0.1", watched.replica.port)
            new = puts({"post:9": post(9)}, seq=100)
            outcomes, _, said = await eventually(lambda: store.apply(new))
            assert outcomes[0] == "applied"
            assert said <= {"the content store did not answer: The previous master is now a slave"}
            assert client_of(watched.replica).hexists(f"sos:{{{HOST}}}:doc", "post:9")
            assert (await read_front(store)).complete


async def test_unknown_service_or_silent_sentinels_are_unavailable(tmp_path: Path) -> None:
    """In time, whichever of them are silent."""
    with sentinels(tmp_path) as watched:
        alive = f"127.0.0.1:{watched.sentinels[0]}"
        async with opened(f"redis+sentinel://{alive}/unknown") as store:
            assert "unknown" in await assert_unavailable(read_front(store))
        async with opened(f"redis+sentinel://127.0.0.1:{free_port()}/news") as store:
            await assert_unavailable(read_front(store))
        async with answering(None) as listening:
            silent = listening.removeprefix("redis://")
            async with opened(f"redis+sentinel://{silent},{alive}/news") as store:
                await store.take_sequence()
            async with opened(f"redis+sentinel://{silent},{silent},{alive}/news") as store:
                await eventually(store.take_sequence, 3.0)
            async with opened(f"redis+sentinel://{silent}/news") as store:
                await assert_unavailable(read_front(store))


# ---------------------------------------------------------------- Cluster


async def test_cluster_keeps_a_site_together_and_follows_it_when_it_moves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All keys in one slot, found from any node; MOVED is followed; a lost node is unavailable."""
    with cluster(tmp_path) as nodes:
        key = f"sos:{{{HOST}}}:meta"
        owner = owner_of(nodes, key)
        others = [n for n in range(3) if n != owner]
        entrance = nodes[others[0]]
        url = f"redis+cluster://127.0.0.1:{free_port()},127.0.0.1:{entrance.port}"
        async with opened(url) as store:
            await use_every_call(store)
            assert {client_of(nodes[n]).dbsize() for n in others} == {0}
            rev = (await read_front(store)).rev

            move_slot(nodes, key, owner, others[1])
            _, seconds, _ = await eventually(lambda: read_front(store))
            new = puts({"post:9": post(9)}, seq=100)
            outcomes, _, _ = await eventually(lambda: store.apply(new))
            assert outcomes == ("applied", "unchanged")
            assert (await store.fetch_changes(rev, "", 50)).rev == rev + 1
            assert client_of(nodes[owner]).dbsize() == 0

            nodes[others[1]].kill()
            for call in CALLS.values():
                await assert_unavailable(call(store), 1.0)
            nodes[others[1]].start()
            found, back, _ = await eventually(lambda: read_front(store))
            assert (found.rev, found.complete) == (rev + 1, True)
            for call in CALLS.values():
                await eventually(lambda call=call: call(store))  # type: ignore[misc]
            with capsys.disabled():
                print(
                    f"\nCluster: read {seconds:.2f} s after a slot moved, {back:.2f} s after a start"
                )


async def test_cluster_that_is_silent_is_unavailable_in_time() -> None:
    """No node answers, or there is none."""
    async with answering(None) as listening:
        silent = listening.removeprefix("redis://")
        for nodes in (silent, f"127.0.0.1:{free_port()}", f"{silent},{silent}"):
            async with opened(f"redis+cluster://{nodes}") as store:
                await asyncio.gather(*(assert_unavailable(c(store)) for c in CALLS.values()))


async def test_single_server_behind_a_cluster_url_is_unavailable(
    store: RedisStore, valkey: Any
) -> None:
    """It says so instead of raising the driver's own error."""
    address = valkey.connection_url.removeprefix("redis://")
    async with opened(f"redis+cluster://{address}") as clustered:
        assert "cluster" in (await assert_unavailable(read_front(clustered))).lower()
