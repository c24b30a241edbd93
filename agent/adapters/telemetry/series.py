"""A series: what the documentation says of it, and where its numbers come from.

The names are OpenTelemetry's, with dots; Prometheus has them with underscores, their unit and, of counters, `_total`
behind. Every series has the label `tenant`, but for those of the process itself. No label is an action's id, a person
or foreign text: policies, chains and channels are what the owner of the set has named.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.telemetry import Counted, Reading, Timed

TENANT = "tenant"
"""The label that all have."""

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SLOW = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Upper bounds of what histograms count, in seconds."""


class Kind(StrEnum):
    """How a series' numbers are to be read."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Unit(StrEnum):
    """What is counted or measured, as UCUM writes it; what stands in braces is no part of a name."""

    SECONDS = "s"
    NONE = ""
    ACTIONS = "{action}"
    CALLS = "{call}"
    DECISIONS = "{decision}"
    NOTICES = "{notice}"
    PAGES = "{page}"
    PASSES = "{pass}"
    POLICIES = "{policy}"
    REQUESTS = "{request}"
    EXPORTS = "{export}"


Read = Callable[[Reading, datetime], Iterator[tuple[Mapping[str, str], float]]]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One series: what it is called, what it says, and what its labels tell apart.

    A gauge has `read`. A counter or histogram has `of`, which the loop names; it is there from the start with the
    values `known` of its labels, so that its first event counts as an increase.
    """

    name: str
    kind: Kind
    unit: Unit
    words: str
    labels: tuple[str, ...] = ()
    of: Counted | Timed | None = None
    read: Read | None = None
    bounds: tuple[float, ...] = ()
    known: Mapping[str, tuple[str, ...]] = {}
    is_of_process: bool = False

    @property
    def prometheus(self) -> str:
        """The name that Prometheus has it under."""
        name = self.name.replace(".", "_")
        named = f"{name}_seconds" if self.unit is Unit.SECONDS else name
        return f"{named}_total" if self.kind is Kind.COUNTER else named


def gauge(name: str, unit: Unit, words: str, read: Read, *labels: str) -> Series:
    """Return a series that is read now and then."""
    return Series(name=name, kind=Kind.GAUGE, unit=unit, words=words, labels=labels, read=read)


def counter(
    of: Counted, name: str, unit: Unit, words: str, *labels: str, known: Mapping[str, tuple[str, ...]] = {}
) -> Series:
    """Return a series that is counted as it happens."""
    return Series(name=name, kind=Kind.COUNTER, unit=unit, words=words, labels=labels, of=of, known=known)


def histogram(of: Timed, name: str, bounds: tuple[float, ...], words: str, *labels: str) -> Series:
    """Return a series that is timed as it happens."""
    return Series(
        name=name,
        kind=Kind.HISTOGRAM,
        unit=Unit.SECONDS,
        words=words,
        labels=labels,
        of=of,
        bounds=bounds,
    )
