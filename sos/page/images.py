"""Pictures of the media library with the sizes a browser may choose from. Pure."""

from markupsafe import Markup

from sos.content.post import Media
from sos.page.model import Image
from sos.page.rewrite import Rewriter


def build_image(rewriter: Rewriter, media: Media) -> Image:
    """A picture with those of its sizes that show all of it (wp_image_matches_ratio)."""
    sizes = {
        s.width: s.url
        for s in media.sizes
        if s.width and s.height and _same_ratio(s.width, s.height, media.width, media.height)
    }
    if media.width:
        sizes[media.width] = media.url
    parts = [f"{u} {w}w" for w, url in sorted(sizes.items()) if (u := _quoted(rewriter.path(url)))]
    return Image(
        url=_quoted(rewriter.path(media.url)),
        alt=rewriter.html(media.alt),
        width=media.width,
        height=media.height,
        srcset=", ".join(parts) if len(parts) > 1 else "",
        caption=Markup(rewriter.html(media.caption)),  # noqa: S704 - sanitised when read
        mime=media.mime,
    )


def _same_ratio(width: int, height: int, full_width: int, full_height: int) -> bool:
    if not full_width or not full_height:
        return False
    expected = round(width * full_height / full_width)
    return abs(expected - height) <= 1


def _quoted(url: str) -> str:
    """A URL that is safe within ``srcset``, whose separators are space and comma."""
    return url.replace(" ", "%20").replace(",", "%2c")
