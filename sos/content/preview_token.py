"""Signed, expiring names of previews: who holds one may see a draft, with any release.

In: a secret that nodes and WordPress share, the id of a preview, a time. Out: a token, or what one
says. Pure: it reads no clock, and forgets what it saw, so a token may be used until it ends.

A token is ``<id>.<expires>.<signature>``: 22 characters of base64url, epoch seconds in decimal, and
the HMAC-SHA256 (RFC 2104) of the lines below in base64url without padding (RFC 4648, section 5).
WordPress makes such tokens; docs/previews.md shows how.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence

import msgspec

from sos.errors import DocumentError

PURPOSE = "sos-preview-of-content-1"
"""First line of what is signed: no signature that was made for anything else fits."""

MAX_SECONDS = 7 * 86_400
"""A token that would be good for longer is not good at all: whoever made it erred."""

SECRET_CHARACTERS = 16
"""A shorter secret signs nothing and is believed nothing."""

MAX_HOST = 255
MAX_TOKEN = 80

_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_TOKEN = re.compile(r"([A-Za-z0-9_-]{22})\.([1-9][0-9]{9,10})\.([A-Za-z0-9_-]{43})")


class PreviewToken(msgspec.Struct, frozen=True):
    """What a rightly signed token says: which preview, until when (epoch seconds)."""

    id: str
    expires: int


def is_preview_id(text: str) -> bool:
    """Whether ``text`` has the form of a preview's id."""
    return bool(_ID.fullmatch(text))


def sign_content_preview(secret: str, preview_id: str, expires: int, host: str) -> str:
    """Return the token for a preview on a site until ``expires``, epoch seconds.

    ``host`` is that of SOS_SITE without its port. Raises DocumentError for what no token can be
    for.
    """
    if len(secret) < SECRET_CHARACTERS:
        raise DocumentError("no secret to sign previews with: set SOS_PREVIEW_SECRET")
    signature = build_signature(secret, PURPOSE, host.lower(), preview_id, str(expires))
    token = f"{preview_id}.{expires:d}.{signature}"
    if not _TOKEN.fullmatch(token) or not 0 < len(host) <= MAX_HOST:
        raise DocumentError("a preview link can't be made for this id, time and host")
    return token


def read_token(token: str, secrets: Sequence[str], now: float, host: str) -> PreviewToken | None:
    """What a token says that was signed with one of the secrets for this host, also one that has
    ended; None for any other text.

    It takes the same time whatever is wrong with the signature. More than one secret is for the
    time in which one takes the place of another. Without any, no token is good.
    """
    match = _TOKEN.fullmatch(token) if len(token) <= MAX_TOKEN else None
    if match is None or len(host) > MAX_HOST:
        return None
    signature, good = match[3].encode("ascii"), False
    for secret in secrets:
        if len(secret) >= SECRET_CHARACTERS:
            wanted = build_signature(secret, PURPOSE, host.lower(), match[1], match[2])
            # Text with text: base64 of other bits at its end means the same bytes.
            good |= hmac.compare_digest(signature, wanted.encode("ascii"))
    expires = int(match[2])
    return PreviewToken(match[1], expires) if good and expires <= now + MAX_SECONDS else None


def build_signature(secret: str, *lines: str) -> str:
    """HMAC-SHA256 of lines, each with a newline at its end, in base64url without padding."""
    message = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
    key = secret.encode("utf-8", "surrogateescape")
    digest = hmac.new(key, message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
