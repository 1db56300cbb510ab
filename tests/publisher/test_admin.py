"""What WordPress's administration shows of publishing: lists, notices, the page under Tools, Site Health."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import lxml.html
import pytest

from tests.publisher.desk import SECRET, Desk

pytestmark = pytest.mark.wordpress

TOOLS = "/wp-admin/tools.php?page=sos-publisher"


@pytest.fixture
def tidy(desk: Desk) -> Desk:
    """A desk where all is well."""
    desk.fill()
    return desk


@pytest.fixture
def tidy71(desk71: Desk) -> Desk:
    """The same with the newest WordPress alone."""
    desk71.fill()
    return desk71


def plain(text: str) -> str:
    """Text of a page with plain spaces and without markup."""
    return html.unescape(re.sub(r"<[^>]+>", " ", text)).replace("\N{NO-BREAK SPACE}", " ")


def find_notices(
    desk: Desk, role: str = "administrator", path: str = "/wp-admin/edit.php"
) -> list[str]:
    """The plugin's notices on a page."""
    page = lxml.html.fromstring(desk.editor(role).open(path))
    found = page.xpath("//div[contains(@class, 'sos-notice')]")
    return [re.sub(r"\s+", " ", str(e.text_content()).replace("\xa0", " ")).strip() for e in found]


def test_list_asks_store_and_table_once_however_long_it_is(tidy: Desk) -> None:
    """A list of one and of twenty posts cost the same: one query, one look at the fleet."""
    desk = tidy
    desk.wordpress.define(SAVEQUERIES=True)
    asked = []
    for query in ("&s=Tide+tables+of+one+day", ""):
        before = count_calls(desk)
        text = desk.editor().open(f"/wp-admin/edit.php?post_type=post{query}")
        asked.append(
            (text.count('data-sos-ref="post:'), count_calls(desk) - before, states_asked(text))
        )
    desk.wordpress.define(SAVEQUERIES=None)
    assert asked[0] == (0, 0, 0)
    assert asked[1] == (20, 2, 1)  # HGETALL of the fleet, and of the store's meta


def count_calls(desk: Desk) -> int:
    """How often the store was asked for a whole hash."""
    stats: dict[str, Any] = desk.store.info("commandstats")  # type: ignore[assignment]
    return int(stats.get("cmdstat_hgetall", {}).get("calls", 0))


def states_asked(text: str) -> int:
    found = re.search(r"asked for states: (\d+)", text)
    assert found is not None
    return int(found[1])


def test_list_shows_where_each_post_stands(tidy: Desk) -> None:
    """In words, with more than a colour to tell states apart."""
    post = tidy.publish("Low water")
    tidy.settle()
    tidy.nodes.report()
    page = lxml.html.fromstring(tidy.editor().open("/wp-admin/edit.php"))
    cell = page.xpath(f"//tr[@id='post-{post}']/td[contains(@class, 'sos_status')]")[0]
    assert cell.text_content().startswith("Live on 8 of 8 nodes, ")
    assert cell.xpath(".//*[@role='status']/@data-sos-state") == ["live"]


@pytest.mark.parametrize(
    "path", ["edit.php?post_type=page", "edit.php?post_type=book", "edit.php?post_type=leaflet"]
)
def test_every_public_type_has_the_column(desk71: Desk, path: str) -> None:
    """Pages and custom types, too."""
    assert "column-sos_status" in desk71.editor().open(f"/wp-admin/{path}")


def test_nothing_is_said_while_all_is_well(tidy: Desk) -> None:
    """No notice without a reason."""
    assert find_notices(tidy) == []


def test_notice_says_by_how_much_publishing_is_behind(tidy: Desk) -> None:
    """After 30 s, to everybody who edits; who hides it has an hour of rest."""
    desk = tidy
    desk.away()
    post = desk.publish("Waits")
    assert find_notices(desk) == []
    desk.age(f"post:{post}", 125)
    for role in ("administrator", "author"):
        (notice,) = find_notices(desk, role)
        assert re.match(r"Publishing is behind: \d+ changes?, oldest 2 min\.", notice)
        assert "kept" in notice
    assert ("See why" in find_notices(desk)[0], "See why" in find_notices(desk, "author")[0]) == (
        True,
        False,
    )
    desk.editor().follow("/wp-admin/edit.php", r"action=sos_hide_notice")
    assert find_notices(desk) == []
    assert len(find_notices(desk, "author")) == 1
    desk.php("delete_transient( 'sos_publisher_hidden_behind_1' );")  # an hour later
    assert len(find_notices(desk)) == 1
    desk.fill()
    assert find_notices(desk) == []


def test_notice_names_what_could_not_be_published(tidy71: Desk) -> None:
    """And why."""
    with tidy71.broken("The broken one"):
        (notice,) = find_notices(tidy71)
    # Posts that show a list of posts can't be read either.
    assert re.match(r"\d changes? could not be published\. Post “.+”: the theme broke", notice)


def test_unconfigured_plugin_says_so_to_administrators_only(tidy71: Desk) -> None:
    """Authors can't do anything about it."""
    desk = tidy71
    desk.wordpress.define(SOS_SITE=None)
    assert find_notices(desk)[0].startswith("SOS Publisher is not set up.")
    assert find_notices(desk, "author") == []
    assert "Publishing is not set up" in desk.editor().open(TOOLS)
    desk.back()


def test_notices_are_hidden_with_a_nonce_only(desk71: Desk) -> None:
    """A link without one is refused."""
    with pytest.raises(RuntimeError, match="403"):
        desk71.editor().open("/wp-admin/admin-post.php?action=sos_hide_notice&kind=behind")


def test_tools_page_tells_the_state_of_everything(tidy: Desk) -> None:
    """Verdict, server, nodes, and the latest changes with their outcome."""
    tidy.publish("Just now")
    tidy.settle()
    tidy.nodes.report()
    text = plain(tidy.editor().open(TOOLS))
    for words in ("Everything is published.", "Valkey", "noeviction", "web-8", "Post “Just now”"):
        assert words in text


def test_tools_page_says_what_is_wrong(tidy: Desk) -> None:
    """A store that is away, with what waits; and a node that is not well, before those that are."""
    desk = tidy
    desk.nodes.report("web-7", healthy=False, state="draining", reason="it ends")
    text = plain(desk.editor().open(TOOLS))
    assert text.index("web-7") < text.index("web-1")
    assert "draining it ends" in text
    desk.away()
    post = desk.publish("Waits for the store")
    text = plain(desk.editor().open(TOOLS))
    assert "The content store does not answer." in text
    assert "Post “Waits for the store”" in text
    desk.fill()
    desk.editor().rest(f"/wp/v2/posts/{post}?force=true", method="DELETE")


@pytest.mark.parametrize("tab", ["", "&tab=settings"])
def test_tools_page_is_for_administrators(desk71: Desk, tab: str) -> None:
    """An editor does not get to see it."""
    with pytest.raises(RuntimeError, match="403"):
        desk71.editor("editor").open(TOOLS + tab)


@pytest.mark.parametrize("action", ["sos_tools", "sos_save_settings"])
def test_forms_need_a_nonce_and_the_right(desk71: Desk, action: str) -> None:
    """Without a nonce nobody, and with the nonce of another form nobody either."""
    for role in ("administrator", "editor"):
        with pytest.raises(RuntimeError, match="403"):
            desk71.editor(role).post(
                "/wp-admin/admin-post.php", {"action": action, "do": "rebuild"}
            )


def test_rebuild_works_without_javascript(tidy: Desk) -> None:
    """The form starts it; the page that follows asks to be loaded again until it is done."""
    editor = tidy.editor()
    text = editor.submit(TOOLS, "//form[.//button[@data-sos-do='rebuild']]", {})
    assert "Everything is being sent anew." in text
    for _ in range(100):
        found = re.search(r'<noscript><meta http-equiv="refresh" content="1;url=([^"]+)"', text)
        if not found:
            break
        text = editor.open(html.unescape(found[1]).removeprefix(tidy.wordpress.url))
    assert re.search(r"Done: \d+ sent", text)
    assert tidy.nodes.ready


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ("flush", r"Nothing was waiting\."),
        ("verify", r"No difference: "),
        ("mend", r"No difference: "),
    ],
)
def test_every_button_works_without_javascript(tidy71: Desk, button: str, words: str) -> None:
    """Each says what it did on the page that follows."""
    form = f"//form[.//button[@data-sos-do='{button}']]"
    assert re.search(words, tidy71.editor().submit(TOOLS, form, {}))


def test_settings_never_print_a_secret(tidy71: Desk) -> None:
    """They are saved, empty fields keep them, and no page repeats them."""
    desk = tidy71
    desk.wordpress.define(SOS_SITE=None, SOS_REDIS_URL=None, SOS_PREVIEW_SECRET=None)
    path, form = f"{TOOLS}&tab=settings", "//form[contains(@class, 'sos-settings')]"
    typed = {
        "site": "https://www.example.org/",
        "redis_url": "redis://writer:hidden-word@127.0.0.1:1/2",
        "preview_secret": "hidden-word-of-sixteen",
    }
    editor = desk.editor()
    pages = [
        editor.submit(path, form, typed, button="save"),
        editor.submit(path, form, {"site": "https://www.example.com"}, button="save"),
        editor.submit(path, form, {}, button="test"),
        editor.open(TOOLS),
    ]
    stored = desk.value("get_option( 'sos_publisher' )")
    desk.php("delete_option( 'sos_publisher' );")
    desk.back()
    assert stored == {**typed, "site": "https://www.example.com"}
    assert "Settings saved." in pages[0]
    assert "does not answer as it should" in pages[2]
    assert not [page for page in pages if "hidden-word" in page]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"site": "www.example.org"}, "is not one"),
        ({"site": "https://www.example.org/blog"}, "without a path"),
        ({"redis_url": "http://127.0.0.1"}, "redis://"),
        ({"preview_secret": "too short"}, "shorter than 16"),
    ],
)
def test_settings_that_can_not_be_are_refused(
    tidy71: Desk, typed: dict[str, str], words: str
) -> None:
    """In words, and nothing is stored."""
    desk = tidy71
    desk.wordpress.define(SOS_SITE=None, SOS_REDIS_URL=None, SOS_PREVIEW_SECRET=None)
    form = "//form[contains(@class, 'sos-settings')]"
    text = desk.editor().submit(f"{TOOLS}&tab=settings", form, typed, button="save")
    stored = desk.value("get_option( 'sos_publisher' )")
    desk.back()
    assert words in plain(text)
    assert not stored


def test_settings_fixed_elsewhere_can_not_be_changed(tidy71: Desk) -> None:
    """The fields are read-only and say by what; a form sent all the same changes nothing."""
    desk = tidy71
    path, form = f"{TOOLS}&tab=settings", "//form[contains(@class, 'sos-settings')]"
    page = lxml.html.fromstring(desk.editor().open(path))
    assert (
        len(
            page.xpath(
                "//input[@readonly][@name='site' or @name='redis_url' or @name='preview_secret']"
            )
        )
        == 3
    )
    assert "Fixed by the constant SOS_REDIS_URL" in page.text_content()
    typed = {
        "site": "https://evil.example",
        "redis_url": "redis://evil.example",
        "preview_secret": "x" * 20,
    }
    desk.editor().submit(path, form, typed, button="save")
    assert not desk.value("array_filter( (array) get_option( 'sos_publisher' ) )")
    assert SECRET not in page.text_content()


CHECKS = """
$tests = apply_filters( 'site_status_tests', array( 'direct' => array(), 'async' => array() ) );
$found = array();
foreach ( $tests['direct'] as $name => $test ) { $found[ $name ] = $test['test'](); }
foreach ( $tests['async'] as $name => $test ) { $found[ $name ] = $test['async_direct_test'](); }
echo wp_json_encode( array_map( fn( $result ) => $result['status'] . ': ' . $result['label'], $found ) );
"""


def check_health(desk: Desk) -> dict[str, str]:
    """What Site Health says, by check."""
    found: dict[str, str] = json.loads(desk.php(CHECKS))
    return found


def test_site_health_is_good_where_all_is_well(tidy: Desk) -> None:
    """Every check but the one for phpredis, which this PHP lacks."""
    found = check_health(tidy)
    assert set(found) == {
        "sos_settings",
        "sos_table",
        "sos_backlog",
        "sos_cron",
        "sos_own",
        "sos_preview",
        "sos_client",
        "sos_store",
        "sos_nodes",
    }
    wrong = {name: text for name, text in found.items() if not text.startswith("good")}
    assert set(wrong) <= {"sos_client", "sos_cron"}


def test_site_health_finds_what_is_wrong(tidy71: Desk) -> None:
    """Each fault has its own check, and its weight."""
    desk = tidy71
    port = desk.redis_url.rsplit(":", 1)[1].split("/")[0]
    desk.wordpress.define(
        SOS_PREVIEW_SECRET="short", WP_REDIS_HOST="localhost", WP_REDIS_PORT=int(port)
    )
    desk.nodes.report("web-2", healthy=False)
    desk.store.set("somebody-elses-key", "1")
    try:
        found = check_health(desk)
        desk.store.config_set("maxmemory-policy", "allkeys-lru")
        evicting = check_health(desk)
        desk.nodes.fall_silent()
        silent = check_health(desk)
        desk.away()
        post = desk.publish("Waits")
        desk.age(f"post:{post}", 3600)
        away = check_health(desk)
    finally:
        desk.store.config_set("maxmemory-policy", "noeviction")
        desk.store.delete("somebody-elses-key")
        desk.wordpress.define(WP_REDIS_HOST=None, WP_REDIS_PORT=None)
        desk.fill()
    assert found["sos_preview"].startswith("recommended")
    assert found["sos_settings"].startswith("recommended")
    assert found["sos_own"] == "critical: Content and object cache share a Redis"
    assert found["sos_nodes"].startswith("recommended")
    assert found["sos_store"] == "recommended: The content store holds things of others"
    assert evicting["sos_store"].startswith("critical: The content store throws content away")
    assert silent["sos_nodes"] == "critical: No node serves the public site"
    assert away["sos_store"] == "critical: The content store does not answer"
    assert away["sos_backlog"] == "critical: Publishing is behind"


def test_site_health_route_is_for_who_sees_site_health(desk71: Desk) -> None:
    """WordPress's own right for it."""
    assert desk71.editor().rest("/sos/v1/health/store")["test"] == "sos_store"
    with pytest.raises(RuntimeError, match="403"):
        desk71.editor("editor").rest("/sos/v1/health/store")
