"""``sos release new``: the folder of a new theme, which extends the default one.

In: a name. Out: a folder that can be built as it is, and what to do next. It never writes into a
folder that holds something.
"""

from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import click

from sos.cli.release.running import json_option, run_command, say
from sos.cli.running import print_json
from sos.errors import SettingsError
from sos.release.folder import find_templates, read_folder
from sos.release.theme import DEFAULT
from sos.settings import Settings

README = "README.md"


@click.command()
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "base",
    type=click.Choice([DEFAULT]),
    default=DEFAULT,
    show_default=True,
    help="The theme to begin with.",
)
@click.option("--whole", is_flag=True, help="Copy all of it, instead of extending it.")
@json_option
def new(folder: Path, base: str, whole: bool, as_json: bool) -> None:
    """Begin a theme of one's own in the folder NAME.

    It extends the default theme, and holds only what differs from it: colours in assets/tokens.css,
    and one template. Exit codes: 0 done, 2 the folder holds something, 78 it can't be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.UsageError(f"{folder} exists already, and nothing of it is written over")

    async def work(_: Settings) -> dict[str, Any]:
        root = find_templates()
        written = read_folder(root) if whole else _read_scaffold(folder.name)
        _write(folder, written)
        return {"folder": str(folder), "files": sorted(written), "extends": str(root)}

    told = run_command(work, as_json=as_json)
    if as_json:
        print_json(told)
        return
    for name in told["files"]:
        click.echo(folder / name)
    if not whole:
        say(f"it extends the {base} theme, which lies in {told['extends']}")
    say(f"next: sos dev --templates {folder}")


def _read_scaffold(name: str) -> dict[str, bytes]:
    """A small theme that extends the default one, called ``name``."""
    files = read_folder(Path(str(package_files("sos"))) / "release/scaffold")
    files[README] = files[README].replace(b"THEME", name.encode())
    return files


def _write(folder: Path, files: dict[str, bytes]) -> None:
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as exc:
        raise SettingsError(f"can't write {folder}: {exc.strerror}") from exc
