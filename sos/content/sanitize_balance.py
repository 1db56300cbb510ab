"""Large or tangled markup comes in; the same, strictly nested and not deep, goes to the cleaner.

It protects the parser's time, not the page: html5ever takes quadratic time (and memory) over
unclosed elements and over the attributes of one tag. What is made here goes through the cleaner
like anything else. Linear in its input; never raises.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from sos.content.sanitize_vocabulary import BLOCKS, DROPPED, TAGS, VOID, words

MAX_DEPTH: Final = 200  # Chromium flattens a tree at 512; real content stays below 60.

# Up to here html5ever stays within about 30 ms, whatever the input.
_PLAIN_TAGS: Final = 1_000
_PLAIN_LENGTH: Final = 65_536  # characters
_LONG_TAG: Final = 4_000  # characters
_MAX_ATTRIBUTES: Final = 500  # past it a long tag loses them all
_MAX_REFERENCES: Final = 10_000  # in one run of text

_KNOWN: Final = TAGS | DROPPED
_RAW_END: Final = {
    name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE)
    for name in words("iframe noembed noframes script style textarea title")
}
_ROWS: Final = words("table tbody tfoot thead")
# Where a part of a table may stand; anything else stands in a cell or a caption.
_PART_OF: Final = {
    "caption": words("table"),
    "col": words("colgroup table"),
    "colgroup": words("table"),
    "tbody": words("table"),
    "td": _ROWS | words("tr"),
    "tfoot": words("table"),
    "th": _ROWS | words("tr"),
    "thead": words("table"),
    "tr": _ROWS,
}
_BETWEEN_CELLS: Final = _ROWS | words("colgroup tr")
_BARRIERS: Final = words("caption table td th")
_SAME_LEVEL: Final = {"dd": words("dd dt"), "dt": words("dd dt"), "li": words("li")}
# What a start tag ends when it is the innermost element.
_ENDED_BY: Final = {
    name: _SAME_LEVEL.get(name, words("")) | words("p" if name in BLOCKS else "") for name in _KNOWN
}
# Text, then one tag exactly as HTML's tokenizer reads it (13.2.5.6 to 13.2.5.40), if there is one.
# Possessive: it never backtracks.
_SPACE: Final = r"[\t\n\f\r\x20]"
_ATTRIBUTE: Final = rf"""
    (?:=[^\t\n\f\r\x20/>=]*+|[^\t\n\f\r\x20/>=]++)
    (?:{_SPACE}*+={_SPACE}*+(?:"[^"]*+"|'[^']*+'|[^\t\n\f\r\x20"'>][^\t\n\f\r\x20>]*+|(?=>)))?+
"""
_TOKEN: Final = re.compile(
    rf"([^<]*+)(?:(<(/?)([a-zA-Z][^\t\n\f\r\x20/>]*+)(?:[\t\n\f\r\x20/]++|{_ATTRIBUTE})*+>))?+",
    re.VERBOSE,
)
_ATTRIBUTES: Final = re.compile(_ATTRIBUTE, re.VERBOSE)
_STRAY: Final = re.compile("<(?![a-zA-Z/!?])")
_UNFINISHED: Final = re.compile("</?[a-zA-Z]")
_NESTED: Final = re.compile(rf"<(?:/|(?!(?:{'|'.join(sorted(VOID))})[ >]))")
_STEP: Final = {"<": 1, "</": -1}


class _Nesting:
    """The open elements of an input that is being balanced, and the markup so far."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._stack: list[str] = []
        self._places: dict[str, list[int]] = {name: [] for name in _KNOWN}
        self._barriers = [-1]
        self._skipped = dict.fromkeys(_KNOWN, 0)

    def _push(self, name: str, tag: str) -> None:
        place = len(self._stack)
        self.out.append(tag)
        self._stack.append(name)
        self._places[name].append(place)
        if name in _BARRIERS:
            self._barriers.append(place)

    def _pop_to(self, place: int) -> None:
        while len(self._stack) > place:
            name = self._stack.pop()
            self._places[name].pop()
            if name in _BARRIERS:
                self._barriers.pop()
            self.out.append(f"</{name}>")

    def _enter_cell(self) -> None:
        """What stands between cells would be moved before the table, in quadratic time."""
        if self._stack and self._stack[-1] in _BETWEEN_CELLS:
            if self._stack[-1] == "colgroup":
                self._pop_to(len(self._stack) - 1)
            if self._stack[-1] != "tr":
                self._push("tr", "<tr>")
            self._push("td", "<td>")

    def text(self, text: str) -> None:
        if text and not text.isspace():
            self._enter_cell()
        self.out.append(text)

    def open(self, name: str, tag: str) -> None:
        stack = self._stack
        if name in _PART_OF:
            if not self._places["table"]:
                return
            while stack[-1] not in _PART_OF[name]:
                self._pop_to(len(stack) - 1)
        else:
            self._enter_cell()
            while stack and stack[-1] in _ENDED_BY[name]:
                self._pop_to(len(stack) - 1)
        if name in VOID:
            self.out.append(tag)
        elif len(stack) >= MAX_DEPTH:
            self._skipped[name] += 1
        else:
            self._push(name, tag)

    def close(self, name: str) -> None:
        places = self._places[name]
        if self._skipped[name]:
            self._skipped[name] -= 1
        elif places and (places[-1] > self._barriers[-1] or name in _PART_OF or name == "table"):
            self._pop_to(places[-1])

    def close_all(self) -> None:
        self._pop_to(0)


def _bounded_tag(name: str, tag: str) -> str:
    long = len(tag) > _LONG_TAG and len(_ATTRIBUTES.findall(tag)) > _MAX_ATTRIBUTES
    return f"<{name}>" if long else tag


def _skip_markup(html: str, at: int) -> int:
    """Where to go on after a `<` that opens no whole tag: a comment, or a tag that never ends."""
    if _UNFINISHED.match(html, at):
        return len(html)  # The tokenizer drops it.
    mark = "-->" if html.startswith("<!--", at) else ">"
    end = html.find(mark, at + 2)
    return len(html) if end < 0 else end + len(mark)


def balance(html: str) -> str:
    """The same markup, at most `MAX_DEPTH` deep, each end tag closing what its start tag opened.

    So the lists over which html5ever works quadratically stay short. The repairs are the common
    ones of HTML (a `li` ends a `li`, a block ends a `p`); what is too deep loses its tags.
    """
    html = _STRAY.sub("&lt;", html)
    nesting, position = _Nesting(), 0
    while position < len(html):
        for token in _TOKEN.finditer(html, position):
            text, tag, end, name = token.groups()
            nesting.text(text)
            if tag is None:
                position = _skip_markup(html, token.end())
                break
            name = name.lower()
            if name not in _KNOWN:
                continue
            if end:
                nesting.close(name)
                continue
            nesting.open(name, _bounded_tag(name, tag))
            if name in _RAW_END:
                raw_end = _RAW_END[name].search(html, token.end())
                position = raw_end.start() if raw_end else len(html)
                break
    nesting.close_all()
    return "".join(nesting.out)


def balance_if_large(html: str) -> str:
    """The input itself, unless it is large enough to hurt."""
    if len(html) <= _PLAIN_LENGTH and html.count("<") <= _PLAIN_TAGS:
        return html
    return balance(html)


def is_deep(html: str) -> bool:
    """Whether serialised, well-formed markup is nested deeper than `MAX_DEPTH`."""
    if html.count("</") <= MAX_DEPTH:
        return False
    depths = accumulate(map(_STEP.__getitem__, _NESTED.findall(html)))
    return max(depths, default=0) > MAX_DEPTH


def is_dense(html: str) -> bool:
    """Whether one run of text holds more references (`&…;`, no-break spaces) than prose can.

    html5ever's serialiser takes time quadratic in them, a minute for a megabyte of `&`.
    """
    if html.count("&") + html.count("\xa0") <= _MAX_REFERENCES:
        return False
    runs = html.split("<")
    return any(run.count("&") + run.count("\xa0") > _MAX_REFERENCES for run in runs)
