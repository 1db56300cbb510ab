"""Which versions of PHP the plugin is tried with: from Debian's packages to a command that runs one of them.

Each is unpacked with the libraries of its own Debian, C library included, and run by that Debian's
dynamic loader: what is installed here plays no part, and nothing is installed.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import debian
from tests.servers.debian import MissingServerError

_LIBRARIES = (
    "libargon2-1", "libbsd0", "libc6", "libedit2", "libgcc-s1", "liblzma5", "libmd0",
    "libonig5", "libpcre2-8-0", "libsodium23", "libstdc++6", "libtinfo6", "libxml2", "libxslt1.1",
    "libzstd1", "zlib1g",
)  # fmt: skip
_ARCHITECTURES = {
    "x86_64": "ld-linux-x86-64.so.2",
    "aarch64": "ld-linux-aarch64.so.1",
}


@dataclass(frozen=True)
class PhpEdition:
    """A version of PHP, the Debian that has it, and what differs between those in packages."""

    version: str
    suite: str
    libraries: tuple[str, ...]
    modules: tuple[str, ...] = ("common", "mbstring", "mysql", "opcache", "xml")

    @property
    def packages(self) -> tuple[tuple[str, str], ...]:
        """Every package that it is made of, PHP itself first."""
        names = (f"php{self.version}-cli", *(f"php{self.version}-{part}" for part in self.modules))
        return tuple((name, self.suite) for name in (*names, *_LIBRARIES, *self.libraries))

    def fetch_command(self) -> list[str]:
        """Return the words that run it, with every extension that it has; `-d name=value` may follow.

        Raises MissingServerError when a package is not to be had or the result does not run.
        """
        return list(_command_of(self))


PHP_EDITIONS = {
    edition.version: edition
    for edition in (
        PhpEdition(
            "7.4",
            "bullseye",
            ("libicu67", "libssl1.1"),
            ("common", "json", "mbstring", "mysql", "opcache", "xml"),
        ),
        PhpEdition("8.2", "bookworm", ("libicu72", "libssl3")),
        PhpEdition("8.4", "trixie", ("libicu76", "libssl3t64")),
    )
}
"""Each version that a Debian holds, the oldest supported one first."""

_EXTENSIONS = ("ctype", "iconv", "json", "mbstring", "mysqlnd", "mysqli", "dom", "fileinfo", "phar",
               "posix", "simplexml", "sockets", "sysvsem", "tokenizer", "xml", "xmlreader",
               "xmlwriter")  # fmt: skip


@functools.cache
def _command_of(edition: PhpEdition) -> tuple[str, ...]:
    tree = debian.fetch_tree(edition.packages)
    folders = [path for path in _library_folders(tree) if path.is_dir()]
    loader = next((path for name in _ARCHITECTURES.values() for path in _find(folders, name)), None)
    binary = tree / f"usr/bin/php{edition.version}"
    modules = next(tree.glob("usr/lib/php/2*"), None)
    if loader is None or not binary.is_file() or modules is None:
        raise MissingServerError(f"Debian {edition.suite}'s PHP {edition.version} is not whole")
    command = [
        str(loader), "--library-path", ":".join(map(str, folders)), str(binary), "-n",
        "-d", f"extension_dir={modules}",
        "-d", f"zend_extension={modules / 'opcache.so'}",
    ]  # fmt: skip
    for name in _EXTENSIONS:
        if (modules / f"{name}.so").is_file():
            command += ["-d", f"extension={name}"]
    said = subprocess.run(
        [*command, "-r", "echo PHP_VERSION;"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    if said.stderr or not said.stdout.startswith(edition.version + "."):
        raise MissingServerError(
            f"Debian {edition.suite}'s PHP {edition.version} does not run here: "
            + (said.stderr + said.stdout).strip()[:300]
        )
    return tuple(command)


def _library_folders(tree: Path) -> list[Path]:
    return [
        tree / root / f"{machine}-linux-gnu"
        for machine in _ARCHITECTURES
        for root in ("lib", "usr/lib")
    ]


def _find(folders: Sequence[Path], name: str) -> list[Path]:
    return [folder / name for folder in folders if (folder / name).is_file()]


def run_php_edition(
    version: str,
    *words: str,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
    seconds: float = 120.0,
) -> subprocess.CompletedProcess[str]:
    """Run that PHP with these words (such as `-l`, a file), every message of it on standard error."""
    command = PHP_EDITIONS[version].fetch_command()
    command += ["-d", "display_errors=stderr", "-d", "error_reporting=-1", "-d", "log_errors=0"]
    return subprocess.run(
        [*command, *words],
        env=None if environment is None else dict(environment),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


@pytest.fixture(scope="session", params=sorted(PHP_EDITIONS))
def php_edition(request: pytest.FixtureRequest) -> str:
    """The version of each PHP that Debian has, in turn: "7.4", "8.2", "8.4"."""
    version: str = request.param
    try:
        PHP_EDITIONS[version].fetch_command()
    except MissingServerError as error:
        debian.skip_or_fail(str(error))
    return version
