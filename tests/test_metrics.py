"""Metrics: counted per process, added up per node, documented in one table."""

import time

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sos.describe_metrics import describe_metrics
from sos.describe_settings import ROOT
from sos.metrics import FAST, TABLE, Metrics, keep_totals, merge_snapshots
from sos.web.exposition import build_exposition


def parse(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Samples of an exposition, read by an independent parser."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_every_attribute_has_a_row_in_the_table_and_every_row_an_attribute() -> None:
    """The table is the one place: nothing is counted that it does not describe."""
    assert set(Metrics.__annotations__) == {spec.attribute for spec in TABLE}
    metrics = Metrics()
    for spec in TABLE:
        family = getattr(metrics, spec.attribute)
        assert (
            type(family).__name__.lower()
            == spec.kind
            == Metrics.__annotations__[spec.attribute].__name__.lower()
        )


def test_names_follow_the_conventions_of_prometheus() -> None:
    """Counters end in _total, times in _seconds; every metric says what it is."""
    for spec in TABLE:
        assert spec.name.startswith("sos_")
        assert spec.name.endswith("_total") == (spec.kind == "counter")
        assert spec.help.endswith((".", "…"))
        assert bool(spec.buckets) == (spec.kind == "histogram")
        assert spec.merge == "sum" or (spec.kind == "gauge" and not spec.labels)


def test_metrics_page_is_up_to_date() -> None:
    """docs/metrics.md is what ``python -m sos.describe_metrics`` writes."""
    assert (ROOT / "docs" / "metrics.md").read_text() == describe_metrics()


def test_two_instances_share_nothing() -> None:
    """There is no global registry: a test, or a second node in one process, counts for itself."""
    one, other = Metrics(), Metrics()
    one.stale_responses.inc()
    assert other.snapshot() == {}


def test_wrong_labels_are_refused_at_the_first_use() -> None:
    """A forgotten label is a mistake in the code, and is found by the first test that meets it."""
    with pytest.raises(ValueError, match="sos_requests_total has labels"):
        Metrics().requests.inc("front")


def test_node_sums_counters_and_takes_the_worst_gauge() -> None:
    """Each metric has its rule: what is added, what is the highest, what is the lowest."""
    one, other = Metrics(), Metrics()
    for metrics, revision, lag, size in ((one, 7, 0.5, 100), (other, 9, 3.0, 50)):
        metrics.requests.inc("front", "200", "hit", by=2)
        metrics.content_revision.set(revision)
        metrics.content_lag_seconds.set(lag)
        metrics.cache_bytes.set(size)
    other.requests.inc("feed", "200", "miss")
    samples = parse(build_exposition(merge_snapshots([one.snapshot(), other.snapshot()])))
    front = (("cache", "hit"), ("kind", "front"), ("status", "200"))
    feed = (("cache", "miss"), ("kind", "feed"), ("status", "200"))
    assert samples["sos_requests_total", front] == 4
    assert samples["sos_requests_total", feed] == 1
    assert samples["sos_content_revision", ()] == 7
    assert samples["sos_content_lag_seconds", ()] == 3
    assert samples["sos_cache_bytes", ()] == 150


def test_histogram_buckets_are_cumulative() -> None:
    """A duration on a bound belongs into its bucket; one above all counts in +Inf only."""
    metrics = Metrics()
    for seconds in (0.0001, FAST[0], 0.003, 99.0):
        metrics.render_seconds.observe(seconds, "single")
    samples = parse(build_exposition(metrics.snapshot()))

    def bucket(bound: str) -> float:
        return samples["sos_render_seconds_bucket", (("kind", "single"), ("le", bound))]

    assert (bucket("0.0005"), bucket("0.0025"), bucket("0.005")) == (2, 2, 3)
    assert (bucket("2.5"), bucket("+Inf")) == (3, 4)
    assert samples["sos_render_seconds_count", (("kind", "single"),)] == 4
    assert samples["sos_render_seconds_sum", (("kind", "single"),)] == pytest.approx(99.0036)


def test_ended_process_leaves_its_totals_not_its_gauges() -> None:
    """Sums never go back when a worker dies; its memory and its cache are gone."""
    metrics = Metrics()
    metrics.requests.inc("front", "200", "hit")
    metrics.render_seconds.observe(0.1, "single")
    metrics.cache_bytes.set(5)
    assert set(keep_totals(metrics.snapshot())) == {"sos_requests_total", "sos_render_seconds"}


def test_merging_changes_none_of_its_inputs() -> None:
    """A total that is merged at every scrape must not grow by being looked at."""
    metrics = Metrics()
    metrics.requests.inc("front", "200", "hit")
    snapshot = metrics.snapshot()
    for _ in range(3):
        merged = merge_snapshots([snapshot, snapshot])
    assert merged["sos_requests_total"][0][1] == [2]
    assert snapshot == metrics.snapshot()


def test_metric_of_another_version_is_left_out() -> None:
    """A worker that outlived an upgrade must not break the scrape."""
    assert merge_snapshots([{"sos_of_tomorrow": [((), [1.0])]}]) == {}


def test_every_metric_is_in_an_untouched_exposition() -> None:
    """A dashboard finds each name, and rate() a first value, before anything has happened."""
    text = build_exposition({}).decode()
    for spec in TABLE:
        assert f"# TYPE {spec.name} {spec.kind}" in text
    assert "sos_stale_responses_total 0.0" in text


def test_an_increment_costs_less_than_a_microsecond() -> None:
    """It is in the path of every request."""
    counter = Metrics().requests
    best = min(_time_increments(counter.inc) for _ in range(5))
    assert best < 1e-6


def _time_increments(inc: object) -> float:
    assert callable(inc)
    began = time.perf_counter()
    for _ in range(10_000):
        inc("front", "200", "hit")
    return (time.perf_counter() - began) / 10_000
