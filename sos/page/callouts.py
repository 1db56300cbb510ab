"""What the front page says before all else: an editor's banner and takeover. Pure.

In: the front page as built, and the callouts that the store found visible. Out: the same page with
at most one of each placement, and with the names of all of them: whichever changes, comes or goes,
the page is made again. No other page, feed, list or sitemap ever has one.
"""

import hashlib
from collections.abc import Iterable, Iterator

import msgspec
from markupsafe import Markup

from sos.content.post import CALLOUT, CalloutTerms, Post
from sos.content.sanitize import plain_text
from sos.content.store import Found
from sos.page.cards import Library, build_featured
from sos.page.distinct_ids import find_ids, rename_ids
from sos.page.frame import BuiltPage
from sos.page.model import Callout, PageModel

CALLOUTS_LIST = f"list:type:{CALLOUT}"
"""The name that is touched when a callout comes or goes."""

PLACEMENTS = ("takeover", "banner")
"""In the order in which a page has them."""


def add_callouts(library: Library, found: Found, built: BuiltPage) -> BuiltPage:
    """The front page ``built`` with the callouts of ``found``.

    Of those of one placement the one with the highest priority is shown, of equals the newest.
    """
    posts = [post for ref in found.callouts if (post := library.post(ref))]
    chosen = [c for placement in PLACEMENTS if (c := _choose(library, posts, placement))]
    # An edge is told the first names only: those that it can't do without come before the posts.
    names = [*built.depends[:2], CALLOUTS_LIST, *(f"post:{c.id}" for c in chosen)]
    names += built.depends[2:]
    names += _depends(found.callouts, posts)
    return BuiltPage(_with_all(built.page, chosen), tuple(dict.fromkeys(names)))


def with_callout(library: Library, built: BuiltPage, ref: str) -> BuiltPage:
    """The page ``built`` as it would be if the callout ``ref`` of ``library`` were the one shown.

    For previews: neither its time nor its priority counts. The callout of the other placement
    stays; ``built`` itself is returned where ``library`` has no such callout, or an empty one.
    """
    post = library.post(ref)
    shown = build_callout(library, post) if post else None
    if post is None or shown is None:
        return built
    others = (c for c in built.page.callouts if c.placement != shown.placement and c.id != post.id)
    callouts = sorted((shown, *others), key=lambda c: PLACEMENTS.index(c.placement))
    return BuiltPage(_with_all(built.page, callouts), (*built.depends, ref))


def build_callout(library: Library, post: Post) -> Callout | None:
    """What a page shows of a callout; None for one that says nothing, or needs a password."""
    terms = post.callout
    if terms is None or post.protected:
        return None
    title = library.markup(post.title)
    content = library.markup("\n".join(post.parts))
    image = build_featured(library, post)
    if not (plain_text(title) or content.strip() or image):
        return None
    css = library.site.rewriter.html(post.css)
    said = (terms.placement, title, content, css, image.url if image else "")
    digest = hashlib.blake2b("\0".join((str(post.id), *said)).encode("utf-8", "replace"))
    return Callout(
        id=post.id,
        tag=digest.hexdigest()[:12],
        placement=terms.placement,
        title=title,
        content=content,
        image=image,
        css=css,
    )


def _with_all(page: PageModel, callouts: Iterable[Callout]) -> PageModel:
    """The page with these callouts, whose ids are neither the page's own nor another's."""
    below = [page.post.content] if page.post else [card.excerpt for card in page.posts]
    taken = frozenset().union(*map(find_ids, below))
    chosen = []
    for callout in callouts:
        html = rename_ids(callout.content, taken, f"sos-callout-{callout.tag}-")
        taken |= find_ids(html)
        content = Markup(html)  # noqa: S704 - sanitised when read
        chosen.append(msgspec.structs.replace(callout, content=content))
    return msgspec.structs.replace(page, callouts=tuple(chosen))


def _choose(library: Library, posts: Iterable[Post], placement: str) -> Callout | None:
    """The first that says something, in the order in which they may be shown."""
    ranked = [(t, p) for p in posts if (t := p.callout) and t.placement == placement]
    ranked.sort(key=lambda pair: _rank(*pair))
    return next((c for _, post in ranked if (c := build_callout(library, post))), None)


def _rank(terms: CalloutTerms, post: Post) -> tuple[int, int, int]:
    return -terms.priority, -post.published, -post.id


def _depends(refs: Iterable[str], posts: Iterable[Post]) -> Iterator[str]:
    """All that were looked at: one that is not shown may be, once another changes."""
    yield from refs
    yield from (f"post:{post.featured}" for post in posts if post.featured)
