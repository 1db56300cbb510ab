"""Themes that change only a part of another one: a folder in, the files of a whole release out.

A folder whose ``theme.toml`` says ``extends = "default"`` has every file of the theme that comes
with sos, unless it has one of that name itself. What it replaces stays within reach as
``default/NAME``. All of this happens when a folder is read: a bundle is complete, and no node ever
looks anywhere else. Never writes. See decision 0016.
"""

import difflib
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from sos import __version__
from sos.errors import ReleaseError, TemplateError
from sos.release.assets import ASSETS_FOLDER, digest_files
from sos.release.folder import find_templates, read_folder

FILE = "theme.toml"
"""What says of a folder that it is a part of a theme; it is not a file of the release."""

DEFAULT = "default"
PREFIX = f"{DEFAULT}/"
VERSION = f"{PREFIX}VERSION"
"""The file of a release that says which default theme it was made with."""

_MENTION = re.compile(r"""["']default/([^"'\\\n]+)["']""")
_IMPORT = re.compile(
    r"""/\*.*?\*/|^[ \t]*@import\s+(["'])default/(?P<name>[^"'\\\n]+)\1\s*;[ \t]*(?:\r?\n)?""",
    re.DOTALL | re.MULTILINE,
)
_KEYS = ("extends",)


class Span(msgspec.Struct, frozen=True):
    """Lines of a release's file from ``start`` on are those of ``path`` from ``line`` on."""

    start: int
    path: Path
    line: int


class Theme(msgspec.Struct, frozen=True, kw_only=True):
    """A folder as a release; ``base`` is the folder of the theme that it extends, if it does.

    ``own`` are the names of the files that are its own. ``spans`` tell where lines come from, for
    files that are not simply its own.
    """

    folder: Path
    files: Mapping[str, bytes]
    base: Path | None = None
    own: frozenset[str] = frozenset()
    spans: Mapping[str, tuple[Span, ...]] = {}

    def locate(self, name: str, line: int) -> tuple[str, int]:
        """Where a line of a file was written: a path, and a line (0 where that is unknown).

        The path is relative to the theme's folder, or absolute for a file of the default theme.
        """
        spans = self.spans.get(name)
        if not spans:
            return name, line
        span = next((s for s in reversed(spans) if s.start <= max(line, 1)), spans[0])
        path = span.path
        if path.is_relative_to(self.folder):
            path = path.relative_to(self.folder)
        return str(path), line - span.start + span.line if line else 0


def locate_error(theme: Theme | None, error: TemplateError) -> TemplateError:
    """The same error, with the place where somebody can mend it."""
    if theme is None or not error.template:
        return error
    message = str(error).removeprefix(f"{error.template}:{error.line}: ")
    return TemplateError(message, *theme.locate(error.template, error.line))


def read_theme(folder: Path) -> Theme:
    """The files of a release that the folder of a theme makes, sorted by name.

    Raises ReleaseError for what `read_folder` refuses, for a ``theme.toml`` that can't be read or
    says what is not known, and for a file below ``default/`` of a theme that extends that one.
    """
    own = read_folder(folder)
    if not _read_extends(own, folder):
        return Theme(folder=folder, files=own, own=frozenset(own))
    own = {name: content for name, content in own.items() if name != FILE}
    for name in own:
        if name.startswith(PREFIX):
            raise ReleaseError(f"{folder / name}: {PREFIX} is for the files of the default theme")
    base = find_templates().resolve()
    if base == folder.resolve():
        raise ReleaseError(f"{folder / FILE}: the default theme can't extend itself")
    return _merge(folder, own, base, read_folder(base))


def _read_extends(own: Mapping[str, bytes], folder: Path) -> bool:
    """Whether the theme extends the default one."""
    if FILE not in own:
        return False
    try:
        said = tomllib.loads(own[FILE].decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ReleaseError(f"{folder / FILE} can't be read: {exc}") from exc
    for key in said.keys() - set(_KEYS):
        near = difflib.get_close_matches(key, _KEYS, 1, 0.5)
        meant = f"; did you mean {near[0]!r}?" if near else f"; known is {', '.join(_KEYS)}"
        raise ReleaseError(f"{folder / FILE}: {key!r} is not known{meant}")
    extends = said.get("extends")
    if extends not in (None, DEFAULT):
        raise ReleaseError(
            f'{folder / FILE}: extends is {extends!r}; there is only "{DEFAULT}", the theme that '
            "comes with sos"
        )
    return extends is not None


def _merge(
    folder: Path, own: Mapping[str, bytes], base: Path, inherited: Mapping[str, bytes]
) -> Theme:
    files = dict(inherited)
    spans: dict[str, tuple[Span, ...]] = {
        name: (Span(1, base / name, 1),) for name in inherited if name not in own
    }
    for name, content in own.items():
        files[name] = content
        if name.startswith(ASSETS_FOLDER) and name.endswith(".css"):
            files[name], spans_of_it = _join_sheet(name, content, folder, base, inherited)
            if len(spans_of_it) > 1:
                spans[name] = spans_of_it
        elif name.endswith(".html"):
            for mentioned in _find_mentions(content):
                if mentioned in inherited:
                    files[f"{PREFIX}{mentioned}"] = inherited[mentioned]
                    spans[f"{PREFIX}{mentioned}"] = (Span(1, base / mentioned, 1),)
    files[VERSION] = f"sos {__version__}, default theme {digest_files(inherited)[:12]}\n".encode()
    return Theme(
        folder=folder,
        files=dict(sorted(files.items())),
        base=base,
        own=frozenset(own),
        spans=spans,
    )


def _find_mentions(content: bytes) -> Iterator[str]:
    """Names of the default theme's files that a template asks for, without their prefix."""
    return (m[1] for m in _MENTION.finditer(content.decode("utf-8", "replace")))


def _join_sheet(
    name: str, content: bytes, folder: Path, base: Path, inherited: Mapping[str, bytes]
) -> tuple[bytes, tuple[Span, ...]]:
    """A style sheet with those of the default theme in the place of their ``@import``.

    One request less than if the browser did it, and the same result, as an import stands at the
    top and the file lies in the same folder. What is not there is left for the check to report.
    """
    text = content.decode("utf-8", "replace")
    joined, spans, done = "", [Span(1, folder / name, 1)], 0
    for match in _IMPORT.finditer(text):
        if match["name"] is None:  # a comment
            continue
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(name), match["name"]))
        if wanted not in inherited:
            continue
        joined += text[done : match.start()]
        spans.append(Span(joined.count("\n") + 1, base / wanted, 1))
        joined += inherited[wanted].decode("utf-8", "replace").rstrip("\n") + "\n"
        done = match.end()
        spans.append(Span(joined.count("\n") + 1, folder / name, text.count("\n", 0, done) + 1))
    if not done:
        return content, tuple(spans)
    return (joined + text[done:]).encode(), tuple(spans)
