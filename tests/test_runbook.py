"""The runbook against the code: whoever is on call at night must not look for what is not there.

In: docs/runbook.md, the sources, the command line. Out: nothing that the runbook names is missing,
and no warning of a node is without a line. That its advice is good is for its readers to say.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
from sos.cli import cli
from sos.metrics import TABLE
from sos.rollout.fleet_words import SAYINGS
from sos.rollout.ports import NodeReport
from sos.rollout.verdict import Word
from sos.settings import Settings

ROOT = Path(__file__).parent.parent
RUNBOOK = ROOT / "docs" / "runbook.md"
TEXT = RUNBOOK.read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```$", "", TEXT, flags=re.M | re.S)
BLOCKS = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", TEXT, flags=re.M | re.S))
SPANS = re.findall(r"`([^`\n]+)`", PROSE)

WORDS_OF_OTHERS = {"invalid username-password pair"}
"""What other servers say, by their own words."""


def parse_sources() -> dict[Path, ast.Module]:
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "sos").rglob("*.py"))
    }


SOURCES = parse_sources()
SOURCE_TEXT = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)


def list_events() -> Iterator[tuple[str, str]]:
    """Name and level of every event that is logged anywhere in sos."""
    for module in SOURCES.values():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and node.args:
                levels = list(find_levels(node.func))
                for name in find_names(node.args[0]) if levels else ():
                    yield from ((name, level) for level in levels)


def find_levels(function: ast.expr) -> Iterator[str]:
    """The levels at which a call logs; none for any other call."""
    if isinstance(function, ast.IfExp):
        yield from (*find_levels(function.body), *find_levels(function.orelse))
    elif isinstance(function, ast.Name) and function.id == "level":
        yield from ("error", "info")  # chosen two lines above
    elif isinstance(function, ast.Attribute) and ast.unparse(function.value) == "log":
        yield function.attr


def find_names(argument: ast.expr) -> Iterator[str]:
    """The names that the first argument of a call to the log stands for."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.JoinedStr):
        yield from (f"worker_{why}" for why in find_verdicts())


def find_verdicts() -> Iterator[str]:
    """Why a supervisor kills a worker: what ``Slot._kill`` is called with, but for a drain."""
    found = re.findall(r'_kill\(\s*"(\w+)"', (ROOT / "sos/web/slot.py").read_text("utf-8"))
    yield from (why for why in found if why != "drained")


EVENTS = list(list_events())
EVENT_NAMES = {name for name, _ in EVENTS}


def list_commands() -> Iterator[str]:
    """Every command of sos that the runbook prints, without what a shell does with it."""
    lines = [*SPANS, *BLOCKS.splitlines()]
    for line in lines:
        bare = re.split(r"\s(?:#|>|\|)\s?", line)[0].strip()
        if bare.startswith("sos "):
            yield bare


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return kept.strip().replace(" ", "-")


def list_texts() -> Iterator[str]:
    """Every text in the sources, with a NUL where something is put in."""
    for module in SOURCES.values():
        for node in ast.walk(module):
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "\0"
                    for part in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_runbook_and_sources_were_read() -> None:
    """Or all that follows would hold for nothing."""
    assert len(list(list_commands())) > 20
    assert {"pointer_unusable", "worker_hung", "health_elb", "node_refused"} <= EVENT_NAMES


@pytest.mark.parametrize("command", sorted(set(list_commands())))
def test_every_command_of_the_runbook_can_be_parsed(command: str) -> None:
    """With these options and arguments; only an argument may be left out, in a sentence."""
    words = shlex.split(command)[1:]
    found: click.Command = cli
    context = click.Context(cli)
    while words and isinstance(found, click.Group):
        name = words.pop(0)
        inner = found.get_command(context, name)
        assert inner, f"there is no command {name!r} in: {command}"
        found = inner
    try:
        found.make_context(command, words)
    except click.MissingParameter:
        pass
    except click.UsageError as exc:
        pytest.fail(f"{command}: {exc.message}")


def test_every_name_with_an_underscore_is_an_event_a_metric_a_setting_or_a_member() -> None:
    """Of what is set as code: a name that is none of these leads nowhere."""
    names = {span for span in SPANS if re.fullmatch(r"[a-z]+(_[a-z]+)+", span)}
    metrics = {spec.name for spec in TABLE}
    known = {*EVENT_NAMES, *metrics, *Settings.__struct_fields__, *NodeReport.__struct_fields__}
    known |= {"not_understood", "never_ready"}  # reasons for which a worker is replaced
    assert names - known == set()
    assert len(names & metrics) >= 8


def test_every_variable_is_one_that_sos_or_its_drivers_read() -> None:
    """Those of sos are settings; those of the ecosystem are named in the adapters."""
    names = set(re.findall(r"\b(?:SOS|AWS|CONSUL)_[A-Z0-9_]+\b", TEXT))
    own = {f"SOS_{name.upper()}" for name in Settings.__struct_fields__}
    unknown = {n for n in names - own if n not in SOURCE_TEXT}
    assert unknown == set()


def test_every_word_of_the_verdict_is_explained_with_its_status() -> None:
    """The table has exactly the words that /health-elb can say, each with the status it gives."""
    rows = re.findall(r"^\| `([a-z]+)` \| (\d{3}) \|", TEXT, flags=re.M)
    assert {word for word, _ in rows} == set(get_args(Word))
    source = (ROOT / "sos/rollout/verdict.py").read_text("utf-8")
    given = set(re.findall(r'Verdict\((\d{3}), "([a-z]+)"', source))
    assert {(status, word) for word, status in rows} == given


def test_every_word_of_the_fleet_is_one_that_it_says() -> None:
    """Behind the marks that `sos fleet` prints."""
    marked = set(re.findall(r"[✕!↻✓] `([a-z ]+)`", TEXT))
    assert marked - set(SAYINGS) == set()
    assert {"refused", "late", "behind", "unhealthy", "missing", "unverified", "stale"} <= marked


def test_every_metric_for_other_systems_has_the_name_it_is_sent_with() -> None:
    """The name in DogStatsD that dashboards had before there was sos."""
    names = set(re.findall(r"sos-[a-z-]+\.[a-z.-]+", TEXT))
    assert names == {"sos-template-deploy.consul-error"}
    assert names <= {spec.statsd for spec in TABLE}


def test_every_warning_and_error_of_the_log_has_a_line() -> None:
    """Whoever adds one says in the runbook what it means and where it leads."""
    _, _, section = TEXT.partition("## What the log says")
    told = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", section))
    loud = {name for name, level in EVENTS if level in ("warning", "error", "exception")}
    assert loud - told == set()
    assert told - EVENT_NAMES == set()


def test_every_message_that_is_quoted_is_said_somewhere() -> None:
    """Word for word: it is what people search the page for."""
    quoted = re.findall(r'\*"([^"]+)"\*', " ".join(PROSE.split()))
    texts = list(list_texts())
    pieces = [piece.strip() for quote in quoted for piece in re.split(r"…|\d+", quote)]
    pieces = [piece for piece in pieces if len(piece) > 3]
    assert len(pieces) > 12
    unsaid = [p for p in pieces if p not in WORDS_OF_OTHERS and not any(p in t for t in texts)]
    assert unsaid == []


def test_every_address_is_answered_by_the_private_port() -> None:
    """``NODE:8081`` stands for it."""
    paths = {path.rstrip(".") for path in re.findall(r"NODE:8081(/[a-z-]*)", TEXT)}
    assert {"/", "/health", "/health-elb", "/metrics"} <= paths
    assert [p for p in paths if f'add_get("{p}"' not in SOURCE_TEXT] == []


def test_every_link_leads_somewhere() -> None:
    """To a heading of this page, or of a document that exists."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", PROSE):
        name, _, anchor = target.partition("#")
        page = RUNBOOK.parent / name if name else RUNBOOK
        if not page.exists():
            broken.append(target)
            continue
        headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.M)
        if anchor and anchor not in map(slug, headings):
            broken.append(target)
    assert broken == []


def test_exit_codes_of_a_node_are_those_of_its_errors() -> None:
    """78, 65, 70 and 130 are what the sources say."""
    from sos.errors import ReleaseError, SettingsError
    from sos.web import supervisor

    told = set(
        re.findall(r"^\| ([0-9, ]+) \| ", TEXT.partition("## A node does not start")[2], re.M)
    )
    codes = {int(code) for row in told for code in row.split(",")}
    assert {SettingsError.exit_code, ReleaseError.exit_code, supervisor.EXIT_BROKEN} <= codes
    assert supervisor.EXIT_INTERRUPTED in codes
