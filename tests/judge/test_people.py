"""Decisions by people, and by chains that nobody answered."""

import pytest
from msgspec.structs import replace

from agent.judge.bind import offer_of
from agent.judge.people import approved, by, grant, lapsed, rejected
from agent.judge.plan import LAPSED, plan
from agent.judge.plans.means import Means, Present, ask_people
from agent.judge.plans.narrow import narrowed
from agent.model.decision import Answered, Classification, Guarded, Lapse, Verb
from agent.model.enactment import EffectKind, Plan, Record, State, Way
from tests.judge.test_count import an_escalation
from tests.makers import NOW, an_action
from tests.persons import PAIRS, an_offer

EVE = Answered(object_id="eve", name="Eve", at=NOW, verb=Verb.APPROVE, reason="phish", grant="role:Lead")
FAY = replace(EVE, object_id="fay", name='Fay "the boss"', grant="user:fay", targets=PAIRS[:2])
ASKED = replace(an_escalation(2), held=(Guarded(guard="size", words="too large"),), escalation="secops")
RULED = replace(an_escalation(0), classifications=(Classification(classification="truePositive"),))
LAPSE = Lapse(at=NOW, chain="secops", decide="handOff", grounds="g")


def test_people_approve_by_name_with_their_reason_and_right() -> None:
    decision = approved(RULED, ASKED, (EVE, FAY))

    assert (decision.verb, decision.guard, decision.policies) == (Verb.APPROVE, None, ())
    assert decision.reason == (
        'Eve (role Lead) approved it: phish; "Fay \\"the boss\\"" (named by the chain) approved 2 targets of it: '
        "phish; policies had left it to people: escalate by `ask-people`"
    )
    assert decision.classifications == (), "what policies would conclude is not what people concluded"
    assert by(decision) == 'Eve, "Fay \\"the boss\\""'


def test_other_answers_are_other_grounds_and_the_same_are_the_same() -> None:
    whole = approved(RULED, ASKED, (EVE,))

    assert whole.grounds == approved(replace(RULED, at=NOW), ASKED, (EVE,)).grounds
    assert len({whole.grounds, approved(RULED, ASKED, (FAY,)).grounds, RULED.grounds}) == 3
    assert whole.grounds != approved(RULED, ASKED, (replace(EVE, targets=PAIRS[:1]),)).grounds
    assert whole.grounds != rejected(RULED, ASKED, (replace(EVE, verb=Verb.REJECT),)).grounds


@pytest.mark.parametrize("guard", ["hold", "brake", "tenant", "audit"])
def test_nobody_passes_what_stops_everything(guard: str) -> None:
    asked = replace(ASKED, held=(*ASKED.held, Guarded(guard=guard, words="it stands")))

    decision = approved(RULED, asked, (EVE,))

    assert (decision.verb, decision.guard) == (Verb.ESCALATE, guard)
    assert decision.reason.startswith(f"held by `{guard}`: it stands; otherwise Eve")
    assert by(decision) == "Eve"


@pytest.mark.parametrize(
    ("decide", "verb", "way"),
    [("handOff", Verb.ESCALATE, Way.HAND_OFF), ("reject", Verb.REJECT, Way.ADVISORY)],
)
def test_a_lapse_is_nobodys_word(decide: str, verb: Verb, way: Way) -> None:
    decision = lapsed(RULED, ASKED, replace(LAPSE, decide=decide))

    planned = plan(decision, an_action(), Present(), Means(targets_per_call=10, observes=False))

    assert (decision.verb, planned.way) == (verb, way)
    assert decision.reason.startswith(
        "nobody answered before the last chance at 2026-11-02 09:00Z: chain `secops`"
    )
    assert by(decision) == "nobody in time (chain `secops`)"
    assert (planned.why == LAPSED) is (way is Way.HAND_OFF)


def test_who_decided_is_named_as_ever_where_policies_did() -> None:
    assert by(RULED) == "ask-people"
    assert by(replace(RULED, policies=())) == "no policy"
    assert grant("user:x") == "named by the chain"


def test_a_plan_is_cut_to_what_enough_people_approved() -> None:
    offered = an_offer(*PAIRS, kind=EffectKind.DISABLE_RULE, before=("1", "2", "3"))
    more = replace(offered.effects[0], id="f", targets=(("other", "place"),), before=())
    planned = Plan(way=Way.REMEDIATE, why="turns off", effects=(*offered.effects, more))

    cut = narrowed(planned, replace(RULED, answered=(EVE, FAY), approvers=2))

    (effect,) = cut.effects
    assert (effect.targets, effect.before) == (PAIRS[:2], ("1", "2"))
    assert cut.why == "turns off, of which people approved 2 of 4 targets: the rest is left alone"


def test_a_plan_stays_whole_where_all_of_it_was_approved() -> None:
    planned = Plan(way=Way.REMEDIATE, why="deletes", effects=an_offer(*PAIRS[:2]).effects)

    assert narrowed(planned, RULED) is planned
    assert narrowed(planned, replace(RULED, answered=(EVE,), approvers=1)) is planned
    assert narrowed(planned, replace(RULED, answered=(FAY,), approvers=1)) is planned
    mail = narrowed(planned, replace(RULED, answered=(replace(FAY, targets=PAIRS[:1]),), approvers=1))
    assert (mail.effects[0].targets, mail.effects[0].before) == (PAIRS[:1], ())


def test_what_is_offered_is_what_a_record_asks_or_is_about_to_do() -> None:
    offered = an_offer(*PAIRS)
    planned = Plan(way=Way.REMEDIATE, why="deletes", effects=offered.effects)
    intended = Record(action=an_action(), state=State.INTENDED, due=None, decision=RULED, plan=planned)

    assert offer_of(replace(intended, plan=replace(ask_people(), offered=offered))) is offered
    assert offer_of(intended) == replace(offered, why="deletes")
    assert offer_of(replace(intended, decision=None)) == replace(offered, policies=())
    assert offer_of(replace(intended, state=State.SENT)) is None
    assert offer_of(replace(intended, plan=None)) is None
