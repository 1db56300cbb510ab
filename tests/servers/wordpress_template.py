"""Keeps an installed and filled WordPress in the cache: a database dump, its uploads, and the fixture's items.

What comes in is a server that has just been filled; what goes out is the same site for a server
on another port, within a second. The key is everything that the site was made from.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.debian import build_atomically, fetch_cache_folder

SOURCES = Path(__file__).parent / "wordpress"
"""The PHP files of the rig."""


@dataclass(frozen=True)
class Template:
    """A place in the cache; it `exists` once a server's site was saved there."""

    folder: Path

    @property
    def exists(self) -> bool:
        return self.folder.is_dir()

    def save(self, *, port: int, sql: bytes, uploads: Path, fixture: bytes) -> None:
        """Keep a site, and forget those of the same name that were made from something else."""
        with build_atomically(self.folder) as scratch:
            (scratch / "port").write_text(str(port))
            (scratch / "database.sql").write_bytes(sql)
            (scratch / "fixture.json").write_bytes(fixture)
            shutil.copytree(uploads, scratch / "uploads")
        name = self.folder.name.rpartition("-")[0]
        for other in self.folder.parent.glob(f"{name}-*"):
            if other != self.folder and other.name.rpartition("-")[0] == name:
                shutil.rmtree(other, ignore_errors=True)

    def fits(self, port: int) -> bool:
        """Say whether the port has as many digits: PHP's serialised strings carry their length."""
        return len((self.folder / "port").read_text()) == len(str(port))

    def build_sql(self, port: int) -> bytes:
        """Return the database as SQL for a site on that port."""
        return self._move((self.folder / "database.sql").read_bytes(), port)

    def build_fixture(self, port: int) -> dict[str, dict[str, Any]]:
        """Return the items of the fixture by key, with their links on that port."""
        items: dict[str, dict[str, Any]] = json.loads(
            self._move((self.folder / "fixture.json").read_bytes(), port)
        )
        return items

    def copy_uploads(self, target: Path) -> None:
        """Put the uploaded files into an empty or missing folder."""
        shutil.copytree(self.folder / "uploads", target, dirs_exist_ok=True)

    def _move(self, text: bytes, port: int) -> bytes:
        old = (self.folder / "port").read_text()
        return re.sub(
            rb"(127\.0\.0\.1(?::|%3A|%3a))" + old.encode() + rb"\b", rb"\g<1>%d" % port, text
        )


def find_template(name: str, made_from: Mapping[str, str]) -> Template:
    """Return the place for the site `name` that is made from these things and the rig's own PHP files."""
    digest = hashlib.sha256(json.dumps(dict(made_from), sort_keys=True).encode())
    for file in sorted(SOURCES.rglob("*.php")):
        digest.update(f"{file.relative_to(SOURCES)}\0".encode() + file.read_bytes())
    return Template(fetch_cache_folder() / "templates" / f"{name}-{digest.hexdigest()[:16]}")
