"""What the enactor and the targets of Graph need of Defender for Endpoint, and what stands there where it is not used."""

from collections.abc import Callable, Sequence
from typing import Protocol

from agent.model.enactment import Outcome, Pair, Went
from agent.model.errors import Refused
from agent.model.permission import QUARANTINE_FILES, READ_MACHINES
from agent.model.targets import Device, Quarantine
from agent.model.vitals import Usage
from agent.ports.defender import Departing

OFF = (
    "Defender for Endpoint is switched off here: set `endpoint.enabled: true`, and grant "
    f"{QUARANTINE_FILES} and {READ_MACHINES}"
)
ELSEWHERE = (
    "this cloud's Defender for Endpoint is not spoken to: its address is known in the global cloud only"
)


class Machines(Protocol):
    """Devices, and files on them. Reading raises Unavailable, Refused or Malformed, and nothing else."""

    @property
    def missing(self) -> str:
        """Why files cannot be quarantined here; empty where they can."""
        ...

    @property
    def budgets(self) -> Sequence[Callable[[], Usage]]:
        """What tells how much of its own request budget was used; empty where it is not asked."""
        ...

    @property
    def grants(self) -> frozenset[str]:
        """The permissions in its token; none before the first."""
        ...

    async def log_in(self) -> None:
        """Have a token, so that its permissions are known. Raises Unavailable or Refused."""
        ...

    async def look(self) -> None:
        """Find out by a harmless read what is missing."""
        ...

    async def look_again(self) -> None:
        """Find it out again where that is due."""
        ...

    async def stop_and_quarantine(self, target: Pair, *, comment: str, departing: Departing) -> Outcome:
        """Ask for one file to be stopped and quarantined; the target is (SHA-1, machine's id)."""
        ...

    async def device(self, machine_id: str) -> Device | None:
        """Return the device as it is now; None where there is none of this id."""
        ...

    async def quarantine(self, machine_action_id: str) -> Quarantine | None:
        """Return how a quarantine stands; None where there is none of this id."""
        ...


class NoMachines:
    """Defender for Endpoint, not used. Fulfils Machines."""

    def __init__(self, why: str = OFF) -> None:
        self._why = why

    @property
    def missing(self) -> str:
        """Why it is not used."""
        return self._why

    @property
    def budgets(self) -> Sequence[Callable[[], Usage]]:
        """Have none."""
        return ()

    @property
    def grants(self) -> frozenset[str]:
        """Have none."""
        return frozenset()

    async def log_in(self) -> None:
        """Ask nobody."""

    async def look(self) -> None:
        """Ask nobody."""

    async def look_again(self) -> None:
        """Ask nobody."""

    async def stop_and_quarantine(self, target: Pair, *, comment: str, departing: Departing) -> Outcome:  # noqa: ARG002  the port's
        """Refuse."""
        return Outcome(went=Went.REFUSED, detail=self._why)

    async def device(self, machine_id: str) -> Device | None:  # noqa: ARG002  the port's
        """Refuse."""
        raise Refused(self._why)

    async def quarantine(self, machine_action_id: str) -> Quarantine | None:  # noqa: ARG002  the port's
        """Refuse."""
        raise Refused(self._why)
