"""Microsoft as the loop needs it: reading Defender and what would be acted on, and writing to both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from agent.model.air import AirRows
from agent.model.audit_search import AuditFound, Searching
from agent.model.decision import Classification
from agent.model.defender import Incident, Mail
from agent.model.enactment import Effect, EffectKind, Outcome
from agent.model.page import Page
from agent.model.targets import Asked, Found, Quarantine
from agent.model.vitals import Expiry, Usage

Departing = Callable[[], Awaitable[None]]
"""Awaited once for each attempt, right before the bytes of a write that would be carried out leave this
machine. If it raises, they do not leave, and nothing can be applied."""


class Defender(Protocol):
    """Reading Defender. Every method raises Unavailable, Refused or Malformed, and nothing else."""

    @property
    def can_hunt(self) -> bool:
        """Whether advanced hunting is granted."""
        ...

    @property
    def resolves(self) -> int:
        """How many messages of one action can be looked up within the request budget."""
        ...

    def incidents_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        """Give every incident last updated at or after `since` and before `until`, with alerts, page by page."""
        ...

    def alerts_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        """Give every alert last updated at or after `since` and before `until`, page by page."""
        ...

    async def incident(self, incident_id: str) -> Incident | None:
        """Return the incident as it is now, with alerts, redirected or not; None where there is none."""
        ...

    async def mail(self, network_message_ids: Sequence[str]) -> Mail:
        """Return every copy of these messages and where it is now; with hunting in one request for thousands."""
        ...

    async def air_actions(self, since: datetime) -> AirRows:
        """Return what AIR wrote down of its actions since then, oldest first; nothing, and why, without hunting."""
        ...


class Directory(Protocol):
    """Who is in a group of Entra. Every method raises Unavailable, Refused or Malformed, and nothing else.

    An answer has every member, those of groups within the group too; where one of them cannot be read whole,
    there is no answer.
    """

    async def people(self, group_id: str) -> tuple[str, ...]:
        """Return the object id and every address of each user in the group, sorted."""
        ...

    async def devices(self, group_id: str) -> tuple[str, ...]:
        """Return the name and the device id of each device in the group, sorted."""
        ...

    async def holders(self, role: str) -> frozenset[str]:
        """Return the object ids of everybody who has this app role of the sign-in, through groups too, lower case.

        Accounts that are disabled are left out.
        """
        ...

    async def enabled(self, object_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these users whose accounts are there and enabled, lower case."""
        ...

    async def size(self) -> int | None:
        """Return how many users the tenant has; None where they may not be counted."""
        ...


class Targets(Protocol):
    """What would be acted on besides mail, as it is now. Every method raises Unavailable, Refused or Malformed."""

    async def find(self, asked: Asked) -> Found | None:
        """Return what stands there now; None where there is no such thing."""
        ...

    async def quarantine(self, machine_action_id: str) -> Quarantine | None:
        """Return how a `StopAndQuarantineFile` stands; None where there is none of this id."""
        ...


class AuditLog(Protocol):
    """Microsoft's search of its audit: asked for, waited for, read. Every method raises Unavailable, Refused or Malformed."""

    def missing(self) -> str:
        """Return why the audit cannot be searched, naming the permission; empty where it can."""
        ...

    async def search(self, name: str, since: datetime, until: datetime) -> str | None:
        """Begin a search for what AIR wrote down in this time, and return its id; None where nobody knows whether it began.

        Raises:
            Unavailable: definitely not begun.
        """
        ...

    async def find(self, name: str) -> str | None:
        """Return the id of a search of this name; None where there is none."""
        ...

    async def how_far(self, query_id: str) -> Searching:
        """Return how far a search has come."""
        ...

    async def found(self, query_id: str) -> AuditFound:
        """Return what a search that succeeded has found."""
        ...


class Login(Protocol):
    """How the agent is known to Microsoft, and how much it asks."""

    def usage(self) -> tuple[Usage, ...]:
        """Return how much of each request budget was used in the last minute. Asks nobody."""
        ...

    async def expiries(self) -> tuple[Expiry, ...]:
        """Return until when each credential can be used; where that may not be read, why.

        Raises:
            Unavailable: it cannot be read now.
        """
        ...


class Enactor(Protocol):
    """Writing to Defender, Entra ID and mailboxes.

    Each write awaits `departing` right before its body leaves. It raises Unavailable where the write
    was definitely not applied and may be repeated later. Everything else is an Outcome: `done`, `refused`
    (a definite no), or `unknown` (it may or may not have been applied). An effect leaves at most once for each call
    made here: whoever calls decides whether it is tried again. A comment, a tag or a classification may be tried
    again here after answers that say that nothing was done.
    """

    def missing(self, kind: EffectKind) -> str:
        """Return why this cannot be done here, naming the permission or licence; empty where it can."""
        ...

    async def enact(self, effect: Effect, *, name: str, departing: Departing) -> Outcome:
        """Ask for the effect on its targets. `name` is what the Action center will show, where it shows one."""
        ...

    async def comment(self, incident_id: str, text: str, *, departing: Departing) -> Outcome:
        """Add one comment to the incident."""
        ...

    async def tag(self, incident_id: str, tags: Sequence[str], *, departing: Departing) -> Outcome:
        """Replace the incident's custom tags, all of them."""
        ...

    async def comment_alert(self, alert_id: str, text: str, *, departing: Departing) -> Outcome:
        """Add one comment to the alert."""
        ...

    async def classify_alert(
        self, alert_id: str, classification: Classification, *, departing: Departing
    ) -> Outcome:
        """Give the alert this classification and determination, both."""
        ...
