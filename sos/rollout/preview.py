"""Signed links that show a release to whoever holds one, before anybody else sees it.

In: a secret that nodes and whoever makes links share, a release, a time. Out: a token, or whether
one is good. Pure: it reads no clock, and forgets what it saw, so a link may be used until it ends.

A token is ``<expires>.<signature>``: epoch seconds in decimal, and the HMAC-SHA256 (RFC 2104) of
the message below in base64url without padding (RFC 4648, section 5). Other programs make such
tokens too; docs/releases.md shows how.
"""

import hmac
import re
from collections.abc import Sequence

from sos.content.preview_token import (
    MAX_HOST,
    MAX_SECONDS,
    SECRET_CHARACTERS,
    build_signature,
)
from sos.errors import ReleaseError
from sos.release.bundle import is_release_id

__all__ = ["MAX_SECONDS", "check_preview", "sign_preview"]

PURPOSE = "sos-preview-of-a-release-1"
"""First line of what is signed: no signature that was made for anything else fits."""

_TOKEN = re.compile(r"([1-9][0-9]{9,10})\.([A-Za-z0-9_-]{43})")


def sign_preview(secret: str, release: str, expires: int, host: str) -> str:
    """Return the token for a release on a site until ``expires``, epoch seconds.

    ``host`` is that of SOS_SITE without its port. Raises ReleaseError for what no token can be for.
    """
    if len(secret) < SECRET_CHARACTERS:
        raise ReleaseError("no secret to sign previews with: set SOS_PREVIEW_SECRET")
    if not is_release_id(release):
        raise ReleaseError(f"{release[:80]!r} is not a release id")
    token = f"{expires:d}.{_sign(secret, release, expires, host)}"
    if not _TOKEN.fullmatch(token) or not 0 < len(host) <= MAX_HOST:
        raise ReleaseError("a preview link can't be made for this time and host")
    return token


def check_preview(token: str, release: str, secrets: Sequence[str], now: float, host: str) -> bool:
    """Whether a token was signed with one of the secrets, for this release and host, and is good.

    Any text may be asked about; it takes the same time whatever is wrong with the signature. More
    than one secret is for the time in which one takes the place of another. Without any, no token
    is good.
    """
    match = _TOKEN.fullmatch(token) if len(token) <= 64 else None
    if match is None or not is_release_id(release) or len(host) > MAX_HOST:
        return False
    expires, signature = int(match[1]), match[2].encode("ascii")
    good = False
    for secret in secrets:
        if len(secret) >= SECRET_CHARACTERS:
            wanted = _sign(secret, release, expires, host).encode("ascii")
            # Text with text: base64 of other bits at its end means the same bytes.
            good |= hmac.compare_digest(signature, wanted)
    return good and now < expires <= now + MAX_SECONDS


def _sign(secret: str, release: str, expires: int, host: str) -> str:
    return build_signature(secret, PURPOSE, host.lower(), release, str(expires))
