"""All series as Prometheus reads them, in its own format or as OpenMetrics, whichever is asked for."""

import threading
from collections.abc import Mapping
from typing import Any

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder


class Exposition:
    """What `/metrics` shows: `reader` feeds it, once it belongs to a provider."""

    def __init__(self, limits: Mapping[type[Any], int]) -> None:
        self._registry = CollectorRegistry()
        self._turn = threading.Lock()
        ProcessCollector(registry=self._registry)
        self.reader = PrometheusMetricReader(
            registry=self._registry,
            scope_info_enabled=False,
            disable_target_info=True,
            cardinality_limits=dict(limits),
        )

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return the text, and its type; one scrape at a time, for the reader keeps what it collects in one place."""
        encode, content_type = choose_encoder(accept)
        with self._turn:
            return encode(self._registry), content_type
