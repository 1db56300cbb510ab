"""Two services over one store, of which only one has the front: what else may differ, does not."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator
from pathlib import Path
from unittest import mock

from sos.cache.encodings import build_variants
from sos.produce import producer
from sos.produce.producer import Producer
from sos.web import app

from tests.front.content import make_content
from tests.front.requests import ALIAS
from tests.web.serving import HOST, Site, serving

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


@contextlib.asynccontextmanager
async def two_services(
    folder: Path | None = None, hosts: tuple[str, ...] = (HOST, ALIAS)
) -> AsyncIterator[tuple[Site, Site]]:
    """One with the front, one without, over one store; what they know of the time is the same.

    Pages are compressed well at once: when that is done otherwise hangs on the machine. ``hosts``:
    names that the second one answers to. ``folder``: gets a file that both have, if there is one.
    """
    store = make_content()
    settings = {}
    if folder:
        (folder / "a.png").write_bytes(PICTURE)
        settings = {"uploads_origin": f"file:{folder}"}
    fixed = functools.partial(Producer, clock=lambda: store.now)
    with (
        mock.patch.object(app, "Producer", fixed),
        mock.patch.object(producer, "build_hasty", build_variants),
    ):
        async with (
            serving(store, front="on", hosts=(HOST, ALIAS), **settings) as ours,
            serving(store, front="off", hosts=hosts, **settings) as theirs,
        ):
            yield ours, theirs
