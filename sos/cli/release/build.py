"""``sos release build``: a folder of templates into a bundle and its seal, side by side on disk.

In: a folder. Out: ``<id>.tar.gz`` and ``<id>.json``, and the id on stdout. Templates that can't
work are refused here; whether they work on pages is for ``sos release check``.
"""

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import click
import msgspec

from sos.cli.release.running import json_option, run_command, say
from sos.cli.release.sources import (
    BUNDLE_ENDING,
    SEAL_ENDING,
    Folder,
    Packed,
    builds_folder,
    pack,
    read_source_folder,
)
from sos.cli.running import print_json
from sos.errors import ReleaseError, SettingsError, TemplateError
from sos.release.bundle import encode_seal
from sos.release.check import check_release
from sos.release.folder import find_templates
from sos.release.theme import locate_error
from sos.settings import Settings


class BrokenTemplatesError(ReleaseError):
    """Templates that can't work; ``problems`` are all of them."""

    def __init__(self, place: str, problems: list[TemplateError]) -> None:
        self.problems = problems
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{count} in {place}; nothing was built\n{listed}")


def build_options(command: Any) -> Any:
    """Options of every command that may build."""
    for option in (
        click.option("--no-check", is_flag=True, help="Also when templates are broken."),
        click.option("--note", metavar="TEXT", default="", help="One line about the release."),
        click.option(
            "--sign",
            "key",
            metavar="KEYFILE",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            help="Sign with this private key (sos release keygen).",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the files; default: builds in SOS_STATE_DIR (var/builds).",
)
@build_options
@json_option
def build(
    folder: Path | None,
    out: Path | None,
    key: Path | None,
    note: str,
    no_check: bool,
    as_json: bool,
) -> None:
    """Pack the templates of FOLDER into a release, and print its id.

    FOLDER defaults to SOS_TEMPLATES, or the theme that comes with sos. The same files at the same
    time (SOURCE_DATE_EPOCH) give the same bytes. Exit code 65 when a template is broken.
    """

    async def work(settings: Settings) -> dict[str, Any]:
        place = out or builds_folder(settings)
        chosen = read_source_folder(folder or find_templates(settings.templates))
        if not no_check:
            require_sound(chosen)
        source = sign(await asyncio.to_thread(pack, chosen, note), key)
        await asyncio.to_thread(write_build, source, place)
        return _describe(source, place)

    told = run_command(work, as_json=as_json)
    if as_json:
        print_json(told)
        return
    click.echo(told["id"])
    signed = f", signed by {told['key']}" if told["key"] else ""
    say(f"{told['bundle']}: {told['files']} files, {told['size']:,} bytes{signed}")
    say(f"next: sos release publish {told['id']}")


def require_sound(folder: Folder) -> None:
    """Raise BrokenTemplatesError for templates that can't work."""
    problems = [locate_error(folder.theme, e) for e in check_release(folder.files)]
    if problems:
        raise BrokenTemplatesError(folder.place, problems)


def sign(source: Packed, key: Path | None) -> Packed:
    """The same release with a signature. Raises SettingsError for a file that is no key."""
    if key is None:
        return source
    from sos.release.signature import sign_seal

    try:
        private = key.read_bytes()
        if key.stat().st_mode & 0o077:
            say(f"warning: others can read {key}; chmod 600 {key}")
    except OSError as exc:
        raise SettingsError(f"can't read {key}: {exc.strerror}") from exc
    return msgspec.structs.replace(source, seal=sign_seal(source.seal, private))


def write_build(source: Packed, place: Path) -> None:
    """Lay bundle and seal down, each whole or not at all. Raises SettingsError."""
    name = source.seal.id
    try:
        place.mkdir(parents=True, exist_ok=True)
        _write(place / f"{name}{BUNDLE_ENDING}", source.bundle)
        _write(place / f"{name}{SEAL_ENDING}", encode_seal(source.seal))
    except OSError as exc:
        raise SettingsError(
            f"can't write to {place}: {exc.strerror}; name another folder with --out"
        ) from exc


def _describe(source: Packed, place: Path) -> dict[str, Any]:
    name = source.seal.id
    return {
        **msgspec.structs.asdict(source.seal),
        "bundle": str(place / f"{name}{BUNDLE_ENDING}"),
        "seal": str(place / f"{name}{SEAL_ENDING}"),
    }


def _write(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
