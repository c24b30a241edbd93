"""Decisions of the history: say only what matters, the rest is ordinary."""

from datetime import timedelta
from typing import Any

import msgspec

from agent.model.decision import Verb
from agent.model.history import Decided, Decider, Ending
from agent.model.pending import ActionKind
from tests.makers import NOW

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
A, R, E = Verb.APPROVE, Verb.REJECT, Verb.ESCALATE


def a_row(hours: float = 0, **more: Any) -> Decided:
    usual = Decided(
        at=NOW + hours * HOUR, action_id="a", number=1, kind=ActionKind.SOFT_DELETE_CLUSTER, incident_id="1",
        first_seen=NOW, deadline=NOW + WEEK, verb=A, by=Decider.POLICIES, policies=("p",),
    )  # fmt: skip
    return msgspec.structs.replace(usual, **more)


def by_people(verb: Verb, hours: float = 2, **more: Any) -> Decided:
    return a_row(hours, verb=verb, by=Decider.PEOPLE, people=("Eve",), policies=(), **more)


def over(status: str = "declined", hours: float = 2, **more: Any) -> Decided:
    ended = {
        "verb": None,
        "by": Decider.ELSEWHERE,
        "ended": Ending.ELSEWHERE,
        "policies": (),
        "status": status,
    }
    return a_row(hours, **(ended | more))
