"""What becomes of a notice that was not taken: how long it is tried, who hears in its place, what nobody needs any more."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.judge.escalation.delivery import (
    ENDING_PATIENCE,
    FIRST,
    FOR_OTHERS,
    LONGEST,
    LOUD_PATIENCE,
    PATIENCE,
    heir,
    is_collected,
    joined,
    next_try,
    overtaken,
    patience,
    stand_in,
    wait,
)
from agent.model.chain import LastChance, Urgency
from agent.model.escalation import Delivery, Occasion, Posted, Told
from tests.escalations import HOUR, MINUTE, a_chain, a_notice, a_page, a_posted, a_step
from tests.makers import NOW

SECOND = timedelta(seconds=1)
SENT, WAITING = Delivery.SENT, Delivery.WAITING


# How long it is tried


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480), (6, 600), (5_000, 600)]
)
def test_each_wait_is_twice_as_long_up_to_ten_minutes(attempts: int, seconds: int) -> None:
    assert wait(attempts) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("occasion", "urgency", "expected"),
    [
        (Occasion.PAGE, Urgency.NORMAL, PATIENCE),
        (Occasion.PAGE, Urgency.LOW, PATIENCE),
        (Occasion.PAGE, Urgency.HIGH, LOUD_PATIENCE),
        (Occasion.RESOLVED, Urgency.HIGH, ENDING_PATIENCE),
    ],
)
def test_patience_depends_on_how_loud_it_is(
    occasion: Occasion, urgency: Urgency, expected: timedelta
) -> None:
    assert patience(a_notice(occasion=occasion, urgency=urgency)) == expected


def tried(attempts: int, *, since: timedelta = timedelta(0)) -> Posted:
    return replace(a_posted(attempts=attempts), tried_at=NOW - since)


def test_it_is_tried_again_up_to_the_end_of_patience_and_not_beyond() -> None:
    last = PATIENCE - wait(1)

    assert next_try(tried(1, since=last), NOW, None) == NOW + FIRST
    assert next_try(tried(1, since=last + SECOND), NOW, None) is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (-HOUR, FIRST),
        (SECOND, FIRST),
        (5 * MINUTE, 5 * MINUTE),
        (PATIENCE, PATIENCE),
        (PATIENCE + SECOND, None),
    ],
)
def test_the_patience_that_a_channel_asks_for_is_had_where_it_is_no_more_than_ours(
    asked: timedelta, expected: timedelta | None
) -> None:
    at = next_try(tried(1), NOW, NOW + asked)

    assert at == (None if expected is None else NOW + expected)


@given(st.integers(1, 50), st.integers(0, 2_000), st.one_of(st.none(), st.integers(-100, 5_000)))
def test_it_is_never_tried_again_at_once_before_asked_or_after_patience(
    attempts: int, since: int, asked: int | None
) -> None:
    until = None if asked is None else NOW + asked * SECOND
    posted = tried(attempts, since=since * SECOND)

    at = next_try(posted, NOW, until)

    if at is not None and posted.tried_at is not None:
        assert at >= NOW + FIRST
        assert until is None or at >= until
        assert at - posted.tried_at <= PATIENCE


def test_the_longest_wait_is_shorter_than_patience() -> None:
    assert LONGEST < PATIENCE


# Who hears in its place

STEPS = a_chain(
    steps=[
        a_step("teams", "slack", "mail"),
        a_step("pager", after=HOUR),
        a_step("lead", after=2 * HOUR),
    ],
    last_chance=LastChance(notify=("ciso",)),
)


def test_the_next_channel_of_the_step_that_does_not_carry_it_stands_in() -> None:
    failed = a_posted("a", event="it", step=1)
    thread = [failed, a_posted("b", channel="slack", event="it"), a_posted("c", channel="mail", event="else")]

    found = stand_in(STEPS, failed, thread)

    assert found is not None
    assert (found.notice.channel, found.notice.instead_of, found.notice.event) == ("mail", "teams", "it")
    assert found.notice.id != failed.notice.id
    assert stand_in(STEPS, failed, thread) == found
    assert (found.delivery, found.attempts) == (WAITING, 0)


def test_where_every_channel_of_the_step_carries_it_nobody_of_another_step_does() -> None:
    failed = a_posted("a", event="it", step=2, channel="pager")

    assert stand_in(STEPS, failed, [failed]) is None


def test_after_the_last_step_those_of_the_last_chance_stand_in() -> None:
    failed = a_posted("a", event="it", step=3, channel="lead")

    found = stand_in(STEPS, failed, [failed])

    assert found is not None
    assert found.notice.channel == "ciso"


@pytest.mark.parametrize("step", [0, 4])
def test_what_belongs_to_no_step_may_go_to_any_channel_of_the_chain(step: int) -> None:
    failed = a_posted("a", event="it", step=step)
    thread = [
        failed,
        *(a_posted(f"on {name}", channel=name, event="it") for name in ("slack", "mail", "pager", "lead")),
    ]

    found = stand_in(STEPS, failed, thread)

    assert found is not None
    assert found.notice.channel == "ciso"


@pytest.mark.parametrize("occasion", list(Occasion))
def test_only_what_has_to_be_heard_is_told_to_others(occasion: Occasion) -> None:
    failed = a_posted("a", step=1, occasion=occasion)

    assert (stand_in(STEPS, failed, [failed]) is not None) is (occasion in FOR_OTHERS)


def test_nobody_stands_in_where_the_chain_is_gone() -> None:
    assert stand_in(None, a_posted(), []) is None


def test_a_channel_that_stands_in_is_among_those_that_were_told() -> None:
    page = a_page(
        generation=3,
        told=(Told(channel="teams", generation=3, at=NOW), Told(channel="slack", generation=1, at=NOW)),
    )

    after = joined(page, a_notice(channel="slack"), NOW + MINUTE)

    assert after.told == (
        Told(channel="teams", generation=3, at=NOW),
        Told(channel="slack", generation=3, at=NOW + MINUTE),
    )


def test_the_next_step_is_hastened_unless_it_was_taken_or_there_is_none() -> None:
    first, last = a_notice(step=1), a_notice(step=3)
    page, further, over = a_page(step=1), a_page(step=2), a_page(step=1, closed=NOW)

    assert heir(STEPS, page, first) == replace(page, is_hurried=True)
    assert heir(STEPS, further, first) is further
    assert heir(STEPS, over, first) is over
    assert heir(STEPS, a_page(step=3), last) is None
    assert heir(None, page, first) is None
    assert heir(STEPS, None, first) is None


# What nobody needs any more


def resolved(channel: str = "teams", key: str = "page-1:1") -> Posted:
    return a_posted(f"over {channel} {key}", channel=channel, occasion=Occasion.RESOLVED, key=key)


def test_where_a_page_is_over_what_waits_of_it_is_dropped() -> None:
    thread = [
        a_posted("sent", delivery=SENT),
        a_posted("waits"),
        a_posted("changed", occasion=Occasion.UPDATE),
        a_posted("elsewhere", channel="pager"),
    ]

    dropped, needed = overtaken(thread, [resolved()])

    assert dropped == ["waits", "changed"]
    assert needed == [resolved()]


def test_a_channel_that_took_nothing_is_not_told_that_it_is_over() -> None:
    thread = [a_posted("waits"), a_posted("other", channel="pager", delivery=SENT)]

    dropped, needed = overtaken(thread, [resolved(), resolved("pager")])

    assert dropped == ["waits"]
    assert needed == [resolved("pager")]


def test_a_channel_that_may_have_taken_something_is_told_that_it_is_over() -> None:
    """Else a pager would go on ringing for what it took before its answer was lost."""
    dropped, needed = overtaken([a_posted("tried", attempts=1)], [resolved()])

    assert (dropped, needed) == (["tried"], [resolved()])


def test_the_end_of_an_older_key_is_still_told() -> None:
    older = resolved(key="page-1:1")

    dropped, _ = overtaken([a_posted("a", delivery=SENT), older], [resolved(key="page-1:2")])

    assert dropped == []


def test_of_several_changes_that_wait_the_newest_is_told() -> None:
    update = a_posted("new", occasion=Occasion.UPDATE)
    thread = [a_posted("page"), a_posted("old", occasion=Occasion.UPDATE)]

    assert overtaken(thread, [update]) == (["old"], [update])


def test_a_page_overtakes_nothing() -> None:
    page = a_posted("new")

    assert overtaken([a_posted("old"), a_posted("u", occasion=Occasion.UPDATE)], [page]) == ([], [page])


@pytest.mark.parametrize("occasion", list(Occasion))
def test_what_is_of_low_urgency_is_collected_unless_it_stands_for_itself(occasion: Occasion) -> None:
    alone = {Occasion.DIGEST, Occasion.RESOLVED, Occasion.SUMMARY, Occasion.TEST}

    assert is_collected(a_notice(occasion=occasion, urgency=Urgency.LOW)) is (occasion not in alone)
    assert not is_collected(a_notice(occasion=occasion))
