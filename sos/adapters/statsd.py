"""A node's metrics to a Datadog agent, by DogStatsD over UDP.

In: merged snapshots. Out: one packet or a few, every 10 s. An agent that is away costs nothing: the
packets of that interval are lost, and nothing waits for them.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from datadog.dogstatsd.base import DogStatsd

from sos.metrics import SPECS, Snapshot

PUSH_SECONDS = 10.0


class StatsdPush:
    """Sends what has changed since the last time: counts as differences, gauges as they are."""

    def __init__(self, host: str, port: int = 8125) -> None:
        self._host = host
        self._port = port
        self._client: DogStatsd | None = None
        self._sent: dict[tuple[str, tuple[str, ...]], list[float]] = {}

    def push(self, snapshot: Snapshot) -> None:
        """Send one snapshot. Blocks while it resolves the host's name, so call it in a thread.

        A counter or histogram is sent as the count since the last push (``.count`` and ``.sum`` of
        a histogram), a gauge as its value. The library logs what it could not send.
        """
        client = self._client = self._client or self._connect()
        for name, samples in snapshot.items():
            spec = SPECS[name]
            for labels, values in samples:
                tags = [f"{k}:{v}" for k, v in zip(spec.labels, labels, strict=True)]
                if spec.kind == "gauge":
                    client.gauge(spec.statsd, values[0], tags=tags)
                    continue
                before = self._sent.get((name, labels), [0.0] * len(values))
                self._sent[name, labels] = values
                grown = [new - old for new, old in zip(values, before, strict=True)]
                if spec.kind == "counter":
                    _count(client, spec.statsd, grown[0], tags)
                else:
                    _count(client, f"{spec.statsd}.count", sum(grown[:-1]), tags)
                    _count(client, f"{spec.statsd}.sum", grown[-1], tags)
        client.flush()

    async def run(self, fetch_snapshot: Callable[[], Snapshot]) -> None:
        """Push now and every 10 s; when cancelled, once more, then close."""
        with contextlib.closing(self):
            try:
                while True:
                    await asyncio.to_thread(self.push, fetch_snapshot())
                    await asyncio.sleep(PUSH_SECONDS)
            finally:
                if self._client is not None:  # its name is resolved: this does not block
                    self.push(fetch_snapshot())

    def close(self) -> None:
        """Give back the UDP socket."""
        if self._client is not None:
            self._client.close_socket()

    def _connect(self) -> DogStatsd:
        # flush_interval 0: no thread of its own; telemetry about the client itself is left out.
        return DogStatsd(
            host=self._host,
            port=self._port,
            disable_buffering=False,
            flush_interval=0,
            disable_telemetry=True,
        )


def create_statsd_push(environ: Mapping[str, str]) -> StatsdPush | None:
    """The push that ``DD_AGENT_HOST`` (and ``DD_DOGSTATSD_PORT``) ask for, or None.

    Tags of the environment (``DD_ENV``, ``DD_SERVICE``, ``DD_VERSION``, ``DATADOG_TAGS``) are added
    by the library.
    """
    host = environ.get("DD_AGENT_HOST")
    port = environ.get("DD_DOGSTATSD_PORT", "")
    return StatsdPush(host, int(port) if port.isdecimal() else 8125) if host else None


def _count(client: DogStatsd, name: str, grown: float, tags: list[str]) -> None:
    if grown:
        client.increment(name, grown, tags=tags)
