"""Answers that meet each other, a call, an expiry or a new policy at the same moment, in both databases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from agent.judge.answering import Attempt
from agent.judge.confirm import expire
from agent.loop.answering import Replied, answer
from agent.loop.cycle import judge_records
from agent.loop.moved import save_moved
from agent.loop.report import PassReport
from agent.loop.run import load
from agent.model.answer import Person
from agent.model.decision import Verb
from agent.model.enactment import State, Went
from agent.model.errors import AgentError
from agent.model.hold import KILL_SWITCH, Hold
from agent.ports.world import World
from tests.adapters.records import KEY
from tests.ledgers import open_ledger
from tests.loop.conftest import APPROVE, Bench
from tests.loop.questions import CHAIN, CHANNEL, TWO, a_question, shown
from tests.makers import NOW, TENANT
from tests.persons import EVE, FAY, GUS


class Both:
    """One ledger as two processes have it: an agent's, and that of whoever answers."""

    def __init__(self, bench: Bench, other: World) -> None:
        self.bench = bench
        self.other = other

    async def asked(self, chain: str = CHAIN) -> None:
        a_question(self.bench, chain=chain)
        self.other = replace(self.other, shelf=self.bench.world.shelf)
        await self.bench.run_pass()

    async def reply(self, person: Person, verb: Verb = Verb.APPROVE, *, here: bool = False) -> Replied:
        record = await self.bench.only()
        attempt = Attempt(person=person, verb=verb, reason="phish", digest=shown(record))
        world = self.bench.world if here else self.other
        return await answer(world, await load(world), record.action.id, attempt, via="command")


@pytest.fixture
async def both(url: str) -> AsyncIterator[Both]:
    async with open_ledger(url, TENANT, key=KEY) as one, open_ledger(url, TENANT, key=KEY) as other:
        bench = Bench(one)
        yield Both(bench, replace(bench.world, ledger=other, replica="command"))


async def test_two_people_at_the_same_moment_count_once_each(both: Both) -> None:
    await both.asked(TWO)

    replied = await asyncio.gather(both.reply(EVE), both.reply(FAY, here=True))
    late = await both.reply(GUS)
    await both.bench.run_pass()

    assert sorted(one.have for one in replied) == [1, 2]
    assert not late.counts
    assert set(both.bench.enactor.removed.values()) == {1}


async def test_a_yes_and_a_no_at_the_same_moment_are_a_no(both: Both) -> None:
    await both.asked()

    await asyncio.gather(both.reply(EVE), both.reply(FAY, Verb.REJECT, here=True))
    await both.bench.run_pass()

    assert await both.bench.states() == [State.REJECTED]
    assert not both.bench.enactor.removed


async def test_a_no_and_the_first_call_at_the_same_moment_are_one_of_both(both: Both) -> None:
    await both.asked()
    await both.reply(EVE)
    policies = await load(both.bench.world)
    await judge_records(both.bench.world, policies, await both.bench.records(), PassReport(began=NOW))
    record = await both.bench.only()
    turn = await both.bench.turn("1")
    (effect,) = await both.bench.world.ledger.effects(record.action.id)

    async def depart() -> str:
        try:
            await both.bench.world.ledger.depart(effect.id, NOW, turn.leave(both.bench.world, record))
        except AgentError as error:
            return type(error).__name__
        return "left"

    no, left = await asyncio.gather(both.reply(FAY, Verb.REJECT), depart())
    (after,) = await both.bench.world.ledger.effects(record.action.id)

    assert (no.counts, left, after.went) in {(True, "Conflict", Went.DROPPED), (False, "left", Went.SENT)}


async def test_an_answer_and_an_expiry_at_the_same_moment_carry_nothing_out(both: Both) -> None:
    await both.asked()
    record = await both.bench.only()
    both.bench.clock.advance(record.action.deadline - NOW - timedelta(seconds=1))

    async def expires() -> None:
        both.bench.clock.advance(timedelta(seconds=1))
        for _ in range(2):
            newest = await both.bench.only()
            with suppress(AgentError):
                await save_moved(both.bench.world, [(newest, expire(newest, both.bench.clock.now()))])
                return

    await asyncio.gather(both.reply(EVE), expires())
    await both.bench.run_pass()

    assert await both.bench.states() == [State.EXPIRED]
    assert not both.bench.enactor.removed


async def test_an_answer_and_a_supersession_at_the_same_moment_carry_nothing_out(both: Both) -> None:
    await both.asked()

    async def superseded() -> None:
        for _ in range(2):
            newest = await both.bench.only()
            over = msgspec.structs.replace(newest, state=State.SUPERSEDED, due=None, why="decided elsewhere")
            with suppress(AgentError):
                await save_moved(both.bench.world, [(newest, over)])
                return

    await asyncio.gather(both.reply(EVE), superseded())
    late = await both.reply(FAY)

    assert "decided elsewhere" in late.words
    assert await both.bench.states() == [State.SUPERSEDED]


async def test_an_answer_and_other_policies_at_the_same_moment_are_judged_together(both: Both) -> None:
    await both.asked()
    both.bench.with_policies(**{"approve": APPROVE, "chains/secops": CHAIN, "channels/console": CHANNEL})

    await asyncio.gather(both.reply(EVE), both.bench.run_pass(), return_exceptions=True)
    await both.bench.run_pass()

    assert set(both.bench.enactor.removed.values()) == {1}
    assert both.bench.enactor.removed.total() == 3


async def test_an_answer_and_the_kill_switch_at_the_same_moment_send_nothing(both: Both) -> None:
    await both.asked()

    hold = Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="drill")
    replied, _ = await asyncio.gather(both.reply(EVE), both.bench.world.ledger.hold(hold))
    await both.bench.run_pass()

    assert replied.counts
    assert await both.bench.states() == [State.HELD]
    assert not both.bench.enactor.removed
