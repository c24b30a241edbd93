"""What notices say: facts first, short, and plain for somebody who was just woken.

Nothing foreign stands here: what an action is about, and why it is with people, stands with each action, and names
are quoted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from agent.judge.escalation.grouping import BRAKED, CAMPAIGN
from agent.judge.escalation.items import MAIL
from agent.judge.escalation.members import ways_worse
from agent.judge.escalation.timetable import is_acknowledged
from agent.judge.quote import counted, quote
from agent.model.chain import Chain, Fallback
from agent.model.escalation import Item, Need, Occasion, Page

OPENINGS: Mapping[Occasion, str] = {
    Occasion.REPEAT: "Still open: ",
    Occasion.WORSE: "Worse: ",
    Occasion.UPDATE: "Changed: ",
    Occasion.LAST_CHANCE: "Last chance: ",
}
"""How a title begins, by why people are told."""

MOST_ENDINGS = 5
"""Different endings that are told; the rest is counted."""


def moment(at: datetime) -> str:
    """Return a moment as people read it: `Mon 9 Nov 08:00 UTC`."""
    utc = at.astimezone(UTC)
    return f"{utc:%a} {utc.day} {utc:%b %H:%M} UTC"


def subject(page: Page, items: Sequence[Item]) -> str:
    """Say what the page is about."""
    if page.group == BRAKED:
        return "what the brake holds"
    if page.group.startswith(CAMPAIGN):
        incidents = len({item.incident_id for item in items})
        return f"campaign in {counted(incidents, 'incident', 'incidents')}" if incidents else "campaign"
    return f"incident {quoted(page.group.partition(':')[2])}"


def asked(items: Sequence[Item]) -> str:
    """Say what people have to do, in a few words: `approve or reject 3 actions (14 messages)`."""
    needs = Counter(item.need for item in items)
    parts = []
    if needs[Need.LOOK]:
        parts.append(f"look at {_actions(needs[Need.LOOK])}")
    if needs[Need.ANSWER]:
        parts.append(f"approve or reject {_actions(needs[Need.ANSWER])}")
    if needs[Need.HAND]:
        parts.append(f"decide {_actions(needs[Need.HAND])} in Defender")
    return f"{', '.join(parts)} ({targets(items)})"


def _actions(count: int) -> str:
    return counted(count, "action", "actions")


def targets(items: Sequence[Item]) -> str:
    """Say how much all of it acts on."""
    total = sum(item.amount for item in items)
    if all(item.kind in MAIL for item in items):
        return counted(total, "message", "messages")
    return counted(total, "target", "targets")


def title(occasion: Occasion, page: Page, items: Sequence[Item]) -> str:
    """Return the line that people see first."""
    about = subject(page, items)
    if not items:
        return f"{OPENINGS.get(occasion, '')}{about}"
    said = f"{OPENINGS.get(occasion, '')}{about}: {asked(items)} by {moment(items[0].deadline)}"
    return f"{said[:1].upper()}{said[1:]}"


def standing(chain: Chain, page: Page, items: Sequence[Item], now: datetime, *, has_pages: bool) -> list[str]:
    """Say what is asked, until when, and what happens otherwise."""
    by_need = {need: [item for item in items if item.need is need] for need in Need}
    said = [
        *_to_look_at(by_need[Need.LOOK]),
        *_to_answer(chain, by_need[Need.ANSWER], has_pages=has_pages),
        *_to_decide(by_need[Need.HAND]),
    ]
    if items:
        first = items[0].deadline
        which = "it" if len(items) == 1 else "the first of them"
        said.append(f"Defender drops {which} on {moment(first)}, in {_left(first - now)}.")
    if by_need[Need.ANSWER]:
        said.append(otherwise(chain, by_need[Need.ANSWER], now))
    if is_acknowledged(page, now) and page.acknowledged is not None:
        said.append(f"{quote(page.acknowledged.by, 60)} has acknowledged it; nobody has answered it.")
    return said


def _left(left: timedelta) -> str:
    """Return how much time is left; never more than there is."""
    minutes = max(left // timedelta(minutes=1), 0)
    if minutes < 120:
        return f"{minutes} minutes" if minutes != 1 else "1 minute"
    hours = minutes // 60
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"


def _to_look_at(items: Sequence[Item]) -> list[str]:
    if not items:
        return []
    was = "action was" if len(items) == 1 else "actions were"
    return [
        f"{len(items):,} {was} sent, and it did not go as it should or nobody knows how it went: look first."
    ]


def _to_answer(chain: Chain, items: Sequence[Item], *, has_pages: bool) -> list[str]:
    if not items:
        return []
    one = len(items) == 1
    left, with_it = ("it", "it") if one else (_actions(len(items)), "each")
    said = [f"Policies left {left} to people; why stands with {with_it}."]
    need = max(chain.approvers.need, *(item.approvers for item in items), 1)
    if need > 1:
        said.append(f"{need} people have to approve; one is enough to reject.")
    which = items[0].action_id if one else "ID"
    link = "follow the link, or " if has_pages else ""
    said.append(f"To answer: {link}air-agent answer {which} approve (or reject) --reason ….")
    return said


def _to_decide(items: Sequence[Item]) -> list[str]:
    if not items:
        return []
    has = "action has" if len(items) == 1 else "actions have"
    return [f"{len(items):,} {has} to be decided in Defender: the agent cannot do that."]


OTHERWISE: Mapping[Fallback, str] = {
    Fallback.ESCALATE: "the last people are told; when its week ends, nothing is done",
    Fallback.HAND_OFF: "it is handed off: a person has to decide it in Defender",
    Fallback.REJECT: "it is rejected as advice, a comment and a tag and nobody's no; Defender keeps it pending",
}
"""What becomes of what nobody answers until the last chance."""

NOW_THEN: Mapping[Fallback, str] = {
    Fallback.ESCALATE: "people are not told again, and when its week ends, nothing is done",
    Fallback.HAND_OFF: OTHERWISE[Fallback.HAND_OFF],
    Fallback.REJECT: OTHERWISE[Fallback.REJECT],
}
"""What becomes of what nobody has answered when the last chance has come."""


def otherwise(chain: Chain, items: Sequence[Item], now: datetime) -> str:
    """Say what becomes of it where nobody answers, and from when on."""
    last = min(item.deadline for item in items) - chain.last_chance.before
    decide = chain.last_chance.decide
    if now < last:
        return f"Without an answer by {moment(last)}, {OTHERWISE[decide]}."
    return f"Nobody has answered in time: {NOW_THEN[decide]}."


def changes(page: Page, items: Mapping[str, Item]) -> list[str]:
    """Say what became worse and what ended since people were last told."""
    told_at = page.told_at
    if told_at is None:
        return []
    worse = Counter(
        way for member in page.members for way in ways_worse(member, items.get(member.action_id), told_at)
    )
    said = [f"{_actions(count)} {way}" for way, count in worse.items()]
    ended = [member.ended for member in page.members if member.ended and not member.is_told]
    said += endings(ended)
    return [f"Since it was last told: {'; '.join(said)}."] if said else []


def endings(ended: Iterable[str]) -> list[str]:
    """Say how actions ended, those that ended alike together."""
    alike = Counter(ended).most_common()
    said = [f"{_actions(count)}: {words}" for words, count in alike[:MOST_ENDINGS]]
    rest = sum(count for _, count in alike[MOST_ENDINGS:])
    return [*said, f"{_actions(rest)} ended otherwise"] if rest else said


def resolved(page: Page) -> str:
    """Say what happened to everything that was on a page."""
    return f"Nobody has to do anything here any more. {'; '.join(endings(m.ended for m in page.members))}."


def again(page: Page) -> str:
    """Say since when it stands."""
    return f"It is told again: it has stood since {moment(page.opened)}."


def held_back(pages: int, items: Sequence[Item]) -> tuple[str, str]:
    """Return the title and the words of a summary of what the storm limit holds back."""
    waits = "waits" if pages == 1 else "wait"
    first = f"; the first ends {moment(items[0].deadline)}" if items else ""
    title = f"Too much at once: {counted(pages, 'page', 'pages')} with {_actions(len(items))} {waits}{first}"
    said = (
        "More came than people may be paged with within an hour. Nothing is dropped: each is told when there is room, "
        "the earliest last chance first. Look at Defender's list rather than wait for each."
    )
    return title, f"{said} {sentence(asked(items))}" if items else said


def sentence(said: str) -> str:
    """Return the words as a sentence."""
    return f"{said[:1].upper()}{said[1:]}."


def quoted(identity: str) -> str:
    """Return an id safely."""
    return quote(identity, 40)
