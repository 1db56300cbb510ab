"""Translations that lie in the plugin's own folder are used; what is in their template, see test_translations.py."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from tests.servers.wordpress import WordPressServer


@pytest.mark.wordpress
@pytest.mark.parametrize("edition", ["6.1", "7.1"])
def test_translation_in_the_folder_of_the_plugin_is_used(
    edition: str, make_wordpress: Callable[..., WordPressServer]
) -> None:
    """A sentence of the command line appears in German when `languages` has a translation of it."""
    server = make_wordpress(edition, plugin=True)
    translation = server.folder / "german.mo"
    translation.write_bytes(build_catalogue({"": CHARSET, "none under way": "keiner läuft"}))
    said = server.run_php(
        """
        $ours = wp_normalize_path( WP_PLUGIN_DIR . '/sos-publisher/languages/sos-publisher-de_DE.mo' );
        add_filter( 'locale', fn() => 'de_DE' );
        add_filter( 'load_textdomain_mofile', fn( $file ) => wp_normalize_path( $file ) === $ours ? $args[0] : $file );
        // Once more, as at the begin of a request, now that the file seems to be there.
        unload_textdomain( 'sos-publisher', true );
        \\SOS_Publisher\\Plugin::load_translations();
        echo get_locale(), ' ', __( 'none under way', 'sos-publisher' ), ' ', __( 'nothing waits', 'sos-publisher' );
        """,
        str(translation),
    )
    assert said == "de_DE keiner läuft nothing waits"


CHARSET = "Content-Type: text/plain; charset=UTF-8\n"


def build_catalogue(texts: dict[str, str]) -> bytes:
    """A .mo file (gettext manual, "The Format of GNU MO Files"): two tables of lengths and offsets."""
    pairs = [(one.encode(), other.encode()) for one, other in sorted(texts.items())]
    begin = 28 + 16 * len(pairs)
    tables: list[bytes] = []
    strings = b""
    for column in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[column]), begin + len(strings)))
            strings += pair[column] + b"\0"
    count = len(pairs)
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, begin)
    return head + b"".join(tables) + strings
