"""Where people were consistent, and where they were not: both sides of each edge."""

from typing import Any

import pytest

from agent.judge.suggest.grouping import LEAST, REVERSIBLE, SURE, found
from agent.judge.undo import INVERSES
from agent.model.decision import Verb
from agent.model.enactment import EffectKind
from agent.model.pending import ActionKind
from agent.model.suggestion import Draft, Found, Why
from tests.decided import CLUSTER, MESSAGE, Decision, a_decided, a_row, consistently, some_facts
from tests.judge.suggest.scenes import a_judge, seen

YES, NO = Verb.APPROVE, Verb.REJECT


def look(*decided: Decision, enough: int = LEAST, **more: Any) -> Found:
    return found(seen(decided, **more), enough, ["present"])


def only(come: Found) -> Draft:
    (draft,) = come.drafts
    return draft


def whys(come: Found) -> list[Why]:
    return [one.why for one in come.left_out]


def mixed(count: int, verb: Verb = YES, *, first: int = 0, **more: Any) -> list[Decision]:
    """Return proposals of two senders, which nothing but their sort is common to."""
    rows = (a_row("one.example"), a_row("two.example"))
    return [
        a_decided(first + n, verb, days=3 + n % 4, facts=some_facts(rows[n % 2], size=n + 1, **more))
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "enough", "why"),
    [(19, 20, Why.TOO_FEW), (20, 20, None), (15, 10, Why.UNSURE), (16, 10, None), (9, 10, Why.TOO_FEW)],
)
def test_there_are_enough_and_they_are_sure_enough(count: int, enough: int, why: Why | None) -> None:
    come = look(*mixed(count), enough=enough)

    assert whys(come) == ([] if why is None else [why])
    assert len(come.drafts) == (why is None)


def test_as_few_as_are_drafted_by_themselves_are_just_sure() -> None:
    assert only(look(*mixed(LEAST))).evidence.rate.low >= SURE
    assert whys(look(*mixed(LEAST - 1), enough=1)) == [Why.UNSURE]


@pytest.mark.parametrize(("hours", "count"), [(0, 0), (24, 1)])
def test_what_was_clicked_through_in_a_day_is_one_decision(hours: float, count: int) -> None:
    decided = [a_decided(n, days=3 + (hours / 24 if n == 0 else 0)) for n in range(20)]

    come = look(*decided)

    assert len(come.drafts) == count
    assert whys(come) == ([] if count else [Why.ONE_DAY])


@pytest.mark.parametrize("verb", [YES, NO])
def test_one_contrary_decision_is_one_too_many(verb: Verb) -> None:
    other = NO if verb is YES else YES

    come = look(*mixed(40, verb), *mixed(1, other, first=90))

    assert Why.DISAGREED in whys(come)
    assert [one.sort.domain for one in come.drafts] == ["two.example"]


def test_a_contrary_decision_counts_also_where_little_is_known_or_a_policy_settles_it() -> None:
    vague = a_decided(90, NO, facts=some_facts(a_row("one.example"), recipients__count=None))
    settled = a_decided(91, NO, facts=some_facts(a_row("two.example"), size=1000))

    assert look(*mixed(40), vague, settled).drafts == ()


def test_what_is_rejected_is_drafted_as_well() -> None:
    draft = only(look(*mixed(20, NO)))

    assert (draft.verb, draft.name) == (NO, "suggested-reject-soft-delete-cluster-url-malicious")


def test_sorts_are_looked_at_apart() -> None:
    come = look(*mixed(20), *mixed(20, NO, first=50, evidence__verdict="suspicious"))

    assert [(one.verb, one.sort.verdict) for one in come.drafts] == [(YES, "malicious"), (NO, "suspicious")]


def test_a_domain_narrows_where_people_disagreed() -> None:
    wanted = [a_decided(n, NO, days=3 + n % 3, facts=some_facts(a_row("news.example"))) for n in range(20)]

    come = look(*wanted, *mixed(5, first=50))

    assert only(come).sort.domain == "news.example"
    assert only(come).bounds.is_dmarc
    assert whys(come) == [Why.DISAGREED, Why.TOO_FEW]
    assert come.left_out[1].words == "2 sender domains, each too seldom"


def test_a_forged_domain_narrows_nothing() -> None:
    """Whoever forges a partner's address must not make a policy for the partner."""
    forged = some_facts(a_row("news.example", dmarc="fail"))
    decided = [a_decided(n, NO, days=3 + n % 3, facts=forged) for n in range(20)]

    come = look(*decided, *mixed(5, first=50))

    assert come.drafts == ()
    assert come.left_out[-1].words == "no sender of them is shown to be who it says"


def test_all_from_one_domain_is_no_more_than_that_domain() -> None:
    assert only(look(*consistently(20))).sort.domain == "harvest.example"


def test_what_is_sent_together_with_others_is_not_the_domains() -> None:
    both = some_facts(a_row("news.example"), a_row("other.example"))
    decided = [a_decided(n, NO, days=3 + n % 3, facts=both) for n in range(20)]

    assert look(*decided, *mixed(5, first=50)).drafts == ()


def test_nothing_larger_than_was_seen() -> None:
    draft = only(look(*mixed(20), *mixed(5, first=50, threats=frozenset({"malware"}))))

    assert draft.bounds.sizes == {"cluster.mailboxCount": 20, "recipients.count": 20}
    assert draft.bounds.words == {"threats": ("malware", "phish"), "directions": ("inbound",)}


def test_words_that_were_not_always_known_are_not_asked_for() -> None:
    assert "threats" not in only(look(*mixed(20), *mixed(5, first=50, threats=None))).bounds.words


def test_limits_are_the_most_within_a_day_both_ends_counted() -> None:
    every_day = [a_decided(n, days=3 + n, facts=some_facts(size=7)) for n in range(20)]
    apart = [a_decided(n, days=3 + n * 1.01, facts=some_facts(size=7)) for n in range(20)]

    assert [
        (only(look(*some)).bounds.actions, only(look(*some)).bounds.messages) for some in (every_day, apart)
    ] == [(2, 14), (1, 7)]


@pytest.mark.parametrize("kind", sorted(set(ActionKind) - REVERSIBLE))
def test_what_cannot_be_taken_back_or_is_unknown_is_not_drafted(kind: ActionKind) -> None:
    come = look(*consistently(20, kind=kind))

    assert (come.drafts, whys(come), come.left_out[0].approved) == ((), [Why.KIND], 20)


@pytest.mark.parametrize("kind", sorted(REVERSIBLE))
def test_what_can_be_taken_back_is(kind: ActionKind) -> None:
    assert only(look(*consistently(20, kind=kind))).sort.kind is kind


def test_what_is_drafted_has_an_inverse() -> None:
    done = {
        ActionKind.SOFT_DELETE_CLUSTER: {EffectKind.SOFT_DELETE},
        ActionKind.SOFT_DELETE_MESSAGE: {EffectKind.SOFT_DELETE},
        ActionKind.DISABLE_FORWARDING: {EffectKind.DISABLE_RULE},
        ActionKind.DISABLE_USER: {EffectKind.DISABLE_USER, EffectKind.DISABLE_ACCOUNT},
    }

    assert done.keys() == REVERSIBLE
    assert all(effects <= INVERSES.keys() for effects in done.values())


def test_what_the_policies_decide_already_is_not_drafted() -> None:
    judge = a_judge(
        "policy: more\ndescription: It is.\nowner: soc@contoso.org\nfor: [softDeleteCluster]\n"
        "match: {evidence.verdict: malicious}\ndecide: approve\nlimits: {actions: 1/h}\n"
    )

    come = look(*mixed(20), judge=judge)

    assert (come.drafts, whys(come), come.left_out[0].words) == ((), [Why.COVERED], "20 by `more`")


def test_what_the_policies_decide_otherwise_is_not_drafted() -> None:
    decided = [a_decided(n, days=3 + n % 4, facts=some_facts(size=1000 + n)) for n in range(20)]

    come = look(*decided)

    assert (whys(come), come.left_out[0].words) == ([Why.RULED], "20 by `present`")


def test_what_is_not_known_of_them_is_said() -> None:
    no_verdict = look(*mixed(20, evidence__verdict=None))
    no_size = look(*mixed(20, cluster__mailboxCount=None))

    assert (whys(no_verdict), whys(no_size)) == ([Why.UNSAID], [Why.UNSAID])
    assert no_size.left_out[0].words == "of 20 not all was known"


def test_names_are_free_whatever_the_case_of_their_letters() -> None:
    taken = ["SUGGESTED-approve-soft-delete-message-malicious-harvest-example"]

    (draft,) = found(seen(consistently(20, kind=MESSAGE)), LEAST, taken).drafts

    assert draft.name == "suggested-approve-soft-delete-message-malicious-harvest-example-2"


def test_the_order_does_not_matter() -> None:
    decided = [*mixed(20), *mixed(20, NO, first=50, evidence__verdict="suspicious")]

    assert look(*decided) == look(*reversed(decided))


def test_evidence_names_how_many_people_and_when() -> None:
    named = [a_decided(n, days=3 + n % 4, by=("Eve", "Bob")[: 1 + n % 2]) for n in range(20)]

    evidence = only(look(*named)).evidence

    assert (evidence.lives, evidence.people, evidence.days, evidence.certain, evidence.imported) == (
        20,
        2,
        4,
        20,
        0,
    )


def test_examples_are_from_the_middle_and_the_largest() -> None:
    lives = {one.action_id: one for one in seen(mixed(21))}
    draft = only(look(*mixed(21)))

    sizes = [lives[action_id].sizes["cluster.mailboxCount"] for action_id, _ in draft.examples]
    assert sizes == [11, 10, 12, 9, 13, 21]
    assert CLUSTER is draft.sort.kind
