"""A package's name comes in, the folder where npm put it goes out; the repository is never touched.

``package.json`` beside this package pins exact versions. They are installed once into the test
cache folder, in a folder named after the digest of that file, so that a changed version is a new
folder.
"""

import functools
import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.servers.debian import build_atomically, fetch_cache_folder, hold_lock, skip_or_fail

_MANIFEST = Path(__file__).parent.parent / "package.json"
_INSTALL_SECONDS = 240
# No install scripts: vnu-jar's would download a Java runtime of its own.
_NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")


def require_program(name: str, debian_package: str) -> str:
    """The path of a program on ``PATH``; without it the test is skipped, with CI=true it fails."""
    path = shutil.which(name)
    if path is None:
        skip_or_fail(f"{name} is missing (Debian package {debian_package})")
    return path


@functools.cache
def fetch_node_package(name: str) -> Path:
    """The folder of an installed npm package, installing all pinned packages on first use.

    Without npm or the registry the test is skipped, with CI=true it fails. Raises RuntimeError
    for a package that is not pinned.
    """
    manifest = _MANIFEST.read_bytes()
    root = fetch_cache_folder() / "node" / hashlib.sha256(manifest).hexdigest()[:16]
    with hold_lock("node"):
        if not root.is_dir():
            with build_atomically(root) as staged:
                _install(manifest, staged)
    package = root / "node_modules" / name
    if not package.is_dir():
        raise RuntimeError(f"{name} is not among the packages that {_MANIFEST.name} pins")
    return package


def _install(manifest: bytes, folder: Path) -> None:
    npm = require_program("npm", "npm")
    (folder / "package.json").write_bytes(manifest)
    try:
        done = subprocess.run(
            [npm, "install", "--prefix", str(folder), *_NPM_OPTIONS],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        skip_or_fail(f"npm did not install {_MANIFEST.name} within {_INSTALL_SECONDS} s")
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        skip_or_fail(f"npm can't install {_MANIFEST.name}: {'; '.join(said[:3])}")
