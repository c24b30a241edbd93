"""What observing policies would have approved, how it is planned, and what of all that was given away counts for whom."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.plan import plan
from agent.judge.plans.means import Means, Present
from agent.judge.settle import Around, approved_before, settled, stands
from agent.judge.shadow import counting, shadow_approval, targets_in, was_given
from agent.model.decision import Decision, Ruling, Verb
from agent.model.enactment import WOULD_BE, Cover, Effect, EffectKind, Plan, Record, State, Way, Went
from agent.model.pending import ActionKind
from tests.judge.plans.scenes import (
    ANNA,
    DEVICE,
    SHA1,
    a_device,
    a_rule,
    account_action,
    an_account,
    file_action,
    forwarding,
    planned,
    rules,
)
from tests.judge.test_track import a_decision
from tests.judge.writing import a_judge, decided, facts, policy_file
from tests.makers import NOW, a_copy, an_action, some_mail

H = timedelta(hours=1)
OBSERVING = Means(targets_per_call=100, observes=True)
SHADOW = Means(targets_per_call=100, observes=False, is_shadow=True)
ACTION = an_action()
APPROVES = Ruling(verb=Verb.APPROVE, policies=("watching",), reason="it would")


def an_effect(
    went: Went, *numbers: int, action_id: str = "a", kind: EffectKind = EffectKind.SOFT_DELETE
) -> Effect:
    targets = tuple((f"message-{number}", "anna@contoso.example") for number in numbers)
    return Effect(
        id=f"{went}{numbers}",
        action_id=action_id,
        incident_id="1",
        kind=kind,
        targets=targets,
        went=went,
        intended_at=NOW,
    )


def ruled(**more: object) -> Decision:
    found = a_decision(ACTION, Verb.ESCALATE)
    return msgspec.structs.replace(found, shadow=APPROVES, **more)


def a_cover(by: str = "other", *, ago: timedelta = H / 2) -> Cover:
    return Cover(action_id=by, effect_id="e", intended_at=NOW - ago, is_observed=True)


# Which of what would only have been counts


@pytest.mark.parametrize(
    ("means", "went", "counted"),
    [
        (Means(targets_per_call=1, observes=False), Went.INTENDED, frozenset()),
        (OBSERVING, Went.OBSERVED, frozenset({Went.OBSERVED})),
        (SHADOW, Went.SHADOW, frozenset({Went.SHADOW})),
        (Means(targets_per_call=1, observes=True, is_shadow=True), Went.SHADOW, WOULD_BE),
    ],
)
def test_what_is_carried_out_is_counted_apart_from_what_would_be(
    means: Means, went: Went, counted: frozenset[Went]
) -> None:
    assert (means.went, means.counted) == (went, counted)


@given(st.lists(st.builds(an_effect, st.sampled_from(list(Went)), st.integers(1, 3))))
def test_nothing_real_is_ever_counted_with_what_would_only_have_been(given_away: list[Effect]) -> None:
    found = list(counting(given_away, frozenset()))

    assert found == [one for one in given_away if one.went not in WOULD_BE]


@given(
    st.lists(st.builds(an_effect, st.sampled_from(list(Went)), st.integers(1, 3), st.integers(4, 6))),
    st.sets(st.sampled_from(sorted(WOULD_BE)), min_size=1),
)
def test_what_would_have_been_counts_each_target_of_an_action_once(
    given_away: list[Effect], counted: frozenset[Went]
) -> None:
    found = list(counting(given_away, counted))

    targets = [target for one in found for target in one.targets]
    expected = {
        target
        for one in given_away
        if one.went in counted or one.went not in WOULD_BE
        for target in one.targets
    }
    assert len(targets) == len(set(targets))
    assert set(targets) == expected


def test_two_actions_and_two_kinds_each_count_the_same_target() -> None:
    some = [
        an_effect(Went.OBSERVED, 1),
        an_effect(Went.OBSERVED, 1, action_id="b"),
        an_effect(Went.OBSERVED, 1, kind=EffectKind.MOVE_TO_JUNK),
    ]

    assert list(counting(some, {Went.OBSERVED})) == some


def test_a_target_in_two_calls_is_one_target() -> None:
    both = [
        an_effect(Went.SHADOW, 1, kind=EffectKind.DISABLE_USER),
        an_effect(Went.SHADOW, 1, kind=EffectKind.REVOKE_SESSIONS),
    ]

    assert targets_in(both) == 1


# The approval that it would have been


@pytest.mark.parametrize(
    ("copies", "senders_copy"), [((True, True), True), ((True, False), False), ((False, False), False)]
)
def test_it_is_an_approval_by_those_who_would_have_decided(
    copies: tuple[bool, bool], senders_copy: bool
) -> None:
    files = [
        policy_file(name=name, mode="observe", more=f"remediateSendersCopy: {str(copy).lower()}")
        for name, copy in zip(("p", "q"), copies, strict=True)
    ]
    judge = a_judge(*files)

    found = shadow_approval(
        judge,
        decided(
            judge, facts({"evidence.verdict": "malicious", "cluster.mailboxCount": 3, "cluster.by": "url"})
        ),
    )

    assert found is not None
    assert (found.verb, found.policies, found.senders_copy) == (Verb.APPROVE, ("p", "q"), senders_copy)


@pytest.mark.parametrize("verb", [Verb.REJECT, Verb.ESCALATE])
def test_what_would_not_have_been_approved_is_none(verb: Verb) -> None:
    judge = a_judge(policy_file(name="watching"))
    shadow = msgspec.structs.replace(APPROVES, verb=verb)

    assert shadow_approval(judge, ruled()) is not None
    assert shadow_approval(judge, msgspec.structs.replace(ruled(), shadow=shadow)) is None
    assert shadow_approval(judge, msgspec.structs.replace(ruled(), shadow=None)) is None


@pytest.mark.parametrize(
    ("before", "given"),
    [
        ({"targets": 3}, True),
        ({"targets": None}, False),
        ({"targets": 3, "shadow_guard": "size"}, False),
        ({"targets": 3, "evidence": "other"}, False),
        ({"targets": 3, "shadow": None}, False),
        ({"targets": 3, "shadow": msgspec.structs.replace(APPROVES, policies=("q",))}, False),
    ],
)
def test_it_was_given_once_where_the_same_say_it_of_the_same_evidence_and_nothing_held_it(
    before: dict[str, object], given: bool
) -> None:
    assert was_given(msgspec.structs.replace(ruled(), **before), ruled()) is given
    assert not was_given(None, ruled())


# Plans beside what would have been done


def mail_plan(*covers: tuple[int, Cover], means: Means = OBSERVING) -> Plan:
    covered = {a_copy(number).pair: cover for number, cover in covers}
    present = Present(mail=some_mail(a_copy(1), a_copy(2)), covered={EffectKind.SOFT_DELETE: covered})
    return plan(a_decision(ACTION, Verb.APPROVE), ACTION, present, means)


@pytest.mark.parametrize("ago", [H / 2, 3 * H])
def test_what_another_would_have_taken_is_leaned_on_however_long_ago(ago: timedelta) -> None:
    found = mail_plan((1, a_cover(ago=ago)), (2, a_cover(ago=ago)))

    assert (found.way, found.effects, found.duplicate_of) == (Way.REMEDIATE, (), "other")
    assert found.why == "2 copies would have been taken by action other"


def test_what_it_would_have_taken_itself_is_planned_again() -> None:
    found = mail_plan((1, a_cover(ACTION.id)), (2, a_cover(ACTION.id)))

    assert [len(effect.targets) for effect in found.effects] == [2]
    assert [effect.went for effect in found.effects] == [Went.OBSERVED]


def test_what_stands_beside_covers_too() -> None:
    beside = {EffectKind.SOFT_DELETE: {a_copy(1).pair: a_cover()}}
    present = Present(mail=some_mail(a_copy(1), a_copy(2)), beside=beside)

    found = plan(a_decision(ACTION, Verb.APPROVE), ACTION, present, SHADOW)

    assert [effect.targets for effect in found.effects] == [(a_copy(2).pair,)]
    assert [effect.went for effect in found.effects] == [Went.SHADOW]


def test_what_another_would_have_done_to_a_rule_a_file_or_an_account_is_a_person_s() -> None:
    user = (ANNA, "")
    for action, found, kind, target in (
        (forwarding(), rules(a_rule()), EffectKind.DISABLE_RULE, ("rule-1", ANNA)),
        (file_action(), a_device(), EffectKind.QUARANTINE_FILE, (SHA1, DEVICE)),
        (account_action(), an_account(), EffectKind.DISABLE_USER, user),
        (account_action(ActionKind.REVOKE_USER_SESSIONS), an_account(), EffectKind.REVOKE_SESSIONS, user),
    ):
        others = planned(action, found, OBSERVING, {kind: {target: a_cover()}})
        its_own = planned(action, found, OBSERVING, {kind: {target: a_cover(action.id)}})

        assert others.way is Way.HAND_OFF
        assert others.why.startswith("action other would have done this before")
        assert its_own.effects


# What stands


def a_record(decision: Decision, planned_then: Plan) -> Record:
    return Record(action=ACTION, state=State.DECIDED, due=None, decision=decision, plan=planned_then)


OBSERVED = msgspec.structs.replace(a_decision(ACTION, Verb.APPROVE), is_observed=True)
PLANNED = mail_plan()
LEANS = mail_plan((1, a_cover()), (2, a_cover()))


@pytest.mark.parametrize(
    ("decision", "intended", "was"),
    [
        (OBSERVED, PLANNED, True),
        (msgspec.structs.replace(OBSERVED, is_observed=False), PLANNED, False),
        (msgspec.structs.replace(OBSERVED, grounds="other"), PLANNED, False),
        (OBSERVED, LEANS, False),
    ],
)
def test_what_was_approved_while_observing_is_not_guarded_again(
    decision: Decision, intended: Plan, was: bool
) -> None:
    assert approved_before(a_record(OBSERVED, PLANNED), decision, intended) is was
    real = msgspec.structs.replace(OBSERVED, is_observed=False)
    assert not approved_before(a_record(real, PLANNED), decision, intended)
    never = msgspec.structs.replace(a_record(OBSERVED, PLANNED), decision=None, plan=None)
    assert not approved_before(never, decision, intended)


@pytest.mark.parametrize(
    ("changed", "still"),
    [
        ({}, True),
        ({"shadow_guard": "actions_per_hour"}, True),
        ({"targets": 7}, True),
        ({"is_observed": False}, False),
        ({"shadow": APPROVES}, False),
    ],
)
def test_amounts_of_the_moment_are_no_news_and_another_say_is(
    changed: dict[str, object], still: bool
) -> None:
    before = msgspec.structs.replace(OBSERVED, targets=3)
    anew = msgspec.structs.replace(before, **changed)

    assert stands(a_record(before, PLANNED), anew, PLANNED, observes=True) is still


@pytest.mark.parametrize(("guard", "still"), [("size", True), ("radius", False), (None, False)])
def test_a_guard_that_lets_go_of_what_would_be_approved_is_news(guard: str | None, still: bool) -> None:
    before = msgspec.structs.replace(OBSERVED, shadow=APPROVES, shadow_guard="size", targets=3)
    anew = msgspec.structs.replace(before, shadow_guard=guard)

    assert stands(a_record(before, PLANNED), anew, PLANNED, observes=True) is still


def test_a_record_of_an_older_agent_is_told_its_targets_once() -> None:
    before = a_record(OBSERVED, PLANNED)

    anew = msgspec.structs.replace(OBSERVED, targets=2)

    assert not stands(before, anew, PLANNED, observes=True)


@pytest.mark.parametrize(("ago", "wait"), [(H / 2, H / 2 + timedelta(seconds=1)), (2 * H, 12 * H)])
def test_a_duplicate_of_what_would_have_been_is_judged_anew_after_its_hour_and_then_as_what_waits_is(
    ago: timedelta, wait: timedelta
) -> None:
    covered = {EffectKind.SOFT_DELETE: {a_copy(1).pair: a_cover(ago=ago)}}
    around = Around(now=NOW, observes=True, covered=covered)

    record = settled(a_record(OBSERVED, PLANNED), OBSERVED, LEANS, (), around)

    assert (record.state, record.due) == (State.DEDUPLICATED, NOW + wait)
