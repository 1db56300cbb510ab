"""``sos release keygen``: a key to sign releases with.

In: the name of a file. Out: a private key that nobody else can read, and the public key that nodes
need on stdout. It never overwrites a file.
"""

import os
from pathlib import Path

import click

from sos.cli.release.running import json_option, say
from sos.cli.running import print_json
from sos.errors import SettingsError
from sos.release.signature import build_fingerprint, generate_keys


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("sos-release.key"),
    show_default=True,
    help="File for the private key.",
)
@json_option
def keygen(out: Path, as_json: bool) -> None:
    """Make a key pair for signing releases.

    The private key goes into a file that only you can read; the public key is printed, for
    SOS_RELEASE_PUBLIC_KEY of the nodes. Exit code 78 when the file exists or can't be written.
    """
    private, public = generate_keys()
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(private)
    except FileExistsError as exc:
        raise SettingsError(f"{out} exists already, and is kept; name another with --out") from exc
    except OSError as exc:
        raise SettingsError(f"can't write {out}: {exc.strerror}") from exc
    fingerprint = build_fingerprint(public)
    if as_json:
        print_json({"private": str(out), "public": public, "fingerprint": fingerprint})
        return
    click.echo(f"SOS_RELEASE_PUBLIC_KEY={public}")
    say(f"{out} is the private key (fingerprint {fingerprint}): keep it where releases are built,")
    say("and nowhere else. Nodes with the line above refuse what it has not signed.")
