"""Makers of pages, notices, chains and channels: say only what matters, the rest is ordinary."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from agent.model.chain import Chain, Step, Urgency
from agent.model.channel import Channel, ChannelKind, SecretPlace
from agent.model.escalation import Delivery, Item, Member, Need, Notice, Occasion, Page, Posted
from agent.model.mark import Mark
from tests.makers import NOW

MARK = Mark(line=1, column=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def a_step(*notify: str, after: timedelta = timedelta(0), urgency: Urgency = Urgency.NORMAL) -> Step:
    return Step(after=after, notify=notify, urgency=urgency, mark=MARK)


def a_chain(name: str = "secops", *, steps: Sequence[Step] = (), **more: Any) -> Chain:
    """Return a chain: Teams at once, and a pager after a quarter of an hour, unless other steps are given."""
    usual = (a_step("teams"), a_step("pager", after=15 * MINUTE, urgency=Urgency.HIGH))
    return Chain(
        name=name,
        steps=tuple(steps) or usual,
        file=f"policies/chains/{name}.yaml",
        mark=MARK,
        **more,
    )


def a_channel(name: str = "teams", kind: ChannelKind = ChannelKind.TEAMS, **more: Any) -> Channel:
    values: dict[str, Any] = {"secret": SecretPlace(env=f"SECRET_{name.upper()}")}
    return Channel(
        name=name,
        kind=kind,
        file=f"policies/channels/{name}.yaml",
        mark=MARK,
        **(values | more),
    )


def an_item(action_id: str = "action-1", *, deadline: datetime = NOW + 7 * DAY, amount: int = 3) -> Item:
    return Item(
        action_id=action_id,
        kind="soft delete of a mail cluster",
        what=f"messages like {action_id}",
        why="no policy is for it",
        need=Need.ANSWER,
        incident_id="1",
        incident_url="https://security.microsoft.com/incidents/1",
        deadline=deadline,
        amount=amount,
    )


def a_member(action_id: str = "action-1", *, ended: str = "", **more: Any) -> Member:
    values: dict[str, Any] = {"joined": NOW, "deadline": NOW + 7 * DAY, "need": Need.ANSWER, "amount": 3}
    return Member(action_id=action_id, ended=ended, **(values | more))


def a_page(
    page_id: str = "page-1",
    *members: Member,
    opened: datetime = NOW,
    due: datetime | None = NOW,
    version: int = 0,
    **more: Any,
) -> Page:
    values: dict[str, Any] = {"chain": "secops", "group": "incident:1"}
    return Page(
        id=page_id,
        opened=opened,
        members=members or (a_member(),),
        due=due,
        version=version,
        **(values | more),
    )


def a_notice(
    notice_id: str = "notice-1",
    *,
    page_id: str = "page-1",
    channel: str = "teams",
    occasion: Occasion = Occasion.PAGE,
    urgency: Urgency = Urgency.NORMAL,
    at: datetime = NOW,
    event: str = "",
    **more: Any,
) -> Notice:
    values: dict[str, Any] = {
        "key": f"{page_id}:1" if page_id else f"key-{notice_id}",
        "chain": "secops",
        "title": "1 action waits for people",
        "items": (an_item(),),
        "total": 1,
        "step": 1,
    }
    return Notice(
        id=notice_id,
        page_id=page_id,
        channel=channel,
        event=event or f"event-{notice_id}",
        occasion=occasion,
        urgency=urgency,
        at=at,
        **(values | more),
    )


def a_posted(
    notice_id: str = "notice-1",
    *,
    due: datetime | None = NOW,
    delivery: Delivery = Delivery.WAITING,
    attempts: int = 0,
    **more: Any,
) -> Posted:
    return Posted(notice=a_notice(notice_id, **more), due=due, delivery=delivery, attempts=attempts)
