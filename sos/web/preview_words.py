"""What a preview says in words: on its bar, and instead of a page that can't be shown. Pure.

In: facts about a preview. Out: plain text for the bar, and small whole pages of HTML.
"""

import base64
import hashlib
from html import escape

import msgspec

from sos.content.post import CALLOUT
from sos.content.preview import ContentPreview
from sos.page.dates import to_local
from sos.page.site import Site
from sos.produce.preview import PreviewedPage

STYLE = (
    ":root{color-scheme:light dark}body{margin:0;font:400 18px/1.5 system-ui,sans-serif}"
    "main{max-width:36rem;margin:12vh auto;padding:0 1.25rem}h1{font-size:1.6rem;line-height:1.25}"
    "p{overflow-wrap:anywhere}"
)

POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Content-Security-Policy of these pages."""

MAX_REASON = 1000


class Words(msgspec.Struct, frozen=True):
    """A page without a theme."""

    status: int
    html: str


def build_words(
    status: int, title: str, *paragraphs: str, link: tuple[str, str] = ("", "")
) -> Words:
    """A small page; ``link`` is where to go on, and its text."""
    text = "".join(f"<p>{escape(p)}</p>" for p in paragraphs)
    url, label = link
    onward = f'<p><a href="{escape(url)}">{escape(label)}</a></p>' if url else ""
    return Words(
        status,
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{text}{onward}</main></body></html>\n",
    )


ENDED = build_words(
    410,
    "This preview link has ended",
    "Links to previews work for a limited time only.",
    "Ask whoever sent it to you for a new one. In WordPress, press Preview again.",
)
GONE = build_words(
    410,
    "This preview is no longer there",
    "What it showed was kept for a limited time, or the content store was emptied meanwhile.",
    "Ask whoever sent it to you for a new one. In WordPress, press Preview again.",
)
UNREACHABLE = build_words(
    503,
    "The preview can't be shown just now",
    "The content store does not answer. The public site goes on; try again in a moment.",
)
BUSY = build_words(
    503,
    "The preview takes too long",
    "Too many previews are being made just now. Try again in a moment.",
)
BROKEN = build_words(
    500,
    "This preview can't be shown",
    "Something in it could not be dealt with. The node's log says more.",
)


def no_release(release_id: str, back: str) -> Words:
    """The release that was chosen is not there, or not yet."""
    return build_words(
        503,
        "This release is not ready here",
        f"{release_id[:80]} is not on this node: it is still being fetched and tried, was refused, "
        "or was never published. Try again in a moment.",
        link=(back, "Preview with the live release"),
    )


def failed(reason: str, back: str) -> Words:
    """The page could not be made; why, for whoever holds the link."""
    return build_words(
        500,
        "This preview can't be shown",
        f"The reason: {reason[:MAX_REASON]}",
        link=(back, "Preview with the live release"),
    )


def describe_standing(preview: ContentPreview, made: PreviewedPage) -> str:
    """What the public has of it now."""
    match preview.status:
        case "auto-draft":
            return "new, not saved yet"
        case "pending":
            return "waiting for review, not published"
        case "future":
            return f"scheduled for {describe_time(made.site, made.post.published)}"
        case "private":
            return "private: never on the public site"
        case "publish" | "inherit" if preview.changed:
            return "published, with changes that are not public yet"
        case "publish" | "inherit":
            return "published, without changes"
        case _:
            return "draft, not published"


def describe_notes(
    preview: ContentPreview, made: PreviewedPage, expires: int, now: int
) -> tuple[str, ...]:
    """Lines below it: who made it and when, when it ends, and what may surprise."""
    at = describe_time(made.site, int(preview.made), now) if 0 < preview.made < 1e11 else ""
    who = f"made by {preview.by}" if preview.by else "made"
    parts = [preview.what, ", ".join(p for p in (who, at) if p)]
    parts.append(f"link ends {describe_time(made.site, expires, now)}")
    lines = [" · ".join(p for p in parts if p)]
    if made.post.protected:
        lines.append("It needs a password: the public sees its title, neither text nor excerpt.")
    if made.post.type == CALLOUT:
        lines.append("A callout: it stands on the front page.")
    return tuple(lines)


def describe_time(site: Site, epoch: int, now: int = 0) -> str:
    """A time in the site's zone and format; without its date where that is the date of ``now``."""
    moment, local = site.moment(epoch), to_local(epoch, site.zone)
    time = f"{moment.time} {local.tzname() or 'UTC'}"
    if local.date() == to_local(now, site.zone).date():
        return time
    return f"{moment.date}, {time}"
