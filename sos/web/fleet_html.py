"""The fleet page as HTML: every text of a `View` escaped, in a page that needs nothing else.

In: a `View`. Out: bytes, and the policy that allows exactly its own style and script. The element
that shows a text names it in ``data-text`` or ``data-cell``: `page.js` finds it by that name.
"""

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from importlib.resources import files

from sos.web.fleet_view import Note, Row, View

REFRESH_SECONDS = 5
"""How often the page loads itself again where there are no scripts."""

OPEN_LIMIT = 40
"""With more nodes that are well, these are folded away at first."""

_FOLDER = files("sos.web").joinpath("fleet")
_STYLE = _FOLDER.joinpath("page.css").read_text(encoding="utf-8")
_SCRIPT = _FOLDER.joinpath("page.js").read_text(encoding="utf-8")

CELLS = {
    "word": "State",
    "node": "Node",
    "release": "Release",
    "content": "Content",
    "lag": "Lag",
    "workers": "Workers",
    "requests": "Requests/s",
    "errors": "Errors/s",
    "up": "Up",
    "why": "Why",
}
"""Columns and their headings."""

_GROUPS = {
    "attention": "Needs attention",
    "moving": "On the way",
    "well": "Well",
}

_MARKS = {
    "bad": '<path d="M5 5l6 6m0-6l-6 6"/>',
    "warn": '<path d="M8 3.6v5.2m0 2.9v.7"/>',
    "moving": '<path d="M12 8a4 4 0 1 1-1.2-2.8M12 2.8v2.8H9.2"/>',
    "well": '<path d="M4.4 8.4l2.5 2.6 4.8-5.6"/>',
}
"""What is drawn in white on a shape of each level: shape and sign differ, not only the colour."""

_SHAPES = {
    "bad": '<path d="M5 .5h6L15.5 5v6L11 15.5H5L.5 11V5z"/>',
    "warn": '<path d="M8 .3L15.9 15H.1z"/>',
    "moving": '<rect x=".5" y=".5" width="15" height="15" rx="4"/>',
    "well": '<circle cx="8" cy="8" r="7.6"/>',
}


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"connect-src 'self'; img-src 'self'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}"
)
"""Content-Security-Policy of the page: nothing from anywhere else, no markup that was injected."""


def build_page(view: View, *, open_all: bool = False) -> bytes:
    """The whole page. ``open_all`` unfolds the nodes that are well, however many."""
    texts = view.texts
    unfolded = open_all or len(view.groups["well"]) <= OPEN_LIMIT
    body = f"""<!doctype html>
<html lang="en" data-level="{escape(view.level)}">
<head>
<meta charset="utf-8">
<title>{escape(view.title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" type="image/svg+xml" href="fleet/{escape(view.level)}.svg">
<noscript><meta http-equiv="refresh" content="{REFRESH_SECONDS}"></noscript>
<style>{_STYLE}</style>
</head>
<body>
{_build_sprite()}
<header class="top">
<h1>Fleet <span class="of">of {_text("span", "site", texts)}</span></h1>
<p class="seen"><span class="as">as {_text("span", "seen_by", texts)} sees it</span></p>
<p class="link" id="link"><span class="dot"></span><span id="link-word">As of</span>
{_text("span", "at", texts)}</p>
</header>
<p class="lost" id="lost" hidden><span id="lost-word" role="alert"></span>
<span id="lost-age"></span></p>
<main id="main">
<section class="verdict" aria-labelledby="verdict">
{_mark(view.level)}
<div role="status">
<h2 id="verdict">{_text("span", "verdict", texts)}</h2>
{_text("p", "hint", texts, "hint")}
</div>
</section>
<ul class="findings" id="findings">{_list(view.findings)}</ul>
<section class="facts" aria-label="Figures">
<div class="live"><h3>Should be live</h3>
<p>{_text("code", "live", texts)}</p>
<p class="quiet">{_text("span", "since", texts)} {_text("span", "by", texts)}</p>
{_text("p", "why", texts, "quiet reason")}
{_text("p", "canary", texts, "quiet")}</div>
<div><h3>Serve it</h3><p class="big">{_text("span", "serving", texts)}</p>
{_build_bar(view)}</div>
<div><h3>Requests/s</h3><p class="big">{_text("span", "requests", texts)}</p></div>
<div><h3>Errors/s</h3><p class="big">{_text("span", "errors", texts)}</p></div>
<div><h3>Content revision</h3><p class="big">{_text("span", "content", texts)}</p></div>
</section>
<div class="counts">
<div><h3 id="h-states">States</h3>
<ul class="states" id="states" aria-labelledby="h-states">{_list(view.states)}</ul></div>
<div><h3 id="h-releases">Releases</h3>
<ul class="releases" id="releases" aria-labelledby="h-releases">{_list(view.releases)}</ul></div>
</div>
<p class="find" id="find" hidden><label for="filter">Find nodes</label>
<input id="filter" type="search" autocomplete="off" spellcheck="false"
 placeholder="name, release, state, reason"> <span id="found" role="status"></span></p>
{_build_group("attention", view)}
{_build_group("moving", view)}
<details class="fold" id="fold"{" open" if unfolded else ""}>
<summary><h2>{_GROUPS["well"]} {_text("span", "count_well", texts, "n")}</h2></summary>
{_build_table("well", view)}
</details>
</main>
<footer><p><a href="fleet.json">fleet.json</a> · <a href="health">health</a> ·
<a href="metrics">metrics</a> of this node</p>
<noscript><p>This page loads itself again every {REFRESH_SECONDS} seconds.
<a href="?all">Show all nodes</a></p></noscript></footer>
<template id="row">{_build_row(dict.fromkeys([*CELLS, "level", "href", "wanted"], ""))}</template>
<template id="note"><li>{_mark("well")}<span></span> <b></b></li></template>
<script>{_SCRIPT}</script>
</body>
</html>
"""
    return body.encode("utf-8", "replace")


def build_icon(level: str) -> bytes | None:
    """The page's icon while the fleet is of this level; None where there is no such level."""
    if level not in _SHAPES:
        return None
    colour = {"bad": "#b3261e", "warn": "#9a5b00", "moving": "#0b5cad", "well": "#1b6e3c"}[level]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
        f'<g fill="{colour}">{_SHAPES[level]}</g><g fill="none" stroke="#fff" stroke-width="1.8" '
        f'stroke-linecap="round">{_MARKS[level]}</g></svg>'
    ).encode()


def _build_sprite() -> str:
    symbols = "".join(
        f'<symbol id="mark-{level}" viewBox="0 0 16 16"><g class="shape">{shape}</g>'
        f'<g class="sign">{_MARKS[level]}</g></symbol>'
        for level, shape in _SHAPES.items()
    )
    return f'<svg class="sprite" aria-hidden="true">{symbols}</svg>'


def _mark(level: str) -> str:
    level = level if level in _SHAPES else "moving"
    use = f'<use href="#mark-{level}"></use>'
    return f'<svg class="mark" data-level="{level}" aria-hidden="true">{use}</svg>'


def _text(element: str, name: str, texts: dict[str, str], kind: str = "") -> str:
    css = f' class="{kind}"' if kind else ""
    return f'<{element}{css} data-text="{name}">{escape(texts[name])}</{element}>'


def _list(notes: Iterable[Note]) -> str:
    return "".join(
        f'<li data-level="{escape(n.level)}">{_mark(n.level)}<span>{escape(n.text)}</span> '
        f"<b>{escape(n.aside)}</b></li>"
        for n in notes
    )


def _build_bar(view: View) -> str:
    """One line in which each level has its share; the numbers stand in the list of states."""
    total = sum(n for _, n in view.bar) or 1
    parts, x = [], 0
    for level, n in view.bar:
        parts.append(f'<rect data-level="{level}" x="{x}" width="{n}" height="1"></rect>')
        x += n
    shares = "".join(parts)
    return (
        f'<svg class="bar" id="bar" viewBox="0 0 {total} 1" preserveAspectRatio="none" '
        f'aria-hidden="true">{shares}</svg>'
    )


def _build_group(name: str, view: View) -> str:
    hidden = "" if view.groups[name] else " hidden"
    count = _text("span", f"count_{name}", view.texts, "n")
    return (
        f'<section class="group" id="group-{name}"{hidden}><h2>{_GROUPS[name]} {count}</h2>'
        f"{_build_table(name, view)}</section>"
    )


def _build_table(name: str, view: View) -> str:
    heads = "".join(f'<th scope="col" class="{c}">{title}</th>' for c, title in CELLS.items())
    rows = "".join(_build_row(view.rows[node]) for node in view.groups[name])
    return (
        f'<table aria-label="{_GROUPS[name]}"><thead><tr>{heads}</tr></thead>'
        f'<tbody id="{name}">{rows}</tbody></table>'
    )


def _build_row(row: Row) -> str:
    cells = []
    for cell in CELLS:
        text = escape(row[cell])
        if cell == "word":
            shown = f'{_mark(row["level"])}<span data-cell="word">{text}</span>'
            cells.append(f'<td class="word">{shown}</td>')
        elif cell == "node":
            href = f' href="{escape(row["href"])}"' if row["href"] else ""
            link = f'<a{href} data-cell="node" rel="noreferrer">{text}</a>'
            cells.append(f'<th scope="row" class="node">{link}</th>')
        elif cell == "release":
            wanted = escape(row["wanted"])
            cells.append(
                f'<td class="release"><code data-cell="release">{text}</code>'
                f'<code class="wanted" data-cell="wanted">{wanted}</code></td>'
            )
        else:
            cells.append(f'<td class="{cell}" data-cell="{cell}">{text}</td>')
    return f'<tr data-level="{escape(row["level"])}">{"".join(cells)}</tr>'
