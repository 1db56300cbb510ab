"""Runs PHP for the tests: scripts on the command line, and PHP's own web server behind a router script."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.servers import debian
from tests.servers.debian import MissingServerError
from tests.servers.wordpress_process import ServerProcess

EXTENSIONS = ("curl", "dom", "gd", "intl", "mbstring", "mysqli", "xml", "zip")
WORKERS = 4
"""Requests that the web server handles at once; WordPress may call itself while it answers."""

_SETTINGS = {
    "memory_limit": "256M",
    "display_errors": "stderr",
    "log_errors": "1",
    "max_execution_time": "120",
    "date.timezone": "UTC",
    "upload_max_filesize": "32M",
    "post_max_size": "32M",
    # No e-mail leaves, and no message of a missing sendmail appears.
    "sendmail_path": "/bin/true",
    # Environment variables are read with getenv(); E would copy them for each request.
    "variables_order": "GPCS",
}


@functools.cache
def find_php() -> str:
    """Return the path of a PHP 7.4 or newer with what WordPress needs, or raise MissingServerError."""
    php = shutil.which("php")
    if php is None:
        raise MissingServerError("php is missing (Debian: php-cli)")
    modules = subprocess.run([php, "-m"], capture_output=True, text=True, check=False, timeout=30)
    lacking = sorted(set(EXTENSIONS) - set(modules.stdout.lower().split()))
    if lacking:
        packages = sorted(
            {"mysqli": "php-mysql", "dom": "php-xml"}.get(name, f"php-{name}") for name in lacking
        )
        raise MissingServerError(f"PHP lacks {', '.join(lacking)} (Debian: {' '.join(packages)})")
    return php


def run_script(
    script: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: bytes = b"",
    error_log: Path,
    extensions: Sequence[Path] = (),
    seconds: float = 120.0,
) -> bytes:
    """Run a script and return what it printed; raise RuntimeError with its messages when it fails."""
    settings = {"error_log": str(error_log), "max_execution_time": "0"}
    done = subprocess.run(
        [*_command(settings, extensions), "-f", str(script), "--", *arguments],
        input=stdin,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()
        raise RuntimeError(
            f"php {script.name} ended with status {done.returncode}:\n{said[-4000:]}"
        )
    return done.stdout


def start_web_server(
    router: Path,
    folder: Path,
    environment: Mapping[str, str],
    *,
    log: Path,
    error_log: Path,
    extensions: Sequence[Path] = (),
) -> tuple[ServerProcess, int]:
    """Start PHP's web server for `folder` on a free loopback port, and return it with that port.

    The kernel chooses the port (PHP binds port 0), so that nobody can take it in between.
    """
    settings = {
        "error_log": str(error_log),
        "display_errors": "0",
        "opcache.enable_cli": "1",
        "opcache.memory_consumption": "128",
        "opcache.max_accelerated_files": "10000",
    }
    process = ServerProcess(
        [*_command(settings, extensions), "-S", "127.0.0.1:0", "-t", str(folder), str(router)],
        log,
        {**os.environ, **environment, "PHP_CLI_SERVER_WORKERS": str(WORKERS)},
    )

    def parse_port() -> int | None:
        found = re.search(r"\(http://127\.0\.0\.1:(\d+)\) started", log.read_text(errors="replace"))
        return int(found[1]) if found else None

    try:
        return process, process.wait_until(parse_port)
    except BaseException:
        process.stop()
        raise


@functools.cache
def find_phpredis() -> tuple[Path, ...]:
    """Return PHP's extension phpredis with what it needs, in the order of loading; nothing is installed.

    Raises MissingServerError where Debian has none for the PHP that is installed.
    """
    said = subprocess.run(
        [
            find_php(),
            "-r",
            "echo PHP_MAJOR_VERSION, '.', PHP_MINOR_VERSION, ini_get('extension_dir');",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    version, _, folder_name = said.stdout.strip().partition("/")
    packages = [(f"php{version}-{name}", "bookworm") for name in ("redis", "igbinary")]
    folder = debian.fetch_tree(packages) / folder_name
    found = tuple(folder / f"{name}.so" for name in ("igbinary", "redis"))
    if not all(file.is_file() for file in found):
        raise MissingServerError(f"Debian 12's phpredis does not fit this PHP ({folder.name})")
    return found


def _command(settings: Mapping[str, str], extensions: Sequence[Path]) -> list[str]:
    """PHP with settings, and with extensions that are not installed."""
    loaded = [word for file in extensions for word in ("-d", f"extension={file}")]
    return [find_php(), *loaded, *_options(settings)]


def _options(settings: Mapping[str, str]) -> list[str]:
    return [
        word
        for name, value in {**_SETTINGS, **settings}.items()
        for word in ("-d", f"{name}={value}")
    ]
