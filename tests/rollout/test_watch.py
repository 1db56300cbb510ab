"""`Watch` against the rules of Consul's index, one by one, and then against a Consul of its own
whose servers lag, forget and fail, as hypothesis likes it."""

from itertools import pairwise

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sos.rollout.watch import (
    BURST,
    CALM_PAUSE,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    PLAIN_SECONDS,
    WAIT_SECONDS,
    Query,
    Watch,
)

T0 = 1000.0
PLAIN, LEADER = Query(), Query(consistent=True)


def watch_from(index: int, now: float = T0) -> Watch:
    """A watch that has just had its first answer."""
    watch, believed = Watch().on_answer(PLAIN, index, now)
    assert believed
    return watch


# ---------------------------------------------------------------- rules


def test_first_read_does_not_wait() -> None:
    """A node wants to know at once."""
    assert Watch().next_query(T0) == PLAIN


def test_read_after_an_answer_waits_with_its_index() -> None:
    """Until something changes, and never longer than what a client's time-out allows for."""
    assert watch_from(42).next_query(T0) == Query(42, WAIT_SECONDS)


def test_return_without_a_change_is_waited_on_again() -> None:
    """The index stays, and nothing else is concluded from it."""
    watch = watch_from(42)
    watch, believed = watch.on_answer(Query(42, 55.0), 42, T0 + 55)
    assert believed
    assert watch.next_query(T0 + 55).index == 42


def test_index_is_never_below_one() -> None:
    """Consul's documentation: an index of 0 would not wait at all."""
    watch = watch_from(0)
    assert watch.next_query(T0) == Query(1, WAIT_SECONDS)


def test_index_that_went_back_is_not_believed_and_the_leader_is_asked_from_zero() -> None:
    """The store was restored, or the server lags: the value may be any old one."""
    watch, believed = watch_from(42).on_answer(Query(42, 55.0), 41, T0 + 1)
    assert not believed
    assert watch.next_query(T0 + 1) == LEADER


def test_leader_is_believed_whatever_its_index() -> None:
    """And from then on its index is what others are compared with."""
    watch, _ = watch_from(42).on_answer(Query(42, 55.0), 7, T0 + 1)
    watch, believed = watch.on_answer(LEADER, 9, T0 + 2)
    assert believed
    assert watch.next_query(T0 + 2) == Query(9, WAIT_SECONDS)
    assert not watch.on_answer(Query(9, 55.0), 8, T0 + 3)[1]


def test_leader_is_asked_again_and_again_while_it_does_not_answer() -> None:
    """No other server's word is taken meanwhile."""
    watch, _ = watch_from(42).on_answer(Query(42, 55.0), 7, T0 + 1)
    for _ in range(5):
        watch = watch.on_failure()
        assert watch.next_query(T0 + 5) == LEADER


def test_failure_does_not_make_an_older_index_believable() -> None:
    """The server that answers after an outage may be one that missed a lot."""
    watch = watch_from(42).on_failure()
    assert watch.next_query(T0 + 1) == PLAIN
    watch, believed = watch.on_answer(PLAIN, 41, T0 + 2)
    assert not believed
    assert watch.next_query(T0 + 2) == LEADER


def test_first_read_after_a_failure_does_not_wait() -> None:
    """It tells at once whether the store is back."""
    assert watch_from(42).on_failure().next_query(T0 + 1) == PLAIN


def test_plain_read_comes_once_a_minute_and_waits_are_cut_to_fit() -> None:
    """Whatever a waiting read has missed is not missed for longer."""
    watch, now, plain = watch_from(42), T0, [T0]
    for _ in range(20):
        query = watch.next_query(now)
        if query == PLAIN:
            plain.append(now)
        assert query.wait <= WAIT_SECONDS
        assert query.wait == 0 or query.wait >= 1.0
        now += query.wait
        watch, _ = watch.on_answer(query, 42, now)
    gaps = [after - before for before, after in pairwise(plain)]
    assert gaps
    assert all(PLAIN_SECONDS <= gap <= PLAIN_SECONDS + 1 for gap in gaps)


def test_plain_read_comes_even_where_changes_never_stop() -> None:
    """Answers to waiting reads don't put it off."""
    watch, now = watch_from(1), T0
    for index in range(2, 2 + int(PLAIN_SECONDS)):
        now += 1.0
        assert watch.next_query(now - 0.5).wait > 0
        watch, _ = watch.on_answer(Query(index - 1, 55.0), index, now)
    assert watch.next_query(now) == PLAIN


def test_there_is_no_pause_after_an_answer() -> None:
    """A change is followed by the next wait at once."""
    assert watch_from(42).decide_pause(0.99) == 0


def test_answers_in_a_rush_are_slowed_down_to_about_one_a_second() -> None:
    """An agent that does not wait, or two stores behind one name, must not be asked in a loop."""
    watch, now = Watch(), T0
    for index in range(300):
        watch, _ = watch.on_answer(watch.next_query(now), index % 2 + 5, now)
        now += watch.decide_pause(0.5)
    assert 300 - 2 * BURST - 5 <= (now - T0) / CALM_PAUSE <= 300
    watch, _ = watch.on_answer(LEADER, 9, now + 100 * CALM_PAUSE)
    assert watch.decide_pause(0.5) == 0


@given(failures=st.integers(1, 200), draw=st.floats(0, 1, exclude_max=True))
def test_back_off_has_full_jitter_within_growing_bounds(failures: int, draw: float) -> None:
    """A fleet does not come back to its store in step; none asks in a tight loop, and none later
    than ten seconds after the store came back."""
    watch = watch_from(42)
    for _ in range(failures):
        watch = watch.on_failure()
    bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1))
    assert bound / 20 <= watch.decide_pause(draw) <= bound
    assert watch.decide_pause(0.0) < bound / 10
    assert watch.decide_pause(0.999) > bound * 0.99


def test_failures_are_forgotten_with_the_next_answer() -> None:
    """Also with one that is not believed: the store is there."""
    watch = watch_from(42).on_failure().on_failure()
    assert watch.on_answer(PLAIN, 43, T0 + 1)[0].decide_pause(0.9) == 0
    assert watch.on_answer(PLAIN, 41, T0 + 1)[0].decide_pause(0.9) == 0


# ---------------------------------------------------------------- a Consul that misbehaves


class Write(msgspec.Struct, frozen=True):
    """What a server of Consul holds: an index, and the value written with it."""

    index: int
    value: int


class WatcherAndItsConsul(RuleBasedStateMachine):
    """Three servers: the first is the leader, the others may lag behind it. ``ask`` is one turn of
    the loop in `PointerWatch`."""

    @initialize()
    def start(self) -> None:
        self.now = T0
        self.watch = Watch()
        self.servers = [Write(10, 0)] * 3
        self.lagging: set[int] = set()
        self.asked = 1
        self.down = self.leaderless = False
        self.believed: int | None = None
        self.highest = 0
        self.history = [Write(10, 0)]

    def ask(self, draw: float) -> None:
        query = self.watch.next_query(self.now)
        assert query.index == 0 or query.index >= 1
        assert query.wait <= WAIT_SECONDS
        if self.down or (query.consistent and self.leaderless):
            self.now += 0.1
            self.watch = self.watch.on_failure()
        else:
            answer = self.servers[0 if query.consistent else self.asked]
            if answer.index <= query.index:  # also when it is lower: the server waits
                self.now += query.wait
            self.now += 0.01
            self.watch, believed = self.watch.on_answer(query, answer.index, self.now)
            if query.consistent:
                assert believed
                self.highest = answer.index
            elif answer.index < self.highest:
                assert not believed, "an index that went back was believed without the leader"
            self.highest = max(self.highest, answer.index) if believed else self.highest
            if believed:
                self.believed = answer.value
        pause = self.watch.decide_pause(draw)
        assert 0 <= pause <= LONGEST_PAUSE
        self.now += pause

    def replicate(self) -> None:
        self.servers = [
            s if n in self.lagging else self.servers[0] for n, s in enumerate(self.servers)
        ]

    @rule(steps=st.integers(1, 5))
    def write(self, steps: int) -> None:
        """A new value; other keys may have raised the index as well."""
        newest = self.history[-1]
        self.history.append(Write(self.servers[0].index + steps, newest.value + 1))
        self.servers[0] = self.history[-1]
        self.replicate()

    @rule(index=st.integers(0, 12))
    def restore(self, index: int) -> None:
        """The store was lost and filled again: other indices, and a value that counts on."""
        self.history.append(Write(index, self.history[-1].value + 1))
        self.servers = [self.history[-1]] * 3

    @rule(server=st.integers(1, 2))
    def begin_to_lag(self, server: int) -> None:
        self.lagging.add(server)

    @rule()
    def catch_up(self) -> None:
        self.lagging.clear()
        self.replicate()

    @rule(server=st.integers(0, 2))
    def be_sent_to(self, server: int) -> None:
        """The agent changes to another server."""
        self.asked = server

    @rule(down=st.booleans())
    def go_down_or_up(self, down: bool) -> None:
        self.down = down

    @rule(leaderless=st.booleans())
    def lose_or_elect_a_leader(self, leaderless: bool) -> None:
        self.leaderless = leaderless

    @rule(draw=st.sampled_from([0.0, 0.5, 0.999]), times=st.integers(1, 6))
    def ask_some_times(self, draw: float, times: int) -> None:
        for _ in range(times):
            self.ask(draw)

    @rule(seconds=st.sampled_from([0.5, 5.0, 100.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def only_values_that_existed_are_believed(self) -> None:
        assert self.believed is None or self.believed in {w.value for w in self.history}

    @rule(draw=st.sampled_from([0.0, 0.5, 0.999]))
    def heal(self, draw: float) -> None:
        """Within a minute and what a failure and a wait may add, the newest value is known, and
        not many questions were needed."""
        self.down = self.leaderless = False
        self.catch_up()
        began, questions = self.now, 0
        while self.now - began < PLAIN_SECONDS + LONGEST_PAUSE + 2:
            self.ask(draw)
            questions += 1
        assert self.believed == self.history[-1].value
        assert questions <= 2 * BURST + 75

    def teardown(self) -> None:
        if hasattr(self, "watch"):
            self.heal(0.999)


WatcherAndItsConsul.TestCase.settings = settings(
    max_examples=200,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
TestWatcherAndItsConsul = WatcherAndItsConsul.TestCase
