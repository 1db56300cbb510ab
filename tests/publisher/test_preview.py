"""Editors press Preview in WordPress, and see what the public will get; nobody else sees anything of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from playwright.async_api import BrowserContext, Page, expect
from sos.content.preview_token import sign_content_preview

from tests.publisher.preview_editors import BlockEditor, ClassicEditor, Editor, as_html
from tests.publisher.preview_stage import HOST, SECRET, Stage, log_in, make_stage
from tests.servers.wordpress import WordPressServer

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]


@pytest.fixture(scope="module", params=["6.1", "7.1"])
def stage(
    request: pytest.FixtureRequest,
    make_wordpress: Callable[..., WordPressServer],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    wordpress = make_wordpress(request.param, plugin=True)
    with make_stage(wordpress, tmp_path_factory.mktemp("preview")) as stage:
        yield stage
    wordpress.stop()


@pytest.fixture
async def page(browser_context: BrowserContext, stage: Stage) -> Page:
    """Logged in as the administrator."""
    browser_context.set_default_timeout(60_000)
    page = await browser_context.new_page()
    await log_in(page, stage.wordpress)
    return page


@pytest.fixture(params=[BlockEditor, ClassicEditor], ids=["block", "classic"])
async def editor(request: pytest.FixtureRequest, page: Page, stage: Stage) -> AsyncIterator[Editor]:
    stage.use_classic_editor(request.param is ClassicEditor)
    yield request.param(page, stage.wordpress)
    stage.use_classic_editor(False)


async def wait_shown(tab: Page, stage: Stage, *texts: str) -> Page:
    """The tab, once it is a preview on the public site with these texts."""
    await tab.wait_for_url(f"{stage.site}/__preview/*/**", timeout=60_000)
    for text in texts:
        await expect(tab.locator("body")).to_contain_text(text, timeout=15_000)
    await expect(tab.get_by_role("complementary", name="Preview")).to_be_visible()
    return tab


def insert(stage: Stage, **fields: object) -> int:
    """Id of a new item in WordPress."""
    code = "echo wp_insert_post( wp_slash( json_decode( $args[0], true ) ), true );"
    return int(stage.php(code, json.dumps(fields)))


# ---------------------------------------------------------------- what editors press


async def test_new_post_that_was_never_saved(editor: Editor, stage: Stage) -> None:
    """It is shown with title and text, and the public sees nothing of it."""
    await editor.begin("post")
    await editor.write("Brand new", as_html("Words of a new post"))
    tab = await wait_shown(await editor.preview(), stage, "Brand new", "Words of a new post")
    await expect(tab.locator("body")).to_contain_text("draft, not published")
    number = await editor.post_id()
    for path in (f"/?p={number}", "/"):
        assert "Words of a new post" not in (await asyncio.to_thread(stage.public, path))[1]


async def test_changes_of_a_draft_that_are_not_saved(editor: Editor, stage: Stage) -> None:
    """What is on the screen is shown, not what was saved."""
    number = insert(stage, post_title="A draft", post_content="<p>Saved words</p>")
    await editor.open(number)
    await editor.write("", as_html("Unsaved words"))
    tab = await wait_shown(await editor.preview(), stage, "A draft", "Unsaved words")
    assert "Saved words" not in await tab.content()


async def test_changes_of_a_published_post(editor: Editor, stage: Stage) -> None:
    """The public page stays as it is until the editor publishes; the bar leads to it."""
    number = insert(
        stage,
        post_title="Public post",
        post_content="<p>Public words</p>",
        post_status="publish",
        post_name=f"public-{editor.name}-{time.time_ns()}",
    )
    path = stage.php("echo wp_make_link_relative( get_permalink( (int) $args[0] ) );", number)
    await asyncio.to_thread(stage.wait_public, path, lambda status, text: "Public words" in text)
    await editor.open(number)
    await editor.write("Public post, changed", as_html("Changed words"))
    tab = await wait_shown(await editor.preview(), stage, "Public post, changed", "Changed words")
    await expect(tab.locator("body")).to_contain_text("changes that are not public yet")
    assert await tab.get_by_role("link", name="Public page").get_attribute("href") == path
    assert "Changed words" not in (await asyncio.to_thread(stage.public, path))[1]
    await editor.save(status="publish")
    await asyncio.to_thread(stage.wait_public, path, lambda status, text: "Changed words" in text)


async def test_page_below_another_page(editor: Editor, stage: Stage) -> None:
    """With the way to it, also through a parent that is a draft itself."""
    # The classic editor's own form offers public pages as parents, and drops any other one.
    status = "publish" if isinstance(editor, ClassicEditor) else "draft"
    above = insert(stage, post_type="page", post_title="Page above", post_status=status)
    number = insert(
        stage, post_type="page", post_title="Page below", post_parent=above, post_content="<p>x</p>"
    )
    await editor.open(number)
    await editor.write("", as_html("Words of the page"))
    tab = await wait_shown(await editor.preview(), stage, "Page below", "Words of the page")
    await expect(tab.get_by_role("link", name="Page above").first).to_be_visible()


async def test_item_of_a_custom_type(editor: Editor, stage: Stage) -> None:
    """As any other."""
    number = insert(stage, post_type="book", post_title="Unfinished book", post_content="<p>x</p>")
    await editor.open(number)
    await editor.write("", as_html("First chapter"))
    tab = await wait_shown(await editor.preview(), stage, "Unfinished book", "First chapter")
    await expect(tab.locator("body")).to_contain_text("Book ·")


async def test_callout_stands_on_the_front_page(editor: Editor, stage: Stage) -> None:
    """It has no page of its own, and a preview all the same."""
    number = insert(
        stage, post_type="sos_callout", post_title="Storm warning", post_content="<p>x</p>"
    )
    await editor.open(number)
    await editor.write("", as_html("Stay at home"))
    tab = await wait_shown(await editor.preview(), stage, "Storm warning", "Stay at home")
    await expect(tab.locator("body")).to_contain_text("stands on the front page")
    assert "Stay at home" not in (await asyncio.to_thread(stage.public, "/"))[1]


async def test_second_press_shows_the_new_state(editor: Editor, stage: Stage) -> None:
    """In the same tab, as in WordPress itself; each press is a preview of its own."""
    number = insert(stage, post_title="Twice", post_content="<p>x</p>")
    await editor.open(number)
    await editor.write("", as_html("First look"))
    tab = await wait_shown(await editor.preview(), stage, "First look")
    first = tab.url
    await editor.page.bring_to_front()
    await editor.write("", as_html("Second look"))
    await editor.press_preview()
    await tab.wait_for_url(lambda url: url != first and "/__preview/" in url)
    await wait_shown(tab, stage, "Second look")


async def test_featured_image_that_is_not_saved(editor: Editor, stage: Stage) -> None:
    """Another picture of a public post is in its preview, and not yet on its page."""
    image = stage.wordpress.fixture["image_tall"]["id"]
    number = insert(
        stage, post_title="With a picture", post_content="<p>x</p>", post_status="publish"
    )
    await editor.open(number)
    if isinstance(editor, ClassicEditor):
        await editor.page.evaluate(
            "(id) => { document.querySelector('#_thumbnail_id').value = id; }", image
        )
        await editor.write("", as_html("y"))
    else:
        await editor.page.evaluate(
            "(id) => wp.data.dispatch('core/editor').editPost({featured_media: id})", image
        )
    tab = await wait_shown(await editor.preview(), stage, "With a picture")
    name = stage.php("echo wp_basename( wp_get_attachment_url( (int) $args[0] ) );", image)
    assert name.rpartition(".")[0] in await tab.locator("main").inner_html()
    assert not stage.php("echo get_post_meta( (int) $args[0], '_thumbnail_id', true );", number)


# ---------------------------------------------------------------- links for others


def share(stage: Stage, post: int, seconds: int) -> dict[str, object]:
    """What the button "Share a preview" gets."""
    answer = stage.wordpress.rest(
        "/sos/v1/preview-link", True, method="POST", body={"post": post, "seconds": seconds}
    )
    assert answer.status == 200, answer.text
    link: dict[str, object] = answer.json()
    return link


async def test_link_for_a_colleague_without_an_account(browser_page: Page, stage: Stage) -> None:
    """It opens in any browser, as often as they like, until it ends, with the parts of a long text."""
    text = "<p>Part one</p><!--nextpage--><p>Part two</p>"
    number = insert(stage, post_title="Shared draft", post_content=text)
    link = await asyncio.to_thread(share, stage, number, 7 * 86_400)
    assert 6 * 86_400 < int(str(link["expires"])) - time.time() <= 7 * 86_400
    for _ in range(2):
        await browser_page.goto(str(link["url"]))
        await wait_shown(browser_page, stage, "Shared draft", "Part one", "made by admin")
    await browser_page.locator("main a[href*='part=2']").first.click()
    await wait_shown(browser_page, stage, "Part two")
    cookies = await browser_page.context.cookies()
    assert [(c["httpOnly"], c["sameSite"]) for c in cookies] == [(True, "Lax")]
    assert str(link["url"]).rpartition("/")[2] not in browser_page.url


async def test_link_that_has_ended_says_so(browser_page: Page, stage: Stage) -> None:
    """Plainly, and what to do."""
    ended = sign_content_preview(SECRET, "abcdefghijklmnopqrstuv", int(time.time()) - 5, HOST)
    answer = await browser_page.goto(f"{stage.site}/__preview/{ended}")
    assert answer is not None
    assert answer.status == 410
    heading = browser_page.get_by_role("heading", name="This preview link has ended")
    await expect(heading).to_be_visible()


def test_store_keeps_a_preview_no_longer_than_its_link(stage: Stage) -> None:
    """And a minute, so that a link that ends can say so."""
    number = insert(stage, post_title="Short", post_content="<p>x</p>")
    before = set(stage.lives())
    share(stage, number, 3600)
    assert -1 not in stage.lives()
    (new,) = {life for life in stage.lives() if 3600 < life <= 3660} - before
    assert new


async def test_shared_link_shows_what_was_last_saved(stage: Stage) -> None:
    """An autosave that is newer than the public post; an older one is forgotten."""
    number = insert(stage, post_title="Live", post_content="<p>Live</p>", post_status="publish")
    saved = stage.php(
        """
        global $wpdb;
        $id = (int) $args[0];
        $wpdb->update( $wpdb->posts, array( 'post_modified_gmt' => '2020-01-01 00:00:00' ), array( 'ID' => $id ) );
        clean_post_cache( $id );
        require_once ABSPATH . 'wp-admin/includes/post.php';
        $autosave = wp_create_post_autosave( array( 'post_ID' => $id, 'post_type' => 'post', 'post_title' => 'Later', 'content' => '', 'post_content' => '<p>Later</p>' ) );
        $shown = SOS_Publisher\\Preview\\Changes::saved_last( get_post( $id ), 1 )->apply()->post_title;
        $wpdb->update( $wpdb->posts, array( 'post_modified_gmt' => '2038-01-01 00:00:00' ), array( 'ID' => $id ) );
        clean_post_cache( $id );
        echo $shown, ' ', SOS_Publisher\\Preview\\Changes::saved_last( get_post( $id ), 1 )->apply()->post_title;
        """,
        number,
    )
    assert saved == "Later Live"


# ---------------------------------------------------------------- what is shown


LINK = """
$id = wp_insert_post( wp_slash( json_decode( $args[0], true ) ), true );
foreach ( json_decode( $args[1], true ) as $name => $value ) {
	update_option( $name, 'ID' === $value ? $id : $value );
}
echo SOS_Publisher\\Preview\\Links::create( get_post( $id ), 600 )['url'];
"""


def preview(stage: Stage, options: dict[str, object] | None = None, **fields: object) -> str:
    """The page that a link shows, of a new item."""
    link = stage.php(LINK, json.dumps(fields), json.dumps(options or {}))
    status, text = stage.follow(link)
    assert status == 200, text
    return text


@pytest.mark.parametrize(
    ("fields", "standing"),
    [
        ({"post_status": "pending"}, "waiting for review"),
        ({"post_status": "private"}, "private: never on the public site"),
        ({"post_status": "auto-draft"}, "new, not saved yet"),
        (
            {"post_status": "future", "post_date": "2038-01-02 03:04:05"},
            "scheduled for 2. January 2038, 03:04 CET",
        ),
    ],
)
def test_whatever_its_status_it_is_shown_as_if_it_were_public(
    stage: Stage, fields: dict[str, object], standing: str
) -> None:
    """With its own title, and no word of WordPress's before it."""
    text = preview(stage, post_title="Some title", post_content="<p>Some words</p>", **fields)
    assert "Some words" in text
    assert f"<b>Some title</b> · {standing}" in text
    assert "Private: Some title" not in text
    assert "<h1" in text.partition("</template>")[2]


def test_protected_post_is_shown_without_its_text(stage: Stage) -> None:
    """What the public sees, and why."""
    text = preview(
        stage, post_title="Locked", post_content="<p>Secret</p>", post_password="x", post_status="publish"
    )  # fmt: skip
    assert "Secret" not in text
    assert "It needs a password" in text


def test_front_page_is_previewed_as_such(stage: Stage) -> None:
    """A static one, at the public site's root."""
    options = {"show_on_front": "page", "page_on_front": "ID"}
    try:
        text = preview(
            stage, options, post_type="page", post_title="New front", post_content="<p>Front words</p>"
        )  # fmt: skip
        assert "Front words" in text
    finally:
        stage.php("update_option( 'show_on_front', 'posts' ); update_option( 'page_on_front', 0 );")


def test_author_terms_format_and_picture_are_shown(stage: Stage) -> None:
    """Also those that nothing public has yet."""
    text = preview(
        stage,
        post_title="Rich",
        post_content="<p>x</p>",
        tags_input=["never used before"],
        post_author=1,
        meta_input={"_thumbnail_id": stage.wordpress.fixture["image_tall"]["id"]},
    )
    assert "never used before" in text
    assert "image" in text
    name = stage.php("echo wp_get_current_user()->display_name;")
    assert 'href="/author/' in text
    assert name in text


def test_preview_leaves_nothing_behind(stage: Stage) -> None:
    """No filter, no cache and no row of WordPress is another one afterwards."""
    left = stage.php(
        """
        $id = wp_insert_post( array( 'post_title' => 'Saved', 'post_content' => 'x', 'post_status' => 'publish' ) );
        require_once ABSPATH . 'wp-admin/includes/post.php';
        sleep( 1 );
        wp_create_post_autosave( array( 'post_ID' => $id, 'post_type' => 'post', 'post_title' => 'Unsaved', 'content' => '', 'post_content' => 'y' ) );
        $before = array( has_filter( 'the_title' ), wp_get_current_user()->ID, get_the_title( $id ) );
        SOS_Publisher\\Preview\\Links::create( get_post( $id ), 60 );
        $after = array( has_filter( 'the_title' ), wp_get_current_user()->ID, get_the_title( $id ) );
        echo $before === $after ? 'same' : 'another', ' ', get_post( $id )->post_title;
        """
    )
    assert left == "same Saved"


# ---------------------------------------------------------------- when it can't be had


async def open_preview(page: Page, stage: Stage, more: str = "") -> int:
    """WordPress's own preview address of a draft; the status of what came of it."""
    number = insert(stage, post_title="Some draft", post_content="<p>Some words</p>")
    answer = await page.goto(f"{stage.wordpress.url}/?p={number}&preview=true{more}")
    assert answer is not None
    return answer.status


async def test_store_that_is_away_is_said_with_a_way_out(page: Page, stage: Stage) -> None:
    """WordPress's own preview is one click away, and the editor's work is safe."""
    number = insert(stage, post_title="Some draft", post_content="<p>Some words</p>")
    stage.wordpress.define(SOS_REDIS_URL="redis://127.0.0.1:1/0")
    try:
        answer = await page.goto(f"{stage.wordpress.url}/?p={number}&preview=true")
        assert answer is not None
        assert answer.status == 503
        await expect(page.locator("body")).to_contain_text("content store does not answer")
        await page.get_by_role("link", name="own preview").click()
        await expect(page.locator("body")).to_contain_text("Some words")
        assert page.url.startswith(stage.wordpress.url)
    finally:
        stage.wordpress.define(SOS_REDIS_URL=stage.valkey.url)


async def test_secret_that_is_missing_is_said_with_a_way_out(page: Page, stage: Stage) -> None:
    """Its name is told to whoever can set it."""
    stage.wordpress.define(SOS_PREVIEW_SECRET=None)
    try:
        assert await open_preview(page, stage) == 503
        await expect(page.locator("body")).to_contain_text("SOS_PREVIEW_SECRET is missing")
    finally:
        stage.wordpress.define(SOS_PREVIEW_SECRET=SECRET)


async def test_wordpress_own_preview_is_left_alone_where_wanted(page: Page, stage: Stage) -> None:
    """With `sos_preview=off`, and on a site that is not set up yet."""
    assert await open_preview(page, stage, "&sos_preview=off") == 200
    assert page.url.startswith(stage.wordpress.url)
    stage.wordpress.define(SOS_SITE=None, SOS_REDIS_URL=None)
    try:
        assert await open_preview(page, stage) == 200
        assert page.url.startswith(stage.wordpress.url)
    finally:
        stage.wordpress.define(SOS_SITE=stage.site, SOS_REDIS_URL=stage.valkey.url)


async def test_contributor_previews_their_own_drafts_and_no_others(
    browser_page: Page, stage: Stage
) -> None:
    """Who may not publish may still see what it will be; the drafts of others stay theirs."""
    user = stage.php(
        """
        $name = 'contributor' . wp_rand();
        wp_insert_user( array( 'user_login' => $name, 'user_pass' => 'not a secret', 'role' => 'contributor', 'display_name' => 'Kim' ) );
        echo $name;
        """
    )
    owner = stage.php("echo get_user_by( 'login', $args[0] )->ID;", user)
    await log_in(browser_page, stage.wordpress, user)
    number = insert(stage, post_title="By Kim", post_content="<p>My words</p>", post_author=owner)
    await browser_page.goto(f"{stage.wordpress.url}/?p={number}&preview=true")
    await wait_shown(browser_page, stage, "By Kim", "My words", "made by Kim")
    before = await asyncio.to_thread(stage.previews)
    assert await open_preview(browser_page, stage) == 404
    assert await asyncio.to_thread(stage.previews) == before


async def test_who_may_not_edit_it_gets_no_preview(browser_page: Page, stage: Stage) -> None:
    """Without a login WordPress answers as ever, and nothing is kept of the draft."""
    before = await asyncio.to_thread(stage.previews)
    assert await open_preview(browser_page, stage) == 404
    assert browser_page.url.startswith(stage.wordpress.url)
    assert await asyncio.to_thread(stage.previews) == before
