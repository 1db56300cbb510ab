"""A planned callout on a real node: on the second, on every worker, and no edge shows it longer."""

from __future__ import annotations

import asyncio
import json
import re
import time
from datetime import UTC, datetime

from sos.content.store import Operation

from tests.servers.worker_connections import WorkerConnection, connect_workers
from tests.web.test_content_on_node import Stage, stage

__all__ = ["stage"]

TOLERANCE = 0.35
"""A machine that is busy may be late by this, seconds; nobody may be early."""


def planned(begins: int, ends: int) -> Operation:
    """A callout with its times, epoch seconds."""

    def stamp(at: int) -> str:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")

    document = {
        "id": 900,
        "type": "sos_callout",
        "status": "future",
        "date_gmt": stamp(begins),
        "title": {"rendered": "The harbour is closed"},
        "sos": {
            "expires_gmt": stamp(ends),
            "callout": {"placement": "takeover", "priority": 50},
        },
    }
    return Operation("put", "post:900", 99, json.dumps(document).encode())


async def watch(worker: WorkerConnection, until: float) -> list[tuple[float, bool, int, float]]:
    """Looks at the front page: when it was asked for, whether the callout is there, for how many
    seconds an edge may keep it, and when it came."""
    looks = []
    while (asked := time.time()) < until:
        head, body = await worker.ask("/")
        kept = re.search(r"\bcdn-cache-control: max-age=(\d+)", head)
        assert kept
        looks.append((asked, b"The harbour is closed" in body, int(kept[1]), time.time()))
        await asyncio.sleep(0.02)
    return looks


async def test_planned_callout_is_there_from_its_first_second_to_its_last(stage: Stage) -> None:
    """With one write long before, and no event at either moment."""
    now = int(time.time())
    begins, ends = now + 3, now + 6
    async with connect_workers(stage.node) as workers:
        assert await stage.store.apply([planned(begins, ends)]) == ("applied",)
        await asyncio.sleep(0.3)
        watched = await asyncio.gather(*(watch(w, ends + 1.5) for w in workers.values()))
    for looks in watched:
        for asked, shown, kept, came in looks:
            if shown:
                assert came >= begins
                assert asked < ends + TOLERANCE
            else:
                assert came < begins + TOLERANCE or asked >= ends - 0.01
            # Whole seconds: what an edge gets in a second is not kept beyond the next change.
            change = ends if shown else begins if came < begins else 0
            assert not change or kept <= change - int(asked)
        first = min(came for _, shown, _, came in looks if shown)
        last = max(asked for asked, shown, _, _ in looks if shown)
        print(
            f"shown {first - begins:+.3f} s after its begin, until {last - ends:+.3f} s at its end"
        )
