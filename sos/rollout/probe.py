"""Trying a release on pages: it and page models or paths in, every problem of it out.

`probe_fixtures` shows it pages that are made up, `probe_live` the pages of a site. Neither decides
what becomes of the release, and neither raises: what a template does is an answer.
"""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from sos.cache.pages import CachedPage
from sos.errors import SosError, TemplateError
from sos.page.model import Kind, PageModel
from sos.page.routes import PageRoute, decide_route
from sos.produce.producer import Producer
from sos.release.environment import UNAVAILABLE, Release
from sos.release.fixtures import build_fixtures, parse_fixtures
from sos.rollout.findings import (
    Findings,
    Problem,
    build_error_problem,
    build_output_problem,
    judge_output,
)

COSTLY = 2
"""Pages that took too much, of time or of memory, after which no more are tried."""

LONG = 1.5
"""Processor time after which no more fixtures are tried if there are problems already, seconds."""

Guard = Callable[[], contextlib.AbstractContextManager[None]]
"""Entered around the making of each page; see `limits.watch_slow`."""

# The templates of which a theme may have one for each slug, id or type, and the kinds they show.
_BY_SLUG: Mapping[str, Kind] = {
    "archive": "type",
    "author": "author",
    "category": "category",
    "page": "page",
    "single": "single",
    "tag": "tag",
    "taxonomy": "taxonomy",
}

# Names of the hierarchy: one that no fixture reached is hidden by one that comes before it.
_REACHED = frozenset(
    "404 410 application archive attachment audio author category date front-page home image index "
    "page single single-attachment singular tag taxonomy text video".split()
)

# What is chosen for a page makes a whole one, by itself or by extending what does.
_WHOLE_PAGE = re.compile(rb"<html|\{%[-+]?\s*extends\b", re.IGNORECASE)


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. ``warnings`` do not speak against the release; ``pages`` were tried, and
    ``unreached`` were not, for lack of time or because the release took too much of it."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    pages: int = 0
    unreached: int = 0


def probe_fixtures(
    release: Release,
    guard: Guard = contextlib.nullcontext,
    on_page: Callable[[str], None] = lambda name: None,
) -> Probe:
    """Render every fixture page, and those that the release brings along.

    A template that only some sites' slugs lead to (``page-about.html``) is shown the pages of its
    kind; one that only an editor can choose is, too, but its failure is no more than a warning.
    """
    standard = build_fixtures()
    brought, errors = parse_fixtures(release.files)
    pages = {**standard, **brought}
    chosen = {release.decide_template(page.templates) for page in pages.values()}
    unchosen = [name for name in release.templates if name not in chosen]
    found, warned = Findings(), Findings()
    for error in errors:
        found.add(build_error_problem(error, ""))
    body = release.unavailable.encode("utf-8", "replace")
    found.add(build_output_problem(body, 0.0, "the page for 503", UNAVAILABLE))
    plan = [(found, name, page) for name, page in pages.items()]
    plan += [(found, name, page) for name, page in _show_by_slug(unchosen, standard)]
    plan += [(warned, name, page) for name, page in _show_by_choice(release, unchosen, standard)]
    tried, started = 0, time.process_time()
    for findings, name, page in plan:
        long = found.any and time.process_time() - started > LONG
        if long or found.costly + warned.costly >= COSTLY:
            break
        tried += 1
        on_page(name)
        findings.add(_probe_page(release, name, page, guard))
    return Probe(
        problems=found.merged,
        warnings=warned.merged,
        pages=tried,
        unreached=len(plan) - tried,
    )


async def probe_live(
    producer: Producer,
    paths: Sequence[str],
    *,
    seconds: float = 3.0,
    previous: Callable[[], Producer | None] = lambda: None,
    guard: Guard = contextlib.nullcontext,
    on_page: Callable[[str], None] = lambda name: None,
) -> Probe:
    """Make the error pages and those at ``paths``, until ``seconds`` of processor time are over.

    What fails with the ``previous`` release too, and is no worse a burden than there, fails for
    its content: it is a warning. Content of which no page can be made is not even that.
    """
    started = time.process_time()
    found, warned = Findings(), Findings()
    names = ("404", "410", *paths)
    before: Producer | None = None
    asked = False
    tried = 0
    for name in names:
        if time.process_time() - started > seconds or found.costly >= COSTLY:
            break
        tried += 1
        on_page(name)
        problem = await _probe_path(producer, name, guard)
        if problem is not None and not asked:
            asked, before = True, previous()
        fault_of_content = problem is not None and await _is_old(problem, before, name, guard)
        (warned if fault_of_content else found).add(problem)
    return Probe(
        problems=found.merged,
        warnings=warned.merged,
        pages=tried,
        unreached=len(names) - tried,
    )


def _probe_page(release: Release, name: str, page: PageModel, guard: Guard) -> Problem | None:
    template = release.decide_template(page.templates)
    started = time.process_time()
    try:
        with guard():
            body = release.render(page).encode("utf-8", "replace")
    except Exception as exc:  # noqa: BLE001 - of the template, or of memory while it is told
        return build_error_problem(exc, name, template)
    return build_output_problem(body, time.process_time() - started, name, template)


async def _probe_path(producer: Producer, name: str, guard: Guard) -> Problem | None:
    started = time.process_time()
    try:
        with guard():
            made = await _produce(producer, name)
    except TemplateError as exc:
        return build_error_problem(exc, name)
    except SosError:
        return None  # the content's fault, or that of where it is kept
    except Exception as exc:  # noqa: BLE001 - as above
        return build_error_problem(exc, name)
    if made is None:
        return None
    return build_output_problem(made.page.body, time.process_time() - started, name, "")


async def _produce(producer: Producer, name: str) -> CachedPage | None:
    """The page at a path, or the error page of a status; None where there is no page."""
    await producer.learn_site()
    if not name.startswith("/"):
        return await producer.produce_error(int(name))
    site = producer.site
    route = decide_route(name, "", site.zone, site.document.date_base)
    if not isinstance(route, PageRoute) or route.feed:
        return None
    made = await producer.produce(route, partial=True)
    return made if isinstance(made, CachedPage) else None


async def _is_old(problem: Problem, before: Producer | None, name: str, guard: Guard) -> bool:
    """Whether the release before has the same trouble with a page, or more."""
    old = await _probe_path(before, name, guard) if before else None
    return old is not None and (old.costly or not problem.costly)


def _show_by_slug(
    unchosen: Sequence[str], standard: Mapping[str, PageModel]
) -> Iterator[tuple[str, PageModel]]:
    for template in unchosen:
        kind = _kind_of(template)
        if kind is not None:
            yield from _show(template, (kind,), standard)


def _show_by_choice(
    release: Release, unchosen: Sequence[str], standard: Mapping[str, PageModel]
) -> Iterator[tuple[str, PageModel]]:
    for template in unchosen:
        custom = template.removesuffix(".html") not in _REACHED and "/" not in template
        if custom and _kind_of(template) is None and _WHOLE_PAGE.search(release.files[template]):
            yield from _show(template, ("page", "single"), standard)


def _kind_of(template: str) -> Kind | None:
    """The kind of page that a template with a slug in its name is for."""
    name = template.removesuffix(".html")
    word, _, slug = name.partition("-")
    return _BY_SLUG.get(word) if slug and name not in _REACHED and "/" not in name else None


def _show(
    template: str, kinds: Sequence[Kind], standard: Mapping[str, PageModel]
) -> Iterator[tuple[str, PageModel]]:
    """The plain pages of some kinds, with this template for them."""
    for name, page in standard.items():
        if page.kind in kinds and name.endswith((" full", " sparse", " bare")):
            yield f"{name} in {template}", msgspec.structs.replace(page, templates=(template,))


__all__ = ["Probe", "Problem", "judge_output", "probe_fixtures", "probe_live"]
