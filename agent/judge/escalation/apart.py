"""Pages without actions: an alarm that people are told of, and a storm of which they are told in summaries.

They are kept as pages are, so that what was told of them is known after a restart, and nothing is told twice.
"""

from datetime import datetime, timedelta

import msgspec

from agent.judge.derive import derived
from agent.judge.escalation.places import link_to_status
from agent.judge.quote import quote, shorten, visible
from agent.model.alarm import Alarm
from agent.model.chain import Chain, Escalating
from agent.model.escalation import Notice, Occasion, Page, Told

OF_ALARM = "alarm:"
"""How the group of an alarm's page begins; the alarm's name follows."""

STORM = "storm"
"""The group of the page of a chain's storm."""

LONGEST = 1_000
"""Characters of an alarm's words."""

APART = timedelta(hours=1)
"""How far apart people are told of the same alarm at least, where it comes and goes."""


def is_apart(page: Page) -> bool:
    """Whether it is a page without actions, which no chain is climbed for."""
    return page.group == STORM or page.group.startswith(OF_ALARM)


def alarm_page(
    alarm: Alarm, chain: Chain, rules: Escalating, now: datetime
) -> tuple[Page, tuple[Notice, ...]]:
    """Return the page of an alarm, and what tells the chain's first channels of it."""
    step = chain.steps[0]
    group = f"{OF_ALARM}{alarm.name}"
    page = Page(
        id=derived(chain.name, group, alarm.since.isoformat(), length=16),
        chain=chain.name,
        group=group,
        opened=alarm.since,
        step=1,
        paged_at=now,
        urgency=step.urgency,
        told=tuple(Told(channel=name, generation=1, at=now) for name in step.notify),
    )
    title = f"The agent needs somebody: alarm {quote(alarm.name, 60)}"
    return page, _notices(page, Occasion.ALARM, title, alarm.words, rules, now)


def alarm_over(page: Page, rules: Escalating, now: datetime) -> tuple[Page, tuple[Notice, ...]]:
    """Return the page of an alarm that has ended, and what tells whoever was told of it."""
    closed = msgspec.structs.replace(page, closed=now, due=None)
    title = f"Resolved: alarm {quote(page.group.removeprefix(OF_ALARM), 60)}"
    said = "It does not stand any more. Nobody has to do anything about it."
    return closed, _notices(closed, Occasion.RESOLVED, title, said, rules, now)


def _notices(
    page: Page, occasion: Occasion, title: str, said: str, rules: Escalating, now: datetime
) -> tuple[Notice, ...]:
    event = derived(page.id, occasion)
    return tuple(
        Notice(
            id=derived(event, told.channel),
            page_id=page.id,
            key=f"{page.id}:{told.generation}",
            channel=told.channel,
            chain=page.chain,
            event=event,
            occasion=occasion,
            urgency=page.urgency,
            at=now,
            title=title,
            words=visible(shorten(said, LONGEST)),
            link=link_to_status(rules),
        )
        for told in page.told
    )


def storm_page(chain: Chain, now: datetime) -> Page:
    """Return the page of a storm that begins: nobody was told of it yet."""
    return Page(
        id=derived(chain.name, STORM, now.isoformat(), length=16), chain=chain.name, group=STORM, opened=now
    )


ELSEWHERE = "it is told on another page now"
"""What is said of an action that has moved to another chain or group."""
