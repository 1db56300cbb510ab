"""The site's palette in the document `site`: as WordPress itself would show it now, whoever changes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sos.content.document import parse_site
from sos.page.site_css import build_site_css
from sos.wordpress.global_styles import find_global_styles

from tests.publisher.core_site import call, clear, dirty
from tests.publisher.reading_stage import Reading
from tests.servers.wordpress import WordPressServer

pytestmark = pytest.mark.wordpress

_SAVE = """
$id = WP_Theme_JSON_Resolver::get_user_global_styles_post_id();
$data = array( 'version' => 2, 'isGlobalStylesUserThemeJSON' => true ) + json_decode( $args[0], true );
wp_update_post( wp_slash( array( 'ID' => $id, 'post_content' => wp_json_encode( $data ) ) ) );
"""

BRAND: dict[str, Any] = {
    "settings": {
        "color": {
            "palette": {"custom": [{"slug": "custom-brand", "color": "#0b6e4f", "name": "Brand"}]},
            "gradients": {
                "custom": [
                    {
                        "slug": "custom-dawn",
                        "gradient": "linear-gradient(135deg,#0b6e4f 0%,#eeeadd 100%)",
                        "name": "Dawn",
                    }
                ]
            },
        }
    },
    "styles": {
        "color": {"background": "#f4efe6", "text": "var:preset|color|contrast"},
        "elements": {
            "link": {"color": {"text": "var:preset|color|custom-brand"}},
            "button": {"color": {"background": "#0b6e4f", "text": "#ffffff"}},
        },
    },
}
"""What an editor saves in the site editor."""


@pytest.fixture(scope="module", params=["6.1", "7.1"])
def block_site(
    request: pytest.FixtureRequest, make_wordpress: Callable[..., WordPressServer]
) -> Reading:
    """The oldest and the newest WordPress with their newest block themes."""
    return Reading(make_wordpress(request.param, plugin=True))


@pytest.fixture
def changed(block_site: Reading) -> Iterator[Reading]:
    """One that the test may change."""
    yield block_site
    block_site.wordpress.reset()


def shown(reading: Reading) -> dict[str, Any] | None:
    """What the front page of WordPress says of its palette, without the minute for which 6.1 caches it."""
    reading.wordpress.run_php("delete_transient( 'global_styles_' . get_stylesheet() );")
    return find_global_styles(reading.wordpress.fetch("/").text)


def sent(reading: Reading, before: str = "") -> dict[str, Any]:
    """The palette in the document."""
    styles: dict[str, Any] = reading.document("site", before)["sos"]["styles"]
    return styles


def test_palette_of_the_theme_is_what_its_front_page_has(block_site: Reading) -> None:
    """To the letter, so that an import and the plugin write the same document."""
    styles = sent(block_site)
    assert styles == shown(block_site)
    assert styles["presets"]["color"]["base"].lower() == "#ffffff"
    assert styles["text"] == "var(--wp--preset--color--contrast)"


def test_choice_of_an_editor_is_in_the_document_at_once(changed: Reading) -> None:
    """Also in the very request that saves it, in which WordPress has remembered the former one."""
    save = _SAVE.replace("$args[0]", f"'{json.dumps(BRAND)}'")
    styles = sent(changed, f"wp_get_global_stylesheet(); wp_get_global_styles(); {save}")
    assert styles["presets"]["color"]["custom-brand"] == "#0b6e4f"
    assert styles["presets"]["gradient"]["custom-dawn"].startswith("linear-gradient(135deg,#0b6e4f")
    assert styles["background"] == "#f4efe6"
    assert styles["text"] == "var(--wp--preset--color--contrast)"
    assert styles["link"] == "var(--wp--preset--color--custom-brand)"
    assert styles["button_background"] == "#0b6e4f"
    assert styles == shown(changed)
    css = build_site_css(parse_site(changed.raw("site")["site"].encode()).styles)  # type: ignore[union-attr]
    assert ".has-custom-brand-background-color{" in css
    assert "--paper:#f4efe6;" in css
    assert "--accent:#0b6e4f;" in css


def test_save_in_the_site_editor_marks_the_site(changed: Reading) -> None:
    """By REST, as the editor saves."""
    wordpress = changed.wordpress
    number = call(
        wordpress,
        "return WP_Theme_JSON_Resolver::get_user_global_styles_post_id();",
        sends=False,
    )
    clear(wordpress)
    path = f"/wp/v2/global-styles/{number}"
    answer = wordpress.rest(path, auth=True, method="POST", body=BRAND)
    assert answer.status == 200, answer.text
    assert "site" in dirty(wordpress)
    assert sent(changed)["link"] == "var(--wp--preset--color--custom-brand)"


def test_another_theme_brings_its_own_palette(changed: Reading) -> None:
    """A classic one has presets for its editor, and says nothing of the page's colours."""
    wordpress = changed.wordpress
    clear(wordpress)
    call(wordpress, "switch_theme( 'twentytwentyone' );", sends=False)
    assert "site" in dirty(wordpress)
    styles = sent(changed)
    assert styles["presets"]["color"]["dark-gray"] == "#28303D"
    assert styles["presets"]["gradient"]["purple-to-yellow"].startswith("linear-gradient(160deg")
    assert styles.keys() == {"presets"}
    assert styles == shown(changed)


def test_theme_that_breaks_costs_the_palette_alone(block_site: Reading) -> None:
    """A filter of theme.json that throws doesn't hold up what else the site says of itself."""
    broken = (
        "add_filter( 'wp_theme_json_data_theme', function () { throw new Exception( 'x' ); } );"
    )
    site = block_site.document("site", broken)
    assert site["sos"]["styles"] == {}
    assert site["sos"]["language"] == "en-US"
