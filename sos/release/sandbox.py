"""The environment that templates run in: the files of a release in, a sandboxed Jinja2 out.

A template sees `page`, the functions and filters below and those of Jinja2 that are pure. Never
offers a clock, chance, a request, a file, or a way to switch escaping off.
"""

import contextlib
import re
from collections.abc import Callable, Mapping, MutableMapping
from types import CodeType
from typing import Any

import markupsafe
import msgspec
from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateNotFound
from jinja2.environment import TemplateModule
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from sos.page import model
from sos.page.fitted import fit_pictures
from sos.release.assets import ASSETS_FOLDER, Asset
from sos.release.csp import style_element
from sos.release.remember import Memory, find_pure

# `random` would make two renderings differ; `safe` would print text of editors as HTML: what is
# HTML in the page model is marked as such already.
_WITHDRAWN_FILTERS = ("random", "safe", "pprint")
_KEPT_GLOBALS = ("namespace", "range")

# A field of the page model is safe whatever its name, and so is what a loop tells of itself: looked
# up here, it need not be judged by the sandbox, which takes longer than all the rest of rendering.
_SAFE_FIELDS: Mapping[type, frozenset[str]] = {
    LoopContext: frozenset(
        "depth depth0 first index index0 last length nextitem previtem revindex revindex0".split()
    ),
    **{
        struct: frozenset(struct.__struct_fields__)
        for struct in vars(model).values()
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct)
    },
}


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment for the files of a release; nothing is compiled yet.

    ``codes`` takes templates that were compiled already, by name.
    """

    def __init__(self, files: Mapping[str, bytes], assets: Mapping[str, Asset]) -> None:
        super().__init__(
            loader=FilesLoader(files),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            cache_size=-1,
        )
        self.codes: dict[str, CodeType] = {}
        self._loaded: dict[str, Template] = {}
        self._macros: set[object] = set()
        self.memory = Memory()
        urls = {asset.name: asset.url for asset in assets.values()}

        def asset(name: str) -> str:
            try:
                return urls[name]
            except KeyError:
                raise LookupError(f"there is no asset {name!r} in {ASSETS_FOLDER}") from None

        self.globals = {name: self.globals[name] for name in _KEPT_GLOBALS} | {"asset": asset}
        for name in _WITHDRAWN_FILTERS:
            del self.filters[name]
        self.filters.update(FILTERS)

    def load_all(self, files: Mapping[str, bytes]) -> Mapping[str, Template]:
        """Every template in ``codes``, by name, which must be those of ``files``."""
        self._loaded = {name: self.get_template(name) for name in self.codes}
        for name in find_pure({name: files[name].decode() for name in self.codes}):
            # One that can't stand alone fails where it is imported, if it ever is.
            with contextlib.suppress(Exception):
                exported = vars(self._loaded[name].module).values()
                self._macros.update(v for v in exported if type(v) is Macro)
        return self._loaded

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - the name is Jinja2's
    ) -> Template:
        """Return a template; what is loaded is found without a detour."""
        found = self._loaded.get(name) if type(name) is str and globals is None else None
        return found or super().get_template(name, parent, globals)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the names that a template sees besides its own: one dictionary for all of them.

        Jinja2's own is a ChainMap, in whose names each import of a page looks, in Python.
        """
        return {**self.globals, **d} if d else self.globals

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Call a function from a template; see `remember` for what need not run again."""
        # The names are Jinja2's: they leave all others to the keyword arguments.
        if type(__obj) is not Macro:
            return super().call(__context, __obj, *args, **kwargs)
        kwargs.pop("_loop_vars", None)
        kwargs.pop("_block_vars", None)
        if __obj in __self._macros:
            return __self.memory.call(__obj, args, kwargs)
        return __obj(*args, **kwargs)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute, else an item, else undefined; raises SecurityError when unsafe."""
        kind = type(obj)
        fields = _SAFE_FIELDS.get(kind)
        if fields is not None:
            if attribute in fields:
                return getattr(obj, attribute)
        elif kind is TemplateModule and attribute[0] != "_" and attribute in obj.__dict__:
            return obj.__dict__[attribute]
        return super().getattr(obj, attribute)


class FilesLoader(BaseLoader):
    """Templates from the files of a release, under their own names, so that errors name them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Return text and name. Raises TemplateNotFound, or UnicodeDecodeError if not UTF-8."""
        if not is_template(template) or template not in self._files:
            raise TemplateNotFound(template)
        return self._files[template].decode("utf-8"), template, lambda: True

    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - the name is Jinja2's
    ) -> Template:
        """Return a template, from the code that there is or else from its source."""
        code = environment.codes.get(name) if isinstance(environment, Sandbox) else None
        if code is None:
            template = super().load(environment, name, globals)
        else:
            template = environment.template_class.from_code(environment, code, globals or {})
        # What compiled templates call the name is theirs to resolve: see `escape`.
        template.root_render_func.__globals__["escape"] = escape
        return template

    def list_templates(self) -> list[str]:
        """Return the names of all templates, sorted."""
        return sorted(filter(is_template, self._files))


def escape(value: Any) -> str:
    """The text of ``value`` for the output of a template, as markupsafe's own escape has it.

    Most of what is printed needs no escaping. There, this does without copies.
    """
    kind = type(value)
    if kind is Markup or (kind is str and _SPECIAL(value) is None):
        return value  # type: ignore[no-any-return]
    if kind is int:
        return str(value)
    return markupsafe.escape(value)


_SPECIAL = re.compile("[&<>\"']").search


def is_template(name: str) -> bool:
    """Whether a file of a release is a template."""
    return name.endswith(".html") and not name.startswith(ASSETS_FOLDER)


def absolute(url: str, site: model.SiteView) -> str:
    """Return a path of this site as an absolute URL, and anything else as it is."""
    return site.url + url if url.startswith("/") and not url.startswith("//") else url


FILTERS: Mapping[str, Callable[..., object]] = {
    "absolute": absolute,
    "fitted": fit_pictures,
    "style": style_element,
}
"""The filters that sos adds to Jinja2's own."""
