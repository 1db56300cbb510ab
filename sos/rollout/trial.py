"""Trials of releases, each in a process of its own: a bundle on disk in, a judgement out.

Whatever a template does, it ends with that process: the supervisor only waits, reads a bounded
answer, and kills by handle what takes too long. What is tried, and how, is in `trial_process`.
"""

import asyncio
import signal
from pathlib import Path

import msgspec
import structlog

from sos.release.bundle import encode_seal
from sos.rollout.shelf import BUNDLE, ReleaseFile
from sos.rollout.tester import DiedError, Tester
from sos.rollout.trial_wire import Job, Limits, Sealed

log = structlog.get_logger()

WALL_SECONDS = 15.0
REST_SECONDS = 2.0
"""Time between the end of a trial and the start of the next process: workers swap meanwhile."""


class TrialRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A release to try. ``site`` is the public base URL, ``snapshot`` the file of a content
    snapshot, which may be missing, ``previous`` the last good release."""

    file: ReleaseFile
    site: str
    snapshot: Path | None = None
    previous: ReleaseFile | None = None


class TrialResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. ``problems`` are reasons for a refusal, worst first, ``warnings`` are none.

    ``retry`` says that the machine may be at fault. ``codes`` are the compiled templates by name,
    marshalled by this version of Python; ``seconds`` is wall-clock time, ``cpu_seconds`` and
    ``memory`` (resident, bytes) what the process took.
    """

    ok: bool
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    retry: bool = False
    codes: bytes = b""
    pages: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory: int = 0


class Trials:
    """Runs trials. Between them one process waits, with everything imported."""

    def __init__(self, limits: Limits = Limits(), wall_seconds: float = WALL_SECONDS) -> None:  # noqa: B008 - frozen
        self._limits = limits
        self._wall = wall_seconds
        self._waiting: Tester | None = None
        self._starting: asyncio.Task[None] | None = None
        self._keeps_one = False
        self._closed = False

    async def prepare(self) -> None:
        """Have a process wait for the next trial, from now on always. Raises nothing."""
        self._keeps_one = True
        await self._start_one()

    async def run(self, request: TrialRequest) -> TrialResult:
        """Try a release; never raises for anything that the release or its process does."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        tester = await self._take_living()
        try:
            try:
                async with asyncio.timeout(self._wall):
                    if tester is None:
                        tester = await Tester.start()
                    result = await self._ask(tester, request)
            except TimeoutError:
                result = self._explain_timeout(tester)
            except OSError as exc:
                result = _fail(f"no process can be started for the trial: {exc}", retry=True)
        finally:
            if tester is not None:
                await tester.end()
            self._start_soon()
        return msgspec.structs.replace(result, seconds=loop.time() - started)

    async def aclose(self) -> None:
        """End the process that waits. Trials under way are ended by cancelling them."""
        self._closed = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        tester = self._take()
        if tester is not None:
            await tester.end()

    def _take(self) -> Tester | None:
        tester, self._waiting = self._waiting, None
        return tester

    async def _take_living(self) -> Tester | None:
        tester = self._take()
        if tester is not None and not tester.is_alive:
            log.warning("trial_process_lost", how=_describe_end(await tester.end()))
            return None
        return tester

    def _start_soon(self) -> None:
        if not self._keeps_one or self._closed or (self._starting and not self._starting.done()):
            return

        async def rest() -> None:
            await asyncio.sleep(REST_SECONDS)
            await self._start_one()

        self._starting = asyncio.get_running_loop().create_task(rest())

    async def _start_one(self) -> None:
        if self._waiting is not None and self._waiting.is_alive:
            return
        old, self._waiting = self._waiting, None
        if old is not None:
            await old.end()
        tester: Tester | None = None
        try:
            tester = await Tester.start()
            async with asyncio.timeout(self._wall):
                await tester.wait_ready()
        except (OSError, TimeoutError, DiedError) as exc:
            # The next trial starts its own, and says so if it can't.
            log.warning("trial_process_not_started", error=str(exc))
        else:
            if not self._closed and self._waiting is None:
                self._waiting, tester = tester, None
        finally:
            if tester is not None:
                await tester.end()

    async def _ask(self, tester: Tester, request: TrialRequest) -> TrialResult:
        job = Job(
            bundle=_sealed(request.file),
            site=request.site,
            snapshot=str(request.snapshot) if request.snapshot else None,
            previous=_sealed(request.previous) if request.previous else None,
            limits=self._limits,
        )
        try:
            await tester.wait_ready()
            verdict, codes = await tester.ask(job)
        except DiedError as exc:
            if str(exc):
                return _fail(str(exc))
            return self._explain_death(tester, await tester.wait_end())
        return TrialResult(
            ok=not verdict.problems,
            problems=verdict.problems,
            warnings=verdict.warnings,
            retry=verdict.retry,
            codes=b"" if verdict.problems else codes,
            pages=verdict.pages,
            cpu_seconds=verdict.cpu_seconds,
            memory=verdict.memory,
        )

    def _explain_death(self, tester: Tester, code: int) -> TrialResult:
        at = f" [{tester.step}]" if tester.step else ""
        if not tester.step:
            return _fail(f"the trial did not begin: its process {_describe_end(code)}", retry=True)
        if code == -signal.SIGXCPU:
            return _fail(f"takes too much processor time, and can't be stopped{at}")
        if code == -signal.SIGKILL:  # none of our limits does that: the kernel, short of memory
            return _fail(f"the trial was killed from outside{at}", retry=True)
        if code in (-signal.SIGABRT, -signal.SIGBUS):
            # So end libraries that can't get the memory they need.
            megabytes = self._limits.memory // (1024 * 1024)
            return _fail(f"needs more memory than {megabytes} MB: {_describe_end(code)}{at}")
        return _fail(f"the trial ended without an answer: its process {_describe_end(code)}{at}")

    def _explain_timeout(self, tester: Tester | None) -> TrialResult:
        """A release that is slow spends processor time; one that waits for it is not at fault."""
        spent = tester.fetch_cpu_seconds() if tester else 0.0
        at = f" [{tester.step}]" if tester and tester.step else ""
        message = f"took {self._wall:g} s, {spent:.1f} s of them of processor time{at}"
        return _fail(message, retry=spent < self._limits.cpu_seconds / 2)


def _sealed(file: ReleaseFile) -> Sealed:
    path = Path(file.folder) / BUNDLE
    return Sealed(release=file.seal.id, path=str(path), seal=encode_seal(file.seal))


def _fail(problem: str, *, retry: bool = False) -> TrialResult:
    return TrialResult(ok=False, problems=(problem,), retry=retry)


def _describe_end(code: int) -> str:
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
