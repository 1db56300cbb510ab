"""Inputs of each target by hypothesis: made of the same parts as the corpus, and of chance."""

from __future__ import annotations

import random

from hypothesis import strategies as st
from sos.release.bundle import encode_seal

from tests.content.corpus import read_all_vectors
from tests.front.requests import MORSELS, Generator, Known
from tests.fuzz.bundle_target import FILES, SEAL
from tests.fuzz.front_target import MARK
from tests.fuzz.run import read_corpus
from tests.page.documents import media, page, post, site, term, user
from tests.page.test_any_document import bent
from tests.release.hostile_bundles import HOSTILE, pack_files, pack_manifest

_KNOWN = [
    Known("/", ('"x"', "*"), ""),
    Known("/post-5/", ("*",), ""),
    Known("/robots.txt", ("*",), ""),
]

_LARGE = ("bomb", "too", "huge", "large", "many", "much")
_SMALL = sorted(k for k in HOSTILE if not any(word in k for word in _LARGE))


def inputs(name: str) -> st.SearchStrategy[bytes]:
    """Inputs of the target of that name."""
    made = {"front": _front, "document": _documents, "bundle": _bundles}[name]()
    seeds = st.sampled_from(list(read_corpus(name).values()))
    return st.one_of(made, made, seeds.flatmap(mutated))


def mutated(data: bytes) -> st.SearchStrategy[bytes]:
    """The same with a few bytes lost, put in, or changed."""
    places = st.integers(0, len(data))
    changes = st.tuples(
        places, st.integers(0, 12), st.sampled_from(MORSELS) | st.binary(max_size=6)
    )

    def change(found: list[tuple[int, int, bytes]]) -> bytes:
        out = data
        for at, length, put in found:
            out = out[:at] + put + out[at + length :]
        return out

    return st.lists(changes, max_size=4).map(change)


def _front() -> st.SearchStrategy[bytes]:
    return st.integers(0, 2**48).map(_make_talk)


def _make_talk(seed: int) -> bytes:
    """What a client sends, in pieces, with moods between them."""
    choose = random.Random(seed)
    script = Generator(str(seed), _KNOWN, ["/_assets/x"]).make_script()
    data = b"".join((*script.steps, *script.rest))
    if choose.random() < 0.1:
        data *= choose.choice((20, 100))
    for _ in range(choose.choice((0, 0, 1, 2, 6))):
        at = choose.randrange(len(data) + 1)
        data = (
            data[:at] + MARK + choose.choice((b"P", b"P", b"R", b"N", b"X", b"X", b"L")) + data[at:]
        )
    return data


def _documents() -> st.SearchStrategy[bytes]:
    whole = st.sampled_from(
        [post(5), page(5, "x"), media(5, 4), term(7, "T"), user(3, "U"), site()]
    ).flatmap(bent)
    html = st.sampled_from([v.html for v in read_all_vectors()]) | st.text(max_size=200)
    both = st.tuples(html, html).map("".join) | html
    words = st.tuples(st.sampled_from("htx"), both).map("".join)
    return (
        whole
        | words.map(lambda text: text.encode("utf-8", "surrogatepass"))
        | whole.flatmap(mutated)
    )


def _bundles() -> st.SearchStrategy[bytes]:
    archive = b"a" + pack_files(FILES)
    broken = st.sampled_from(_SMALL).map(lambda kind: b"b" + HOSTILE[kind](FILES)[0])
    manifest = b"m" + pack_manifest(FILES)[512:].rstrip(b"\0")
    seal = b"s" + encode_seal(SEAL)
    return st.one_of(mutated(archive), mutated(manifest), mutated(seal), broken.flatmap(mutated))
