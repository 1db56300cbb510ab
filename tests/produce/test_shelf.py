"""Posts as lists show them: which ones stay where not all have room, and what they take."""

from __future__ import annotations

import gc
import json
import tracemalloc

from sos.content.store import Found, Record
from sos.metrics import Metrics
from sos.page.cards import Library
from sos.page.site import build_site
from sos.produce.documents import DocumentCache
from sos.produce.shelf import TURNS, Shelf

SITE = build_site("https://www.example.org")[0]
PER_LIST = 10
LISTS = 100


def build_shelf(max_bytes: int) -> Shelf:
    shelf = Shelf(DocumentCache(Metrics(), None, listed_bytes=max_bytes))
    shelf.start(1)
    return shelf


def build_list(number: int) -> tuple[Found, list[str]]:
    """What the store answers for a list with posts of its own."""
    ids = range(number * PER_LIST + 1, (number + 1) * PER_LIST + 1)
    records = tuple(
        Record(
            f"post:{n}",
            1,
            f"/a-post-of-this-site-with-number-{n}/",
            json.dumps(
                {
                    "id": n,
                    "type": "post",
                    "slug": f"a-post-of-this-site-with-number-{n}",
                    "date_gmt": "2026-01-01T00:00:00",
                    "modified_gmt": "2026-01-01T00:00:00",
                    "title": {"rendered": f"A post of this site {n}"},
                    "excerpt": {"rendered": f"<p>{'What it is about. ' * 12}{n}</p>"},
                    "content": {"rendered": "<p>Text</p>"},
                }
            ).encode(),
        )
        for n in ids
    )
    refs = [record.ref for record in records]
    found = Found(
        rev=1, epoch="e", complete=True, status="found", list="type:post", records=records
    )
    return found, refs


async def read(shelf: Shelf, number: int) -> bool:
    """Whether the shelf has this list; it learns it where it has not."""
    found, refs = build_list(number)
    library = Library(SITE, {}, {r.ref: r.path for r in found.records})
    if shelf.find(found, refs, library) is not None:
        return True
    assert set(await shelf.learn(found, refs, library)) == set(refs)
    return False


async def test_a_shelf_that_is_too_small_for_all_lists_is_of_use_to_who_reads_them_all() -> None:
    """What has room for half of them answers nearly half, round after round."""
    shelf = build_shelf(10**9)
    for number in range(LISTS):
        await read(shelf, number)
    half = build_shelf(shelf.size // 2)
    for number in range(LISTS):
        await read(half, number)
    rounds = [sum([await read(half, n) for n in range(LISTS)]) for _ in range(5)]
    assert min(rounds) > LISTS * 0.35
    assert half.size <= shelf.size // 2


async def test_a_list_that_is_asked_for_again_and_again_finds_room() -> None:
    """However full the shelf is: others had their time."""
    shelf = build_shelf(60_000)
    for number in range(LISTS):
        await read(shelf, number)
    asked = [await read(shelf, LISTS) for _ in range(TURNS + 1)]
    assert asked[-1]


async def test_a_new_post_in_a_known_list_finds_room_at_once() -> None:
    """The newest lists change with each post, and are asked for most."""
    shelf = build_shelf(60_000)
    for number in range(LISTS):
        await read(shelf, number)
    found, refs = build_list(0)
    while not await read(shelf, 0):
        pass
    more = build_list(LISTS)[0].records[:1]
    library = Library(SITE, {}, {r.ref: r.path for r in found.records + more})
    refs = [more[0].ref, *refs[:-1]]
    whole = Found(
        rev=1, epoch="e", complete=True, status="found", list="type:post",
        records=(*more, *found.records),
    )  # fmt: skip
    await shelf.learn(whole, refs, library)
    assert shelf.find(whole, refs, library) is not None


async def test_a_post_costs_no_more_than_is_counted() -> None:
    """The bound in bytes holds in real memory."""
    shelf = build_shelf(10**9)
    await read(shelf, 0)
    gc.collect()
    tracemalloc.start()
    try:
        before = shelf.size
        for number in range(1, LISTS):
            await read(shelf, number)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 0.5 * (shelf.size - before) < taken <= shelf.size - before
