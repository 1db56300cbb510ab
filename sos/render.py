"""From a page model to the bytes of a page: pure, the same input always gives the same bytes.

In: a `BuiltPage` and a `Release`. Out: a `RenderedPage`. No I/O, no clock, no request.
"""

import hashlib

import msgspec

from sos.page.embeds import frame_sources
from sos.page.frame import BuiltPage
from sos.release.environment import Release, style_hash

_NOTHING = ("'none'",)


class RenderedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page ready to be kept and sent. ``tag`` is the opaque part of its entity tags, ``depends``
    the names of all that it was made of, the most important first."""

    status: int
    content_type: str
    body: bytes
    tag: str
    depends: tuple[str, ...]
    csp: str
    release: str


def render_page(built: BuiltPage, release: Release) -> RenderedPage:
    """Render an HTML page. Raises TemplateError."""
    text = release.render(built.page)
    body = text.encode("utf-8", "replace")
    page = built.page
    css = (page.site.css, page.post.css if page.post else "", *(c.css for c in page.callouts))
    policy = content_policy(release, *css, frames=frame_sources(text))
    return build_rendered(body, built.depends, release, status=page.status, csp=policy)


def build_rendered(
    body: bytes,
    depends: tuple[str, ...],
    release: Release,
    *,
    status: int = 200,
    content_type: str = "text/html; charset=utf-8",
    csp: str = "default-src 'none'",
) -> RenderedPage:
    """Wrap bytes that no template made (feeds, sitemaps) the way a page is wrapped."""
    return RenderedPage(
        status=status,
        content_type=content_type,
        body=body,
        tag=hashlib.blake2b(body, digest_size=12).hexdigest(),
        depends=depends,
        csp=csp,
        release=release.id,
    )


def content_policy(release: Release, *css: str, frames: tuple[str, ...] = ()) -> str:
    """Content-Security-Policy (Level 3) of a page: nothing inline but what has a known hash.

    ``css`` is what its content brings along, each for a ``<style>`` element of its own.

    ``style`` attributes are the exception: blocks carry them, and they passed the sanitiser.
    ``frames`` are the hosts of the page's own frames, and no other; the sanitiser has decided which
    may be there. They are asked when the reader agrees, see `sos.page.embeds`.
    """
    styles = " ".join(("'self'", *release.style_hashes, *filter(None, map(style_hash, css))))
    scripts = " ".join(("'self'", *release.script_hashes))
    return "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' https: http:",
            "media-src 'self' https: http:",
            f"frame-src {' '.join(frames or _NOTHING)}",
            f"style-src {styles}",
            "style-src-attr 'unsafe-inline'",
            f"script-src {scripts}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )
