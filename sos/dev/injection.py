"""The few bytes that make a page follow: a page in, the same page with a script out.

The script comes from this site, so that the page's own Content-Security-Policy allows it: what a
policy would refuse on the public site it refuses here. Pure.
"""

import re
from html import escape

from sos.dev.events import State

STATIC = "/__dev/static/"
EVENTS = "/__dev/events"

_HEAD_END = re.compile(rb"</head\s*>", re.IGNORECASE)


def insert_client(body: bytes, state: State, *, good: bool = False, until: float = 0.0) -> bytes:
    """The page with the script at the end of its head, or at its own end; see `build_tag`."""
    tag = build_tag(state, good=good, until=until).encode()
    match = _HEAD_END.search(body)
    place = match.start() if match else len(body)
    return body[:place] + tag + body[place:]


def insert_link(body: bytes, name: str) -> bytes:
    """The page with a style sheet of `STATIC` as the last one of its head."""
    link = f'<link rel="stylesheet" href="{STATIC}{escape(name)}">\n'.encode()
    match = _HEAD_END.search(body)
    return body[: match.start()] + link + body[match.start() :] if match else body


def build_tag(
    state: State, *, good: bool = False, trouble: bool = False, until: float = 0.0
) -> str:
    """The script element. Its attributes say what the page was made of.

    ``state`` is that which the page was made in. ``good`` says that the page is one of a release
    before, not of the newest build. ``until`` is when it changes by itself, epoch seconds: a post
    was scheduled for then. ``trouble`` says that the page lists what is wrong, and changes
    whenever that does.
    """
    facts = {
        "number": str(state.number),
        "page": state.page,
        "styles": state.styles,
        "content": str(state.content),
        "good": "1" if good else "",
        "until": str(until) if until else "",
        "trouble": state.trouble if trouble else "",
    }
    data = "".join(f' data-{name}="{escape(value)}"' for name, value in facts.items())
    return f'<script src="{STATIC}client.js" defer{data}></script>\n'
