"""Pages that list posts: the posts index, and archives of terms, authors, dates and types. Pure."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from sos.content.document import Term, User
from sos.content.sanitize import plain_text
from sos.content.search_head import NO_HEAD, Head
from sos.content.store import Candidate, Found
from sos.page import hierarchy
from sos.page.cards import Library, Listed, build_author, build_card, build_term, summarise
from sos.page.dates import format_php, to_local
from sos.page.frame import (
    SEPARATOR,
    BuiltPage,
    assemble,
    build_feeds,
    build_link,
    document_title,
    paged,
)
from sos.page.model import Archive, Feed, Kind, Link, Pagination
from sos.page.seo import public_head
from sos.page.site import Site


def build_list(library: Library, found: Found, candidate: Candidate) -> BuiltPage | None:
    site = library.site
    number = candidate.number
    per_page = candidate.count or site.document.posts_per_page
    pages = max(1, math.ceil(found.total / per_page))
    if number > pages or (candidate.how == "dates" and not found.total):
        return None
    base = list_base(library, found, candidate)
    listed = tuple(p for ref in list_refs(found, candidate) if (p := library.in_list(ref)))
    head = _list_head(library, found, candidate, base)
    if head is None:
        return None
    kind, archive, templates, classes = head
    url = base if number == 1 else paged(base, number)
    title = plain_text(archive.title) if archive else ""
    if candidate.how == "list":
        title = found.list.removeprefix("format:").title()  # get_post_format_string: singular
    said = public_head(site.rewriter, _plugin_head(library, found, candidate), number=number)
    summary = summarise(plain_text(archive.description)) if archive else site.view.tagline
    page = assemble(
        site,
        kind=kind,
        templates=templates,
        title=said.title or document_title(site, title, number, front=kind == "front"),
        description=said.description or summary,
        url=url,
        canonical=said.canonical or site.view.url + url,
        head=said,
        body_classes=(*classes, *(["paged", f"paged-{number}"] if number > 1 else [])),
        breadcrumbs=() if base == "/" else _list_breadcrumbs(library, found),
        feeds=_archive_feeds(site, base, title) if archive and kind != "home" else (),
        archive=archive,
        posts=tuple(p.card for p in listed),
        pagination=_pagination(base, number, pages),
    )
    return BuiltPage(
        page, tuple(dict.fromkeys(_list_depends(found, candidate, listed, front=base == "/")))
    )


def _plugin_head(library: Library, found: Found, candidate: Candidate) -> Head:
    """What plugins say of the list: at the page that stands for it, its term, author or type."""
    if candidate.how in ("dates", "list"):
        return NO_HEAD
    document = library.documents.get(found.primary)
    if document is not None and document.head != NO_HEAD:
        return document.head
    kind = library.site.types.get(found.list.removeprefix("type:"))
    return kind.head if kind and found.list.startswith("type:") else NO_HEAD


def list_refs(found: Found, candidate: Candidate) -> tuple[str, ...]:
    """Sticky posts first on the first page of the posts index, as WP_Query::get_posts has it."""
    if not found.sticky or candidate.how != "page" or candidate.number != 1:
        return found.refs
    on_page = [r for r in found.refs if r in found.sticky]
    others = [r for r in found.sticky if r not in found.refs]
    return (*on_page, *others, *(r for r in found.refs if r not in found.sticky))


def list_base(library: Library, found: Found, candidate: Candidate) -> str:
    """Path of the first page of the list that was found."""
    if candidate.how in ("dates", "list"):
        return candidate.value.partition("@")[2] or "/"
    if found.primary == "type:post":
        return "/"
    if found.primary.startswith("type:"):
        kind = library.site.types.get(found.primary.removeprefix("type:"))
        return kind.archive if kind else "/"
    return library.path(found.primary) or "/"


def _list_head(
    library: Library, found: Found, candidate: Candidate, base: str
) -> tuple[Kind, Archive | None, tuple[str, ...], tuple[str, ...]] | None:
    """Kind, archive, templates and body classes of a list; None where its object can't be read."""
    if candidate.how == "dates":
        return (
            "date",
            _date_archive(library, found, candidate),
            hierarchy.DATE_TEMPLATES,
            (
                "archive",
                "date",
            ),
        )
    if candidate.how == "list":
        form = found.list.removeprefix("format:")
        archive = Archive(title=Markup.escape(_FORMATS.get(form, form.title())), total=found.total)
        return "taxonomy", archive, hierarchy.format_templates(form), hierarchy.format_classes(form)
    kind, _, name = found.primary.partition(":")
    if kind == "type" and name != "post":
        label = library.site.types.get(name)
        archive = Archive(title=Markup.escape(label.name if label else name), total=found.total)
        classes = ("archive", "post-type-archive", f"post-type-archive-{hierarchy.safe_name(name)}")
        return "type", archive, hierarchy.type_templates(name), classes
    document = library.documents.get(found.primary)
    if isinstance(document, Term):
        return _term_head(library, found, document)
    if isinstance(document, User):
        author = build_author(library, document.id)
        archive = Archive(
            title=Markup.escape(author.name if author else document.slug),
            label="Author",
            description=Markup.escape(author.description if author else ""),
            author=author,
            total=found.total,
        )
        return (
            "author",
            archive,
            hierarchy.author_templates(document),
            (
                "archive",
                "author",
                f"author-{document.id}",
            ),
        )
    if kind in ("term", "user"):
        return None
    front = base == "/"
    return (
        "front" if front else "home",
        _posts_page(library, found),
        hierarchy.home_templates(front=front),
        (*(["home"] if front else []), "blog"),
    )


def _posts_page(library: Library, found: Found) -> Archive | None:
    """The posts index at an address of its own has the title of the page that stands there."""
    post = library.post(found.primary)
    if post is None:
        return None
    return Archive(title=build_card(library, post).label, total=found.total)


# What get_the_archive_title says of post formats.
_FORMATS = {
    "aside": "Asides",
    "gallery": "Galleries",
    "image": "Images",
    "video": "Videos",
    "quote": "Quotes",
    "link": "Links",
    "status": "Statuses",
    "audio": "Audio",
    "chat": "Chats",
}


def _term_head(
    library: Library, found: Found, term: Term
) -> tuple[Kind, Archive, tuple[str, ...], tuple[str, ...]]:
    link = build_term(library, term.id)
    taxonomy = library.site.taxonomies.get(term.taxonomy)
    kind: Kind = "taxonomy"
    if term.taxonomy == "category":
        kind = "category"
    elif term.taxonomy == "post_tag":
        kind = "tag"
    label = {"category": "Category", "tag": "Tag"}.get(kind, "")
    archive = Archive(
        title=link.name if link else library.markup(term.name),
        label=(taxonomy.singular or taxonomy.name if taxonomy else "") or label,
        description=library.markup(term.description),
        term=link,
        total=found.total,
    )
    return kind, archive, hierarchy.term_templates(term), hierarchy.term_classes(term)


def _date_archive(library: Library, found: Found, candidate: Candidate) -> Archive:
    site = library.site
    start = int(candidate.value.partition(":")[0])
    parts = [s for s in candidate.value.partition("@")[2].split("/") if s.isdigit()]
    depth = min(len(parts), 3)
    php = {1: "Y", 2: "F Y"}.get(depth, site.document.date_format)
    title = format_php(to_local(start, site.zone), php, site.document.language)
    label = {1: "Year", 2: "Month"}.get(depth, "Day")
    return Archive(title=Markup.escape(title), label=label, total=found.total)


def _list_breadcrumbs(library: Library, found: Found) -> tuple[Link, ...]:
    ancestors = [link for b in found.ancestors if (link := build_link(library, b))]
    return (Link(title=Markup("Home"), url="/"), *ancestors)


def _list_depends(
    found: Found, candidate: Candidate, listed: Sequence[Listed], *, front: bool
) -> list[str]:
    names = ["front"] if front else []
    names += [f"list:{found.list}", "site", "menus"]
    names += ["list:sticky"] if found.list == "type:post" and candidate.how == "page" else []
    names += [found.primary] if not found.primary.startswith(("type:", "list:")) else []
    # By reference: a post that could not be read may be mended.
    names += list_refs(found, candidate)
    names += [b.ref for b in found.ancestors]
    for post in listed:
        names += post.depends
    return names


def _pagination(base: str, current: int, total: int) -> Pagination | None:
    if total < 2:
        return None

    def url(number: int) -> str:
        return base if number == 1 else paged(base, number)

    near = {1, 2, total - 1, total, *range(current - 2, current + 3)}
    return Pagination(
        current=current,
        total=total,
        previous=url(current - 1) if current > 1 else "",
        next=url(current + 1) if current < total else "",
        links=tuple((n, url(n)) for n in sorted(near) if 1 <= n <= total),
    )


def _archive_feeds(site: Site, base: str, title: str) -> tuple[Feed, ...]:
    return build_feeds(site, base, f"{title}{SEPARATOR}{site.view.title}")
