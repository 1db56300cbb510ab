"""Patient reading: one URL of a site in, its final answer out, over redirects and passing failures.

Redirects are followed by hand within the site's own host; overloaded and slow sites are asked
again, with jitter and no sooner than they wish. Knows nothing of WordPress's data.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
import stamina

from sos.errors import SourceError
from sos.wordpress.rest import check_status, parse_rest_answer
from sos.wordpress.site_url import MAX_REDIRECTS, decide_redirect, is_same_host
from sos.wordpress.source import Answer, Credentials, PassingSourceError, SourceHttp

T = TypeVar("T")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Patience(msgspec.Struct, frozen=True):
    """How often a question is asked, and how long to wait in between; times in seconds.

    ``attempts_failed`` is for questions that break something in the site or take it too long,
    which seldom goes away by itself. ``wait_asked`` is the longest Retry-After that is obeyed; a
    site that asks for more is not waited for.
    """

    attempts: int = 5
    attempts_failed: int = 2
    wait_initial: float = 0.5
    wait_max: float = 20.0
    wait_jitter: float = 1.0
    wait_asked: float = 60.0


class Fetcher:
    """Asks one site. While it is ``discovering``, the site's host may gain or lose ``www.``."""

    def __init__(
        self, http: SourceHttp, patience: Patience | None = None, *, discovering: bool = False
    ) -> None:
        self._http = http
        self._patience = patience or Patience()
        self._discovering = discovering

    async def fetch_json(
        self, url: str, credentials: Credentials | None = None, attempts: int = 0
    ) -> tuple[Any, Answer]:
        """A JSON value and the answer that held it; ``attempts`` lowers how often it is asked for.

        Raises what `parse_rest_answer` and the port raise, once patience is at its end.
        """
        return await self._fetch(url, parse_rest_answer, credentials, attempts)

    async def fetch_text(self, url: str) -> Answer:
        """The answer for anything else than JSON, whatever its status but 429 and 5xx."""
        _, answer = await self._fetch(url, check_status, None, 0)
        return answer

    async def _fetch(
        self,
        url: str,
        parse: Callable[[Answer], T],
        credentials: Credentials | None,
        attempts: int,
    ) -> tuple[T, Answer]:
        patience = self._patience
        asked = 0

        def backoff(error: Exception) -> bool | timedelta:
            if not isinstance(error, PassingSourceError):
                return False
            if error.kind in ("failed", "slow") and asked >= patience.attempts_failed:
                return False
            if error.retry_after is None:
                return True
            if error.retry_after > patience.wait_asked:
                return False
            return timedelta(seconds=error.retry_after + patience.wait_jitter * random.random())

        async for attempt in stamina.retry_context(
            on=backoff,
            attempts=min(attempts or patience.attempts, patience.attempts),
            timeout=None,
            wait_initial=patience.wait_initial,
            wait_max=patience.wait_max,
            wait_jitter=patience.wait_jitter,
        ):
            with attempt:
                asked += 1
                answer = await self._follow(url, credentials)
                return parse(answer), answer
        raise AssertionError("stamina neither returned nor raised")

    async def _follow(self, url: str, credentials: Credentials | None) -> Answer:
        start = url
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._http.fetch(url, credentials)
            location = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not location:
                return answer
            target = decide_redirect(url, location, discovering=self._discovering)
            if credentials and not is_same_host(url, target):
                raise SourceError(f"{url} redirects to {target}; no password is sent there")
            url = target
        raise SourceError(f"{start} redirects more than {MAX_REDIRECTS} times, maybe in a circle")
