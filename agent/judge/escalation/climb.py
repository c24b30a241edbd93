"""(Chain, page, what was heard, what was paged lately, now) -> the page as it is then, and what to send.

Nothing here waits and nothing is remembered besides the page: whoever looks late, twice or after a crash finds what is
due then, and each of it once. `Page.due` is the next moment at which looking again does something by itself.

A page goes out at most once at each look, for one reason: the last chance before all others.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from agent.judge.derive import derived
from agent.judge.escalation import members, notices
from agent.judge.escalation.calls import (
    Call,
    call_for,
    change_of,
    due_of,
    is_held_back,
    is_to_be_updated,
    last_chance,
    quietly,
)
from agent.judge.escalation.hear import hear
from agent.judge.escalation.members import Change
from agent.judge.escalation.notices import Sight, louder
from agent.judge.escalation.set_back import set_back
from agent.model.chain import Chain, Escalating, Urgency
from agent.model.escalation import Heard, Item, Member, Need, Notice, Occasion, Page, Told

TOGETHER = timedelta(hours=1)
"""Whose last chance comes within so long is told with the first."""

replace = msgspec.structs.replace


class Climbed(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it stands after a look, and what came of it."""

    page: Page
    notices: tuple[Notice, ...] = ()
    lapsed: tuple[str, ...] = ()
    """Actions whose last chance has come at this look without an answer: the chain says what becomes of them."""


def opened(chain: Chain, group: str, items: Sequence[Item], now: datetime) -> Page:
    """Return a page that nobody was told of yet; the same matter opened at the same moment has the same id."""
    ids = sorted(item.action_id for item in items)
    return Page(
        id=derived(chain.name, group, now.isoformat(), *ids, length=16),
        chain=chain.name,
        group=group,
        opened=now,
        members=tuple(members.joined(item, now) for item in sorted(items, key=lambda one: one.action_id)),
        due=now,
    )


def climb(
    chain: Chain,
    page: Page,
    items: Sequence[Item],
    *,
    ended: Mapping[str, str],
    heard: Sequence[Heard],
    paged: Sequence[datetime],
    rules: Escalating,
    now: datetime,
) -> Climbed:
    """Return the page as it stands at this moment, what is to be sent, and what has lapsed.

    Args:
        chain: the chain as it is now.
        page: the page as it was last saved.
        items: everything that belongs on it and needs people now.
        ended: of what needs nobody any more, what ended it and who did that, in words.
        heard: what its channels know of acknowledgements; what was heard before changes nothing.
        paged: when people were paged lately, through whichever page and chain.
        rules: how escalation goes in this tenant.
        now: the moment.
    """
    if page.closed is not None:
        return Climbed(page=page)
    sight = Sight(
        chain=chain, items={item.action_id: item for item in items}, rules=rules, now=now, paged=tuple(paged)
    )
    page = hear(chain, set_back(chain, page, now), heard, now)
    page = replace(page, members=members.seen(page.members, sight.items, ended, now))
    if not page.open_members:
        closed = replace(page, closed=now, due=None, is_stormy=False)
        return Climbed(page=closed, notices=notices.resolved(closed, sight))
    page, lapsed = _lapsed(page, sight)
    climbed = _told(page, sight)
    return replace(climbed, lapsed=lapsed)


def _told(page: Page, sight: Sight) -> Climbed:
    """Return the page with people told what they are to be told now."""
    call = call_for(page, sight)
    is_held = call is not None and is_held_back(call, sight)
    if call is not None and not is_held:
        return _paged(page, sight, call)
    page = replace(page, is_stormy=is_held)
    sent: tuple[Notice, ...] = ()
    if is_to_be_updated(page, sight):
        page, sent = _updated(page, sight)
    return Climbed(page=replace(page, due=due_of(page, sight)), notices=sent)


def _lapsed(page: Page, sight: Sight) -> tuple[Page, tuple[str, ...]]:
    """Return the page with every last chance that has come, and which of its actions wait for an answer."""
    come = {
        member.action_id
        for member in page.open_members
        if not member.has_lapsed and last_chance(member, sight) <= sight.now
    }
    after = tuple(
        replace(member, has_lapsed=True) if member.action_id in come else member for member in page.members
    )
    needs = {member.action_id: member.need for member in page.members} | {
        item.action_id: item.need for item in sight.items.values()
    }
    return replace(page, members=after), tuple(sorted(one for one in come if needs[one] is not Need.LOOK))


def _paged(page: Page, sight: Sight, call: Call) -> Climbed:
    """Return the page with people paged, and those whom this call leaves out told of what changed."""
    known = {told.channel: told.generation for told in page.told}
    is_open = any(known.get(channel) == page.generation for channel in call.channels)
    is_anew = bool(known) and (is_open or call.occasion is not Occasion.PAGE)
    generation = page.generation + 1 if is_anew else page.generation
    taken = replace(page, generation=generation, step=call.step, repeats=call.repeats)
    pause = page.acknowledged
    after = replace(
        taken,
        members=_now_known(page, sight, call),
        paged_at=sight.now,
        told=_now_told(page.told, dict.fromkeys(call.channels, generation), sight.now),
        urgency=louder(page.urgency, call.urgency) if page.told else call.urgency,
        is_stormy=False,
        is_hurried=False,
        acknowledged=None if pause is None else replace(pause, until=min(pause.until, sight.now)),
        paused=0.0,
    )
    sent = notices.loud(after, page, sight, call.occasion, call.urgency, call.channels)
    if change_of(page, sight) is not Change.NONE:
        sent += notices.updates(after, page, sight, quietly(after), without=call.channels)
        after = replace(after, told=_now_told(after.told, known, sight.now))
    if call.urgency is not Urgency.LOW:
        sight = replace(sight, paged=(*sight.paged, sight.now))
    return Climbed(page=replace(after, due=due_of(after, sight)), notices=sent)


def _now_known(page: Page, sight: Sight, call: Call) -> tuple[Member, ...]:
    known = members.told(page.members, sight.items)
    if call.occasion is not Occasion.LAST_CHANCE:
        return known
    until = sight.now + TOGETHER
    return tuple(
        replace(member, is_warned=True)
        if not member.ended and last_chance(member, sight) <= until
        else member
        for member in known
    )


def _now_told(told: Sequence[Told], channels: Mapping[str, int], now: datetime) -> tuple[Told, ...]:
    """Return who was told, with these channels under these generations; a newer generation is never forgotten."""
    found = {one.channel: one for one in told}
    for channel, generation in channels.items():
        before = found.get(channel)
        newest = generation if before is None else max(generation, before.generation)
        found[channel] = Told(channel=channel, generation=newest, at=now)
    return tuple(found.values())


def _updated(page: Page, sight: Sight) -> tuple[Page, tuple[Notice, ...]]:
    """Return the page with everybody who was told told of what changed; nobody is woken."""
    after = replace(
        page,
        members=members.told(page.members, sight.items),
        told=_now_told(page.told, {told.channel: told.generation for told in page.told}, sight.now),
    )
    return after, notices.updates(after, page, sight, quietly(page))
