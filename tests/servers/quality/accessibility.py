"""Addresses come in, axe-core's violations in Chromium go out, with selector and rule.

One context and one tab serve all addresses of a call. axe is evaluated over the debugging
protocol, so the page keeps its own Content-Security-Policy and is judged as visitors get it.
Nothing is fetched from hosts other than those of the given addresses.
"""

import asyncio
import functools
from collections.abc import Iterable
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Route

from tests.servers.quality.node_packages import fetch_node_package
from tests.servers.quality.problem import Problem

_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
_OPTIONS = {
    "runOnly": {"type": "tag", "values": list(_TAGS)},
    # Off by default in axe although WCAG 2.2 AA demands it (success criterion 2.5.8).
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    # What is inside an embed belongs to the embed's host; the frame's own title is judged.
    "iframes": False,
    # Only a rule that is off by default needs the style sheets fetched again.
    "preload": False,
}
_RUN = """async (options) => {
  const { violations, passes } = await axe.run(document, options);
  return {
    passed: passes.length,
    violations: violations.flatMap(({ id, impact, help, helpUrl, nodes }) =>
      nodes.map(({ target, html }) => ({
        id, impact, help, helpUrl, html, target: target.flat().join(" "),
      }))),
  };
}"""
AXE_SECONDS = 15.0
_LOAD_MILLISECONDS = 15_000


async def check_accessibility(
    browser: Browser,
    urls: Iterable[str],
    *,
    color_scheme: Literal["light", "dark"] = "light",
    viewport: tuple[int, int] = (1280, 800),
) -> list[Problem]:
    """Every violation of WCAG 2.2 A and AA and of axe's best practices, one per element.

    ``viewport`` is in CSS pixels. Any status code is judged, error pages too. Raises ValueError
    when there is nothing to judge, playwright's Error when a page does not load in 15 s,
    RuntimeError when axe found nothing that it could test or did not finish in 15 s.
    """
    addresses = list(urls)
    if not addresses:
        raise ValueError("no address was given to the accessibility check")
    hosts = {urlsplit(url).netloc for url in addresses}
    width, height = viewport
    context = await browser.new_context(
        color_scheme=color_scheme,
        viewport={"width": width, "height": height},
        # An element that is fading in has no contrast yet.
        reduced_motion="reduce",
    )
    try:
        await context.route(lambda url: urlsplit(url).netloc not in hosts, _refuse)
        context.set_default_timeout(_LOAD_MILLISECONDS)
        page = await context.new_page()
        return [problem for url in addresses for problem in await _judge(page, url)]
    finally:
        await context.close()


async def _refuse(route: Route) -> None:
    await route.abort("addressunreachable")


async def _judge(page: Page, url: str) -> list[Problem]:
    await page.goto(url, wait_until="load")
    try:
        async with asyncio.timeout(AXE_SECONDS):
            await page.evaluate(_axe_source())
            result: dict[str, Any] = await page.evaluate(_RUN, _OPTIONS)
    except TimeoutError as error:
        # A page under the CSP directive `sandbox` has no timers, which axe needs.
        raise RuntimeError(f"{url}: axe did not finish (blocked or very large page)") from error
    if not result["passed"]:
        raise RuntimeError(f"{url}: axe found nothing that it could test")
    return [_problem(url, violation) for violation in result["violations"]]


def _problem(url: str, violation: dict[str, str]) -> Problem:
    extract = " ".join(violation["html"].split())[:160]
    rule = f"{violation['id']} ({violation['impact']}): {violation['help']}"
    return Problem(url, 0, f"{rule}; at {violation['target']}: {extract} {violation['helpUrl']}")


@functools.cache
def _axe_source() -> str:
    return (fetch_node_package("axe-core") / "axe.min.js").read_text("utf-8")
