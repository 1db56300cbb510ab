"""The fleet page: what it says, to whom, how fast, and that no node can make it say anything else."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from playwright.async_api import Browser, Page
from pytest_aiohttp import AiohttpClient, AiohttpServer
from sos.rollout.fleet import Fleet, Live, summarise
from sos.web import fleet_feed
from sos.web.fleet_feed import FleetFeed
from sos.web.fleet_html import build_icon, build_page
from sos.web.fleet_page import create_fleet_routes
from sos.web.fleet_view import build_delta, build_view, decide_link

from tests.rollout.fleets import (
    NEW,
    OLD,
    REASON,
    REFUSED,
    STALE,
    SWITCHING,
    a_broken_fleet,
    a_fleet,
    a_node,
)
from tests.servers.quality import check_accessibility, check_html, describe_problems

PATIENCE = 15.0
DOCUMENT = (Path(__file__).parents[2] / "docs/fleet.md").read_text()

HOSTILE = [
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "'-alert(1)-'",
    "javascript:alert(1)",
    "</style><svg onload=alert(1)>",
    "]]>--><b>",
    "\u202egnp.exe\x00\x1b[2J\r\nX: y",
    "__proto__",
    "constructor",
]


def html(fleet: Fleet, **options: Any) -> str:
    return build_page(build_view(fleet, summarise(fleet)), **options).decode()


class Source:
    """A fleet that a test may change, and how often it was asked for."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.looks = 0
        self.error: Exception | None = None

    async def look(self) -> Fleet:
        self.looks += 1
        if self.error:
            raise self.error
        return self.fleet


class Rig:
    """The page on a server of its own."""

    def __init__(self, source: Source, feed: FleetFeed, client: TestClient[Any, Any]) -> None:
        self.source = source
        self.feed = feed
        self.client = client
        self.url = str(client.make_url("/"))

    async def fetch(self, path: str = "/") -> tuple[ClientResponse, str]:
        async with self.client.get(path) as answer:
            return answer, await answer.text()


@pytest.fixture
async def rig(aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr(fleet_feed, "FRESH_SECONDS", 0.0)
    source = Source(a_fleet(well=8))
    app = web.Application()
    feed = create_fleet_routes(app, source.look)
    feed._tick = 0.05
    return Rig(source, feed, await aiohttp_client(app))


async def until(what: str, condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
        await asyncio.sleep(0.01)


# ---------------------------------------------------------------- what it says


class _Text(HTMLParser):
    """The words of a page, without style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self._skip = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._skip = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._skip = False

    def handle_data(self, data: str) -> None:
        if not self._skip and data.strip():
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(self.words)


def test_page_says_the_verdict_first_and_every_member_of_a_node() -> None:
    """What should be live, since when, by whom, why; then node by node."""
    text = _Text(html(a_fleet(a_node(1, **REFUSED), well=7))).text
    assert text.index(f"1 of 8 nodes refuses {NEW}: {REASON}") < text.index("Should be live")
    for words in (
        "of www.example.org", "web-1:8081 sees it", f"{NEW} for 12 min, since", "by ana",
        "Election night banner", "7 of 8 nodes", f"{OLD} {NEW}", "12,345", "<1 s", "2 of 2", "120",
        "25 h", f"refuses {NEW}: {REASON}", "sos release rollback",
    ):  # fmt: skip
        assert words in text, words


def test_troubled_nodes_come_before_those_on_the_way_before_those_that_are_well() -> None:
    """Each state has a word and a mark of its own, not only a colour."""
    page = html(a_fleet(a_node(1, **SWITCHING), a_node(2, **STALE), a_node(3, **REFUSED), well=1))
    rows = re.findall(
        r'<tr data-level="(\w+)"><td class="word"><svg [^>]*><use href="#(mark-\w+)"></use></svg>'
        r'<span data-cell="word">(\w+)</span>',
        page,
    )
    assert rows == [
        ("bad", "mark-bad", "refused"),
        ("warn", "mark-warn", "stale"),
        ("moving", "mark-moving", "switching"),
        ("well", "mark-well", "current"),
    ]


def test_many_nodes_that_are_well_are_folded_away() -> None:
    """Unless somebody asks for them; those that are not well never are."""
    assert 'id="fold" open' in html(a_fleet(well=40))
    assert 'id="fold" open' not in html(a_fleet(well=41))
    assert 'id="fold" open' in html(a_fleet(well=41), open_all=True)
    assert html(a_broken_fleet(500)).count("<tr data-level") == 501 + 1  # one is the template's


def test_silent_register_is_said_on_the_page() -> None:
    """With the one node that is known."""
    text = _Text(html(a_fleet(a_node(1), problem="the register of nodes did not answer"))).text
    assert "Not all nodes are shown: the register of nodes did not answer" in text
    assert "1 of 1 node" in text


def test_missing_node_shows_no_figures_of_the_past() -> None:
    """What it said last is nothing to go by."""
    fleet = a_fleet(lost=(a_node(9),), well=1)
    row = build_view(fleet, summarise(fleet)).rows["web-9:8081"]
    assert [row[c] for c in ("lag", "workers", "requests", "errors", "up")] == [""] * 5
    assert row["word"] == "missing"


@pytest.mark.parametrize(
    ("private", "link"),
    [
        ("10.0.0.1:8081", "http://10.0.0.1:8081/health"),
        ("web-1.internal:8081", "http://web-1.internal:8081/health"),
        ("[2001:db8::1]:8081", "http://[2001:db8::1]:8081/health"),
        ("", ""),
        ("web-1", ""),
        ("user@web-1:80", ""),
        ("web-1:80/x", ""),
        ("javascript:1", "http://javascript:1/health"),
        ('x:1" onclick="y', ""),
        ("x:1\n", ""),
    ],
)
def test_name_leads_to_the_health_of_that_node(private: str, link: str) -> None:
    """Only a host and a port become an address."""
    assert decide_link(private) == link


def test_every_page_passes_the_html_checker() -> None:
    """No error, whatever the state of the fleet and the texts of nodes."""
    fleets = {
        "well": a_fleet(well=3),
        "broken": a_broken_fleet(),
        "empty": a_fleet(),
        "alone": a_fleet(a_node(), problem="gone", live=Live(problem="gone", canary=NEW)),
        "hostile": a_fleet(*(a_node(node=text, reason=text, state=text) for text in HOSTILE)),
    }
    problems = check_html({name: html(fleet).encode() for name, fleet in fleets.items()})
    assert not problems, describe_problems(problems)


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_nodes_stay_texts(text: str) -> None:
    """Every member that a node fills in, and what is told of an activation."""
    plain = html(a_fleet(a_node(1, **REFUSED), well=1))
    node = a_node(
        node=text, private=text, state=text, reason=text, release=text, target=text, refused=text,
        refusal=text, phase=text, version=text, healthy=False,
    )  # fmt: skip
    live = Live(release=NEW, by=text, why=text, canary=text, problem=text, since=1.0)
    page = html(a_fleet(node, well=1, live=live, site=text, seen_by=text, problem=text))
    assert set(_Text(page).tags) == set(_Text(plain).tags)
    assert not re.search(r"<[^>]*\son\w+=", page)
    assert page.count("<script>") == 1
    assert not re.search("[\u202e\x00\x1b]", page)


# ---------------------------------------------------------------- the protocol


async def test_page_and_json_may_not_be_framed_stored_or_extended(rig: Rig) -> None:
    """Only the page's own style and script run, by their hash."""
    for path, kind in {
        "/": "text/html; charset=utf-8",
        "/fleet.json": "application/json",
        "/fleet/bad.svg": "image/svg+xml",
    }.items():
        answer, _ = await rig.fetch(path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
    assert (await rig.fetch("/fleet/other.svg"))[0].status == 404


async def test_page_is_small_on_the_wire(rig: Rig) -> None:
    """Half a thousand nodes over a slow line, at night."""
    rig.source.fleet = a_broken_fleet(500)
    async with rig.client.get("/", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) < 40_000
        assert "web-594:8081" in await answer.text()


async def test_json_is_what_the_command_prints(rig: Rig) -> None:
    """For scripts: the verdict and each node."""
    rig.source.fleet = a_broken_fleet()
    _, body = await rig.fetch("/fleet.json")
    told = json.loads(body)
    assert (told["level"], told["total"], len(told["nodes"])) == ("bad", 8, 9)


async def test_requests_at_once_look_once(aiohttp_client: AiohttpClient) -> None:
    """A wall of dashboards costs the register no more than one."""
    source = Source(a_fleet(well=2))
    app = web.Application()
    create_fleet_routes(app, source.look)
    client = await aiohttp_client(app)

    async def fetch() -> int:
        async with client.get("/fleet.json") as answer:
            return answer.status

    assert await asyncio.gather(*(fetch() for _ in range(20))) == [200] * 20
    assert source.looks == 1


class Watch:
    """A reader of `/fleet/events`."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer
        self.view: dict[str, Any] = {"rows": {}}

    async def next(self) -> dict[str, Any]:
        """The next update, and ``view`` as a page would have it by then."""
        while True:
            line = await asyncio.wait_for(self.answer.content.readline(), PATIENCE)
            assert line, "the stream ended"
            if line.startswith(b"data: "):
                delta: dict[str, Any] = json.loads(line[6:])
                for node, row in delta.get("rows", {}).items():
                    self.view["rows"].setdefault(node, {}).update(row)
                self.view |= {k: v for k, v in delta.items() if k != "rows"}
                return delta


async def test_watcher_gets_everything_and_then_what_changed(rig: Rig) -> None:
    """By cell: half a thousand nodes whose rates change are no half a megabyte each second."""
    rig.source.fleet = a_fleet(a_node(1), a_node(2), well=1)
    async with rig.client.get("/fleet/events") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        watch = Watch(answer)
        first = await watch.next()
        assert first["level"] == "well"
        assert set(first["rows"]) == {"web-1:8081", "web-2:8081", "web-101:8081"}
        rig.source.fleet = a_fleet(a_node(1, requests_per_second=7.0), a_node(3))
        while "rows" not in (delta := await watch.next()):
            pass
        assert delta["rows"]["web-1:8081"] == {"requests": "7.0"}
        assert set(delta["rows"]) == {"web-1:8081", "web-3:8081"}
        assert delta["groups"]["well"] == ["web-1:8081", "web-3:8081"]
        rig.source.fleet = a_fleet(a_node(1, **REFUSED), a_node(3))
        while watch.view["level"] != "bad":
            await watch.next()
        assert watch.view["groups"]["attention"] == ["web-1:8081"]
        view = build_view(rig.source.fleet, summarise(rig.source.fleet))
        expected = json.loads(msgspec.json.encode(view))
        del watch.view["rows"]["web-2:8081"], watch.view["rows"]["web-101:8081"]
        assert watch.view == expected


async def test_later_watcher_starts_with_everything(rig: Rig) -> None:
    """And both get the same from then on."""
    async with rig.client.get("/fleet/events") as one, rig.client.get("/fleet/events") as two:
        first, second = Watch(one), Watch(two)
        assert (await first.next())["rows"].keys() == (await second.next())["rows"].keys()
        rig.source.fleet = a_fleet(a_node(1, **REFUSED), well=2)
        for watch in (first, second):
            while watch.view["level"] != "bad":
                await watch.next()
        assert first.view == second.view


async def test_nobody_looks_when_nobody_watches(rig: Rig) -> None:
    """A closed page costs nothing."""
    async with rig.client.get("/fleet/events") as answer:
        await Watch(answer).next()
        assert rig.feed.watchers == 1
    await until("the watcher is gone", lambda: rig.feed.watchers == 0)
    await until("nothing ticks", lambda: rig.feed._ticking is None)
    before = rig.source.looks
    await asyncio.sleep(0.2)
    assert rig.source.looks == before
    async with rig.client.get("/fleet/events") as answer:
        assert (await Watch(answer).next())["rows"]


async def test_no_more_than_twenty_watch(rig: Rig) -> None:
    """The next one is told to come back; a place that is left is taken."""
    open_ones = [await rig.client.get("/fleet/events") for _ in range(fleet_feed.WATCHERS)]
    answer, text = await rig.fetch("/fleet/events")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "too many" in text
    assert (await rig.fetch("/"))[0].status == 200
    open_ones.pop().close()
    await until("a place is free", lambda: rig.feed.watchers < fleet_feed.WATCHERS)
    async with rig.client.get("/fleet/events") as again:
        assert (await Watch(again).next())["level"] == "well"
    for one in open_ones:
        one.close()


async def test_watcher_that_does_not_read_is_dropped(rig: Rig) -> None:
    """It holds back neither memory nor others."""
    rig.source.fleet = a_broken_fleet(500)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((rig.client.host, rig.client.port))
    sock.sendall(b"GET /fleet/events HTTP/1.1\r\nHost: x\r\n\r\n")
    async with rig.client.get("/fleet/events") as answer:
        watch = Watch(answer)
        await until("both watch", lambda: rig.feed.watchers == 2)
        turn = 0
        while rig.feed.watchers == 2:
            turn += 1
            assert turn < 500, "the one that does not read is still there"
            rate = float(turn)
            nodes = tuple(
                msgspec.structs.replace(n, requests_per_second=rate, reason=f"{turn} {'x' * 300}")
                for n in a_broken_fleet(500).nodes
            )
            rig.source.fleet = a_fleet(*nodes)
            await watch.next()
        await watch.next()
    sock.close()


async def test_failing_look_ends_no_stream(rig: Rig) -> None:
    """A page that hears nothing says so by itself, and goes on when there is something to hear."""
    async with rig.client.get("/fleet/events") as answer:
        watch = Watch(answer)
        await watch.next()
        rig.source.error = RuntimeError("a mistake")
        before = rig.source.looks
        await until("it was tried again", lambda: rig.source.looks > before + 2)
        rig.source.error = None
        rig.source.fleet = a_broken_fleet()
        while watch.view["level"] != "bad":
            await watch.next()


async def test_streams_end_with_the_node(aiohttp_server: AiohttpServer) -> None:
    """A node that drains does not wait for open pages."""
    app = web.Application()
    feed = create_fleet_routes(app, Source(a_fleet(well=2)).look)
    server: TestServer = await aiohttp_server(app)
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"GET /fleet/events HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"data: "), PATIENCE)
    started = time.monotonic()
    await server.close()
    assert time.monotonic() - started < 2
    await asyncio.wait_for(reader.read(), PATIENCE)
    assert feed.watchers == 0
    writer.close()


def test_delta_of_nothing_is_nothing() -> None:
    """And of everything, everything."""
    fleet = a_broken_fleet()
    view = msgspec.to_builtins(build_view(fleet, summarise(fleet)))
    assert build_delta(view, view) == {}
    assert build_delta({}, view) == view


def test_document_names_every_member_of_the_json() -> None:
    """Who reads /fleet.json from a script finds them described."""
    fleet = a_broken_fleet()
    from sos.rollout.fleet import encode_summary

    told = json.loads(encode_summary(fleet, summarise(fleet)))
    section = DOCUMENT.partition("## JSON")[2].partition("\n## ")[0]
    assert set(told) <= set(re.findall(r"`(\w+)`", section))


def test_icons_are_of_known_levels_only() -> None:
    """One for each level."""
    assert all(build_icon(level) for level in ("bad", "warn", "moving", "well"))
    assert build_icon("other") is None


# ---------------------------------------------------------------- in a browser


@pytest.fixture
def said(browser_page: Page) -> list[str]:
    """What the page complained of."""
    found: list[str] = []
    browser_page.on("console", lambda message: found.append(message.text))
    browser_page.on("pageerror", lambda error: found.append(str(error)))
    return found


async def open_live(page: Page, rig: Rig) -> None:
    await page.goto(rig.url)
    await page.wait_for_selector("#link.on")


@pytest.mark.browser
async def test_page_updates_itself_without_loading_again(
    rig: Rig, browser_page: Page, said: list[str]
) -> None:
    """Nodes change their group, come and go; focus and what is unfolded stay."""
    page = browser_page
    rig.source.fleet = a_fleet(a_node(1), a_node(2), well=3)
    await open_live(page, rig)
    await page.evaluate("window.mine = document.querySelector('#well tr')")
    await page.focus("text=web-2:8081")
    assert await page.is_hidden("#group-attention")

    rig.source.fleet = a_fleet(a_node(1, **REFUSED), a_node(2), a_node(4, **SWITCHING), well=2)
    await page.wait_for_selector("#attention >> text=web-1:8081")
    assert await page.inner_text("#verdict") == f"1 of 5 nodes refuses {NEW}: {REASON}"
    assert (await page.title()).startswith("✕ 1 of 5 nodes refuses")
    assert await page.inner_text("#moving .node") == "web-4:8081"
    assert await page.locator("tbody tr").count() == 5
    assert await page.locator("text=web-103:8081").count() == 0
    assert await page.inner_text("#attention .why") == f"refuses {NEW}: {REASON}"
    assert await page.get_attribute("#attention use", "href") == "#mark-bad"
    assert await page.evaluate("document.querySelector('#attention tr') === window.mine")
    assert await page.evaluate("document.activeElement.textContent") == "web-2:8081"
    assert await page.get_attribute("link[rel=icon]", "href") == "fleet/bad.svg"

    rig.source.fleet = a_fleet(a_node(1), a_node(2), well=3)
    await page.wait_for_selector("#well >> text=web-1:8081")
    assert await page.is_hidden("#group-attention")
    names = await page.locator("#well .node").all_inner_texts()
    assert names == [f"web-{n}:8081" for n in (1, 2, 101, 102, 103)]
    assert said == []


@pytest.mark.browser
async def test_live_page_becomes_what_a_new_one_is(rig: Rig, browser_page: Page) -> None:
    """Whatever way led there: the script and the HTML say the same, mark by mark."""
    page = browser_page
    read = """() => {
      const main = document.querySelector("main").cloneNode(true);
      const loose = main.querySelectorAll("[hidden] td, [hidden] th");
      return [document.title, document.querySelector("header h1").textContent,
        ...[...main.querySelectorAll("*")].map((e) => [e.localName, e.className.baseVal ??
          e.className, e.dataset.level, e.getAttribute("href"), e.getAttribute("width"),
          e.children.length ? "" : e.textContent].join(" "))];
    }"""
    states = [a_fleet(well=13), a_broken_fleet(), a_fleet(), a_broken_fleet(30)]
    await open_live(page, rig)
    for fleet in states:
        rig.source.fleet = fleet
        title = build_view(fleet, summarise(fleet)).title
        await page.wait_for_function("(t) => document.title === t", arg=title)
        await page.wait_for_function(
            "(n) => document.querySelectorAll('tbody tr').length === n",
            arg=len(fleet.nodes) + len(fleet.lost),
        )
        live = await page.evaluate(read)
        fresh = await page.context.new_page()
        await open_live(fresh, rig)
        assert await fresh.evaluate(read) == live
        await fresh.close()


@pytest.mark.browser
async def test_lost_connection_is_said_and_mended(
    aiohttp_server: AiohttpServer, browser_page: Page
) -> None:
    """Nothing on the page looks current that is not; when the node is back, so is the page."""
    page, source = browser_page, Source(a_fleet(well=2))

    async def start(port: int) -> TestServer:
        app = web.Application()
        create_fleet_routes(app, source.look)
        return await aiohttp_server(app, port=port)

    server = await start(0)
    port = server.port or 0
    await page.goto(str(server.make_url("/")))
    await page.wait_for_selector("#link.on")
    assert await page.is_hidden("#lost")
    await server.close()
    await page.wait_for_selector("#lost:not([hidden])")
    text = await page.inner_text("#lost")
    assert re.fullmatch(r"Connection lost\. Last update \d+ s ago; trying again\.", text)
    assert "grayscale" in await page.evaluate("getComputedStyle(main).filter")
    await page.wait_for_function(
        "(before) => document.getElementById('lost').innerText !== before", arg=text
    )
    source.fleet = a_broken_fleet()
    await start(port)
    await page.wait_for_selector("#link.on")
    await page.wait_for_selector("#attention >> text=web-1:8081")
    assert await page.is_hidden("#lost")


@pytest.mark.browser
async def test_page_works_without_scripts(rig: Rig, browser: Browser) -> None:
    """It loads itself again, and has everything in its HTML."""
    context = await browser.new_context(java_script_enabled=False)
    try:
        page = await context.new_page()
        rig.source.fleet = a_broken_fleet(60)
        await page.goto(rig.url)
        assert "answers with errors" in await page.inner_text("#verdict")
        assert await page.locator("#attention tr").count() == 6
        assert await page.is_hidden("#find")
        assert await page.is_hidden("text=web-101:8081")
        await page.click("noscript a")
        assert await page.is_visible("text=web-101:8081")
        rig.source.fleet = a_fleet(well=2)
        # The page is asked for again after 5 s.
        await page.wait_for_selector("text=2 of 2 nodes serve")
    finally:
        await context.close()


@pytest.mark.browser
async def test_hostile_nodes_stay_text_in_live_updates(
    rig: Rig, browser_page: Page, said: list[str]
) -> None:
    """What comes later is as little believed as what was there at first."""
    page = browser_page
    await open_live(page, rig)
    elements = await page.evaluate("document.querySelectorAll('body script, body img').length")
    nodes = [
        a_node(n, node=text, private=text, state=text, reason=text, release=text, healthy=False)
        for n, text in enumerate(HOSTILE)
    ]
    rig.source.fleet = a_fleet(*nodes, live=Live(release=NEW, by=HOSTILE[0], why=HOSTILE[1]))
    await page.wait_for_function("() => document.querySelectorAll('#attention tr').length > 8")
    names = await page.locator("#attention .node").all_text_contents()
    assert HOSTILE[0] in names
    assert "__proto__" in names
    assert await page.title() != "owned"
    assert (
        await page.evaluate("document.querySelectorAll('body script, body img').length") == elements
    )
    links = await page.locator("tbody a[href]").evaluate_all("all => all.map(a => a.href)")
    assert links == []
    rig.source.fleet = a_fleet(well=1)
    await page.wait_for_function("() => document.querySelectorAll('tbody tr').length === 1")
    assert said == []


@pytest.mark.browser
async def test_nodes_are_found_by_what_is_typed(rig: Rig, browser_page: Page) -> None:
    """By name, release, state or reason, among half a thousand, with the keyboard alone."""
    page = browser_page
    rig.source.fleet = a_broken_fleet(500)
    await open_live(page, rig)
    assert await page.is_hidden("text=web-333:8081")
    await page.focus("#filter")
    await page.keyboard.type("WEB-333")
    await page.wait_for_selector("text=web-333:8081")
    assert await page.inner_text("#found") == "1 found"
    assert await page.locator("tbody tr:visible").count() == 1
    await page.fill("#filter", "titel")
    assert await page.locator("tbody tr:visible").count() == 2
    await page.fill("#filter", "")
    assert await page.inner_text("#found") == ""
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    href = await page.evaluate("document.activeElement.href")
    assert href.endswith("/health")


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 768, 1100, 1250, 1440])
async def test_no_page_scrolls_sideways(rig: Rig, browser_page: Page, width: int) -> None:
    """Also with long names and reasons; nothing is cut off at any width."""
    page = browser_page
    changes = {**REFUSED, **STALE, "refusal": "x" * 900, "target": "y" * 64}
    long = a_node(7, node="n" * 128, **changes)
    rig.source.fleet = msgspec.structs.replace(
        a_broken_fleet(), nodes=(long, *a_broken_fleet().nodes)
    )
    await page.set_viewport_size({"width": width, "height": 800})
    await open_live(page, rig)
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    spilled = await page.evaluate(
        """() => [...document.querySelectorAll("main *:not(svg *):not(.why):not(thead *)")]
          .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
          .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert spilled == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [(390, 844), (1440, 900)])
async def test_page_is_accessible(
    rig: Rig, browser: Browser, scheme: Literal["light", "dark"], viewport: tuple[int, int]
) -> None:
    """No violation of WCAG 2.2 AA, with everything wrong that can be wrong, and with nothing."""
    for fleet in (a_broken_fleet(20), a_fleet(well=3)):
        rig.source.fleet = fleet
        problems = await check_accessibility(
            browser, [rig.url], color_scheme=scheme, viewport=viewport
        )
        assert not problems, describe_problems(problems)


@pytest.mark.browser
async def test_hidden_page_asks_for_nothing(rig: Rig, browser_page: Page) -> None:
    """A tab that was left open for days costs the node nothing until somebody looks again."""
    page = browser_page
    await open_live(page, rig)
    await set_hidden(page, hidden=True)
    await until("nobody watches", lambda: rig.feed.watchers == 0)
    assert await page.is_hidden("#lost")
    await set_hidden(page, hidden=False)
    await page.wait_for_selector("#link.on")
    assert rig.feed.watchers == 1


async def set_hidden(page: Page, *, hidden: bool) -> None:
    """Make the page believe that it is in the background; no headless browser has one."""
    await page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
