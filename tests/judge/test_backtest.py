"""Recorded decisions judged by other policies: what flips, by what, within which limits, and what cannot be said."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

import msgspec
import pytest

from agent.judge.compile import compile_set
from agent.judge.parse import parse_set
from agent.judge.past.backtest import Hindsight, in_order
from agent.judge.past.both import Both
from agent.judge.past.unrecorded import possible
from agent.judge.truth import policy_holds
from agent.model.backtest import Fate, Flip, Unsaid
from agent.model.decision import Unit, Verb, Weighed
from agent.model.enactment import Approval
from agent.model.facts import VOCABULARY, Facts, Value
from agent.model.past import Judged
from agent.model.pending import ActionKind
from agent.model.policy import PolicySet
from tests.judge.writing import NOW, TENANT, an_action, decided, list_file, policy_file
from tests.trust import making
from tests.trust.comparing import DEADLINE, by_engine, judge_of

URL: Mapping[str, Value] = {"evidence.verdict": "malicious", "cluster.by": "url", "cluster.mailboxCount": 12}
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def a_set(*policies: bytes, lists: Mapping[str, bytes] | None = None) -> PolicySet:
    return parse_set({**{f"policies/{at}.yaml": data for at, data in enumerate(policies)}, **(lists or {})})


def judged(
    action: str = "a",
    verb: Verb = Verb.APPROVE,
    policies: Sequence[str] = ("p",),
    *,
    values: Mapping[str, Value] = URL,
    messages: int | None = 12,
    at: datetime = NOW,
    guard: str | None = None,
    weighed: Sequence[Weighed] = (),
    deadline: datetime = NOW + timedelta(days=6),
    vocabulary: int = VOCABULARY,
    kind: ActionKind = ActionKind.SOFT_DELETE_CLUSTER,
    is_complete: bool = True,
    number: int = 1,
    revision: str = "r",
) -> Judged:
    rows = None if messages is None else tuple({"inMailbox": True} for _ in range(messages))
    return Judged(
        action_id=action,
        number=number,
        at=at,
        verb=verb,
        guard=guard,
        policies=tuple(policies),
        facts=Facts(
            now=at,
            values={"action.kind": kind.value, "tenant.id": TENANT, "action.deadline": deadline, **values},
            messages=rows,
            messages_complete=is_complete,
            vocabulary=vocabulary,
        ),
        weighed=tuple(weighed),
        grounds="",
        revision=revision,
        git="",
    )


def weighed(spent: int, *, count: int = 20, unit: Unit = Unit.ACTIONS, asked: int = 1) -> Weighed:
    return Weighed(policy="p", unit=unit, count=count, window=HOUR, spent=spent, asked=asked)


def looked(
    after: PolicySet,
    *decisions: Judged,
    before: PolicySet | None = None,
    approvals: Sequence[Approval] | None = None,
    since: datetime | None = None,
    enforces_observers: bool = False,
) -> tuple[list[Flip | Unsaid], Hindsight]:
    hindsight = Hindsight(
        before, after, enforces_observers=enforces_observers, approvals=approvals, since=since
    )
    return [told for one in decisions if (told := hindsight.look(one)) is not None], hindsight


def fates(told: Sequence[Flip | Unsaid]) -> list[tuple[str, str]]:
    return [(one.before.fate, one.after.fate) for one in told if isinstance(one, Flip)]


# Flips


def test_a_decision_that_comes_out_the_same_is_no_flip_whoever_makes_it() -> None:
    told, hindsight = looked(a_set(policy_file(name="other")), judged())

    assert told == []
    assert (hindsight.totals.actions, hindsight.totals.decisions, hindsight.totals.flips) == (1, 1, 0)


@pytest.mark.parametrize(
    ("policies", "fate", "by"),
    [
        ([policy_file(name="p", decide="reject")], Fate.REJECT, ("p",)),
        ([policy_file("evidence.verdict: suspicious", name="p")], Fate.ESCALATE, ("p",)),
        ([policy_file(name="p"), policy_file(name="q", decide="reject")], Fate.ESCALATE, ("q",)),
        ([policy_file(name="q", decide="escalate", more="priority: 5")], Fate.ESCALATE, ("p", "q")),
        ([policy_file("alert.severity: high", name="q")], Fate.ESCALATE, ("p", "q")),
        ([policy_file(name="p", more="limits: {messages: 11/h}")], Fate.HELD, ("p",)),
    ],
)
def test_what_an_approval_becomes_and_by_which_policies(
    policies: list[bytes], fate: Fate, by: tuple[str, ...]
) -> None:
    (flip,), hindsight = looked(a_set(*policies), judged())

    assert isinstance(flip, Flip)
    assert (flip.before.fate, flip.after.fate, flip.by) == (Fate.APPROVE, fate, by)
    assert hindsight.totals.between == {f"approve -> {fate}": 1}
    assert hindsight.totals.by_policy == dict.fromkeys(by, 1)
    assert hindsight.totals.messages_fewer == 12


def test_a_policy_that_changed_under_its_name_is_told_apart_from_itself() -> None:
    before = a_set(
        policy_file("cluster.mailboxCount: {atMost: 200}"), policy_file(name="same", decide="approve")
    )
    after = a_set(
        policy_file("cluster.mailboxCount: {atMost: 10}"), policy_file(name="same", decide="approve")
    )
    only = a_set(policy_file("cluster.mailboxCount: {atMost: 10}"))

    same, _ = looked(after, judged(), before=before)
    (flip,), _ = looked(only, judged(), before=a_set(policy_file("cluster.mailboxCount: {atMost: 200}")))

    assert same == []
    assert isinstance(flip, Flip)
    assert (flip.before.policies, flip.after.policies, flip.by) == (("p",), (), ("p",))


def test_the_record_does_not_matter_where_two_sets_are_compared() -> None:
    told, _ = looked(
        a_set(policy_file(decide="reject")), judged(verb=Verb.ESCALATE), before=a_set(policy_file())
    )

    assert fates(told) == [("approve", "reject")]


def test_an_action_flips_once_at_the_first_decision_that_differs() -> None:
    small = policy_file("cluster.mailboxCount: {atMost: 10}")
    told, hindsight = looked(
        a_set(small),
        judged(values={**URL, "cluster.mailboxCount": 5}),
        judged(at=NOW + HOUR, number=2),
        judged(at=NOW + 2 * HOUR, number=3),
        judged("b", at=NOW + 3 * HOUR),
    )

    assert [(one.action_id, one.number) for one in told] == [("a", 2), ("b", 1)]
    assert (hindsight.totals.actions, hindsight.totals.decisions) == (2, 4)


def test_what_another_set_would_have_held_is_counted_as_held() -> None:
    held = judged(verb=Verb.ESCALATE, guard="limits of p", weighed=[weighed(20)])

    told, hindsight = looked(a_set(policy_file(more="limits: {actions: 21/h}")), held)

    assert fates(told) == [("held", "approve")]
    assert (hindsight.totals.held_more, hindsight.totals.held_fewer) == (0, 1)
    assert hindsight.totals.messages_more == 12


@pytest.mark.parametrize(
    ("left", "fate"), [(timedelta(0), Fate.ESCALATE), (timedelta(seconds=1), Fate.APPROVE)]
)
def test_nothing_is_approved_at_or_after_the_deadline(left: timedelta, fate: Fate) -> None:
    told, _ = looked(a_set(policy_file()), judged(verb=Verb.REJECT, deadline=NOW + left))

    assert fates(told) == [("reject", fate)]


def test_observing_policies_count_where_they_are_treated_so_in_both_sets() -> None:
    observing = a_set(policy_file(mode="observe"))

    as_written, _ = looked(observing, judged())
    treated, _ = looked(observing, judged(), enforces_observers=True)
    both, _ = looked(
        observing, judged(verb=Verb.REJECT), before=a_set(policy_file()), enforces_observers=True
    )

    assert fates(as_written) == [("approve", "escalate")]
    assert treated == both == []


def test_policies_for_other_tenants_and_expired_ones_do_not_count() -> None:
    other = policy_file(more="tenants: [99999999-2222-3333-4444-555555555555]")
    expired = policy_file(more="expires: 2026-08-23")

    assert fates(looked(a_set(other), judged())[0]) == [("approve", "escalate")]
    assert fates(looked(a_set(expired), judged())[0]) == [("approve", "escalate")]


def test_entries_of_lists_count_until_they_end_at_the_moment_of_the_decision() -> None:
    lists = list_file("vip", "{value: ceo@contoso.example, expires: 2026-08-23}")
    guarded = policy_file("recipients: {anyIn: $vip}", decide="reject")
    values = {**URL, "recipients": frozenset({"ceo@contoso.example"})}
    early, late = NOW - timedelta(days=9), NOW

    told, _ = looked(
        a_set(guarded, lists=lists),
        judged("early", values=values, at=early),
        judged("late", values=values, at=late),
    )

    assert fates(told) == [("approve", "reject"), ("approve", "escalate")]


# Limits


def test_the_record_of_what_was_spent_decides_for_the_set_that_made_it() -> None:
    limited = a_set(policy_file(more="limits: {actions: 20/h}"))

    told, _ = looked(
        limited,
        judged("a", weighed=[weighed(19)]),
        judged("b", Verb.ESCALATE, guard="limits of p", weighed=[weighed(20)]),
    )

    assert told == []


def test_what_a_set_approves_more_counts_against_its_own_limit() -> None:
    wider = a_set(policy_file(more="limits: {actions: 22/h}"))
    held = [
        judged(name, Verb.ESCALATE, guard="limits of p", weighed=[weighed(20)], at=NOW + at * MINUTE)
        for at, name in enumerate("abcd")
    ]

    told, _ = looked(wider, *held)

    assert [(one.action_id, *fates([one])[0]) for one in told] == [
        ("a", "held", "approve"),
        ("b", "held", "approve"),
    ]


def test_what_a_set_does_not_approve_leaves_room_for_what_was_held() -> None:
    stricter = a_set(policy_file("cluster.mailboxCount: {atMost: 5}", more="limits: {actions: 20/h}"))
    small = {**URL, "cluster.mailboxCount": 5}

    told, _ = looked(
        stricter,
        judged("large", weighed=[weighed(19)]),
        judged(
            "small", Verb.ESCALATE, guard="limits of p", weighed=[weighed(20)], values=small, at=NOW + MINUTE
        ),
    )

    assert fates(told) == [("approve", "escalate"), ("held", "approve")]


def test_the_difference_is_gone_when_the_window_is() -> None:
    wider = a_set(policy_file(more="limits: {actions: 21/h}"))
    held = [
        judged(name, Verb.ESCALATE, guard="limits of p", weighed=[weighed(20)], at=NOW + at)
        for at, name in ((timedelta(0), "a"), (HOUR, "b"), (HOUR + timedelta(seconds=1), "c"))
    ]

    told, _ = looked(wider, *held)

    assert [one.action_id for one in told] == ["a", "c"]


def test_messages_count_as_recorded_else_as_many_as_were_in_mailboxes() -> None:
    limited = a_set(policy_file(more="limits: {messages: 20/h}"))
    first = judged("a", Verb.ESCALATE, (), weighed=[])
    more = judged("b", Verb.ESCALATE, (), messages=8, at=NOW + MINUTE)
    too_many = judged("c", Verb.ESCALATE, (), messages=1, at=NOW + 2 * MINUTE)

    told, hindsight = looked(limited, first, more, too_many)

    assert fates(told) == [("escalate", "approve"), ("escalate", "approve"), ("escalate", "held")]
    assert (hindsight.totals.messages_more, hindsight.totals.estimated) == (20, 2)


@pytest.mark.parametrize(
    ("decision", "messages", "estimated"),
    [
        (judged(weighed=[weighed(0, unit=Unit.MESSAGES, asked=7)]), 7, 0),
        (judged(messages=3), 3, 1),
        (judged(messages=0), 0, 1),
        (judged(messages=None), 12, 1),
        (judged(messages=None, values={"evidence.verdict": "malicious"}), 1, 1),
        (judged(is_complete=False), 0, 1),
        (judged(kind=ActionKind.QUARANTINE_FILE), 0, 0),
    ],
)
def test_how_many_messages_a_flip_is_about(decision: Judged, messages: int, estimated: int) -> None:
    kinds = "softDeleteCluster, quarantineFile"
    _, hindsight = looked(a_set(policy_file(decide="reject", kinds=kinds)), decision)

    assert (hindsight.totals.messages_fewer, hindsight.totals.estimated) == (messages, estimated)


def test_where_nothing_was_weighed_the_approvals_of_the_ledger_count() -> None:
    limited = a_set(policy_file(more="limits: {actions: 1/h}"))
    earlier = Approval(policy="p", action_id="z", at=NOW - 30 * MINUTE, messages=1)
    long_ago = Approval(policy="p", action_id="z", at=NOW - 61 * MINUTE, messages=1)
    other = Approval(policy="q", action_id="z", at=NOW - 30 * MINUTE, messages=1)
    decision = judged(verb=Verb.ESCALATE, policies=())

    def came(*approvals: Approval) -> list[tuple[str, str]]:
        return fates(looked(limited, decision, approvals=approvals, since=NOW)[0])

    assert came(earlier) == [("escalate", "held")]
    assert came(long_ago, other) == [("escalate", "approve")]


def test_an_approval_that_was_let_go_counts_for_neither_side() -> None:
    limited = a_set(policy_file(more="limits: {actions: 1/h}"))
    let_go = judged("a", weighed=[weighed(0, count=1)])
    fresh = judged("b", Verb.REJECT, (), at=NOW + MINUTE)

    counted, _ = looked(limited, let_go, fresh)
    gone, _ = looked(limited, let_go, fresh, approvals=[])

    assert fates(counted) == [("reject", "held")]
    assert fates(gone) == [("reject", "approve")]


def test_an_action_that_a_set_approves_by_itself_counts_once_however_often_it_was_judged() -> None:
    limited = a_set(policy_file(more="limits: {messages: 30/d}"))
    again = [judged("a", Verb.ESCALATE, (), at=NOW + at * MINUTE, number=at + 1) for at in range(5)]

    told, _ = looked(limited, *again, judged("b", Verb.ESCALATE, (), at=NOW + HOUR))

    assert fates(told) == [("escalate", "approve"), ("escalate", "approve")]


def test_decisions_of_one_moment_are_looked_at_by_their_deadline() -> None:
    later = judged("a", deadline=NOW + 2 * HOUR)
    sooner = judged("b", deadline=NOW + HOUR)

    assert [one.action_id for one in in_order([later, sooner])] == ["b", "a"]


# What cannot be said


def test_a_flip_that_hangs_on_a_fact_that_was_not_recorded_cannot_be_said() -> None:
    guarded = policy_file(unless="- alert.severity: high")

    told, hindsight = looked(a_set(guarded), judged(vocabulary=0))

    (unsaid,) = told
    assert isinstance(unsaid, Unsaid)
    assert unsaid.facts == ("alert.severity", "evidence.verdict")
    assert (unsaid.before, set(unsaid.after)) == ((Fate.APPROVE,), {Fate.APPROVE, Fate.ESCALATE})
    assert unsaid.policies == ("p",)
    assert (hindsight.totals.flips, hindsight.totals.unsaid, hindsight.totals.older) == (0, 1, 1)


def test_it_is_said_where_the_fact_makes_no_difference() -> None:
    below = policy_file("alert.severity: high", name="low", more="priority: -5")
    rejects = policy_file("incident.id: {exists: true}", name="top", decide="reject", more="priority: 9")

    above, _ = looked(a_set(below, rejects), judged(values={**URL, "incident.id": "1"}))
    told, _ = looked(a_set(policy_file("alert.severity: high", decide="escalate")), judged(vocabulary=0))

    assert fates(above) == [("approve", "reject")]
    assert fates(told) == [("approve", "escalate")]


def test_the_same_open_policy_in_both_sets_makes_no_difference() -> None:
    guarded = policy_file(unless="- alert.severity: high")

    told, hindsight = looked(a_set(guarded), judged(vocabulary=0), before=a_set(guarded))

    assert told == []
    assert hindsight.totals.unsaid == 0


def test_whether_a_fact_exists_cannot_be_said_either() -> None:
    told, _ = looked(a_set(policy_file("alert.severity: {exists: false}")), judged(vocabulary=0))

    assert [type(one) for one in told] == [Unsaid]


def test_too_many_open_policies_are_not_guessed_at() -> None:
    many = [policy_file("alert.severity: high", name=f"p{at}") for at in range(6)]

    (unsaid,), _ = looked(a_set(*many), judged(vocabulary=0))

    assert isinstance(unsaid, Unsaid)
    assert len(unsaid.policies) == 6


FED = {
    "policies/lists/vip.yaml": b"list: vip\ntype: addresses\nowner: soc@contoso.example\n"
    b"source: {group: 11111111-2222-3333-4444-555555555555}\nrefresh: 1h\nstale: 1d\n"
}


def test_a_list_that_is_fed_now_and_was_not_then_cannot_be_said() -> None:
    policies = a_set(policy_file("recipients: {noneIn: $vip}"), lists=FED)
    values = {**URL, "recipients": frozenset({"anna@contoso.example"})}
    decision = judged(values=values)

    fetched = judged("b", values={**values, "list.vip.refreshed": NOW - MINUTE})

    assert [type(one) for one in looked(policies, decision)[0]] == [Unsaid]
    assert looked(policies, fetched)[0] == []
    hindsight = Hindsight(None, policies, enforces_observers=False)
    never_fetched = hindsight.look(decision, fed=frozenset({"vip"}))
    assert isinstance(never_fetched, Flip)
    assert never_fetched.after.fate is Fate.ESCALATE


# Properties


def in_time(facts: Facts) -> Facts:
    return msgspec.structs.replace(facts, values={**facts.values, "action.deadline": DEADLINE})


@pytest.mark.parametrize("seed", range(4))
def test_either_side_rules_as_that_set_alone_decides(seed: int) -> None:
    """Policies of both sets share their names, and some of them are the same in both."""
    pick = making.seeded(Random(seed))
    for _ in range(25):
        ours, theirs = making.documents(pick), making.documents(pick)
        theirs = theirs[:1] + ours[1:2] + theirs[2:]
        sets = [parse_set(making.files(some)) for some in (theirs, ours)]
        both = Both(sets[0], sets[1], enforces_observers=False)
        for kind in making.KINDS * 4:
            facts = in_time(making.situation(pick, kind))
            answers = both.answers(kind, making.TENANT, facts)
            for side, some in ((both.before, theirs), (both.after, ours)):
                decision = by_engine(judge_of(some), kind, facts)
                ruled = side.ruled(answers, kind, making.TENANT, facts)
                assert ruled.policies == decision.policies
                assert ruled.verb == decision.verb


@pytest.mark.parametrize("seed", range(4))
def test_a_policy_answers_nothing_that_was_not_thought_possible_without_some_facts(seed: int) -> None:
    chance = Random(seed)
    pick = making.seeded(chance)
    wide = 0
    for _ in range(120):
        policies = parse_set(making.files(making.documents(pick))).policies
        facts = making.situation(pick, making.KINDS[0])
        missing = {name for name in facts.values if chance.random() < 0.3}
        left = {name: value for name, value in facts.values.items() if name not in missing}
        for policy in policies:
            found = possible(policy, msgspec.structs.replace(facts, values=left), missing)
            wide += len(found) > 1

            assert policy_holds(policy, facts) in found
    assert wide > 20


def test_a_decision_of_the_judge_is_what_hindsight_makes_of_its_facts() -> None:
    policies = a_set(policy_file())

    decision = decided(compile_set(policies), judged().facts, action=an_action())

    assert decision.verb is Verb.APPROVE
    assert looked(policies, judged(verb=decision.verb, policies=decision.policies))[0] == []
