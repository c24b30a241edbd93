"""Two tenants in one database: whatever one of them does, the other neither sees nor feels it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.alarm import Alarm
from agent.model.enactment import OPEN, Approval, Outcome, Plan, State, Way, Went
from agent.model.fallback import Fallback
from agent.model.hold import Hold, Replica
from agent.model.policy import KeptSet, Members
from agent.model.rails import Leave
from tests import by_tenant
from tests.adapters.records import (
    KEY,
    MINUTE,
    NOW,
    TENANT,
    a_decided_record,
    a_decision,
    an_action,
    an_effect,
)
from tests.ledgers import open_ledger

OTHER = "99999999-2222-3333-4444-555555555555"


@pytest.fixture
async def other(url: str, ledger: SqlLedger) -> AsyncIterator[SqlLedger]:
    async with open_ledger(url, OTHER, key=KEY) as opened:
        yield opened


async def fill(ledger: SqlLedger, tenant_id: str, *, mark: str) -> None:
    """Do everything in a tenant that leaves a trace, under ids that are the same in each but for that of its action."""
    action = an_action(tenant=tenant_id)
    decided = msgspec.structs.replace(a_decided_record(), action=action, decision=a_decision(action))
    effect = an_effect(decided)
    plan = Plan(way=Way.REMEDIATE, why="soft delete through Graph", effects=(effect,))
    record = msgspec.structs.replace(decided, plan=plan)
    approval = Approval(policy="p", action_id=record.action.id, at=NOW, messages=3)
    await ledger.move_cursor(NOW)
    await ledger.mark_swept(NOW)
    await ledger.save([record], effects=[effect], approvals=[approval], versions={"1": mark}, now=NOW)
    token = await ledger.lease("1", "agent", NOW, NOW + MINUTE)
    assert token is not None
    leave = Leave(replica="agent", incident_id="1", token=token, until=NOW + MINUTE, caps=())
    await ledger.depart(effect.id, NOW, leave)
    await ledger.settle(effect.id, Outcome(went=Went.DONE, bulk_id=mark), NOW)
    await ledger.hold(Hold(name="hold", since=NOW, by=mark, reason=mark))
    await ledger.beat(Replica(name="agent", alive=NOW, version=mark))
    await ledger.raise_alarm(Alarm(name="start", since=NOW, words=mark))
    await ledger.keep_set(KeptSet(revision="r1", git=mark, at=NOW, files={"policies/p.yaml": mark.encode()}))
    await ledger.save_members(Members(group="g", at=NOW, values=(mark,)))
    fallback = Fallback(policy="p", since=NOW, action_id=record.action.id, words=mark, revision="r1")
    await ledger.fall_back([fallback])


async def seen(ledger: SqlLedger) -> dict[str, Any]:
    """Return everything that a tenant's ledger shows."""
    ids = [an_action(tenant=one).id for one in (TENANT, OTHER)]
    return {
        "cursor": await ledger.cursor(),
        "swept": await ledger.swept(),
        "alive": await ledger.alive(),
        "versions": await ledger.versions(["1"]),
        "load": await ledger.load(ids),
        "due": await ledger.due(NOW + timedelta(days=30), list(State), 100),
        "next_due": await ledger.next_due(),
        "to_visit": await ledger.to_visit(100),
        "of_incident": await ledger.of_incident("1"),
        "effects": [await ledger.effects(one) for one in ids],
        "effects of several": await ledger.effects_of(ids),
        "covered": await ledger.covered([("message-0", "anna@contoso.example")], counted=frozenset(Went)),
        "interrupted": await ledger.interrupted("agent", NOW + timedelta(days=1)),
        "given": await ledger.given(NOW - timedelta(days=1)),
        "holds": await ledger.holds(),
        "replicas": await ledger.replicas(),
        "spent": await ledger.spent("p", NOW - timedelta(days=1)),
        "listed": await ledger.listed(states=OPEN),
        "counts": await ledger.counts(),
        "bases": [await ledger.bases(state) for state in State],
        "decisions": await ledger.decisions(),
        "judged": await ledger.judged(),
        "approvals": await ledger.approvals(NOW - timedelta(days=1)),
        "kept_set": await ledger.kept_set(),
        "kept_sets": await ledger.kept_sets(),
        "members": await ledger.members(),
        "alarms": await ledger.alarms(),
        "fallbacks": await ledger.fallbacks(),
        "past": await ledger.past(ids),
        "open pages": await ledger.pages.open(),
        "standing": await ledger.pages.standing(OPEN, NOW),
        "head": await ledger.trail.head("agent"),
        "unshipped": await ledger.trail.unshipped("agent", 1000),
        "waiting": await ledger.trail.waiting(),
        "containing": await ledger.trail.containing("anna@contoso.example"),
        "length": await ledger.archive.length(),
        "sent": await ledger.reports.unfinished(),
        "imported": await ledger.imports.last(),
    }


async def test_what_one_tenant_does_shows_nowhere_in_another(ledger: SqlLedger, other: SqlLedger) -> None:
    before = await seen(other)

    await fill(ledger, TENANT, mark="of the first")

    assert await seen(other) == before
    assert "of the first" in str(await seen(ledger))


async def test_the_same_ids_in_another_tenant_change_nothing_in_the_first(
    ledger: SqlLedger, other: SqlLedger
) -> None:
    await fill(ledger, TENANT, mark="of the first")
    before = await seen(ledger)

    await fill(other, OTHER, mark="of the second")
    await other.release("hold", "somebody", "it is over", NOW)
    await other.clear_alarm("start", NOW)
    await other.end_fallback("p", "somebody", "it is over", NOW)
    await other.trail.mark_shipped("agent", 3, NOW)
    await other.trail.erase("anna@contoso.example", "somebody", NOW)

    assert await seen(ledger) == before
    assert "of the second" not in str(before)


@pytest.mark.parametrize(
    ("statement", "forgotten"),
    [
        ("SELECT records.id FROM records WHERE records.tenant_id = ?", ()),
        ("SELECT id FROM records WHERE id = ?", ("records",)),
        ("DELETE FROM alarms WHERE name = ?", ("alarms",)),
        ("UPDATE effects SET went = ? WHERE tenant_id = ?", ()),
        (
            "SELECT 1 FROM records JOIN effects ON records.id = effects.action_id WHERE records.tenant_id = ?",
            ("effects",),
        ),
        ("SELECT 1 FROM records AS a, effects AS b WHERE a.tenant_id = ? AND b.tenant_id = ?", ()),
        ("SELECT 1 FROM records AS a, effects AS b WHERE a.tenant_id = ?", ("b",)),
        ("SELECT version_num FROM air_agent_schema", ()),
    ],
)
def test_a_statement_that_forgets_the_tenant_is_noticed(statement: str, forgotten: tuple[str, ...]) -> None:
    assert by_tenant.unnamed(statement) == forgotten
