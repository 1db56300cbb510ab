"""Previews of content: a signed link in, the page as it would be if it were published out.

A link's token is swapped for a cookie that only this preview's address is sent, so that no log,
referrer or history holds what opens it. The page is for its reader alone: no cache may keep it, no
robot may list it, and whatever is wrong with it is said in words and counts against nothing that is
live.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import structlog
from aiohttp import hdrs, web

from sos.content.preview import parse_preview
from sos.content.preview_token import PreviewToken, is_preview_id, read_token
from sos.content.store import PreviewReader
from sos.errors import SosError, StoreError
from sos.produce.preview import PreviewProducer
from sos.release.bundle import is_release_id
from sos.release.environment import Release
from sos.web import preview_words as words
from sos.web.loaded import LoadedReleases
from sos.web.preview_bar import Bar, Choice, allow_bar, insert_bar
from sos.web.responses import PRIVATE, Responder
from sos.web.service import WorkerContext

PREFIX = "/__preview/"
COOKIE = "sos_preview"
RELEASE, PART = "sos_release", "part"

PATIENCE = 5.0
"""How long a preview waits for its release to be fetched and tried on this node, seconds."""

OFFER_PATIENCE = 0.5
"""How long a finished page waits for the list of releases, seconds; the last known one will do."""

LIMIT = 15.0
"""Longest time that a preview takes, seconds."""

AT_ONCE = 2
"""Previews that one worker makes at a time: visitors come first."""

COOKIE_SPARE = 86_400
"""How long a cookie outlives its token, seconds: so that an open preview can say that it ended."""

MAX_COOKIES = 20

log = structlog.get_logger()


class ContentPreviews:
    """Answers everything below ``/__preview/``."""

    def __init__(
        self,
        store: PreviewReader,
        producer: PreviewProducer,
        loaded: LoadedReleases,
        responder: Responder,
        context: WorkerContext,
    ) -> None:
        self._store = store
        self._producer = producer
        self._loaded = loaded
        self._responder = responder
        self._context = context
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[web.Response]] = set()

    async def answer(self, request: web.Request, path: str, query: str) -> web.Response:
        """The answer to a path that begins with PREFIX. Raises nothing on purpose."""
        rest = path.removeprefix(PREFIX)
        if not self._context.settings.preview_secret:
            return self._refuse()
        if is_preview_id(rest.removesuffix("/")):
            preview_id = rest.removesuffix("/")
            if not rest.endswith("/"):
                return self._redirect(f"{PREFIX}{preview_id}/", query)
            tokens = (self._read(t) for t in _cookies(request.headers.getall(hdrs.COOKIE, ())))
            token = next((t for t in tokens if t and t.id == preview_id), None)
            return await self._show(token, query) if token else self._refuse()
        token = self._read(rest)
        return self._exchange(token, rest, query) if token else self._refuse()

    def _read(self, text: str) -> PreviewToken | None:
        settings = self._context.settings
        return read_token(text, (settings.preview_secret,), time.time(), settings.host)

    def _refuse(self) -> web.Response:
        """404, as for any path that is not there: whoever guesses learns nothing."""
        self._context.metrics.rejected_requests.inc("preview")
        return self._responder.plain(404, **PRIVATE)

    def _exchange(self, token: PreviewToken, text: str, query: str) -> web.Response:
        """The link's token for a cookie."""
        left = int(token.expires - time.time())
        if left <= 0:
            return self._say(words.ENDED)
        home = f"{PREFIX}{token.id}/"
        answer = self._redirect(home, query)
        secure = "; Secure" if self._context.settings.site.startswith("https:") else ""
        answer.headers["Set-Cookie"] = (
            f"{COOKIE}={text}; Path={home}; Max-Age={left + COOKIE_SPARE}; HttpOnly; SameSite=Lax"
            + secure
        )
        return answer

    def _redirect(self, path: str, query: str) -> web.Response:
        kept = [(n, v) for n, v in _read_query(query) if n in (RELEASE, PART)]
        return self._responder.preview_redirect(path + (f"?{urlencode(kept)}" if kept else ""))

    def _say(self, page: words.Words) -> web.Response:
        return self._responder.preview_words(page.status, page.html, words.POLICY)

    # ------------------------------------------------------------ showing

    async def _show(self, token: PreviewToken, query: str) -> web.Response:
        if time.time() >= token.expires:
            return self._say(words.ENDED)
        given = dict(reversed(_read_query(query)))
        release_id = given.get(RELEASE, "").strip()
        number = given.get(PART, "")
        part = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 1
        try:
            release = await self._find_release(release_id)
            if release is None:
                return self._say(words.no_release(release_id, f"{PREFIX}{token.id}/"))
            work = self._make_in_turn(token, release, release_id, max(1, part))
            task = asyncio.get_running_loop().create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._landed)
            async with asyncio.timeout(LIMIT):
                # Shielded: a thread can't be stopped, and its slot is taken as long as it runs.
                return await asyncio.shield(task)
        except TimeoutError:
            return self._say(words.BUSY)
        except StoreError as exc:
            log.warning("content_preview_failed", reason=str(exc))
            return self._say(words.UNREACHABLE)
        except SosError as exc:
            # Who holds the token is who wants to know why.
            log.warning("content_preview_failed", reason=str(exc))
            return self._say(words.failed(str(exc), f"{PREFIX}{token.id}/" if release_id else ""))
        except Exception:
            log.exception("content_preview_failed")
            return self._say(words.BROKEN)

    async def _make_in_turn(self, *given: Any) -> web.Response:
        async with self._slots:
            return await self._make(*given)

    def _landed(self, task: "asyncio.Task[web.Response]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has said it; who gave up waiting has no use for it

    async def aclose(self) -> None:
        """Stop what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _find_release(self, release_id: str) -> Release | None:
        if not release_id:
            return self._loaded.active
        release = self._loaded.find(release_id)
        if release is None and is_release_id(release_id):
            self._context.want(release_id)
            release = await self._loaded.wait_for(release_id, PATIENCE)
        return release

    async def _make(
        self, token: PreviewToken, release: Release, release_id: str, part: int
    ) -> web.Response:
        self._context.offered.clear()
        self._context.want("")  # it is answered while the page is made
        payload = await self._store.fetch_preview(token.id)
        if payload is None:
            return self._say(words.GONE)
        preview = await asyncio.to_thread(parse_preview, payload)
        home = f"{PREFIX}{token.id}/"

        def link(number: int) -> str:
            fields = [(RELEASE, release_id)] if release_id else []
            fields += [(PART, str(number))] if number > 1 else []
            return home + (f"?{urlencode(fields)}" if fields else "")

        made = await self._producer.produce(preview, release, part, link)
        bar = Bar(
            title=preview.title,
            standing=words.describe_standing(preview, made),
            notes=words.describe_notes(preview, made, token.expires, int(time.time())),
            action=home,
            public=made.public,
            choices=await self._list_choices(release_id),
            chosen=release_id,
            hidden=((PART, str(part)),) if part > 1 else (),
        )
        body = insert_bar(made.page.body, bar)
        page = msgspec.structs.replace(made.page, body=body, csp=allow_bar(made.page.csp))
        return self._responder.content_preview(page)

    async def _list_choices(self, chosen: str) -> list[Choice]:
        """Whichever is live here, what the node has at hand, and what is published."""
        context = self._context
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OFFER_PATIENCE):
                await context.offered.wait()
        active = self._loaded.active.id
        others = dict(self._loaded.list_others()) | {o.release: o.word for o in context.offers}
        choices = [Choice("", f"live: {active}")]
        choices += [
            Choice(release, f"{word}: {release}" if word else release)
            for release, word in others.items()
            if release != active
        ]
        if chosen and chosen not in {c.value for c in choices}:
            choices.append(Choice(chosen, chosen))
        return choices


def _read_query(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, max_num_fields=20)
    except ValueError:
        return []


def _cookies(lines: Iterable[str]) -> list[str]:
    """Values of our cookie, whatever else there is (RFC 6265, section 5.4)."""
    pairs = (pair.strip().partition("=") for line in lines for pair in line.split(";"))
    return [value.strip('"') for name, _, value in pairs if name == COOKIE][:MAX_COOKIES]
