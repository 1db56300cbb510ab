"""Preview tokens: who may see a release before the public does."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.errors import ReleaseError
from sos.rollout.preview import MAX_SECONDS, check_preview, sign_preview

SECRET = "a secret of some length"
RELEASE = "20260401-120000-0a1b2c3d"
HOST = "www.example.org"
NOW = 1_775_000_000


def token(**changes: object) -> str:
    values: dict[str, object] = {
        "secret": SECRET, "release": RELEASE, "expires": NOW + 600, "host": HOST,
    }  # fmt: skip
    return sign_preview(**{**values, **changes})  # type: ignore[arg-type]


def test_signed_token_is_good_until_it_ends() -> None:
    """A second before it ends it is good, at its end it is not."""
    assert check_preview(token(), RELEASE, [SECRET], NOW, HOST)
    assert check_preview(token(), RELEASE, [SECRET], NOW + 599, HOST)
    assert not check_preview(token(), RELEASE, [SECRET], NOW + 600, HOST)


def test_token_is_made_as_the_documentation_says() -> None:
    """Another program makes the same token from what docs/releases.md says."""
    message = f"sos-preview-of-a-release-1\n{HOST}\n{RELEASE}\n{NOW + 600}\n"
    digest = hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).digest()
    text = base64.b64encode(digest).decode().translate(str.maketrans("+/", "-_")).rstrip("=")
    assert token() == f"{NOW + 600}.{text}"


def test_token_of_another_release_host_secret_or_time_is_refused() -> None:
    """Nothing of what was signed can be changed afterwards."""
    assert not check_preview(token(), "20260401-120000-ffffffff", [SECRET], NOW, HOST)
    assert not check_preview(token(), RELEASE, [SECRET], NOW, "other.example.org")
    assert not check_preview(token(), RELEASE, ["another secret of length"], NOW, HOST)
    later = f"{NOW + 601}.{token().partition('.')[2]}"
    assert not check_preview(later, RELEASE, [SECRET], NOW, HOST)


def test_host_is_compared_without_regard_to_case() -> None:
    """A host is the same in capitals (RFC 3986, section 3.2.2)."""
    assert check_preview(token(host="WWW.Example.org"), RELEASE, [SECRET], NOW, HOST)


def test_while_a_secret_is_replaced_both_are_believed() -> None:
    """Either of two secrets may have signed."""
    assert check_preview(token(), RELEASE, ["the newer secret, longer", SECRET], NOW, HOST)


def test_without_a_secret_no_token_is_good() -> None:
    """Neither no secret, nor an empty one, nor one that could be guessed."""
    message = f"sos-preview-of-a-release-1\n{HOST}\n{RELEASE}\n{NOW + 600}\n"
    for weak in ("", "short"):
        digest = hmac.new(weak.encode(), message.encode(), hashlib.sha256).digest()
        forged = f"{NOW + 600}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
        assert not check_preview(forged, RELEASE, [weak], NOW, HOST)
        with pytest.raises(ReleaseError, match="SOS_PREVIEW_SECRET"):
            token(secret=weak)
    assert not check_preview(token(), RELEASE, [], NOW, HOST)


def test_token_that_would_last_too_long_is_refused() -> None:
    """A week is the longest, whoever signed it."""
    longest = token(expires=NOW + MAX_SECONDS)
    assert check_preview(longest, RELEASE, [SECRET], NOW, HOST)
    assert not check_preview(longest, RELEASE, [SECRET], NOW - 1, HOST)


def test_what_a_token_can_not_be_for_is_not_signed() -> None:
    """An id that is none, a host that is none, a time beyond eleven digits."""
    for changes in ({"release": "a\nb"}, {"host": ""}, {"host": "h" * 256}, {"expires": 10**12}):
        with pytest.raises(ReleaseError):
            token(**changes)


@given(st.text(max_size=80))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    """Whatever is in the query of a request: no error, and no page."""
    assert not check_preview(text, RELEASE, [SECRET], NOW, HOST)
    assert not check_preview(token() + text, RELEASE, [SECRET], NOW, HOST) or not text
    assert not check_preview(token(), text, [SECRET], NOW, HOST)


@given(st.integers(0, 42), st.integers(1, 63))
def test_another_last_character_is_another_token(place: int, step: int) -> None:
    """Not even a spelling of the same bytes is taken: one token, one text."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    expires, _, signature = token().partition(".")
    changed = list(signature)
    changed[place] = alphabet[(alphabet.index(changed[place]) + step) % 64]
    assert not check_preview(f"{expires}.{''.join(changed)}", RELEASE, [SECRET], NOW, HOST)
