"""The ``site`` document: REST index, settings, and what only public pages tell.

In: a reader, with or without the owner's credentials. Out: the document, and words for a person
about what had to be assumed. Never stores a setting that no page is made of.
"""

from typing import Any

from sos.errors import SourceError
from sos.wordpress.global_styles import find_global_styles
from sos.wordpress.public_pages import fetch_feed_facts, find_front_page, find_html_language
from sos.wordpress.site_reader import Json, SiteReader
from sos.wordpress.source import InvalidAnswerError, RestError
from sos.wordpress.wire import build_index

# Others stay where they are: plugins keep API keys among the settings that REST shows to owners.
_SETTINGS = frozenset(
    "title description timezone date_format time_format start_of_week language use_smilies "
    "default_category default_post_format posts_per_page posts_per_rss rss_use_excerpt "
    "show_on_front page_on_front page_for_posts blog_public site_logo site_icon".split()
)
_FRONT = ("show_on_front", "page_on_front", "page_for_posts")


async def check_credentials(reader: SiteReader) -> None:
    """Raises SourceError when WordPress refuses the user name or the application password."""
    if not reader.has_credentials:
        return
    try:
        await reader.fetch_value("/wp/v2/users/me", {"_fields": "id"}, authenticated=True)
    except RestError as exc:
        if exc.status != 401:
            return  # a plugin hides users, which says nothing of the password
        raise SourceError(
            f"{reader.root} refused the user name or the application password ({exc.code or 401}); "
            "make one under Users > Profile in WordPress, and see that the web server passes the "
            "Authorization header on"
        ) from exc


async def fetch_site_document(
    reader: SiteReader,
    html: str,
    posts_per_page: int,
    missing: list[str],
    *,
    posts: int,
    plain: bool,
) -> Json:
    """The ``site`` document; ``html`` is the home page, ``posts_per_page`` 0 where not given.

    ``posts`` is the number of posts: a feed with fewer items than that shows its own length.
    """
    index = await reader.fetch_value("/")
    if not isinstance(index, dict):
        raise InvalidAnswerError(f"{reader.root} answered with no index")
    site = build_index(index)
    settings = await _fetch_settings(reader, missing)
    for field in _FRONT:
        if field not in site and field in settings:
            site[field] = settings[field]
    if "show_on_front" not in site:
        site.update(await _find_front(reader, missing))
    feed = await fetch_feed_facts(reader, plain=plain)
    if feed.items is not None and feed.items < posts:
        settings.setdefault("posts_per_rss", feed.items)
    if feed.excerpts_only is not None:
        settings.setdefault("rss_use_excerpt", feed.excerpts_only)
    if posts_per_page:
        settings["posts_per_page"] = posts_per_page
    elif "posts_per_page" not in settings:
        missing.append(
            "settings: 10 posts per page are assumed; "
            "`sos content import --posts-per-page` tells otherwise"
        )
    language = settings.get("language") or feed.language or find_html_language(html) or "en-US"
    site["sos"] = {
        "settings": settings,
        "language": str(language).replace("_", "-"),
        "permalinks": "plain" if plain else "pretty",
    }
    if (styles := find_global_styles(html)) is not None:
        site["sos"]["styles"] = styles
    return site


async def _find_front(reader: SiteReader, missing: list[str]) -> Json:
    """What the index of an older WordPress does not tell of the front page."""
    try:
        front, posts = await find_front_page(reader)
    except SourceError as exc:
        missing.append(f"settings: the latest posts are taken for the front page, because {exc}")
        front, posts = 0, 0
    if front and not posts:
        missing.append("settings: which page lists the posts is unknown")
    return dict(zip(_FRONT, ("page" if front else "posts", front, posts), strict=True))


async def _fetch_settings(reader: SiteReader, missing: list[str]) -> dict[str, Any]:
    if not reader.has_credentials:
        missing.append(
            "settings: date and time format, posts per page need an application password"
        )
        return {}
    try:
        settings = await reader.fetch_value("/wp/v2/settings", authenticated=True)
    except RestError as exc:
        missing.append(f"settings: {exc}; they need an administrator's application password")
        return {}
    if not isinstance(settings, dict):
        return {}
    return {k: v for k, v in settings.items() if k in _SETTINGS}
