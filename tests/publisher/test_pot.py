"""The template of translations has every sentence of the plugin, and nothing else."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tools.plugin_pot import (
    TARGET,
    Message,
    build_template,
    parse_messages,
    read_header,
    read_messages,
)

from tests.servers.wordpress import PUBLISHER, WordPressServer


def test_template_is_that_of_the_present_code() -> None:
    """`python -m tools.plugin_pot` would change nothing."""
    assert TARGET.read_text() == build_template(read_messages(PUBLISHER), read_header(PUBLISHER)), (
        "run: python -m tools.plugin_pot"
    )


def test_texts_are_read_from_php_with_plurals_contexts_and_comments() -> None:
    """Escapes, nested calls, plurals, contexts and comments for translators come out as gettext has them."""
    code = r"""
        /* translators: %s: a name. */
        $a = sprintf( esc_html__( 'It\'s %s', 'sos-publisher' ), f( 'x', array( 1, 2 ) ) );
        $b = _n( '%d thing', '%d things', count( $c, (int) 'a,b' ), 'sos-publisher' );
        $d = _x( "a \"word\"", 'a context', 'sos-publisher' );
    """
    assert list(parse_messages(code)) == [
        Message("It's %s", "", "", notes={"translators: %s: a name."}),
        Message("%d thing", "%d things", ""),
        Message('a "word"', "", "a context"),
    ]


def test_texts_are_read_from_scripts() -> None:
    """JavaScript's escapes are its own."""
    code = r"label: __( 'Caf\u00e9 \'x\'', 'sos-publisher' )"
    assert list(parse_messages(code, is_script=True)) == [Message("Café 'x'", "", "")]


def test_call_without_the_text_domain_is_refused() -> None:
    """A text that could never be translated is an error, not a line that is missing."""
    for code in ("__( 'Alone' )", "__( 'Theirs', 'default' )"):
        with pytest.raises(ValueError, match="text domain"):
            list(parse_messages(code))


def test_gettext_finds_the_same_texts_and_accepts_the_template(tmp_path: Path) -> None:
    """Where gettext is installed, it reads the same texts from the PHP files, and finds no fault with ours."""
    if shutil.which("xgettext") is None or shutil.which("msgfmt") is None:
        pytest.skip("gettext is not installed; the tests above do without it")
    words = "__ esc_html__ esc_attr__ _x:1,2c esc_html_x:1,2c esc_attr_x:1,2c _n:1,2 _nx:1,2,4c"
    files = sorted(str(path) for path in PUBLISHER.rglob("*.php"))
    theirs = tmp_path / "theirs.pot"
    run("xgettext", "--from-code=UTF-8", "-L", "PHP", "-k", *(f"-k{word}" for word in words.split()),
        "--no-wrap", "-o", str(theirs), *files)  # fmt: skip
    run("msgfmt", "--check-format", "-o", str(tmp_path / "ours.mo"), str(TARGET))
    found = {
        path: set(re.findall(r'^msgid ".+"$', path.read_text(), re.M)) for path in (theirs, TARGET)
    }
    assert len(found[theirs]) > 100
    assert found[theirs] <= found[TARGET]


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


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
