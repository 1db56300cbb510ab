"""Pages as they are kept: compressed alone, and unpacked for who asks for them as they were.

In: a rendered page and its `Variants`. Out: the same two, without the body as it was rendered,
which is most of what they take: a page of 40 kB takes 5. Whoever asks for the body gets it, made
anew each time (0.05 ms): hardly a client takes no compression.
"""

import sys

from isal import isal_zlib

from sos.cache.encodings import Variants
from sos.render import RenderedPage

_GZIP_FORMAT = 31  # zlib's window bits for gzip with its largest window


class PackedVariants(Variants, frozen=True, eq=False):
    """Variants of a body that only the compressed ones hold; equal to those that hold it, too."""

    @property  # type: ignore[misc] # what was held is made now
    def identity(self) -> bytes:
        """The body, unpacked now."""
        return unpack(self.gzip)

    @property
    def size(self) -> int:
        """Bytes held."""
        return len(self.gzip) + len(self.br)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Variants):
            return NotImplemented
        return (self.gzip, self.br, self.mark, self.identity) == (
            other.gzip,
            other.br,
            other.mark,
            other.identity,
        )

    def __hash__(self) -> int:
        return hash((self.gzip, self.br, self.mark))


class PackedPage(RenderedPage, frozen=True, kw_only=True):
    """A rendered page whose body is held by ``packed`` alone."""

    packed: bytes

    @property  # type: ignore[misc] # what was held is made now
    def body(self) -> bytes:
        """The body, unpacked now."""
        return unpack(self.packed)


def pack(page: RenderedPage, variants: Variants) -> tuple[RenderedPage, Variants]:
    """The same without the body itself, where there is another to make it from.

    What pages have in common with others is held once.
    """
    if not variants.gzip:
        return page, variants
    small = PackedVariants(b"", variants.gzip, variants.br, variants.mark)
    packed = PackedPage(
        status=page.status,
        content_type=page.content_type,
        body=b"",
        tag=page.tag,
        depends=tuple(map(sys.intern, page.depends)),
        csp=sys.intern(page.csp),
        release=page.release,
        packed=variants.gzip,
    )
    return packed, small


def unpack(packed: bytes) -> bytes:
    """The body of ``packed``, which was compressed here."""
    body: bytes = isal_zlib.decompress(packed, _GZIP_FORMAT)
    return body
