"""``sos release preview``: a link that shows one release to whoever has it, before it is live.

In: an id, a path. Out: a signed link on stdout, good for some minutes.
"""

import time
from typing import Any
from urllib.parse import quote

import click

from sos.cli.parts import open_releases
from sos.cli.release.running import json_option, run_command, say
from sos.cli.running import print_json
from sos.errors import ObjectStoreError, SettingsError
from sos.rollout.preview import MAX_SECONDS, sign_preview
from sos.settings import Settings


@click.command()
@click.argument("release", metavar="ID")
@click.argument("path", default="/")
@click.option(
    "--minutes",
    type=click.FloatRange(0, MAX_SECONDS / 60, min_open=True),
    default=10.0,
    show_default=True,
    help="How long the link is good.",
)
@json_option
def preview(release: str, path: str, minutes: float, as_json: bool) -> None:
    """Print a link that shows the page at PATH as the published release ID would show it.

    Every node honours it, for the time given, and no cache keeps the page. It is signed with
    SOS_PREVIEW_SECRET. Exit codes: 65 no such release, 78 there is no secret.
    """
    if not path.startswith("/") or path.startswith("//"):
        raise click.UsageError(f"PATH has to begin with one slash, not {path[:40]!r}")

    async def work(settings: Settings) -> dict[str, Any]:
        if not settings.preview_secret:
            raise SettingsError(
                "no preview without a secret: set SOS_PREVIEW_SECRET here and on every node, "
                "for example to the output of `openssl rand -hex 32`"
            )
        async with open_releases(settings) as releases:
            try:
                await releases.fetch_seal(release)
            except ObjectStoreError as exc:
                say(f"warning: whether {release} was published can't be seen: {exc}")
        expires = int(time.time() + minutes * 60)
        token = sign_preview(settings.preview_secret, release, expires, settings.host)
        link = build_link(settings.site, path, release, token)
        return {"link": link, "release": release, "token": token, "expires": expires}

    told = run_command(work, as_json=as_json)
    if as_json:
        print_json(told)
    else:
        click.echo(told["link"])


def build_link(site: str, path: str, release: str, token: str) -> str:
    """The link; a query that ``path`` has stays in it. Pure."""
    bare, _, query = path.partition("#")[0].partition("?")
    kept = f"{query}&" if query else ""
    return f"{site}{quote(bare, safe='/%')}?{kept}sos_release={release}&sos_token={token}"
