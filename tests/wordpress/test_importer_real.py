"""The importer against real WordPress, the oldest and the newest: what it shows, the store has."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sos.adapters.redis import RedisStore
from sos.adapters.wordpress import WordPressHttp
from sos.wordpress.site_url import build_public_path
from sos.wordpress.source import Credentials
from sos.wordpress.watch import Round, WatchOptions, watch_site

from tests.servers.wordpress import WordPressServer
from tests.wordpress.importing import QUICK, document_of, paths_of, run_import, run_verify

pytestmark = pytest.mark.wordpress


@pytest.fixture
def changed(wordpress: WordPressServer) -> Iterator[WordPressServer]:
    """A WordPress that the test may change; it is put back afterwards."""
    yield wordpress
    wordpress.reset()


def owner(wordpress: WordPressServer) -> Credentials:
    return Credentials(wordpress.admin_user, wordpress.application_password)


async def run_php(wordpress: WordPressServer, code: str, *arguments: object) -> str:
    return await asyncio.to_thread(wordpress.run_php, code, *map(str, arguments))


def ref_of(wordpress: WordPressServer, key: str) -> str:
    item = wordpress.fixture[key]
    kind = {"term": "term", "user": "user", "menu": "menu"}.get(item["type"], "post")
    return f"{kind}:{item['id']}"


async def test_every_url_of_the_sitemap_has_its_document(
    wordpress: WordPressServer, store: RedisStore
) -> None:
    """Read by an anonymous visitor, without anything left out."""
    summary = await run_import(wordpress.url, store)
    urls = await asyncio.to_thread(wordpress.sitemap_urls)
    paths = set((await paths_of(store)).values()) | {"/"}
    # Archives of post formats have no document; they are lists of what has the format.
    formats = {f"/type/{n.partition(':')[2]}/" for n in await store.fetch_sizes() if "format:" in n}
    missing = {build_public_path(url, "") for url in urls} - paths - formats
    assert missing == set()
    assert len(urls) > 100
    assert summary.skipped == []
    assert summary.complete


async def test_what_is_not_public_is_not_in_the_store(
    wordpress: WordPressServer, store: RedisStore
) -> None:
    """Private, draft, pending, trashed and deleted ones, also when their owner imports."""
    await run_import(wordpress.url, store, credentials=owner(wordpress))
    refs = (await store.fetch_all_entries()).keys()
    hidden = (
        "private_post private_attachment draft_post pending_post trashed_post deleted_post "
        "book_draft private_page draft_page author_idle subscriber pattern"
    )
    assert {k for k in hidden.split() if ref_of(wordpress, k) in refs} == set()


async def test_protected_posts_have_no_text_in_the_store(
    wordpress: WordPressServer, store: RedisStore
) -> None:
    """Neither for a visitor nor for an owner who imports."""
    await run_import(wordpress.url, store, credentials=owner(wordpress))
    for key in ("protected_post", "protected_page", "book_protected"):
        document = await document_of(store, ref_of(wordpress, key))
        assert document["content"] == {"rendered": "", "protected": True}
        assert "SECRET" not in json.dumps(document)
        assert (await store.fetch_all_entries())[ref_of(wordpress, key)].protected


async def test_the_archive_of_a_type_and_its_terms_are_found(
    wordpress: WordPressServer, store: RedisStore
) -> None:
    """`book` has one; its taxonomy's terms list its items."""
    await run_import(wordpress.url, store)
    types = await document_of(store, "types")
    answer = await asyncio.to_thread(wordpress.fetch, types["book"]["sos"]["archive_path"])
    assert (answer.status, "post-type-archive-book" in answer.text) == (200, True)
    assert [s for s, t in types.items() if "sos" in t] == ["book"]
    entries = await store.fetch_all_entries()
    in_fiction = [r for r, e in entries.items() if ref_of(wordpress, "genre_fiction") in e.lists]
    assert in_fiction


async def test_menus_settings_and_scheduled_posts_need_the_owner(
    wordpress: WordPressServer, store: RedisStore
) -> None:
    """A visitor's import says so; the owner's has all of them."""
    summary = await run_import(wordpress.url, store)
    assert {m.partition(":")[0] for m in summary.missing} == {
        "settings",
        "menus",
        "scheduled posts",
    }
    summary = await run_import(wordpress.url, store, credentials=owner(wordpress))
    assert summary.missing == []
    menu = await document_of(store, ref_of(wordpress, "menu_primary"))
    assert menu["sos"]["locations"] == ["primary"]
    assert [i["menu_order"] for i in menu["sos"]["items"]] == sorted(
        i["menu_order"] for i in menu["sos"]["items"]
    )
    settings = (await document_of(store, "site"))["sos"]["settings"]
    assert (settings["date_format"], settings["time_format"]) == ("j. F Y", "H:i")
    assert (await store.fetch_all_entries())[ref_of(wordpress, "future_post")].path


async def test_a_second_import_and_a_deep_verification_find_nothing_to_do(
    wordpress: WordPressServer, store: RedisStore
) -> None:
    """WordPress says the same twice, and so does the store."""
    await run_import(wordpress.url, store, credentials=owner(wordpress))
    again = await run_import(wordpress.url, store, credentials=owner(wordpress))
    report = await run_verify(wordpress.url, store, credentials=owner(wordpress), deep=True)
    assert {n: c.applied for n, c in again.collections.items() if c.applied and n != "site"} == {}
    assert sum(c.removed for c in again.collections.values()) == 0
    assert report.drift == []
    assert report.missing == []


async def test_a_scheduled_post_goes_live_where_the_store_expects_it(
    changed: WordPressServer, store: RedisStore
) -> None:
    """The path that was made of WordPress's template is the one that it then gives."""
    await run_import(changed.url, store, credentials=owner(changed))
    ref = ref_of(changed, "future_post")
    path = (await store.fetch_all_entries())[ref].path
    await run_php(
        changed, "wp_publish_post( (int) $args[0] );", changed.fixture["future_post"]["id"]
    )
    await run_import(changed.url, store)
    document = await document_of(store, ref)
    assert document["status"] == "publish"
    assert (await store.fetch_all_entries())[ref].path == path
    assert urlsplit(document["link"]).path == path


CHANGES = """
[ $edited, $trashed, $term, $author ] = array_map( 'intval', $args );
wp_update_post( array( 'ID' => $edited, 'post_title' => 'Edited', 'post_name' => 'edited' ) );
wp_trash_post( $trashed );
wp_update_term( $term, 'category', array( 'name' => 'Arts', 'slug' => 'arts' ) );
wp_update_user( array( 'ID' => $author, 'display_name' => 'Renamed' ) );
echo wp_insert_post( array( 'post_title' => 'New', 'post_status' => 'publish' ) );
"""


async def change_site(wordpress: WordPressServer) -> str:
    """Edit, trash, rename and publish; the new post's reference."""
    keys = ("classic_post", "more_post", "category_culture", "author_olga")
    ids = [wordpress.fixture[key]["id"] for key in keys]
    return f"post:{await run_php(wordpress, CHANGES, *ids)}"


@pytest.mark.parametrize("way", ["import", "heal", "watch"])
async def test_changes_reach_the_store(
    changed: WordPressServer, store: RedisStore, way: str
) -> None:
    """By a second import, by a verification that heals, and by a watch."""
    await run_import(changed.url, store)
    new = await change_site(changed)
    if way == "import":
        await run_import(changed.url, store)
    elif way == "heal":
        report = await run_verify(changed.url, store, heal=True)
        assert report.left == []
        kinds = {d.ref: d.kind for d in report.drift}
        assert kinds[new] == "missing"
        assert kinds[ref_of(changed, "more_post")] == "gone"
        assert kinds[ref_of(changed, "classic_post")] == "outdated"
    else:
        await watch_once(changed.url, store)
    assert (await run_verify(changed.url, store)).drift == []
    entries = await store.fetch_all_entries()
    assert entries[ref_of(changed, "classic_post")].path.endswith("/edited/")
    assert ref_of(changed, "more_post") not in entries
    assert entries[ref_of(changed, "category_culture")].path == "/category/arts/"
    assert (await document_of(store, ref_of(changed, "author_olga")))["name"] == "Renamed"
    assert new in entries


async def watch_once(url: str, store: RedisStore) -> None:
    """Watch until a light round has ended."""
    stop = asyncio.Event()
    rounds: list[Round] = []

    def note(done: Round) -> None:
        rounds.append(done)
        if done.kind == "light" or done.error:
            stop.set()

    options = WatchOptions(interval=1, patience=QUICK)
    async with WordPressHttp(url) as http:
        await asyncio.wait_for(watch_site(url, store, http, options, note, stop), 120)
    assert [r.error for r in rounds] == ["", ""]


@pytest.mark.parametrize("with_password", [False, True])
async def test_a_static_front_page_is_known(
    changed: WordPressServer, store: RedisStore, with_password: bool
) -> None:
    """From the index, from the settings, or, on old versions without either, from the pages."""
    await asyncio.to_thread(changed.use_static_front_page)
    credentials = owner(changed) if with_password else None
    await run_import(changed.url, store, credentials=credentials)
    site = await document_of(store, "site")
    assert site["show_on_front"] == "page"
    assert site["page_on_front"] == changed.fixture["front_page"]["id"]
    assert site["page_for_posts"] == changed.fixture["posts_page"]["id"]


@pytest.mark.parametrize("edition", ["6.1", "7.1"])
async def test_plain_permalinks_get_paths_of_their_own(
    make_wordpress: Callable[..., WordPressServer], store: RedisStore, edition: str
) -> None:
    """REST is at ?rest_route=; everything public has a path, and no two have the same."""
    wordpress = await asyncio.to_thread(make_wordpress, edition, permalink_structure="")
    summary = await run_import(wordpress.url, store, credentials=owner(wordpress))
    report = await run_verify(wordpress.url, store, credentials=owner(wordpress), deep=True)
    entries = await store.fetch_all_entries()
    pathless = [r for r, e in entries.items() if r.startswith(("post:", "term:")) and not e.path]
    paths = [e.path for e in entries.values() if e.path]
    assert summary.permalinks == "plain"
    assert pathless == []
    assert len(paths) == len(set(paths))
    assert not any("?" in p for p in paths)
    assert report.drift == []
    stokers = entries[ref_of(wordpress, "stokers_page")]
    assert stokers.path == "/company/departments/engines/stokers/"


async def test_a_site_in_a_folder_has_the_same_paths_as_one_at_the_top(
    make_wordpress: Callable[..., WordPressServer], wordpress71: WordPressServer, store: RedisStore
) -> None:
    """The folder is WordPress's own business."""
    below = await asyncio.to_thread(make_wordpress, "7.1", subfolder="/blog")
    await run_import(below.url, store)
    other = {build_public_path(u, "") for u in await asyncio.to_thread(wordpress71.sitemap_urls)}
    documents = {path for path in other if path != "/" and not path.startswith("/type/")}
    assert documents <= set((await paths_of(store)).values())


HIDE_USERS = """<?php
add_filter( 'rest_endpoints', function ( $routes ) {
	unset( $routes['/wp/v2/users'], $routes['/wp/v2/users/(?P<id>[\\\\d]+)'] );
	return $routes;
} );
"""

BREAK_ONE = """<?php
add_filter( 'the_content', function ( $content ) {
	if ( ! is_admin() && 121 === get_the_ID() ) {
		throw new Exception( 'a broken block' );
	}
	return $content;
} );
"""


async def test_plugins_that_hide_users_and_break_a_post_are_coped_with(
    make_wordpress: Callable[..., WordPressServer], store: RedisStore, tmp_path: Path
) -> None:
    """The one post is left out by its id, with the reason; everything else is there."""
    (tmp_path / "hide.php").write_text(HIDE_USERS)
    (tmp_path / "break.php").write_text(BREAK_ONE)
    wordpress = await asyncio.to_thread(make_wordpress, "7.1", mu_plugins=tmp_path)
    summary = await run_import(wordpress.url, store)
    assert [s.ref for s in summary.skipped] == [ref_of(wordpress, "classic_post")] == ["post:121"]
    assert "answered 500" in summary.skipped[0].reason
    assert any(m.startswith("users:") for m in summary.missing)
    assert summary.complete
    entries: dict[str, Any] = await store.fetch_all_entries()
    assert len([e for e in entries.values() if e.type == "post"]) == 100
