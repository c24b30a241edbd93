"""Everything outside."""

from dataclasses import dataclass

from agent.model.chain import Escalating
from agent.model.pace import Pace
from agent.model.rails import Rails
from agent.ports.defender import AuditLog, Defender, Directory, Enactor, Login, Targets
from agent.ports.escalation import Channels, Pages
from agent.ports.host import AuditSink, Clock, PolicyShelf, Switch
from agent.ports.ledger import Ledger, Trail
from agent.ports.reporting import Reports

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
    replica: str = "agent"
    """What this process is called in the ledger, the same after a restart."""
    switch: Switch | None = None
    """None where the kill switch is the ledger's flag alone."""
