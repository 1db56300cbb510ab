"""From documents to what lists and pages show of them: cards, terms, authors, pictures. Pure.

In: parsed documents by reference, their public paths, the `Site`. Out: parts of the page model.
"""

import re
from collections.abc import Mapping

import msgspec
from markupsafe import Markup

from sos.content.document import Post, Term, User
from sos.content.sanitize import plain_text
from sos.page.images import build_image
from sos.page.memo import Memo
from sos.page.model import Author, Image, PostCard, TermLink
from sos.page.site import Site

Document = Post | Term | User

SUMMARY_LENGTH = 300

CARD_OVERHEAD = 3_000
"""What a card costs beyond its texts, bytes; measured, rounded up."""

_DEFAULT_FIELDS = {"categories": "category", "tags": "post_tag"}
_WORD_END = re.compile(r"\s+\S*$")


class Library(msgspec.Struct, frozen=True):
    """The documents at hand for one page. A missing one is None: nothing here may fail for it.

    ``cards`` remembers cards from page to page. Whether there is such a memory makes no difference
    to any page.
    """

    site: Site
    documents: Mapping[str, Document]
    paths: Mapping[str, str]
    cards: Memo[PostCard] | None = None

    def post(self, ref_or_id: str | int) -> Post | None:
        """A post by ``post:12`` or 12."""
        ref = f"post:{ref_or_id}" if isinstance(ref_or_id, int) else ref_or_id
        found = self.documents.get(ref)
        return found if isinstance(found, Post) else None

    def term(self, term_id: int) -> Term | None:
        """A term by its id."""
        found = self.documents.get(f"term:{term_id}")
        return found if isinstance(found, Term) else None

    def user(self, user_id: int) -> User | None:
        """A user by its id."""
        found = self.documents.get(f"user:{user_id}")
        return found if isinstance(found, User) else None

    def path(self, ref: str) -> str:
        """Public path; empty where the document has none."""
        return self.paths.get(ref, "")

    def markup(self, sanitised: str) -> Markup:
        """HTML that was sanitised when it was read, with links to the public site."""
        return Markup(self.site.rewriter.html(sanitised))  # noqa: S704


def build_card(library: Library, post: Post) -> PostCard:
    """What lists show of ``post``: the same object for the same documents, as far as remembered."""
    memo = library.cards
    if memo is None:
        return _make_card(library, post)
    made_of = _made_of(library, post)
    card = memo.find(post.id, made_of)
    if card is None:
        card = _make_card(library, post)
        size = len(card.content) + len(card.excerpt) + CARD_OVERHEAD
        memo.keep(post.id, made_of, card, size)
    return card


def _made_of(library: Library, post: Post) -> tuple[object, ...]:
    """All that `_make_card` looks at. Terms in other fields than those of taxonomies do no harm."""
    documents, paths = library.documents, library.paths
    names = [f"user:{post.author}", f"post:{post.featured}"]
    names += [f"term:{i}" for ids in post.terms.values() for i in ids]
    return (
        library.site.basis,
        post,
        paths.get(f"post:{post.id}"),
        *map(documents.get, names),
        *map(paths.get, names),
    )


def _make_card(library: Library, post: Post) -> PostCard:
    site = library.site
    title = library.markup(post.title)
    published = site.moment(post.published)
    excerpt = library.markup(post.excerpt)
    return PostCard(
        id=post.id,
        type=post.type,
        slug=post.slug,
        title=title,
        label=title if plain_text(title) else Markup.escape(published.date or published.iso[:10]),
        url=library.path(f"post:{post.id}"),
        excerpt=excerpt,
        summary=summarise(plain_text(excerpt) or ""),
        published=published,
        modified=site.moment(post.modified),
        author=build_author(library, post.author),
        # A picture's text may tell what the password keeps.
        image=None if post.protected else build_featured(library, post),
        terms=build_terms(library, post),
        format=post.format,
        sticky=post.sticky,
        protected=post.protected,
        content=library.markup("\n".join(post.parts)),
    )


def build_author(library: Library, user_id: int) -> Author | None:
    """The author, where WordPress shows one."""
    user = library.user(user_id)
    if user is None or not user.name:
        return None
    return Author(
        id=user.id,
        name=library.site.rewriter.html(user.name),
        url=library.path(f"user:{user.id}"),
        description=library.site.rewriter.html(user.description),
    )


def build_terms(library: Library, post: Post) -> tuple[TermLink, ...]:
    """The terms of a post: categories, then tags, then the rest in the taxonomies' order."""
    fields = {t.field: slug for slug, t in library.site.taxonomies.items()} or _DEFAULT_FIELDS
    order = sorted(fields, key=lambda f: ({"category": 0, "post_tag": 1}.get(fields[f], 2), f))
    links = (build_term(library, i) for f in order for i in post.terms.get(f, ()))
    return tuple(link for link in links if link)


def build_term(library: Library, term_id: int) -> TermLink | None:
    """A term with its archive; None where either is missing."""
    term = library.term(term_id)
    url = library.path(f"term:{term_id}")
    if term is None or not url:
        return None
    name = library.markup(term.name) or Markup.escape(term.slug or str(term.id))
    return TermLink(id=term.id, name=name, url=url, slug=term.slug, taxonomy=term.taxonomy)


def build_featured(library: Library, post: Post) -> Image | None:
    """The featured image, if it is one and is public."""
    media = library.post(post.featured) if post.featured else None
    if media is None or media.media is None or not media.media.mime.startswith("image/"):
        return None
    return build_image(library.site.rewriter, media.media)


def summarise(text: str) -> str:
    """``text`` cut at a word to at most SUMMARY_LENGTH characters."""
    if len(text) <= SUMMARY_LENGTH:
        return text
    cut: str = _WORD_END.sub("", text[: SUMMARY_LENGTH - 1])
    return cut.rstrip(" ,;:.…") + "…"
