"""Some days in which people decide by known rules: the report says of each action what the simulator knows, and nothing else."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from agent.judge.promotion.bar import Checks, bar_of, compares
from agent.model.decision import Verb
from agent.model.policy import Part, Policy
from agent.model.promotion import Bar, Evidence
from agent.model.report import Compared, Standing
from agent.model.truth import Source, Unknown
from agent.simulator.nouns import Fate, Judgement
from tests.month.expecting import differences, tally
from tests.month.living import WEEK, Remains, remains

BAR = Bar(actions=3, looser=0, days=7)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Remains:
    """Some days that are lived once, for all tests."""
    return asyncio.run(remains(WEEK, tmp_path_factory.mktemp("month")))


def judged(left: Remains) -> dict[str, tuple[Judgement, Compared]]:
    """Return what people did with each action, and what is said of it, by its alert and evidence."""
    said = {(one.action_id, one.first_seen): one for one in left.would_be}
    return {
        f"{one.judgement.alert_id}/{one.judgement.evidence}": (one.judgement, said[place])
        for place, one in left.expects.items()
    }


def test_observing_writes_nothing_at_all(left: Remains) -> None:
    state = left.life.state

    assert left.life.writes == []
    assert (state.applied, state.remediations, state.sent) == (Counter(), [], [])


def test_no_pass_had_a_problem_and_every_kind_of_fate_is_there(left: Remains) -> None:
    fates = {one.judgement.fate for one in left.expects.values()}

    assert [one.problems for one in left.life.passes if one.problems] == []
    assert fates == set(Fate)
    assert len(left.expects) >= 70


def test_the_report_says_of_every_action_what_the_simulator_knows(left: Remains) -> None:
    assert differences(left.expects, left.would_be) == []


def test_the_total_and_each_policy_are_counted_as_the_simulator_counts_them(left: Remains) -> None:
    named = {policy for one in left.would_be for policy in one.policies}

    assert left.would.total.tally == tally(left.expects, left.would_be)
    assert {one.name for one in left.would.policies} == named
    for group in left.would.policies:
        assert group.tally == tally(left.expects, left.would_be, group.name), group.name


def test_why_people_are_not_known_to_have_decided_is_counted_as_the_simulator_counts_it(
    left: Remains,
) -> None:
    unknown = Counter(str(one.unknown) for one in left.expects.values() if one.unknown is not None)

    told = {name: count for name, count in left.would.undecided.items() if name not in {"left", "unjudged"}}

    assert told == dict(unknown)


def test_what_people_approved_is_untold_where_no_row_came_and_never_guessed(left: Remains) -> None:
    silent = [
        said for one, said in judged(left).values() if one.fate is Fate.APPROVED and one.is_silent and one.at
    ]

    assert len(silent) >= 2
    assert {one.unknown for one in silent} == {Unknown.UNTOLD}
    assert {one.standing for one in silent} == {Standing.UNDECIDED}


def test_what_was_cancelled_is_nobodys_yes_and_what_expired_nobodys_no(left: Remains) -> None:
    pairs = list(judged(left).values())

    cancelled = {said.unknown for one, said in pairs if one.fate is Fate.CANCELLED}
    expired = {said.unknown for one, said in pairs if one.fate is Fate.LEFT}

    assert cancelled == {Unknown.UNTOLD}
    assert expired == {Unknown.EXPIRED}


def test_the_looser_ones_are_those_that_people_rejected_by_mistake_or_by_rules_that_no_policy_has(
    left: Remains,
) -> None:
    looser = [one for one, said in judged(left).values() if said.standing is Standing.LOOSER]
    own_rules = {"our own people asked for this survey", "our administrators work with it"}

    assert [one for one in looser if not one.is_mistake and one.rule not in own_rules] == []
    assert any(one.is_mistake for one in looser)
    assert any(one.rule in own_rules for one in looser)


def test_a_decision_that_a_row_tells_bears_who_made_it_and_when(left: Remains) -> None:
    told = [(one, said.truth) for one, said in judged(left).values() if said.truth and said.truth.by]

    assert len(told) > 50
    for one, truth in told:
        assert (truth.by, truth.at, truth.source) == ((one.by,), one.at, Source.AIR)


def test_nothing_is_in_force_that_only_observes(left: Remains) -> None:
    verbs = {one.verb for one in left.in_force_are}
    total = left.in_force.total.tally

    assert verbs <= {Verb.ESCALATE, None}
    assert (total.agreed, total.looser, total.rejected) == (0, 0, 0)
    assert total.actions == left.would.total.tally.actions


def deciding(left: Remains) -> dict[str, tuple[Policy, Evidence]]:
    return {
        name: (policy, found.evidence) for name, (policy, found) in left.found.items() if compares(policy)
    }


def missing(policy: Policy, evidence: Evidence, bar: Bar) -> set[str]:
    """Return what a promotion asks for and does not find of how it compares; its order and its files apart."""
    lines = bar_of(policy, Part(), (), evidence, Checks(), bar, evidence.until)
    return {one.name for one in lines if one.missing}


def test_the_evidence_of_a_promotion_is_what_the_simulator_knows(left: Remains) -> None:
    for name, (_, evidence) in deciding(left).items():
        expected = tally(left.expects, left.would_be, name)
        looser = {
            one.action_id for one in left.would_be if name in one.policies and one.standing is Standing.LOOSER
        }

        assert evidence.tally == expected, name
        assert set(evidence.looser) == looser, name


def test_promoting_is_refused_for_what_is_looser_or_too_few_and_allowed_otherwise(left: Remains) -> None:
    refused: Counter[str] = Counter()
    for name, (policy, evidence) in deciding(left).items():
        counts = tally(left.expects, left.would_be, name)
        expected = {
            *(("compared",) if counts.compared < BAR.actions else ()),
            *(("looser",) if counts.looser > BAR.looser else ()),
        }

        assert missing(policy, evidence, BAR) == expected, name
        refused.update(expected or {"allowed"})

    assert refused["looser"] >= 1
    assert refused["compared"] >= 1
    assert refused["allowed"] >= 1


def test_the_bar_is_met_with_exactly_as_many_actions_and_not_with_one_fewer(left: Remains) -> None:
    policy, evidence = next(
        one for one in deciding(left).values() if one[1].tally.looser == 0 and one[1].tally.compared >= 2
    )
    compared = evidence.tally.compared

    assert missing(policy, evidence, Bar(actions=compared, looser=0, days=7)) == set()
    assert missing(policy, evidence, Bar(actions=compared + 1, looser=0, days=7)) == {"compared"}


def test_the_bar_is_met_with_exactly_as_many_looser_ones_and_not_with_one_more(left: Remains) -> None:
    policy, evidence = max(deciding(left).values(), key=lambda one: one[1].tally.looser)
    looser = evidence.tally.looser

    assert missing(policy, evidence, Bar(actions=1, looser=looser, days=7)) == set()
    assert missing(policy, evidence, Bar(actions=1, looser=looser - 1, days=7)) == {"looser"}


def test_the_bar_is_met_by_as_many_days_as_it_was_observed(left: Remains) -> None:
    policy, evidence = next(iter(deciding(left).values()))
    days = evidence.observed // timedelta(days=1)

    assert "observed" not in missing(policy, evidence, Bar(actions=1, looser=99, days=days))
    assert "observed" in missing(policy, evidence, Bar(actions=1, looser=99, days=days + 1))
