"""What a report says, whoever lays it out."""

from datetime import timedelta

import pytest

from agent.faces.report.figures import Figure, Tone, figures, in_short
from agent.faces.report.numbers import between, percent, rated, span
from agent.faces.report.outline import Table
from agent.model.report import Counterfactuals, Native, Rate, Report
from agent.model.truth import Unknown
from tests.faces.report.outlines import AGAIN, a_looser, an_outline
from tests.reports import a_group, a_report, a_tally


def figure(name: str, report: Report | None = None) -> Figure:
    return next(one for one in figures(report or a_report()) if one.name == name)


def table(name: str, report: Report, *, rows: int | None = None) -> Table:
    return next(one for one in an_outline(report, rows=rows).tables if one.id == name)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0 %"), (0.0004, "under 0.1 %"), (0.0006, "0.1 %"), (0.375, "37.5 %"), (0.5, "50 %"),
        (0.9994, "99.9 %"), (0.9996, "over 99.9 %"), (1.0, "100 %"),
    ],
)  # fmt: skip
def test_a_share_is_never_rounded_to_none_or_all(share: float, said: str) -> None:
    assert percent(share) == said


def test_a_rate_says_its_interval_or_that_it_cannot_be_said() -> None:
    rate = Rate(share=0.95, low=0.884, high=0.983)

    assert between(rate) == "88.4 to 98.3 %"
    assert rated(rate) == "95 % (88.4 to 98.3 %)"
    assert rated(None) == "too few to say"


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (None, "not known"), (timedelta(seconds=59), "under 1 min"), (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=60), "1 h"), (timedelta(minutes=200), "3 h 20 min"),
        (timedelta(hours=24), "1 d"), (timedelta(hours=50), "2 d 2 h"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_said_in_its_two_largest_units(length: timedelta | None, said: str) -> None:
    assert span(length) == said


def test_the_figures_say_how_many_were_compared_and_how_many_agreed() -> None:
    assert figure("Compared").value == "100 of 120"
    assert figure("Agreement").value == "95 %"
    assert "95 of 100; 95 % interval 88.8 to 97.8 %" in figure("Agreement").words


def test_looser_ones_are_what_is_wrong_and_none_among_enough_is_right() -> None:
    some, none, few = (
        figure("Looser", a_report(a_tally(agreed=agreed, looser=looser)))
        for agreed, looser in ((90, 1), (90, 0), (19, 0))
    )

    assert (some.value, some.tone) == ("1", Tone.BAD)
    assert (none.value, none.tone) == ("0", Tone.GOOD)
    assert (few.value, few.tone) == ("0", Tone.PLAIN)
    assert "of 91 that policies would have approved" in some.words


def test_below_enough_no_rate_is_said_and_from_there_on_one_is() -> None:
    few, enough = a_report(a_tally(agreed=19)), a_report(a_tally(agreed=20))

    assert figure("Agreement", few).value == "too few to say"
    assert figure("Agreement", few).words == "19 compared, and 20 are needed"
    assert figure("Agreement", enough).value == "100 %"


def test_where_nothing_is_in_force_no_agreement_of_it_is_said() -> None:
    """0 % would read as if every decision had been wrong."""
    none = a_report(in_force=a_group("inForce", a_tally(agreed=0, left=30)))
    some = a_report(in_force=a_group("inForce", a_tally(agreed=1, left=29)))

    assert figure("In force", none).value == "nothing"
    assert figure("In force", none).words.startswith("no policy counts yet: all 30 ")
    assert figure("In force", some).value == "3.3 %"


def test_what_would_have_been_gained_is_said() -> None:
    assert figure("Sooner").value == "3 h 20 min"
    assert "for one in ten by 1 d 2 h or more" in figure("Sooner").words
    assert figure("Expiries avoided").value == "14 of 20"
    assert figure("Messages sooner").value == "3,210"
    assert figure("Pages not sent").value == "80"
    assert figure("Held").value == "6 of 96"
    assert figure("Held").words.endswith("caps 4, protected 2")
    assert (
        "people approved 30 of these and rejected 9; policies would have approved 35"
        in figure("Defender alone").words
    )


def test_nothing_gained_is_said_too() -> None:
    gains = Counterfactuals(
        approved=0, held={}, saved=None, saved_ninetieth=None, saved_of=0, expired=0, expired_otherwise=0,
        messages=0, pages=0, native=Native(),
    )  # fmt: skip
    report = a_report(counterfactuals=gains)

    assert figure("Sooner", report).value == "-"
    assert figure("Held", report).value == "0 of 0"
    assert figure("Defender alone", report).value == "0"


def test_what_was_imported_is_said_to_be_judged_afterwards() -> None:
    one, more = (figure("Compared", a_report(imported=count)).words for count in (1, 2))

    assert "1 was judged afterwards" in one
    assert "2 were judged afterwards" in more


def test_a_window_without_anything_says_so_and_what_to_do() -> None:
    outline = an_outline(a_report(a_tally(), kinds=(), weeks=(), tenants=(), told=()))

    assert [one.value for one in outline.figures] == ["0"]
    assert outline.steps[0].command == "air-agent backfill --since 30d"


def test_the_few_words_of_a_chat_have_the_interval_and_the_median() -> None:
    said = dict(in_short(a_report()))

    assert said["Agreement"] == "95 % (95 % interval 88.8 to 97.8 %)"
    assert said["Sooner"] == "3 h 20 min (median)"


@pytest.mark.parametrize("count", [1, 3])
def test_looser_ones_that_are_not_shown_are_counted(count: int) -> None:
    outline = an_outline(a_report(a_tally(agreed=90, looser=1 + count)), (a_looser(),))

    many = "one" if count == 1 else "ones"
    assert outline.looser_more == f"and {count} more looser {many}: `{AGAIN} --format json` has all"


def test_where_all_looser_ones_are_shown_nothing_more_is_said() -> None:
    assert an_outline(a_report(a_tally(agreed=90, looser=1))).looser_more == ""


def test_each_policy_kind_week_and_tenant_has_its_row() -> None:
    report = a_report(policies=(a_group("near", a_tally(agreed=60, undecided=5)),))

    assert table("policies", report).rows == (
        ("near", "65", "60", "60", "0", "0", "100 % (94 to 100 %)", "0 % (0 to 6 %)"),
    )
    assert [row[0] for row in table("kinds", report).rows] == ["soft delete of a mail cluster"]
    assert [row[0] for row in table("weeks", report).rows][:2] == ["2026-10-05", "2026-10-12"]
    assert [row[0] for row in table("tenants", report).rows] == ["Contoso"]


def test_a_long_table_shows_those_with_looser_ones_and_says_how_many_more_there_are() -> None:
    groups = [a_group(f"p{number}", a_tally(agreed=100 - number)) for number in range(5)]
    found = table("policies", a_report(policies=(*groups, a_group("p9", a_tally(looser=1)))), rows=2)

    assert [row[0] for row in found.rows] == ["p0", "p9"]
    assert found.more == f"and 4 more rows: `{AGAIN} --format json` has all"


def test_of_many_weeks_the_newest_are_shown() -> None:
    assert [row[0] for row in table("weeks", a_report(), rows=1).rows] == ["2026-10-26"]


def test_each_reason_why_nothing_is_known_has_its_words() -> None:
    report = a_report(undecided={**{str(why): 1 for why in Unknown}, "left": 2, "unjudged": 3})

    said = [row[0] for row in table("unknown", report).rows]

    assert len(said) == len(Unknown) + 2
    assert not any(word in said for word in (*Unknown, "left", "unjudged"))


def test_policies_that_are_near_are_to_be_promoted_and_others_say_what_they_lack() -> None:
    steps = an_outline(observing=frozenset({"near", "risky", "young"})).steps

    assert steps[0].command == "air-agent policy promote near"
    assert steps[1].words == "risky: look at what is looser first: 1 of 31 compared"
    assert steps[2].words == "young: 4 compared, and 20 are needed to say anything"


def test_policies_that_enforce_already_are_not_to_be_promoted() -> None:
    steps = an_outline(observing=frozenset({"young"})).steps

    assert [one.command for one in steps] == [""]


def test_of_many_policies_the_steps_of_five_are_told_and_how_many_more_there_are() -> None:
    groups = [a_group(f"p{number}", a_tally(agreed=30 + number)) for number in range(7)]

    steps = an_outline(a_report(policies=groups)).steps

    assert [one.command.split()[-1] for one in steps[:5]] == ["p6", "p5", "p4", "p3", "p2"]
    assert steps[5].words == "2 more policies with enough compared and none looser: see the table by policy"
