"""The text of a date comes in, a datetime goes out, or ValueError: each format's own strict reading.

Lenient parsers accept what a feed reader may not; these accept exactly what the standards write.
"""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_RFC822 = re.compile(
    rf"(?:(?P<day>{'|'.join(_DAYS)}), )?\d{{1,2}} "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d{2}:\d{2}(?::\d{2})? (?:UT|GMT|[ECMP][SD]T|[+-]\d{4})"
)
_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
)
_W3C = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})"
    r"(?:T(\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?)?)?"
)


def parse_rfc822_date(text: str) -> datetime:
    """A date of RFC 822 section 5 with a year of four digits (as RSS 2.0 prefers it)."""
    match = _RFC822.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 822 date")
    try:
        moment = parsedate_to_datetime(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not in the calendar") from error
    day = match["day"]
    if day and day != _DAYS[moment.weekday()]:
        raise ValueError(f"{text!r} was a {_DAYS[moment.weekday()]}")
    return moment


def parse_rfc3339_date(text: str) -> datetime:
    """A date-time of RFC 3339 section 5.6, upper-case T and Z (RFC 4287 section 3.3)."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"{text!r} is not an RFC 3339 date-time")
    return _in_calendar(text, text)


def parse_w3c_date(text: str) -> datetime:
    """A W3C datetime (the NOTE of 1997, as the sitemap protocol uses it), of any precision."""
    match = _W3C.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a W3C datetime")
    year, month, day, minutes, seconds, zone = match.groups()
    whole = f"{year}-{month or '01'}-{day or '01'}"
    if minutes:
        whole += f"T{minutes}{seconds or ':00'}{zone}"
    return _in_calendar(whole, text)


def _in_calendar(iso: str, text: str) -> datetime:
    # datetime knows microseconds at most; finer fractions are legal.
    iso = re.sub(r"\.(\d{1,6})\d*", lambda m: "." + m[1].ljust(6, "0"), iso)
    try:
        return datetime.fromisoformat(iso)
    except ValueError as error:
        raise ValueError(f"{text!r} is not in the calendar") from error
