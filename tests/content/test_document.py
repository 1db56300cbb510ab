"""Wire documents become types whatever they hold, or DocumentError; never anything else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sos.content import post as module
from sos.content.document import (
    parse_menu,
    parse_site,
    parse_taxonomies,
    parse_term,
    parse_types,
    parse_user,
)
from sos.content.fields import MAX_BYTES, parse_time
from sos.content.post import Post, parse_post, split_parts
from sos.errors import DocumentError

from tests.content.raw_store import HOME, Json, RawStore, post, term
from tests.content.test_apply_hostile import SOUND_FIELDS, WILD

PARSERS: dict[str, Callable[[bytes], Any]] = {
    "post": parse_post,
    "term": parse_term,
    "user": parse_user,
    "menu": parse_menu,
    "site": parse_site,
    "types": parse_types,
    "taxonomies": parse_taxonomies,
}


def parsed(**changes: Any) -> Post:
    """A post with changes, parsed."""
    return parse_post(json.dumps(post(1, **changes)).encode())


# ---------------------------------------------------------------- bytes


@pytest.mark.parametrize("kind", PARSERS)
@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"null", b"5", b"[]", b'"x"', b"{", b"{} x", b"\xff", b'{"title": "\xff"}'),
        b'{"title": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"a": NaN}',
        b" " * (MAX_BYTES + 1),
    ],
)
def test_what_is_no_document_is_a_document_error(kind: str, data: bytes) -> None:
    """Also where it is nested so deeply that a parser's stack ends, or longer than is read."""
    with pytest.raises(DocumentError):
        PARSERS[kind](data)


@pytest.mark.parametrize("kind", PARSERS)
def test_empty_object_is_a_document_of_defaults(kind: str) -> None:
    """Nothing is required here; what is, the writer has seen to."""
    assert PARSERS[kind](b"{}") is not None


NAMES = [
    *(*SOUND_FIELDS, "id", "slug", "content", "excerpt", "description", "caption", "template"),
    *("modified", "date", "media_details", "source_url", "mime_type", "alt_text", "count", "url"),
    *("gmt_offset", "timezone_string", "site_icon_url", "locations", "labels", "page_for_posts"),
]  # fmt: skip
SOS = st.dictionaries(
    st.sampled_from(
        ["css", "head", "items", "locations", "settings", "language", "date_base", "archive_path"]
    ),
    st.one_of(WILD, st.lists(WILD, max_size=2), st.dictionaries(st.sampled_from(NAMES), WILD)),
    max_size=4,
)
ANY = st.one_of(
    st.dictionaries(st.sampled_from(NAMES), WILD, max_size=8),
    st.dictionaries(st.sampled_from(["sos", "a", "post"]), st.one_of(SOS, WILD), max_size=3),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(sorted(PARSERS)), fields=ANY)
def test_wrong_types_in_any_field_never_raise(kind: str, fields: dict[str, Any]) -> None:
    """A default stands in for each of them."""
    data = json.dumps(fields).encode()
    try:
        PARSERS[kind](data)
    except DocumentError:
        assert b"NaN" in data or b"Infinity" in data or b"\\ud" in data


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_document_or_a_document_error(data: bytes) -> None:
    """Noise from a broken store."""
    for parse in PARSERS.values():
        try:
            parse(data)
        except DocumentError:
            continue


# ---------------------------------------------------------------- posts


def test_protected_post_keeps_nothing_of_its_text() -> None:
    """Neither body nor excerpt nor the description of media, whatever the publisher sent."""
    secret = {"rendered": "<p>secret</p>", "protected": True}
    for field in ("content", "excerpt"):
        found = parsed(
            **{"excerpt": {"rendered": "secret"}, "content": {"rendered": "secret"}, field: secret}
        )
        assert found.protected
        assert (found.parts, found.excerpt) == (("",), "")
    media = parsed(type="attachment", content=secret, description="secret", caption="secret")
    assert (media.parts, media.excerpt) == (("",), "")


@pytest.mark.parametrize(
    ("html", "parts"),
    [
        ("", ("",)),
        ("a", ("a",)),
        ("a<!--nextpage-->b", ("a", "b")),
        ("<p>a</p>\n<p><!--nextpage--></p>\n<p>b</p>", ("<p>a</p>\n", "\n<p>b</p>")),
        ("<!--nextpage-->a<!--nextpage-->b", ("a", "b")),
        ("a<!--nextpage-->", ("a", "")),
        ("a<!--nextpage--><!--nextpage-->b", ("a", "", "b")),
        ("x<!--more-->a<!--noteaser-->", ("a<!--noteaser-->",)),
        ('x<span id="more-5"></span>a<!--noteaser-->', ("a<!--noteaser-->",)),
        ("a<!--noteaser-->", ("a<!--noteaser-->",)),
    ],
)  # fmt: skip
def test_body_is_split_as_wordpress_splits_it(html: str, parts: tuple[str, ...]) -> None:
    """WP_Query::generate_postdata; the teaser goes where the editor wants none."""
    assert split_parts(html) == parts


HOSTILE = {
    "more marks without an end": "<!--noteaser-->" + "<!--more" * 150_000,
    "pages in open paragraphs": "<p> " * 200_000,
    "white space": "<p>" + " " * 900_000,
    "read-more classes": '<a class="more-link">x</a><p class="' + "link-more " * 60_000 + '">' + " " * 300_000,
    "read-more links": '<a class="more-link" ' * 40_000,
    "nested links": '<a class="more-link">' * 40_000 + "</a>",
    "open links": "<a " * 300_000 + "more-link",
    "figures": '<figure class="' + "wp-block-table" * 60_000,
    "attachment": '<p class="attachment">' * 40_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_more_than_linear_time(name: str) -> None:
    """An editor could otherwise stop every worker with one post. Sanitising has its own test."""
    text = HOSTILE[name]
    started = time.process_time()
    split_parts(text)
    module._without_more_link(text + "more-link")
    module._TABLE.sub("", text)
    module._WHOLE_PICTURE.sub("", text)
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("excerpt", "kept"),
    [
        ('<p>A</p> <p class="link-more"><a href="/x/" class="more-link">On</a></p>', "<p>A</p>"),
        ('<p>A … <a class="more-link" href="/x/">On <span>reading</span></a></p>', "<p>A … </p>"),
        ('<p>A <a href="/x/">link</a></p>', '<p>A <a href="/x/">link</a></p>'),
    ],
)
def test_read_more_link_of_a_theme_is_no_part_of_an_excerpt(excerpt: str, kept: str) -> None:
    """Ours has its own."""
    found = parsed(excerpt={"rendered": excerpt}).excerpt
    assert found.replace(' rel="noopener noreferrer"', "").strip() == kept


def test_ids_of_any_field_are_kept_as_terms() -> None:
    """Which of them are terms, the taxonomies say."""
    found = parsed(categories=[1, 2], genres=[3], odd=[1, "2"], empty=[], flags=[True], low=[0])
    assert dict(found.terms) == {"categories": (1, 2), "genres": (3,)}


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".a { color: red }", True),
        (".a > .b::before { content: 'x' }", True),
        ("</style><script>", False),
        ("@import 'x'", False),
        (".a { background: URL(x) }", False),
        (".a { background: image-set('https://x.example/a.png' 1x) }", False),
        (".a { background: -webkit-image-set('x' 1x) }", False),
        (".a { background: image('x') }", False),
        (".a { background: src('x') }", False),
        (".a { background: u\\rl(x) }", False),
        (".a { width: expression(alert(1)) }", False),
    ],
)
def test_css_that_could_load_something_is_dropped(css: str, kept: bool) -> None:
    """All of it: half a rule may mean something else."""
    assert parsed(sos={"css": css}).css == (css if kept else "")


def test_slug_is_decoded_once() -> None:
    """It is shown, and templates are named after it."""
    for raw, slug in (("%e6%97%a5", "日"), ("100%25", "100%"), ("%ff", "\ufffd")):
        assert parse_post(json.dumps({**post(1), "slug": raw}).encode()).slug == slug


def test_picture_has_its_sizes_in_order() -> None:
    """By width; what has no address is left out."""
    details = {
        "width": 900, "height": "600", "filesize": -5,
        "sizes": {
            "large": {"source_url": "/l.jpg", "width": 800, "height": 500},
            "small": {"source_url": "/s.jpg", "width": 100, "height": 60},
            "odd": {"width": 5}, "odder": 7,
        },
    }  # fmt: skip
    media = parsed(
        type="attachment", source_url="/a.jpg", media_details=details, alt_text="<b>A</b>"
    ).media
    assert media is not None
    assert [s.url for s in media.sizes] == ["/s.jpg", "/l.jpg"]
    assert (media.width, media.height, media.bytes, media.alt) == (900, 600, 0, "A")
    assert parsed(source_url="/a.jpg").media is None


# ---------------------------------------------------------------- the same as the writer says

MOMENTS = st.one_of(
    st.datetimes().map(lambda d: d.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")),
    st.from_regex(r"\A[0-9]{4}-[0-3][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9]\Z"),
    st.sampled_from(["2024-W01-1", "20240101", "2024-01-01", "2024-01-01T10:00:00Z", "٢٠٢٤-01-01T00:00:00"]),
    st.text(max_size=20),
    st.none(),
    st.integers(),
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-5, 10**15),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["12", " 12 ", "1_0", "0x10", "1e3", "-1", "nan", "12.5", "", "٢"]),
    st.booleans(),
    st.none(),
    st.lists(st.integers(), max_size=1),
)


@settings(max_examples=150, deadline=None)
@given(dates=st.tuples(MOMENTS, MOMENTS, MOMENTS, MOMENTS), parent=NUMBERS, author=NUMBERS)
def test_writer_and_reader_agree_on_times_and_numbers(
    valkey_client: redis.Redis, dates: tuple[Any, ...], parent: Any, author: Any
) -> None:
    """A list in another order than its dates, or a page below another parent, would be a lie."""
    names = ("date_gmt", "date", "modified_gmt", "modified")
    fields: Json = dict(zip(names, dates, strict=True))
    body = json.dumps(page_of(fields, parent, author))
    store = RawStore(valkey_client)
    assert store.put("post:1", body) == "applied"
    entry, found = store.entry("post:1"), parse_post(body.encode())
    store.forget()
    assert (entry.at, entry.parent) == (found.published, found.parent)
    assert max(entry.at, entry.modified) == found.modified
    assert (f"user:{found.author}" in entry.deps) is (found.author > 0)


def page_of(fields: Json, parent: Any, author: Any) -> Json:
    """A page with these fields."""
    return {**post(1, type="page", parent=parent, author=author), **fields}


@pytest.mark.parametrize(
    "value", ["2024-02-30T00:00:00", "2024-01-01T24:00:00", "0000-00-00T00:00:00", "", None, 5]
)
def test_time_that_does_not_exist_is_none(value: object) -> None:
    """WordPress writes zeros for a draft that was never dated."""
    assert parse_time(value) is None


def test_time_is_utc_whatever_follows_it() -> None:
    """Seconds since 1970; a fraction or a zone behind it is not read."""
    assert parse_time("2020-02-29T12:30:15") == parse_time("2020-02-29 12:30:15.5Z") == 1582979415
    assert parse_time("1969-12-31T23:59:59") == -1


# ---------------------------------------------------------------- the others


@pytest.mark.parametrize(
    ("locale", "tag"),
    [
        ("de_DE_formal", "de-DE"), ("en-GB", "en-GB"), ("ar", "ar"), ("pt_PT_ao90", "pt-PT"),
        ("", "en-US"), ("x", "en-US"), ("../etc", "en-US"), ('"><script>', "en-US"),
    ],
)  # fmt: skip
def test_language_is_a_tag_or_the_default(locale: str, tag: str) -> None:
    """It stands in an attribute of every page."""
    assert parse_site(json.dumps({"sos": {"language": locale}}).encode()).language == tag


def test_names_are_plain_or_sanitised() -> None:
    """A name may hold anything in WordPress's database."""
    hostile = '<script>alert(1)</script><b onclick="x">N</b>'
    site = parse_site(json.dumps({"name": hostile, "description": hostile}).encode())
    user = parse_user(json.dumps({"id": 1, "name": hostile}).encode())
    kind = parse_term(json.dumps(term(1, name=hostile)).encode())
    entry = {"id": 1, "title": {"rendered": hostile}, "url": f"{HOME}/"}
    menu = parse_menu(json.dumps({"id": 1, "sos": {"items": [entry, 5]}}).encode())
    for text in (site.name, site.description, user.name, kind.name, menu.items[0].title):
        assert "script" not in text
        assert "onclick" not in text
        assert "N" in text


def test_menu_entry_names_what_it_leads_to() -> None:
    """So that an entry of what is not public can be left out."""
    items = [
        {"id": 1, "type": "post_type", "object_id": 7},
        {"id": 2, "type": "taxonomy", "object_id": "8"},
        {"id": 3, "type": "custom", "object_id": 3},
    ]
    menu = parse_menu(
        json.dumps({"id": 1, "sos": {"items": items, "locations": ["a", 5]}}).encode()
    )
    assert [i.target for i in menu.items] == ["post:7", "term:8", ""]
    assert menu.locations == ("a",)


@pytest.mark.parametrize(
    ("offset", "kept"), [(2, 2.0), ("5.5", 5.5), (99, 0.0), ("x", 0.0), (None, 0.0), ("nan", 0.0)]
)
def test_offset_is_that_of_a_time_zone(offset: object, kept: float) -> None:
    """Else the site is on UTC."""
    assert parse_site(json.dumps({"gmt_offset": offset}).encode()).gmt_offset == kept
