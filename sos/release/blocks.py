"""Blocks that nobody ever sees: what templates fill and extend in, blocks without a place out.

A template that extends another one shows nothing but blocks which that one has too. A slip in the
name of a block, or one that is gone from the default theme, is no error for Jinja2: it is silently
left out. Reports what is certain, and is silent about what is decided while a page is made.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from jinja2 import nodes

from sos.errors import TemplateError


class Blocks(NamedTuple):
    """The blocks of one template. ``extends`` is empty for one that stands alone, None where only a
    page can tell; ``outer`` are the blocks that lie in no other, with their lines; ``called`` says
    that blocks may be printed by name."""

    extends: str | None = ""
    outer: Mapping[str, int] = MappingProxyType({})
    names: frozenset[str] = frozenset()
    called: bool = False


def describe_blocks(tree: nodes.Template) -> Blocks:
    """The blocks of a template."""
    parents = list(tree.find_all(nodes.Extends))
    blocks = list(tree.find_all(nodes.Block))
    inner = {name for block in blocks for name in _names_within(block)}
    return Blocks(
        _decide_parent(parents),
        {b.name: b.lineno for b in blocks if b.name not in inner},
        frozenset(b.name for b in blocks),
        any(n.name == "self" for n in tree.find_all(nodes.Name)),
    )


def find_lost_blocks(templates: Mapping[str, Blocks]) -> Iterator[TemplateError]:
    """Yield an error for each block that no template shows which its own extends."""
    for name in sorted(templates):
        blocks = templates[name]
        if not blocks.extends:
            continue
        known = _names_above(name, templates)
        if known is None:
            continue
        for block, line in blocks.outer.items():
            if block not in known:
                message = f"there is no block {block!r} in {blocks.extends!r} or what that extends"
                yield TemplateError(f"{message}, so nobody sees this one", name, line)


def _names_above(name: str, templates: Mapping[str, Blocks]) -> set[str] | None:
    """Blocks of all that a template extends; None where that can't be told."""
    known: set[str] = set()
    passed = {name}
    parent = templates[name].extends
    while parent:
        above = templates.get(parent)
        if above is None or above.called or parent in passed:
            return None
        passed.add(parent)
        known |= above.names
        parent = above.extends
    return None if parent is None or templates[name].called else known


def _decide_parent(parents: list[nodes.Extends]) -> str | None:
    if not parents:
        return ""
    wanted = parents[0].template
    return wanted.value if len(parents) == 1 and isinstance(wanted, nodes.Const) else None


def _names_within(block: nodes.Block) -> Iterator[str]:
    for node in block.body:
        if isinstance(node, nodes.Block):
            yield node.name
        yield from (inner.name for inner in node.find_all(nodes.Block))
