"""Which answers count now, and whether they are enough."""

from datetime import timedelta

import msgspec
import pytest

from agent.judge.count import (
    agreed,
    agreed_of,
    answered,
    count,
    grant_of,
    is_enough,
    needed,
    progress,
    why_no_approver,
)
from agent.model.answer import Person
from agent.model.decision import Decision, Verb
from agent.model.enactment import EffectKind, Offer
from agent.model.facts import Facts
from tests.makers import NOW
from tests.persons import (
    EVE,
    FAY,
    GUS,
    OFFER,
    PAIRS,
    ROLE,
    a_chain,
    an_answer,
    an_offer,
    somebody,
    terms,
    with_role,
)

BY_USER = f"user:{EVE.object_id}"
RULE = (("rule", "user-id"),)


def an_escalation(approvers: int) -> Decision:
    return Decision(
        action_id="a",
        at=NOW,
        verb=Verb.ESCALATE,
        policies=("ask-people",),
        reason="escalate by `ask-people`",
        findings=(),
        facts=Facts(now=NOW, values={}),
        grounds="g",
        evidence="e",
        revision="r",
        approvers=approvers,
    )


def test_a_user_who_is_named_needs_no_role() -> None:
    chain = a_chain(roles=(ROLE,), users=(EVE.object_id,))

    assert grant_of(with_role(EVE), chain) == BY_USER
    assert grant_of(FAY, chain) == f"role:{ROLE}"
    assert grant_of(with_role(FAY, "Other"), chain) == ""


@pytest.mark.parametrize(
    ("person", "values", "words"),
    [
        (EVE, {}, ""),
        (EVE, {"chain": None}, "no chain says who may answer"),
        (EVE, {"chain": a_chain(roles=())}, "names nobody who may answer"),
        (with_role(EVE), {}, "it wants SecOps.Approver, and the sign-in has none"),
        (with_role(EVE, "Other"), {}, "and the sign-in has Other"),
        (
            with_role(EVE),
            {"chain": a_chain(roles=(), users=("x",))},
            "it wants to be one of the users that it names",
        ),
        (EVE, {"authors": frozenset({"EVE@Contoso.example"})}, "last to change a policy"),
        (EVE, {"affected": frozenset({"eve@contoso.example"})}, "is affected by it"),
        (EVE, {"affected": frozenset({EVE.object_id})}, "is affected by it"),
        (EVE, {"authors": frozenset({"fay@contoso.example"}), "affected": frozenset({"x"})}, ""),
        (
            EVE,
            {
                "chain": a_chain(not_requester=False),
                "authors": frozenset({"eve@contoso.example"}),
                "affected": frozenset({EVE.object_id}),
            },
            "",
        ),
    ],
)
def test_whose_answer_counts(person: Person, values: dict[str, object], words: str) -> None:
    found = why_no_approver(person, terms(**values))

    assert words in found
    assert bool(found) == bool(words)


def test_as_many_as_the_strictest_asks_for_have_to_approve() -> None:
    undecided = an_escalation(0)

    assert needed(undecided, None) == 1
    assert needed(undecided, a_chain(need=2)) == 2
    assert needed(an_escalation(3), a_chain(need=2)) == 3


def test_the_newest_answer_of_a_person_is_their_only_one() -> None:
    first, second = an_answer(number=1), an_answer(number=2, targets=PAIRS[:1])

    so_far = count(OFFER, [first, second], terms())

    assert so_far.approvals == (second,)


def test_a_person_on_two_ways_is_one_person() -> None:
    by_page = msgspec.structs.replace(an_answer(number=2), via="page")

    so_far = count(OFFER, [an_answer(number=1), by_page], terms())

    assert so_far.approvals == (by_page,)
    assert not is_enough(so_far.approvals, OFFER, 2)


@pytest.mark.parametrize(("minutes", "counts"), [(24 * 60 - 1, True), (24 * 60, False), (24 * 60 + 1, False)])
def test_an_approval_counts_until_it_expires(minutes: int, counts: bool) -> None:
    so_far = count(OFFER, [an_answer()], terms(now=NOW + timedelta(minutes=minutes)))

    assert bool(so_far.approvals) is counts
    assert bool(so_far.lost) is not counts


def test_a_no_beats_a_later_yes_and_an_earlier_one() -> None:
    no = an_answer(FAY, Verb.REJECT, number=2)

    so_far = count(OFFER, [an_answer(number=1), no, an_answer(GUS, number=3)], terms())

    assert (so_far.rejection, so_far.approvals) == (no, ())


def test_a_no_stands_whatever_became_of_whoever_gave_it() -> None:
    no = an_answer(with_role(FAY), Verb.REJECT)

    so_far = count(OFFER, [no], terms(now=NOW + timedelta(days=5), discounted=(1,)))

    assert so_far.rejection == no


def test_what_a_person_discounted_counts_no_more() -> None:
    so_far = count(OFFER, [an_answer(number=4)], terms(discounted=(4,)))

    assert so_far.approvals == ()
    assert "was no approver any more" in so_far.lost[0]


def test_somebody_who_may_not_answer_any_more_does_not_count() -> None:
    so_far = count(OFFER, [an_answer()], terms(chain=a_chain(roles=("Other",))))

    assert so_far.approvals == ()
    assert "is no approver of chain `secops`" in so_far.lost[0]


@pytest.mark.parametrize(
    ("shown", "counts"),
    [
        (OFFER, True),
        (an_offer(*PAIRS, ("more", "gone@contoso.example")), True),
        (an_offer(*PAIRS[:2]), False),
        (an_offer(*PAIRS, copies=True), False),
        (msgspec.structs.replace(OFFER, binding="another"), False),
        (None, False),
    ],
    ids=["the same", "one is gone since", "one came since", "copies then", "another proposal", "nothing"],
)
def test_an_approval_is_bound_to_what_was_shown(shown: Offer | None, counts: bool) -> None:
    so_far = count(OFFER, [an_answer(shown=shown)], terms())

    assert bool(so_far.approvals) is counts
    assert ("answered before it changed" in "".join(so_far.lost)) is not counts


def test_what_a_rule_was_is_part_of_what_was_shown() -> None:
    now = an_offer(*RULE, kind=EffectKind.DISABLE_RULE, before=("{2}",))
    before = an_offer(*RULE, kind=EffectKind.DISABLE_RULE, before=("{1}",))

    assert now.digest != before.digest
    assert count(now, [an_answer(shown=before)], terms()).approvals == ()
    assert count(now, [an_answer(shown=now)], terms()).approvals != ()


def test_where_mail_lies_is_no_part_of_it() -> None:
    inbox, junk = (an_offer(*PAIRS, before=(place,) * 3) for place in ("inbox_folder", "junkFolder"))

    assert inbox.digest == junk.digest


def test_a_no_outlasts_targets_that_come_and_not_another_proposal() -> None:
    no = an_answer(FAY, Verb.REJECT, shown=an_offer(PAIRS[0]))
    other = msgspec.structs.replace(OFFER, binding="another")

    assert count(OFFER, [no], terms()).rejection == no
    assert count(other, [no], terms()).rejection is None
    assert count(OFFER, [an_answer(FAY, Verb.REJECT, shown=None)], terms()).rejection is None


def test_targets_count_that_enough_people_approve() -> None:
    whole = frozenset(PAIRS)

    assert agreed([None, PAIRS[:2]], 2, whole) == frozenset(PAIRS[:2])
    assert agreed([PAIRS[:1], PAIRS[1:]], 2, whole) == frozenset()
    assert agreed_of([an_answer(targets=PAIRS[:1]), an_answer(FAY)], OFFER, 2) == (1, len(PAIRS))
    assert agreed([PAIRS[:1], PAIRS[1:], None], 2, whole) == whole
    assert agreed([(("not", "offered"),)], 1, whole) == frozenset()


def test_two_who_approve_nothing_together_are_not_enough() -> None:
    apart = [an_answer(targets=PAIRS[:1]), an_answer(FAY, number=2, targets=PAIRS[1:])]

    assert not is_enough(apart, OFFER, 2)
    assert "but of no target together" in progress(apart, 2)
    assert progress(apart, 2, is_agreed=True).endswith("): enough")
    assert is_enough(apart, an_offer(), 2), "where nothing is left to do, nothing has to be agreed on"


def test_how_far_it_is_is_told() -> None:
    one = an_answer()

    assert progress([], 2) == ""
    assert progress([one], 2) == "1 of 2 approvals (Eve at 2026-11-02 09:01Z): one more person has to approve"
    assert "1 of 3" in progress([one], 3)
    assert "2 more people have to approve" in progress([one], 3)


def test_a_decision_names_answers_in_the_order_in_which_they_came() -> None:
    told = answered([an_answer(FAY, number=2), an_answer(number=1, targets=PAIRS[:1])])

    assert [(one.name, one.targets) for one in told] == [("Eve", PAIRS[:1]), ("Fay", None)]
    assert somebody("eve") == EVE
