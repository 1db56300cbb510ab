"""Bytes and addresses of served pages come in, problems a reader or a client would meet go out.

What talks to the server is a coroutine (the server may live on the caller's loop); what judges
bytes is a plain function. An empty list means that the whole set of rules ran and found nothing:
a judge that could not run raises, fails or skips, it never returns an empty list.
"""

from tests.servers.quality.accessibility import check_accessibility
from tests.servers.quality.feed import check_feed
from tests.servers.quality.markup import check_html
from tests.servers.quality.problem import Problem, describe_problems
from tests.servers.quality.protocol import check_http
from tests.servers.quality.sitemap import check_sitemap

__all__ = [
    "Problem",
    "check_accessibility",
    "check_feed",
    "check_html",
    "check_http",
    "check_sitemap",
    "describe_problems",
]
