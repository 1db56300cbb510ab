"""The process that tries a release: one request on standard input in, one answer out, then its end.

It reads the bundle, compiles every template, renders the fixtures and pages of the content snapshot
within the limits of `limits`. It opens no connection and writes no file. What it tells goes through
a descriptor of its own: whatever is printed goes nowhere. Run as
``python -P -m sos.rollout.trial_process``.
"""

import asyncio
import contextlib
import logging
import marshal
import os
import sys
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import msgspec
import structlog

from sos.content.snapshot import Snapshot, SnapshotReader
from sos.content.snapshot_file import read_snapshot
from sos.errors import BundleError, DocumentError, SosError, TemplateError
from sos.metrics import Metrics
from sos.page.dates import build_moment
from sos.produce.documents import DocumentCache
from sos.produce.producer import Producer
from sos.release.assets import build_assets
from sos.release.bundle import parse_seal, read_bundle
from sos.release.check import compile_release
from sos.release.environment import Release, build_release
from sos.release.fixtures import build_fixtures
from sos.release.sandbox import Sandbox
from sos.rollout.findings import Problem, build_error_problem
from sos.rollout.limits import apply_limits, install_watch, release_memory, retire, watch_slow
from sos.rollout.probe import Probe, probe_fixtures, probe_live
from sos.rollout.trial_wire import (
    ANSWER,
    CODES,
    HEAD,
    MAX_CODES,
    MAX_REQUEST,
    READY,
    STEP,
    Job,
    Sealed,
    Verdict,
)

MAX_PROBLEMS = 100


class Voice:
    """The way out: frames to whoever started this process."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def send(self, kind: bytes, content: bytes = b"") -> None:
        """Send a frame at once. Ends the process when nobody listens any more."""
        try:
            self._out.write(HEAD.pack(kind, len(content)) + content)
            self._out.flush()
        except OSError:
            os._exit(0)

    def step(self, name: str) -> None:
        """Say what is done now, in case that it is the last thing that is done."""
        self.send(STEP, name.encode("utf-8", "replace")[:500])


def try_release(job: Job, voice: Voice) -> Verdict:
    """Try what the job names, and send its compiled templates. Raises SosError, OSError."""
    voice.step("reading the bundle")
    files = _read_files(job.bundle)
    voice.step("compiling")
    environment = Sandbox(files, build_assets(files))
    errors = compile_release(environment, files)
    if errors:
        return _refuse(*(build_error_problem(error, "") for error in errors))
    # Before any template runs: what a worker executes later is what was compiled here.
    codes = marshal.dumps(environment.codes)
    if len(codes) > MAX_CODES:
        return _refuse(f"compiled, it takes {len(codes):,} bytes, more than {MAX_CODES:,}")
    voice.step("the page for 503")
    try:
        with watch_slow():
            release = build_release(files, job.bundle.release, environment.codes)
    except TemplateError as exc:
        return _refuse(build_error_problem(exc, "the page for 503"))
    made_up = probe_fixtures(release, watch_slow, voice.step)
    if made_up.problems:
        return _build_verdict(made_up, Probe(), ())
    live, words = _try_live(job, release, voice)
    voice.send(CODES, codes)
    return _build_verdict(made_up, live, words)


def _read_files(sealed: Sealed) -> dict[str, bytes]:
    seal = parse_seal(sealed.seal, sealed.release)
    return read_bundle(Path(sealed.path).read_bytes(), seal).files


def _try_live(job: Job, release: Release, voice: Voice) -> tuple[Probe, tuple[str, ...]]:
    if job.snapshot is None:
        return Probe(), ("no live pages were tried: there is no content snapshot",)
    try:
        snapshot = read_snapshot(Path(job.snapshot), urlsplit(job.site).hostname or "")
    except DocumentError as exc:
        return Probe(), (f"no live pages were tried: the content snapshot: {exc}",)
    producer = _build_producer(job, snapshot, release)
    probe = _run_inline(_probe_live(job, producer, snapshot, voice))
    words = (f"{probe.unreached} live pages were not tried",) if probe.unreached else ()
    return probe, words


async def _probe_live(job: Job, producer: Producer, snapshot: Snapshot, voice: Voice) -> Probe:
    def previous() -> Producer | None:
        try:
            return _build_producer(job, snapshot, _read_previous(job)) if job.previous else None
        except (SosError, OSError):
            return None  # nothing to excuse the new one with

    return await probe_live(
        producer,
        snapshot.paths,
        seconds=job.limits.live_seconds,
        previous=previous,
        guard=watch_slow,
        on_page=voice.step,
    )


def _read_previous(job: Job) -> Release:
    assert job.previous is not None  # noqa: S101 - asked by the only caller
    return build_release(_read_files(job.previous), job.previous.release)


def _build_producer(job: Job, snapshot: Snapshot, release: Release) -> Producer:
    metrics = Metrics()
    documents = DocumentCache(metrics, None)
    return Producer(job.site, SnapshotReader(snapshot), release, documents, metrics)


def _build_verdict(made_up: Probe, live: Probe, words: tuple[str, ...]) -> Verdict:
    unreached = f"{made_up.unreached} fixtures were not tried" if made_up.unreached else ""
    warnings = (*made_up.warnings, *live.warnings)
    verdict = _refuse(*made_up.problems, *live.problems)
    return msgspec.structs.replace(
        verdict,
        warnings=(*filter(None, [unreached]), *words, *map(str, warnings))[:MAX_PROBLEMS],
        pages=made_up.pages + live.pages,
    )


def _refuse(*problems: Problem | str, retry: bool = False) -> Verdict:
    """The verdict for these problems, what cost too much first; none is a verdict too."""
    first = sorted(problems, key=lambda p: not (isinstance(p, Problem) and p.costly))
    return Verdict(problems=tuple(map(str, first[:MAX_PROBLEMS])), retry=retry)


# ---------------------------------------------------------------- the process


class _Inline(ThreadPoolExecutor):
    """Runs what is meant for a thread where it is: a trial has one thread, and one stack."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as exc:  # noqa: BLE001 - as threads of a pool do
            future.set_exception(exc)
        return future


def _run_inline(work: Coroutine[Any, Any, Probe]) -> Probe:
    # Not asyncio.Runner: to shut its executor down it starts a thread, which our limits forbid.
    loop = asyncio.new_event_loop()
    try:
        loop.set_default_executor(_Inline(1))
        return loop.run_until_complete(work)
    finally:
        loop.close()


def _answer(job: Job, voice: Voice) -> Verdict:
    try:
        return try_release(job, voice)
    except BundleError as exc:
        return _refuse(str(exc), retry=exc.corrupt)
    except MemoryError:
        release_memory()
        return _refuse("needs more memory than a trial may take")
    except OSError as exc:
        return _refuse(f"can't be tried: {exc}", retry=True)
    except Exception as exc:  # noqa: BLE001 - a release that nobody can judge is not shown
        return _refuse(str(build_error_problem(exc, "the trial itself")))


def _prepare() -> None:
    """Do once what every trial needs, so that it is done when there is one; most of all import what
    is imported when it is first used: under limits that might fail, for no fault of the release."""
    page = build_fixtures()["front page full"]
    release = build_release({"index.html": b"{% if page %}{{ 'text' ~ page.title }}{% endif %}"})
    release.render(page)
    build_moment(0, UTC, page.site.language, "F j, Y", "g:i a")
    install_watch()


def _take_line() -> tuple[BinaryIO, BinaryIO]:
    """Return the ways in and out of this process; what uses the standard ones from now on reads
    nothing and is not heard."""
    ways = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable()
    return ways


def _fetch_memory() -> int:
    """The most that this process had resident, bytes. What getrusage(2) says begins at what the
    parent had."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) * 1024
    return 0


def main() -> None:
    """Entry point of the process. It waits for its request for as long as its parent lives."""
    retire()
    requests, out = _take_line()
    voice = Voice(out)
    _prepare()
    voice.send(READY)
    line = requests.readline(MAX_REQUEST)
    if line:
        job = msgspec.json.decode(line, type=Job)
        started = time.process_time()
        apply_limits(job.limits)
        verdict = _answer(job, voice)
        release_memory()
        verdict = msgspec.structs.replace(
            verdict,
            cpu_seconds=time.process_time() - started,
            memory=_fetch_memory(),
        )
        voice.send(ANSWER, msgspec.json.encode(verdict))
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    # What a template made may take long to tear down, and nobody waits for that.
    os._exit(0)


if __name__ == "__main__":
    main()
