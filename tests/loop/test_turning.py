"""What other policies decided is judged anew: all of it, once, and nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import msgspec
import pytest

from agent.judge.track import WAITING
from agent.loop import turning
from agent.loop.cycle import judge_anew
from agent.loop.run import load
from agent.loop.turning import turn_back
from agent.model.basis import Basis
from agent.model.enactment import Record, State, Went
from agent.ports.ledger import Ledger
from tests.adapters.records import a_decided_record, a_decision, an_action
from tests.loop.conftest import Bench

WAITS = sorted(WAITING)


async def kept(bench: Bench, state: State, *, revision: str = "", **more: object) -> Record:
    """Save a record that was decided by these policies, by those in force where none are named."""
    known = revision or (await load(bench.world)).judge.revision
    action = an_action(f"{state}{revision}{sorted(more.items())}", tenant=bench.world.tenant_id)
    decision = msgspec.structs.replace(a_decision(action), revision=known, **more)
    record = msgspec.structs.replace(a_decided_record(state=state), action=action, decision=decision)
    await bench.world.ledger.save([record], now=bench.clock.now())
    return record


async def anew(bench: Bench) -> int:
    return await judge_anew(bench.world, await load(bench.world))


class Contested:
    """A ledger in which somebody else changes a record between reading and turning back, as often as is said."""

    def __init__(self, inner: Ledger, times: int) -> None:
        self._inner, self.times = inner, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def turn_back(self, some: Sequence[Basis], now: datetime) -> None:
        if some and self.times:
            self.times -= 1
            (record,) = (await self._inner.load([some[0].action_id])).values()
            await self._inner.save([msgspec.structs.replace(record, why=f"news {self.times}")], now=now)
        await self._inner.turn_back(some, now)


@pytest.mark.parametrize("state", WAITS)
async def test_what_other_policies_decided_is_to_be_judged_at_once(bench: Bench, state: State) -> None:
    await kept(bench, state, revision="another")

    assert await anew(bench) == 1

    record = await bench.only()
    assert (record.state, record.due) == (State.SEEN, bench.clock.now())


@pytest.mark.parametrize("state", [state for state in WAITS if state is not State.DECIDED])
async def test_what_these_policies_decided_stays(bench: Bench, state: State) -> None:
    await kept(bench, state)

    assert await anew(bench) == 0

    assert (await bench.only()).state is state


@pytest.mark.parametrize("state", [state for state in State if state not in WAITING])
async def test_what_was_sent_or_is_over_stays_whoever_decided_it(bench: Bench, state: State) -> None:
    await kept(bench, state, revision="another")

    assert await anew(bench) == 0

    assert (await bench.only()).state is state


@pytest.mark.parametrize("is_observed", [True, False])
@pytest.mark.parametrize("state", WAITS)
async def test_what_was_only_observed_is_judged_anew_where_it_is_carried_out(
    bench: Bench, state: State, is_observed: bool
) -> None:
    await kept(bench, state, is_observed=is_observed)
    bench.observing()
    assert await anew(bench) == 0
    bench.enforcing()

    assert await anew(bench) == int(is_observed or state is State.DECIDED)


async def test_what_was_about_to_be_carried_out_lets_go_of_what_was_not_sent(bench: Bench) -> None:
    record = await kept(bench, State.INTENDED, revision="another")
    assert record.plan is not None
    effects = [
        msgspec.structs.replace(one, action_id=record.action.id, incident_id=record.action.incident.id)
        for one in record.plan.effects
    ]
    await bench.world.ledger.save([], effects=effects, now=bench.clock.now())

    await anew(bench)

    assert [one.went for one in await bench.world.ledger.effects(record.action.id)] == [Went.DROPPED]


async def test_more_than_are_turned_back_at_once_are_all_turned_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turning, "AT_ONCE", 2)
    for number in range(5):
        await kept(bench, State.HELD, revision=f"another {number}")
        await kept(bench, State.HELD, agent_version=f"{number}", guard="limits")
    await kept(bench, State.ESCALATED, revision="another")

    assert await anew(bench) == 6

    assert sorted(await bench.states()) == [*[State.HELD] * 5, *[State.SEEN] * 6]


@pytest.mark.parametrize(("times", "turned"), [(1, 1), (4, 1), (5, 0)])
async def test_what_another_agent_changes_meanwhile_is_read_again_and_left_in_the_end(
    bench: Bench, times: int, turned: int
) -> None:
    await kept(bench, State.HELD, revision="another")
    ledger = Contested(bench.world.ledger, times)
    bench.world = replace(bench.world, ledger=cast("Ledger", ledger))

    assert await turn_back(bench.world, [State.HELD], lambda _: True) == turned

    assert await bench.states() == [State.SEEN if turned else State.HELD]
