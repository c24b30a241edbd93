"""AIR's own rows as a simulated tenant gives them, through the real adapter and the real ledger."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from agent.loop.rows import Rows
from agent.model.defender import UserEvidence
from agent.model.enactment import CLOSED, State
from agent.model.pending import USER_KINDS
from agent.simulator import happenings, suspects
from agent.simulator.furnishing import furnish, place
from agent.simulator.making import Maker
from agent.simulator.state import State as Tenant
from agent.simulator.switches import Switches, every_position
from tests.simulated import Simulated, a_simulated, noon

ACCOUNTS = {"disableUser": 3, "forcePasswordReset": 1, "revokeUserSessions": 1}


def accounts() -> Tenant:
    """Return a tenant with five accounts that are taken over, and nothing else."""
    state = Tenant(5, noon())
    furnish(state.directory, 5)
    for bundle in suspects.accounts(Maker(5, noon())):
        state.admit(bundle, noon())
    place(state)
    return state


async def open_kinds(simulated: Simulated) -> Counter[str]:
    records = (await simulated.records()).values()
    return Counter(one.action.kind.value for one in records if one.state not in CLOSED)


async def _later(simulated: Simulated, wait: timedelta = timedelta(minutes=16)) -> None:
    """Make a pass now, and some when rows have come."""
    await simulated.live(timedelta(minutes=1))
    simulated.clock.advance(wait)
    await simulated.live(timedelta(minutes=7))


@pytest.mark.parametrize("is_text", [False, True])
async def test_kinds_of_accounts_are_named_and_decided_by_their_own_policies(
    tmp_path: Path, is_text: bool
) -> None:
    switches = Switches(rows_hold_text=is_text)

    async with a_simulated(
        accounts(), tmp_path, switches=switches, observes=True, checked=False
    ) as simulated:
        await _later(simulated)
        records = [one for one in (await simulated.records()).values() if one.state not in CLOSED]

    assert Counter(one.action.kind.value for one in records) == ACCOUNTS
    assert {type(one.action.evidence) for one in records} == {UserEvidence}
    assert {one.action.kind_source for one in records} == {"hunting"}
    assert all(one.action.proposal is not None and one.action.proposal.link for one in records)
    assert {one.action.kind.value: one.decision.verb for one in records if one.decision is not None} == {
        "disableUser": "approve",
        "revokeUserSessions": "approve",
        "forcePasswordReset": "escalate",
    }


@pytest.mark.parametrize("position", ["no hunting", "no table of AIR's rows"])
async def test_without_rows_every_kind_stays_unknown_and_nothing_else_suffers(
    tmp_path: Path, position: str
) -> None:
    found = every_position()
    switches = found.get(position, Switches(air_table=False))

    async with a_simulated(
        accounts(), tmp_path, switches=switches, observes=True, checked=False
    ) as simulated:
        reports = await simulated.live(timedelta(minutes=4))

        assert await open_kinds(simulated) == {"unknown": 5}
        assert [one for report in reports for one in report.problems] == []
        assert simulated.asked("hunting") == (0 if position == "no hunting" else 1)


async def test_a_row_that_comes_late_names_what_was_unknown_and_keeps_its_deadline(tmp_path: Path) -> None:
    switches = Switches(rows_after=timedelta(hours=3))

    async with a_simulated(
        accounts(), tmp_path, switches=switches, observes=True, checked=False
    ) as simulated:
        await simulated.live(timedelta(minutes=2))
        before = {one.action.key: one.action.deadline for one in (await simulated.records()).values()}
        first = await open_kinds(simulated)
        simulated.clock.advance(timedelta(hours=4))
        await simulated.live(timedelta(minutes=2))
        records = (await simulated.records()).values()

    assert first == {"unknown": 5}
    closed = [one for one in records if one.action.kind == "unknown"]
    still = [one for one in records if one.action.kind in USER_KINDS]
    assert Counter(one.action.kind.value for one in still) == ACCOUNTS
    assert {one.state for one in closed} == {State.SUPERSEDED}
    assert {one.action.key: one.action.deadline for one in still} == before
    ids = {one.action.id for one in still}
    assert all(any(name in one.why for name in ids) for one in closed)


async def test_what_people_decided_is_remembered_with_who_they_were(tmp_path: Path) -> None:
    tenant = accounts()
    alert = next(iter(tenant.alerts))
    soon = noon() + timedelta(minutes=20)
    tenant.plan(soon, happenings.person_rejects(alert, 0, "dora@contoso.example", "on holiday"))

    async with a_simulated(tenant, tmp_path, observes=True) as simulated:
        await _later(simulated)
        await _later(simulated, timedelta(minutes=40))
        record = next(
            one
            for one in (await simulated.records()).values()
            if any(sighting.alert_id == alert for sighting in one.action.sightings)
            and one.action.kind in USER_KINDS
        )
        (row,) = await simulated.world.ledger.air_actions([record.action.key])

    assert record.state is State.SUPERSEDED
    assert (row.approval, row.approved_by, row.approver_comment) == (
        "Declined",
        "dora@contoso.example",
        "on holiday",
    )
    assert [one.status for one in row.earlier][:1] == ["Pending"]


async def test_a_restart_names_the_same(tmp_path: Path) -> None:
    async with a_simulated(accounts(), tmp_path, observes=True) as simulated:
        await _later(simulated)
        before = await simulated.states()
        kinds = await open_kinds(simulated)
        simulated.memory.rows = Rows()
        await _later(simulated, timedelta(hours=2))

        assert await open_kinds(simulated) == kinds
        assert Counter(await simulated.states()) == Counter(before)
