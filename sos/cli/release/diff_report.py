"""The report of ``sos release diff``: one HTML page that needs nothing but its own folder.

In: a `Difference`, files of screenshots. Out: ``index.html``. All that comes from a site or a
template is shown as text; the page runs no script and asks nobody for anything.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from sos.rollout.compare import CONTEXT, FileChange, Hunk, PagePair, split_change

if TYPE_CHECKING:
    from sos.cli.release.diff import Difference

LONGEST_LINE = 2_000

_STYLE = """
:root { color-scheme: light dark; --del: #ffd7d5; --ins: #d2f4d3; --edge: #8884; --mark: #0002; }
@media (prefers-color-scheme: dark) { :root { --del: #5a1e1e; --ins: #1e4620; --mark: #fff3; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 110rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
code, pre, table.diff { font: 13px/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .5rem; border: 1px solid var(--edge); }
pre .d, td.d { background: var(--del); } pre .i, td.i { background: var(--ins); }
table.diff { width: 100%; border-collapse: collapse; table-layout: fixed; }
table.diff td { vertical-align: top; white-space: pre-wrap; overflow-wrap: anywhere; }
table.diff td { padding: 0 .5rem; } td.n { color: GrayText; text-align: right; }
td.gap { text-align: center; border-block: 1px solid var(--edge); }
table.diff mark { background: var(--mark); color: inherit; } col.n { width: 3.5rem; }
details { border: 1px solid var(--edge); margin: .5rem 0; padding: .25rem .75rem; }
summary { cursor: pointer; padding: .25rem 0; overflow-wrap: anywhere; }
.shots { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.shots figure { margin: 0; } .shots img { max-width: 100%; border: 1px solid var(--edge); }
.bad { color: #b00020; } @media (prefers-color-scheme: dark) { .bad { color: #ff8a80; } }
"""


def write_report(folder: Path, found: "Difference", shots: Mapping[str, Sequence[str]]) -> None:
    """Write ``index.html``. ``shots`` are names of files in the folder, before and after in turn,
    by the path of the page."""
    text = "".join(_build(found, shots))
    (folder / "index.html").write_text(text, encoding="utf-8", errors="replace")


def _build(found: "Difference", shots: Mapping[str, Sequence[str]]) -> Iterator[str]:
    before, after = escape(found.before), escape(found.after)
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    yield "img-src 'self' file:; style-src 'unsafe-inline'\">"
    yield f"<title>{before} → {after}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1><code>{before}</code> → <code>{after}</code></h1>"
    yield f"<p>{len(found.changed)} of {len(found.pairs)} pages change. "
    yield f"Content: {escape(found.content)}.</p>"
    yield from _build_hunks(found.hunks)
    yield "<h2>Pages</h2>"
    for pair in found.pairs:
        yield from _build_pair(pair, found, shots.get(pair.path, ()))
    yield "<h2>Files</h2>"
    for change in found.files:
        yield from _build_file(change)
    yield "</body></html>\n"


def _build_hunks(hunks: Sequence[Hunk]) -> Iterator[str]:
    yield "<h2>Every difference once</h2>"
    for hunk in hunks:
        pages = ", ".join(escape(p) for p in hunk.pages[:6])
        more = f" and {len(hunk.pages) - 6} more" if len(hunk.pages) > 6 else ""
        count = f"{len(hunk.pages)} page{'s' if len(hunk.pages) > 1 else ''}"
        yield f"<p>On {count}: {pages}{more}</p>{_build_unified(hunk.lines)}"
    if not hunks:
        yield "<p>None.</p>"


def _build_pair(pair: PagePair, found: "Difference", shots: Sequence[str]) -> Iterator[str]:
    path = escape(pair.path)
    if not pair.is_changed:
        yield f"<p><code>{path}</code> is the same.</p>"
        return
    opened = " open" if pair is found.changed[0] else ""
    yield f"<details{opened}><summary><code>{path}</code>"
    for name, failure in ((found.before, pair.before_failure), (found.after, pair.after_failure)):
        if failure:
            yield f' <strong class="bad">fails with {escape(name)}: {escape(failure)}</strong>'
    yield "</summary>"
    for first, second in zip(shots[::2], shots[1::2], strict=True):
        yield '<div class="shots">'
        for name, file in ((found.before, first), (found.after, second)):
            label = f"{path} with {escape(name)}"
            yield f"<figure><figcaption>{label}, {escape(_describe(file))}</figcaption>"
            yield f'<a href="{escape(file)}"><img src="{escape(file)}" alt="{label}"></a></figure>'
        yield "</div>"
    yield from _build_side_by_side(pair.before, pair.after)
    yield "</details>"


def _describe(file: str) -> str:
    """``1440 px`` of ``p01-b-1440.png``."""
    return f"{file.rpartition('-')[2].partition('.')[0]} px"


def _build_file(change: FileChange) -> Iterator[str]:
    sizes = f"{change.before:,} → {change.after:,} bytes"
    yield f"<details><summary>{change.word} <code>{escape(change.name)}</code>, {sizes}</summary>"
    yield _build_unified(change.lines) if change.lines else "<p>Not text.</p>"
    yield "</details>"


def _build_unified(lines: Sequence[str]) -> str:
    rows = []
    for line in lines:
        kind = {"-": "d", "+": "i"}.get(line[:1], "")
        text = escape(_cut(line))
        rows.append(f'<span class="{kind}">{text}</span>' if kind else text)
    return "<pre>" + "\n".join(rows) + "</pre>"


def _build_side_by_side(before: str, after: str) -> Iterator[str]:
    """Both pages line by line, what is the same left out but for some lines around."""
    old, new = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    yield '<table class="diff"><colgroup><col class="n"><col><col class="n"><col></colgroup>'
    for place, group in enumerate(matcher.get_grouped_opcodes(CONTEXT)):
        if place:
            yield '<tr><td class="gap" colspan="4">⋯</td></tr>'
        for word, a, b, c, d in group:
            yield from _build_rows(word, old[a:b], new[c:d], a, c)
    yield "</table>"


def _build_rows(
    word: str, old: Sequence[str], new: Sequence[str], at: int, to: int
) -> Iterator[str]:
    for n in range(max(len(old), len(new))):
        left = old[n] if n < len(old) else None
        right = new[n] if n < len(new) else None
        same = word == "equal"
        marked = _mark(left, right) if not same and left is not None and right is not None else None
        yield "<tr>"
        yield _build_cell(left, at + n + 1, "" if same else "d", marked and marked[0])
        yield _build_cell(right, to + n + 1, "" if same else "i", marked and marked[1])
        yield "</tr>"


def _build_cell(line: str | None, number: int, kind: str, marked: str | None) -> str:
    if line is None:
        return "<td></td><td></td>"
    text = marked if marked is not None else escape(_cut(line))
    return f'<td class="n">{number}</td><td class="{kind}">{text}</td>'


def _mark(left: str, right: str) -> tuple[str, str]:
    """Two lines with what differs between their common beginning and end marked."""
    left, right = _cut(left), _cut(right)
    start, tail = split_change(left, right)

    def show(text: str) -> str:
        middle = text[start : len(text) - tail]
        head, end = escape(text[:start]), escape(text[len(text) - tail :])
        return f"{head}<mark>{escape(middle)}</mark>{end}"

    return show(left), show(right)


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + "…"
