"""What a supervisor and the process of a trial say to each other: a line of JSON, then frames.

A frame is a letter, four bytes of length (big-endian), and so many bytes. In: nothing. Out: types
and bounds. It imports nothing that a supervisor would not have anyway.
"""

import struct

import msgspec

READY, STEP, ANSWER, CODES = b"R", b"S", b"A", b"C"
"""Kinds of frames: it waits for a request; it begins with something; a `Verdict`; compiled
templates, which come before the verdict."""

HEAD = struct.Struct(">cI")

MAX_REQUEST = 1024 * 1024
MAX_CODES = 14 * 1024 * 1024
"""Compiled templates, bytes; those of the theme of sos take 0.15 MB."""

LONGEST = {READY: 0, STEP: 4096, ANSWER: 1024 * 1024, CODES: MAX_CODES}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one trial. ``memory`` is of the address space, bytes, and includes the interpreter;
    the seconds are processor time: of the whole trial, and of all live pages together. The theme of
    sos takes 55 MB; two bundles and a snapshot of the largest size that is allowed take 300 MB."""

    memory: int = 512 * 1024 * 1024
    cpu_seconds: float = 10.0
    live_seconds: float = 3.0


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle on disk, and the seal that it was verified against."""

    release: str
    path: str
    seal: bytes


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be tried. ``site`` is the public base URL, ``snapshot`` a path or None,
    ``previous`` the last good release."""

    bundle: Sealed
    site: str
    snapshot: str | None = None
    previous: Sealed | None = None
    limits: Limits = Limits()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. ``retry``: the machine or the transfer may be at fault, not the release.
    ``memory`` is the most that was resident, bytes, interpreter included."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    retry: bool = False
    pages: int = 0
    cpu_seconds: float = 0.0
    memory: int = 0
