"""Finds nginx, Varnish and wrk: those of the machine, else Debian's packages, unpacked.

In: a name. Out: a command and its environment. Nothing is started but each program's own word on
its version, and nothing is installed, so that no package starts a service.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.servers.debian import MissingServerError as MissingServerError
from tests.servers.debian import fetch_tree

SUITE = "bookworm"
PACKAGES = {
    "nginx": ("nginx", "libpcre2-8-0", "libssl3", "zlib1g", "libcrypt1"),
    "varnishd": (
        "varnish", "libvarnishapi3", "libjemalloc2", "libedit2", "libncursesw6", "libtinfo6",
        "libpcre2-8-0", "libbsd0", "libmd0",
    ),
    "wrk": ("wrk", "libluajit2-5.1-2", "libluajit2-5.1-common", "libssl3"),
}  # fmt: skip
VERSION_FLAG = {"nginx": "-v", "varnishd": "-V", "wrk": "-v"}


@dataclass(frozen=True)
class Program:
    """A program that runs here; ``tree`` is where it was unpacked, ``/`` if it was not."""

    path: str
    environment: dict[str, str]
    version: str
    tree: Path


@cache
def find_program(name: str) -> Program:
    """A program of `PACKAGES`. Raises MissingServerError with one line where it can't be had."""
    own = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    environment, tree = dict(os.environ), Path("/")
    if own is None:
        tree = fetch_tree([(package, SUITE) for package in PACKAGES[name]])
        own = next(
            str(tree / folder / name)
            for folder in ("usr/sbin", "usr/bin")
            if (tree / folder / name).exists()
        )
        # usr/lib/varnish holds libraries of its own, and Debian has both /lib and /usr/lib.
        libraries = [
            p for top in ("usr/lib", "lib") for p in sorted((tree / top).glob("*-linux-*"))
        ]
        libraries += [p / "varnish" for p in list(libraries)]
        environment["LD_LIBRARY_PATH"] = ":".join(str(p) for p in libraries if p.is_dir())
    said = subprocess.run(
        [own, VERSION_FLAG[name]], env=environment, capture_output=True, text=True, timeout=30
    )
    words = (said.stdout + said.stderr).strip().splitlines()
    # wrk has no flag that says its version and ends with 0.
    if not words or (said.returncode and name != "wrk") or "error while loading" in words[0]:
        raise MissingServerError(f"{name} does not run here: {(words or ['no word'])[0][:200]}")
    number = re.search(r"\d+(\.\d+)+", words[0])
    return Program(own, environment, f"{name} {number[0] if number else '?'}", tree)


def lacks_program(name: str) -> str:
    """Empty where `find_program` finds it, else why not, in one line."""
    try:
        find_program(name)
    except MissingServerError as exc:
        return str(exc)
    return ""
