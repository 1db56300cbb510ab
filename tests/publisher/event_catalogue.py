"""The catalogue of editorial events: each a function that does something as an editor does it.

A function gets the `Stage`, prepares what it needs, calls `stage.begin()`, does one thing, and returns
the paths on which WordPress and the node are compared afterwards. The groups are in `event_posts.py`
and the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.publisher.event_stage import Stage


@dataclass(frozen=True)
class Event:
    """One row of the catalogue. ``writes`` is how many events there must be on the stream; where it is
    not one, ``why`` says why that is right."""

    name: str
    do: Callable[[Stage], list[str]]
    writes: int = 1
    why: str = ""


EVENTS: list[Event] = []


def event(
    name: str, *, writes: int = 1, why: str = ""
) -> Callable[[Callable[[Stage], list[str]]], Callable[[Stage], list[str]]]:
    """Put a function into the catalogue."""
    assert writes == 1 or why, name
    assert name not in {known.name for known in EVENTS}, name

    def register(do: Callable[[Stage], list[str]]) -> Callable[[Stage], list[str]]:
        EVENTS.append(Event(name, do, writes, why))
        return do

    return register


def paragraph(text: str) -> str:
    """A paragraph as the block editor stores it."""
    return f"<!-- wp:paragraph -->\n<p>{text}</p>\n<!-- /wp:paragraph -->"


def make_post(stage: Stage, title: str, **fields: object) -> dict[str, object]:
    """A post made through REST, public unless told: what REST answers."""
    kind = str(fields.pop("kind", "posts"))
    body = {
        "title": title,
        "content": paragraph(f"Text of {title}."),
        "status": "publish",
        **fields,
    }
    made: dict[str, object] = stage.editor.rest(f"/wp/v2/{kind}", body)
    return made


def where(stage: Stage, post: dict[str, object]) -> str:
    """Path of what REST answered."""
    return stage.path(str(post["link"]))
