"""A collector of OpenTelemetry's, spoken to over HTTP with protobuf; there only with the extra `otlp`.

What it does not take within `TIMEOUT` is lost and counted. That it begins to fail, and that it takes things again, is said
once each: `complain` is told why, and with an empty text that it is over.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Counter, Meter
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from agent.adapters.telemetry.happening import EXPORTS

TIMEOUT = 10.0
"""Seconds for one batch, its repeats among them."""

QUEUE = 20_000
"""Spans that wait; of more the oldest are lost. Some thirty megabytes at most."""

BATCH = 1_000
"""Spans sent together."""

GATHERED = timedelta(seconds=2)
"""How long a span waits for others."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(slots=True)
class Exports:
    """How batches of every signal fared, and what sends them."""

    complain: Callable[[str], None]
    exporters: "list[Metrics | Traces]" = field(default_factory=list)
    counter: Counter | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    failing: set[str] = field(default_factory=set)

    def over(self, signal: str, *, is_taken: bool) -> None:
        """Count a batch, and say what began or ended with it."""
        if self.counter is not None:
            self.counter.add(1, {"signal": signal, "outcome": "taken" if is_taken else "lost"})
        with self.lock:
            before = bool(self.failing)
            self.failing = self.failing - {signal} if is_taken else self.failing | {signal}
            after = bool(self.failing)
        if after is not before:
            self.complain(f"the collector does not take {signal}" if after else "")

    def give_up(self) -> None:
        """Let nothing be sent once more."""
        for exporter in self.exporters:
            exporter.shutdown()


class Metrics(MetricExporter):
    """Sends metrics, and has each batch counted."""

    def __init__(self, inner: OTLPMetricExporter, exports: Exports) -> None:
        super().__init__(
            preferred_temporality=inner._preferred_temporality,  # noqa: SLF001  as its base class has it
            preferred_aggregation=inner._preferred_aggregation,  # noqa: SLF001
        )
        self._inner = inner
        self._exports = exports
        exports.exporters.append(self)

    def export(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = TIMEOUT * 1000,
        **kwargs: Any,
    ) -> MetricExportResult:
        """Send one batch."""
        result = self._inner.export(metrics_data, timeout_millis, **kwargs)
        self._exports.over("metrics", is_taken=result is MetricExportResult.SUCCESS)
        return result

    def force_flush(self, timeout_millis: float = TIMEOUT * 1000) -> bool:
        """Hold nothing back."""
        return self._inner.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = TIMEOUT * 1000, **kwargs: Any) -> None:
        """End."""
        self._inner.shutdown(timeout_millis, **kwargs)


class Traces(SpanExporter):
    """Sends spans, and has each batch counted."""

    def __init__(self, inner: OTLPSpanExporter, exports: Exports) -> None:
        self._inner = inner
        self._exports = exports
        exports.exporters.append(self)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send one batch."""
        result = self._inner.export(spans)
        self._exports.over("traces", is_taken=result is SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        """End."""
        self._inner.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = int(TIMEOUT * 1000)) -> bool:
        """Hold nothing back."""
        return self._inner.force_flush(timeout_millis)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Where metrics are pushed to, and traces if they are wanted."""

    endpoint: str
    """Without a slash at its end."""
    headers: Mapping[str, str]
    every: timedelta
    """How often metrics are sent."""
    traces: bool
    share: float
    """Of the actions that are traced, up to 1."""
    exports: Exports

    def count_in(self, meter: Meter) -> None:
        """Have batches counted."""
        made = meter.create_counter(EXPORTS.name, unit=EXPORTS.unit.value, description=EXPORTS.words)
        for signal in EXPORTS.known["signal"] if self.traces else ("metrics",):
            for outcome in EXPORTS.known["outcome"]:
                made.add(0, {"signal": signal, "outcome": outcome})
        self.exports.counter = made

    def metrics(self, limits: dict[type[Any], int]) -> MetricReader:
        """Return what sends metrics, on a thread of its own."""
        exporter = OTLPMetricExporter(
            endpoint=f"{self.endpoint}/v1/metrics",
            headers=dict(self.headers),
            timeout=TIMEOUT,
            compression=Compression.Gzip,
            session=_session(self.endpoint),
        )
        return PeriodicExportingMetricReader(
            Metrics(exporter, self.exports),
            export_interval_millis=self.every.total_seconds() * 1000,
            export_timeout_millis=TIMEOUT * 1000,
            cardinality_limits=limits,
        )

    def spans(self) -> SpanProcessor | None:
        """Return what sends spans, on a thread of its own; None where none are wanted."""
        if not self.traces:
            return None
        exporter = OTLPSpanExporter(
            endpoint=f"{self.endpoint}/v1/traces",
            headers=dict(self.headers),
            timeout=TIMEOUT,
            compression=Compression.Gzip,
            session=_session(self.endpoint),
        )
        return BatchSpanProcessor(
            Traces(exporter, self.exports),
            max_queue_size=QUEUE,
            schedule_delay_millis=GATHERED.total_seconds() * 1000,
            max_export_batch_size=BATCH,
        )


def _session(endpoint: str) -> requests.Session:
    """Return connections that go through the environment's proxy, but take no login from it; never to this machine."""
    session = requests.Session()
    session.trust_env = False
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    proxy = None if host in LOOPBACK or proxy_bypass(host) else getproxies().get(parts.scheme)
    if proxy is not None:
        session.proxies = {parts.scheme: proxy}
    return session


class Unheard(Exception):
    """No answer came from a collector; says why in words."""


def try_out(endpoint: str, headers: Mapping[str, str], patience: float) -> int:
    """Send a batch with nothing in it, over the very connections that others go over, and return the status it is answered with.

    Source: OTLP 1.x, "OTLP/HTTP": a request with no data is taken as any other.

    Raises:
        Unheard: nobody answers.
    """
    sent = {**headers, "content-type": "application/x-protobuf"}
    with _session(endpoint) as session:
        try:
            answer = session.post(
                f"{endpoint}/v1/metrics",
                data=b"",
                headers=sent,
                timeout=patience,
                allow_redirects=False,
                stream=True,
            )
        except requests.exceptions.SSLError:
            raise Unheard("its certificate is not trusted here, or it speaks no TLS") from None
        except requests.exceptions.ProxyError:
            raise Unheard("the proxy on the way refuses") from None
        except requests.exceptions.Timeout:
            raise Unheard("no answer in time") from None
        except requests.exceptions.ConnectionError:
            raise Unheard("no connection: nobody listens there, or its name cannot be looked up") from None
        except requests.exceptions.RequestException:
            raise Unheard("the connection broke before an answer came") from None
        return answer.status_code
