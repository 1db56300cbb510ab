"""The bodies of the sample site are valid HTML."""

from __future__ import annotations

from typing import Any

from tests.servers.quality.markup import check_html

PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{}</title></head>'
    "<body><main><h1>{}</h1>{}</main></body></html>"
)


def test_every_body_excerpt_and_description_is_valid(documents: dict[str, dict[str, Any]]) -> None:
    """The Nu HTML checker has nothing to say."""
    pages = {}
    for ref, doc in documents.items():
        for field in ("content", "excerpt", "description", "caption"):
            if isinstance(doc.get(field), dict) and doc[field]["rendered"]:
                page = PAGE.format(ref, ref, doc[field]["rendered"])
                pages[f"{ref}/{field}"] = page.encode()
    problems = check_html(pages)
    assert not problems, "\n".join(map(str, problems[:20]))
    print(f"{len(pages)} bodies, excerpts and descriptions are valid")
