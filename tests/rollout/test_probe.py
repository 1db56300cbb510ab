"""A release is shown every page there is, and every problem of it is told once, with its place."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import msgspec
import pytest
from sos.errors import StoreUnavailableError, TemplateError
from sos.page.model import PageModel
from sos.produce.producer import Producer, require_whole
from sos.release.environment import Release, build_release
from sos.release.fixtures import build_fixtures, encode_fixture
from sos.render import RenderedPage
from sos.rollout import limits, probe
from sos.rollout.findings import LONGEST, SHORTEST, Findings, build_error_problem, build_problem
from sos.rollout.limits import install_watch, watch_slow
from sos.rollout.probe import Probe, judge_output, probe_fixtures, probe_live

from tests.page.documents import post
from tests.page.fake_store import FakeStore
from tests.release.theme import theme, theme_files
from tests.rollout.broken_releases import (
    LIVE_SLUG,
    WHOLE,
    Change,
    append,
    fails_on_post,
    in_every_page,
    replace,
)
from tests.rollout.trying import build_producer, small_site

PAGE = b"<!DOCTYPE html><html><head><title>A page</title></head><body><p>A body</p></body></html>\n"
PATHS = ("/", "/about/", f"/{LIVE_SLUG}/", "/post-1/")


@pytest.fixture(autouse=True)
def _timer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # The limit would end this very process with SIGXCPU, which has more to do than one trial, and
    # threads that count as well; tests of trials look at it in processes of their own.
    monkeypatch.setattr(limits, "_lower", lambda *_: None)
    before = signal.getsignal(signal.SIGPROF)
    install_watch()
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


def release_with(change: Change) -> Release:
    """The theme of sos, changed."""
    return build_release(change(dict(theme_files())))


def told(found: Probe) -> list[str]:
    """Its problems as people read them."""
    return list(map(str, found.problems))


# ---------------------------------------------------------------- one page


@pytest.mark.parametrize(
    ("body", "seconds", "reason"),
    [
        (b"", 0.0, "the page is empty"),
        (b" \n\t" * 100, 0.0, "the page is empty"),
        (b"</html>", 0.0, "the page is only 7 bytes long"),
        (PAGE.removesuffix(b"</html>\n"), 0.0, "does not end with </html>"),
        (PAGE + b"x" * 300, 0.0, "does not end with </html>"),
        (PAGE.replace(b"</html>", b"</HTML>"), 0.0, "does not end with </html>"),
        (b"\xff" + PAGE, 0.0, "is not UTF-8"),
        (b"x" * LONGEST + PAGE, 0.0, "bytes, more than 5,242,880"),
        (PAGE, 1.01, "takes 1.0 s of processor time, more than 1.0"),
        (PAGE.replace(b"A body", b"<sos-raw>&\"'"), 0.0, "prints the text of a field as HTML"),
    ],
)
def test_output_that_is_no_page_is_refused(body: bytes, seconds: float, reason: str) -> None:
    """Whatever a template made, only a whole page may go out."""
    assert reason in (judge_output(body, seconds) or "")


@pytest.mark.parametrize(
    "body",
    [
        PAGE,
        PAGE + b"<!-- made by sos -->\n",
        PAGE.replace(b"A body", b"x" * (LONGEST - len(PAGE) + 6)),
        b"x" * (SHORTEST - 7) + b"</html>",
        PAGE.replace(b"A body", "&lt;sos-raw&gt; ü €".encode()),
    ],
)
def test_output_that_is_a_page_passes(body: bytes) -> None:
    """Short and long ones, up to the bounds."""
    assert judge_output(body, 0.99) is None


@pytest.mark.parametrize("body", [PAGE, PAGE[:-9], PAGE + b"x" * 193, PAGE + b"x" * 192, b"x" * 99])
def test_what_passes_here_passes_the_self_render(body: bytes) -> None:
    """Else a release could go live on every node and take every node out of service."""
    rendered = RenderedPage(
        status=200, content_type="", body=body, tag="", depends=(), csp="", release=""
    )
    try:
        require_whole(rendered, "/")
    except TemplateError:
        assert judge_output(body) is not None
    else:
        assert judge_output(body) is None


def test_message_is_one_short_line_of_text() -> None:
    """What a template puts into an error can't clear a terminal or fill a log."""
    problem = build_error_problem(ValueError("a\x1b[2Jb\nc\u202e" + "x" * 9999), "a page", "a.html")
    assert problem.message.startswith("a [2Jb c xxx")
    assert len(str(problem)) < 450
    assert str(problem).isprintable()


def test_findings_tell_a_problem_once_with_the_number_of_its_pages() -> None:
    """A hundred pages with one slip are one line to read."""
    found = Findings()
    for number in range(100):
        found.add(build_problem("is wrong", f"page {number}", "b.html", 7))
    found.add(build_problem("is wrong too", "page 3", "a.html", 9, costly=True))
    found.add(None)
    assert [str(p) for p in found.merged] == [
        "a.html:9: is wrong too [page 3]",
        "b.html:7: is wrong [page 0 and 99 more]",
    ]
    assert (found.pages, found.costly) == (102, 1)


# ---------------------------------------------------------------- fixtures


def test_theme_of_sos_passes_on_every_fixture() -> None:
    """What comes with sos can go live."""
    found = probe_fixtures(theme(), watch_slow)
    assert found == Probe(pages=len(build_fixtures()))


def test_every_problem_is_reported_not_only_the_first() -> None:
    """One trial is enough to mend a theme."""
    files = append("parts/post-card.html", "\n{{ card.image.srcset }}")(dict(theme_files()))
    files = append("parts/terms.html", "\n{{ page.post.next.title }}")(files)
    files = append("404.html", "")(files) | {"410.html": b"", "fixtures/x.json": b"{"}
    assert [(p.template, p.line > 0) for p in probe_fixtures(build_release(files)).problems] == [
        ("410.html", False),
        ("fixtures/x.json", False),
        ("parts/post-card.html", True),
        ("parts/terms.html", True),
    ]


def test_problem_names_template_line_and_page() -> None:
    """Innermost place, first page, and how many more."""
    release = release_with(append("parts/neighbours.html", "{{ page.post.next.url }}"))
    (problem,) = probe_fixtures(release).problems
    assert (problem.template, problem.line) == ("parts/neighbours.html", 14)
    assert problem.message == "UndefinedError: 'None' has no attribute 'url'"
    assert problem.page == "single bare"
    assert 1 < problem.pages < 10
    assert not problem.costly


def test_page_for_503_is_judged_too() -> None:
    """The page for the worst moment is a whole page."""
    release = release_with(replace("unavailable.html", "<!DOCTYPE html><title>Soon</title>" * 9))
    assert told(probe_fixtures(release)) == [
        "unavailable.html:0: the page does not end with </html>: it is cut short [the page for 503]"
    ]


@pytest.mark.parametrize(
    ("template", "page"),
    [
        ("page-imprint.html", "page bare in page-imprint.html"),
        ("single-voyage-x.html", "single bare in single-voyage-x.html"),
        ("category-9.html", "category bare in category-9.html"),
        ("tag-nets.html", "tag bare in tag-nets.html"),
        ("taxonomy-sea_area-north.html", "taxonomy bare in taxonomy-sea_area-north.html"),
        ("author-ada.html", "author bare in author-ada.html"),
        ("archive-event.html", "type bare in archive-event.html"),
    ],
)
def test_template_of_a_slug_that_no_fixture_has_is_tried(template: str, page: str) -> None:
    """It would fail on the one page that it was written for, and nowhere else."""
    release = release_with(replace(template, WHOLE % "{{ page.menus.footer[0].title }}"))
    assert [p.page for p in probe_fixtures(release).problems] in (
        [page],
        [page.replace("bare", "sparse")],
    )


def test_template_that_only_an_editor_can_choose_is_a_warning() -> None:
    """Perhaps nobody chose it, perhaps others extend it; whoever wrote it is told."""
    body = WHOLE % "{{ page.post.card.author.name }}"
    found = probe_fixtures(release_with(replace("landing.html", body)))
    assert found.problems == ()
    assert [p.template for p in found.warnings] == ["landing.html"]


@pytest.mark.parametrize("name", ["sidebar.html", "blocks/sidebar.html", "layouts/x.html"])
def test_template_that_no_page_can_reach_is_not_tried(name: str) -> None:
    """A piece of a page is not a page, and fails nobody."""
    release = release_with(
        lambda f: f | {name: f.get(name, b"") + b"{# #}{% if card %}{% endif %}"}
    )
    assert probe_fixtures(release) == Probe(pages=len(build_fixtures()))


def test_fixture_of_the_release_is_tried() -> None:
    """A page that once went wrong is tried with each release from then on."""
    rare = msgspec.structs.replace(build_fixtures()["page full"], title="Rare")
    files = {**theme_files(), "fixtures/rare.json": encode_fixture(rare)}
    files = in_every_page("{% if page.title == 'Rare' %}{{ page.archive.title }}{% endif %}")(files)
    assert [p.page for p in probe_fixtures(build_release(files)).problems] == ["fixtures/rare.json"]


def test_slow_template_is_stopped_and_named() -> None:
    """The line that takes too long is known, though it never ends."""
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    found = probe_fixtures(release_with(append("parts/feeds.html", loop)), watch_slow)
    (problem,) = found.problems
    assert (problem.template, problem.costly) == ("parts/feeds.html", True)
    assert problem.message == "takes more than 1.0 s of processor time"
    assert found.pages == probe.COSTLY
    assert found.unreached == len(build_fixtures()) - probe.COSTLY


def test_watch_stops_no_code_but_templates() -> None:
    """Building pages and reading content go on: only a template is interrupted."""
    with watch_slow(0.01):
        assert sum(range(2_000_000)) > 0
        assert len([str(n) for n in range(50_000)]) == 50_000


def test_guard_is_entered_for_every_page_and_left_again() -> None:
    """The time of one page does not count for the next."""
    inside = [0, 0]

    @contextlib.contextmanager
    def guard() -> Iterator[None]:
        inside[0] += 1
        inside[1] += 1
        yield
        inside[1] -= 1

    seen: list[str] = []
    assert probe_fixtures(theme(), guard, seen.append).pages == inside[0] == len(seen)
    assert seen == list(build_fixtures())
    assert inside[1] == 0


def test_problems_on_every_page_end_the_trial_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that is refused anyway is not tried for as long as processor time lasts."""
    monkeypatch.setattr(probe, "LONG", 0.0)
    found = probe_fixtures(release_with(in_every_page("{{ page.archive.title }}")))
    assert len(found.problems) == 1
    assert found.unreached > 100


# ---------------------------------------------------------------- live pages


async def live(
    change: Change, store: FakeStore | None = None, previous: Change | None = None, **options: float
) -> Probe:
    """What comes of a changed theme on the pages of a store."""
    store = store or small_site()

    def build_previous() -> Producer | None:
        return build_producer(store, release_with(previous)) if previous else None

    return await probe_live(
        build_producer(store, release_with(change)),
        PATHS,
        previous=build_previous,
        guard=watch_slow,
        **options,
    )


async def test_theme_of_sos_passes_on_live_pages() -> None:
    """Error pages are among them."""
    assert await live(dict) == Probe(pages=len(PATHS) + 2)


async def test_release_that_fails_on_one_live_page_is_found_out() -> None:
    """No fixture has that post, and the release looks well on all of them."""
    broken = fails_on_post(LIVE_SLUG)
    assert probe_fixtures(release_with(broken)).problems == ()
    (problem,) = (await live(broken)).problems
    assert (problem.page, problem.template) == (f"/{LIVE_SLUG}/", "layouts/base.html")


async def test_release_that_fails_on_an_error_page_is_found_out() -> None:
    """The page for what is missing is live too, with what the site is."""
    broken = in_every_page(
        "{% if page.status == 410 and page.site.title == 'The Example' %}{{ page.archive.title }}"
        "{% endif %}"
    )
    assert probe_fixtures(release_with(broken)).problems == ()
    assert [p.page for p in (await live(broken)).problems] == ["410"]


async def test_page_that_the_previous_release_fails_on_too_is_a_warning() -> None:
    """Broken content must not keep releases out: the last one has the same trouble with it."""
    found = await live(fails_on_post(LIVE_SLUG), previous=fails_on_post(LIVE_SLUG))
    assert found.problems == ()
    assert [p.page for p in found.warnings] == [f"/{LIVE_SLUG}/"]


async def test_page_that_the_previous_release_can_show_is_a_problem() -> None:
    """It worked before: whatever the content is like, the release made it worse."""
    found = await live(fails_on_post(LIVE_SLUG), previous=fails_on_post("post-1"))
    assert [p.page for p in found.problems] == [f"/{LIVE_SLUG}/"]
    assert found.warnings == ()


async def test_endless_page_is_a_problem_where_the_previous_release_failed_at_once() -> None:
    """An error costs a visitor a page; an endless loop costs the node a worker."""
    loop = in_every_page(
        f"{{% if page.post and page.post.card.slug == '{LIVE_SLUG}' %}}{{% for a in range(99999) %}}"
        "{% for b in range(99999) %}{% endfor %}{% endfor %}{% endif %}"
    )
    found = await live(loop, previous=fails_on_post(LIVE_SLUG))
    assert [p.costly for p in found.problems] == [True]
    again = await live(fails_on_post(LIVE_SLUG), previous=loop)
    assert (again.problems, len(again.warnings)) == ((), 1)


async def test_previous_release_is_made_only_when_it_is_needed() -> None:
    """A release without trouble is not the slower for it."""
    asked: list[int] = []

    def refuse() -> None:
        asked.append(1)

    store = small_site()
    found = await probe_live(build_producer(store, theme()), PATHS, previous=refuse)
    assert (found.problems, asked) == ((), [])
    broken = build_producer(store, release_with(in_every_page("{{ page.menus.x }}")))
    assert (await probe_live(broken, PATHS, previous=refuse)).problems
    assert asked == [1]


async def test_content_that_no_release_can_show_is_no_problem() -> None:
    """A document that can't be read, a path that is gone, a store that is silent: not its fault."""
    store = small_site()
    store.put("post:99", post(99), b"{ not a document")
    store.remove("post:1")
    producer = build_producer(store, theme())
    found = await probe_live(
        producer, ("/post-99/", "/post-1/", "/nowhere/", "/feed/", "//", "/%zz")
    )
    assert (found.problems, found.warnings, found.pages) == ((), (), 8)
    store.unavailable = True
    assert (await probe_live(build_producer(store, theme()), PATHS)).problems == ()
    with pytest.raises(StoreUnavailableError):
        await producer.learn_site() or await build_producer(store, theme()).learn_site()


async def test_what_there_was_no_time_for_is_counted_and_is_no_problem() -> None:
    """A slow node does not refuse what a quick one takes."""
    found = await live(fails_on_post("post-1"), seconds=-1.0)
    assert (found.problems, found.pages, found.unreached) == ((), 0, len(PATHS) + 2)


async def test_surprises_of_a_producer_are_told_as_problems(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever happens while a page is made, the trial goes on and says so."""

    def fail(self: Release, page: PageModel) -> str:
        raise MemoryError

    monkeypatch.setattr(Release, "render", fail)
    found = await live(dict)
    assert [p.message for p in found.problems] == ["needs more memory than a trial may take"]
    assert found.unreached == len(PATHS) + 2 - probe.COSTLY
