"""Node.js for the peers that run on it: a program and pinned packages come in, a server goes out.

Packages are installed once into the test cache folder, in a folder named after the digest of their
``package.json``; the repository is never written to.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from tests.servers.debian import build_atomically, fetch_cache_folder, hold_lock
from tests.servers.wordpress_process import ServerProcess

from bench.peers.starting import wait_for_page

INSTALL_SECONDS = 240
START_SECONDS = 60.0
_NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
_LISTENING = re.compile(r"^listening on (\d+)$", re.MULTILINE)


class LackingError(RuntimeError):
    """Something that a peer needs is not here; the message says what in a few words."""


@cache
def find_node(least: tuple[int, int] = (20, 9)) -> str:
    """Path of a Node.js that is new enough. Raises LackingError."""
    path = shutil.which("node")
    if path is None:
        raise LackingError("node is missing")
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", said.stdout)
    if found is None or (int(found[1]), int(found[2])) < least:
        raise LackingError(f"node {'.'.join(map(str, least))} or newer is needed")
    return path


def install_packages(manifest: Path) -> Path:
    """The folder that has the pinned packages of a ``package.json`` in its ``node_modules``.

    Takes seconds the first time. Raises LackingError without npm or its registry.
    """
    content = manifest.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    folder = fetch_cache_folder() / "node" / f"bench-{manifest.parent.name}-{digest}"
    with hold_lock(f"node-bench-{manifest.parent.name}"):
        if not folder.is_dir():
            npm = shutil.which("npm")
            if npm is None:
                raise LackingError("npm is missing")
            with build_atomically(folder) as staged:
                (staged / "package.json").write_bytes(content)
                _install(npm, staged)
    return folder


def _install(npm: str, folder: Path) -> None:
    try:
        done = subprocess.run(
            [npm, "install", "--prefix", str(folder), *_NPM_OPTIONS],
            cwd=folder,
            env={**os.environ, "npm_config_update_notifier": "false"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LackingError(f"npm took longer than {INSTALL_SECONDS} s") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        raise LackingError(f"npm can't install its packages: {'; '.join(said[:2])}"[:200])


def start_node(
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    listening: re.Pattern[str] = _LISTENING,
) -> tuple[ServerProcess, int]:
    """Start Node.js with a log in ``folder``; the process, and the port that it says it listens on.

    Raises RuntimeError with the end of its log when it does not say so.
    """
    log = folder / "node.log"
    own = {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
    own |= {"NODE_ENV": "production", "NEXT_TELEMETRY_DISABLED": "1", **environment}
    process = ServerProcess([find_node(), *words], log, own)

    def parse_port() -> int | None:
        found = listening.search(log.read_text(errors="replace"))
        return int(found[1]) if found else None

    try:
        return process, process.wait_until(parse_port, START_SECONDS)
    except BaseException:
        process.stop()
        raise


def require_page(process: ServerProcess, port: int, host: str) -> None:
    """Return once the server answers ``/`` with 200; else stop it. Raises RuntimeError."""
    try:
        process.wait_until(lambda: wait_for_page(port, "/", host), START_SECONDS)
    except BaseException:
        process.stop()
        raise
