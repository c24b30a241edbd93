"""How a chain climbs, as a timeline."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from agent.model.chain import LastChance, Urgency
from agent.model.escalation import Need, Occasion
from tests.judge.escalation.making import (
    BERLIN,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    Walk,
    a_chain,
    a_step,
    an_item,
    by_occasion,
)


def test_each_step_comes_at_its_time_and_repeats_follow_until_the_last_chance() -> None:
    walk = Walk(a_chain()).until(NOW + 8 * DAY)

    assert walk.course == [
        (MINUTE, "page", ("teams",)),
        (15 * MINUTE, "page", ("pager",)),
        (2 * HOUR, "page", ("lead", "mail")),
        (6 * HOUR, "repeat", ("lead", "mail")),
        (10 * HOUR, "repeat", ("lead", "mail")),
        (14 * HOUR, "repeat", ("lead", "mail")),
        (6 * DAY, "lastChance", ("lead",)),
        (7 * DAY, "resolved", ("teams", "pager", "lead", "mail")),
    ]
    assert walk.lapsed == ["0000000000000001"]
    assert walk.page.has_lapsed
    assert walk.page.due is None


def test_what_settles_within_the_wait_is_told_to_nobody() -> None:
    walk = Walk(a_chain()).until(NOW + 30 * timedelta(seconds=1))
    walk.end(1, "policy a approved it")

    walk.look(NOW + 59 * timedelta(seconds=1))

    assert walk.told == []
    assert walk.page.closed == walk.now


def test_nothing_is_told_a_second_before_the_wait_is_over() -> None:
    walk = Walk(a_chain())

    assert walk.look(NOW + 59 * timedelta(seconds=1)) == ()
    assert len(walk.look(NOW + MINUTE)) == 1


@pytest.mark.parametrize("left", [26 * HOUR, 25 * HOUR, 24 * HOUR + MINUTE, 30 * HOUR])
def test_a_short_week_squeezes_every_step_and_repeat_before_the_last_chance(left: timedelta) -> None:
    walk = Walk(a_chain(), an_item(left=left)).until(NOW + left - 24 * HOUR - timedelta(seconds=1))

    told = [why for _, why, _ in walk.course]

    assert told == ["page", "page", "page", "repeat", "repeat", "repeat"]
    assert walk.course[-1][0] <= (left - 24 * HOUR) * 0.9 + timedelta(seconds=1)


def test_a_chain_that_just_fits_is_not_squeezed() -> None:
    walk = Walk(a_chain(), an_item(left=38 * HOUR + MINUTE)).until(NOW + 14 * HOUR)

    assert walk.course[-1] == (14 * HOUR, "repeat", ("lead", "mail"))


@pytest.mark.parametrize("left", [24 * HOUR, 23 * HOUR, MINUTE])
def test_where_the_last_chance_is_past_already_everybody_is_told_at_once(left: timedelta) -> None:
    walk = Walk(a_chain(), an_item(left=left))

    notices = walk.look()

    assert by_occasion(notices) == {"lastChance": ["teams", "pager", "lead", "mail"]}
    assert {one.urgency for one in notices} == {Urgency.HIGH}
    assert walk.lapsed == ["0000000000000001"]


def test_last_chances_within_an_hour_are_told_together_and_lapse_each_at_its_own() -> None:
    walk = Walk(
        a_chain(), an_item(1), an_item(2, left=7 * DAY + HOUR), an_item(3, left=7 * DAY + 61 * MINUTE)
    )

    walk.until(NOW + 6 * DAY)
    first = list(walk.lapsed)
    walk.until(NOW + 6 * DAY + 2 * HOUR)

    assert [at - 6 * DAY for at, why, _ in walk.course if why == "lastChance"] == [timedelta(0), 61 * MINUTE]
    assert first == ["0000000000000001"]
    assert walk.lapsed == ["0000000000000001", "0000000000000002", "0000000000000003"]


def test_what_people_only_have_to_look_at_has_its_last_chance_and_does_not_lapse_by_the_chain() -> None:
    walk = Walk(a_chain(), an_item(need=Need.LOOK)).until(NOW + 6 * DAY)

    assert walk.told[-1].occasion is Occasion.LAST_CHANCE
    assert walk.lapsed == []


def test_a_look_that_comes_hours_late_takes_one_step_and_keeps_the_distance_to_the_next() -> None:
    walk = Walk(a_chain())

    walk.look(NOW + 5 * HOUR)
    walk.until(NOW + 8 * HOUR)

    assert walk.course == [
        (5 * HOUR, "page", ("teams",)),
        (5 * HOUR + 14 * MINUTE, "page", ("pager",)),
        (6 * HOUR + 59 * MINUTE, "page", ("lead", "mail")),
    ]


def test_looking_twice_at_one_moment_does_nothing_the_second_time() -> None:
    walk = Walk(a_chain()).until(NOW + 15 * MINUTE)

    again = walk.would(walk.now)

    assert again.notices == ()
    assert again.page == walk.page


def test_the_same_look_after_a_crash_makes_the_same_notices() -> None:
    walk = Walk(a_chain())

    first, second = walk.would(NOW + MINUTE), walk.would(NOW + MINUTE)

    assert first == second
    assert first.notices


def test_quiet_hours_put_off_what_is_normal_and_not_what_is_loud() -> None:
    evening = NOW + 13 * HOUR  # 23:00 in Berlin
    walk = Walk(a_chain(hours=BERLIN), start=evening).until(evening + 12 * HOUR)

    assert walk.course == [
        (13 * HOUR + 15 * MINUTE, "page", ("teams", "pager")),
        (20 * HOUR, "page", ("lead", "mail")),
        (24 * HOUR, "repeat", ("lead", "mail")),
    ]


def test_quiet_hours_never_put_off_the_last_chance() -> None:
    chain = a_chain(hours=BERLIN, last_chance=LastChance(before=DAY))
    walk = Walk(chain, an_item(left=40 * HOUR)).until(NOW + 16 * HOUR)

    assert walk.course[-1] == (16 * HOUR, "lastChance", ("lead", "mail"))


def test_steps_that_quiet_hours_put_off_do_not_all_come_in_the_morning() -> None:
    evening = NOW + 13 * HOUR
    steps = (a_step("teams"), a_step("lead", after=2 * HOUR))
    walk = Walk(a_chain(*steps, hours=BERLIN, repeat=None), start=evening).until(evening + 12 * HOUR)

    assert walk.course == [
        (20 * HOUR, "page", ("teams",)),
        (21 * HOUR + 59 * MINUTE, "page", ("lead",)),
    ]


def test_past_the_storm_limit_a_page_is_held_back_until_there_is_room() -> None:
    walk = Walk(a_chain(a_step("pager"), repeat=None), limit=2)
    walk.paged = [NOW - 30 * MINUTE, NOW]

    walk.until(NOW + 29 * MINUTE)
    held = walk.page.is_stormy
    walk.until(NOW + 30 * MINUTE)

    assert held
    assert walk.course == [(30 * MINUTE, "page", ("pager",))]
    assert not walk.page.is_stormy


def test_what_is_of_low_urgency_needs_no_room() -> None:
    walk = Walk(a_chain(a_step("mail", urgency=Urgency.LOW), repeat=None), limit=1)
    walk.paged = [NOW]

    walk.until(NOW + MINUTE)

    assert walk.course == [(MINUTE, "page", ("mail",))]
    assert not walk.told[0].is_page


def test_a_last_chance_without_room_lapses_in_time_and_is_told_when_there_is() -> None:
    walk = Walk(a_chain(a_step("pager"), repeat=None), limit=1).until(NOW + 6 * DAY - 2 * MINUTE)
    walk.paged = [NOW + 6 * DAY - MINUTE]

    walk.until(NOW + 6 * DAY)
    lapsed, stormy = list(walk.lapsed), walk.page.is_stormy
    walk.until(NOW + 6 * DAY + 59 * MINUTE)

    assert lapsed == ["0000000000000001"]
    assert stormy
    assert walk.course[-1] == (6 * DAY + 59 * MINUTE, "lastChance", ("lead",))
    assert walk.lapsed == lapsed


def test_a_channel_that_was_told_is_paged_anew_under_a_new_key() -> None:
    steps = (a_step("pager"), a_step("pager", after=HOUR))
    walk = Walk(a_chain(*steps, repeat=None)).until(NOW + HOUR)

    assert [one.key[-2:] for one in walk.told] == [":1", ":2"]


def test_a_step_that_tells_others_keeps_the_key() -> None:
    walk = Walk(a_chain()).until(NOW + 15 * MINUTE)

    assert [one.key[-2:] for one in walk.told] == [":1", ":1"]


def test_a_repeat_has_a_new_key_and_each_channel_is_resolved_under_its_newest() -> None:
    walk = Walk(a_chain()).until(NOW + 6 * HOUR)
    walk.end(1, "policy a approved it")

    notices = walk.look()

    assert [(one.channel, one.key[-2:]) for one in notices] == [
        ("teams", ":1"),
        ("pager", ":1"),
        ("lead", ":2"),
        ("mail", ":2"),
    ]
    assert "policy a approved it" in notices[0].words
    assert notices[0].title == "Resolved: incident 42"


def test_once_closed_nothing_more_is_told() -> None:
    walk = Walk(a_chain()).until(NOW + MINUTE)
    walk.end(1, "decided in Defender")
    walk.look()

    assert walk.look(NOW + DAY) == ()
    assert walk.page.due is None


def test_a_week_that_ends_is_never_told_as_anybodys_no() -> None:
    walk = Walk(a_chain()).until(NOW + 7 * DAY)

    assert walk.told[-1].occasion is Occasion.RESOLVED
    assert "the week ended and nobody decided" in walk.told[-1].words


def test_a_member_of_which_nothing_is_known_any_more_stays_until_its_deadline() -> None:
    walk = Walk(a_chain(), an_item(1), an_item(2)).until(NOW + MINUTE)
    walk.items = []

    walk.until(NOW + 6 * DAY)

    assert walk.page.closed is None
    assert walk.lapsed == ["0000000000000001", "0000000000000002"]


def test_a_page_opened_again_at_another_moment_has_another_id() -> None:
    first, second = Walk(a_chain()), Walk(a_chain(), start=NOW + MINUTE)

    assert first.page.id == Walk(a_chain()).page.id
    assert first.page.id != second.page.id


def test_where_it_is_quiet_all_day_only_what_is_loud_and_the_last_chance_is_told() -> None:
    hours = replace(BERLIN, hours=(0, 1440))
    walk = Walk(a_chain(hours=hours)).until(NOW + 7 * DAY)

    assert [(at, why) for at, why, _ in walk.course] == [
        (15 * MINUTE, "page"),
        (6 * DAY, "lastChance"),
        (7 * DAY, "resolved"),
    ]
