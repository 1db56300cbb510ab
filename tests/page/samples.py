"""Page models of every kind, with the edge cases that real sites bring, for any test to use.

`SAMPLES` maps a name to a page model. Nothing here is read from anywhere, so that a sample is the
same in every run.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from markupsafe import Markup
from sos.content.search_head import NO_HEAD, Head, HeadImage
from sos.page.model import (
    Archive,
    Author,
    Callout,
    Feed,
    Image,
    Link,
    MenuItem,
    Moment,
    PageModel,
    Pagination,
    Parts,
    PostCard,
    PostView,
    Row,
    SiteView,
    TermLink,
)
from sos.page.seo import add_metadata

START = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
HOSTILE = "</title></style><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def moment(days: int = 0) -> Moment:
    """A point in time, so many days before the start."""
    at = START - timedelta(days=days)
    return Moment(
        iso=at.isoformat(),
        date=f"{at:%B} {at.day}, {at.year}",
        time=f"{at:%H:%M}",
        epoch=int(at.timestamp()),
    )


def image(name: str = "harbour", width: int = 1600, height: int = 1067) -> Image:
    """A picture with the sizes that WordPress makes."""
    base = f"/wp-content/uploads/2026/03/{name}"
    return Image(
        url=f"{base}.jpg",
        alt="Boats in a harbour at low tide",
        width=width,
        height=height,
        srcset=f"{base}-300x200.jpg 300w, {base}-768x512.jpg 768w, {base}.jpg {width}w",
        caption=Markup("The harbour at <em>low tide</em>."),
        mime="image/jpeg",
    )


NEWS = TermLink(id=5, name=Markup("News"), url="/category/news/", slug="news", taxonomy="category")
TIDES = TermLink(id=8, name=Markup("Tides"), url="/tag/tides/", slug="tides", taxonomy="post_tag")
BOATS = TermLink(
    id=9, name=Markup("Boats &amp; nets"), url="/tag/boats/", slug="boats", taxonomy="post_tag"
)
COAST = TermLink(
    id=21,
    name=Markup("North coast"),
    url="/sea_area/north-coast/",
    slug="north-coast",
    taxonomy="sea_area",
)
EDITOR = Author(
    id=3,
    name="The Harbour Desk",
    url="/author/harbour-desk/",
    description="Writes about the sea, and about those who live by it.",
)


def card(number: int = 1, **changes: Any) -> PostCard:
    """A post as lists show it; ``changes`` replaces fields."""
    values: dict[str, Any] = {
        "id": number,
        "type": "post",
        "slug": f"low-tide-{number}",
        "title": Markup(f"What the low tide leaves behind, part {number}"),
        "label": Markup(f"What the low tide leaves behind, part {number}"),
        "url": f"/2026/03/low-tide-{number}/",
        "excerpt": Markup(
            "<p>Twice a day the sea goes out and shows what it keeps: rope, glass, a boot. "
            "A walk along the wall, with a list.</p>"
        ),
        "summary": "Twice a day the sea goes out and shows what it keeps: rope, glass, a boot.",
        "published": moment(number * 3),
        "modified": moment(number * 3),
        "author": EDITOR,
        "image": image() if number % 3 == 1 else None,
        "terms": (NEWS, TIDES),
    }
    return PostCard(**values | changes)


def untitled(number: int) -> PostCard:
    """A post without a title goes by its date."""
    return card(number, title=Markup(), label=Markup(moment(number * 3).date), image=None)


POSTS = (
    card(1, sticky=True),
    card(2, label=Markup("Nets &amp; <em>knots</em>"), title=Markup("Nets &amp; <em>knots</em>")),
    untitled(3),
    card(4, author=None, terms=()),
    card(5, protected=True, excerpt=Markup(), summary=""),
    card(6, author=Author(id=4, name="A guest", url="")),
    card(7, format="aside"),
    card(8, title=Markup(LONG_WORD), label=Markup(LONG_WORD)),
    card(9, excerpt=Markup()),
    card(10),
)


def _entry(title: str, url: str, *children: MenuItem, **changes: Any) -> MenuItem:
    return MenuItem(title=Markup(title), url=url, children=children, **changes)


PRIMARY = (
    _entry("Home", "/"),
    _entry(
        "About &amp; people",
        "/about/",
        _entry(
            "History",
            "/about/history/",
            _entry("The old harbour", "/about/history/old/"),
            _entry("The new mole", "/about/history/new/"),
        ),
        _entry("Team", "/about/team/", description="Who writes, who proofreads, who makes tea"),
    ),
    _entry("Topics", "", _entry("News", "/category/news/"), _entry("Tides", "/tag/tides/")),
    _entry("Timetable", "https://timetable.example/", new_tab=True, classes=("external",)),
)
FOOTER = (_entry("Imprint", "/imprint/"), _entry("Privacy", "/privacy/"))
SOCIAL = (_entry("Mastodon", "https://social.example/@harbour", new_tab=True),)
ACTIONS = (
    _entry("Mend a net", "/nets/", description="Every Tuesday, on the wall"),
    _entry("Report a boot", "https://boots.example/", new_tab=True),
    _entry("Or just come by", ""),
)


def deep_menu(depth: int) -> tuple[MenuItem, ...]:
    """A menu with one entry on each of so many levels, the last of them the current page."""
    entry = _entry(f"Level {depth}", f"/level-{depth}/", current=True)
    for level in range(depth - 1, 0, -1):
        entry = _entry(f"Level {level}", f"/level-{level}/", entry, ancestor=True)
    return (entry,)


SITE = SiteView(
    title="The Harbour Post",
    tagline="Notes from the edge of the sea",
    url="https://www.harbour.example",
    language="en-GB",
    direction="ltr",
)
FEEDS = (
    Feed(title="The Harbour Post", url="/feed/", type="application/rss+xml"),
    Feed(title="The Harbour Post (Atom)", url="/feed/atom/", type="application/atom+xml"),
)


def page(kind: str, url: str, templates: tuple[str, ...], **changes: Any) -> PageModel:
    """A page of a kind with the sample site around it; ``changes`` replaces fields.

    ``head`` among them is what a plugin for search engines says.
    """
    head = changes.pop("head", NO_HEAD)
    values: dict[str, Any] = {
        "kind": kind,
        "url": url,
        "templates": templates,
        "site": SITE,
        "title": "A page – The Harbour Post",
        "description": "Notes from the edge of the sea: tides, boats, nets.",
        "canonical": f"{SITE.url}{url}",
        "body_classes": (kind,),
        "menus": {"primary": PRIMARY, "footer": FOOTER, "social": SOCIAL, "action": ACTIONS},
        "feeds": FEEDS,
    }
    return add_metadata(PageModel(**values | changes), head)


PARAGRAPHS = Markup(
    "<p>Twice a day the sea goes out and shows what it keeps. Whoever walks along the wall in the "
    'morning finds <a href="/tag/rope/">rope</a>, glass, and now and then <em>a boot</em>.</p>\n'
    "<h2>What to bring</h2>\n<ul><li>Boots</li><li>A bag</li><li>Somebody who knows the tides"
    "</li></ul>\n<p>The tide table hangs in the <strong>harbour office</strong>, and it is always "
    "right; the clock beside it is not.</p>"
)

BLOCKS = Markup(
    """<p class="has-drop-cap">Every block that editors use stands on this page once, so that one
can see what the theme makes of it. It goes on for a while.</p>
<figure class="wp-block-image alignwide size-large"><img src="/wp-content/uploads/2026/03/harbour.jpg"
alt="Boats in a harbour" width="1600" height="1067" srcset="/wp-content/uploads/2026/03/harbour-768x512.jpg 768w,
/wp-content/uploads/2026/03/harbour.jpg 1600w" sizes="(max-width: 1600px) 100vw, 1600px"><figcaption
class="wp-element-caption">Wide, with a caption</figcaption></figure>
<div class="wp-block-image"><figure class="alignright size-medium"><img
src="/wp-content/uploads/2026/03/boot-300x200.jpg" alt="A boot" width="300" height="200"><figcaption
class="wp-element-caption">To the right</figcaption></figure></div>
<p>A picture floats beside this paragraph. It needs a few sentences to reach around it, so here they
are: the boot was found on a Tuesday, the other one on the Wednesday after, and nobody came for them.
They stand on the wall now, and gulls look into them.</p>
<p><img class="alignleft size-thumbnail" src="/wp-content/uploads/2026/03/boot-150x150.jpg" alt=""
width="150" height="150">The classic editor puts its pictures into paragraphs, and floats them too.
This one is on the left, and it is decorative. The text goes on beside it.</p>
<h2 class="wp-block-heading">Pictures together</h2>
<figure class="wp-block-gallery has-nested-images columns-3 is-cropped wp-block-gallery-1 is-layout-flex">
<figure class="wp-block-image size-large"><img src="/wp-content/uploads/2026/03/a.jpg" alt="Rope" width="400" height="300"></figure>
<figure class="wp-block-image size-large"><img src="/wp-content/uploads/2026/03/b.jpg" alt="Glass" width="300" height="400"></figure>
<figure class="wp-block-image size-large"><img src="/wp-content/uploads/2026/03/c.jpg" alt="A buoy" width="400" height="400"></figure>
<figcaption class="blocks-gallery-caption wp-element-caption">Three finds</figcaption></figure>
<div class="wp-block-media-text is-stacked-on-mobile"><figure class="wp-block-media-text__media"><img
src="/wp-content/uploads/2026/03/d.jpg" alt="Nets" width="800" height="600"></figure><div
class="wp-block-media-text__content"><p>Media and text: the nets dry on the wall while somebody
mends them.</p></div></div>
<div class="wp-block-cover alignfull is-light" style="min-height:300px"><img
class="wp-block-cover__image-background" alt="" src="/wp-content/uploads/2026/03/e.jpg"><span
aria-hidden="true" class="wp-block-cover__background has-background-dim-80 has-background-dim"></span><div
class="wp-block-cover__inner-container is-layout-flow"><p class="has-text-align-center has-large-font-size">A
cover over the whole width</p></div></div>
<h2 class="wp-block-heading">Columns and colours</h2>
<div class="wp-block-columns alignwide is-layout-flex"><div class="wp-block-column is-layout-flow"
style="flex-basis:33%"><h3 class="wp-block-heading">One</h3><p>A third.</p></div><div
class="wp-block-column is-layout-flow"><h3 class="wp-block-heading">Two</h3><p>The rest, with a
<a href="/x/">link</a>.</p></div></div>
<div class="wp-block-group alignfull has-pale-cyan-blue-background-color has-background is-layout-constrained"
style="padding-top:var(--wp--preset--spacing--60);padding-bottom:var(--wp--preset--spacing--60)"><h3
class="wp-block-heading">A group with a background</h3><p>Its text and <a href="/y/">its links</a> can
be read in the dark too.</p></div>
<p class="has-vivid-red-background-color has-background">Red, and no colour of text chosen.</p>
<p class="has-text-color" style="color:#333333">Dark grey text, chosen for a light page.</p>
<div class="wp-block-buttons is-layout-flex"><div class="wp-block-button"><a
class="wp-block-button__link wp-element-button" href="/tickets/">Buy a ticket</a></div><div
class="wp-block-button is-style-outline"><a class="wp-block-button__link wp-element-button"
href="/more/">Learn more</a></div></div>
<h2 class="wp-block-heading">Words</h2>
<blockquote class="wp-block-quote is-layout-flow"><p>The sea gives, and the sea takes the bus.</p><cite>A
sign at the stop</cite></blockquote>
<figure class="wp-block-pullquote"><blockquote><p>Always ask who tied the knot.</p><cite>Same
sign</cite></blockquote></figure>
<pre class="wp-block-code"><code>tide = (moon + sun) * a_long_line_of_code_that_does_not_fit_on_a_phone_and_therefore_scrolls_by_itself(now)</code></pre>
<pre class="wp-block-verse">Low water
     high water
low water</pre>
<hr class="wp-block-separator has-alpha-channel-opacity is-style-dots">
<figure tabindex="0" class="wp-block-table is-style-stripes"><table><thead><tr><th>Day</th><th>High</th><th>Low</th>
<th>Moon</th><th>Harbour office</th></tr></thead><tbody><tr><td>Monday</td><td>06:12</td><td>12:31</td>
<td>Waxing</td><td>open</td></tr><tr><td>Tuesday</td><td>06:58</td><td>13:15</td><td>Full</td><td>closed</td>
</tr></tbody></table><figcaption class="wp-element-caption">Tides of the week</figcaption></figure>
<hr class="wp-block-separator has-alpha-channel-opacity">
<details class="wp-block-details is-layout-flow"><summary>What if it rains?</summary><p>Then it rains.</p></details>
<figure class="wp-block-embed is-type-video is-provider-youtube wp-block-embed-youtube wp-embed-aspect-16-9 wp-has-aspect-ratio"><div
class="wp-block-embed__wrapper"><iframe title="A film about tides" width="500" height="281"
src="https://www.youtube-nocookie.com/embed/x" allowfullscreen></iframe></div></figure>
<div class="wp-block-file"><a href="/wp-content/uploads/2026/03/tides.pdf">Tide table</a><a
href="/wp-content/uploads/2026/03/tides.pdf" class="wp-block-file__button wp-element-button" download>Download</a></div>
<ul class="wp-block-social-links is-layout-flex"><li class="wp-social-link wp-block-social-link"><a
href="https://social.example/@harbour" class="wp-block-social-link-anchor"><span
class="wp-block-social-link-label screen-reader-text">Mastodon</span></a></li></ul>
<ol class="wp-block-footnotes"><li id="fn1">A footnote.</li></ol>"""
)


def view(post: PostCard, content: Markup = PARAGRAPHS, **changes: Any) -> PostView:
    """A post that a page is about, with neighbours."""
    return PostView(card=msgspec.structs.replace(post, content=content), content=content, **changes)


NEIGHBOURS: dict[str, Any] = {
    "previous": Link(title=Markup("Nets &amp; knots"), url="/2026/03/low-tide-2/"),
    "next": Link(title=Markup("The clock in the office"), url="/2026/03/clock/"),
}
SINGLE = ("single-post-low-tide-1.html", "single-post.html", "single.html", "singular.html")
PAGE = ("page-team.html", "page-40.html", "page.html", "singular.html", "index.html")
HOME = ("home.html", "index.html")
PAGE_CARD = card(
    40,
    type="page",
    slug="team",
    title=Markup("Team"),
    label=Markup("Team"),
    url="/about/team/",
    author=None,
    terms=(),
    image=None,
)


def _single(post: PostCard, content: Markup = PARAGRAPHS, /, **changes: Any) -> PageModel:
    fields = {"post": view(post, content, **NEIGHBOURS), "title": f"{post.slug} – {SITE.title}"}
    return page("single", post.url, SINGLE, **fields | changes)


def _list(kind: str, url: str, archive: Archive, /, **changes: Any) -> PageModel:
    fields = {"archive": archive, "posts": POSTS[:4], "title": f"{archive.title} – {SITE.title}"}
    return page(kind, url, (f"{kind}.html", "archive.html", "index.html"), **fields | changes)


def _rtl() -> PageModel:
    site = msgspec.structs.replace(
        SITE,
        title="بريد الميناء",
        tagline="ملاحظات من حافة البحر",
        language="ar",
        direction="rtl",
        logo=image("logo", 200, 200),
    )
    title = Markup("ما يتركه الجزر وراءه")
    content = Markup(
        "<p>مرتين في اليوم ينحسر البحر ويكشف ما يحتفظ به: حبل وزجاج وحذاء.</p>"
        "<blockquote><p>البحر يعطي والبحر يأخذ.</p></blockquote><ul><li>حذاء</li><li>حقيبة</li></ul>"
        '<p class="has-text-align-center">Mixed text <bdi>ABC</bdi> في الوسط.</p>'
    )
    menu = (
        _entry("الرئيسية", "/"),
        _entry("من نحن", "/about/", _entry("التاريخ", "/history/"), _entry("الفريق", "/team/")),
    )
    return _single(
        card(1, title=title, label=title, slug="ما-يتركه", url="/2026/03/tide/"),
        site=site,
        title=f"{title} – {site.title}",
        menus={"primary": menu},
        post=view(
            card(
                1,
                title=title,
                label=title,
                terms=(msgspec.structs.replace(NEWS, name=Markup("أخبار")),),
            ),
            content,
            previous=Link(title=Markup("الشباك والعقد"), url="/nets/"),
            next=Link(title=Markup("الساعة"), url="/clock/"),
        ),
        breadcrumbs=(
            Link(title=Markup("الرئيسية"), url="/"),
            Link(title=Markup("أخبار"), url="/category/news/"),
        ),
    )


def _hostile() -> PageModel:
    """Markup in every field that is plain text."""
    author = Author(id=3, name=HOSTILE, url="/author/x/", description=HOSTILE)
    return page(
        "author",
        "/author/x/",
        ("author.html", "archive.html", "index.html"),
        title=HOSTILE,
        description=HOSTILE,
        robots=HOSTILE,
        canonical="https://www.harbour.example/author/x/?a=1&b=2",
        body_classes=("author", HOSTILE),
        site=msgspec.structs.replace(SITE, title=HOSTILE, tagline=HOSTILE),
        menus={
            "primary": (_entry("Home", "/", classes=(HOSTILE,), description=HOSTILE),),
        },
        feeds=(Feed(title=HOSTILE, url="/feed/", type="application/rss+xml"),),
        archive=Archive(title=Markup("x"), label=HOSTILE, author=author),
        posts=(
            card(1, author=author, image=msgspec.structs.replace(image(), alt=HOSTILE)),
            card(2, format=HOSTILE, terms=()),
        ),
    )


def callout(placement: str = "takeover", **changes: Any) -> Callout:
    """Something that the front page says before all else; ``changes`` replaces fields."""
    values: dict[str, Any] = {
        "id": 90,
        "tag": f"0a1b2c3d{len(placement):04d}",
        "placement": placement,
        "title": Markup("The harbour is <em>closed</em> &amp; the ferry too"),
        "content": Markup(
            "<p>Storm on Friday: <a href='/storm/'>what is open, and when</a>.</p>"
            '<div class="wp-block-buttons"><div class="wp-block-button">'
            '<a class="wp-block-button__link" href="/ferry/">To the ferry</a></div></div>'
        ),
        "image": image("storm"),
        "css": ".wp-container-90{gap:1em}",
    }
    return Callout(**values | changes)


NUMBERS = tuple((n, f"/page/{n}/" if n > 1 else "/") for n in (1, 2, 3, 4, 5, 12))
MONTH = Archive(title=Markup("March 2026"), label="Month", total=4)

SAMPLES: dict[str, PageModel] = {
    "front_posts": page(
        "front",
        "/",
        ("front-page.html", "home.html", "index.html"),
        title="The Harbour Post – Notes from the edge of the sea",
        posts=POSTS,
        pagination=Pagination(
            current=1, total=12, previous="", next="/page/2/", links=(*NUMBERS[:3], NUMBERS[5])
        ),
        rows=(Row(term=NEWS, posts=POSTS[:4]), Row(term=TIDES, posts=POSTS[4:5])),
    ),
    "front_callouts": page(
        "front",
        "/",
        ("front-page.html", "home.html", "index.html"),
        posts=POSTS[:2],
        callouts=(callout(), callout("banner")),
    ),
    "front_banner": page(
        "front",
        "/",
        ("front-page.html", *PAGE),
        post=view(msgspec.structs.replace(PAGE_CARD, url="/")),
        callouts=(callout("banner", title=Markup(), image=None, css=""),),
    ),
    "front_takeover": page(
        "front",
        "/",
        ("front-page.html", *PAGE),
        post=view(msgspec.structs.replace(PAGE_CARD, url="/")),
        callouts=(
            callout(
                title=Markup(LONG_WORD * 2),
                content=Markup(f"<p>{LONG_WORD * 2}</p>") + Markup("<p>Text.</p>") * 40,
            ),
        ),
    ),
    "front_posts_page_3": page(
        "home",
        "/page/3/",
        HOME,
        title="The Harbour Post – Page 3",
        posts=POSTS[1:5],
        pagination=Pagination(
            current=3, total=12, previous="/page/2/", next="/page/4/", links=NUMBERS
        ),
    ),
    "front_page": page(
        "front",
        "/",
        ("front-page.html", *PAGE),
        post=view(
            msgspec.structs.replace(
                PAGE_CARD, title=Markup("Welcome"), label=Markup("Welcome"), url="/"
            ),
            css=".wp-container-1 > * { margin: 0 } .a::before { content: '</style><script>' }",
        ),
        site=msgspec.structs.replace(
            SITE, logo=image("logo", 400, 160), icon="/wp-content/uploads/icon.png"
        ),
    ),
    "home": page(
        "home",
        "/news/",
        HOME,
        archive=Archive(title=Markup("All the news"), total=7),
        posts=POSTS[:3],
        breadcrumbs=(Link(title=Markup("Home"), url="/"),),
    ),
    "home_empty": page("home", "/news/", HOME, archive=Archive(title=Markup("All the news"))),
    "front_empty": page("front", "/", ("front-page.html", "home.html", "index.html")),
    "single": _single(card(1, modified=moment(1), terms=(NEWS, TIDES, BOATS, COAST))),
    "single_blocks": _single(card(1, image=None), BLOCKS),
    "single_untitled": _single(untitled(3)),
    "single_empty": _single(card(2, terms=(), author=None), Markup(), feeds=()),
    "single_long_words": _single(
        card(8, title=Markup(LONG_WORD * 2), label=Markup(LONG_WORD * 2)),
        Markup(f"<p>{LONG_WORD * 3}</p><p>https://harbour.example/{'a' * 300}</p>"),
        breadcrumbs=(Link(title=Markup(LONG_WORD * 2), url="/x/"),),
    ),
    "single_protected": _single(card(5, protected=True, excerpt=Markup(), summary=""), Markup()),
    "single_parts": _single(
        card(1),
        post=view(
            card(1),
            parts=Parts(
                current=2,
                total=3,
                links=("/2026/03/low-tide-1/", "/2026/03/low-tide-1/2/", "/2026/03/low-tide-1/3/"),
            ),
        ),
    ),
    "single_custom_type": page(
        "single",
        "/voyage/to-the-islands/",
        ("single-voyage-to-the-islands.html", "single-voyage.html", "single.html", "singular.html"),
        post=view(card(60, type="voyage", url="/voyage/to-the-islands/", terms=(COAST,))),
    ),
    "single_seo": _single(
        card(1),
        head=Head(
            og_title="The tide, as links show it",
            og_image=HeadImage("/wp-content/uploads/2026/03/tide.png", 1200, 630, "A tide table"),
            twitter_title="The tide, on X",
            twitter_description="Rope, glass, a boot",
            twitter_image="/wp-content/uploads/2026/03/tide-square.png",
            twitter_site="@harbour",
            schema="BlogPosting",
            profiles=("https://social.example/@harbour",),
        ),
    ),
    "single_rtl": _rtl(),
    "single_no_menus": _single(card(1), menus={"primary": ()}),
    "page": page(
        "page",
        "/about/team/",
        PAGE,
        post=view(PAGE_CARD),
        breadcrumbs=(
            Link(title=Markup("Home"), url="/"),
            Link(title=Markup("About &amp; people"), url="/about/"),
        ),
    ),
    "page_with_children": page(
        "page",
        "/about/",
        PAGE,
        post=view(
            PAGE_CARD,
            children=(
                Link(title=Markup("History"), url="/about/history/"),
                Link(title=Markup("Team"), url="/about/team/"),
            ),
        ),
        robots="noindex, follow",
    ),
    "page_deep_menu": page(
        "page", "/level-10/", PAGE, post=view(PAGE_CARD), menus={"primary": deep_menu(10) + PRIMARY}
    ),
    "attachment": page(
        "attachment",
        "/low-tide/harbour/",
        ("attachment.html", "single.html", "singular.html", "index.html"),
        post=view(
            card(
                70,
                type="attachment",
                title=Markup("Harbour"),
                label=Markup("Harbour"),
                terms=(),
                image=None,
            ),
            Markup("<p>Seen from the wall.</p>"),
            media=image(),
            media_url="/wp-content/uploads/2026/03/harbour.jpg",
        ),
    ),
    "attachment_file": page(
        "attachment",
        "/tides-pdf/",
        ("attachment.html", "single.html", "singular.html", "index.html"),
        post=view(
            card(
                71,
                type="attachment",
                title=Markup("Tides"),
                label=Markup("Tides"),
                terms=(),
                image=None,
            ),
            Markup(),
            media_url="/wp-content/uploads/2026/03/tides.pdf",
        ),
    ),
    "category": _list(
        "category",
        "/category/news/",
        Archive(
            title=Markup("News"),
            label="Category",
            description=Markup("<p>All that is <strong>new</strong>.</p>"),
            term=NEWS,
            total=4,
        ),
        breadcrumbs=(Link(title=Markup("Home"), url="/"),),
    ),
    "category_page_2": _list(
        "category",
        "/category/news/page/2/",
        Archive(title=Markup("News"), label="Category", term=NEWS, total=14),
        pagination=Pagination(
            current=2,
            total=2,
            previous="/category/news/",
            next="",
            links=((1, "/category/news/"), (2, "/category/news/page/2/")),
        ),
    ),
    "category_empty": _list(
        "category",
        "/category/news/",
        Archive(title=Markup("News"), label="Category", term=NEWS),
        posts=(),
    ),
    "tag": _list(
        "tag",
        "/tag/boats/",
        Archive(title=Markup("Boats &amp; nets"), label="Tag", term=BOATS, total=1),
        posts=POSTS[:1],
    ),
    "taxonomy": _list(
        "taxonomy",
        "/sea_area/north-coast/",
        Archive(title=Markup("North coast"), label="Sea area", term=COAST, total=4),
    ),
    "author": _list(
        "author",
        "/author/harbour-desk/",
        Archive(title=Markup("The Harbour Desk"), label="Author", author=EDITOR, total=4),
    ),
    "author_hostile": _hostile(),
    "date": _list("date", "/2026/03/", MONTH),
    "type": page(
        "type",
        "/voyage/",
        ("archive-voyage.html", "archive.html", "index.html"),
        archive=Archive(title=Markup("Voyages"), total=2),
        posts=(card(60, type="voyage"), card(61, type="voyage")),
    ),
    "404": page(
        "404",
        "/nothing/",
        ("404.html", "index.html"),
        status=404,
        title="Page not found – The Harbour Post",
        description="",
        canonical="",
        robots="noindex",
        posts=POSTS[:5],
    ),
    "404_bare": page(
        "404",
        "/nothing/",
        ("404.html", "index.html"),
        status=404,
        canonical="",
        menus={"primary": ()},
        feeds=(),
        site=msgspec.structs.replace(SITE, tagline=""),
    ),
    "410": page(
        "410",
        "/removed/",
        ("410.html", "404.html", "index.html"),
        status=410,
        canonical="",
        robots="noindex",
        posts=POSTS[:3],
    ),
}
