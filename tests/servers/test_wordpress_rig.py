"""Proves that the WordPress servers of the tests are what other tests take them for."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.wordpress import WordPressServer

pytestmark = pytest.mark.wordpress

Make = Callable[..., WordPressServer]


def test_the_two_editions_are_the_versions_they_are_named_after(
    wordpress61: WordPressServer, wordpress71: WordPressServer
) -> None:
    """6.1 is Debian 12's; the other one is 7.1 or whatever is newer by now."""
    assert wordpress61.version.startswith("6.1")
    assert tuple(int(part) for part in wordpress71.version.split(".")[:2]) >= (7, 1)


def test_rest_index_tells_the_site_and_its_settings(wordpress: WordPressServer) -> None:
    """The index is open to anyone, with the title as WordPress encodes it and Berlin's time zone."""
    answer = wordpress.rest("/")
    index = answer.json()
    assert answer.status == 200
    assert index["name"] == "Harbour &amp; Sons “Weekly” &lt;i&gt;News&lt;/i&gt;"
    assert index["timezone_string"] == "Europe/Berlin"
    assert index["home"] == wordpress.url
    assert {"/wp/v2/books", "/wp/v2/genres", "/wp/v2/mood"} <= set(index["routes"])


def test_sitemap_lists_what_is_public_and_nothing_else(wordpress: WordPressServer) -> None:
    """Posts, pages, books, terms and authors are in WordPress's own sitemap; hidden items are not."""
    urls = wordpress.sitemap_urls()
    public = (
        "archive_1",
        "archive_40",
        "arabic_post",
        "stokers_page",
        "book_1",
        "genre_nordic",
        "mood_dark",
    )
    hidden = (
        "private_post",
        "draft_post",
        "pending_post",
        "future_post",
        "trashed_post",
        "deleted_post",
    )
    assert len(urls) == len(set(urls)) > 150
    assert {wordpress.fixture[key]["link"] for key in public} <= set(urls)
    assert not {wordpress.fixture[key]["link"] for key in hidden} & set(urls)
    assert all(url.startswith(wordpress.url + "/") for url in urls)


@pytest.mark.parametrize(
    "key",
    (
        "site arabic_post chinese_post cyrillic_post decomposed_post emoji_post long_slug_post numeric_slug_post "
        "markup_title_post no_title_post long_post ancient_post stokers_page cyrillic_child_page child_of_private_page "
        "news_page same_slug_page category_island category_cyrillic tag_chinese tag_cpp genre_nordic author_olga "
        "book_cyrillic dynamic_blocks_post classic_post hostile_post"
    ).split(),
)
def test_public_item_is_served_at_its_link(wordpress: WordPressServer, key: str) -> None:
    """Pretty permalinks reach WordPress through the router, percent-encoded ones included."""
    answer = wordpress.fetch(wordpress.fixture[key]["link"])
    assert answer.status == 200
    assert "</html>" in answer.text


def test_application_password_opens_what_anonymous_visitors_may_not_see(
    wordpress: WordPressServer,
) -> None:
    """Menus and settings need the administrator; a wrong password is refused."""
    assert wordpress.rest("/wp/v2/menus").status == 401
    assert wordpress.rest("/wp/v2/settings", auth=True).json()["posts_per_page"] == 10
    wrong = wordpress.fetch(
        "/wp-json/wp/v2/settings", headers={"Authorization": "Basic YWRtaW46d3Jvbmc="}
    )
    assert wrong.status == 401


def test_protected_post_shows_its_body_only_with_the_password(wordpress: WordPressServer) -> None:
    """Neither REST nor the page has the secret; REST has it when it is given the password."""
    item = wordpress.fixture["protected_post"]
    document = wordpress.rest(f"/wp/v2/posts/{item['id']}").json()
    assert document["content"] == {"rendered": "", "protected": True}
    assert document["excerpt"] == {"rendered": "", "protected": True}
    assert "SECRET" not in wordpress.fetch(item["link"]).text
    opened = wordpress.rest(f"/wp/v2/posts/{item['id']}?password={item['password']}").json()
    assert "SECRET-BODY" in opened["content"]["rendered"]


@pytest.mark.parametrize(
    "key", ["private_post", "draft_post", "pending_post", "future_post", "trashed_post"]
)
def test_unpublished_post_is_the_administrators_only(wordpress: WordPressServer, key: str) -> None:
    """REST refuses it to anyone else, its page is a 404, and the administrator can read it."""
    item = wordpress.fixture[key]
    assert wordpress.rest(f"/wp/v2/posts/{item['id']}").status == 401
    assert wordpress.fetch(item.get("old_link", item["link"])).status == 404
    document = wordpress.rest(f"/wp/v2/posts/{item['id']}", auth=True).json()
    assert (
        document["status"]
        == item["status"]
        == {"trashed_post": "trash"}.get(key, key.split("_")[0])
    )


def test_deleted_post_is_gone(wordpress: WordPressServer) -> None:
    """The fixture knows the id and the address of a post that was deleted for good."""
    item = wordpress.fixture["deleted_post"]
    assert wordpress.rest(f"/wp/v2/posts/{item['id']}", auth=True).status == 404
    assert wordpress.fetch(item["link"]).status == 404


def test_renamed_post_redirects_from_its_old_address(wordpress: WordPressServer) -> None:
    """WordPress remembers old slugs of posts."""
    item = wordpress.fixture["renamed_post"]
    answer = wordpress.fetch(item["old_link"])
    assert (answer.status, answer.headers["Location"]) == (301, item["link"])


def test_archives_have_a_second_page(wordpress: WordPressServer) -> None:
    """At ten a page, each kind of archive goes on, and ends."""
    for key in ("category_news", "tag_boats", "author_olga"):
        link = wordpress.fixture[key]["link"]
        assert wordpress.fetch(f"{link}page/2/").status == 200, key
        assert wordpress.fetch(f"{link}page/99/").status == 404, key
    assert wordpress.fetch("/library/page/2/").status == 200
    assert wordpress.fetch("/page/9/").status == 200


def test_first_page_of_an_archive_has_one_address(wordpress: WordPressServer) -> None:
    """WordPress corrects paged addresses as it does on a site without a port."""
    news = wordpress.fixture["category_news"]["link"]
    for path, right in (
        (f"{news}page/1/", news),
        (f"{news}page/2", f"{news}page/2/"),
        ("/page/1/", f"{wordpress.url}/"),
    ):
        answer = wordpress.fetch(path)
        assert (answer.status, answer.headers["Location"]) == (301, right)


def test_both_sticky_posts_are_told_by_rest(wordpress: WordPressServer) -> None:
    """One is recent, the other is old enough to be on a late page by its date."""
    sticky = wordpress.rest("/wp/v2/posts?sticky=true").json()
    assert {post["id"] for post in sticky} == {
        wordpress.fixture[key]["id"] for key in ("sticky_recent", "sticky_old")
    }


def test_post_in_pages_keeps_the_marks_in_rest(wordpress: WordPressServer) -> None:
    """REST gives the whole text with its marks, even inside of a paragraph; the site gives one part."""
    item = wordpress.fixture["paged_block_post"]
    rendered = wordpress.rest(f"/wp/v2/posts/{item['id']}").json()["content"]["rendered"]
    assert rendered.count("<!--nextpage-->") == 2
    third = wordpress.fetch(f"{item['link']}3/").text
    assert "BLOCK-PAGE-THREE" in third
    assert "BLOCK-PAGE-ONE" not in third


def test_primary_menu_is_four_levels_deep(wordpress: WordPressServer) -> None:
    """The classic menu is in its place, and REST tells parents and kinds of items to the administrator."""
    menu = wordpress.fixture["menu_primary"]["id"]
    locations = wordpress.rest("/wp/v2/menu-locations", auth=True).json()
    items = wordpress.rest(f"/wp/v2/menu-items?menus={menu}&per_page=100", auth=True).json()
    parents = {item["id"]: item["parent"] for item in items}

    def depth(item: int) -> int:
        return 1 + depth(parents[item]) if parents[item] else 1

    assert locations["primary"]["menu"] == menu
    assert max(map(depth, parents)) == 4
    assert {item["type"] for item in items} == {
        "custom",
        "post_type",
        "post_type_archive",
        "taxonomy",
    }


def test_pictures_have_sizes_and_are_served(wordpress: WordPressServer) -> None:
    """GD made smaller copies, the content names them in a srcset, and the files come with their type."""
    media = wordpress.rest(f"/wp/v2/media/{wordpress.fixture['image_wide']['id']}").json()
    assert {"medium", "large", "thumbnail", "full"} <= set(media["media_details"]["sizes"])
    picture = wordpress.fetch(media["source_url"])
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert picture.body.startswith(b"\xff\xd8\xff")
    post = wordpress.rest(f"/wp/v2/posts/{wordpress.fixture['media_blocks_post']['id']}").json()
    assert "srcset=" in post["content"]["rendered"]


def test_hostile_content_reaches_rest_unfiltered(wordpress: WordPressServer) -> None:
    """The administrator's markup is stored as it is: it is for the tests' subject to clean it."""
    item = wordpress.fixture["hostile_post"]
    rendered = wordpress.rest(f"/wp/v2/posts/{item['id']}").json()["content"]["rendered"]
    assert "<script>window.pwned=1</script>" in rendered
    assert 'onerror="window.pwned=2"' in rendered


def test_embed_becomes_the_services_iframe(wordpress: WordPressServer) -> None:
    """oEmbed is answered by the rig, because no request leaves the machine."""
    item = wordpress.fixture["embeds_post"]
    rendered = wordpress.rest(f"/wp/v2/posts/{item['id']}").json()["content"]["rendered"]
    assert 'src="https://www.youtube.com/embed/abcdefghijk?feature=oembed"' in rendered
    told = wordpress.run_php("echo wp_remote_get('https://example.org/')->get_error_code();")
    assert told == "http_request_not_executed"


def test_static_front_page_can_be_switched_on_and_off(wordpress: WordPressServer) -> None:
    """The front page becomes a page and the posts move; then everything is as before."""
    try:
        wordpress.use_static_front_page()
        assert "FRONT-PAGE text." in wordpress.fetch("/").text
        assert wordpress.fetch("/journal/page/2/").status == 200
    finally:
        wordpress.use_latest_posts()
    assert "FRONT-PAGE text." not in wordpress.fetch("/").text


def test_reset_undoes_what_a_test_did(wordpress61: WordPressServer) -> None:
    """Posts, options and uploads are those of the test site again, and the password still works."""
    before = wordpress61.fixture
    made = wordpress61.run_php(
        "echo wp_insert_post(['post_title' => $args[0], 'post_status' => 'publish']);", "x"
    )
    (wordpress61.content / "uploads" / "stray.txt").write_text("x")
    assert wordpress61.rest(f"/wp/v2/posts/{made}").status == 200
    wordpress61.reset()
    assert wordpress61.rest(f"/wp/v2/posts/{made}", auth=True).status == 404
    assert not (wordpress61.content / "uploads" / "stray.txt").exists()
    assert wordpress61.fixture == before


def test_run_php_raises_with_phps_own_message(wordpress61: WordPressServer) -> None:
    """A mistake in PHP code fails the test that made it."""
    with pytest.raises(RuntimeError, match="Call to undefined function no_such_function"):
        wordpress61.run_php("no_such_function();")


def test_plain_permalinks_in_a_subfolder(make_wordpress: Make) -> None:
    """REST and the sitemap work without pretty permalinks, and nothing lives outside of the sub-folder."""
    server = make_wordpress("6.1", permalink_structure="", subfolder="/blog")
    post = server.fixture["archive_1"]
    assert (
        server.rest("/").json()["home"] == f"{server.url}" == f"http://127.0.0.1:{server.port}/blog"
    )
    assert (
        server.rest("/wp/v2/posts?per_page=3&page=2")
        .json()[0]["link"]
        .startswith(f"{server.url}/?p=")
    )
    assert post["link"] == f"{server.url}/?p={post['id']}"
    assert post["link"] in server.sitemap_urls()
    assert server.fetch(f"http://127.0.0.1:{server.port}/").status == 404
    picture = server.fetch(server.fixture["image_wide"]["file"])
    assert picture.headers["Content-Type"] == "image/jpeg"
    server.stop()


def test_classic_theme_shows_menu_and_widget_and_own_plugins_run(
    make_wordpress: Make, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A theme can be chosen, and a folder of must-use plugins runs after the site was filled."""
    plugins = tmp_path_factory.mktemp("mu-plugins")
    (plugins / "mark.php").write_text(
        "<?php add_action('wp_footer', function () { echo '<!-- MARK -->'; });"
    )
    server = make_wordpress("7.1", theme="twentytwentyone", mu_plugins=plugins)
    page = server.fetch("/").text
    assert "About boats" in page
    assert "WIDGET-TEXT" in page
    assert "<!-- MARK -->" in page
    server.stop()


def test_router_serves_nothing_outside_of_the_site(wordpress61: WordPressServer) -> None:
    """A path that climbs out is WordPress's to answer (404), not a file."""
    for path in (
        "/wp-content/../../etc/passwd",
        "/wp-content/%2e%2e/%2e%2e/web.log",
        "/wp-content/..%2fweb.log",
    ):
        assert wordpress61.fetch(path).status in (301, 404), path


def test_no_php_error_was_logged(wordpress: WordPressServer) -> None:
    """Installing, filling and serving the site leaves no error in PHP's log."""
    wordpress.fetch("/")
    assert not wordpress.error_log.exists(), wordpress.error_log.read_text()


_STARTS_AND_WAITS = """
import sys, time
from pathlib import Path
from tests.servers.wordpress_process import ServerProcess

server = ServerProcess(["/bin/sh", "-c", "sleep 300 & echo child $! && wait"], Path(sys.argv[1]))
server.wait_until(lambda: Path(sys.argv[1]).read_text() or None)
print(server.pid, flush=True)
time.sleep(300)
"""


def test_server_and_its_children_end_when_the_test_run_is_killed(tmp_path: Path) -> None:
    """Even SIGKILL of Python leaves no server behind."""
    log = tmp_path / "log"
    with subprocess.Popen(
        [sys.executable, "-c", _STARTS_AND_WAITS, str(log)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as runner:
        assert runner.stdout is not None
        server = int(runner.stdout.readline())
        child = int(log.read_text().split()[1])
        assert _runs(server)
        assert _runs(child)
        runner.kill()
        runner.wait()
    deadline = time.monotonic() + 10
    while (_runs(server) or _runs(child)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(server)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Say whether a process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
