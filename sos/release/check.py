"""What is wrong with the files of a release: files in, every problem with its file and line out.

It reads templates as syntax trees and runs none of them, so it needs no page; what only shows on
a page is found by rendering one. Never opens a file.
"""

from collections.abc import Iterator, Mapping

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from sos.errors import TemplateError
from sos.release.assets import ASSETS_FOLDER, build_assets, check_assets
from sos.release.csp import find_inline
from sos.release.fields import find_unknown_fields
from sos.release.sandbox import build_sandbox, is_template

FALLBACK = "index.html"
"""The template that every release must have: it can show any page."""


def check_release(files: Mapping[str, bytes]) -> list[TemplateError]:
    """Return every problem that shows without a page, by file and line; empty means it is usable.

    Found are: syntax errors, unknown filters, variables and fields of the page model, missing
    templates and assets, escaping that is switched off, inline code that no CSP hash can cover,
    broken references of style sheets, and a missing ``index.html``.
    """
    environment = build_sandbox(files, build_assets(files))
    problems = list(check_assets(files))
    if FALLBACK not in files:
        problems.append(TemplateError("is missing; it shows what no other template does", FALLBACK))
    trees: dict[str, nodes.Template] = {}
    for name in sorted(filter(is_template, files)):
        try:
            source = files[name].decode("utf-8")
            trees[name] = environment.parse(source, name, name)
            environment.compile(trees[name], name, name)
        except UnicodeDecodeError as exc:
            line = files[name].count(b"\n", 0, exc.start) + 1
            problems.append(TemplateError("is not UTF-8", name, line))
        except TemplateSyntaxError as exc:
            problems.append(TemplateError(exc.message or "syntax error", name, exc.lineno))
        else:
            problems.extend(_check_inline(name, source))
    known = _assigned_names(trees.values()) | {"page", "caller", "varargs", "kwargs", "self"}
    for name, tree in trees.items():
        for line, message in _check_tree(tree, environment, files, known):
            problems.append(TemplateError(message, name, line))
    return sorted(problems, key=lambda problem: (problem.template, problem.line, str(problem)))


def _check_inline(name: str, source: str) -> Iterator[TemplateError]:
    for block in find_inline(source):
        if not block.fixed:
            message = (
                f"inline <{block.tag}> changes from page to page, so the Content-Security-Policy "
                "can't allow it; move it to an asset"
            )
            yield TemplateError(message, name, block.line)


def _check_tree(
    tree: nodes.Template, environment: Environment, files: Mapping[str, bytes], known: set[str]
) -> Iterator[tuple[int, str]]:
    yield from find_unknown_fields(tree)
    for node in tree.find_all((nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)):
        wanted = getattr(node, "template", None)
        if isinstance(wanted, nodes.Const) and not getattr(node, "ignore_missing", False):
            target = wanted.value
            if not (isinstance(target, str) and target in files and is_template(target)):
                yield node.lineno, f"there is no template {target!r}"
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "asset" and call.args:
            wanted = call.args[0]
            if isinstance(wanted, nodes.Const) and f"{ASSETS_FOLDER}{wanted.value}" not in files:
                yield call.lineno, f"there is no asset {wanted.value!r} in {ASSETS_FOLDER}"
    for modifier in tree.find_all(nodes.EvalContextModifier):
        if any(option.key == "autoescape" for option in modifier.options):
            yield modifier.lineno, "escaping can't be switched off"
    # An included template may use what the including one sets, so only a name that no template
    # ever sets is wrong for certain.
    for name in sorted(meta.find_undeclared_variables(tree) - known):
        lines = (n.lineno for n in tree.find_all(nodes.Name) if n.name == name and n.ctx == "load")
        yield min(lines, default=0), f"there is no variable {name!r}"


def _assigned_names(trees: Iterator[nodes.Template] | object) -> set[str]:
    names: set[str] = set()
    for tree in trees:  # type: ignore[attr-defined]
        pass
    return names
