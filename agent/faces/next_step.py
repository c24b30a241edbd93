"""A record -> who has to do what next, in words: people here, a person in Defender, the agent, or nobody."""

from datetime import datetime
from enum import StrEnum

import msgspec

from agent.faces.pages import Open, due
from agent.judge.answering import is_waiting
from agent.judge.bind import offer_of
from agent.judge.quote import counted
from agent.judge.track import UNDISPATCHED
from agent.model.enactment import Record, State, Way
from agent.model.hold import Hold


class Who(StrEnum):
    """Whose turn it is."""

    HERE = "people, here"
    DEFENDER = "a person, in Defender"
    AGENT = "the agent"
    NOBODY = "nobody"


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What comes next, and whose turn it is."""

    who: Who
    words: str
    told: str = ""
    """Who of the people was told of it, and when the next are; empty where nobody has to be."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How far a question has come: its chain, how many have to approve, and how many do."""

    chain: str
    need: int
    have: int


def next_step(
    record: Record,
    asked: Asked | None,
    pages: tuple[Open, ...],
    holds: tuple[Hold, ...],
    now: datetime,
) -> Next:
    """Return what comes next.

    Args:
        record: as it stands.
        asked: how far its question has come; None where nothing is asked.
        pages: those that it was ever on.
        holds: what keeps everything from being carried out.
        now: the moment.
    """
    if record.state in UNDISPATCHED and now >= record.action.deadline:
        words = (
            "its week is over: nothing is decided here any more; see in Defender whether it is still shown"
        )
        return Next(who=Who.DEFENDER, words=words)
    if is_waiting(record) and record.state is not State.ANSWERED:
        return _of_people(record, asked, pages, now)
    return _of_state(record, holds, now)


def _of_people(record: Record, asked: Asked | None, pages: tuple[Open, ...], now: datetime) -> Next:
    offered = offer_of(record)
    told = _told(pages, now)
    if offered is None:
        words = f"{record.why or 'what would be done is not known'}: it is decided in Defender"
        return Next(who=Who.DEFENDER, words=words, told=told)
    if offered.way is not Way.REMEDIATE:
        words = f"approve it in Defender ({offered.why}), or reject it here"
        return Next(who=Who.DEFENDER, words=words, told=told)
    if asked is None or not asked.chain:
        return Next(
            who=Who.DEFENDER, words="no chain says who may answer here: it is decided in Defender", told=told
        )
    left = asked.need - asked.have
    nouns = ("more person", "more people") if asked.have else ("person", "people")
    have = "has" if left <= 1 else "have"
    words = (
        f"{counted(max(left, 1), *nouns)} of chain `{asked.chain}` {have} to approve it, or one to reject it"
    )
    return Next(who=Who.HERE, words=words, told=told)


def _told(pages: tuple[Open, ...], now: datetime) -> str:
    """Say who was told and who has seen it, by the newest page that is open."""
    page = next((one for one in pages if one.closed is None), None)
    if page is None:
        return "nobody is paged for it now"
    told = dict.fromkeys(one.channel for one in page.told if one.delivery.value == "sent")
    said = f"told: {', '.join(told)}" if told else "nobody was told yet"
    if page.acknowledged is not None:
        return f"{said}; {page.acknowledged.by} has seen it"
    return f"{said}; the next are {due(page.next_due, now)}" if page.next_due is not None else said


def _of_state(record: Record, holds: tuple[Hold, ...], now: datetime) -> Next:
    again = f", {due(record.due, now)}" if record.due is not None else ""
    match record.state:
        case State.SEEN | State.ANSWERED:
            return Next(who=Who.AGENT, words=f"judges it{again}")
        case State.INTENDED if holds:
            return Next(who=Who.AGENT, words="sends it once nothing holds it any more")
        case State.INTENDED:
            return Next(who=Who.AGENT, words="reads everything again, and sends it")
        case State.SENT:
            return Next(who=Who.AGENT, words=f"looks whether it worked{again}")
        case State.DEDUPLICATED:
            return Next(who=Who.AGENT, words=f"judges it anew where it is still pending{again}")
        case State.HANDED_OFF:
            return Next(who=Who.DEFENDER, words="approve it there: the agent cannot carry it out")
        case State.REJECTED:
            return Next(
                who=Who.DEFENDER,
                words="reject it there: it stays pending until somebody does, or the week ends",
            )
        case State.DECIDED:
            return Next(who=Who.DEFENDER, words="decide it there: the agent only observes")
        case State.UNKNOWN | State.UNVERIFIED | State.CONTRADICTED | State.REFUSED:
            return Next(who=Who.DEFENDER, words="look there what became of it, and decide what is left")
        case State.HELD | State.ESCALATED | State.LAPSED:
            return Next(who=Who.DEFENDER, words="decide it there")
        case State.CONFIRMED | State.SUPERSEDED | State.EXPIRED | State.UNDONE:
            return Next(who=Who.NOBODY, words="nothing is left to do")
