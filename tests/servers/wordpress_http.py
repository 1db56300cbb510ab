"""Requests to a WordPress server of the tests, one connection each, and its answers; follows no redirect."""

from __future__ import annotations

import http.client
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read to its end; redirects are not followed."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        """Return the parsed body. Raises ValueError when it is not JSON."""
        return json.loads(self.body)


def fetch_answer(
    port: int, target: str, *, method: str = "GET", body: Any = None, headers: Mapping[str, str]
) -> Answer:
    """Send a request to a loopback port and read the answer, within 60 s; `body` goes as JSON."""
    sent = dict(headers)
    payload = None
    if body is not None:
        payload = json.dumps(body)
        sent["Content-Type"] = "application/json"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, target, body=payload, headers=sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def read_sitemap(location: str, fetch: Callable[[str], Answer]) -> list[str]:
    """Return each address in a sitemap, or in those that a sitemap index names, in their order.

    Raises RuntimeError when one of them is not answered with 200.
    """
    answer = fetch(location)
    if answer.status != 200:
        raise RuntimeError(f"WordPress answered {answer.status} to its sitemap {location}")
    root = ElementTree.fromstring(answer.body)
    found = [(node.text or "").strip() for node in root.iter() if node.tag.endswith("}loc")]
    if root.tag.endswith("}sitemapindex"):
        return [address for sitemap in found for address in read_sitemap(sitemap, fetch)]
    return found
