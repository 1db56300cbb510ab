"""Links to the host that editors work on, as the public gets them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.page.rewrite import Rewriter

PUBLIC = "https://www.example.com"
CMS = Rewriter(PUBLIC, "https://cms.example.org", "https://cms.example.org")
BLOG = Rewriter(PUBLIC, "https://example.org/blog", "https://example.org/blog")
APEX = Rewriter("https://www.example.org", "https://example.org")
DOCKER = Rewriter(PUBLIC, "http://wordpress")
PORT = Rewriter(PUBLIC, "http://localhost:8888")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<a href="https://cms.example.org/x/">', '<a href="https://www.example.com/x/">'),
        ('<a href="http://cms.example.org/x/">', '<a href="https://www.example.com/x/">'),
        ('<a href="//cms.example.org/x/">', '<a href="https://www.example.com/x/">'),
        ('<a href="HTTPS://CMS.Example.ORG/x/">', '<a href="https://www.example.com/x/">'),
        ('<a href="https://www.cms.example.org/">', '<a href="https://www.example.com/">'),
        ('<a href="https://cms.example.org">', '<a href="https://www.example.com">'),
        ('<a href="https://cms.example.org?p=1">', '<a href="https://www.example.com?p=1">'),
        ('<a href="https://cms.example.org:443/x">', '<a href="https://www.example.com/x">'),
        (
            'srcset="https://cms.example.org/a.jpg 1x,https://cms.example.org/b.jpg 2x"',
            'srcset="https://www.example.com/a.jpg 1x,https://www.example.com/b.jpg 2x"',
        ),
        (r'{"u":"https:\/\/cms.example.org\/x"}', r'{"u":"https:\/\/www.example.com\/x"}'),
        (
            "https://share.test/?u=https%3A%2F%2Fcms.example.org%2Fx",
            "https://share.test/?u=https%3A%2F%2Fwww.example.com%2Fx",
        ),
        ("Write to cms.example.org today", "Write to www.example.com today"),
        ("Go to https://cms.example.org.", "Go to https://www.example.com."),
        ("(cms.example.org)", "(www.example.com)"),
    ],
)
def test_the_admin_host_is_replaced_wherever_it_stands(text: str, expected: str) -> None:
    """With any scheme, in any case, in srcset, JSON, the query of another link, and plain text."""
    assert CMS.html(text) == expected
    assert CMS.html(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://cms.example.org.evil.test/",
        "https://cms.example.orgs/",
        "https://cms.example.org-x.test/",
        "https://notcms.example.org/",
        "https://a.cms.example.org/",
        "https://example.org/",
        "https://cms.example.org:8443/",
        "//cms.example.org.uk/",
        r"https:\/\/cms.example.org.evil.test\/",
        "https%3A%2F%2Fcms.example.org.evil.test%2F",
        "mailto:office@cms.example.org",
        "cms.example.orgs and xcms.example.org",
    ],
)
def test_other_hosts_are_left_alone(text: str) -> None:
    """A longer name, another port, a mail address."""
    assert CMS.html(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/blog/x/", "https://www.example.com/x/"),
        ("https://example.org/blog", "https://www.example.com"),
        ("https://example.org/blog?p=1", "https://www.example.com?p=1"),
        ("https://example.org/blogger/", "https://www.example.com/blogger/"),
        ("https://example.org/blog-2/", "https://www.example.com/blog-2/"),
        ("https://example.org/blog%20x/", "https://www.example.com/blog%20x/"),
        ("https://example.org/blog.html", "https://www.example.com/blog.html"),
        (r"https:\/\/example.org\/blog\/x", r"https:\/\/www.example.com\/x"),
        ("https%3A%2F%2Fexample.org%2Fblog%2Fx", "https%3A%2F%2Fwww.example.com%2Fx"),
    ],
)
def test_an_installation_in_a_folder_loses_the_folder(text: str, expected: str) -> None:
    """Its home becomes the root; a folder whose name only begins like it stays."""
    assert BLOG.html(text) == expected


def test_the_public_host_may_be_wordpress_s_own() -> None:
    """Then only the scheme is put right, and the folder of an installation taken away."""
    same = Rewriter("https://example.org", "http://example.org/blog")
    assert same.html('<a href="http://example.org/blog/x/">') == '<a href="https://example.org/x/">'
    assert same.html("https://example.org/shop/") == "https://example.org/shop/"
    assert same.path("https://example.org/blog/x/") == "/x/"
    assert APEX.html("http://www.example.org/x") == "https://www.example.org/x"


def test_mail_addresses_keep_their_domain() -> None:
    """The apex of the site is where its mail goes."""
    text = '<a href="mailto:info@example.org">info@example.org</a>'
    assert APEX.html(text) == text
    assert APEX.path("mailto:info@example.org") == "mailto:info@example.org"


def test_a_host_that_is_a_word_is_replaced_in_links_only() -> None:
    """A container called wordpress, or localhost, must not change what people write."""
    assert DOCKER.html("I love WordPress.") == "I love WordPress."
    assert DOCKER.html('<a href="http://wordpress/x">') == f'<a href="{PUBLIC}/x">'
    local = Rewriter(PUBLIC, "http://127.0.0.1")
    assert local.html("listen on 127.0.0.1") == "listen on 127.0.0.1"
    assert local.html("http://127.0.0.1/x") == f"{PUBLIC}/x"


def test_a_host_is_known_with_its_port() -> None:
    """Another port of the same machine is another site."""
    assert PORT.html("http://localhost:8888/x") == f"{PUBLIC}/x"
    for other in ("http://localhost/x", "http://localhost:88888/x", "http://localhost:888/x"):
        assert PORT.html(other) == other


def test_a_public_host_with_a_port_stays_what_it_is() -> None:
    """As in a demo on one machine."""
    demo = Rewriter("http://127.0.0.1:8080", "https://cms.example.org")
    assert demo.html("https://cms.example.org/x") == "http://127.0.0.1:8080/x"
    assert demo.html("http://127.0.0.1:8080/x") == "http://127.0.0.1:8080/x"
    assert demo.path("http://127.0.0.1:8080/x") == "/x"


def test_nothing_is_known_before_the_site_is() -> None:
    """Without a home there is nothing to replace."""
    empty = Rewriter(PUBLIC)
    assert empty.html("https://cms.example.org/") == "https://cms.example.org/"
    assert empty.path("/x") == "/x"


@pytest.mark.parametrize("home", ["http://[", "nonsense", "", "//", "http://", "http://[::1"])
def test_a_home_that_is_none_breaks_nothing(home: str) -> None:
    """A damaged site document leaves links as they are."""
    assert Rewriter(PUBLIC, home).html("see http://x.test/") == "see http://x.test/"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://cms.example.org/x/", "/x/"),
        ("https://cms.example.org", "/"),
        ("https://cms.example.org#top", "/#top"),
        ("https://cms.example.org?p=1", "/?p=1"),
        ("//cms.example.org/x", "/x"),
        ("https://www.example.com/x", "/x"),
        ("http://www.example.com/x", "/x"),
        (" https://cms.example.org/x ", "/x"),
        ("/x/", "/x/"),
        ("#top", "#top"),
        ("", ""),
        ("https://other.test/x", "https://other.test/x"),
        ("https://www.example.com.evil.test/", "https://www.example.com.evil.test/"),
        ("//other.test/x", "//other.test/x"),
        ("mailto:a@b.test", "mailto:a@b.test"),
        ("tel:+1234", "tel:+1234"),
        ("javascript:alert(1)", ""),
        ("JaVaScRiPt:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("\x01" * 50 + "javascript:alert(1)", ""),
        ("j" + "\t" * 50 + "avascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("vbscript:x", ""),
        ("http://[", ""),
        ("https://[::1", ""),
    ],
)
def test_a_url_becomes_a_path_or_stays_or_is_nothing(url: str, path: str) -> None:
    """Paths on this site, absolute URLs of others, nothing for what runs or can't be read."""
    assert CMS.path(url) == path


def test_paths_below_the_folder_of_an_installation_lose_it_too() -> None:
    """Menus have them without a host."""
    assert BLOG.path("/blog/x/") == "/x/"
    assert BLOG.path("/blog") == "/"
    assert BLOG.path("/blog?p=1") == "/?p=1"
    assert BLOG.path("/blogger/") == "/blogger/"
    assert BLOG.path("/x/") == "/x/"


@given(
    st.text(max_size=200) | st.text(st.sampled_from("htps:/\\%2F3A.cmsexaplog@[]#?"), max_size=80)
)
def test_no_text_raises(text: str) -> None:
    """Any text may stand in a document."""
    for rewriter in (CMS, BLOG, APEX, PORT):
        once = rewriter.html(text)
        assert rewriter.html(once) == once or rewriter is BLOG
        assert not rewriter.path(text).lower().lstrip().startswith(("javascript:", "data:"))
