"""``sos content snapshot``: the content that the homepage needs, from the store into a file.

In: settings. Out: the file that a node begins with, words on stderr, with ``--json`` one object on
stdout. Nodes keep the file themselves; this is for one that is to start where no store is.
"""

import asyncio
from pathlib import Path
from typing import Any

import click

from sos.cli.running import print_json, run
from sos.cli.store import open_store
from sos.content.snapshot import Snapshot
from sos.content.snapshot_file import FILE, encode_snapshot, write_snapshot
from sos.errors import SettingsError
from sos.produce.keep_snapshot import take_snapshot
from sos.settings import Settings


@click.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"File to write instead of {FILE} in SOS_STATE_DIR.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def snapshot(output: Path | None, as_json: bool) -> None:
    """Take a snapshot of the content now, to be put into an image, say.

    Front page, pages, what menus lead to, and the newest posts: a node that starts while the store
    is away answers from it, and says how old it is. Nodes keep their own while they run.
    """

    async def work(settings: Settings) -> dict[str, Any]:
        path = output or Path(settings.state_dir) / FILE
        async with open_store(settings) as store:
            taken = await take_snapshot(store, settings.site, settings.host, pause=0)
        size = await asyncio.to_thread(_write, path, taken)
        return {
            "file": str(path),
            "bytes": size,
            "paths": len(taken.kept),
            "documents": len(taken.records),
            "revision": taken.rev,
            "taken_at": taken.taken_at,
        }

    told = run(work, as_json=as_json)
    if as_json:
        print_json(told)
    else:
        click.echo(
            "{file}: {paths} pages of {documents} documents, {bytes} bytes".format(**told), err=True
        )


def _write(path: Path, taken: Snapshot) -> int:
    content = encode_snapshot(taken)
    try:
        write_snapshot(path, content)
    except OSError as exc:
        raise SettingsError(
            f"can't write {path}: {exc.strerror}; name another file with --output"
        ) from exc
    return len(content)
