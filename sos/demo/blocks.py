"""The body of an article goes in, the HTML that WordPress's core blocks render comes out.

Blocks are parted by empty lines and told apart by how they begin:

    ## Heading {#anchor}     ### Lower heading        - list item, 1. numbered item, two spaces nest
    > quote, > -- source     >> pull quote            | table | row |, |--|-:|, |= caption
    ![slug wide] caption     [gallery a b c] caption  [button Label](/path/) [button Other](/p/)
    [file slug]              [audio slug] caption      ---
    {lead} {drop} {center} {rtl} paragraph

A fence of three backticks is code. ``::: name`` opens a container that ``:::`` closes:
``columns`` (parted by ``|||``), ``group``, ``details Question``, ``media slug``, ``cover slug``,
``verse``, ``html``.
Other lines that begin with ``<`` stay as they are. Never reads a file or a clock.
"""

import html
import re
from collections.abc import Callable
from typing import Final

from sos.demo.inline import Inline
from sos.demo.library import Library

_ANCHOR: Final = re.compile(r"^(.*?)(?: \{#([\w-]+)\})?$")
_IMAGE: Final = re.compile(r"!\[([\w-]+)(?: (\w+))?\]\s*(.*)", re.DOTALL)
_BUTTON: Final = re.compile(r"\[button ([^\]]+)\]\(([^)]+)\)")
_ITEM: Final = re.compile(r"( *)(?:-|\d+\.) (.*)")
_STYLE: Final = re.compile(r"\{(\w+)\} ")
_PARAGRAPH: Final = {
    "lead": ' class="has-large-font-size"',
    "drop": ' class="has-drop-cap"',
    "center": ' class="has-text-align-center"',
    "rtl": ' dir="rtl"',
}
_FLOW: Final = "is-layout-flow wp-block-{0}-is-layout-flow"
_FLEX: Final = "is-layout-flex wp-block-{0}-is-layout-flex"


class Blocks:
    """Renders the body of one article."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.inline = Inline(library.site)
        self._by_start: tuple[tuple[str, Callable[[str], str]], ...] = (
            ("### ", lambda text: self._heading(text[4:], 3)),
            ("## ", lambda text: self._heading(text[3:], 2)),
            ("---", lambda _: '<hr class="wp-block-separator has-alpha-channel-opacity"/>'),
            (">> ", self._pullquote),
            ("> ", self._quote),
            ("- ", lambda text: self._list(text, "ul")),
            ("1. ", lambda text: self._list(text, "ol")),
            ("|", self._table),
            ("![", self._image),
            ("[gallery ", self._gallery),
            ("[button ", self._buttons),
            ("[file ", self._file),
            ("[audio ", self._audio),
            ("<", lambda text: text),
        )

    def render(self, body: str) -> str:
        """HTML of a whole body, its footnotes at the end."""
        blocks = self._blocks(body.strip("\n").split("\n"))
        if self.inline.notes:
            blocks.append(self._footnotes())
        return "\n" + "\n\n\n\n".join(blocks) + "\n" if blocks else ""

    # ------------------------------------------------------------ parts of a body

    def _blocks(self, lines: list[str]) -> list[str]:
        blocks, at = [], 0
        while at < len(lines):
            line = lines[at]
            if not line.strip():
                at += 1
            elif line.startswith("```"):
                end = lines.index("```", at + 1)
                code = html.escape("\n".join(lines[at + 1 : end]), quote=False)
                blocks.append(f'<pre class="wp-block-code"><code>{code}</code></pre>')
                at = end + 1
            elif line.startswith("::: "):
                end = _closing(lines, at)
                blocks.append(self._container(line[4:], lines[at + 1 : end]))
                at = end + 1
            else:
                end = next((i for i in range(at, len(lines)) if not lines[i].strip()), len(lines))
                blocks.append(self._simple("\n".join(lines[at:end])))
                at = end
        return blocks

    def _simple(self, text: str) -> str:
        for start, write in self._by_start:
            if text.startswith(start):
                return write(text)
        style = _STYLE.match(text)
        if style:
            text = text[style.end() :]
        words = self.inline.render(text.replace("\n", " "))
        return f"<p{_PARAGRAPH[style[1]] if style else ''}>{words}</p>"

    def _container(self, head: str, lines: list[str]) -> str:
        name, _, rest = head.partition(" ")
        if name == "html":
            return "\n".join(lines)
        if name == "verse":
            verse = "\n".join(self.inline.render(line) for line in lines)
            return f'<pre class="wp-block-verse">{verse}</pre>'
        if name == "columns":
            return self._columns(lines)
        inner = "\n\n\n\n".join(self._blocks(lines))
        flow = _FLOW.format(name)
        if name == "details":
            question = self.inline.render(rest)
            opened = f'<details class="wp-block-details {flow}"><summary>{question}</summary>'
            return f"{opened}\n{inner}\n</details>"
        if name == "media":
            picture = self.library.tag(rest, "large", "size-large")
            return (
                '<div class="wp-block-media-text is-stacked-on-mobile">'
                f'<figure class="wp-block-media-text__media">{picture}</figure>'
                f'<div class="wp-block-media-text__content">\n{inner}\n</div></div>'
            )
        if name == "cover":
            picture = self.library.tag(rest, "full", "wp-block-cover__image-background")
            return (
                f'<div class="wp-block-cover alignwide">{picture}'
                '<span aria-hidden="true" class="wp-block-cover__background has-background-dim">'
                f'</span><div class="wp-block-cover__inner-container {flow}">'
                f"\n{inner}\n</div></div>"
            )
        if name == "group":
            return f'<div class="wp-block-group {flow}">\n{inner}\n</div>'
        raise ValueError(f"unknown container {name!r}")

    # ------------------------------------------------------------ single blocks

    def _heading(self, text: str, level: int) -> str:
        words, anchor = _ANCHOR.fullmatch(text).groups()  # type: ignore[union-attr]
        name = f' id="{anchor}"' if anchor else ""
        return f'<h{level} class="wp-block-heading"{name}>{self.inline.render(words)}</h{level}>'

    def _quote(self, text: str) -> str:
        words, source = self._cited(text, "> ")
        paragraphs = "\n\n".join(f"<p>{part}</p>" for part in words)
        classes = f"wp-block-quote {_FLOW.format('quote')}"
        return f'<blockquote class="{classes}">\n{paragraphs}\n{source}</blockquote>'

    def _pullquote(self, text: str) -> str:
        words, source = self._cited(text, ">> ")
        inside = "".join(f"<p>{part}</p>" for part in words)
        return (
            f'<figure class="wp-block-pullquote"><blockquote>{inside}{source}</blockquote></figure>'
        )

    def _cited(self, text: str, mark: str) -> tuple[list[str], str]:
        words, source = [], ""
        for line in text.split("\n"):
            bare = line.removeprefix(mark)
            if bare.startswith("-- "):
                source = f"<cite>{self.inline.render(bare[3:])}</cite>"
            else:
                words.append(self.inline.render(bare))
        return words, source

    def _list(self, text: str, tag: str) -> str:
        """Items of one kind; two spaces more put an item into a bulleted list below the last."""
        parts, deep = [f'<{tag} class="wp-block-list">'], False
        for number, line in enumerate(text.split("\n")):
            found = _ITEM.fullmatch(line)
            if not found:
                raise ValueError(f"not a list item: {line!r}")
            if found[1] and not deep:
                parts.append('\n<ul class="wp-block-list">')
            elif number:
                parts.append("</li>\n" if bool(found[1]) == deep else "</li>\n</ul>\n</li>\n")
            deep = bool(found[1])
            parts.append(f"<li>{self.inline.render(found[2])}")
        return "".join([*parts, "</li>\n</ul>\n</li>" if deep else "</li>", f"\n</{tag}>"])

    def _table(self, text: str) -> str:
        lines = text.split("\n")
        caption = ""
        if lines[-1].startswith("|= "):
            words = self.inline.render(lines.pop()[3:])
            caption = f'<figcaption class="wp-element-caption">{words}</figcaption>'
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        right = [cell.endswith(":") for cell in rows[1]]

        def row(cells: list[str], tag: str) -> str:
            return "<tr>" + "".join(map(lambda c, r: self._cell(c, tag, r), cells, right)) + "</tr>"

        head = f"<thead>{row(rows[0], 'th')}</thead>" if any(rows[0]) else ""
        body = "".join(row(cells, "td") for cells in rows[2:])
        return (
            f'<figure class="wp-block-table"><table>{head}'
            f"<tbody>{body}</tbody></table>{caption}</figure>"
        )

    def _cell(self, text: str, tag: str, right: bool) -> str:
        tag = tag if text else "td"  # an empty title is noise to a screen reader
        side = ' class="has-text-align-right" data-align="right"' if right else ""
        return f"<{tag}{side}>{self.inline.render(text)}</{tag}>"

    def _image(self, text: str) -> str:
        slug, place, caption = _IMAGE.fullmatch(text).groups()  # type: ignore[union-attr]
        size = {"left": "medium", "right": "medium", "full": "full", "wide": "full"}.get(
            place or "", "large"
        )
        classes = " ".join(filter(None, ("wp-block-image", place and f"align{place}")))
        return self._figure(slug, f"{classes} size-{size}", size, caption)

    def _figure(self, slug: str, classes: str, size: str, caption: str) -> str:
        words = self.inline.render(caption.replace("\n", " "))
        below = f'<figcaption class="wp-element-caption">{words}</figcaption>' if caption else ""
        return f'<figure class="{classes}">{self.library.tag(slug, size)}{below}</figure>'

    def _gallery(self, text: str) -> str:
        slugs, _, caption = text.removeprefix("[gallery ").partition("]")
        pictures = "\n\n".join(
            self._figure(slug, "wp-block-image size-large", "large", "") for slug in slugs.split()
        )
        words = self.inline.render(caption.strip())
        below = (
            f'<figcaption class="blocks-gallery-caption wp-element-caption">{words}</figcaption>'
        )
        return (
            '<figure class="wp-block-gallery has-nested-images columns-default is-cropped'
            f' wp-block-gallery-1 {_FLEX.format("gallery")}">\n{pictures}\n'
            f"{below if caption else ''}</figure>"
        )

    def _buttons(self, text: str) -> str:
        buttons = []
        for number, found in enumerate(_BUTTON.finditer(text)):
            classes = "wp-block-button" + (" is-style-outline" if number else "")
            link = 'class="wp-block-button__link wp-element-button"'
            url, words = self.inline.absolute(found[2]), self.inline.render(found[1])
            buttons.append(f'<div class="{classes}"><a {link} href="{url}">{words}</a></div>')
        inner = "\n\n".join(buttons)
        return f'<div class="wp-block-buttons {_FLEX.format("buttons")}">\n{inner}\n</div>'

    def _file(self, text: str) -> str:
        item = self.library.items[text.removeprefix("[file ").rstrip("]")]
        url, name = self.library.url(item.full), f"wp-block-file--media-{item.id}"
        return (
            f'<div class="wp-block-file"><a id="{name}" href="{url}">{html.escape(item.title)}</a>'
            f'<a href="{url}" class="wp-block-file__button wp-element-button" download'
            f' aria-describedby="{name}">Download</a></div>'
        )

    def _audio(self, text: str) -> str:
        slug, _, caption = text.removeprefix("[audio ").partition("]")
        url = self.library.url(self.library.items[slug].full)
        words = self.inline.render(caption.strip())
        below = f'<figcaption class="wp-element-caption">{words}</figcaption>' if caption else ""
        return (
            f'<figure class="wp-block-audio"><audio controls src="{url}" preload="metadata">'
            f"</audio>{below}</figure>"
        )

    def _columns(self, lines: list[str]) -> str:
        columns: list[list[str]] = [[]]
        for line in lines:
            if line == "|||":
                columns.append([])
            else:
                columns[-1].append(line)
        flow = _FLOW.format("column")
        inner = "\n\n\n\n".join(
            f'<div class="wp-block-column {flow}">\n'
            + "\n\n\n\n".join(self._blocks(c))
            + "\n</div>"
            for c in columns
        )
        return f'<div class="wp-block-columns {_FLEX.format("columns")}">\n{inner}\n</div>'

    def _footnotes(self) -> str:
        notes = "".join(
            f'<li id="{name}">{words} <a href="#{name}-link" '
            f'aria-label="Jump to footnote reference {number}">\u21a9\ufe0e</a></li>'
            for number, (name, words) in enumerate(self.inline.notes, 1)
        )
        return f'<ol class="wp-block-footnotes">{notes}</ol>'


def _closing(lines: list[str], start: int) -> int:
    """Index of the line that closes the container opened at ``start``. Raises ValueError."""
    depth = 0
    for at in range(start, len(lines)):
        if lines[at].startswith("::: "):
            depth += 1
        elif lines[at] == ":::":
            depth -= 1
            if not depth:
                return at
    raise ValueError(f"nothing closes {lines[start]!r}")
