"""Static files of a release: the files under ``assets/`` in, URLs with a digest out.

One digest stands for the whole set, so that a style sheet's relative ``url()`` keeps working and
every response may be cached for ever. Never opens a file; never serves one.
"""

import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from urllib.parse import quote, unquote

import msgspec

from sos.errors import TemplateError

ASSETS_FOLDER = "assets/"
ASSETS_URL = "/_assets/"
DIGEST_LENGTH = 12

# Not the `mimetypes` module: that one asks the machine, and the same release must answer the same
# everywhere.
_MEDIA_TYPES = {
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".epub": "application/epub+zip",
    ".flac": "audio/flac",
    ".gif": "image/gif",
    ".ico": "image/vnd.microsoft.icon",
    ".ics": "text/calendar; charset=utf-8",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".m4a": "audio/mp4",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".otf": "font/otf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rtf": "application/rtf",
    ".svg": "image/svg+xml; charset=utf-8",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".zip": "application/zip",
}

_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_REFERENCE = re.compile(
    r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^"')\s]+))\s*\)|@import\s+(?:"([^"]*)"|'([^']*)')""",
    re.IGNORECASE,
)


class Asset(msgspec.Struct, frozen=True):
    """One static file. ``name`` is relative to ``assets/``, ``media_type`` a Content-Type value."""

    name: str
    url: str
    content: bytes
    media_type: str


def build_assets(files: Mapping[str, bytes]) -> Mapping[str, Asset]:
    """Return the assets among the files of a release, keyed by URL path, sorted by name."""
    contents = {
        name.removeprefix(ASSETS_FOLDER): files[name]
        for name in sorted(files)
        if name.startswith(ASSETS_FOLDER)
    }
    digest = digest_files(contents)[:DIGEST_LENGTH]
    assets = (
        Asset(name, f"{ASSETS_URL}{digest}/{quote(name)}", content, decide_media_type(name))
        for name, content in contents.items()
    )
    return MappingProxyType({asset.url: asset for asset in assets})


def digest_files(files: Mapping[str, bytes]) -> str:
    """Return the sha256 of names and contents as hex; the order of the mapping has no say."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(hashlib.sha256(name.encode()).digest())
        total.update(hashlib.sha256(files[name]).digest())
    return total.hexdigest()


def decide_media_type(name: str) -> str:
    """Return the Content-Type for a file name; `application/octet-stream` for an unknown ending."""
    return _MEDIA_TYPES.get(posixpath.splitext(name)[1].lower(), "application/octet-stream")


def check_assets(files: Mapping[str, bytes]) -> Iterator[TemplateError]:
    """Yield one error per relative reference of a style sheet to an asset that does not exist."""
    for name in sorted(files):
        if not (name.startswith(ASSETS_FOLDER) and name.lower().endswith(".css")):
            continue
        css = _CSS_COMMENT.sub(
            lambda comment: "\n" * comment[0].count("\n"), files[name].decode("utf-8", "replace")
        )
        for match in _CSS_REFERENCE.finditer(css):
            reference = next(filter(None, match.groups()), "")
            path = unquote(reference.partition("#")[0].partition("?")[0])
            if not path or path.startswith("/") or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", path):
                continue
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
            if not target.startswith(ASSETS_FOLDER) or target not in files:
                line = css.count("\n", 0, match.start()) + 1
                yield TemplateError(f"refers to {reference!r}, which does not exist", name, line)
