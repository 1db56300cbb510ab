"""The gallery of one build: its items, and each of them as a page of its own.

In: a build. Out: the list of items as HTML, or one item as the build's templates show it. What
can't be shown says why, and the others are shown all the same.
"""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from sos.dev.builds import Build
from sos.dev.gallery.blocks import build_block_items
from sos.dev.gallery.items import Group, Item, build_slug
from sos.dev.gallery.parts import END, START, find_parts
from sos.errors import SosError, TemplateError
from sos.page.frame import BuiltPage
from sos.page.model import PageModel
from sos.release.assets import build_assets
from sos.release.check import Parts, compile_release
from sos.release.environment import Release, build_release
from sos.release.fixtures import build_fixtures, parse_fixtures
from sos.release.sandbox import Sandbox
from sos.render import RenderedPage, render_page

PREFIX = "/__gallery/"

Direction = Literal["", "ltr", "rtl"]

_PART = re.compile(re.escape(START) + r"\s*(?=\S)(?!" + re.escape(END) + ")")


class Gallery:
    """Everything that one build can show of itself; templates are compiled when it is first asked.

    ``known`` are templates that were compiled for a build before.
    """

    def __init__(self, build: Build, known: Parts) -> None:
        self.build = build
        parts = tuple(find_parts(build.files))
        self._synthetic = {template: text.encode() for _, template, text in parts}
        self._problems: dict[str, TemplateError] = {}
        self._release = self._build_release(known)
        own, _ = parse_fixtures(build.files)
        self.groups = (
            Group("Kinds of pages", tuple(_build_page_items(build_fixtures(), "full"))),
            Group("Parts", tuple(item for item, _, _ in parts)),
            Group("Blocks", build_block_items()),
            Group("The theme's own fixtures", tuple(_build_page_items(own))),
            Group("Variants of pages", tuple(_build_page_items(build_fixtures(), but="full"))),
        )
        self._items = {item.slug: item for group in self.groups for item in group.items}

    def find(self, slug: str) -> Item | None:
        """An item by its name in addresses."""
        return self._items.get(slug)

    def render(self, item: Item, direction: Direction = "") -> RenderedPage:
        """The item as a page. Raises TemplateError."""
        rendered: RenderedPage | None = None
        failure: SosError | None = None
        for page in item.pages:
            template = page.templates[0]
            if template in self._problems:
                raise self._problems[template]
            try:
                rendered = self._render(page, direction)
            except SosError as exc:
                failure = failure or exc
                continue
            if template not in self._synthetic or _PART.search(rendered.body.decode()):
                return rendered
        if rendered is None and failure is not None:
            raise failure
        if rendered is None:
            raise TemplateError("there is no page to show it on")
        return rendered

    def _render(self, page: PageModel, direction: Direction) -> RenderedPage:
        if direction:
            language = page.site.language
            if direction == "rtl" and page.site.direction != "rtl":
                language = "ar"
            site = msgspec.structs.replace(page.site, direction=direction, language=language)
            page = msgspec.structs.replace(page, site=site)
        return render_page(BuiltPage(page, ()), self._release)

    def _build_release(self, known: Parts) -> Release:
        """The build's templates and those that show parts; what is wrong with one of these is kept
        for whoever looks at it."""
        files = {**self.build.files, **self._synthetic}
        sandbox = Sandbox(files, build_assets(files))
        for problem in compile_release(sandbox, files, known):
            if problem.template in self._synthetic:
                self._problems.setdefault(problem.template, problem)
        kept: Mapping[str, bytes] = {
            name: content
            for name, content in files.items()
            if name not in self._synthetic or name in sandbox.codes
        }
        return build_release(kept, codes=sandbox.codes)


def _build_page_items(
    pages: Mapping[str, PageModel], ending: str = "", but: str = ""
) -> list[Item]:
    """Items of fixtures by name; those of one kind side by side."""
    return [
        Item(slug=build_slug(name), title=name, pages=(page,), whole=True)
        for name, page in pages.items()
        if (not ending or name.endswith(f" {ending}")) and (not but or not name.endswith(f" {but}"))
    ]
