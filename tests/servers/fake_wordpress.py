"""A WordPress made of recorded REST answers: quick to fill, to break, and to change while it is read.

In: a `FakeSite` whose items are copies of what a real WordPress 7.1 answered (`recorded/`). Out: a
server that speaks as much of wp/v2 as an importer asks for. `faults` break what a test wants broken.

    python -m tests.servers.fake_wordpress --posts 10000      serves that many until it is killed
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import copy
import json
import socket
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

RECORDED = Path(__file__).parent / "recorded" / "wordpress-7.1.json"
RECORDED_HOST = "https://wordpress.example"
FIRST = datetime(2020, 1, 1, 12, tzinfo=UTC)

Json = dict[str, Any]
Fault = Callable[[web.Request, str], Awaitable[web.StreamResponse | None]]
"""Sees each request with its REST route ("" for public pages); what it returns is the answer."""

USER, PASSWORD = "owner", "abcd efgh ijkl mnop qrst uvwx"


@cache
def read_recorded() -> Json:
    """What the real WordPress answered, by kind of object."""
    recorded: Json = json.loads(RECORDED.read_text(encoding="utf-8"))
    return recorded


@dataclass
class FakeSite:
    """A site's content by REST base, and how the site behaves.

    `prefix` is a sub-folder ("/blog"), `plain` means plain permalinks, `rest` where the API is:
    "wp-json", or "rest_route" where only the query form works.
    """

    prefix: str = ""
    plain: bool = False
    rest: str = "wp-json"
    announce: str = "header"
    language: str = "en-US"
    old: bool = False
    items: dict[str, dict[int, Json]] = field(default_factory=dict)
    types: Json = field(default_factory=dict)
    taxonomies: Json = field(default_factory=dict)
    menus: list[Json] = field(default_factory=list)
    menu_items: list[Json] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    secret_requests: list[str] = field(default_factory=list)
    front: int = 0
    posts_page: int = 0
    origin: str = "http://127.0.0.1"
    encoded: dict[tuple[str, int], bytes] = field(default_factory=dict)
    frozen: bool = False
    listings: dict[tuple[str, ...], list[Json]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for slug in ("post", "page", "attachment", "wp_block", "wp_navigation", "nav_menu_item"):
            self.types[slug] = copy.deepcopy(read_recorded()["types"][slug])
        for slug in ("category", "post_tag"):
            self.taxonomies[slug] = copy.deepcopy(read_recorded()["taxonomies"][slug])
        self.taxonomies["category"].pop("_links", None)
        for base in ("posts", "pages", "media", "categories", "tags", "users", "navigation"):
            self.items[base] = {}

    @property
    def home(self) -> str:
        """The site's address, without a slash at its end."""
        return self.origin + self.prefix

    # ------------------------------------------------------------ content

    def add(self, base: str, ident: int, **fields: Any) -> Json:
        """Add an item to a collection, from the recorded object of its kind; `None` drops a field."""
        kind = self._kind(base)
        raw = copy.deepcopy(read_recorded()[_recorded_kind(kind)])
        raw["id"] = ident
        if kind in ("category", "user") or base in self._taxonomy_bases():
            raw |= {"name": f"{kind} {ident}", "slug": f"{kind}-{ident}"}
            if kind != "user":
                raw |= {"taxonomy": self._taxonomy_of(base), "parent": 0}
        else:
            moment = FIRST + timedelta(hours=ident)
            raw |= {
                "type": kind,
                "slug": f"{kind}-{ident}",
                "title": {"rendered": f"{kind.title()} {ident}"},
                "date": f"{moment:%Y-%m-%dT%H:%M:%S}",
                "date_gmt": f"{moment:%Y-%m-%dT%H:%M:%S}",
                "modified": f"{moment:%Y-%m-%dT%H:%M:%S}",
                "modified_gmt": f"{moment:%Y-%m-%dT%H:%M:%S}",
                "parent": 0,
            }
            if kind != "attachment":
                raw |= {"author": 1, "featured_media": 0, "categories": [1], "tags": []}
            else:
                raw |= {"post": None}
        raw |= fields
        raw = {k: v for k, v in raw.items() if v is not ...}
        self.items.setdefault(base, {})[ident] = raw
        self.encoded.pop((base, ident), None)
        return raw

    def edit(self, base: str, ident: int, **fields: Any) -> None:
        """Change an item, and its time of modification unless that is told."""
        raw = self.items[base][ident]
        if "modified_gmt" in raw and "modified_gmt" not in fields:
            later = datetime.fromisoformat(raw["modified_gmt"]) + timedelta(days=400)
            fields["modified"] = fields["modified_gmt"] = f"{later:%Y-%m-%dT%H:%M:%S}"
        raw |= fields
        self.encoded.pop((base, ident), None)

    def remove(self, base: str, ident: int) -> None:
        """Delete an item for good."""
        del self.items[base][ident]

    def add_type(self, slug: str, base: str, **fields: Any) -> None:
        """Register a custom post type."""
        described = copy.deepcopy(read_recorded()["types"]["book"])
        self.types[slug] = (
            described | {"slug": slug, "rest_base": base, "name": slug.title()} | fields
        )
        self.items.setdefault(base, {})

    def add_taxonomy(self, slug: str, base: str, **fields: Any) -> None:
        """Register a custom taxonomy."""
        described = copy.deepcopy(read_recorded()["taxonomies"]["category"])
        self.taxonomies[slug] = described | {"slug": slug, "rest_base": base} | fields
        self.items.setdefault(base, {})

    def fill(self, posts: int = 3, pages: int = 2) -> FakeSite:
        """A small site: an author, a category, a picture, posts from id 100 and pages from id 50."""
        self.add("users", 1, name="Ada", slug="ada")
        self.add("categories", 1, name="News", slug="news")
        self.add("media", 9, slug="picture")
        for number in range(pages):
            self.add("pages", 50 + number)
        for number in range(posts):
            self.add("posts", 100 + number, featured_media=9)
        return self

    # ------------------------------------------------------------ links

    def link(self, base: str, raw: Json) -> str:
        """The permalink of an item."""
        kind, ident = self._kind(base), raw["id"]
        if ident == self.front and kind == "page":
            return f"{self.home}/"
        if self.plain or raw.get("status") == "future":
            return f"{self.home}/?{self._plain_query(kind, base, raw)}"
        names = [raw.get("slug") or str(ident)]
        parent = raw.get("parent")
        while parent and parent in self.items[base]:
            names.insert(0, self.items[base][parent]["slug"])
            parent = self.items[base][parent].get("parent")
        path = "/".join(names)
        if kind == "user":
            return f"{self.home}/author/{path}/"
        if base in self._taxonomy_bases():
            root = {"categories": "category", "tags": "tag"}.get(base, self._taxonomy_of(base))
            return f"{self.home}/{root}/{path}/"
        if kind in ("page", "attachment"):
            return f"{self.home}/{path}/"
        if kind == "post":
            return f"{self.home}/{(raw.get('date') or '0000')[:4]}/{path}/"
        return f"{self.home}/{self.types[kind].get('prefix', kind)}/{path}/"

    def _plain_query(self, kind: str, base: str, raw: Json) -> str:
        ident = raw["id"]
        if base in self._taxonomy_bases():
            return {"categories": f"cat={ident}"}.get(
                base, f"{self._taxonomy_of(base)}={raw['slug']}"
            )
        names = {"page": "page_id", "attachment": "attachment_id", "user": "author"}
        query = f"{names.get(kind, 'p')}={ident}"
        return query if kind in ("post", *names) else f"post_type={kind}&{query}"

    def _taxonomy_bases(self) -> set[str]:
        return {t["rest_base"] for t in self.taxonomies.values()}

    def _taxonomy_of(self, base: str) -> str:
        return next(s for s, t in self.taxonomies.items() if t["rest_base"] == base)

    def _kind(self, base: str) -> str:
        if base == "users":
            return "user"
        if base in self._taxonomy_bases():
            return "category"
        return next((s for s, t in self.types.items() if t["rest_base"] == base), base)

    # ------------------------------------------------------------ answering

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request, as `faults` permit."""
        route = self._find_route(request)
        self.requests.append(request.path_qs)
        if "Authorization" in request.headers:
            self.secret_requests.append(request.path_qs)
        for fault in list(self.faults):
            broken = await fault(request, route)
            if broken is not None:
                return broken
        if route:
            return self._answer_rest(request, route)
        return self._answer_public(request)

    def _find_route(self, request: web.Request) -> str:
        """The REST route that a request asks for; empty for a public page."""
        if "rest_route" in request.query and request.path.rstrip("/") == self.prefix:
            return request.query["rest_route"] or "/"
        start = f"{self.prefix}/wp-json"
        if self.rest == "wp-json" and (
            request.path == start or request.path.startswith(f"{start}/")
        ):
            return request.path[len(start) :] or "/"
        return ""

    def _answer_public(self, request: web.Request) -> web.Response:
        path, query = request.path, dict(request.query)
        if query.get("feed") == "rss2" or path == f"{self.prefix}/feed/":
            items = "".join("<item><content:encoded>x</content:encoded></item>" for _ in range(7))
            feed = f"<rss><channel><language>{self.language}</language>{items}</channel></rss>"
            return web.Response(text=feed, content_type="application/rss+xml")
        classes = self._body_classes(request)
        if not classes:
            return web.Response(
                status=404, text="<body class='error404'>", content_type="text/html"
            )
        head = ""
        answer = web.Response(content_type="text/html")
        root = self.rest_root
        if self.announce == "header":
            answer.headers["Link"] = f'<{root}>; rel="https://api.w.org/", <x>; rel=shortlink'
        elif self.announce == "element":
            head = f"<link rel='https://api.w.org/' href='{root.replace('&', '&#038;')}' />"
        answer.text = f"<html lang='{self.language}'><head>{head}</head><body class='{classes}'>"
        return answer

    def _body_classes(self, request: web.Request) -> str:
        target = self.origin + request.path_qs
        if target.rstrip("/") == self.home:
            return f"home page page-id-{self.front}" if self.front else "home blog"
        for slug, described in self.types.items():
            path = described.get("archive")
            here = (path and request.path == self.prefix + path) or (
                self.plain and described["has_archive"] and request.query.get("post_type") == slug
            )
            if here and "p" not in request.query:
                return f"archive post-type-archive post-type-archive-{slug}"
        for base, items in self.items.items():
            for raw in items.values():
                if self.link(base, raw) == target and self.types.get(self._kind(base), {}).get(
                    "public", True
                ):
                    return "blog" if raw["id"] == self.posts_page else f"single postid-{raw['id']}"
        return ""

    @property
    def rest_root(self) -> str:
        """Where the API says it is."""
        return f"{self.home}/wp-json/" if self.rest == "wp-json" else f"{self.home}/?rest_route=/"

    def _answer_rest(self, request: web.Request, route: str) -> web.Response:
        owner = request.headers.get("Authorization") == _basic(USER, PASSWORD)
        if "Authorization" in request.headers and not owner:
            return _error(401, "incorrect_password", "The password is wrong.")
        base = route.strip("/").removeprefix("wp/v2").strip("/")
        if base == "":
            return web.json_response(self._index())
        if base in ("types", "taxonomies"):
            return web.json_response(getattr(self, base))
        if base == "users/me":
            return (
                web.json_response({"id": 1}) if owner else _error(401, "rest_not_logged_in", "No.")
            )
        if base in ("settings", "menus", "menu-items"):
            return self._answer_owner(request, base, owner=owner)
        if base in self.items:
            return self._answer_collection(request, base, owner=owner)
        return _error(404, "rest_no_route", "No route was found matching the URL.")

    def _index(self) -> Json:
        index = copy.deepcopy(read_recorded()["index"]) | {"home": self.home, "url": self.home}
        index |= {
            "name": "Fake",
            "routes": {"/": {}},
            "site_logo": 0,
            "site_icon": 0,
            "site_icon_url": "",
        }
        front = {
            "show_on_front": "page" if self.front else "posts",
            "page_on_front": self.front,
            "page_for_posts": self.posts_page,
        }
        for name in front:
            index.pop(name)
        return index if self.old else index | front

    def _answer_owner(self, request: web.Request, base: str, *, owner: bool) -> web.Response:
        if not owner:
            return _error(401, "rest_cannot_view", "Sorry, you are not allowed to view this.")
        if base == "settings":
            return web.json_response(read_recorded()["settings"] | {"posts_per_page": 7})
        if base == "menus":
            return web.json_response(self.menus)
        wanted = int(request.query["menus"])
        return web.json_response([i for i in self.menu_items if i["menus"] == wanted])

    def _answer_collection(self, request: web.Request, base: str, *, owner: bool) -> web.Response:
        query = request.query
        status = query.get("status", "publish")
        if (status != "publish" or query.get("context") == "edit") and not owner:
            return _error(400, "rest_invalid_param", "Invalid parameter(s): status")
        found = self._list(base, status, query.get("orderby", "date"), query.get("order", "desc"))
        if "include" in query:
            wanted = set(map(int, query["include"].split(",")))
            found = [raw for raw in found if raw["id"] in wanted]
        per_page, page = int(query.get("per_page", 10)), int(query.get("page", 1))
        start = int(query["offset"]) if "offset" in query else (page - 1) * per_page
        pages = -(-len(found) // per_page)
        if page > 1 and page > pages and base not in self._taxonomy_bases() | {"users"}:
            error = read_recorded()["errors"]["invalid_page"]
            return _error(400, error["code"], error["message"])
        some = found[start : start + per_page]
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)}
        if "_fields" in query or "_embed" in query or "context" in query:
            body = msgspec.json.encode([self._show(base, raw, query) for raw in some])
        else:
            body = b"[" + b",".join(self._encode(base, raw) for raw in some) + b"]"
        return web.Response(body=body, headers=headers, content_type="application/json")

    def _list(self, base: str, status: str, orderby: str, order: str) -> list[Json]:
        """The items of a collection in order; kept where the site is `frozen`."""
        key = (base, status, orderby, order)
        if key not in self.listings:
            shown = {status, "inherit"} if status == "publish" else {status}
            found = [r for r in self.items[base].values() if r.get("status", "publish") in shown]
            found.sort(key=lambda raw: _sort_key(raw, orderby), reverse=order == "desc")
            if not self.frozen:
                return found
            self.listings[key] = found
        return self.listings[key]

    def _encode(self, base: str, raw: Json) -> bytes:
        key = (base, raw["id"])
        if key not in self.encoded:
            self.encoded[key] = msgspec.json.encode(self._show(base, raw, {}))
        return self.encoded[key]

    def _show(self, base: str, raw: Json, query: Any) -> Json:
        shown = {"link": self.link(base, raw), **raw}
        if not isinstance(raw.get("link"), str) or raw["link"].startswith(RECORDED_HOST):
            shown["link"] = self.link(base, raw)
        if query.get("context") == "edit":
            pretty = self.link(base, raw | {"status": "publish"})
            shown["permalink_template"] = pretty.replace(raw["slug"], "%postname%")
            shown["generated_slug"] = raw["slug"]
        if "_embed" in query and raw.get("author") in self.items["users"]:
            shown["_embedded"] = {
                "author": [self._show("users", self.items["users"][raw["author"]], {})]
            }
        fields = set(query["_fields"].split(",")) if "_fields" in query else None
        return {k: v for k, v in shown.items() if fields is None or k in fields}


def _recorded_kind(kind: str) -> str:
    return kind if kind in ("page", "attachment", "category", "user") else "post"


def _sort_key(raw: Json, orderby: str) -> tuple[Any, int]:
    names = {"id": "id", "modified": "modified_gmt", "date": "date_gmt", "menu_order": "menu_order"}
    return raw.get(names.get(orderby, "id"), 0) or 0, raw["id"]


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _error(status: int, code: str, message: str) -> web.Response:
    body = {"code": code, "message": message, "data": {"status": status}}
    return web.json_response(body, status=status)


class FixedResolver(AbstractResolver):
    """Answers with prepared addresses, the last of them for good; counts the questions."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(
                hostname=host, host=ip, port=port, family=socket.AF_INET, proto=0, flags=0
            )
            for ip in answer
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def serve_fake(site: FakeSite):  # type: ignore[no-untyped-def]
    """Serve `site` on a free loopback port; its `origin` is set, and its address with a slash yielded."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", site.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    site.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield f"{site.home}/"
    finally:
        await runner.cleanup()


def answer_once(response: Callable[[], web.StreamResponse], *, containing: str) -> Fault:
    """A fault that answers the first request whose path and query contain a word."""
    left = [1]

    async def fault(request: web.Request, route: str) -> web.StreamResponse | None:
        if containing in request.path_qs and left[0]:
            left[0] -= 1
            return response()
        return None

    return fault


def answer_always(
    response: Callable[[], web.StreamResponse], *, containing: str = "", without: str = "\0"
) -> Fault:
    """A fault that answers every request whose path and query contain one word and not another."""

    async def fault(request: web.Request, route: str) -> web.StreamResponse | None:
        hit = containing in request.path_qs and without not in request.path_qs
        return response() if hit else None

    return fault


def close_route(*routes: str, status: int = 401, code: str = "rest_forbidden") -> Fault:
    """A fault as of a security plugin: some REST routes are closed."""

    async def fault(request: web.Request, route: str) -> web.StreamResponse | None:
        return _error(status, code, "Closed.") if route in routes else None

    return fault


def break_items(base: str, *idents: int, response: Callable[[], web.StreamResponse]) -> Fault:
    """A fault as of a broken block: any answer that would hold the content of some items fails."""

    async def fault(request: web.Request, route: str) -> web.StreamResponse | None:
        if route != f"/wp/v2/{base}" or "_fields" in request.query:
            return None
        answer = site_of(request)._answer_collection(request, base, owner=False)
        body = json.loads(answer.body) if isinstance(answer.body, bytes) else []
        held = {raw["id"] for raw in body if isinstance(raw, dict) and "id" in raw}
        return response() if held & set(idents) else None

    return fault


def site_of(request: web.Request) -> FakeSite:
    """The site that answers a request."""
    handler = request.match_info.handler
    site: FakeSite = handler.__self__  # type: ignore[attr-defined]
    return site


def build_large_site(posts: int) -> FakeSite:
    """`posts` posts of the recorded length, by 20 authors in 100 categories, and 300 pages."""
    site = FakeSite()
    for ident in range(1, 21):
        site.add("users", ident)
    for ident in range(1, 101):
        site.add("categories", ident)
    for ident in range(1, 301):
        site.add("pages", 1_000_000 + ident)
    paragraph = read_recorded()["post"]["content"]["rendered"]
    for ident in range(1, posts + 1):
        body = paragraph * (1 + ident % 5)
        site.add(
            "posts",
            1000 + ident,
            author=1 + ident % 20,
            categories=[1 + ident % 100],
            content={"rendered": body, "protected": False},
        )
    return site


async def _serve_forever(posts: int) -> None:
    site = build_large_site(posts)
    site.frozen = True
    async with serve_fake(site) as url:
        for base, items in site.items.items():
            for raw in items.values():
                site._encode(base, raw)
        print(url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=100)
    asyncio.run(_serve_forever(parser.parse_args().posts))
