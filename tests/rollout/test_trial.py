"""No release that is broken passes its trial, and whatever it does, it ends with its process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import marshal
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
import pytest_asyncio
import uvloop
from sos.release import bundle
from sos.release.environment import build_release
from sos.release.fixtures import build_fixtures
from sos.rollout import tester, trial
from sos.rollout.shelf import BUNDLE
from sos.rollout.trial import TrialRequest, TrialResult, Trials
from sos.rollout.trial_wire import HEAD, Limits

from tests.page.documents import post
from tests.release.theme import theme, theme_files
from tests.rollout.broken_releases import (
    BROKEN,
    HARMLESS,
    LIVE_SLUG,
    Change,
    append,
    fails_on_post,
    in_every_page,
)
from tests.rollout.trying import SITE, lay_down, small_site, write_small_snapshot

ENDLESS = BROKEN["endless_loop_out_of_reach"]
"""Runs until the kernel ends its process."""

MODULE = "sos.rollout.trial_process"

BOUND = 0.05
"""Longest time that a step of a trial may keep the event loop at work, seconds."""

ATTEMPTS = 5
"""Of measuring work beside others' work, before it is believed."""


def find_children() -> list[psutil.Process]:
    """The processes below this one that still run."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    return found


def find_processes() -> list[psutil.Process]:
    """Those of them that are trials."""
    found = []
    for child in find_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if MODULE in child.cmdline():
                found.append(child)
    return found


async def wait_for_process() -> psutil.Process:
    """The one process of a trial, as soon as it runs."""
    deadline = time.monotonic() + 10
    while not (found := find_processes()):
        assert time.monotonic() < deadline, "no process was started"
        await asyncio.sleep(0.01)
    return found[0]


async def wait_until_busy(process: psutil.Process, seconds: float = 0.5) -> None:
    """Wait until a process is at its trial, and has taken so much processor time for it."""
    deadline = time.monotonic() + 60
    began = float("inf")
    while sum(process.cpu_times()[:2]) - began < seconds:
        if began == float("inf") and read_limits(process)["Max open files"] == ["32", "32"]:
            began = sum(process.cpu_times()[:2])
        assert time.monotonic() < deadline, "the process has nothing to do"
        await asyncio.sleep(0.02)


def read_limits(process: psutil.Process) -> dict[str, list[str]]:
    """The kernel's limits of a process, soft and hard."""
    rows = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
    return {row[:26].strip(): row[26:].split()[:2] for row in rows}


@pytest.fixture(autouse=True)
def _nothing_outlives_the_test() -> Iterator[None]:
    before = find_children()
    yield
    assert [c for c in find_children() if c not in before] == []


PATIENT = 120.0
"""Wall-clock limit for what is not about it: these tests share their machine, and trials give way."""


@pytest_asyncio.fixture
async def trials() -> AsyncIterator[Trials]:
    """Trials with the limits that nodes have, on a machine that may be busy."""
    made = Trials(wall_seconds=PATIENT)
    yield made
    await made.aclose()


def request_for(folder: Path, change: Change = dict, **fields: object) -> TrialRequest:
    """A request to try the theme of sos, changed."""
    file = lay_down(folder, change(dict(theme_files())))
    return TrialRequest(file=file, site=SITE, **fields)  # type: ignore[arg-type]


def show(name: str, result: TrialResult) -> None:
    """Print what a trial took."""
    figures = (
        f"{result.seconds:5.2f} s, {result.cpu_seconds:5.2f} s CPU, {result.memory / 1e6:4.0f} MB"
    )
    verdict = "passes" if result.ok else f"refused: {result.problems[0]}"
    print(f"{name:28} {figures}  {verdict}")


# ---------------------------------------------------------------- judgements


@pytest.mark.parametrize("name", [n for n in BROKEN if n != "fails_on_one_live_page"])
async def test_broken_release_is_refused(name: str, tmp_path: Path) -> None:
    """Within bounded time and memory, with a reason, and for good: another trial would not help."""
    trials = Trials(Limits(cpu_seconds=6.0), wall_seconds=PATIENT)
    result = await trials.run(request_for(tmp_path, BROKEN[name]))
    show(name, result)
    assert not result.ok
    assert not result.retry
    assert result.problems
    assert all(p.isprintable() and len(p) < 600 for p in result.problems)
    assert result.codes == b""
    assert result.seconds < PATIENT
    assert result.cpu_seconds < 6.0
    assert result.memory <= Limits().memory


def test_catalogue_of_broken_releases_is_worth_its_name() -> None:
    """At least 22 ways, and each changes something."""
    assert len(BROKEN) >= 22
    for name, change in BROKEN.items():
        assert change(dict(theme_files())) != theme_files(), name


@pytest.mark.parametrize("name", HARMLESS)
async def test_harmless_change_passes(name: str, trials: Trials, tmp_path: Path) -> None:
    """A trial that refuses what is good would be switched off."""
    result = await trials.run(request_for(tmp_path, HARMLESS[name]))
    show(name, result)
    assert result.problems == ()
    assert result.ok
    assert result.warnings == ("no live pages were tried: there is no content snapshot",)


async def test_theme_of_sos_passes_and_brings_its_compiled_templates(
    trials: Trials, tmp_path: Path
) -> None:
    """They make the release that was tried, without compiling it again."""
    request = request_for(tmp_path)
    cold = await trials.run(request)
    show("theme, process started", cold)
    await trials.prepare()
    warm = await trials.run(request)
    show("theme, process waiting", warm)
    assert warm.ok
    assert warm.pages == cold.pages == len(build_fixtures())
    assert warm.memory < 100e6
    assert cold.codes == warm.codes
    release = build_release(theme_files(), codes=marshal.loads(warm.codes))
    for page in build_fixtures().values():
        assert release.render(page) == theme().render(page)


async def test_reasons_name_file_line_and_page(trials: Trials, tmp_path: Path) -> None:
    """All of them, so that one trial is enough to mend a release."""
    change = append("parts/neighbours.html", "{{ page.post.next.url }}")
    files = append("parts/recent.html", "{{ page.post.card }}")(change(dict(theme_files())))
    result = await trials.run(TrialRequest(file=lay_down(tmp_path, files), site=SITE))
    assert result.problems == (
        "parts/neighbours.html:14: UndefinedError: 'None' has no attribute 'url' "
        "[single bare and 2 more]",
        "parts/recent.html:13: UndefinedError: 'None' has no attribute 'card' "
        "[404 full and 8 more]",
    )


# ---------------------------------------------------------------- live pages


async def test_release_that_fails_on_one_live_page_is_refused(
    trials: Trials, tmp_path: Path
) -> None:
    """It passes all fixtures; the snapshot of what is live tells."""
    snapshot = tmp_path / "snapshot.bin"
    paths = await write_small_snapshot(snapshot, small_site())
    assert f"/{LIVE_SLUG}/" in paths
    broken = BROKEN["fails_on_one_live_page"]
    result = await trials.run(request_for(tmp_path, broken, snapshot=snapshot))
    show("fails_on_one_live_page", result)
    assert not result.ok
    assert not result.retry
    (problem,) = result.problems
    assert problem.startswith("layouts/base.html:17: ")
    assert problem.endswith(f"[/{LIVE_SLUG}/]")
    good = await trials.run(request_for(tmp_path, snapshot=snapshot))
    assert (good.ok, good.warnings) == (True, ())
    assert good.pages == len(build_fixtures()) + 2 + len(paths)


async def test_broken_content_is_no_reason_to_refuse(trials: Trials, tmp_path: Path) -> None:
    """What the release before can't show either is a warning; what it could is not."""
    snapshot = tmp_path / "snapshot.bin"
    await write_small_snapshot(snapshot, small_site())
    before = lay_down(tmp_path / "before", fails_on_post(LIVE_SLUG)(dict(theme_files())))
    change = fails_on_post(LIVE_SLUG)
    request = request_for(tmp_path, change, snapshot=snapshot, previous=before)
    excused = await trials.run(request)
    assert excused.ok
    assert [w.endswith(f"[/{LIVE_SLUG}/]") for w in excused.warnings] == [True]
    good = lay_down(tmp_path / "good", dict(theme_files()))
    assert not (await trials.run(msgspec.structs.replace(request, previous=good))).ok


async def test_previous_release_that_is_lost_excuses_nothing(
    trials: Trials, tmp_path: Path
) -> None:
    """Without it nobody knows whose fault a page is, and the release is refused."""
    snapshot = tmp_path / "snapshot.bin"
    await write_small_snapshot(snapshot, small_site())
    before = lay_down(tmp_path / "before", fails_on_post(LIVE_SLUG)(dict(theme_files())))
    (Path(before.folder) / BUNDLE).write_bytes(b"")
    change = fails_on_post(LIVE_SLUG)
    result = await trials.run(request_for(tmp_path, change, snapshot=snapshot, previous=before))
    assert not result.ok


@pytest.mark.parametrize("content", [None, b"", b"sos-snapshot\n" + b"x" * 99])
async def test_snapshot_that_can_not_be_read_is_a_warning(
    content: bytes | None, trials: Trials, tmp_path: Path
) -> None:
    """The very first start has none, and a disk may tear one: neither is the release's fault."""
    snapshot = tmp_path / "snapshot.bin"
    if content is not None:
        snapshot.write_bytes(content)
    result = await trials.run(request_for(tmp_path, snapshot=snapshot))
    assert result.ok
    (warning,) = result.warnings
    assert warning.startswith("no live pages were tried: the content snapshot: ")


async def test_live_pages_that_there_was_no_time_for_are_counted(tmp_path: Path) -> None:
    """Processor time is bounded, and what it was not enough for is told."""
    snapshot = tmp_path / "snapshot.bin"
    store = small_site(*(post(n) for n in range(100, 130)))
    paths = await write_small_snapshot(snapshot, store)
    trials = Trials(Limits(live_seconds=0.001), wall_seconds=PATIENT)
    result = await trials.run(request_for(tmp_path, snapshot=snapshot))
    assert result.ok
    (warning,) = result.warnings
    left = int(warning.removesuffix(" live pages were not tried"))
    assert len(paths) - 10 < left < len(paths) + 2


# ---------------------------------------------------------------- whose fault it is


async def test_torn_bundle_may_be_tried_again(trials: Trials, tmp_path: Path) -> None:
    """It is not what was sealed: another transfer may bring that."""
    request = request_for(tmp_path)
    file = Path(request.file.folder) / BUNDLE
    file.write_bytes(file.read_bytes()[:-1])
    result = await trials.run(request)
    assert (result.ok, result.retry) == (False, True)
    file.unlink()
    result = await trials.run(request)
    assert (result.ok, result.retry) == (False, True)
    assert "can't be tried: [Errno 2]" in result.problems[0]


async def test_bundle_for_another_page_model_is_refused(
    trials: Trials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its templates are like."""
    monkeypatch.setattr(bundle, "PAGE_MODEL_VERSION", 9)
    result = await trials.run(request_for(tmp_path))
    assert (result.ok, result.retry) == (False, False)
    assert "version 9 of the page model" in result.problems[0]


async def test_process_that_is_killed_from_outside_may_be_tried_again(
    trials: Trials, tmp_path: Path
) -> None:
    """So ends what the kernel takes when the machine is short of memory."""
    run = asyncio.create_task(trials.run(request_for(tmp_path, ENDLESS)))
    process = await wait_for_process()
    await wait_until_busy(process)
    process.kill()
    result = await run
    assert (result.ok, result.retry) == (False, True)
    assert result.problems == ("the trial was killed from outside [front of posts full]",)


async def test_process_that_can_not_start_may_be_tried_again(
    trials: Trials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process, or one that ends before it has begun, says nothing of the release."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    result = await trials.run(request_for(tmp_path))
    assert (result.ok, result.retry) == (False, True)
    assert "no process can be started" in result.problems[0]
    monkeypatch.setattr(sys, "executable", "/bin/false")
    result = await trials.run(request_for(tmp_path))
    assert (result.ok, result.retry) == (False, True)
    assert result.problems == ("the trial did not begin: its process exited with code 1",)
    await trials.prepare()  # says so in the log, and raises nothing


async def test_trial_that_gets_no_processor_may_be_tried_again(tmp_path: Path) -> None:
    """A machine that is too busy is not the release's fault; the process is ended all the same."""
    trials = Trials(wall_seconds=2.0)
    run = asyncio.create_task(trials.run(request_for(tmp_path)))
    process = await wait_for_process()
    process.suspend()
    result = await run
    show("stopped", result)
    assert (result.ok, result.retry) == (False, True)
    assert result.problems[0].startswith("took 2 s, ")
    assert not process.is_running()
    assert result.seconds < 4


async def test_trial_that_takes_processor_time_for_too_long_is_refused(tmp_path: Path) -> None:
    """It had its chance."""
    trials = Trials(Limits(cpu_seconds=1.0), wall_seconds=PATIENT)
    slow = in_every_page(
        "{% for a in range(300) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"
    )
    result = await trials.run(request_for(tmp_path, slow))
    show("slow everywhere", result)
    assert (result.ok, result.retry) == (False, False)
    assert result.problems[0].startswith("takes too much processor time, and can't be stopped [")


async def test_wall_clock_that_was_used_is_the_fault_of_the_release() -> None:
    """Half of the processor time that it may take is gone, and there is no end to it; with less
    than that, the machine was busy elsewhere."""
    living = await tester.Tester.start()
    await living.wait_ready()
    living.step = "a page"
    for cpu_seconds, retry in ((0.01, False), (10.0, True)):
        explained = Trials(Limits(cpu_seconds=cpu_seconds))._explain_timeout(living)
        assert (explained.ok, explained.retry) == (False, retry)
        assert explained.problems[0].endswith(" s of them of processor time [a page]")
    assert Trials()._explain_timeout(None).retry
    await living.end()


# ---------------------------------------------------------------- the process


async def test_process_is_held_to_its_limits(trials: Trials, tmp_path: Path) -> None:
    """No file grows, few are open, nothing dumps core, memory and processor time are bounded."""
    run = asyncio.create_task(trials.run(request_for(tmp_path, ENDLESS)))
    process = await wait_for_process()
    await wait_until_busy(process)
    limits = read_limits(process)
    assert limits["Max address space"][0] == str(Limits().memory)
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max open files"] == ["32", "32"]
    assert limits["Max processes"] == ["0", "0"]
    assert int(limits["Max cpu time"][0]) <= int(limits["Max cpu time"][1]) <= 15
    assert process.num_threads() == 1
    assert process.nice() > psutil.Process().nice()
    assert os.getsid(process.pid) == process.pid
    assert Path(f"/proc/{process.pid}/oom_score_adj").read_text().strip() == "1000"
    files = {str(Path(f"/proc/{process.pid}/fd/{n}").readlink()) for n in (0, 1)}
    assert files == {os.devnull}
    run.cancel()
    await asyncio.wait({run})
    assert not process.is_running()


# As a node that is not root starts it, for tests that are.
AS_NOBODY = """
import os
from sos.rollout import trial_process
trial_process._prepare()  # the interpreter itself may lie where only root can read
trial_process._prepare = trial_process.install_watch
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
trial_process.main()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test is this one: not root")
async def test_node_need_not_be_root(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    """For anybody else the kernel starts no process and no thread any more, and none is needed."""
    monkeypatch.setattr(tester, "COMMAND", ("-c", AS_NOBODY))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await write_small_snapshot(folder / "snapshot.bin", small_site())
        for change, ok in ((dict, True), (BROKEN["fails_on_one_live_page"], False)):
            request = request_for(folder, change, snapshot=folder / "snapshot.bin")
            for path in (folder, *folder.rglob("*")):
                path.chmod(0o755)
            result = await trials.run(request)
            assert (result.ok, result.retry, result.warnings) == (ok, False, ())
            assert all(LIVE_SLUG in p for p in result.problems)


async def test_process_knows_no_secret_of_the_node(
    trials: Trials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passwords of stores are in the environment of a node; templates are none of its people."""
    monkeypatch.setenv("SOS_REDIS_URL", "redis://:a-password@store.example/")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-key")
    await trials.prepare()
    process = await wait_for_process()
    environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"a-password" not in environment
    assert b"a-secret-key" not in environment


async def test_waiting_process_is_the_one_that_is_asked(
    trials: Trials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial costs no start of an interpreter; afterwards another one waits."""
    monkeypatch.setattr(trial, "REST_SECONDS", 0.0)
    await trials.prepare()
    await trials.prepare()
    first = await wait_for_process()
    assert len(find_processes()) == 1
    for signalled in (signal.SIGTERM, signal.SIGINT):  # as a whole group of processes gets them
        first.send_signal(signalled)
    result = await trials.run(request_for(tmp_path))
    assert result.ok
    assert not first.is_running()
    assert (await wait_for_process()).pid != first.pid


async def test_waiting_process_that_was_killed_is_replaced(trials: Trials, tmp_path: Path) -> None:
    """It is the first that the kernel takes when memory is short; the next trial goes on."""
    await trials.prepare()
    process = await wait_for_process()
    process.kill()
    deadline = time.monotonic() + 5
    while trials._waiting is not None and trials._waiting.is_alive:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert (await trials.run(request_for(tmp_path))).ok


async def test_cancelled_trial_leaves_no_process(trials: Trials, tmp_path: Path) -> None:
    """A newer pointer cancels what is under way, at whatever step it is."""
    request = request_for(tmp_path, ENDLESS)
    for is_busy in (False, True):
        run = asyncio.create_task(trials.run(request))
        process = await wait_for_process()
        if is_busy:
            await wait_until_busy(process)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert not process.is_running()
    for steps in range(12):  # also while it is being started
        run = asyncio.create_task(trials.run(request))
        for _ in range(steps):
            await asyncio.sleep(0)
        run.cancel()
        await asyncio.wait({run})
    deadline = time.monotonic() + 5
    while find_processes():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_end_of_all_trials_leaves_no_process(tmp_path: Path) -> None:
    """Whether it waits or is on its way."""
    for steps in (0, 5, 50):
        trials = Trials()
        preparing = asyncio.create_task(trials.prepare())
        for _ in range(steps):
            await asyncio.sleep(0)
        await trials.aclose()
        await preparing
    trials = Trials()
    await trials.prepare()
    assert len(find_processes()) == 1
    await trials.aclose()
    assert find_processes() == []


SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from sos.rollout.trial import Trials, TrialRequest
from tests.rollout.test_trial import ENDLESS, request_for

async def main():
    trials = Trials()
    await trials.prepare()
    run = asyncio.create_task(trials.run(request_for(Path(sys.argv[1]), ENDLESS)))
    await asyncio.sleep(0.2)
    await trials.prepare()
    print("ready", flush=True)
    await run

asyncio.run(main())
"""


def test_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    """Neither the one that waits nor the one that is busy goes on by itself."""
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as supervisor:
        try:
            assert supervisor.stdout is not None
            assert supervisor.stdout.readline() == "ready\n"
            children = find_processes()
            assert len(children) == 2
        finally:
            supervisor.kill()
    _, alive = psutil.wait_procs(children, timeout=5)
    for process in alive:
        process.kill()
    assert alive == []


# ---------------------------------------------------------------- the answer


def _frame(kind: bytes, content: bytes) -> str:
    return repr(HEAD.pack(kind, len(content)) + content)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (repr(b"\xff" * 99), "makes no sense"),
        (repr(HEAD.pack(b"A", 2**31)), "makes no sense"),
        (repr(HEAD.pack(b"C", 15 * 1024 * 1024)), "makes no sense"),
        (_frame(b"S", b"x" * 5000), "makes no sense"),
        (_frame(b"A", b"{'ok': true}"), "can't be read"),
        (_frame(b"A", b'{"problems": 5}'), "can't be read"),
    ],
)
async def test_answer_that_makes_no_sense_is_a_refusal(
    words: str, reason: str, trials: Trials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who can make its process say that is not to be trusted; no more of it is read."""
    script = f"import os, time; os.write(1, {_frame(b'R', b'')} + {words}); time.sleep(60)"
    monkeypatch.setattr(tester, "COMMAND", ("-c", script))
    result = await trials.run(request_for(tmp_path))
    assert (result.ok, result.retry) == (False, False)
    assert reason in result.problems[0]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("os.abort()", "needs more memory than 512 MB: was ended by SIGABRT [a page]"),
        ("os.kill(os.getpid(), 11)", "ended without an answer: its process was ended by SIGSEGV"),
        ("os._exit(3)", "ended without an answer: its process exited with code 3 [a page]"),
        (
            "os.kill(os.getpid(), 24)",
            "takes too much processor time, and can't be stopped [a page]",
        ),
    ],
)
async def test_end_without_an_answer_is_a_refusal_with_a_reason(
    end: str, reason: str, trials: Trials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What crashes the interpreter here would crash every worker."""
    words = f"{_frame(b'R', b'')} + {_frame(b'S', b'a page')}"
    script = (
        "import os, resource, sys; resource.setrlimit(resource.RLIMIT_CORE, (0, 0));"
        f"os.write(1, {words}); sys.stdin.readline(); {end}"
    )
    monkeypatch.setattr(tester, "COMMAND", ("-c", script))
    result = await trials.run(request_for(tmp_path))
    assert (result.ok, result.retry) == (False, False)
    assert reason in result.problems[0]


# ---------------------------------------------------------------- the event loop


async def _measure_loop(trials: Trials, request: TrialRequest) -> tuple[TrialResult, str, float]:
    """A trial, the longest times that it kept the event loop from everything else, in words, and
    the longest of those that it was at work, seconds."""
    run = asyncio.ensure_future(trials.run(request))
    waits, works = [0.0], [0.0]
    while not run.done():
        wall, work = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0.0005)
        waits.append(time.perf_counter() - wall - 0.0005)
        works.append(time.thread_time() - work)
    words = f"longest wait {max(waits) * 1e3:.1f} ms, longest work {max(works) * 1e3:.1f} ms"
    return await run, words, max(works)


@pytest.mark.parametrize("factory", [None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_trial_leaves_the_event_loop_to_others(factory: object, tmp_path: Path) -> None:
    """The supervisor answers health checks meanwhile: no step of a trial is much work."""

    async def measure() -> None:
        trials = Trials(wall_seconds=PATIENT)
        request = request_for(tmp_path)
        for state in ("process started", "process waiting"):
            works = []
            while not works or (works[-1] >= BOUND and len(works) < ATTEMPTS):
                result, words, work = await _measure_loop(trials, request)
                show(state, result)
                print(words)
                assert result.ok
                works.append(work)
                if state == "process waiting" or works[-1] < BOUND:
                    await trials.prepare()
            # How long it waits for a processor is up to what else the machine has to do. Work is 1 ms
            # in a process like the supervisor; one that has run thousands of tests takes 20 ms to
            # fork alone. What the steps need is the least of a few.
            assert min(works) < BOUND
        await trials.aclose()

    gc.disable()  # what it collects is the tests', and takes longer than a trial's steps
    try:
        with asyncio.Runner(loop_factory=factory) as runner:  # type: ignore[arg-type]
            runner.run(measure())
    finally:
        gc.enable()
