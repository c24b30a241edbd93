"""What every ledger promises of effects and their targets, held against SQLite and PostgreSQL."""

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.enactment import Cover, Outcome, State, Went
from agent.model.errors import Conflict
from tests.adapters.records import (
    MINUTE,
    NOW,
    a_decided_record,
    an_effect,
    depart,
    saved,
)


async def test_effects_come_in_the_order_of_their_plans(ledger: SqlLedger) -> None:
    record = a_decided_record()
    first = [an_effect(record, place, id=name) for place, name in enumerate("cab")]
    await ledger.save([record], effects=first, now=NOW)
    second = [an_effect(record, 3 + place, id=name) for place, name in enumerate("zy")]

    await ledger.save([saved(record)], effects=second, now=NOW)

    assert await ledger.effects(record.action.id) == (*first, *second)
    assert await ledger.effects("unknown") == ()


async def test_effects_of_several_actions_are_those_of_each(ledger: SqlLedger) -> None:
    records = [a_decided_record(f"cluster-{number}") for number in range(4)]
    planned = {
        one.action.id: tuple(
            an_effect(one, place, targets=((f"{number}-{place}", "anna@contoso.example"),))
            for place in range(number)
        )
        for number, one in enumerate(records)
    }
    shadow = an_effect(records[3], 9, went=Went.SHADOW)
    every = [effect for some in planned.values() for effect in reversed(some)]
    await ledger.save(records, effects=[*every, shadow], now=NOW)

    found = await ledger.effects_of(["unknown", *planned, records[1].action.id])

    assert found == {name: tuple(reversed(some)) for name, some in planned.items() if some}
    assert [await ledger.effects(name) for name in planned] == [found.get(name, ()) for name in planned]
    assert await ledger.effects_of([]) == {}


async def test_a_claimed_target_is_covered_by_its_effect(ledger: SqlLedger) -> None:
    record = a_decided_record()
    effect = an_effect(record, targets=(("m1", "anna@contoso.example"), ("m1", "ben@contoso.example")))
    await ledger.save([record], effects=[effect], now=NOW)

    covered = await ledger.covered(
        [*effect.targets, effect.targets[0], ("m2", "anna@contoso.example"), ("m1", "eve@contoso.example")]
    )

    cover = Cover(action_id=record.action.id, effect_id=effect.id, intended_at=NOW)
    assert covered == dict.fromkeys(effect.targets, cover)


async def test_twelve_thousand_targets_are_claimed_and_found(ledger: SqlLedger) -> None:
    record = a_decided_record()
    targets = tuple((f"message-{place // 2}", f"user{place}@contoso.example") for place in range(12_000))
    effects = [an_effect(record, n, targets=targets[n * 100 : n * 100 + 100]) for n in range(120)]
    await ledger.save([record], effects=effects, now=NOW)

    covered = await ledger.covered([*targets, ("message-0", "nobody@contoso.example")])

    assert set(covered) == set(targets)
    assert covered[targets[-1]].effect_id == effects[-1].id


async def test_a_claimed_target_cannot_be_claimed_again(ledger: SqlLedger) -> None:
    record, other = a_decided_record(), a_decided_record("cluster-2")
    await ledger.save([record], effects=[an_effect(record)], now=NOW)

    with pytest.raises(Conflict):
        await ledger.save([other], effects=[an_effect(other)], now=NOW)

    assert await ledger.load([other.action.id]) == {}
    assert await ledger.effects(other.action.id) == ()


async def test_two_effects_of_one_save_cannot_claim_the_same_target(ledger: SqlLedger) -> None:
    record = a_decided_record()

    with pytest.raises(Conflict):
        await ledger.save(
            [record], effects=[an_effect(record, 0, id="a"), an_effect(record, 0, id="b")], now=NOW
        )


async def test_an_observed_effect_claims_nothing(ledger: SqlLedger) -> None:
    record = a_decided_record(state=State.DECIDED)
    effect = an_effect(record, went=Went.OBSERVED)

    await ledger.save([record], effects=[effect], now=NOW)

    assert await ledger.covered(effect.targets) == {}
    assert await ledger.effects(record.action.id) == (effect,)


async def test_a_dropped_effect_lets_go_of_its_targets(ledger: SqlLedger) -> None:
    record, other = a_decided_record(), a_decided_record("cluster-2")
    kept, let_go = an_effect(record, 1), an_effect(record, 2)
    await ledger.save([record], effects=[kept, let_go], now=NOW)

    await ledger.save([], dropped=[let_go.id], now=NOW + MINUTE)
    await ledger.save([other], effects=[an_effect(other, 2)], now=NOW)

    assert [effect.went for effect in await ledger.effects(record.action.id)] == [Went.INTENDED, Went.DROPPED]
    assert (await ledger.covered(let_go.targets))[let_go.targets[0]].action_id == other.action.id
    assert set(await ledger.covered(kept.targets)) == set(kept.targets)


async def test_one_save_may_drop_an_effect_and_claim_its_targets_anew(ledger: SqlLedger) -> None:
    record = a_decided_record()
    await ledger.save([record], effects=[an_effect(record, id="old")], now=NOW)

    anew = an_effect(record, id="new")
    await ledger.save([saved(record)], effects=[anew], dropped=["old"], now=NOW)

    assert (await ledger.covered(anew.targets))[anew.targets[0]].effect_id == "new"


async def test_an_effect_that_was_never_sent_may_be_planned_again(ledger: SqlLedger) -> None:
    record = a_decided_record()
    again = an_effect(record, id="same")
    await ledger.save([record], effects=[an_effect(record, id="same", went=Went.OBSERVED)], now=NOW)
    await ledger.save([], effects=[again], now=NOW)
    await ledger.save([], dropped=["same"], now=NOW)

    await ledger.save([], effects=[again], now=NOW)

    assert await ledger.effects(record.action.id) == (again,)
    assert set(await ledger.covered(again.targets)) == set(again.targets)


@pytest.mark.parametrize("went", [Went.INTENDED, Went.SENT, Went.DONE, Went.REFUSED, Went.UNKNOWN])
async def test_an_effect_that_is_planned_or_was_sent_is_not_planned_again(
    ledger: SqlLedger, went: Went
) -> None:
    record = a_decided_record()
    await ledger.save([record], effects=[an_effect(record, id="same", went=went)], now=NOW)

    with pytest.raises(Conflict):
        await ledger.save([], effects=[an_effect(record, 7, id="same")], now=NOW)

    assert (await ledger.effects(record.action.id))[0].went == went


@pytest.mark.parametrize("went", [Went.SENT, Went.DONE, Went.REFUSED, Went.UNKNOWN, Went.DROPPED])
async def test_an_effect_that_is_not_intended_cannot_be_dropped(ledger: SqlLedger, went: Went) -> None:
    record = a_decided_record()
    effects = [an_effect(record, 0, went=went), an_effect(record, 1)]
    await ledger.save([record], effects=effects, now=NOW)

    with pytest.raises(Conflict):
        await ledger.save([saved(record)], dropped=[effect.id for effect in effects], now=NOW)

    assert [effect.went for effect in await ledger.effects(record.action.id)] == [went, Went.INTENDED]


async def test_departing_counts_the_attempt(ledger: SqlLedger) -> None:
    record = a_decided_record()
    await ledger.save([record], effects=[an_effect(record)], now=NOW)

    await depart(ledger, an_effect(record).id, NOW + MINUTE)

    expected = msgspec.structs.replace(
        an_effect(record), went=Went.SENT, attempts=1, sent_at=NOW + MINUTE, sent_by="agent"
    )
    assert await ledger.effects(record.action.id) == (expected,)


@pytest.mark.parametrize("went", sorted(set(Went) - {Went.INTENDED, Went.SHADOW}))
async def test_only_an_intended_effect_departs(ledger: SqlLedger, went: Went) -> None:
    record = a_decided_record()
    await ledger.save([record], effects=[an_effect(record, went=went)], now=NOW)

    with pytest.raises(Conflict):
        await depart(ledger, an_effect(record).id, NOW)
    with pytest.raises(Conflict):
        await depart(ledger, "unknown", NOW)

    assert (await ledger.effects(record.action.id))[0].attempts == 0


@pytest.mark.parametrize("went", [Went.DONE, Went.REFUSED, Went.UNKNOWN])
async def test_settling_writes_the_outcome(ledger: SqlLedger, went: Went) -> None:
    record = a_decided_record()
    await ledger.save([record], effects=[an_effect(record)], now=NOW)
    await depart(ledger, an_effect(record).id, NOW)

    await ledger.settle(
        an_effect(record).id, Outcome(went=went, detail="as Graph said", bulk_id="bulk"), NOW + MINUTE
    )

    (effect,) = await ledger.effects(record.action.id)
    assert (effect.went, effect.detail, effect.bulk_id) == (went, "as Graph said", "bulk")
    assert (effect.sent_at, effect.settled_at) == (NOW, NOW + MINUTE)
    assert set(await ledger.covered(effect.targets)) == set(effect.targets)


async def test_an_effect_put_back_may_depart_again_and_keeps_its_attempts(ledger: SqlLedger) -> None:
    record = a_decided_record()
    effect = an_effect(record)
    await ledger.save([record], effects=[effect], now=NOW)
    await depart(ledger, effect.id, NOW)

    await ledger.settle(effect.id, Outcome(went=Went.INTENDED, detail="429"), NOW)
    put_back = (await ledger.effects(record.action.id))[0]
    await depart(ledger, effect.id, NOW + MINUTE)

    assert (put_back.went, put_back.attempts, put_back.sent_at) == (Went.INTENDED, 1, None)
    assert (await ledger.effects(record.action.id))[0].attempts == 2


SETTLINGS = {
    (Went.INTENDED, Went.DONE): True,
    (Went.INTENDED, Went.INTENDED): False,
    (Went.SENT, Went.INTENDED): True,
    (Went.UNKNOWN, Went.DONE): True,
    (Went.UNKNOWN, Went.REFUSED): True,
    (Went.UNKNOWN, Went.INTENDED): False,
    (Went.DONE, Went.DONE): True,
    (Went.DONE, Went.INTENDED): False,
    (Went.DONE, Went.UNKNOWN): False,
    (Went.DONE, Went.REFUSED): False,
    (Went.REFUSED, Went.INTENDED): False,
    (Went.REFUSED, Went.DONE): False,
    (Went.DROPPED, Went.DONE): False,
    (Went.DROPPED, Went.INTENDED): False,
    (Went.OBSERVED, Went.DONE): False,
}


@pytest.mark.parametrize(("before", "after"), SETTLINGS, ids=str)
async def test_what_may_have_been_applied_is_never_put_back(
    ledger: SqlLedger, before: Went, after: Went
) -> None:
    record = a_decided_record()
    await ledger.save([record], effects=[an_effect(record, went=before)], now=NOW)
    settling = ledger.settle(an_effect(record).id, Outcome(went=after), NOW)

    if SETTLINGS[before, after]:
        await settling
    else:
        with pytest.raises(Conflict):
            await settling

    expected = after if SETTLINGS[before, after] else before
    assert (await ledger.effects(record.action.id))[0].went == expected


async def test_an_outcome_that_is_none_is_a_bug(ledger: SqlLedger) -> None:
    with pytest.raises(ValueError, match="settled as `dropped`"):
        await ledger.settle("any", Outcome(went=Went.DROPPED), NOW)
