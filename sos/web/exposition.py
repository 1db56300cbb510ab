"""A node's merged metrics as Prometheus text.

In: a `Snapshot`. Out: bytes for ``/metrics``. Only the supervisor imports it.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from sos.metrics import SPECS, Sample, Snapshot, Spec

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def build_exposition(snapshot: Snapshot) -> bytes:
    """Every metric of the table in the Prometheus text format 0.0.4, in the table's order.

    A metric that nothing has touched yet still appears with its help and type.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_SnapshotCollector(snapshot))
    return generate_latest(registry)


class _SnapshotCollector(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        for spec in SPECS.values():
            yield _family(spec, self._snapshot.get(spec.name, []))


def _family(spec: Spec, samples: list[Sample]) -> Metric:
    if not samples and not spec.labels:
        # A series without labels starts at 0, so that rate() sees its first increment.
        samples = [((), [0.0] * (len(spec.buckets) + 2))]
    if spec.kind == "histogram":
        histogram = HistogramMetricFamily(spec.name, spec.help, labels=spec.labels)
        for labels, values in samples:
            total, buckets = 0.0, []
            for bound, count in zip([*map(str, spec.buckets), "+Inf"], values[:-1], strict=True):
                total += count
                buckets.append((bound, total))
            histogram.add_metric(labels, buckets, values[-1])
        return histogram
    kind = CounterMetricFamily if spec.kind == "counter" else GaugeMetricFamily
    family = kind(spec.name, spec.help, labels=spec.labels)
    for labels, values in samples:
        family.add_metric(labels, values[0])
    return family
