"""Times as the site shows them: its time zone, its PHP date format, its language. Pure."""

import sys
from calendar import isleap, monthrange
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import format_datetime as email_date
from functools import lru_cache
from threading import Lock
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, core, localedata
from babel.localedata import LocaleDataDict, load

from sos.page.model import Moment

# PHP's date() letters that are the same in every language
# (https://www.php.net/manual/datetime.format.php).
_SAME: dict[str, Callable[[datetime], object]] = {
    "d": lambda m: f"{m.day:02}",
    "j": lambda m: m.day,
    "N": lambda m: m.isoweekday(),
    "w": lambda m: m.isoweekday() % 7,
    "z": lambda m: m.timetuple().tm_yday - 1,
    "W": lambda m: f"{m.isocalendar().week:02}",
    "o": lambda m: m.isocalendar().year,
    "m": lambda m: f"{m.month:02}",
    "n": lambda m: m.month,
    "t": lambda m: monthrange(m.year, m.month)[1],
    "L": lambda m: int(isleap(m.year)),
    "Y": lambda m: f"{m.year:04}",
    "y": lambda m: f"{m.year % 100:02}",
    "g": lambda m: m.hour % 12 or 12,
    "G": lambda m: m.hour,
    "h": lambda m: f"{m.hour % 12 or 12:02}",
    "H": lambda m: f"{m.hour:02}",
    "i": lambda m: f"{m.minute:02}",
    "s": lambda m: f"{m.second:02}",
    "u": lambda m: f"{m.microsecond:06}",
    "v": lambda m: f"{m.microsecond // 1000:03}",
    "B": lambda m: f"{int((m.timestamp() + 3600) % 86400 / 86.4):03}",
    "e": lambda m: "UTC" if m.tzinfo is UTC else getattr(m.tzinfo, "key", "") or _offset(m),
    "T": lambda m: m.tzname() if hasattr(m.tzinfo, "key") or m.tzinfo is UTC else _offset(m),
    "P": lambda m: _offset(m),
    "p": lambda m: _offset(m) if m.utcoffset() else "Z",
    "O": lambda m: _offset(m).replace(":", ""),
    "Z": lambda m: int((m.utcoffset() or timedelta()).total_seconds()),
    "I": lambda m: int(bool(m.dst())),
    "c": lambda m: m.isoformat(timespec="seconds"),
    "r": lambda m: email_date(m),
    "U": lambda m: int(m.timestamp()),
}


def site_zone(name: str, offset: float) -> tzinfo:
    """The zone of WordPress's ``timezone_string``; of ``gmt_offset`` hours when that is empty."""
    if name:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            pass
    try:
        return timezone(timedelta(hours=offset)) if offset else UTC
    except ValueError:  # a day or more
        return UTC


def build_moment(
    epoch: int, zone: tzinfo, language: str, date_format: str, time_format: str
) -> Moment:
    """``epoch`` seconds as a Moment; a time that Python can't hold is 1970."""
    moment = to_local(epoch, zone)
    return Moment(
        iso=_rfc3339(moment),
        # Many posts have the same ones: one of each is enough.
        date=sys.intern(format_php(moment, date_format, language)),
        time=sys.intern(format_php(moment, time_format, language)),
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
        elif letter in "DlFMaA":
            out.append(_word(moment, letter, language, with_day="j" in php or "d" in php))
        elif letter in _SAME:
            out.append(str(_SAME[letter](moment)))
        else:
            out.append(letter)
    return "".join(out)


def _word(moment: datetime, letter: str, language: str, *, with_day: bool) -> str:
    """Name of the month, the weekday, or the half of the day."""
    words = _words(language)
    if letter in "aA":
        half = "am" if moment.hour < 12 else "pm"
        name = str(words["day_periods"]["format"]["abbreviated"].get(half, half.upper()))
        return name.lower() if letter == "a" else name
    width = "wide" if letter in "lF" else "abbreviated"
    if letter in "Dl":
        return str(words["days"]["format"][width][moment.weekday()])
    # Many languages decline a month's name next to a day (wp_maybe_decline_date).
    return str(words["months"]["format" if with_day else "stand-alone"][width][moment.month])


def _words(language: str) -> LocaleDataDict:
    """CLDR's names."""
    return _read_language(language)[1]


@lru_cache(maxsize=64)
def _read_language(language: str) -> tuple[str, LocaleDataDict]:
    """The direction of a language, and CLDR's names for months, days and their halves.

    They are copied: Babel keeps what it looks up where other languages find it too.
    """
    with _reading:
        locale = _locale(language)
        data = load(str(locale))
        words = LocaleDataDict(deepcopy({k: data[k] for k in ("months", "days", "day_periods")}))
        direction = str(locale.text_direction)
        _forget_the_rest()
    return direction, words


_reading = Lock()


def _forget_the_rest() -> None:
    """Have Babel let go of the 3 MB that it read for it; it reads them again when it has to.

    These names are its own, and may go: then it keeps what it has.
    """
    cache = getattr(localedata, "_cache", None)
    if isinstance(cache, dict):
        cache.clear()
    if hasattr(core, "_global_data"):
        core._global_data = None


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


def _rfc3339(moment: datetime) -> str:
    """RFC 3339 has no offsets with seconds, which zones had before 1900."""
    offset = moment.utcoffset()
    if offset and offset.total_seconds() % 60:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds")


def _offset(moment: datetime) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _ordinal(day: int) -> str:
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def direction(language: str) -> str:
    """``rtl`` for languages written from right to left, else ``ltr``."""
    if language.partition("-")[0] in _FROM_RIGHT:
        return "rtl"
    return _read_language(language)[0]


# WordPress has translations into these, CLDR knows too little of them.
_FROM_RIGHT = frozenset({"ary", "azb", "haz", "skr"})
