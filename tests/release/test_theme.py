"""The theme of sos shows every page that there can be, uses the page model, and knows its limits."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import html5lib
import msgspec
import pytest
from jinja2 import Environment, nodes
from markupsafe import Markup
from sos.page.describe import find_structs
from sos.page.model import PageModel, PostCard
from sos.release.environment import build_release
from sos.release.sandbox import Sandbox, is_template

from tests.page.samples import HOSTILE, LONG_WORD, SAMPLES, deep_menu
from tests.release.theme import theme, theme_files

UNUSED = {
    # Ids and slugs are for themes that choose by them.
    ("Archive", "term"),
    ("Author", "id"),
    ("Callout", "id"),
    ("PostCard", "id"),
    ("PostCard", "slug"),
    ("TermLink", "id"),
    ("TermLink", "slug"),
    # For feeds.
    ("Moment", "epoch"),
    ("PostCard", "content"),
    ("PostCard", "summary"),
    # The default theme shows days, not hours.
    ("Moment", "time"),
    # Not for a template: it is what chooses the template.
    ("PageModel", "templates"),
}
"""Fields that are documented and that the default theme has no use for."""

KNOWN_NAMES = {"primary", "first", "get", "grouper", "index", "last", "list", "previtem"}
"""The menu that always exists, and what Jinja2's loops and groups and dictionaries have."""

samples = pytest.mark.parametrize("name", SAMPLES)


def _tree(name: str) -> Any:
    return html5lib.parse(theme().render(SAMPLES[name]), namespaceHTMLElements=False)


def _without_content(name: str) -> PageModel:
    page = SAMPLES[name]
    post = page.post and msgspec.structs.replace(page.post, content=Markup())
    return msgspec.structs.replace(page, post=post)


def _scripts(tree: Any) -> list[Any]:
    """What runs: data for search engines does not."""
    return [e for e in tree.iter("script") if e.get("type") != "application/ld+json"]


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


@samples
def test_every_sample_parses_without_an_error(name: str) -> None:
    """The markup is well-formed: nothing is left open, nested wrongly or given twice."""
    html5lib.HTMLParser(strict=True).parse(theme().render(SAMPLES[name]))


@samples
def test_every_page_has_one_heading_and_its_landmarks(name: str) -> None:
    """Who listens to a page finds its parts, each with a name of its own."""
    tree = _tree(name)
    assert len(tree.findall(".//h1")) == 1
    assert len(tree.findall(".//main")) == 1
    assert len(tree.findall("./body/header")) == len(tree.findall("./body/footer")) == 1
    labels = [nav.get("aria-label") for nav in tree.iter("nav")]
    assert all(labels)
    assert len(set(labels)) == len(labels)
    assert tree.find("./body/a").get("href") == "#sos-content"
    assert tree.find(".//main").get("id") == "sos-content"


@samples
def test_headings_never_skip_a_level(name: str) -> None:
    """A post without a title goes by its label, so that the outline stays whole."""
    levels = [int(e.tag[1]) for e in _tree(name).iter() if re.fullmatch("h[1-6]", str(e.tag))]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(_text(e) for e in (*_tree(name).iter("h1"), *_tree(name).iter("h2")))


@samples
def test_page_asks_no_other_host_for_anything(name: str) -> None:
    """What the theme itself loads comes from this site; nothing runs that is not of the release."""
    tree = html5lib.parse(theme().render(_without_content(name)), namespaceHTMLElements=False)
    sources = [s.get("src", "") for s in _scripts(tree)]
    assert [url.rpartition("/")[2] for url in sources if url] == ["theme.js"]
    assert sources.count("") == bool(SAMPLES[name].callouts)
    links = [e for e in tree.iter("link") if e.get("rel") in ("stylesheet", "icon", "preload")]
    loaded = [e.get("href") for e in links] + [e.get("src") for e in _scripts(tree) if e.get("src")]
    loaded += [e.get("src") for e in tree.iter("img")]
    assert loaded
    assert all(url.startswith("/") for url in loaded)


@samples
def test_ids_of_the_theme_cannot_meet_those_of_content(name: str) -> None:
    """Content never has an id that begins with `sos-`, the theme has no other."""
    html = theme().render(_without_content(name))
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert ids
    assert all(i.startswith("sos-") for i in ids)
    assert max(Counter(ids).values()) == 1


def _unloaded(html: str) -> str:
    """The markup without what it says of how pictures load, see `sos.page.fitted`."""
    return re.sub(r' (?:sizes|loading|decoding|fetchpriority)="[^"]*"', "", html)


def test_singular_page_shows_title_and_body_as_they_are() -> None:
    """The body stands alone in its element, byte for byte but for how its pictures load."""
    singular = {n: p.post for n, p in SAMPLES.items() if p.post and not p.post.card.protected}
    assert len(singular) > 10
    for name, post in singular.items():
        html = _unloaded(theme().render(SAMPLES[name]))
        assert f'<div class="prose">\n{_unloaded(post.content)}\n</div>' in html
        assert f"<h1>{post.card.label}</h1>" in html


def test_protected_post_shows_neither_body_nor_excerpt_nor_picture() -> None:
    """Should a body get here by mistake, the theme is one more wall before it."""
    page = SAMPLES["single_protected"]
    assert page.post
    card = msgspec.structs.replace(
        page.post.card, excerpt=SAMPLES["tag"].posts[0].excerpt, image=SAMPLES["tag"].posts[0].image
    )
    leaky = msgspec.structs.replace(page.post, card=card, content=SAMPLES["single"].post.content)
    for view in (page.post, leaky):
        html = theme().render(msgspec.structs.replace(page, post=view))
        assert "This content is protected." in html
        assert "What to bring" not in html
        assert "Twice a day" not in html
        assert "<img" not in html
    listed = theme().render(msgspec.structs.replace(SAMPLES["tag"], posts=(card,)))
    assert "This content is protected." in listed
    assert "Twice a day" not in listed


def test_hostile_text_in_any_plain_field_stays_text() -> None:
    """Neither an element nor an attribute can be made of what was not sanitised."""
    html = theme().render(SAMPLES["author_hostile"])
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    assert all(s.get("src") for s in _scripts(tree))
    assert HOSTILE not in html
    assert not [e for e in tree.iter() if any(str(k).startswith("on") for k in e.attrib)]
    assert tree.find(".//title").text == HOSTILE
    assert [e.get("src") for e in tree.iter("img")] == ["/wp-content/uploads/2026/03/harbour.jpg"]


def test_menu_of_ten_levels_marks_the_way_to_this_page() -> None:
    """Every level is there, the way is unfolded below the first, and the page is marked once."""
    tree = _tree("page_deep_menu")
    nav = next(n for n in tree.iter("nav") if n.get("aria-label") == "Main")
    current = [_text(a) for a in nav.iter("a") if a.get("aria-current")]
    assert current == ["Level 10"]
    way = [d for d in nav.iter("details") if d.get("class") is None]
    assert [d.get("open") is not None for d in way[:9]] == [False] + [True] * 8
    assert "Pages below Level 9" in _text(nav)


def test_menu_of_a_hundred_levels_still_renders() -> None:
    """No editor goes so far; a broken import may."""
    html = theme().render(
        msgspec.structs.replace(SAMPLES["page"], menus={"primary": deep_menu(100)})
    )
    assert "Level 100" in html


def test_error_pages_lead_on() -> None:
    """Who is lost finds the way to the front, the menu, and something to read."""
    for name in ("404", "410"):
        tree = _tree(name)
        main = tree.find(".//main")
        hrefs = [a.get("href") for a in main.iter("a")]
        assert hrefs == ["/", *(post.url for post in SAMPLES[name].posts)]
        fold = next(d for d in tree.iter("details") if d.get("class") == "menu-fold")
        assert fold.get("open") is not None
    assert _text(_tree("404").find(".//h1")) != _text(_tree("410").find(".//h1"))
    assert [a.get("href") for a in _tree("404_bare").find(".//main").iter("a")] == ["/"]


def test_lists_say_when_they_are_empty() -> None:
    """An empty page would look broken."""
    for name in ("home_empty", "front_empty", "category_empty"):
        assert "Nothing has been published here yet" in _text(_tree(name).find(".//main"))


def test_pagination_marks_the_page_and_shows_the_gap() -> None:
    """The numbers can be told apart by ear, and left-out ones leave an ellipsis."""
    tree = _tree("front_posts_page_3")
    nav = next(n for n in tree.iter("nav") if n.get("aria-label") == "Pages of this list")
    assert [_text(a) for a in nav.iter("a") if a.get("aria-current") == "page"] == ["Page 3"]
    assert [_text(li) for li in nav.iter("li")][-2:] == ["…", "Page 12"]
    heads = {e.get("rel"): e.get("href") for e in tree.find("head").iter("link")}
    assert (heads["prev"], heads["next"]) == ("/page/2/", "/page/4/")


def test_pages_of_one_post_are_linked_in_body_and_head() -> None:
    """The page-break block makes pages with addresses of their own."""
    heads = {e.get("rel"): e.get("href") for e in _tree("single_parts").find("head").iter("link")}
    assert heads["prev"] == "/2026/03/low-tide-1/"
    assert heads["next"] == "/2026/03/low-tide-1/3/"


def test_head_tells_search_engines_and_previews_what_they_ask() -> None:
    """Description, canonical address, robots and OpenGraph come from the model alone."""
    tree = _tree("single")
    metas = {e.get("name") or e.get("property"): e.get("content") for e in tree.iter("meta")}
    assert metas["og:title"] == "What the low tide leaves behind, part 1"
    assert metas["og:image"].startswith("https://www.harbour.example/wp-content/")
    assert metas["og:type"] == "article"
    assert metas["description"] == SAMPLES["single"].description
    assert "robots" not in metas
    error = {e.get("name") or e.get("property") for e in _tree("404").iter("meta")}
    assert "robots" in error
    assert not any(str(name).startswith("og:") for name in error)
    assert not [e for e in _tree("404").iter("link") if e.get("rel") == "canonical"]


def test_language_and_direction_are_the_sites() -> None:
    """A site in Arabic is laid out from right to left."""
    html = _tree("single_rtl")
    assert (html.get("lang"), html.get("dir")) == ("ar", "rtl")


def test_index_alone_can_show_every_page() -> None:
    """The fallback shows whatever the page is about, without any other page template."""
    fallback = {
        name: content
        for name, content in theme_files().items()
        if name not in ("front-page.html", "home.html", "single.html", "page.html", "author.html")
    }
    release = build_release(fallback)
    for page in SAMPLES.values():
        html = release.render(msgspec.structs.replace(page, templates=()))
        assert html.count("<h1") == 1
        if page.post and not page.post.card.protected:
            assert _unloaded(page.post.content) in _unloaded(html)
        for card in page.posts:
            assert card.url in html


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Types and fields of the page model that the theme reads when it renders all samples."""
    found: set[tuple[str, str]] = set()
    for method in ("getattr", "getitem"):
        original = getattr(Sandbox, method)

        def record(self: Sandbox, obj: object, name: Any, *, original: Any = original) -> Any:
            if isinstance(obj, msgspec.Struct):
                found.add((type(obj).__name__, name))
            return original(self, obj, name)

        monkeypatch.setattr(Sandbox, method, record)
    release = build_release(theme_files())
    for page in SAMPLES.values():
        release.render(page)
    return found


def test_every_documented_field_is_used_or_listed_as_unused(used: set[tuple[str, str]]) -> None:
    """A field that nobody needs is found; one that the theme forgot, too."""
    documented = {(s.__name__, f) for s in find_structs() for f in s.__struct_fields__}
    assert used <= documented
    # The filter `absolute` takes the whole site, and reads its address.
    assert documented - used - {("SiteView", "url")} == UNUSED


def test_theme_uses_no_name_that_is_not_documented() -> None:
    """Within macros, where types are unknown, every attribute is a field, a word, or Jinja2's."""
    fields = {field for struct in find_structs() for field in struct.__struct_fields__}
    words = set(_words())
    for template, name in _attributes():
        assert name in fields | words | KNOWN_NAMES, f"{template}: {name}"


def test_every_word_of_the_theme_is_used() -> None:
    """A translator need not translate what nobody reads."""
    used_words = {name for _, name in _attributes()}
    assert set(_words()) - used_words == set()


def _words() -> Iterator[str]:
    tree = Environment().parse(theme_files()["parts/words.html"].decode())
    yield from (name.name for name in tree.find_all(nodes.Name) if name.ctx == "store")
    yield from (macro.name for macro in tree.find_all(nodes.Macro))


def _attributes() -> Iterator[tuple[str, str]]:
    for template in filter(is_template, theme_files()):
        tree = Environment().parse(theme_files()[template].decode())
        yield from ((template, node.attr) for node in tree.find_all(nodes.Getattr))


def test_samples_cover_every_kind_and_every_field() -> None:
    """What the samples lack, no test would see."""
    kinds = PageModel.__annotations__["kind"].__args__[0].__args__
    assert {page.kind for page in SAMPLES.values()} == set(kinds)
    assert LONG_WORD in SAMPLES["single_long_words"].post.card.title
    assert any(isinstance(c, PostCard) and c.sticky for c in SAMPLES["front_posts"].posts)
