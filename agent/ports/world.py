"""Everything outside."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from agent.model.chain import Escalating
from agent.model.channel import Channel, Outside
from agent.model.pace import Pace
from agent.model.rails import Rails
from agent.model.restored import Restored
from agent.ports.archive import Archive
from agent.ports.defender import AuditLog, Defender, Directory, Enactor, Login, Targets
from agent.ports.escalation import Channels, Pages
from agent.ports.host import AuditSink, Clock, PolicyShelf, Switch
from agent.ports.ledger import Ledger, Trail
from agent.ports.reporting import Reports
from agent.ports.telemetry import SILENT, Meters, Telemetry

Fence = Callable[[], None]
"""Asked right before something leaves. Raises Lost where the tenant is not ours for long enough any more."""


def open_fence() -> None:
    """Let everything leave: nobody else can have the tenant."""


def nothing_outside(_channel: Channel) -> tuple[Outside, ...]:
    """Let channels name anything: nobody is told anything through them."""
    return ()


ESCALATING = Escalating()
"""Where nobody said otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a person's answer is judged by and written to. It needs no login to Graph."""

    tenant_id: str
    clock: Clock
    ledger: Ledger
    shelf: PolicyShelf
    rails: Rails
    """What no policy may pass."""
    escalating: Escalating = ESCALATING
    enforces_observers: bool = False
    """Whether policies in `mode: observe` count as enforcing: for trying out against the simulator only."""
    outside: Callable[[Channel], tuple[Outside, ...]] = nothing_outside
    """Says what a channel names and may not; nothing where nobody is told anything through channels."""
    replica: str = "agent"
    """What this process is called in the ledger, the same after a restart."""
    tenant_name: str = ""
    """What the tenant is called here, in logs and metrics; empty where it has no name but its id."""
    restored: Restored | None = None
    """What the ledger does not remember, for it was restored from a backup; None where it never was."""

    @property
    def called(self) -> str:
        """The tenant's name, or its id where it has none."""
        return self.tenant_name or self.tenant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class World(Desk):
    """Everything outside, passed whole only in the loop."""

    defender: Defender
    enactor: Enactor | None
    """None while observing: nothing can be written then."""
    directory: Directory
    targets: Targets
    pace: Pace
    audit_log: AuditLog | None = None
    """None where the audit is not searched, as in a world that only reads a recording."""
    login: Login | None = None
    """None where nobody asks how it fares, as in a world that only reads a recording."""
    trail: Trail | None = None
    """None where nothing is shipped, as in a ledger that is thrown away afterwards."""
    sink: AuditSink | None = None
    pages: Pages | None = None
    """None where nobody is told anything, as in a ledger that is thrown away afterwards."""
    channels: Channels | None = None
    """None while observing, unless it is asked for: nobody is told anything then."""
    reports: Reports | None = None
    """None where no report is sent by itself."""
    own: frozenset[str] = frozenset()
    """The ids under which Entra ID knows this agent, lower case."""
    version: str = ""
    switch: Switch | None = None
    """None where the kill switch is the ledger's flag alone."""
    telemetry: Telemetry = SILENT
    meters: Meters | None = None
    """None where nobody asks how it stands, as in a ledger that is thrown away afterwards."""
    archive: Archive | None = None
    """What the agreement is worked out from; None where nobody asks for it."""
    at_risk: timedelta = timedelta(hours=24)
    """How long before the end of its week an action counts as at risk of expiry."""
    fence: Fence = open_fence
    """Whether the tenant is still this replica's, where replicas share tenants."""
