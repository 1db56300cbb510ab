"""WordPress's REST API as bytes: how its URLs are built and its answers are read. Pure.

In: a root, a route and parameters, or an `Answer`. Out: a URL, or plain JSON values; a SourceError
with WordPress's own words where it refused, InvalidAnswerError where it is not WordPress at all.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from sos.wordpress.source import Answer, InvalidAnswerError, PassingSourceError, RestError

END_OF_PAGES = "rest_post_invalid_page_number"
"""WordPress's error code for a page past the end (WP_REST_Posts_Controller::get_items)."""

INVALID_PARAMETER = "rest_invalid_param"
"""WordPress's error code for a parameter that a route does not know in this form."""

_BUSY = frozenset({429, 503})
_GATEWAY = frozenset({502, 504})
_SURROGATES = re.compile("[\ud800-\udfff]")


def build_rest_url(root: str, route: str, params: Mapping[str, str | int] | None = None) -> str:
    """URL of a route (``/wp/v2/posts``) below a root such as ``/wp-json/`` or ``?rest_route=/``.

    See get_rest_url() in WordPress's rest-api.php.
    """
    parts = urlsplit(root)
    query = [(k, str(v)) for k, v in (params or {}).items()]
    known = parse_qsl(parts.query, keep_blank_values=True)
    if any(k == "rest_route" for k, _ in known):
        base = [(k, v.rstrip("/") + route if k == "rest_route" else v) for k, v in known]
        return urlunsplit(parts._replace(query=urlencode(base + query, safe="/,:")))
    path = parts.path.rstrip("/") + route
    return urlunsplit(parts._replace(path=path, query=urlencode(known + query, safe="/,:")))


def parse_rest_answer(answer: Answer) -> Any:
    """The JSON value of a successful answer.

    Raises RestError for a WordPress error, PassingSourceError for 429 and 5xx, and
    InvalidAnswerError for anything that is no JSON.
    """
    check_status(answer)
    if answer.status == 200:
        _require_json(answer)
        return parse_json(answer.body, answer.url)
    code, message = _parse_error(answer.body)
    raise RestError(_say(answer, code, message), answer.status, code)


def check_status(answer: Answer) -> None:
    """Raise PassingSourceError for an answer 429 or 5xx."""
    if answer.status != 429 and answer.status < 500:
        return
    said = _say(answer, *_parse_error(answer.body))
    if answer.status in _BUSY:
        raise PassingSourceError(said, "busy", parse_retry_after(answer))
    kind = "slow" if answer.status in _GATEWAY else "failed"
    raise PassingSourceError(said, kind, parse_retry_after(answer))


def parse_json(body: bytes, url: str) -> Any:
    """Any JSON value, also with a byte order mark in front or lone surrogates within."""
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        # msgspec refuses lone surrogates, which PHP writes when an editor's emoji was cut in two.
        text = json.dumps(json.loads(body.decode("utf-8", "replace")), ensure_ascii=False)
        return msgspec.json.decode(_SURROGATES.sub("�", text))
    except (ValueError, RecursionError) as exc:
        start = body[:60].decode("utf-8", "replace")
        raise InvalidAnswerError(f"{url} answered with invalid JSON ({start!r}…): {exc}") from exc


def parse_retry_after(answer: Answer) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3); None for dates and nonsense."""
    value = answer.headers.get("retry-after", "")
    return float(value) if re.fullmatch(r"\d{1,6}", value) else None


def parse_count(answer: Answer, header: str) -> int | None:
    """A header such as X-WP-Total as a number; None where it is missing or nonsense."""
    value = answer.headers.get(header.lower(), "").strip()
    return int(value) if re.fullmatch(r"\d{1,9}", value) else None


def _require_json(answer: Answer) -> None:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("application/json", "text/json") or kind.endswith("+json"):
        return
    raise InvalidAnswerError(
        f"{answer.url} answered with {kind or 'no content type'} instead of JSON; a login wall, a "
        "cache or a security plugin may stand in front of the REST API"
    )


def _say(answer: Answer, code: str, message: str) -> str:
    return f"{answer.url} answered {answer.status}" + (f" {code}: {message}" if code else "")


def _parse_error(body: bytes) -> tuple[str, str]:
    """Code and message of a WP_Error as REST sends it; both empty for anything else."""
    try:
        error = msgspec.json.decode(body[:100_000])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", ""
    if not isinstance(error, dict):
        return "", ""
    code, message = error.get("code"), error.get("message")
    # The message may hold anything, and ends up on a terminal.
    words = (
        re.sub(r"<[^>]*>|[\x00-\x1f\x7f-\x9f]", "", message)[:200]
        if isinstance(message, str)
        else ""
    )
    return (str(code)[:80] if isinstance(code, str | int) else "", words)
