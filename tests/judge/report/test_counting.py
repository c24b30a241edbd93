"""A report counts each life once in every group that it belongs to."""

from datetime import timedelta
from typing import Any

import pytest

from agent.judge.report.compare import Both
from agent.judge.report.counting import Counting
from agent.model.history import Decider, Ending
from agent.model.pending import ActionKind
from agent.model.report import SAVED_STEPS, Group, Lens, Native, Report, Tally
from agent.model.truth import Certainty, Source
from tests.judge.decided import HOUR, A, E, R, a_row, by_people, over
from tests.judge.report.compared import a_truth, asked, both, reported
from tests.makers import NOW, TENANT

GUARDED: dict[str, Any] = {"verb": E, "by": Decider.GUARD, "guard": "size"}

AGREED = both(a_row(policies=("p", "q"), revision="r1"), by_people(A))
REFUSED = both(a_row(verb=R, revision="r2", kind=ActionKind.DISABLE_USER), by_people(R, 30))
LOOSER = both(a_row(**GUARDED, is_imported=True, revision="r2"), over(), truths=(a_truth(R),))
REJECTED = both(a_row(verb=R), by_people(A))
LEFT = both(a_row(verb=E, policies=()), by_people(A))
EXPIRED = both(a_row(), over("pendingApproval", 168, by=Decider.NOBODY, ended=Ending.EXPIRED))
NO = both(a_row(verb=E), by_people(R))
EARLY = both(by_people(A))
OPEN = both(a_row(verb=E, shadow=A, shadow_policies=("o",)))
ALL = (AGREED, REFUSED, LOOSER, REJECTED, LEFT, EXPIRED, NO, EARLY, OPEN)


def names(groups: tuple[Group, ...]) -> list[str]:
    return [one.name for one in groups]


def tallies(groups: tuple[Group, ...]) -> dict[str, Tally]:
    return {one.name: one.tally for one in groups}


def test_everything_is_counted_by_how_it_stands_and_what_is_undecided_by_why() -> None:
    found = reported(*ALL)

    whole = Tally(agreed=2, both_approved=1, looser=1, rejected=1, left=1, undecided=4)
    assert (found.total.tally, found.actions, whole.actions, whole.compared) == (whole, 9, 9, 5)
    assert found.in_force.tally == whole
    assert found.undecided == {"expired": 1, "left": 1, "nobody": 1, "unjudged": 1}
    assert (found.imported, found.revisions) == (1, ("r1", "r2"))
    assert (found.tenant_id, names(found.tenants)) == (TENANT, [TENANT])
    assert found.tenants[0].tally == whole


def test_each_policy_that_took_part_has_a_group_and_each_kind_and_week() -> None:
    found = reported(*ALL)

    assert names(found.policies) == ["o", "p", "q"]
    assert tallies(found.policies)["q"] == Tally(agreed=1, both_approved=1)
    assert tallies(found.policies)["o"] == Tally(undecided=1)
    assert tallies(found.policies)["p"].actions == 6
    assert names(found.kinds) == ["disableUser", "softDeleteCluster"]
    assert [(one.name, one.tally.actions) for one in found.weeks] == [("2026-11-02", 8), ("2026-11-09", 1)]


def test_weeks_between_that_have_nothing_are_there_too() -> None:
    late = both(a_row(), by_people(A, 24 * 14.9))

    assert [(one.name, one.tally.actions) for one in reported(AGREED, late).weeks] == [
        ("2026-11-02", 1), ("2026-11-09", 0), ("2026-11-16", 1),
    ]  # fmt: skip
    assert reported().weeks == ()


@pytest.mark.parametrize(("hours", "week"), [(-9.001, "2026-10-26"), (-9, "2026-11-02")])
def test_a_week_begins_on_monday_in_utc(hours: float, week: str) -> None:
    one = both(a_row(-20), by_people(A, hours))

    assert names(reported(one).weeks) == [week]


@pytest.mark.parametrize(
    ("narrowed", "actions"),
    [
        ({}, 9),
        ({"policies": ("q",)}, 1),
        ({"policies": ("q", "o", "none")}, 2),
        ({"policies": ("o",), "lens": Lens.IN_FORCE}, 0),
        ({"kinds": (ActionKind.DISABLE_USER,)}, 1),
        ({"revision": "r2"}, 2),
        ({"revision": ""}, 5),
        ({"since": 2}, 8),
        ({"since": 2.001}, 2),
        ({"until": 2}, 1),
        ({"until": 2.001}, 7),
        ({"since": 31}, 1),
    ],
)
def test_what_is_not_asked_for_is_not_counted(narrowed: dict[str, object], actions: int) -> None:
    found = reported(*ALL, **narrowed)

    assert found.actions == found.in_force.tally.actions == actions
    assert sum(found.undecided.values()) == found.total.tally.undecided


def test_who_is_asked_about_is_in_the_report_and_what_is_taken_is_returned() -> None:
    counting = Counting(asked(policies=("q",), tenant_name="Contoso"))

    taken = [counting.take(one) for one in (AGREED, REFUSED)]

    assert taken == [AGREED.would, None]
    report = counting.report()
    assert (report.policies_asked, report.tenant_name, names(report.tenants)) == (
        ("q",),
        "Contoso",
        ["Contoso"],
    )


def test_through_the_other_lens_only_what_was_in_force_counts() -> None:
    looser = both(a_row(verb=E, shadow=A, shadow_policies=("o",)), by_people(R))

    would, in_force = reported(looser), reported(looser, lens=Lens.IN_FORCE)

    assert (would.total.tally, would.in_force.tally) == (Tally(looser=1), Tally(undecided=1))
    assert (in_force.total.tally, in_force.in_force.tally) == (Tally(undecided=1), Tally(undecided=1))
    assert (would.undecided, in_force.undecided) == ({}, {"left": 1})
    assert (names(would.policies), names(in_force.policies)) == (["o"], ["p"])


def test_where_decisions_of_people_are_known_from_is_told_with_how_sure_that_is() -> None:
    told = {(one.source, one.certainty): one.count for one in reported(*ALL).told}

    assert told == {
        (Source.AIR, Certainty.CERTAIN): 1,
        (Source.ANSWER, Certainty.CERTAIN): 6,
    }


@pytest.mark.parametrize(("count", "is_said"), [(19, False), (20, True)])
def test_below_enough_nothing_is_said_of_how_often(count: int, is_said: bool) -> None:
    found = reported(*[AGREED] * count)

    for group in (found.total, found.in_force, *found.policies, *found.kinds, *found.tenants, *found.weeks):
        assert (group.agreement is not None, group.risk is not None) == (is_said, is_said)


def test_risk_is_too_few_to_say_where_few_were_approvals() -> None:
    found = reported(*[REFUSED] * 20, *[AGREED] * 19)

    assert found.total.agreement is not None
    assert found.total.risk is None


def counted(*lives: Both) -> Report:
    return reported(*lives)


def test_what_each_guard_would_have_held_is_counted_of_all_that_we_would_have_approved() -> None:
    found = counted(AGREED, LOOSER, REFUSED, EXPIRED, both(a_row(**GUARDED))).counterfactuals

    assert (found.approved, found.held) == (4, {"size": 2})


def test_hours_saved_are_the_middle_of_all_and_are_counted_by_steps() -> None:
    hours = (0.5, 1, 3, 5, 100)
    found = counted(*(both(a_row(), by_people(A, one)) for one in hours), LEFT, LOOSER).counterfactuals

    assert (found.saved, found.saved_ninetieth, found.saved_of) == (3 * HOUR, 100 * HOUR, 5)
    assert found.saved_steps == (1, 2, 1, 0, 0, 0, 1)
    assert len(found.saved_steps) == len(SAVED_STEPS) + 1


def test_of_nothing_nothing_was_saved() -> None:
    found = counted(LEFT).counterfactuals

    assert (found.saved, found.saved_ninetieth, found.saved_of, sum(found.saved_steps)) == (None, None, 0, 0)


def test_what_expired_would_not_have_where_we_had_decided_it_and_nothing_held_it() -> None:
    over_at = over("pendingApproval", 168, by=Decider.NOBODY, ended=Ending.EXPIRED)
    left, held = both(a_row(verb=E), over_at), both(a_row(**GUARDED), over_at)
    late = both(a_row(168), over_at)

    found = counted(EXPIRED, both(a_row(verb=R), over_at), left, held, late, both(over_at)).counterfactuals

    assert (found.expired, found.expired_otherwise) == (6, 2)


def test_messages_are_those_of_mail_that_both_approved_and_we_earlier() -> None:
    mail, many = both(a_row(targets=7), by_people(A)), both(a_row(targets=5), by_people(A))
    no = both(a_row(targets=90, verb=R), by_people(R))
    user = both(a_row(targets=900, kind=ActionKind.DISABLE_USER), by_people(A))
    unsaid = both(a_row(targets=None), by_people(A))

    assert counted(mail, many, no, user, unsaid).counterfactuals.messages == 12


def test_pages_are_what_policies_decided_and_no_guard_held() -> None:
    nobody = both(a_row(policies=()))

    found = counted(AGREED, REFUSED, LEFT, LOOSER, OPEN, nobody, EARLY).counterfactuals

    assert found.pages == 3


def test_what_defenders_own_settings_would_have_done_is_held_against_people_too() -> None:
    yes, no = both(a_row(is_native=True), by_people(A)), both(a_row(verb=R, is_native=True), by_people(R))

    found = counted(yes, no, both(a_row(is_native=True)), AGREED).counterfactuals

    assert found.native == Native(actions=3, approved=1, rejected=1, ours=2)


def test_revisions_stand_in_the_order_in_which_they_first_decided() -> None:
    lives = [
        both(a_row(hours, revision=name), by_people(A, 20))
        for hours, name in ((5, "b"), (3, "c"), (1, "b"), (2, "a"))
    ]

    assert reported(*lives).revisions == ("b", "a", "c")
    assert reported(both(a_row(), by_people(A))).revisions == ()


def test_an_empty_report_has_nothing_and_says_of_what() -> None:
    found = reported(since=1, until=2, enough=7)

    assert (found.actions, found.policies, found.told, found.enough) == (0, (), (), 7)
    assert (found.since, found.until) == (NOW + HOUR, NOW + 2 * HOUR)
    assert found.until - found.since == timedelta(hours=1)
