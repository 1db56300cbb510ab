"""Text with light markup goes in, the phrasing HTML that WordPress would make of it comes out.

``**strong**``, ``*emphasis*``, `` `code` ``, ``[link](/path/)`` and ``^[footnote]``; straight
quotes and dashes become typographic ones as WordPress's `wptexturize` does it. Paths become
absolute.
"""

import html
import re
import uuid
from typing import Final

_MARKUP: Final = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|\^\[(?P<note>(?:[^\[\]]|\[[^\]]*\]\([^)]*\))*)\]"
    r"|\[(?P<text>[^\]]+)\]\((?P<url>[^)\s]+)\)"
    r"|\*\*(?P<strong>.+?)\*\*"
    r"|\*(?P<em>.+?)\*"
)
_OPENING: Final = re.compile(r'(^|(?<=[\s(\u2014-]))"')
_OPENING_LATER: Final = re.compile(r'(?<=[\s(\u2014-])"')


class Inline:
    """Renders the phrasing of one article; gathers its footnotes on the way."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.notes: list[tuple[str, str]] = []

    def render(self, text: str) -> str:
        """HTML of a line of text."""
        parts, position = [], 0
        for found in _MARKUP.finditer(text):
            parts.append(texturize(text[position : found.start()], first=position == 0))
            parts.append(self._element(found))
            position = found.end()
        parts.append(texturize(text[position:], first=position == 0))
        return "".join(parts)

    def absolute(self, url: str) -> str:
        """A path of this site with its address; any other URL as it is; safe in an attribute."""
        return html.escape(self.site + url if url.startswith("/") else url)

    def _element(self, found: re.Match[str]) -> str:
        if found["code"] is not None:
            return f"<code>{html.escape(found['code'], quote=False)}</code>"
        if found["note"] is not None:
            return self._footnote(found["note"])
        if found["text"] is not None:
            return f'<a href="{self.absolute(found["url"])}">{self.render(found["text"])}</a>'
        tag = "strong" if found["strong"] is not None else "em"
        return f"<{tag}>{self.render(found[tag])}</{tag}>"

    def _footnote(self, text: str) -> str:
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, text))
        self.notes.append((name, self.render(text)))
        link = f'<a href="#{name}" id="{name}-link">{len(self.notes)}</a>'
        return f'<sup data-fn="{name}" class="fn">{link}</sup>'


def texturize(text: str, *, first: bool = True) -> str:
    """Escaped text with typographic quotes, dashes and dots as numeric references.

    ``first`` says that the text opens its block, so that a quotation mark there is an opening one.
    """
    text = (_OPENING if first else _OPENING_LATER).sub("\u201c", text)
    text = text.replace('"', "\u201d").replace("'", "\u2019").replace("...", "\u2026")
    text = text.replace(" -- ", " \u2013 ")
    escaped = html.escape(text, quote=False)
    return re.sub("[\u2013\u2014\u2018\u2019\u201c\u201d\u2026]", _reference, escaped)


def plain_text(markup: str) -> str:
    """The words of a piece of HTML, white space collapsed; still escaped."""
    return " ".join(re.sub(r"<[^>]*>", " ", markup).split())


def _reference(character: re.Match[str]) -> str:
    return f"&#{ord(character[0])};"
