"""An action that policies leave to people, the chain that says who may answer, and their answers."""

from agent.judge.answering import Attempt
from agent.judge.bind import offer_of
from agent.loop.answering import Replied, answer
from agent.loop.run import load
from agent.model.answer import Person
from agent.model.decision import Verb
from agent.model.enactment import Pair, Record
from tests.loop.conftest import Bench
from tests.makers import a_cluster, a_copy, an_alert, an_incident
from tests.persons import EVE, FAY, GUS, ROLE

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
