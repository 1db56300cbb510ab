"""What is wrong with the files of a release: files in, every problem with its file and line out.

It reads templates as syntax trees and runs none of them, so it needs no page; what only shows on
a page is found by rendering one. Never opens a file.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import CodeType, MappingProxyType
from typing import NamedTuple

from jinja2 import TemplateSyntaxError, meta, nodes

from sos.errors import TemplateError
from sos.release.assets import ASSETS_FOLDER, build_assets, check_assets
from sos.release.blocks import Blocks, describe_blocks, find_lost_blocks
from sos.release.csp import find_inline
from sos.release.fields import find_unknown_fields
from sos.release.sandbox import Sandbox, is_template

FALLBACK = "index.html"
"""The template that every release must have: it can show any page."""

# What Jinja2 itself provides in the places where it makes sense.
_PROVIDED = frozenset({"page", "loop", "caller", "varargs", "kwargs", "self", "super"})


class Part(NamedTuple):
    """What is known of one template, whatever the others are: by its ``source`` alone.

    ``code`` is None for one that can't be compiled. References are given with their lines, names
    that it does not set itself with the first line of each.
    """

    source: bytes
    code: CodeType | None
    problems: tuple[TemplateError, ...] = ()
    templates: tuple[tuple[int, str], ...] = ()
    assets: tuple[tuple[int, str], ...] = ()
    undeclared: Mapping[str, int] = MappingProxyType({})
    assigned: frozenset[str] = frozenset()
    blocks: Blocks = Blocks()


Parts = dict[str, Part]
"""Templates that were compiled before, by name; those that have changed are compiled again."""


def check_release(files: Mapping[str, bytes]) -> list[TemplateError]:
    """Return every problem that shows without a page, by file and line; empty means it is usable.

    Found are: syntax errors, unknown filters, variables and fields of the page model, missing
    templates and assets, escaping that is switched off, inline code that no CSP hash can cover,
    broken references of style sheets, a missing ``index.html``, and blocks that nobody sees.
    """
    parts: Parts = {}
    problems = compile_release(Sandbox(files, build_assets(files)), files, parts)
    return sort_problems([*problems, *find_lost(parts)])


def find_lost(parts: Parts) -> list[TemplateError]:
    """Return the blocks that nobody sees; a page can be made all the same."""
    return list(find_lost_blocks({name: part.blocks for name, part in parts.items()}))


def sort_problems(problems: Iterable[TemplateError]) -> list[TemplateError]:
    """Return problems by file and line."""
    return sorted(problems, key=lambda problem: (problem.template, problem.line, str(problem)))


def compile_release(
    environment: Sandbox, files: Mapping[str, bytes], known: Parts | None = None
) -> list[TemplateError]:
    """Compile every template into ``environment.codes``; return what `check_release` does, but for
    blocks that nobody sees: a node makes pages without them, as it did before they were noticed.

    What is in ``known`` and has not changed is taken from there, the rest is put there.
    """
    problems = list(check_assets(files))
    if FALLBACK not in files:
        problems.append(TemplateError("is missing; it shows what no other template does", FALLBACK))
    parts = {} if known is None else known
    for name in parts.keys() - files.keys():
        del parts[name]
    names = sorted(filter(is_template, files))
    for name in names:
        if name not in parts or parts[name].source != files[name]:
            parts[name] = _compile(environment, name, files[name])
        code = parts[name].code
        if code is not None:
            environment.codes[name] = code
    set_somewhere = _PROVIDED.union(*(parts[name].assigned for name in names))
    for name in names:
        problems.extend(parts[name].problems)
        problems.extend(
            TemplateError(message, name, line)
            for line, message in _missing(parts[name], files, set_somewhere)
        )
    return sort_problems(problems)


def _compile(environment: Sandbox, name: str, content: bytes) -> Part:
    try:
        source = content.decode("utf-8")
        tree = environment.parse(source, name, name)
        code = environment.compile(tree, name, name)
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        problem = TemplateError("is not UTF-8", name, line)
    except TemplateSyntaxError as exc:
        problem = TemplateError(exc.message or "syntax error", name, exc.lineno)
    except (RecursionError, MemoryError, SyntaxError, ValueError) as exc:
        problem = TemplateError(f"can't be compiled: {exc}", name)
    else:
        return _describe(name, content, tree, code)
    return Part(content, None, (problem,))


def _describe(name: str, content: bytes, tree: nodes.Template, code: CodeType) -> Part:
    found = (*find_unknown_fields(tree), *_unescaped(tree))
    return Part(
        content,
        code,
        (
            *_check_inline(name, content.decode("utf-8")),
            *(TemplateError(message, name, line) for line, message in found),
        ),
        tuple(_wanted_templates(tree)),
        tuple(_wanted_assets(tree)),
        dict(_undeclared(tree)),
        frozenset(_assigned_names(tree)),
        describe_blocks(tree),
    )


def _missing(
    part: Part, files: Mapping[str, bytes], known: frozenset[str]
) -> Iterator[tuple[int, str]]:
    """What one template asks of the others and does not get."""
    for line, wanted in part.templates:
        if wanted not in files or not is_template(wanted):
            yield line, f"there is no template {wanted!r}"
    for line, wanted in part.assets:
        if f"{ASSETS_FOLDER}{wanted}" not in files:
            yield line, f"there is no asset {wanted!r} in {ASSETS_FOLDER}"
    # An included template may use what the including one sets, so only a name that no template
    # ever sets is wrong for certain.
    for wanted, line in part.undeclared.items():
        if wanted not in known:
            yield line, f"there is no variable {wanted!r}"


def _check_inline(name: str, source: str) -> Iterator[TemplateError]:
    for block in find_inline(source):
        if not block.fixed:
            message = (
                f"inline <{block.tag}> changes from page to page, so the Content-Security-Policy "
                "can't allow it; move it to an asset"
            )
            yield TemplateError(message, name, block.line)


def _wanted_templates(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    for node in tree.find_all((nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)):
        wanted = getattr(node, "template", None)
        if isinstance(wanted, nodes.Const) and not getattr(node, "ignore_missing", False):
            yield node.lineno, wanted.value


def _wanted_assets(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "asset" and call.args:
            wanted = call.args[0]
            if isinstance(wanted, nodes.Const):
                yield call.lineno, wanted.value


def _unescaped(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    for modifier in tree.find_all(nodes.EvalContextModifier):
        if any(option.key == "autoescape" for option in modifier.options):
            yield modifier.lineno, "escaping can't be switched on or off"


def _undeclared(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    try:
        undeclared = meta.find_undeclared_variables(tree)
    except TemplateSyntaxError:
        return  # an unknown filter or test: reported when it was compiled
    for name in sorted(undeclared):
        lines = (n.lineno for n in tree.find_all(nodes.Name) if n.name == name)
        yield name, min(lines, default=0)


def _assigned_names(tree: nodes.Template) -> Iterator[str]:
    yield from (n.name for n in tree.find_all(nodes.Name) if n.ctx != "load")
    yield from (macro.name for macro in tree.find_all(nodes.Macro))
    yield from (imported.target for imported in tree.find_all(nodes.Import))
    for imported in tree.find_all(nodes.FromImport):
        yield from (n if isinstance(n, str) else n[1] for n in imported.names)
