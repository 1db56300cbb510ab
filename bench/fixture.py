"""The site that every peer shows: the sample site's frame around made posts, always the same bytes.

In: how many posts. Out: operations for the store. Its front page has about 40 kB of HTML, 5 kB
gzipped: a menu, 30 cards with pictures and excerpts, page numbers, a footer.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sos.content.store import Operation
from sos.demo.content import sample_site

HOST = "www.example.org"
SITE = f"http://{HOST}"
THEME = Path(__file__).parent / "theme"
"""What sos renders here. The theme that comes with sos changes; the peers' templates do not, nor
does what earlier figures were measured with."""

PER_PAGE = 30
FIRST_ID = 10_001
"""Id of the oldest post; those of the sample site are smaller."""

FIRST_DAY = datetime(2015, 1, 1, 7, tzinfo=UTC)
FRAME_TIME = int(datetime(2026, 1, 31, tzinfo=UTC).timestamp())
FRAME = ("site", "taxonomies", "types", "menu", "user", "term", "attachment")
"""Kinds of documents that are taken from the sample site; of media, the pictures."""

WORDS = """
anchor archive autumn bakery balance barge basin bench bicycle boat border bottom branch bread
bridge brook budget builder button cabin candle canvas captain carbon cargo carpet castle cedar
ceiling chapter charter cherry circle citizen clay cliff clinic clock cloud coast coffee column
common compass copper corner cotton council county courier cradle crane crew current curtain
custom dairy danger debate deck delta depot desert detail dinner distance district ditch doctor
donor door draft drain drawer dredge drift dune early eastern echo edge editor effort eleven empty
engine estate evening exhibit extra fabric factory family farmer fellow fence ferry fiber field
figure final finger fisher flood floor flower folder forest forty fountain frame freight friend
front frost future gable gallery garden gate gentle glacier glass glove golden grain granite
gravel green ground guard guest guide gull habit hall hammer handle harbor harvest haven hazel
heavy hedge height helper herald herring hidden hill hollow honest horizon hotel hour house
hundred island ivory jacket jetty journal journey judge junction kettle keeper kitchen ladder
lagoon lamp lane lantern larger lasting launch leader ledger legend lemon lesson letter level
library light linen little local locker lumber machine magnet maple margin market marsh master
meadow measure meeting member mender meter middle mill minute mirror mobile model modest moment
morning mortar mountain museum narrow native nearly needle neighbor network never north notice
number oak oath object ocean offer office olive open orchard order organ otter outer outline oven
owner oyster packet paddle painter palace panel paper parcel parish partner passage pattern
pavement pebble pencil people pepper permit picture pier pigeon pillar pilot planet planner
plaster platform plenty pocket poem point police pond porch portal pottery powder practice present
printer private promise public pump quarry quarter quay quiet rafter railway rain ramp random
rapid reader reason record reed refuge region relay remedy repair report rescue resident result
return ribbon ridge river road robin rocket roof rope rotten round route rudder runner sailor
salmon salt sample sand saver school scout screen season second seed senate settle seven shade
shelter shore shoulder signal silent silver simple single sister sketch sleeve slope small smoke
snow socket solar solid south spare speaker spring square stable station statue steady steam stone
storm story stream street string studio summer sunday supper surface survey swallow switch table
tailor tanker target tavern teacher temple tender terrace theater thirty thread ticket tide timber
today token tower town track trade trail tram travel treaty tree trench tunnel twelve twenty union
upper urban valley value vessel veteran village visit voice volume voter wagon walker wall warden
water wave weather weaver wedge week welcome western wharf wheat wheel whistle willow window
winter wire wolf wooden worker yard yellow young
""".split()


def build_site(posts: int) -> list[Operation]:
    """Every document of the site, the ready mark last; ``posts`` of them are posts."""
    made = (build_post(number) for number in range(FIRST_ID, FIRST_ID + posts))
    return [*(operation for _, operation in _read_frame()), *made, Operation("ready")]


def post_path(number: int) -> str:
    """Where a post is shown."""
    return f"/{_slug(_title(number), number)}/"


def list_paths(posts: int, most: int = 1000) -> list[str]:
    """Pages of the list of all posts, from the second on, at most ``most``."""
    last = -(-posts // PER_PAGE)
    return [f"/page/{n}/" for n in range(2, min(last, most + 1) + 1)]


def build_post(number: int, seq: int = 1, **changes: Any) -> Operation:
    """A post with pictures, author and terms of the frame."""
    ids = frame_ids()
    draw = random.Random(number)
    title = _title(number)
    # Close enough for a hundred thousand of them to lie in the past.
    moment = FIRST_DAY + timedelta(minutes=40 * (number - FIRST_ID) + draw.randrange(40))
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%S")
    slug = _slug(title, number)
    paragraphs = "".join(f"<p>{_sentences(draw, 60)}</p>\n" for _ in range(8))
    document = {
        "id": number,
        "type": "post",
        "status": "publish",
        "slug": slug,
        "link": f"{SITE}/{slug}/",
        "date": stamp,
        "date_gmt": stamp,
        "modified": stamp,
        "modified_gmt": stamp,
        "title": {"rendered": title},
        "content": {"rendered": paragraphs, "protected": False},
        "excerpt": {"rendered": f"<p>{_sentences(draw, 16)}</p>\n", "protected": False},
        "author": draw.choice(ids["user"]),
        "featured_media": draw.choice(ids["attachment"]),
        "sticky": False,
        "format": "standard",
        "template": "",
        "categories": [draw.choice(ids["category"])],
        "tags": sorted(draw.sample(ids["post_tag"], 2)),
        **changes,
    }
    return Operation("put", f"post:{number}", seq, json.dumps(document).encode())


def build_edit(number: int, seq: int) -> Operation:
    """The same post with another sentence at its end; its title and place stay."""
    return build_post(number, seq, excerpt={"rendered": f"<p>Edit {seq}.</p>"})


@cache
def frame_ids() -> dict[str, list[int]]:
    """Ids of what posts refer to, by kind and taxonomy."""
    found: dict[str, list[int]] = {}
    for kind, operation in _read_frame():
        _, _, number = operation.ref.partition(":")
        if number:
            found.setdefault(kind, []).append(int(number))
    return found


def _read_frame() -> Iterator[tuple[str, Operation]]:
    """Documents of the frame with their kinds; the kind of a term is its taxonomy."""
    for operation in sample_site(FRAME_TIME, SITE):
        document = json.loads(operation.json or b"{}")
        kind = operation.ref.partition(":")[0]
        if kind == "post":
            kind = document["type"]
        if kind not in FRAME or document.get("media_type", "image") != "image":
            continue
        if kind == "site":
            document["sos"]["settings"]["posts_per_page"] = PER_PAGE
        if kind == "term":
            kind = document["taxonomy"]
        yield kind, Operation("put", operation.ref, 1, json.dumps(document).encode())


def _title(number: int) -> str:
    draw = random.Random(-number)
    return " ".join(draw.choices(WORDS, k=draw.randint(4, 7))).capitalize()


def _slug(title: str, number: int) -> str:
    return f"{title.lower().replace(' ', '-')}-{number}"


def _sentences(draw: random.Random, words: int) -> str:
    found: list[str] = []
    while words > 0:
        length = min(words, draw.randint(7, 14))
        found.append(" ".join(draw.choices(WORDS, k=length)).capitalize() + ".")
        words -= length
    return " ".join(found)
