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

LEAST = (20, 9)
"""What the peers' packages ask for; Debian 12 has 18."""

INSTALL_SECONDS = 240
START_SECONDS = 60.0
_NODE = Path(__file__).parent / "node/package.json"
_NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
_NPM_ENVIRONMENT = {"npm_config_update_notifier": "false", "npm_config_fetch_retries": "1"}
_LISTENING = re.compile(r"^listening on (\d+)$", re.MULTILINE)

_failed: dict[Path, str] = {}
"""What could not be installed, and why."""


class LackingError(RuntimeError):
    """Something that a peer needs is not here; the message says what in a few words."""


@cache
def find_node() -> str:
    """Path of a Node.js that is new enough: the machine's own, else one from npm's registry.

    Raises LackingError.
    """
    path = shutil.which("node")
    if path is not None and _read_version(path) >= LEAST:
        return path
    try:
        packages = install_packages(_NODE)
    except LackingError as error:
        wanted = ".".join(map(str, LEAST))
        raise LackingError(f"node {wanted} or newer is missing, and {error}") from error
    for program in packages.glob("node_modules/node-*/bin/node"):
        return str(program)
    raise LackingError("there is no Node.js for this machine in npm's registry")


def _read_version(node: str) -> tuple[int, int]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", said.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def install_packages(manifest: Path) -> Path:
    """The folder that has the pinned packages of a ``package.json`` in its ``node_modules``.

    Takes seconds the first time. Raises LackingError without npm or its registry, and then does not
    try again.
    """
    content = manifest.read_bytes()
    name = f"bench-{manifest.parent.name}"
    folder = fetch_cache_folder() / "node" / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}"
    if folder in _failed:
        raise LackingError(_failed[folder])
    with hold_lock(f"node-{name}"):
        if not folder.is_dir():
            try:
                with build_atomically(folder) as staged:
                    (staged / "package.json").write_bytes(content)
                    _install(staged)
            except LackingError as error:
                _failed[folder] = str(error)
                raise
    return folder


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise LackingError("npm is missing")
    try:
        done = subprocess.run(
            [npm, "install", "--prefix", str(folder), *_NPM_OPTIONS],
            cwd=folder,
            env={**os.environ, **_NPM_ENVIRONMENT},
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
