"""Blocks of WordPress for the gallery: samples of what the core blocks render in, page models out.

A sample takes the way of an editor's words: it is sanitised, and what it embeds asks first. So the
gallery shows what readers get, not what was sent.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
from markupsafe import Markup

from sos.content.post import parse_body
from sos.dev.gallery.items import Item, build_slug
from sos.page.embeds import ask_first
from sos.page.model import PageModel
from sos.release.fixtures import build_fixtures

_SAMPLE = re.compile(
    r"<!-- sample: (?P<name>.*?) -->\n(?P<html>.*?)(?=<!-- sample: |\Z)", re.DOTALL
)


@cache
def read_samples() -> dict[str, str]:
    """HTML of each block by name, as WordPress has it in ``content.rendered``."""
    text = (Path(__file__).parent / "blocks.html").read_text(encoding="utf-8")
    return {m["name"]: m["html"].strip() for m in _SAMPLE.finditer(text)}


@cache
def build_block_items() -> tuple[Item, ...]:
    """An item for each sample."""
    return tuple(_build_items())


def _build_items() -> Iterator[Item]:
    for name, html in read_samples().items():
        yield Item(slug=build_slug("block", name), title=name, pages=(_build_page(name, html),))


def _build_page(name: str, html: str) -> PageModel:
    """A post that is this block, with nothing around it."""
    page = build_fixtures()["single bare"]
    assert page.post is not None  # noqa: S101 - of a single post
    site = page.site
    body = Markup(ask_first(parse_body(html), site.language, site.direction))  # noqa: S704
    title = Markup.escape(name)
    card = msgspec.structs.replace(page.post.card, title=title, label=title, content=body)
    post = msgspec.structs.replace(page.post, card=card, content=body)
    return msgspec.structs.replace(page, title=name, post=post, menus={"primary": ()})
