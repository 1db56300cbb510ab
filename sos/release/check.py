"""What is wrong with the files of a release: files in, every problem with its file and line out.

It reads templates as syntax trees and runs none of them, so it needs no page; what only shows on
a page is found by rendering one. Never opens a file.
"""

from collections.abc import Iterable, Iterator, Mapping

from jinja2 import TemplateSyntaxError, meta, nodes

from sos.errors import TemplateError
from sos.release.assets import ASSETS_FOLDER, build_assets, check_assets
from sos.release.csp import find_inline
from sos.release.fields import find_unknown_fields
from sos.release.sandbox import Sandbox, is_template

FALLBACK = "index.html"
"""The template that every release must have: it can show any page."""

# What Jinja2 itself provides in the places where it makes sense.
_PROVIDED = frozenset({"page", "loop", "caller", "varargs", "kwargs", "self", "super"})


def check_release(files: Mapping[str, bytes]) -> list[TemplateError]:
    """Return every problem that shows without a page, by file and line; empty means it is usable.

    Found are: syntax errors, unknown filters, variables and fields of the page model, missing
    templates and assets, escaping that is switched off, inline code that no CSP hash can cover,
    broken references of style sheets, and a missing ``index.html``.
    """
    return compile_release(Sandbox(files, build_assets(files)), files)


def compile_release(environment: Sandbox, files: Mapping[str, bytes]) -> list[TemplateError]:
    """Compile every template into ``environment.codes``; return what `check_release` does."""
    problems = list(check_assets(files))
    if FALLBACK not in files:
        problems.append(TemplateError("is missing; it shows what no other template does", FALLBACK))
    trees: dict[str, nodes.Template] = {}
    for name in sorted(filter(is_template, files)):
        try:
            source = files[name].decode("utf-8")
            trees[name] = environment.parse(source, name, name)
            environment.codes[name] = environment.compile(trees[name], name, name)
        except UnicodeDecodeError as exc:
            line = files[name].count(b"\n", 0, exc.start) + 1
            problems.append(TemplateError("is not UTF-8", name, line))
        except TemplateSyntaxError as exc:
            problems.append(TemplateError(exc.message or "syntax error", name, exc.lineno))
        except (RecursionError, MemoryError, SyntaxError, ValueError) as exc:
            problems.append(TemplateError(f"can't be compiled: {exc}", name))
        else:
            problems.extend(_check_inline(name, source))
    known = _assigned_names(trees.values()) | _PROVIDED
    for name, tree in trees.items():
        found = (
            *find_unknown_fields(tree),
            *_missing_templates(tree, files),
            *_missing_assets(tree, files),
            *_unescaped(tree),
            *_unknown_variables(tree, known),
        )
        problems.extend(TemplateError(message, name, line) for line, message in found)
    return sorted(problems, key=lambda problem: (problem.template, problem.line, str(problem)))


def _check_inline(name: str, source: str) -> Iterator[TemplateError]:
    for block in find_inline(source):
        if not block.fixed:
            message = (
                f"inline <{block.tag}> changes from page to page, so the Content-Security-Policy "
                "can't allow it; move it to an asset"
            )
            yield TemplateError(message, name, block.line)


def _missing_templates(
    tree: nodes.Template, files: Mapping[str, bytes]
) -> Iterator[tuple[int, str]]:
    for node in tree.find_all((nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)):
        wanted = getattr(node, "template", None)
        if not isinstance(wanted, nodes.Const) or getattr(node, "ignore_missing", False):
            continue
        if wanted.value not in files or not is_template(wanted.value):
            yield node.lineno, f"there is no template {wanted.value!r}"


def _missing_assets(tree: nodes.Template, files: Mapping[str, bytes]) -> Iterator[tuple[int, str]]:
    for call in tree.find_all(nodes.Call):
        if not (isinstance(call.node, nodes.Name) and call.node.name == "asset" and call.args):
            continue
        wanted = call.args[0]
        if isinstance(wanted, nodes.Const) and f"{ASSETS_FOLDER}{wanted.value}" not in files:
            yield call.lineno, f"there is no asset {wanted.value!r} in {ASSETS_FOLDER}"


def _unescaped(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    for modifier in tree.find_all(nodes.EvalContextModifier):
        if any(option.key == "autoescape" for option in modifier.options):
            yield modifier.lineno, "escaping can't be switched on or off"


def _unknown_variables(tree: nodes.Template, known: set[str]) -> Iterator[tuple[int, str]]:
    # An included template may use what the including one sets, so only a name that no template
    # ever sets is wrong for certain.
    try:
        undeclared = meta.find_undeclared_variables(tree)
    except TemplateSyntaxError:
        return  # an unknown filter or test: reported when it was compiled
    for name in sorted(undeclared - known):
        lines = (n.lineno for n in tree.find_all(nodes.Name) if n.name == name)
        yield min(lines, default=0), f"there is no variable {name!r}"


def _assigned_names(trees: Iterable[nodes.Template]) -> set[str]:
    names: set[str] = set()
    for tree in trees:
        names.update(n.name for n in tree.find_all(nodes.Name) if n.ctx != "load")
        names.update(macro.name for macro in tree.find_all(nodes.Macro))
        names.update(imported.target for imported in tree.find_all(nodes.Import))
        for imported in tree.find_all(nodes.FromImport):
            names.update(n if isinstance(n, str) else n[1] for n in imported.names)
    return names
