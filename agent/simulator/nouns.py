"""What the tenant's state is made of: incidents to come, pending actions, what was asked, and what was said of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agent.simulator.mail import Click, Copy, Pair, Post
from agent.simulator.shapes import Json

Target = tuple[str, str, str]
"""What was done, in the words of the agent's own `EffectKind`, to what, and where that is."""


class Act(StrEnum):
    """What an investigation can propose; how hunting spells it stands in `investigating`."""

    SOFT_DELETE = "softDelete"
    TURN_OFF_FORWARDING = "turnOffForwarding"
    REMOVE_DELEGATION = "removeDelegation"
    DISABLE_USER = "disableUser"
    REVOKE_SESSIONS = "revokeSessions"
    RESET_PASSWORD = "resetPassword"  # noqa: S105 - a word for an action
    QUARANTINE_FILE = "quarantineFile"
    KILL_PROCESS = "killProcess"
    REMOVE_REGISTRY_KEY = "removeRegistryKey"
    BLOCK_URL = "blockUrl"


_ACTS = {
    "mailClusterEvidence": Act.SOFT_DELETE,
    "analyzedMessageEvidence": Act.SOFT_DELETE,
    "fileEvidence": Act.QUARANTINE_FILE,
    "processEvidence": Act.KILL_PROCESS,
    "registryKeyEvidence": Act.REMOVE_REGISTRY_KEY,
    "urlEvidence": Act.BLOCK_URL,
}
_ACTS_ON_MAILBOXES = {
    "mailForwardingRule": Act.TURN_OFF_FORWARDING,
    "userInboxRule": Act.TURN_OFF_FORWARDING,
    "mailDelegation": Act.REMOVE_DELEGATION,
}


@dataclass(frozen=True, slots=True)
class Bundle:
    """One incident with its alerts and the mail they speak of, ready to appear."""

    incident: Json
    alerts: tuple[Json, ...] = ()
    copies: tuple[Copy, ...] = ()
    clicks: tuple[Click, ...] = ()
    proposes: Act | None = None
    """What is proposed about evidence whose type does not say it."""


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody decided in the portal about a pending action."""

    approves: bool
    by: str
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Stood:
    """How one pending action stood at some moment: its evidence as it was, and who had decided what."""

    act: Act | None
    number: int
    evidence: Json
    word: Word | None
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an investigation, and how each of its actions stood then; `state` is the alert's."""

    at: datetime
    alert_id: str
    state: str
    stood: tuple[Stood, ...]


@dataclass(slots=True)
class Proposal:
    """One pending action as one alert's evidence shows it. `is_open` until somebody or something ends it.

    `proposes` is what the investigation proposes, where the type of the evidence does not say it.
    """

    alert_id: str
    evidence: Json
    is_open: bool = True
    proposes: Act | None = None
    word: Word | None = None
    ended: datetime | None = None

    @property
    def kind(self) -> str:
        """The type of the evidence, by its last name."""
        return str(self.evidence["@odata.type"]).rpartition(".")[2]

    @property
    def act(self) -> Act | None:
        """What is proposed; None where the investigation names nothing."""
        if self.kind == "mailboxConfigurationEvidence":
            return _ACTS_ON_MAILBOXES.get(str(self.evidence["configurationType"]))
        return _ACTS.get(self.kind, self.proposes)

    @property
    def messages(self) -> tuple[str, ...]:
        """The messages it acts on; none where it is not about mail."""
        if "networkMessageIds" in self.evidence:
            return tuple(self.evidence["networkMessageIds"])
        message = self.evidence.get("networkMessageId")
        return (message,) if message else ()

    def copies(self, post: Post) -> Iterator[Copy]:
        """Return the copies it acts on: of a single message only the one mailbox it names."""
        recipient = self.evidence.get("recipientEmailAddress")
        for message in self.messages:
            for copy in post.of_message(message):
                if recipient is None or copy.recipient.lower() == recipient.lower():
                    yield copy


@dataclass(slots=True)
class Remediation:
    """One accepted `remediate`. `done` is when the mail had moved; None while it is active.

    Where it is not `triggered` nothing ever moves, and whoever asked is not told.
    """

    bulk_id: str
    name: str
    action: str
    pairs: tuple[Pair, ...]
    asked: datetime
    senders_copy: bool = False
    triggered: bool = True
    done: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that the app has sent: from whose mailbox, to whom, and all of it as RFC 5322 has it."""

    at: datetime
    sender: str
    to: tuple[str, ...]
    message: bytes


@dataclass(frozen=True, slots=True)
class Search:
    """One search of the audit that was accepted: for what, of when, and what was there to be found then."""

    id: str
    name: str
    asked: datetime
    since: datetime
    until: datetime
    types: tuple[str, ...]


@dataclass(slots=True)
class Request:
    """One request and what its sender saw: status 0 is a connection that broke.

    `id` is what people ask Microsoft's support with. Of an accepted write, `effect` is what it does and `pairs` are what it does that to.
    """

    at: datetime
    method: str
    path: str
    query: str
    kind: str = ""
    id: str = ""
    status: int = 0
    effect: str = ""
    pairs: tuple[Pair, ...] = ()


class Fate(StrEnum):
    """What becomes of a proposal."""

    APPROVED = "approved"
    REJECTED = "rejected"
    LEFT = "left"
    """Nobody got to it before its week was over."""
    CANCELLED = "cancelled"
    """Its mail was purged, and the investigation closed it: nobody decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became, or will become, of one proposal. `at` is None until it has."""

    alert_id: str
    evidence: int
    """Which of the alert's evidence, from 0."""
    fate: Fate
    rule: str = ""
    is_mistake: bool = False
    by: str = ""
    is_silent: bool = False
    due: datetime
    at: datetime | None = None
