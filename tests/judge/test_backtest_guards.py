"""Guard rails and caps of the tenant in recorded decisions: other policies meet the same ones."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from agent.model.backtest import Flip
from agent.model.decision import Guarded, Unit, Verb, Weighed
from agent.model.past import Judged
from tests.judge.test_backtest import HOUR, MINUTE, a_set, fates, judged, looked
from tests.judge.writing import NOW, policy_file

WIDER = policy_file("evidence.verdict: {in: [malicious, suspicious]}", name="wider")


def cap(spent: int, *, count: int = 3, unit: Unit = Unit.ACTIONS, asked: int = 1) -> Weighed:
    return Weighed(
        policy="", unit=unit, count=count, window=HOUR, spent=spent, asked=asked, cap=f"{unit}_per_hour"
    )


def held(name: str, *guards: str, at: timedelta = timedelta(0)) -> Judged:
    one = judged(name, Verb.ESCALATE, guard=guards[0], at=NOW + at)
    return msgspec.structs.replace(one, held=tuple(Guarded(guard=guard, words="no") for guard in guards))


def capped(name: str, spent: int, *, at: int = 0, count: int = 3) -> Judged:
    is_over = spent + 1 > count
    return judged(
        name,
        Verb.ESCALATE if is_over else Verb.APPROVE,
        guard="actions_per_hour" if is_over else None,
        weighed=[cap(spent, count=count)],
        at=NOW + at * MINUTE,
    )


def fate_of(decisions: Sequence[Judged], *policies: bytes) -> list[tuple[str, str]]:
    return fates(looked(a_set(*policies), *decisions)[0])


def test_what_a_rail_held_is_held_under_other_policies_too() -> None:
    assert fate_of([held("a", "protected"), held("b", "hold", "size")], policy_file(name="q")) == []


def test_what_a_rail_held_may_be_decided_otherwise_by_other_policies() -> None:
    assert fate_of([held("a", "protected")], policy_file(decide="reject")) == [("held", "reject")]


def test_whom_a_policy_wants_asked_goes_by_the_policies_and_not_by_the_record() -> None:
    assert fate_of([held("a", "approvers")], policy_file()) == [("held", "approve")]
    assert fate_of([judged("a")], policy_file(more="approvers: 2")) == [("approve", "held")]
    assert fate_of([held("a", "two people", "approvers")], policy_file()) == []


def test_why_it_would_be_held_is_told() -> None:
    (flip,), _ = looked(a_set(policy_file(more="approvers: 2")), judged("a"))

    assert isinstance(flip, Flip)
    assert (flip.after.fate, flip.after.guard) == ("held", "approvers")
    assert [one.guard for one in flip.after.held] == ["approvers"]


def test_the_set_that_met_its_caps_differs_from_the_record_by_nothing() -> None:
    record = [capped(f"a{n}", min(n, 3), at=n) for n in range(8)]

    assert fate_of(record, policy_file()) == []


def test_a_set_that_approves_less_leaves_room_for_others_under_the_same_cap() -> None:
    suspicious = {"evidence.verdict": "suspicious"}
    record = [
        msgspec.structs.replace(
            one, facts=msgspec.structs.replace(one.facts, values=one.facts.values | suspicious)
        )
        if one.action_id == "a0"
        else one
        for one in (capped(f"a{n}", n, at=n) for n in range(4))
    ]

    assert fate_of(record, policy_file()) == [("approve", "escalate"), ("held", "approve")]


def test_a_set_that_approves_more_meets_the_cap_earlier() -> None:
    record = [
        capped("a", 0),
        judged("b", Verb.ESCALATE, (), at=NOW + MINUTE),
        judged("c", Verb.ESCALATE, (), at=NOW + 2 * MINUTE),
        capped("d", 1, at=3),
        judged("e", Verb.ESCALATE, (), at=NOW + 4 * MINUTE),
    ]

    assert fate_of(record, WIDER) == [
        ("escalate", "approve"),
        ("escalate", "approve"),
        ("approve", "held"),
        ("escalate", "held"),
    ]


def test_a_cap_of_messages_is_asked_for_what_the_action_has() -> None:
    told, _ = looked(
        a_set(WIDER),
        judged("a", weighed=[cap(0, count=20, unit=Unit.MESSAGES, asked=12)]),
        judged("b", Verb.ESCALATE, (), at=NOW + MINUTE, messages=9),
    )

    assert fates(told) == [("escalate", "held")]
