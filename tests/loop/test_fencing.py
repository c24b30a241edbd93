"""A replica that sleeps until its tenant is another's: whatever it was about to send does not leave when it wakes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.loop.leasing import LEASE
from agent.loop.lookout import Lookout
from agent.loop.reloading import Reloading
from agent.loop.run import _guarded_look, load, run
from agent.model.enactment import EffectKind, State, Went
from agent.model.errors import LedgerError, Lost
from agent.ports.ledger import Ledger
from tests.loop.conftest import Bench
from tests.makers import a_cluster, a_copy, an_alert, an_incident


class Sleeping:
    """A ledger whose process is stopped for a minute right after, or right before, it wrote that something leaves."""

    def __init__(self, ledger: Ledger, at: str, *, after: bool) -> None:
        self._ledger = ledger
        self._at = at
        self._after = after
        self.has_slept = False

    def __getattr__(self, name: str) -> object:
        method = getattr(self._ledger, name)
        if name != self._at:
            return method

        async def write(*args: object, **kwargs: object) -> object:
            if not self._after:
                self.has_slept = True
                raise Lost("another replica works on it")  # as the database says to who comes too late
            done = await method(*args, **kwargs)
            self.has_slept = True
            return done

        return write

    def fence(self) -> None:
        """As a share's fence: it goes by a clock that runs while the process sleeps."""
        if self.has_slept:
            raise Lost("its lease is over")


@contextmanager
def asleep(bench: Bench, at: str, *, after: bool = True) -> Iterator[None]:
    """Let the agent of the bench be one that sleeps there, and then one of another replica that has the tenant."""
    world = bench.world
    sleeping = Sleeping(world.ledger, at, after=after)
    bench.world = replace(world, ledger=sleeping, fence=sleeping.fence)  # type: ignore[arg-type]
    yield
    assert sleeping.has_slept
    bench.world = replace(world, replica="heir")
    bench.clock.advance(LEASE + timedelta(seconds=1))


def show(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster(messages=2))))
    bench.defender.deliver(a_copy(1), a_copy(2))


async def settled(bench: Bench) -> None:
    for _ in range(6):
        await bench.run_pass()
        bench.clock.advance(timedelta(minutes=10))


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
async def test_who_sleeps_around_the_mark_of_a_call_does_not_make_it(bench: Bench, after: bool) -> None:
    show(bench)

    with asleep(bench, "depart", after=after), pytest.raises(Lost):
        await bench.run_pass()

    (record,) = await bench.records()
    (effect,) = await bench.world.ledger.effects(record.action.id)
    assert not bench.enactor.applied
    assert effect.went is (Went.SENT if after else Went.INTENDED)


async def test_a_call_that_was_marked_and_did_not_leave_is_read_back_and_never_sent_again(
    bench: Bench,
) -> None:
    show(bench)
    with asleep(bench, "depart"), pytest.raises(Lost):
        await bench.run_pass()

    await settled(bench)

    (record,) = await bench.records()
    (effect,) = await bench.world.ledger.effects(record.action.id)
    assert not bench.enactor.applied
    assert (effect.went, effect.kind) == (Went.UNKNOWN, EffectKind.SOFT_DELETE)
    assert record.state is State.UNKNOWN


async def test_a_call_that_was_not_marked_is_made_once_by_whoever_takes_over(bench: Bench) -> None:
    show(bench)
    with asleep(bench, "depart", after=False), pytest.raises(Lost):
        await bench.run_pass()

    await settled(bench)

    assert sorted(bench.enactor.applied.values()) == [1, 1]


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
async def test_a_comment_that_did_not_leave_is_written_once_by_whoever_takes_over(
    bench: Bench, after: bool
) -> None:
    show(bench)
    with asleep(bench, "allow", after=after), pytest.raises(Lost):
        await bench.run_pass()
    assert bench.enactor.comments == []

    await settled(bench)

    texts = [text for _, text in bench.enactor.comments]
    assert texts
    assert len(texts) == len(set(texts))


async def test_a_comment_that_left_right_before_a_takeover_is_not_written_again(bench: Bench) -> None:
    """Its entry in the audit that tells how it went is not written; its marker in the incident says that it is there."""
    show(bench)
    with asleep(bench, "audit", after=False), pytest.raises(Lost):
        await bench.run_pass()
    before = list(bench.enactor.comments)

    await settled(bench)

    texts = [text for _, text in bench.enactor.comments]
    assert len(before) == 1
    assert len(texts) == len(set(texts))


async def test_an_agent_whose_tenant_is_anothers_ends_and_tries_nothing_more(bench: Bench) -> None:
    show(bench)
    passes: list[object] = []

    with asleep(bench, "save", after=False), pytest.raises(Lost):
        await run(bench.world, stop=asyncio.Event(), on_pass=passes.append)

    assert passes == []
    assert not bench.enactor.applied


class Away:
    """A ledger that goes away as soon as incidents are to be visited."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.is_away = False

    def __getattr__(self, name: str) -> object:
        method = getattr(self._ledger, name)

        async def ask(*args: object, **kwargs: object) -> object:
            if self.is_away:
                raise LedgerError("the connection was lost")
            done = await method(*args, **kwargs)
            self.is_away = name == "to_visit"
            return done

        return ask if asyncio.iscoroutinefunction(method) else method


async def test_a_ledger_that_goes_away_between_two_visits_is_told_as_what_it_is(bench: Bench) -> None:
    show(bench)
    bench.world = replace(bench.world, ledger=Away(bench.world.ledger))  # type: ignore[arg-type]

    with pytest.raises(LedgerError, match="the connection was lost"):
        await bench.run_pass()

    assert not bench.enactor.applied


async def test_a_look_at_the_policies_that_failed_is_not_repeated_at_once(bench: Bench) -> None:
    """Not even the sign of life of a blind agent can be written: nothing is looked at then."""
    policies, away = await load(bench.world), Away(bench.world.ledger)
    away.is_away = True
    world = replace(bench.world, ledger=away)  # type: ignore[arg-type]
    reloading = Reloading()
    reloading.asked.set()

    has_changed = await _guarded_look(world, policies, reloading, Lookout(world))

    assert not has_changed
    assert reloading.next_look(world) == world.clock.now() + world.pace.reload_every
