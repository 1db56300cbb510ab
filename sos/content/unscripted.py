"""Sanitised blocks that would wait for a script come in; what works without one goes out. Pure.

An accordion becomes `details`, a picture with a lightbox a link to the whole picture, a list of
tabs a list of links to its panels. In and out is markup as `sanitize_html` writes it; nothing is
added but elements and attributes of its vocabulary. Linear in its input; never raises.
"""

import re
from typing import Final

_SOUND: Final = r'((?: [^\s"=]+="[^"]*")*+)>'
_DIV: Final = re.compile(rf"<(/?)div{_SOUND}")
_CLASS: Final = re.compile(r' class="([^"]*)"')
_UNTOLD: Final = re.compile(r' (?:role|aria-labelledby)="[^"]*"')
# A heading that holds neither a heading nor a division, so that its end is its own.
_HEADING: Final = re.compile(
    rf"\s*(<h([1-6]){_SOUND}(?:[^<]|<(?!/?(?:h[1-6]|div|details|summary)[ >]))*+</h\2>)"
)
_LINK_OR_PICTURE: Final = re.compile(
    rf'<a[ >]|</a>|(<figure(?: [^\s"=]+="[^"]*")*+>\s*)(<img{_SOUND})'
)
_PAIR: Final = re.compile(r' ([^\s"=]+)="([^"]*)"')
_TAB_LIST: Final = re.compile(
    r'(<div(?: [^\s"=]+="[^"]*")*? class="(?:[^"]* )?wp-block-tab-list[ "][^>]*>)'
)
_TAB: Final = re.compile(
    r"""<button(?=[^<>]*?\srole=["']?tab["'\s>])[^<>]*?\saria-controls=["']?([\w-]{1,200})["'\s>]"""
    r"""[^<>]*+>([^<]*+(?:<(?!/?button)[^<]*+)*+)</button\s*>""",
    re.IGNORECASE,
)


def link_tabs(html: str) -> str:
    """Raw markup whose tabs are links to their panels: a sanitised page has no buttons.

    For what has not been sanitised yet; each tab names its panel by ``aria-controls``.
    """
    if "wp-block-tab-list" not in html:
        return html
    return _TAB.sub(r'<a id="tab__\1" href="#\1">\2</a>', html)


def without_scripts(html: str) -> str:
    """Sanitised markup that needs no script of WordPress's blocks."""
    if "wp-block-accordion-item" in html:
        html = _unfold(html)
    if "wp-lightbox-container" in html:
        html = _link_pictures(html)
    if "wp-block-tab-list" in html:
        html = _TAB_LIST.sub(lambda tag: tag[1].replace(' role="tablist"', ""), html)
    return html


def _has(attributes: str, name: str) -> bool:
    found = _CLASS.search(attributes)
    return found is not None and name in found[1].split()


def _unfold(html: str) -> str:
    """Accordion items as `details`, their headings as `summary`."""
    out: list[str] = []
    opened: list[bool] = []  # of each open div: whether it became details
    position = 0
    for tag in _DIV.finditer(html):
        if tag.start() < position:
            continue
        out.append(html[position : tag.start()])
        position = tag.end()
        if tag[1]:
            out.append("</details>" if opened and opened.pop() else "</div>")
            continue
        heading = (
            _HEADING.match(html, position) if _has(tag[2], "wp-block-accordion-item") else None
        )
        opened.append(heading is not None)
        if heading and _has(heading[3], "wp-block-accordion-heading"):
            state = ' open=""' if _has(tag[2], "is-open") else ""
            out.append(f"<details{tag[2]}{state}><summary>{heading[1]}</summary>")
            position = heading.end()
        else:
            opened[-1] = False
            # What named a panel was the button that is gone.
            told = _UNTOLD.sub("", tag[2]) if _has(tag[2], "wp-block-accordion-panel") else tag[2]
            out.append(f"<div{told}>")
    return "".join([*out, html[position:]])


def _link_pictures(html: str) -> str:
    """Pictures with a lightbox as links to their largest file, but within links, or unnamed."""
    links = 0  # in which this place stands: one may hold a table that holds another

    def replace(piece: re.Match[str]) -> str:
        nonlocal links
        if piece[2] is None:
            links += -1 if piece[0] == "</a>" else 1
            return piece[0]
        values = dict(_PAIR.findall(piece[3]))
        if links or not _has(piece[1], "wp-lightbox-container") or not values.get("alt"):
            return piece[0]
        candidates = [c.split() for c in values.get("srcset", "").split(", ")]
        wide = [(int(c[1][:-1]), c[0]) for c in candidates if len(c) == 2 and c[1][:-1].isdecimal()]
        address = max(wide)[1] if wide else values.get("src", "")
        return f'{piece[1]}<a href="{address}">{piece[2]}</a>' if address else piece[0]

    return _LINK_OR_PICTURE.sub(replace, html)
