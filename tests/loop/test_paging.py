"""People on call are told what needs them, once, in time, and whatever becomes of the process that tells them."""

from datetime import timedelta

import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.enactment import State
from agent.model.escalation import Occasion
from tests.loop.conftest import Bench
from tests.loop.on_call import HOUR, MINUTE, WAIT, OnCall

SECOND = timedelta(seconds=1)
PAGE, REPEAT, WORSE, UPDATE, RESOLVED = (
    Occasion.PAGE,
    Occasion.REPEAT,
    Occasion.WORSE,
    Occasion.UPDATE,
    Occasion.RESOLVED,
)


@pytest.fixture
def call(bench: Bench) -> OnCall:
    assert isinstance(bench.world.ledger, SqlLedger)
    return OnCall(bench, bench.world.ledger)


# From a record to a page


async def test_an_action_that_needs_people_is_told_once_its_first_wait_is_over(call: OnCall) -> None:
    await call.ask("a")
    await call.look()
    call.clock.advance(WAIT - SECOND)
    await call.look()
    assert call.channels.told == []

    call.clock.advance(SECOND)
    await call.look()

    (notice,) = call.channels.told
    assert (notice.channel, notice.occasion, notice.total) == ("teams", PAGE, 1)
    page = await call.only_page()
    assert (page.group, page.step, notice.page_id) == ("incident:1", 1, page.id)


async def test_actions_of_one_incident_share_a_page_and_those_of_another_do_not(call: OnCall) -> None:
    await call.ask("a", "b", "c")
    await call.ask("d", incident="2")

    await call.live(WAIT)

    assert sorted(one.total for one in call.channels.told) == [1, 3]


async def test_what_settles_within_the_first_wait_is_told_to_nobody(call: OnCall) -> None:
    (record,) = await call.ask("a")
    await call.look()
    await call.change(record, state=State.SUPERSEDED)

    await call.live(HOUR)

    assert call.channels.told == []
    assert await call.pages.open() == ()


async def test_the_chain_is_climbed_step_by_step_and_repeated(call: OnCall) -> None:
    await call.ask("a")

    await call.live(timedelta(hours=11))

    assert call.occasions("teams") == [PAGE]
    assert call.occasions("pager") == [PAGE]
    assert call.occasions("lead") == [PAGE, REPEAT, REPEAT]
    assert call.channels.twice() == []


async def test_once_it_is_decided_everybody_who_was_told_hears_that_and_why(call: OnCall) -> None:
    (record,) = await call.ask("a")
    await call.live(20 * MINUTE)
    await call.change(record, state=State.SUPERSEDED, why="somebody approved it in Defender")

    await call.live(MINUTE)

    assert call.occasions("teams") == [PAGE, RESOLVED]
    assert call.occasions("pager") == [PAGE, RESOLVED]
    assert call.occasions("lead") == []
    assert "somebody approved it in Defender" in call.channels.on("pager")[-1].words
    assert await call.pages.open() == ()
    assert call.channels.earlier[call.channels.on("pager")[-1].id] == (call.channels.on("pager")[0].id,)
