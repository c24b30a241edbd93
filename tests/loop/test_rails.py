"""Each guard rail holds at the decision, and again right before a call leaves; nothing that it holds is sent."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.codec import write_decision
from agent.loop.braking import Holds
from agent.loop.guarding import Seen, check, look
from agent.loop.replaying import replay
from agent.loop.run import load
from agent.model.decision import Unit, Verb
from agent.model.defender import Incident
from agent.model.enactment import Approval, Effect, EffectKind, Outcome, Record, State, Way, Went
from agent.model.errors import Held, Malformed, PolicyError, Refused, Unavailable
from agent.model.hold import BRAKE, KILL_SWITCH, Hold
from agent.model.rails import Cap, Freeze
from agent.model.targets import Account, Rules
from agent.ports.defender import Departing
from agent.settings.guards import hours
from tests.judge.rails.scenes import an_effect
from tests.loop.conftest import APPROVE, Bench
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

H = timedelta(hours=1)
OTHER = "99999999-2222-3333-4444-555555555555"
VIP = "list: vip\nentries: [anna@contoso.example]\n"

Change = Callable[[Bench], Awaitable[None]]


def a_small_approval(bench: Bench) -> None:
    """Show three copies in three mailboxes that a policy approves."""
    bench.with_policies(**{"approve": APPROVE, "lists/vip": VIP})
    bench.defender.show(an_incident(an_alert(a_cluster())))
    bench.defender.deliver(
        *(
            a_copy(n, recipient=f"{who}@contoso.example")
            for n, who in enumerate(("anna", "bob", "carl"), start=1)
        )
    )


def with_rails(**values: object) -> Change:
    async def change(bench: Bench) -> None:
        rails = msgspec.structs.replace(bench.world.rails, **values)
        # A pass has the world that it began with; settings do not change on its way, and here they do.
        object.__setattr__(bench.world, "rails", rails)

    return change


def with_hold(name: str) -> Change:
    async def change(bench: Bench) -> None:
        await bench.world.ledger.hold(Hold(name=name, since=NOW, by="anna", reason="drill"))

    return change


async def of_another_tenant(bench: Bench) -> None:
    for incident in list(bench.defender.incidents.values()):
        bench.defender.show(msgspec.structs.replace(incident, tenant_id=OTHER))


def a_cap(unit: str) -> Cap:
    found = {"actions": "actions_per_hour", "messages": "messages_per_hour"}[unit]
    return Cap(name=found, unit=Unit(unit), count=0, window=H)


CHANGES: dict[str, Change] = {
    "hold": with_hold(KILL_SWITCH),
    "brake": with_hold(BRAKE),
    "tenant": of_another_tenant,
    "frozen": with_rails(freezes=(Freeze(begins=NOW - H, ends=NOW + 5 * H),)),
    "hours": with_rails(hours=hours("mon 12:00-20:00 UTC")),
    "protected": with_rails(protected=("vip",)),
    "size": with_rails(mailboxes_per_action=2),
    "radius": with_rails(users_per_day=2),
    "two people": with_rails(two_people_from=3),
    "actions_per_hour": with_rails(caps=(a_cap("actions"),)),
    "messages_per_hour": with_rails(caps=(a_cap("messages"),)),
}


def right_before_it_leaves(bench: Bench, guard: str, change: Change) -> None:
    """Let the world change after the call was asked for, and before its bytes leave."""
    if guard == "tenant":
        whole = bench.defender.incident

        async def incident(incident_id: str) -> Incident | None:
            await change(bench)
            return await whole(incident_id)

        bench.defender.incident = incident  # type: ignore[method-assign]
        return
    enact = bench.enactor.enact

    async def late(effect: Effect, *, name: str, departing: Departing) -> Outcome:
        await change(bench)
        return await enact(effect, name=name, departing=departing)

    bench.enactor.enact = late  # type: ignore[method-assign]


async def assert_held(bench: Bench, guard: str) -> Record:
    record = await bench.only()
    assert (record.state, bench.enactor.removed.total()) == (State.HELD, 0)
    assert record.decision is not None
    assert record.plan is not None
    assert (record.decision.verb, record.decision.guard) == (Verb.ESCALATE, guard)
    assert record.decision.reason.startswith(f"held by `{guard}`: ")
    assert (record.plan.way, record.plan.effects) == (Way.ASK, ())
    assert all(effect.went is Went.DROPPED for effect in await bench.world.ledger.effects(record.action.id))
    assert (await bench.world.ledger.spent("small-malicious", NOW - 24 * H)).actions == 0
    if guard in {KILL_SWITCH, BRAKE}:
        # While anything holds, nothing at all is written to Defender, and the incident neither.
        assert (bench.enactor.tags, bench.enactor.comments) == ({}, [])
    else:
        assert bench.enactor.tags["1"] == ("air-agent:held",)
        assert f"held by `{guard}`" in bench.enactor.comments[-1][1]
    for one in await replay(bench.world.ledger, record, write_decision):
        assert one.is_same, one.why_not or one.differences
    return record


async def test_without_any_of_these_it_is_sent(bench: Bench) -> None:
    a_small_approval(bench)

    await bench.run_pass()

    assert await bench.states() == [State.SENT]
    assert bench.enactor.removed.total() == 3


@pytest.mark.parametrize("guard", CHANGES)
async def test_each_rail_holds_at_the_decision(bench: Bench, guard: str) -> None:
    a_small_approval(bench)
    await CHANGES[guard](bench)

    await bench.run_pass()

    record = await assert_held(bench, guard)
    assert await bench.world.ledger.effects(record.action.id) == ()


@pytest.mark.parametrize("guard", CHANGES)
async def test_each_rail_holds_right_before_a_call_leaves(bench: Bench, guard: str) -> None:
    a_small_approval(bench)
    right_before_it_leaves(bench, guard, CHANGES[guard])

    await bench.run_pass()

    record = await assert_held(bench, guard)
    assert len(await bench.world.ledger.effects(record.action.id)) == 1
    first, second = reversed(await bench.world.ledger.decisions(action_id=record.action.id))
    assert (first.verb, first.guard, second.guard) == (Verb.APPROVE, None, guard)


async def test_what_was_sent_before_a_rail_held_the_rest_is_followed(bench: Bench) -> None:
    a_small_approval(bench)
    pace = msgspec.structs.replace(bench.world.pace, targets_per_call=1)
    bench.world = replace(bench.world, pace=pace)
    enact = bench.enactor.enact

    async def hold_after_the_first(effect: Effect, *, name: str, departing: Departing) -> Outcome:
        done = await enact(effect, name=name, departing=departing)
        await with_hold(KILL_SWITCH)(bench)
        return done

    bench.enactor.enact = hold_after_the_first  # type: ignore[method-assign]

    await bench.run_pass()

    record = await bench.only()
    effects = await bench.world.ledger.effects(record.action.id)
    assert record.state is State.HELD
    assert [one.went for one in effects] == [Went.DONE, Went.DROPPED, Went.DROPPED]
    assert record.why == "1 copy was sent for deletion before"
    assert (await bench.world.ledger.spent("small-malicious", NOW)).actions == 1


@pytest.mark.parametrize(
    ("limit", "theirs", "held"),
    [
        ("actions: 2/h", 1, False),
        ("actions: 2/h", 2, True),
        ("messages: 5/h", 1, False),
        ("messages: 5/h", 2, True),
    ],
)
async def test_a_policys_limit_that_another_agent_used_up_meanwhile_holds_right_before_a_call_leaves(
    bench: Bench, limit: str, theirs: int, held: bool
) -> None:
    a_small_approval(bench)
    bench.with_policies(approve=f"{APPROVE}limits: {{{limit}}}\n")

    async def approved_elsewhere(bench: Bench) -> None:
        others = [
            Approval(policy="small-malicious", action_id=f"other {n}", at=NOW, messages=n)
            for n in range(1, theirs + 1)
        ]
        await bench.world.ledger.save([], approvals=others, now=NOW)

    right_before_it_leaves(bench, "limits", approved_elsewhere)

    await bench.run_pass()

    record = await bench.only()
    assert record.decision is not None
    assert record.decision.guard == ("limits of small-malicious" if held else None)
    assert bench.enactor.removed.total() == (0 if held else 3)
    assert (await bench.world.ledger.spent("small-malicious", NOW)).actions == (
        theirs if held else theirs + 1
    )


async def test_a_window_that_an_approval_has_left_says_nothing_of_it_any_more(bench: Bench) -> None:
    a_small_approval(bench)
    bench.with_policies(approve=f"{APPROVE}limits: {{actions: 1/m}}\n")

    async def minutes_later(bench: Bench) -> None:
        bench.clock.advance(timedelta(minutes=2))
        now = bench.world.clock.now()
        other = Approval(policy="small-malicious", action_id="other", at=now, messages=1)
        await bench.world.ledger.save([], approvals=[other], now=now)

    right_before_it_leaves(bench, "limits", minutes_later)

    await bench.run_pass()

    assert bench.enactor.removed.total() == 3


# What a policy asks for


@pytest.mark.parametrize(("count", "state"), [(0, State.SENT), (1, State.HELD), (2, State.HELD)])
async def test_a_policy_may_have_people_approve_it(bench: Bench, count: int, state: State) -> None:
    a_small_approval(bench)
    bench.with_policies(approve=f"{APPROVE}approvers: {count}\n")

    await bench.run_pass()

    record = await bench.only()
    assert record.state is state
    assert record.decision is not None
    assert (record.decision.approvers, record.decision.guard) == (count, "approvers" if count else None)


@pytest.mark.parametrize(("both", "wanted"), [(False, False), (True, True)])
async def test_the_senders_copy_goes_only_where_every_policy_that_decides_says_so(
    bench: Bench, both: bool, wanted: bool
) -> None:
    a_small_approval(bench)
    more = "remediateSendersCopy: true\n"
    second = APPROVE.replace("small-malicious", "second")
    bench.with_policies(one=APPROVE + more, two=second + (more if both else ""))

    await bench.run_pass()

    (effect,) = await bench.world.ledger.effects((await bench.only()).action.id)
    assert effect.senders_copy is wanted


COMPROMISED = "vera@contoso.example"


@pytest.mark.parametrize(
    ("direction", "sender", "copy_goes", "held"),
    [
        ("intraOrg", COMPROMISED, True, True),
        ("intraOrg", COMPROMISED, False, False),
        ("intraOrg", "mallory@contoso.example", True, False),
        # What came from outside has no copy of its sender's here, whomever it pretends to be.
        ("inbound", COMPROMISED, True, False),
        (None, COMPROMISED, True, True),
        (None, None, True, True),
    ],
)
async def test_a_protected_senders_own_copy_goes_by_no_approval_of_the_agents_alone(
    bench: Bench, direction: str | None, sender: str | None, copy_goes: bool, held: bool
) -> None:
    more = "remediateSendersCopy: true\n" if copy_goes else ""
    bench.with_policies(**{"approve": APPROVE + more, "lists/vip": f"list: vip\nentries: [{COMPROMISED}]\n"})
    bench.with_rails(protected=("vip",))
    bench.defender.show(an_incident(an_alert(a_cluster(messages=1))))
    bench.defender.deliver(msgspec.structs.replace(a_copy(sender=sender), direction=direction))

    await bench.run_pass()

    record = await bench.only()
    assert record.decision is not None
    assert record.decision.guard == ("protected" if held else None)
    assert bench.enactor.removed.total() == (0 if held else 1)


async def test_the_sender_whose_copy_would_go_is_looked_at_again_right_before_a_call_leaves(
    bench: Bench,
) -> None:
    bench.with_policies(
        **{"approve": f"{APPROVE}remediateSendersCopy: true\n", "lists/vip": VIP.replace("anna", "vera")}
    )
    bench.defender.show(an_incident(an_alert(a_cluster(messages=1))))
    bench.defender.deliver(msgspec.structs.replace(a_copy(sender=COMPROMISED), direction="intraOrg"))
    whole = bench.defender.incident

    async def incident(incident_id: str) -> Incident | None:
        await with_rails(protected=("vip",))(bench)
        return await whole(incident_id)

    bench.defender.incident = incident  # type: ignore[method-assign]

    await bench.run_pass()

    record = await assert_held(bench, "protected")
    assert record.decision is not None
    assert f"{COMPROMISED} is protected" in record.decision.reason


async def test_a_hand_off_needs_people_too_where_its_policy_says_so(bench: Bench) -> None:
    a_small_approval(bench)
    bench.with_policies(approve=f"{APPROVE}approvers: 2\n")
    bench.enactor.lacks[EffectKind.SOFT_DELETE] = "grant SecurityAnalyzedMessage.ReadWrite.All"

    await bench.run_pass()

    assert await bench.states() == [State.HELD]


# When what was held is judged anew


@pytest.mark.parametrize(
    ("guard", "after"),
    [
        ("frozen", 5 * H),
        ("hours", 3 * H),
        ("size", H + timedelta(seconds=1)),
        ("hold", 12 * H),
        ("brake", 12 * H),
    ],
)
async def test_what_waits_for_a_time_is_judged_anew_when_that_is_over(
    bench: Bench, guard: str, after: timedelta
) -> None:
    a_small_approval(bench)
    await CHANGES[guard](bench)

    await bench.run_pass()

    assert (await bench.only()).due == NOW + after


@pytest.mark.parametrize("guard", ["frozen", "hours"])
async def test_it_is_sent_when_its_time_has_come(bench: Bench, guard: str) -> None:
    a_small_approval(bench)
    await CHANGES[guard](bench)
    await bench.run_pass()

    bench.clock.advance(5 * H)
    await bench.run_pass()

    assert await bench.states() == [State.SENT]


@pytest.mark.parametrize("guard", [KILL_SWITCH, BRAKE])
async def test_what_a_hold_held_is_judged_anew_as_soon_as_it_is_released(bench: Bench, guard: str) -> None:
    a_small_approval(bench)
    await with_hold(guard)(bench)
    await bench.run_pass()
    holds = Holds()
    assert await holds.look(bench.world) == 0

    await bench.world.ledger.release(guard, "anna", "all is well", NOW)
    released = await holds.look(bench.world)
    await bench.run_pass()

    assert released == 1
    assert await bench.states() == [State.SENT]


async def test_a_release_of_one_hold_leaves_what_another_holds(bench: Bench) -> None:
    a_small_approval(bench)
    await with_hold(KILL_SWITCH)(bench)
    await with_hold(BRAKE)(bench)
    await bench.run_pass()
    holds = Holds()
    await holds.look(bench.world)

    await bench.world.ledger.release(BRAKE, "anna", "", NOW)

    assert await holds.look(bench.world) == 0
    assert await bench.states() == [State.HELD]
    assert await bench.world.ledger.alarms() == ()


async def test_a_hold_that_comes_is_no_release_and_the_question_of_a_brake_stands_with_it(
    bench: Bench,
) -> None:
    a_small_approval(bench)
    await CHANGES["size"](bench)
    await bench.run_pass()
    holds = Holds()
    await holds.look(bench.world)

    await with_hold(BRAKE)(bench)

    assert await holds.look(bench.world) == 0
    assert await holds.look(bench.world) == 0
    assert [(one.name, one.words) for one in await bench.world.ledger.alarms()] == [(BRAKE, "drill")]


# Lists


async def test_a_protected_list_that_is_not_there_stops_the_start(bench: Bench) -> None:
    a_small_approval(bench)
    await with_rails(protected=("vips",))(bench)

    with pytest.raises(PolicyError) as refused:
        await load(bench.world)

    assert str(refused.value) == (
        "policies/lists:1:1: `guards.protected` names the list `vips`, which is not here: did you mean `vip`?"
    )


async def test_a_set_without_a_protected_list_does_not_come_into_force(bench: Bench) -> None:
    a_small_approval(bench)
    await with_rails(protected=("vip",))(bench)
    policies = await load(bench.world)
    before = policies.judge.revision

    with pytest.raises(PolicyError):
        policies.renew({"policies/approve.yaml": APPROVE.encode()})

    assert policies.judge.revision == before


# What is no mail

USER = "aaaaaaaa-0000-4000-8000-000000000001"


async def held_by(bench: Bench, effect: Effect, seen: Seen) -> str:
    """Return the guard that stands against an effect which is about to leave."""
    bench.observing()
    a_small_approval(bench)
    await bench.run_pass()
    record = await bench.only()
    assert record.plan is not None
    changed = msgspec.structs.replace(record, plan=msgspec.structs.replace(record.plan, effects=(effect,)))
    try:
        await check(bench.world, await load(bench.world), changed, seen)
    except Held as no:
        return no.guard
    return ""


@pytest.mark.parametrize(
    ("kind", "roles", "guard"),
    [
        (EffectKind.DISABLE_USER, (), ""),
        (EffectKind.DISABLE_USER, ("Global Administrator",), "protected"),
        (EffectKind.DISABLE_USER, None, "protected"),
        (EffectKind.RESET_PASSWORD, (), "irreversible"),
    ],
)
async def test_accounts_are_looked_at_right_before_a_call_leaves(
    bench: Bench, kind: EffectKind, roles: tuple[str, ...] | None, guard: str
) -> None:
    seen = Seen(found=Account(user_id=USER, roles=roles))

    assert await held_by(bench, an_effect((USER, ""), kind=kind), seen) == guard


@pytest.mark.parametrize("is_widened", [False, True])
async def test_what_no_plan_has_does_not_leave_though_it_stands_in_the_ledger(
    bench: Bench, is_widened: bool
) -> None:
    a_small_approval(bench)
    whole = bench.defender.incident

    async def slip_in(incident_id: str) -> Incident | None:
        record = await bench.only()
        (known,) = await bench.world.ledger.effects(record.action.id)
        bench.defender.incident = whole  # type: ignore[method-assign]
        stray = msgspec.structs.replace(
            known,
            id=known.id if is_widened else "stray",
            targets=(*known.targets, ("m9", "dora@contoso.example"))
            if is_widened
            else (("m9", "dora@contoso.example"),),
        )
        dropped = [known.id] if is_widened else []
        await bench.world.ledger.save([], dropped=dropped, effects=[stray], now=NOW)
        return await whole(incident_id)

    bench.defender.incident = slip_in  # type: ignore[method-assign]

    await bench.run_pass()

    assert bench.enactor.removed[("m9", "dora@contoso.example")] == 0


async def test_what_was_never_decided_does_not_leave(bench: Bench) -> None:
    a_small_approval(bench)
    await bench.run_pass()
    undecided = msgspec.structs.replace(await bench.only(), decision=None)

    with pytest.raises(Held, match="it was never decided"):
        await check(bench.world, await load(bench.world), undecided, Seen())


async def test_of_a_rule_its_mailboxs_user_is_read_and_where_that_cannot_be_it_is_protected(
    bench: Bench,
) -> None:
    rule = an_effect(("rule-1", USER), kind=EffectKind.DISABLE_RULE)
    mailbox = Rules(user_id=USER, address="bob@contoso.example", rules=(), domains=None)
    bench.enactor.targets.accounts[USER] = Account(user_id=USER, roles=())

    known = await look(bench.world, [rule], mailbox)
    bench.enactor.targets.error = Refused("403")
    refused = await look(bench.world, [rule], mailbox)
    bench.enactor.targets.error = Malformed("?")
    malformed = await look(bench.world, [rule], mailbox)
    bench.enactor.targets.error = Unavailable("away")
    with pytest.raises(Unavailable):
        await look(bench.world, [rule], mailbox)

    assert (known.owner, refused.owner, malformed.owner) == (Account(user_id=USER, roles=()), None, None)
    assert await held_by(bench, rule, known) == ""
    assert await held_by(bench, rule, refused) == "protected"
