"""One number for all that a worker keeps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sos.cache.shares import MIB, divide
from sos.settings import Settings


@given(st.integers(1, 65_536), st.integers(1, 90))
def test_all_shares_together_are_what_was_given(cache_mb: int, percent: int) -> None:
    """Nobody gets nothing, and no more is given away than there is."""
    shares = divide(cache_mb, percent)
    assert cache_mb * MIB - 20 <= shares.memory <= cache_mb * MIB
    assert min(shares) > 0
    assert abs(shares.pages - cache_mb * MIB * percent / 100) < 1


def test_finished_pages_take_from_what_others_are_made_of() -> None:
    """And the other way round: the sum stays."""
    few, many = divide(24, 1), divide(24, 90)
    assert few.pages < many.pages
    assert all(a > b for a, b in zip(few[1:], many[1:], strict=True))


def test_a_worker_has_room_for_the_lists_of_some_thousand_posts() -> None:
    """By default; a post on the shelf takes 1.5 kB, and its card 0.6."""
    settings = Settings()
    shares = divide(settings.cache_mb, settings.cache_pages)
    assert min(shares.listed // 1_550, shares.texts // 610) > 5_000
