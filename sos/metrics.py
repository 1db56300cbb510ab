"""Every metric of a node, in one table; each process counts for itself, the supervisor adds up.

In: `inc`, `set` and `observe` from whoever holds the `Metrics` of this process. Out: a `Snapshot`
of plain numbers, and the sum of many. It never does I/O and never imports a metrics library: a
worker counts with plain Python numbers, and only the supervisor turns them into a protocol.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Literal

import msgspec

Sample = tuple[tuple[str, ...], list[float]]
"""Label values, and the value; of a histogram: one count per bucket, one above, then the sum."""

Snapshot = dict[str, list[Sample]]
"""Samples of one process by metric name. Counters and histograms count from its start."""

FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the histograms, seconds."""


class Spec(msgspec.Struct, frozen=True):
    """One metric. ``merge`` says how the values of a node's processes become one.

    The attribute of `Metrics` is the name without ``sos_`` and ``_total``.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    merge: Literal["sum", "max", "min"] = "sum"
    buckets: tuple[float, ...] = ()
    statsd_name: str = ""

    @property
    def attribute(self) -> str:
        """Name of the attribute of `Metrics` that holds it."""
        return self.name.removeprefix("sos_").removesuffix("_total")

    @property
    def statsd(self) -> str:
        """Name in DogStatsD. A histogram is sent as two counts: ``.count`` and ``.sum``."""
        return self.statsd_name or f"sos.{self.attribute}"


def _histogram(name: str, text: str, labels: tuple[str, ...] = ()) -> Spec:
    return Spec(name, "histogram", text, labels, buckets=FAST)


TABLE: tuple[Spec, ...] = (
    Spec(
        "sos_requests_total",
        "counter",
        "Answers on the public port. kind: page, error (404, 410), redirect, asset, upload, "
        "refused, unavailable, preview (its errors are no visitor's), health; cache: hit, miss, "
        "stale, negative, none.",
        ("kind", "status", "cache"),
    ),
    _histogram(
        "sos_request_seconds", "From the parsed request to the last byte handed over.", ("cache",)
    ),
    Spec("sos_connections", "gauge", "Open connections on the public port."),
    Spec(
        "sos_rejected_requests_total",
        "counter",
        "Requests refused before routing: host, target, head (too large), body, method, syntax …; "
        "and connections ended: slow_head, slow_reader, connections (no room for one more).",
        ("reason",),
    ),
    Spec(
        "sos_stale_responses_total",
        "counter",
        "Answers made from content that could not be checked against the store, or from a copy "
        "that was just then made anew.",
    ),
    _histogram("sos_render_seconds", "Page model to finished bytes.", ("kind",)),
    Spec("sos_render_errors_total", "counter", "Renderings that raised.", ("kind",)),
    Spec("sos_self_render_failures_total", "counter", "Failed self-renders of the front page."),
    Spec(
        "sos_render_queue",
        "gauge",
        "Pages that wait to be made. lane: visitor, heavy (sitemaps, previews of releases), spare "
        "(made ahead of the next request).",
        ("lane",),
    ),
    Spec(
        "sos_refused_pages_total",
        "counter",
        "Pages that were not made because they could not be had in time. reason: full (refused at "
        "once), lag (the worker itself is late), late (waited in vain). Visitors get 503, or the "
        "old copy where there is one; of the lane spare they see nothing.",
        ("lane", "reason"),
    ),
    Spec("sos_cache_entries", "gauge", "Pages in the caches of all workers."),
    Spec("sos_cache_bytes", "gauge", "Bytes of responses in the caches of all workers."),
    Spec("sos_cache_evictions_total", "counter", "Entries dropped for lack of room."),
    Spec("sos_cache_invalidations_total", "counter", "Entries dropped because content changed."),
    Spec("sos_cache_refreshes_total", "counter", "Hot pages rendered ahead of the next request."),
    Spec(
        "sos_store_errors_total",
        "counter",
        "Calls to the content store that failed or timed out.",
        ("operation",),
    ),
    _histogram("sos_store_seconds", "Calls to the content store.", ("operation",)),
    Spec("sos_bad_documents_total", "counter", "Stored documents that could not be read."),
    Spec(
        "sos_content_revision",
        "gauge",
        "Content revision that is served; the lowest of the workers.",
        merge="min",
    ),
    Spec(
        "sos_content_lag_seconds",
        "gauge",
        "Time since a worker last knew that it had every change; the highest of the workers.",
        merge="max",
    ),
    Spec("sos_content_stale", "gauge", "1 while any worker serves unchecked copies.", merge="max"),
    Spec(
        "sos_content_store_incomplete",
        "gauge",
        "ALARM when 1: the store answers but lacks its content (flushed, evicted, never filled). "
        "Rebuild it: sos content import URL.",
        merge="max",
    ),
    Spec("sos_content_events_total", "counter", "Change events that were read."),
    Spec("sos_content_resyncs_total", "counter", "Times the event stream had a gap."),
    Spec("sos_release_activations_total", "counter", "Releases that went live in a worker."),
    Spec(
        "sos_node_release_swaps_total", "counter", "Times that the node changed its active release."
    ),
    Spec(
        "sos_release_refusals_total",
        "counter",
        "Releases that this node refused, or sent back after they failed on live pages.",
    ),
    _histogram("sos_release_step_seconds", "Steps of a release: fetch, try, swap.", ("step",)),
    Spec("sos_release_trial_seconds", "gauge", "Duration of the last trial.", merge="max"),
    Spec(
        "sos_consul_errors_total",
        "counter",
        "Failed or unusable reads of the pointer (Consul or file); the active release is kept.",
        statsd_name="sos-template-deploy.consul-error",
    ),
    Spec(
        "sos_health_elb",
        "gauge",
        "1 for the word that /health-elb answers now. ALARM on refused, late, behind, unverified.",
        ("word",),
    ),
    Spec("sos_active_release", "gauge", "Workers in which this release is active.", ("release",)),
    Spec("sos_workers", "gauge", "Worker processes that the node should have."),
    Spec("sos_workers_ready", "gauge", "Workers that are ready and answer their supervisor."),
    Spec(
        "sos_worker_restarts_total",
        "counter",
        "Workers replaced. reason: crashed, hung, never_ready, not_understood.",
        ("reason",),
    ),
    Spec(
        "sos_worker_loop_lag_seconds",
        "gauge",
        "How late a worker's event loop ran its last heartbeat; the highest of the workers.",
        merge="max",
    ),
    Spec("sos_worker_memory_bytes", "gauge", "Resident memory; the largest worker.", merge="max"),
    Spec("sos_embedded_restarts_total", "counter", "Restarts of the embedded content store."),
    Spec("sos_node_draining", "gauge", "1 from SIGTERM until the exit."),
    Spec("sos_node_start_time_seconds", "gauge", "When the node started, Unix time."),
    Spec("sos_build_info", "gauge", "Always 1; the version is the label.", ("version",)),
)

SPECS = {spec.name: spec for spec in TABLE}


class _Family:
    """Values of one metric by label values. Labels come from our own code, never from a request."""

    __slots__ = ("spec", "values")

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.values: dict[tuple[str, ...], list[float]] = {}

    def _first(self, labels: tuple[str, ...]) -> list[float]:
        if len(labels) != len(self.spec.labels):
            raise ValueError(f"{self.spec.name} has labels {self.spec.labels}, got {labels}")
        size = len(self.spec.buckets) + 2 if self.spec.kind == "histogram" else 1
        return self.values.setdefault(labels, [0.0] * size)


class Counter(_Family):
    """A number that only grows."""

    def inc(self, *labels: str, by: float = 1) -> None:
        """Add ``by`` (not negative) to the series with these label values."""
        try:
            self.values[labels][0] += by
        except KeyError:
            self._first(labels)[0] += by


class Gauge(_Family):
    """A number that is what it is now."""

    def set(self, value: float, *labels: str) -> None:
        """Set the series with these label values."""
        try:
            self.values[labels][0] = value
        except KeyError:
            self._first(labels)[0] = value

    def clear(self) -> None:
        """Forget every series, so that labels that no longer apply go away."""
        self.values.clear()


class Histogram(_Family):
    """How often a duration fell into each bucket, and the sum."""

    def observe(self, seconds: float, *labels: str) -> None:
        """Count one duration, seconds, in the series with these label values."""
        try:
            counts = self.values[labels]
        except KeyError:
            counts = self._first(labels)
        counts[bisect_left(self.spec.buckets, seconds)] += 1
        counts[-1] += seconds

    def add_fastest(self, count: int, seconds: float, *labels: str) -> None:
        """Count durations that are below the first bound, ``seconds`` all together."""
        try:
            counts = self.values[labels]
        except KeyError:
            counts = self._first(labels)
        counts[0] += count
        counts[-1] += seconds


class Metrics:
    """The metrics of one process; made once, passed down. One update takes well under 1 µs."""

    requests: Counter
    request_seconds: Histogram
    connections: Gauge
    rejected_requests: Counter
    stale_responses: Counter
    render_seconds: Histogram
    render_errors: Counter
    self_render_failures: Counter
    render_queue: Gauge
    refused_pages: Counter
    cache_entries: Gauge
    cache_bytes: Gauge
    cache_evictions: Counter
    cache_invalidations: Counter
    cache_refreshes: Counter
    store_errors: Counter
    store_seconds: Histogram
    bad_documents: Counter
    content_revision: Gauge
    content_lag_seconds: Gauge
    content_stale: Gauge
    content_store_incomplete: Gauge
    content_events: Counter
    content_resyncs: Counter
    release_activations: Counter
    node_release_swaps: Counter
    release_refusals: Counter
    release_step_seconds: Histogram
    release_trial_seconds: Gauge
    consul_errors: Counter
    health_elb: Gauge
    active_release: Gauge
    workers: Gauge
    workers_ready: Gauge
    worker_restarts: Counter
    worker_loop_lag_seconds: Gauge
    worker_memory_bytes: Gauge
    embedded_restarts: Counter
    node_draining: Gauge
    node_start_time_seconds: Gauge
    build_info: Gauge

    def __init__(self) -> None:
        kinds = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}
        self._families = [kinds[spec.kind](spec) for spec in TABLE]
        for family in self._families:
            setattr(self, family.spec.attribute, family)

    def snapshot(self) -> Snapshot:
        """The values now, of every metric that was ever touched."""
        return {
            f.spec.name: [(labels, list(v)) for labels, v in f.values.items()]
            for f in self._families
            if f.values
        }


def merge_snapshots(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Add up the snapshots of several processes, each metric by its ``merge`` rule.

    Names that the table does not have (of a worker of another version) are left out.
    """
    merged: dict[str, dict[tuple[str, ...], list[float]]] = {}
    for snapshot in snapshots:
        for name, samples in snapshot.items():
            spec = SPECS.get(name)
            if spec is None:
                continue
            series = merged.setdefault(name, {})
            for labels, values in samples:
                known = series.get(labels)
                series[labels] = list(values) if known is None else _combine(spec, known, values)
    return {name: list(series.items()) for name, series in merged.items()}


def keep_totals(snapshot: Snapshot) -> Snapshot:
    """What stays of a process that has ended: its counters and histograms, not its gauges."""
    return {n: s for n, s in snapshot.items() if n in SPECS and SPECS[n].kind != "gauge"}


def _combine(spec: Spec, a: list[float], b: list[float]) -> list[float]:
    if spec.merge == "sum":
        return [x + y for x, y in zip(a, b, strict=True)]
    return [max(a[0], b[0]) if spec.merge == "max" else min(a[0], b[0])]
