"""The page model: everything that a template may use, typed and documented.

In: what `build` makes of documents. Out: the contract of `docs/templates.md`, which is generated
from this module. Never holds a document, a clock or anything that does I/O.

A field of type ``Markup`` is HTML that was sanitised and is printed as it is; a field of type
``str`` is plain text and is escaped by the template. Every ``url`` is a path on this site
(``/hello/``) or an absolute URL of another one; `SiteView.url` makes a path absolute.
"""

from typing import Annotated, Any, Literal, NoReturn

import msgspec
from markupsafe import Markup
from msgspec import Meta

from sos.errors import SosError

PAGE_MODEL_VERSION = 1
"""Raised when a field is removed or changes its meaning; a release names the one it needs."""


class BodyNeededError(SosError):
    """A template asked for the body of a card that was built without one."""


class _Unread(Markup):
    """What stands for a body that was not read: whoever looks at it is told so by an exception."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise BodyNeededError("the body of a card was not read")

    def __getattribute__(self, name: str) -> Any:
        return _Unread if name == "__class__" else Markup.__getattribute__(self, "_refuse")()

    __getitem__ = __iter__ = __contains__ = __len__ = _refuse
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __str__ = __repr__ = __format__ = __bool__ = _refuse


UNREAD: Markup = _Unread()
"""The body of a card in a list, as long as no template wants it."""

Kind = Literal[
    "front",
    "home",
    "single",
    "page",
    "attachment",
    "category",
    "tag",
    "taxonomy",
    "author",
    "date",
    "type",
    "404",
    "410",
]


SharedType = Literal["article", "profile", "website"]
CardSize = Literal["summary", "summary_large_image"]


class Moment(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """A point in time, in the site's own time zone."""

    iso: Annotated[str, Meta(description="RFC 3339, for `<time datetime>`")]
    date: Annotated[str, Meta(description="Date in the site's date format")]
    time: Annotated[str, Meta(description="Time of day in the site's time format")]
    epoch: Annotated[int, Meta(description="Seconds since 1970-01-01 UTC")]


class Link(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """A title and where it leads."""

    title: Annotated[Markup, Meta(description="Link text; never empty")]
    url: Annotated[str, Meta(description="Path or absolute URL")]


class Image(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """A picture from the media library."""

    url: Annotated[str, Meta(description="The largest size, path or absolute URL")]
    alt: Annotated[str, Meta(description="Alternative text; empty means decorative")] = ""
    width: Annotated[int, Meta(description="Pixels; 0 where unknown")] = 0
    height: Annotated[int, Meta(description="Pixels; 0 where unknown")] = 0
    srcset: Annotated[str, Meta(description="For `srcset`; empty where there is one size only")] = (
        ""
    )
    caption: Annotated[Markup, Meta(description="Caption, may be empty")] = Markup()
    mime: Annotated[str, Meta(description="Media type such as `image/jpeg`")] = ""


class MenuItem(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """One entry of a menu, with those below it."""

    title: Annotated[Markup, Meta(description="Label; never empty")]
    url: Annotated[str, Meta(description="Where it leads; empty for a mere heading")]
    current: Annotated[bool, Meta(description="It leads to this very page")] = False
    ancestor: Annotated[bool, Meta(description="This page is somewhere below it")] = False
    new_tab: Annotated[bool, Meta(description="The editor wants a new tab")] = False
    description: Annotated[str, Meta(description="The editor's note on the entry")] = ""
    classes: Annotated[tuple[str, ...], Meta(description="CSS classes the editor gave")] = ()
    children: Annotated[tuple["MenuItem", ...], Meta(description="Entries below this one")] = ()


class TermLink(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """A category, tag or term of a custom taxonomy."""

    id: Annotated[int, Meta(description="WordPress's term id")]
    name: Annotated[Markup, Meta(description="Name; never empty")]
    url: Annotated[str, Meta(description="Its archive")]
    slug: Annotated[str, Meta(description="Slug, decoded")]
    taxonomy: Annotated[str, Meta(description="`category`, `post_tag`, or a custom one")]


class Author(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """Who wrote it."""

    id: Annotated[int, Meta(description="WordPress's user id")]
    name: Annotated[str, Meta(description="Display name; never empty")]
    url: Annotated[str, Meta(description="Archive of the author; empty where that is not public")]
    description: Annotated[str, Meta(description="Biography, plain text")] = ""


class PostCard(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """A post, page or item of a custom type as lists show it."""

    id: Annotated[int, Meta(description="WordPress's post id")]
    type: Annotated[str, Meta(description="`post`, `page`, `attachment` or a custom type")]
    slug: Annotated[str, Meta(description="Slug, decoded")]
    title: Annotated[Markup, Meta(description="Title; empty where the editor gave none")]
    label: Annotated[
        Markup, Meta(description="Title, or the date where there is none: never empty")
    ]
    url: Annotated[str, Meta(description="Its own page")]
    excerpt: Annotated[Markup, Meta(description="Excerpt, block HTML; empty when protected")]
    summary: Annotated[str, Meta(description="Excerpt as plain text, at most 300 characters")]
    published: Annotated[Moment, Meta(description="Date of publication")]
    modified: Annotated[Moment, Meta(description="Date of the last change, not before `published`")]
    author: Annotated[Author | None, Meta(description="None where unknown or not public")] = None
    image: Annotated[Image | None, Meta(description="Featured image")] = None
    terms: Annotated[
        tuple[TermLink, ...], Meta(description="Terms of all taxonomies, categories first")
    ] = ()
    format: Annotated[str, Meta(description="Post format; `standard` where none")] = "standard"
    sticky: Annotated[bool, Meta(description="Pinned to the top of the posts page")] = False
    protected: Annotated[bool, Meta(description="Needs a password: no body, no excerpt")] = False
    content: Annotated[
        Markup, Meta(description="The whole body, all parts; empty when protected")
    ] = Markup()


class Parts(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """Pages within one post, split by the page-break block."""

    current: Annotated[int, Meta(description="From 1")]
    total: Annotated[int, Meta(description="At least 2")]
    links: Annotated[tuple[str, ...], Meta(description="URL of each part, in order")]


class PostView(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """The post or page that this page is about."""

    card: Annotated[PostCard, Meta(description="What lists show of it too")]
    content: Annotated[Markup, Meta(description="Body of the current part")]
    css: Annotated[str, Meta(description="CSS that its blocks need; safe within `<style>`")] = ""
    parts: Annotated[Parts | None, Meta(description="None for a post of one part")] = None
    previous: Annotated[Link | None, Meta(description="The older neighbour; posts only")] = None
    next: Annotated[Link | None, Meta(description="The newer neighbour; posts only")] = None
    children: Annotated[tuple[Link, ...], Meta(description="Pages right below this page")] = ()
    media: Annotated[Image | None, Meta(description="The file of an attachment page")] = None
    media_url: Annotated[str, Meta(description="The file itself, for attachments")] = ""


class Archive(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """What a list of posts is a list of."""

    title: Annotated[Markup, Meta(description="Name of the term, author, date or type")]
    label: Annotated[str, Meta(description="`Category`, `Tag`, `Author`, `Month` … or empty")] = ""
    description: Annotated[Markup, Meta(description="The editor's description, may be empty")] = (
        Markup()
    )
    term: Annotated[TermLink | None, Meta(description="For term archives")] = None
    author: Annotated[Author | None, Meta(description="For author archives")] = None
    total: Annotated[int, Meta(description="Number of posts in all pages")] = 0


class Pagination(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """Where one is in a paged list; None in the page model when it has one page."""

    current: Annotated[int, Meta(description="From 1")]
    total: Annotated[int, Meta(description="Number of pages, at least 2")]
    previous: Annotated[str, Meta(description="URL of the newer page; empty on the first")]
    next: Annotated[str, Meta(description="URL of the older page; empty on the last")]
    links: Annotated[
        tuple[tuple[int, str], ...],
        Meta(description="Number and URL of pages to offer; a gap in the numbers is an ellipsis"),
    ]


class Feed(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """A feed of this page or of the site."""

    title: Annotated[str, Meta(description="For `<link title>`")]
    url: Annotated[str, Meta(description="Path")]
    type: Annotated[str, Meta(description="`application/rss+xml` or `application/atom+xml`")]


class SiteView(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """The site as a whole."""

    title: Annotated[str, Meta(description="Site title; never empty")]
    tagline: Annotated[str, Meta(description="May be empty")]
    url: Annotated[str, Meta(description="Public base URL without a slash at its end")]
    language: Annotated[str, Meta(description="BCP 47 tag such as `en-US`")]
    direction: Annotated[str, Meta(description="`ltr` or `rtl`")]
    logo: Annotated[Image | None, Meta(description="The custom logo")] = None
    icon: Annotated[str, Meta(description="URL of the site icon; empty where none")] = ""
    css: Annotated[
        str,
        Meta(
            description="Colours and sizes that the site's editors chose, for after the style "
            "sheets; safe within `<style>`"
        ),
    ] = ""


class Callout(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """Something that the front page says before all else, for as long as the editor wants it."""

    id: Annotated[int, Meta(description="WordPress's post id")]
    tag: Annotated[
        str,
        Meta(
            description="Twelve letters and digits that change with what is said: who remembers "
            "that somebody has dismissed it does so by this name"
        ),
    ]
    placement: Annotated[
        Literal["banner", "takeover"],
        Meta(description="A banner stands above the page, a takeover before it"),
    ]
    title: Annotated[Markup, Meta(description="Title, may be empty")]
    content: Annotated[Markup, Meta(description="Body, block HTML; may be empty")]
    image: Annotated[Image | None, Meta(description="Featured image")] = None
    css: Annotated[str, Meta(description="CSS that its blocks need; safe within `<style>`")] = ""


class Row(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """A topic on the front page: the newest posts of a category that a menu leads to."""

    term: Annotated[
        TermLink,
        Meta(
            description="The category, with its archive; of another taxonomy only where the menu "
            "at location `topics` has it"
        ),
    ]
    posts: Annotated[
        tuple[PostCard, ...],
        Meta(
            description="Newest first, one to four; such that the page has not shown further up, "
            "as far as there are enough of them"
        ),
    ]


class Sharing(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """How a page looks where somebody links to it: Open Graph (ogp.me) and cards of X."""

    type: Annotated[SharedType, Meta(description="Open Graph's type of the page")]
    title: Annotated[str, Meta(description="Title, without the site's name; never empty")]
    description: Annotated[str, Meta(description="May be empty")] = ""
    locale: Annotated[str, Meta(description="Language and country, such as `en_US`")]
    image: Annotated[
        Image | None,
        Meta(
            description="What an SEO plugin names, else the featured image in a size for previews, "
            "the first picture of the text, the logo"
        ),
    ] = None
    card: Annotated[CardSize, Meta(description="How large X shows the picture")] = "summary"
    section: Annotated[str, Meta(description="The post's first category; may be empty")] = ""
    tags: Annotated[tuple[str, ...], Meta(description="Names of the post's tags")] = ()
    twitter_title: Annotated[
        str, Meta(description="Empty where X is to show `title`, as the next two")
    ] = ""
    twitter_description: Annotated[str, Meta(description="For X alone")] = ""
    twitter_image: Annotated[str, Meta(description="URL, for X alone")] = ""
    twitter_site: Annotated[str, Meta(description="The site's `@name` on X; may be empty")] = ""


class PageModel(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """Everything that one page shows."""

    kind: Annotated[Kind, Meta(description="Which kind of page this is")]
    status: Annotated[int, Meta(description="HTTP status: 200, 404 or 410")] = 200
    templates: Annotated[
        tuple[str, ...], Meta(description="Template names to try, the most specific first")
    ]
    site: Annotated[SiteView, Meta(description="The site")]
    title: Annotated[str, Meta(description="For `<title>`, plain text")]
    description: Annotated[str, Meta(description="For search engines; may be empty")] = ""
    url: Annotated[str, Meta(description="Path of this page")]
    canonical: Annotated[
        str, Meta(description="Absolute URL for `rel=canonical`; empty for errors")
    ]
    robots: Annotated[str, Meta(description="Content of `<meta name=robots>`; empty for none")] = ""
    sharing: Annotated[
        Sharing | None, Meta(description="How links to it look; none for error pages")
    ] = None
    json_ld: Annotated[
        Markup,
        Meta(
            description="Structured data for `<script type=application/ld+json>`, JSON of which "
            "nothing ends that element; empty for error pages"
        ),
    ] = Markup()
    body_classes: Annotated[
        tuple[str, ...], Meta(description="Classes for `<body>`, as WordPress names them")
    ] = ()
    menus: Annotated[
        dict[str, tuple[MenuItem, ...]],
        Meta(
            description="Menus by location of the theme in WordPress; `primary` always exists. The "
            "default theme shows `primary`, `footer`, `social`, and `action`: what one can do, on "
            "every page"
        ),
    ]
    breadcrumbs: Annotated[
        tuple[Link, ...], Meta(description="From the front page to the parent of this page")
    ] = ()
    feeds: Annotated[tuple[Feed, ...], Meta(description="For feed discovery")] = ()
    post: Annotated[PostView | None, Meta(description="The post of a singular page")] = None
    archive: Annotated[Archive | None, Meta(description="What the list is a list of")] = None
    posts: Annotated[
        tuple[PostCard, ...], Meta(description="The list, or suggestions on an error page")
    ] = ()
    pagination: Annotated[Pagination | None, Meta(description="None for lists of one page")] = None
    callouts: Annotated[
        tuple[Callout, ...],
        Meta(description="Of the front page alone: at most one takeover, then at most one banner"),
    ] = ()
    rows: Annotated[
        tuple[Row, ...],
        Meta(
            description="Of the front page alone, and of its first page: up to four categories "
            "with posts, in the order of the menu at location `topics`, or else of `primary`; "
            "entries nearer to its top come first"
        ),
    ] = ()
