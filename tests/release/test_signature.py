"""A release is believed when a key that is known has signed exactly this bundle."""

import base64
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from sos.errors import BundleError, SettingsError
from sos.release import signature
from sos.release.bundle import build_release_id, encode_seal, parse_seal
from sos.release.signature import (
    build_fingerprint,
    build_message,
    generate_keys,
    sign_seal,
    verify_seal,
)

from tests.release.hostile_bundles import CREATED, HOSTILE, make_seal

PRIVATE, PUBLIC = generate_keys()
OTHER_PRIVATE, OTHER_PUBLIC = generate_keys()
SEAL = make_seal(b"bundle", CREATED, files=3, git="0123abc", note="a note")
SIGNED = sign_seal(SEAL, PRIVATE)

# RFC 8032, section 7.1, test 2: what signs here is the algorithm that others have, too.
_RFC_SECRET = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
_RFC_PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"


def _pem(key: Any, encryption: Any = None) -> bytes:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        encryption or serialization.NoEncryption(),
    )
    return pem


def test_signed_seal_is_accepted_after_a_journey() -> None:
    """A signature survives the store, and says by whom it is."""
    travelled = parse_seal(encode_seal(SIGNED), SEAL.id)
    verify_seal(travelled, [PUBLIC])
    assert travelled.key == build_fingerprint(PUBLIC)
    assert msgspec.structs.replace(travelled, key="", signature="") == SEAL


def test_any_of_the_known_keys_will_do() -> None:
    """While one key takes the place of another, releases of both are accepted, in any order."""
    for seal in (SIGNED, sign_seal(SEAL, OTHER_PRIVATE)):
        verify_seal(seal, [PUBLIC, OTHER_PUBLIC])
        verify_seal(seal, [OTHER_PUBLIC, PUBLIC])


def test_without_known_keys_no_signature_is_asked_for() -> None:
    """A site that has set up no key takes every release, signed or not."""
    verify_seal(SEAL, [])
    verify_seal(SIGNED, ())


def test_unsigned_seal_is_refused() -> None:
    """Also when it claims to be of a known key."""
    for seal in (SEAL, msgspec.structs.replace(SEAL, key=SIGNED.key)):
        with pytest.raises(BundleError, match="not signed"):
            verify_seal(seal, [PUBLIC])


def test_unknown_key_is_refused_and_named() -> None:
    """So that an operator sees whose key is missing."""
    with pytest.raises(BundleError, match=f"'{build_fingerprint(PUBLIC)}', not a known one"):
        verify_seal(SIGNED, [OTHER_PUBLIC])


def test_signature_of_another_key_under_a_known_name_is_refused() -> None:
    """The fingerprint chooses a key; it proves nothing."""
    forged = msgspec.structs.replace(sign_seal(SEAL, OTHER_PRIVATE), key=SIGNED.key)
    with pytest.raises(BundleError, match="is not that of key"):
        verify_seal(forged, [PUBLIC])


@pytest.mark.parametrize(
    "text",
    [
        "!",
        "AAA",
        "é",
        "A" * 86 + "==",
        "AAAA",
        SIGNED.signature[:-4],
        SIGNED.signature + "\n",
        "\0",
    ],
    ids=["mark", "short", "letter", "zeros", "shorter", "cut", "newline", "nul"],
)
def test_broken_signature_is_refused(text: str) -> None:
    """Not base64, too short, too long, or of nothing."""
    with pytest.raises(BundleError, match="signature"):
        verify_seal(msgspec.structs.replace(SIGNED, signature=text), [PUBLIC])


def test_catalogue_of_broken_bundles_has_a_bad_signature() -> None:
    """Its key isn't known; with a known one it would still be of nobody."""
    content, seal = HOSTILE["bad signature"]({"index.html": b"x"})
    with pytest.raises(BundleError, match="not a known one"):
        verify_seal(seal, [PUBLIC])
    with pytest.raises(BundleError, match="is not that of key"):
        verify_seal(msgspec.structs.replace(seal, key=SIGNED.key), [PUBLIC])
    verify_seal(sign_seal(seal, PRIVATE), [PUBLIC])
    assert len(content) == seal.size


_OTHER_SHA256 = SEAL.sha256[:8] + "0" * 56


@pytest.mark.parametrize(
    "change",
    [
        {"size": SEAL.size + 1},
        {"sha256": _OTHER_SHA256},
        {"page_model": 2},
        {"created": CREATED + 1, "id": build_release_id(CREATED + 1, SEAL.sha256)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_signature_holds_for_one_bundle_only(change: dict[str, Any]) -> None:
    """Each field that says which bundle it is, when, and for which contract, is signed."""
    assert all(getattr(SEAL, field) != value for field, value in change.items())
    with pytest.raises(BundleError, match="is not that of key"):
        verify_seal(msgspec.structs.replace(SIGNED, **change), [PUBLIC])


@pytest.mark.parametrize("change", [{"id": "x\nsize 1"}, {"id": "x"}, {"sha256": "0\n"}])
def test_seal_that_contradicts_itself_is_neither_signed_nor_accepted(
    change: dict[str, Any],
) -> None:
    """No text that is signed can be read as that of another seal."""
    wrong = msgspec.structs.replace(SIGNED, **change)
    with pytest.raises(BundleError, match="id"):
        sign_seal(wrong, PRIVATE)
    with pytest.raises(BundleError, match="id"):
        verify_seal(wrong, [PUBLIC])


def test_signed_text_says_what_it_is_for() -> None:
    """This text is what other tools would have to sign; a change of it breaks every signature."""
    assert build_message(SEAL).decode() == (
        "sos release seal, version 1\n"
        f"id 20260101-000000-{SEAL.sha256[:8]}\n"
        "size 6\n"
        f"sha256 {SEAL.sha256}\n"
        "page_model 1\n"
        "created 1767225600\n"
    )


def test_same_seal_and_key_give_the_same_signature() -> None:
    """Building and signing twice gives one release; an older signature is replaced."""
    assert sign_seal(SEAL, PRIVATE) == SIGNED
    assert sign_seal(sign_seal(SEAL, OTHER_PRIVATE), PRIVATE) == SIGNED


def test_signatures_are_those_of_rfc_8032() -> None:
    """The key pair of the RFC signs, and is recognised."""
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(_RFC_SECRET))
    public = base64.b64encode(bytes.fromhex(_RFC_PUBLIC)).decode()
    verify_seal(sign_seal(SEAL, _pem(private)), [public])


def test_generated_keys_are_each_of_their_own_and_plain_text() -> None:
    """One line for a setting; a PEM file that openssl reads, too."""
    assert PRIVATE.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert len(PUBLIC) == 44
    assert PUBLIC.isascii()
    assert len(base64.b64decode(PUBLIC, validate=True)) == 32
    assert len({PUBLIC, OTHER_PUBLIC, generate_keys()[1]}) == 3
    assert len(build_fingerprint(PUBLIC)) == 16


def test_signing_is_the_same_in_any_process(tmp_path: Path) -> None:
    """Neither the seed of hash tables nor the time zone matter."""
    (tmp_path / "key").write_bytes(PRIVATE)
    (tmp_path / "seal").write_bytes(encode_seal(SEAL))
    code = (
        "import sys; from pathlib import Path\n"
        "from sos.release.bundle import parse_seal\n"
        "from sos.release.signature import sign_seal\n"
        "seal = parse_seal(Path(sys.argv[2]).read_bytes(), sys.argv[3])\n"
        "print(sign_seal(seal, Path(sys.argv[1]).read_bytes()).signature)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "key"), str(tmp_path / "seal"), SEAL.id],
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        cwd=Path(signature.__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert run.stdout.strip() == SIGNED.signature


# ---------------------------------------------------------------- keys that are none


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "é" * 44,
        PUBLIC[:-1],
        PUBLIC + "\n",
        base64.b64encode(b"x" * 31).decode(),
        base64.b64encode(b"x" * 33).decode(),
        PRIVATE.decode(),
        "".join(PRIVATE.decode().split("\n")[1:-2]),
    ],
    ids=["empty", "x", "é", "short", "newline", "31", "33", "PEM", "private"],
)
def test_malformed_public_key_is_a_wrong_setting_that_is_not_quoted(key: str) -> None:
    """The setting and the place are named; a private key that was put there by mistake is not
    printed. A good key beside it does not help."""
    with pytest.raises(SettingsError, match="SOS_RELEASE_PUBLIC_KEY: key 2 ") as caught:
        verify_seal(SIGNED, [PUBLIC, key])
    shown = "".join(traceback.format_exception(caught.value))
    assert len(key) < 20 or key not in shown
    assert caught.value.__cause__ is None


def _wrong_private_keys() -> dict[str, bytes]:
    return {
        "nothing": b"",
        "text": b"not a key",
        "cut": PRIVATE[:60],
        "damaged": PRIVATE.replace(b"MC4C", b"MC5C"),
        "public": PUBLIC.encode(),
        "encrypted": _pem(
            ed25519.Ed25519PrivateKey.generate(), serialization.BestAvailableEncryption(b"x")
        ),
        "P-256": _pem(ec.generate_private_key(ec.SECP256R1())),
        "RSA": _pem(rsa.generate_private_key(65537, 2048)),
    }


@pytest.mark.parametrize("kind", sorted(_wrong_private_keys()))
def test_malformed_private_key_is_refused_and_not_quoted(kind: str) -> None:
    """Whatever is wrong, the message is the same, and so is the traceback."""
    key = _wrong_private_keys()[kind]
    with pytest.raises(SettingsError, match="the signing key is not an Ed25519 key") as caught:
        sign_seal(SEAL, key)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@given(st.text(max_size=130), st.text(max_size=70))
@settings(max_examples=200, deadline=None)
def test_nothing_but_a_refusal_comes_of_any_signature(text: str, key: str) -> None:
    """Seals come from a store that others may write to."""
    for name in (key, SIGNED.key):
        with pytest.raises(BundleError) as caught:
            verify_seal(msgspec.structs.replace(SIGNED, signature=text, key=name), [PUBLIC])
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 1000
