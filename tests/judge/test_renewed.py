"""What was imported stands, until other policies judge or more is known."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from agent.judge.past.afterwards import judged_then
from agent.judge.past.renewed import gives_way, known_before, of_life
from agent.model.decision import Decision
from agent.model.facts import Facts
from agent.model.imported import Imported
from agent.model.pending import LIFETIME, ActionKind
from tests.judge.afterwards import by, imported


def with_facts(one: Imported, **values: object) -> Imported:
    facts: Facts = msgspec.structs.replace(one.decision.facts, **values)
    decision: Decision = replace(one.decision, facts=facts)
    return replace(one, decision=decision)


def test_the_same_judged_again_stands() -> None:
    assert not gives_way(imported(), imported())


def test_other_policies_judge_it_anew() -> None:
    other = imported()
    assert gives_way(other, replace(other, decision=replace(other.decision, revision="another")))


def test_more_that_is_known_of_its_mail_makes_it_give_way_and_less_does_not() -> None:
    whole = imported()
    part = with_facts(whole, messages_complete=False)

    assert gives_way(part, whole)
    assert not gives_way(whole, part)


def test_a_kind_that_became_known_makes_it_give_way() -> None:
    known = imported()
    unknown = replace(known, action=replace(known.action, kind=ActionKind.UNKNOWN))

    assert gives_way(unknown, known)
    assert not gives_way(known, unknown)


@pytest.mark.parametrize(("after", "is_same"), [(LIFETIME - timedelta(seconds=1), True), (LIFETIME, False)])
def test_what_begins_once_the_week_is_over_is_another_life(after: timedelta, is_same: bool) -> None:
    first = imported()
    action = first.action
    later = replace(
        first, action=replace(action, first_seen=action.first_seen + after, deadline=action.deadline + after)
    )

    assert (known_before(later, [first]) is first) is is_same
    assert (known_before(first, [later]) is later) is is_same


def test_a_truth_goes_with_the_life_that_stands() -> None:
    known = imported()
    truth = replace(known.truth, first_seen=known.action.first_seen + timedelta(hours=1))

    assert of_life(truth, known).first_seen == known.action.first_seen


def test_judging_afterwards_is_of_the_moment_at_which_it_was_first_seen() -> None:
    one = imported()

    assert judged_then(one.action, None, by()).at == one.action.first_seen
