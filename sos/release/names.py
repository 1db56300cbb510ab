"""Which names the files of a release may have: a name in, the reason against it out.

A name is a POSIX path relative to ``templates/``. It must mean the same file on every system and in
every archive reader, although sos itself never writes a member to disk under its name. Never opens
a file.
"""

import re
import unicodedata

from sos.errors import BundleError

MAX_DEPTH = 16
"""Most parts of a name, the file's own included."""

NAME_FIELD, PREFIX_FIELD = 100, 155
"""Bytes that a USTAR header has for a name and for what stands before it (POSIX.1-2017, pax,
"ustar Interchange Format"): up to 256 in all, if there is a slash in the right place."""

_SHOWN = 80

# What a web server, a shell or an interpreter might run if it ever met the file. Scripts for
# browsers (.js, .mjs, .wasm) are assets.
_CODE = re.compile(
    r"\.(?:py[cdoiwxz]?|pyzw|so(?:\.[0-9]+)*|dll|dylib|exe|msi|scr|cmd|bat|ps1|vbs|o|a|ko|elf"
    r"|(?:ba|c|da|fi|k|tc|z)?sh|php[0-9s]?|phtml|phar|p[lm]|f?cgi|rb|erb|lua|tcl"
    r"|jar|war|ear|class|jspx?|aspx?|ashx|cfm)\Z",
    re.IGNORECASE,
)


def check_name(name: str) -> None:
    """Raise BundleError, naming the file and the reason, unless a release may hold this name."""
    reason = _find_fault(name)
    if reason:
        raise BundleError(f"{describe_name(name)}: {reason}")


def describe_name(name: str | bytes) -> str:
    """Return a name as it may stand in a message: in quotes, escaped, at most 80 of its characters.

    What isn't printable is escaped, marks that change the direction of text included.
    """
    return repr(name[:_SHOWN]) + ("…" if len(name) > _SHOWN else "")


def split_name(name: str) -> tuple[bytes, bytes] | None:
    """Return prefix and name as they stand in a USTAR header, None for a name that doesn't fit."""
    encoded = name.encode()
    if len(encoded) <= NAME_FIELD:
        return b"", encoded
    slash = encoded.find(b"/", len(encoded) - NAME_FIELD - 1)
    if not 0 < slash <= PREFIX_FIELD:
        return None
    return encoded[:slash], encoded[slash + 1 :]


class NameRegister:
    """The names of one archive, each file and each folder spelled in one way only."""

    def __init__(self) -> None:
        self._spelled: dict[str, tuple[str, bool]] = {}

    def add(self, name: str) -> None:
        """Take the name of one more file, which has passed `check_name`.

        Raises BundleError for a name that is there already, one that differs from it, or from a
        folder's, only in case or composition of letters, and a file that is a folder of another.
        """
        parts = name.split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            entry = (path, depth == len(parts))
            earlier = self._spelled.setdefault(_fold(path), entry)
            if earlier is entry or (earlier == entry and not entry[1]):
                continue
            if earlier == entry:
                raise BundleError(f"{describe_name(name)}: is there twice")
            if earlier[0] == path:
                raise BundleError(f"{describe_name(path)}: is a file and a folder")
            other = describe_name(earlier[0])
            raise BundleError(f"{describe_name(name)}: can't be told from {other} on every system")


def _fold(name: str) -> str:
    """Canonical caseless form (Unicode 15, section 3.13, D145)."""
    folded = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFD", folded)


def _find_fault(name: str) -> str:
    """The first reason against a name, empty where there is none."""
    if not name:
        return "the name is empty"
    if not name.isprintable():  # control characters, lone surrogates, marks that can't be seen
        return "the name holds characters that can't be printed"
    if "\\" in name:
        return "the name holds a backslash"
    if name.startswith("/"):
        return "the name is absolute"
    if not unicodedata.is_normalized("NFC", name):
        return "the name is not in Unicode's composed form (NFC)"
    return _find_fault_of_parts(name.split("/")) or _find_size_fault(name)


def _find_fault_of_parts(parts: list[str]) -> str:
    if ".." in parts:
        return "the name leads out of its folder"
    if "" in parts or "." in parts:
        return "the name holds an empty part or a '.'"
    if any(part.startswith(".") for part in parts):
        return "the name is hidden (it begins with a dot)"
    if _CODE.search(parts[-1]):
        return "a release holds no code but that of templates and browsers"
    return ""


def _find_size_fault(name: str) -> str:
    if name.count("/") >= MAX_DEPTH:
        return f"the name has more than {MAX_DEPTH} parts"
    if split_name(name) is None:
        return f"the name is too long ({NAME_FIELD} bytes, after at most {PREFIX_FIELD} of folders)"
    return ""
