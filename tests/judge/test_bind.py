"""An approval is bound to what it was given for."""

from datetime import timedelta

import msgspec
import pytest

from agent.judge.bind import binding, is_planned, void
from agent.model.decision import Decision, Verb
from agent.model.enactment import Effect, EffectKind, Plan, Way, Went
from agent.model.pending import PendingAction
from tests.judge.test_track import a_decision
from tests.makers import NOW, a_cluster, an_action

ACTION = an_action()
DECISION = a_decision(ACTION, Verb.APPROVE)


def a_plan(
    *targets: str, kind: EffectKind = EffectKind.DISABLE_RULE, before: str = "was", bound: str = "b"
) -> Plan:
    effects = tuple(
        Effect(
            id=target,
            action_id="a",
            incident_id="1",
            kind=kind,
            targets=((target, "place"),),
            before=(before,) if before else (),
            intended_at=NOW,
        )
        for target in targets
    )
    return Plan(way=Way.REMEDIATE, why="as planned", effects=effects, binding=bound)


CHANGES: dict[str, tuple[Decision, PendingAction]] = {
    "tenant": (DECISION, msgspec.structs.replace(ACTION, tenant_id="another")),
    "deadline": (DECISION, msgspec.structs.replace(ACTION, deadline=ACTION.deadline - timedelta(seconds=1))),
    "verdict": (DECISION, an_action(a_cluster(verdict="suspicious"))),
    "messages": (DECISION, an_action(a_cluster(messages=4))),
    "another cluster": (DECISION, an_action(a_cluster(query="q"))),
    "policies": (msgspec.structs.replace(DECISION, revision="another"), ACTION),
    "verb": (msgspec.structs.replace(DECISION, verb=Verb.REJECT), ACTION),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_changes_unbinds(name: str) -> None:
    decision, action = CHANGES[name]

    assert binding(decision, action) != binding(DECISION, ACTION)


def test_the_policies_in_force_are_those_that_are_named() -> None:
    assert binding(DECISION, ACTION, revision=DECISION.revision) == binding(DECISION, ACTION)
    assert binding(DECISION, ACTION, revision="another") != binding(DECISION, ACTION)


def test_the_same_is_still_approved() -> None:
    assert void(a_plan("x", "y"), "b", a_plan("y", "x")) == ""


def test_a_target_that_is_gone_voids_nothing_and_one_that_came_does() -> None:
    assert void(a_plan("x", "y"), "b", a_plan("x")) == ""
    assert "1 more would be acted on" in void(a_plan("x"), "b", a_plan("x", "y"))


def test_another_binding_voids() -> None:
    assert "others than when it was approved" in void(a_plan("x"), "c", a_plan("x"))


def test_a_target_that_was_changed_voids_but_mail_may_lie_elsewhere() -> None:
    mail = EffectKind.SOFT_DELETE

    assert "was changed since" in void(a_plan("x"), "b", a_plan("x", before="is"))
    assert "was changed since" in void(a_plan("x"), "b", a_plan("x", before=""))
    assert void(a_plan("x", kind=mail, before="inbox"), "b", a_plan("x", kind=mail, before="junk")) == ""


def test_the_same_target_by_another_effect_is_one_more() -> None:
    again = a_plan("x", kind=EffectKind.DISABLE_USER)

    assert "1 more" in void(a_plan("x"), "b", again)


@pytest.mark.parametrize(
    "again",
    [Plan(way=Way.HAND_OFF, why="the mailbox is gone"), Plan(way=Way.REMEDIATE, why="the mailbox is gone")],
)
def test_what_cannot_or_need_not_be_done_any_more_is_void_with_that_reason(again: Plan) -> None:
    assert void(a_plan("x"), "b", again) == "the mailbox is gone"


def test_what_stands_to_be_sent_is_what_was_planned() -> None:
    approved = a_plan("one")
    (effect,) = approved.effects
    change = msgspec.structs.replace
    stray = change(effect, id="stray")

    assert is_planned(approved, [])
    assert is_planned(approved, [effect])
    assert is_planned(approved, [effect, change(stray, went=Went.DONE), change(stray, undoes="one")])
    assert not is_planned(approved, [effect, stray])
    assert not is_planned(approved, [change(effect, targets=(*effect.targets, ("two", "place")))])
    assert not is_planned(approved, [change(effect, senders_copy=True)])
    assert not is_planned(approved, [change(effect, kind=EffectKind.ENABLE_RULE)])
