"""``sos release activate``, ``canary`` and ``rollback``, as people and scripts run them."""

from __future__ import annotations

import asyncio
import re
import signal
import time

import psutil
from sos.rollout.pointer import Activation, Canary

from tests.cli.release_shell import INDEX, ReleaseShell, end, reporting_nodes, until

AWAY = {"SOS_REDIS_URL": "unix:///nowhere.sock"}


async def history(shell: ReleaseShell) -> list[tuple[str, str]]:
    return [(a.kind, a.release) for a in await shell.pointer.fetch_history()]


async def test_release_goes_live_on_every_node(releases: ReleaseShell) -> None:
    """Checked, pointed to, watched; history has who and why."""
    name = await releases.publish(INDEX)
    async with reporting_nodes(releases, 3) as nodes:
        ended = await releases.run("activate", name, "--why", "a new banner", "--by", "ann")
        assert ended.code == 0, ended.err
        assert set(nodes.serving.values()) == {name}
    assert f"{name} is live on 3 nodes" in ended.err
    (line,) = await releases.pointer.fetch_history()
    assert (line.by, line.why, line.previous) == ("ann", "a new banner", "")


async def test_json_has_every_node(releases: ReleaseShell) -> None:
    """For CI: what happened, and how long each node took."""
    name = await releases.publish()
    async with reporting_nodes(releases):
        ended = await releases.run(
            "activate", name, "--json", "--no-check",
            GITHUB_ACTIONS="true", GITHUB_ACTOR="octo", GITHUB_RUN_ID="77",
        )  # fmt: skip
    assert ended.code == ended.json["exit_code"] == 0, ended.err
    assert ended.json["result"] == "live"
    assert [n["node"] for n in ended.json["nodes"]] == ["web-1", "web-2"]
    assert all(n["seconds"] >= 0 for n in ended.json["nodes"])
    assert ended.json["changed"]["by"] == "octo (GitHub run 77)"


async def test_broken_release_is_not_activated(releases: ReleaseShell) -> None:
    """The pointer stays as it was; so with one that nobody published."""
    name = await releases.publish("{% if %}")
    broken, unknown = await asyncio.gather(
        releases.run("activate", name),
        releases.run("activate", "20260101-000000-00000000", "--no-check"),
    )
    assert broken.code == unknown.code == 65
    assert f"{name} was not activated: 1 problem\n  index.html:1: " in broken.err
    assert "publish it: sos release publish" in unknown.err
    assert (await releases.pointer.fetch()).problem == "missing"


async def test_release_that_a_node_refuses_goes_back_by_itself(releases: ReleaseShell) -> None:
    """Which node, why, and what is live now are told."""
    good, bad = await releases.publish(), await releases.publish()
    await releases.point(good)
    async with reporting_nodes(releases) as nodes:
        nodes.bad, nodes.refusing = {bad}, {"web-2"}
        ended = await releases.run("activate", bad, "--no-check", "--json")
    assert ended.code == 1
    assert ended.json["result"] == "reverted"
    assert ended.json["live"] == good
    assert "1 of 2 nodes refuse it (web-2): index.html:3: " in ended.json["reason"]
    assert f"{good} is live again" in ended.err
    assert await history(releases) == [("revert", good), ("activate", bad), ("activate", good)]


async def test_of_two_terminals_at_once_one_wins(releases: ReleaseShell) -> None:
    """The other one is told who, when and what, and ends with 1."""
    one, two = await releases.publish(), await releases.publish()
    async with reporting_nodes(releases):
        ended = await asyncio.gather(
            releases.run("activate", one, "--by", "ann", "--no-check", "--json"),
            releases.run("activate", two, "--by", "bob", "--no-check", "--json"),
        )
    winner, loser = sorted(ended, key=lambda e: e.code)
    names = {one: "ann", two: "bob"}
    live = (await releases.pointer.fetch()).release
    assert live is not None
    assert (winner.code, winner.json["result"], winner.json["live"]) == (0, "live", live)
    assert (loser.code, loser.json["kind"]) == (1, "LostError")
    assert re.search(rf"by {names[live]} at \d\d:\d\d:\d\d, to {live}", loser.err)
    assert len(await history(releases)) == 1


async def test_change_while_the_release_was_checked_is_told(releases: ReleaseShell) -> None:
    """It was read before the check, and is compared after it."""
    mine, other = await releases.publish(INDEX), await releases.publish()
    process = await releases.start("activate", mine, "--by", "ann")
    await until(lambda: _has_trial(process.pid))
    await releases.point(other, by="bob", ago=0.0)
    ended = await end(process)
    assert ended.code == 1
    assert f"{mine} was not activated: the pointer was changed meanwhile by bob at" in ended.err
    assert f"to {other}" in ended.err


def _has_trial(pid: int) -> bool:
    try:
        children = psutil.Process(pid).children()
        return any("sos.rollout.trial_process" in " ".join(c.cmdline()) for c in children)
    except psutil.Error:
        return False


async def test_fleet_that_can_not_be_seen(releases: ReleaseShell) -> None:
    """The pointer is set: exit code 69, and what to do next."""
    name = await releases.publish()
    ended = await releases.run("activate", name, "--no-check", **AWAY)
    assert ended.code == 69
    assert "the pointer is set" in ended.err
    assert "the fleet can't be seen: the register of nodes did not answer" in ended.err
    assert f"sos release activate {name}" in ended.err
    assert (await releases.pointer.fetch()).release == name
    without_watching = await releases.run("activate", name, "--no-check", "--wait", "0", **AWAY)
    assert without_watching.code == 0


async def test_late_node_is_named(releases: ReleaseShell) -> None:
    """And nothing goes back: it may only be slow."""
    name = await releases.publish()
    async with reporting_nodes(releases) as nodes:
        nodes.stuck = {"web-2"}
        ended = await releases.run("activate", name, "--no-check", "--wait", "1")
    assert ended.code == 1
    assert "1 of 2 nodes have not followed: web-2 (fetching)" in ended.err
    assert (await releases.pointer.fetch()).release == name


async def test_ctrl_c_leaves_the_pointer_set_and_says_so(releases: ReleaseShell) -> None:
    """And how to go back."""
    name = await releases.publish()
    async with reporting_nodes(releases) as nodes:
        nodes.stuck = {"web-1"}
        process = await releases.start("activate", name, "--no-check")
        await until(lambda: nodes.serving.get("web-2") == name)
        process.send_signal(signal.SIGINT)
        ended = await end(process)
    assert ended.code == 130
    assert f"the pointer IS set: {name} goes live" in ended.err
    assert "sos release rollback" in ended.err


async def test_live_release_is_only_watched(releases: ReleaseShell) -> None:
    """To look again after an interruption."""
    name = await releases.publish()
    await releases.point(name)
    async with reporting_nodes(releases):
        ended = await releases.run("activate", name)
    assert ended.code == 0
    assert "is live already; watching the fleet" in ended.err
    assert len(await history(releases)) == 1


async def test_canary_stands_until_it_is_activated_or_stopped(releases: ReleaseShell) -> None:
    """On one node at least, however small the percentage is."""
    live, new = await releases.publish(), await releases.publish()
    await releases.point(live)
    async with reporting_nodes(releases, 3) as nodes:
        begun = await releases.run("canary", new, "--percent", "0.5", "--no-check", "--json")
        assert begun.code == 0, begun.err
        assert begun.json["result"] == "canary"
        assert "would not include any of the 3 nodes" in begun.err
        assert list(nodes.serving.values()).count(new) == 1
        listed = await releases.run("list")
        assert "canary" in listed.out
        stopped = await releases.run("canary", "--stop", "--why", "enough")
    assert stopped.code == 0, stopped.err
    assert f"the canary {new} has ended; {live} is live on every node" in stopped.err
    assert (await releases.pointer.fetch()).canary is None
    assert (await releases.run("canary", "--stop")).code == 1


async def test_activation_through_a_canary(releases: ReleaseShell) -> None:
    """First the canary, for as long as is asked, then every node."""
    live, new = await releases.publish(), await releases.publish()
    await releases.point(live)
    async with reporting_nodes(releases):
        started = time.monotonic()
        ended = await releases.run(
            "activate", new, "--no-check", "--canary", "10", "--canary-seconds", "1"
        )
        assert time.monotonic() - started >= 1
    assert ended.code == 0, ended.err
    assert "the canary is well" in ended.err
    assert [k for k, _ in await history(releases)] == ["activate", "canary", "activate"]


async def test_rollback_needs_neither_releases_nor_register(releases: ReleaseShell) -> None:
    """Only the pointer: the way back always works."""
    old, new = await releases.publish(), await releases.publish()
    await releases.point(old, new)
    ended = await releases.run(
        "rollback", "--json", "--why", "broken", SOS_BUCKET="file:/nowhere/at/all", **AWAY
    )
    assert ended.code == 0, ended.err
    assert f"rolled back from {new} to {old}" in ended.err
    assert "the pointer is set; the fleet can't be seen" in ended.err
    assert (ended.json["result"], ended.json["live"]) == ("unseen", old)
    assert (await releases.pointer.fetch()).release == old


async def test_rollback_watches_and_leads_further_back(releases: ReleaseShell) -> None:
    """Twice is two releases back; a third finds nothing, and names what to do."""
    first, second, third = [await releases.publish() for _ in range(3)]
    await releases.point(first, second, third)
    async with reporting_nodes(releases):
        once = await releases.run("rollback")
        twice = await releases.run("rollback")
        thrice = await releases.run("rollback")
    assert (once.code, twice.code, thrice.code) == (0, 0, 1)
    assert "live on 2 nodes after" in once.err
    assert f"rolled back from {second} to {first}" in twice.err
    assert "name the release, `sos release list` shows them" in thrice.err


async def test_rollback_without_history_asks_the_nodes(releases: ReleaseShell) -> None:
    """What most of them served before."""
    old, new = await releases.publish(), await releases.publish()
    releases.write("var/pointer/templateRelease", new)
    async with reporting_nodes(releases) as nodes:
        nodes.previous = old
        await nodes.wait_reported()
        ended = await releases.run("rollback")
    assert ended.code == 0, ended.err
    assert (await releases.pointer.fetch()).release == old


async def test_rollback_stops_where_somebody_was_faster(releases: ReleaseShell) -> None:
    """Two who roll back at once must not go back twice; --force undoes it all the same."""
    first, second, third = [await releases.publish() for _ in range(3)]
    await releases.point(first, second)
    await releases.point(third, by="bob", ago=1.0)
    stopped = await releases.run("rollback", "--by", "ann")
    assert stopped.code == 1
    assert f"bob activated {third}" in stopped.err
    assert "--force" in stopped.err
    assert (await releases.run("rollback", "--by", "ann", "--force", "--wait", "0")).code == 0
    assert (await releases.pointer.fetch()).release == second


async def test_rollback_ends_the_canary_that_was_begun_last(releases: ReleaseShell) -> None:
    """What was changed last is undone, and nothing else."""
    live, new = await releases.publish(), await releases.publish()
    await releases.point(live)
    now = await releases.pointer.fetch()
    at = time.time() - 60
    line = Activation(release=new, previous=live, at=at, by="ann", kind="canary")
    assert await releases.pointer.set_canary(Canary(new, 10.0), now, line)
    ended = await releases.run("rollback", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["result"] == "canary ended"
    pointing = await releases.pointer.fetch()
    assert (pointing.release, pointing.canary) == (live, None)


async def test_wrong_usage_is_told(releases: ReleaseShell) -> None:
    """Exit code 2, before anything is asked of anybody."""
    for arguments in (
        ("activate", "no/id"),
        ("activate", "a-1", "--canary", "5", "--wait", "0"),
        ("canary", "a-1"),
        ("canary", "a-1", "--percent", "5", "--stop"),
        ("rollback", "no/id"),
    ):
        ended = await releases.run(*arguments)
        assert ended.code == 2, (arguments, ended.err)
        assert "Error:" in ended.err


async def test_pointer_that_is_away_is_told(releases: ReleaseShell) -> None:
    """Nothing can be changed: 69, with the reason."""
    name = await releases.publish()
    away = {"SOS_POINTER": "consul:sos", "CONSUL_HTTP_ADDR": "127.0.0.1:9"}
    for ended in await asyncio.gather(
        releases.run("activate", name, "--no-check", **away),
        releases.run("rollback", "--json", **away),
    ):
        assert ended.code == 69, ended.err
        assert "127.0.0.1:9" in ended.err
