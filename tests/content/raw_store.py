"""The two scripts as any publisher or reader calls them, and the laws that a sound store obeys.

In: a Redis client and the text of the scripts. Out: outcomes, answers, and what the keys hold. It
knows Redis commands only, so that a fault of the adapter can't hide one of the scripts.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import msgspec
import redis
from sos.adapters.redis.answers import parse_found
from sos.content.store import Entry, Found

APPLY = files("sos.content").joinpath("apply.lua").read_text(encoding="utf-8")
READ = files("sos.content").joinpath("read.lua").read_text(encoding="utf-8")

HOME = "https://cms.example.org"
NOW = 1_700_000_000
"""2023-11-14 22:13:20 UTC, the time of every test that does not say otherwise."""

KNOWN_KEYS = {
    *("meta", "doc", "entry", "path", "old", "gone", "removed", "size"),
    *("at", "until", "touched", "events", "seq", "state"),
}

Json = dict[str, Any]
Candidate = tuple[str, str, int, int] | tuple[str, str, int, int, str]
"""The last word, topics, may be left out."""


def post(number: int, slug: str = "", **changes: Any) -> Json:
    """A published post of 2020 at ``/SLUG/``; the higher the number, the later."""
    slug = slug or f"p{number}"
    moment = f"2020-01-{1 + number % 28:02}T{number // 28 % 24:02}:00:00"
    return {
        "id": number,
        "type": "post",
        "status": "publish",
        "link": f"{HOME}/{slug}/",
        "date_gmt": moment,
        "modified_gmt": moment,
        "title": {"rendered": f"Post {number}"},
        "content": {"rendered": "<p>Body.</p>", "protected": False},
        "author": 1,
        "categories": [],
        "tags": [],
        **changes,
    }


def page(number: int, slug: str = "", **changes: Any) -> Json:
    """A page, as `post`."""
    document = post(number, slug, **{"type": "page", "parent": 0, "menu_order": 0, **changes})
    del document["categories"], document["tags"]
    return document


def term(number: int, slug: str = "", **changes: Any) -> Json:
    """A category at ``/category/SLUG/``."""
    slug = slug or f"c{number}"
    return {
        "id": number,
        "taxonomy": "category",
        "name": f"Term {number}",
        "slug": slug,
        "link": f"{HOME}/category/{slug}/",
        "parent": 0,
        **changes,
    }


class RawStore:
    """One site's keys. ``seq`` numbers come from a counter unless given."""

    def __init__(self, client: redis.Redis) -> None:
        self.client: Any = client
        self.prefix = f"sos:{{{uuid.uuid4().hex}.example}}:"
        self._numbers = itertools.count(1)
        self._apply = self.client.script_load(APPLY)
        self._read = self.client.script_load(READ)

    def key(self, name: str) -> str:
        """The full name of a key of this site."""
        return self.prefix + name

    # ------------------------------------------------------------ writing

    def call(self, *words: object, now: int | str = NOW) -> list[str]:
        """One call of apply.lua with raw operations."""
        outcomes = self.client.evalsha(self._apply, 1, self.key("meta"), now, *words)
        return [o.decode() for o in outcomes]

    def put(
        self, ref: str, document: object, *, seq: int | str | None = None, now: int | str = NOW
    ) -> str:
        """Put one document, given as an object or as raw JSON."""
        raw = document if isinstance(document, str | bytes) else json.dumps(document)
        number = next(self._numbers) if seq is None else seq
        return self.call("put", ref, number, raw, now=now)[0]

    def remove(self, ref: str, *, seq: int | None = None, now: int = NOW) -> str:
        """Remove one document."""
        number = next(self._numbers) if seq is None else seq
        return self.call("remove", ref, number, "", now=now)[0]

    def ready(self) -> str:
        """Call the store complete."""
        return self.call("ready", "", "", "")[0]

    def fill(self, documents: Mapping[str, Json]) -> None:
        """Put documents, call the store complete, and see that all of it was taken."""
        words: list[object] = []
        for ref, document in documents.items():
            words += ["put", ref, next(self._numbers), json.dumps(document)]
        outcomes = self.call(*words, "ready", "", "", "")
        assert not [o for o in outcomes if o.startswith("error")], outcomes

    # ------------------------------------------------------------ reading

    def read(
        self, *candidates: Candidate, now: int = NOW, common: int = -1, held: int = -1
    ) -> Found:
        """One call of read.lua."""
        words = [word for candidate in candidates for word in (*candidate, "")[:5]]
        answer = self.client.evalsha(self._read, 1, self.key("meta"), now, common, held, *words)
        return parse_found(answer)

    def page(self, path: str, number: int = 1, count: int = 0, now: int = NOW) -> Found:
        """What is at a path."""
        return self.read(("page", path, number, count), now=now)

    # ------------------------------------------------------------ what the keys hold

    def meta(self) -> dict[str, str]:
        """The store's own state."""
        return {k.decode(): v.decode() for k, v in self.client.hgetall(self.key("meta")).items()}

    def rev(self) -> int:
        """The revision; 0 before the first change."""
        return int(self.meta().get("rev", 0))

    def fields(self, name: str) -> dict[str, str]:
        """A hash, decoded."""
        raw = self.client.hgetall(self.key(name))
        return {k.decode(): v.decode(errors="replace") for k, v in raw.items()}

    def entry(self, ref: str) -> Entry:
        """What was derived from a document."""
        return parse_entry(self.client.hget(self.key("entry"), ref))

    def lists_of(self, ref: str) -> set[str]:
        """Names of the lists that a document is in."""
        return set(self.entry(ref).lists)

    def members(self, name: str) -> list[int]:
        """Members of a list, by ascending score."""
        return [int(m) for m in self.client.zrange(self.key(f"list:{name}"), 0, -1)]

    def touched(self, since: int) -> set[str]:
        """Names that were touched after a revision."""
        names = self.client.zrangebyscore(self.key("touched"), f"({since}", "+inf")
        return {n.decode() for n in names}

    def events(self) -> list[tuple[str, str]]:
        """The stream: id and names."""
        return [
            (ident.decode(), fields[b"touched"].decode())
            for ident, fields in self.client.xrange(self.key("events"))
        ]

    def names(self) -> set[str]:
        """Names of all keys of this site."""
        keys = self.client.scan_iter(self._pattern(), count=10_000)
        return {k.decode().removeprefix(self.prefix) for k in keys}

    def forget(self) -> None:
        """Delete all keys of this site."""
        if keys := [self.key(name) for name in self.names()]:
            self.client.delete(*keys)

    def _pattern(self) -> str:
        return self.prefix.replace("{", "[{]").replace("}", "[}]") + "*"


def parse_entry(raw: bytes) -> Entry:
    """An entry as the adapter reads it; Lua writes an empty list as an empty object."""
    return msgspec.json.decode(raw.replace(b'"deps":{}', b'"deps":[]'), type=Entry)


ZSETS = {"at", "until", "touched"}
HASHES = {"meta", "doc", "entry", "path", "old", "gone", "removed", "size"}

Contents = dict[str, Any]


def read_all(store: RawStore) -> Contents:
    """Every key of a site: hashes and sorted sets as dicts, sets as sets, the stream as a list."""
    names = sorted(store.names())
    assert {n for n in names if not n.startswith(("list:", "rdeps:"))} <= KNOWN_KEYS
    with store.client.pipeline(transaction=True) as pipe:
        for name in names:
            key = store.key(name)
            if name in HASHES:
                pipe.hgetall(key)
            elif name in ZSETS or name.startswith("list:"):
                pipe.zrange(key, 0, -1, withscores=True)
            elif name.startswith("rdeps:"):
                pipe.smembers(key)
            else:
                pipe.exists(key)
        values = pipe.execute()
    contents: Contents = {name: {} for name in HASHES | ZSETS}
    for name, value in zip(names, values, strict=True):
        if isinstance(value, dict):
            contents[name] = {k.decode(): v for k, v in value.items()}
        elif isinstance(value, list):
            contents[name] = {k.decode(): score for k, score in value}
        elif isinstance(value, set):
            contents[name] = {m.decode() for m in value}
    return contents


def assert_sound(store: RawStore) -> None:
    """The laws of a store that only apply.lua has written to, whatever it was given."""
    contents = read_all(store)
    meta = {k: v.decode() for k, v in contents["meta"].items()}
    if not meta:
        return
    entries = {ref: parse_entry(value) for ref, value in contents["entry"].items()}
    _assert_counts(contents, meta)
    assert set(contents["doc"]) == set(entries)
    assert not set(contents["removed"]) & set(entries)
    _assert_paths(contents, entries, json.loads(meta.get("type_paths") or "{}"))
    _assert_lists(contents, entries)
    _assert_schedule(contents, entries)
    _assert_deps(contents, entries)
    rev = int(meta.get("rev", 0))
    assert all(0 < e.rev <= rev for e in entries.values())
    assert max(contents["touched"].values(), default=0) <= rev
    events = store.client.xrevrange(store.key("events"), count=1)
    assert not events or events[0][0] == f"{rev}-0".encode()


def _assert_counts(contents: Contents, meta: dict[str, str]) -> None:
    counted = {
        "docs": ("doc", "entry"), "paths": ("path",), "old": ("old",), "gone": ("gone",),
        "at": ("at",), "until": ("until",), "lists": ("size",), "touched": ("touched",),
    }  # fmt: skip
    for field, names in counted.items():
        assert {len(contents[name]) for name in names} == {int(meta.get(field, 0))}, field


def _assert_paths(contents: Contents, entries: dict[str, Entry], archives: dict[str, str]) -> None:
    for path, holder in contents["path"].items():
        ref = holder.decode()
        assert path.isascii()
        assert path.startswith("/")
        assert "//" not in path
        assert (archives[path] == ref) if ref.startswith("type:") else (entries[ref].path == path)
    assert not set(contents["path"]) & (set(contents["old"]) | set(contents["gone"]))


def _assert_lists(contents: Contents, entries: dict[str, Entry]) -> None:
    told: dict[str, dict[int, float]] = {}
    for ref, entry in entries.items():
        for name, score in entry.lists.items():
            told.setdefault(name, {})[int(ref.partition(":")[2])] = score
    found = {
        name.removeprefix("list:"): {int(m): score for m, score in members.items()}
        for name, members in contents.items()
        if name.startswith("list:")
    }
    assert found == told
    assert {n: int(size) for n, size in contents["size"].items()} == {
        n: len(members) for n, members in told.items()
    }


def _assert_schedule(contents: Contents, entries: dict[str, Entry]) -> None:
    assert all(entries[ref].at == at for ref, at in contents["at"].items())
    assert contents["until"] == {ref: e.until for ref, e in entries.items() if e.until}


def _assert_deps(contents: Contents, entries: dict[str, Entry]) -> None:
    told: dict[str, set[str]] = {}
    for ref, entry in entries.items():
        for dep in entry.deps:
            told.setdefault(dep, set()).add(ref)
    found = {
        name.removeprefix("rdeps:"): members
        for name, members in contents.items()
        if name.startswith("rdeps:")
    }
    assert found == told
