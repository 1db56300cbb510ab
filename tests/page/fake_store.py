"""A content store in plain Python: documents in, what a `ContentReader` answers out.

It derives paths and lists as the real writer does, as far as pages can tell, and it fails, stalls
and forgets on demand. Nothing in it reads a clock but `now`, which a test sets.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sos.content.store import (
    Brief,
    Candidate,
    Changes,
    Due,
    Entry,
    Found,
    FoundRow,
    Record,
    Topics,
)
from sos.errors import StoreUnavailableError
from sos.page.routes import canonical_path

COMMON = ("site", "types", "taxonomies")


@dataclass
class Kept:
    """A document with what was derived from it."""

    ref: str
    rev: int
    json: bytes
    document: dict[str, Any]
    path: str
    at: int
    until: int
    lists: dict[str, float]
    deps: tuple[str, ...]

    def visible(self, now: int) -> bool:
        return self.at <= now and (not self.until or self.until > now)

    @property
    def brief(self) -> Brief:
        title = self.document.get("title", "")
        title = title["rendered"] if isinstance(title, dict) else title
        return Brief(self.ref, self.path, title or self.document.get("name", ""), False)


@dataclass
class FakeStore:
    """Fills `ContentReader`. ``gate`` holds reads up while it is set and not yet open."""

    epoch: str = "1.1"
    now: float = 2_000_000_000.0
    rev: int = 0
    common_rev: int = 0
    ready: bool = False
    unavailable: bool = False
    gate: asyncio.Event | None = None
    reads: int = 0
    asked: list[tuple[Candidate, ...]] = field(default_factory=list)
    kept: dict[str, Kept] = field(default_factory=dict)
    old: dict[str, str] = field(default_factory=dict)
    previews: dict[str, bytes] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    touched: dict[str, int] = field(default_factory=dict)
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    # ------------------------------------------------------------ writing

    def put(self, ref: str, document: dict[str, Any], json_bytes: bytes | None = None) -> None:
        """Keep a document. ``json_bytes`` replaces what readers are given of it."""
        before = self.kept.get(ref)
        self.rev += 1
        kept = self._derive(ref, document, json_bytes or json.dumps(document).encode())
        if before and before.path != kept.path:
            self.old[before.path] = ref
        self.kept[ref] = kept
        names = {ref, *(f"list:{n}" for n in {**kept.lists, **(before.lists if before else {})})}
        if ref in COMMON or ref.startswith("menu:"):
            self.common_rev = self.rev
            names.add("menus" if ref.startswith("menu:") else "site")
        self.touch(*names)

    def remove(self, ref: str) -> None:
        """Take a document away; its path is gone."""
        before = self.kept.pop(ref)
        self.rev += 1
        self.gone.add(before.path)
        self.touch(ref, *(f"list:{n}" for n in before.lists))

    def flush(self) -> None:
        """Lose everything, as FLUSHALL does."""
        self.kept, self.old, self.gone, self.touched = {}, {}, set(), {}
        self.rev, self.common_rev, self.ready, self.epoch = 0, 0, False, ""
        self.happened.set()

    def touch(self, *names: str) -> None:
        """Announce that these names changed in the current revision."""
        self.touched |= dict.fromkeys(names, self.rev)
        self.happened.set()

    def _derive(self, ref: str, d: dict[str, Any], data: bytes) -> Kept:
        number = int(ref.partition(":")[2] or 0)
        path = urlsplit(d.get("link", "")).path
        path = str(canonical_path(path)) if path else ""
        callout = d.get("type") == "sos_callout"
        path = "" if callout else path
        at = _epoch(d.get("date_gmt"))
        lists: dict[str, float] = {"type:sos_callout": at} if callout else {}
        deps: list[str] = []
        if callout and d.get("featured_media"):
            deps.append(f"post:{d['featured_media']}")
        if ref.startswith("post:") and path:
            kind = d.get("type", "post")
            parent = d.get("post" if kind == "attachment" else "parent") or 0
            terms = [*d.get("categories", []), *d.get("tags", []), *d.get("genre", [])]
            lists[f"type:{kind}"] = at
            if kind == "page":
                lists[f"children:{parent}"] = d.get("menu_order", 0)
            elif kind != "attachment":
                lists |= {f"term:{t}": at for t in terms}
                lists |= {f"author:{d['author']}": at} if d.get("author") else {}
                lists |= {"sticky": at} if d.get("sticky") else {}
            deps += [f"user:{d['author']}"] if d.get("author") else []
            deps += [f"post:{d['featured_media']}"] if d.get("featured_media") else []
            deps += [f"post:{parent}"] if kind == "attachment" and parent else []
            deps += [f"term:{t}" for t in terms]
        elif ref.startswith("term:"):
            lists[f"terms:{d['taxonomy']}"] = number
        elif ref.startswith("user:"):
            lists["users"] = number
        until = _epoch(d.get("sos", {}).get("expires_gmt")) if ref.startswith("post:") else 0
        return Kept(ref, self.rev, data, d, path, at, until, lists, tuple(deps))

    # ------------------------------------------------------------ the port

    async def fetch_page(
        self, candidates: Sequence[Candidate], now: int, common_rev: int, held_rev: int = -1
    ) -> Found:
        self.reads += 1
        self.asked.append(tuple(candidates))
        await self._reach()
        found = self._answer(candidates, now, with_common=common_rev != self.common_rev)
        if held_rev == self.rev and (found.list or found.rows):
            shown = [found.primary, *found.callouts]
            names = {r for ref in shown for r in (ref, *self._deps(ref))}
            names |= {row.term for row in found.rows if row.refs}
            own = tuple(r for r in found.records if r.ref in names)
            found = msgspec.structs.replace(found, records=own, outline=True)
        return found

    async def fetch_changes(self, rev: int, epoch: str, block_ms: int) -> Changes:
        await self._reach()
        if block_ms and self.rev <= rev and self.epoch == epoch:
            self.happened.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(block_ms / 1000):
                    await self.happened.wait()
            await self._reach()
        return Changes(
            rev=self.rev,
            epoch=self.epoch,
            complete=self.ready,
            touched=frozenset(n for n, at in self.touched.items() if at > rev),
            everything=self.rev < rev or (bool(epoch) and self.epoch != epoch),
        )

    async def fetch_due(self, now: int, limit: int) -> tuple[Due, ...]:
        await self._reach()
        times = [(k.at, k) for k in self.kept.values() if k.at > now]
        times += [(k.until, k) for k in self.kept.values() if k.until > now]
        times.sort(key=lambda pair: pair[0])
        return tuple(
            Due(at, frozenset({k.ref, *(f"list:{n}" for n in k.lists)})) for at, k in times[:limit]
        )

    async def fetch_sizes(self) -> dict[str, int]:
        await self._reach()
        names = {n for k in self.kept.values() for n in k.lists}
        return {n: len(self._members(n)) for n in names}

    async def fetch_entries(self, name: str, start: int, count: int, now: int) -> tuple[Entry, ...]:
        await self._reach()
        members = self._members(name)[start : start + count]
        return tuple(
            Entry(ref=k.ref, rev=k.rev, path=k.path, at=k.at, modified=k.at)
            for k in members
            if k.visible(now)
        )

    async def fetch_holding(self, refs: Sequence[str], words: Sequence[str]) -> dict[str, bytes]:
        await self._reach()
        found = ((r, self.kept[r].json) for r in refs if r in self.kept)
        return {r: d for r, d in found if any(w.encode() in d for w in words)}

    async def fetch_preview(self, preview_id: str) -> bytes | None:
        await self._reach()
        return self.previews.get(preview_id)

    async def aclose(self) -> None:
        """Nothing to close."""

    # ------------------------------------------------------------ within

    async def _reach(self) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.unavailable:
            raise StoreUnavailableError("the fake store was told to be unavailable")

    def _members(self, name: str) -> list[Kept]:
        found = [k for k in self.kept.values() if name in k.lists]
        return sorted(found, key=lambda k: (k.lists[name], k.ref))

    def _at(self, path: str, now: int) -> str:
        """Reference of what is at ``path``; empty for nothing."""
        site = self.kept["site"].document if "site" in self.kept else {}
        front = f"post:{site.get('page_on_front', 0)}"
        if path == "/":
            static = site.get("show_on_front") == "page" and front in self.kept
            return front if static else "type:post"
        types = self.kept["types"].document if "types" in self.kept else {}
        for slug, kind in types.items():
            if kind.get("sos", {}).get("archive_path") == path:
                return f"type:{slug}"
        return next((k.ref for k in self.kept.values() if k.path == path and k.visible(now)), "")

    def _list_of(self, ref: str) -> str:
        if ref.startswith(("type:", "term:")):
            return ref
        if ref.startswith("user:"):
            return f"author:{ref[5:]}"
        site = self.kept["site"].document if "site" in self.kept else {}
        return "type:post" if ref == f"post:{site.get('page_for_posts', -1)}" else ""

    def _hit(self, c: Candidate, now: int) -> tuple[str, str]:
        if c.how == "dates":
            return "type:post", "type:post"
        if c.how == "list":
            return "", ""
        if c.how == "ref":
            kept = self.kept.get(c.value)
            return (c.value, self._list_of(c.value)) if kept and kept.visible(now) else ("", "")
        ref = self._at(c.value, now)
        name = self._list_of(ref) if ref else ""
        if c.how == "feed" and not name:
            return ("type:post", "type:post") if c.value == "/" else ("", "")
        if not ref or (c.how == "part" and name) or (c.how == "page" and not name and c.number > 1):
            return "", ""
        return ref, name

    def _answer(self, candidates: Sequence[Candidate], now: int, *, with_common: bool) -> Found:
        fields: dict[str, Any] = {
            "rev": self.rev,
            "epoch": self.epoch,
            "complete": self.ready,
            "status": "none",
            "common_rev": self.common_rev,
        }
        if with_common or not self.common_rev:
            fields |= self._common(now)
        for index, c in enumerate(candidates):
            ref, name = self._hit(c, now)
            if ref:
                found = {"status": "found", "candidate": index, "primary": ref, "list": name}
                return Found(**fields | found | self._object(ref, name, c, now))
        for index, c in enumerate(candidates):
            if c.how not in ("page", "part", "feed"):
                continue
            for form in dict.fromkeys((c.value, _other_slash(c.value))):
                if form != c.value and self._hit(Candidate(c.how, form, c.number), now)[0]:
                    return Found(**fields | {"status": "moved", "candidate": index, "path": form})
                moved = self.kept.get(self.old.get(form, ""))
                if moved:
                    fields |= {"status": "moved", "candidate": index, "path": moved.path}
                    return Found(**fields)
                if form in self.gone:
                    return Found(**fields | {"status": "gone", "candidate": index})
        return Found(**fields)

    def _common(self, now: int) -> dict[str, Any]:
        refs = [r for r in self.kept if r in COMMON or r.startswith("menu:")]
        logo = self.kept["site"].document.get("site_logo") if "site" in self.kept else 0
        refs += [f"post:{logo}"] if logo else []
        menus = any(r.startswith("menu:") for r in refs)
        tops = () if menus else tuple(k.brief for k in self._visible("children:0", now))
        return {"common": self._records(refs, now), "top_pages": tops}

    def _visible(self, name: str, now: int) -> list[Kept]:
        return [k for k in self._members(name) if k.visible(now)]

    def _records(self, refs: Sequence[str], now: int) -> tuple[Record, ...]:
        there = (self.kept[r] for r in dict.fromkeys(refs) if r in self.kept)
        return tuple(Record(k.ref, k.rev, k.path, k.json) for k in there if k.visible(now))

    def _object(self, ref: str, name: str, c: Candidate, now: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        shown: list[str] = []
        if name:
            low, high = float("-inf"), float(now)
            if c.how == "dates":
                low, high = map(float, c.value.partition("@")[0].split(":"))
            members = [k.ref for k in self._visible(name, now) if low <= k.lists[name] <= high]
            members.reverse()
            settings = self.kept["site"].document.get("sos", {}) if "site" in self.kept else {}
            count = c.count or settings.get("settings", {}).get("posts_per_page", 10)
            shown = members[(c.number - 1) * count : c.number * count]
            out |= {"total": len(members), "refs": tuple(shown)}
            if c.how == "page" and c.number == 1 and name == "type:post":
                out["sticky"] = tuple(k.ref for k in reversed(self._visible("sticky", now)))
                shown = [*out["sticky"], *shown]
        if (c.how, c.value, c.number) == ("page", "/", 1):
            callouts = reversed(self._visible("type:sos_callout", now))
            out["callouts"] = tuple(k.ref for k in callouts)[:20]
            shown = [*shown, *out["callouts"]]
        if c.topics:
            out["rows"] = self._rows(c.topics, {*out.get("sticky", ()), *out.get("refs", ())}, now)
            for row in out["rows"]:
                shown += [*([row.term] if row.refs else []), *row.refs]
        refs = [r for shown_ref in (ref, *shown) for r in (shown_ref, *self._deps(shown_ref))]
        out["records"] = self._records(refs, now)
        kept = self.kept.get(ref)
        if kept and ref.startswith(("post:", "term:")):
            out |= self._relations(kept, now)
        return out

    def _rows(self, topics: Topics, taken: set[str], now: int) -> tuple[FoundRow, ...]:
        rows: list[FoundRow] = []
        for path in topics.paths:
            ref = self._at(path, now)
            if not ref.startswith("term:"):
                continue
            if topics.taxonomy not in ("", self.kept[ref].document["taxonomy"]):
                continue
            members = [k.ref for k in reversed(self._visible(ref, now))]
            fresh = [r for r in members if r not in taken][: topics.posts]
            again = [r for r in members if r in taken][: topics.posts - len(fresh)]
            rows.append(FoundRow(ref, tuple(r for r in members if r in {*fresh, *again})))
            taken |= {*fresh, *again}
            if sum(1 for row in rows if row.refs) == topics.rows:
                break
        return tuple(rows)

    def _deps(self, ref: str) -> tuple[str, ...]:
        return self.kept[ref].deps if ref in self.kept else ()

    def _relations(self, kept: Kept, now: int) -> dict[str, Any]:
        ancestors: list[Brief] = []
        kind, parent = kept.ref.partition(":")[0], kept.document.get("parent")
        while parent and (above := self.kept.get(f"{kind}:{parent}")) and above.visible(now):
            ancestors.insert(0, above.brief)
            parent = above.document.get("parent")
        out: dict[str, Any] = {"ancestors": tuple(ancestors)}
        kind = kept.document.get("type", "")
        if kind == "page":
            below = self._visible(f"children:{kept.ref[5:]}", now)
            out["children"] = tuple(k.brief for k in below)
        elif kind and kind != "attachment":
            row = self._visible(f"type:{kind}", now)
            here = row.index(kept)
            out["previous"] = row[here - 1].brief if here else None
            out["next"] = row[here + 1].brief if here + 1 < len(row) else None
        return out


def _other_slash(path: str) -> str:
    if path == "/":
        return path
    return path[:-1] if path.endswith("/") else path + "/"


def _epoch(text: object) -> int:
    if not isinstance(text, str):
        return 0
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return 0
