"""What is measured, on its way out. Telling it never fails, never waits, and changes nothing that the agent does."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from agent.model.enactment import State
from agent.model.telemetry import Counted, Reading, Sums, Timed
from agent.model.trace import Span


class Telemetry(Protocol):
    """Where one tenant's measurements go. None of it raises or waits, and all of it may be told from any thread."""

    @property
    def traces(self) -> bool:
        """Whether anybody wants spans: where not, they need not be made."""
        ...

    def count(self, what: Counted, number: int = 1, **labels: str) -> None:
        """Count something that has happened. A label is no foreign text, and has few values."""
        ...

    def time(self, what: Timed, seconds: float, **labels: str) -> None:
        """Note how long something took."""
        ...

    def stand(self, reading: Reading | None) -> None:
        """Say how the tenant stands, until it is said anew. None says that it is not looked after here any more."""
        ...

    def trace(self, spans: Sequence[Span]) -> None:
        """Tell what was done about actions."""
        ...


class Silent:
    """Tells nobody."""

    traces = False

    def count(self, what: Counted, number: int = 1, **labels: str) -> None:
        """Count nothing."""

    def time(self, what: Timed, seconds: float, **labels: str) -> None:
        """Note nothing."""

    def stand(self, reading: Reading | None) -> None:
        """Say nothing."""

    def trace(self, spans: Sequence[Span]) -> None:
        """Trace nothing."""


SILENT: Telemetry = Silent()
"""Where nobody wants to know."""


class Meters(Protocol):
    """What a ledger can tell of itself at little cost, however large it is. Raises LedgerError."""

    async def sums(self, now: datetime, risk_until: datetime, waiting: Collection[State]) -> Sums:
        """Return what is open, and what of it is in one of the `waiting` states and ends before `risk_until`."""
        ...

    async def ended(self) -> Mapping[State, int]:
        """Return how many actions have come to each end. It takes the longer the more those are."""
        ...


class Telemetries(Protocol):
    """The measurements of one process, of all its tenants."""

    def of(self, tenant: str, now: Callable[[], datetime]) -> Telemetry:
        """Return where those of one tenant go.

        Args:
            tenant: what it is called; the label of all its series.
            now: the time that it goes by.
        """
        ...

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return all series as Prometheus reads them, and the type of that; it may be asked from any thread.

        Args:
            accept: the header by which whoever asks says what it reads.
        """
        ...
