"""One WordPress site as its REST API shows it: routes in, plain JSON values out.

Everything is asked as an anonymous visitor, except what a visitor can't see and the site's owner
gave a password for. Never writes; never decides what is kept.
"""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from sos.wordpress.discovery import Discovered
from sos.wordpress.fetching import Fetcher, Patience
from sos.wordpress.rest import build_rest_url, parse_count
from sos.wordpress.site_url import is_same_host
from sos.wordpress.source import Answer, Credentials, InvalidAnswerError, SourceHttp

Kind = Literal["post", "term", "user", "menu"]
Json = dict[str, Any]
Params = dict[str, str | int]

PER_PAGE = 100
"""Items of one answer; WordPress allows no more."""


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A list of things that the REST API offers: posts of a type, terms of a taxonomy, users.

    ``name`` is for people; ``type`` is the post type or taxonomy.
    """

    name: str
    kind: Kind
    type: str
    route: str
    params: tuple[tuple[str, str], ...] = ()
    authenticated: bool = False
    hierarchical: bool = False

    @property
    def key(self) -> str:
        """What it is called where no two may be called the same: ``post:book``, ``term:genre``."""
        status = dict(self.params).get("status", "")
        return f"{self.kind}:{self.type}" + (f":{status}" if status else "")


class RestPage(msgspec.Struct, frozen=True):
    """Some items of a collection, and how many there are in all; None where that is unknown."""

    items: list[Any]
    total: int | None
    pages: int | None


class SiteReader:
    """Reads one discovered site. ``credentials`` go to its REST API's own host and nowhere else."""

    def __init__(
        self,
        http: SourceHttp,
        found: Discovered,
        credentials: Credentials | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.root = found.root
        self.home = found.home
        self.has_credentials = credentials is not None
        self._credentials = credentials
        self._fetcher = Fetcher(http, patience)

    async def fetch_value(
        self,
        route: str,
        params: Mapping[str, str | int] | None = None,
        *,
        authenticated: bool = False,
    ) -> Any:
        """The JSON value of a route. Raises RestError where WordPress refuses it."""
        url = build_rest_url(self.root, route, params)
        secret = self._credentials if authenticated else None
        value, _ = await self._fetcher.fetch_json(url, secret)
        return value

    async def fetch_list(
        self, route: str, params: Mapping[str, str | int], *, authenticated: bool = False
    ) -> list[Json]:
        """All objects of a short list, such as menus; two thousand at most."""
        found: list[Json] = []
        for number in range(1, 21):
            page = {**params, "per_page": PER_PAGE, "page": number}
            items = await self.fetch_value(route, page, authenticated=authenticated)
            if not isinstance(items, list):
                raise InvalidAnswerError(f"{self.root}: {route} answered with no list")
            found += [i for i in items if isinstance(i, dict)]
            if len(items) < PER_PAGE:
                break
        return found

    async def fetch_items(
        self, collection: Collection, params: Mapping[str, str | int], attempts: int = 0
    ) -> RestPage:
        """One answer of a collection. Raises RestError, and InvalidAnswerError for no list."""
        url = build_rest_url(self.root, collection.route, {**dict(collection.params), **params})
        secret = self._credentials if collection.authenticated else None
        value, answer = await self._fetcher.fetch_json(url, secret, attempts)
        if not isinstance(value, list):
            raise InvalidAnswerError(f"{url} answered with no list")
        return RestPage(
            value, parse_count(answer, "X-WP-Total"), parse_count(answer, "X-WP-TotalPages")
        )

    async def fetch_public(self, link: str) -> Answer | None:
        """A public page of the site as visitors see it; None where it is on another host."""
        if not is_same_host(link, self.root) or urlsplit(link).scheme not in ("http", "https"):
            return None
        return await self._fetcher.fetch_text(link)
