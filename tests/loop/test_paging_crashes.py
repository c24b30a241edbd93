"""A process that dies at any call of its ports: the next one loses nothing, and what is told twice has the same id."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.enactment import State
from agent.model.escalation import Occasion
from tests.durability.mortal import Killed, Mortality, mortal
from tests.loop.conftest import Bench
from tests.loop.on_call import HOUR, MINUTE, OnCall

LIFE = timedelta(hours=3)


@pytest.fixture
def call(bench: Bench) -> OnCall:
    assert isinstance(bench.world.ledger, SqlLedger)
    return OnCall(bench, bench.world.ledger)


async def live_until_death(call: OnCall, mortality: Mortality) -> None:
    """Let one process page for as long as it lives."""
    whole = call.world
    call.world = replace(mortal(whole, mortality), clock=whole.clock)
    call.restart()
    try:
        await call.live(20 * MINUTE)
    except Killed:
        pass
    finally:
        call.world = whole
        call.restart()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 70, 6))
async def test_dying_at_any_call_loses_nothing_and_repeats_under_the_same_id(
    call: OnCall, at: int, after: bool
) -> None:
    (record,) = await call.ask("a")

    await live_until_death(call, Mortality(at, after=after))
    call.clock.advance(MINUTE)
    await call.live(LIFE)
    await call.change(record, state=State.SUPERSEDED)
    await call.live(HOUR)

    taken = Counter((one.channel, one.occasion, one.id) for one in call.channels.told)
    for channel in ("teams", "pager", "lead", "mail"):
        ids = {name for where, occasion, name in taken if where == channel and occasion is Occasion.PAGE}
        over = {name for where, occasion, name in taken if where == channel and occasion is Occasion.RESOLVED}
        assert (len(ids), len(over)) == (1, 1), channel
    assert sum(taken.values()) - len(taken) <= 1
    assert await call.pages.open() == ()
