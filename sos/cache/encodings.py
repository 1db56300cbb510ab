"""Content codings: which ones a client takes, and a body in each of them. Pure.

Accept-Encoding is read as RFC 9110, section 12.5.3, has it, as far as gzip and br are concerned.
"""

import gzip
from typing import Literal

import brotli
import msgspec

Coding = Literal["identity", "gzip", "br"]

MIN_LENGTH = 256
"""Shorter bodies are not compressed, bytes."""

_GZIP_LEVEL = 6
_BROTLI_QUALITY = 5


class Variants(msgspec.Struct, frozen=True):
    """One body in each coding; an absent one is empty."""

    identity: bytes
    gzip: bytes = b""
    br: bytes = b""

    @property
    def size(self) -> int:
        """Bytes held."""
        return len(self.identity) + len(self.gzip) + len(self.br)


def build_variants(body: bytes) -> Variants:
    """Compress ``body``. Deterministic; takes milliseconds for a large page."""
    if len(body) < MIN_LENGTH:
        return Variants(body)
    packed = gzip.compress(body, _GZIP_LEVEL, mtime=0)
    brotlied: bytes = brotli.compress(body, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY)
    return Variants(body, packed, brotlied)


def decide_coding(accept: str | None) -> Coding:
    """The best coding that a client with this Accept-Encoding takes."""
    if not accept:
        return "identity"
    weights: dict[str, float] = {}
    for part in accept[:1000].lower().split(","):
        name, _, parameter = part.strip().partition(";")
        weight = parameter.strip().removeprefix("q=") if parameter else "1"
        try:
            weights[name.strip()] = float(weight)
        except ValueError:
            weights[name.strip()] = 0.0
    default = weights.get("*", 0.0)
    br, packed = weights.get("br", default), weights.get("gzip", default)
    if br > 0 and br >= packed:
        return "br"
    return "gzip" if packed > 0 else "identity"


def choose(variants: Variants, coding: Coding) -> tuple[Coding, bytes]:
    """The body in ``coding``, or as it is where it was not worth compressing."""
    if coding == "br" and variants.br:
        return "br", variants.br
    if coding == "gzip" and variants.gzip:
        return "gzip", variants.gzip
    return "identity", variants.identity
