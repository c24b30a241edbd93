"""(A pending action and its mail as they are now, when it was first seen) -> both as they were then, as far as is known.

Whoever judges afterwards must not know what came later. What people concluded since, where mail lies since they approved,
and who has clicked since would make any policy look wise, or blind. So each of these is put back to what it was then where
that is known, and is unknown where it is not; nothing is guessed. This module is the only place that says which they are.

As it was then is what never changes: what the evidence names, its verdict, who sent a message and what was found in it, and
which alerts were there. UNCONFIRMED: that Defender leaves a verdict, an alert's severity and what was found in a message as
they were when it proposed the action. Were they changed by what people decide, everything would depend on it: no
published sample shows that. Where mail lay is known by when it was first and last moved after its delivery.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

import msgspec

from agent.judge.copies import PLACES
from agent.model.decision import Decision, Match
from agent.model.defender import MAILBOX_LOCATIONS, PENDING_APPROVAL, Mail, MailMessage
from agent.model.facts import Facts, Value
from agent.model.pending import PendingAction, Sighting

OF_ALERT = (
    "status",
    "classification",
    "determination",
    "assigned_to",
    "investigation_state",
)
"""What of an alert people and Defender change while they work on it."""

OF_INCIDENT = (
    "display_name",
    "status",
    "severity",
    "classification",
    "determination",
    "assigned_to",
    "custom_tags",
    "system_tags",
    "report_count",
)
"""What of an incident they change, or what changes as alerts are added to it."""

OF_THE_MOMENT = frozenset(
    {
        "alert.status",
        "alert.classification",
        "alert.determination",
        "alert.assignedTo",
        "investigation.state",
        "incident.displayName",
        "incident.status",
        "incident.severity",
        "incident.classification",
        "incident.determination",
        "incident.assignedTo",
        "incident.tags",
        "incident.systemTags",
        "incident.alertCount",
        "reports.count",
        "device.riskScore",
        "device.healthStatus",
        "clicks.accounts",
        "clicks.count",
        "clicks.allowed",
        "clicks.users",
        "history.sender.declined",
        "history.sender.remediated",
        "history.domain.declined",
        "history.domain.remediated",
        "history.clusterBy.declined",
        "history.clusterBy.remediated",
    }
)
"""Facts that are of the moment at which they are read, so that they are unknown afterwards."""

OF_ONE_MESSAGE = frozenset({"clicked", "clickedThrough"})
"""Likewise, of one message."""

IN_WHICH = frozenset({*PLACES, "locations"})
"""Facts that go by in which folder each copy lay then."""

OF_PLACE = IN_WHICH | {"cluster.mailboxCount", "location", "inMailbox"}
"""Facts that go by where mail lay then: known only where no copy's moves leave that open."""


def action_then(action: PendingAction) -> PendingAction:
    """Return the action as it was when it was first seen: it awaited approval, and only the first alerts were there."""
    then = action.first_seen
    first = [one for one in action.sightings if _was_there(one, then)] or list(action.sightings[:1])
    evidence = action.evidence
    if evidence is not None:
        evidence = msgspec.structs.replace(evidence, remediation_status=PENDING_APPROVAL)
    head = action.incident
    return msgspec.structs.replace(
        action,
        evidence=evidence,
        incident=msgspec.structs.replace(head, alert_count=len(first), **dict.fromkeys(OF_INCIDENT)),
        sightings=tuple(_sighting_then(one) for one in first),
    )


def mail_then(mail: Mail, then: datetime) -> Mail:
    """Return mail as it lay at that moment; who has clicked by now is not known of then.

    A copy that was in a mailbox all the while, as when its user put it into another folder, lay in one, whenever that was:
    it is given where it was delivered to, and `facts_then` leaves out what goes by the folder.
    """
    return msgspec.structs.replace(mail, messages=tuple(_copy_then(one, then) for one in mail.messages))


def facts_then(facts: Facts, mail: Mail | None) -> Facts:
    """Return the facts of a moment without those that are of another.

    Args:
        facts: gathered with the mail of then, whose moment they have.
        mail: the same mail as it is now; None where there is none.
    """
    copies = () if mail is None else mail.messages
    is_open = [_place_then(copy, facts.now) is None for copy in copies]
    unknown = OF_THE_MOMENT | IN_WHICH if any(is_open) else OF_THE_MOMENT
    messages = facts.messages
    if messages is not None:
        messages = tuple(
            _without(row, OF_ONE_MESSAGE | {"location"} if is_unsure else OF_ONE_MESSAGE)
            for row, is_unsure in zip(messages, is_open, strict=True)
        )
    return msgspec.structs.replace(facts, values=_without(facts.values, unknown), messages=messages)


def _without(values: Mapping[str, Value], names: AbstractSet[str]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if name not in names}


def unknown_then(decision: Decision) -> frozenset[str]:
    """Return the facts that cannot be had as they were then, and without which a policy could not tell."""
    asked = set(_missing(decision)) & (OF_THE_MOMENT | OF_ONE_MESSAGE | OF_PLACE)
    # Of mail that is not known at all, its places are the least of what is missing.
    return frozenset(asked if decision.facts.messages_complete else asked - OF_PLACE)


def _missing(decision: Decision) -> Iterator[str]:
    for finding in decision.findings:
        if finding.answer is Match.UNDECIDED:
            yield from (fact for one in finding.clauses if one.held is None for fact in one.facts)


def _was_there(sighting: Sighting, then: datetime) -> bool:
    created = sighting.created_date_time
    return created is not None and created <= then


def _sighting_then(sighting: Sighting) -> Sighting:
    return msgspec.structs.replace(sighting, remediation_status=PENDING_APPROVAL, **dict.fromkeys(OF_ALERT))


def _copy_then(copy: MailMessage, then: datetime) -> MailMessage:
    place = _place_then(copy, then)
    if place is None and {copy.location, copy.original_location} <= MAILBOX_LOCATIONS:
        place = copy.original_location
    return msgspec.structs.replace(copy, location=place, clicks=None)


def _place_then(copy: MailMessage, then: datetime) -> str | None:
    """Return where a copy lay then; None where that is not known."""
    first, last = copy.first_moved, copy.last_moved
    if first is None or last is None:
        # It lies elsewhere than it was delivered to, and nothing says since when.
        return copy.location if copy.location == copy.original_location else None
    if then < first:
        return copy.original_location
    return copy.location if last <= then else None
