"""Every kind of effect, by the adapters, on the simulator: found, carried out once, read back, and undone."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import pytest

from agent.adapters.endpoint.connect import open_endpoint
from agent.adapters.graph.connect import Graph, open_graph
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import SimulatorCredential
from agent.model.decision import Classification
from agent.model.enactment import Effect, EffectKind, Outcome, Pair, Went
from agent.model.errors import Refused
from agent.model.targets import Account, Device, OfAccount, OfDevice, OfRules, Rules
from agent.simulator import names
from agent.simulator.app import Simulator, build
from agent.simulator.directory import USER
from agent.simulator.suspects import ADMINISTRATOR, READ_ONLY_RULE, SPREADER, WORKSTATION
from agent.simulator.switches import Licence, Printed, Switches
from agent.simulator.tenant import seed
from tests.adapters.graphs import Departures
from tests.clock import NOON, ManualClock

CLOUD = simulator("http://127.0.0.1:9")
NO_SUCH = "00000000-0000-4000-8000-000000000000"


@asynccontextmanager
async def opened(switches: Switches | None = None) -> AsyncIterator[tuple[Graph, Simulator, ManualClock]]:
    """Open both APIs of one simulated tenant."""
    clock = ManualClock()
    app = build(seed(1, NOON), clock=clock)
    app.state.adopt(switches or Switches())
    tenant, login = app.state.tenant_id, httpx.ASGITransport(app)

    def credential() -> SimulatorCredential:
        return SimulatorCredential(CLOUD, tenant, names.CLIENT_ID, names.CLIENT_SECRET, transport=login)

    async with (
        open_endpoint(
            clock=clock,
            url=CLOUD.endpoint or "",
            tenant_id=tenant,
            credential=credential,
            transport=httpx.ASGITransport(app),
        ) as machines,
        open_graph(
            clock=clock,
            cloud=CLOUD,
            tenant_id=tenant,
            credential=credential,
            requests_per_minute=10_000,
            machines=machines,
            transport=httpx.ASGITransport(app),
            lots=Random(1),
        ) as graph,
    ):
        yield graph, app, clock


async def enact(graph: Graph, kind: EffectKind, *targets: Pair) -> Outcome:
    effect = Effect(id="e", action_id="a", incident_id="1", kind=kind, targets=targets, intended_at=NOON)
    departing = Departures()
    outcome = await graph.enactor.enact(effect, name="air-agent a e", departing=departing)
    assert departing.count == (0 if outcome.detail.startswith("cannot be done here") else 1)
    return outcome


def done(app: Simulator) -> list[tuple[str, tuple[Pair, ...]]]:
    """Return every effect that the simulator took on, and on what."""
    return [(request.effect, request.pairs) for request in app.state.requests if request.effect]


def someone(app: Simulator, address: str) -> dict[str, Any]:
    user = app.state.directory.user(address)
    assert user is not None
    return user


async def the_account(graph: Graph, user_id: str) -> Account:
    found = await graph.targets.find(OfAccount(user_id=user_id))
    assert isinstance(found, Account)
    return found


async def the_rules(graph: Graph, mailbox: str) -> Rules:
    found = await graph.targets.find(OfRules(mailbox=mailbox))
    assert isinstance(found, Rules)
    return found


def a_mailbox(app: Simulator, where: Callable[[dict[str, Any]], bool]) -> tuple[str, str]:
    """Return a user and a rule for which this is so."""
    return next(
        (user_id, rule["id"])
        for user_id, mailbox in app.state.mailboxes.items()
        for rule in mailbox.rules.values()
        if where(rule)
    )


def forwards(rule: dict[str, Any]) -> bool:
    return "forwardTo" in rule["actions"] or "redirectTo" in rule["actions"]


async def test_a_rule_is_found_switched_off_and_on_again() -> None:
    async with opened() as (graph, app, _):
        user_id, rule_id = a_mailbox(app, lambda rule: forwards(rule) and not rule["isReadOnly"])
        before = await the_rules(graph, user_id)
        off = await enact(graph, EffectKind.DISABLE_RULE, (rule_id, user_id))
        between = await the_rules(graph, before.address)
        on = await enact(graph, EffectKind.ENABLE_RULE, (rule_id, user_id))
        after = await the_rules(graph, user_id)

    states = [
        next(rule.is_enabled for rule in found.rules if rule.id == rule_id)
        for found in (before, between, after)
    ]
    assert states == [True, False, True]
    assert any(rule.forwards_to for rule in before.rules)
    assert before.domains
    assert (off.went, on.went) == (Went.DONE, Went.DONE)
    assert off.request_id in {request.id for request in app.state.requests}
    assert done(app) == [
        (EffectKind.DISABLE_RULE, ((rule_id, user_id),)),
        (EffectKind.ENABLE_RULE, ((rule_id, user_id),)),
    ]
    assert before.rules == after.rules


async def test_a_rule_that_cannot_be_changed_is_refused() -> None:
    async with opened() as (graph, app, _):
        user_id, rule_id = a_mailbox(app, lambda rule: bool(rule["isReadOnly"]))
        outcome = await enact(graph, EffectKind.DISABLE_RULE, (rule_id, user_id))
        (rule,) = [one for one in (await the_rules(graph, user_id)).rules if one.id == READ_ONLY_RULE]

    assert rule.is_read_only
    assert outcome.went is Went.REFUSED
    assert "read-only" in outcome.detail
    assert done(app) == []


async def test_a_user_is_disabled_signed_out_and_enabled_again() -> None:
    async with opened() as (graph, app, clock):
        user = next(
            user
            for kind, user in app.state.directory.things.values()
            if kind == USER
            and not user["onPremisesSyncEnabled"]
            and not list(app.state.directory.roles_of(user["id"]))
        )
        clock.advance(timedelta(minutes=1))
        seen = [await the_account(graph, user["id"])]
        outcomes = []
        for kind in (EffectKind.DISABLE_USER, EffectKind.REVOKE_SESSIONS, EffectKind.ENABLE_USER):
            outcomes.append(await enact(graph, kind, (user["id"], "")))
            seen.append(await the_account(graph, user["id"]))

    assert [outcome.went for outcome in outcomes] == [Went.DONE] * 3
    assert [account.account_enabled for account in seen] == [True, False, False, True]
    valid_from = [account.sessions_valid_from for account in seen]
    assert valid_from[0] != valid_from[2] == clock.now()
    assert seen[0].roles == ()
    assert [effect for effect, _ in done(app)] == [
        EffectKind.DISABLE_USER, EffectKind.REVOKE_SESSIONS, EffectKind.ENABLE_USER,
    ]  # fmt: skip


async def test_an_administrator_is_seen_and_cannot_be_disabled() -> None:
    async with opened() as (graph, app, _):
        user = someone(app, ADMINISTRATOR)
        account = await the_account(graph, user["id"])
        outcome = await enact(graph, EffectKind.DISABLE_USER, (user["id"], ""))

    assert account.roles
    assert outcome.went is Went.REFUSED
    assert "roles and policies that narrow it" in outcome.detail


@pytest.mark.parametrize("printed", list(Printed))
async def test_an_account_on_premises_is_found_and_acted_on_in_either_spelling(printed: Printed) -> None:
    async with opened(Switches(identities_printed=printed)) as (graph, app, clock):
        user = someone(app, SPREADER)
        account = await the_account(graph, user["id"])
        assert account.on_premises is not None
        target = (account.on_premises.id, account.on_premises.account_id)
        outcomes, states = [], [account.on_premises.is_enabled]
        for kind in (EffectKind.DISABLE_ACCOUNT, EffectKind.ENABLE_ACCOUNT, EffectKind.RESET_PASSWORD):
            outcomes.append(await enact(graph, kind, target))
            clock.advance(timedelta(hours=1))
            found = (await the_account(graph, user["id"])).on_premises
            assert found is not None
            states.append(found.is_enabled)

    assert account.is_synced
    assert account.on_premises.identity_provider == "activeDirectory"
    assert states == [True, False, True, True]
    assert [outcome.went for outcome in outcomes] == [Went.DONE] * 3
    assert all(outcome.bulk_id and outcome.request_id for outcome in outcomes)
    assert target[0] in app.state.resets
    assert [effect for effect, _ in done(app)] == [
        EffectKind.DISABLE_ACCOUNT, EffectKind.ENABLE_ACCOUNT, EffectKind.RESET_PASSWORD,
    ]  # fmt: skip


async def test_a_file_is_quarantined_and_its_action_followed_to_the_end() -> None:
    async with opened() as (graph, app, clock):
        sha1 = next(file for machine, file in app.state.machines.lying if machine == WORKSTATION)
        device = await graph.targets.find(OfDevice(id=WORKSTATION))
        outcome = await enact(graph, EffectKind.QUARANTINE_FILE, (sha1, WORKSTATION))
        again = await enact(graph, EffectKind.QUARANTINE_FILE, (sha1, WORKSTATION))
        begun = await graph.targets.quarantine(outcome.bulk_id or "")
        clock.advance(timedelta(hours=1))
        ended = await graph.targets.quarantine(outcome.bulk_id or "")

    assert isinstance(device, Device)
    assert device.health_status == "Active"
    assert outcome.went is Went.DONE
    assert again.went is Went.REFUSED
    assert begun is not None
    assert (begun.status, begun.sha1, begun.machine_id) == ("Pending", sha1, WORKSTATION)
    assert ended is not None
    assert ended.status == "Succeeded"
    assert (WORKSTATION, sha1) in app.state.machines.quarantined
    assert done(app) == [(EffectKind.QUARANTINE_FILE, ((sha1, WORKSTATION),))]


async def test_mail_is_deleted_and_put_back_into_the_inbox() -> None:
    async with opened() as (graph, app, clock):
        copy = next(one for one in app.state.post.all() if one.in_mailbox)
        pair = copy.pair
        places = []
        for kind in (EffectKind.SOFT_DELETE, EffectKind.MOVE_TO_INBOX, EffectKind.MOVE_TO_JUNK):
            outcome = await enact(graph, kind, pair)
            assert outcome.went is Went.DONE
            clock.advance(timedelta(hours=12))
            mail = await graph.defender.mail([pair[0]])
            places += [one.location for one in mail.messages if one.pair == pair]

    assert places == ["others", "inbox_folder", "junkFolder"]


async def test_an_alert_is_commented_and_classified() -> None:
    async with opened() as (graph, app, _):
        alert_id = next(iter(app.state.alerts))
        noted = await graph.enactor.comment_alert(alert_id, "rejected", departing=Departures())
        concluded = Classification(classification="falsePositive", determination="notMalicious")
        classified = await graph.enactor.classify_alert(alert_id, concluded, departing=Departures())
        alert = app.state.alerts[alert_id]

    assert (noted.went, classified.went) == (Went.DONE, Went.DONE)
    assert (alert["classification"], alert["determination"]) == ("falsePositive", "notMalicious")
    assert "rejected" in [comment["comment"] for comment in alert["comments"]]


async def test_the_tenants_size_is_the_number_of_its_users() -> None:
    async with opened() as (graph, app, _):
        size = await graph.directory.size()

    assert size == app.state.directory.count(USER)


async def test_what_is_not_there_is_none() -> None:
    async with opened() as (graph, _, __):
        for asked in (
            OfRules(mailbox=NO_SUCH),
            OfRules(mailbox="nobody@contoso.example"),
            OfAccount(user_id=NO_SUCH),
            OfDevice(id="f" * 40),
        ):
            assert await graph.targets.find(asked) is None
        assert await graph.targets.quarantine(NO_SUCH) is None


# What the tenant can do


async def test_a_tenant_with_everything_lacks_nothing() -> None:
    async with opened() as (graph, app, _):
        await graph.look()
        missing = {kind: graph.enactor.missing(kind) for kind in EffectKind}

    assert set(missing.values()) == {""}
    assert {request.status for request in app.state.requests} == {200}


@pytest.mark.parametrize(
    ("licensed", "kinds", "licence"),
    [
        (Licence.MAIL, {"softDelete", "moveToInbox", "moveToJunk", "moveToDeletedItems"}, "Office 365 Plan 2"),
        (Licence.IDENTITIES, {"disableAccount", "enableAccount", "forcePasswordReset"}, "Defender for Identity"),
        (Licence.ENDPOINT, {"stopAndQuarantineFile"}, "Defender for Endpoint"),
    ],
)  # fmt: skip
async def test_a_licence_that_is_missing_is_found_out_at_the_start(
    licensed: Licence, kinds: set[str], licence: str
) -> None:
    async with opened(Switches(unlicensed=frozenset({licensed}))) as (graph, _, __):
        await graph.look()
        missing = {kind.value: why for kind in EffectKind if (why := graph.enactor.missing(kind))}

    assert missing.keys() == kinds
    assert all(f"{licence}: the licence is missing" in why for why in missing.values())


async def test_a_tenant_that_lets_only_mail_be_changed_says_so_of_all_else() -> None:
    roles = frozenset({names.READ_MAIL, names.WRITE_MAIL, names.READ_USERS})
    async with opened(Switches(roles=roles)) as (graph, app, _):
        await graph.look()
        missing = [kind for kind in EffectKind if graph.enactor.missing(kind)]
        outcome = await enact(graph, EffectKind.DISABLE_USER, (NO_SUCH, ""))
        with pytest.raises(Refused, match=r"grant Machine\.Read\.All"):
            await graph.targets.find(OfDevice(id=WORKSTATION))

    assert len(missing) == len(EffectKind) - 4
    assert outcome.went is Went.REFUSED
    assert done(app) == []
