"""The judges of feeds and sitemaps find each error planted in a good sample, and pass the sample."""

import pytest

from tests.servers.quality import check_feed, check_sitemap, sitemap
from tests.servers.quality.planting import assert_clean, assert_found, planted

# --- Feeds ---------------------------------------------------------------------------------------

RSS_URL = "http://www.example.org/feed/"
GOOD_RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel>
<title>Steps &amp; stones</title>
<atom:link href="http://www.example.org/feed/" rel="self" type="application/rss+xml"/>
<link>http://www.example.org/</link>
<description>Notes on walking</description>
<lastBuildDate>Mon, 02 Jun 2025 10:00:00 +0000</lastBuildDate>
<item>
<title>First steps</title>
<link>http://www.example.org/first/</link>
<dc:creator>The editors</dc:creator>
<pubDate>Mon, 02 Jun 2025 10:00:00 +0000</pubDate>
<guid isPermaLink="false">http://www.example.org/?p=1</guid>
<enclosure url="http://www.example.org/first.mp3" length="1234" type="audio/mpeg"/>
</item>
<item>
<description>No title &lt;b&gt;here&lt;/b&gt;</description>
<pubDate>Sun, 01 Jun 2025 10:00:00 GMT</pubDate>
<guid>http://www.example.org/second/</guid>
</item>
</channel>
</rss>
"""

ATOM_URL = "http://www.example.org/feed/atom/"
GOOD_ATOM = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title type="text">Steps &amp; stones</title>
<updated>2025-06-02T10:00:00Z</updated>
<id>http://www.example.org/feed/atom/</id>
<link rel="alternate" type="text/html" href="http://www.example.org/"/>
<link rel="self" type="application/atom+xml" href="http://www.example.org/feed/atom/"/>
<entry>
<author><name>The editors</name></author>
<title type="html">First &amp;amp; steps</title>
<link rel="alternate" type="text/html" href="http://www.example.org/first/"/>
<id>http://www.example.org/?p=1</id>
<updated>2025-06-02T12:00:00.25+02:00</updated>
<published>2025-06-02T10:00:00Z</published>
<content type="html">&lt;p&gt;Walk.&lt;/p&gt;</content>
</entry>
<entry>
<author><name>The editors</name><uri>http://www.example.org/about/</uri></author>
<title></title>
<link href="http://www.example.org/second/"/>
<id>urn:uuid:60a76c80-d399-11d9-b93c-0003939e0af6</id>
<updated>2025-06-01T10:00:00Z</updated>
<summary type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Walk.</p></div></summary>
</entry>
</feed>
"""


def test_feed_judge_passes_good_feeds_with_their_content_types() -> None:
    """Minimal and full items, both formats, served as what they are."""
    rss = check_feed(
        RSS_URL, GOOD_RSS.encode(), "rss", content_type="application/rss+xml; charset=UTF-8"
    )
    assert_clean(rss)
    atom = check_feed(
        ATOM_URL, GOOD_ATOM.encode(), "atom", content_type="application/atom+xml; charset=UTF-8"
    )
    assert_clean(atom)


@pytest.mark.parametrize(
    ("old", "new", "fragment"),
    [
        ("<description>Notes on walking</description>\n", "", "line 3: channel has no description"),
        ("Steps &amp; stones", "", "line 4: the title of channel is empty"),
        ("<link>http://www.example.org/</link>", "<link>/</link>", "line 6: link '/'"),
        ('rel="self"', 'rel="next"', "no atom:link with rel=self"),
        ('org/feed/" rel', 'org/feed" rel', "rel=self names"),
        ('version="2.0"', 'version="0.91"', "version '0.91'"),
        ("<description>No title &lt;b&gt;here&lt;/b&gt;</description>", "", "neither title nor"),
        (
            "Sun, 01 Jun",
            "Mon, 01 Jun",
            "line 19: pubDate: 'Mon, 01 Jun 2025 10:00:00 GMT' was a Sun",
        ),
        ("Sun, 01 Jun 2025 10:00:00 GMT", "2025-06-01T10:00:00Z", "not an RFC 822 date"),
        ("Sun, 01 Jun 2025", "31 Jun 2025", "not in the calendar"),
        ("<guid>http://www.example.org/second/</guid>", "", "line 17: item has no guid"),
        ("<guid>http://www.example.org/second/", "<guid>post-2", "permalink but is no address"),
        (
            "<guid>http://www.example.org/second/",
            "<guid>http://www.example.org/?p=1",
            "used before, on line 14",
        ),
        ('length="1234"', 'length="12 kB"', "enclosure has the length '12 kB'"),
        ('type="audio/mpeg"', 'type="mp3"', "enclosure has the type 'mp3'"),
        ('url="http://www.example.org/first.mp3"', 'url="/first.mp3"', "enclosure has the url"),
        ("<dc:creator>The editors</dc:creator>", "<author>The editors</author>", "author is not"),
    ],
)
def test_feed_judge_finds_each_planted_rss_error(old: str, new: str, fragment: str) -> None:
    """One change to the good sample is one problem, with its line."""
    problems = check_feed(RSS_URL, planted(GOOD_RSS, old, new).encode(), "rss")
    if old.startswith("version"):
        assert_found(problems, fragment, "feedparser sees")
    else:
        assert_found(problems, fragment)


@pytest.mark.parametrize(
    ("old", "new", "fragment"),
    [
        ("<updated>2025-06-02T10:00:00Z</updated>\n", "", "line 2: feed has no updated"),
        ("<updated>2025-06-01T10:00:00Z", "<updated>2025-06-01 10:00", "not an RFC 3339"),
        (
            "<published>2025-06-02T10:00:00Z",
            "<published>2025-02-30T10:00:00Z",
            "line 14: published",
        ),
        ("<id>http://www.example.org/feed/atom/</id>", "<id>feed</id>", "not an absolute IRI"),
        (
            "<id>http://www.example.org/?p=1",
            "<id>urn:uuid:60a76c80-d399-11d9-b93c-0003939e0af6",
            "line 21: id",
        ),
        ("<id>http://www.example.org/?p=1</id>", "", "line 8: entry has no id"),
        ("<title></title>", "", "entry has no title"),
        ("<title></title>", "<title></title><title>Third</title>", "2 title elements"),
        ("<author><name>The editors</name></author>", "", "neither the entry nor the feed"),
        ("<name>The editors</name><uri>", "<uri>", "author has no name"),
        ('rel="self"', 'rel="related"', "no link with rel=self"),
        ('<link href="http://www.example.org/second/"/>', "", "no link with rel=alternate"),
        (
            'href="http://www.example.org/second/"',
            'href="/second/"',
            "link has the href '/second/'",
        ),
        ('<content type="html">&lt;p&gt;', '<content type="html"><p/>', "contains elements"),
        ('<content type="html">', '<content type="markup">', "has the type 'markup'"),
        ("<p>Walk.</p></div>", "<p>Walk.</p></div><p/>", "not one xhtml:div"),
    ],
)
def test_feed_judge_finds_each_planted_atom_error(old: str, new: str, fragment: str) -> None:
    """One change to the good sample is one problem, with its line."""
    problems = check_feed(ATOM_URL, planted(GOOD_ATOM, old, new).encode(), "atom")
    assert_found(problems, fragment)


def test_feed_judge_finds_what_is_wrong_with_the_document_itself() -> None:
    """Broken XML, the other format, a wrong content type, and another charset than declared."""
    cut = GOOD_RSS.encode()[:-20]
    assert_found(check_feed(RSS_URL, cut, "rss"), "not well-formed XML")
    assert_found(check_feed(RSS_URL, GOOD_ATOM.encode(), "rss"), "the root element is")
    assert_found(check_feed(ATOM_URL, GOOD_RSS.encode(), "atom"), "the root element is rss")
    as_html = check_feed(RSS_URL, GOOD_RSS.encode(), "rss", content_type="text/html")
    assert any("served as text/html" in problem.message for problem in as_html)
    latin = check_feed(
        RSS_URL, GOOD_RSS.encode(), "rss", content_type="application/rss+xml; charset=latin-1"
    )
    assert any("written as UTF-8" in problem.message for problem in latin)


def test_feed_judge_sees_repeated_ids_on_one_line() -> None:
    """A feed without line breaks is judged like any other."""
    one_line = planted(GOOD_RSS, "http://www.example.org/second/", "http://www.example.org/?p=1")
    head, _, rest = one_line.partition("\n")
    body = head + rest.replace("\n", "")
    assert_found(check_feed(RSS_URL, body.encode(), "rss"), "was used before, on line 1")


# --- Sitemaps ------------------------------------------------------------------------------------

SITEMAP_URL = "http://www.example.org/sitemap-1.xml"
GOOD_SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>http://www.example.org/</loc><lastmod>2025-06-02T10:00:00+00:00</lastmod></url>
<url><loc>http://www.example.org/%C3%A9t%C3%A9/</loc><lastmod>2025-06</lastmod>
<priority>0.5</priority><image:image><image:loc>http://www.example.org/a.jpg</image:loc></image:image></url>
<url><loc>http://www.example.org/?a=1&amp;b=2</loc><changefreq>daily</changefreq></url>
</urlset>
"""
GOOD_INDEX = """<?xml version="1.0" encoding="UTF-8"?>
<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>http://www.example.org/sitemap-1.xml</loc><lastmod>2025-06-02</lastmod></sitemap>
</sitemapindex>
"""


def test_sitemap_judge_passes_a_sitemap_and_an_index() -> None:
    """Dates of each precision, escaped addresses, and elements of other namespaces."""
    assert_clean(check_sitemap(SITEMAP_URL, GOOD_SITEMAP.encode()))
    assert_clean(check_sitemap("http://www.example.org/sitemap.xml", GOOD_INDEX.encode()))


@pytest.mark.parametrize(
    ("old", "new", "fragment"),
    [
        ("sitemap/0.9", "sitemap/0.8", "the root element is"),
        ("&amp;", "&", "not well-formed XML"),
        (
            "<loc>http://www.example.org/</loc>",
            "<loc>/</loc>",
            "line 3: loc '/' is not an absolute",
        ),
        ("<loc>http://www.example.org/</loc>", "", "url has no loc"),
        (
            "<loc>http://www.example.org/</loc>",
            "<loc>https://www.example.org/</loc>",
            "another site",
        ),
        ("org/?a", "org:8080/?a", "another site"),
        ("org/?a=1&amp;b=2<", "org/<", "was used before, on line 3"),
        ("2025-06-02T10:00:00+00:00", "2025-06-02 10:00:00", "not a W3C datetime"),
        ("2025-06-02T10:00:00+00:00", "2025-06-02T10:00:00", "not a W3C datetime"),
        ("2025-06<", "2025-13<", "not in the calendar"),
        ("daily", "often", "changefreq is 'often'"),
        ("0.5", "5", "priority is '5'"),
        ("<priority>0.5</priority>", "<prio>0.5</prio>", "url contains prio"),
        ("?a=1", "?" + "a" * 2100, "2048 or more"),
    ],
)
def test_sitemap_judge_finds_each_planted_error(old: str, new: str, fragment: str) -> None:
    """One change to the good sample is one problem, with its line."""
    assert_found(check_sitemap(SITEMAP_URL, planted(GOOD_SITEMAP, old, new).encode()), fragment)


def test_sitemap_judge_counts_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocol's limit is allowed, one address more is not."""
    assert sitemap.MAX_ENTRIES == 50_000
    monkeypatch.setattr(sitemap, "MAX_ENTRIES", 3)
    assert_clean(check_sitemap(SITEMAP_URL, GOOD_SITEMAP.encode()))
    one_more = "<url><loc>http://www.example.org/more/</loc></url></urlset>"
    longer = planted(GOOD_SITEMAP, "</urlset>", one_more)
    assert_found(check_sitemap(SITEMAP_URL, longer.encode()), "has 4 entries, more than 3")


def test_empty_sitemap_is_a_problem() -> None:
    """An index or a sitemap without entries tells a crawler nothing, which is never meant."""
    empty = GOOD_SITEMAP.partition("<url>")[0] + "</urlset>"
    assert_found(check_sitemap(SITEMAP_URL, empty.encode()), "urlset is empty")
