"""What is done to simulated fleets: each fault and each kind of release, alone and, in a group of
its own, two at once. Half a minute into it, newcomers start: some with an old release on their
disk, some with none."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import msgspec

from tests.rollout.fleet_node import Store
from tests.rollout.fleet_simulation import Kind, Outcome, PointerStore, World

FLEET = 500
NEWCOMERS = 20
RELEASE_AT, FAULT_AT, NEWCOMERS_AT, HEAL_AT, END = 20.0, 10.0, 50.0, 220.0, 420.0
"""A release comes shortly after a fault began, which lasts much longer than anybody's patience."""

Group = Literal["releases", "bad releases", "S3", "Consul", "Redis", "nodes", "two at once"]


class Scenario(msgspec.Struct, frozen=True):
    """``lost`` is the share of nodes that the fault itself takes, whatever the rules are: they are
    off, or their workers hang. ``ends_with`` is what every node serves when all is over."""

    group: Group
    title: str
    play: Callable[[World], None]
    lost: float = 0.0
    ends_with: tuple[str, ...] = ("r1",)
    until: float = END
    spread: float = 0.0
    newcomers: bool = True


def simulate(scenario: Scenario, *, size: int = FLEET, seed: int = 1) -> Outcome:
    """Play a scenario to its end."""
    world = World(size, seed=seed, spread=scenario.spread)
    if scenario.newcomers:
        world.at(NEWCOMERS_AT, partial(start_newcomers, world))
    scenario.play(world)
    return world.run(scenario.until)


def start_newcomers(world: World) -> None:
    """Half of them were switched off for long, half were never there."""
    for n in range(NEWCOMERS):
        world.add_node(("older", "oldest") if n % 2 else ())


# ---------------------------------------------------------------- releases


def release(world: World, kind: Kind = "good") -> None:
    """One release, and nothing else."""
    world.at(RELEASE_AT, lambda: world.release("r1", kind))


def release_often(world: World, every: float, times: int = 100) -> None:
    """One release after the other, faster than some of them can be followed."""
    for n in range(1, times + 1):
        world.at(RELEASE_AT + (n - 1) * every, lambda n=n: world.release(f"r{n}"))  # type: ignore[misc]


def roll_back(world: World) -> None:
    """A release, and five seconds later the one before it."""
    release(world)
    world.at(RELEASE_AT + 5, lambda: world.set_pointer("r0"))


def upgrade_half_way(world: World) -> None:
    """Half of the nodes run new code, which alone can use the new release."""
    for node in world.pick(0.5):
        node.new_code = True
    release(world, "for new nodes")


# ---------------------------------------------------------------- one dependency


def lose_store(world: World, state: Store, share: float) -> None:
    """S3 fails for a share of the nodes while a release comes, and is back later."""
    some = world.pick(share)
    everybody = share == 1  # newcomers too

    def change(state: Store) -> None:
        world.set_store(state, None if everybody else some)
        world.default_store = state if everybody else "up"

    world.at(FAULT_AT, lambda: change(state))
    world.at(HEAL_AT, lambda: change("up"))
    release(world)


def lose_pointer(world: World, state: PointerStore) -> None:
    """Consul fails for minutes; there is a release just when it is back."""
    world.at(FAULT_AT, lambda: world.set_pointer_store(state))
    world.at(HEAL_AT, lambda: world.set_pointer_store("up"))
    world.at(HEAL_AT, lambda: world.release("r1"))


def break_pointer(world: World, value: str | None) -> None:
    """The key is lost, or holds something else; in the end somebody writes it again."""
    world.at(FAULT_AT, lambda: world.set_pointer(value))
    world.at(HEAL_AT, lambda: world.release("r1"))


def lose_register(world: World) -> None:
    """Redis is gone, and with it what nodes know of each other, while a release comes."""
    world.at(FAULT_AT, lambda: world.set_register(up=False))
    world.at(HEAL_AT, lambda: world.set_register(up=True))
    release(world)


def empty_register(world: World) -> None:
    """Redis is emptied again and again while a release comes."""
    for n in range(30):
        world.at(FAULT_AT + 7 * n, lambda: world.set_register(up=True))
    release(world)


# ---------------------------------------------------------------- nodes


def hang_workers(world: World, share: float) -> None:
    """A worker of some nodes hangs and is not replaced."""
    some = world.pick(share)

    def change(wedged: bool) -> None:
        for node in some:
            node.wedged = wedged
            world.touch(node)

    world.at(FAULT_AT, lambda: change(True))
    world.at(HEAL_AT, lambda: change(False))
    release(world)


def restart_in_turn(world: World, share: float = 0.05) -> None:
    """A rolling restart, a share of the nodes at a time, with a release in its midst."""
    size = round(share * len(world.nodes))
    batches = [world.nodes[n : n + size] for n in range(0, len(world.nodes), size)]
    for n, batch in enumerate(batches):
        for node in batch:
            world.at(FAULT_AT + 45 * n, partial(world.restart, node))
    world.at(FAULT_AT + 45 * len(batches) / 2, lambda: world.release("r1"))


def cut_power(world: World) -> None:
    """Every node is gone at once and back after 5 s."""
    for node in list(world.nodes):
        world.at(FAULT_AT, partial(world.restart, node, drain=0.0, off=5.0))


# ---------------------------------------------------------------- two at once


def cut_power_without_store(world: World) -> None:
    """And meanwhile another release was activated that nobody can fetch."""
    world.at(5.0, lambda: world.set_store("down"))
    world.at(HEAL_AT, lambda: world.set_store("up"))
    cut_power(world)
    world.at(FAULT_AT + 2, lambda: world.release("r1"))


def lose_store_by_turns(world: World) -> None:
    """Two zones, each a fifth of the fleet, lose S3 in turn, with a release each time."""
    chosen = world.pick(0.4)
    zones = chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :]
    for n in range(8):
        began = FAULT_AT + 130.0 * n
        lost, found = zones[n % 2], zones[1 - n % 2]
        world.at(began, partial(world.set_store, "up", found))
        world.at(began, partial(world.set_store, "down", lost))
        world.at(began + 1, partial(world.release, f"r{n + 1}"))
    world.at(FAULT_AT + 1040.0, lambda: world.set_store("up"))


def lose_store_and_restart(world: World) -> None:
    """A fifth of the fleet can't fetch the release, and the fleet is restarted in turn."""
    some = world.pick(0.2)
    world.at(FAULT_AT, lambda: world.set_store("down", some))
    restart_in_turn(world)
    world.at(1000.0, lambda: world.set_store("up"))


def lose_everything(world: World) -> None:
    """Redis, Consul and S3 at once; newcomers start meanwhile."""
    lose_store(world, "down", 1.0)
    world.at(FAULT_AT, lambda: world.set_pointer_store("down"))
    world.at(FAULT_AT, lambda: world.set_register(up=False))
    world.at(HEAL_AT, lambda: world.set_pointer_store("up"))
    world.at(HEAL_AT, lambda: world.set_register(up=True))


SCENARIOS = (
    Scenario("releases", "a release", release),
    Scenario("releases", "a release and its rollback", roll_back, ends_with=("r0",)),
    Scenario(
        "releases",
        "100 releases, one a minute",
        partial(release_often, every=60.0),
        ends_with=("r100",),
        until=6100,
    ),
    Scenario(
        "releases",
        "100 releases, one every 10 s",
        partial(release_often, every=10.0),
        ends_with=("r100",),
        until=1100,
    ),
    Scenario(
        "releases",
        "the same with a spread of 60 s",
        partial(release_often, every=10.0),
        ends_with=("r100",),
        until=1100,
        spread=60.0,
    ),
    Scenario(
        "bad releases", "every node refuses it", partial(release, kind="bad"), ends_with=("r0",)
    ),
    Scenario(
        "bad releases", "half of the nodes refuse it", upgrade_half_way, ends_with=("r0", "r1")
    ),
    Scenario(
        "bad releases",
        "it fails on live pages only",
        partial(release, kind="fails in flight"),
        ends_with=("r0",),
    ),
    Scenario("S3", "down for one node", partial(lose_store, state="down", share=1 / FLEET)),
    Scenario("S3", "down for 10 % of the nodes", partial(lose_store, state="down", share=0.10)),
    Scenario("S3", "down for 20 %", partial(lose_store, state="down", share=0.20)),
    Scenario("S3", "down for 25 %", partial(lose_store, state="down", share=0.25)),
    Scenario("S3", "down for half", partial(lose_store, state="down", share=0.50)),
    Scenario("S3", "down for all", partial(lose_store, state="down", share=1.0)),
    Scenario("S3", "slow for 10 %", partial(lose_store, state="slow", share=0.10)),
    Scenario("S3", "slow for all", partial(lose_store, state="slow", share=1.0)),
    Scenario("S3", "damaged answers to 10 %", partial(lose_store, state="corrupt", share=0.10)),
    Scenario("S3", "damaged answers to all", partial(lose_store, state="corrupt", share=1.0)),
    Scenario("Consul", "down or without a leader", partial(lose_pointer, state="down")),
    Scenario("Consul", "hung", partial(lose_pointer, state="hung")),
    Scenario("Consul", "the key is lost", partial(break_pointer, value=None)),
    Scenario("Consul", "the key holds nonsense", partial(break_pointer, value="garbage")),
    Scenario("Redis", "down during a release", lose_register),
    Scenario("Redis", "emptied every 7 s", empty_register),
    Scenario(
        "nodes", "a worker hangs on 2 % of the nodes", partial(hang_workers, share=0.02), 0.02
    ),
    Scenario("nodes", "restarted in turn, 5 % at a time", restart_in_turn, 0.10, until=1100),
    Scenario("nodes", "restarted all at once", cut_power, 1.0, ends_with=("r0",)),
    Scenario("two at once", "all restarted, S3 down, a release", cut_power_without_store, 1.0),
    Scenario(
        "two at once",
        "S3 down for 20 %, restarted in turn",
        lose_store_and_restart,
        0.10,
        until=1300,
    ),
    Scenario(
        "two at once",
        "two fifths lose S3 in turn",
        lose_store_by_turns,
        ends_with=("r8",),
        until=1500,
    ),
    Scenario("two at once", "Redis, Consul and S3 down", lose_everything),
)
