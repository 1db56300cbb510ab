"""What the gallery shows, one by one: page models and a few words, by a name for its address.

Holds data; decides nothing.
"""

import re

import msgspec

from sos.page.model import PageModel


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to look at.

    ``pages`` are tried in turn until one shows something; ``whole`` says that the frame of the page
    belongs to it. ``note`` is said below the title.
    """

    slug: str
    title: str
    pages: tuple[PageModel, ...]
    whole: bool = False
    note: str = ""


class Group(msgspec.Struct, frozen=True):
    """Items of a kind, under a title."""

    title: str
    items: tuple[Item, ...]


def build_slug(*words: str) -> str:
    """A name as it may stand in an address: ``block-image-wide``."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")
