"""Policies that fell back, how far it was looked for why, and since when a set is in force, in both databases."""

from datetime import datetime, timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.audit import Event
from agent.model.enactment import Approval, EffectKind, Outcome, Went
from agent.model.errors import Conflict
from agent.model.fallback import Fallback
from agent.model.policy import KeptSet
from tests.adapters.records import KEY, NOW, a_decided_record, a_lease, an_effect
from tests.ledgers import open_ledger

HOUR = timedelta(hours=1)
OTHER_TENANT = "99999999-2222-3333-4444-555555555555"
FELL = Fallback(policy="p", since=NOW, action_id="a", words="so", revision="r")


def another(**more: object) -> Fallback:
    return msgspec.structs.replace(FELL, **more)


async def test_of_one_policy_one_fallback_stands_at_a_time(ledger: SqlLedger) -> None:
    first = await ledger.fall_back([FELL, another(policy="q")])
    second = await ledger.fall_back([another(since=NOW + HOUR, action_id="b"), another(policy="r")])

    assert [one.policy for one in first] == ["p", "q"]
    assert [one.policy for one in second] == ["r"]
    assert await ledger.fallbacks() == (FELL, another(policy="q"), another(policy="r"))


async def test_once_it_ended_the_policy_may_fall_back_again(ledger: SqlLedger) -> None:
    await ledger.fall_back([FELL])
    ended = await ledger.end_fallback("p", "anna", "mended", NOW + HOUR)
    again = another(since=NOW + 2 * HOUR)
    await ledger.fall_back([again])

    assert ended
    assert await ledger.fallbacks() == (again,)
    assert await ledger.fallbacks(is_standing=False) == (another(ended=NOW + HOUR, ended_by="anna"), again)


async def test_what_did_not_fall_back_does_not_end(ledger: SqlLedger) -> None:
    await ledger.fall_back([FELL])
    await ledger.end_fallback("p", "anna", "mended", NOW + HOUR)

    assert not await ledger.end_fallback("p", "anna", "again", NOW + HOUR)
    assert not await ledger.end_fallback("q", "anna", "mended", NOW)


async def test_it_is_written_with_the_records_or_not_at_all(ledger: SqlLedger) -> None:
    record = a_decided_record()
    await ledger.save([record], fallbacks=[FELL], now=NOW)
    with pytest.raises(Conflict):
        await ledger.save([record], fallbacks=[another(policy="q")], now=NOW)

    assert await ledger.fallbacks() == (FELL,)


async def test_other_tenants_have_their_own(ledger: SqlLedger, url: str) -> None:
    await ledger.fall_back([FELL])
    await ledger.mark_looked_back(NOW)

    async with open_ledger(url, OTHER_TENANT, key=KEY) as other:
        assert await other.fallbacks(is_standing=False) == ()
        assert await other.looked_back() is None
        assert await other.fall_back([FELL]) == (FELL,)


async def test_how_far_it_was_looked_is_remembered(ledger: SqlLedger) -> None:
    before = await ledger.looked_back()
    await ledger.mark_looked_back(NOW)
    await ledger.mark_looked_back(NOW + HOUR)

    assert before is None
    assert await ledger.looked_back() == NOW + HOUR


@pytest.mark.parametrize(
    ("since", "until", "is_told"),
    [
        (NOW - HOUR, NOW, True),
        (NOW - HOUR, NOW - timedelta(microseconds=1), False),
        (NOW, NOW + HOUR, False),
        (NOW - timedelta(microseconds=1), NOW + HOUR, True),
    ],
)
async def test_what_was_deleted_is_told_by_when_it_was_sent(
    ledger: SqlLedger, since: datetime, until: datetime, is_told: bool
) -> None:
    record = a_decided_record()
    effect = an_effect(record)
    approval = Approval(policy="p", action_id=record.action.id, at=effect.intended_at, messages=1)
    await ledger.save([record], effects=[effect], approvals=[approval], now=NOW)
    await ledger.depart(effect.id, NOW, await a_lease(ledger))
    await ledger.settle(effect.id, Outcome(went=Went.DONE), NOW)

    found = await ledger.deletions(since, until)

    assert [one.id for one in found] == ([effect.id] if is_told else [])


@pytest.mark.parametrize(
    ("more", "went", "is_automatic"),
    [
        ({}, Went.REFUSED, True),
        ({}, Went.DONE, False),
        ({"kind": EffectKind.DISABLE_RULE}, Went.DONE, True),
    ],
)
async def test_what_people_approved_what_was_refused_and_what_is_no_mail_is_left_out(
    ledger: SqlLedger, more: dict[str, object], went: Went, is_automatic: bool
) -> None:
    record = a_decided_record()
    effect = msgspec.structs.replace(an_effect(record), **more)
    approval = Approval(policy="p", action_id=record.action.id, at=effect.intended_at, messages=1)
    await ledger.save([record], effects=[effect], approvals=[approval] if is_automatic else [], now=NOW)
    await ledger.depart(effect.id, NOW, await a_lease(ledger))
    await ledger.settle(effect.id, Outcome(went=went), NOW)

    assert await ledger.deletions(NOW - HOUR, NOW) == ()


def a_set(revision: str, hours: float) -> KeptSet:
    return KeptSet(
        revision=revision, git="", at=NOW + hours * HOUR, files={f"policies/{revision}.yaml": b"x"}
    )


async def test_an_agent_that_starts_again_brings_nothing_new_into_force(ledger: SqlLedger) -> None:
    await ledger.keep_set(a_set("a", 0))
    await ledger.keep_set(a_set("b", 1))
    await ledger.keep_set(a_set("b", 2))
    restarted = await ledger.kept_set()
    await ledger.keep_set(a_set("a", 3))

    assert restarted == a_set("b", 1)
    assert await ledger.kept_set() == a_set("a", 3)


async def test_sets_are_told_newest_first(ledger: SqlLedger) -> None:
    for at, name in enumerate("abc"):
        await ledger.keep_set(a_set(name, at))

    assert [one.revision for one in await ledger.kept_sets(limit=2)] == ["c", "b"]
    assert [one.revision for one in await ledger.kept_sets(before=NOW + HOUR)] == ["a"]


async def test_the_audit_tells_of_its_beginning_and_its_end(ledger: SqlLedger) -> None:
    await ledger.fall_back([FELL])
    await ledger.fall_back([FELL])
    await ledger.end_fallback("p", "anna on soc-1", "mended", NOW + HOUR)

    links = await ledger.trail.unshipped("agent", 100)

    told = [link.event for link in links]
    assert (told.count(str(Event.FALLBACK)), told.count(str(Event.REINSTATED))) == (1, 1)
    assert b"anna" not in b"".join(link.body for link in links)
