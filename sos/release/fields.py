"""Which fields of the page model a template uses: a syntax tree in, unknown fields out.

It follows `page` through attributes, loops and assignments as far as types can be known, and is
silent where they can't (the arguments of a macro): what it reports is wrong for certain.
"""

import types
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from jinja2 import nodes

from sos.page.model import PageModel

Scope = dict[str, Any]
"""Names of a template and their types; None, and absence, for unknown."""


def find_unknown_fields(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Yield line and message for each use of a field that the page model lacks."""
    assigned = Counter(name.name for name in tree.find_all(nodes.Name) if name.ctx != "load")
    scope: Scope = {} if assigned["page"] else {"page": PageModel}
    # A name that is assigned twice may hold either, so it isn't followed.
    yield from _walk(tree, scope, {name for name, times in assigned.items() if times == 1})


def _walk(node: nodes.Node, scope: Scope, once: set[str]) -> Iterator[tuple[int, str]]:
    """Visit a node and those below it in the order of the template."""
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        yield from _unknown_field(node, scope)
    elif isinstance(node, nodes.For):
        yield from _walk(node.iter, scope, once)
        inner = _bound(node.target, _item_type(_resolve(node.iter, scope)), scope, once)
        for child in node.iter_child_nodes(exclude=("target", "iter")):
            yield from _walk(child, inner, once)
        return
    elif isinstance(node, nodes.Assign):
        yield from _walk(node.node, scope, once)
        scope.update(_bound(node.target, _resolve(node.node, scope), scope, once))
        return
    elif isinstance(node, nodes.Block | nodes.Macro | nodes.CallBlock | nodes.With):
        scope = dict(scope)
    for child in node.iter_child_nodes():
        yield from _walk(child, scope, once)


def _bound(target: nodes.Node, kind: Any, scope: Scope, once: set[str]) -> Scope:
    """Return the scope with a target's name bound to a type, where that can be relied upon."""
    if isinstance(target, nodes.Name) and target.name in once:
        return scope | {target.name: kind}
    return scope


def _unknown_field(node: nodes.Getattr | nodes.Getitem, scope: Scope) -> Iterator[tuple[int, str]]:
    owner, key = _without_none(_resolve(node.node, scope)), _key(node)
    if _is_struct(owner) and key is not None and key not in _fields(owner):
        yield node.lineno, f"{owner.__name__} has no field {key!r}"


def _resolve(node: nodes.Node, scope: Scope) -> Any:
    """Return the type of an expression, None where unknown."""
    if isinstance(node, nodes.Name):
        return scope.get(node.name)
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return None
    owner, key = _without_none(_resolve(node.node, scope)), _key(node)
    if _is_struct(owner):
        return _fields(owner).get(str(key))
    if get_origin(owner) is dict:
        return None if hasattr(dict, str(key)) else get_args(owner)[1]
    return _item_type(owner) if isinstance(key, int) else None


def _key(node: nodes.Getattr | nodes.Getitem) -> object:
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.arg.value if isinstance(node.arg, nodes.Const) else None


def _item_type(kind: Any) -> Any:
    """Return the type of what a tuple of one type holds, None for anything else."""
    arguments = get_args(kind)
    return arguments[0] if get_origin(kind) is tuple and arguments[1:] == (...,) else None


def _without_none(kind: Any) -> Any:
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    rest = [member for member in get_args(kind) if member is not types.NoneType]
    return rest[0] if len(rest) == 1 else None


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


@cache
def _fields(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(struct)
