"""Records of one incident -> the comment and the tags that show its decisions in Defender's portal.

Each decision has a marker in the comment's text. Graph offers no key against repeats, so the marker is how
a comment that may or may not have been written finds itself again.
"""

from collections.abc import Sequence

import msgspec

from agent.model.decision import Verb
from agent.model.defender import Incident
from agent.model.enactment import CLOSED, Record, State, Way

LONGEST = 1000
"""Characters in one comment. Graph's own limit is UNCONFIRMED."""

SHARE = LONGEST // 5
"""What one decision may use of it, so that five fit into one comment."""

APPROVED, REJECTED, ESCALATED, HELD, HANDED_OFF = (
    "air-agent:approved",
    "air-agent:rejected",
    "air-agent:escalated",
    "air-agent:held",
    "air-agent:handed-off",
)
TAGS = frozenset({APPROVED, REJECTED, ESCALATED, HELD, HANDED_OFF})
"""The closed set of tags that are ours."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What is still to be written; `tags` is None where the incident's tags are right as they are."""

    comments: tuple[str, ...]
    tags: tuple[str, ...] | None


def note(incident: Incident, records: Sequence[Record]) -> Note:
    """Return what the incident lacks to show these records' decisions; `records` are all of this incident."""
    written = "\n".join(comment.comment or "" for comment in incident.comments)
    missing = [
        record
        for record in records
        if not record.is_noted and record.decision is not None and marker(record) not in written
    ]
    return Note(comments=_comments(missing), tags=_tags(incident, records))


def marker(record: Record) -> str:
    """Return what marks this decision, in every comment and for ever."""
    grounds = record.decision.grounds[:8] if record.decision else ""
    return f"[air-agent {record.action.id}/{grounds}]"


def _comments(records: Sequence[Record]) -> tuple[str, ...]:
    share = SHARE if len(records) > 1 else LONGEST
    comments: list[str] = []
    text = ""
    for record in records:
        line = _line(record, share - 1)
        if text and len(text) + 1 + len(line) > LONGEST:
            comments.append(text)
            text = ""
        text = f"{text}\n{line}" if text else line
    return (*comments, text) if text else ()


def _line(record: Record, room: int) -> str:
    decision = record.decision
    if decision is None:
        return ""
    mark = marker(record)
    by = ", ".join(decision.policies) or "no policy"
    head = f"{_verb(record)} {record.action.kind}: {_cut(by, 60)}@{decision.revision}"
    rest = room - len(head) - len(mark) - 3
    return f"{head}: {_cut(_plain(_says(record)), rest)} {mark}"


def _verb(record: Record) -> str:
    decision, plan = record.decision, record.plan
    if decision is None:
        return ""
    if decision.guard is not None:
        return "hold"
    if plan is not None and plan.way is Way.HAND_OFF:
        return f"{decision.verb} (hand-off)"
    return f"{decision.verb} (advisory)" if decision.verb is Verb.REJECT else decision.verb.value


def _says(record: Record) -> str:
    plan, decision = record.plan, record.decision
    done = f"{plan.why}. " if plan is not None and plan.way in (Way.REMEDIATE, Way.HAND_OFF) else ""
    return f"{done}{decision.reason if decision else ''}"


def _plain(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: max(room - 1, 0)]}…"


def _tags(incident: Incident, records: Sequence[Record]) -> tuple[str, ...] | None:
    if incident.custom_tags is None:
        return None  # a change would replace them all, and what they are is not known
    ours = {_tag(record) for record in records if record.decision is not None}
    theirs = tuple(tag for tag in incident.custom_tags if tag not in TAGS)
    wanted = (*theirs, *sorted(tag for tag in ours if tag is not None))
    return None if set(wanted) == set(incident.custom_tags) else wanted


def _tag(record: Record) -> str | None:
    decision, plan = record.decision, record.plan
    if decision is None or (record.state in CLOSED and record.state is not State.CONFIRMED):
        return None
    if decision.guard is not None:
        return HELD
    if plan is not None and plan.way is Way.HAND_OFF:
        return HANDED_OFF
    return {Verb.APPROVE: APPROVED, Verb.REJECT: REJECTED, Verb.ESCALATE: ESCALATED}[decision.verb]
