"""A small made site as operations for the store, for tests that need pages and not WordPress."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sos.content.store import Operation

HOME = "https://cms.example.org"
FIRST = datetime(2024, 1, 1, 12, tzinfo=UTC)


def put(ref: str, seq: int = 1, **document: Any) -> Operation:
    """A document as an operation; ``id`` is taken from the reference."""
    _, _, number = ref.partition(":")
    body = {"id": int(number), **document} if number else document
    return Operation("put", ref, seq, json.dumps(body).encode())


def build_post(number: int, seq: int = 1, **changes: Any) -> Operation:
    """Post ``number``: published ``number`` hours after FIRST, at ``/post-N/``."""
    moment = (FIRST + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%S")
    document = {
        "type": "post",
        "status": "publish",
        "slug": f"post-{number}",
        "link": f"{HOME}/post-{number}/",
        "date": moment,
        "date_gmt": moment,
        "modified_gmt": moment,
        "title": {"rendered": f"Post {number}"},
        "content": {"rendered": f"<p>Body of post {number}.</p>" * 20, "protected": False},
        "excerpt": {"rendered": f"<p>Excerpt of post {number}.</p>", "protected": False},
        "author": 1,
        "categories": [1 + number % 5],
        **changes,
    }
    return put(f"post:{number}", seq, **document)


def build_site(posts: int = 50, ids_from: int = 100) -> list[Operation]:
    """A complete site of ``posts`` posts with ids from ``ids_from``, ready mark included."""
    operations = [
        put(
            "site", name="Example", description="A site", home=HOME, url=HOME, show_on_front="posts"
        ),
        put("user:1", name="News desk", slug="desk", link=f"{HOME}/author/desk/"),
    ]
    operations += [
        put(
            f"term:{n}",
            name=f"Topic {n}",
            slug=f"topic-{n}",
            taxonomy="category",
            link=f"{HOME}/category/topic-{n}/",
        )
        for n in range(1, 6)
    ]
    operations += [build_post(n) for n in range(ids_from, ids_from + posts)]
    return [*operations, Operation("ready")]


def batches(operations: Sequence[Operation], size: int = 100) -> list[Sequence[Operation]]:
    """The operations in order, ``size`` at a time."""
    return [operations[i : i + size] for i in range(0, len(operations), size)]
