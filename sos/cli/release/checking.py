"""Everything that can be wrong with a release, asked of it here instead of on the nodes.

In: a release, wherever it is. Out: a `Judgement` with every problem by file and line. It is tried
as a node tries it, in a process with limits; whatever its templates do, they do it there.
"""

import asyncio
import re
import tempfile
from pathlib import Path

import msgspec

from sos.cli.parts import open_pointer, open_releases
from sos.cli.release.live import LiveContent, open_live_content
from sos.cli.release.sources import Folder, Packed, Source, pack
from sos.errors import BundleError, SosError
from sos.page.model import PAGE_MODEL_VERSION
from sos.release.check import check_release
from sos.rollout.shelf import ReleaseFile, Shelf
from sos.rollout.trial import TrialRequest, TrialResult, Trials
from sos.settings import Settings

PATIENCE = 3.0
"""How long the live release is waited for, which only excuses what it does not do either."""

_PLACED = re.compile(
    r"(?P<file>[^\s:\[\]]+):(?P<line>\d+): (?P<message>.*?)(?: \[(?P<page>[^\[\]]*)\])?", re.DOTALL
)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One problem. ``line`` is 1-based, 0 where unknown; ``page`` is where it showed."""

    message: str
    file: str = ""
    line: int = 0
    page: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file and self.line else ""
        place = place or (f"{self.file}: " if self.file else "")
        return f"{place}{self.message}" + (f" [{self.page}]" if self.page else "")


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a check came to. ``pages`` were rendered; ``content`` says what the live ones were."""

    release: str
    place: str
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    templates: int = 0
    pages: int = 0
    content: str = "none"
    seconds: float = 0.0


async def judge_source(source: Source, settings: Settings, *, live: bool = True) -> Judgement:
    """Check a release. Raises SettingsError for a public key that is none."""
    judgement = await _judge(source, settings, live=live)
    theme = source.theme if isinstance(source, Folder) else None
    if theme is None or theme.base is None:
        return judgement
    located = []
    for problem in judgement.problems:
        file, line = theme.locate(problem.file, problem.line) if problem.file else ("", 0)
        located.append(msgspec.structs.replace(problem, file=file, line=line))
    return msgspec.structs.replace(judgement, problems=tuple(located))


async def _judge(source: Source, settings: Settings, *, live: bool) -> Judgement:
    judgement = Judgement(
        release=source.seal.id if isinstance(source, Packed) else "",
        place=source.place,
        templates=sum(name.endswith((".html", ".xml")) for name in source.files),
    )
    problems = [
        Problem(message=_strip(str(e), e.template, e.line), file=e.template, line=e.line)
        for e in check_release(source.files)
    ]
    packed, more = _pack(source, settings)
    problems += [Problem(message=text) for text in more]
    if problems or packed is None:
        return msgspec.structs.replace(judgement, problems=tuple(problems))
    if not live:
        result = await _try(packed, settings, None, None)
        return _add(judgement, result, LiveContent("none"))
    async with open_live_content(settings) as content:
        previous = await _fetch_live_release(settings, packed.seal.id)
        result = await _try(packed, settings, content.file, previous)
        return _add(judgement, result, content)


def _strip(message: str, file: str, line: int) -> str:
    return message.removeprefix(f"{file}:{line}: ")


def _pack(source: Source, settings: Settings) -> tuple[Packed | None, tuple[str, ...]]:
    """The release as nodes would get it, and what they would refuse before they open it."""
    if isinstance(source, Folder):
        try:
            return pack(source), ()
        except BundleError as exc:
            return None, (str(exc),)
    problems = []
    if source.seal.page_model != PAGE_MODEL_VERSION:
        problems.append(f"made for page model {source.seal.page_model}, not {PAGE_MODEL_VERSION}")
    if settings.release_public_key:
        from sos.release.signature import verify_seal

        try:
            verify_seal(source.seal, settings.release_public_key)
        except BundleError as exc:
            problems.append(str(exc))
    return source, tuple(problems)


async def _try(
    packed: Packed, settings: Settings, snapshot: Path | None, previous: Packed | None
) -> TrialResult:
    trials = Trials()
    with tempfile.TemporaryDirectory(prefix="sos-") as folder:
        shelf = Shelf(Path(folder))
        try:
            return await trials.run(
                TrialRequest(
                    file=await _lay_down(shelf, packed),
                    site=settings.site,
                    snapshot=snapshot,
                    previous=await _lay_down(shelf, previous) if previous else None,
                )
            )
        finally:
            await trials.aclose()


async def _lay_down(shelf: Shelf, packed: Packed) -> ReleaseFile:
    return await asyncio.to_thread(shelf.put, packed.seal, packed.bundle)


async def _fetch_live_release(settings: Settings, but: str) -> Packed | None:
    """What is live now; None where that can't be had, or is this release itself."""
    from sos.cli.release.sources import unpack

    try:
        async with asyncio.timeout(PATIENCE), open_pointer(settings) as pointer:
            name = (await pointer.fetch()).release
            if name is None or name == but:
                return None
            async with open_releases(settings) as releases:
                seal = await releases.fetch_seal(name)
                return unpack(await releases.fetch_bundle(seal), seal, settings.bucket)
    except (SosError, TimeoutError):
        return None


def _add(judgement: Judgement, result: TrialResult, content: LiveContent) -> Judgement:
    warnings = list(result.warnings)
    if content.trouble:  # which says more than the trial, which had no snapshot
        warnings = [w for w in warnings if not w.startswith("no live pages were tried")]
        warnings.append(f"live content is from {content.words}: {content.trouble}")
    return msgspec.structs.replace(
        judgement,
        problems=(*judgement.problems, *map(_parse_problem, result.problems)),
        warnings=tuple(warnings),
        pages=result.pages,
        content=content.words,
        seconds=round(result.seconds, 3),
    )


def _parse_problem(text: str) -> Problem:
    """A line of a trial, taken apart where it names a place."""
    match = _PLACED.fullmatch(text)
    if match is None:
        return Problem(message=text)
    return Problem(
        message=match["message"],
        file=match["file"],
        line=int(match["line"]),
        page=match["page"] or "",
    )
