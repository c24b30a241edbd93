"""The history action by action, in both databases: in parts of any length, no action cut in two, nothing of others."""

from collections.abc import AsyncIterator
from datetime import datetime
from itertools import pairwise

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.opening import open_ledger
from agent.model.enactment import State
from agent.model.history import Decided, Stretch
from agent.model.pending import ActionKind
from tests.adapters.past_rows import wrote
from tests.adapters.records import KEY, a_record, an_action, saved
from tests.judge.decided import HOUR, A, a_row, by_people, over
from tests.judge.report.compared import a_truth
from tests.makers import NOW

OTHER = "99999999-2222-3333-4444-555555555555"

FULL = a_row(
    action_id="\\a\0", incident_id="\\1\0", guard="size", policies=("p", "\\q"), shadow=A, shadow_policies=("o",),
    revision="r1", shadow_guard="caps", targets=3, messages=4, is_native=True, is_imported=True,
)  # fmt: skip
ROWS = (
    FULL,
    *(one for name in "bcde" for one in (a_row(action_id=name), by_people(A, action_id=name, answered=NOW))),
)
ROWS = (*ROWS, over(action_id="b", hours=9), a_row(action_id="a"))


async def parts(ledger: SqlLedger, limit: int, since: datetime | None = None) -> list[Stretch]:
    found, after = [], ""
    while True:
        part = await ledger.archive.by_action(since=since, after=after, limit=limit)
        found.append(part)
        if part.last is None:
            return found
        after = part.last


def names(found: list[Stretch]) -> list[str]:
    return [one.action_id for part in found for one in part.decided]


@pytest.fixture
async def others(url: str, ledger: SqlLedger) -> AsyncIterator[SqlLedger]:
    """The same ledger as another tenant's agent has it."""
    async with open_ledger(url, OTHER, key=KEY) as opened:
        yield opened


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7, 1000])
async def test_every_decision_is_given_once_whole_actions_at_a_time_and_as_it_was(
    ledger: SqlLedger, limit: int
) -> None:
    await wrote(ledger, ROWS)

    found = await parts(ledger, limit)

    whole = [one for part in found for one in part.decided]
    assert sorted(whole, key=str) == sorted(ROWS, key=str)
    for before, after in pairwise(found):
        assert not {one.action_id for one in before.decided} & {one.action_id for one in after.decided}
    by_action: dict[str, list[Decided]] = {}
    for one in whole:
        by_action.setdefault(one.action_id, []).append(one)
    assert len(by_action) == len(dict.fromkeys(names(found)))
    assert all(rows == sorted(rows, key=lambda one: one.at) for rows in by_action.values())
    assert await ledger.archive.length() == sum(part.passed for part in found) == len(ROWS)


async def test_what_is_known_of_proposals_comes_with_their_actions(ledger: SqlLedger) -> None:
    known = (
        a_truth(action_id="b"),
        a_truth(action_id="b", first_seen=NOW + 200 * HOUR),
        a_truth(None, action_id="\\a\0"),
    )
    await wrote(ledger, ROWS)
    await ledger.save([], now=NOW, truths=known)

    found = await parts(ledger, 2)

    seen = {name: truths for part in found for name, truths in part.truths.items()}
    assert seen == {"b": known[:2], "\\a\0": known[2:]}
    for part in found:
        assert set(part.truths) <= {one.action_id for one in part.decided}


async def test_of_actions_of_which_nothing_is_from_a_moment_on_nothing_is_given_and_of_others_everything(
    ledger: SqlLedger,
) -> None:
    await wrote(ledger, ROWS)
    await ledger.save(
        [], now=NOW, truths=[a_truth(hours=9, action_id="c"), a_truth(hours=8.9, action_id="d")]
    )

    found = await parts(ledger, 1, NOW + 9 * HOUR)

    assert names(found) == ["b", "b", "b", "c", "c"]
    assert [one.passed for one in found] == [1, 1, 3, 2, 2, 2, 0], (
        "what is not wanted is passed over some at a time"
    )
    assert names(await parts(ledger, 4, NOW + 9 * HOUR)) == ["b", "b", "b", "c", "c"]
    assert names(await parts(ledger, 1000, NOW + 9.1 * HOUR)) == []


async def test_an_empty_history_has_one_part_with_nothing(ledger: SqlLedger, others: SqlLedger) -> None:
    await wrote(others, [a_row()])
    await others.save([], now=NOW, truths=[a_truth()])

    assert await parts(ledger, 5) == [Stretch(decided=(), truths={}, moved=frozenset(), passed=0, last=None)]
    assert await ledger.archive.length() == 0


@pytest.mark.parametrize(
    ("kind", "state", "is_moved"),
    [
        (ActionKind.UNKNOWN, State.SUPERSEDED, True),
        (ActionKind.UNKNOWN, State.ESCALATED, False),
        (ActionKind.DISABLE_USER, State.SUPERSEDED, False),
    ],
)
async def test_what_goes_on_under_another_id_is_named(
    ledger: SqlLedger, kind: ActionKind, state: State, is_moved: bool
) -> None:
    action = msgspec.structs.replace(an_action(), kind=kind)
    record = a_record(action=action)
    await ledger.save([record], now=NOW)
    await ledger.save([msgspec.structs.replace(saved(record), state=state)], now=NOW)
    await wrote(ledger, [a_row(action_id=action.id, kind=kind)])
    wanted = {action.id} if is_moved else set()

    (part,) = await parts(ledger, 10)

    assert part.moved == wanted
    assert await ledger.archive.moved([action.id, "unheard of"]) == wanted
