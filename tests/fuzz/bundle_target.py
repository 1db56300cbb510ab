"""Bundles of any content: bytes in, a verdict on what reading them as a release makes of them.

The first byte says what the others are: a bundle as it is fetched, the archive within it, the
manifest within that, or the seal beside it. All of them are sealed rightly: the digest is not what
is to be found out.
"""

from __future__ import annotations

import hashlib

from sos.errors import ReleaseError
from sos.release.archive import MANIFEST_NAME
from sos.release.bundle import Bundle, parse_seal, read_bundle
from sos.release.folder import MAX_BYTES, MAX_FILES
from sos.release.names import check_name
from sos.release.signature import generate_keys, verify_seal

from tests.release.hostile_bundles import CREATED, compress, make_seal, pack_plain

FILES = {"404.html": b"no", "index.html": b"{{ page.title }}", "parts/x.html": b""}
SEAL = make_seal(b"x", CREATED, files=1)
_KEY = generate_keys()[1]


class BundleTarget:
    """Call `judge` with inputs."""

    def close(self) -> None:
        """Nothing to end."""

    def judge(self, data: bytes) -> None:
        """Raise AssertionError, or whatever is raised within, where something is wrong."""
        kind, rest = data[:1], data[1:]
        try:
            match kind:
                case b"s":
                    seal = parse_seal(rest, SEAL.id)
                    verify_seal(seal, (_KEY,))
                    raise AssertionError("a seal that nobody signed")
                case b"a":
                    self._read(compress(rest))
                case b"m":
                    self._read(compress(pack_plain(MANIFEST_NAME, rest) + bytes(1024)))
                case _:
                    self._read(rest)
        except ReleaseError:
            return

    def _read(self, content: bytes) -> None:
        for files in (len(FILES), 0, 1):
            seal = make_seal(content, CREATED, files=files)
            try:
                judge_bundle(read_bundle(content, seal))
            except ReleaseError:
                continue


def judge_bundle(bundle: Bundle) -> None:
    """What was read is what was listed, under names that are harmless, and not too much."""
    assert len(bundle.files) <= MAX_FILES
    assert sum(map(len, bundle.files.values())) <= MAX_BYTES
    assert set(bundle.files) == set(bundle.manifest.files)
    for name, content in bundle.files.items():
        check_name(name)
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        assert "\0" not in name
        assert "\\" not in name
        assert bundle.manifest.files[name] == hashlib.sha256(content).hexdigest()
