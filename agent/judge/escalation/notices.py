"""Notices of a page: one for each channel, always the same for the same step of the same page.

Ids are derived, so that what is worked out again after a crash is the same notice, and is in the outbox once.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from agent.judge.derive import derived
from agent.judge.escalation import words
from agent.judge.escalation.places import link_back, link_of
from agent.model.chain import Chain, Escalating, Urgency
from agent.model.escalation import MOST_ITEMS, Item, Need, Notice, Occasion, Page

LOUDNESS: Mapping[Urgency, int] = {Urgency.LOW: 0, Urgency.NORMAL: 1, Urgency.HIGH: 2}


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What a page is looked at with: its chain, its actions as they are now, the rules, and the moment."""

    chain: Chain
    items: Mapping[str, Item]
    rules: Escalating
    now: datetime
    paged: tuple[datetime, ...] = ()
    """When people were paged lately."""

    def of(self, page: Page) -> tuple[Item, ...]:
        """Return what still needs people on this page, the most urgent first."""
        found = (self.items.get(member.action_id) for member in page.open_members)
        return in_order(item for item in found if item is not None)


def louder(*urgencies: Urgency) -> Urgency:
    """Return the loudest."""
    return max(urgencies, key=LOUDNESS.__getitem__)


def quieter(*urgencies: Urgency) -> Urgency:
    """Return the one that is least loud."""
    return min(urgencies, key=LOUDNESS.__getitem__)


def in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return the most urgent first: what has the earliest deadline, then what acts on most."""
    return tuple(sorted(items, key=lambda one: (one.deadline, -one.amount, one.action_id)))


def loud(
    page: Page, before: Page, sight: Sight, occasion: Occasion, urgency: Urgency, channels: Sequence[str]
) -> tuple[Notice, ...]:
    """Return what people are paged with.

    Args:
        page: the page with the step that is taken now.
        before: the page as people know it.
        sight: what it is looked at with.
        occasion: why they are told.
        urgency: how loud.
        channels: which channels tell it.
    """
    items = sight.of(page)
    said = words.changes(before, sight.items)
    if occasion is Occasion.REPEAT:
        said.append(words.again(page))
    said += _standing(page, sight, items)
    event = derived(page.id, page.generation, occasion, page.step, page.repeats)
    return tuple(
        _of(page, sight, occasion, urgency, channel, page.generation, event, items, said)
        for channel in channels
    )


def updates(
    page: Page, before: Page, sight: Sight, urgency: Urgency, without: Sequence[str] = ()
) -> tuple[Notice, ...]:
    """Return what tells everybody who was told, some channels apart, how the page has changed. It wakes nobody."""
    items = sight.of(page)
    said = [*words.changes(before, sight.items), *_standing(page, sight, items)]
    event = derived(page.id, Occasion.UPDATE, sight.now.isoformat())
    return tuple(
        _of(page, sight, Occasion.UPDATE, urgency, told.channel, told.generation, event, items, said)
        for told in before.told
        if told.channel not in without
    )


def resolved(page: Page, sight: Sight) -> tuple[Notice, ...]:
    """Return what tells everybody who was told that nobody is needed any more, and why."""
    said = [words.resolved(page)]
    event = derived(page.id, Occasion.RESOLVED)
    urgency = quieter(page.urgency, Urgency.NORMAL)
    return tuple(
        _of(page, sight, Occasion.RESOLVED, urgency, told.channel, told.generation, event, (), said)
        for told in page.told
    )


def _standing(page: Page, sight: Sight, items: Sequence[Item]) -> Sequence[str]:
    return words.standing(sight.chain, page, items, sight.now, has_pages=bool(sight.rules.pages))


def _of(
    page: Page,
    sight: Sight,
    occasion: Occasion,
    urgency: Urgency,
    channel: str,
    generation: int,
    event: str,
    items: Sequence[Item],
    said: Sequence[str],
) -> Notice:
    title = (
        f"Resolved: {words.subject(page, items)}"
        if occasion is Occasion.RESOLVED
        else words.title(occasion, page, items)
    )
    return Notice(
        id=derived(event, channel),
        page_id=page.id,
        key=f"{page.id}:{generation}",
        channel=channel,
        chain=page.chain,
        event=event,
        occasion=occasion,
        urgency=urgency,
        at=sight.now,
        title=title,
        words=" ".join(said),
        items=tuple(items[:MOST_ITEMS]),
        total=len(items),
        amount=sum(item.amount for item in items),
        deadline=items[0].deadline if items else None,
        link=link_back(page, sight.rules) if occasion is Occasion.RESOLVED else link_of(items, sight.rules),
        is_answered_there=bool(sight.rules.pages) and any(one.need is Need.ANSWER for one in items),
        step=page.step,
    )


def moved_on(notice: Notice, to: str) -> Notice:
    """Return the same content for another channel, where the one it was for has failed."""
    return msgspec.structs.replace(
        notice, id=derived(notice.event, to), channel=to, instead_of=notice.channel
    )
