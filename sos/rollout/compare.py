"""Two releases side by side: the same live pages with both in, what differs out.

Both make each page of the same content at the same second, so that whatever differs is the
releases' doing. It writes nothing; how the differences are shown is decided by its callers.
"""

import difflib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from sos.cache.pages import CachedPage
from sos.content.snapshot import Snapshot
from sos.content.store import ContentReader, Record
from sos.errors import SosError, TemplateError
from sos.metrics import Metrics
from sos.page.routes import PageRoute, decide_route
from sos.produce.documents import DocumentCache
from sos.produce.producer import Producer
from sos.release.environment import Release

PER_KIND = 2
"""Pages of each kind that are compared where no paths are given."""

ERROR_PAGE = "404"
"""Stands for a path that no page has."""

CONTEXT = 3
"""Lines around a difference."""

LONGEST_SOURCE = 200_000
"""A file with more bytes is compared as a whole."""


class PagePair(msgspec.Struct, frozen=True, kw_only=True):
    """One page with both releases. ``failure`` says why a release made none of it; its body is
    empty then."""

    path: str
    before: str = ""
    after: str = ""
    before_failure: str = ""
    after_failure: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether anybody could see a difference."""
        mine = self.before, self.before_failure
        return mine != (self.after, self.after_failure)


class Hunk(msgspec.Struct, frozen=True):
    """One difference, as lines of a unified diff without context, and the pages that have it.

    The lines are those of the first page; on the others what surrounds the difference may differ.
    """

    lines: tuple[str, ...]
    pages: tuple[str, ...]


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """A file that differs. ``lines`` are a unified diff; of what is no text there are none."""

    name: str
    word: str
    before: int = 0
    after: int = 0
    lines: tuple[str, ...] = ()


class _Described(msgspec.Struct):
    type: str = ""
    taxonomy: str = ""


def choose_paths(snapshot: Snapshot, per_kind: int = PER_KIND) -> tuple[str, ...]:
    """The front page, an error page, and up to ``per_kind`` pages of each kind of document.

    One of each kind comes before the second of any, media last.
    """
    kinds: dict[str, list[str]] = {}
    for record in filter(None, map(snapshot.record, snapshot.records)):
        paths = kinds.setdefault(_describe_kind(record), [])
        fresh = record.path.startswith("/") and record.path not in ("/", *paths)
        if fresh and len(paths) < per_kind:
            paths.append(record.path)
    media = kinds.pop("post attachment", [])[:1]
    turns = itertools.zip_longest(*kinds.values(), fillvalue="/")
    found = itertools.chain.from_iterable(turns)
    return tuple(dict.fromkeys(("/", ERROR_PAGE, *found, *media)))


def _describe_kind(record: Record) -> str:
    kind = record.ref.partition(":")[0]
    try:
        described = msgspec.json.decode(record.json, type=_Described)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return kind
    return f"{kind} {described.type or described.taxonomy}"


class Comparison:
    """Makes pages with two releases. ``site`` is the public base URL, ``now`` epoch seconds."""

    def __init__(
        self, site: str, reader: ContentReader, before: Release, after: Release, now: float
    ) -> None:
        metrics = Metrics()
        documents = DocumentCache(metrics, None)
        self._before = Producer(site, reader, before, documents, metrics, lambda: now)
        self._after = Producer(site, reader, after, documents, metrics, lambda: now)

    async def compare(
        self, paths: Sequence[str], on_page: Callable[[str], None] = lambda path: None
    ) -> tuple[PagePair, ...]:
        """The pages at these paths; those that the content does not have are left out."""
        pairs = []
        for path in paths:
            on_page(path)
            before, after = (
                await self._make(self._before, path),
                await self._make(self._after, path),
            )
            if before is None and after is None:
                continue
            (old, why_old), (new, why_new) = before or ("", ""), after or ("", "")
            pairs.append(
                PagePair(
                    path=path,
                    before=old,
                    after=new,
                    before_failure=why_old,
                    after_failure=why_new,
                )
            )
        return tuple(pairs)

    async def _make(self, producer: Producer, path: str) -> tuple[str, str] | None:
        """Body and failure, of which one is empty; None where there is no such page."""
        try:
            made = await _produce(producer, path)
        except TemplateError as exc:
            return "", str(exc)
        except SosError:  # the content's fault: unknown to a snapshot, or unreadable
            return None
        return (made.page.body.decode("utf-8", "replace"), "") if made else None


async def _produce(producer: Producer, path: str) -> CachedPage | None:
    if path == ERROR_PAGE:
        return await producer.produce_error(404)
    await producer.learn_site()
    site = producer.site
    route = decide_route(path, "", site.zone, site.document.date_base)
    if not isinstance(route, PageRoute):
        return None
    made = await producer.produce(route, partial=True)
    return made if isinstance(made, CachedPage) else None


# ---------------------------------------------------------------- differences, pure


def diff_lines(before: str, after: str, context: int = CONTEXT) -> tuple[str, ...]:
    """A unified diff without its head."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=context)
    return tuple(lines)[2:]


def group_hunks(pairs: Sequence[PagePair]) -> tuple[Hunk, ...]:
    """Every difference once, with the pages that have it, what most pages have first."""
    found: dict[tuple[object, ...], tuple[tuple[str, ...], list[str]]] = {}
    for pair in pairs:
        if pair.before_failure or pair.after_failure:
            continue
        for hunk in _split_hunks(diff_lines(pair.before, pair.after, 0)):
            found.setdefault(_describe_change(hunk), (hunk, []))[1].append(pair.path)
    hunks = (Hunk(lines, tuple(dict.fromkeys(pages))) for lines, pages in found.values())
    return tuple(sorted(hunks, key=lambda h: -len(h.pages)))


def split_change(before: str, after: str) -> tuple[int, int]:
    """How many characters two lines have in common at their beginning, and at their end."""
    shortest = min(len(before), len(after))
    start = next((n for n in range(shortest) if before[n] != after[n]), shortest)
    rest = shortest - start
    return start, next((n for n in range(rest) if before[-1 - n] != after[-1 - n]), rest)


def _describe_change(hunk: Sequence[str]) -> tuple[object, ...]:
    """The same for changes that are the same but for what surrounds them in their lines."""
    old = [line[1:] for line in hunk if line.startswith("-")]
    new = [line[1:] for line in hunk if line.startswith("+")]
    if len(old) != len(new):
        return tuple(hunk)
    changes = []
    for before, after in zip(old, new, strict=True):
        start, end = split_change(before, after)
        changes.append((before[start : len(before) - end], after[start : len(after) - end]))
    return tuple(changes)


def _split_hunks(lines: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The differences of a diff without context, whatever line they are on."""
    hunk: list[str] = []
    for line in lines:
        if not line.startswith("@@"):
            hunk.append(line)
        elif hunk:
            yield tuple(hunk)
            hunk = []
    if hunk:
        yield tuple(hunk)


def diff_files(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[FileChange, ...]:
    """The files that differ, by name."""
    changes = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            word = "added" if old is None else "removed" if new is None else "changed"
            lines = _diff_file(old or b"", new or b"")
            sizes = len(old or b""), len(new or b"")
            changes.append(
                FileChange(name=name, word=word, before=sizes[0], after=sizes[1], lines=lines)
            )
    return tuple(changes)


def _diff_file(before: bytes, after: bytes) -> tuple[str, ...]:
    if max(len(before), len(after)) > LONGEST_SOURCE or b"\0" in before + after:
        return ()
    try:
        return diff_lines(before.decode("utf-8"), after.decode("utf-8"))
    except UnicodeDecodeError:
        return ()
