"""Content codings: what a client takes, and what it gets."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.cache.encodings import (
    MIN_LENGTH,
    Variants,
    build_hasty,
    build_variants,
    choose,
    decide_coding,
)


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "any"),
        ("gzip,br;q=0.9", "gzip"),
        ("br, gzip;q=0.1", "any"),
        ("br, gzip;q=0", "br"),
        ("br, gzip;q=0.4, identity;q=0.5", "br"),
        ("gzip;q=0.5, br;q=0.5", "any"),
        ("gzip;q=1.0, br;q=1.000", "any"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip ; q=0.5 ,identity;q=0.4", "gzip"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.000, br;q=0", "identity"),
        ("gzip;q=0.001", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("*", "any"),
        ("*;q=0", "identity"),
        ("*;q=0, gzip", "gzip"),
        ("br;q=0, *", "gzip"),
        ("gzip;q=0.2, *;q=0.1", "gzip"),
        ("identity", "identity"),
        ("identity;q=0", "identity"),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0, *", "any"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("deflate, compress", "identity"),
        ("gzip;q=2", "identity"),
        ("gzip;q=nan", "identity"),
        ("gzip;q=inf", "identity"),
        ("gzip;q=-1", "identity"),
        ("gzip;q=", "identity"),
        ("gzip;q=0.1234", "identity"),
        ("gzip;q=1e0", "identity"),
        ("gzip;level=9", "identity"),
        ("gzipped, brotli", "identity"),
        (",,;,=,;q=1", "identity"),
        (", gzip,", "gzip"),
        ("a," * 5000 + "gzip", "identity"),
    ],
)
def test_accept_encoding_is_read_as_rfc_9110_has_it(accept: str | None, coding: str) -> None:
    """Weights, the asterisk, refusals, aliases; nonsense counts as a refusal."""
    assert decide_coding(accept) == coding


@given(st.text(max_size=100) | st.text(st.sampled_from("gzipbr*;q=01.,- identy"), max_size=60))
def test_any_accept_encoding_gets_an_answer(accept: str) -> None:
    """And never a coding that was not named."""
    coding = decide_coding(accept)
    named = {"identity": [], "any": ["br", "gzip"]}.get(coding, [coding])
    assert "*" in accept or all(c in accept.lower() for c in named)


@given(st.binary(max_size=3000))
def test_every_coding_holds_the_same_body(body: bytes) -> None:
    """Compressed twice, it is the same bytes: an entity tag can stand for them."""
    variants = build_variants(body)
    assert variants == build_variants(body)
    assert variants.identity == body
    if variants.gzip:
        assert gzip.decompress(variants.gzip) == body
        assert brotli.decompress(variants.br) == body
    assert bool(variants.gzip) == (len(body) >= MIN_LENGTH)
    assert variants.size == len(variants.identity) + len(variants.gzip) + len(variants.br)


@given(st.binary(max_size=3000), st.integers(0, 20))
def test_a_hasty_body_is_the_same_and_is_marked(body: bytes, times: int) -> None:
    """Its mark is of its own bytes; what is too short to be compressed has none."""
    body *= times
    variants = build_hasty(body)
    assert variants.identity == body
    assert bool(variants.gzip) == bool(variants.mark) == (len(body) >= MIN_LENGTH)
    assert not variants.br
    if variants.gzip:
        assert gzip.decompress(variants.gzip) == body
        assert variants.mark == f"q{zlib.crc32(variants.gzip):08x}"


def test_what_was_not_worth_it_is_sent_as_it_is() -> None:
    """The coding that is named is the one that is sent."""
    small = build_variants(b"x")
    assert choose(small, "br") == ("identity", b"x")
    assert choose(small, "gzip") == ("identity", b"x")
    both = Variants(b"identity", b"gzip", b"br")
    assert {c: choose(both, c) for c in ("identity", "gzip", "br")} == {
        "identity": ("identity", b"identity"),
        "gzip": ("gzip", b"gzip"),
        "br": ("br", b"br"),
    }


def test_a_browser_gets_gzip_as_long_as_there_is_no_brotli() -> None:
    """What was compressed in haste is no larger for who takes both; who takes br alone gets it
    as it is."""
    body = b"text " * 1000
    hasty, good = build_hasty(body), build_variants(body)
    assert choose(hasty, "any") == ("gzip", hasty.gzip)
    assert choose(hasty, "br") == ("identity", body)
    assert choose(good, "any") == ("br", good.br)
    assert choose(build_variants(b"x"), "any") == ("identity", b"x")
