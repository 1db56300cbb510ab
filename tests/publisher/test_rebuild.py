"""Everything anew, from a real WordPress into a real store: complete, in steps, whatever stops it."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.endtoend.pair import HOST, SITE, Pair, run_sos
from tests.publisher.publishing import Publishing
from tests.publisher.reading_stage import PLUGINS
from tests.servers.node import start_node
from tests.servers.valkey_process import ValkeyProcess
from tests.servers.wordpress import WordPressServer

PREFIX = f"sos:{{{HOST}}}:"

STEP = """
$rebuild = SOS_Publisher\\Plugin::instance()->rebuild();
if ( 'start' === $args[0] ) { $rebuild->start(); }
echo "\\n" . json_encode( $rebuild->step( (float) $args[1] ) );
"""

VERIFY = """
$drift = SOS_Publisher\\Plugin::instance()->rebuild()->verify( (float) $args[0], 'mend' === $args[1], 'afresh' === $args[2] );
echo "\\n" . json_encode( $drift );
"""

# What the importer gets of REST is as it came out of one long request.
COUNTED = re.compile(
    r"(wp-container-|wp-elements-|wp-block-gallery-|wp-block-search__input-|accordion-item-|"
    r"is-style-[a-z]+--|audio-\d+-|video-\d+-|\?_=)\d+(?:-\d+)?(?=[\"'\s&]|-panel)"
)
SHORTCODES = ("gallery galleryid-", "wp-audio-shortcode", "wp-video-shortcode", "wp-caption")
OLD_BROWSERS = re.compile(r"<!--\[if lt IE 9\]>.*?<!\[endif\]-->\s*", re.DOTALL)


def normalise(value: Any) -> Any:
    """A document without what WordPress counts per request.

    After the first text of blocks in a request, shortcodes get paragraphs around them that they have
    on no page of the site (_restore_wpautop_hook).
    """
    if isinstance(value, str):
        if any(name in value for name in SHORTCODES):
            value = re.sub(r"(?:\s|</?p>)+", " ", value).strip()
        value = re.sub(r"\bgallery-\d[\d-]*", "gallery-N", value)
        return COUNTED.sub(r"\1N", OLD_BROWSERS.sub("", value))
    if isinstance(value, list):
        return [normalise(v) for v in value]
    return {k: normalise(v) for k, v in value.items()} if isinstance(value, dict) else value


def without_additions(ref: str, document: dict[str, Any]) -> dict[str, Any]:
    """A document without what only the plugin can know, or what only the owner of a site is told.

    The latter is the address of a private page that a menu leads to, which nobody else is shown.
    """
    sos = dict(document.get("sos", {}))
    for name in ("css", "deps", "lists", "redirects"):
        sos.pop(name, None)
    if ref == "site":
        untold = ("blog_public", "wp_attachment_pages_enabled")
        sos["settings"] = {k: v for k, v in sos["settings"].items() if k not in untold}
    if ref.startswith("menu:"):
        sos["items"] = [
            {**i, "url": ""} if "private" in i["url"] or "page_id" in i["url"] else i
            for i in sos["items"]
        ]
    return {**document, "sos": sos} if sos else {k: v for k, v in document.items() if k != "sos"}


def as_text(ref: str, document: dict[str, Any]) -> str:
    """A document as text that is to be the same in both stores."""
    return json.dumps(normalise(without_additions(ref, document)), sort_keys=True)


def first_difference(one: str, other: str) -> str:
    """Where two texts part."""
    at = next((n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    return f"{one[max(0, at - 60) : at + 60]!r} or {other[max(0, at - 60) : at + 60]!r}"


class Stage:
    """A WordPress with the plugin, and a store that only tests look into."""

    def __init__(self, wordpress: WordPressServer, valkey: ValkeyProcess) -> None:
        self.wordpress = wordpress
        self.valkey = valkey
        self.redis: redis.Redis[bytes] = redis.Redis.from_url(valkey.url)

    def step(self, seconds: float, *, start: bool = False) -> dict[str, Any]:
        """Work on a rebuild for a while, or begin one."""
        said = self.wordpress.run_php(STEP, "start" if start else "", str(seconds))
        state: dict[str, Any] = json.loads(said.rpartition("\n")[2])
        return state

    def rebuild(self) -> dict[str, Any]:
        """All of it."""
        state = self.step(60, start=True)
        while state["running"] and not state["error"]:
            state = self.step(60)
        return state

    def verify(
        self, *, seconds: float = 60, mend: bool = False, afresh: bool = True
    ) -> dict[str, Any]:
        """Compare."""
        words = (str(seconds), "mend" if mend else "", "afresh" if afresh else "")
        drift: dict[str, Any] = json.loads(
            self.wordpress.run_php(VERIFY, *words).rpartition("\n")[2]
        )
        return drift

    def documents(self) -> dict[str, dict[str, Any]]:
        """What the store holds."""
        found = self.redis.hgetall(PREFIX + "doc")
        return {k.decode(): json.loads(v) for k, v in found.items()}

    def meta(self, name: str) -> str:
        return (self.redis.hget(PREFIX + "meta", name) or b"").decode()


@pytest.fixture(scope="module", params=["6.1", "7.1"])
def both(
    request: pytest.FixtureRequest, make_wordpress: Callable[..., WordPressServer]
) -> WordPressServer:
    return make_wordpress(request.param, plugin=True)


@pytest.fixture(scope="module")
def newest(make_wordpress: Callable[..., WordPressServer]) -> WordPressServer:
    return make_wordpress("7.1", plugin=True, mu_plugins=PLUGINS)


_FORGET = """
SOS_Publisher\\Plugin::instance()->rebuild()->cancel();
global $wpdb; $wpdb->query( 'DELETE FROM ' . SOS_Publisher\\Installation::table() );
"""


@contextlib.contextmanager
def stage_of(wordpress: WordPressServer, folder: Path) -> Iterator[Stage]:
    """A store of its own for a while; the rebuild that activation asks for is left to the test."""
    valkey = ValkeyProcess(folder / "valkey").start()
    stage = Stage(wordpress, valkey)
    wordpress.run_php(_FORGET)
    wordpress.define(SOS_SITE=SITE, SOS_REDIS_URL=valkey.url)
    try:
        yield stage
    finally:
        wordpress.define(SOS_SITE=None, SOS_REDIS_URL=None)
        wordpress.run_php(_FORGET)
        stage.redis.close()
        valkey.stop()


@pytest.fixture
def stage(newest: WordPressServer, tmp_path: Path) -> Iterator[Stage]:
    """The newest WordPress and an empty store."""
    with stage_of(newest, tmp_path) as made:
        yield made


# ---------------------------------------------------------------- the same as the importer's


def test_rebuild_makes_the_same_store_as_the_importer(
    both: WordPressServer, tmp_path: Path
) -> None:
    """Document by document, and page by page as a node shows them."""
    with stage_of(both, tmp_path) as stage:
        state = stage.rebuild()
        assert (state["running"], state["error"], state["failed"]) == (False, "", 0)
        assert stage.meta("ready") == "1"
        ours = stage.documents()
        other = ValkeyProcess(tmp_path / "other").start()
        try:
            pair = Pair(both, other)
            pair.import_site()
            found = redis.Redis.from_url(other.url)
            theirs = {k.decode(): json.loads(v) for k, v in found.hgetall(PREFIX + "doc").items()}
            found.close()
            assert ours.keys() == theirs.keys()
            for ref in sorted(ours):
                mine = as_text(ref, ours[ref])
                other_text = as_text(ref, theirs[ref])
                assert mine == other_text, f"{ref}: {first_difference(mine, other_text)}"
            compare_pages(both, [stage.valkey.url, other.url], tmp_path)
        finally:
            other.stop()


def compare_pages(wordpress: WordPressServer, stores: list[str], folder: Path) -> None:
    """A node of each store shows the same at every address of WordPress's own sitemap."""
    nodes = [start_node(folder / f"node{n}", url, workers=1) for n, url in enumerate(stores)]
    shown: list[Publishing] = [
        Publishing(wordpress, ValkeyProcess(folder), [node]) for node in nodes
    ]
    try:
        paths = [u.removeprefix(wordpress.url) or "/" for u in wordpress.sitemap_urls()]
        assert len(paths) > 100
        for path in paths:
            (status, one), (other_status, other) = (p.from_node(path) for p in shown)
            assert status == other_status == 200, path
            one, other = strip_counted(one), strip_counted(other)
            assert one == other, f"{path}: {first_difference(one, other)}"
    finally:
        for node in nodes:
            node.stop()


def strip_counted(html: str) -> str:
    """A page without numbers of classes, without the CSS that only the plugin sends, and without space between tags."""
    html = re.sub(r"<style[^>]*>.*?</style>\s*", "", html, flags=re.DOTALL)
    return re.sub(r"\s*(<[^>]*>)\s*", r"\1", str(normalise(html)))


def test_importer_finds_nothing_to_mend_in_posts(stage: Stage) -> None:
    """`sos content verify` calls a store that the plugin filled equal to the site, but for what only the plugin knows."""
    stage.rebuild()
    done = run_sos(
        stage.valkey.url,
        "content",
        "verify",
        stage.wordpress.url,
        "--json",
        SOS_WP_USER=stage.wordpress.admin_user,
        SOS_WP_PASSWORD=stage.wordpress.application_password,
    )
    assert not re.findall(r"(?:post|term|user):\d+", done.stdout), done.stdout


# ---------------------------------------------------------------- in steps


def test_rebuild_of_what_is_there_tells_nobody(stage: Stage) -> None:
    """The same documents make no revision and no event, and rows of the table know the lists."""
    stage.rebuild()
    before = (stage.meta("rev"), stage.redis.xlen(PREFIX + "events"))
    state = stage.rebuild()
    assert state["done"] == state["total"] > 150
    assert (stage.meta("rev"), stage.redis.xlen(PREFIX + "events")) == before
    said = stage.wordpress.run_php(
        "echo implode( ' ', SOS_Publisher\\Plugin::instance()->marks()->refs_that_show( 'type:post' ) );"
    )
    assert f"post:{stage.wordpress.fixture['dynamic_blocks_post']['id']}" in said


def test_steps_end_in_time_and_go_on(stage: Stage) -> None:
    """Each request does a part; progress only grows, and the store is not called complete before the end."""
    state = stage.step(0, start=True)
    seen = [state["done"]]
    while state["running"]:
        assert stage.meta("ready") == ""
        state = stage.step(0.3)
        assert state["error"] == ""
        seen.append(state["done"])
    assert len(seen) > 3
    assert seen == sorted(seen)
    assert stage.meta("ready") == "1"
    assert stage.verify()["missing"] == []


def test_killed_request_costs_a_batch_at_most(stage: Stage) -> None:
    """A process that is killed in the middle leaves no lock, and the next goes on where it was."""
    stage.step(0, start=True)
    code = (
        "add_filter( 'rest_prepare_post', function ( $response, $post ) {"
        f" if ( {stage.wordpress.fixture['featured_post']['id']} === $post->ID )"
        " { posix_kill( getmypid(), SIGKILL ); } return $response; }, 10, 2 );"
    )
    with pytest.raises((RuntimeError, subprocess.SubprocessError)) as raised:
        stage.wordpress.run_php(code + STEP, "", "60")
    assert str(-signal.SIGKILL) in str(raised.value)
    done = stage.redis.hlen(PREFIX + "doc")
    assert done > 0
    state = stage.step(60)
    assert (state["running"], state["tries"]) == (False, 1)
    assert stage.verify()["missing"] == []


def test_only_one_process_works_on_it(stage: Stage) -> None:
    """Cron, the Tools page and WP-CLI at once: the others say that it is being done."""
    stage.step(0, start=True)
    code = """
    global $wpdb, $rig_said;
    add_filter( 'rest_prepare_post', function ( $response ) {
        global $wpdb, $rig_said;
        if ( null === $rig_said ) {
            $rig_said = '';
            $php      = escapeshellarg( PHP_BINARY ) . ' ' . implode( ' ', array_map( 'escapeshellarg', array( $_SERVER['argv'][0], $_SERVER['argv'][1], '', '60' ) ) );
            $rig_said = substr( strrchr( (string) shell_exec( "RIG_INNER=1 $php" ), "\\n" ), 1 );
        }
        return $response;
    } );
    """
    inner = "if ( getenv( 'RIG_INNER' ) ) {" + STEP + " exit; }"
    said = stage.wordpress.run_php(inner + code + STEP + 'echo "\\n$rig_said";', "", "60")
    outer, other = (json.loads(line) for line in said.split("\n")[-2:])
    assert outer["busy"] is False
    assert outer["running"] is False
    assert other["busy"] is True


def test_starting_while_one_runs_means_another_one_after_it(stage: Stage) -> None:
    """What changed everything in the middle of a rebuild is sent in full; nothing is started twice at once."""
    stage.step(0, start=True)
    assert stage.step(0, start=True)["running"]
    state = stage.step(60)
    assert state["running"] is False
    assert stage.verify()["different"] == []


def test_edit_in_the_middle_is_not_undone(stage: Stage) -> None:
    """A batch has a number taken before it was read: an edit that overtakes it stays."""
    ident = stage.wordpress.fixture["featured_post"]["id"]
    code = (
        "add_filter( 'rest_prepare_post', function ( $response, $post ) { static $once = false;"
        f" if ( ! $once && {ident} === $post->ID ) {{ $once = true;"
        " $store = SOS_Publisher\\Plugin::instance()->store(); $seq = $store->take_sequence();"
        f" $store->apply( array( SOS_Publisher\\Store\\Operation::put( 'post:{ident}', $seq,"
        f' \'{{"id":{ident},"status":"publish","title":"Newer","type":"post"}}\' ) ) ); }}'
        " return $response; }, 10, 2 );"
    )
    stage.wordpress.run_php(code + STEP, "start", "60")
    # It was stale, and read once more with a number of its own: what WordPress has now.
    assert stage.documents()[f"post:{ident}"]["title"] != "Newer"
    assert stage.verify()["different"] == []


# ---------------------------------------------------------------- what goes wrong


def test_lost_keys_begin_it_again(stage: Stage) -> None:
    """A store that loses a part is filled once more; one that is emptied in the middle, too."""
    stage.rebuild()
    stage.redis.delete(PREFIX + "doc", PREFIX + "list:type:post")
    state = stage.rebuild()
    assert (state["running"], state["error"]) == (False, "")
    assert state["tries"] > 1
    assert stage.meta("ready") == "1"
    stage.step(0.3, start=True)
    stage.redis.flushall()
    state = stage.step(60)
    assert (state["running"], state["error"]) == (False, "")
    drift = stage.verify()
    assert (drift["missing"], drift["extra"], drift["different"]) == ([], [], [])


def test_store_that_loses_keys_for_ever_is_given_up(stage: Stage) -> None:
    """Not more than five times; the reason is told, and nothing is called complete."""
    code = (
        "add_filter( 'rest_prepare_post', function ( $response, $post ) {"
        f" if ( {stage.wordpress.fixture['featured_post']['id']} === $post->ID ) {{"
        " $c = new SOS_Publisher\\Store\\Dialer( SOS_Publisher\\Store\\Redis_Url::parse( SOS_REDIS_URL ), 1.0 );"
        " $c->allow( 1.0 ); $c->pipeline( array( array( 'FLUSHALL' ) ) ); $c->close(); } return $response; }, 10, 2 );"
    )
    said = stage.wordpress.run_php(code + STEP, "start", "120")
    state = json.loads(said.rpartition("\n")[2])
    assert state["running"] is False
    assert "5 times" in state["error"]
    assert stage.meta("ready") == ""


def test_store_that_is_away_stops_it_for_the_moment(stage: Stage) -> None:
    """The error is told, nothing is lost, and it goes on when the store is back."""
    stage.step(0, start=True)
    stage.wordpress.define(SOS_REDIS_URL="redis://127.0.0.1:1")
    state = stage.step(5)
    assert state["running"] is True
    assert state["error"]
    stage.wordpress.define(SOS_REDIS_URL=stage.valkey.url)
    assert stage.step(60)["running"] is False
    assert stage.meta("ready") == "1"


def test_what_wordpress_lacks_is_removed_and_what_fails_is_kept(stage: Stage) -> None:
    """A leftover goes; a post whose shortcode throws keeps the last good copy, and its failure is told."""
    ident = int(
        stage.wordpress.run_php(
            "echo wp_insert_post( array( 'post_title' => 'Good', 'post_status' => 'publish', 'post_content' => 'Good' ) );"
        )
    )
    stage.rebuild()
    stage.wordpress.run_php(
        "global $wpdb; $wpdb->query( \"UPDATE $wpdb->posts SET post_content = '[rig_throw]' WHERE ID = "
        f'{ident}" ); $store = SOS_Publisher\\Plugin::instance()->store();'
        "$store->apply( array( SOS_Publisher\\Store\\Operation::put( 'post:987654', $store->take_sequence(),"
        ' \'{"id":987654,"status":"publish","link":"http://x/left-over/"}\' ) ) );'
    )
    assert "post:987654" in stage.documents()
    state = stage.rebuild()
    assert "post:987654" not in stage.documents()
    assert stage.documents()[f"post:{ident}"]["content"]["rendered"].strip() == "<p>Good</p>"
    assert state["failed"] == 1
    assert "the shortcode failed" in state["failure"]
    stage.wordpress.run_php(f"wp_delete_post( {ident}, true );")


def test_document_that_kills_php_is_passed_over(stage: Stage) -> None:
    """Everything else is sent and compared, after a few processes; its failure is told."""
    ident = int(
        stage.wordpress.run_php(
            "global $wpdb; $wpdb->insert( $wpdb->posts, array( 'post_title' => 'Deadly', 'post_status' => 'publish', 'post_content' => '[rig_die]', 'post_name' => 'deadly', 'post_date' => '2024-01-01 00:00:00', 'post_date_gmt' => '2024-01-01 00:00:00', 'post_excerpt' => 'x' ) ); echo $wpdb->insert_id;"
        )
    )
    stage.step(0, start=True)
    state, deaths = {"running": True}, 0
    while state["running"]:
        try:
            state = stage.step(60)
        except RuntimeError:
            deaths += 1
            assert deaths < 5
    assert deaths == 4
    assert state["failed"] == 1
    assert f"post:{ident}" in state["failure"]
    assert stage.meta("ready") == "1"
    while True:
        try:
            drift = stage.verify(afresh=deaths == 4)
            break
        except RuntimeError:
            deaths += 1
            assert deaths < 10
    assert drift["failed"] == [f"post:{ident}"]
    assert (drift["missing"], drift["extra"], drift["different"]) == ([], [], [])
    stage.wordpress.run_php(
        f"global $wpdb; $wpdb->delete( $wpdb->posts, array( 'ID' => {ident} ) );"
    )


# ---------------------------------------------------------------- drift


def test_search_and_replace_is_found_and_mended(stage: Stage) -> None:
    """A change by SQL fires no hook; comparing finds it, marks it, and the next flush sends it."""
    stage.rebuild()
    posts = [
        stage.wordpress.fixture[k]["id"] for k in ("featured_post", "leap_day_post", "dst_post")
    ]
    stage.wordpress.run_php(
        "global $wpdb; $wpdb->query( \"UPDATE $wpdb->posts SET post_title = CONCAT( post_title, ' by SQL' )"
        f' WHERE ID IN ( {posts[0]}, {posts[1]} )" );'
        f'$wpdb->query( "DELETE FROM $wpdb->posts WHERE ID = {posts[2]}" );'
    )
    stage.redis.hdel(PREFIX + "doc", f"post:{stage.wordpress.fixture['new_year_post']['id']}")
    drift = stage.verify()
    assert {f"post:{posts[0]}", f"post:{posts[1]}"} <= set(drift["different"])
    assert drift["extra"] == [f"post:{posts[2]}"]
    assert drift["missing"] == [f"post:{stage.wordpress.fixture['new_year_post']['id']}"]
    assert stage.documents()[f"post:{posts[0]}"]["title"]["rendered"] == "With a featured image"
    stage.verify(mend=True)
    stage.wordpress.run_php("SOS_Publisher\\Plugin::instance()->flusher()->flush( 20.0 );")
    assert stage.documents()[f"post:{posts[0]}"]["title"]["rendered"].endswith("by SQL")
    after = stage.verify()
    assert (after["missing"], after["extra"], after["different"]) == ([], [], [])


def test_comparing_walks_the_site_a_part_at_a_time(stage: Stage) -> None:
    """Cron's turns go on where the last one stopped; who has time looks at everything, wherever it was."""
    stage.rebuild()
    last = stage.wordpress.fixture["classic_post"]["id"]
    for key in ("menu_footer", "category_news"):
        kind = "menu" if key.startswith("menu") else "term"
        stage.redis.hset(PREFIX + "doc", f"{kind}:{stage.wordpress.fixture[key]['id']}", "{}")
    stage.redis.hset(PREFIX + "doc", f"post:{last}", "{}")
    seen: list[str] = []
    turns = 0
    while len(set(seen)) < 3:
        part = stage.verify(seconds=0.3, afresh=turns == 0)
        assert part["complete"] is False
        seen += part["different"]
        turns += 1
        assert turns < 60
    assert turns > 1
    around = stage.verify(seconds=60, afresh=False)
    assert around["complete"] is True
    assert around["checked"] == around["total"]
    assert sorted(around["different"]) == sorted(set(seen))
