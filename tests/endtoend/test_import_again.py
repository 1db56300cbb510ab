"""What an operator does after the first import: again, verify, heal, and on sites of other shapes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.pair import Pair, make_pair
from tests.servers.node import SITE
from tests.servers.wordpress import WordPressServer

pytestmark = [pytest.mark.wordpress, pytest.mark.timeout(300)]


@pytest.fixture
def pair(make_wordpress: Callable[..., WordPressServer], tmp_path: Path) -> Iterator[Pair]:
    """The newest WordPress, imported; whatever a test changes in it is undone."""
    wordpress = make_wordpress("7.1", theme="twentytwentyone")
    try:
        with make_pair(wordpress, tmp_path) as pair:
            yield pair
    finally:
        wordpress.stop()


def change_site(wordpress: WordPressServer) -> None:
    """What editors do in an afternoon: edit, rename, trash, publish."""
    ids = {k: wordpress.fixture[k]["id"] for k in ("archive_1", "archive_2", "archive_3")}
    wordpress.run_php(
        f"""
        wp_update_post( array( 'ID' => {ids["archive_1"]}, 'post_title' => 'Edited title' ) );
        wp_update_post( array( 'ID' => {ids["archive_2"]}, 'post_name' => 'renamed-slug' ) );
        wp_trash_post( {ids["archive_3"]} );
        wp_insert_post( array( 'post_title' => 'Brand new', 'post_name' => 'brand-new',
          'post_status' => 'publish', 'post_date' => '2024-06-01 10:00:00' ) );
        """
    )


def eventually(check: Callable[[], Any], seconds: float = 5.0) -> Any:
    """The first true result of ``check``; a node learns of changes on its own."""
    deadline = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)
    return result


def test_second_import_brings_changes_and_removes_what_has_gone(pair: Pair) -> None:
    """Edits, renames, removals and new posts arrive; the rest is written once only."""
    paths = {k: pair.path_of(k) for k in ("archive_1", "archive_2", "archive_3")}
    for path in paths.values():
        assert pair.from_sos(path)[0] == 200
    change_site(pair.wordpress)
    pair.import_site()
    eventually(lambda: "Edited title" in pair.from_sos(paths["archive_1"])[1])
    eventually(lambda: pair.from_sos(paths["archive_3"])[0] == 410)
    eventually(lambda: pair.from_sos("/2024/06/01/brand-new/")[0] == 200)
    status, _, headers = pair.from_sos(paths["archive_2"])
    assert status == 301
    assert headers["Location"].endswith("/renamed-slug/")


def test_verify_finds_drift_and_heals_it(pair: Pair) -> None:
    """Exit code 0 without drift, 1 with it, 0 once it is healed."""
    command = ("content", "verify", pair.wordpress.url, "--json")
    clean = pair.sos(*command)
    assert clean.returncode == 0, clean.stdout[-2000:] + clean.stderr[-2000:]
    change_site(pair.wordpress)
    drifted = pair.sos(*command)
    assert drifted.returncode == 1, drifted.stdout[-2000:]
    for word in ("archive_1", "archive_2", "archive_3"):
        assert f"post:{pair.wordpress.fixture[word]['id']}" in drifted.stdout
    healed = pair.sos(*command, "--heal")
    assert healed.returncode == 0, healed.stdout[-2000:] + healed.stderr[-2000:]
    assert pair.sos(*command).returncode == 0
    eventually(lambda: "Edited title" in pair.from_sos(pair.path_of("archive_1"))[1])


async def test_scheduled_post_goes_live_at_its_second_with_no_write(pair: Pair) -> None:
    """It is imported ahead; nothing touches the store when its time comes, WP-Cron sleeps, and
    what the edge may keep of the front page is cut to that second."""
    due = int(time.time()) + 12
    await asyncio.to_thread(
        pair.wordpress.run_php,
        f"""wp_insert_post( array( 'post_title' => 'Scheduled scoop', 'post_name' => 'scoop',
        'post_status' => 'future', 'post_date_gmt' => gmdate( 'Y-m-d H:i:s', {due} ),
        'post_date' => get_date_from_gmt( gmdate( 'Y-m-d H:i:s', {due} ) ) ) );""",
    )
    await asyncio.to_thread(pair.import_site)
    assert time.time() < due - 1, "the import took too long for this test"
    page = (await asyncio.to_thread(pair.from_sos, "/"))[1]
    assert "Scheduled scoop" not in page
    await asyncio.sleep(max(0.0, due - 4 - time.time()))
    headers = (await asyncio.to_thread(pair.from_sos, "/"))[2]
    lifetime = int(headers["Cache-Control"].split("s-maxage=")[1].split(",")[0])
    assert time.time() + lifetime <= due + 1
    assert "stale-while-revalidate=0" in headers["Cache-Control"]
    while time.time() < due + 5:
        if "Scheduled scoop" in (await asyncio.to_thread(pair.from_sos, "/"))[1]:
            break
        assert time.time() < due + 2, "not live two seconds after its time"
        await asyncio.sleep(0.05)
    assert time.time() >= due


def test_import_without_password_degrades_and_says_so(
    make_wordpress: Callable[..., WordPressServer], tmp_path: Path
) -> None:
    """Pages work, a menu of top pages stands in, and the summary names what is missing."""
    wordpress = make_wordpress("6.1", theme="twentytwentyone")
    try:
        with make_pair(wordpress, tmp_path, anonymous=True) as pair:
            assert "menus" in json.dumps(pair.summary["missing"])
            status, page, _ = pair.from_sos("/")
            assert status == 200
            assert 'href="/company/"' in page
            assert pair.from_sos(pair.path_of("archive_1"))[0] == 200
    finally:
        wordpress.stop()


def test_static_front_page_and_posts_page(pair: Pair) -> None:
    """Switched in WordPress's settings, imported again: the front page is a page, the list moved."""
    pair.wordpress.use_static_front_page()
    pair.import_site()
    front = pair.wordpress.fixture["front_page"]
    eventually(lambda: f"page-id-{front['id']}" in pair.from_sos("/")[1])
    news = pair.path_of("posts_page")
    eventually(lambda: "blog" in pair.from_sos(news)[1])
    assert pair.from_sos(f"{news}page/2/")[0] == 200
    assert pair.from_sos(f"{news}feed/")[0] in (200, 301)


def test_date_archives_are_where_wordpress_has_them(
    make_wordpress: Callable[..., WordPressServer], tmp_path: Path
) -> None:
    """A permalink structure that begins with a word has its years below that word."""
    wordpress = make_wordpress(
        "7.1", theme="twentytwentyone", permalink_structure="/blog/%postname%/"
    )
    try:
        with make_pair(wordpress, tmp_path, anonymous=True) as pair:
            assert pair.from_wordpress("/blog/2024/")[0] == 200
            assert pair.from_sos("/blog/2024/")[0] == 200
            assert pair.from_sos("/blog/type/aside/")[0] == 200
            assert pair.from_sos("/2024/")[0] == 404
    finally:
        wordpress.stop()


@pytest.mark.parametrize("shape", ["plain permalinks", "a sub-folder"])
def test_sites_of_other_shapes(
    shape: str, make_wordpress: Callable[..., WordPressServer], tmp_path: Path
) -> None:
    """Plain permalinks get readable addresses; a sub-folder's home is the root of the public site."""
    options = {"permalink_structure": ""} if shape == "plain permalinks" else {"subfolder": "/blog"}
    wordpress = make_wordpress("7.1", theme="twentytwentyone", **options)
    try:
        with make_pair(wordpress, tmp_path) as pair:
            status, page, _ = pair.from_sos("/")
            assert status == 200
            assert 'class="card' in page
            assert "/blog/" not in page
            item = wordpress.fixture["archive_1"]
            status, _, headers = pair.from_sos(f"/?p={item['id']}")
            assert status == 301
            path = headers["Location"].removeprefix(SITE)
            assert "?" not in path
            assert pair.from_sos(path)[0] == 200
    finally:
        wordpress.stop()
