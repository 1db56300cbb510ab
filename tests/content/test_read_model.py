"""Lists as read.lua cuts them into pages, against the plainest possible model of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sos.content.store import Found

from tests.content.raw_store import HOME, NOW, RawStore, assert_sound, post, term

IDS = st.integers(1, 12)
TIMES = st.integers(-6, 6).map(lambda n: NOW + n * 10)


@dataclass(frozen=True)
class Known:
    """What the model remembers of a post; times are epoch seconds, 0 for never."""

    at: int
    until: int
    sticky: bool
    author: int
    terms: tuple[int, ...]
    kind: str

    def is_visible(self, now: int) -> bool:
        """Whether a visitor may see it."""
        return self.at <= now and (not self.until or self.until > now)


def wordpress_time(epoch: int) -> str:
    """As WordPress writes it."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Lists(RuleBasedStateMachine):
    """Posts come, change and go, time passes; every list is at all times what the model says."""

    client: redis.Redis

    def __init__(self) -> None:
        super().__init__()
        self.store = RawStore(self.client)
        self.now = NOW
        self.posts: dict[int, Known] = {}
        self.parents = {1: 0, 2: 0, 3: 0}
        self.store.fill({"site": {"home": HOME}, **{f"term:{n}": term(n) for n in self.parents}})

    def teardown(self) -> None:
        assert_sound(self.store)
        self.store.forget()

    # ------------------------------------------------------------ changes

    @rule(
        number=IDS,
        at=TIMES,
        until=st.one_of(st.just(0), TIMES),
        sticky=st.booleans(),
        author=st.integers(0, 2),
        terms=st.lists(st.integers(1, 3), max_size=2, unique=True),
        kind=st.sampled_from(["post", "post", "post", "book"]),
    )
    def put(self, number: int, at: int, until: int, terms: list[int], **rest: Any) -> None:
        """A new post, or another state of one."""
        known = Known(at=at, until=until, terms=tuple(terms), **rest)
        document = post(
            number,
            type=known.kind,
            status="future" if at > self.now else "publish",
            date_gmt=wordpress_time(at),
            sticky=known.sticky,
            author=known.author,
            categories=terms,
            sos={"expires_gmt": wordpress_time(until) if until else None},
        )
        expected = "unchanged" if self.posts.get(number) == known else "applied"
        # The same post is another document once its time has come: its status says so.
        assert self.store.put(f"post:{number}", document, now=self.now) in (expected, "applied")
        self.posts[number] = known

    @rule(number=IDS)
    def remove(self, number: int) -> None:
        """A post goes."""
        expected = "applied" if self.posts.pop(number, None) else "unchanged"
        assert self.store.remove(f"post:{number}", now=self.now) == expected

    @rule(number=st.integers(1, 3), parent=st.integers(0, 3))
    def move_term(self, number: int, parent: int) -> None:
        """A term gets another parent, perhaps one below itself."""
        self.store.put(f"term:{number}", term(number, parent=parent), now=self.now)
        self.parents[number] = parent

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        """Time passes; nothing is written."""
        self.now += seconds

    # ------------------------------------------------------------ what must hold

    @rule(
        name=st.sampled_from(["type:post", "author:1", "term:1", "term:2", "term:3", "type:book"]),
        number=st.integers(1, 5),
        count=st.integers(1, 4),
    )
    def read_page(self, name: str, number: int, count: int) -> None:
        """Any page of any list."""
        self.compare(self.read_list(name, number, count), self.members(name), number, count)

    @rule(low=TIMES, high=TIMES, number=st.integers(1, 3), count=st.integers(1, 3))
    def read_dates(self, low: int, high: int, number: int, count: int) -> None:
        """Any page of any span of time, both ends included."""
        found = self.store.read(("dates", f"{low}:{high}@/2023/", number, count), now=self.now)
        within = [n for n in self.members("type:post") if low <= self.posts[n].at <= high]
        self.compare(found, within, number, count)

    @rule(
        order=st.permutations([1, 2, 3]),
        rows=st.integers(1, 3),
        count=st.integers(1, 4),
        size=st.integers(1, 4),
    )
    def read_rows(self, order: list[int], rows: int, count: int, size: int) -> None:
        """Rows of topics below the front page: none twice, as far as there are enough."""
        paths = " ".join(f"/category/c{n}/" for n in order)
        topics = f"{rows} {count} category {paths}"
        found = self.store.read(("page", "/", 1, size, topics), now=self.now)
        listed = self.members("type:post")
        taken = {*listed[:size], *(n for n in listed if self.posts[n].sticky)}
        expected = []
        for number in order[: len(found.rows)]:
            members = self.members(f"term:{number}")
            fresh = [n for n in members if n not in taken][:count]
            again = [n for n in members if n in taken][: count - len(fresh)]
            row = tuple(f"post:{n}" for n in members if n in {*fresh, *again})
            expected.append((f"term:{number}", row))
            taken |= {*fresh, *again}
        assert [(row.term, row.refs) for row in found.rows] == expected
        filled = [bool(row.refs) for row in found.rows]
        assert (sum(filled) == rows and filled[-1]) or len(filled) == 3
        refs = {r.ref for r in found.records}
        assert {ref for row in found.rows for ref in row.refs} <= refs
        assert found.complete

    @precondition(lambda self: self.posts)
    @invariant()
    def front_page_and_neighbours_are_right(self) -> None:
        """The posts in order, sticky ones, and the visible posts on both sides of each."""
        found = self.store.page("/", count=5, now=self.now)
        order = self.members("type:post")
        self.compare(found, order, 1, 5)
        assert found.sticky == tuple(f"post:{n}" for n in order if self.posts[n].sticky)
        for index, number in enumerate(order):
            single = self.store.page(f"/p{number}/", now=self.now)
            later = order[index - 1] if index else None
            earlier = order[index + 1] if index + 1 < len(order) else None
            assert (single.next.ref if single.next else None) == (later and f"post:{later}")
            assert (single.previous.ref if single.previous else None) == (
                earlier and f"post:{earlier}"
            )
        for number, known in self.posts.items():
            assert (self.store.page(f"/p{number}/", now=self.now).status == "found") is (
                known.is_visible(self.now)
            )

    # ------------------------------------------------------------ within

    def members(self, name: str) -> list[int]:
        """Visible posts of a list, newest first, later ids first where dates are equal."""
        inside = [
            n for n, p in self.posts.items() if p.is_visible(self.now) and self.holds(name, p)
        ]
        return sorted(inside, key=lambda n: (-self.posts[n].at, -n))

    def holds(self, name: str, known: Known) -> bool:
        """Whether a list is to show a post."""
        kind, _, value = name.partition(":")
        if kind == "type":
            return known.kind == value
        if kind == "author":
            return known.kind == "post" and known.author == int(value)
        return any(int(value) in self.line(t) for t in known.terms)

    def line(self, number: int) -> set[int]:
        """A term and all above it."""
        above: set[int] = set()
        while number and number not in above:
            above.add(number)
            number = self.parents[number]
        return above

    def read_list(self, name: str, number: int, count: int) -> Found:
        """The list by its name, whether or not it has an address."""
        return self.store.read(("list", f"{name}@/x/", number, count), now=self.now)

    def compare(self, found: Found, expected: list[int], number: int, count: int) -> None:
        """The page of a list, its total, and that every post on it came along."""
        if found.status == "none":
            assert not expected
            return
        some = expected[(number - 1) * count : number * count]
        assert found.refs == tuple(f"post:{n}" for n in some)
        assert found.total == len(expected)
        assert set(found.refs) <= {r.ref for r in found.records}
        assert found.complete


def test_lists_are_what_the_model_says_whatever_happened(valkey_client: redis.Redis) -> None:
    """Paging, totals, spans, stickies and neighbours, with expired and future posts in between."""
    Lists.client = valkey_client
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Lists,
        settings=settings(
            max_examples=60,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
