"""Whose turn it is, in every state."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from agent.faces.next_step import Asked, Who, next_step
from agent.faces.pages import Open
from agent.judge.bind import offer
from agent.model.decision import Verb
from agent.model.enactment import Plan, Record, State, Way
from agent.model.escalation import Acknowledgement
from agent.model.hold import Hold
from tests.faces.records import a_record
from tests.makers import NOW

HOLD = Hold(name="hold", since=NOW, by="Ann", reason="look first")
ASKED = Asked(chain="secops", need=2, have=0)


def asking(state: State = State.ESCALATED, way: Way = Way.REMEDIATE, why: str = "") -> Record:
    found = a_record(state, Verb.ESCALATE, why=why)
    planned = Plan(way=way, why="no API does it" if way is Way.HAND_OFF else "soft delete of 3 copies")
    plan = Plan(way=Way.ASK, why="people decide", offered=offer(found.action, planned, ()))
    return msgspec.structs.replace(found, plan=plan)


def page(**more: Any) -> Open:
    fields: dict[str, Any] = {
        "id": "p", "chain": "secops", "what": "incident 1", "since": NOW, "closed": None, "actions": ("a",),
        "deadline": None, "told": (), "acknowledged": None, "next_due": None, "is_stormy": False,
    }  # fmt: skip
    return Open(**(fields | more))


@pytest.mark.parametrize(
    ("state", "who", "words"),
    [
        (State.SEEN, Who.AGENT, "judges it"),
        (State.ANSWERED, Who.AGENT, "judges it"),
        (State.INTENDED, Who.AGENT, "reads everything again, and sends it"),
        (State.SENT, Who.AGENT, "looks whether it worked"),
        (State.DEDUPLICATED, Who.AGENT, "judges it anew where it is still pending"),
        (State.HANDED_OFF, Who.DEFENDER, "approve it there: the agent cannot carry it out"),
        (State.REJECTED, Who.DEFENDER, "reject it there: it stays pending until somebody does, or the week ends"),
        (State.DECIDED, Who.DEFENDER, "decide it there: the agent only observes"),
        (State.UNKNOWN, Who.DEFENDER, "look there what became of it, and decide what is left"),
        (State.UNVERIFIED, Who.DEFENDER, "look there what became of it, and decide what is left"),
        (State.CONTRADICTED, Who.DEFENDER, "look there what became of it, and decide what is left"),
        (State.REFUSED, Who.DEFENDER, "look there what became of it, and decide what is left"),
        (State.CONFIRMED, Who.NOBODY, "nothing is left to do"),
        (State.SUPERSEDED, Who.NOBODY, "nothing is left to do"),
        (State.EXPIRED, Who.NOBODY, "nothing is left to do"),
        (State.UNDONE, Who.NOBODY, "nothing is left to do"),
        (State.HELD, Who.DEFENDER, "what would be done is not known: it is decided in Defender"),
        (State.ESCALATED, Who.DEFENDER, "what would be done is not known: it is decided in Defender"),
        (State.LAPSED, Who.DEFENDER, "what would be done is not known: it is decided in Defender"),
    ],
)  # fmt: skip
def test_every_state_says_whose_turn_it_is(state: State, who: Who, words: str) -> None:
    found = next_step(a_record(state), None, (), (), NOW)

    assert (found.who, found.words) == (who, words)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (ASKED, "2 people of chain `secops` have to approve it, or one to reject it"),
        (Asked(chain="secops", need=2, have=1), "1 more person of chain `secops` has to approve it, or one to reject it"),
        (Asked(chain="secops", need=1, have=0), "1 person of chain `secops` has to approve it, or one to reject it"),
    ],
)  # fmt: skip
def test_it_says_how_many_people_are_still_needed(asked: Asked, words: str) -> None:
    found = next_step(asking(), asked, (), (), NOW)

    assert (found.who, found.words, found.told) == (Who.HERE, words, "nobody is paged for it now")


def test_without_a_chain_it_is_decided_in_defender() -> None:
    assert next_step(asking(), None, (), (), NOW).who is Who.DEFENDER


def test_what_the_agent_cannot_carry_out_is_approved_in_defender() -> None:
    found = next_step(asking(way=Way.HAND_OFF), ASKED, (), (), NOW)

    assert (found.who, found.words) == (
        Who.DEFENDER,
        "approve it in Defender (no API does it), or reject it here",
    )


def test_what_a_hold_keeps_says_so() -> None:
    assert (
        next_step(a_record(State.INTENDED), None, (), (HOLD,), NOW).words
        == "sends it once nothing holds it any more"
    )


@pytest.mark.parametrize(("early", "who"), [(timedelta(seconds=1), Who.HERE), (timedelta(0), Who.DEFENDER)])
def test_nothing_is_decided_here_once_the_week_is_over(early: timedelta, who: Who) -> None:
    record = asking()

    assert next_step(record, ASKED, (), (), record.action.deadline - early).who is who


@pytest.mark.parametrize(
    ("pages", "told"),
    [
        ((page(closed=NOW),), "nobody is paged for it now"),
        ((page(),), "nobody was told yet"),
        ((page(next_due=NOW + timedelta(minutes=5)),), "nobody was told yet; the next are due in 5m"),
        ((page(acknowledged=Acknowledgement(at=NOW, by="Ann", channel="console", until=NOW)),), "nobody was told yet; Ann has seen it"),
    ],
)  # fmt: skip
def test_it_says_who_was_told(pages: tuple[Open, ...], told: str) -> None:
    assert next_step(asking(), ASKED, pages, (), NOW).told == told
