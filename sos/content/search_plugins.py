"""Where plugins for search engines put what they say: a document in, what each says of it out.

Known are `sos.head` of the publisher plugin, `yoast_head_json` (Yoast SEO), `aioseo_head_json` and
`aioseo_meta_data` (All in One SEO), and the meta fields of Rank Math, SEOPress, The SEO Framework
and Jetpack where a site shows them in REST. It comes out under the names of `search_head.Head`, and
is not trusted yet.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sos.content.fields import Json, object_of

MAX_LOOKED_AT = 20_000
"""Characters of a text in which variables are looked for."""


def find_sources(doc: Json) -> list[Json]:
    """What is said of the object of ``doc``, the source that is heard first before others."""
    readers = (_of_publisher, _of_yoast, _of_aioseo, _of_meta)
    return [source for read in readers for source in read(doc) if source]


def _of_publisher(doc: Json) -> Iterator[Json]:
    yield object_of(object_of(doc, "sos"), "head")


def _of_yoast(doc: Json) -> Iterator[Json]:
    """Yoast SEO 16.7 and later: the names are those of `Head` already."""
    yield object_of(doc, "yoast_head_json")


def _of_aioseo(doc: Json) -> Iterator[Json]:
    """All in One SEO 4.1.9 and later: what it would print, then what the editor typed."""
    printed = object_of(doc, "aioseo_head_json")
    names = {name.replace(":", "_"): value for name, value in printed.items()}
    if "canonical_url" in names:
        names["canonical"] = names["canonical_url"]
    if isinstance(names.get("og_image"), str):
        names["og_image"] = {
            "url": names["og_image"],
            "width": names.get("og_image_width"),
            "height": names.get("og_image_height"),
            "alt": names.get("og_image_alt"),
        }
    yield names
    typed = object_of(doc, "aioseo_meta_data")
    if not typed:
        return
    robots = [w for w in _REFUSALS if typed.get(f"robots_{w}") in (True, 1, "1")]
    yield _without_variables(
        {
            **{name: typed.get(name) for name in _AIOSEO_TYPED},
            "canonical": typed.get("canonical_url"),
            "og_image": typed.get("og_image_custom_url"),
            "twitter_image": typed.get("twitter_image_custom_url"),
            "robots": [] if typed.get("robots_default") in (True, 1, "1") else robots,
        }
    )


_REFUSALS = ("noindex", "nofollow", "noarchive", "nosnippet", "noimageindex")
_AIOSEO_TYPED = (
    "title description og_title og_description twitter_title twitter_description".split()
)

_META_FIELDS: tuple[Mapping[str, str], ...] = (
    {
        "title": "rank_math_title",
        "description": "rank_math_description",
        "canonical": "rank_math_canonical_url",
        "robots": "rank_math_robots",
        "og_title": "rank_math_facebook_title",
        "og_description": "rank_math_facebook_description",
        "og_image": "rank_math_facebook_image",
        "twitter_title": "rank_math_twitter_title",
        "twitter_description": "rank_math_twitter_description",
        "twitter_image": "rank_math_twitter_image",
        "schema_type": "rank_math_snippet_article_type",
    },
    {
        "title": "_seopress_titles_title",
        "description": "_seopress_titles_desc",
        "canonical": "_seopress_robots_canonical",
        "og_title": "_seopress_social_fb_title",
        "og_description": "_seopress_social_fb_desc",
        "og_image": "_seopress_social_fb_img",
        "twitter_title": "_seopress_social_twitter_title",
        "twitter_description": "_seopress_social_twitter_desc",
        "twitter_image": "_seopress_social_twitter_img",
    },
    {
        "title": "_genesis_title",
        "description": "_genesis_description",
        "canonical": "_genesis_canonical_uri",
        "og_title": "_open_graph_title",
        "og_description": "_open_graph_description",
        "og_image": "_social_image_url",
        "twitter_title": "_twitter_title",
        "twitter_description": "_twitter_description",
    },
    {
        "title": "jetpack_seo_html_title",
        "description": "advanced_seo_description",
    },
)
"""Meta fields of plugins, by what they say. REST has them where a site registers them."""

# Switches of those plugins, and what they say when they are on.
_META_SWITCHES = {
    "_seopress_robots_index": "noindex",
    "_seopress_robots_follow": "nofollow",
    "_genesis_noindex": "noindex",
    "_genesis_nofollow": "nofollow",
    "jetpack_seo_noindex": "noindex",
}
_META_NAMES = frozenset(
    (*_META_SWITCHES, *(name for fields in _META_FIELDS for name in fields.values()))
)


def _of_meta(doc: Json) -> Iterator[Json]:
    """Registered meta fields: in `meta`, or beside it where a site registers fields of its own."""
    meta = object_of(doc, "meta")
    found = {n: v for place in (doc, meta) for n, v in place.items() if n in _META_NAMES}
    if not found:
        return
    for fields in _META_FIELDS:
        yield _without_variables({n: found[f] for n, f in fields.items() if f in found})
    on = [word for name, word in _META_SWITCHES.items() if found.get(name) in _ON]
    yield {"robots": list(dict.fromkeys(on))}


_ON = (True, 1, "1", "yes")

# What stands for something else until the plugin has replaced it: %title%, %%sep%%, #post_title.
_VARIABLE = re.compile(r"%%\w+%%|%[a-z_]{3,}%|#[a-z]+_[a-z_]+\b")


def _without_variables(said: Mapping[str, Any]) -> Json:
    """What an editor typed, without what only the plugin itself could complete."""
    return {
        name: value
        for name, value in said.items()
        if not (isinstance(value, str) and _VARIABLE.search(value[:MAX_LOOKED_AT]))
    }
