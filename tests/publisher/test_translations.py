"""The plugin can be translated: every sentence is in the template, under the plugin's own text domain."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.publisher.translations import TEMPLATE, main
from tests.servers.debian import skip_or_fail
from tests.servers.wordpress import PUBLISHER

_CALL = re.compile(r"\b(?:_[_enx]|_nx|esc_(?:html|attr)_[_ex])\(\s*'")


@pytest.fixture(autouse=True)
def gettext() -> None:
    if shutil.which("xgettext") is None or shutil.which("msguniq") is None:
        skip_or_fail("xgettext is missing (Debian: gettext)")


def find_sources() -> list[Path]:
    return sorted([*PUBLISHER.rglob("*.php"), *PUBLISHER.glob("assets/*.js")])


def test_template_is_current() -> None:
    """`python -m tests.publisher.translations` would change nothing."""
    assert main(["--check"]) == 0


def test_template_that_lacks_a_sentence_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The test above can fail."""
    copy = tmp_path / TEMPLATE.name
    copy.write_text(TEMPLATE.read_text().replace("Take offline", "Take away"))
    monkeypatch.setattr("tests.publisher.translations.TEMPLATE", copy)
    assert main(["--check"]) == 1
    assert "is not current" in capsys.readouterr().err


@pytest.mark.parametrize(
    "sentence", ["Live on %1$s of %2$s nodes", "Share a preview", "Comparing…"]
)
def test_template_has_sentences_of_php_and_javascript(sentence: str) -> None:
    """Also plural forms."""
    assert f'"{sentence}"' in TEMPLATE.read_text()


def test_every_sentence_names_the_text_domain() -> None:
    """A call without the domain would look in WordPress's own translations."""
    missing = []
    for file in find_sources():
        text = file.read_text()
        calls = len(_CALL.findall(text))
        domains = len(re.findall(r"'sos-publisher' \)", text))
        if calls > domains:
            missing.append(f"{file.name}: {calls} sentences, {domains} domains")
    assert missing == []
