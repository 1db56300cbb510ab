"""Rules that are easier to show as functions than as processes."""

import pytest
from sos.web.listening import decide_listening
from sos.web.slot import LONGEST_BACKOFF, decide_backoff


def test_first_replacement_comes_at_once() -> None:
    """One crash may be an accident: nobody should wait for its successor."""
    assert decide_backoff(1, 0.99) == 0


def test_backoff_doubles_up_to_its_bound() -> None:
    """The bound of the draw doubles from 0.5 s and never passes 5 s."""
    bounds = [decide_backoff(failures, 1.0) for failures in range(2, 9)]
    assert bounds == [0.5, 1.0, 2.0, 4.0, LONGEST_BACKOFF, LONGEST_BACKOFF, LONGEST_BACKOFF]
    assert decide_backoff(10**6, 1.0) == LONGEST_BACKOFF


def test_backoff_has_full_jitter() -> None:
    """Workers that crash together don't start together: any delay from 0 on is possible."""
    assert decide_backoff(5, 0.0) == 0
    assert decide_backoff(5, 0.5) == decide_backoff(5, 1.0) / 2


@pytest.mark.parametrize(
    ("ready", "expected"),
    [
        ({0, 1, 2}, {0: [0], 1: [1], 2: [2]}),
        ({0, 2}, {0: [0, 1], 2: [2]}),
        ({1}, {1: [1, 0, 2]}),
        (set(), {}),
    ],
)
def test_every_socket_has_a_ready_worker(ready: set[int], expected: dict[int, list[int]]) -> None:
    """Each worker accepts from its own socket, and from those of workers that can't."""
    assert decide_listening(ready, 3) == expected
