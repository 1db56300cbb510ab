"""Content codings: which ones a client takes, and a body in each of them. Pure.

Accept-Encoding is read as RFC 9110, section 12.5.3, has it, as far as gzip and br are concerned.
A body is compressed in haste first, for who waits for it, and at leisure later, for all others.
"""

import gzip
import re
from typing import Literal

import brotli
import msgspec
from isal import isal_zlib

Coding = Literal["identity", "gzip", "br", "any"]
"""What a body is in, or what a client takes: ``any`` is br, or gzip as long as there is no br."""

MIN_LENGTH = 256
"""Shorter bodies are not compressed, bytes."""

_WEIGHT = re.compile(r"[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*")
_HASTY_LEVEL = 1
_GZIP_FORMAT = 31  # zlib's window bits for gzip with its largest window
_GZIP_LEVEL = 6
_BROTLI_QUALITY = 5


class Variants(msgspec.Struct, frozen=True):
    """One body in each coding; an absent one is empty.

    ``mark`` tells the bytes of a hasty compression from those of any other, for entity tags; it is
    empty for those that were made at leisure, which every node makes alike.
    """

    identity: bytes
    gzip: bytes = b""
    br: bytes = b""
    mark: str = ""

    @property
    def size(self) -> int:
        """Bytes held."""
        return len(self.identity) + len(self.gzip) + len(self.br)


def build_hasty(body: bytes) -> Variants:
    """Compress ``body`` with gzip alone: about 1.5 ms for a megabyte.

    How it comes out may hang on the processor, so the mark is made of the bytes themselves.
    """
    if len(body) < MIN_LENGTH:
        return Variants(body)
    packed: bytes = isal_zlib.compress(body, _HASTY_LEVEL, _GZIP_FORMAT)
    return Variants(body, packed, mark=f"q{isal_zlib.crc32(packed):08x}")


def build_variants(body: bytes) -> Variants:
    """Compress ``body`` well. Deterministic; takes milliseconds, or a second for a megabyte."""
    if len(body) < MIN_LENGTH:
        return Variants(body)
    packed = gzip.compress(body, _GZIP_LEVEL, mtime=0)
    brotlied: bytes = brotli.compress(body, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY)
    return Variants(body, packed, brotlied)


def decide_coding(accept: str | None) -> Coding:
    """The best coding that a client with this Accept-Encoding takes.

    As it is where the client takes neither, or says that it likes that better; also where it says
    that it does not want that: a page is better than 406.
    """
    if not accept:
        return "identity"
    weights: dict[str, float] = {}
    for part in accept[:1000].lower().split(","):
        name, parameter, text = part.partition(";")
        weight = _WEIGHT.fullmatch(text) if parameter else None
        # What is no weight is taken for a refusal, which is always safe.
        weights[name.strip().removeprefix("x-")] = (
            float(weight[1]) if weight else float(not parameter)
        )
    default = weights.get("*", 0.0)
    br, packed = weights.get("br", default), weights.get("gzip", default)
    best = max(br, packed)
    if best <= 0 or weights.get("identity", 0.0) > best:
        return "identity"
    if br < best:
        return "gzip"
    return "any" if packed > 0 and packed >= weights.get("identity", 0.0) else "br"


def choose(variants: Variants, coding: Coding) -> tuple[Coding, bytes]:
    """The body in ``coding``, or as it is where it was not worth compressing."""
    if coding in ("br", "any") and variants.br:
        return "br", variants.br
    if coding in ("gzip", "any") and variants.gzip:
        return "gzip", variants.gzip
    return "identity", variants.identity
