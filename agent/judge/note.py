"""Records of one incident -> the comment and the tags that show its decisions in Defender's portal.

Each decision has a marker in the comment's text. Graph offers no key against repeats, so the marker is how
a comment that may or may not have been written finds itself again.
"""

from collections.abc import Iterable, Sequence

import msgspec

from agent.judge.people import by
from agent.model.decision import Decision, Verb
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


UNTOLD = frozenset({State.SEEN, State.INTENDED, State.ANSWERED})
"""States of which there is nothing to tell yet: what was decided is judged anew, or still to be carried out."""

UNSURE = frozenset({State.REFUSED, State.UNKNOWN, State.ESCALATED})
"""States in which an approval was not carried out, or may not have been: why is told with it."""


def is_told(record: Record) -> bool:
    """Whether there is something true to tell of the record."""
    return record.decision is not None and record.state not in UNTOLD


def note(incident: Incident, records: Sequence[Record]) -> Note:
    """Return what the incident lacks to show these records' decisions; `records` are all of this incident."""
    written = "\n".join(comment.comment or "" for comment in incident.comments)
    missing = [
        record
        for record in records
        if not record.is_noted and is_told(record) and marker(record) not in written
    ]
    share = SHARE if len(missing) > 1 else LONGEST
    comments = comments_of([line(record, share - 1) for record in missing])
    return Note(comments=comments, tags=_tags(incident, records))


def marker(record: Record) -> str:
    """Return what marks this decision, or that it was undone, in every comment and for ever."""
    grounds = record.decision.grounds[:8] if record.decision else ""
    undone = f"/undone-{record.undone.at:%Y%m%dT%H%M%S}" if record.undone is not None else ""
    return f"[air-agent {record.action.id}/{grounds}{undone}]"


def comments_of(lines: Sequence[str]) -> tuple[str, ...]:
    """Return these lines in as few comments as they fit into."""
    comments: list[str] = []
    text = ""
    for one in lines:
        if text and len(text) + 1 + len(one) > LONGEST:
            comments.append(text)
            text = ""
        text = f"{text}\n{one}" if text else one
    return (*comments, text) if text else ()


def line(record: Record, room: int, *, more: str = "") -> str:
    """Return one line that tells of the record, in so many characters; `more` is said first of all."""
    decision = record.decision
    if decision is None:
        return ""
    mark = marker(record)
    head = f"{_verb(record, decision)} {record.action.kind}: {_cut(_plain(by(decision)), 60)}@{decision.revision}"
    rest = room - len(head) - len(mark) - 3
    named = decision.classifications or ()
    concluded = more or (differ(named) if len(named) > 1 and record.undone is None else "")
    says = " ".join(filter(None, (concluded, _says(record, decision))))
    return f"{head}: {_cut(_plain(says), rest)} {mark}"


def _verb(record: Record, decision: Decision) -> str:
    plan = record.plan
    if record.undone is not None:
        return "undone"
    if decision.guard is not None:
        return "hold"
    if _was_not_carried_out(record):
        return "approve (not carried out)"
    if decision.lapsed is not None:
        return (
            "lapsed (hand-off)" if decision.verb is Verb.ESCALATE else "lapsed (advisory reject, nobody's no)"
        )
    if plan is not None and plan.way is Way.HAND_OFF:
        return f"{decision.verb} (hand-off)"
    return f"{decision.verb} (advisory)" if decision.verb is Verb.REJECT else decision.verb.value


def _was_not_carried_out(record: Record) -> bool:
    """Whether it was approved, and left to a person when it was read again before writing."""
    return (
        record.state is State.ESCALATED
        and record.decision is not None
        and record.decision.verb is Verb.APPROVE
    )


def _says(record: Record, decision: Decision) -> str:
    plan, undone = record.plan, record.undone
    if undone is not None:
        return f"by {undone.by}: {undone.reason}. {undone.words}"
    parts: list[str] = []
    if _was_not_carried_out(record):
        parts.append(f"{record.why}.")
    elif plan is not None and plan.way in (Way.REMEDIATE, Way.HAND_OFF):
        parts.append(f"{plan.why}.")
        if record.state in UNSURE and record.why:
            parts.append(f"{record.why}.")
    return " ".join((*parts, decision.reason))


def differ(named: Iterable[object]) -> str:
    """Say that these classifications are not carried out, since they are not one."""
    return f"Policies name different classifications ({', '.join(map(str, named))}): a person classifies."


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
    if not (record.is_noted or is_told(record)):
        return None
    if _was_not_carried_out(record):
        return ESCALATED
    if decision.guard is not None:
        return HELD
    if plan is not None and plan.way is Way.HAND_OFF:
        return HANDED_OFF
    return {Verb.APPROVE: APPROVED, Verb.REJECT: REJECTED, Verb.ESCALATE: ESCALATED}[decision.verb]
