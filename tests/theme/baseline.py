"""How the theme's pages looked when somebody last looked at them: pages in, files or differences out.

``python -m tests.theme.baseline`` takes all pictures anew. Look at what it changed before it is
committed: ``git diff --stat`` says which, any viewer of pictures says how.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from PIL import Image

from tests.theme.pictures import LOOKS, Look, encode_picture, open_studio, take_pictures
from tests.theme.showcase import DEMO, OTHERS, UNAVAILABLE, Showcase, open_showcase
from tests.theme.site import SampleSite

FOLDER = Path(__file__).parent / "baseline"
RENEW = "python -m tests.theme.baseline"

# They are built as another page is; two looks say whether they still are.
ALIKE = frozenset(
    {
        "single-of-a-custom-type-full", "tag-full", "taxonomy-full", "date-full", "type-full",
        "410-full", UNAVAILABLE, *(name.replace(" ", "-") for name in OTHERS[1:]),
    }
)  # fmt: skip
TABS = 2


def choose_looks(name: str) -> tuple[Look, ...]:
    """The looks that a page is taken in."""
    return tuple(k for k in LOOKS if name not in ALIKE or k.name in ("360-light", "1440-dark"))


async def take_all(
    showcase: Showcase, names: Iterable[str]
) -> AsyncIterator[tuple[str, dict[str, Image.Image]]]:
    """Each page's name, and its pictures by look."""
    free = asyncio.Semaphore(TABS)
    async with open_studio() as browser:

        async def take(name: str) -> tuple[str, dict[str, Image.Image]]:
            async with free:
                return name, await take_pictures(browser, showcase.url(name), choose_looks(name))

        async with asyncio.TaskGroup() as group:
            for done in [group.create_task(take(name)) for name in names]:
                yield await done


async def renew() -> None:
    """Write the baseline anew."""
    with tempfile.TemporaryDirectory() as folder, open_showcase() as showcase:
        site = SampleSite(Path(folder))
        try:
            showcase.add_demo(site.front)
        finally:
            site.stop()
        total, wanted = 0, set()
        async for name, pictures in take_all(showcase, (*showcase.names, DEMO)):
            (FOLDER / name).mkdir(parents=True, exist_ok=True)
            for look, picture in pictures.items():
                path = FOLDER / name / f"{look}.png"
                path.write_bytes(encode_picture(picture))
                wanted.add(path)
                total += path.stat().st_size
    for path in set(FOLDER.rglob("*.png")) - wanted:
        path.unlink()
    print(f"{len(wanted)} pictures, {total / 1000:.0f} kB, in {FOLDER}")


if __name__ == "__main__":
    asyncio.run(renew())
