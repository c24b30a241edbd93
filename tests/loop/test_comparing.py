"""A report of a ledger: the same however much is read at a time, and narrowed to what is asked for."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.opening import open_ledger
from agent.loop.comparing import compared, make_report
from agent.model.decision import Verb
from agent.model.history import Decided, Decider, Ending
from agent.model.report import Compared, Lens, Standing
from agent.model.truth import Truth
from tests.adapters.past_rows import wrote
from tests.adapters.records import KEY
from tests.judge.decided import HOUR, WEEK, A, E, R, a_row, by_people, over
from tests.judge.report.compared import a_truth, asked
from tests.judge.report.naive import counted
from tests.makers import NOW, TENANT

LIVES = 300


def history(seed: int) -> tuple[list[Decided], list[Truth]]:
    """Return what became of some hundred proposals over ten weeks, of which some are of one action."""
    chance = Random(seed)
    rows: list[Decided] = []
    known: list[Truth] = []
    for number in range(LIVES):
        seen = NOW + (number // 30) * WEEK
        action_id = f"{number % 110 * 7919 % 1000:03}"
        base: dict[str, Any] = {"action_id": action_id, "first_seen": seen, "deadline": seen + WEEK}
        verb = chance.choice((A, A, R, E))
        shadow = chance.choice((None, None, A, R))
        ours: dict[str, Any] = {
            "verb": verb, "policies": (chance.choice("pqr"),), "shadow": shadow, "shadow_policies": ("o",) if shadow else (),
            "targets": 3, "revision": chance.choice(("r1", "r2")),
        }  # fmt: skip
        rows += [
            a_row(**base, **ours, at=seen + turn * HOUR, number=turn + 1)
            for turn in range(chance.randint(0, 3))
        ]
        at = seen + chance.uniform(0.5, 160) * HOUR
        rows += _ending(chance, base | {"at": at})
        if chance.random() < 0.4:
            known.append(a_truth(chance.choice((A, R)), action_id=action_id, first_seen=seen, at=at))
    places = {(one.at, one.action_id, one.number, one.ended): one for one in rows}
    return [places[place] for place in sorted(places, key=str)], known


def _ending(chance: Random, base: dict[str, Any]) -> list[Decided]:
    match chance.randrange(4):
        case 0:
            return [by_people(chance.choice((A, R)), **base, answered=base["at"], number=9)]
        case 1:
            return [over(chance.choice(("declined", "remediated", "cancelled")), **base)]
        case 2:
            return [over("pendingApproval", by=Decider.NOBODY, ended=Ending.EXPIRED, **base)]
    return []


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqlLedger]:
    async with open_ledger(f"sqlite:///{tmp_path / 'of' / 'ledger.db'}", TENANT, key=KEY) as opened:
        yield opened


@pytest.fixture
async def full(ledger: SqlLedger) -> SqlLedger:
    rows, known = history(3)
    await wrote(ledger, rows)
    await ledger.save([], now=NOW, truths=known)
    return ledger


@pytest.mark.parametrize("lens", Lens)
async def test_a_report_of_a_ledger_says_what_a_simple_one_does(full: SqlLedger, lens: Lens) -> None:
    what = asked(200, 900, lens=lens)

    report = await make_report(full.archive, what)

    rows, known = history(3)
    wanted = counted(sorted(rows, key=lambda one: (one.action_id, one.at)), known, what)
    assert report.actions == wanted["total"].total() > 50
    assert report.total.tally.looser == wanted["total"]["looser"] > 0
    assert report.total.tally.left == wanted["total"]["left"]
    assert report.undecided == wanted["whys"]
    assert report.counterfactuals.messages == wanted["messages"] > 0


@pytest.mark.parametrize("at_once", [3, 7, 64])
async def test_a_report_is_the_same_however_much_is_read_at_a_time(full: SqlLedger, at_once: int) -> None:
    what = asked(100, 1300)
    seen: list[Compared] = []

    report = await make_report(full.archive, what, each=seen.append, at_once=at_once)

    assert report == await make_report(full.archive, what)
    assert seen == [one async for one in compared(full.archive, what)]
    assert len(seen) == report.actions


async def test_windows_that_follow_each_other_have_every_life_once(full: SqlLedger) -> None:
    whole = await make_report(full.archive, asked())
    months = [await make_report(full.archive, asked(since, since + 250)) for since in range(-250, 2000, 250)]

    assert sum(one.actions for one in months) == (await make_report(full.archive, asked(-250, 2000))).actions
    assert whole.actions < sum(one.actions for one in months)


async def test_lives_are_given_by_action_and_can_be_narrowed_to_how_they_stand(full: SqlLedger) -> None:
    what = asked(0, 2000, policies=("o",))

    looser = [one async for one in compared(full.archive, what, standing=Standing.LOOSER)]

    report = await make_report(full.archive, what)
    assert len(looser) == report.total.tally.looser > 0
    assert [one.action_id for one in looser] == sorted(one.action_id for one in looser)
    assert {one.verb for one in looser} == {Verb.APPROVE}
    assert all("o" in one.policies for one in looser)


async def test_a_revision_narrows_to_what_it_decided(full: SqlLedger) -> None:
    first, second = [await make_report(full.archive, asked(0, 2000, revision=name)) for name in ("r1", "r2")]

    whole = await make_report(full.archive, asked(0, 2000))
    assert (first.revisions, second.revisions, whole.revisions) == (("r1",), ("r2",), whole.revisions)
    assert set(whole.revisions) == {"r1", "r2"}
    undecided = whole.actions - first.actions - second.actions
    assert 0 < undecided < whole.actions, "what nobody here decided is of no revision"


async def test_progress_goes_from_part_to_part_to_the_end(full: SqlLedger) -> None:
    told: list[tuple[int, int]] = []

    await make_report(full.archive, asked(), progress=lambda done, of: told.append((done, of)), at_once=20)

    of = await full.archive.length()
    assert told == sorted(told)
    assert told[-1] == (of, of)
    assert len(told) == 6


async def test_an_empty_ledger_has_an_empty_report(ledger: SqlLedger) -> None:
    told: list[tuple[int, int]] = []

    report = await make_report(ledger.archive, asked(), progress=lambda *now: told.append(now))

    assert (report.actions, told) == (0, [(0, 0)])


async def test_what_began_long_before_a_window_and_ended_in_it_has_what_was_decided_then(
    ledger: SqlLedger,
) -> None:
    """The agent was away for a month: the end of a week is seen late, and what was decided is still known."""
    seen = NOW - timedelta(days=40)
    base: dict[str, Any] = {"first_seen": seen, "deadline": seen + WEEK}
    rows = [a_row(at=seen, **base), over("remediated", at=NOW, **base)]
    await wrote(ledger, rows)

    (one,) = [one async for one in compared(ledger.archive, asked(-1))]

    assert (one.verb, one.decided, one.moment) == (Verb.APPROVE, seen, NOW)


async def test_the_same_ledger_gives_the_same_report_when_it_is_opened_anew(full: SqlLedger) -> None:
    first = msgspec.json.encode(await make_report(full.archive, asked()))
    url = str(full._desk._reading.url)

    async with open_ledger(url, TENANT, read_only=True) as again:
        second = msgspec.json.encode(await make_report(again.archive, asked()))

    assert first == second
