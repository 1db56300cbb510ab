"""The port through which an importer reads a WordPress site: one GET at a time, never a redirect.

In: a URL and, for what the public can't see, credentials. Out: an `Answer`, whatever its status.
The adapter that fills it guards the network (private addresses, sizes, time-outs); who follows
redirects, retries and understands WordPress is above it.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from sos.errors import SourceError


class Answer(msgspec.Struct, frozen=True):
    """What a site answered: header names are lower-case, the body is decompressed."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Credentials(msgspec.Struct, frozen=True):
    """A WordPress user and an application password of that user."""

    user: str
    password: str

    def __repr__(self) -> str:
        """Without the password, so that no log and no traceback can hold it."""
        return f"Credentials(user={self.user!r})"


class PassingSourceError(SourceError):
    """The site may well answer the same question later.

    ``kind`` tells an overloaded site (``busy``), a request that broke something in it (``failed``),
    one that took too long (``slow``), and a site that can't be reached at all (``unreachable``).
    ``retry_after`` is what the site asked for, seconds.
    """

    def __init__(self, message: str, kind: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after


class InvalidAnswerError(SourceError):
    """The site answered with something that is not what a WordPress site answers."""

    exit_code = 65


class AnswerTooLargeError(InvalidAnswerError):
    """The answer was longer than what is read of one."""


class RestError(SourceError):
    """WordPress itself said no, with an HTTP ``status`` and an error ``code`` of its own."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    @property
    def forbidden(self) -> bool:
        """Not for this visitor, or not there at all, which security plugins do not tell apart."""
        return self.status in (401, 403, 404)


class SourceHttp(Protocol):
    """One site's HTTP side."""

    async def fetch(self, url: str, credentials: Credentials | None = None) -> Answer:
        """The answer to one GET of an absolute ``http(s)`` URL; redirects are not followed.

        Raises PassingSourceError when the site can't be reached or is too slow,
        AnswerTooLargeError, and SourceError when the address is private but the site's is not, or
        when credentials would cross a public network in the clear.
        """
        ...
