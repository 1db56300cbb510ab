"""Navigation blocks become the same menu items in the plugin and in the importer."""

from __future__ import annotations

import json
import subprocess

import pytest
from sos.wordpress.menus import parse_navigation

from tests.servers import php
from tests.servers.debian import MissingServerError, skip_or_fail
from tests.servers.wordpress import PUBLISHER

READ = f"""
define( 'ABSPATH', '/' );
require '{PUBLISHER}/includes/documents/class-navigation.php';
foreach ( json_decode( stream_get_contents( STDIN ) ) as $html ) {{
    $found[] = SOS_Publisher\\Documents\\Navigation::items( $html );
}}
echo json_encode( $found );
"""

NAVIGATIONS = {
    "links": '<ul><li><a href="/a/">A</a></li><li><a class="x" href="/b/?x=1&amp;y=2" target="_blank" rel="noopener nofollow">B &amp; <em>C</em></a></li></ul>',
    "submenus": '<li class="has-child"><a href="/a/">A</a><button aria-label="A submenu"><svg><path d="M1"/></svg></button><ul><li><a href="/b/">B</a><ul><li><a href="/c/">C</a></li></ul></li></ul></li><li><a href="/d/">D</a></li>',
    "a submenu without a link": '<li><button class="wp-block-navigation-item__content">Topics</button><span><svg></svg></span><ul><li><a href="/n/">News</a></li></ul></li>',
    "descriptions": '<li><a href="/a/"><span class="wp-block-navigation-item__label">A</span><span class="wp-block-navigation-item__description">About <span>it</span></span></a></li>',
    "labels of no text": '<li><a href="/a/"><img src="x.png" alt="A"></a></li><li><a href="/b/">B</a></li>',
    "space and references": "<li><a href='/a/'>\n  Two\t\n words &#8217;s &lt;b&gt; &nbsp;x</a></li>",
    "no quotes": "<li><a href=/a/ target=_blank>A</a></li>",
    "comments and scripts": "<!-- <a href='/no/'>no</a> --><li><a href='/a/'>A<script>no()</script><style>a{}</style></a></li>",
    "upper case": '<LI><A HREF="/a/">A</A></LI>',
    "outside of a list": '<a href="/a/">A</a><a href="/b/">B</a>',
    "what is not closed": '<ul><li><a href="/a/">A<li><a href="/b/">B</ul>',
    "nothing": "",
    "other scripts": '<li><a href="/гавань/">Гавань</a></li><li><a href="/x/">مرحبا</a></li>',
}


@pytest.fixture(scope="module")
def read_by_plugin() -> dict[str, list[dict[str, object]]]:
    """What the plugin makes of each."""
    try:
        binary = php.find_php()
    except MissingServerError as error:
        skip_or_fail(str(error))
    done = subprocess.run(
        [str(binary), "-d", "display_errors=stderr", "-r", READ],
        input=json.dumps(list(NAVIGATIONS.values())),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stderr == ""
    return dict(zip(NAVIGATIONS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("name", NAVIGATIONS)
def test_plugin_and_importer_read_the_same_items(
    name: str, read_by_plugin: dict[str, list[dict[str, object]]]
) -> None:
    """Labels, addresses, levels and all other members."""
    assert read_by_plugin[name] == parse_navigation(NAVIGATIONS[name])
