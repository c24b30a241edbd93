"""Whoever answers and whoever carries it out may die at any call: the answer counts once, and nothing is sent twice."""

from pathlib import Path

from agent.judge.answering import Attempt
from agent.loop.answering import answer
from agent.loop.run import load
from agent.model.decision import Verb
from agent.model.enactment import State
from tests.durability.crashes import a_folder, points
from tests.durability.mortal import Killed, Mortality, mortal
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.loop.questions import TWO, a_question, shown
from tests.loop.test_crash import one_by_one
from tests.makers import TENANT
from tests.persons import EVE, FAY

MOST = 8
"""Points that are tried here, half of them around what changes the world; None tries every call, before and after it."""


async def live(bench: Bench, mortality: Mortality) -> None:
    """Let two people answer, each in a process of their own, and an agent carry it out."""
    before = bench.world
    bench.world = mortal(before, mortality)
    try:
        for person in (EVE, FAY):
            record = await bench.only()
            attempt = Attempt(person=person, verb=Verb.APPROVE, reason="phish", digest=shown(record))
            await answer(bench.world, await load(bench.world), record.action.id, attempt, via="command")
        await bench.run_pass()
        await bench.run_pass()
    finally:
        bench.world = before


async def die(folder: Path, at: int | None, *, after: bool) -> Mortality:
    """Die at one call, live on in another process, and hold what came of it against what may."""
    async with open_ledger(f"sqlite:///{folder}/ledger.db", TENANT) as ledger:
        bench = Bench(ledger)
        one_by_one(bench)
        a_question(bench, chain=TWO)
        await bench.run_pass()
        mortality = Mortality(at, after=after)
        try:
            await live(bench, mortality)
        except Killed:
            pass
        except BaseExceptionGroup as group:
            if group.split(Killed)[1] is not None:
                raise
        if mortality.is_dead:
            await live(bench, Mortality())
        await hold_against(bench, f"{at} {after} {mortality.calls[-1:]}")
    return mortality


async def hold_against(bench: Bench, where: str) -> None:
    record = await bench.only()
    answers = (await bench.world.ledger.answers([record.action.id]))[record.action.id]
    assert [one.person.name for one in answers] == ["Eve", "Fay"], where
    assert max(bench.enactor.removed.values(), default=1) == 1, where
    expected = State.SENT if bench.enactor.removed.total() == 3 else State.UNKNOWN
    assert record.state in {expected, State.UNKNOWN}, where


async def test_dying_at_any_call_counts_each_answer_once_and_sends_nothing_twice() -> None:
    with a_folder() as folder:
        undisturbed = await die(folder, None, after=False)

    for point in points("answer", 1, undisturbed.calls, most=MOST):
        with a_folder() as folder:
            mortality = await die(folder, point.at, after=point.after)
        assert mortality.is_dead, point

    assert undisturbed.calls.count("ledger.answer") == 2
    assert undisturbed.calls.count("ledger.depart") == 1
