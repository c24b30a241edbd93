"""A collector of OpenTelemetry's on loopback: takes OTLP over HTTP, decodes it, and may refuse, hang or trickle."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class TestCollector:
    """What it was sent. `status` is what it answers; while `hangs` is set, it answers nothing."""

    __test__ = False

    def __init__(self) -> None:
        self.status = 200
        self.hangs = threading.Event()
        self.let_go = threading.Event()
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.raw: list[bytes] = []
        self.traces: list[ExportTraceServiceRequest] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        self.url = ""
        self._more = threading.Condition()

    def took(self, path: str, headers: dict[str, str], body: bytes) -> None:
        plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        with self._more:
            self.paths.append(path)
            self.headers.append(headers)
            self.raw.append(plain)
            if path == "/v1/traces":
                self.traces.append(ExportTraceServiceRequest.FromString(plain))
            else:
                self.metrics.append(ExportMetricsServiceRequest.FromString(plain))
            self._more.notify_all()

    def wait_for(self, requests: int) -> None:
        """Return once so many requests have come."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.paths) >= requests, timeout=10)

    @property
    def spans(self) -> list[Any]:
        """Every span, in the order in which it came."""
        return [
            span
            for request in self.traces
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def series(self) -> dict[str, Any]:
        """The last of each metric, by its name."""
        return {
            metric.name: metric
            for request in self.metrics
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


def attributes(span: Any) -> dict[str, Any]:
    """Return what a span says."""
    found = {}
    for one in span.attributes:
        kind = one.value.WhichOneof("value")
        found[one.key] = getattr(one.value, kind)
    return found


@contextmanager
def collecting() -> Iterator[TestCollector]:
    """Give a collector that listens on this machine."""
    collector = TestCollector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.took(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            if collector.hangs.is_set():
                collector.let_go.wait(30)
                return
            self.send_response(collector.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield collector
    finally:
        collector.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
