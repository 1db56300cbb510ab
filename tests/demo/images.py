"""Bytes of a picture go in, its size in pixels comes out; reads headers, decodes nothing."""

import struct


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG (RFC 2083, 4.1.1) or WebP (RFC 9649, 2.5 to 2.7) file."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", data[16:24])
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise ValueError("neither PNG nor WebP")
    if data[12:16] == b"VP8 ":
        if data[23:26] != b"\x9d\x01\x2a":
            raise ValueError("no key frame")
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    raise ValueError(f"unknown kind of WebP: {data[12:16]!r}")
