"""From figures to ratios, verdicts, tables and charts."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from bench.charts import draw_latencies, draw_rates
from bench.goals import GOALS, judge, ratio_of
from bench.report import README, build_files, fill, load_results
from bench.table import build_goals, build_table


def build_peer(title: str, rates: list[float], **changes: Any) -> dict[str, Any]:
    """A row as `throughput` writes it."""
    middle = sorted(rates)[len(rates) // 2]
    return {
        "title": title,
        "rate": middle,
        "rates": rates,
        "costs_us": [1e6 / rate if rate else 1.0 for rate in rates],
        "ratio": 0.5,
        "p50_ms": 0.25,
        "p99_ms": 12.5,
        "cpu_us": 8.75,
        "busy": 0.99,
        "memory_mb": 71.4,
        **changes,
    }


def build_case(**peers: dict[str, Any]) -> dict[str, Any]:
    """A case with these rows; underscores in names are hyphens."""
    return {"baseline": "nginx", "peers": {n.replace("_", "-"): row for n, row in peers.items()}}


def test_ratio_is_the_median_of_those_of_each_round() -> None:
    """What slows a whole round down slows both, and does not move the ratio."""
    assert ratio_of([50.0, 100.0, 10.0], [100.0, 200.0, 20.0]) == 0.5
    assert ratio_of([1.0, 3.0], [1.0, 1.0]) == 2.0


def test_round_that_failed_does_not_count() -> None:
    """A rate of 0 says that the answers were not what they should be."""
    assert ratio_of([0.0, 80.0], [100.0, 100.0]) == 0.8
    assert ratio_of([0.0], [100.0]) is None


@pytest.mark.parametrize(
    ("rate", "word"), [(100.0, "reached"), (85.0, "floor reached"), (79.0, "**missed**")]
)
def test_goal_is_reached_or_its_floor_or_missed(rate: float, word: str) -> None:
    """The first goal is 1.0 times nginx, with a floor of 0.8."""
    case = build_case(nginx=build_peer("nginx", [100.0]), sos=build_peer("sos", [rate]))
    verdict = judge({"cached": case})[0]
    assert verdict.word == word
    assert verdict.by_cost == pytest.approx(rate / 100)


def test_goal_without_its_peer_is_not_measured() -> None:
    """A peer that could not run here neither reaches nor misses anything."""
    verdicts = judge({"cached": build_case(sos=build_peer("sos", [1.0]))})
    assert [v.word for v in verdicts] == ["not measured"] * len(GOALS)
    assert build_goals(verdicts).count("not measured") == len(GOALS)


def test_quickest_of_several_with_a_name_is_the_one_to_beat() -> None:
    """There may be two kinds of Next.js: the goal holds against the better."""
    case = build_case(
        sos=build_peer("sos", [100.0]),
        next_isr=build_peer("Next.js", [1.0]),
        next_tuned=build_peer("Next.js, tuned", [4.0]),
    )
    verdict = next(v for v in judge({"cached": case}) if v.goal.than == "next")
    assert (verdict.than, verdict.ratio, verdict.word) == ("next-tuned", 25.0, "**missed**")


def test_table_names_the_quickest_first_and_who_was_not_busy() -> None:
    """A server that had time to spare could have done more than was asked of it."""
    case = build_case(
        aiohttp=build_peer("aiohttp", [22_000.0]),
        nginx=build_peer("nginx", [112_092.0], busy=0.7, ratio=1.0),
        other=build_peer("other", [0.0], ratio=None, cpu_us=323_323.0),
    )
    lines = build_table(case).splitlines()
    assert lines[2] == "| nginx | ≥ 112,092 | 1.00 | 0.25 | 12 | 8.8 | 71 |"
    assert lines[3].startswith("| aiohttp | 22,000 | 0.50 |")
    assert lines[4] == "| other | failed | | 0.25 | 12 | 323,323 | 71 |"


def test_charts_are_sound_and_tell_those_who_do_not_see_them() -> None:
    """Each is XML with a title and a description that has the figures, in both schemes of colour."""
    cases = {
        "cached": build_case(nginx=build_peer("nginx", [100.0]), sos=build_peer("sos", [99.0]))
    }
    run = {
        "peer": "sos",
        "traffic": "hot",
        "disturbance": "publishing",
        "p50_ms": 0.2,
        "p99_ms": 40.0,
    }
    steady = {"rate": 2500, "goal_ms": 5.0, "runs": {"sos, hot": run}}
    for chart, word in ((draw_rates(cases), "sos 99"), (draw_latencies(steady), "40.0 ms")):
        root = ElementTree.fromstring(chart)
        name = "{http://www.w3.org/2000/svg}"
        assert root.findtext(f"{name}title")
        assert word in (root.findtext(f"{name}desc") or "")
        assert "prefers-color-scheme: dark" in chart


def test_place_is_filled_and_all_else_stays() -> None:
    """What is between the marks is replaced, however often it is done."""
    page = "Before\n<!-- one -->\nold\n<!-- end of one -->\nafter\n"
    filled = fill(page, "one", "new")
    assert filled == "Before\n<!-- one -->\n\nnew\n\n<!-- end of one -->\nafter\n"
    assert fill(filled, "one", "new") == filled
    with pytest.raises(ValueError, match="no place for two"):
        fill(page, "two", "new")


def test_readme_and_charts_say_what_results_say() -> None:
    """Nobody types a figure: `make bench ARGS=--report` makes these files of the results."""
    for path, text in build_files(load_results(), README.read_text(encoding="utf-8")).items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date"
