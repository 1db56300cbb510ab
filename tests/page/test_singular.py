"""Pages about one document."""

from __future__ import annotations

from typing import Any

import pytest
from sos.page.frame import BuiltPage
from sos.page.model import PageModel

from tests.page.documents import (
    ADMIN,
    NOON,
    PUBLIC,
    build_at,
    entry,
    make_store,
    media,
    menu,
    page,
    post,
    site,
    stamp,
    term,
    user,
)
from tests.page.fake_store import FakeStore

STATIC = site(show_on_front="page", page_on_front=1, page_for_posts=2)


async def built(store: FakeStore, path: str, **options: Any) -> BuiltPage:
    found = await build_at(store, path, **options)
    assert found is not None, f"nothing at {path}"
    return found


async def model(store: FakeStore, path: str, **options: Any) -> PageModel:
    return (await built(store, path, **options)).page


# ---------------------------------------------------------------- posts


async def test_a_post_is_shown_with_all_that_belongs_to_it() -> None:
    """Its words, times, author, terms, picture, neighbours, and where it stands."""
    store = make_store(
        post(5, author=3, categories=[7], tags=[8], featured_media=9, format="aside"),
        post(4),
        post(6),
        user(3, "Jo Doe", description="Writes."),
        term(7, "News"),
        term(8, "Boats", "post_tag"),
        media(9),
    )
    p = await model(store, "/post-5/")
    assert p.post
    card = p.post.card
    assert (p.kind, p.status, p.title) == ("single", 200, "Post 5 – The Example")
    assert (p.url, p.canonical) == ("/post-5/", f"{PUBLIC}/post-5/")
    assert (card.title, p.post.content, card.excerpt, p.description) == (
        "Post 5",
        "<p>Body of 5.</p>",
        "<p>Excerpt of 5.</p>",
        "Excerpt of 5.",
    )
    assert card.published.iso == "2024-05-17T12:05:00+00:00"
    assert card.author
    assert (card.author.name, card.author.url) == ("Jo Doe", "/author/jo-doe/")
    assert [(t.name, t.url) for t in card.terms] == [
        ("News", "/category/news/"),
        ("Boats", "/post_tag/boats/"),
    ]
    assert card.image
    assert card.image.alt == "Alternative 9"
    assert p.post.previous
    assert p.post.next
    assert (p.post.previous.url, p.post.next.url) == ("/post-4/", "/post-6/")
    assert [(b.title, b.url) for b in p.breadcrumbs] == [("Home", "/"), ("News", "/category/news/")]
    assert p.body_classes == ("single", "single-post", "postid-5", "single-format-aside")
    assert p.templates[0] == "single-post-post-5.html"


async def test_a_page_depends_on_all_that_it_shows_and_might_show() -> None:
    """Also on documents that are not there yet, and on the list at whose end it stands."""
    store = make_store(post(5, author=3, categories=[7], featured_media=9), post(4))
    depends = (await built(store, "/post-5/")).depends
    assert depends[0] == "post:5"
    assert {"site", "menus", "user:3", "term:7", "post:9", "post:4", "list:type:post"} <= set(
        depends
    )


async def test_what_is_missing_is_left_out() -> None:
    """No author, no term, no picture where their documents are not there."""
    p = await model(
        make_store(post(5, author=3, categories=[7], tags=[8], featured_media=9)), "/post-5/"
    )
    assert p.post
    card = p.post.card
    assert (card.author, card.terms, card.image) == (None, (), None)
    assert [b.url for b in p.breadcrumbs] == ["/"]


@pytest.mark.parametrize(
    "title", ["", "   ", "<b></b>", "&nbsp;", "<!-- x -->", "<script>x</script>"]
)
async def test_a_post_without_a_title_is_called_by_its_date(title: str) -> None:
    """A link has something to click on; the document's title is the site's."""
    p = await model(make_store(post(5, title={"rendered": title})), "/post-5/")
    assert p.post
    assert p.post.card.label in ("May 17, 2024", "x")
    assert p.title in ("The Example", "x – The Example")


async def test_a_date_format_that_prints_nothing_still_gives_a_label() -> None:
    """S is empty in German."""
    odd = site(sos={"language": "de_DE", "settings": {"date_format": "S"}})
    p = await model(make_store(post(5, title={"rendered": ""}), site=odd), "/post-5/")
    assert p.post
    assert p.post.card.label == "2024-05-17"


async def test_markup_in_a_title_is_markup_on_the_page_and_text_in_the_head() -> None:
    """Sound inline HTML is kept, the rest goes, entities are not doubled."""
    raw = "Fish &amp; <em>chips</em> <script>alert(1)</script>&lt;b&gt;<img src=x onerror=alert(2)>"
    p = await model(make_store(post(5, title={"rendered": raw})), "/post-5/")
    assert p.post
    title = str(p.post.card.title)
    assert title.startswith("Fish &amp; <em>chips</em>")
    assert "<script" not in title
    assert "<img" not in title
    assert p.title.startswith("Fish & chips")
    assert "<b>" in p.title
    assert p.title.endswith(" – The Example")


@pytest.mark.parametrize(
    "date", [None, "", "0000-00-00T00:00:00", "tomorrow", 5, "2024-02-30T00:00:00"]
)
async def test_a_post_with_a_bad_date_is_shown(date: Any) -> None:
    """As of 1970, for want of better."""
    odd = post(5, date_gmt=date, date=date, modified_gmt=date)
    p = await model(make_store(odd), "/post-5/")
    assert p.post
    assert p.post.card.published.iso == "1970-01-01T00:00:00+00:00"


async def test_a_change_is_never_before_publication() -> None:
    """WordPress leaves post_modified of a scheduled post where it was."""
    p = await model(make_store(post(5, modified_gmt="2020-01-01T00:00:00")), "/post-5/")
    assert p.post
    assert p.post.card.modified == p.post.card.published


async def test_times_are_those_of_the_site() -> None:
    """Zone, language and formats come from its settings."""
    german = site(
        timezone_string="Europe/Berlin",
        sos={
            "language": "de_DE_formal",
            "settings": {"date_format": "j. F Y", "time_format": "H:i"},
        },
    )
    p = await model(make_store(post(5, at=NOON.timestamp()), site=german), "/post-5/")
    assert p.post
    assert (p.post.card.published.date, p.post.card.published.time) == ("17. Mai 2024", "14:00")
    assert (p.site.language, p.site.direction) == ("de-DE", "ltr")


async def test_the_admin_host_is_nowhere_in_a_page() -> None:
    """Not in the text, a title, a picture, a caption, a menu, CSS, or what SEO plugins say."""
    store = make_store(
        post(
            5,
            title={"rendered": "At cms.example.org"},
            content={
                "rendered": f'<p><a href="{ADMIN}/x/">x</a><img src="{ADMIN}/a.jpg" alt="" '
                f'srcset="{ADMIN}/a.jpg 1x, //cms.example.org/b.jpg 2x"></p>'
            },
            excerpt={"rendered": f'<p>See <a href="http://CMS.example.org">it</a> on {ADMIN}.</p>'},
            author=3,
            categories=[7],
            featured_media=9,
            sos={
                "css": ".a{color:red}/* cms.example.org */",
                "head": {
                    "title": "cms.example.org",
                    "description": f"{ADMIN}/",
                    "canonical": f"{ADMIN}/z/",
                },
            },
        ),
        post(4, title={"rendered": ADMIN}),
        {**user(3, "Jo", description=f"At {ADMIN}"), "name": "Jo of cms.example.org"},
        {**term(7, "T", description=f'<a href="{ADMIN}/y/">y</a>'), "name": "cms.example.org"},
        media(9, caption={"rendered": f"<p>{ADMIN}</p>"}, alt_text="of cms.example.org"),
        menu(entry(1, "cms.example.org", f"{ADMIN}/m/", description=ADMIN)),
    )
    for path in ("/post-5/", "/category/t/", "/author/jo/"):
        text = repr(await model(store, path))
        assert "cms.example.org" not in text.lower(), text
    p5 = await model(store, "/post-5/")
    assert p5.canonical == f"{PUBLIC}/z/"


async def test_seo_plugins_say_what_a_search_engine_sees() -> None:
    """Title, description, canonical address and robots of the document's own head win."""
    head = {
        "title": "T &amp; U",
        "description": "D",
        "canonical": "/elsewhere/",
        "robots": "noarchive",
    }
    p = await model(make_store(post(5, sos={"head": head})), "/post-5/")
    assert (p.title, p.description) == ("T & U", "D")
    assert p.robots == "noarchive, max-image-preview:large"  # as WordPress adds it
    assert p.canonical == f"{PUBLIC}/elsewhere/"


@pytest.mark.parametrize("canonical", ["javascript:alert(1)", "http://[", "", "data:x"])
async def test_a_canonical_address_that_is_none_is_the_page_s_own(canonical: str) -> None:
    """A head that lies about it is not believed."""
    p = await model(make_store(post(5, sos={"head": {"canonical": canonical}})), "/post-5/")
    assert p.canonical == f"{PUBLIC}/post-5/"


async def test_a_site_that_hides_from_search_engines_hides_every_page() -> None:
    """`blog_public` off: whatever a document says."""
    hidden = site(sos={"settings": {"blog_public": 0}})
    store = make_store(post(5, sos={"head": {"robots": "index, follow"}}), site=hidden)
    for path in ("/post-5/", "/"):
        assert (await model(store, path)).robots == "noindex, nofollow"


# ---------------------------------------------------------------- parts


THREE = post(
    5, content={"rendered": "<p>one</p><!--nextpage--><p>two</p><!--nextpage--><p>three</p>"}
)


async def test_a_post_of_parts_is_several_pages() -> None:
    """Each has its own text and address; lists have all of it."""
    store = make_store(THREE)
    second = await model(store, "/post-5/2/")
    assert second.post
    assert second.post.parts
    assert second.post.content == "<p>two</p>"
    assert "one" in second.post.card.content
    assert "three" in second.post.card.content
    assert (second.post.parts.current, second.post.parts.total) == (2, 3)
    assert second.post.parts.links == ("/post-5/", "/post-5/2/", "/post-5/3/")
    assert (second.url, second.canonical) == ("/post-5/2/", f"{PUBLIC}/post-5/2/")
    assert second.title == "Post 5 – Page 2 – The Example"
    first = await model(store, "/post-5/")
    assert first.post
    assert first.post.content == "<p>one</p>"
    assert first.post.parts


@pytest.mark.parametrize("path", ["/post-5/1/", "/post-5/4/", "/post-5/99/"])
async def test_a_part_that_is_not_there_leads_to_the_post(path: str) -> None:
    """As redirect_canonical does it: the page that is built is at another address."""
    assert (await model(make_store(THREE), path)).url == "/post-5/"


async def test_parts_have_no_slash_where_the_site_has_none() -> None:
    """/post-5 goes on at /post-5/2."""
    store = make_store({**THREE, "link": f"{ADMIN}/post-5"})
    p = await model(store, "/post-5/2")
    assert p.post
    assert p.post.parts
    assert p.post.parts.links == ("/post-5", "/post-5/2", "/post-5/3")
    assert p.url == "/post-5/2"
    assert (await model(store, "/post-5/2/")).url == "/post-5/2"


async def test_the_number_in_an_old_address_is_kept() -> None:
    """/?p=5&page=2 is the second part."""
    assert (await model(make_store(THREE), "/", query="p=5&page=2")).url == "/post-5/2/"


# ---------------------------------------------------------------- pages and other types


async def test_pages_stand_below_each_other() -> None:
    """With a way up and a way down, and no neighbours."""
    store = make_store(
        page(1, "about"),
        page(2, "about/team", parent=1, title={"rendered": "Team"}),
        page(3, "about/team/jo", parent=2, title={"rendered": "Jo"}),
    )
    p = await model(store, "/about/team/")
    assert p.post
    assert p.kind == "page"
    assert [(b.title, b.url) for b in p.breadcrumbs] == [("Home", "/"), ("About", "/about/")]
    assert [(c.title, c.url) for c in p.post.children] == [("Jo", "/about/team/jo/")]
    assert (p.post.previous, p.post.next) == (None, None)
    depends = (await built(store, "/about/team/")).depends
    assert {"post:1", "post:3", "list:children:2"} <= set(depends)


async def test_the_template_that_an_editor_chose_comes_first() -> None:
    """By its last name only: a folder is not part of a template's name."""
    store = make_store(page(1, "about", template="page-templates/full-width.php"))
    assert (await model(store, "/about/")).templates == (
        "full-width.html", "page-about.html", "page-1.html", "page.html", "singular.html",
        "index.html",
    )  # fmt: skip


async def test_items_of_other_types_have_their_archive_above_them() -> None:
    """The type's name is plain text, whatever is in it."""
    types = {"book": {"name": "Books <b>", "sos": {"archive_path": "/books/"}}}
    store = make_store(post(5, type="book", link=f"{ADMIN}/books/b/"), types=types)
    p = await model(store, "/books/b/")
    assert p.kind == "single"
    assert [(str(b.title), b.url) for b in p.breadcrumbs] == [("Home", "/"), ("Books", "/books/")]
    assert p.templates[:2] == ("single-book-post-5.html", "single-book.html")


async def test_an_attachment_shows_its_file() -> None:
    """Picture, address, caption and description."""
    p = await model(make_store(media(9)), "/picture-9/")
    assert p.post
    assert p.post.media
    assert p.kind == "attachment"
    assert p.post.media_url == "/wp-content/uploads/2024/05/picture-9.jpg"
    assert p.post.media.srcset == (
        "/wp-content/uploads/2024/05/picture-9-300x200.jpg 300w, "
        "/wp-content/uploads/2024/05/picture-9.jpg 1200w"
    )
    assert p.post.content == "<p>Description 9</p>"
    assert p.templates[0] == "image.html"


# ---------------------------------------------------------------- the front page


async def test_a_static_front_page_is_at_the_root() -> None:
    """A page of its own kind, with the site's title and tagline, and no breadcrumbs."""
    store = make_store(page(1, "", link=f"{ADMIN}/"), page(2, "news"), post(5), site=STATIC)
    p = await model(store, "/")
    assert (p.kind, p.url, p.title) == ("front", "/", "The Example – All about it")
    assert p.templates[0] == "front-page.html"
    assert p.breadcrumbs == ()
    assert "home" in p.body_classes
    assert "front" in (await built(store, "/")).depends


async def test_the_front_page_never_redirects() -> None:
    """The site was told of a new front page, and that page's own document is still the old one."""
    store = make_store(page(1, "welcome"), page(2, "news"), site=STATIC)
    assert (await model(store, "/")).url == "/"
    assert (await model(store, "/welcome/")).url == "/"
    p = await model(store, "/")
    assert p.post
    assert p.post.card.url == "/"
    assert p.canonical == f"{PUBLIC}/"


async def test_a_static_front_page_has_parts() -> None:
    """At /2/ and, as WordPress has it, /page/2/."""
    front = page(1, "", link=f"{ADMIN}/", content=THREE["content"])
    store = make_store(front, page(2, "news"), site=STATIC)
    p = await model(store, "/2/")
    assert p.post
    assert (p.url, p.post.content) == ("/2/", "<p>two</p>")
    assert (await model(store, "/page/2/")).url == "/2/"


# ---------------------------------------------------------------- time


async def test_a_scheduled_post_is_there_at_its_second() -> None:
    """Not before; and one that expires is there until its second."""
    at = NOON.timestamp() + 1000
    expiring = post(5, at=at, sos={"expires_gmt": stamp(at + 100)})
    store = make_store(expiring, post(4))
    assert await build_at(store, "/post-5/", now=at - 1) is None
    assert await build_at(store, "/post-5/", now=at) is not None
    assert await build_at(store, "/post-5/", now=at + 99) is not None
    assert await build_at(store, "/post-5/", now=at + 100) is None
