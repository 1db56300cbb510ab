"""Who made a release: a seal and a key in, a signed seal or a refusal out (Ed25519, RFC 8032).

Signed is a text that says what it is for, in which version, and what names exactly one bundle. The
words of a seal (note, git, the number of files) are not in it: the bundle holds them too, and they
must agree. Never opens a file; never puts a key, or a part of one, into a message.
"""

import base64
import hashlib
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sos.errors import BundleError, SettingsError
from sos.release.bundle import Seal, check_seal
from sos.release.names import describe_name

FINGERPRINT_LENGTH = 16
"""Hex digits of the sha256 of a public key's 32 bytes by which people tell keys apart."""


def generate_keys() -> tuple[bytes, str]:
    """Return a new private key as PEM (PKCS #8, not encrypted) and its public key as text.

    The text is one line of plain base64 (RFC 4648, section 4, with padding): 44 characters.
    """
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem, base64.b64encode(private.public_key().public_bytes_raw()).decode()


def build_fingerprint(public_key: str) -> str:
    """Return the fingerprint of a public key. Raises SettingsError unless it is one."""
    return _fingerprint(_parse_public_key(public_key, 1))


def sign_seal(seal: Seal, private_pem: bytes) -> Seal:
    """Return the seal with a signature and the fingerprint of its key, instead of any before.

    The same seal and key give the same signature. Raises SettingsError unless ``private_pem`` is an
    Ed25519 key as `generate_keys` makes it.
    """
    private = _parse_private_key(private_pem)
    signature = private.sign(build_message(seal))
    return msgspec.structs.replace(
        seal,
        key=_fingerprint(private.public_key()),
        signature=base64.b64encode(signature).decode(),
    )


def verify_seal(seal: Seal, public_keys: Sequence[str]) -> None:
    """Raise BundleError unless one of the keys signed this seal.

    More than one key is for the time in which one takes the place of another. Without any, no
    signature is asked for. Raises SettingsError when one of them is not a public key, even if
    another would do.
    """
    keys = [_parse_public_key(key, place) for place, key in enumerate(public_keys, 1)]
    if not keys:
        return
    if not seal.signature:
        raise BundleError("the release is not signed")
    try:
        signature = base64.b64decode(seal.signature, validate=True)
    except ValueError:
        raise BundleError("the release's signature is not base64") from None
    signers = [key for key in keys if _fingerprint(key) == seal.key]
    if not signers:
        raise BundleError(
            f"the release is signed by key {describe_name(seal.key)}, not a known one"
        )
    message = build_message(seal)
    if not any(_is_signed(key, signature, message) for key in signers):
        raise BundleError(f"the release's signature is not that of key {seal.key}")


def build_message(seal: Seal) -> bytes:
    """Return the text that is signed: one field a line, in this order, each line ended.

    Raises BundleError for a seal whose fields do not belong together, or could be read in two ways.
    """
    check_seal(seal)
    return (
        "sos release seal, version 1\n"
        f"id {seal.id}\n"
        f"size {seal.size:d}\n"
        f"sha256 {seal.sha256}\n"
        f"page_model {seal.page_model:d}\n"
        f"created {seal.created:d}\n"
    ).encode()


def _is_signed(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _fingerprint(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:FINGERPRINT_LENGTH]


def _parse_public_key(text: str, place: int) -> Ed25519PublicKey:
    # The message doesn't quote it: somebody may have put the private key there.
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except ValueError:
        raise SettingsError(
            f"SOS_RELEASE_PUBLIC_KEY: key {place} is not the base64 of an Ed25519 public key "
            "(44 characters, as `sos release keygen` prints them)"
        ) from None


def _parse_private_key(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except Exception:  # noqa: BLE001 - of whatever kind, its text might quote the key
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(
            "the signing key is not an Ed25519 key in PEM (PKCS #8, without a password), "
            "as `sos release keygen` makes it"
        )
    return key
