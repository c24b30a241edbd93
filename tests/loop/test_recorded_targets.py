"""What is looked up besides mail reads the same in a recording: the same rules, the same accounts, under other names."""

from contextlib import AsyncExitStack
from typing import Any

import httpx
import msgspec
import pytest

from agent.adapters.graph.connect import Graph, open_graph
from agent.adapters.graph.recorder import Recorder
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import SimulatorCredential
from agent.model.recording import Exchange, Recording
from agent.model.targets import Account, Asked, OfAccount, OfRules, Rules
from agent.scrub.scrubber import Scrubber
from agent.simulator import names
from agent.simulator.app import build
from agent.simulator.replay import Replay
from agent.simulator.suspects import ADMINISTRATOR, FORGOTTEN, SPREADER
from agent.simulator.switches import Printed, Switches
from agent.simulator.tenant import seed
from tests.clock import ManualClock
from tests.loop.test_recorded import manifest
from tests.simulated import URL, noon


async def opened(stack: AsyncExitStack, app: Any, tenant: str, keep: Any = None) -> Graph:
    cloud, transport, clock = simulator(URL), httpx.ASGITransport(app), ManualClock(noon())
    return await stack.enter_async_context(
        open_graph(
            clock=clock,
            cloud=cloud,
            tenant_id=tenant,
            credential=lambda: SimulatorCredential(
                cloud, tenant, names.CLIENT_ID, names.CLIENT_SECRET, transport=transport
            ),
            requests_per_minute=10_000,
            transport=transport,
            around=None if keep is None else lambda inner: Recorder(inner, now=clock.now, keep=keep),
        )
    )


def in_other_names(asked: Asked, scrubber: Scrubber) -> Asked:
    like = scrubber.shapes.like
    changed = {name: like(text) for name, text in msgspec.structs.asdict(asked).items() if text}
    return msgspec.structs.replace(asked, **changed)


def what_matters(found: Any) -> Any:
    """Return what is decided by, without names: which rules are on, which lead outside; what an account is."""
    match found:
        case Rules(rules=rules, domains=domains):
            assert domains is not None
            return [
                (
                    rule.is_enabled,
                    rule.is_read_only,
                    rule.has_error,
                    sorted(to.partition("@")[2] in domains for to in rule.forwards_to),
                )
                for rule in rules
            ]
        case Account(on_premises=known):
            return (
                found.account_enabled,
                found.is_synced,
                found.sessions_valid_from,
                len(found.roles or ()),
                known and (known.identity_provider, known.is_enabled, len(known.actions)),
            )
        case None:
            return None


@pytest.mark.parametrize("printed", list(Printed))
async def test_everything_that_is_looked_up_reads_the_same_in_a_recording(
    printed: Printed,
) -> None:
    clock = ManualClock(noon())
    app = build(seed(7, noon()), Switches(identities_printed=printed), None, clock)
    scrubber = Scrubber(URL, names.TENANT_ID)
    exchanges: list[Exchange] = []
    people = [app.state.directory.user(one) for one in (SPREADER, FORGOTTEN, ADMINISTRATOR)]
    asked: list[Asked] = [OfRules(mailbox=user_id) for user_id in app.state.mailboxes]
    asked += [OfAccount(user_id=one["id"], sid=one["onPremisesSecurityIdentifier"]) for one in people if one]
    asked += [OfRules(mailbox=SPREADER), OfAccount(user_principal_name=ADMINISTRATOR)]

    async with AsyncExitStack() as stack:
        graph = await opened(
            stack, app, names.TENANT_ID, lambda one: exchanges.append(scrubber.exchange(one))
        )
        first = [what_matters(await graph.targets.find(one)) for one in asked]
        grants = names.ALL_ROLES - names.ENDPOINT_ROLES
        recording = Recording(manifest=manifest(scrubber, grants), exchanges=tuple(exchanges))
        replay = await opened(stack, Replay(recording, clock), scrubber.tenant)
        second = [what_matters(await replay.targets.find(in_other_names(one, scrubber))) for one in asked]

    assert None not in first
    assert first == second
    text = b"".join(one.body for one in exchanges) + "".join(one.target for one in exchanges).encode()
    for secret in (names.DOMAIN, SPREADER.partition("@")[0], "S-1-5-21-2127521184", *app.state.mailboxes):
        assert secret.encode() not in text
