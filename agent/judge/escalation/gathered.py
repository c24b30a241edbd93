"""Notices that belong to no single page: of what is held back, of what is quiet, of what policies tell, and of a trial."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.judge.derive import derived
from agent.judge.escalation import words
from agent.judge.escalation.calls import last_call
from agent.judge.escalation.items import ending_of
from agent.judge.escalation.notices import in_order, louder
from agent.judge.escalation.places import link_to_action, link_to_pending
from agent.judge.escalation.quiet import may_tell
from agent.judge.escalation.storm import HOUR
from agent.judge.quote import counted
from agent.model.chain import Chain, Escalating, Urgency
from agent.model.enactment import Record
from agent.model.escalation import MOST_ITEMS, Item, Notice, Occasion, Page

QUARTER = timedelta(minutes=15)
"""How far apart summaries are at least where a last chance has come meanwhile: no last chance is shorter."""

MOST_TITLES = 20
"""Titles that a digest tells; the rest is counted."""

USUAL = Escalating()
"""Rules by which links lead to Defender."""


def summary(
    chain: Chain,
    stormy: Sequence[tuple[Page, Sequence[Item]]],
    now: datetime,
    *,
    last: datetime | None,
    rules: Escalating = USUAL,
) -> tuple[Notice, ...]:
    """Return what tells how much the storm limit holds back: at most once an hour, and nothing where it holds nothing.

    A last chance that has come since and is held back too is told sooner, and in quiet hours.

    Args:
        chain: the chain whose pages are held back.
        stormy: those pages, each with its actions.
        now: the moment.
        last: when the last summary of this chain was made; None before the first.
        rules: where its link leads.
    """
    last = last if last is None or last <= now else None  # a clock was set back since
    is_last = _is_last_chance(chain, stormy, last, now)
    if not stormy or (last is not None and now < last + (QUARTER if is_last else HOUR)):
        return ()
    calls = [_next(chain, page, now) for page, _ in stormy]
    urgency = louder(Urgency.NORMAL, *(urgency for urgency, _ in calls))
    if not is_last and not may_tell(chain.hours, urgency, now):
        return ()
    items = in_order(item for _, found in stormy for item in found)
    event = derived(Occasion.SUMMARY, chain.name, now.isoformat(), *sorted(page.id for page, _ in stormy))
    channels = dict.fromkeys(name for _, names in calls for name in names)
    title, said = words.held_back(len(stormy), items)
    return tuple(
        Notice(
            id=derived(event, channel),
            page_id="",
            key=f"summary:{event[:16]}",
            channel=channel,
            chain=chain.name,
            event=event,
            occasion=Occasion.SUMMARY,
            urgency=urgency,
            at=now,
            title=title,
            words=said,
            items=items[:MOST_ITEMS],
            total=len(items),
            amount=sum(item.amount for item in items),
            deadline=items[0].deadline if items else None,
            link=link_to_pending(
                next((item.incident_url for item in items if item.incident_url), None), rules
            ),
            is_answered_there=bool(rules.pages) and bool(items),
        )
        for channel in channels
    )


def _is_last_chance(
    chain: Chain, stormy: Sequence[tuple[Page, Sequence[Item]]], last: datetime | None, now: datetime
) -> bool:
    """Whether a last chance that people were not told of has come since the last summary.

    One that was over already when its action came on the page has come with the action.
    """
    before = chain.last_chance.before
    come = []
    for page, items in stormy:
        known = {one.action_id: one for one in page.members}
        for item in items:
            member, chance = known.get(item.action_id), item.deadline - before
            if member is None:
                come.append(chance)
            elif not member.is_warned:
                come.append(max(chance, member.joined))
    return any((last is None or moment > last) and moment <= now for moment in come)


def _next(chain: Chain, page: Page, now: datetime) -> tuple[Urgency, tuple[str, ...]]:
    """Return how loud, and through which channels, a page that is held back would go out."""
    before = chain.last_chance.before
    if any(not one.is_warned and one.deadline - before <= now for one in page.open_members):
        call = last_call(page, chain)
        return call.urgency, call.channels
    step = chain.steps[min(page.step, len(chain.steps) - 1)]
    return step.urgency, step.notify


def digest(channel: str, notices: Sequence[Notice], now: datetime, *, rules: Escalating = USUAL) -> Notice:
    """Return what tells everything of low urgency that has gathered for a channel; of each page the newest."""
    newest: dict[str, Notice] = {}
    for one in sorted(notices, key=lambda each: (each.at, each.id)):
        newest[one.page_id or one.id] = one
    told = tuple(newest.values())
    items = in_order({item.action_id: item for one in told for item in one.items}.values())
    event = derived(Occasion.DIGEST, channel, *sorted(one.id for one in notices))
    chains = {one.chain for one in told}
    lines = [one.title for one in told[:MOST_TITLES]]
    if len(told) > MOST_TITLES:
        lines.append(f"and {len(told) - MOST_TITLES:,} more")
    total = sum(one.total for one in told)
    links = dict.fromkeys(one.link for one in told if one.link)
    return Notice(
        id=derived(event, channel),
        page_id="",
        key=f"digest:{event[:16]}",
        channel=channel,
        chain=next(iter(chains)) if len(chains) == 1 else "",
        event=event,
        occasion=Occasion.DIGEST,
        urgency=Urgency.LOW,
        at=now,
        title=f"Within the hour: {counted(len(told), 'matter', 'matters')}, {counted(total, 'action', 'actions')}",
        words="; ".join(lines),
        items=items[:MOST_ITEMS],
        total=total,
        amount=sum(one.amount for one in told),
        deadline=min((one.deadline for one in told if one.deadline is not None), default=None),
        link=next(iter(links)) if len(links) == 1 else link_to_pending(next(iter(links), None), rules),
    )


def inform(chain: Chain, record: Record, now: datetime, *, rules: Escalating = USUAL) -> tuple[Notice, ...]:
    """Return what tells a chain's first channels of a decision, because a policy wants them told. Nothing is asked."""
    decision = record.decision
    if decision is None:
        return ()
    event = derived(Occasion.INFORM, chain.name, record.action.id, decision.grounds)
    came, incident = ending_of(record, now), words.quoted(record.action.incident.id)
    return tuple(
        Notice(
            id=derived(event, channel),
            page_id="",
            key=f"inform:{event[:16]}",
            channel=channel,
            chain=chain.name,
            event=event,
            occasion=Occasion.INFORM,
            urgency=Urgency.LOW,
            at=now,
            title=f"For your information: incident {incident}: {came}",
            words=f"Nothing is asked of you. {words.sentence(came)}",
            link=link_to_action(record.action.id, record.action.incident.web_url, rules),
        )
        for channel in chain.steps[0].notify
    )


def trial_notices(chain: Chain, now: datetime) -> tuple[Notice, ...]:
    """Return what tries every step of a chain, and its last chance, through each of their channels."""
    stages = [
        (step.urgency, step.notify, f"step {n} of {len(chain.steps)}")
        for n, step in enumerate(chain.steps, 1)
    ]
    if chain.last_chance.notify:
        stages.append((Urgency.HIGH, chain.last_chance.notify, "last chance"))
    event = derived(Occasion.TEST, chain.name, now.isoformat())
    return tuple(
        Notice(
            id=derived(event, stage, channel),
            page_id="",
            key=f"test:{derived(event, stage, length=16)}",
            channel=channel,
            chain=chain.name,
            event=event,
            occasion=Occasion.TEST,
            urgency=urgency,
            at=now,
            title=f"Test of chain {chain.name}, {told}: nothing is asked",
            words=f"Somebody tries this chain out. Whoever reads this is told at its {told}. Nothing has to be done.",
            step=stage if stage <= len(chain.steps) else 0,
        )
        for stage, (urgency, channels, told) in enumerate(stages, 1)
        for channel in channels
    )


def trial_of(channel: str, now: datetime) -> Notice:
    """Return what tries one channel by itself, whichever chains name it."""
    event = derived(Occasion.TEST, channel, now.isoformat())
    return Notice(
        id=derived(event, channel),
        page_id="",
        key=f"test:{event[:16]}",
        channel=channel,
        chain="",
        event=event,
        occasion=Occasion.TEST,
        urgency=Urgency.NORMAL,
        at=now,
        title=f"Test of channel {channel}: nothing is asked",
        words="Somebody looks whether this channel reaches people. Whoever reads this is told by it. Nothing has to be done.",
    )
