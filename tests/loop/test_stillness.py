"""Where nothing was changed and nothing has come due, nobody looks; whatever does change is seen at the next look."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.loop.paging import EVERY
from agent.loop.stillness import WHOLE
from agent.model.alarm import Alarm
from agent.model.enactment import State
from agent.model.errors import LedgerError
from agent.model.escalation import Heard
from tests.adapters.records import TENANT
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.loop.on_call import CHAIN, HOUR, MINUTE, WAIT, OnCall, files

SECOND = timedelta(seconds=1)


@pytest.fixture
def call(bench: Bench) -> OnCall:
    assert isinstance(bench.world.ledger, SqlLedger)
    return OnCall(bench, bench.world.ledger)


async def still(call: OnCall) -> bool:
    return await (await call.paging()).is_still()


async def settled(call: OnCall) -> None:
    """Look until nothing is left to be done."""
    for _ in range(5):
        await call.look()
    assert await still(call)


async def test_while_people_are_waited_for_it_is_looked_only_where_something_is_due(call: OnCall) -> None:
    await call.ask("a", "b")
    looks = 0
    for _ in range(20 * MINUTE // EVERY):
        looks += not await still(call)
        await call.look()
        call.clock.advance(EVERY)

    assert [one.channel for one in call.channels.told] == ["teams", "pager"]
    assert looks < 20 * MINUTE // EVERY / 4


async def test_of_a_tenant_at_rest_it_is_looked_now_and_then_all_the_same(call: OnCall) -> None:
    await settled(call)

    call.clock.advance(WHOLE - SECOND)
    before = await still(call)
    call.clock.advance(SECOND)

    assert (before, await still(call)) == (True, False)


async def test_a_clock_that_is_set_back_is_a_reason_to_look(call: OnCall) -> None:
    await settled(call)

    call.clock.advance(-SECOND)

    assert not await still(call)


async def test_what_is_due_is_looked_at_in_that_very_second(call: OnCall) -> None:
    await call.ask("a")
    await settled(call)
    due = await call.pages.next_due()
    assert due is not None
    while call.clock.now() < due - WHOLE:
        call.clock.advance(WHOLE)
        await settled(call)

    call.clock.advance(due - call.clock.now() - SECOND)
    before = await still(call)
    call.clock.advance(SECOND)

    assert (before, await still(call)) == (True, False)


async def a_new_action(call: OnCall) -> None:
    await call.ask("new")


async def an_end(call: OnCall) -> None:
    (record,) = (await call.ledger.load([call.a_record("a").action.id])).values()
    await call.change(record, state=State.SUPERSEDED)


async def an_alarm(call: OnCall) -> None:
    await call.ledger.raise_alarm(Alarm(name="audit", since=call.clock.now(), words="cannot be written"))


async def something_heard(call: OnCall) -> None:
    page = await call.only_page()
    heard = Heard(key=f"{page.id}:1", by="anna@contoso.example", at=call.clock.now())
    (await call.paging()).hearing.heard[page.id] = [heard]


async def other_policies(call: OnCall) -> None:
    policies = call.policies
    assert policies is not None
    call.world.shelf.policies = files(CHAIN.replace("15m", "20m"))  # type: ignore[attr-defined]
    policies.renew(call.world.shelf.files())


async def a_word_of_a_pass(call: OnCall) -> None:
    (await call.paging()).woken.set()


async def a_change_by_another_process(call: OnCall) -> None:
    assert isinstance(call.ledger, SqlLedger)
    async with open_ledger(
        call.ledger._desk._reading.url.render_as_string(), TENANT, replica="beside"
    ) as beside:
        await beside.move_cursor(call.clock.now())


@pytest.mark.parametrize(
    "happens",
    [
        a_new_action,
        an_end,
        an_alarm,
        something_heard,
        other_policies,
        a_word_of_a_pass,
        a_change_by_another_process,
    ],
)
async def test_whatever_happens_is_looked_at(
    call: OnCall, happens: Callable[[OnCall], Awaitable[None]]
) -> None:
    await call.ask("a")
    await call.live(WAIT)
    await settled(call)

    await happens(call)

    assert not await still(call)


async def test_an_alarm_is_looked_at_as_it_has_stood_for_long_enough(call: OnCall) -> None:
    await an_alarm(call)
    await settled(call)
    began = call.clock.now()

    while call.clock.now() < began + HOUR and not call.channels.told:
        call.clock.advance(EVERY)
        if not await still(call):
            await call.look()

    assert [one.channel for one in call.channels.told] == ["teams"]
    assert call.clock.now() - began <= WAIT + EVERY


async def test_a_ledger_that_cannot_be_asked_is_looked_at(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settled(call)

    async def away() -> object:
        raise LedgerError("ledger: away")

    monkeypatch.setattr(call.ledger, "stamp", away)

    assert not await still(call)
