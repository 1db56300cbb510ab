"""Addresses come in, Lighthouse's scores and figures go out, on a phone with throttling simulated.

Lighthouse talks to a Chromium of its own, which ends with the call. On a busy machine its score of
performance is too low, never too high: where it is not reached, the address is tried again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.servers.chromium import start_chromium, stop_chromium
from tests.servers.quality.node_packages import fetch_node_package, require_program

CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
RUN_SECONDS = 120


class Scores(NamedTuple):
    """Scores of 100 by category, layout shift, and the audits that cost something."""

    scores: Mapping[str, int]
    layout_shift: float
    failed: tuple[str, ...]
    milliseconds: Mapping[str, int]


def run_lighthouse(url: str, folder: Path, *, performance: int = 0, tries: int = 3) -> Scores:
    """The scores of a page; the best of ``tries`` until ``performance`` is reached.

    ``folder`` is for the browser's profile and reports, and is empty. Raises RuntimeError where
    Lighthouse breaks; without npm or Chromium the test is skipped, with CI=true it fails.
    """
    best: Scores | None = None
    for number in range(tries):
        place = folder / str(number)
        place.mkdir(parents=True)
        # A second try is about the machine: what does not depend on it has been judged.
        found = _run(url, place, CATEGORIES if best is None else ("performance",))
        if best is None:
            best = found
        elif found.scores["performance"] > best.scores["performance"]:
            scores = {**best.scores, **found.scores}
            best = best._replace(scores=scores, milliseconds=found.milliseconds)
        if best.scores["performance"] >= performance:
            break
    assert best is not None, "one try at least"
    return best


def _run(url: str, folder: Path, categories: tuple[str, ...]) -> Scores:
    node = require_program("node", "nodejs")
    program = fetch_node_package("lighthouse") / "cli" / "index.js"
    report = folder / "report.json"
    chromium, address = start_chromium(folder)
    try:
        command = [
            node, str(program), url, "--quiet", "--output=json", f"--output-path={report}",
            f"--only-categories={','.join(categories)}", "--throttling-method=simulate",
            "--hostname=127.0.0.1", f"--port={urlsplit(address).port}", "--no-enable-error-reporting",
        ]  # fmt: skip
        _finish(command, folder)
    finally:
        stop_chromium(chromium)
    return _read(json.loads(report.read_bytes()))


def _finish(command: list[str], folder: Path) -> None:
    log = folder / "lighthouse.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    try:
        code = process.wait(RUN_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    if code != 0:
        said = log.read_text(errors="replace")[-1500:]
        raise RuntimeError(f"Lighthouse broke (exit {code}): {said}")


def _read(report: dict[str, Any]) -> Scores:
    if error := report.get("runtimeError"):
        raise RuntimeError(f"Lighthouse could not judge the page: {error}")
    audits = report["audits"]
    counted = {
        reference["id"]
        for category in report["categories"].values()
        for reference in category["auditRefs"]
        if reference["weight"]
    }
    failed = sorted(
        f"{name}: {audits[name]['title']} {_describe_items(audits[name])}"
        for name in counted
        if audits[name]["score"] is not None and audits[name]["score"] < 0.9
    )
    times = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")
    return Scores(
        scores={
            name: round((category["score"] or 0) * 100)
            for name, category in report["categories"].items()
        },
        layout_shift=audits.get("cumulative-layout-shift", {}).get("numericValue", 0.0),
        failed=tuple(failed),
        milliseconds={n: round(audits[n].get("numericValue", 0)) for n in times if n in audits},
    )


def _describe_items(audit: dict[str, Any]) -> str:
    items = audit.get("details", {}).get("items", [])[:3]
    return json.dumps(items)[:400] if items else str(audit.get("displayValue", ""))
