"""Draws every picture of the sample site and writes it in WordPress's sizes: no input, files out.

Run ``python -m tools.pictures [name …]`` from the top of the repository (needs Pillow). The same
script always draws the same pictures.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tools.pictures import emblem, scenes_land, scenes_street, scenes_town, scenes_water

UPLOADS = Path(__file__).parents[2] / "sos" / "demo" / "uploads" / "2026" / "01"
EMBLEMS = {"tidewick-logo": emblem.logo, "tidewick-icon": emblem.icon}
EMBLEM_WIDTHS = (512, 300, 150)
WIDTHS = (1600, 1024, 768, 300)
QUALITY = 80

SCENES = {
    "harbor-dawn": scenes_water.harbor_dawn,
    "ferry-crossing": scenes_water.ferry_crossing,
    "quay-houses": scenes_water.quay_houses,
    "lighthouse-storm": scenes_water.lighthouse_storm,
    "night-harbor": scenes_water.night_harbor,
    "rowing-boats": scenes_water.rowing_boats,
    "sea-wall": scenes_water.sea_wall,
    "town-hall": scenes_town.town_hall,
    "library-hall": scenes_town.library_hall,
    "ballot-box": scenes_town.ballot_box,
    "market-square": scenes_town.market_square,
    "round-table": scenes_town.round_table,
    "dusk-square": scenes_street.dusk_square,
    "bus-stop": scenes_street.bus_stop,
    "repair-table": scenes_street.repair_table,
    "rain-garden": scenes_street.rain_garden,
    "gauge-pier": scenes_street.gauge_pier,
    "film-night": scenes_street.film_night,
    "community-garden": scenes_land.community_garden,
    "shore-path": scenes_land.shore_path,
    "marsh-heron": scenes_land.marsh_heron,
    "bay-chart": scenes_land.chart,
}


def write_sizes(name: str, picture: Image.Image, widths: Sequence[int], kind: str) -> int:
    """Save one picture at all widths, the largest under its plain name; returns bytes written."""
    total = 0
    for width in widths:
        height = round(picture.height * width / picture.width)
        suffix = "" if width == picture.width else f"-{width}x{height}"
        path = UPLOADS / f"{name}{suffix}.{kind}"
        sized = picture.resize((width, height), Image.Resampling.LANCZOS)
        if kind == "png":
            sized = sized.quantize(256, method=Image.Quantize.FASTOCTREE)
        sized.save(path, quality=QUALITY, method=6, optimize=True)
        total += path.stat().st_size
    return total


def main(names: list[str]) -> None:
    """Draw the named pictures, or all."""
    UPLOADS.mkdir(parents=True, exist_ok=True)
    for name, scene in SCENES.items():
        if not names or name in names:
            written = write_sizes(name, scene().finish(), WIDTHS, "webp")
            sys.stdout.write(f"{name}: {written / 1000:.0f} kB\n")
    for name, draw in EMBLEMS.items():
        if not names or name in names:
            written = write_sizes(name, draw().finish_transparent(), EMBLEM_WIDTHS, "png")
            sys.stdout.write(f"{name}: {written / 1000:.0f} kB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
