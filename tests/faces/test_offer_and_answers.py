"""What people are asked and have answered is told so that nobody has to guess, and nothing of an attacker's does anything."""

from datetime import timedelta

import msgspec
from msgspec.structs import replace

from agent.faces.offer_and_answers import answer, asked
from agent.faces.telling import row
from agent.judge.note import line, marker
from agent.judge.people import approved, lapsed
from agent.judge.plan import plan
from agent.judge.plans.means import Means, Present
from agent.judge.worklist import Press, needs_people, worklist
from agent.model.decision import Answered, Lapse, Verb
from agent.model.enactment import Record, State, Way
from tests.judge.test_count import an_escalation
from tests.makers import NOW, an_action
from tests.persons import EVE, OFFER, PAIRS, an_answer, an_offer

MEANS = Means(targets_per_call=10, observes=False)


def a_lapse(decide: str, state: State) -> Record:
    lapse = Lapse(at=NOW, chain="secops", decide=decide, grounds="g")
    decision = lapsed(an_escalation(0), an_escalation(1), lapse)
    planned = plan(decision, an_action(), Present(), MEANS)
    return Record(action=an_action(), state=state, due=None, decision=decision, plan=planned, lapse=lapse)


def test_a_question_says_what_would_be_done_to_what_and_its_digest() -> None:
    told = list(asked(an_offer(*PAIRS, copies=True)))

    assert told[0] == "if people approve: deletes"
    assert told[1] == "  softDelete m0 in user0@contoso.example"
    assert told[-2:] == [
        "  and the sender's own copy of each message",
        f"digest {an_offer(*PAIRS, copies=True).digest}",
    ]


def test_of_many_targets_the_first_are_named_and_the_rest_counted() -> None:
    many = an_offer(*((f"m{number}", "") for number in range(12)))

    told = list(asked(many))

    assert told[1] == "  softDelete m0"
    assert "  and 2 other targets" in told


def test_what_only_defender_can_approve_says_so() -> None:
    offered = msgspec.structs.replace(
        OFFER, way=Way.HAND_OFF, effects=(), why="no documented API carries it out"
    )

    assert (
        next(asked(offered))
        == "only a no counts here; approve it in Defender: no documented API carries it out"
    )


def test_an_answer_says_who_what_when_why_and_until_when() -> None:
    one = an_answer(replace(EVE, name="Eve\u202e"), targets=PAIRS[:1])

    told = answer(one, NOW)

    assert told == (
        '2026-11-02 09:01Z  "Eve\\u202E" (role SecOps.Approver, by command) approved 1 target of it: '
        '"it is phishing"; counts until 2026-11-03 09:00Z'
    )
    assert "; counted until" in answer(one, NOW + timedelta(hours=24))
    assert answer(an_answer(verb=Verb.REJECT), NOW).endswith('rejected it: "it is phishing"')


def test_a_lapse_is_told_as_a_lapse_everywhere() -> None:
    handed, rejected = a_lapse("handOff", State.LAPSED), a_lapse("reject", State.REJECTED)

    for record in (handed, rejected):
        told = row(record, NOW)
        assert told.policy == "nobody in time (chain `secops`)"
        assert told.enactment.startswith("lapsed")
        assert needs_people(record)
        assert line(record, 1000).startswith("lapsed (")
        assert marker(record) in line(record, 1000)
    assert "nobody's no" in row(rejected, NOW).enactment
    assert worklist([handed], NOW)[0].items[0].press is Press.EITHER


def test_people_are_named_where_they_decided_and_while_that_is_on_its_way() -> None:
    by = Answered(object_id="eve", name="Eve", at=NOW, verb=Verb.APPROVE, reason="phish", grant="role:Lead")
    decision = approved(an_escalation(0), an_escalation(1), (by,))
    answered = Record(action=an_action(), state=State.ANSWERED, due=NOW, decision=decision)

    assert row(answered, NOW).policy == "Eve"
    assert not needs_people(answered)
