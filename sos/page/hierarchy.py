"""WordPress's template hierarchy and body classes, by its own names. Pure.

Source: https://developer.wordpress.org/themes/basics/template-hierarchy/ and get_body_class().
"""

import re

from sos.content.document import Term, User
from sos.content.post import Post

_UNSAFE = re.compile(r"[^a-z0-9_-]+")


def safe_name(text: str) -> str:
    """``text`` as part of a template's name or a class; never a slash or a dot."""
    return _UNSAFE.sub("-", text.lower()).strip("-")


def _html(*stems: str) -> tuple[str, ...]:
    names = (f"{s}.html" for s in stems if s and not s.endswith("-"))
    return tuple(dict.fromkeys(names))


def singular_templates(post: Post, *, front: bool = False) -> tuple[str, ...]:
    """Templates of a post, page, attachment or item of a custom type."""
    slug, kind = safe_name(post.slug), safe_name(post.type)
    custom = post.template.removesuffix(".php").removesuffix(".html")
    chosen = [safe_name(custom.rpartition("/")[2])] if custom else []
    first = ["front-page"] if front else []
    if post.type == "page":
        return _html(
            *first, *chosen, f"page-{slug}", f"page-{post.id}", "page", "singular", "index"
        )
    if post.type == "attachment":
        group = safe_name((post.media.mime if post.media else "").partition("/")[0])
        return _html(
            *([group] if group else []),
            "attachment",
            "single-attachment",
            "single",
            "singular",
            "index",
        )
    return _html(
        *first, *chosen, f"single-{kind}-{slug}", f"single-{kind}", "single", "singular", "index"
    )


def home_templates(*, front: bool) -> tuple[str, ...]:
    """Templates of the posts index."""
    return _html(*(["front-page"] if front else []), "home", "index")


def term_templates(term: Term) -> tuple[str, ...]:
    """Templates of a term's archive."""
    slug = safe_name(term.slug)
    if term.taxonomy in ("category", "post_tag"):
        kind = "category" if term.taxonomy == "category" else "tag"
        return _html(f"{kind}-{slug}", f"{kind}-{term.id}", kind, "archive", "index")
    name = safe_name(term.taxonomy)
    return _html(f"taxonomy-{name}-{slug}", f"taxonomy-{name}", "taxonomy", "archive", "index")


def author_templates(user: User) -> tuple[str, ...]:
    """Templates of an author's archive."""
    return _html(
        f"author-{safe_name(user.slug)}", f"author-{user.id}", "author", "archive", "index"
    )


def type_templates(slug: str) -> tuple[str, ...]:
    """Templates of the archive of a custom post type."""
    return _html(f"archive-{safe_name(slug)}", "archive", "index")


def format_templates(form: str) -> tuple[str, ...]:
    """Templates of the archive of a post format, which WordPress treats as a taxonomy."""
    name = f"taxonomy-post_format-post-format-{safe_name(form)}"
    return _html(name, "taxonomy-post_format", "taxonomy", "archive", "index")


def format_classes(form: str) -> tuple[str, ...]:
    """Classes of ``<body>`` on the archive of a post format."""
    return ("archive", "tax-post_format", f"term-post-format-{safe_name(form)}")


DATE_TEMPLATES = _html("date", "archive", "index")
NOT_FOUND_TEMPLATES = _html("404", "index")
GONE_TEMPLATES = _html("410", "404", "index")


def singular_classes(post: Post) -> tuple[str, ...]:
    """Classes of ``<body>`` on a singular page."""
    kind = safe_name(post.type)
    if post.type == "page":
        return ("page", f"page-id-{post.id}")
    return (
        "single",
        f"single-{kind}",
        f"postid-{post.id}",
        f"single-format-{safe_name(post.format)}",
    )


def term_classes(term: Term) -> tuple[str, ...]:
    """Classes of ``<body>`` on a term's archive."""
    kind = {"category": "category", "post_tag": "tag"}.get(term.taxonomy)
    slug = safe_name(term.slug)
    if kind:
        return ("archive", kind, *([f"{kind}-{slug}"] if slug else []), f"{kind}-{term.id}")
    return ("archive", f"tax-{safe_name(term.taxonomy)}", f"term-{term.id}")
