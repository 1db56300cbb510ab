"""Pages' bytes come in, the Nu HTML Checker's errors go out; one JVM judges a whole batch.

It never fetches anything: the bytes are what a server sent, decoded as the HTTP charset would be
(UTF-8). Warnings and information messages are not reported.
"""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.servers.quality.node_packages import fetch_node_package, require_program
from tests.servers.quality.problem import Problem

# The checker's own recursion needs a deep stack on deeply nested pages; one collector thread and
# the fast compiler keep a short run short on few cores.
_JVM_OPTIONS = ("-Xss16m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_BATCH_SECONDS = 300
# Checked with every batch: if its two planted errors do not come back, the checker did not work.
_CANARY = b"<title>no doctype</title><img src=no-alt>"
_CANARY_NAME = "canary.html"
# Said of a document that could lift its own sandbox, having its embedder's origin. A frame that asks
# first (`data-host`) holds a document of ours without scripts, then one of another origin.
_ADVICE = "Setting both “allow-scripts” and “allow-same-origin” is not recommended"


def check_html(pages: Mapping[str, bytes]) -> list[Problem]:
    """Every error of the Nu HTML Checker in the given pages (address -> body), by address.

    Takes about two seconds of start-up plus some milliseconds per page: pass all pages in one
    call. It blocks; on an event loop that must go on serving, use ``asyncio.to_thread``.
    Raises ValueError when there is nothing to judge, RuntimeError when the checker broke.
    """
    if not pages:
        raise ValueError("no page was given to the HTML checker")
    with tempfile.TemporaryDirectory(prefix="sos-html-") as scratch:
        folder = Path(scratch)
        address_of = {}
        for number, (url, body) in enumerate(pages.items()):
            name = f"{number:05d}.html"
            (folder / name).write_bytes(body)
            address_of[name] = url
        (folder / _CANARY_NAME).write_bytes(_CANARY)
        messages = _run_checker(folder)
    found: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        found.setdefault(str(message.get("url", "")).rpartition("/")[2], []).append(message)
    if len(found.pop(_CANARY_NAME, [])) < 2:
        raise RuntimeError("the HTML checker missed the errors of its canary page")
    if strangers := set(found) - set(address_of):
        raise RuntimeError(f"the HTML checker reported unknown files {sorted(strangers)}: {found}")
    problems = (
        _problem(url, message)
        for name, url in address_of.items()
        for message in sorted(found.get(name, []), key=lambda m: int(m.get("lastLine", 0)))
        if not _is_advice_on_embeds(message)
    )
    # A fault of the whole page can come back once for each of a thousand elements.
    return list(dict.fromkeys(problems))


def _run_checker(folder: Path) -> list[dict[str, Any]]:
    java = require_program("java", "default-jre-headless")
    jar = fetch_node_package("vnu-jar") / "build" / "dist" / "vnu.jar"
    options = ["--format", "json", "--exit-zero-always", "--errors-only", "--stdout"]
    done = subprocess.run(
        [java, *_JVM_OPTIONS, "-jar", str(jar), *options, "--no-langdetect", str(folder)],
        capture_output=True,
        timeout=_BATCH_SECONDS,
        check=False,
    )
    try:
        messages: list[dict[str, Any]] = json.loads(done.stdout)["messages"]
    except (ValueError, KeyError) as error:
        said = (done.stderr or done.stdout).decode("utf-8", "replace")[-800:]
        raise RuntimeError(f"the HTML checker broke (exit {done.returncode}): {said}") from error
    return messages


def _is_advice_on_embeds(message: dict[str, Any]) -> bool:
    return _ADVICE in str(message.get("message")) and 'data-host="' in str(message.get("extract"))


def _problem(url: str, message: dict[str, Any]) -> Problem:
    line = int(message.get("firstLine") or message.get("lastLine") or 0)
    text = str(message.get("message", message.get("type", "unnamed error")))
    extract = " ".join(str(message.get("extract", "")).split())
    return Problem(url, line, f"{text} [{extract}]" if extract else text)
