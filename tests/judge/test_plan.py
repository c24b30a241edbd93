"""What is still missing to carry a decision out."""

from datetime import datetime, timedelta

import msgspec
import pytest

from agent.judge.plan import plan
from agent.judge.plans.means import Means, Present
from agent.model.decision import Verb
from agent.model.defender import Mail
from agent.model.enactment import Cover, EffectKind, Pair, Plan, Way, Went
from agent.model.pending import ActionKind
from tests.judge.test_track import a_decision
from tests.makers import NOW, a_copy, an_action, some_mail

MEANS = Means(targets_per_call=100, observes=False)


def planned(
    mail: Mail | None,
    covered: dict[Pair, Cover] | None = None,
    means: Means = MEANS,
    verb: Verb = Verb.APPROVE,
    at: datetime = NOW,
) -> Plan:
    action = an_action()
    decision = msgspec.structs.replace(a_decision(action, verb), at=at)
    present = Present(mail=mail, covered={EffectKind.SOFT_DELETE: covered or {}})
    return plan(decision, action, present, means)


def test_only_copies_in_a_mailbox_are_deleted_and_each_once() -> None:
    mail = some_mail(
        a_copy(1),
        a_copy(1, recipient="ANNA@contoso.example"),
        a_copy(2, location="quarantine"),
        a_copy(3, location="junkFolder"),
        a_copy(4, location="others"),
    )

    effects = planned(mail).effects

    assert [t for effect in effects for t in effect.targets] == [a_copy(1).pair, a_copy(3).pair]


@pytest.mark.parametrize(("copies", "sizes"), [(100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_a_call_takes_a_bounded_number_of_messages(copies: int, sizes: list[int]) -> None:
    effects = planned(some_mail(*(a_copy(n) for n in range(copies)))).effects

    assert [len(effect.targets) for effect in effects] == sizes
    assert len({effect.id for effect in effects}) == len(sizes)


def test_what_was_sent_before_is_not_sent_again() -> None:
    cover = Cover(action_id="other", effect_id="e", intended_at=NOW - timedelta(minutes=5))

    plan = planned(some_mail(a_copy(1), a_copy(2)), {a_copy(1).pair: cover})

    assert [effect.targets for effect in plan.effects] == [(a_copy(2).pair,)]
    assert "1 more were sent before" in plan.why


@pytest.mark.parametrize(
    ("minutes", "way", "duplicate"),
    [(59, Way.REMEDIATE, "other"), (60, Way.REMEDIATE, "other"), (61, Way.HAND_OFF, None)],
)
def test_an_approval_of_the_last_hour_is_not_repeated(minutes: int, way: Way, duplicate: str | None) -> None:
    cover = Cover(action_id="other", effect_id="e", intended_at=NOW - timedelta(minutes=minutes))

    plan = planned(some_mail(a_copy(1)), {a_copy(1).pair: cover})

    assert (plan.way, plan.duplicate_of, plan.effects) == (way, duplicate, ())


def test_unresolved_messages_are_handed_off_with_the_reason() -> None:
    mail = Mail(messages=(a_copy(1),), unresolved=frozenset({"x"}), why="hunting is not granted")

    plan = planned(mail)

    assert (plan.way, plan.why, plan.effects) == (Way.HAND_OFF, "hunting is not granted", ())


def test_a_copy_in_an_unknown_place_is_handed_off() -> None:
    assert planned(some_mail(a_copy(1), a_copy(2, location=None))).way is Way.HAND_OFF


def test_a_missing_permission_is_handed_off_but_observed_as_if_it_were_there() -> None:
    missing = msgspec.structs.replace(
        MEANS, missing={EffectKind.SOFT_DELETE: "grant SecurityAnalyzedMessage.ReadWrite.All"}
    )

    acting = planned(some_mail(a_copy(1)), means=missing)
    watching = planned(some_mail(a_copy(1)), means=msgspec.structs.replace(missing, observes=True))

    assert (acting.way, acting.why) == (Way.HAND_OFF, "grant SecurityAnalyzedMessage.ReadWrite.All")
    assert [effect.went for effect in watching.effects] == [Went.OBSERVED]


@pytest.mark.parametrize(("verb", "way"), [(Verb.REJECT, Way.ADVISORY), (Verb.ESCALATE, Way.ASK)])
def test_other_decisions_send_nothing(verb: Verb, way: Way) -> None:
    plan = planned(some_mail(a_copy(1)), verb=verb)

    assert (plan.way, plan.effects) == (way, ())


def test_mail_that_is_gone_leaves_nothing_to_delete() -> None:
    plan = planned(some_mail(a_copy(1, location="others")))

    assert (plan.way, plan.effects) == (Way.REMEDIATE, ())
    assert "nothing left" in plan.why


def test_what_no_documented_api_carries_out_is_handed_off_by_its_name() -> None:
    action = msgspec.structs.replace(an_action(), kind=ActionKind.BLOCK_URL)

    made = plan(a_decision(action, Verb.APPROVE), action, Present(), MEANS)

    assert (made.way, made.effects) == (Way.HAND_OFF, ())
    assert made.why == "no documented API carries out `blockUrl`: a person approves it in Defender"


def test_what_this_action_sent_itself_and_is_still_there_is_not_sent_again() -> None:
    action = an_action()
    ours = Cover(action_id=action.id, effect_id="e", intended_at=action.first_seen)

    made = planned(some_mail(a_copy(1)), {a_copy(1).pair: ours})

    assert (made.way, made.effects) == (Way.REMEDIATE, ())
    assert made.why == "1 copy was sent before and is not sent again"


def test_what_this_action_sent_in_an_earlier_week_and_lies_there_again_is_a_person_s() -> None:
    action = an_action()
    before = Cover(
        action_id=action.id, effect_id="e", intended_at=action.first_seen - timedelta(microseconds=1)
    )

    made = planned(some_mail(a_copy(1), a_copy(2)), {a_copy(1).pair: before, a_copy(2).pair: before})

    assert (made.way, made.effects) == (Way.HAND_OFF, ())
    assert made.why == (
        "2 copies were sent in an earlier week and are in mailboxes: a deletion is never sent twice, so a person has to look"
    )
