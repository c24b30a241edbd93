"""Rules, accounts and files: approved, read again, carried out once, and looked at until they are as asked."""

from datetime import timedelta

import msgspec
import pytest

from agent.model.defender import AnyEvidence, MailboxConfigurationEvidence
from agent.model.enactment import EffectKind, EffectSeen, Outcome, Record, State, Way, Went
from agent.model.errors import Refused, Unavailable
from agent.model.targets import OfRules, Quarantine
from tests.judge.plans.scenes import (
    ANNA,
    DEVICE,
    SHA1,
    a_device,
    a_rule,
    an_account,
    file_action,
    forwarding,
    rules,
)
from tests.loop.conftest import Bench
from tests.makers import an_alert, an_incident

M = timedelta(minutes=1)
ADDRESS = "anna@contoso.example"
RULE = (EffectKind.DISABLE_RULE, ("rule-1", ANNA))
FILE = (EffectKind.QUARANTINE_FILE, (SHA1, DEVICE))

APPROVE = """
policy: approve-{kind}
description: Approves everything of a kind.
owner: soc@contoso.example
for: [{kind}]
mode: enforce
match:
  evidence.verdict: malicious
decide: approve
"""


def show(bench: Bench, evidence: AnyEvidence | None) -> None:
    assert evidence is not None
    bench.with_policies(
        rule=APPROVE.format(kind="disableForwarding"), file=APPROVE.format(kind="quarantineFile")
    )
    bench.defender.show(an_incident(an_alert(evidence)))
    bench.enactor.targets.mailboxes[ADDRESS] = rules(a_rule())
    bench.enactor.targets.accounts[ANNA] = an_account()
    bench.enactor.targets.devices[DEVICE] = a_device()


def with_a_rule(bench: Bench) -> None:
    evidence = forwarding().evidence
    assert isinstance(evidence, MailboxConfigurationEvidence)
    show(bench, evidence)


async def acting(bench: Bench) -> Record:
    """Return the record whose action is acted on: the alert itself is another."""
    return next(r for r in await bench.records() if r.action.kind != "unknown")


async def test_a_rule_is_turned_off_once_and_seen_to_be_off(bench: Bench) -> None:
    with_a_rule(bench)

    for _ in range(3):
        await bench.run_pass()
        bench.clock.advance(6 * M)

    record = await acting(bench)
    assert bench.enactor.applied == {RULE: 1}
    assert (record.state, record.confirmation.effect) == (State.CONFIRMED, EffectSeen.CONFIRMED)
    assert record.confirmation.words == "the inbox rule is off, or gone"
    (effect,) = await bench.world.ledger.effects(record.action.id)
    assert effect.before == ('{"id":"rule-1"}',)


async def test_a_rule_that_changed_between_decision_and_call_is_decided_anew(bench: Bench) -> None:
    with_a_rule(bench)
    changed = rules(a_rule(raw='{"id":"rule-1","changed":true}', forwards_to=("other@evil.example",)))
    find, asked = bench.enactor.targets.find, 0

    async def changing(what: object) -> object:
        nonlocal asked
        asked += isinstance(what, OfRules)
        if asked == 2:
            bench.enactor.targets.mailboxes[ADDRESS] = changed
        return await find(what)  # type: ignore[arg-type]

    bench.enactor.targets.find = changing  # type: ignore[method-assign,assignment]

    await bench.run_pass()
    first = await acting(bench)
    bench.clock.advance(M)
    await bench.run_pass()

    assert first.state is State.SEEN
    assert "the approval is void: what it acts on was changed" in first.why
    assert bench.enactor.applied == {RULE: 1}
    (_, effect) = await bench.world.ledger.effects(first.action.id)
    assert effect.before == ('{"id":"rule-1","changed":true}',)


async def test_a_rule_that_somebody_turned_off_meanwhile_is_left_alone(bench: Bench) -> None:
    with_a_rule(bench)
    find, asked = bench.enactor.targets.find, 0

    async def changing(what: object) -> object:
        nonlocal asked
        asked += isinstance(what, OfRules)
        if asked == 2:
            bench.enactor.targets.mailboxes[ADDRESS] = rules(a_rule(is_enabled=False))
        return await find(what)  # type: ignore[arg-type]

    bench.enactor.targets.find = changing  # type: ignore[method-assign,assignment]

    await bench.run_pass()
    await bench.run_pass()

    assert not bench.enactor.applied
    assert (await acting(bench)).state is State.CONFIRMED


async def test_where_mailboxes_cannot_be_read_a_person_is_asked_and_it_is_soon_tried_again(
    bench: Bench,
) -> None:
    with_a_rule(bench)
    bench.enactor.targets.error = Unavailable("graph: 503")

    await bench.run_pass()
    waiting = await acting(bench)
    bench.enactor.targets.error = None
    bench.clock.advance(31 * M)
    await bench.run_pass()

    assert (waiting.state, waiting.due) == (
        State.HANDED_OFF,
        waiting.decision.at + 30 * M if waiting.decision else None,
    )
    assert "graph: 503" in waiting.plan.why if waiting.plan else False
    assert bench.enactor.applied == {RULE: 1}


async def test_what_is_refused_to_be_read_is_handed_off(bench: Bench) -> None:
    with_a_rule(bench)
    bench.enactor.targets.error = Refused("graph: read inbox rules: 403: grant MailboxSettings.Read")

    await bench.run_pass()

    record = await acting(bench)
    assert record.state is State.HANDED_OFF
    assert record.plan is not None
    assert "grant MailboxSettings.Read" in record.plan.why


async def test_a_call_whose_outcome_is_not_known_is_read_back_and_not_made_again(bench: Bench) -> None:
    with_a_rule(bench)
    bench.enactor.next_outcomes = ["lost"]

    await bench.run_pass()
    unsure = await acting(bench)
    bench.clock.advance(6 * M)
    await bench.run_pass()

    assert unsure.state is State.UNKNOWN
    assert (await acting(bench)).state is State.CONFIRMED
    assert bench.enactor.applied == {RULE: 1}


async def test_a_rule_that_stays_on_after_twelve_hours_is_for_a_person(bench: Bench) -> None:
    with_a_rule(bench)
    bench.enactor.next_outcomes = [Outcome(went=Went.UNKNOWN, detail="504")]

    await bench.run_pass()
    for _ in range(5):
        bench.clock.advance(timedelta(hours=4))
        await bench.run_pass()

    record = await acting(bench)
    assert record.state is State.UNKNOWN
    assert "1 of 1 not as asked at the last look: a person has to see" in record.why
    assert not bench.enactor.applied


@pytest.mark.parametrize(
    ("status", "state"), [("Succeeded", State.CONFIRMED), ("Failed", State.SENT), ("InProgress", State.SENT)]
)
async def test_a_file_is_quarantined_and_followed_by_its_machine_action(
    bench: Bench, status: str, state: State
) -> None:
    show(bench, file_action().evidence)
    bench.enactor.next_outcomes = [Outcome(went=Went.DONE, bulk_id="m-1")]
    bench.enactor.targets.quarantines["m-1"] = Quarantine(id="m-1", status=status)

    await bench.run_pass()
    bench.clock.advance(6 * M)
    await bench.run_pass()

    assert bench.enactor.applied == {FILE: 1}
    assert (await acting(bench)).state is state


async def test_what_this_tenant_cannot_do_is_handed_off_and_says_what_would_change_that(bench: Bench) -> None:
    show(bench, file_action().evidence)
    bench.enactor.lacks[EffectKind.QUARANTINE_FILE] = (
        "Defender for Endpoint is switched off: set `endpoint.enabled: true`"
    )

    await bench.run_pass()

    record = await acting(bench)
    assert record.plan is not None
    assert (record.state, record.plan.way) == (State.HANDED_OFF, Way.HAND_OFF)
    assert "endpoint.enabled" in record.plan.why


async def test_observing_reads_and_plans_and_changes_nothing(bench: Bench) -> None:
    with_a_rule(bench)
    bench.observing()

    await bench.run_pass()

    record = await acting(bench)
    assert record.state is State.DECIDED
    assert record.plan is not None
    assert [effect.went for effect in record.plan.effects] == [Went.OBSERVED]
    assert not bench.enactor.applied


async def test_two_alerts_about_one_rule_turn_it_off_once(bench: Bench) -> None:
    with_a_rule(bench)
    evidence = forwarding().evidence
    assert isinstance(evidence, MailboxConfigurationEvidence)
    other = msgspec.structs.replace(evidence, configuration_type="mailForwardingRule")
    bench.defender.show(an_incident(an_alert(evidence, id="a"), an_alert(other, id="b")))

    for _ in range(3):
        await bench.run_pass()
        bench.clock.advance(6 * M)

    assert bench.enactor.applied == {RULE: 1}
