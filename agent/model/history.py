"""The history: every decision on a pending action, whoever made it, in the narrow form in which it is looked through.

The ledger's decisions are those of the agent and of people who answered it. How an action ended elsewhere, or that nobody
decided it, is a decision too for whoever looks back, and is kept beside them at the moment at which it was seen: a
record is overwritten once the same thing is proposed again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.decision import Decision, Verb
from agent.model.enactment import PendingSeen, Record, State
from agent.model.pending import ActionKind
from agent.model.truth import Truth

DECLINED = "declined"
"""Defender's word for a person's no. Source: [EAI]."""


class Decider(StrEnum):
    """Who decided."""

    POLICIES = "policies"
    """Policies, also where none matched and so a person has to decide."""
    PEOPLE = "people"
    """People who answered the agent."""
    GUARD = "guard"
    """A guard rail, which held what policies or people had approved."""
    ELSEWHERE = "elsewhere"
    """Defender shows it decided: by a person in its portal, or by its own closing."""
    NOBODY = "nobody"
    """The week ended, or the last chance to answer passed: nobody's yes, and nobody's no."""


class Ending(StrEnum):
    """How an action ended that no decision here ended."""

    ELSEWHERE = "elsewhere"
    EXPIRED = "expired"


class Decided(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One decision on one pending action.

    `number` is that of the ledger's decision, from 1. Where the action ended otherwise `ended` says how, `verb` is None,
    and `number` is that of the last decision before it, 0 where there was none.
    """

    at: datetime
    action_id: str
    number: int
    ended: Ending | None = None
    kind: ActionKind
    incident_id: str
    first_seen: datetime
    deadline: datetime
    verb: Verb | None
    by: Decider
    guard: str | None = None
    policies: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    """Who answered, by their names."""
    answered: datetime | None = None
    """When the last of them did."""
    shadow: Verb | None = None
    """What would have been decided had observing policies counted."""
    shadow_policies: tuple[str, ...] = ()
    status: str | None = None
    """Defender's word for how it stood when it ended."""
    revision: str = ""
    """Of the set of policies that decided; empty in older ledgers, and where no decision was made."""
    shadow_guard: str | None = None
    """The guard rail that would have held what `shadow` approves; None where none would."""
    targets: int | None = None
    """How many targets the approval would act on now, be it one of policies that decide or of those that observe; None
    for other decisions."""
    messages: int | None = None
    """How many messages its evidence is about; None where that is not mail, or not said."""
    is_native: bool = False
    """Whether Defender's own automation settings can soft-delete such an action without a person."""
    is_imported: bool = False
    """Whether it was judged afterwards, from what Graph still had, and not while it was pending."""


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """How one channel took what people were to be told since a moment; what waits is told whenever it is from."""

    channel: str
    sent: int
    given_up: int
    """Failed until patience was over; another channel was told instead."""
    dropped: int
    """Overtaken before they were sent."""
    waiting: int
    failing: int
    """Those that wait and have failed at least once."""
    why: str
    """What went wrong with the newest of those."""
    last_sent: datetime | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the history is looked for; what is None or empty narrows nothing."""

    since: datetime | None = None
    until: datetime | None = None
    """Excluded."""
    kind: ActionKind | None = None
    verb: Verb | None = None
    ended: Ending | None = None
    by: Decider | None = None
    guard: str = ""
    policy: str = ""
    person: str = ""
    """Part of the name or object id of somebody who answered, whatever its case."""
    incident: str = ""
    words: str = ""
    """What is somewhere in its words, whatever its case."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the history one decision stands."""

    at: datetime
    action_id: str
    number: int
    ended: Ending | None = None


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Part of the history, action by action: all that there is of each."""

    decided: Sequence[Decided]
    """By the action's id, and of each action oldest first."""
    truths: Mapping[str, tuple[Truth, ...]]
    """What is known of the actions' proposals; actions of which nothing is are left out."""
    moved: frozenset[str]
    """Those of the actions that go on under another id, now that it is known of what kind they are."""
    passed: int
    """How many decisions lie between its beginning and its end, wanted or not."""
    last: str | None
    """The action after whose id the next part begins; None where there is none."""


def place_of(one: Decided) -> Place:
    """Return where a decision stands."""
    return Place(at=one.at, action_id=one.action_id, number=one.number, ended=one.ended)


def taken(record: Record, decision: Decision, number: int) -> Decided:
    """Return a decision as the history has it."""
    action = record.action
    return Decided(
        at=decision.at,
        action_id=action.id,
        number=number,
        kind=action.kind,
        incident_id=action.incident.id,
        first_seen=action.first_seen,
        deadline=action.deadline,
        verb=decision.verb,
        by=_decider(decision),
        guard=decision.guard,
        policies=decision.policies,
        people=tuple(one.name for one in decision.answered),
        answered=max((one.at for one in decision.answered), default=None),
        shadow=None if decision.shadow is None else decision.shadow.verb,
        shadow_policies=() if decision.shadow is None else decision.shadow.policies,
        revision=decision.revision,
        shadow_guard=decision.shadow_guard,
        targets=decision.targets,
        messages=_messages(decision),
        is_native=is_native(action.kind, decision),
    )


NATIVE_CLUSTERS = frozenset({"file", "url", "similarity"})
"""What a cluster is built on that Defender's own automation settings can soft-delete. Source: [AAR] [RM502528]."""

NATIVE_MOST = 10_000
"""Messages above which they leave a cluster pending. Source: [AAR]."""


def is_native(kind: ActionKind, decision: Decision) -> bool:
    """Whether Defender's own automation settings, all of them on, would soft-delete such an action without a person.

    They are opt-in and none is readable through an API, so that this says what could be, never what is.
    """
    values = decision.facts.values
    count = _messages(decision)
    return (
        kind is ActionKind.SOFT_DELETE_CLUSTER
        and values.get("cluster.by") in NATIVE_CLUSTERS
        and count is not None
        and count <= NATIVE_MOST
    )


def _messages(decision: Decision) -> int | None:
    """Return how many messages the evidence is about, as the facts of the decision say."""
    count = decision.facts.values.get("cluster.emailCount")
    if isinstance(count, int | float):
        return int(count)
    rows = decision.facts.messages
    return None if rows is None else len(rows)


def as_ended(ending: Ending, record: Record, number: int, now: datetime) -> Decided:
    """Return how an action ended as the history has it; `number` is that of its last decision."""
    action = record.action
    return Decided(
        at=now,
        action_id=action.id,
        number=number,
        ended=ending,
        kind=action.kind,
        incident_id=action.incident.id,
        first_seen=action.first_seen,
        deadline=action.deadline,
        verb=None,
        by=Decider.NOBODY if ending is Ending.EXPIRED else Decider.ELSEWHERE,
        status=action.remediation_status,
    )


def ending_of(before: State | None, seen: PendingSeen | None, record: Record) -> Ending | None:
    """Return how a record ended since it was last saved; None where it did not, or where a decision here ended it.

    What Defender closes after we acted is our doing, unless it says that a person declined it. What goes on under another
    id did not end, and what was deleted with another action's messages ended by that.

    Args:
        before: the state it was in; None where it is new.
        seen: what had been seen of the pending action then.
        record: the record as it is saved.
    """
    state = record.state
    if state is State.EXPIRED:
        return None if before is State.EXPIRED else Ending.EXPIRED
    if state is State.SUPERSEDED:
        is_ours = record.plan is not None and record.plan.duplicate_of is not None
        is_over = before is not State.SUPERSEDED and not record.action.is_pending
        return Ending.ELSEWHERE if is_over and not is_ours else None
    was_open = seen is None or seen is PendingSeen.OPEN
    is_declined = record.action.remediation_status == DECLINED
    is_news = was_open and record.confirmation.pending is PendingSeen.CLOSED
    return Ending.ELSEWHERE if is_news and is_declined else None


def _decider(decision: Decision) -> Decider:
    if decision.guard is not None:
        return Decider.GUARD
    if decision.answered:
        return Decider.PEOPLE
    return Decider.POLICIES if decision.lapsed is None else Decider.NOBODY
