"""What an editor wants to see before the public does: the payload that WordPress leaves in Redis.

In: bytes of the key ``preview:<id>``. Out: a `ContentPreview` whose documents are still bytes, to
be parsed and sanitised like any other: the payload is as little trusted as content is. Never
fetches; never raises anything but DocumentError.
"""

import re

import msgspec

from sos.content.sanitize import plain_text
from sos.errors import DocumentError

MAX_BYTES = 2 * 1024 * 1024
"""Longest payload that is read. Far more than a page, and little enough that visitors of the same
worker do not feel how it is sanitised."""

MAX_DOCUMENTS = 1000
"""Most documents in a payload."""

_REF = re.compile(r"(?:post|term|user):[1-9][0-9]{0,13}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")
_LINE = 300

STATUSES = frozenset({"draft", "pending", "future", "publish", "private", "auto-draft", "inherit"})


class PreviewDocument(msgspec.Struct, frozen=True, array_like=True):
    """A document as it would be in the store, with the path it would have; empty where none."""

    ref: str
    path: str
    json: msgspec.Raw


class ContentPreview(msgspec.Struct, frozen=True, kw_only=True):
    """One preview. ``what`` is the post type's name in WordPress's words, ``changed`` says that it
    differs from what is public, ``by`` who made it, ``made`` when, epoch seconds.

    Title, what and by are plain text, one line each, and need to be escaped.
    """

    ref: str
    path: str = ""
    title: str = ""
    status: str = "draft"
    what: str = ""
    changed: bool = False
    by: str = ""
    made: float = 0.0
    documents: tuple[PreviewDocument, ...] = ()

    @property
    def shown(self) -> PreviewDocument:
        """The document that the preview is of."""
        return self.documents[0]


_decoder = msgspec.json.Decoder(ContentPreview)


def parse_preview(data: bytes) -> ContentPreview:
    """A payload, bounded and with its own texts made plain. Raises DocumentError."""
    if len(data) > MAX_BYTES:
        raise DocumentError(f"the preview has more than {MAX_BYTES:,} bytes")
    try:
        preview = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as exc:
        raise DocumentError(f"the preview can't be read: {exc}") from exc
    if not 0 < len(preview.documents) <= MAX_DOCUMENTS:
        raise DocumentError(f"the preview has {len(preview.documents)} documents")
    for document in preview.documents:
        if not _REF.fullmatch(document.ref):
            raise DocumentError("the preview has a document of an unknown kind")
    if preview.shown.ref != preview.ref or not preview.ref.startswith("post:"):
        raise DocumentError("the preview does not begin with the document that it is of")
    return msgspec.structs.replace(
        preview,
        title=_line(plain_text(preview.title)),
        what=_line(plain_text(preview.what)),
        by=_line(plain_text(preview.by)),
        status=preview.status if preview.status in STATUSES else "draft",
    )


def _line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()[:_LINE]
