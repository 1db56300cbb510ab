"""The steps of a release on its way into a node: fetch and verify, try, swap.

In: an id. Out: nothing, or an error that says whether the release is at fault (`RefusedError`) or
something else, now (any other `SosError`). Which step comes when is decided by `follow`.
"""

import asyncio
import tempfile
import time
from collections.abc import Set
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from sos.errors import BundleError, ReleaseError
from sos.metrics import Metrics
from sos.page.model import PAGE_MODEL_VERSION
from sos.release.bundle import Seal
from sos.release.signature import verify_seal
from sos.rollout.follow import Follow
from sos.rollout.pointer import Pointer
from sos.rollout.ports import FleetRegister
from sos.rollout.releases import Releases
from sos.rollout.shelf import ReleaseFile, Shelf, put_codes
from sos.rollout.trial import TrialRequest, Trials

log = structlog.get_logger()

LOAD_ATTEMPTS = 2
"""Times that workers may fail to load a release before it is the release's fault."""


class RefusedError(ReleaseError):
    """The release itself is at fault; ``again`` as in `follow.Refused`."""

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


class Crew(Protocol):
    """The workers of the node."""

    async def load(self, file: ReleaseFile) -> None:
        """Return once every worker has it loaded. Raises ReleaseError with a worker's reason."""
        ...

    def swap(self, file: ReleaseFile) -> None:
        """Let all of them change to it, at once, and those that start from now on."""
        ...

    def count_renderings(self) -> tuple[int, int, int]:
        """Renderings with the active release, those of them that failed, and hung workers."""
        ...


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a node follows with."""

    pointer: Pointer
    releases: Releases
    shelf: Shelf
    trials: Trials
    register: FleetRegister | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say. ``placeholder`` is the id of the theme that comes with sos;
    ``public`` and ``private`` are the addresses at which others reach this node."""

    node: str
    site: str
    placeholder: str
    snapshot: Path
    spread: float = 0.0
    public_keys: tuple[str, ...] = ()
    public: str = ""
    private: str = ""


class Steps:
    """Does the steps; ``files`` are the releases that lie on disk here."""

    def __init__(self, parts: Parts, terms: Terms, crew: Crew, metrics: Metrics) -> None:
        self.files: dict[str, ReleaseFile] = {}
        self._parts = parts
        self._terms = terms
        self._crew = crew
        self._metrics = metrics
        self._quarantine: dict[str, str] = {}
        self._failed_loads: dict[str, int] = {}
        self._spare: tempfile.TemporaryDirectory[str] | None = None

    async def fetch(self, release: str) -> None:
        """Have the bundle on disk, its size, digest and signature verified."""
        file = await asyncio.to_thread(self._parts.shelf.find, release)
        if file is not None:
            self._verify(file.seal)
        self.files[release] = file or await self._download(release)

    async def attempt(self, release: str, active: str | None) -> None:
        """Have it tried, and its compiled templates on disk."""
        file = self.files[release]
        result = await self._parts.trials.run(
            TrialRequest(
                file=file,
                site=self._terms.site,
                snapshot=self._terms.snapshot,
                previous=self.files.get(active or ""),
            )
        )
        self._metrics.release_trial_seconds.set(result.seconds)
        for warning in result.warnings:
            log.warning("release_trial_warning", release=release, warning=warning)
        if not result.ok:
            reason = "; ".join(result.problems[:5]) or "the trial failed"
            if result.retry:
                raise ReleaseError(reason)
            self.quarantine(release, reason)
            raise RefusedError(reason)
        try:
            await asyncio.to_thread(put_codes, file, result.codes)
        except ReleaseError as exc:  # workers compile it themselves
            log.error("release_not_kept", release=release, reason=str(exc), action="free the disk")

    async def swap(self, release: str, loaded: tuple[str, ...]) -> None:
        """Have every worker serve it; ``loaded`` are those before it, the active one first."""
        file = self.files[release]
        try:
            await self._crew.load(file)
        except ReleaseError as exc:
            self._failed_loads[release] = self._failed_loads.get(release, 0) + 1
            if self._failed_loads[release] < LOAD_ATTEMPTS or release in loaded:
                raise
            raise RefusedError(f"a worker can't load it: {exc}") from exc
        self._failed_loads.clear()
        self._crew.swap(file)
        self._metrics.node_release_swaps.inc()
        log.info("release_activated", release=release, instead_of=next(iter(loaded), None))

    async def keep(self, state: Follow, spare: Set[str]) -> None:
        """Note on disk what is loaded now, for the next start; ``spare`` stays on disk as well."""
        releases = [r for r in state.loaded if r in self.files]
        refused = {r: state.refused[r].reason for r in releases if r in state.refused}
        self.files = {r: f for r, f in self.files.items() if r in spare or r in releases}
        try:
            await asyncio.to_thread(
                self._parts.shelf.keep, releases, time.time(), refused=refused, spare=spare
            )
        except ReleaseError as exc:  # it is live all the same
            log.error("release_not_kept", reason=str(exc))

    async def preview(self, release: str) -> None:
        """Have it loaded beside the live ones."""
        if release not in self.files:
            self.files[release] = await self._download(release)
            try:
                await self.attempt(release, None)
            except BaseException:
                del self.files[release]
                raise
        await self._crew.load(self.files[release])

    def quarantine(self, release: str, reason: str) -> None:
        """Refuse bytes like these from now on, whatever they are called."""
        if file := self.files.get(release):
            self._quarantine[file.seal.sha256] = reason

    def close(self) -> None:
        """Give back what lies outside of the shelf."""
        if self._spare:
            self._spare.cleanup()

    async def _download(self, release: str) -> ReleaseFile:
        releases = self._parts.releases
        try:
            seal = await releases.fetch_seal(release)
            self._verify(seal)
            bundle = await releases.fetch_bundle(seal)
        except BundleError as exc:
            raise RefusedError(str(exc), again=exc.corrupt) from exc
        return await asyncio.to_thread(self._put, seal, bundle)

    def _put(self, seal: Seal, bundle: bytes) -> ReleaseFile:
        """Lay a bundle down where workers find it. Raises ReleaseError."""
        try:
            return self._parts.shelf.put(seal, bundle)
        except ReleaseError as exc:
            # A full disk must not stand between visitors and a release that mends something.
            log.error("release_not_kept", release=seal.id, reason=str(exc), action="free the disk")
            self._spare = self._spare or tempfile.TemporaryDirectory(prefix="sos-releases-")
            return Shelf(Path(self._spare.name)).put(seal, bundle)

    def _verify(self, seal: Seal) -> None:
        """Everything that shows without the bundle. Raises RefusedError or BundleError."""
        if reason := self._quarantine.get(seal.sha256):
            raise RefusedError(f"refused before: {reason}")
        if seal.page_model != PAGE_MODEL_VERSION:
            raise RefusedError(
                f"made for page model {seal.page_model}; this node has {PAGE_MODEL_VERSION}"
            )
        if self._terms.public_keys:
            verify_seal(seal, self._terms.public_keys)
