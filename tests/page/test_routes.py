"""What a request target may mean, and in which one spelling it is looked up."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.content.store import Candidate
from sos.page.routes import (
    MAX_PATH,
    PageRoute,
    Refusal,
    RobotsRoute,
    SitemapRoute,
    canonical_path,
    decide_route,
)

ROOT = Candidate("page", "/")


def route(path: str, query: str = "", zone: tzinfo = UTC, date_base: str = "/") -> PageRoute:
    found = decide_route(path, query, zone, date_base)
    assert isinstance(found, PageRoute), found
    return found


def candidates(path: str, query: str = "", **options: object) -> list[tuple[str, str, int]]:
    found = route(path, query, **options)  # type: ignore[arg-type]
    return [(c.how, c.value, c.number) for c in found.candidates]


# ---------------------------------------------------------------- spelling


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("/", "/"),
        ("/hello/", "/hello/"),
        ("/Hello/", "/Hello/"),
        ("/h%C3%A9llo/", "/h%c3%a9llo/"),
        ("/h%c3%a9llo/", "/h%c3%a9llo/"),
        ("/héllo/", "/h%c3%a9llo/"),
        ("/%68%65%6C%6c%6F/", "/hello/"),
        ("/a%2Db%5fc%7Ed%2E/", "/a-b_c~d./"),
        ("/a%20b/", "/a%20b/"),
        ("/%E6%97%A5%E6%9C%AC/", "/%e6%97%a5%e6%9c%ac/"),
        ("/a%3Fb/", "/a%3fb/"),
        ("/a%23b/", "/a%23b/"),
        ("/100%25/", "/100%25/"),
        ("/%2541/", "/%2541/"),
        ("/a;b=c,d/", "/a;b=c,d/"),
        ("/a+b@c:d/", "/a+b@c:d/"),
        ("/.well-known/x", "/.well-known/x"),
        ("/...", "/..."),
        ("/a..b/", "/a..b/"),
    ],
)
def test_a_path_has_one_spelling(raw: str, canonical: str) -> None:
    """Escapes are lower-case, none is there that is not needed, and the case of letters stays."""
    assert canonical_path(raw) == canonical
    assert canonical_path(canonical) == canonical


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "hello",
        "*",
        "http://www.example.com/",
        "/a b",
        "/a\tb",
        "/a\\b",
        '/a"b',
        "/<script>",
        "/a#b",
        "/a?b",
        "/{a}",
        "/a\x00b",
        "/a\x7fb",
        "/%",
        "/%4",
        "/%4g",
        "/%%41",
        "/a%",
        "/%00",
        "/a%0Ab",
        "/%7f",
        "/%ff",
        "/%c3",
        "/%c3%28",
        "/%c0%af",
        "/%ed%a0%80",
        "/%f4%90%80%80",
        "/\udcff",
    ],
)
def test_nonsense_is_a_bad_request(raw: str) -> None:
    """What is no path, no escape, or no UTF-8 is refused with 400."""
    assert canonical_path(raw) == Refusal(400)
    assert decide_route(raw, "", UTC) == Refusal(400)


@pytest.mark.parametrize(
    "raw",
    [
        "//",
        "//evil.test/",
        "/a//b",
        "/a//",
        "/.",
        "/..",
        "/../etc/passwd",
        "/a/../b",
        "/a/./b",
        "/%2e%2e/",
        "/a/%2E%2e/b",
        "/.%2e/",
        "/a%2fb",
        "/a%2Fb",
        "/%2F%2Fevil.test",
        "/a%5cb",
        "/a%5Cb",
        "/" + "a" * MAX_PATH,
        "/" + "é" * 700,
    ],
)
def test_what_no_page_can_be_called_is_not_found(raw: str) -> None:
    """Dots, empty segments, encoded slashes and endless paths are 404 without asking the store."""
    assert canonical_path(raw) == Refusal(404)


text = st.text(st.characters(codec=None), max_size=60)  # type: ignore[arg-type]
pathlike = st.text(st.sampled_from("/%.aA0fFcC3\\é?#~-_+ \x00\udc80日"), max_size=40)


@given(text | pathlike | pathlike.map(lambda p: "/" + p))
def test_a_spelling_is_final_and_ascii(raw: str) -> None:
    """canonical_path never raises, gives ASCII, and gives the same again when asked again."""
    path = canonical_path(raw)
    if isinstance(path, str):
        assert path.isascii()
        assert path.startswith("/")
        assert len(path) <= MAX_PATH
        assert canonical_path(path) == path


@given(
    pathlike.map(lambda p: "/" + p) | text,
    text | st.text(st.sampled_from("p=&12cat;feedrsom%a٣²\udc80"), max_size=40),
    st.sampled_from(["/", "/archives/", "/blog/archives"]),
)
def test_deciding_never_raises(path: str, query: str, base: str) -> None:
    """Whatever the target, there is a route or a refusal, and its candidates are sound."""
    found = decide_route(path, query, ZoneInfo("America/Havana"), base)
    if isinstance(found, PageRoute):
        assert found.candidates
        assert all(c.value and c.value.isascii() and c.number > 0 for c in found.candidates)


@given(st.lists(st.from_regex(r"[0-9]{1,5}", fullmatch=True), min_size=1, max_size=5))
def test_any_digits_may_stand_in_a_path(segments: list[str]) -> None:
    """Years, months and days that are none, and numbers without end, raise nothing."""
    for zone in (UTC, ZoneInfo("Asia/Tokyo"), timezone(timedelta(hours=-11))):
        route("/" + "/".join(segments) + "/", zone=zone)
        route("/" + "/".join(segments) + "/feed/", zone=zone)


# ---------------------------------------------------------------- candidates


def test_the_front_page_is_one_candidate() -> None:
    """Nothing else can be at the root."""
    assert route("/") == PageRoute("/", (ROOT,))


def test_a_plain_path_is_a_page_and_nothing_else() -> None:
    """No part, no page number, no date."""
    assert candidates("/hello/world/") == [("page", "/hello/world/", 1)]


def test_a_page_number_is_tried_with_and_without_slash() -> None:
    """Sites have either form of address; a post may also have that very path."""
    assert candidates("/category/news/page/3/") == [
        ("page", "/category/news/page/3/", 1),
        ("page", "/category/news/", 3),
        ("page", "/category/news", 3),
    ]


def test_page_numbers_of_the_root_may_be_parts_of_a_static_front_page() -> None:
    """/page/2/ is a page of the posts index, or a part of the page that stands there."""
    assert candidates("/page/2/") == [("page", "/page/2/", 1), ("page", "/", 2), ("part", "/", 2)]


def test_a_last_number_may_be_a_part() -> None:
    """WordPress addresses the parts of a post as /post/2/."""
    assert candidates("/hello/2/") == [
        ("page", "/hello/2/", 1),
        ("part", "/hello/", 2),
        ("part", "/hello", 2),
    ]


@pytest.mark.parametrize("path", ["/hello/0/", "/hello/007/", "/hello/1234567/", "/hello/2a/"])
def test_only_whole_numbers_are_parts(path: str) -> None:
    """Zero, leading zeros and endless numbers name nothing but themselves."""
    assert candidates(path) == [("page", path, 1)]


def test_dates_are_spans_in_the_site_s_own_zone() -> None:
    """Midnight is the site's; the day on which the clock changes has 23 hours."""
    berlin = ZoneInfo("Europe/Berlin")
    assert candidates("/2024/03/31/", zone=berlin)[-1] == (
        "dates",
        "1711839600:1711922399@/2024/03/31/",
        1,
    )
    year = candidates("/2024/", zone=berlin)
    assert ("dates", "1704063600:1735685999@/2024/", 1) in year


def test_paged_dates_keep_the_path_of_their_first_page() -> None:
    """The archive of a month is one list, whichever page of it is wanted."""
    assert ("dates", "1714521600:1717199999@/2024/05/", 4) in candidates("/2024/05/page/4/")


def test_dates_stand_below_the_base_of_the_site() -> None:
    """With a permalink structure of /archives/..., the dates are below it and nowhere else."""
    assert [c[0] for c in candidates("/2024/05/", date_base="/archives/")] == ["page"]
    found = candidates("/archives/2024/05/", date_base="/archives/")
    assert found[-1] == ("dates", "1714521600:1717199999@/archives/2024/05/", 1)


@pytest.mark.parametrize(
    "path",
    ["/0000/", "/2024/13/", "/2024/00/", "/2023/02/29/", "/2024/05/00/", "/2024/5/", "/24/",
     "/2024/05/17/08/", "/9999/12/31/", "/9999/"],
)  # fmt: skip
def test_what_is_no_date_is_no_archive(path: str) -> None:
    """A month 13, a day 0, a 29th of February that never was."""
    assert not [c for c in candidates(path) if c[0] == "dates"]


@pytest.mark.parametrize(
    ("path", "base", "form"),
    [
        ("/feed/", "/", "rss"),
        ("/feed", "/", "rss"),
        ("/feed/rss2/", "/", "rss"),
        ("/feed/rss/", "/", "rss"),
        ("/feed/rdf/", "/", "rss"),
        ("/feed/atom/", "/", "atom"),
        ("/rss2/", "/", "rss"),
        ("/atom/", "/", "atom"),
        ("/category/news/feed/", "/category/news/", "rss"),
        ("/category/news/feed/atom", "/category/news/", "atom"),
        ("/category/news/atom/", "/category/news/", "atom"),
        ("/category/news/feed/feed/", "/category/news/", "rss"),
    ],
)
def test_feeds_have_all_the_addresses_that_wordpress_gives_them(
    path: str, base: str, form: str
) -> None:
    """RSS 2.0 stands in for RDF and RSS 0.92; Atom is Atom."""
    found = route(path)
    assert found.feed == form
    assert ("feed", base, 1) in candidates(path)


def test_dates_have_feeds() -> None:
    """The feed of a month is the month's list."""
    assert ("dates", "1714521600:1717199999@/2024/05/", 1) in candidates("/2024/05/feed/")


def test_post_formats_have_archives_without_a_document() -> None:
    """/type/aside/ is a list by name, paged like any other, below the base of the dates."""
    assert ("list", "format:aside@/type/aside/", 2) in candidates("/type/aside/page/2/")
    assert ("list", "format:aside@/b/type/aside/", 1) in candidates(
        "/b/type/aside/", date_base="/b/"
    )
    assert candidates("/type/") == [("page", "/type/", 1)]


# ---------------------------------------------------------------- queries


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("p=12", ("ref", "post:12", 1)),
        ("page_id=12", ("ref", "post:12", 1)),
        ("attachment_id=12", ("ref", "post:12", 1)),
        ("p=12&page=3", ("ref", "post:12", 3)),
        ("cat=5", ("ref", "term:5", 1)),
        ("cat=5&paged=2", ("ref", "term:5", 2)),
        ("author=3", ("ref", "user:3", 1)),
        ("utm_source=x&p=12", ("ref", "post:12", 1)),
        ("p=0012", ("ref", "post:12", 1)),
        ("paged=3", ("page", "/", 3)),
        ("m=2024", ("dates", "1704067200:1735689599@/2024/", 1)),
        ("m=202405", ("dates", "1714521600:1717199999@/2024/05/", 1)),
        ("m=20240517&paged=2", ("dates", "1715904000:1715990399@/2024/05/17/", 2)),
        ("year=2024&monthnum=5", ("dates", "1714521600:1717199999@/2024/05/", 1)),
        ("year=2024&monthnum=05&day=7", ("dates", "1715040000:1715126399@/2024/05/07/", 1)),
    ],
)
def test_old_addresses_name_what_they_always_named(
    query: str, expected: tuple[str, str, int]
) -> None:
    """The query variables of plain permalinks lead to the object; its own address is asked for."""
    found = route("/", query)
    assert found.path == "?"
    assert [(c.how, c.value, c.number) for c in found.candidates] == [expected]


@pytest.mark.parametrize(
    ("query", "form", "how"),
    [("feed=rss2", "rss", "feed"), ("feed=atom", "atom", "feed"), ("feed=rdf", "rss", "feed"),
     ("cat=5&feed=atom", "atom", "ref"), ("author=3&feed=rss2", "rss", "ref"),
     ("m=202405&feed=rss2", "rss", "dates"), ("p=12&feed=rss2", None, "ref")],
)  # fmt: skip
def test_queries_ask_for_feeds(query: str, form: str | None, how: str) -> None:
    """Of the site, or of what else the query names; a post has no feed but of its comments."""
    found = route("/", query)
    assert found.feed == form
    assert found.candidates[0].how == how


@pytest.mark.parametrize(
    "query",
    ["utm_source=x", "s=hello", "p=", "p=0", "p=-1", "p=x", "p=1e3", "p=²", "p=٣", "cat=news", "=",
     "&&&", "%", "p", "m=1", "m=202413", "m=20240", "feed=comments-rss2", "paged=0", "preview=true",
     "&".join(f"a{i}=1" for i in range(99)), "%ff=%ff"],
)  # fmt: skip
def test_unknown_queries_change_nothing(query: str) -> None:
    """The answer is that of the bare path."""
    assert route("/", query) == route("/")


def test_a_query_counts_at_the_root_only() -> None:
    """/hello/?p=12 is /hello/."""
    assert route("/hello/", "p=12") == route("/hello/")


# ---------------------------------------------------------------- sitemaps


def test_sitemaps_and_robots_are_routes_of_their_own() -> None:
    """The index has the name that robots.txt gives, and WordPress's own leads to it."""
    assert decide_route("/sitemap.xml", "", UTC) == SitemapRoute("/sitemap.xml")
    assert decide_route("/wp-sitemap.xml", "", UTC) == SitemapRoute("/sitemap.xml")
    assert decide_route("/robots.txt", "x=1", UTC) == RobotsRoute()


@pytest.mark.parametrize(
    ("path", "name", "number"),
    [
        ("/sitemap-posts-post-1.xml", "type:post", 1),
        ("/sitemap-posts-my-type-12.xml", "type:my-type", 12),
        ("/sitemap-terms-post_tag-1.xml", "terms:post_tag", 1),
        ("/sitemap-users-3.xml", "users", 3),
    ],
)
def test_a_sitemap_names_its_list_and_page(path: str, name: str, number: int) -> None:
    """One for each list of the site."""
    assert decide_route(path, "", UTC) == SitemapRoute(path, name, number)


@pytest.mark.parametrize(
    "path",
    ["/sitemap-posts-post-0.xml", "/sitemap-posts-post-01.xml", "/sitemap-posts-post.xml",
     "/sitemap-posts-post-123456.xml", "/sitemap-1.xml", "/x/sitemap-users-1.xml"],
)  # fmt: skip
def test_what_looks_like_a_sitemap_is_an_ordinary_path(path: str) -> None:
    """Numbers are from 1, without leading zeros; sitemaps stand at the root."""
    assert isinstance(decide_route(path, "", UTC), PageRoute)
