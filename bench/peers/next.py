"""Next.js: the same pages by incremental static regeneration, as its documentation has it.

In: a `Stage`. Out: ``next start``. Its project is in ``next/``; it is built once for each content,
into the test cache folder, beside the packages.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.servers.debian import build_atomically, hold_lock

from bench.peers import CACHED, NOT_MODIFIED, Running, Stage
from bench.peers.node_process import (
    LackingError,
    find_node,
    install_packages,
    require_page,
    start_node,
)

SOURCES = Path(__file__).with_suffix("")
BUILD_SECONDS = 300
KEPT_BUILDS = 3

_LISTENING = re.compile(r"http://[\w.]+:(\d+)")
_BIN = "node_modules/next/dist/bin/next"
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_HEAD_TAG = re.compile(r"<(meta|link)\s([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
_BODY = re.compile(r'<body(?: class="([^"]*)")?>(.*)</body>', re.DOTALL)
_GIVEN = ("charset", 'name="viewport"')
"""What Next.js writes into each head by itself."""


class NextIsr:
    """Next.js, App Router: a page with ``revalidate``, served by ``next start`` and gzipped by it.

    The front page is made when the project is built, others when they are first asked for. The
    body is given to React as finished HTML, so that rendering costs it nothing; Next.js sends it
    once as HTML and once more as data for the browser (React Server Components), as it does with
    any page, and adds its scripts: two and a half times the bytes in all. ``next start`` has no
    setting for several workers; they are a cluster of it, as process managers make one.
    """

    name = "next-isr"
    title = "Next.js, ISR"
    suites = (CACHED, NOT_MODIFIED)
    differs = "sends its content once more as data for React, and scripts"
    slow = True

    def lacks(self) -> str:
        """What is missing to run it here; empty when it can run."""
        try:
            find_node()
            install_packages(SOURCES / "package.json")
        except LackingError as error:
            return str(error)
        return ""

    def start(self, stage: Stage) -> Running:
        """Start it and return once it answers ``/`` with 200. Raises RuntimeError.

        A content that was not built yet is built first, which takes half a minute.
        """
        packages = install_packages(SOURCES / "package.json")
        project = _build(packages, stage.pages)
        words = [str(packages / _BIN), "start", str(project), "--port=0", "--hostname=127.0.0.1"]
        if stage.workers > 1:
            words.insert(0, str(SOURCES / "cluster.mjs"))
        process, port = start_node(
            words,
            stage.folder,
            {"CONTENT": str(project / "content"), "WORKERS": str(stage.workers)},
            listening=_LISTENING,
        )
        require_page(process, port, stage.host)
        return Running(port=port, pids=[process.pid], stop=process.stop)


def split_page(page: bytes) -> dict[str, object]:
    """What the project's page component needs of a finished page."""
    text = page.decode()
    title, body = _TITLE.search(text), _BODY.search(text)
    if title is None or body is None:
        raise RuntimeError("a page of the stage has no title or no body")
    head = []
    for tag, words in _HEAD_TAG.findall(text[: body.start()]):
        if not words.startswith(_GIVEN):
            head.append([tag, {name: html.unescape(v) for name, v in _ATTRIBUTE.findall(words)}])
    return {
        "title": html.unescape(title[1]),
        "head": head,
        "bodyClass": html.unescape(body[1] or ""),
        "body": body[2].strip(),
    }


def _build(packages: Path, pages: dict[str, bytes]) -> Path:
    """The folder of the project, built for these pages."""
    sources = sorted(path for path in SOURCES.rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for part in (
        *(path.read_bytes() for path in sources),
        *(part for path, body in sorted(pages.items()) for part in (path.encode(), body)),
    ):
        digest.update(len(part).to_bytes(8, "big") + part)
    builds = packages / "builds"
    project = builds / digest.hexdigest()[:16]
    with hold_lock("bench-next-build"):
        if not project.is_dir():
            with build_atomically(project) as staged:
                _fill(staged, pages)
                _run_build(packages, staged)
        os.utime(project)
        kept = sorted(builds.glob("[0-9a-f]*"), key=lambda p: -p.stat().st_mtime)
        for old in kept[KEPT_BUILDS:]:
            shutil.rmtree(old, ignore_errors=True)
    return project


def _fill(project: Path, pages: dict[str, bytes]) -> None:
    shutil.copytree(SOURCES, project, dirs_exist_ok=True)
    (project / "content").mkdir()
    for path, body in pages.items():
        name = hashlib.sha1(path.encode()).hexdigest()
        (project / "content" / f"{name}.json").write_text(json.dumps(split_page(body)))


def _run_build(packages: Path, project: Path) -> None:
    done = subprocess.run(
        [find_node(), str(packages / _BIN), "build"],
        cwd=project,
        env={
            **os.environ,
            "NODE_ENV": "production",
            "NEXT_TELEMETRY_DISABLED": "1",
            "CONTENT": str(project / "content"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"next build failed:\n{(done.stdout + done.stderr)[-3000:]}")


PEERS = [NextIsr()]
