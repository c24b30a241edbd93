"""What must always hold, over weeks on a virtual clock with crashes, outages and clocks that are set."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.model.chain import Escalating
from agent.model.escalation import Notice, Occasion
from tests.durability.__main__ import main
from tests.durability.escalations import SEASONS, Weeks, Wrong, a_chain, storm, weeks


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.sampled_from([1, 2, 10]))
def test_nothing_is_lost_told_twice_or_past_the_limit(seed: int, limit: int) -> None:
    report = weeks(seed, 3, a_day=16, limit=limit)

    assert report.most_in_an_hour <= limit


def test_two_thousand_incidents_in_ten_minutes_are_a_few_pages_and_summaries_and_none_is_lost() -> None:
    world = storm(2_000, timedelta(minutes=10), hours=3)

    report = world.report
    assert report.most_in_an_hour == 10
    assert report.events == 40
    assert report.summaries <= 4
    told = {item.action_id for one in world.told.values() if one.page_id for item in one.items}
    assert len(world.in_a_summary | told) == 2_000
    newest = [one for one in world.told.values() if one.occasion is Occasion.SUMMARY][-1]
    assert newest.total == sum(page.is_stormy for page in world.pages.values())


def test_the_same_weeks_pass_in_the_same_way() -> None:
    first, second = weeks(7, 2), weeks(7, 2)

    assert first == second


def test_a_limit_that_is_not_kept_would_be_seen() -> None:
    random = Random(3)
    world = Weeks(random, a_chain(random), Escalating(pages_per_hour=10), SEASONS[0])
    world.run(2, a_day=40)
    loud = next(one for one in world.told.values() if one.is_page)
    world.rules = Escalating(pages_per_hour=0)

    with pytest.raises(Wrong, match="within the hour"):
        world._tell(world.pages[loud.page_id], _another(loud))


def _another(notice: Notice) -> Notice:
    return replace(notice, id="another", event="another")


def test_weeks_have_a_command_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["escalations", "--days", "2", "--seed", "3", "--json"])

    assert code == 0
    assert '"most within an hour"' in capsys.readouterr().out
