"""Opens metrics and traces for one process: shown to Prometheus, and pushed to a collector where one is set.

The collector is somebody else's, and may be slow, away or gone. Nothing here waits for it: what is told is put into
memory, a thread of its own sends it, a queue that is full loses its oldest, and the end of the process waits for the last
batch no longer than `PATIENCE`.

No provider is made the process's own: Microsoft's SDK would then trace its requests through it, whose addresses name
mailboxes.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics import (
    Counter,
    Histogram,
    MeterProvider,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    UpDownCounter,
)
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor

from agent.adapters.telemetry.exposition import Exposition
from agent.adapters.telemetry.metering import Instruments
from agent.adapters.telemetry.tracing import Spans
from agent.model.telemetry import Counted, Reading, Timed
from agent.model.trace import Span

if TYPE_CHECKING:
    from agent.adapters.telemetry.collector import Collector

PATIENCE = timedelta(seconds=3)
"""How long the end of the process waits for a collector."""

LABEL_SETS = 200_000
"""Sets of labels of one series: enough for a thousand tenants, and an end to what a mistake could make of it."""

LIMITS: dict[type[Any], int] = dict.fromkeys(
    (Counter, Histogram, UpDownCounter, ObservableCounter, ObservableGauge, ObservableUpDownCounter),
    LABEL_SETS,
)


@dataclass(frozen=True, slots=True)
class OfTenant:
    """Fulfils ports.Telemetry."""

    tenant: str
    instruments: Instruments
    spans: Spans | None
    now: Callable[[], datetime]

    @property
    def traces(self) -> bool:
        """Whether anybody wants spans."""
        return self.spans is not None

    def count(self, what: Counted, number: int = 1, **labels: str) -> None:
        """Count something that has happened."""
        self.instruments.count(self.tenant, what, number, labels)

    def time(self, what: Timed, seconds: float, **labels: str) -> None:
        """Note how long something took."""
        self.instruments.time(self.tenant, what, seconds, labels)

    def stand(self, reading: Reading | None) -> None:
        """Say how the tenant stands."""
        self.instruments.readings.put(self.tenant, None if reading is None else (reading, self.now))

    def trace(self, spans: Sequence[Span]) -> None:
        """Tell what was done about actions."""
        if self.spans is not None:
            self.spans.tell(self.tenant, spans)


@dataclass(frozen=True, slots=True)
class OfProcess:
    """Fulfils ports.Telemetries."""

    instruments: Instruments
    spans: Spans | None
    shown: Exposition

    def of(self, tenant: str, now: Callable[[], datetime]) -> OfTenant:
        """Return where the measurements of one tenant go."""
        self.instruments.begin(tenant)
        return OfTenant(tenant, self.instruments, self.spans, now)

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return all series as Prometheus reads them, and the type of that."""
        return self.shown.page(accept)


@contextmanager
def open_telemetry(
    *, version: str, replica: str, collector: "Collector | None" = None, lots: Random | None = None
) -> Iterator[OfProcess]:
    """Give the measurements of a process, and send what is left at their end.

    Args:
        version: the agent's.
        replica: what this process is called.
        collector: where metrics and traces are pushed to; None for nowhere.
        lots: where the ids of spans come from.
    """
    # What its exporters say of a collector that is away, they say with every batch; `air_agent_telemetry_exports_total` counts it.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    resource = Resource.create(
        {"service.name": "air-agent", "service.version": version, "service.instance.id": replica}
    )
    shown = Exposition(LIMITS)
    readers: list[MetricReader] = [shown.reader]
    if collector is not None:
        readers.append(collector.metrics(LIMITS))
    provider = MeterProvider(metric_readers=readers, resource=resource, shutdown_on_exit=False)
    meter = provider.get_meter("air_agent", version)
    processor = None
    if collector is not None:
        collector.count_in(meter)
        processor = collector.spans()
    spans = None
    if collector is not None and processor is not None:
        spans = Spans(processor, resource, collector.share, lots or Random())  # noqa: S311  ids guard nothing
    try:
        yield OfProcess(Instruments(meter), spans, shown)
    finally:
        _end(provider, processor)
        if collector is not None:
            collector.exports.give_up()


def _end(provider: MeterProvider, processor: SpanProcessor | None) -> None:
    """Send what is left, and wait for that no longer than patience lasts."""
    patience = PATIENCE.total_seconds()

    def end_metrics() -> None:
        with suppress(Exception):  # all that it says is that it took too long
            provider.shutdown(timeout_millis=patience * 1000)

    endings = [threading.Thread(target=end_metrics, name="metrics-end", daemon=True)]
    if processor is not None:
        endings.append(threading.Thread(target=processor.shutdown, name="traces-end", daemon=True))
    until = time.monotonic() + patience
    for ending in endings:
        ending.start()
    for ending in endings:
        ending.join(max(0.0, until - time.monotonic()))
