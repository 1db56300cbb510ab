"""What a Content-Security-Policy must allow: inline blocks of templates in, hash sources out.

In: the text of templates, and the CSS of a page's blocks. Out: source expressions such as
``'sha256-…'`` (CSP Level 3, section 2.3.1). Never allows what was made at render time, but for
`style_element`.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import Literal

import msgspec
from markupsafe import Markup

_COMMENT = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)
_INLINE = re.compile(
    r"<(?P<tag>style|script)\b(?P<attributes>[^>]*)>(?P<body>.*?)</(?P=tag)\s*>",
    re.DOTALL | re.IGNORECASE,
)
_TYPE = re.compile(r"""\btype\s*=\s*["']?\s*([^"'\s>]+)""", re.IGNORECASE)
_SCRIPT_TYPES = frozenset({"module", "text/javascript", "application/javascript", "importmap"})


class InlineBlock(msgspec.Struct, frozen=True):
    """An inline ``<style>`` or ``<script>`` of a template that a CSP has to allow."""

    tag: Literal["style", "script"]
    body: str
    line: int

    @property
    def fixed(self) -> bool:
        """Whether its text is the same on every page, so that it can have a hash."""
        return not re.search(r"\{[{%]", self.body)

    @property
    def source(self) -> str:
        """The CSP source expression that allows it."""
        return _hash_source(self.body)


def find_inline(template: str) -> Iterator[InlineBlock]:
    """Yield the inline blocks in a template's text; data blocks (JSON-LD) need no permission."""
    text = template.replace("\r\n", "\n").replace("\r", "\n")
    text = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for match in _INLINE.finditer(text):
        kind = _TYPE.search(match["attributes"])
        data = match["tag"].lower() == "script" and kind and kind[1].lower() not in _SCRIPT_TYPES
        if match["body"].strip() and not data:
            line = text.count("\n", 0, match.start()) + 1
            tag: Literal["style", "script"] = (
                "style" if match["tag"].lower() == "style" else "script"
            )
            yield InlineBlock(tag, match["body"], line)


def style_element(css: str) -> Markup:
    """Return CSS as a ``<style>`` element, nothing for empty CSS. It can't end the element early.

    Its permission is `style_hash` of the same CSS.
    """
    return Markup(f"<style>{_enclose(css)}</style>") if css else Markup()  # noqa: S704


def style_hash(css: str) -> str:
    """Return the CSP source expression for `style_element` of this CSS; empty for empty CSS."""
    return _hash_source(_enclose(css)) if css else ""


def _enclose(css: str) -> str:
    # A browser turns CR into LF and NUL into U+FFFD before it hashes; a style element's text ends
    # at `</style` and nowhere else (HTML, section 13.2.5.14).
    plain = css.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "�")
    return plain.replace("</", "<\\/")


def _hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
