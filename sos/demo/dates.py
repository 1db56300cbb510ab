"""Dates of the sample site: words such as ``12d 09:15`` go in, moments near now come out.

The site must look as fresh in five years as today, so no article names a date. It says how old it
is, and ``{{sat+1}}`` in its text is the first Saturday after its publication, ``{{next sat+1}}``
the first after now. Reads no clock.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("America/New_York")

_AGE: Final = re.compile(r"(\d+)d (\d\d):(\d\d)")
_SPAN: Final = re.compile(r"([+-]?)(\d+)([smh])")
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_WORD: Final = re.compile(r"\{\{(next )?([a-z]*)([+-]\d+)?\}\}")


def parse_moment(word: str, now: int) -> int:
    """Epoch seconds of ``12d 09:15`` (twelve days ago, local time), ``45m`` ago or ``+60s`` ahead.

    Raises ValueError for anything else.
    """
    if age := _AGE.fullmatch(word):
        days, hour, minute = (int(part) for part in age.groups())
        today = datetime.fromtimestamp(now, ZONE).date()
        day = today - timedelta(days=days)
        return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).timestamp())
    if span := _SPAN.fullmatch(word):
        distance = int(span[2]) * _SECONDS[span[3]]
        return now + distance if span[1] == "+" else now - distance
    raise ValueError(f"not a moment: {word!r}")


def format_local(moment: int) -> str:
    """``2031-05-04T09:15:00`` in the site's own time zone, as REST writes dates."""
    return datetime.fromtimestamp(moment, ZONE).strftime("%Y-%m-%dT%H:%M:%S")


def format_gmt(moment: int) -> str:
    """The same in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def offset_hours(moment: int) -> float:
    """Hours ahead of UTC at that moment, as the REST index tells them."""
    offset = datetime.fromtimestamp(moment, ZONE).utcoffset()
    return offset.total_seconds() / 3600 if offset else 0.0


def fill_dates(text: str, published: int, now: int) -> str:
    """Replace ``{{sat+1}}``, ``{{+12}}``, ``{{month-1}}``, ``{{year}}`` and ``{{next sat+1}}``.

    ``{{path}}`` is year and month as archives have them in their addresses, ``{{path-12}}`` those
    of twelve days before.
    """
    day, today = (datetime.fromtimestamp(moment, ZONE).date() for moment in (published, now))
    return _WORD.sub(
        lambda word: _spell(word[2], int(word[3] or 0), today if word[1] else day), text
    )


def _spell(unit: str, count: int, day: date) -> str:
    if unit == "year":
        return str(day.year + count)
    if unit == "path":
        return f"{day + timedelta(days=count):%Y/%m}"
    if unit == "month":
        return date(day.year, 1 + (day.month - 1 + count) % 12, 1).strftime("%B")
    if unit in _WEEKDAYS and count:
        ahead = (_WEEKDAYS.index(unit) - day.weekday() - 1) % 7 + 1
        behind = (day.weekday() - _WEEKDAYS.index(unit) - 1) % 7 + 1
        days = ahead + 7 * (count - 1) if count > 0 else -behind + 7 * (count + 1)
    elif unit == "" and count:
        days = count
    else:
        raise ValueError(f"not a date word: {{{{{unit}}}}}")
    target = day + timedelta(days=days)
    return f"{target:%A, %B} {target.day}"
