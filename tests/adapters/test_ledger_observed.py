"""What would only have been is kept beside what is real, and nothing real is ever raised by it: SQLite and PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.decision import Verb
from agent.model.enactment import Approval, Cover, Effect, EffectKind, Spent, Went
from agent.model.errors import Conflict
from agent.model.rails import Approved
from tests.adapters.records import NOW, a_decided_record, a_decision, a_record, an_effect, saved

H = timedelta(hours=1)
SECOND = timedelta(seconds=1)
ANNA = "anna@contoso.example"
WOULD = (Went.OBSERVED, Went.SHADOW)
PAIRS = (("m1", ANNA), ("m2", ANNA))


async def plan(ledger: SqlLedger, key: str, went: Went, *messages: str, at: datetime = NOW) -> Effect:
    record = a_decided_record(key)
    targets = tuple((message, ANNA) for message in messages)
    effect = msgspec.structs.replace(
        an_effect(record, id=f"{key}-{went}", targets=targets, went=went), intended_at=at
    )
    await ledger.save([record], effects=[effect], now=at)
    return effect


def cover(effect: Effect) -> Cover:
    return Cover(
        action_id=effect.action_id, effect_id=effect.id, intended_at=effect.intended_at, is_observed=True
    )


@pytest.mark.parametrize("went", WOULD)
async def test_a_claim_that_would_only_have_been_covers_where_it_counts_and_nowhere_else(
    ledger: SqlLedger, went: Went
) -> None:
    effect = await plan(ledger, "a", went, "m1")
    (other,) = set(WOULD) - {went}

    assert await ledger.covered(PAIRS) == {}
    assert await ledger.covered(PAIRS, counted=(other,)) == {}
    assert await ledger.covered(PAIRS, EffectKind.MOVE_TO_JUNK, counted=WOULD) == {}
    assert await ledger.covered(PAIRS, counted=(went,)) == {PAIRS[0]: cover(effect)}


async def test_what_is_real_claims_what_would_only_have_been_claimed_and_comes_before_it(
    ledger: SqlLedger,
) -> None:
    observed = await plan(ledger, "a", Went.OBSERVED, "m1", "m2")
    real = await plan(ledger, "b", Went.INTENDED, "m1")

    found = await ledger.covered(PAIRS, counted=WOULD)

    assert {pair: one.effect_id for pair, one in found.items()} == {PAIRS[0]: real.id, PAIRS[1]: observed.id}
    assert not found[PAIRS[0]].is_observed
    assert set(await ledger.covered(PAIRS)) == {PAIRS[0]}


async def test_of_two_that_would_have_been_the_first_keeps_its_claim(ledger: SqlLedger) -> None:
    first = await plan(ledger, "a", Went.SHADOW, "m1")
    second = await plan(ledger, "b", Went.SHADOW, "m1", "m2", at=NOW + SECOND)

    found = await ledger.covered(PAIRS, counted=(Went.SHADOW,))

    assert found == {PAIRS[0]: cover(first), PAIRS[1]: cover(second)}


async def test_two_that_are_real_still_do_not_share_a_target(ledger: SqlLedger) -> None:
    await plan(ledger, "a", Went.SHADOW, "m1")
    await plan(ledger, "b", Went.INTENDED, "m1")

    with pytest.raises(Conflict):
        await plan(ledger, "c", Went.INTENDED, "m1")


async def test_what_observing_policies_would_have_done_is_no_effect_of_the_action(ledger: SqlLedger) -> None:
    shadow = await plan(ledger, "a", Went.SHADOW, "m1")
    observed = await plan(ledger, "b", Went.OBSERVED, "m2")

    assert await ledger.effects(shadow.action_id) == ()
    assert await ledger.effects(observed.action_id) == (observed,)
    assert {one.id for one in await ledger.given(NOW)} == {shadow.id, observed.id}
    assert await ledger.takers(["m1", "m2"]) == {}


async def approve(ledger: SqlLedger, *approvals: tuple[str, datetime, int, bool]) -> None:
    for key in sorted({key for key, *_ in approvals}):
        record = a_record(key)
        if not await ledger.load([record.action.id]):
            await ledger.save([record], now=NOW)
    await ledger.save([], approvals=_approvals(approvals), now=NOW)


def _approvals(some: Sequence[tuple[str, datetime, int, bool]]) -> list[Approval]:
    return [
        Approval(policy="p", action_id=_id(key), at=at, messages=messages, is_observed=is_observed)
        for key, at, messages, is_observed in some
    ]


def _id(key: str) -> str:
    return a_record(key).action.id


async def test_a_limit_counts_what_would_have_been_only_where_it_is_asked_for(ledger: SqlLedger) -> None:
    await approve(ledger, ("a", NOW, 3, False), ("b", NOW, 5, True))

    assert await ledger.spent("p", NOW) == Spent(actions=1, messages=3)
    assert await ledger.spent("p", NOW, observed=True) == Spent(actions=2, messages=8)
    assert {one.is_observed for one in await ledger.approvals(NOW)} == {False, True}


async def test_what_would_have_been_approved_twice_counts_once_and_real_messages_each_time(
    ledger: SqlLedger,
) -> None:
    await approve(ledger, ("a", NOW, 3, False), ("a", NOW + SECOND, 1, False))
    await approve(ledger, ("b", NOW, 5, True), ("b", NOW + SECOND, 6, True))

    assert await ledger.spent("p", NOW, observed=True) == Spent(actions=2, messages=10)


async def test_of_the_action_itself_what_would_have_been_does_not_count_and_what_was_sent_does(
    ledger: SqlLedger,
) -> None:
    await approve(ledger, ("a", NOW, 3, False), ("a", NOW + SECOND, 5, True), ("b", NOW, 7, True))

    found = await ledger.spent("p", NOW, apart_from=_id("a"), observed=True)

    assert found == Spent(actions=1, messages=10)


async def decide(
    ledger: SqlLedger, key: str, at: datetime, *, is_observed: bool = True, guard: str | None = None
) -> None:
    record = a_record(key)
    known = (await ledger.load([record.action.id])).get(record.action.id, record)
    verb = Verb.APPROVE if guard is None else Verb.ESCALATE
    decision = msgspec.structs.replace(
        a_decision(record.action, verb, at=at), guard=guard, is_observed=is_observed
    )
    await ledger.save([msgspec.structs.replace(known, decision=decision)], now=at)


async def test_what_was_observed_makes_the_band_and_is_news_once_it_is_real(ledger: SqlLedger) -> None:
    await decide(ledger, "a", NOW - 5 * H - SECOND)
    await decide(ledger, "b", NOW - SECOND)
    before = await ledger.approved(NOW, 336)

    await decide(ledger, "a", NOW, is_observed=False)

    assert before == Approved(unasked=0, by_hour={0: 1, 5: 1})
    assert await ledger.approved(NOW, 336) == Approved(unasked=1, by_hour={0: 1, 5: 1})


async def test_a_brake_that_would_have_been_on_has_asked_nobody(ledger: SqlLedger) -> None:
    await decide(ledger, "a", NOW - 3 * SECOND, is_observed=False)
    await decide(ledger, "b", NOW - 2 * SECOND, guard="brake")

    assert (await ledger.approved(NOW, 336)).unasked == 1


async def test_what_observing_policies_would_have_approved_counts_for_their_like_alone_and_once(
    ledger: SqlLedger,
) -> None:
    await decide(ledger, "a", NOW, is_observed=False)
    await approve(ledger, ("a", NOW, 1, True), ("b", NOW - H, 1, True), ("b", NOW, 1, True))
    await approve(ledger, ("c", NOW, 1, False))

    assert await ledger.approved(NOW, 336) == Approved(unasked=1, by_hour={0: 1})
    assert await ledger.approved(NOW, 336, shadow=True) == Approved(unasked=1, by_hour={0: 1, 1: 1})


async def test_a_decision_is_read_as_it_was_written(ledger: SqlLedger) -> None:
    record = a_decided_record()
    assert record.decision is not None
    told = msgspec.structs.replace(record.decision, is_observed=True, shadow_guard="size", targets=7)
    await ledger.save([msgspec.structs.replace(record, decision=told)], now=NOW)

    found = (await ledger.load([record.action.id]))[record.action.id]

    assert found.decision == told
    assert saved(record).action == found.action
