"""Why an answer does not count where nothing waits for one any more, in words for whoever gave it."""

import pytest
from msgspec.structs import replace

from agent.judge.answering import Attempt, Question, is_waiting, why_not
from agent.judge.plans.means import ask_people
from agent.model.decision import Decision, Lapse, Verb
from agent.model.enactment import Plan, Record, State, Undone, Way
from tests.judge.test_count import an_escalation
from tests.makers import NOW, TENANT, a_cluster, an_action
from tests.persons import EVE, OFFER, an_answer, terms

ASKING = Record(
    action=an_action(),
    state=State.ESCALATED,
    due=None,
    decision=an_escalation(0),
    plan=replace(ask_people(), offered=OFFER),
)
UNDONE = Undone(at=NOW, by="bob", reason="wrong mail")


def question(record: Record = ASKING, verb: Verb = Verb.APPROVE, **values: object) -> Question:
    attempt = Attempt(person=EVE, verb=verb, reason="phish", digest=OFFER.digest)
    asked: dict[str, object] = {
        "attempt": attempt,
        "answers": (),
        "terms": terms(),
        "tenant_id": TENANT.upper(),
    }
    return Question(record=record, **(asked | values))  # type: ignore[arg-type]


def lapsed() -> Decision:
    return replace(an_escalation(0), lapsed=Lapse(at=NOW, chain="secops", decide="reject", grounds="g"))


@pytest.mark.parametrize("state", [State.ESCALATED, State.HELD, State.ANSWERED, State.LAPSED])
@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.REJECT])
def test_what_waits_takes_an_answer(state: State, verb: Verb) -> None:
    assert why_not(question(replace(ASKING, state=state), verb)) == ""


def test_what_a_chain_rejected_by_itself_takes_an_answer_and_what_a_policy_rejected_does_not() -> None:
    rejected = replace(ASKING, state=State.REJECTED)

    assert is_waiting(replace(rejected, decision=lapsed()))
    assert not is_waiting(rejected)
    assert not is_waiting(replace(rejected, decision=None))
    assert "to have it approved all the same" in why_not(question(rejected))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"state": State.SUPERSEDED, "why": "Defender shows `declined`"},
            "elsewhere: Defender shows `declined`",
        ),
        ({"state": State.SEEN}, "judged anew"),
        ({"state": State.HANDED_OFF}, "the agent cannot carry it out: decide it in Defender: incident 1"),
        ({"state": State.DECIDED}, "the agent only observes"),
        (
            {"state": State.DEDUPLICATED, "plan": Plan(way=Way.REMEDIATE, why="covered by x")},
            ": covered by x",
        ),
        ({"state": State.DEDUPLICATED, "plan": None, "why": "covered"}, ": covered"),
        ({"state": State.UNDONE, "undone": UNDONE}, 'bob took it back at 2026-11-02 09:00Z: "wrong mail"'),
        ({"state": State.UNDONE}, "it is too late to answer"),
        (
            {"state": State.SENT},
            "its calls have left: it is too late to answer: take it back with `air-agent undo",
        ),
        ({"state": State.UNKNOWN, "decision": None}, "it was never judged"),
        ({"state": State.INTENDED}, "by ask-people at 2026-11-02 09:00Z, and is about to be carried out"),
        ({"state": State.EXPIRED}, "its week ended"),
        (
            {"plan": Plan(way=Way.REMEDIATE, why="deletes"), "why": "approved, but not shown"},
            "approved, but not shown",
        ),
        ({"plan": None}, "what would be done is not known"),
        ({"action": an_action(a_cluster(status="declined"))}, "that it awaits approval (`declined`)"),
    ],
)
def test_what_does_not_wait_says_what_became_of_it(values: dict[str, object], words: str) -> None:
    assert words in why_not(question(replace(ASKING, **values)))


def test_a_no_to_what_is_about_to_leave_counts_until_it_has_left() -> None:
    intended = replace(ASKING, state=State.INTENDED)

    assert why_not(question(intended, Verb.REJECT)) == ""
    assert "it is too late to answer" in why_not(question(intended, Verb.REJECT, has_left=True))


def test_an_approval_that_gave_way_may_be_given_anew_and_one_may_narrow_ones_own() -> None:
    own = an_answer(EVE)
    narrower = Attempt(
        person=EVE,
        verb=Verb.APPROVE,
        reason="phish",
        digest=OFFER.digest,
        targets=OFFER.effects[0].targets[:1],
    )
    two = replace(ASKING, decision=an_escalation(2))

    assert "you approved it at" in why_not(question(two, answers=(own,)))
    assert why_not(question(two, answers=(own,), attempt=narrower)) == ""
    assert why_not(question(two, answers=(own,), terms=terms(discounted=(1,)))) == ""


def test_what_was_never_judged_takes_no_answer() -> None:
    assert "what would be done is not known" in why_not(question(replace(ASKING, decision=None)))
    assert question(replace(ASKING, plan=None)).counted.approvals == ()
