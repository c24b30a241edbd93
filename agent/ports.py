"""What the loop needs of the world, as promises. The contract tests hold every implementation to them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agent.model.air import AirAction, AirRows
from agent.model.alarm import Alarm
from agent.model.audit import Entry, Head, Link
from agent.model.decision import Decision
from agent.model.defender import Incident, Mail
from agent.model.enactment import Approval, Cover, Effect, EffectKind, Outcome, Pair, Record, Spent, State
from agent.model.hold import Hold, Replica
from agent.model.pace import Pace
from agent.model.page import Page
from agent.model.past import Judged, Matter, PastAnswer, Tally
from agent.model.policy import Classification, KeptSet, Members
from agent.model.rails import Approved, Leave, Rails
from agent.model.targets import Asked, Found, Quarantine

Departing = Callable[[], Awaitable[None]]
"""Awaited once for each attempt, right before the bytes of a write that would be carried out leave this
machine. If it raises, they do not leave, and nothing can be applied."""


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return when `moment` has come; at once where it is past."""
        ...


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

    def incidents_since(self, since: datetime) -> AsyncIterator[Page]:
        """Give every incident last updated at or after `since`, with alerts, page by page."""
        ...

    def alerts_since(self, since: datetime) -> AsyncIterator[Page]:
        """Give every alert last updated at or after `since`, page by page."""
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


class Enactor(Protocol):
    """Writing to Defender, Entra ID and mailboxes.

    Each write awaits `departing` right before its body leaves. It raises Unavailable where the write
    was definitely not applied and may be repeated later. Everything else is an Outcome: `done`, `refused`
    (a definite no), or `unknown` (it may or may not have been applied). A write is one attempt, but for a
    token that is refreshed once: whoever calls decides whether it is tried again.
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


class Ledger(Protocol):
    """What was seen, decided and done, for one tenant. Every write is durable when its call returns.

    Raises LedgerError where it cannot be used.
    """

    async def cursor(self) -> datetime | None:
        """Return the watermark: everything up to it has been saved. None before the first."""
        ...

    async def move_cursor(self, watermark: datetime) -> None:
        """Set the watermark."""
        ...

    async def swept(self) -> datetime | None:
        """Return when the last whole sweep began; None before the first."""
        ...

    async def mark_swept(self, moment: datetime) -> None:
        """Remember that a whole sweep began at `moment`."""
        ...

    async def alive(self) -> datetime | None:
        """Return when an agent last left anything here: a sign of life, a decision, or an incident that it had read."""
        ...

    async def mark_alive(self, moment: datetime) -> None:
        """Leave a sign of life."""
        ...

    async def versions(self, incident_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the versions in which these incidents were last saved; unknown ones are left out."""
        ...

    async def load(self, action_ids: Sequence[str]) -> Mapping[str, Record]:
        """Return the newest records of these actions; unknown ones are left out."""
        ...

    async def save(
        self,
        records: Sequence[Record],
        *,
        effects: Sequence[Effect] = (),
        dropped: Sequence[str] = (),
        approvals: Sequence[Approval] = (),
        answers: Sequence[PastAnswer] = (),
        versions: Mapping[str, str] | None = None,
        now: datetime,
    ) -> None:
        """Write all of it in one transaction, or nothing.

        A record of version 0 is new; any other must be of the version it was read with. Saving adds one to
        the version. A decision that differs from the one in the ledger is appended to the action's
        decisions; none is ever changed. Effects are new, and claim their targets unless they are only
        observed. `dropped` names effects that become `dropped` and let go of their targets; one that
        is not `intended` any more cannot be dropped. `answers` replace earlier ones of their actions.
        `versions` are incidents that have now been saved.

        Raises:
            Conflict: a record was changed meanwhile, a target is claimed already, or a dropped effect has left.
        """
        ...

    async def due(self, now: datetime, states: Sequence[State], limit: int) -> tuple[Record, ...]:
        """Return records in these states whose `due` has come, earliest deadline first."""
        ...

    async def next_due(self) -> datetime | None:
        """Return the earliest `due` of all; None where nothing is."""
        ...

    async def to_visit(self, limit: int) -> tuple[str, ...]:
        """Return incidents with intended effects or decisions not yet noted, earliest deadline first."""
        ...

    async def of_incident(self, incident_id: str) -> tuple[Record, ...]:
        """Return every record whose parent is this incident, earliest deadline first."""
        ...

    async def effects(self, action_id: str) -> tuple[Effect, ...]:
        """Return the action's effects, in the order of their plan."""
        ...

    async def covered(
        self, targets: Sequence[Pair], kind: EffectKind = EffectKind.SOFT_DELETE
    ) -> Mapping[Pair, Cover]:
        """Return which of these targets an effect of this kind has claimed."""
        ...

    async def lease(self, incident_id: str, replica: str, now: datetime, until: datetime) -> int | None:
        """Take or renew the lease on an incident, and return its fencing token; None while another replica has it.

        Only who has it carries anything out in the incident. Each time it changes hands the token grows, so that one
        who lost it without noticing is told apart.
        """
        ...

    async def let_go(self, incident_id: str, token: int) -> None:
        """End a lease; nothing where the token is not its newest."""
        ...

    async def depart(self, effect_id: str, now: datetime, leave: Leave) -> None:
        """Turn an intended effect into a sent one, and count the attempt, if `leave` allows it.

        Raises:
            Conflict: the effect is not intended, or the lease's token is stale: it must not be sent.
            Held: a hold stands, or a cap would be passed.
            Unavailable: as many remediations are active as Microsoft lets run at once.
        """
        ...

    async def interrupted(self, replica: str, now: datetime) -> tuple[Effect, ...]:
        """Return effects that were sent and never settled, by this replica or by one whose lease has run out."""
        ...

    async def given(self, since: datetime) -> tuple[Effect, ...]:
        """Return effects that were intended at or after `since` and not dropped, oldest first."""
        ...

    async def approved(self, now: datetime, hours: int) -> Approved:
        """Return how many actions policies approved for the first time in each of the last hours, held ones too."""
        ...

    async def hold(self, hold: Hold) -> None:
        """Lay a hold; one of its name that stands already stays as it is."""
        ...

    async def release(self, name: str, by: str, reason: str, now: datetime) -> bool:
        """End a hold, and return whether there was one."""
        ...

    async def holds(self) -> tuple[Hold, ...]:
        """Return the holds that stand, oldest first."""
        ...

    async def beat(self, replica: Replica) -> None:
        """Remember what a replica says of itself."""
        ...

    async def replicas(self) -> tuple[Replica, ...]:
        """Return what every replica last said of itself, by name."""
        ...

    async def audit(self, entries: Sequence[Entry]) -> None:
        """Append entries to this replica's chain, for what changes nothing else in the ledger.

        Everything that is written here and of which the audit tells is told with it, in one transaction.
        """
        ...

    async def settle(self, effect_id: str, outcome: Outcome, now: datetime) -> None:
        """Write how the effect went. `intended` puts it back: it was definitely not applied."""
        ...

    async def spent(self, policy: str, since: datetime, *, apart_from: str = "") -> Spent:
        """Return what the policy has approved at or after `since`.

        Actions count once each, and `apart_from` does not; messages count whichever action they are of. An
        approval whose plan was dropped whole does not count any more.
        """
        ...

    async def listed(
        self, *, states: Sequence[State] = (), limit: int = 1000, offset: int = 0
    ) -> tuple[Record, ...]:
        """Return records, earliest deadline first; all states where none is given."""
        ...

    async def counts(self) -> Mapping[State, int]:
        """Return how many records are in each state; states with none are left out."""
        ...

    async def decisions(
        self, *, action_id: str | None = None, since: datetime | None = None, limit: int = 1000
    ) -> tuple[Decision, ...]:
        """Return decisions, newest first."""
        ...

    async def judged(
        self, *, since: datetime | None = None, after: Judged | None = None, limit: int = 1000
    ) -> tuple[Judged, ...]:
        """Return decisions without their words, oldest first, those that follow `after` only."""
        ...

    async def approvals(self, since: datetime) -> tuple[Approval, ...]:
        """Return the automatic approvals at or after `since` that still count, oldest first."""
        ...

    async def answered(self, matters: Sequence[Matter], since: datetime) -> Mapping[Matter, Tally]:
        """Return how actions ended elsewhere at or after `since`, for each of these matters; none is left out."""
        ...

    async def takers(self, network_message_ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Return which actions' effects have claimed copies of these messages; messages of which none did are left out.

        Ids are in lower case, as targets are.
        """
        ...

    async def save_air_actions(self, actions: Sequence[AirAction]) -> None:
        """Remember how these actions of investigations stand, in place of what is remembered of them."""
        ...

    async def air_actions(self, places: Sequence[str]) -> tuple[AirAction, ...]:
        """Return what is remembered of actions in these places (`AirAction.places`), in a fixed order."""
        ...

    async def air_read_until(self) -> datetime | None:
        """Return when the newest of all these actions was written down; None where there are none."""
        ...

    async def keep_set(self, kept: KeptSet) -> None:
        """Keep the files of a set that has come into force; a set that is kept already gets the new moment."""
        ...

    async def kept_set(self, revision: str | None = None) -> KeptSet | None:
        """Return the set of this revision, or the one that came into force last; None where there is none."""
        ...

    async def save_members(self, members: Members) -> None:
        """Remember who is in a group."""
        ...

    async def members(self) -> Mapping[str, Members]:
        """Return what is remembered of every group, by its id."""
        ...

    async def raise_alarm(self, alarm: Alarm) -> None:
        """Raise an alarm; one of its name that stands already keeps its moment and gets the new words."""
        ...

    async def clear_alarm(self, name: str, now: datetime) -> None:
        """End an alarm; nothing where there is none of this name."""
        ...

    async def alarms(self) -> tuple[Alarm, ...]:
        """Return the alarms that stand, oldest first."""
        ...


class Trail(Protocol):
    """The audit of one ledger: chains on their way out, and personal values on theirs.

    Raises LedgerError where the ledger cannot be used.
    """

    async def head(self, replica: str) -> Head:
        """Return where a replica's chain ends; number 0 where it has not begun."""
        ...

    async def unshipped(self, replica: str, limit: int) -> tuple[Link, ...]:
        """Return a replica's entries that were not shipped yet, in their order."""
        ...

    async def waiting(self) -> Mapping[str, datetime]:
        """Return the moment of the first entry that was not shipped yet, by replica; those without are left out."""
        ...

    async def mark_shipped(self, replica: str, number: int, now: datetime) -> None:
        """Remember that everything up to this number was shipped."""
        ...

    async def expire(self, before: datetime, now: datetime) -> int:
        """Erase the personal values of every entry from before this moment, and return how many that were."""
        ...

    async def containing(self, text: str) -> Mapping[str, int]:
        """Return how many personal values contain this text, whatever its case, by the values' names."""
        ...

    async def erase(self, text: str, by: str, now: datetime) -> int:
        """Erase the personal values that contain this text, leave an entry that does not name it, and return how many."""
        ...


class AuditSink(Protocol):
    """Where the audit goes outside the ledger. Both raise Unavailable where it cannot be reached."""

    async def ship(self, links: Sequence[Link]) -> None:
        """Add these entries to what was shipped, durable when it returns. An entry may come twice, by its number."""
        ...

    async def anchor(self, head: Head, now: datetime) -> None:
        """Keep this head in the second place, sealed. Nothing where there is none."""
        ...


class PolicyShelf(Protocol):
    """Where policies lie."""

    def files(self) -> Mapping[str, bytes]:
        """Return the bytes of every policy and list file by its path, as it is to be named to people.

        Raises:
            PolicyError: the folder or one of its files cannot be read.
        """
        ...

    def git(self, files: Mapping[str, bytes]) -> str:
        """Return the commit that these files are of, with `+` where they differ from it; empty for none."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside, passed whole only in the loop."""

    tenant_id: str
    clock: Clock
    defender: Defender
    enactor: Enactor | None
    """None while observing: nothing can be written then."""
    ledger: Ledger
    shelf: PolicyShelf
    directory: Directory
    targets: Targets
    pace: Pace
    rails: Rails
    """What no policy may pass."""
    trail: Trail | None = None
    """None where nothing is shipped, as in a ledger that is thrown away afterwards."""
    sink: AuditSink | None = None
    own: frozenset[str] = frozenset()
    """The ids under which Entra ID knows this agent, lower case."""
    enforces_observers: bool = False
    """Whether policies in `mode: observe` count as enforcing: for trying out against the simulator only."""
    version: str = ""
    replica: str = "agent"
    """What this process is called in the ledger, the same after a restart."""
