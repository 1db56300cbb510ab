"""The page cache: bounded, and never current without reason."""

from __future__ import annotations

import gc
import random
import tracemalloc

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sos.cache.encodings import Variants, build_hasty, build_variants
from sos.cache.pages import (
    ENTRY_OVERHEAD,
    MAX_NEGATIVE,
    MAX_NEGATIVE_BYTES,
    NAME_OVERHEAD,
    CachedPage,
    Missing,
    PageCache,
)
from sos.render import RenderedPage

GONE = Missing(404)


def made(
    *depends: str,
    rev: int = 1,
    size: int = 0,
    tag: str = "t",
    release: str = "r",
    changed: int = 100,
) -> CachedPage:
    """A page made of these names, as the store had them at ``rev``; its body has ``size`` bytes."""
    page = RenderedPage(
        status=200,
        content_type="text/html",
        body=b"",
        tag=tag,
        depends=depends,
        csp="",
        release=release,
    )
    return CachedPage(page, Variants(b"x" * size), rev, changed)


# ---------------------------------------------------------------- bounds


def test_the_least_recently_used_page_goes_first() -> None:
    """Asking for a page keeps it, looking at it does not."""
    cache = PageCache(3 * (ENTRY_OVERHEAD + 100))
    for path in "abc":
        cache.keep(path, made(size=100))
    assert cache.find("a")
    assert cache.peek("b")
    cache.keep("d", made(size=100))
    assert [p for p in "abcd" if cache.peek(p)] == ["a", "c", "d"]
    assert (len(cache), cache.evictions, cache.size) == (3, 1, cache.max_bytes)


def test_a_page_that_is_larger_than_the_cache_is_not_kept() -> None:
    """And drives nothing else out; its older, smaller copy goes all the same."""
    cache = PageCache(2 * (ENTRY_OVERHEAD + 100))
    cache.keep("a", made(size=100))
    cache.keep("b", made(size=100))
    cache.keep("b", made(size=10_000))
    assert [p for p in "ab" if cache.peek(p)] == ["a"]
    assert cache.size == ENTRY_OVERHEAD + 100


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9), st.integers(0, 5000), st.lists(st.sampled_from("xyz"), max_size=3)
        ),
        max_size=60,
    )
)
def test_bytes_are_counted_exactly_and_bounded(steps: list[tuple[int, int, list[str]]]) -> None:
    """After any sequence of keeping, replacing and forgetting."""
    cache = PageCache(20_000)
    for number, size, names in steps:
        if size % 7 == 0:
            cache.forget(str(number))
        elif size % 11 == 0:
            cache.keep_missing(str(number), GONE)
        else:
            cache.keep(str(number), made(*names, size=size))
        kept = [e for n in range(10) if (e := cache.peek(str(n)))]
        assert cache.size == sum(e.size for e in kept) <= cache.max_bytes
        assert len(cache) == len(kept)
        # What is not kept leaves nothing behind: marking never meets a path without a page.
        assert set(cache.invalidate(0, {"x", "y", "z"})) == set()


def memory_of(fill: object) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        fill()  # type: ignore[operator]
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("names", [10, 60])
def test_an_entry_costs_no_more_than_is_counted(names: int) -> None:
    """The bound in bytes holds in real memory, with names that no other page shares."""
    cache = PageCache(10**9)

    def fill() -> None:
        for n in range(500):
            depends = tuple(f"post:{n * names + i}" for i in range(names))
            path = f"/2024/05/17/a-post-with-a-slug-of-usual-length-{n}/"
            cache.keep(path, made(*depends, size=1000, tag=f"{n:024x}"))

    assert memory_of(fill) <= cache.size
    assert len(cache) == 500


def test_a_flood_of_unknown_paths_leaves_memory_flat() -> None:
    """100,000 of them cost what the first few thousand cost, however long they are."""
    cache = PageCache(10**9)

    def flood(count: int) -> int:
        def ask() -> None:
            for n in range(count):
                path = f"/{'x' * (n % 900)}{n}/"
                assert cache.find_missing(path) is None
                cache.keep_missing(path, Missing(404))

        return memory_of(ask)

    grown = flood(100_000)
    assert grown < 2.5 * MAX_NEGATIVE_BYTES, f"{grown:,} bytes"
    assert len(cache) == cache.size == 0


def test_short_paths_are_bounded_by_number() -> None:
    """The oldest is forgotten first."""
    cache = PageCache(10**6)
    for n in range(MAX_NEGATIVE + 10):
        cache.keep_missing(f"/{n}/", GONE)
    assert cache.find_missing("/9/") is None
    assert cache.find_missing("/10/") == GONE


def test_a_long_import_is_not_remembered_for_ever() -> None:
    """Names of past changes are kept for what is in the making, and that is bounded too."""
    cache = PageCache(10**6)

    def changes() -> None:
        for rev in range(300):
            cache.invalidate(rev, frozenset(f"post:{rev * 200 + n}" for n in range(200)))

    assert memory_of(changes) < 4_000_000


# ---------------------------------------------------------------- invalidation


def test_a_change_marks_what_is_made_of_it() -> None:
    """And nothing else; what is stale stays, for want of better."""
    cache = PageCache(10**6)
    cache.keep("/a/", made("post:1", "site"))
    cache.keep("/b/", made("post:2", "site"))
    assert cache.invalidate(2, {"post:1", "post:9"}) == ["/a/"]
    a, b = cache.find("/a/"), cache.find("/b/")
    assert a
    assert b
    assert (a.stale, b.stale) == (True, False)
    assert set(cache.invalidate(3, {"site"})) == {"/a/", "/b/"}


def test_the_hottest_come_first() -> None:
    """They are made anew first."""
    cache = PageCache(10**6)
    for path, hits in {"/a/": 1, "/b/": 9, "/c/": 5}.items():
        cache.keep(path, made("site"))
        entry = cache.peek(path)
        assert entry
        entry.hits = hits
    assert cache.invalidate(2, {"site"}) == ["/b/", "/c/", "/a/"]


def test_a_page_that_was_read_after_a_change_has_it() -> None:
    """News of a change comes later than the change: who read meanwhile need not read again."""
    cache = PageCache(10**6)
    cache.keep("/old/", made("site", rev=4))
    cache.keep("/new/", made("site", rev=5))
    assert cache.invalidate(5, {"site"}) == ["/old/"]


def test_a_page_that_a_change_overtook_is_kept_as_stale() -> None:
    """It was read before the change and finished after the news of it."""
    cache = PageCache(10**6)
    cache.invalidate(5, {"post:1"})
    cache.keep("/a/", made("post:1", rev=4))
    cache.keep("/b/", made("post:1", rev=5))
    cache.keep("/c/", made("post:2", rev=4))
    stale = {p: e.stale for p in ("/a/", "/b/", "/c/") if (e := cache.peek(p))}
    assert stale == {"/a/": True, "/b/": False, "/c/": False}


def test_a_page_that_many_changes_overtook_is_taken_for_stale() -> None:
    """Which names they had is forgotten after a while; better once too often than once too few."""
    cache = PageCache(10**6)
    for rev in range(10, 1010):
        cache.invalidate(rev, {f"post:{rev}"})
    cache.keep("/a/", made("post:1", rev=12))
    cache.keep("/b/", made("post:1", rev=1005))
    a, b = cache.peek("/a/"), cache.peek("/b/")
    assert a
    assert b
    assert (a.stale, b.stale) == (True, False)


def test_time_overtakes_too() -> None:
    """A scheduled post appeared while the page was made; the store's revision is the same."""
    cache = PageCache(10**6)
    cache.keep("/kept/", made("list:type:post", rev=7))
    began = cache.moment
    assert cache.invalidate_now({"list:type:post"}) == ["/kept/"]
    cache.keep("/a/", made("list:type:post", rev=7), began)
    cache.keep("/b/", made("list:type:post", rev=7), cache.moment)
    cache.keep("/c/", made("post:1", rev=7), began)
    stale = {p: e.stale for p in ("/a/", "/b/", "/c/") if (e := cache.peek(p))}
    assert stale == {"/a/": True, "/b/": False, "/c/": False}


def test_time_that_is_long_past_overtakes_too() -> None:
    """Also when the names are forgotten."""
    cache = PageCache(10**6)
    began = cache.moment
    cache.invalidate_now({"list:type:post"})
    for rev in range(8, 1000):
        cache.invalidate(rev, {"x"})
    cache.keep("/a/", made("list:type:post", rev=2000), began)
    entry = cache.peek("/a/")
    assert entry
    assert entry.stale


def test_another_store_makes_everything_stale_and_the_past_forgotten() -> None:
    """A store that was lost and filled again counts its revisions from the beginning."""
    cache = PageCache(10**6)
    cache.invalidate(1000, {"site"})
    cache.keep("/a/", made("site", rev=1000))
    began = cache.moment
    assert cache.invalidate_all() == ["/a/"]
    cache.keep("/in-the-making/", made("site", rev=1000), began)
    cache.keep("/new/", made("site", rev=3), cache.moment)
    making, new = cache.peek("/in-the-making/"), cache.peek("/new/")
    assert making
    assert new
    assert (making.stale, new.stale) == (True, False)
    assert cache.invalidate(4, {"site"}) == ["/new/"] or "/new/" in cache.invalidate(4, {"site"})


def test_what_was_read_before_the_first_look_is_checked_by_it() -> None:
    """Pages that were made at start are current only if the store has not moved on."""
    cache = PageCache(10**6)
    cache.keep("/before/", made("site", rev=4))
    cache.keep("/now/", made("site", rev=5))
    assert cache.invalidate_before(5) == ["/before/"]
    cache.keep("/late/", made("site", rev=4))
    late = cache.peek("/late/")
    assert late
    assert late.stale


def test_the_end_of_a_page_is_never_put_off() -> None:
    """Pages that are kept learn of a change to come; the earliest one counts."""
    cache = PageCache(10**6)
    cache.keep("/a/", made("list:type:post"))
    cache.expire({"list:type:post"}, 500)
    cache.expire({"list:type:post"}, 900)
    entry = cache.peek("/a/")
    assert entry
    assert entry.until == 500


# ---------------------------------------------------------------- what is missing


def test_any_change_may_bring_what_was_missing() -> None:
    """All that is remembered of missing paths is forgotten."""
    for change in (
        lambda c: c.invalidate(2, {"post:1"}),
        lambda c: c.invalidate_now({"post:1"}),
        lambda c: c.invalidate_all(),
        lambda c: c.invalidate_before(9),
    ):
        cache = PageCache(10**6)
        cache.keep_missing("/a/", GONE)
        change(cache)
        assert cache.find_missing("/a/") is None


def test_a_path_that_was_missing_before_a_change_is_not_remembered_after_it() -> None:
    """The answer was on its way when the post was published."""
    cache = PageCache(10**6)
    began = cache.moment
    cache.invalidate(2, {"post:1"})
    cache.keep_missing("/a/", GONE, began)
    assert cache.find_missing("/a/") is None
    cache.keep_missing("/a/", GONE, cache.moment)
    assert cache.find_missing("/a/") == GONE


def test_a_path_is_there_or_missing_and_never_both() -> None:
    """What was kept last counts."""
    cache = PageCache(10**6)
    cache.keep_missing("/a/", GONE)
    cache.keep("/a/", made("post:1"))
    assert cache.find_missing("/a/") is None
    cache.keep_missing("/a/", Missing(410))
    assert cache.find("/a/") is None
    assert cache.find_missing("/a/") == Missing(410)


# ---------------------------------------------------------------- what a page keeps of the one before


def test_the_same_bytes_keep_their_date_and_all_pages_their_hits() -> None:
    """Last-Modified says when a page changed, not when it was made again."""
    cache = PageCache(10**6)
    cache.keep("/a/", made("site", changed=100))
    entry = cache.peek("/a/")
    assert entry
    entry.hits, entry.last_hit = 5, 42.0
    cache.keep("/a/", made("site", changed=200))
    again = cache.peek("/a/")
    assert again
    assert (again.changed, again.hits, again.last_hit) == (100, 5, 42.0)
    cache.keep("/a/", made("site", changed=300, tag="other"))
    other = cache.peek("/a/")
    assert other
    assert (other.changed, other.hits) == (300, 5)


# ---------------------------------------------------------------- everything at once


class World:
    """A store of three documents, the news of its changes, and pages in the making."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.cache = PageCache(10**6)
        self.rev = 0
        self.versions = dict.fromkeys("abc", 0)
        self.untold: set[str] = set()
        self.making: list[tuple[str, CachedPage, int, dict[str, int]]] = []
        self.kept: dict[str, dict[str, int]] = {}

    def some(self) -> list[str]:
        return self.chance.sample("abc", self.chance.randrange(1, 4))

    def write(self) -> None:
        self.rev += 1
        changed = self.some()
        self.versions |= dict.fromkeys(changed, self.rev)
        self.untold |= set(changed)

    def tell(self) -> None:
        """The follower asks what was touched since; it learns the newest revision."""
        self.cache.invalidate(self.rev, frozenset(self.untold))
        self.untold.clear()

    def begin(self) -> None:
        depends = self.some()
        seen = {n: self.versions[n] for n in depends}
        page = made(*depends, rev=self.rev)
        self.making.append((self.chance.choice("xyz"), page, self.cache.moment, seen))

    def finish(self) -> None:
        if self.making:
            at = self.chance.randrange(len(self.making))
            path, entry, moment, self.kept[path] = self.making.pop(at)
            self.cache.keep(path, entry, moment)


@given(st.integers(0, 2**32))
@settings(max_examples=150)
def test_no_page_is_fresh_that_a_store_would_make_otherwise(seed: int) -> None:
    """Writes, news of them with any delay, and pages begun and finished in any order.

    After all news has arrived, whatever is not marked stale was made of what the store has now.
    """
    world = World(seed)
    for _ in range(world.chance.randrange(60)):
        world.chance.choice((world.write, world.tell, world.begin, world.begin, world.finish))()
    world.tell()
    while world.making:
        world.finish()
    for path, seen in world.kept.items():
        entry = world.cache.peek(path)
        assert entry
        assert entry.stale or seen == {n: world.versions[n] for n in seen}


# ---------------------------------------------------------------- better bytes, later


def hasty(body: bytes = b"<p>hello</p>" * 100, tag: str = "t") -> CachedPage:
    return msgspec.structs.replace(made("post:1", tag=tag), variants=build_hasty(body))


def test_better_bytes_take_the_place_of_hasty_ones() -> None:
    """The bound holds, and who remembers an answer can tell that there is a better one."""
    cache = PageCache(1_000_000)
    entry = hasty()
    cache.keep("/", entry)
    assert cache.hasty == {"/": entry}
    version, better = cache.version, build_variants(entry.variants.identity)
    cache.replace_variants("/", entry, better)
    assert entry.variants == better
    assert cache.version > version
    assert not cache.hasty
    held = len(better.gzip) + len(better.br)
    assert cache.size == entry.size == held + ENTRY_OVERHEAD + NAME_OVERHEAD
    cache.forget("/")
    assert cache.size == 0


def test_bytes_of_a_page_that_was_replaced_meanwhile_are_thrown_away() -> None:
    """Compression takes its time, and the page may be another one, or gone, when it is done."""
    cache = PageCache(1_000_000)
    first, second = hasty(), hasty(b"<p>other</p>" * 100, tag="u")
    cache.keep("/", first)
    cache.keep("/", second)
    size = cache.size
    cache.replace_variants("/", first, build_variants(first.variants.identity))
    assert (cache.size, cache.peek("/"), cache.hasty) == (size, second, {"/": second})
    cache.forget("/")
    cache.replace_variants("/", second, build_variants(second.variants.identity))
    assert (cache.size, len(cache), cache.hasty) == (0, 0, {})


def test_a_page_that_came_out_the_same_keeps_its_better_bytes() -> None:
    """It was made again for a change that it does not show."""
    cache = PageCache(1_000_000)
    entry = hasty()
    cache.keep("/", entry)
    better = build_variants(entry.variants.identity)
    cache.replace_variants("/", entry, better)
    again = hasty()
    cache.keep("/", again)
    assert again.variants == better
    assert not cache.hasty
    assert cache.size == again.size


def test_better_bytes_stay_within_the_bound() -> None:
    """They are more: brotli is added to gzip."""
    entry, other = hasty(), hasty(tag="u")
    cache = PageCache(entry.size + other.size)
    cache.keep("/other/", other)
    cache.keep("/", entry)
    better = msgspec.structs.replace(build_variants(entry.variants.identity), br=b"x" * 5000)
    cache.replace_variants("/", entry, better)
    assert cache.size <= cache.max_bytes
    assert cache.peek("/other/") is None
