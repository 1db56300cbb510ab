"""Pictures in a post's body come in; the same, loaded as a theme shows them, go out. Pure.

WordPress wrote `sizes` and `loading` for its own theme. A theme says how wide its columns are, and
each picture tells the browser the truth about its place: the column, wide, full, beside the text,
in a gallery or in columns. What is below the fold waits; the picture that a post begins with comes
first. Never touches what a picture is, or anything but pictures.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from markupsafe import Markup

_STACKED: Final = 48.0
"""From this width on columns stand side by side, rem."""
_BESIDE: Final = 30.0
"""From this width on text flows around what is aligned left or right, rem."""
_BESIDE_WIDTH: Final = 21.0
"""The width of what is aligned left or right, at most, rem."""
_GUTTERS: Final = 5.0
"""What is left free on both sides of a column, at most, rem."""
_REM: Final = 16
_FOLD: Final = 1_200
"""A picture that comes after more characters of a body than these is below the fold."""

# In what the sanitiser wrote: every start tag is `<name a="…" b="…">`, and there is no other `<`.
_TAG: Final = re.compile(
    r'<(/?)(article|aside|div|figure|footer|header|li|section|ul|img)((?: [^\s"=]+="[^"]*")*+)>'
)
_PICTURE: Final = re.compile(r'<()(img)((?: [^\s"=]+="[^"]*")*+)>')
_PLACES: Final = re.compile(
    "align(?:wide|full|left|right)|wp-block-(?:columns|cover|gallery|media-text|post-template)|is-grid"
)
_PAIR: Final = re.compile(r' ([^\s"=]+)="([^"]*)"')
_PERCENT: Final = re.compile(r"(?:flex-basis|grid-template-columns):[^;]*?(\d{1,2}(?:\.\d+)?)%")
_PIXELS: Final = re.compile(r"(?:^|;)width:(\d{1,4})px")
_COLUMNS: Final = re.compile(r"\bcolumns-([1-8])\b")


class _Box(NamedTuple):
    """Where pictures stand: in a share of a column so many rem wide; 0 is the whole window."""

    column: float
    share: float = 1.0
    whole: float = 1.0  # the share of the columns block, of which a column takes its part
    inner: float = 0  # the column of what is neither wide nor full in it, where it keeps to one
    in_pairs: bool = False  # on a phone two stand side by side
    filled: bool = False  # pictures are as wide as the box, whatever their own width
    beside: bool = False


def fit_pictures(html: str, text: float = 42, wide: float = 64, lead: bool = False) -> Markup:
    """A post's body whose pictures tell the truth about their place.

    Args:
        html: a body of the page model; plain text is escaped.
        text: width of the column of text, rem.
        wide: width of what is aligned wide, rem.
        lead: nothing stands above the body but a title, so a picture at its start is seen at once.

    Linear in its input.
    """
    if not isinstance(html, Markup):
        return Markup.escape(html)
    if "<img" not in html:
        return html
    placed = _PLACES.search(html) is not None
    counts = _count_columns(html) if placed else {}
    stack: list[_Box] = [_Box(text)]
    first = True

    def replace(tag: re.Match[str]) -> str:
        nonlocal first
        if tag[2] != "img":
            if tag[1]:
                del stack[max(1, len(stack) - 1) :]
            else:
                count = counts.get(tag.start(), 0)
                stack.append(_enter(stack, tag[3], count, text=text, wide=wide))
            return tag[0]
        urgent = lead and first and tag.start() < _FOLD
        first = False
        return _fit(dict(_PAIR.findall(tag[3])), stack[-1], urgent=urgent)

    return Markup((_TAG if placed else _PICTURE).sub(replace, html))  # noqa: S704 - nothing but values of ours was put in


def _count_columns(html: str) -> dict[int, int]:
    """How many columns each columns block has, by where its tag begins."""
    counts: dict[int, int] = {}
    if "wp-block-columns" in html:
        opened: list[int] = []
        for tag in _TAG.finditer(html):
            if tag[2] == "img":
                continue
            if tag[1]:
                del opened[-1:]
                continue
            if opened and "wp-block-column" in _look(tag[3])[0]:
                counts[opened[-1]] = counts.get(opened[-1], 0) + 1
            opened.append(tag.start())
    return counts


@lru_cache(maxsize=1024)
def _look(attributes: str) -> tuple[frozenset[str], str]:
    """The classes and the style of an element: those of a page are few."""
    values = dict(_PAIR.findall(attributes))
    return frozenset(values.get("class", "").split()), values.get("style", "")


def _enter(stack: list[_Box], attributes: str, count: int, *, text: float, wide: float) -> _Box:
    """The box that an element makes within the innermost one; ``count`` is its columns."""
    box = stack[-1]
    classes, style = _look(attributes)
    outer = len(stack) == 1
    box = _place(box, classes, outer=outer, text=text, wide=wide)
    if "wp-block-columns" in classes and count:
        return box._replace(share=box.share / count, whole=box.share)
    if "wp-block-column" in classes and (part := _PERCENT.search(style)):
        return box._replace(share=box.whole * float(part[1]) / 100)
    if "wp-block-media-text" in classes:
        part = _PERCENT.search(style)
        return box._replace(share=box.share * (float(part[1]) / 100 if part else 0.5), filled=True)
    if {"wp-block-gallery", "is-grid", "wp-block-post-template"} & classes:
        number = _COLUMNS.search(" ".join(sorted(classes)))
        pairs = "wp-block-gallery" in classes
        share = box.share / (int(number[1]) if number else 3)
        return box._replace(share=share, in_pairs=pairs, filled=True)
    if "wp-block-cover" in classes:
        return box._replace(filled=True)
    if "is-layout-constrained" in classes and outer:
        return box._replace(inner=text)
    return box


def _place(box: _Box, classes: frozenset[str], *, outer: bool, text: float, wide: float) -> _Box:
    """The box for an element by its alignment."""
    picture = "wp-block-image" in classes
    if {"alignleft", "alignright"} & classes:
        return _Box(text, beside=True)
    if box.inner:  # in a group whose text keeps to the column
        if "alignfull" in classes:
            return box._replace(inner=0, filled=picture)
        return _Box(wide, filled=picture) if "alignwide" in classes else _Box(box.inner)
    if outer and "alignfull" in classes:
        return _Box(0, filled=picture)
    if outer and "alignwide" in classes:
        return _Box(wide, filled=picture)
    return box


def _fit(values: dict[str, str], box: _Box, *, urgent: bool) -> str:
    if "srcset" in values:
        resized = _PIXELS.search(values.get("style", ""))
        own = values.get("width", "")
        width = int(resized[1]) if resized else int(own) if own.isdecimal() else 0
        auto = "auto, " if values.get("sizes", "").startswith("auto") and not urgent else ""
        values["sizes"] = auto + _sizes(box, width)
    if urgent:
        values.pop("loading", None)
        values["fetchpriority"] = "high"
    else:
        values.pop("fetchpriority", None)
        values["loading"] = "lazy"
    values.setdefault("decoding", "async")
    written = "".join(f' {name}="{value}"' for name, value in values.items())
    return f"<img{written}>"


def _sizes(box: _Box, width: int) -> str:
    """The value of `sizes` for a picture of its own ``width`` in pixels, 0 where unknown."""
    if box.beside:
        most = int(_BESIDE_WIDTH * _REM)
        narrow = f"min({width}px, 100vw)" if width else "100vw"
        return f"(min-width: {_BESIDE:g}rem) {min(width or most, most)}px, {narrow}"
    phone = "50vw" if box.in_pairs else "100vw"
    part = f"{box.share * 100:.4g}vw"
    room = box.column * box.share
    if width and not box.filled and (width < room * _REM or not box.column):
        return f"(min-width: {width + 2 * _REM}px) {width}px, {phone}"
    if not box.column:
        return phone if box.share == 1 else f"(min-width: {_STACKED:g}rem) {part}, {phone}"
    from_here = box.column + _GUTTERS
    between = box.share < 1 and from_here > _STACKED
    middle = f"(min-width: {_STACKED:g}rem) {part}, " if between else ""
    return f"(min-width: {from_here:g}rem) {room:.4g}rem, {middle}{phone}"
