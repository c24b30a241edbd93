"""What was seen, decided and done, and the audit that tells of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from agent.model.alarm import Alarm
from agent.model.answer import Answer
from agent.model.audit import Entry, Head, Link
from agent.model.decision import Decision
from agent.model.enactment import (
    Approval,
    Cover,
    Effect,
    EffectKind,
    Outcome,
    Pair,
    Record,
    Spent,
    State,
    Went,
)
from agent.model.fallback import Fallback
from agent.model.hold import Hold, Replica
from agent.model.past import Judged, Matter, PastAnswer, Tally
from agent.model.policy import KeptSet, Members
from agent.model.rails import Approved, Leave
from agent.model.truth import Truth
from agent.ports.told import Told
from agent.ports.worklist import Worklist


class Ledger(Told, Worklist, Protocol):
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
        truths: Sequence[Truth] = (),
        fallbacks: Sequence[Fallback] = (),
        versions: Mapping[str, str] | None = None,
        now: datetime,
    ) -> None:
        """Write all of it in one transaction, or nothing.

        A record of version 0 is new; any other must be of the version it was read with. Saving adds one to
        the version. A decision that differs from the one in the ledger is appended to the action's
        decisions; none is ever changed. Effects are new, and claim their targets; those that would only have been
        claim them among their like, where none of these has them. `dropped` names effects that become `dropped` and let go of their targets; one that
        is not `intended` any more cannot be dropped. `answers` replace earlier ones of their actions, and
        `truths` what was known of their proposals. `fallbacks` are written as by `fall_back`.
        `versions` are incidents that have now been saved.

        Raises:
            Conflict: a record was changed meanwhile, a target is claimed already, or a dropped effect has left.
        """
        ...

    async def of_incident(self, incident_id: str) -> tuple[Record, ...]:
        """Return every record whose parent is this incident, earliest deadline first."""
        ...

    async def effects(self, action_id: str) -> tuple[Effect, ...]:
        """Return the action's effects, in the order of their plan, but for those of `Went.SHADOW`."""
        ...

    async def effects_of(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Effect, ...]]:
        """Return the same of several actions, as of one moment; those that have none are left out."""
        ...

    async def covered(
        self,
        targets: Sequence[Pair],
        kind: EffectKind = EffectKind.SOFT_DELETE,
        *,
        counted: Collection[Went] = (),
    ) -> Mapping[Pair, Cover]:
        """Return which of these targets an effect of this kind has claimed.

        Effects that would only have been, and went so as `counted` says, count where nothing real has the target.
        """
        ...

    async def lease(self, incident_id: str, replica: str, now: datetime, until: datetime) -> int | None:
        """Take or renew the lease on an incident, and return its fencing token; None while another replica has it.

        Only who has it carries anything out in the incident. Each time it is taken or renewed by this the token grows,
        so that whoever had it before, the same replica too, is told apart.
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

    async def allow(self, leave: Leave, entry: Entry) -> None:
        """Renew the lease by which something is written that is no effect, such as a comment, and tell the audit of it.

        Raises:
            Conflict: the lease's token is stale: nothing must be written.
            Held: a hold stands.
        """
        ...

    async def interrupted(self, replica: str, now: datetime) -> tuple[Effect, ...]:
        """Return effects that were sent and never settled, by this replica or by one whose lease has run out."""
        ...

    async def given(self, since: datetime) -> tuple[Effect, ...]:
        """Return effects that were intended at or after `since` and not dropped, oldest first.

        Those that would only have been are among them: whoever counts says which do.
        """
        ...

    async def approved(self, now: datetime, hours: int, *, shadow: bool = False) -> Approved:
        """Return how many actions policies approved for the first time in each of the last hours, held ones too.

        With `shadow`, those too that only observing policies would have approved, held ones apart.
        """
        ...

    async def hold(self, hold: Hold) -> None:
        """Lay a hold; one of its name that stands already stays, with a new reason where it is of the same hand."""
        ...

    async def release(self, name: str, by: str, reason: str, now: datetime) -> bool:
        """End a hold, and return whether there was one."""
        ...

    async def holds(self) -> tuple[Hold, ...]:
        """Return the holds that stand, oldest first."""
        ...

    async def stamp(self) -> object:
        """Return what is another value once anything of this tenant was changed since; None where nobody can say.

        Of what other processes change without telling the audit of it, a server says nothing.
        """
        ...

    async def beat(self, replica: Replica) -> None:
        """Remember what a replica says of itself; one that has said nothing for a month is forgotten."""
        ...

    async def replicas(self) -> tuple[Replica, ...]:
        """Return what every replica last said of itself, by name."""
        ...

    async def audit(self, entries: Sequence[Entry]) -> None:
        """Append entries to this replica's chain, for what changes nothing else in the ledger.

        Everything that is written here and of which the audit tells is told with it, in one transaction.
        """
        ...

    async def answer(
        self,
        answer: Answer,
        record: Record,
        now: datetime,
        dropped: Sequence[str] = (),
        truths: Sequence[Truth] = (),
    ) -> Answer:
        """Write a person's answer and the record as it leaves it, in one transaction; return it with its number.

        `dropped` names effects that become `dropped`, as where they are saved: a no that comes in time. `truths` are what
        people have decided with it.

        Raises:
            Conflict: the record was changed since it was read, or a dropped effect has left: nothing is written, and
                the answer does not count.
        """
        ...

    async def answers(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Answer, ...]]:
        """Return every answer to these actions, oldest first; actions without are left out."""
        ...

    async def settle(self, effect_id: str, outcome: Outcome, now: datetime) -> None:
        """Write how the effect went. `intended` puts it back: it was definitely not applied.

        Raises:
            Conflict: it was settled otherwise for good, or is put back though it was not sent.
        """
        ...

    async def spent(
        self, policy: str, since: datetime, *, apart_from: str = "", observed: bool = False
    ) -> Spent:
        """Return what the policy has approved at or after `since`; with `observed`, what it would have too.

        Actions count once each, and `apart_from` does not; messages count whichever action they are of, but for what
        would have been approved of `apart_from`: it is still to be approved. An approval whose plan was dropped whole does not count any more.
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

    async def fall_back(self, fallbacks: Sequence[Fallback]) -> tuple[Fallback, ...]:
        """Have these policies observe, and return those that did not yet: of each one fallback stands at a time."""
        ...

    async def end_fallback(self, policy: str, by: str, reason: str, now: datetime) -> bool:
        """Let a policy count again, and return whether it had fallen back."""
        ...

    async def fallbacks(self, *, is_standing: bool = True) -> tuple[Fallback, ...]:
        """Return the fallbacks that stand, oldest first; those that ended too, where that is asked."""
        ...

    async def deletions(self, since: datetime, until: datetime) -> tuple[Effect, ...]:
        """Return the deletions of mail that were sent after `since` and not after `until`, oldest first.

        Those that were refused or dropped are left out, those that people had approved, and what takes deletions back.
        """
        ...

    async def looked_back(self) -> datetime | None:
        """Return up to which moment it was looked whether deletions stand; None before the first look."""
        ...

    async def mark_looked_back(self, moment: datetime) -> None:
        """Remember up to which moment it was looked whether deletions stand."""
        ...

    async def keep_set(self, kept: KeptSet) -> None:
        """Keep the files of a set that has come into force; one that is kept already gets the new moment.

        One that was in force already keeps its own: an agent has started again with it.
        """
        ...

    async def kept_set(self, revision: str | None = None) -> KeptSet | None:
        """Return the set of this revision, or the one that came into force last; None where there is none."""
        ...

    async def kept_sets(self, *, before: datetime | None = None, limit: int = 20) -> tuple[KeptSet, ...]:
        """Return sets that came into force, the newest first; those before a moment only, where one is named."""
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
