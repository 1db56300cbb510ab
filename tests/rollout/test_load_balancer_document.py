"""docs/load-balancer.md says what the code does: its words, its numbers, its examples."""

import re
import subprocess
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from sos.rollout.verdict import (
    GRACE_SECONDS,
    QUORUM_PERCENT,
    SETTLE_SECONDS,
    START_SECONDS,
    Word,
    decide_verdict,
)
from sos.settings import Settings

from tests.rollout.test_verdict import NODE, ROWS
from tests.servers.haproxy import find_haproxy

DOCUMENT = Path(__file__).parents[2] / "docs/load-balancer.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
WORDS = re.findall(r"^\| `(\w+)` \| (\d{3})(, alarm)? \|", TEXT, re.MULTILINE)


def block(language: str) -> str:
    """The only example in a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return str(found)


def test_table_has_every_word_in_the_order_in_which_rows_apply() -> None:
    """Nobody is left alone with a word at night."""
    assert [word for word, _, _ in WORDS] == [
        "draining", "unhealthy", "first", "unverified", "current", "refused", "starting",
        "switching", "behind", "late",
    ]  # fmt: skip
    assert {word for word, _, _ in WORDS} == set(get_args(Word))


@pytest.mark.parametrize("row", ROWS, ids=[r[0] for r in ROWS])
def test_table_has_the_status_and_the_alarm_of_every_word(
    row: tuple[str, dict[str, object], tuple[int, str]],
) -> None:
    """As the code decides them."""
    verdict = decide_verdict(msgspec.structs.replace(NODE, **row[1]))
    told = {word: (int(status), bool(alarm)) for word, status, alarm in WORDS}
    assert told[verdict.word] == (verdict.status, verdict.alarm)


def test_numbers_are_those_of_the_code() -> None:
    """Seconds and shares are told where they matter."""
    assert f"less than {GRACE_SECONDS:.0f} s (and the spread) ago" in TEXT
    assert f"At most {START_SECONDS:.0f} s, while others do the work" in TEXT
    assert f"at least {QUORUM_PERCENT} % of the live nodes have followed" in TEXT
    assert f"They open after {SETTLE_SECONDS:.0f} s." in TEXT
    assert f"| {Settings().drain_seconds} (`drain_seconds`) |" in TEXT


def test_example_for_haproxy_is_a_configuration(tmp_path: Path) -> None:
    """HAProxy takes it as it stands."""
    command, environment = find_haproxy()
    (tmp_path / "haproxy.cfg").write_text(block("haproxy"))
    checked = subprocess.run(
        [*command, "-c", "-f", str(tmp_path / "haproxy.cfg")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr + checked.stdout
    assert "WARNING" not in checked.stderr


def test_links_and_pictures_lead_somewhere() -> None:
    """Within the folder of documents; headings as they are written."""
    anchors = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    }
    for link in re.findall(r"\]\(([^)]+)\)", TEXT):
        if link.startswith("#"):
            assert link[1:] in anchors, link
        else:
            assert (DOCUMENT.parent / link).is_file(), link
