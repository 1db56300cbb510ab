"""Formulas in raw markup come in; MathML of a small known kind goes out, beside the sanitiser.

The sanitiser knows no foreign content, so that its output means the same to every parser. A formula
(WordPress's math block, 6.9) goes around it: it is taken out of the raw markup, read by a strict
grammar, written anew, and put back where the sanitiser left its mark. What the grammar does not
know stays where it is, and the sanitiser makes text of it. Linear in its input; never raises.

Why putting it back is safe: a mark is an element, and sanitised markup has no `<` but those of its
elements; a formula is made of the elements and attributes below and of escaped text, and of nothing
that would end foreign content (HTML, 13.2.6.5).
"""

import html as entities
import re
from typing import Final

_MAX_LENGTH: Final = 20_000  # characters of one formula
_MAX_DEPTH: Final = 40
_MAX_FORMULAS: Final = 500  # of one document; further ones become text

_TOKENS: Final = frozenset("mi mn mo ms mtext".split())
_EMPTY: Final = frozenset("mprescripts mspace none".split())
_BOXES: Final = frozenset(
    """
    merror mfrac mmultiscripts mover mpadded mphantom mroot mrow msqrt mstyle msub msubsup msup
    mtable mtd mtr munder munderover
    """.split()
)
_UNWRAPPED: Final = frozenset(["semantics"])
_SKIPPED: Final = frozenset(["annotation"])
_ATTRIBUTES: Final = frozenset(
    """
    accent accentunder columnspan depth dir display displaystyle fence form height largeop
    linethickness lspace mathvariant maxsize minsize movablelimits rowspan rspace scriptlevel
    separator stretchy symmetric voffset width
    """.split()
)

_PIECE: Final = re.compile(
    r"""<(/?)([a-z]+)((?:\s++[\w:-]++(?:\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[\w.%+-]++))?+)*+)\s*+(/?)>"""
    r"""|([^<>]++)"""
)
_PAIR: Final = re.compile(r"""([\w:-]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([\w.%+-]++)))?""")
_VALUE: Final = re.compile(r"[\w.%+-]{1,20}", re.ASCII)
_OPEN: Final = re.compile(r"<math(?=[\s>])")
_CLOSE: Final = "</math>"
_MARK: Final = re.compile(r'<data value="sos-formula-(\d{1,3})"></data>')


def take_formulas(html: str) -> tuple[str, list[str]]:
    """Raw markup with marks for its formulas, and the formulas as MathML."""
    formulas: list[str] = []
    if "<math" not in html:
        return html, formulas
    out: list[str] = []
    position, end = 0, -1
    while (found := _OPEN.search(html, position)) and len(formulas) < _MAX_FORMULAS:
        if end < found.end() and (end := html.find(_CLOSE, found.end())) < 0:
            break
        near = end - found.start() <= _MAX_LENGTH
        formula = _rebuild(html[found.start() : end + len(_CLOSE)]) if near else None
        if formula is None:
            out.append(html[position : found.end()])
            position = found.end()
            continue
        out.append(
            f'{html[position : found.start()]}<data value="sos-formula-{len(formulas)}"></data>'
        )
        formulas.append(formula)
        position = end + len(_CLOSE)
    return "".join([*out, html[position:]]), formulas


def put_formulas(sanitised: str, formulas: list[str]) -> str:
    """Sanitised markup with its formulas instead of their marks; an unknown mark says nothing."""
    if not formulas:
        return sanitised

    def put(mark: re.Match[str]) -> str:
        number = int(mark[1])
        return formulas[number] if number < len(formulas) else ""

    return _MARK.sub(put, sanitised)


def _rebuild(source: str) -> str | None:
    """The formula written anew; None where it holds what the grammar does not know."""
    out: list[str] = []
    opened: list[str] = []
    position = 0
    while position < len(source):
        piece = _PIECE.match(source, position)
        if piece is None or len(opened) > _MAX_DEPTH or (position and not opened):
            return None
        position = piece.end()
        end, name, attributes, closed, text = piece.groups()
        if text is not None:
            if not _write_text(text, opened, out):
                return None
        elif end:
            if not opened or opened.pop() != name:
                return None
            if name not in _UNWRAPPED | _SKIPPED:
                out.append(f"</{name}>")
        elif not _may_open(name, opened):
            return None
        else:
            shown = name not in _UNWRAPPED | _SKIPPED
            out.append(f"<{name}{_sound(attributes)}>" if shown else "")
            if closed:
                out.append(f"</{name}>" if shown else "")
            else:
                opened.append(name)
    return "".join(out) if not opened else None


def _may_open(name: str, opened: list[str]) -> bool:
    if not opened:
        return name == "math"
    if opened[-1] in _TOKENS | _EMPTY | _SKIPPED:  # they hold text, or nothing
        return False
    return name in _TOKENS | _EMPTY | _BOXES | _UNWRAPPED | _SKIPPED


def _write_text(text: str, opened: list[str], out: list[str]) -> bool:
    """Whether text may stand here; it is escaped, and left out where nobody sees it."""
    inside = opened[-1] if opened else ""
    if inside in _TOKENS:
        plain = "".join(c for c in entities.unescape(text) if c.isprintable() or c.isspace())
        out.append(entities.escape(plain, quote=False))
        return True
    return inside in _SKIPPED or not text.strip()


def _sound(attributes: str) -> str:
    kept = []
    for found in _PAIR.finditer(attributes):
        name, value = found[1].lower(), found[2] or found[3] or found[4] or ""
        if name in _ATTRIBUTES and _VALUE.fullmatch(value):
            kept.append(f' {name}="{value}"')
    return "".join(dict.fromkeys(kept))
