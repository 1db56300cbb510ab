"""Whether a release may be activated: published, sealed, signed, and good in a trial.

In: an id. Out: nothing, or an error that says what is wrong with it. It changes nothing.
"""

import structlog

from sos.cli.parts import open_releases
from sos.cli.release.running import say
from sos.errors import BundleError, ObjectStoreError, ReleaseError, ReleaseNotFoundError
from sos.settings import Settings

log = structlog.get_logger()


class NotReadyError(ReleaseError):
    """A release has problems, and was not activated."""


async def require_ready(release: str, settings: Settings, *, check: bool) -> None:
    """Raise ReleaseError for a release that was not published, or whose check finds a problem.

    Without ``check`` it is only asked for, and what is not known for certain is let pass: nodes
    refuse what is broken. Raises ObjectStoreError when the store can't be reached.
    """
    if not check:
        await _require_published(release, settings)
        return
    from sos.cli.release.checking import judge_source
    from sos.cli.release.sources import unpack
    from sos.cli.release.waiting import waiting

    async with open_releases(settings) as releases:
        try:
            seal = await releases.fetch_seal(release)
            packed = unpack(await releases.fetch_bundle(seal), seal, settings.bucket)
        except ReleaseNotFoundError as exc:
            raise _explain_unknown(release, settings, exc) from exc
    with waiting(f"trying {release}"):
        judgement = await judge_source(packed, settings)
    for warning in judgement.warnings:
        say(f"warning: {warning}")
    if judgement.problems:
        listed = "\n".join(f"  {problem}" for problem in judgement.problems)
        count = len(judgement.problems)
        raise NotReadyError(
            f"{release} was not activated: {count} problem{'s' if count > 1 else ''}\n{listed}"
        )


async def _require_published(release: str, settings: Settings) -> None:
    async with open_releases(settings) as releases:
        try:
            await releases.fetch_seal(release)
        except ReleaseNotFoundError as exc:
            raise _explain_unknown(release, settings, exc) from exc
        except (BundleError, ObjectStoreError) as exc:
            say(f"warning: {exc}")


def _explain_unknown(
    release: str, settings: Settings, exc: ReleaseNotFoundError
) -> ReleaseNotFoundError:
    return ReleaseNotFoundError(
        f"{exc} in {settings.bucket}; publish it: sos release publish {release}"
    )
