"""Pages and notices as people read them: what is open, who was told when and where, and what comes next."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from agent.faces.telling import remaining
from agent.judge.escalation.apart import OF_ALARM, STORM
from agent.judge.quote import counted, moment
from agent.model.escalation import Acknowledgement, Delivery, Page, Posted
from agent.ports.escalation import Pages


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """One notice of a page: through which channel, why, and how far it has come. `why` says what went wrong last."""

    at: datetime
    channel: str
    occasion: str
    step: int
    """How far up the chain it was; 0 where it belongs to no step."""
    delivery: Delivery
    instead_of: str
    attempts: int
    again: datetime | None
    why: str


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """One page, as `escalate list` and `show` tell it. `what` may be an attacker's words."""

    id: str
    chain: str
    what: str
    since: datetime
    closed: datetime | None
    actions: tuple[str, ...]
    """Those that need people still."""
    deadline: datetime | None
    told: tuple[Telling, ...]
    acknowledged: Acknowledgement | None
    """None where nobody has, or where its pause is over."""
    next_due: datetime | None
    is_stormy: bool


async def opened(pages: Pages, page: Page, now: datetime) -> Open:
    """Return what there is to be told of a page."""
    thread = await pages.posted(page.id)
    seen, members = page.acknowledged, page.open_members
    return Open(
        id=page.id,
        chain=page.chain,
        what=_what(page, thread),
        since=page.opened,
        closed=page.closed,
        actions=tuple(member.action_id for member in members),
        deadline=min((member.deadline for member in members), default=None),
        told=tuple(_telling(one) for one in thread),
        acknowledged=seen if seen is not None and now < seen.until else None,
        next_due=page.due,
        is_stormy=page.is_stormy,
    )


def _what(page: Page, thread: Sequence[Posted]) -> str:
    if page.group == STORM:
        return "more than may be told within an hour: told in summaries"
    if thread:
        return thread[-1].notice.title
    if page.group.startswith(OF_ALARM):
        return f"alarm {page.group.removeprefix(OF_ALARM)}"
    is_over = page.closed is not None
    actions = counted(len(page.members if is_over else page.open_members), "action", "actions")
    return f"{page.group.replace(':', ' ', 1)}: {actions}, nobody was told{'' if is_over else ' yet'}"


def _telling(one: Posted) -> Telling:
    notice = one.notice
    return Telling(
        at=one.sent_at or notice.at,
        channel=notice.channel,
        occasion=notice.occasion.value,
        step=notice.step,
        delivery=one.delivery,
        instead_of=notice.instead_of,
        attempts=one.attempts,
        again=one.due,
        why=one.why,
    )


OUTCOMES = {
    Delivery.SENT: "told",
    Delivery.WAITING: "waits for",
    Delivery.GIVEN_UP: "could not be told:",
    Delivery.DROPPED: "needed no more, or told in a digest:",
}


def sentence(one: Telling, now: datetime) -> str:
    """Say whom one notice was for, and how far it has come."""
    instead = f", in place of {one.instead_of}" if one.instead_of else ""
    step = f", step {one.step}" if one.step else ""
    said = f"{moment(one.at)} {OUTCOMES[one.delivery]} {one.channel} ({one.occasion}{step}{instead})"
    if one.delivery is Delivery.WAITING and one.again is not None:
        said += f", {due(one.again, now)}"
    return f"{said}: {one.why}" if one.why else said


def due(at: datetime, now: datetime) -> str:
    """Say when something is due."""
    return "due now" if at <= now else f"due in {remaining(at - now)}"
