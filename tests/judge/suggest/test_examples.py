"""Examples of what people decided have nothing personal in them, and all that policies read."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from agent.adapters.host import PolicyFiles
from agent.judge.parse import parse_set
from agent.judge.suggest.drafting import Ground
from agent.judge.suggest.examples import MOST_MEMBERS, MOST_MESSAGES, example, reads_of
from agent.model.decision import Verb
from agent.model.facts import Facts
from agent.model.remark import Severity
from agent.model.situation import Situation
from tests.decided import CLUSTER, Row, a_row, some_facts
from tests.judge.suggest.scenes import FILES
from tests.judge.suggest.test_drafting import check, made, many, whole
from tests.makers import NOW

CURIOUS = """policy: curious
description: Reads all sorts of things.
owner: soc@contoso.org
for: [softDeleteCluster]
priority: 5
match:
  alert.titles: {anyIn: [nothing]}
  recipients: {anyIn: $vip}
  recipients.domains: {anyIn: [contoso.org]}
  action.firstSeen: {olderThan: 5d}
  cluster.volumeAnomaly: true
  alert.severity: high
  directions: {anyIn: [outbound]}
  messages:
    any:
      sender.ip: {cidr: [198.51.100.0/24]}
      sender.address: boss@contoso.org
      subject: nothing
      direction: outbound
decide: escalate
"""
VIP = """list: vip
description: People of whom a group says who they are.
type: addresses
owner: soc@contoso.org
source: {group: 00000000-0000-0000-0000-000000000001}
"""
FED = {**FILES, "policies/curious.yaml": CURIOUS.encode(), "policies/lists/vip.yaml": VIP.encode()}


def an_example(*rows: Row, domain: str | None = None, **more: Any) -> Situation:
    reads = reads_of(parse_set(FED).policies, CLUSTER)
    return example(CLUSTER, some_facts(*rows, **more), reads, domain)


def test_what_is_personal_is_made_up_and_the_rest_stays() -> None:
    row = a_row("Real.example", **{"sender.ip": "203.0.113.9", "direction": "inbound", "subject": "secret"})

    found = an_example(
        row,
        alert__titles=frozenset({"of Anna", "of Bob"}),
        alert__severity="high",
        cluster__volumeAnomaly=False,
        recipients__domains=frozenset({"contoso.example"}),
        recipients=frozenset({"Anna@contoso.example"}),
        incident__id="4711",
    ).facts

    assert found.values == {
        "action.firstSeen": NOW,
        "alert.severity": "high",
        "alert.titles": {"an example"},
        "cluster.volumeAnomaly": False,
        "directions": {"inbound"},
        "recipients": {"person-1@domain-1.example"},
        "recipients.count": 10,
        "recipients.domains": {"domain-1.example"},
    }
    assert found.messages == (
        {
            "direction": "inbound",
            "sender.address": "person-2@domain-2.example",
            "sender.ip": "192.0.2.1",
            "subject": "an example",
        },
    )


def test_a_domain_that_the_draft_names_stays() -> None:
    found = an_example(a_row("Real.example"), a_row("other.example"), domain="real.example").facts

    addresses = [str(row["sender.address"]) for row in found.messages or ()]
    assert [one.partition("@")[2] for one in addresses] == ["real.example", "domain-2.example"]


def test_words_that_this_version_does_not_know_are_left_out() -> None:
    found = an_example(
        a_row(direction="sideways"), alert__severity="odd", directions=frozenset({"inbound", "x"})
    )

    assert "alert.severity" not in found.facts.values
    assert found.facts.values["directions"] == {"inbound"}
    assert "direction" not in (found.facts.messages or ())[0]


def test_what_reads_the_same_is_told_once_and_no_more_than_some() -> None:
    same = an_example(*[a_row() for _ in range(50)])
    other = an_example(
        *[a_row(f"{n}.example") for n in range(50)], recipients=frozenset(f"{n}@a.example" for n in range(50))
    )

    assert len(same.facts.messages or ()) == 1
    assert len(other.facts.messages or ()) == MOST_MESSAGES
    assert len(other.facts.values["recipients"]) == MOST_MEMBERS  # type: ignore[arg-type]


def test_messages_that_were_never_looked_up_stay_unknown() -> None:
    known = msgspec.structs.replace(some_facts(), messages=None)

    assert example(CLUSTER, known, reads_of(parse_set(FED).policies, CLUSTER), None).facts.messages is None


def test_messages_of_which_nothing_is_read_are_none() -> None:
    assert example(CLUSTER, some_facts(), (frozenset(), frozenset()), None).facts.messages == ()


def test_cases_say_that_nobody_is_in_lists_that_a_group_feeds() -> None:
    ground = Ground(files=FED, folder="policies", owner="soc@contoso.org")
    known = some_facts(
        a_row("news.example", subject="x", direction="inbound"), alert__severity="low", action__firstSeen=NOW
    )

    (one,), left = made(many([known]), ground=ground)

    assert left == ()
    assert "given:\n  lists:\n    vip: []\n" in one.cases
    files = {**FED, **{name: data for name, data in whole([one]).items() if name not in FILES}}
    errors = [each for each in check(files) if each.severity is Severity.ERROR]
    assert {each.file for each in errors} == {"policies/present.cases.yaml"}


def test_names_of_situations_that_there_are_stay_theirs() -> None:
    name = "suggested-approve-soft-delete-cluster-url-malicious-news-example-typical"
    taken = {**FILES, f"policies/situations/{name}.yaml": b"kind: softDeleteCluster\n"}
    ground = Ground(files=taken, folder="policies", owner="soc@contoso.org")

    (one,), left = made(many([some_facts(a_row("news.example"))]), ground=ground)

    assert left == ()
    assert f"base: {name}-too\n" in one.cases


def test_the_shipped_set_passes_with_a_draft_of_what_it_leaves_to_people() -> None:
    """Some of its policies tell people besides; a case says so where one does."""
    files = PolicyFiles(Path("policies")).files()
    ground = Ground(files=files, folder="policies", owner="soc@contoso.org")
    known = some_facts(
        a_row("a.example"),
        evidence__verdict="suspicious",
        recipients=frozenset({"bob@contoso.example"}),
        action__deadline=None,
    )

    (one,), left = made(many([_waited(known)]), ground=ground)

    assert left == ()
    assert "inform: [secops]" in one.cases
    assert (one.draft.verb, [each.message for each in one.remarks if each.severity is Severity.WARNING]) == (
        Verb.APPROVE,
        [],
    )


def _waited(known: Facts) -> Facts:
    """Return what is known of something that has waited for six days, whenever it is looked at."""
    return msgspec.structs.replace(
        known, values={**known.values, "action.firstSeen": NOW - timedelta(days=60)}
    )
