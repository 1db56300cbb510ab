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
from sos.page.model import Author, Image, PostCard, TermLink
from sos.page.site import Site

Document = Post | Term | User

SUMMARY_LENGTH = 300
_DEFAULT_FIELDS = {"categories": "category", "tags": "post_tag"}
_WORD_END = re.compile(r"\s+\S*$")


class Library(msgspec.Struct, frozen=True):
    """The documents at hand for one page. A missing one is None: nothing here may fail for it."""

    site: Site
    documents: Mapping[str, Document]
    paths: Mapping[str, str]

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
    """What lists show of ``post``."""
    site = library.site
    title = library.markup(post.title)
    published = site.moment(post.published)
    content = "\n".join(post.parts)
    return PostCard(
        id=post.id,
        type=post.type,
        slug=post.slug,
        title=title,
        label=title if plain_text(title) else Markup.escape(published.date or published.iso[:10]),
        url=library.path(f"post:{post.id}"),
        excerpt=library.markup(post.excerpt),
        summary=summarise(plain_text(library.markup(post.excerpt)) or ""),
        published=published,
        modified=site.moment(post.modified),
        author=build_author(library, post.author),
        # A picture's text may tell what the password keeps.
        image=None if post.protected else build_featured(library, post),
        terms=build_terms(library, post),
        format=post.format,
        sticky=post.sticky,
        protected=post.protected,
        content=library.markup(content),
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
