"""Untrusted WordPress markup comes in, inert HTML of a known vocabulary goes out; no script ever.

It stands between the store and the document: `content.rendered`, titles and excerpts pass through
here once, when a document is read. It never fetches, logs, or trusts a role: editors hold
`unfiltered_html`, so their words are as hostile as anyone's.

Why the result is safe: ammonia (`nh3`) parses as a browser does and serialises only what is in the
vocabulary. That holds no element whose content is raw text or foreign (an `iframe` is emptied), and
the serialiser escapes `<` in attribute values: a second parse, by whatever parser, may move an
element but never makes a new tag or attribute out of text. The rest of this module keeps promises
that ammonia does not make: values are checked (`sanitize_values`), the result is stable (sanitised
again it is the same, and it re-parses to the same tree), and the time is bounded for any input
(`sanitize_balance`).
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable
from typing import Final

import nh3

from sos.content.sanitize_balance import balance, balance_if_large, is_deep, is_dense
from sos.content.sanitize_values import LINK_SCHEMES, plain, sound_value
from sos.content.sanitize_vocabulary import (
    ATTRIBUTES,
    BLOCKS,
    DEFAULT_EMBED_HOSTS,
    DROPPED,
    INLINE_ATTRIBUTES,
    MATHML,
    PHRASING,
    RESERVED_ID_PREFIX,
    SANDBOX,
    TAGS,
    words,
)

__all__ = [
    "DEFAULT_EMBED_HOSTS",
    "RESERVED_ID_PREFIX",
    "plain_text",
    "sanitize_html",
    "sanitize_inline",
]

_MAX_ROUNDS: Final = 6
_MAX_FORM_TEXT: Final = 1_000  # characters

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

# ----------------------------------------------------------------------------- cleaners

# Where these do not stay, their content is what to say instead of them: nothing.
_FALLBACKS: Final = words("audio iframe video")


def _cleaner(
    tags: frozenset[str],
    attributes: dict[str, set[str]],
    rule: Callable[[str, str, str], str | None] | None = None,
) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        clean_content_tags=DROPPED | (_FALLBACKS - tags),
        attributes=attributes,
        attribute_filter=rule,
        url_schemes=LINK_SCHEMES,
        link_rel=None,
    )


_CONTENT: Final = _cleaner(TAGS, ATTRIBUTES, sound_value)
_CONTENT_TREE: Final = _cleaner(TAGS, ATTRIBUTES)
_INLINE: Final = _cleaner(PHRASING | BLOCKS, INLINE_ATTRIBUTES, sound_value)
_INLINE_TREE: Final = _cleaner(PHRASING, INLINE_ATTRIBUTES)
_TEXT: Final = _cleaner(BLOCKS | {"br"}, {})

# ------------------------------------------------------------------- before the cleaner

# Old elements by today's name of the same parsing class. Of a formula the text remains (ammonia
# would drop it with its elements). What a noscript holds is what shows where scripts are gone:
# lazy-loading plugins keep the image in it.
_RENAMED: Final = {
    **dict.fromkeys(MATHML, ("", "")),
    "acronym": ("abbr", ""),
    "big": ("span", ' style="font-size:larger"'),
    "center": ("div", ' style="text-align:center"'),
    "noscript": ("", ""),
    "strike": ("s", ""),
    "tt": ("code", ""),
}
_OLD_TAG: Final = re.compile(rf"<(/?)({'|'.join(_RENAMED)})(?=[\s/>])([^<>]*+>)", re.IGNORECASE)
_RARE_TAG: Final = re.compile(
    "</?(?:[aA][cC]|[bB][iI]|[cC][eE]|[fF][oO]|[mM][aA][tT]|[nN][oO]|[sS][tT][rR][iI]|[tT][tT])"
)
_FORM_OPEN: Final = re.compile(r"<form(?=[\s/>])[^<>]*+>", re.IGNORECASE)
_FORM_CLOSE: Final = re.compile(r"</form\s*>", re.IGNORECASE)
_ANY_TAG: Final = re.compile(r"<[^<>]*+>")


def _modern_tag(tag: re.Match[str]) -> str:
    name, attribute = _RENAMED[tag[2].lower()]
    if not name:
        return ""
    return f"</{name}>" if tag[1] else f"<{name}{attribute}{tag[3]}"


def _modernise(html: str) -> str:
    """The markup in today's elements, without forms."""
    if not _RARE_TAG.search(html):  # the usual case, and a fast search
        return html
    return _drop_forms(_OLD_TAG.sub(_modern_tag, html))


def _drop_forms(html: str) -> str:
    """Without closed forms and their labels: they lead nowhere here (search, login, contact).

    A form with more text than labels have is a page that somebody wrapped in a form: its text
    stays, and so does what follows one that is never closed. The controls go in any case.
    """
    kept, position = [], 0
    while (opened := _FORM_OPEN.search(html, position)) and (
        closed := _FORM_CLOSE.search(html, opened.end())
    ):
        inside = html[opened.end() : closed.start()]
        kept.append(html[position : opened.start()])
        if len(" ".join(_ANY_TAG.sub("", inside).split())) > _MAX_FORM_TEXT:
            kept.append(inside)
        position = closed.end()
    return "".join([*kept, html[position:]])


def _clean(cleaner: nh3.Cleaner, html: str) -> str:
    """The cleaner's answer, without control characters; a lone surrogate becomes U+FFFD."""
    try:
        html = cleaner.clean(html)
    except UnicodeEncodeError:
        html = cleaner.clean(_SURROGATE.sub("\ufffd", html))
    return plain(html)


# -------------------------------------------------------------------- after the cleaner
# The serialiser writes every start tag as `<name a="…" b="…">` and no other `<`, so these find
# tags and nothing but tags. (An iframe's raw text goes first.)

_SOUND: Final = r'((?: [^\s"=]+="[^"]*")*+)>'
_IFRAME: Final = re.compile(rf"<iframe{_SOUND}.*?</iframe>", re.DOTALL)
_LINK: Final = re.compile(rf"<(a|area){_SOUND}")
_MEDIA: Final = re.compile(rf"<(img|source|track){_SOUND}")
_PRE: Final = re.compile(rf"(<pre{_SOUND})\n")
_PAIR: Final = re.compile(r' ([^\s"=]+)="([^"]*)"')
_BLOCK_TAG: Final = re.compile(rf"</?(?:{'|'.join(sorted(BLOCKS))})>")
_SPACES: Final = re.compile("[ \t\n]+")
_HOST: Final = re.compile(r"https://([a-z0-9.-]+)")


def _finish_iframe(tag: re.Match[str], embed_hosts: frozenset[str]) -> str:
    values = dict(_PAIR.findall(tag[1]))
    host = _HOST.match(values.get("src", ""))
    if not host or host[1] not in embed_hosts:
        return ""
    # A frame needs a name (WCAG 4.1.2); the host is one in every language.
    extra = "" if values.get("title") else f' title="{host[1]}"'
    kept = tag[1].replace(' title=""', "")
    if "sandbox" not in values:
        extra += f' sandbox="{SANDBOX}"'
    return f"<iframe{kept}{extra}></iframe>"


def _finish_link(tag: re.Match[str]) -> str:
    values = dict(_PAIR.findall(tag[2]))
    rel = values.get("rel", "")
    if "target" not in values or "noopener" in rel or "noreferrer" in rel:
        return tag[0]
    if rel:
        return tag[0].replace(f' rel="{rel}"', f' rel="{rel} noopener"', 1)
    return f'<{tag[1]}{tag[2]} rel="noopener">'


def _finish_media(tag: re.Match[str]) -> str:
    attributes = tag[2]
    if ' src="' not in attributes and ' srcset="' not in attributes:
        return ""
    if tag[1] == "img" and ' alt="' not in attributes:
        attributes += ' alt=""'
    return f"<{tag[1]}{attributes}>"


def _finish(html: str, embed_hosts: frozenset[str]) -> str:
    """What depends on more than one attribute: embeds by host, rel by target, media by source."""
    if "<iframe" in html:
        html = _IFRAME.sub(lambda tag: _finish_iframe(tag, embed_hosts), html)
    if ' target="' in html:
        html = _LINK.sub(_finish_link, html)
    return _MEDIA.sub(_finish_media, html)


def _keep_newline(html: str) -> str:
    """A newline that opens a pre is dropped by each parse: written twice, it survives one."""
    return _PRE.sub(r"\1\n\n", html) if "<pre" in html else html


def _one_line(html: str) -> str:
    return _SPACES.sub(" ", _BLOCK_TAG.sub(" ", html)).strip(" ")


def _settle(tree: nh3.Cleaner, html: str, tidy: Callable[[str], str]) -> str:
    """The markup once parsing it changes nothing more; its text if that is not to be had.

    A tree can be made that its own markup does not describe (a link in a table in a link): a
    browser would see another tree than the one that was cleaned. Harmless by the argument above,
    but not the same page twice.
    """
    html = tidy(html)
    for _ in range(_MAX_ROUNDS):
        if is_dense(html):
            break
        again = tidy(_clean(tree, balance(html) if is_deep(html) else html))
        if again == html:
            return html
        html = again
    return _as_text(html)


def _as_text(html: str) -> str:
    return entities.escape(plain_text(html), quote=False)


# ------------------------------------------------------------------------------- public


def sanitize_html(html: str, embed_hosts: frozenset[str] = DEFAULT_EMBED_HOSTS) -> str:
    """Safe, well-formed HTML of a `content.rendered` or `excerpt.rendered`.

    Args:
        html: markup of any size and shape. Linear time: about 0.5 s for a hostile megabyte.
        embed_hosts: lower-case host names that an `<iframe>` may show; any other frame is dropped.

    Returns:
        A fragment for flow content that cannot close an element it did not open. Comments are
        gone: split at `<!--nextpage-->` before. Given its own output it returns it unchanged.
        Links and media keep their hosts; an `http:` or scheme-less embed becomes `https:`.
    """
    html = balance_if_large(_modernise(html))
    if is_dense(html):
        return _as_text(html)
    cleaned = _clean(_CONTENT, html)
    return _settle(_CONTENT_TREE, _finish(cleaned, embed_hosts), _keep_newline)


def sanitize_inline(html: str) -> str:
    """Safe phrasing content, without links or media, of a title, a term's name or description.

    Where a block began or ended there is a space; white space is collapsed and trimmed. It may
    stand in a link, a heading or a paragraph. As stable and bounded as `sanitize_html`.
    """
    html = balance_if_large(_modernise(html))
    if is_dense(html):
        return _as_text(html)
    return _settle(_INLINE_TREE, _clean(_INLINE, html), _one_line)


def plain_text(html: str) -> str:
    """The text of a markup: for `<title>`, alt, feeds, a description.

    Entities are decoded once, blocks and `<br>` separate words, white space is collapsed. It is
    text, not markup: it may hold `<` and `&`, and is escaped where it is rendered.
    """
    if "<" in html:
        html = balance_if_large(_modernise(html))
        html = _ANY_TAG.sub(" ", html if is_dense(html) else _clean(_TEXT, html))
    text = entities.unescape(html) if "&" in html else html
    return " ".join(plain(_SURROGATE.sub("\ufffd", text)).split())
