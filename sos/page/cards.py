"""From documents to what lists and pages show of them: cards, terms, authors, pictures. Pure.

In: parsed documents by reference, their public paths, the `Site`. Out: parts of the page model.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec
from markupsafe import Markup

from sos.content.document import Term, User
from sos.content.post import Post
from sos.content.sanitize import plain_text
from sos.page.embeds import ask_first
from sos.page.images import build_image
from sos.page.memo import Memo
from sos.page.model import UNREAD, Author, Image, PostCard, TermLink
from sos.page.site import Site

Document = Post | Term | User
D = TypeVar("D", Post, Term, User)
P = TypeVar("P")

SUMMARY_LENGTH = 300

PART_SIZE = 2_000
"""What a part costs beyond long texts, bytes; measured, rounded up."""

_DEFAULT_FIELDS = {"categories": "category", "tags": "post_tag"}
_WORD_END = re.compile(r"\s+\S*$")


class Listed(msgspec.Struct, frozen=True):
    """A post as a list has it: its card, and the names of all other documents that it shows."""

    card: PostCard
    depends: tuple[str, ...]


class Library(msgspec.Struct, frozen=True):
    """The documents at hand for one page. A missing one is None: nothing here may fail for it.

    ``listed`` are posts that were built before, and ``memo`` remembers parts from page to page:
    whether there is any makes no difference to any page.
    """

    site: Site
    documents: Mapping[str, Document]
    paths: Mapping[str, str]
    memo: Memo | None = None
    listed: Mapping[str, Listed] = {}

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

    def in_list(self, ref: str) -> Listed | None:
        """A post as lists show it, by ``post:12``."""
        found = self.listed.get(ref)
        if found is None and (post := self.post(ref)):
            found = Listed(build_card(self, post), list_depends(post))
        return found

    def path(self, ref: str) -> str:
        """Public path; empty where the document has none."""
        return self.paths.get(ref, "")

    def markup(self, sanitised: str) -> Markup:
        """HTML that was sanitised when it was read, with links to the public site.

        Its frames ask before they load what is not of this site.
        """
        view = self.site.view
        html = ask_first(self.site.rewriter.html(sanitised), view.language, view.direction)
        return Markup(html)  # noqa: S704


def build_card(library: Library, post: Post) -> PostCard:
    """What lists show of ``post``: the same object for the same documents, as far as remembered.

    Where the body was not read, a template that wants it raises BodyNeededError.
    """
    names = [f"post:{post.id}", f"user:{post.author}", f"post:{post.featured}"]
    names += [f"term:{i}" for ids in post.terms.values() for i in ids]
    return _remember(library, names, _make_card, post, size=len(post.excerpt) + _length(post.parts))


def build_listed(library: Library, post: Post) -> Listed:
    """A post as lists show it, which need not be among the library's documents itself."""
    return Listed(_make_card(library, post, f"post:{post.id}"), list_depends(post))


def list_depends(post: Post) -> tuple[str, ...]:
    """The documents besides its own that a card of ``post`` is made of."""
    names = [f"user:{post.author}"] if post.author else []
    names += [f"post:{post.featured}"] if post.featured else []
    names += [f"term:{i}" for ids in post.terms.values() for i in ids]
    return tuple(map(sys.intern, names))


def _remember(
    library: Library,
    names: Sequence[str],
    make: Callable[[Library, D, str], P],
    document: D,
    size: int = 0,
) -> P:
    """What ``make`` gives; the same object as long as the documents called ``names`` are the same.

    They and their paths are all that ``make`` may look at, besides the site's basis. The first is
    that of ``document`` itself.
    """
    memo = library.memo
    if memo is None:
        return make(library, document, names[0])
    made_of = (
        library.site.basis,
        document,
        *map(library.documents.get, names),
        *map(library.paths.get, names),
    )
    key = (make, names[0])
    known: P | None = memo.find(key, made_of)
    if known is not None:
        return known
    part = make(library, document, names[0])
    memo.keep(key, made_of, part, size + PART_SIZE)
    return part


def _length(texts: Sequence[str]) -> int:
    return sum(map(len, texts))


def _make_card(library: Library, post: Post, ref: str) -> PostCard:
    site = library.site
    title = library.markup(post.title)
    published = site.moment(post.published)
    modified = published if post.modified == post.published else site.moment(post.modified)
    excerpt = library.markup(post.excerpt)
    return PostCard(
        id=post.id,
        type=sys.intern(post.type),
        slug=post.slug,
        title=title,
        label=title if plain_text(title) else Markup.escape(published.date or published.iso[:10]),
        url=library.path(ref),
        excerpt=excerpt,
        summary=summarise(plain_text(site.rewriter.html(post.excerpt)) or ""),
        published=published,
        modified=modified,
        author=build_author(library, post.author),
        # A picture's text may tell what the password keeps.
        image=None if post.protected else build_featured(library, post),
        terms=build_terms(library, post),
        format=sys.intern(post.format),
        sticky=post.sticky,
        protected=post.protected,
        content=library.markup("\n".join(post.parts)) if post.parts else UNREAD,
    )


def build_author(library: Library, user_id: int) -> Author | None:
    """The author, where WordPress shows one."""
    user = library.user(user_id)
    if user is None or not user.name:
        return None
    return _remember(library, (f"user:{user.id}",), _make_author, user)


def _make_author(library: Library, user: User, ref: str) -> Author:
    return Author(
        id=user.id,
        name=library.site.rewriter.html(user.name),
        url=library.path(ref),
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
    if term is None or not library.path(f"term:{term_id}"):
        return None
    return _remember(library, (f"term:{term_id}",), _make_term, term)


def _make_term(library: Library, term: Term, ref: str) -> TermLink:
    name = library.markup(term.name) or Markup.escape(term.slug or str(term.id))
    return TermLink(
        id=term.id, name=name, url=library.path(ref), slug=term.slug, taxonomy=term.taxonomy
    )


def build_featured(library: Library, post: Post) -> Image | None:
    """The featured image, if it is one and is public."""
    media = library.post(post.featured) if post.featured else None
    if media is None or media.media is None or not media.media.mime.startswith("image/"):
        return None
    return _remember(library, (f"post:{post.featured}",), _make_image, media)


def _make_image(library: Library, post: Post, _: str) -> Image | None:
    return build_image(library.site.rewriter, post.media) if post.media else None


def summarise(text: str) -> str:
    """``text`` cut at a word to at most SUMMARY_LENGTH characters."""
    if len(text) <= SUMMARY_LENGTH:
        return text
    cut: str = _WORD_END.sub("", text[: SUMMARY_LENGTH - 1])
    return cut.rstrip(" ,;:.…") + "…"
