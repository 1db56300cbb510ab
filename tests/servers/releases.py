"""Releases for tests: built from the default theme, published and pointed to with the real parts.

Each page of a release made here carries the release's mark three times: at its beginning, in the
middle and at its end, so that a page of two releases can't pass for one.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sos.cli.parts import open_pointer, open_releases
from sos.release.bundle import Seal, build_bundle, encode_seal
from sos.release.folder import find_templates, read_folder
from sos.release.signature import sign_seal
from sos.rollout.pointer import Activation, Pointer, Pointing
from sos.rollout.releases import Releases
from sos.settings import Settings

_count = itertools.count(1)


def theme() -> dict[str, bytes]:
    """The files of the default theme."""
    return read_folder(find_templates())


def mark(files: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    """The same theme with a mark in every page: ``<!--rel NAME-->``, three times."""
    tag = f"<!--rel {name}-->".encode()
    marked = dict(files)
    base = marked["layouts/base.html"]
    base = base.replace(b"<head>", b"<head>" + tag, 1).replace(b"</body>", tag + b"</body>", 1)
    marked["layouts/base.html"] = base
    marked["parts/header.html"] = marked["parts/header.html"] + tag
    return marked


def marks(body: str) -> list[str]:
    """The marks of a page, in order."""
    return [part.partition("-->")[0] for part in body.split("<!--rel ")[1:]]


@dataclass
class Releaser:
    """Publishes and activates as ``sos release`` does, without a terminal.

    ``environ`` is that of the nodes (AWS_…, CONSUL_…), in effect while this is open.
    """

    releases: Releases
    pointer: Pointer
    private_key: bytes = b""
    """Signs what is published, where it is set."""
    names: dict[str, str] = field(default_factory=dict)
    """The mark of each release, by id."""

    async def publish(self, files: Mapping[str, bytes] | None = None, name: str = "") -> str:
        """Publish files, by default the theme with a mark of its own; the id."""
        name = name or f"r{next(_count)}"
        content = mark(theme(), name) if files is None else dict(files)
        # Ids have seconds: each release of a test run is of another one.
        created = int(time.time()) - 10_000_000 + next(_count)
        bundle, seal = build_bundle(content, created=created)
        seal = self.sign(seal)
        await self.releases.publish(bundle, seal)
        self.names[seal.id] = name
        return seal.id

    def sign(self, seal: Seal) -> Seal:
        """The seal with this releaser's signature."""
        return sign_seal(seal, self.private_key) if self.private_key else seal

    async def publish_bytes(self, bundle: bytes, seal: Seal) -> str:
        """Publish bytes as they are, whatever they are worth."""
        objects = self.releases._objects
        await objects.put(f"{seal.id}/bundle.tar.gz", bundle)
        await objects.put(f"{seal.id}/release.json", encode_seal(seal))
        return seal.id

    async def point(self, release: str, kind: str = "activate") -> float:
        """Make a release the live one; the monotonic time just before."""
        for _ in range(20):
            now: Pointing = await self.pointer.fetch()
            started = time.monotonic()
            activation = Activation(
                release=release, previous=now.release or "", at=time.time(), by="test", why="test"
            )
            if await self.pointer.activate(activation, now):
                return started
        raise AssertionError("the pointer could not be changed")


@contextlib.asynccontextmanager
async def open_releaser(
    *, bucket: str, pointer: str, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Releaser]:
    """A releaser for a bucket and a pointer as settings name them."""
    before = dict(os.environ)
    os.environ.update(environ or {})
    try:
        settings = Settings(bucket=bucket, pointer=pointer)
        async with open_releases(settings) as releases, open_pointer(settings) as keys:
            yield Releaser(releases, keys)
    finally:
        os.environ.clear()
        os.environ.update(before)


def file_places(folder: Path) -> dict[str, str]:
    """``bucket`` and ``pointer`` in folders."""
    return {"bucket": f"file:{folder / 'releases'}", "pointer": f"file:{folder / 'pointer'}"}
