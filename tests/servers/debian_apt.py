"""Asks Debian's mirror for packages through apt, beside the system's own apt and without touching it.

apt does the fetching and the verifying (Debian's archive keyring), with state folders of its own and
a sources file written at run time from the mirror in the machine's own apt sources.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

APT_SOURCES = Path("/etc/apt")
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
LISTS_FRESH_FOR = 3600.0
"""Seconds for which a suite's package lists are taken as current."""


class MissingServerError(RuntimeError):
    """A server or tool that a test needs is not here and can't be fetched; the message is one line."""


def download_archive(name: str, suite: str, state: Path, folder: Path) -> Path:
    """Download a package of a suite into an empty folder, and return the archive's path.

    `state` keeps apt's lists between calls; the caller sees to it that nobody else uses it meanwhile.
    Raises MissingServerError when apt, its keyring, the mirror, the suite or the package is missing.
    """
    environment = _update_lists(suite, state)
    run_tool(["apt-get", "download", f"{name}/{suite}"], environment, folder)
    return next(folder.glob("*.deb"))


def parse_mirrors(folder: Path = APT_SOURCES) -> list[str]:
    """Return the URIs in apt's sources that may be a mirror of Debian, the likeliest first.

    Both formats of sources.list(5) are read. Security archives, sources without component `main`,
    disabled ones and media are left out.
    """
    lists = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.list"))]
    found = [uri for file in lists if file.is_file() for uri in _parse_one_line(file.read_text())]
    for file in sorted((folder / "sources.list.d").glob("*.sources")):
        found += _parse_deb822(file.read_text())
    mirrors = [
        uri
        for uri in dict.fromkeys(found)
        if "security" not in uri and not uri.startswith("cdrom:")
    ]
    return sorted(mirrors, key=lambda uri: not uri.rstrip("/").endswith("/debian"))


def _parse_one_line(text: str) -> Iterator[str]:
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+\S+\s+(.*)", line.split("#")[0].strip())
        if match and "main" in match[2].split():
            yield match[1]


def _parse_deb822(text: str) -> Iterator[str]:
    without_comments = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", without_comments):
        fields = {
            key.lower(): " ".join(value.split())
            for key, value in re.findall(
                r"^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.MULTILINE
            )
        }
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes") == "no":
            continue
        if "main" in fields.get("components", "").split():
            yield from fields.get("uris", "").split()


def run_tool(
    command: list[str], environment: dict[str, str] | None = None, folder: Path | None = None
) -> None:
    """Run a command for at most 300 s. Raises MissingServerError with its first complaint if it fails."""
    try:
        subprocess.run(
            command,
            env=environment,
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
        )
    except subprocess.CalledProcessError as error:
        lines = [
            line for line in error.stderr.splitlines() if line.startswith(("E:", "Err", "dpkg"))
        ]
        reason = lines[0] if lines else f"exit status {error.returncode}"
        raise MissingServerError(f"`{' '.join(command[:3])}` failed: {reason}") from error
    except subprocess.TimeoutExpired as error:
        raise MissingServerError(f"`{' '.join(command[:3])}` took more than 300 s") from error


def _update_lists(suite: str, state: Path) -> dict[str, str]:
    """Bring the suite's package lists up to date, and return the environment that makes apt use them."""
    environment = {**os.environ, "APT_CONFIG": str(state / "apt.conf"), "LC_ALL": "C"}
    stamp = state / "updated"
    if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_FRESH_FOR:
        return environment
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise MissingServerError(
                f"{tool} is missing, so packages of Debian {suite} can't be fetched"
            )
    keyring = next((path for path in KEYRINGS if path.exists()), None)
    if keyring is None:
        raise MissingServerError(
            "Debian's archive keyring (package debian-archive-keyring) is missing"
        )
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    (state / "apt.conf").write_text(_apt_configuration(state))
    failure = "no mirror of Debian in the machine's apt sources"
    for uri in parse_mirrors():
        (state / "mirror.sources").write_text(
            f"Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: main\nSigned-By: {keyring}\n"
        )
        try:
            run_tool(["apt-get", "update", "--error-on=any"], environment, state)
        except MissingServerError as error:
            failure = str(error)
        else:
            stamp.touch()
            return environment
    raise MissingServerError(f"Debian {suite} can't be fetched: {failure}")


def _apt_configuration(state: Path) -> str:
    return "\n".join(
        (
            f'Dir::Etc::sourcelist "{state}/mirror.sources";',
            'Dir::Etc::sourceparts "-";',
            f'Dir::State::lists "{state}/lists";',
            f'Dir::Cache "{state}/cache";',
            'Acquire::Languages "none";',
            'Acquire::Retries "2";',
            'Acquire::http::Timeout "30";',
            # apt would switch to a user that can't write to a cache folder in root's home.
            f'APT::Sandbox::User "{"root" if os.geteuid() == 0 else ""}";',
            "",
        )
    )
