"""A draft at a signed link: what is shown, to whom, for how long, and what is said when it can't be."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sos.content.preview_token import sign_content_preview
from sos.web import content_previews
from structlog.testing import capture_logs

from tests.page.documents import (
    Json,
    entry,
    make_store,
    media,
    menu,
    page,
    post,
    site,
    term,
    user,
)
from tests.page.fake_store import FakeStore
from tests.release.theme import release_of
from tests.web.serving import HOST, Answer, Site, serving

SECRET = "a secret of sixteen characters or more"
ID = "abcdefghijklmnopqrstuv"
EVIL = "<script>alert(1)</script>"
DOCUMENTS = (
    post(5, author=3, categories=[7]),
    page(6, "about"),
    page(8, "about/team", parent=6),
    term(7, "News"),
    user(3, "Jo"),
    menu(entry(1, "About", "/about/")),
)


@pytest.fixture
async def fake() -> FakeStore:
    return make_store(*DOCUMENTS)


@pytest.fixture
async def web(fake: FakeStore) -> AsyncIterator[Site]:
    async with serving(fake, preview_secret=SECRET) as running:
        yield running


def token(preview_id: str = ID, seconds: float = 600, **changes: str) -> str:
    values = {"secret": SECRET, "host": HOST, **changes}
    return sign_content_preview(preview_id=preview_id, expires=int(time.time() + seconds), **values)


def build_payload(document: Json, path: str, *more: Any, **changes: Any) -> bytes:
    ref = f"post:{document['id']}"
    return json.dumps(
        {
            "ref": ref,
            "path": path,
            "title": "A draft",
            "status": "draft",
            "what": "Post",
            "changed": True,
            "by": "Ann",
            "made": time.time(),
            "documents": [[ref, path, document], *more],
            **changes,
        }
    ).encode()


def draft(number: int = 99, **changes: Any) -> Json:
    fields = {"title": {"rendered": "A draft"}, "content": {"rendered": "<p>Not yet public.</p>"}}
    return post(number, **{**fields, **changes}, status="draft")


async def look(web: Site, query: str = "", cookie: str | None = None, **more: str) -> Answer:
    cookie = token() if cookie is None else cookie
    return await web.fetch(f"/__preview/{ID}/{query}", f"Cookie: a=b; sos_preview={cookie}", **more)


def require_private(answer: Answer) -> None:
    """Nobody may keep it, list it, or tell where it was."""
    assert answer["Cache-Control"] in ("private, no-store", "no-store")
    assert answer["Surrogate-Control"] == answer["CDN-Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["ETag"] is answer["Surrogate-Key"] is answer["Cache-Tag"] is None


# ---------------------------------------------------------------- who may see it


async def test_link_is_swapped_for_a_cookie_of_this_preview_alone(web: Site) -> None:
    """What opens the preview is in no address that is shown, and scripts can't read it."""
    signed = token()
    answer = await web.fetch(f"/__preview/{signed}?sos_release=x&part=2&other=1")
    assert (answer.status, answer["Location"]) == (303, f"/__preview/{ID}/?sos_release=x&part=2")
    cookie = answer["Set-Cookie"] or ""
    assert cookie.startswith(f"sos_preview={signed}; Path=/__preview/{ID}/; Max-Age=")
    assert {"HttpOnly", "SameSite=Lax", "Secure"} <= set(cookie.split("; "))
    assert 86_400 + 590 <= int(re.findall(r"Max-Age=(\d+)", cookie)[0]) <= 86_400 + 600
    require_private(answer)


async def test_draft_is_shown_as_the_public_would_see_it(web: Site, fake: FakeStore) -> None:
    """Theme, menu, author and terms are those of the site; nothing is public by it."""
    fake.previews[ID] = build_payload(
        draft(author=3, categories=[7]),
        "/2024/a-draft/",
        ["user:3", "/author/jo/", user(3, "Jo Renamed")],
        ["term:7", "/category/news/", term(7, "News")],
    )
    answer = await look(web)
    body = answer.body.decode()
    assert answer.status == 200
    for text in ("Not yet public.", "About", "Jo Renamed", "News", "draft, not published", "Ann"):
        assert text in body
    assert f'rel="canonical" href="https://{HOST}/2024/a-draft/"' in body
    assert body.index("<body") < body.index("sos-preview-bar") < body.index("Not yet public.")
    require_private(answer)
    assert answer["X-SOS-Release"] == web.pages.producer.release.id
    for path in ("/2024/a-draft/", "/?p=99"):
        assert (await web.fetch(path)).status == 404
    assert "Not yet public" not in (await web.fetch("/")).body.decode()


async def test_changes_of_a_public_post_are_seen_in_the_preview_alone(
    web: Site, fake: FakeStore
) -> None:
    """The public page is the same before, during and after, and the bar leads to it."""
    before = await web.fetch("/post-5/")
    changed = post(5, author=3, content={"rendered": "<p>Changed words.</p>"})
    fake.previews[ID] = build_payload(changed, "/post-5/", status="publish")
    body = (await look(web)).body.decode()
    assert "Changed words." in body
    assert "published, with changes that are not public yet" in body
    assert '<a class="page" href="/post-5/">' in body
    after = await web.fetch("/post-5/")
    assert (after["ETag"], after.body) == (before["ETag"], before.body)


# Made when the test runs: a token holds the time, and the tests' names must not.
COOKIES: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "no token": lambda: "x",
    "another preview": lambda: token(preview_id="zzzzzzzzzzzzzzzzzzzzzz"),
    "another secret": lambda: token(secret="another secret, long enough"),
    "another host": lambda: token(host="other.example.org"),
    "too long": lambda: token(seconds=8 * 86_400),
    "forged": lambda: f"{ID}.{int(time.time()) + 600}.{'A' * 43}",
}


@pytest.mark.parametrize("cookie", COOKIES)
async def test_without_its_own_cookie_there_is_no_preview(
    web: Site, fake: FakeStore, cookie: str
) -> None:
    """Missing, forged, of another preview, secret or host, for too long: all the same 404."""
    fake.previews[ID] = build_payload(draft(), "/a-draft/")
    answer = await look(web, cookie=COOKIES[cookie]())
    assert (answer.status, answer.body) == (404, b"Not found\n")
    require_private(answer)
    missing = await web.fetch(f"/__preview/{ID}/")
    assert (missing.status, missing.body) == (404, b"Not found\n")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "rest",
    ["", "x", "../", ID + "x/", ID + "//", "%2e", "a" * 3000, "{token}/", "{token less one}"],
)
async def test_what_is_no_token_is_not_there(web: Site, rest: str) -> None:
    """Nothing of the request comes back."""
    rest = rest.replace("{token}", token()).replace("{token less one}", token()[:-1])
    answer = await web.fetch(f"/__preview/{rest}")
    assert (answer.status, answer.body) == (404, b"Not found\n")
    require_private(answer)


async def test_one_of_several_cookies_may_be_the_right_one(web: Site, fake: FakeStore) -> None:
    """Another part of the host may have set one of the same name."""
    fake.previews[ID] = build_payload(draft(), "/a-draft/")
    lines = ["Cookie: sos_preview=nonsense; x", f"Cookie: sos_preview={token()}"]
    assert (await web.fetch(f"/__preview/{ID}/", *lines)).status == 200


async def test_without_a_secret_there_are_no_previews(fake: FakeStore) -> None:
    """A node that does not know the secret believes no token."""
    fake.previews[ID] = build_payload(draft(), "/a-draft/")
    async with serving(fake) as web:
        assert (await look(web)).status == 404
        assert (await web.fetch(f"/__preview/{token()}")).status == 404
        assert (await web.fetch(f"/__preview/{ID}")).status == 404


async def test_address_without_its_slash_leads_on(web: Site) -> None:
    """It is easily lost when an address is copied; the cookie is not sent there."""
    answer = await web.fetch(f"/__preview/{ID}?part=2")
    assert (answer.status, answer["Location"]) == (303, f"/__preview/{ID}/?part=2")


@pytest.mark.parametrize("target", ["link", "page"])
async def test_link_that_has_ended_says_so(web: Site, fake: FakeStore, target: str) -> None:
    """Both the link and a preview that is still open say it in words, to whoever had the link."""
    fake.previews[ID] = build_payload(draft(), "/a-draft/")
    ended = token(seconds=-1)
    answer = (
        await web.fetch(f"/__preview/{ended}")
        if target == "link"
        else await look(web, cookie=ended)
    )
    assert answer.status == 410
    assert b"This preview link has ended" in answer.body
    assert b"Ask whoever sent it" in answer.body
    assert "Set-Cookie" not in answer.headers
    require_private(answer)


async def test_head_has_the_head_of_the_page(web: Site, fake: FakeStore) -> None:
    """HEAD is GET without its body."""
    fake.previews[ID] = build_payload(draft(), "/a-draft/")
    answer = await look(web, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer["Content-Length"] or 0) > 1000
    link = await web.fetch(f"/__preview/{token()}", method="HEAD")
    assert link.status == 303
    assert link["Set-Cookie"]


# ---------------------------------------------------------------- what is shown


async def test_page_shows_its_parents_also_those_that_are_drafts(
    web: Site, fake: FakeStore
) -> None:
    """The way to a page is what it would be."""
    child = page(50, "about/plans/next", parent=49, title={"rendered": "Next"}, status="draft")
    parent = page(49, "about/plans", parent=6, title={"rendered": "Plans"}, status="draft")
    fake.previews[ID] = build_payload(
        child,
        "/about/plans/next/",
        ["post:49", "/about/plans/", parent],
        ["post:6", "/about/", page(6, "about")],
    )
    body = (await look(web)).body.decode()
    assert '<a href="/about/plans/">Plans</a>' in body
    assert '<a href="/about/">About</a>' in body


async def test_parts_of_a_paged_post_are_within_reach(web: Site, fake: FakeStore) -> None:
    """Links to parts stay in the preview, with the release that was chosen."""
    text = "<p>One.</p><!--nextpage--><p>Two.</p><!--nextpage--><p>Three.</p>"
    fake.previews[ID] = build_payload(draft(content={"rendered": text}), "/a-draft/")
    release = web.pages.producer.release.id
    first = (await look(web, f"?sos_release={release}")).body.decode()
    assert "One." in first
    assert "Two." not in first
    assert f'href="/__preview/{ID}/?sos_release={release}&amp;part=2"' in first
    second = (await look(web, "?part=2")).body.decode()
    assert "Two." in second
    assert "One." not in second
    assert f'href="/__preview/{ID}/"' in second
    assert '<input type="hidden" name="part" value="2">' in second
    for part in ("0", "99", "-1", "x", "1" * 9, "%00"):
        assert "One." in (await look(web, f"?part={part}")).body.decode()


async def test_new_post_finds_its_place_among_the_others(web: Site, fake: FakeStore) -> None:
    """A post that was never saved has no address yet, and is shown all the same."""
    fake.previews[ID] = build_payload(draft(), "", status="auto-draft")
    answer = await look(web)
    assert answer.status == 200
    assert "new, not saved yet" in answer.body.decode()


async def test_picture_of_a_draft_is_shown(web: Site, fake: FakeStore) -> None:
    """Media that only the draft uses come with the preview."""
    fake.previews[ID] = build_payload(
        draft(featured_media=20), "/a-draft/", ["post:20", "/picture/", media(20)]
    )
    body = (await look(web)).body.decode()
    picture = media(20)["source_url"].rpartition("/")[2]
    assert picture in body


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "pending"}, "waiting for review, not published"),
        ({"status": "future"}, "scheduled for May 17, 2024, 1:39 pm UTC"),
        ({"status": "private"}, "private: never on the public site"),
        ({"status": "publish", "changed": False}, "published, without changes"),
        ({"status": "nonsense"}, "draft, not published"),
    ],
)
async def test_bar_says_what_is_previewed(
    web: Site, fake: FakeStore, changes: Json, words: str
) -> None:
    """Title, state, who, when, and when the link ends."""
    fake.previews[ID] = build_payload(draft(), "/a-draft/", **changes)
    body = (await look(web)).body.decode()
    assert f"<b>A draft</b> · {words}<" in body
    assert "Post · made by Ann, " in body
    assert " · link ends " in body


async def test_protected_post_is_shown_as_the_public_sees_it(web: Site, fake: FakeStore) -> None:
    """And the bar says why there is no text."""
    hidden = draft(content={"rendered": "<p>Secret.</p>", "protected": True})
    fake.previews[ID] = build_payload(hidden, "/a-draft/", status="publish")
    body = (await look(web)).body.decode()
    assert "It needs a password" in body
    assert "Secret." not in body


async def test_callout_is_shown_on_the_front_page(web: Site, fake: FakeStore) -> None:
    """It wins against those that are live, and the front page stays as it is for the public."""
    before = await web.fetch("/")
    callout = draft(
        70,
        type="sos_callout",
        title={"rendered": "Storm warning"},
        sos={"callout": {"placement": "banner", "priority": 1}},
    )
    fake.previews[ID] = build_payload(callout, "", what="Callout")
    body = (await look(web)).body.decode()
    assert "Storm warning" in body
    assert "Post 5" in body
    assert "stands on the front page" in body
    assert (await web.fetch("/")).body == before.body
    empty = {**callout, "title": {"rendered": ""}, "content": {"rendered": ""}}
    fake.previews[ID] = build_payload(empty, "", what="Callout")
    answer = await look(web)
    assert b"it says nothing yet" in answer.body


async def test_static_front_page_is_shown_as_the_front_page(fake: FakeStore) -> None:
    """With the address and the template of the front page."""
    fake.put("site", site(show_on_front="page", page_on_front=6))
    changed = page(6, "about", content={"rendered": "<p>New front.</p>"})
    fake.previews[ID] = build_payload(changed, "/about/", status="publish")
    async with serving(fake, preview_secret=SECRET) as web:
        body = (await look(web)).body.decode()
        assert "New front." in body
        assert f'rel="canonical" href="https://{HOST}/"' in body
        assert "New front." not in (await web.fetch("/")).body.decode()


async def test_front_page_that_is_not_public_yet_is_shown(fake: FakeStore) -> None:
    """A draft that was chosen as the front page, where the public still gets the posts."""
    fake.put("site", site(show_on_front="page", page_on_front=99))
    chosen = page(99, "welcome", content={"rendered": "<p>New front.</p>"}, status="draft")
    fake.previews[ID] = build_payload(chosen, "/welcome/")
    async with serving(fake, preview_secret=SECRET) as web:
        body = (await look(web)).body.decode()
        assert "New front." in body
        assert "Post 5" not in body


async def test_posts_page_is_shown_as_the_list_that_it_is(fake: FakeStore) -> None:
    """The page that holds the posts, with its new title."""
    fake.put("site", site(show_on_front="page", page_on_front=6, page_for_posts=8))
    changed = page(8, "about/team", title={"rendered": "All the news"})
    fake.previews[ID] = build_payload(changed, "/about/team/", status="publish")
    async with serving(fake, preview_secret=SECRET) as web:
        body = (await look(web)).body.decode()
        assert "All the news" in body
        assert "Post 5" in body


# ---------------------------------------------------------------- with a release


async def test_release_can_be_chosen(web: Site, fake: FakeStore) -> None:
    """Any release that the node can get; the form has those at hand, and keeps the choice."""
    fake.previews[ID] = build_payload(draft(), "/a-draft/")
    other = release_of(index="<html><body class=x><p>OTHER {{ page.title }}</p></body></html>")
    web.service._loaded.add(other)
    answer = await look(web, f"?sos_release={other.id}")
    body = answer.body.decode()
    assert answer["X-SOS-Release"] == other.id
    assert "OTHER A draft" in body
    assert f'<option value="{other.id}" selected>{other.id}</option>' in body
    assert body.startswith("<html><body class=x><div id=")
    live = (await look(web)).body.decode()
    assert f'<option value="" selected>live: {web.pages.producer.release.id}</option>' in live
    assert f'<option value="{other.id}">' in live


async def test_release_that_does_not_come_is_said_in_words(
    web: Site, fake: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asked for, and who looks is led back."""
    monkeypatch.setattr(content_previews, "PATIENCE", 0.05)
    fake.previews[ID] = build_payload(draft(), "/a-draft/")
    wanted: list[str] = []
    web.context.want = wanted.append
    answer = await look(web, "?sos_release=20260401-120000-0a1b2c3d")
    assert answer.status == 503
    assert b"This release is not ready here" in answer.body
    assert f'href="/__preview/{ID}/"'.encode() in answer.body
    assert wanted == ["20260401-120000-0a1b2c3d"]
    require_private(answer)
    evil = await look(web, "?sos_release=%3Cscript%3Ealert(1)%3C/script%3E")
    assert EVIL.encode() not in evil.body
    assert len(wanted) == 1


async def test_release_that_fails_on_a_draft_counts_against_nothing(
    web: Site, fake: FakeStore
) -> None:
    """Who previews is told why; no metric, no health and no rollout hears of it."""
    fake.previews[ID] = build_payload(draft(), "/a-draft/")
    broken = release_of(index="{{ 1 // (page.breadcrumbs|length - 1) }}</html>")
    web.service._loaded.add(broken)
    before = web.service.status()
    answer = await look(web, f"?sos_release={broken.id}")
    assert answer.status == 500
    assert b"ZeroDivisionError" in answer.body
    after = web.service.status()
    assert (after.errors, after.render_failures) == (before.errors, before.render_failures)
    assert not [p for p in web.pages.cache.paths() if "preview" in p]


# ---------------------------------------------------------------- what can go wrong


async def test_store_that_is_away_is_said_in_words(web: Site, fake: FakeStore) -> None:
    """503, for a moment; the public page is served as ever."""
    fake.previews[ID] = build_payload(draft(), "/a-draft/")
    fake.unavailable = True
    answer = await look(web)
    assert (answer.status, answer["Retry-After"]) == (503, "2")
    assert b"content store does not answer" in answer.body
    require_private(answer)
    assert web.service.status().errors == 0


async def test_preview_that_was_flushed_is_said_in_words(web: Site) -> None:
    """The link is good, what it showed is not there any more."""
    answer = await look(web)
    assert answer.status == 410
    assert b"no longer there" in answer.body


@pytest.mark.parametrize(
    "payload",
    [
        b"x",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"ref": "post:1", "documents": ' + b"[" * 100_000,
        b" " * (2 * 1024 * 1024 + 1),
        build_payload(draft(), "/x/", documents=[]),
        build_payload(draft(), "/x/", documents=[["post:99", "/x/", draft()]] * 1001),
        build_payload(draft(), "/x/", documents=[["post:98", "/x/", draft()]]),
        build_payload(draft(), "/x/", documents=[["post:99", "/x/", [1]]]),
        build_payload(draft(), "/x/", documents=[["post:99", "/x/", draft(98)]]),
        build_payload(draft(), "/x/", documents=[["menu:99", "/x/", draft()]]),
        build_payload(draft(), "/x/", ref="site", documents=[["site", "", {}]]),
        build_payload(draft(), "/x/", made="yesterday"),
        build_payload(draft(), "/x/", title=5),
    ],
)
async def test_payload_that_makes_no_sense_is_said_in_words(
    web: Site, fake: FakeStore, payload: bytes
) -> None:
    """Never a traceback, never an alarm."""
    fake.previews[ID] = payload
    with capture_logs() as logs:
        answer = await look(web)
    assert answer.status == 500
    assert b"This preview can't be shown" in answer.body.replace(b"&#x27;", b"'")
    assert "traceback" not in answer.body.decode().lower()
    assert [e["log_level"] for e in logs if e["event"] == "content_preview_failed"] == ["warning"]
    require_private(answer)


async def test_payload_is_as_little_trusted_as_content(web: Site, fake: FakeStore) -> None:
    """Nothing of it becomes markup on the bar, and its documents are sanitised."""
    hostile = draft(
        title={"rendered": EVIL + "t"},
        content={"rendered": f'<p onclick="x()">p</p>{EVIL}<a href="javascript:x()">a</a>'},
    )
    fake.previews[ID] = build_payload(
        hostile,
        '/"><script>/',
        title=f"</b>{EVIL}&lt;img src=x onerror=alert(1)&gt;\n\u2028",
        by=f'"{EVIL}',
        what="</aside></template><img src=x onerror=alert(1)>",
        made=1e300,
    )
    body = (await look(web)).body.decode()
    assert "alert(1)" not in re.sub(r"&lt;img src=x onerror=alert\(1\)&gt;", "", body)
    assert "onclick" not in body
    assert "javascript:" not in body
    assert "<img src=x" not in body


async def test_policy_allows_the_bar_and_nothing_else(web: Site, fake: FakeStore) -> None:
    """The page's own policy with one hash more."""
    fake.previews[ID] = build_payload(draft(), "/a-draft/")
    answer = await look(web)
    policy = dict(
        d.partition(" ")[::2] for d in (answer["Content-Security-Policy"] or "").split("; ")
    )
    public = (await web.fetch("/post-5/"))["Content-Security-Policy"] or ""
    ours = dict(d.partition(" ")[::2] for d in public.split("; "))
    assert set(policy["style-src"].split()) - set(ours["style-src"].split()) == {
        content_previews_style()
    }
    assert {**policy, "style-src": ""} == {**ours, "style-src": ""}


def content_previews_style() -> str:
    from sos.web.preview_bar import STYLE_SOURCE

    return STYLE_SOURCE


async def test_few_previews_are_made_at_a_time_and_none_waits_forever(
    web: Site, fake: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A preview that takes too long is given up, and its slot stays taken until it is done."""
    monkeypatch.setattr(content_previews, "LIMIT", 0.3)
    fake.previews[ID] = build_payload(draft(), "/a-draft/")
    fake.gate = asyncio.Event()
    answers = await asyncio.gather(*(look(web) for _ in range(4)))
    assert {a.status for a in answers} == {503}
    assert b"takes too long" in answers[0].body
    assert web.service._content_previews._slots.locked()
    fake.gate.set()
    monkeypatch.setattr(content_previews, "LIMIT", 10.0)
    assert (await look(web)).status == 200
    assert not web.service._content_previews._slots.locked()
