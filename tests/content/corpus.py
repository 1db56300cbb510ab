"""Reads the corpora: `hostile/*.txt` and `benign/*.txt` in, named pieces of markup out.

A file is a comment, then pieces: a line `== title`, then the markup up to the next such line.
Flags follow the title in brackets: `live`, today's Chromium comes to harm from the raw markup (the
browser test shows it); `escaped`, `\\xHH`, `\\uHHHH`, `\\n`, `\\r` and `\\t` stand for characters
that a text file cannot show. In a benign piece, a line `-- becomes` parts what comes in from what
must come out; without it everything must survive. It judges nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
HOSTILE_FILES = sorted(path.stem for path in (_HERE / "hostile").glob("*.txt"))
BENIGN_FILES = sorted(path.stem for path in (_HERE / "benign").glob("*.txt"))
_TITLE = re.compile(r"^== (?P<title>.*?)(?: \[(?P<flags>[a-z ]+)\])?$", re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([nrt]))")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class Vector:
    """One hostile piece of content."""

    name: str
    html: str
    live: bool


@dataclass(frozen=True)
class Sample:
    """One honest piece of content, and what the sanitiser must make of it."""

    name: str
    html: str
    expected: str


def _parse_pieces(file: str, text: str) -> list[tuple[str, str, bool]]:
    """Name, markup and liveness. Raises ValueError for an unknown flag, no markup, a double title."""
    titles = list(_TITLE.finditer(text))
    ends = [title.start() - 1 for title in titles[1:]] + [len(text.rstrip("\n"))]
    pieces = {}
    for title, end in zip(titles, ends, strict=True):
        name, flags = f"{file}: {title['title']}", set((title["flags"] or "").split())
        html = text[title.end() + 1 : end]
        if flags - {"live", "escaped"} or not html or name in pieces:
            raise ValueError(f"{file}: {title[0]}")
        if "escaped" in flags:
            html = _ESCAPE.sub(lambda m: _PLAIN.get(m[3]) or chr(int(m[1] or m[2], 16)), html)
        pieces[name] = (name, html, "live" in flags)
    return list(pieces.values())


def _read_pieces(folder: str, file: str) -> list[tuple[str, str, bool]]:
    return _parse_pieces(file, (_HERE / folder / f"{file}.txt").read_text("utf-8"))


def read_vectors(file: str) -> list[Vector]:
    """The vectors of `hostile/<file>.txt`."""
    return [Vector(*piece) for piece in _read_pieces("hostile", file)]


def read_all_vectors() -> list[Vector]:
    return [vector for file in HOSTILE_FILES for vector in read_vectors(file)]


def read_samples(file: str) -> list[Sample]:
    """The samples of `benign/<file>.txt`."""
    samples = []
    for name, text, _ in _read_pieces("benign", file):
        html, mark, expected = text.partition("\n-- becomes\n")
        samples.append(Sample(name, html, expected if mark else html))
    return samples


def read_all_samples() -> list[Sample]:
    return [sample for file in BENIGN_FILES for sample in read_samples(file)]
