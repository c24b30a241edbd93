"""Reports are held to a simple way of working them out, over histories that chance has chosen."""

from collections import Counter
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.report.agreeing import Agreeing
from agent.judge.report.compare import comparisons
from agent.judge.report.counting import Counting
from agent.model.history import Decided, Decider, Ending
from agent.model.pending import ActionKind
from agent.model.report import Asked, Lens, Report, Tally
from agent.model.truth import Truth, Unknown
from tests.judge.decided import HOUR, WEEK, A, E, R, a_row, by_people, over
from tests.judge.report.compared import a_truth, asked
from tests.judge.report.naive import counted
from tests.makers import NOW

HOURS = st.sampled_from((0, 1, 2, 3, 50, 166, 167, 168))
POLICIES = st.sampled_from(((), ("p",), ("p", "q"), ("q",)))
VERBS = st.sampled_from((A, R, E))
GUARDS = st.sampled_from((None, None, "size", "caps"))


@st.composite
def rows(draw: st.DrawFn) -> Decided:
    hours = draw(HOURS)
    verb, what = (
        draw(VERBS),
        draw(st.sampled_from(("policies", "policies", "guard", "people", "held", "ended"))),
    )
    week = draw(st.sampled_from((0, 0, 0, 1)))
    shadow = draw(st.sampled_from((None, None, A, R, E)))
    more: dict[str, Any] = {
        "action_id": draw(st.sampled_from("abcd")),
        "at": NOW + week * WEEK + hours * HOUR,
        "first_seen": NOW + week * WEEK,
        "deadline": NOW + (week + 1) * WEEK,
    }
    more["kind"] = ActionKind.DISABLE_USER if more["action_id"] == "d" else ActionKind.SOFT_DELETE_MESSAGE
    ours = {
        "policies": draw(POLICIES), "shadow": shadow, "shadow_policies": draw(POLICIES) if shadow else (),
        "shadow_guard": draw(GUARDS) if shadow is A else None, "targets": draw(st.sampled_from((None, 3, 5))),
    }  # fmt: skip
    match what:
        case "policies":
            return a_row(verb=verb, **(more | ours))
        case "guard":
            return a_row(verb=E, by=Decider.GUARD, guard="size", **(more | ours))
        case "people":
            return by_people(A if verb is E else verb, **(more | {"answered": more["at"]}))
        case "held":
            return msgspec.structs.replace(by_people(E, **more), by=Decider.GUARD, guard="caps")
    if draw(st.booleans()):
        return over("pendingApproval", **(more | {"by": Decider.NOBODY, "ended": Ending.EXPIRED}))
    return over(draw(st.sampled_from(("declined", "remediated", "cancelled"))), **more)


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    seen = NOW + draw(st.integers(0, 1)) * WEEK
    verb = draw(st.sampled_from((A, R, None)))
    why = draw(st.sampled_from([*Unknown])) if verb is None else None
    return a_truth(
        verb, unknown=why, action_id=draw(st.sampled_from("abcd")), first_seen=seen,
        at=seen + draw(HOURS) * HOUR,
    )  # fmt: skip


HISTORIES = st.lists(rows(), max_size=14).map(
    lambda found: sorted(found, key=attrgetter("action_id", "first_seen", "at"))
)
TRUTHS = st.lists(truths(), max_size=4, unique_by=lambda one: (one.action_id, one.first_seen))
ASKED = st.builds(
    lambda since, length, lens, policies: asked(since, since + length, lens=lens, policies=policies),
    st.integers(-50, 300),
    st.integers(0, 400),
    st.sampled_from(Lens),
    st.sampled_from(((), (), ("p",), ("q", "none"))),
)


def reported(history: list[Decided], known: list[Truth], what: Asked) -> Report:
    counting = Counting(what)
    for action_id, some in groupby(history, key=attrgetter("action_id")):
        for one in comparisons(some, [truth for truth in known if truth.action_id == action_id]):
            counting.take(one)
    return counting.report()


def told(tally: Tally) -> Counter[str]:
    return +Counter(
        {
            "agreed approve": tally.both_approved,
            "agreed reject": tally.agreed - tally.both_approved,
            "looser": tally.looser,
            "rejected": tally.rejected,
            "left": tally.left,
            "undecided": tally.undecided,
        }
    )


@settings(max_examples=150)
@given(HISTORIES, TRUTHS, ASKED)
def test_a_report_says_what_a_simple_one_does(
    history: list[Decided], known: list[Truth], what: Asked
) -> None:
    found, wanted = reported(history, known, what), counted(history, known, what)

    groups = (*found.policies, *found.kinds, *(one for one in found.weeks if one.tally.actions))
    otherwise = found.counterfactuals
    assert told(found.total.tally) == wanted["total"]
    assert told(found.in_force.tally) == wanted["in_force"]
    assert found.undecided == wanted["whys"]
    assert {one.name: told(one.tally) for one in groups} == wanted["groups"]
    assert otherwise.held == wanted["held"]
    assert (otherwise.saved, otherwise.saved_of) == (wanted["saved"], wanted["saved_of"])
    assert sum(otherwise.saved_steps) == otherwise.saved_of
    assert otherwise.messages == wanted["messages"]
    assert (otherwise.expired, otherwise.expired_otherwise) == wanted["expired"]


@settings(max_examples=60)
@given(HISTORIES, TRUTHS, st.integers(-50, 300))
def test_pages_say_what_a_report_does(history: list[Decided], known: list[Truth], since: int) -> None:
    what = asked(since)
    agreeing = Agreeing(what)
    for row in sorted(history, key=attrgetter("at")):
        agreeing.look(row)
    agreeing.know({name: tuple(one for one in known if one.action_id == name) for name in "abcd"})

    found, wanted = agreeing.found(), reported(history, known, what)

    other = reported(history, known, msgspec.structs.replace(what, lens=Lens.IN_FORCE))
    assert (found.would.group, found.in_force.group) == (wanted.total, wanted.in_force)
    assert (found.would.undecided, found.in_force.undecided) == (wanted.undecided, other.undecided)
    assert tuple(found.policies.values()) == wanted.policies
    assert found.actions == wanted.actions
