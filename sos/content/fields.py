"""Fields of wire documents: what a JSON object of WordPress's has under a name, as a type of ours.

In: an object of a document and the name of a field. Out: a text, number, object, array or time.
What is missing, or of another type, is empty: a plugin may have put anything there. Pure.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from sos.errors import DocumentError

MAX_BYTES = 8 * 1024 * 1024
"""Larger documents are refused. WordPress itself allows 4 GiB in a post; no page needs that."""

Json = Mapping[str, Any]

_DIGITS = re.compile(r"\s*[0-9]{1,20}\s*")
_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})")


def parse_object(data: bytes) -> dict[str, Any]:
    """The JSON object in ``data``. Raises DocumentError for what is none, or too long."""
    if len(data) > MAX_BYTES:
        raise DocumentError(f"document of {len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        doc = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise DocumentError(f"not a JSON document: {exc}") from exc
    if not isinstance(doc, dict):
        raise DocumentError(f"not a JSON object but {type(doc).__name__}")
    return doc


def object_of(doc: Json, field: str) -> Json:
    """The object at ``field``; an empty one where there is none."""
    value = doc.get(field)
    return value if isinstance(value, dict) else {}


def array_of(doc: Json, field: str) -> list[Any]:
    """The array at ``field``; an empty one where there is none."""
    value = doc.get(field)
    return value if isinstance(value, list) else []


def text_of(doc: Json, field: str) -> str:
    """The text at ``field``; empty where there is none."""
    value = doc.get(field)
    return value if isinstance(value, str) else ""


def rendered_of(doc: Json, field: str) -> str:
    """The text at ``field`` as WordPress renders it, whether it gives it plain or as an object."""
    value = doc.get(field)
    return value if isinstance(value, str) else text_of(object_of(doc, field), "rendered")


def whole_of(doc: Json, field: str) -> int:
    """The number at ``field``, 0 to 10**14 as in apply.lua; 0 where there is none."""
    value = doc.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        return 0
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return 0
    return number if 0 <= number < 10**14 else 0


def ids_of(value: object) -> tuple[int, ...]:
    """The value as ids, if it is a list of nothing else."""
    if isinstance(value, list) and value and all(type(v) is int and v > 0 for v in value):
        return tuple(value)
    return ()


def parse_time(value: object) -> int | None:
    """Epoch seconds of WordPress's ``YYYY-MM-DDTHH:MM:SS``, taken as UTC; None for no such date.

    The twin of ``epoch`` in apply.lua, which puts documents in order.
    """
    match = _TIME.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        moment = datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None
    return int(moment.timestamp())


def first_time(doc: Json, *fields: str) -> int:
    """The first of ``fields`` that holds a time; 0 where none does."""
    times = (parse_time(doc.get(field)) for field in fields)
    return next((time for time in times if time is not None), 0)
