"""A page that notices harm: markup comes in, what it did to a real Chromium goes out.

Markup is shown twice, as a part of a served document (several pieces may share one) and, each piece
alone, by `innerHTML`; without any Content-Security-Policy: whatever keeps the page from harm is in
the markup. Each time every event that it listens to is fired, and all that can be clicked is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from playwright.async_api import BrowserContext, Dialog, Error, Frame, Page, Route

_BEFORE = (
    "<!doctype html><html><head><meta charset=utf-8><title>trap</title></head><body><main id=root>"
)
_AFTER = "</main><p id=tail>tail</p></body></html>"

# Resolves when all that the markup started is over: images are there or not, tasks have run.
_QUIET = """
  const pending = [...document.querySelectorAll('img')].filter(i => i.src && !i.complete && i.loading != 'lazy');
  await Promise.race([
    Promise.all(pending.map(i => new Promise(r => { i.addEventListener('load', r); i.addEventListener('error', r); }))),
    new Promise(r => setTimeout(r, 2000))]);
  for (let n = 0; n < 3; n++) await new Promise(r => setTimeout(r, 0));
"""

_STIMULATE = """
  const tick = () => new Promise(r => setTimeout(r, 0));
  const all = [document.documentElement, ...document.querySelectorAll('*')];
  for (const element of all) {
    for (const name of element.getAttributeNames())
      if (name.startsWith('on')) element.dispatchEvent(new Event(name.slice(2), {bubbles: true}));
  }
  const targets = 'a, area, button, summary, input, label, [role=button], [href]';
  for (const element of document.querySelectorAll(targets)) {
    if (element.click) element.click();
    else element.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
    await tick(); await tick();
  }
"""

_INSPECT = """
  const harm = [], tail = document.getElementById('tail'), root = document.getElementById('root');
  if (typeof document.getElementById != 'function' || typeof document.cookie != 'string'
      || !(document.body instanceof HTMLBodyElement) || typeof document.location.href != 'string'
      || (document.currentScript && !(document.currentScript instanceof HTMLScriptElement))
      || document.defaultView !== window || typeof document.querySelector != 'function'
      || typeof document.getElementsByTagName != 'function') harm.push('clobbered');
  if (!tail || tail.parentNode !== document.body || !root || root.parentNode !== document.body
      || tail.textContent != 'tail') harm.push('escaped');
  if (document.body && document.body.getAttributeNames().length
      || document.documentElement.getAttributeNames().length) harm.push('page-attributes');
  if (document.title != 'trap') harm.push('title');
  if (document.cookie) harm.push('cookie');
  return [harm, root ? root.innerHTML : ''];
"""
_JUDGE = f"""async pieces => {{
  const look = async () => {{
    {{ {_QUIET} }}
    const inspect = () => {{ {_INSPECT} }};
    const found = inspect();
    {{ {_STIMULATE} }}
    {{ {_QUIET} }}
    return found;
  }};
  const found = [await look()];
  for (const html of pieces) {{
    document.getElementById('root').innerHTML = html;
    found.push(await look());
  }}
  return found;
}}"""


def canonical_markup(html: str) -> str:
    """Markup as both serialisers would write it: they differ in brackets inside attribute values,
    and Chromium does not double the newline that a parser drops from a pre."""
    html = re.sub(r'(<pre(?: [^\s"=]+="[^"]*")*>)\n(?=\n)', r"\1", html)
    return html.replace("&lt;", "<").replace("&gt;", ">")


# A link may lead anywhere; by the browser's own reading of its address, so that a disguised scheme
# is not taken for a link. A form may lead nowhere.
_GUARD = """
addEventListener('click', event => {
  const link = event.target.closest && event.target.closest('a, area');
  if (!link) return;
  const href = link.href instanceof Object ? link.href.baseVal : link.href;
  try {
    if (/^(https?|mailto|tel):$/.test(new URL(href, link.baseURI).protocol)) event.preventDefault();
  } catch {}
});
addEventListener('submit', event => { event.preventDefault(); harmed('sent'); });
"""


class Trap:
    """A page under observation; one markup at a time, and a new page after one that did harm."""

    def __init__(
        self, context: BrowserContext, server: BaseTestServer, embed_hosts: frozenset[str]
    ) -> None:
        self._context = context
        self._base = str(server.make_url("/"))
        self._embeds = embed_hosts
        self._page: Page | None = None
        self._html = ""
        self._address = ""
        self._serial = 0
        self._harm: set[str] = set()

    async def arm(self) -> None:
        context = self._context
        await context.route(re.compile(f"^(?!{re.escape(self._base)})"), self._on_request)
        await context.expose_binding("pwned", lambda _source, *_args: self._harm.add("called"))
        await context.expose_binding("harmed", lambda _source, how: self._harm.add(how))
        await context.add_init_script(_GUARD)
        context.on("dialog", self._on_dialog)
        context.on("page", self._on_page)

    async def respond(self, request: web.Request) -> web.Response:
        """The page of the local server; anything but the page itself is not there."""
        if request.path.startswith("/page-"):
            body = (_BEFORE + self._html + _AFTER).encode()
            return web.Response(body=body, headers={"Content-Type": "text/html; charset=utf-8"})
        raise web.HTTPNotFound

    async def _on_dialog(self, dialog: Dialog) -> None:
        self._harm.add("dialog")
        await dialog.dismiss()

    def _on_page(self, page: Page) -> None:
        if self._page is not None:
            self._harm.add("opened")

    def _on_navigation(self, frame: Frame) -> None:
        url = frame.url.partition("#")[0]
        if frame.parent_frame is None:
            if url != self._address:
                self._harm.add(f"navigated {url[:60]}")
        elif not self._is_allowed(url):
            self._harm.add(f"framed {url[:60]}")

    def _is_allowed(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme == "https" and parts.netloc in self._embeds

    async def _on_request(self, route: Route) -> None:
        url = route.request.url
        if self._is_allowed(url):
            await route.fulfill(status=200, content_type="text/html", body="")
        elif route.request.is_navigation_request():
            self._harm.add(f"moved {url[:60]}")
            await route.fulfill(status=204)
        else:
            self._harm.add(f"fetched {url[:60]}")
            await route.abort()

    async def judge(self, *pieces: str, patience: float = 0) -> set[str]:
        """The harm that any of the pieces of markup did, empty if none.

        `patience` is for markup that is known to do harm: seconds to wait until it shows.
        """
        self._harm.clear()
        if self._page is None:
            self._page = await self._context.new_page()
            self._page.on("framenavigated", self._on_navigation)
        # What cannot be sent cannot be tried: a lone surrogate has no bytes.
        sent = [piece.encode("utf-8", "replace").decode() for piece in pieces]
        self._serial += 1
        self._html = "".join(sent)
        self._address = f"{self._base}page-{self._serial}"
        try:
            await self._page.goto(self._address, wait_until="load")
            found = await self._page.evaluate(_JUDGE, sent)
            for (harm, shape), html in zip(found, [self._html, *sent], strict=True):
                self._harm.update(harm)
                if canonical_markup(shape) != canonical_markup(html):
                    self._harm.add("reshaped")
        except Error as error:
            # Only a page that went elsewhere, or lost its own parts, cannot be asked.
            self._harm.add(f"lost: {error.message[:80]}")
        await self._wait(patience)
        harm = set(self._harm)
        if harm:
            await self._close_pages()
        return harm

    async def _close_pages(self) -> None:
        self._page = None
        for page in self._context.pages:
            await page.close()

    async def _wait(self, patience: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        while not any(map(is_harm, self._harm)) and loop.time() < deadline:
            await asyncio.sleep(0.05)


def is_harm(found: str) -> bool:
    """Whether it was done to somebody; a page that was lost or written otherwise proves nothing."""
    return not found.startswith(("lost", "reshaped"))


@asynccontextmanager
async def set_trap(context: BrowserContext, embed_hosts: frozenset[str]) -> AsyncIterator[Trap]:
    """A trap in a new page of the context, and the local server that it needs."""
    app = web.Application()
    holder: list[Trap] = []

    async def respond(request: web.Request) -> web.Response:
        return await holder[0].respond(request)

    app.router.add_route("*", "/{path:.*}", respond)
    async with TestServer(app) as server:
        trap = Trap(context, server, embed_hosts)
        holder.append(trap)
        await trap.arm()
        yield trap
