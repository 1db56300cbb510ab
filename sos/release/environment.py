"""A usable release: the files of a bundle or folder in, pages as text out.

`build_release` compiles everything once; afterwards a release never changes, opens no file, and
the same page model always gives the same text.
"""

from collections.abc import Iterable, Mapping
from types import CodeType, MappingProxyType

from jinja2 import Environment, Template

from sos.errors import TemplateError
from sos.page.model import BodyNeededError, PageModel
from sos.release.assets import Asset, build_assets, digest_files
from sos.release.check import FALLBACK, check_release, compile_release
from sos.release.csp import find_inline, style_hash
from sos.release.sandbox import Sandbox, is_template

UNAVAILABLE = "unavailable.html"
"""The page for a node that has nothing to show; it is rendered once, without a page model."""

_BARE_UNAVAILABLE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Back soon</title></head>'
    "<body><main><h1>Back soon</h1><p>This page can't be shown just now.</p></main></body></html>\n"
)

# Folders of templates that others are made of: never chosen for a page, whatever name an editor
# gave to a custom template. Those of the default theme are there for a theme that extends it.
_BUILDING_BLOCKS = ("layouts/", "parts/", "default/")


class Release:
    """Compiled templates and their assets; immutable, shared by all requests of a worker.

    ``assets`` is keyed by URL path. ``style_hashes`` and ``script_hashes`` are the CSP source
    expressions for inline blocks in templates; what a page's own `PostView.css` needs is
    `style_hash` of it. ``unavailable`` is the text of the page for 503; ``templates`` are the names
    that can be chosen for a page.
    """

    __slots__ = (
        "_choices",
        "assets",
        "files",
        "id",
        "script_hashes",
        "style_hashes",
        "templates",
        "unavailable",
    )

    def __init__(
        self,
        release_id: str,
        files: Mapping[str, bytes],
        codes: Mapping[str, CodeType] | None = None,
    ) -> None:
        """Compile and check; raises TemplateError for the first problem of the files.

        With ``codes``, which must have been compiled from these very files by this version of
        Python, there is nothing to compile or check any more.
        """
        self.id = release_id
        self.files: Mapping[str, bytes] = MappingProxyType(dict(files))
        self.assets: Mapping[str, Asset] = build_assets(files)
        environment = Sandbox(self.files, self.assets)
        if codes is None:
            problems = compile_release(environment, self.files)
            if problems:
                raise problems[0]
        else:
            _require_all(codes, self.files)
            environment.codes.update(codes)
        templates = environment.load_all(self.files)
        self._choices = {
            name: template
            for name, template in templates.items()
            if not name.startswith(_BUILDING_BLOCKS) and name != UNAVAILABLE
        }
        self.templates = tuple(self._choices)
        inline = [b for n in templates for b in find_inline(self.files[n].decode())]
        self.style_hashes = tuple(sorted({b.source for b in inline if b.tag == "style"}))
        self.script_hashes = tuple(sorted({b.source for b in inline if b.tag == "script"}))
        unavailable = templates.get(UNAVAILABLE)
        self.unavailable = _render(unavailable) if unavailable else _BARE_UNAVAILABLE

    def decide_template(self, names: Iterable[str]) -> str:
        """Return the first of the names that this release has, else ``index.html``."""
        return next((name for name in names if name in self._choices), FALLBACK)

    def render(self, page: PageModel) -> str:
        """Return the page as HTML. Raises TemplateError that names template and line.

        Raises BodyNeededError where the cards of a list were built without their bodies, and a
        template wants one.
        """
        return _render(self._choices[self.decide_template(page.templates)], page=page)


def build_release(
    files: Mapping[str, bytes],
    release_id: str | None = None,
    codes: Mapping[str, CodeType] | None = None,
    kind: type[Release] = Release,
) -> Release:
    """Return a release of these files: POSIX paths relative to ``templates/``, and contents.

    ``release_id`` defaults to ``folder-`` and the first 8 hex digits of the files' digest; for
    ``codes`` see `Release`, which ``kind`` is or extends. Raises TemplateError for the first
    problem that `check_release` finds.
    """
    return kind(release_id or f"folder-{digest_files(files)[:8]}", files, codes)


def _require_all(codes: Mapping[str, CodeType], files: Mapping[str, bytes]) -> None:
    """Raise TemplateError where ``codes`` belong to other files: two releases would be mixed."""
    for name in sorted(codes.keys() ^ set(filter(is_template, files))):
        raise TemplateError("the compiled templates are not those of these files", name)


def _render(template: Template, **variables: PageModel) -> str:
    try:
        return template.render(**variables)
    except BodyNeededError:
        raise
    except Exception as exc:  # a template may raise anything, and the page needs one answer
        raise TemplateError(_describe(exc), *_locate(exc, template.environment)) from exc


def _describe(exc: Exception) -> str:
    kind, text = type(exc).__name__, str(exc)
    return f"{kind}: {text}" if text else kind


def _locate(exc: Exception, environment: Environment) -> tuple[str, int]:
    """Return the innermost template and line of a traceback, which Jinja2 maps to its source."""
    place = ("", 0)
    step = exc.__traceback__
    while step:
        name = step.tb_frame.f_code.co_filename
        if is_template(name) and name in environment.list_templates():
            place = (name, step.tb_lineno)
        step = step.tb_next
    return place


__all__ = ["Asset", "Release", "build_release", "check_release", "style_hash"]
