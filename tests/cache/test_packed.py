"""Pages as the cache keeps them: without the body, and with all that it takes to give it."""

from __future__ import annotations

import msgspec
import pytest
from sos.cache.encodings import Variants, build_hasty, build_variants, choose
from sos.cache.packed import pack
from sos.cache.pages import CachedPage, PageCache
from sos.render import RenderedPage

BODY = "<p>Größe, 大きさ</p>".encode() * 400


def rendered(body: bytes = BODY) -> RenderedPage:
    return RenderedPage(
        status=200,
        content_type="text/html",
        body=body,
        tag="t",
        depends=("post:1", "site"),
        csp="default-src 'self'",
        release="r",
    )


@pytest.mark.parametrize("build", [build_hasty, build_variants])
def test_a_packed_page_gives_all_that_the_page_gave(build: object) -> None:
    """Whoever asks for body, codings or anything else notices nothing."""
    page, variants = rendered(), build(BODY)  # type: ignore[operator]
    small, packed = pack(page, variants)
    fields = [f for f in RenderedPage.__struct_fields__ if getattr(page, f) != getattr(small, f)]
    assert fields == []
    assert (packed.identity, packed.mark) == (BODY, variants.mark)
    for coding in ("identity", "gzip", "br", "any"):
        assert choose(packed, coding) == choose(variants, coding)
    assert packed == variants
    assert packed != build(BODY + b"x")  # type: ignore[operator]


def test_what_a_packed_page_holds_has_no_body_in_it() -> None:
    """It is what there is to save."""
    small, packed = pack(rendered(), build_hasty(BODY))
    held = sum(len(v) for v in (*msgspec.structs.astuple(small), *msgspec.structs.astuple(packed))
               if isinstance(v, bytes))  # fmt: skip
    assert packed.size < held < len(BODY) / 10


def test_what_was_not_worth_compressing_stays_as_it_is() -> None:
    """There is nothing else that it could be made from."""
    page, variants = rendered(b"short"), Variants(b"short")
    assert pack(page, variants) == (page, variants)


def test_the_cache_counts_what_it_holds_and_gives_the_body_back() -> None:
    """Ten times as many pages fit in; a page that was kept twice is the same as before."""
    cache = PageCache(10**6)
    entry = CachedPage(rendered(), build_hasty(BODY), 1, 100)
    cache.keep("/", entry)
    assert cache.size == entry.size < len(BODY) / 2
    cache.replace_variants("/", entry, build_variants(entry.variants.identity))
    cache.keep("/", entry)
    assert (entry.page.body, entry.variants.identity) == (BODY, BODY)
    assert entry.variants == build_variants(BODY)
