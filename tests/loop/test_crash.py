"""A process that dies anywhere loses nothing and sends nothing twice."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from agent.model.enactment import Effect, State, Went
from agent.ports.ledger import Ledger
from tests.loop.conftest import Bench
from tests.makers import a_cluster, a_copy, an_alert, an_incident

WRITES = 30
"""What an undisturbed life of the incidents below commits."""


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """A ledger whose process dies at the n-th write, before or right after it was committed."""

    def __init__(self, ledger: Ledger, at: int, *, after: bool) -> None:
        self._ledger = ledger
        self._at = at
        self._after = after
        self.writes = 0

    def __getattr__(self, name: str) -> object:
        method = getattr(self._ledger, name)
        if name not in {"save", "lease", "let_go", "depart", "settle", "move_cursor", "mark_swept"}:
            return method

        async def write(*args: object, **kwargs: object) -> object:
            self.writes += 1
            if self.writes == self._at and not self._after:
                raise Killed
            done = await method(*args, **kwargs)
            if self.writes == self._at:
                raise Killed
            return done

        return write


def show(bench: Bench) -> None:
    """Two incidents, one of them with two clusters, one cluster in three calls."""
    bench.defender.show(
        an_incident(
            an_alert(a_cluster(query="Urls:1", messages=150), id="a"),
            an_alert(a_cluster(query="Urls:2", messages=20, first=500), id="b"),
        ),
        an_incident(
            an_alert(a_cluster(query="Urls:3", messages=2, first=900), id="c", incident_id="2"), id="2"
        ),
    )
    bench.defender.deliver(*(a_copy(n) for n in [*range(1, 151), *range(500, 520), 900, 901]))


def one_by_one(bench: Bench) -> None:
    """Make no two calls at the same time: a process dies in one of them."""
    pace = msgspec.structs.replace(bench.world.pace, visits_at_once=1)
    bench.world = replace(bench.world, pace=pace)


async def settled(bench: Bench) -> None:
    for _ in range(4):
        await bench.run_pass()
        bench.clock.advance(timedelta(minutes=15))


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after the commit"])
@pytest.mark.parametrize("at", range(1, WRITES + 1))
async def test_dying_at_any_write_sends_each_message_once_or_says_that_it_is_unknown(
    bench: Bench, at: int, after: bool
) -> None:
    show(bench)
    one_by_one(bench)
    whole = bench.world.ledger
    mortal = Mortal(whole, at, after=after)
    object.__setattr__(bench.world, "ledger", mortal)
    try:
        await settled(bench)
        pytest.fail(f"there is no write number {at}")
    except (Killed, BaseExceptionGroup):
        pass
    object.__setattr__(bench.world, "ledger", whole)

    await settled(bench)

    unheard: list[Effect] = []
    for record in await bench.records():
        unheard += [e for e in await whole.effects(record.action.id) if e.went is Went.UNKNOWN]
        assert record.state in {State.CONFIRMED, State.UNKNOWN}
    assert set(bench.enactor.removed.values()) <= {1}
    unsure = {target for effect in unheard for target in effect.targets}
    assert set(bench.defender.copies) - set(bench.enactor.removed) <= unsure
    assert len(unheard) <= 4
    assert {record.action.incident.id for record in await bench.records()} == {"1", "2"}
    assert len(bench.enactor.comments) >= 2


async def test_an_undisturbed_life_makes_as_many_writes_as_are_tried(bench: Bench) -> None:
    show(bench)
    one_by_one(bench)
    mortal = Mortal(bench.world.ledger, 0, after=False)
    object.__setattr__(bench.world, "ledger", mortal)

    await settled(bench)

    assert mortal.writes == WRITES


async def test_a_call_that_had_left_when_the_process_died_is_not_made_again(bench: Bench) -> None:
    show(bench)
    one_by_one(bench)
    real = bench.enactor.enact

    async def dying(*args: object, **kwargs: object) -> object:
        await real(*args, **kwargs)  # type: ignore[arg-type]
        raise Killed

    bench.enactor.enact = dying  # type: ignore[method-assign,assignment]
    with pytest.raises(BaseExceptionGroup):
        await bench.run_pass()
    bench.enactor.enact = real  # type: ignore[method-assign]

    await settled(bench)

    assert set(bench.enactor.removed.values()) == {1}
    assert len(bench.enactor.removed) == 172
    assert set(await bench.states()) == {State.CONFIRMED}
