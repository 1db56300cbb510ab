"""Articles of the sample site: files of this package go in, typed articles come out.

An article is a text file: a head in TOML between two ``+++`` lines, then blocks as `blocks`
describes them. Its name is its slug.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

FOLDER = Path(__file__).parent / "articles"


class Article(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One post, page, event or callout as it was written. Words for times are those of `dates`."""

    id: int
    published: str
    body: str
    file: str
    title: str = ""
    slug: str = ""
    updated: str = ""
    expires: str = ""
    author: str = "news-desk"
    image: str = ""
    excerpt: str = ""
    parent: str = ""
    order: int = 0
    format: str = "standard"
    template: str = ""
    sticky: bool = False
    protected: bool = False
    categories: Sequence[str] = ()
    tags: Sequence[str] = ()
    district: Sequence[str] = ()
    redirects: Sequence[str] = ()
    placement: str = ""
    priority: int = 0


def load_articles(kind: str) -> list[Article]:
    """All of ``posts``, ``pages``, ``events`` or ``callouts``, by id. Raises ValueError."""
    articles = [parse_article(path) for path in sorted((FOLDER / kind).glob("*.md"))]
    return sorted(articles, key=lambda article: article.id)


def parse_article(path: Path) -> Article:
    """One article. Raises ValueError, naming the file, when its head can't be understood."""
    _, head, body = path.read_text(encoding="utf-8").split("+++\n", 2)
    try:
        fields = {"slug": path.stem, **tomllib.loads(head), "body": body, "file": path.name}
        return msgspec.convert(fields, Article)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as exc:
        raise ValueError(f"{path.name}: {exc}") from exc
