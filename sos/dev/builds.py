"""Builds of a folder of templates: files in; out comes a release, or what is in its way.

Each save is a new build. The last one that was sound stays at hand. Never watches, never serves.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from sos.dev.bounded import BoundedRelease
from sos.errors import ReleaseError, TemplateError
from sos.release.assets import ASSETS_FOLDER, build_assets, digest_files
from sos.release.check import Parts, compile_release, find_lost
from sos.release.environment import Release, build_release
from sos.release.sandbox import Sandbox
from sos.release.theme import Theme, read_theme

Files = Mapping[str, bytes]

SETTLE_SECONDS = 0.05
"""How long an editor may take between taking a file away and putting its new one there."""


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """The folder as it was at one moment.

    ``number`` is larger for a later one, also after a restart (milliseconds since 1970).
    ``release`` is None where ``problems`` are in its way. ``page`` stands for all that pages are
    made of but for their style sheets, ``styles`` for those. ``changed`` are the files that differ
    from the build before.
    """

    number: int
    files: Files
    theme: Theme
    release: Release | None
    problems: tuple[TemplateError, ...]
    page: str
    styles: str
    changed: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def sheets(self) -> dict[str, str]:
        """The style sheets' addresses by name below ``assets/``."""
        assets = self.release.assets.values() if self.release else ()
        return {a.name: a.url for a in assets if a.name.endswith(".css")}


class Builder:
    """Builds a folder again and again; ``good`` is the last release that was sound.

    ``parts`` are its templates as they were compiled last.
    """

    def __init__(self, folder: Path, good: Release, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self.good = good
        self._clock = clock
        self._files: Files = {}
        self._number = 0
        self.parts: Parts = {}
        self._theme = Theme(folder=folder, files={})

    def build(self) -> Build:
        """The folder as it is now; raises nothing for what anybody may write into it."""
        started = time.perf_counter()
        release, problems, files = None, [], self._files
        try:
            self._theme = theme = self._read()
            files = theme.files
            sandbox = Sandbox(files, build_assets(files))
            problems = compile_release(sandbox, files, self.parts)
            problems += find_lost(self.parts)
            if not problems:
                release = self.good = build_release(files, codes=sandbox.codes, kind=BoundedRelease)
        except TemplateError as exc:
            problems = [exc]
        except ReleaseError as exc:
            problems = [TemplateError(str(exc))]
        changed = tuple(
            sorted(n for n in {*files, *self._files} if files.get(n) != self._files.get(n))
        )
        self._files = files
        self._number = max(self._number + 1, int(self._clock() * 1000))
        sheets, rest = _part(files)
        words = "\n".join(map(str, problems))
        return Build(
            number=self._number,
            files=files,
            theme=self._theme,
            release=release,
            problems=tuple(problems),
            page=_digest(digest_files(rest), words),
            styles=digest_files(sheets)[:16],
            changed=changed,
            seconds=time.perf_counter() - started,
        )

    def _read(self) -> Theme:
        """The folder; once more where a file of it was just being replaced."""
        try:
            theme = read_theme(self.folder)
        except ReleaseError:
            time.sleep(SETTLE_SECONDS)
            theme = read_theme(self.folder)
        # What has not changed is kept in memory once, however many builds there are.
        kept = {n: old if (old := self._files.get(n)) == c else c for n, c in theme.files.items()}
        return msgspec.structs.replace(theme, files=kept)


def _part(files: Files) -> tuple[Files, Files]:
    """Style sheets, and all else."""
    sheets = {n: c for n, c in files.items() if n.startswith(ASSETS_FOLDER) and n.endswith(".css")}
    return sheets, {n: c for n, c in files.items() if n not in sheets}


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
