"""The bar above a previewed page: what is shown, until when, and with which release. Pure.

In: a rendered page, and facts about the preview. Out: the same page with the bar right after its
``<body>``, and a Content-Security-Policy that allows the bar's own style sheet by its hash. Every
text is escaped; there is no script.

The bar lies in a shadow tree of its own (HTML, section 4.12.3.1: declarative shadow roots), so that
neither the theme's style sheets nor its own reach over the border. A browser that knows no such
trees shows the light text within.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape

import msgspec

_BODY = re.compile(rb"<body(?=[\s>/])(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_HEAD_END = re.compile(rb"</head\s*>", re.IGNORECASE)

STYLE = """
:host{all:initial!important;display:block!important;position:relative!important;
z-index:2147483647!important;width:100%!important;color-scheme:light dark!important}
@media print{:host{display:none!important}}
*{box-sizing:border-box}
.bar{--back:#fff7d6;--ink:#1f1a00;--soft:#5a4d00;--line:#b38f00;--field:#fff;--link:#0b4f9e;
direction:ltr;text-align:start;display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 1rem;
padding:.5rem 1rem;background:var(--back);color:var(--ink);border-bottom:2px solid var(--line);
font:400 15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.what{flex:1 1 22rem;min-width:0;margin:0}
.what b{font-weight:700;overflow-wrap:anywhere}
.mark{display:inline-block;margin-inline-end:.4rem;padding:0 .45rem;border-radius:.25rem;
background:var(--ink);color:var(--back);font-weight:700}
.note{display:block;color:var(--soft);overflow-wrap:anywhere}
form{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem;margin:0;min-width:0;max-width:100%}
label{color:var(--soft)}
select,button{font:inherit;color:var(--ink);background:var(--field);border:1px solid var(--line);
border-radius:.25rem;padding:.25rem .5rem;min-height:2.25rem;max-width:100%}
select{min-width:0;flex:0 1 auto}
button{cursor:pointer;font-weight:600}
a{color:var(--link);text-underline-offset:.15em}
a.page{display:inline-block;padding:.35rem 0}
a:focus-visible,select:focus-visible,button:focus-visible{outline:3px solid var(--link);
outline-offset:2px}
@media (prefers-color-scheme:dark){.bar{--back:#2b2500;--ink:#fff3c4;--soft:#e0cf8a;--line:#8f7400;
--field:#1c1800;--link:#9fc8ff}}
@media (max-width:30rem){.bar{padding:.5rem .75rem}form{width:100%}select{flex:1 1 8rem}}
""".strip()

STYLE_SOURCE = (
    "'sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii") + "'"
)
"""The CSP source expression of STYLE (CSP Level 3, section 2.3.1)."""


class Choice(msgspec.Struct, frozen=True):
    """A release that one may look with. An empty ``value`` is whichever is live."""

    value: str
    label: str


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """What the bar says; plain text. ``action`` is the preview's own address, ``public`` that of
    the public page, empty where there is none; ``hidden`` are further fields of the form."""

    title: str
    standing: str
    notes: tuple[str, ...]
    action: str
    public: str
    choices: Sequence[Choice]
    chosen: str
    hidden: tuple[tuple[str, str], ...] = ()


def insert_bar(body: bytes, bar: Bar) -> bytes:
    """The page with the bar as the first thing in its body."""
    head = _HEAD_END.search(body)
    start = head.end() if head else 0
    match = _BODY.search(body, start)
    place = match.end() if match else start
    return body[:place] + build_bar(bar).encode("utf-8", "replace") + body[place:]


def allow_bar(policy: str) -> str:
    """The page's policy, with the bar's style sheet and its form allowed."""
    directives = [d.strip() for d in policy.split(";") if d.strip()]
    allowed = [
        f"{d} {STYLE_SOURCE}" if d.partition(" ")[0] == "style-src" else d for d in directives
    ]
    return "; ".join(allowed)


def build_bar(bar: Bar) -> str:
    """The bar as HTML."""
    title = escape(bar.title or "(no title)")
    notes = "".join(f'<span class="note">{escape(note)}</span>' for note in bar.notes)
    link = f'<a class="page" href="{escape(bar.public)}">Public page</a>' if bar.public else ""
    plain = escape(" · ".join((bar.title or "(no title)", bar.standing, *bar.notes)))
    return (
        '<div id="sos-preview-bar" lang="en"><template shadowrootmode="open">'
        f"<style>{STYLE}</style>"
        '<aside class="bar" aria-label="Preview"><p class="what">'
        f'<span class="mark">Preview</span><b>{title}</b> · {escape(bar.standing)}{notes}</p>'
        f"{_form(bar)}{link}</aside></template>"
        f'<p style="margin:0;padding:8px;background:#fff7d6;color:#1f1a00">Preview: {plain}</p>'
        "</div>"
    )


def _form(bar: Bar) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in bar.hidden
    )
    options = "".join(
        f'<option value="{escape(c.value)}"{" selected" if c.value == bar.chosen else ""}>'
        f"{escape(c.label)}</option>"
        for c in bar.choices
    )
    return (
        f'<form method="get" action="{escape(bar.action)}">{hidden}'
        '<label for="sos-release">Release</label>'
        f'<select id="sos-release" name="sos_release">{options}</select>'
        '<button type="submit">Show</button></form>'
    )
