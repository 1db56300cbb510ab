"""Paths in the one spelling that the store holds: the twin of ``canonical`` in apply.lua. Pure."""

import re

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{0,2})")
_KEPT = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/%"
)


def canonical_path(path: str) -> str:
    """A path in the one form in which the store holds it; empty when it is too long.

    Escapes lower-case, none that is not needed, one slash at a time: the twin of ``canonical`` in
    apply.lua.
    """
    path = _ESCAPE.sub(_canonical_escape, path)
    escaped = "".join(
        chr(byte) if byte in _KEPT else f"%{byte:02x}" for byte in path.encode("utf-8", "replace")
    )
    escaped = re.sub("/+", "/", f"/{escaped}")
    return escaped if len(escaped) <= 2000 else ""


def _canonical_escape(match: re.Match[str]) -> str:
    digits = match[1]
    if len(digits) < 2:
        return f"%25{digits}"
    char = chr(int(digits, 16))
    return char if re.fullmatch(r"[A-Za-z0-9\-._~]", char) else f"%{digits.lower()}"
