"""A tenant's week in a ledger: something of everything that pages have to show, with an attacker's words among it."""

from dataclasses import replace
from datetime import timedelta

import msgspec

from agent.adapters.ledger.ledger import SqlLedger
from agent.loop.lookout import Lookout
from agent.loop.paging import Paging
from agent.loop.run import load
from agent.model.chain import Escalating
from agent.model.defender import Incident, MailMessage
from agent.model.enactment import Pair
from tests.fakes import FakeChannels, FakeShelf
from tests.loop.conftest import Bench
from tests.makers import NOW, a_cluster, a_copy, a_user, an_alert, an_incident
from tests.persons import EVE, FAY, GUS, ROLE

TRICKY = (
    "Invoice \u202egnp.exe\u202c <b onclick=alert(1)>approve me</b> \u200bzero\u200bwidth {{ 7*7 }} "
    + "long" * 20
)
"""What an attacker may call a message: turned round, marked up, invisible in part, and without a place to break it."""

CHAIN = """
chain: secops
description: The people on call.
owner: soc@contoso.example
steps:
  - notify: [console]
approvers: {need: 1, from: [role:SecOps.Approver], notRequester: true}
lastChance: {before: 24h, decide: escalate, notify: [console]}
"""

POLICIES = {
    "channels/console": "channel: console\nkind: console\n",
    "chains/secops": CHAIN,
    "chains/two": CHAIN.replace("chain: secops", "chain: two").replace("need: 1", "need: 2"),
    "links": """
policy: links
description: Soft-delete clusters built on a malicious link once a person agrees.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match:
  evidence.verdict: malicious
  cluster.by: url
  cluster.mailboxCount: {atMost: 9}
unless:
  - recipients: {anyIn: [ceo@contoso.example]}
decide: escalate
escalation: secops
""",
    "many": """
policy: many
description: Two people look at clusters of ten and more.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match:
  cluster.mailboxCount: {atLeast: 10}
decide: escalate
escalation: two
""",
    "files": """
policy: files
description: Soft-delete small clusters built on a malicious file.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match:
  evidence.verdict: malicious
  cluster.by: file
  cluster.mailboxCount: {atMost: 9}
decide: approve
limits: {actions: 20/h}
""",
    "newsletters": """
policy: newsletters
description: Keep what people subscribed to.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match:
  evidence.verdict: suspicious
decide: reject
""",
    "watching": """
policy: watching
description: Would approve every malicious cluster; only looks on.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: observe
match:
  evidence.verdict: malicious
decide: approve
""",
}


def a_case(
    bench: Bench,
    incident: str,
    *,
    copies: int = 3,
    by: str = "Urls",
    verdict: str = "malicious",
    subject: str = "Invoice",
    age: timedelta = timedelta(hours=1),
) -> None:
    """Let an incident have a cluster of so many copies, each in a mailbox of its own."""
    first = int(incident) * 1000
    cluster = a_cluster(
        query=f'{by}:"https://bad.example/{incident}"',
        messages=copies,
        first=first,
        verdict=verdict,
        cluster_by=by,
        created=NOW - age,
    )
    alert = an_alert(cluster, id=f"alert-{incident}", incident_id=incident, created=NOW - age)
    show(bench, an_incident(alert, id=incident))
    bench.defender.deliver(
        *(
            named(a_copy(first + number, recipient=f"user{number}@contoso.example"), subject)
            for number in range(copies)
        )
    )


def show(bench: Bench, incident: Incident) -> None:
    bench.defender.show(msgspec.structs.replace(incident, display_name=f"Phish delivered: {TRICKY[:40]}"))


def named(copy: MailMessage, subject: str) -> MailMessage:
    return msgspec.structs.replace(copy, subject=subject)


QUESTION, LARGE, PLAIN, DELETED, KEPT, HANDED, URGENT = "101", "102", "103", "104", "105", "106", "107"
"""Incidents by what waits in them: a question to one person, one to two, another to one, deleted by a policy, kept by one,
handed to the portal, a question with hours left."""


async def a_week(bench: Bench) -> None:
    """Let the agent see everything there is, decide it, carry it out and ask people."""
    ledger = bench.world.ledger
    assert isinstance(ledger, SqlLedger)
    bench.world = replace(
        bench.world,
        shelf=FakeShelf(**POLICIES),
        pages=ledger.pages,
        channels=FakeChannels(bench.clock),
        escalating=Escalating(),
    )
    bench.directory.roles[ROLE] = frozenset(one.object_id for one in (EVE, FAY, GUS))
    a_case(bench, QUESTION, subject=TRICKY)
    a_case(bench, LARGE, copies=25)
    a_case(bench, PLAIN, copies=2, subject="Your parcel")
    a_case(bench, DELETED, by="FilesHash")
    a_case(bench, KEPT, by="Subject;P2SenderDomain", verdict="suspicious")
    show(bench, an_incident(an_alert(a_user(), id="alert-user", incident_id=HANDED), id=HANDED))
    a_case(bench, URGENT, copies=4, age=timedelta(days=6, hours=15))
    await bench.run_pass()
    for _ in range(2):
        await ask_people(bench)
        bench.clock.advance(timedelta(minutes=2))
    await ask_people(bench)


async def ask_people(bench: Bench) -> None:
    """Send people what is due by now."""
    policies, lookout = await load(bench.world), Lookout(bench.world)
    await lookout.look()
    paging = Paging.of(bench.world, policies, lookout)
    assert paging is not None
    await paging.look()
    await paging.posting.until_quiet()
    await paging.hearing.rest()


def message(incident: str, number: int) -> Pair:
    """Return which copy this is of an incident's cluster."""
    return a_copy(int(incident) * 1000 + number, recipient=f"user{number}@contoso.example").pair
