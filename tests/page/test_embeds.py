"""Embeds: nothing of another host is asked before the reader agrees, and nothing breaks out."""

from __future__ import annotations

import html as entities
import time
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sos.content.sanitize import DEFAULT_EMBED_HOSTS, sanitize_html
from sos.page.embeds import FILM_HOSTS, WORDS, ask_first, frame_sources, without_frames
from sos.page.feed import build_feed
from sos.page.frame import BuiltPage
from sos.page.routes import FeedFormat
from sos.render import content_policy, render_page

from tests.content.corpus import HOSTILE_FILES, read_samples, read_vectors
from tests.content.markup import Node, parse_tree
from tests.page.documents import build_at, make_store, post, site
from tests.page.samples import SAMPLES
from tests.release.theme import release_of, theme

FILM = (
    '<iframe title="A film" width="500" height="281" loading="lazy" allowfullscreen'
    ' src="https://www.youtube.com/embed/abcdefghijk?feature=oembed&amp;start=5"'
    ' allow="autoplay; fullscreen"></iframe>'
)
SMALL_DOCUMENT = {"a", "bdi", "body", "div", "head", "html", "main", "meta", "p", "small", "title"}


def asked(markup: str, language: str = "en", direction: str = "ltr") -> str:
    """What editors wrote, as a page shows it."""
    return ask_first(sanitize_html(markup), language, direction)


def frames(html: str) -> list[dict[str, str]]:
    return [attributes for _, name, attributes, _ in parse_tree(html) if name == "iframe"]


def small_documents(html: str) -> list[list[Node]]:
    return [parse_tree(frame["srcdoc"]) for frame in frames(html)]


def links(nodes: list[Node]) -> list[str]:
    return [attributes["href"] for _, name, attributes, _ in nodes if name == "a"]


def text(nodes: list[Node]) -> str:
    return " ".join("".join(words for _, _, _, words in nodes).split())


# ---------------------------------------------------------------- what the reader meets


def test_two_films_of_one_host_have_links_of_different_names() -> None:
    """Who hears a list of links hears which is which; a name begins with the words that are seen."""
    page = asked(FILM + FILM.replace("A film", "Another &quot;film&quot;") + FILM.replace(
        ' title="A film"', ""
    ))  # fmt: skip
    inner = [a for nodes in small_documents(page) for _, name, a, _ in nodes if name == "a"]
    outer = [a for _, name, a, _ in parse_tree(page) if name == "a"]
    for named, words in ((inner, "Show content from"), (outer, "Open on")):
        assert [a.get("aria-label") for a in named] == [
            f"{words} www.youtube.com: A film",
            f'{words} www.youtube.com: Another "film"',
            None,
        ]


def test_frame_asks_and_its_link_leads_to_the_player() -> None:
    """The frame has no address of its own; the question names the film, the host, and the price."""
    [frame], [question] = frames(asked(FILM)), small_documents(asked(FILM))
    assert "src" not in frame
    assert frame["title"] == "A film"
    assert links(question) == ["https://www.youtube.com/embed/abcdefghijk?feature=oembed&start=5"]
    assert "A film" in text(question)
    assert "Show content from www.youtube.com" in text(question)
    assert "learn your IP address" in text(question)


def test_plain_link_below_leads_to_the_page_of_the_film() -> None:
    """It stands outside the frame: for paper, for who wants no frame, and for feeds."""
    tree = parse_tree(asked(FILM))
    assert links(tree) == ["https://www.youtube.com/watch?v=abcdefghijk"]
    assert "Open on www.youtube.com" in text(tree)


@pytest.mark.parametrize(
    ("player", "page"),
    [
        ("https://player.vimeo.com/video/12?dnt=1", "https://vimeo.com/12"),
        ("https://www.youtube-nocookie.com/embed/abcdefghijk", "https://www.youtube.com/watch?v=abcdefghijk"),
        ("https://www.youtube.com/embed/videoseries?list=PL1", "https://www.youtube.com/embed/videoseries?list=PL1"),
        ("https://open.spotify.com/embed/track/1a?utm_source=oembed", "https://open.spotify.com/track/1a"),
        ("https://embed.ted.com/talks/x_y", "https://www.ted.com/talks/x_y"),
        ("https://www.dailymotion.com/embed/video/x1", "https://www.dailymotion.com/video/x1"),
        ("https://w.soundcloud.com/player/?url=x", "https://w.soundcloud.com/player/?url=x"),
    ],
)  # fmt: skip
def test_plain_links(player: str, page: str) -> None:
    """Where the player's page is known it is taken, else the player's own address."""
    assert links(parse_tree(asked(f'<iframe src="{player}"></iframe>'))) == [page]


def test_player_gets_the_features_that_the_editor_gave_it() -> None:
    """The frame's first document is ours, so each feature names the host that it is for."""
    [frame] = frames(asked(FILM))
    assert frame["allow"] == "autoplay https://www.youtube.com; fullscreen https://www.youtube.com"
    assert "allowfullscreen" not in frame  # it would be a second way to say the same
    [frame] = frames(asked(FILM.replace('allow="autoplay; fullscreen"', "")))
    assert frame["allow"] == "fullscreen https://www.youtube.com"
    assert "allow-top-navigation" not in frame["sandbox"]


def test_player_learns_where_it_is_shown_as_before() -> None:
    """Players refuse to play without a referrer; the editor's own policy is kept."""
    [question] = small_documents(asked(FILM))
    assert [a["referrerpolicy"] for _, n, a, _ in question if n == "a"] == [
        "strict-origin-when-cross-origin"
    ]
    closed = FILM.replace("<iframe", '<iframe referrerpolicy="no-referrer"')
    [question] = small_documents(asked(closed))
    assert [a["referrerpolicy"] for _, n, a, _ in question if n == "a"] == ["no-referrer"]


def test_frame_has_its_size_from_the_start() -> None:
    """A film keeps its proportions at any width, a player of sound its height."""
    [film] = frames(asked(FILM))
    assert film["style"] == "aspect-ratio:500/281"
    assert 'class="sos-embed sos-embed-film"' in asked(FILM)
    sound = '<iframe style="border-radius:12px" width="100%" height="352" src="https://open.spotify.com/embed/track/1"></iframe>'
    [player] = frames(asked(sound))
    assert (player["style"], player["height"]) == ("border-radius:12px", "352")
    assert "width" not in player  # a frame has its width in pixels, or from a style sheet
    assert 'class="sos-embed"' in asked(sound)
    assert FILM_HOSTS <= DEFAULT_EMBED_HOSTS


def test_title_that_only_repeats_the_host_is_not_said_twice() -> None:
    """A frame without a title is named after its host, once."""
    [question] = small_documents(asked('<iframe src="https://www.youtube.com/embed/x"></iframe>'))
    body = question[[name for _, name, _, _ in question].index("main") :]
    assert text(body).count("www.youtube.com") == 2  # in the link and in the note


@pytest.mark.parametrize(
    ("language", "words"),
    [("de-AT", "Inhalt von"), ("ar", "عرض"), ("tlh", "Show"), ("", "Show"), ("EN-gb", "Show")],
)
def test_words_follow_the_language_of_the_page(language: str, words: str) -> None:
    """By its first part; a language without words of its own gets English ones."""
    [question] = small_documents(asked(FILM, language, "rtl" if language == "ar" else "ltr"))
    assert words in text(question)


def test_every_language_names_the_host_in_every_sentence() -> None:
    """A translation that forgets who would be asked is none."""
    for language, words in WORDS.items():
        assert all(sentence.count("{host}") == 1 for sentence in words), language


def test_frame_within_a_link_brings_no_second_link() -> None:
    """A link in a link would end the first; the frame still asks."""
    page = asked(f'<a href="/x/">{FILM}</a>{FILM}')
    assert len(frames(page)) == 2
    assert links(parse_tree(page)) == ["/x/", "https://www.youtube.com/watch?v=abcdefghijk"]


def test_html_without_frames_is_untouched() -> None:
    """Most pages have none."""
    page = sanitize_html("<p>No <a href='/x/'>frame</a>, but &lt;iframe&gt; as a word.</p>")
    assert ask_first(page, "en", "ltr") is page
    assert without_frames(page) is page


# ---------------------------------------------------------------- nothing breaks out

BREAKERS = (
    '"></iframe><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;quot;&amp;gt;&amp;lt;script&amp;gt;",
    "&#34; srcdoc=&#34;<p>x</p>",
    "{host}{0}{words.show.__class__}",
    "</main></body></html><base href=//evil.example>",
    "\u202ereversed",
)


def assert_inert(page: str) -> None:
    """No frame loads by itself, and each small document is the one that we wrote."""
    for frame in frames(page):
        assert not {"src", "onload", "name"} & set(frame)
        assert frame["data-host"] in DEFAULT_EMBED_HOSTS
    for question in small_documents(page):
        assert {name for _, name, _, _ in question if name} <= SMALL_DOCUMENT
        for _, name, attributes, _ in question:
            allowed = {"style", "lang", "dir", "content", "name"} | (
                {"href", "referrerpolicy", "aria-label"} if name == "a" else set()
            )
            assert set(attributes) <= allowed
            assert name == "meta" or "name" not in attributes
        [address] = links(question)
        assert address.startswith("https://")
        assert urlsplit(address).hostname in DEFAULT_EMBED_HOSTS
        assert urlsplit(address).netloc == urlsplit(address).hostname


@pytest.mark.parametrize("breaker", BREAKERS)
def test_title_cannot_break_out_of_the_question(breaker: str) -> None:
    """However it is quoted, a title is a text in the small document, and the only one changed."""
    title = entities.escape(breaker)
    page = asked(f'<iframe src="https://www.youtube.com/embed/x" title="{title}"></iframe>')
    assert_inert(page)
    [question] = small_documents(page)
    shown = entities.unescape(title)
    assert " ".join(shown.split()) in text(question)


@pytest.mark.parametrize("breaker", [*BREAKERS, "@evil.example/", "\\..\\x", "#</a>", "?a=b&quot;"])
def test_address_cannot_break_out_of_the_question(breaker: str) -> None:
    """What comes after the host is part of an address or the frame is gone."""
    address = entities.escape(breaker)
    for start in ("https://www.youtube.com/embed/", "https://www.youtube.com"):
        assert_inert(asked(f'<iframe src="{start}{address}"></iframe>'))


@pytest.mark.parametrize("attribute", ["allow", "style", "class", "id", "lang", "dir", "referrerpolicy", "width", "height", "srcdoc", "data-host", "name", "aria-label"])  # fmt: skip
@pytest.mark.parametrize("breaker", BREAKERS)
def test_no_other_attribute_breaks_out(attribute: str, breaker: str) -> None:
    """Nor does an editor's own srcdoc or data-host get through."""
    value = entities.escape(breaker)
    page = asked(f'<iframe {attribute}="{value}" src="https://www.youtube.com/embed/x"></iframe>')
    assert_inert(page)
    assert frame_sources(page) == ("https://*.youtube.com", "https://www.youtube.com")


@pytest.mark.parametrize("language", ['en"><script>', "x' onload='alert(1)"])
def test_language_of_the_site_cannot_break_out(language: str) -> None:
    """It comes from the settings of another system."""
    assert_inert(asked(FILM, language))


@pytest.mark.parametrize("file", HOSTILE_FILES)
def test_hostile_corpus_stays_inert_with_asking_frames(file: str) -> None:
    """Whatever the sanitiser left of it, frames ask."""
    for vector in read_vectors(file):
        assert_inert(asked(vector.html))


def test_honest_players_all_ask() -> None:
    """No player of the corpus is lost, and none loads by itself."""
    for sample in read_samples("embeds"):
        page = asked(sample.html)
        assert page.count("<iframe") == sanitize_html(sample.html).count("<iframe"), sample.name
        assert_inert(page)


@settings(max_examples=200, deadline=None)
@example("<a><iframe src=https://www.youtube.com/embed/x></iframe></a>")
@given(
    st.lists(
        st.sampled_from(["<a href=/x>", "</a>", FILM, "<p>", "</p>", "<table>", "<td>", "text", '">', "<iframe", "</iframe>"]),
        max_size=12,
    ).map("".join)
)  # fmt: skip
def test_any_nesting_is_read_as_it_was_written(markup: str) -> None:
    """An embed changes nothing around it: no link is ended by that of an embed."""
    page = asked(markup)
    assert_inert(page)
    assert outline(page) == outline(sanitize_html(markup))


def outline(html: str) -> list[tuple[int, str]]:
    """Depths and names of all elements but embeds."""
    found: list[tuple[int, str]] = []
    embed = -1
    for depth, name, attributes, _ in parse_tree(html):
        if embed >= 0 and depth <= embed:
            embed = -1
        if embed < 0 and attributes.get("class", "").startswith("sos-embed"):
            embed = depth
        if name and name != "iframe" and embed < 0:
            found.append((depth, name))
    return found


def test_thousands_of_frames_take_little_time() -> None:
    """Linear in the input: ten thousand frames, and ten thousand links, within seconds."""
    clean = sanitize_html("<a href=/x>y</a>" + '<iframe src="https://pca.st/x"></iframe>') * 10_000
    started = time.process_time()
    assert ask_first(clean, "en", "ltr").count("srcdoc") == 10_000
    assert time.process_time() - started < 5


# ---------------------------------------------------------------- policy, feeds, pages


def test_policy_allows_the_frames_of_the_page_and_no_other() -> None:
    """A page without embeds may frame nothing at all."""
    assert "frame-src 'none'" in content_policy(theme())
    release = release_of(index="{{ page.post.content if page.post }}")
    built = BuiltPage(SAMPLES["single"], ())
    assert "frame-src 'none';" in render_page(built, release).csp


def test_sources_of_frames() -> None:
    """The host itself and what it redirects to within its own name; a theme's own frames too."""
    assert frame_sources("<p>") == ()
    assert frame_sources(asked(FILM)) == ("https://*.youtube.com", "https://www.youtube.com")
    player = asked('<iframe src="https://player.vimeo.com/video/1"></iframe>')
    assert frame_sources(player) == ("https://*.player.vimeo.com", "https://player.vimeo.com")
    assert frame_sources('<iframe src="/map/"></iframe>') == ("'self'",)
    assert frame_sources("<IFRAME src='https://Maps.test:8443/x'>") == ("https://maps.test:8443",)
    assert frame_sources('<iframe src="https://a.test;script-src *"></iframe>') == ()
    assert frame_sources('<iframe src="http://a.test/"></iframe>') == ()


@pytest.mark.parametrize("form", ["rss", "atom"])
async def test_feed_has_the_plain_link_and_no_frame(form: FeedFormat) -> None:
    """A reader of feeds has no use for a question in a frame."""
    store = make_store(post(5, content={"rendered": f"<p>x</p>{FILM}"}))
    built = await build_at(store, "/")
    assert built
    feed = build_feed(built.page, form, "/feed/", excerpts=False).body.decode()
    assert "watch?v=abcdefghijk" in feed
    assert "iframe" not in feed


async def test_page_asks_in_its_own_language() -> None:
    """From the store to the page model: body, excerpt, and the language of the site."""
    store = make_store(
        post(5, content={"rendered": FILM}, excerpt={"rendered": f"<p>Seen.</p>{FILM}"}),
        site=site(sos={"language": "de-DE"}),
    )
    built = await build_at(store, "/post-5/")
    assert built
    assert built.page.post
    for html in (built.page.post.content, built.page.post.card.excerpt):
        assert_inert(html)
        assert "Inhalt von" in html
    assert built.page.post.card.summary == "Seen."
