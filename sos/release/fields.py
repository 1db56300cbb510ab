"""Which fields of the page model a template uses: a syntax tree in, unknown fields out.

It follows `page` through attributes, loops and assignments as far as types can be known, and is
silent where they can't (the arguments of a macro): what it reports is wrong for certain.
"""

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from jinja2 import nodes

from sos.page.model import PageModel

Scope = dict[str, Any]


def find_unknown_fields(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Yield line and message for each use of a field that the page model lacks."""
    found: list[tuple[int, str]] = []
    _walk(tree, {"page": PageModel}, found)
    yield from found


def _walk(node: nodes.Node, scope: Scope, found: list[tuple[int, str]]) -> None:
    """Visit a node and those below it; ``scope`` maps names to types, None for unknown."""
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        _resolve(node, scope, found)
    elif isinstance(node, nodes.For):
        _walk(node.iter, scope, found)
        inner = dict(scope)
        _bind(node.target, _item_type(_resolve(node.iter, scope, [])), inner)
        for child in (*node.body, *([node.test] if node.test else []), *node.else_):
            _walk(child, inner, found)
        return
    elif isinstance(node, nodes.Assign):
        _walk(node.node, scope, found)
        _bind(node.target, _resolve(node.node, scope, []), scope)
        return
    elif isinstance(node, nodes.Macro | nodes.CallBlock):
        scope = scope | {argument.name: None for argument in node.args}
    elif isinstance(node, nodes.Block | nodes.With | nodes.If):
        # What is set inside may or may not be seen outside: what is unsure is not checked.
        for name in {n.name for n in node.find_all(nodes.Name) if n.ctx == "store"}:
            scope[name] = None
    for child in node.iter_child_nodes():
        _walk(child, scope, found)


def _bind(target: nodes.Node, kind: Any, scope: Scope) -> None:
    for name in (target, *target.find_all(nodes.Name)):
        if isinstance(name, nodes.Name):
            scope[name.name] = kind if name is target else None


def _resolve(node: nodes.Node, scope: Scope, found: list[tuple[int, str]]) -> Any:
    """Return the type of an expression, None where unknown; report an unknown field."""
    if isinstance(node, nodes.Name):
        return scope.get(node.name)
    if isinstance(node, nodes.Getattr):
        key: object = node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        key = node.arg.value
    else:
        return None
    owner = _without_none(_resolve(node.node, scope, []))
    if isinstance(owner, type) and issubclass(owner, msgspec.Struct):
        hints = get_type_hints(owner)
        if key not in hints:
            found.append((node.lineno, f"{owner.__name__} has no field {key!r}"))
        return hints.get(str(key))
    if get_origin(owner) is dict:
        return None if hasattr(dict, str(key)) else get_args(owner)[1]
    return _item_type(owner) if isinstance(key, int) else None


def _item_type(kind: Any) -> Any:
    """Return the type of what a tuple of one type holds, None for anything else."""
    arguments = get_args(kind)
    return arguments[0] if get_origin(kind) is tuple and arguments[1:] == (...,) else None


def _without_none(kind: Any) -> Any:
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    rest = [member for member in get_args(kind) if member is not types.NoneType]
    return rest[0] if len(rest) == 1 else None
