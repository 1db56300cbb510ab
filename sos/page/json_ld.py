"""Structured data: a page model in, its JSON-LD out (schema.org, Google Search Central). Pure.

One graph for each page, whose parts refer to each other by ``@id``: the site and who publishes it,
this page, its trail, and what it is about (an article, a list, a person, a picture). What the page
does not show is not said here either.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec
from markupsafe import Markup

from sos.content.sanitize import plain_text
from sos.page.model import Author, Image, PageModel, PostCard, Sharing, SiteView, TermLink

MAX_HEADLINE = 110
"""Characters, as Google had it; longer ones are cut in search results anyway."""

MAX_ENTRIES = 30
"""Of a list. A page may show 100 posts, and no search result shows so many."""

Node = dict[str, Any]

# `</script>` and `<!--` would end or change the element that the JSON stands in; the rest is for
# readers that take JSON for JavaScript or for HTML.
_UNSAFE = {c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_WORD_END = re.compile(r"\s+\S*$")


def build_json_ld(
    page: PageModel, sharing: Sharing, schema: str = "", profiles: Sequence[str] = ()
) -> Markup:
    """The graph of ``page`` as JSON that is safe within ``<script>``.

    ``schema`` is the type of article that an editor chose; ``profiles`` are other places of the
    organisation, for which the menu `social` stands in.
    """
    whose = _encode_site(page.site, tuple(profiles) or _social(page))
    nodes = build_nodes(page, sharing, schema)
    return Markup(  # noqa: S704 - escaped where it is encoded
        f'{{"@context":"https://schema.org","@graph":[{whose},{_encode(nodes)[1:]}}}'
    )


def build_nodes(page: PageModel, sharing: Sharing, schema: str = "") -> list[Node]:
    """What is about ``page`` itself; the site and its organisation stand before that."""
    post, name = page.post.card if page.post else None, _own_name(page)
    nodes = [_web_page(page, sharing)]
    if page.breadcrumbs:
        nodes.append(_breadcrumbs(page, name or sharing.title))
    if page.kind == "single" and post:
        nodes.append(_article(page, post, name, sharing, schema))
    elif post is None and page.kind != "author" and page.posts:
        nodes.append(_item_list(page))
    return nodes


def cut_headline(text: str) -> str:
    """``text`` cut at a word to at most MAX_HEADLINE characters."""
    if len(text) <= MAX_HEADLINE:
        return text
    return _WORD_END.sub("", text[: MAX_HEADLINE - 1]).rstrip(" ,;:.…") + "…"


def _encode(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    for unsafe, escaped in _UNSAFE.items():  # several times as fast as str.translate
        text = text.replace(unsafe, escaped)
    return text


@lru_cache(maxsize=4)
def _encode_site(site: SiteView, profiles: tuple[str, ...]) -> str:
    """Site and organisation, which are the same on every page: most of what there is to encode."""
    return _encode([_website(site), _organization(site, profiles)])[1:-1]


# ---------------------------------------------------------------- nodes


def _website(site: SiteView) -> Node:
    return _said(
        {
            "@type": "WebSite",
            "@id": f"{site.url}/#website",
            "url": f"{site.url}/",
            "name": site.title,
            "description": site.tagline,
            "inLanguage": site.language,
            "publisher": _reference(site, "organization"),
        }
    )


def _organization(site: SiteView, profiles: Sequence[str]) -> Node:
    logo = site.logo or (Image(url=site.icon) if site.icon else None)
    return _said(
        {
            "@type": "Organization",
            "@id": f"{site.url}/#organization",
            "name": site.title,
            "url": f"{site.url}/",
            "logo": _picture(site, logo) if logo else None,
            "sameAs": list(profiles),
        }
    )


def _social(page: PageModel) -> tuple[str, ...]:
    """Where else the organisation is: what the menu `social` leads to, on other hosts."""
    urls = (item.url for item in page.menus.get("social", ()))
    return tuple(dict.fromkeys(u for u in urls if u.startswith(("http://", "https://"))))[:20]


def _web_page(page: PageModel, sharing: Sharing) -> Node:
    here, post = _address(page), page.post
    kind, main = "WebPage", None
    if post is None:
        kind = "CollectionPage"
        main = {"@id": f"{here}#list"} if page.posts else None
    author = page.archive.author if page.archive else None
    if page.kind == "author" and author:
        kind, main = "ProfilePage", _person(page.site, author)
    elif page.kind == "attachment" and post and post.media:
        main = _picture(page.site, post.media)
    elif page.kind == "single":
        main = {"@id": f"{here}#article"}
    return _said(
        {
            "@type": kind,
            "@id": here,
            "url": here,
            "name": page.title,
            "description": page.description if page.kind != "single" else "",
            "inLanguage": page.site.language,
            "isPartOf": _reference(page.site, "website"),
            "about": _reference(page.site, "organization") if page.kind == "front" else None,
            "datePublished": post.card.published.iso if post else None,
            "dateModified": post.card.modified.iso if post else None,
            "primaryImageOfPage": _shared_picture(page, sharing) if post else None,
            "breadcrumb": {"@id": f"{here}#breadcrumb"} if page.breadcrumbs else None,
            "mainEntity": main,
        }
    )


def _breadcrumbs(page: PageModel, name: str) -> Node:
    """The trail, and the page itself at its end, which needs no address (Google, Breadcrumb)."""
    links = [(plain_text(link.title), link.url) for link in page.breadcrumbs]
    steps = [
        {"@type": "ListItem", "position": n, "name": title, "item": _url(page.site, url)}
        for n, (title, url) in enumerate(links, 1)
    ]
    steps.append({"@type": "ListItem", "position": len(steps) + 1, "name": name})
    return {
        "@type": "BreadcrumbList",
        "@id": f"{_address(page)}#breadcrumb",
        "itemListElement": steps,
    }


def _own_name(page: PageModel) -> str:
    if page.post:
        return plain_text(page.post.card.label)
    return plain_text(page.archive.title) if page.archive else ""


def _article(page: PageModel, card: PostCard, name: str, sharing: Sharing, schema: str) -> Node:
    here = _address(page)
    kind = schema or ("NewsArticle" if card.type == "post" else "Article")
    publisher = _reference(page.site, "organization")
    return _said(
        {
            "@type": kind,
            "@id": f"{here}#article",
            "mainEntityOfPage": {"@id": here},
            "isPartOf": {"@id": here},
            "headline": cut_headline(name),
            "description": page.description,
            "image": {"@id": f"{here}#picture"} if _shows_image(page, sharing) else None,
            "datePublished": card.published.iso,
            "dateModified": card.modified.iso,
            "author": _person(page.site, card.author) if card.author else publisher,
            "publisher": publisher,
            "articleSection": _names(card.terms, "category"),
            "keywords": _names(card.terms, "post_tag"),
            "inLanguage": page.site.language,
            "isAccessibleForFree": not card.protected,
        }
    )


def _item_list(page: PageModel) -> Node:
    """The first posts of this page; of a paged list, the numbers are those of the page."""
    posts = [post for post in page.posts if post.url][:MAX_ENTRIES]
    return {
        "@type": "ItemList",
        "@id": f"{_address(page)}#list",
        "numberOfItems": len(posts),
        "itemListElement": [
            # No names: each page says its own, and cleaning thirty of them would take a while.
            {"@type": "ListItem", "position": number, "url": _url(page.site, post.url)}
            for number, post in enumerate(posts, 1)
        ],
    }


def _person(site: SiteView, author: Author) -> Node:
    url = _url(site, author.url) if author.url else ""
    return _said(
        {
            "@type": "Person",
            "@id": f"{site.url}/#author-{author.id}",
            "name": author.name,
            "url": url,
            "description": author.description,
        }
    )


def _picture(site: SiteView, image: Image) -> Node:
    url = _url(site, image.url)
    return _said(
        {
            "@type": "ImageObject",
            "url": url,
            "contentUrl": url,
            "width": image.width,
            "height": image.height,
            "caption": image.alt,
        }
    )


# ---------------------------------------------------------------- within


def _said(node: Node) -> Node:
    """The node without what is not known. False is known."""
    return {name: value for name, value in node.items() if value or value is False}


def _reference(site: SiteView, name: str) -> Node:
    return {"@id": f"{site.url}/#{name}"}


def _address(page: PageModel) -> str:
    return page.canonical or page.site.url + page.url


def _url(site: SiteView, url: str) -> str:
    """An absolute URL, in ASCII: not every reader of JSON-LD takes an IRI for one."""
    if url.startswith("//"):
        url = f"https:{url}"
    elif url.startswith("/"):
        url = site.url + url
    return url if url.isascii() else quote(url, safe="!#$%&'()*+,/:;=?@[]~")


def _shows_image(page: PageModel, sharing: Sharing) -> bool:
    """Whether the picture of link previews is one of this page, and not the site's own."""
    image, site = sharing.image, page.site
    if image is None or image.url == site.icon:
        return False
    return site.logo is None or (image.url != site.logo.url and image.url not in site.logo.srcset)


def _shared_picture(page: PageModel, sharing: Sharing) -> Node | None:
    if sharing.image is None or not _shows_image(page, sharing):
        return None
    return {"@id": f"{_address(page)}#picture", **_picture(page.site, sharing.image)}


def _names(terms: Sequence[TermLink], taxonomy: str) -> list[str]:
    return [plain_text(term.name) for term in terms if term.taxonomy == taxonomy]
