"""Every page kind of the sample site, as a running node serves it, against the standards it claims.

HTML by the Nu checker, accessibility by axe-core in Chromium, HTTP by httplint, feeds and sitemaps
by their specifications.
"""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import Iterator
from xml.etree import ElementTree

import msgspec
import pytest
from playwright.async_api import Browser
from sos.adapters.redis import RedisStore
from sos.content.store import Entry, Operation
from sos.demo import sample_site, uploads_folder

from tests.servers.node import Node, start_node
from tests.servers.quality import (
    check_accessibility,
    check_feed,
    check_html,
    check_http,
    check_sitemap,
    describe_problems,
)
from tests.servers.valkey_process import ValkeyProcess

pytestmark = [pytest.mark.timeout(300)]

KINDS = {
    "front": "/",
    "front, page 2": "/page/2/",
    "year": "/2026/",
    "not found": "/nowhere/",
}


class Site:
    """The sample site on a node; ``paths`` has one address of every page kind."""

    def __init__(self, node: Node, host: str, entries: dict[str, Entry]) -> None:
        self.node = node
        self.host = host
        self.base = f"http://{host}"
        self.entries = entries
        self.paths = dict(KINDS)
        year = time.gmtime().tm_year
        self.paths["year"] = f"/{year}/"
        self.paths["month"] = f"/{year}/{time.gmtime().tm_mon:02d}/"
        for entry in sorted(entries.values(), key=lambda e: (len(e.ref), e.ref)):
            kind = entry.ref.partition(":")[0]
            now = time.time()
            live = entry.at <= now and not (entry.until and entry.until < now + 120)
            if entry.path and live:
                self.paths.setdefault(f"{kind} {entry.type}", entry.path)
                if entry.protected:
                    self.paths.setdefault("protected", entry.path)
                if not entry.title:
                    self.paths.setdefault("without title", entry.path)
        self.paths["archive of a type"] = "/events/"

    def fetch(self, path: str) -> tuple[int, bytes, str]:
        """Status, body and content type."""
        try:
            with urllib.request.urlopen(f"{self.base}{path}", timeout=10) as answer:
                return answer.status, answer.read(), answer.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers["Content-Type"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A node with the sample site; one page has been removed from it."""
    folder = tmp_path_factory.mktemp("quality")
    valkey = ValkeyProcess(folder / "valkey").start()
    # The address must be known before the node has one: pages name it.
    node = start_node(folder / "node", valkey.url, workers=1, wait=False)
    public = node.public
    node.stop()
    try:
        entries = asyncio.run(fill(valkey.url, public.partition(":")[0], f"http://{public}"))
        node = start_node(
            folder / "node",
            valkey.url,
            workers=1,
            site=f"http://{public}",
            listen=public,
            uploads_origin=f"file:{uploads_folder()}",
            redis_timeout_ms=2000,  # what is judged here is pages, not time
        )
        try:
            yield Site(node, public, entries)
        finally:
            node.stop()
    finally:
        valkey.stop()


async def fill(url: str, host: str, site: str) -> dict[str, Entry]:
    """The sample site, less one page that a visitor may still have a link to."""
    store = RedisStore(url, host, timeout_ms=5000)
    operations = sample_site(int(time.time()), site)
    assert not [o for o in await store.apply(operations) if o.startswith("error")]
    entries = await store.fetch_all_entries()
    gone = next(e for e in entries.values() if e.type == "page" and e.path.count("/") > 2)
    await store.apply([Operation("remove", gone.ref, 2)])
    await store.aclose()
    return entries | {gone.ref: msgspec.structs.replace(gone, type="gone", ref="gone:1")}


def test_every_page_kind_is_there(site: Site) -> None:
    """The list that the other tests judge is complete, and each page has its status."""
    wanted = {
        "front", "front, page 2", "year", "month", "not found", "protected", "without title",
        "archive of a type", "post post", "post page", "post event", "post attachment",
        "term category", "term post_tag", "term district", "user user", "gone gone",
    }  # fmt: skip
    assert wanted <= site.paths.keys()
    statuses = {kind: site.fetch(path)[0] for kind, path in site.paths.items()}
    special = {"not found": 404, "gone gone": 410}
    assert statuses == {kind: special.get(kind, 200) for kind in statuses}


def test_pages_are_valid_html(site: Site) -> None:
    """No error of the Nu checker, on every page kind and every post of the sample."""
    posts = [e.path for e in site.entries.values() if e.path and e.at <= time.time()]
    pages = {p: site.fetch(p)[1] for p in {*site.paths.values(), *posts}}
    problems = check_html({p: body for p, body in pages.items() if body.startswith(b"<!DOCTYPE")})
    assert not problems, describe_problems(problems)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_are_accessible(site: Site, browser: Browser, scheme: str) -> None:
    """No violation of WCAG 2.2 AA or best practice that axe-core can see: every page on a phone in
    light colours, each kind of page in the rest."""
    kinds = [site.base + p for p in site.paths.values()]
    every = {site.base + e.path for e in site.entries.values() if e.path and e.ref != "gone:1"}
    narrow = sorted({*kinds, *every}) if scheme == "light" else kinds
    problems = await check_accessibility(browser, narrow, color_scheme=scheme, viewport=(360, 800))
    problems += await check_accessibility(browser, kinds, color_scheme=scheme)
    assert not problems, describe_problems(problems)


@pytest.mark.browser
async def test_pages_break_no_rule_of_their_own_policy(site: Site, browser: Browser) -> None:
    """Nothing is blocked by the Content-Security-Policy, nothing fails to load, no third party is
    asked, and a phone does not scroll sideways."""
    context = await browser.new_context(viewport={"width": 360, "height": 800})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(f"{page.url}: {m.text}"))
    page.on("requestfailed", lambda r: complaints.append(f"{page.url}: {r.url} {r.failure}"))
    page.on(
        "request",
        lambda r: None if r.url.startswith(site.base) else complaints.append(f"asks {r.url}"),
    )
    for kind, path in site.paths.items():
        await page.goto(site.base + path)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        if wide > 360:
            complaints.append(f"{kind} {path}: {wide} px wide on a phone of 360")
    await context.close()
    # That a page is 404 or 410 is a line in the console too; lazy pictures end with their page.
    expected = ("status of 404", "status of 410", "net::ERR_ABORTED")
    assert not [c for c in complaints if not any(e in c for e in expected)]


@pytest.mark.parametrize(
    "path", ["/", "/page/2/", "/feed/", "/feed/atom/", "/sitemap.xml", "/robots.txt", "/events/"]
)
async def test_answers_are_good_http(site: Site, path: str) -> None:
    """No ``bad`` note of httplint on GET, HEAD, conditional and compressed requests."""
    problems = await check_http(f"http://{site.node.public}{path}", host=site.host)
    assert not problems, describe_problems(problems)


async def test_singular_pages_and_assets_are_good_http(site: Site) -> None:
    """The same for a post, a page, an attachment, an asset and a redirect."""
    home = site.fetch("/")[1].decode()
    asset = home.split('<link rel="stylesheet" href="')[1].split('"')[0]
    post = site.paths["post post"]
    for path in (post, site.paths["post page"], site.paths["post attachment"], asset, post[:-1]):
        problems = await check_http(f"http://{site.node.public}{path}", host=site.host)
        assert not problems, describe_problems(problems)


@pytest.mark.parametrize("base", ["/", "/events/", "term category", "user user", "month"])
def test_feeds_of_site_and_archives_are_valid(site: Site, base: str) -> None:
    """RSS 2.0 and Atom with all that their specifications require."""
    root = site.paths.get(base, base)
    for kind, path in (("rss", f"{root}feed/"), ("atom", f"{root}feed/atom/")):
        status, body, content_type = site.fetch(path)
        assert status == 200, path
        problems = check_feed(site.base + path, body, kind, content_type=content_type)  # type: ignore[arg-type]
        assert not problems, describe_problems(problems)


def test_sitemaps_are_valid_and_all_their_pages_exist(site: Site) -> None:
    """The index, each sitemap of it, and a 200 for every address in them."""
    status, body, _ = site.fetch("/sitemap.xml")
    assert status == 200
    assert not check_sitemap(f"{site.base}/sitemap.xml", body)
    space = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    total = 0
    for loc in ElementTree.fromstring(body).findall(".//s:loc", space):
        path = (loc.text or "").removeprefix(site.base)
        status, child, _ = site.fetch(path)
        assert status == 200, path
        problems = check_sitemap(f"{site.base}{path}", child)
        assert not problems, describe_problems(problems)
        for page in ElementTree.fromstring(child).findall(".//s:loc", space):
            assert site.fetch((page.text or "").removeprefix(site.base))[0] == 200, page.text
            total += 1
    assert total > 60
    assert f"{site.base}/sitemap.xml" in site.fetch("/robots.txt")[1].decode()
