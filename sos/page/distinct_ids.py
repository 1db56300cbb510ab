"""Ids of sanitised HTML that stands in one page beside other HTML. Pure.

In: a text, and the ids that are taken. Out: the same text with ids of its own. Editors give anchors
in each text by itself: "about" may be in two of them, and a page has each id once (HTML, 3.2.6 The
id attribute). What leads to a renamed one within the same text is renamed along.
"""

import re
from collections.abc import Set
from typing import Final

# In what the sanitiser wrote: every value stands in double quotes, and `<` only begins a tag.
_TAG: Final = re.compile(r"<[a-z][^<>]* [^<>]*>")
_ID: Final = re.compile(r' id="([^"]*)"')
_NAMING: Final = re.compile(
    r" (id|name|headers|href|usemap|aria-(?:activedescendant|controls|describedby|details"
    r'|errormessage|flowto|labelledby|owns))="([^"]*)"'
)


def find_ids(html: str) -> frozenset[str]:
    """The ids of the elements of ``html``."""
    if ' id="' not in html:  # the usual case
        return frozenset()
    return frozenset(found for tag in _TAG.findall(html) for found in _ID.findall(tag))


def rename_ids(html: str, taken: Set[str], prefix: str) -> str:
    """``html`` with ``prefix`` before those of its ids that are ``taken``.

    The prefix is one that no id of any content begins with (`RESERVED_ID_PREFIX`).
    """
    shared = find_ids(html) & taken
    if not shared:
        return html

    def renamed(attribute: re.Match[str]) -> str:
        name, value = attribute.groups()
        if name in ("href", "usemap"):
            new = f"#{prefix}{value[1:]}" if value[:1] == "#" and value[1:] in shared else value
        else:
            words = value.split(" ")
            new = " ".join(f"{prefix}{word}" if word in shared else word for word in words)
        return f' {name}="{new}"'

    return _TAG.sub(lambda tag: _NAMING.sub(renamed, tag[0]), html)
