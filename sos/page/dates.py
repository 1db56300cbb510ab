"""Times as the site shows them: its time zone, its PHP date format, its language. Pure."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime

from sos.page.model import Moment

# PHP's date() letters (https://www.php.net/manual/datetime.format.php) in CLDR's notation.
_CLDR = {
    "d": "dd", "j": "d", "D": "EEE", "l": "EEEE", "z": "D", "W": "ww",
    "F": "MMMM", "M": "MMM", "m": "MM", "n": "M",
    "Y": "y", "o": "YYYY", "y": "yy",
    "a": "a", "A": "a", "g": "h", "G": "H", "h": "hh", "H": "HH", "i": "mm", "s": "ss",
    "T": "zzz", "e": "VV", "P": "xxx", "O": "xx",
}  # fmt: skip


def site_zone(name: str, offset: float) -> tzinfo:
    """The zone of WordPress's ``timezone_string``; of ``gmt_offset`` hours when that is empty."""
    if name:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            pass
    return timezone(timedelta(hours=offset)) if offset else UTC


def build_moment(
    epoch: int, zone: tzinfo, language: str, date_format: str, time_format: str
) -> Moment:
    """``epoch`` seconds as a Moment; years outside 1 to 9999 become the nearest bound."""
    moment = to_local(epoch, zone)
    return Moment(
        iso=moment.isoformat(timespec="seconds"),
        date=format_php(moment, date_format, language),
        time=format_php(moment, time_format, language),
        epoch=epoch,
    )


def to_local(epoch: int, zone: tzinfo) -> datetime:
    """``epoch`` in ``zone``; a time that Python can't hold is 1970."""
    try:
        return datetime.fromtimestamp(epoch, zone)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, zone)


def format_php(moment: datetime, php: str, language: str) -> str:
    """``moment`` in PHP's date format and in the words of ``language`` (BCP 47)."""
    out: list[str] = []
    letters = iter(php)
    for letter in letters:
        if letter == "\\":
            out.append(next(letters, ""))
        elif letter == "S":
            out.append(_ordinal(moment.day) if language.startswith("en") else "")
        elif letter in _CLDR:
            text = format_datetime(moment, _CLDR[letter], locale=_locale(language))
            out.append(text.lower() if letter == "a" else text)
        else:
            out.append(letter)
    return "".join(out)


def day_span(zone: tzinfo, year: int, month: int = 0, day: int = 0) -> tuple[int, int] | None:
    """First and last second of a year, month or day in ``zone``; None for no such date."""
    try:
        start = datetime(year, month or 1, day or 1, tzinfo=zone)
        if day:
            end = datetime.fromordinal(start.toordinal() + 1)
        elif month:
            end = datetime(year + month // 12, month % 12 + 1, 1)  # noqa: DTZ001
        else:
            end = datetime(year + 1, 1, 1)  # noqa: DTZ001
    except (ValueError, OverflowError):
        return None
    return int(start.timestamp()), int(end.replace(tzinfo=zone).timestamp()) - 1


def _ordinal(day: int) -> str:
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def direction(language: str) -> str:
    """``rtl`` for languages written from right to left, else ``ltr``."""
    return str(_locale(language).text_direction)
