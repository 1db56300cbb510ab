"""Times in the site's zone, format and words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from babel import core, localedata
from hypothesis import given
from hypothesis import strategies as st
from sos.page.dates import build_moment, day_span, direction, format_php, site_zone, to_local

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2024, 3, 1, 12, 4, 5, tzinfo=BERLIN)
LATE = datetime(2024, 12, 30, 15, 4, 5, 123456, tzinfo=BERLIN)
LETTERS = "dDjlNSwzWFmMntLoYyaABgGhHisuveIOPpTZcrU"

# What `php -r 'echo (new DateTime("2024-12-30 15:04:05.123456", new DateTimeZone("Europe/Berlin")))
# ->format($letter);'` prints; D, l, F and M are in English there as they are here.
PHP = {
    "d": "30", "D": "Mon", "j": "30", "l": "Monday", "N": "1", "S": "th", "w": "1", "z": "364",
    "W": "01", "F": "December", "m": "12", "M": "Dec", "n": "12", "t": "31", "L": "1", "o": "2025",
    "Y": "2024", "y": "24", "a": "pm", "A": "PM", "B": "627", "g": "3", "G": "15", "h": "03",
    "H": "15", "i": "04", "s": "05", "u": "123456", "v": "123", "e": "Europe/Berlin", "I": "0",
    "O": "+0100", "P": "+01:00", "p": "+01:00", "T": "CET", "Z": "3600",
    "c": "2024-12-30T15:04:05+01:00", "r": "Mon, 30 Dec 2024 15:04:05 +0100", "U": "1735567445",
}  # fmt: skip


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter_of_php_is_understood(letter: str) -> None:
    """Each letter of date() gives what PHP gives."""
    assert format_php(LATE, letter, "en-US") == PHP[letter]


@pytest.mark.parametrize(
    ("php", "text"),
    [
        ("F j, Y", "March 1, 2024"),
        ("jS F Y", "1st March 2024"),
        (r"\D\a\y j", "Day 1"),
        (r"j \d\e F", "1 de March"),
        ("g:i a", "12:04 pm"),
        ("H:i:s", "12:04:05"),
        ("Y/m/d", "2024/03/01"),
        ("%-x ’", "%-x ’"),
        ("Y\\", "2024"),
        ("", ""),
    ],
)
def test_formats_are_php_s(php: str, text: str) -> None:
    """A backslash quotes the next letter; what is no letter of date() stands for itself."""
    assert format_php(NOON, php, "en-US") == text


@pytest.mark.parametrize(
    ("language", "php", "text"),
    [
        ("de-DE", "l, j. F Y", "Freitag, 1. März 2024"),
        ("de-DE", "F Y", "März 2024"),
        ("de-DE", "jS F", "1 März"),
        ("ar", "j F Y", "1 مارس 2024"),
        ("ar", "g:i a", "12:04 م"),
        ("ru-RU", "j F Y", "1 марта 2024"),
        ("ru-RU", "F Y", "март 2024"),
        ("zh-CN", "Y年n月j日 l", "2024年3月1日 星期五"),
        ("xx-YY", "F", "March"),
        ("english", "F", "March"),
        ("", "F", "March"),
        ("12-34", "F", "March"),
    ],
)
def test_words_are_the_site_s(language: str, php: str, text: str) -> None:
    """Months and weekdays are translated, declined next to a day; unknown languages are English."""
    assert format_php(NOON, php, language) == text


def test_one_language_leaves_no_trace_in_another() -> None:
    """Babel keeps what it looked up in data that languages share; ours does not."""
    alone = [format_php(NOON, "F Y, M, D", x) for x in ("he", "fa", "ckb")]
    for language in ("zh", "de", "pl", "he", "fa", "ckb"):
        format_php(NOON, "F Y, M, D, l a", language)
    assert [format_php(NOON, "F Y, M, D", x) for x in ("he", "fa", "ckb")] == alone
    assert format_php(NOON, "F", "de") == "März"


@pytest.mark.parametrize(
    ("day", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
     (21, "21st"), (22, "22nd"), (23, "23rd"), (30, "30th"), (31, "31st")],
)  # fmt: skip
def test_days_have_english_endings(day: int, text: str) -> None:
    """As PHP's S has them."""
    assert format_php(NOON.replace(day=day), "jS", "en-GB") == text


# ---------------------------------------------------------------- moments


def test_a_moment_is_in_the_site_s_zone() -> None:
    """The same second is another day elsewhere."""
    epoch = int(datetime(2024, 12, 31, 23, 30, tzinfo=UTC).timestamp())
    moment = build_moment(epoch, BERLIN, "de-DE", "j. F Y", "H:i")
    assert (moment.iso, moment.date, moment.time) == (
        "2025-01-01T00:30:00+01:00",
        "1. Januar 2025",
        "00:30",
    )
    assert moment.epoch == epoch


def test_summer_time_is_the_zone_s_business() -> None:
    """One second before and after the clock goes forward."""
    change = int(datetime(2024, 3, 31, 1, tzinfo=UTC).timestamp())
    assert build_moment(change - 1, BERLIN, "en", "Y", "H:i:s").time == "01:59:59"
    assert build_moment(change, BERLIN, "en", "Y", "H:i:s").time == "03:00:00"


def test_old_dates_have_offsets_that_html_takes() -> None:
    """Before 1900 zones had offsets with seconds, which neither RFC 3339 nor HTML know."""
    moment = build_moment(-4_000_000_000, BERLIN, "en", "Y", "H:i")
    assert moment.iso == "1843-03-31T16:53:20+00:00"
    assert moment.date == "1843"


@pytest.mark.parametrize("epoch", [10**20, -(10**20), 253_402_300_800, -62_135_596_801])
def test_times_beyond_the_calendar_are_1970(epoch: int) -> None:
    """A page with a wrong date is better than no page."""
    assert to_local(epoch, UTC).year == 1970


@given(st.integers(-(10**12), 10**12), st.text(st.sampled_from(LETTERS + "\\ ,"), max_size=12))
def test_any_time_has_a_text(epoch: int, php: str) -> None:
    """No time, format and language raise."""
    for zone in (UTC, BERLIN, timezone(timedelta(hours=-9.5))):
        for language in ("en-US", "ar", "zh-TW"):
            build_moment(epoch, zone, language, php, php)


# ---------------------------------------------------------------- zones


@pytest.mark.parametrize(
    ("name", "offset", "expected"),
    [
        ("Europe/Berlin", 0.0, BERLIN),
        ("", 5.75, timezone(timedelta(hours=5, minutes=45))),
        ("", -3.0, timezone(timedelta(hours=-3))),
        ("", 0.0, UTC),
        ("Nowhere/Land", 2.0, timezone(timedelta(hours=2))),
        ("../../etc/passwd", 0.0, UTC),
        ("/etc/localtime", 0.0, UTC),
        ("Europe", 0.0, UTC),
        ("\x00", 0.0, UTC),
        ("é" * 5000, 0.0, UTC),
        ("", 25.0, UTC),
        ("", -24.0, UTC),
    ],
)
def test_a_zone_is_known_or_utc(name: str, offset: float, expected: object) -> None:
    """Neither a bad name nor a bad offset keeps the site from being shown."""
    assert site_zone(name, offset) == expected


@pytest.mark.parametrize(("offset", "text"), [(5.75, "+05:45"), (-9.5, "-09:30"), (-0.5, "-00:30")])
def test_fixed_offsets_are_named_by_themselves(offset: float, text: str) -> None:
    """A site that chose UTC+5:45 has no zone with a name."""
    moment = NOON.astimezone(site_zone("", offset))
    assert {format_php(moment, x, "en") for x in "PpeT"} == {text}


def test_utc_has_a_name() -> None:
    """A site without a zone is on UTC, and PHP calls it so."""
    assert format_php(NOON.astimezone(UTC), "P p e T", "en") == "+00:00 Z UTC UTC"


def test_days_cover_the_year_without_gap_or_overlap() -> None:
    """Also where midnight happens twice, or not at all."""
    for name in ("America/Havana", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut"):
        zone = ZoneInfo(name)
        for year in (2011, 2018):
            whole = day_span(zone, year)
            months = [day_span(zone, year, m) for m in range(1, 13)]
            assert whole == (months[0][0], months[-1][1])  # type: ignore[index]
            assert all(a[1] + 1 == b[0] for a, b in pairwise(months))  # type: ignore[index]


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en-US", "ltr"), ("ar", "rtl"), ("he-IL", "rtl"), ("fa-IR", "rtl"), ("ckb", "rtl"),
     ("azb", "rtl"), ("haz", "rtl"), ("ur", "rtl"), ("xx", "ltr"), ("", "ltr")],
)  # fmt: skip
def test_writing_has_a_direction(language: str, expected: str) -> None:
    """Also for the languages that WordPress knows and CLDR does not."""
    assert direction(language) == expected


def test_babel_keeps_nothing_of_what_dates_were_made_of() -> None:
    """It would be 3 MB of each worker; a language that comes later finds all it needs."""
    for language in ("de-DE", "ar", "pt-BR"):
        assert format_php(LATE, "F l", language)
        assert direction(language) == ("rtl" if language == "ar" else "ltr")
        # If Babel calls these otherwise one day, `dates` has to learn their names.
        assert core._global_data is None
        assert localedata._cache == {}
