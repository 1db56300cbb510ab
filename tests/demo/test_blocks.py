"""The light markup of articles becomes what WordPress's blocks render."""

from __future__ import annotations

import pytest
from sos.demo.blocks import Blocks
from sos.demo.dates import fill_dates, offset_hours, parse_moment
from sos.demo.inline import Inline, texturize
from sos.demo.library import Item, Library

SITE = "https://www.example.org"
NOON = 1_899_999_999 // 86400 * 86400 + 16 * 3600
DAY = 86400


def render(body: str) -> str:
    return Blocks(Library([], SITE)).render(body).strip("\n")


def test_paragraphs_are_parted_by_empty_lines() -> None:
    """Lines of one paragraph are joined."""
    assert render("one\ntwo\n\nthree") == "<p>one two</p>\n\n\n\n<p>three</p>"


def test_empty_body_is_empty() -> None:
    """No block, no markup."""
    assert Blocks(Library([], SITE)).render("\n\n") == ""


def test_list_below_a_list_item_is_closed_again() -> None:
    """Items of the outer list go on after the inner one, and both end."""
    assert render("- a\n  - b\n  - c\n- d").replace("\n", "") == (
        '<ul class="wp-block-list"><li>a<ul class="wp-block-list"><li>b</li><li>c</li></ul></li>'
        "<li>d</li></ul>"
    )
    assert render("1. a\n  - b").replace("\n", "") == (
        '<ol class="wp-block-list"><li>a<ul class="wp-block-list"><li>b</li></ul></li></ol>'
    )


def test_table_has_a_head_alignment_and_a_caption() -> None:
    """The second line tells which columns are aligned to the right."""
    assert render("| a | b |\n|---|--:|\n| 1 | |\n|= c") == (
        '<figure class="wp-block-table"><table><thead><tr><th>a</th>'
        '<th class="has-text-align-right" data-align="right">b</th></tr></thead>'
        '<tbody><tr><td>1</td><td class="has-text-align-right" data-align="right"></td></tr>'
        '</tbody></table><figcaption class="wp-element-caption">c</figcaption></figure>'
    )


def test_containers_may_hold_containers() -> None:
    """The end of the inner one does not end the outer one."""
    assert render("::: group\n::: details Q\nA\n:::\nend\n:::").count("</details>") == 1
    with pytest.raises(ValueError, match="nothing closes"):
        render("::: group\ntext")
    with pytest.raises(ValueError, match="unknown container"):
        render("::: aside\ntext\n:::")


def test_code_is_escaped_and_otherwise_left_alone() -> None:
    """Quotation marks, asterisks and empty lines of a program stay."""
    assert render('```\na < "b" **c**\n\nd\n```') == (
        '<pre class="wp-block-code"><code>a &lt; "b" **c**\n\nd</code></pre>'
    )


def test_footnotes_are_gathered_at_the_end() -> None:
    """Reference and note name each other, and are numbered in order."""
    body = render("a^[one] b^[two]")
    assert body.index(">1</a></sup>") < body.index(">2</a></sup>") < body.index("<ol")
    assert body.count("wp-block-footnotes") == 1


def test_sound_has_controls_and_a_caption() -> None:
    """As the audio block of WordPress, and it is not fetched whole before somebody listens."""
    horn = Item(id=1, file="2026/01/fog-signal.mp4", title="Horn", published="1d 10:00")
    body = Blocks(Library([horn], SITE)).render("[audio fog-signal] Two *tones*").strip()
    assert body == (
        f'<figure class="wp-block-audio"><audio controls src="{SITE}/wp-content/uploads/2026/01/'
        'fog-signal.mp4" preload="metadata"></audio>'
        '<figcaption class="wp-element-caption">Two <em>tones</em></figcaption></figure>'
    )


def test_unknown_picture_is_an_error() -> None:
    """A typing mistake is found when the site is made, not by a visitor."""
    with pytest.raises(KeyError):
        render("![no-such-picture] Caption")


def test_typography_is_that_of_wordpress() -> None:
    """Quotes, dashes and dots become numeric references; markup characters are escaped."""
    assert texturize('"It\'s" -- so (a "b")...') == (
        "&#8220;It&#8217;s&#8221; &#8211; so (a &#8220;b&#8221;)&#8230;"
    )
    assert texturize("a < b & c") == "a &lt; b &amp; c"
    assert Inline(SITE).render('**a** "b" [c](/d/)') == (
        f'<strong>a</strong> &#8220;b&#8221; <a href="{SITE}/d/">c</a>'
    )


def test_moments_are_counted_from_now() -> None:
    """Days go back to a local time of day; spans are exact; anything else is refused."""
    assert parse_moment("+60s", NOON) == NOON + 60
    assert parse_moment("25m", NOON) == NOON - 1500
    assert NOON - 2 * DAY - 3600 <= parse_moment("2d 12:00", NOON) <= NOON - 2 * DAY + 3600
    for wrong in ("", "yesterday", "2d", "2d 25:00", "60", "-+6s"):
        with pytest.raises(ValueError):
            parse_moment(wrong, NOON)
    assert offset_hours(NOON) in (-4, -5)


def test_weekdays_are_counted_from_publication_or_from_now() -> None:
    """The first Saturday after is never the day itself, nor is the last one before."""
    saturday = 946_749_600  # Saturday, January 1, 2000, 18:00 UTC
    assert fill_dates("{{sat+1}}", saturday, saturday) == "Saturday, January 8"
    assert fill_dates("{{sat+2}}", saturday, saturday) == "Saturday, January 15"
    assert fill_dates("{{sat-1}}", saturday, saturday) == "Saturday, December 25"
    assert fill_dates("{{sun+1}}", saturday, saturday) == "Sunday, January 2"
    assert fill_dates("{{fri-1}}", saturday, saturday) == "Friday, December 31"
    assert fill_dates("{{next mon+1}}", 0, saturday) == "Monday, January 3"
    assert fill_dates("{{+31}} {{year-1}} {{month-1}}", saturday, 0) == (
        "Tuesday, February 1 1999 December"
    )
    assert fill_dates("/{{path}}/ /{{path-1}}/", saturday, 0) == "/2000/01/ /1999/12/"
    with pytest.raises(ValueError):
        fill_dates("{{someday+1}}", saturday, saturday)
