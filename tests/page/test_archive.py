"""Pages that list posts."""

from __future__ import annotations

from typing import Any

import pytest
from sos.page.model import PageModel

from tests.page.documents import (
    ADMIN,
    PUBLIC,
    build_at,
    make_store,
    media,
    page,
    post,
    site,
    stamp,
    term,
    user,
)
from tests.page.fake_store import FakeStore

FEW = site(sos={"settings": {"posts_per_page": 3}})


async def model(store: FakeStore, path: str, **options: Any) -> PageModel:
    found = await build_at(store, path, **options)
    assert found is not None, f"nothing at {path}"
    return found.page


def urls(found: PageModel) -> list[str]:
    return [p.url for p in found.posts]


# ---------------------------------------------------------------- the posts index


async def test_the_front_page_has_the_latest_posts_first() -> None:
    """Newest first, with the site's name, tagline and feeds."""
    p = await model(make_store(*(post(n) for n in range(1, 4))), "/")
    assert urls(p) == ["/post-3/", "/post-2/", "/post-1/"]
    assert (p.kind, p.title, p.description) == (
        "front",
        "The Example – All about it",
        "All about it",
    )
    assert (p.url, p.canonical, p.archive, p.pagination) == ("/", f"{PUBLIC}/", None, None)
    assert [f.url for f in p.feeds] == ["/feed/", "/feed/atom/"]
    assert p.templates == ("front-page.html", "home.html", "index.html")


async def test_an_empty_site_has_a_front_page() -> None:
    """A list of nothing is still a page."""
    p = await model(make_store(), "/")
    assert (p.kind, p.posts, p.pagination) == ("front", (), None)


async def test_further_pages_have_their_own_address_and_title() -> None:
    """/page/2/ says so, and canonical is itself."""
    store = make_store(*(post(n) for n in range(1, 8)), site=FEW)
    p = await model(store, "/page/2/")
    assert urls(p) == ["/post-4/", "/post-3/", "/post-2/"]
    assert p.title == "The Example – Page 2 – All about it"
    assert p.canonical == f"{PUBLIC}/page/2/"
    assert p.pagination
    assert (p.pagination.current, p.pagination.total) == (2, 3)
    assert (p.pagination.previous, p.pagination.next) == ("/", "/page/3/")
    assert p.pagination.links == ((1, "/"), (2, "/page/2/"), (3, "/page/3/"))
    assert p.body_classes == ("home", "blog", "paged", "paged-2")
    last = await model(store, "/page/3/")
    assert last.pagination
    assert (urls(last), last.pagination.next) == (["/post-1/"], "")


async def test_pages_past_the_end_do_not_exist() -> None:
    """Page 4 of 3, and page 2 of an empty list."""
    store = make_store(*(post(n) for n in range(1, 8)), term(7, "Empty"), site=FEW)
    assert await build_at(store, "/page/4/") is None
    assert await build_at(store, "/page/999999/") is None
    assert await build_at(store, "/category/empty/page/2/") is None


async def test_page_one_has_one_address() -> None:
    """/page/1/ is built at /, so that whoever asks for it is sent there."""
    store = make_store(*(post(n) for n in range(1, 8)), term(7, "News"), site=FEW)
    assert (await model(store, "/page/1/")).url == "/"
    assert (await model(store, "/category/news/page/1/")).url == "/category/news/"
    assert (await model(store, "/", query="paged=2")).url == "/page/2/"


async def test_a_long_list_offers_the_pages_that_matter() -> None:
    """The first, the last, and those around; a gap in the numbers is an ellipsis."""
    one = site(sos={"settings": {"posts_per_page": 1}})
    p = await model(make_store(*(post(n) for n in range(1, 31)), site=one), "/page/15/")
    assert p.pagination
    assert [n for n, _ in p.pagination.links] == [1, 2, 13, 14, 15, 16, 17, 29, 30]


@pytest.mark.parametrize(
    ("sticky", "first"),
    [
        ((), [9, 8, 7]),
        ((8,), [8, 9, 7]),
        ((7, 8), [8, 7, 9]),
        ((1,), [1, 9, 8, 7]),
        ((1, 2), [2, 1, 9, 8, 7]),
        ((1, 7), [7, 1, 9, 8]),
        ((2, 1, 9, 7), [9, 7, 2, 1, 8]),
    ],
)
async def test_sticky_posts_stand_where_wp_query_puts_them(
    sticky: tuple[int, ...], first: list[int]
) -> None:
    """Those of the first page at its top, then the others, then the rest; first page only."""
    posts = (post(n, sticky=n in sticky) for n in range(1, 10))
    store = make_store(*posts, site=FEW)
    assert urls(await model(store, "/")) == [f"/post-{n}/" for n in first]
    assert urls(await model(store, "/page/2/")) == ["/post-6/", "/post-5/", "/post-4/"]
    assert all(c.sticky == (int(c.url[6:-1]) in sticky) for c in (await model(store, "/")).posts)


async def test_sticky_posts_are_nothing_special_elsewhere() -> None:
    """In an archive the date counts."""
    store = make_store(
        post(1, sticky=True, categories=[7]), post(2, categories=[7]), term(7, "News")
    )
    assert urls(await model(store, "/category/news/")) == ["/post-2/", "/post-1/"]


async def test_the_posts_page_may_be_elsewhere() -> None:
    """Its title and address are those of the page that the editor chose."""
    static = site(show_on_front="page", page_on_front=1, page_for_posts=2)
    front = page(1, "", link=f"{ADMIN}/")
    news = page(2, "news", title={"rendered": "News &amp; <em>more</em>"})
    p = await model(make_store(front, news, post(5), site=static), "/news/")
    assert (p.kind, p.url, p.title) == ("home", "/news/", "News & more – The Example")
    assert urls(p) == ["/post-5/"]
    assert [b.url for b in p.breadcrumbs] == ["/"]
    assert p.templates == ("home.html", "index.html")


# ---------------------------------------------------------------- archives


async def test_a_category_has_an_archive() -> None:
    """With its name, description, number of posts, feeds, and the categories above it."""
    store = make_store(
        post(1, categories=[8]),
        term(7, "News"),
        term(8, "Old &amp; new", slug="old", parent=7, link=f"{ADMIN}/category/news/old/",
             description="<p>All <strong>of</strong> it</p><script>x</script>"),
    )  # fmt: skip
    p = await model(store, "/category/news/old/")
    assert p.archive
    assert p.archive.term
    assert (p.kind, p.title) == ("category", "Old & new – The Example")
    assert (p.archive.title, p.archive.label, p.archive.total) == ("Old &amp; new", "Category", 1)
    assert "<strong>of</strong>" in p.archive.description
    assert "script" not in p.archive.description
    assert p.description.startswith("All of it")
    assert [b.url for b in p.breadcrumbs] == ["/", "/category/news/"]
    assert [f.url for f in p.feeds][2:] == [
        "/category/news/old/feed/",
        "/category/news/old/feed/atom/",
    ]
    assert p.body_classes == ("archive", "category", "category-old", "category-8")


async def test_every_kind_of_archive_says_what_it_is() -> None:
    """Tag, taxonomy, author, type."""
    store = make_store(
        post(1, author=3, tags=[8], genre=[9]),
        post(2, type="book", link=f"{ADMIN}/books/b/"),
        term(8, "Boats", "post_tag", link=f"{ADMIN}/tag/boats/"),
        term(9, "Crime", "genre"),
        user(3, "Jo Doe", description="<b>Bio</b>"),
        types={"book": {"name": "Books", "sos": {"archive_path": "/books/"}}},
        taxonomies={
            "genre": {"name": "Genres", "rest_base": "genre", "labels": {"singular_name": "Genre"}},
            "post_tag": {"name": "Tags", "rest_base": "tags"},
        },
    )
    expected = {
        "/tag/boats/": ("tag", "Boats", "Tags", "tag-boats.html"),
        "/genre/crime/": ("taxonomy", "Crime", "Genre", "taxonomy-genre-crime.html"),
        "/author/jo-doe/": ("author", "Jo Doe", "Author", "author-jo-doe.html"),
        "/books/": ("type", "Books", "", "archive-book.html"),
    }
    for path, (kind, title, label, template) in expected.items():
        p = await model(store, path)
        assert p.archive
        assert (p.kind, p.archive.title, p.archive.label, p.templates[0]) == (
            kind,
            title,
            label,
            template,
        )
        assert p.title == f"{title} – The Example"
        assert len(p.posts) == p.archive.total == 1
    author = (await model(store, "/author/jo-doe/")).archive
    assert author
    assert author.author
    assert author.description == "Bio"


@pytest.mark.parametrize(
    ("path", "title", "label", "shown"),
    [
        ("/2024/", "2024", "Year", [3, 2, 1]),
        ("/2024/05/", "May 2024", "Month", [2, 1]),
        ("/2024/05/17/", "May 17, 2024", "Day", [1]),
        ("/2024/06/", "June 2024", "Month", [3]),
    ],
)
async def test_dates_have_archives(path: str, title: str, label: str, shown: list[int]) -> None:
    """Of a year, a month and a day in the site's own zone: the last second counts, the next not."""
    tokyo = site(timezone_string="Asia/Tokyo")
    times = {1: "2024-05-17T14:59:59", 2: "2024-05-17T15:00:00", 3: "2024-05-31T15:00:00"}
    posts = (post(n, date_gmt=t, date=t) for n, t in times.items())
    p = await model(make_store(*posts, site=tokyo), path)
    assert p.archive
    assert (p.kind, p.archive.title, p.archive.label) == ("date", title, label)
    assert urls(p) == [f"/post-{n}/" for n in shown]
    assert p.url == path


async def test_a_date_without_posts_does_not_exist() -> None:
    """There is a page for each day that has one, not for every day there ever was."""
    store = make_store(post(1))
    assert await build_at(store, "/2023/") is None
    assert await build_at(store, "/2024/05/18/") is None


async def test_dates_have_the_words_of_the_site() -> None:
    """The month of an archive is not declined."""
    russian = site(sos={"language": "ru_RU", "settings": {"date_format": "j F Y"}})
    store = make_store(post(1), site=russian)
    month, day = await model(store, "/2024/05/"), await model(store, "/2024/05/17/")
    assert month.archive
    assert day.archive
    assert (month.archive.title, day.archive.title) == ("май 2024", "17 мая 2024")


async def test_an_old_address_asks_for_the_archive_s_own() -> None:
    """By number, or by date, with the page that was wanted."""
    store = make_store(
        *(post(n, categories=[7], author=3) for n in range(1, 8)),
        term(7, "News"),
        user(3, "Jo"),
        site=FEW,
    )
    for query, url in {
        "cat=7": "/category/news/",
        "cat=7&paged=2": "/category/news/page/2/",
        "author=3": "/author/jo/",
        "m=202405": "/2024/05/",
        "year=2024&paged=3": "/2024/page/3/",
    }.items():
        assert (await model(store, "/", query=query)).url == url


async def test_lists_without_a_slash_are_paged_without_one() -> None:
    """/category/news goes on at /category/news/page/2."""
    bare = term(7, "News", link=f"{ADMIN}/category/news")
    store = make_store(*(post(n, categories=[7]) for n in range(1, 8)), bare, site=FEW)
    p = await model(store, "/category/news/page/2")
    assert p.pagination
    assert p.url == "/category/news/page/2"
    assert (p.pagination.previous, p.pagination.next) == ("/category/news", "/category/news/page/3")
    assert [f.url for f in p.feeds][2:] == ["/category/news/feed", "/category/news/feed/atom"]


async def test_what_expires_or_is_yet_to_come_is_in_no_list() -> None:
    """At every second the list has what is public then."""
    later = 1_800_000_000
    store = make_store(post(1), post(2, at=later), post(3, sos={"expires_gmt": stamp(later)}))
    assert urls(await model(store, "/", now=later - 1)) == ["/post-3/", "/post-1/"]
    assert urls(await model(store, "/", now=later)) == ["/post-2/", "/post-1/"]


# ---------------------------------------------------------------- what a list depends on


async def test_a_list_depends_on_itself_and_on_all_it_shows() -> None:
    """Documents that are named but missing, or can't be read, are among it."""
    store = make_store(
        post(1, author=3, featured_media=9, categories=[7]),
        post(2, sticky=True),
        term(7, "News"),
        media(9),
    )
    store.put("post:2", store.kept["post:2"].document, b"{")
    built = await build_at(store, "/")
    assert built is not None
    assert urls(built.page) == ["/post-1/"]
    assert {"front", "list:type:post", "list:sticky", "site", "menus", "post:1", "post:2", "user:3",
            "post:9", "term:7"} <= set(built.depends)  # fmt: skip
    assert built.depends[:2] == ("front", "list:type:post")
    archive = await build_at(store, "/category/news/")
    assert archive is not None
    assert archive.depends[0] == "list:term:7"
    assert "term:7" in archive.depends
    assert "list:sticky" not in archive.depends


async def test_a_term_whose_document_cannot_be_read_has_no_page() -> None:
    """Its name is not known: what to do about it is not decided here."""
    store = make_store(post(1, categories=[7]), term(7, "News"))
    store.put("term:7", store.kept["term:7"].document, b"{")
    assert await build_at(store, "/category/news/") is None
