"""Which versions of WordPress the tests run, and which of Debian's packages they are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edition:
    """A version of WordPress with its themes: packages (name, suite), the first being WordPress itself."""

    name: str
    packages: tuple[tuple[str, str], ...]
    block_theme: str
    classic_theme: str = "twentytwentyone"


EDITIONS = {
    "6.1": Edition(
        "6.1",
        (
            ("wordpress", "bookworm"),
            ("wordpress-theme-twentytwentythree", "bookworm"),
            ("wordpress-theme-twentytwentyone", "bookworm"),
        ),
        block_theme="twentytwentythree",
    ),
    "7.1": Edition(
        "7.1",
        (
            ("wordpress", "sid"),
            ("wordpress-theme-twentytwentyfive", "sid"),
            ("wordpress-theme-twentytwentyone", "bookworm"),
        ),
        block_theme="twentytwentyfive",
    ),
}
"""The oldest and the newest: Debian 12's, and what sid holds (7.1 or, by now, something newer)."""
