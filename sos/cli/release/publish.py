"""``sos release publish``: a release into the store, where it is never changed again.

In: a folder, a build, or the id of one. Out: the release in the store, and its id on stdout. It
makes nothing live.
"""

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec

from sos.cli.parts import open_releases
from sos.cli.release.build import build_options, require_sound, sign, write_build
from sos.cli.release.running import json_option, run_command, say
from sos.cli.release.sources import Folder, Packed, builds_folder, fetch_source, pack
from sos.cli.running import print_json
from sos.errors import BundleError, ObjectExistsError, ReleaseError
from sos.settings import Settings


@click.command()
@click.argument("source", required=False, metavar="[FOLDER|FILE|ID]")
@build_options
@json_option
def publish(source: str | None, key: Path | None, note: str, no_check: bool, as_json: bool) -> None:
    """Put a release into the store that SOS_BUCKET names, and print its id.

    A folder is built first (default: SOS_TEMPLATES, or the theme that comes with sos); a FILE or ID
    is one that was built. Nothing is ever overwritten: publishing the same again changes nothing
    and succeeds. Exit codes: 65 the release is broken, or another lies in its place; 69 the store
    can't be reached.
    """

    async def work(settings: Settings) -> dict[str, Any]:
        release = await _prepare(source, settings, key, note, not no_check)
        again = await _publish(release, settings)
        return {
            **msgspec.structs.asdict(release.seal),
            "bucket": settings.bucket,
            "published": not again,
        }

    told = run_command(work, as_json=as_json)
    if as_json:
        print_json(told)
        return
    click.echo(told["id"])
    if told["published"]:
        say(f"published in {told['bucket']}: {told['files']} files, {told['size']:,} bytes")
    else:
        say(f"was published in {told['bucket']} before, and is the same; nothing was changed")
    say(f"next: sos release activate {told['id']} --why '…'")


async def _prepare(
    name: str | None, settings: Settings, key: Path | None, note: str, check: bool
) -> Packed:
    """The release, packed and signed. Raises ReleaseError, SettingsError."""
    source = await fetch_source(name, settings)
    if isinstance(source, Folder):
        if check:
            require_sound(source)
        built = sign(await asyncio.to_thread(pack, source, note), key)
        await asyncio.to_thread(write_build, built, builds_folder(settings))
        return built
    if note:
        raise click.UsageError("--note is for a folder: a bundle has the one it was built with")
    return sign(source, key)


async def _publish(source: Packed, settings: Settings) -> bool:
    """Publish; whether the very same release was published before."""
    seal = source.seal
    if settings.release_public_key:
        from sos.release.signature import verify_seal

        try:
            verify_seal(seal, settings.release_public_key)
        except BundleError as exc:
            raise BundleError(
                f"{exc}, and SOS_RELEASE_PUBLIC_KEY is set: nodes would refuse it; use --sign"
            ) from exc
    async with open_releases(settings) as releases:
        try:
            await releases.publish(source.bundle, seal)
        except ObjectExistsError as exc:
            if await releases.fetch_seal(seal.id) == seal:
                return True
            raise ReleaseError(
                f"{exc}. What lies there has another seal, perhaps another signature: "
                "build the release anew"
            ) from exc
    return False
