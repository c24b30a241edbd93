"""The demo's person on call: answers one question once its chain has climbed, through the command that people use."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from agent.adapters.ledger.ledger import SqlLedger
from agent.faces.telling import confirmation, what
from agent.judge.bind import offer_of
from agent.judge.quote import quote
from agent.model.decision import Verb
from agent.model.enactment import Record, State, Way, Went
from agent.model.escalation import Delivery, Need, Page, Posted
from agent.model.hold import BRAKE, KILL_SWITCH
from agent.simulator.names import PORTAL_PERSON

REASON = "looked at it: the sender is not ours, and nobody waits for this mail"
"""What the person says."""

GUTTER = "│ "
"""Begins the lines of a notice below its first, as the console has them."""

CLIMBED = 2
"""Steps of a chain that were taken before the person answers, so that it is seen to climb."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to the question, at its moment."""

    at: datetime
    words: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One question from its first page to what came of it. `what` and the words may be an attacker's."""

    id: str
    what: str
    lines: tuple[Line, ...]


async def climbed(ledger: SqlLedger) -> Record | None:
    """Return an action to answer: one of a page that has climbed, that one person may approve and the agent carries out.

    Of those that have, it is the one that acts on least: what is shown of it is short.
    """
    waiting = [
        member
        for page in await ledger.pages.open()
        if page.step >= CLIMBED and await _was_told(ledger, page)
        for member in page.open_members
        if member.need is Need.ANSWER
    ]
    known = await ledger.load([member.action_id for member in waiting])
    for member in sorted(waiting, key=lambda one: (one.amount, one.action_id)):
        record = known.get(member.action_id)
        if record is not None and _is_simple(record):
            return record
    return None


async def _was_told(ledger: SqlLedger, page: Page) -> bool:
    """Whether the person has heard of it by now: a step may be taken, and its notice still wait."""
    return any(
        one.delivery is Delivery.SENT and one.notice.step >= CLIMBED
        for one in await ledger.pages.posted(page.id)
    )


def headlines(said: Iterable[str]) -> Iterator[str]:
    """Give a line for each notice on the console: what it is about, and its title."""
    head = ""
    for line in said:
        if head:
            yield f"{head}: {line.removeprefix(GUTTER)}"
        head = line if line.startswith("[") else ""


def _is_simple(record: Record) -> bool:
    decision, offered = record.decision, offer_of(record)
    if decision is None or offered is None or record.state not in {State.ESCALATED, State.HELD}:
        return False
    is_free = decision.guard not in {KILL_SWITCH, BRAKE}
    return is_free and decision.approvers <= 1 and offered.way is Way.REMEDIATE and bool(offered.effects)


def answering(record: Record) -> Sequence[str]:
    """Return the command by which the person answers, without its settings."""
    return ("answer", record.action.id, str(Verb.APPROVE), "--as", PORTAL_PERSON, "--reason", REASON, "--yes")


async def told(ledger: SqlLedger, action_id: str) -> Told | None:
    """Return what happened to the question, in its order; None where it is not there."""
    record = (await ledger.load([action_id])).get(action_id)
    if record is None:
        return None
    lines = [Line(at=record.action.first_seen, words="Defender proposes it, and waits for a person")]
    for page in await ledger.pages.of_action(action_id):
        lines += [line for one in await ledger.pages.posted(page.id) if (line := _of_notice(one)) is not None]
    for one in (await ledger.answers([action_id])).get(action_id, ()):
        said = (
            f"{one.person.name} ({one.grant.removeprefix('role:')}) answers {one.verb}: {quote(one.reason)}"
        )
        lines.append(Line(at=one.at, words=said))
    for effect in await ledger.effects(action_id):
        if effect.went in {Went.DONE, Went.UNKNOWN, Went.REFUSED} and effect.sent_at is not None:
            words = f"{effect.kind} of {len(effect.targets)}: {effect.went} {effect.detail}".strip()
            lines.append(Line(at=effect.sent_at, words=words))
    seen = record.confirmation
    if seen.at is not None:
        lines.append(Line(at=seen.at, words=confirmation(record)))
    return Told(id=action_id, what=what(record), lines=tuple(sorted(lines, key=lambda line: line.at)))


def _of_notice(one: Posted) -> Line | None:
    if one.delivery is not Delivery.SENT or one.sent_at is None:
        return None
    step = f", step {one.notice.step}" if one.notice.step else ""
    words = f"{one.notice.channel} is told ({one.notice.occasion}{step}, {one.notice.urgency}): {one.notice.title}"
    return Line(at=one.sent_at, words=words)
