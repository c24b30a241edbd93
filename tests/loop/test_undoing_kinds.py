"""Taking back what was done to rules, accounts and files."""

from dataclasses import replace

import msgspec

from agent.model.enactment import Effect, EffectKind, EffectSeen, Record, State, Went
from agent.model.errors import Unavailable
from tests.judge.plans.scenes import ANNA, account_action, an_account, file_action, on_premises, rules
from tests.judge.plans.scenes import a_rule as a_plain_rule
from tests.judge.test_track import a_decision
from tests.loop.conftest import Bench
from tests.loop.test_kinds import ADDRESS, FILE, M, acting, show, with_a_rule
from tests.loop.test_undoing import undo
from tests.makers import NOW

RAW = '{"displayName":"archive","id":"rule-1","isEnabled":true,"sequence":3}'


def a_rule(bench: Bench, **more: object) -> None:
    bench.enactor.targets.mailboxes[ADDRESS] = rules(a_plain_rule(**{"raw": RAW, **more}))


async def turned_off(bench: Bench) -> Record:
    with_a_rule(bench)
    a_rule(bench)
    await bench.run_pass()
    return await acting(bench)


async def test_a_rule_is_switched_on_again_and_seen_to_be(bench: Bench) -> None:
    record = await turned_off(bench)

    taken = await undo(bench, record)
    bench.clock.advance(5 * M)
    await bench.run_pass()

    (rule,) = bench.enactor.targets.mailboxes[ADDRESS].rules
    after = await acting(bench)
    assert (taken.record.state, rule.is_enabled) == (State.UNDONE, True)
    assert after.undone is not None
    assert (after.undone.words, after.undone.seen) == ("restored 1 inbox rule", EffectSeen.CONFIRMED)


async def test_a_rule_that_somebody_changed_or_removed_since_is_left_as_it_is(bench: Bench) -> None:
    record = await turned_off(bench)
    changed = RAW.replace("archive", "archive of anna")
    a_rule(bench, raw=changed, is_enabled=False)

    taken = await undo(bench, record)
    bench.enactor.targets.mailboxes[ADDRESS] = rules()
    gone = await undo(bench, await acting(bench))

    assert taken.record == record
    assert gone.record == record
    assert EffectKind.ENABLE_RULE not in {kind for kind, _ in bench.enactor.applied}


async def done_by_hand(bench: Bench, record: Record, *effects: Effect) -> Record:
    """Save a record with effects as a plan would have made them, and let them show."""
    await bench.world.ledger.save([record], now=NOW)
    saved = (await bench.world.ledger.load([record.action.id]))[record.action.id]
    await bench.world.ledger.save([saved], effects=effects, now=NOW)
    return (await bench.world.ledger.load([record.action.id]))[record.action.id]


async def disabled(bench: Bench) -> Record:
    """Return the record of an account that was disabled in Entra ID, and whose sessions were revoked."""
    action = account_action()
    record = Record(action=action, state=State.CONFIRMED, due=None, decision=a_decision(action))
    bench.enactor.targets.accounts[ANNA] = an_account(account_enabled=False)
    made = [
        Effect(
            id=f"e-{kind}",
            action_id=action.id,
            incident_id="1",
            kind=kind,
            targets=((ANNA, ""),),
            before=("true",) if kind is EffectKind.DISABLE_USER else (),
            went=Went.DONE,
            intended_at=NOW,
        )
        for kind in (EffectKind.DISABLE_USER, EffectKind.REVOKE_SESSIONS)
    ]
    return await done_by_hand(bench, record, *made)


async def test_an_account_is_enabled_again_and_its_sessions_need_nothing(bench: Bench) -> None:
    record = await disabled(bench)

    taken = await undo(bench, record)

    assert bench.enactor.targets.accounts[ANNA].account_enabled is True
    assert taken.record.state is State.UNDONE
    assert taken.record.undone is not None
    assert taken.record.undone.words == (
        "restored 1 account; sessions that were revoked need nothing restored: the person signs in again"
    )


async def test_an_account_that_cannot_be_read_now_is_left_with_the_reason(bench: Bench) -> None:
    record = await disabled(bench)
    bench.enactor.targets.error = Unavailable("graph: 503")
    world = replace(bench.world, replica="agent.undo")

    taken = await undo(bench, record, world=world)

    assert taken.record == record
    assert bench.enactor.applied == {}


async def test_an_account_on_premises_is_enabled_there(bench: Bench) -> None:
    action = account_action()
    record = Record(action=action, state=State.CONFIRMED, due=None, decision=a_decision(action))
    there = on_premises(is_enabled=False)
    bench.enactor.targets.accounts[ANNA] = an_account(is_synced=True, on_premises=there)
    made = Effect(
        id="e",
        action_id=action.id,
        incident_id="1",
        kind=EffectKind.DISABLE_ACCOUNT,
        targets=((there.id, there.account_id),),
        before=("true",),
        went=Went.DONE,
        intended_at=NOW,
    )

    taken = await undo(bench, await done_by_hand(bench, record, made))

    known = bench.enactor.targets.accounts[ANNA].on_premises
    assert known is not None
    assert known.is_enabled is True
    assert taken.record.state is State.UNDONE


async def test_a_quarantined_file_has_no_inverse(bench: Bench) -> None:
    show(bench, file_action().evidence)
    await bench.run_pass()
    record = await acting(bench)

    taken = await undo(bench, record)

    assert bench.enactor.applied == {FILE: 1}
    assert taken.record == record


async def test_a_rule_that_was_undone_is_not_turned_off_again_by_the_agent(bench: Bench) -> None:
    """Not even where the policy, which fell back with that, counts again."""
    await undo(bench, await turned_off(bench))
    await bench.world.ledger.end_fallback("approve-disableForwarding", "anna", "mended", bench.clock.now())
    record = await acting(bench)
    seen = msgspec.structs.replace(record, state=State.SEEN, due=bench.clock.now())
    await bench.world.ledger.save([seen], now=bench.clock.now())

    await bench.run_pass()

    after = await acting(bench)
    assert after.decision is not None
    assert (after.state, after.decision.guard) == (State.HELD, "undone")
