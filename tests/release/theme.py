"""The theme that comes with sos, read once for all tests."""

from functools import cache
from pathlib import Path

from sos.release.environment import Release, build_release
from sos.release.folder import read_folder

FOLDER = Path(__file__).parents[2] / "templates"


@cache
def theme_files() -> dict[str, bytes]:
    """The files of ``templates/``."""
    return read_folder(FOLDER)


@cache
def theme() -> Release:
    """The release that they make."""
    return build_release(theme_files())


def release_of(**templates: str) -> Release:
    """A release of an empty ``index.html`` and the given templates, named without ``.html``."""
    texts = {"index": ""} | templates
    return build_release({f"{name}.html": text.encode() for name, text in texts.items()})
