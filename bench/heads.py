"""Requests as load generators send them, and as they come from a browser through a load balancer.

Pure: paths go in, requests come out.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from bench.wrk import build_request

BROWSERS = 1000
"""Different requests of the second kind; after the last, the first comes again."""

_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Safari/605.1.15",
)  # fmt: skip
_LANGUAGES = ("en-US,en;q=0.9", "en-US,en;q=0.5", "es-US,es;q=0.9,en;q=0.8", "en-GB,en;q=0.7")


def build_plain(
    paths: Iterable[str], host: str, fields: dict[str, str] | None = None
) -> list[bytes]:
    """A request for each path, with no more than it needs."""
    return [build_request(path, host, (fields or {}).items()) for path in paths]


def build_browsers(paths: Sequence[str], host: str, count: int = BROWSERS) -> list[bytes]:
    """``count`` requests for these paths in turn, as a load balancer passes them on.

    Fields and their order are those of a navigation in a present browser; the balancer adds where
    it came from and an id that no two requests share. Of codings they name none but those that
    all peers have, so that all send the same bytes.
    """
    draw = random.Random(5)
    return [build_request(paths[n % len(paths)], host, _browser_fields(draw)) for n in range(count)]


def _browser_fields(draw: random.Random) -> list[tuple[str, str]]:
    address = ".".join(str(draw.randint(1, 254)) for _ in range(4))
    trace = f"Root=1-{draw.getrandbits(32):08x}-{draw.getrandbits(96):024x}"
    return [
        ("X-Forwarded-For", address),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "443"),
        ("X-Amzn-Trace-Id", trace),
        ("User-Agent", draw.choice(_AGENTS)),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Accept-Language", draw.choice(_LANGUAGES)),
        ("Upgrade-Insecure-Requests", "1"),
        ("Sec-Fetch-Dest", "document"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Site", draw.choice(("none", "same-origin", "cross-site"))),
        ("Sec-Fetch-User", "?1"),
        ("Priority", "u=0, i"),
    ]
