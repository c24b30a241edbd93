"""The series as OpenTelemetry's instruments: what is counted and timed goes in, readings are asked when somebody looks."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import product

from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation

from agent.adapters.telemetry.happening import COUNTERS, HISTOGRAMS
from agent.adapters.telemetry.series import TENANT, Series
from agent.adapters.telemetry.standing import GAUGES
from agent.model.telemetry import Counted, Reading, Timed

Standing = tuple[Reading, Callable[[], datetime]]


class Readings:
    """How each tenant stands, as it was last said. It may be said and asked from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing: dict[str, Standing] = {}

    def put(self, tenant: str, standing: Standing | None) -> None:
        """Say how a tenant stands; None that it is not looked after any more."""
        with self._lock:
            if standing is None:
                self._standing.pop(tenant, None)
            else:
                self._standing[tenant] = standing

    def all(self) -> Iterator[tuple[str, Reading, datetime]]:
        """Give every tenant's reading, and the moment by its own clock."""
        with self._lock:
            standing = list(self._standing.items())
        for tenant, (reading, now) in standing:
            yield tenant, reading, now()


class Instruments:
    """Every series of the table, in one meter."""

    def __init__(self, meter: Meter) -> None:
        self.readings = Readings()
        self._counters: dict[Counted, tuple[Series, Counter]] = {}
        self._histograms: dict[Timed, tuple[Series, Histogram]] = {}
        for one in GAUGES:
            callback = self._observing(one)
            meter.create_observable_gauge(
                one.name, callbacks=[callback], unit=one.unit.value, description=one.words
            )
        for one in COUNTERS:
            assert isinstance(one.of, Counted)  # noqa: S101  the table says so
            made = meter.create_counter(one.name, unit=one.unit.value, description=one.words)
            self._counters[one.of] = (one, made)
        for one in HISTOGRAMS:
            assert isinstance(one.of, Timed)  # noqa: S101  the table says so
            histogram = meter.create_histogram(
                one.name,
                unit=one.unit.value,
                description=one.words,
                explicit_bucket_boundaries_advisory=one.bounds,
            )
            self._histograms[one.of] = (one, histogram)

    def begin(self, tenant: str) -> None:
        """Have the counters of a tenant whose labels are known begin at nought."""
        for one, counter in self._counters.values():
            if one.known:
                for values in product(*one.known.values()):
                    labels = dict(zip(one.known, values, strict=True))
                    counter.add(0, _attributes(one, tenant, labels))

    def count(self, tenant: str, what: Counted, number: int, labels: Mapping[str, str]) -> None:
        """Count."""
        one, counter = self._counters[what]
        counter.add(number, _attributes(one, tenant, labels))

    def time(self, tenant: str, what: Timed, seconds: float, labels: Mapping[str, str]) -> None:
        """Note a length."""
        one, histogram = self._histograms[what]
        histogram.record(max(0.0, seconds), _attributes(one, tenant, labels))

    def _observing(self, one: Series) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_: CallbackOptions) -> Iterator[Observation]:
            assert one.read is not None  # noqa: S101  it is a gauge
            for tenant, reading, now in self.readings.all():
                for labels, value in one.read(reading, now):
                    yield Observation(value, {TENANT: tenant, **labels})

        return observe


def _attributes(one: Series, tenant: str, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of the table and no others: what is said beyond them must not make another series.

    A word of an enumeration and its own text would be two series of one name to OpenTelemetry, and Prometheus takes
    nothing at all where one comes twice.
    """
    return {TENANT: tenant, **{label: str(labels.get(label, "")) for label in one.labels}}
