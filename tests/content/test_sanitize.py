"""The sanitiser as a function: hostile markup is inert, its rules hold, its output is stable."""

from __future__ import annotations

import html as entities

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sos.content.sanitize import (
    DEFAULT_EMBED_HOSTS,
    RESERVED_ID_PREFIX,
    plain_text,
    sanitize_html,
    sanitize_inline,
)
from sos.content.sanitize_balance import balance

from tests.content.corpus import HOSTILE_FILES, read_all_vectors, read_vectors
from tests.content.markup import find_faults, parse_tree, serialise_tree
from tests.content.trap import canonical_markup

# --- The corpus ----------------------------------------------------------------------------------


def test_corpus_is_as_large_as_promised() -> None:
    """At least 150 vectors are read, and most of them are known to do harm when left alone."""
    vectors = read_all_vectors()
    assert len(vectors) >= 150
    assert sum(vector.live for vector in vectors) >= 150


@pytest.mark.parametrize("file", HOSTILE_FILES)
def test_hostile_markup_is_inert_for_another_parser(file: str) -> None:
    """No vector leaves an element, attribute, URL, style or frame that could do anything."""
    faults = {
        v.name: find_faults(sanitize_html(v.html), DEFAULT_EMBED_HOSTS) for v in read_vectors(file)
    }
    assert not {name: found for name, found in faults.items() if found}


def test_judge_finds_fault_with_unsanitised_markup() -> None:
    """The judge of the test above is not blind: it sees what live vectors are made of."""
    live = [vector for vector in read_all_vectors() if vector.live]
    unseen = [v.name for v in live if not find_faults(v.html, DEFAULT_EMBED_HOSTS)]
    # What only swallows the rest of a page cannot be seen in a fragment; the browser sees it.
    assert len(unseen) < len(live) / 20, unseen


@pytest.mark.parametrize("file", HOSTILE_FILES)
def test_hostile_markup_comes_out_stable_and_well_formed(file: str) -> None:
    """Sanitised again nothing changes, and html5lib reads the tree that was written."""
    for vector in read_vectors(file):
        clean = sanitize_html(vector.html)
        assert sanitize_html(clean) == clean, vector.name
        assert without_brackets(serialise_tree(clean)) == canonical_markup(clean), vector.name


@pytest.mark.parametrize("file", HOSTILE_FILES)
def test_hostile_titles_hold_phrasing_only(file: str) -> None:
    """A title has no link, medium, block or id, and is stable too."""
    blocks = {"a", "img", "iframe", "video", "audio", "p", "div", "table", "ul", "li", "h1"}
    for vector in read_vectors(file):
        title = sanitize_inline(vector.html)
        assert find_faults(title, frozenset()) == [], vector.name
        assert not blocks & {name for _, name, _, _ in parse_tree(title)}, vector.name
        assert not {"id", "class", "style"} & {
            key for _, _, attributes, _ in parse_tree(title) for key in attributes
        }, vector.name
        assert sanitize_inline(title) == title, vector.name


# --- Rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("color:red;position:fixed;top:0", "color:red"),
        ("COLOR : Red ; ; width:50% ", "color:Red;width:50%"),
        ("margin:1em auto;margin-top:-1px;margin-left:calc(1px - 2px)", "margin:1em auto"),
        ("margin-top:var(--wp--preset--spacing--50)", "margin-top:var(--wp--preset--spacing--50)"),
        ("margin-top:var(--other)", None),
        ("--wp--style--block-gap:2em", "--wp--style--block-gap:2em"),
        ("--wp--preset--spacing--50:1px;--x:1", None),
        ("background:linear-gradient(90deg,red 0%,#fff 100%)", "background:linear-gradient(90deg,red 0%,#fff 100%)"),
        ("background:#fff url(x)", None),
        ("background-image:image-set('x' 1x)", None),
        ("color:rgb(1,2,3;width:1px", "width:1px"),
        ("display:none;display:contents", "display:none"),
        ("font-family:'Open Sans', \"Arial\"", "font-family:'Open Sans', \"Arial\""),
        ("width:1px/**/;color:red", None),
        ("colo\\72:red", None),
        ("box-shadow:var(--wp--preset--shadow--deep);color:red", "box-shadow:var(--wp--preset--shadow--deep);color:red"),
        ("box-shadow:0 0 0 9999px red", None),
        ("color:red !important", "color:red !important"),
        ("color:" + "a" * 600, None),
        ("color:red;" * 300, None),
    ],
)  # fmt: skip
def test_style_keeps_what_blocks_write(given: str, expected: str | None) -> None:
    """Known declarations with sound values stay, normalised; the others go one by one."""
    quoted = entities.escape(given)
    [(_, _, attributes, _), *_] = parse_tree(sanitize_html(f'<p style="{quoted}">x</p>'))
    assert attributes.get("style") == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a.jpg", "a.jpg"),
        ("a.jpg 1x,b.jpg 2x", "a.jpg 1x, b.jpg 2x"),
        (" a.jpg  300w ,\n b.jpg 1024w, ", "a.jpg 300w, b.jpg 1024w"),
        ("a,b.jpg 1x, c.jpg 1.5x", "a,b.jpg 1x, c.jpg 1.5x"),
        ("a.jpg 1x, data:image/png;base64,AAAA 2x", "a.jpg 1x"),
        ("javascript:x 1x", None),
        ("a.jpg 1q", None),
        (",,,", None),
    ],
)
def test_srcset_keeps_sound_candidates(given: str, expected: str | None) -> None:
    """Candidates are taken apart as HTML says; one bad one does not cost the others."""
    [(_, _, attributes, _)] = parse_tree(sanitize_html(f'<img src="x" srcset="{given}">'))
    assert attributes.get("srcset") == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (" https://exa\tmple.org/\n ", "https://example.org/"),
        ("\x01/x", "/x"),
        ("HTTPS://Example.org", "HTTPS://Example.org"),
        ("https:\\\\example.org\\a?b\\c", "https://example.org/a?b\\c"),
        ("a b", "a%20b"),
        ('/"<x>`', "/%22%3Cx%3E%60"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("tel:+1", "tel:+1"),
        ("#top", "#top"),
        ("", ""),
        ("/a:b", "/a:b"),
        ("a:b", None),
        ("https:x", None),
        ("https://", None),
        ("///x", None),
        ("ht\x01tp://x", None),
    ],
)
def test_links_are_read_as_a_browser_reads_them(given: str, expected: str | None) -> None:
    """What a browser ignores is gone, a backslash is a slash, an unknown scheme is no link."""
    [(_, _, attributes, _)] = parse_tree(sanitize_html(f'<a href="{entities.escape(given)}"></a>'))
    assert attributes.get("href") == expected


def test_markup_that_needs_several_passes_is_settled() -> None:
    """A tree that its own markup does not describe is parsed until it does."""
    tangled = "<h1>xx<a></p>x<rt><table><h1></a><a>x"
    clean = sanitize_html(tangled)
    assert sanitize_html(clean) == clean
    assert serialise_tree(clean) == clean


def test_embed_hosts_can_be_chosen() -> None:
    """Only hosts of the given set are framed, compared exactly and in lower case."""
    player = '<iframe src="https://PLAYER.example/x" title="t" sandbox=""></iframe>'
    youtube = '<iframe src="https://www.youtube.com/embed/x"></iframe>'
    chosen = sanitize_html(player + youtube, frozenset({"player.example"}))
    assert chosen == '<iframe src="https://player.example/x" title="t" sandbox=""></iframe>'
    assert sanitize_html(player + youtube, frozenset()) == ""


def test_ids_that_scripts_rely_on_and_ids_of_the_theme_are_refused() -> None:
    """An anchor keeps its id; a property's name, the theme's prefix and odd characters lose it."""
    kept = ["top", "location", "über-uns", "h-2024", "a.b:c"]
    refused = ["getElementById", "cookie", "__proto__", "constructor", "a b", "", "x" * 201]
    refused += [RESERVED_ID_PREFIX + "menu", RESERVED_ID_PREFIX.upper() + "x"]
    for value in kept + refused:
        [(_, _, attributes, _)] = parse_tree(sanitize_html(f'<p id="{value}"></p>'))
        assert attributes == ({"id": value} if value in kept else {}), value


def test_control_characters_and_surrogates_do_not_come_out() -> None:
    """What XML forbids is gone from text and attributes; a lone surrogate is U+FFFD."""
    html = '<p title="a\x01b\x0cc\ufffe">d\x00e\x02&#3;&#13;f\ud800g\x7f</p>'
    assert sanitize_html(html) == '<p title="ab c">de\nf\ufffdg</p>'
    assert sanitize_inline("a\ud800<b>\x01c</b>") == "a\ufffd<b>c</b>"
    assert plain_text("a\ud800\x01 b\x00") == "a\ufffd b"


def test_form_that_wraps_a_page_keeps_its_text() -> None:
    """A short form goes with its labels, a page inside a form stays, less its controls."""
    prose = "<p>" + "word " * 400 + "</p>"
    assert (
        sanitize_html("<p>a</p><form><label>Mail<input></label></form><p>b</p>")
        == "<p>a</p><p>b</p>"
    )
    wrapped = sanitize_html(
        f"<form action=/x><input name=q>{prose}<select><option>o</select></form>"
    )
    assert wrapped == prose


def test_comments_go_so_pages_are_split_before() -> None:
    """`<!--nextpage-->` does not survive: whoever splits a post does it on the raw content."""
    assert sanitize_html("<p>a</p><!--nextpage--><p>b</p>") == "<p>a</p><p>b</p>"


def test_newline_that_opens_a_pre_survives_every_pass() -> None:
    """The newline that a parser drops is written twice; the one that counts is never lost."""
    once = sanitize_html("<pre>\n\n  x</pre>")
    assert once == "<pre>\n\n  x</pre>"
    assert sanitize_html(once) == once
    assert sanitize_html("<pre>\nx</pre>") == "<pre>x</pre>"


# --- Titles and texts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "inline", "text"),
    [
        ("Plain", "Plain", "Plain"),
        ("Tom &amp; Jerry&#8217;s", "Tom &amp; Jerry’s", "Tom & Jerry’s"),
        ("a < b > c", "a &lt; b &gt; c", "a < b > c"),
        ("&lt;script&gt;", "&lt;script&gt;", "<script>"),
        ("&amp;lt;b&amp;gt;", "&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("A <em>new</em><sup>2</sup> <a href='/x'>link</a>", "A <em>new</em><sup>2</sup> link", "A new2 link"),
        ("<p>one</p><p>two</p>", "one two", "one two"),
        ("one<br>two<br/>three", "one<br>two<br>three", "one two three"),
        ("<ul><li>a<li>b</ul>c", "a b c", "a b c"),
        ("  a \n\t b  ", "a b", "a b"),
        ("a&nbsp;b", "a&nbsp;b", "a b"),
        ("<script>x</script>a<style>y</style>", "a", "a"),
        ("<iframe src=x>fallback</iframe>a<noscript>b</noscript>", "ab", "ab"),
        ("<math><mi>x</mi><mo>=</mo><mn>2</mn></math>", "x=2", "x=2"),
        ("<b>unclosed", "<b>unclosed</b>", "unclosed"),
        ("<strike>s</strike> <tt>t</tt>", "<s>s</s> <code>t</code>", "s t"),
        ("<abbr title='x' class='y' onclick='z'>a</abbr>", '<abbr title="x">a</abbr>', "a"),
        ("<h1>a</h1><!-- c --><div>b</div>", "a b", "a b"),
        ("", "", ""),
        ("<p></p>", "", ""),
        ("שלום <bdi dir=rtl>x</bdi>", 'שלום <bdi dir="rtl">x</bdi>', "שלום x"),
    ],
)  # fmt: skip
def test_titles_and_texts(given: str, inline: str, text: str) -> None:
    """Phrasing stays in a title; a text has no markup, one level of entities and single spaces."""
    assert sanitize_inline(given) == inline
    assert plain_text(given) == text


# --- Properties ----------------------------------------------------------------------------------

_NAMES = st.sampled_from(
    """
    a b i em p div span table tr td th tbody caption colgroup col li ul ol dl dt dd pre h1 h2 font
    nobr svg math mtext mglyph style title textarea select option script noscript iframe form button
    input details ruby rt br img hr figure picture source video template object xmp plaintext
    noembed foreignObject desc annotation-xml center strike body html head frameset marquee address
    """.split()
)
_ATTRIBUTE = st.sampled_from(
    [
        "",
        " class=x",
        ' id="a"',
        " href=javascript:pwned()",
        ' href="/x"',
        ' title="<b>&amp;"',
        ' style="color:red;position:fixed"',
        " target=_blank",
        ' src="//www.youtube.com/e"',
        " src=x onerror=pwned()",
        '  a="',
        "/",
        " title='\n'",
        ' rel="opener"',
    ]
)
_PIECE = st.one_of(
    st.builds("<{}{}>".format, _NAMES, _ATTRIBUTE),
    st.builds("</{}>".format, _NAMES),
    st.sampled_from(["x", " ", "\n", "&", "&lt;b>", "<", "<!--", "-->", "<![CDATA[", "]]>", "<?", ">", '"']),
    st.sampled_from(["'", "\0", "&#13;", "&nbsp;", "\ud800", "\r\n", "&#1;", "\x0c", "é"]),
    st.text(max_size=6),
)  # fmt: skip
_MARKUP = st.lists(_PIECE, max_size=40).map("".join)
_BOUNDED = settings(max_examples=250, deadline=None)


def without_brackets(markup: str) -> str:
    """A tree's markup; what `canonical_markup` does beyond this undoes what only ours does."""
    return markup.replace("&lt;", "<").replace("&gt;", ">")


@_BOUNDED
@given(_MARKUP)
@example("<pre>&#13;\n")
def test_any_markup_comes_out_inert_stable_and_well_formed(html: str) -> None:
    """For any markup: no fault, the same when sanitised again, the same tree in another parser."""
    clean = sanitize_html(html)
    assert find_faults(clean, DEFAULT_EMBED_HOSTS) == []
    assert sanitize_html(clean) == clean
    assert without_brackets(serialise_tree(clean)) == canonical_markup(clean)


@_BOUNDED
@given(_MARKUP)
def test_any_markup_makes_a_stable_title(html: str) -> None:
    """For any markup: the title is phrasing without fault, on one line, and stable."""
    title = sanitize_inline(html)
    assert find_faults(title, frozenset()) == []
    assert "\n" not in title
    assert sanitize_inline(title) == title


@_BOUNDED
@given(_MARKUP)
def test_balancing_leaves_sanitised_markup_alone(html: str) -> None:
    """What is balanced for its size only is not changed by it, so size never changes a result."""
    clean = sanitize_html(html)
    assert balance(clean) == clean


@_BOUNDED
@given(_MARKUP)
def test_balanced_markup_is_as_safe(html: str) -> None:
    """A large input takes the same way after it was balanced."""
    assert find_faults(sanitize_html(balance(html)), DEFAULT_EMBED_HOSTS) == []


@_BOUNDED
@given(st.text(max_size=80))
def test_text_survives_as_text(text: str) -> None:
    """Words without markup are never lost or turned into markup, whichever way they go."""
    words = plain_text(entities.escape(text))
    assert plain_text(sanitize_html(entities.escape(text))) == words
    assert plain_text(sanitize_inline(entities.escape(text))) == words
    assert all(name == "" for _, name, _, _ in parse_tree(sanitize_html(entities.escape(text))))


@_BOUNDED
@given(
    st.text(max_size=60),
    st.sampled_from(["href", "src", "srcset", "style", "id", "class", "rel", "sizes"]),
)
def test_any_attribute_value_is_sound_or_gone(value: str, name: str) -> None:
    """For any value: no fault, and the value that stays stays."""
    quoted = entities.escape(value.encode("utf-8", "replace").decode())
    clean = sanitize_html(f'<a {name}="{quoted}"><img src="x" {name}="{quoted}"></a>')
    assert find_faults(clean, DEFAULT_EMBED_HOSTS) == []
    assert sanitize_html(clean) == clean


@_BOUNDED
@given(st.text(alphabet="color:red;margin-var(--wp-style)1px ,'\"/*\\url", max_size=60))
def test_any_style_is_sound_or_gone(style: str) -> None:
    """For any mixture of the signs of CSS: nothing is fetched, nothing leaves its box."""
    clean = sanitize_html(f'<p style="{entities.escape(style)}">x</p>')
    assert find_faults(clean, frozenset()) == []
    assert sanitize_html(clean) == clean
