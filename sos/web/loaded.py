"""The releases of one worker: loaded side by side, one of them active.

In: releases on the node's disk. Out: the active `Release`, those before it, and the assets of all.
Loading happens in a thread; a swap is one assignment.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import structlog

from sos.errors import ReleaseError
from sos.release.assets import ASSETS_URL, DIGEST_LENGTH, Asset
from sos.release.bundle import read_bundle
from sos.release.environment import Release, build_release
from sos.release.folder import find_templates
from sos.release.theme import read_theme
from sos.rollout.follow import KEPT
from sos.rollout.shelf import BUNDLE, ReleaseFile, read_codes

log = structlog.get_logger()

PREVIEWED = 2
"""Releases that stay loaded besides the last few because somebody looks at them."""

ASSET_PATIENCE, ASSET_WAITERS = 3.0, 64
"""A page may come from a node that has changed already, and then ask this one for its style sheet:
how long such a request waits for the release to arrive here, seconds, and how many may."""

_DIGEST = re.compile(f"[0-9a-f]{{{DIGEST_LENGTH}}}")


class LoadedReleases:
    """Begins with at least one, the active one first."""

    def __init__(self, first: Sequence[Release]) -> None:
        self.active = first[0]
        self._live = list(first)
        self._others: list[Release] = []
        self._arrival = asyncio.Event()
        self._waiting = 0

    def add(self, release: Release) -> None:
        """Have it loaded beside the active one."""
        if self.find(release.id) is None:
            self._others = [*self._others, release][-PREVIEWED:]
        self._arrival.set()
        self._arrival = asyncio.Event()

    def swap(self, release_id: str) -> bool:
        """Make a loaded release the active one; whether it is now, and was not before."""
        release = self.find(release_id)
        if release is None or release is self.active:
            return False
        self.active = release
        self._others = [r for r in self._others if r is not release]
        self._live = [release, *(r for r in self._live if r is not release)][:KEPT]
        return True

    def find(self, release_id: str) -> Release | None:
        """A release that is loaded."""
        return next((r for r in (*self._live, *self._others) if r.id == release_id), None)

    def list_others(self) -> list[tuple[str, str]]:
        """Ids of what is loaded besides the active one, and what each is to it, or nothing."""
        live = [(r.id, "previous" if n == 0 else "") for n, r in enumerate(self._live[1:])]
        return [*live, *((r.id, "") for r in self._others)]

    async def wait_for(self, release_id: str, seconds: float) -> Release | None:
        """A release that is on its way; None when it does not arrive in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (found := self.find(release_id)) is None:
                    await self._arrival.wait()
                return found
        return None

    async def find_asset(self, path: str) -> Asset | None:
        """An asset of any loaded release; waits a little for a release that is on its way."""
        found = self._find_asset(path)
        if found or self._waiting >= ASSET_WAITERS or self._is_known(path):
            return found
        self._waiting += 1
        try:
            async with asyncio.timeout(ASSET_PATIENCE):
                while found is None:
                    await self._arrival.wait()
                    found = self._find_asset(path)
        except TimeoutError:
            return None
        finally:
            self._waiting -= 1
        return found

    def _find_asset(self, path: str) -> Asset | None:
        found = (r.assets.get(path) for r in (*self._live, *self._others))
        return next(filter(None, found), None)

    def _is_known(self, path: str) -> bool:
        """Whether no release that may still arrive could have it."""
        digest = path.removeprefix(ASSETS_URL).partition("/")[0]
        known = {url.split("/")[2] for r in (*self._live, *self._others) for url in r.assets}
        return digest in known or not _DIGEST.fullmatch(digest)


async def load_release(file: ReleaseFile) -> Release:
    """A release from the node's disk. Raises ReleaseError."""
    return await asyncio.to_thread(_load_release, file)


def load_first(files: Iterable[ReleaseFile], templates: str = "") -> list[Release]:
    """What a worker starts with, the active one first; without ``files``, a folder of templates.

    A release that was good when it was kept and can't be read any more is left out. Raises
    ReleaseError or TemplateError when there is nothing else.
    """
    first = []
    for file in files:
        try:
            first.append(_load_release(file))
        except ReleaseError as exc:
            log.error("release_not_loaded", release=file.id, reason=str(exc))
    return first or [build_release(read_theme(find_templates(templates)).files)]


def _load_release(file: ReleaseFile) -> Release:
    try:
        content = (Path(file.folder) / BUNDLE).read_bytes()
    except OSError as exc:
        raise ReleaseError(f"release {file.id} can't be read from disk: {exc.strerror}") from exc
    bundle = read_bundle(content, file.seal)
    return build_release(bundle.files, file.id, read_codes(file))
