"""The template of translations has every sentence of the plugin, and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
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

from tests.servers.wordpress import PUBLISHER


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


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
