"""``sos release list``, ``show``, ``preview`` and ``gc``: what there is, and what may go."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import parse_qs, urlsplit

from sos.rollout.pointer import Activation, Canary
from sos.rollout.preview import check_preview

from tests.cli.release_shell import ReleaseShell, reporting_nodes

AWAY = {"SOS_REDIS_URL": "unix:///nowhere.sock"}
SECRET = "0123456789abcdef0123456789abcdef"


async def test_list_says_what_is_live_since_when_by_whom_and_why(releases: ReleaseShell) -> None:
    """And what was published and never live; in words and as JSON."""
    first, second, third = [await releases.publish() for _ in range(3)]
    await releases.point(first, second)
    async with reporting_nodes(releases, 3):
        words, report = await asyncio.gather(releases.run("list"), releases.run("list", "--json"))
    assert words.code == 0, words.err
    lines = words.out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [third, second, first]
    assert "never live" in lines[1]
    assert lines[2].split()[1:3] == ["live", "3"]
    assert "ann" in lines[2]
    assert "previous" in lines[3]
    assert report.json["live"] == second
    places = {r["id"]: (r["place"], r["nodes"]) for r in report.json["releases"]}
    assert places == {
        third: ("", []), second: ("live", ["web-1", "web-2", "web-3"]), first: ("previous", []),
    }  # fmt: skip
    assert [a["release"] for a in report.json["history"]] == [second, first]


async def test_list_shows_what_it_can_see(releases: ReleaseShell) -> None:
    """69 when store or pointer is away; an absent register is only told."""
    name = await releases.publish()
    await releases.point(name)
    no_fleet, no_store, no_pointer = await asyncio.gather(
        releases.run("list", **AWAY),
        releases.run("list", SOS_BUCKET="file:/dev/null", **AWAY),
        releases.run("list", SOS_POINTER="consul:sos", CONSUL_HTTP_ADDR="127.0.0.1:9", **AWAY),
    )
    assert no_fleet.code == 0
    assert "the fleet can't be seen" in no_fleet.err
    assert (no_store.code, no_pointer.code) == (69, 69)
    assert name in no_store.out
    assert "live" in no_store.out
    assert "the store of releases can't be seen" in no_store.err
    assert name in no_pointer.out
    assert "the pointer can't be seen" in no_pointer.err


async def test_list_of_nothing_says_what_to_do(releases: ReleaseShell) -> None:
    """A folder that is not there yet is no error."""
    ended = await releases.run("list", **AWAY)
    assert ended.code == 0
    assert "no release was published yet: sos release publish" in ended.out


async def test_live_release_that_is_not_in_the_store_is_listed(releases: ReleaseShell) -> None:
    """Somebody deleted it, or the settings are of another bucket."""
    await releases.point("20260101-000000-00000000")
    ended = await releases.run("list", "--json", **AWAY)
    (row,) = ended.json["releases"]
    assert (row["id"], row["place"], row["size"]) == ("20260101-000000-00000000", "live", None)


async def test_history_has_who_did_what_and_why(releases: ReleaseShell) -> None:
    """Text of others can't command the terminal."""
    name = await releases.publish()
    line = Activation(
        release=name, at=time.time(), by="\x1b[31mann", why="[bold]why[/] not", kind="activate"
    )
    await releases.pointer.activate(line, await releases.pointer.fetch())
    ended = await releases.run("list", "--history", **AWAY)
    assert ended.code == 0, ended.err
    assert "[bold]why[/] not" in ended.out
    assert "\x1b" not in ended.out


async def test_show_has_files_and_activations(releases: ReleaseShell) -> None:
    """Also of a release that was built and not published."""
    name = await releases.publish()
    await releases.point(name)
    built = (await releases.run("build", "--note", "not yet")).id
    words, report, unpublished, unknown = await asyncio.gather(
        releases.run("show", name, **AWAY),
        releases.run("show", name, "--json", **AWAY),
        releases.run("show", built, **AWAY),
        releases.run("show", "20260101-000000-00000000", **AWAY),
    )
    assert words.code == 0, words.err
    assert "assets/style.css" in words.out
    assert "ann" in words.out
    assert report.json["place"] == "live"
    assert set(report.json["files"]) == {"index.html", "assets/style.css"}
    assert report.json["seal"]["id"] == name
    assert len(report.json["activations"]) == 1
    assert unpublished.code == 0
    assert "unpublished" in unpublished.out
    assert "not yet" in unpublished.out
    assert unknown.code == 65


async def test_preview_link_is_honoured_by_nodes(releases: ReleaseShell) -> None:
    """For the release, the site and the time that it was made for; a query stays."""
    name = await releases.publish()
    ended = await releases.run(
        "preview", name, "/über uns/?page=2#top", "--minutes", "5", SOS_PREVIEW_SECRET=SECRET
    )
    assert ended.code == 0, ended.err
    link = urlsplit(ended.out.strip())
    assert (link.hostname, link.path) == (releases.host, "/%C3%BCber%20uns/")
    query = parse_qs(link.query)
    assert query["page"] == ["2"]
    assert query["sos_release"] == [name]
    (token,) = query["sos_token"]
    now = time.time()
    assert check_preview(token, name, [SECRET], now, releases.host)
    assert not check_preview(token, name, [SECRET], now + 301, releases.host)


async def test_preview_needs_a_secret_and_a_release(releases: ReleaseShell) -> None:
    """78 and 65; a path that leads to another site is wrong usage."""
    name = await releases.publish()
    no_secret, no_release, no_path = await asyncio.gather(
        releases.run("preview", name),
        releases.run("preview", "20260101-000000-00000000", SOS_PREVIEW_SECRET=SECRET),
        releases.run("preview", name, "//evil.example/", SOS_PREVIEW_SECRET=SECRET),
    )
    assert (no_secret.code, no_release.code, no_path.code) == (78, 65, 2)
    assert "SOS_PREVIEW_SECRET" in no_secret.err
    assert "published" in no_release.err


async def test_gc_keeps_whatever_is_needed(releases: ReleaseShell) -> None:
    """Live, canary, the way back, what a node serves, and the newest."""
    names = [await releases.publish() for _ in range(8)]
    await releases.point(names[0], names[1])
    now = await releases.pointer.fetch()
    line = Activation(release=names[2], previous=names[1], at=1.0, kind="canary")
    await releases.pointer.set_canary(Canary(names[2], 100.0), now, line)
    options = ("gc", "--keep", "2", "--older-than", "0")
    async with reporting_nodes(releases) as nodes:
        nodes.previous = names[3]
        await nodes.wait_reported()
        dry = await releases.run(*options, "--dry-run", "--json")
        assert set(dry.json["deleted"]) == {names[4], names[5]}
        assert dry.json["bytes"] > 0
        assert len((await releases.run("list", "--json", "--all")).json["releases"]) == 8
        ended = await releases.run(*options)
    assert ended.code == 0, ended.err
    assert ended.out.split() == [names[4], names[5]]
    assert "deleted 2, kept 6" in ended.err
    left = (await releases.run("list", "--json", "--all")).json["releases"]
    assert {r["id"] for r in left} == {*names[:4], *names[6:]}


async def test_gc_deletes_nothing_in_the_dark(releases: ReleaseShell) -> None:
    """Without register, pointer, or a release that is live."""
    names = [await releases.publish() for _ in range(3)]
    options = ("gc", "--keep", "1", "--older-than", "0")
    async with reporting_nodes(releases):
        nothing_live = await releases.run(*options)
        no_pointer = await releases.run(
            *options, SOS_POINTER="consul:sos", CONSUL_HTTP_ADDR="127.0.0.1:9"
        )
    await releases.point(names[2])
    no_fleet = await releases.run(*options, **AWAY)
    assert (nothing_live.code, no_pointer.code, no_fleet.code) == (1, 69, 69)
    assert "nothing was deleted" in nothing_live.err
    assert "fleet: the register of nodes did not answer" in no_fleet.err
    assert len((await releases.run("list", "--json", **AWAY)).json["releases"]) == 3
