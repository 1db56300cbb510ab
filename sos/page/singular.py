"""Pages about one document: posts, pages, attachments, items of custom types. Pure."""

import msgspec
from markupsafe import Markup

from sos.content.post import Post
from sos.content.sanitize import plain_text
from sos.content.store import Candidate, Found
from sos.page import hierarchy
from sos.page.cards import Library, build_card, build_term
from sos.page.frame import BuiltPage, assemble, build_link, document_title, numbered
from sos.page.images import build_image
from sos.page.model import Image, Kind, Link, Parts, PostView
from sos.page.seo import public_head, without_secrets
from sos.page.site import Site


def build_singular(
    library: Library, found: Found, post: Post, candidate: Candidate
) -> BuiltPage | None:
    site, ref = library.site, found.primary
    if post.type == "attachment" and _hidden_attachment(library, post):
        return None
    front = _is_front(library, ref, candidate)
    if not front and not library.path(ref):
        return None
    number = candidate.number if candidate.how in ("part", "ref") else 1
    if number > len(post.parts):
        number = 1
    card = build_card(library, post)
    if front:
        card = msgspec.structs.replace(card, url="/")
    url = card.url if number == 1 else numbered(card.url, number)
    title = plain_text(card.title)
    said = without_secrets(post.head) if post.protected else post.head
    head = public_head(site.rewriter, said, number=number)
    page = assemble(
        site,
        kind=_singular_kind(post, front=front),
        templates=hierarchy.singular_templates(post, front=front),
        title=head.title or document_title(site, title, number, front=front),
        description=head.description or card.summary,
        url=url,
        canonical=head.canonical or site.view.url + url,
        robots=_robots(site, post),
        head=head,
        body_classes=(*(["home"] if front else []), *hierarchy.singular_classes(post)),
        breadcrumbs=() if front else _breadcrumbs(library, found, post),
        post=PostView(
            card=card,
            content=card.content
            if len(post.parts) == 1
            else library.markup(post.parts[number - 1]),
            css=site.rewriter.html(post.css),
            parts=_parts(card.url, number, len(post.parts)),
            previous=build_link(library, found.previous),
            next=build_link(library, found.next),
            children=tuple(link for b in found.children if (link := build_link(library, b))),
            media=_attachment_image(site, post),
            media_url=site.rewriter.path(post.media.url) if post.media else "",
        ),
    )
    return BuiltPage(page, tuple(dict.fromkeys(_singular_depends(found, post, front=front))))


def _is_front(library: Library, ref: str, candidate: Candidate) -> bool:
    """Whether it is the static front page, whatever address its document has as yet."""
    document = library.site.document
    chosen = document.static_front and ref == f"post:{document.page_on_front}"
    return chosen or candidate.value == "/" or library.path(ref) == "/"


def _robots(site: Site, post: Post) -> str:
    """Where a site wants no pages of attachments, WordPress sends visitors to the file instead."""
    unwanted = post.type == "attachment" and not site.document.attachment_pages
    return "noindex, follow" if unwanted else ""


def _singular_kind(post: Post, *, front: bool) -> Kind:
    if front:
        return "front"
    return {"page": "page", "attachment": "attachment"}.get(post.type, "single")  # type: ignore[return-value]


def _hidden_attachment(library: Library, post: Post) -> bool:
    """Whether the attachment hangs on a post whose text needs a password, or that is not public."""
    if not post.parent:
        return False
    parent = library.post(post.parent)
    return parent is None or parent.protected


def _attachment_image(site: Site, post: Post) -> Image | None:
    if post.media and post.media.mime.startswith("image/"):
        return build_image(site.rewriter, post.media)
    return None


def _singular_depends(found: Found, post: Post, *, front: bool) -> list[str]:
    ref = found.primary
    names = [*(["front"] if front else []), ref, "site", "menus"]
    names += [r.ref for r in found.records if r.ref != ref]
    # Documents that are named but not there yet: the page changes when they come.
    names += [f"user:{post.author}"] if post.author else []
    names += [f"post:{post.featured}"] if post.featured else []
    names += [f"term:{i}" for ids in post.terms.values() for i in ids]
    names += [b.ref for b in (found.previous, found.next) if b]
    names += [b.ref for b in (*found.ancestors, *found.children)]
    if post.type == "page":
        names.append(f"list:children:{post.id}")
    elif found.next is None or found.previous is None:
        # At an end of the list there is no neighbour yet whose coming would touch this page.
        names.append(f"list:type:{post.type}")
    return names


def _breadcrumbs(library: Library, found: Found, post: Post) -> tuple[Link, ...]:
    links = [Link(title=Markup("Home"), url="/")]
    links += [link for b in found.ancestors if (link := build_link(library, b))]
    kind = library.site.types.get(post.type)
    if kind and kind.archive and post.type not in ("post", "page"):
        links.insert(1, Link(title=Markup.escape(kind.name), url=kind.archive))
    elif post.type == "post":
        categories = [i for f in ("categories",) for i in post.terms.get(f, ())]
        term = next((t for i in categories if (t := build_term(library, i))), None)
        if term:
            links.append(Link(title=term.name, url=term.url))
    return tuple(links)


def _parts(base: str, current: int, total: int) -> Parts | None:
    if total < 2:
        return None
    links = tuple(base if n == 1 else numbered(base, n) for n in range(1, total + 1))
    return Parts(current=current, total=total, links=links)
