"""What a page says of itself to search engines and link previews. Pure.

In: a page, and what plugins say of the object that it is about (`Head`). Out: robots, how the page
looks where it is linked to (`Sharing`), and its structured data. Addresses of the host that editors
work on never get through.
"""

import re

import msgspec

from sos.content.sanitize import plain_text
from sos.content.search_head import NO_HEAD, Head, HeadImage, sound_url
from sos.page.json_ld import build_json_ld
from sos.page.model import CardSize, Image, PageModel, SharedType, Sharing, SiteView
from sos.page.rewrite import Rewriter

DEFAULT_ROBOTS = "max-image-preview:large"
"""What WordPress tells robots of every page (wp_robots_max_image_preview_large)."""

PREVIEW_WIDTH = 1200
"""Pixels. Link previews show no more of a picture; some refuse one of many megabytes."""

MIN_PREVIEW = 200
"""Pixels, width and height: Facebook shows no smaller picture."""

_LARGE_CARD = 300, 157
"""Smallest picture of a `summary_large_image`, pixels."""


def public_head(rewriter: Rewriter, head: Head, *, number: int = 1) -> Head:
    """What plugins say, for the public host, of page ``number`` of a list or part of a post.

    What is said of the first page is not true of others, but for robots.
    """
    if head is NO_HEAD:
        return head
    if number > 1:
        return Head(robots=head.robots, schema=head.schema, profiles=head.profiles)
    image = head.og_image
    return msgspec.structs.replace(
        head,
        title=rewriter.html(head.title),
        description=rewriter.html(head.description),
        canonical=_absolute(rewriter, head.canonical),
        og_title=rewriter.html(head.og_title),
        og_description=rewriter.html(head.og_description),
        og_image=HeadImage(
            _absolute(rewriter, image.url), image.width, image.height, rewriter.html(image.alt)
        ),
        twitter_title=rewriter.html(head.twitter_title),
        twitter_description=rewriter.html(head.twitter_description),
        twitter_image=_absolute(rewriter, head.twitter_image),
        profiles=tuple(
            url
            for url in (_absolute(rewriter, profile) for profile in head.profiles)
            if url and not url.startswith(rewriter.public)
        ),
    )


def without_secrets(head: Head) -> Head:
    """What may be told of a post that needs a password."""
    return Head(title=head.title, canonical=head.canonical, robots=head.robots)


def is_hidden(said: str) -> bool:
    """Whether the directives ask search engines not to list the page."""
    return not {"noindex", "none"}.isdisjoint(said.split(", "))


def decide_robots(said: str, *, indexable: bool) -> str:
    """Content of ``<meta name=robots>``; without ``indexable`` nothing may be found (wp_robots)."""
    if not indexable:
        return "noindex, nofollow"
    if not said:
        return DEFAULT_ROBOTS
    if is_hidden(said) or any(w.startswith("max-image-preview:") for w in said.split(", ")):
        return said
    return f"{said}, {DEFAULT_ROBOTS}"


def add_metadata(page: PageModel, head: Head = NO_HEAD) -> PageModel:
    """The page with how it looks where it is linked to, and with its structured data.

    ``head`` is for the public host already. An error page has neither.
    """
    if page.status != 200:
        return page
    sharing = build_sharing(page, head)
    return msgspec.structs.replace(
        page, sharing=sharing, json_ld=build_json_ld(page, sharing, head.schema, head.profiles)
    )


def build_sharing(page: PageModel, head: Head = NO_HEAD) -> Sharing:
    """How the page looks where it is linked to: Open Graph (ogp.me) and cards of X."""
    title = head.og_title or _title(page) or page.site.title
    description = head.og_description or page.description
    image = _said_image(head.og_image) or _find_image(page)
    if image and image.url.startswith("//"):
        image = msgspec.structs.replace(image, url=f"https:{image.url}")
    terms = page.post.card.terms if page.post else ()
    section = next((plain_text(t.name) for t in terms if t.taxonomy == "category"), "")
    return Sharing(
        type=_type(page, head),
        title=title,
        description=description,
        locale=open_graph_locale(page.site.language),
        image=image,
        card=_card(head, image),
        section=section,
        tags=tuple(plain_text(t.name) for t in terms if t.taxonomy == "post_tag"),
        twitter_title="" if head.twitter_title == title else head.twitter_title,
        twitter_description=(
            "" if head.twitter_description == description else head.twitter_description
        ),
        twitter_image="" if image and head.twitter_image == image.url else head.twitter_image,
        twitter_site=head.twitter_site,
    )


def open_graph_locale(language: str) -> str:
    """``en_US`` of ``en-US``. Open Graph wants a country: a language alone gets its likeliest."""
    name, _, country = language.partition("-")
    if len(country) != 2:  # none, or a script, or a region such as 419
        country = _COUNTRIES.get(name.lower(), name)
    return f"{name.lower()}_{country.upper()}"


# ---------------------------------------------------------------- within

# Where it is not the name of the language itself, as in de_DE.
_COUNTRIES = {
    "af": "ZA", "am": "ET", "ar": "AR", "be": "BY", "bn": "IN", "bs": "BA", "ca": "ES", "cs": "CZ",
    "cy": "GB", "da": "DK", "el": "GR", "en": "US", "et": "EE", "eu": "ES", "fa": "IR", "ga": "IE",
    "gl": "ES", "gu": "IN", "he": "IL", "hi": "IN", "hy": "AM", "ja": "JP", "ka": "GE", "kk": "KZ",
    "km": "KH", "ko": "KR", "lo": "LA", "ms": "MY", "my": "MM", "nb": "NO", "ne": "NP", "nn": "NO",
    "pa": "IN", "ps": "AF", "sl": "SI", "sq": "AL", "sr": "RS", "sv": "SE", "sw": "KE", "ta": "IN",
    "te": "IN", "tl": "PH", "uk": "UA", "ur": "PK", "vi": "VN", "zh": "CN",
}  # fmt: skip


def _absolute(rewriter: Rewriter, url: str) -> str:
    """An address that plugins gave, for the public host; empty for what is none."""
    return rewriter.absolute(rewriter.path(url)) if sound_url(url) else ""


def _title(page: PageModel) -> str:
    """What the page is about, without the site's name, which stands beside it."""
    if page.kind == "front":
        return page.site.title
    if page.post:
        return plain_text(page.post.card.label)
    return plain_text(page.archive.title) if page.archive else page.title


def _type(page: PageModel, head: Head) -> SharedType:
    if head.og_type:
        return head.og_type
    if page.kind == "single":
        return "article"
    return "profile" if page.kind == "author" else "website"


def _said_image(image: HeadImage) -> Image | None:
    if not image.url:
        return None
    return Image(url=image.url, width=image.width, height=image.height, alt=image.alt)


def _find_image(page: PageModel) -> Image | None:
    """The featured picture, or else that of an attachment, the first of the text, the logo."""
    post = page.post
    if post is None or post.card.protected:
        return _site_image(page.site)
    featured = post.card.image or post.media
    if featured and _is_shown(featured):
        return choose_size(featured)
    return _image_of_text(post.content) or _site_image(page.site)


def _site_image(site: SiteView) -> Image | None:
    if site.logo and _is_shown(site.logo):
        return choose_size(site.logo)
    return Image(url=site.icon) if site.icon else None


def _is_shown(image: Image) -> bool:
    """Whether link previews show such a picture at all: no SVG is, anywhere."""
    return bool(image.url) and image.mime != "image/svg+xml"


def choose_size(image: Image, width: int = PREVIEW_WIDTH) -> Image:
    """The smallest of the picture's sizes that is at least ``width`` wide, else the largest."""
    if image.width <= width or not image.height:
        return image
    candidates = (candidate.rpartition(" ") for candidate in image.srcset.split(", "))
    sizes = sorted((_pixels(said.removesuffix("w")), url) for url, _, said in candidates)
    wide, url = next(((w, u) for w, u in sizes if w >= width), (image.width, image.url))
    height = round(wide * image.height / image.width)
    return msgspec.structs.replace(image, url=url, width=wide, height=height, srcset="")


# A document's HTML was sanitised: every attribute stands in double quotes.
_PICTURE = re.compile(r"<img( [^<>]*)>")
_ATTRIBUTE = re.compile(r'(?<= )([a-z]+)="([^"]*)"')


def _image_of_text(html: str) -> Image | None:
    """The first picture of a text that is known to be large enough."""
    for match in _PICTURE.finditer(html, 0, 100_000):
        said = dict(_ATTRIBUTE.findall(match[1]))
        width, height = (_pixels(said.get(name, "")) for name in ("width", "height"))
        url = sound_url(plain_text(said.get("src", "")))
        if url and width >= MIN_PREVIEW and height >= MIN_PREVIEW:
            return Image(url=url, width=width, height=height, alt=plain_text(said.get("alt", "")))
    return None


def _pixels(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _card(head: Head, image: Image | None) -> CardSize:
    """`summary_large_image` where there is a picture that can be shown large, else `summary`."""
    if head.twitter_card:
        return head.twitter_card
    if image is None or not image.width or not image.height:
        return "summary"
    wide, high = _LARGE_CARD
    large = image.width >= wide and image.height >= high and image.width > image.height
    return "summary_large_image" if large else "summary"
