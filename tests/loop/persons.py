"""Persons who answer, a chain that names them, and an action that policies leave to them."""

import msgspec

from agent.judge.answering import Attempt
from agent.judge.bind import offer_of
from agent.loop.answering import Replied, answer
from agent.loop.run import load
from agent.model.answer import Person
from agent.model.decision import Verb
from agent.model.enactment import Pair, Record
from tests.loop.conftest import Bench
from tests.makers import TENANT, a_cluster, a_copy, an_alert, an_incident

ROLE = "SecOps.Approver"

CHANNEL = "channel: console\nkind: console\n"

CHAIN = """
chain: secops
steps:
  - notify: [console]
approvers: {need: 1, from: [role:SecOps.Approver], notRequester: true}
lastChance: {before: 24h, decide: escalate, notify: [console]}
"""

TWO = CHAIN.replace("need: 1", "need: 2")

ESCALATE = """
policy: ask-people
description: Leaves small malicious clusters to people.
owner: soc@contoso.example
for: [softDeleteCluster, disableForwarding, disableUser, blockUrl]
mode: enforce
match:
  evidence.verdict: malicious
decide: escalate
escalation: secops
"""


def somebody(name: str, *, roles: tuple[str, ...] = (ROLE,), tenant_id: str = TENANT) -> Person:
    """Return a person of this name, who has the same object id wherever they sign in."""
    return Person(
        object_id=f"{name}-0000-4000-8000",
        tenant_id=tenant_id,
        name=name.capitalize(),
        addresses=(f"{name}@contoso.example",),
        roles=roles,
    )


EVE, FAY, GUS = somebody("eve"), somebody("fay"), somebody("gus")
"""Three who may answer, and whom nothing is sent to."""


def a_question(bench: Bench, *, chain: str = CHAIN, copies: int = 3, ask: str = ESCALATE) -> None:
    """Show copies of messages in as many mailboxes, which a policy leaves to people."""
    bench.with_policies(**{"ask": ask, "chains/secops": chain, "channels/console": CHANNEL})
    bench.directory.roles[ROLE] = frozenset(one.object_id for one in (EVE, FAY, GUS))
    bench.defender.show(an_incident(an_alert(a_cluster(messages=copies))))
    bench.defender.deliver(
        *(a_copy(number, recipient=f"user{number}@contoso.example") for number in range(1, copies + 1))
    )


async def reply(
    bench: Bench,
    person: Person = EVE,
    verb: Verb = Verb.APPROVE,
    *,
    reason: str = "it is phishing",
    targets: tuple[Pair, ...] | None = None,
    digest: str | None = None,
    via: str = "command",
) -> Replied:
    """Let a person answer the only action, as it is shown to them now, or as it was by the digest."""
    record = await bench.only()
    attempt = Attempt(
        person=person,
        verb=verb,
        reason=reason,
        digest=shown(record) if digest is None else digest,
        targets=targets,
    )
    return await answer(bench.world, await load(bench.world), record.action.id, attempt, via=via)


def shown(record: Record) -> str:
    """Return the digest of what a person is shown of the record; of nothing where there is nothing to show."""
    offered = offer_of(record)
    return "" if offered is None else offered.digest


def with_role(person: Person, *roles: str) -> Person:
    """Return the person as they sign in with other roles."""
    return msgspec.structs.replace(person, roles=roles)
