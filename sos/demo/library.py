"""The media library of the sample site: `site.toml` and the files of `uploads/` in, pictures out.

Sizes are told by the files' names, as WordPress writes them (``name-300x200.webp``). Decodes no
picture; a test compares the names with what the files really hold.
"""

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

UPLOADS: Final = Path(__file__).parent / "uploads"

_SIZED: Final = re.compile(r"-(\d+)x(\d+)$")
_MIME: Final = {".webp": "image/webp", ".png": "image/png", ".csv": "text/csv", ".mp4": "audio/mp4"}
_SIZE_NAMES: Final = {1024: "large", 768: "medium_large", 300: "medium", 150: "thumbnail"}


class File(msgspec.Struct, frozen=True):
    """One file: its path below the uploads folder; pixels, 0 for what is no picture; bytes."""

    path: str
    width: int
    height: int
    size: int


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the library. ``sizes`` holds smaller versions by WordPress's names for them."""

    id: int
    file: str
    title: str
    published: str
    width: int = 0
    height: int = 0
    alt: str = ""
    caption: str = ""
    description: str = ""
    author: str = "news-desk"

    @property
    def slug(self) -> str:
        """The file's name, without folder and kind."""
        return Path(self.file).stem

    @property
    def mime(self) -> str:
        """Media type, by the file's name."""
        return _MIME[Path(self.file).suffix]

    @property
    def full(self) -> File:
        """The file itself."""
        return File(self.file, self.width, self.height, (UPLOADS / self.file).stat().st_size)

    @property
    def sizes(self) -> dict[str, File]:
        """Smaller versions of the picture, largest first."""
        full = UPLOADS / self.file
        found = []
        for path in full.parent.glob(f"{full.stem}-*{full.suffix}"):
            if sized := _SIZED.search(path.stem.removeprefix(full.stem)):
                name = str(path.relative_to(UPLOADS))
                found.append(File(name, int(sized[1]), int(sized[2]), path.stat().st_size))
        found.sort(key=lambda file: -file.width)
        return {_SIZE_NAMES[file.width]: file for file in found}


class Library:
    """The pictures of one site, by slug."""

    def __init__(self, items: Sequence[Item], site: str) -> None:
        self.items: Mapping[str, Item] = {item.slug: item for item in items}
        self.site = site

    def url(self, file: File) -> str:
        """Where the site serves the file."""
        return f"{self.site}/wp-content/uploads/{file.path}"

    def tag(self, slug: str, size: str = "large", classes: str = "") -> str:
        """An ``img`` element as WordPress prints it. Raises KeyError for an unknown picture."""
        item = self.items[slug]
        sizes = {"full": item.full, **item.sizes}
        shown = sizes.get(size, item.full)
        others = [file for file in sizes.values() if file != shown]
        srcset = ", ".join(f"{self.url(file)} {file.width}w" for file in (shown, *others))
        names = " ".join(filter(None, (classes, f"wp-image-{item.id}")))
        return (
            f'<img loading="lazy" decoding="async" width="{shown.width}" height="{shown.height}"'
            f' src="{self.url(shown)}" alt="{html.escape(item.alt)}" class="{names}"'
            f' srcset="{srcset}" sizes="(max-width: {shown.width}px) 100vw, {shown.width}px" />'
        )
