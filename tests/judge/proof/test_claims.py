"""What becomes of claims about small sets, each about one thing that conditions can say."""

from itertools import combinations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.judge.parse import parse_set
from agent.judge.proof.asking import Asking, Question
from agent.judge.proof.gathering import gathered
from agent.judge.proof.prove import OfKind
from agent.judge.proof.solver import TRUE, both, either, no, variable
from agent.judge.proof.space import Space
from agent.judge.situations import USUAL_NOW
from agent.model.decision import Verb
from agent.model.facts import Facts
from agent.model.policy import Condition, Policy, PolicySet
from agent.model.proof import Claim, Form, Outcome
from agent.model.situation import Situation
from tests.judge.proof.fixing import FEW, whole
from tests.judge.proof.proving import CLUSTER, example, files, never, outcome, proof, report, uncovered
from tests.judge.test_agreement import CONDITIONS, facts, policies
from tests.judge.writing import TENANT, a_fed_list, a_list, policy_file

P, R, EMPTY, UNSURE = Outcome.PROVED, Outcome.REFUTED, Outcome.EMPTY, Outcome.CANNOT_SAY
OTHER_TENANT = "22222222-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("match", "when", "expected"),
    [
        ("cluster.mailboxCount: {atMost: 200}", "cluster.mailboxCount: {above: 200}", P),
        ("cluster.mailboxCount: {atMost: 201}", "cluster.mailboxCount: {above: 200}", R),
        ("cluster.mailboxCount: {below: 201}", "cluster.mailboxCount: {above: 200}", P),
        ("cluster.mailboxCount: {atMost: 200}", "cluster.mailboxCount: {exists: false}", P),
        ("evidence.verdict: malicious", "cluster.mailboxCount: {exists: false}", R),
        ("cluster.by: {notIn: [url]}", "cluster.by: url", P),
        ("cluster.by: {notIn: [url]}", "cluster.by: file", R),
        ("cluster.by: {in: [url, file, similarity]}", "cluster.by: {exists: false}", P),
        ("not: {evidence.verdict: malicious}", "evidence.verdict: {exists: false}", P),
        ("recipients: {noneIn: [a@x.example]}", "recipients: {anyIn: [A@X.example]}", P),
        ("recipients: {noneIn: [a@x.example]}", "recipients: {anyIn: [a@x.example, b@x.example]}", R),
        ("threats: {allIn: [spam]}", "threats: {contains: phish}", P),
        ("threats: {allIn: [spam, phish]}", "threats: {contains: phish}", R),
        ("alert.title: {startsWith: Mail}", "alert.title: {startsWith: Ma}", R),
        ("alert.title: {startsWith: Mail}", "alert.title: {startsWith: mx}", P),
        ("alert.title: {contains: mailbox}", "not: {alert.title: {contains: box}}", P),
        ("alert.title: {contains: box}", "not: {alert.title: {contains: mailbox}}", R),
        ("alert.title: {endsWith: gone}", "alert.title: done", P),
        ("action.firstSeen: {olderThan: 2d}", "action.firstSeen: {newerThan: 3d}", R),
        ("action.firstSeen: {olderThan: 3d}", "action.firstSeen: {newerThan: 2d}", P),
        ("evidence.verdict: malicious", "action.deadline: {olderThan: 1m}", P),
        ("evidence.verdict: malicious", "action.deadline: {newerThan: 1m}", R),
        ("moment: {zone: Europe/Madrid, days: mon-fri}", "moment: {zone: Europe/Madrid, days: [sun]}", P),
        ("moment: {zone: Europe/Madrid, hours: 22:00-06:00}", "moment: {zone: UTC, hours: 12:00-13:00}", P),
        ("moment: {zone: Europe/Madrid, hours: 22:00-06:00}", "moment: {zone: UTC, hours: 05:00-06:00}", P),
        ("moment: {zone: Europe/Madrid, hours: 22:00-06:00}", "moment: {zone: UTC, hours: 04:00-06:00}", R),
        ("moment: {zone: UTC, dates: [2027-01-01]}", "moment: {zone: UTC, days: [mon]}", P),
        ("moment: {zone: UTC, dates: [2027-01-01]}", "moment: {zone: UTC, days: [fri]}", R),
    ],
)
def test_facts_of_the_action(match: str, when: str, expected: Outcome) -> None:
    assert outcome(never(when), policy_file(match)) is expected


PASS = "{sender.domain: {domainIn: [x.example]}, auth.dmarc: pass}"


@pytest.mark.parametrize(
    ("match", "when", "expected"),
    [
        (f"messages: {{all: {PASS}}}", "messages: {any: {auth.dmarc: fail}}", P),
        (f"messages: {{any: {PASS}}}", "messages: {any: {auth.dmarc: fail}}", R),
        (f"messages: {{none: {PASS}}}", f"messages: {{any: {PASS}}}", P),
        (f"messages: {{none: {PASS}}}", "messages: {any: {auth.dmarc: pass}}", R),
        ("messages: {all: {auth.dmarc: pass}}", "messages: {none: {auth.dmarc: pass}}", P),
        (
            "messages: {any: {auth.dmarc: pass}, all: {auth.spf: pass}}",
            "messages: {none: {auth.spf: pass}}",
            P,
        ),
        (
            "messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.9}}",
            "messages: {none: {auth.dmarc: pass}}",
            P,
        ),
        (
            "messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.9}}",
            "messages: {any: {auth.dmarc: fail}}",
            R,
        ),
        (
            "messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.9}}",
            "messages: {share: {of: {auth.dmarc: pass}, atMost: 0.89}}",
            P,
        ),
        (
            "messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.5}}",
            "messages: {share: {of: {auth.dmarc: fail}, atLeast: 0.51}}",
            P,
        ),
        (
            "messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.5}}",
            "messages: {share: {of: {auth.dmarc: fail}, atLeast: 0.5}}",
            R,
        ),
        (
            "messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.3, atMost: 0.6}}",
            "messages: {all: {auth.dmarc: pass}}",
            P,
        ),
        (
            "messages: {all: {oneOf: [{sender.domain: x.example, auth.dmarc: pass}]}}",
            "messages: {any: {auth.dmarc: fail}}",
            P,
        ),
        (
            "messages: {all: {oneOf: [{sender.domain: x.example, auth.dmarc: pass}]}}",
            "messages: {any: {sender.domain: x.example}}",
            R,
        ),
        (
            "messages: {any: {subject: {matches: 'Invoice [0-9]+'}}}",
            "messages: {all: {subject: invoice}}",
            UNSURE,
        ),
        ("messages: {any: {subject: {matches: 'Invoice [0-9]+'}}}", "messages: {any: {auth.dmarc: fail}}", R),
    ],
)
def test_messages(match: str, when: str, expected: Outcome) -> None:
    assert outcome(never(when), policy_file(match)) is expected


def test_a_share_needs_as_many_messages_as_show_it() -> None:
    found = example(
        never("messages: {any: {auth.dmarc: fail}}"),
        policy_file("messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.9}}"),
    )

    assert len(found.situation.facts.messages or ()) == 10


def test_a_share_with_many_decimals_is_named_and_not_modelled() -> None:
    share = "messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.33333333}}"

    found = report(files(policy_file(share), claims=never("messages: {none: {auth.dmarc: pass}}")))

    assert [each.outcome for each in found.proofs] == [UNSURE, P]
    assert found.abstracted == ("`messages` share from 0.33333333 to 1.0",)


def test_what_depends_on_a_pattern_says_on_which() -> None:
    """`invoice` is compared without its case and matched with it: whether it matches is open, and no text was found."""
    claim = never("alert.title: invoice")

    (part,) = proof(files(policy_file("alert.title: {matches: '[^i].{6}'}"), claims=claim)).parts
    (other,) = proof(files(policy_file("alert.title: {matches: '.{7}x'}"), claims=claim)).parts

    assert part.outcome is R
    assert (other.outcome, other.depends) == (UNSURE, ("`alert.title` matches .{7}x",))


def test_the_same_pattern_asked_twice_answers_alike() -> None:
    claim = never("file.path: {matches: '.*\\\\windows\\\\.*'}", kinds="quarantineFile")
    policy = policy_file("not: {file.path: {matches: '.*\\\\windows\\\\.*'}}", kinds="quarantineFile")

    assert outcome(claim, policy) is P


def test_a_claim_whose_condition_never_holds_claims_nothing() -> None:
    claim = never("cluster.mailboxCount: {above: 200, below: 201}")

    (part,) = proof(files(policy_file(), claims=claim)).parts

    assert part.outcome is EMPTY
    assert part.why == "its `when` holds in no situation: nothing is claimed"


@pytest.mark.parametrize(
    ("form", "decide", "when", "expected"),
    [
        ("always", "approve", "evidence.verdict: malicious", R),  # once the week is over
        ("always", "approve", "evidence.verdict: malicious\naction.deadline: {newerThan: 1m}", R),
        ("always", "reject", "evidence.verdict: suspicious", P),
        ("always", "escalate", "evidence.verdict: {exists: false}", P),
        ("always", "escalate", "evidence.verdict: noThreatsFound", P),
        ("only", "approve", "evidence.verdict: malicious", P),
        ("only", "approve", "evidence.verdict: malicious\nalert.severity: high", R),
        ("only", "reject", "not: {evidence.verdict: malicious}", P),
        ("never", "escalate", "evidence.verdict: suspicious", P),
        ("never", "reject", "", R),
    ],
)
def test_the_forms_of_claims(form: str, decide: str, when: str, expected: Outcome) -> None:
    approves = policy_file("evidence.verdict: malicious")
    rejects = policy_file("evidence.verdict: suspicious", name="q", decide="reject")

    assert outcome(never(when, decide=decide, form=form), approves, rejects) is expected


def test_a_policy_of_other_tenants_or_of_the_past_does_not_count() -> None:
    tenants = policy_file(more=f"tenants: [{TENANT}]")
    expires = policy_file(more="expires: 2026-08-24T09:00:00Z")

    of_tenant = example(never(""), tenants)
    in_time = example(never(""), expires)

    assert outcome(never(f"tenant.id: {OTHER_TENANT}"), tenants) is P
    assert outcome(never(f"tenant.id: {TENANT.upper()}"), tenants) is R
    assert of_tenant.situation.tenant == TENANT
    assert in_time.situation.facts.now < USUAL_NOW


def test_policies_that_inform_decide_nothing_and_policies_that_observe_count() -> None:
    informs = policy_file("evidence.verdict: malicious", decide="", more="inform: soc")
    observes = policy_file("evidence.verdict: malicious", name="q", mode="observe")

    assert outcome(never(""), informs) is P
    assert outcome(never(""), informs, observes) is R


def test_priorities_and_disagreement_are_those_of_the_judge() -> None:
    low = policy_file("evidence.verdict: malicious")
    high = policy_file("alert.severity: high", name="q", decide="escalate", more="priority: 1")
    same = policy_file("alert.severity: low", name="r", decide="reject")

    assert outcome(never("alert.severity: high"), low, high, same) is P
    assert outcome(never("alert.severity: {exists: false}"), low, high) is P
    assert outcome(never("alert.severity: low"), low, high, same) is P
    assert outcome(never("alert.severity: medium"), low, high, same) is R


VIP = "recipients: {anyIn: $vip}"
FED = a_fed_list("vip", is_fetched=False)


def test_a_list_that_is_fed_is_proved_whoever_is_in_it() -> None:
    careful = policy_file(unless=f"- {VIP}")
    careless = policy_file()

    kept = proof(files(careful, lists=FED, claims=never(VIP)))
    mixed = proof(files(careful, lists=FED, claims=never("recipients: {anyIn: [$vip, a@x.example]}")))
    lost = example(never(VIP), careless, lists=FED)

    assert kept.outcome is P
    assert mixed.outcome is R
    assert "member-of-vip@fed.example" in lost.situation.facts.values["recipients"]  # type: ignore[operator]
    assert "list.vip.refreshed" in lost.situation.facts.values


def test_a_list_that_is_stale_leaves_open_who_is_in_it() -> None:
    stale = "list.vip.refreshed: {olderThan: 25h}"

    assert outcome(never(stale), policy_file(f"not: {{{VIP}}}"), lists=FED) is P
    assert outcome(never(stale), policy_file(), lists=FED) is R
    assert (
        outcome(never("list.vip.refreshed: {exists: false}"), policy_file(f"not: {{{VIP}}}"), lists=FED) is P
    )


def test_an_entry_that_ends_is_in_its_list_until_then() -> None:
    ends = a_list("vip", "entries:\n  - {value: a@x.example, expires: 2026-12-31T00:00:00Z}\n  - b@x.example")
    policy = policy_file(unless=f"- {VIP}")

    first = outcome(never("recipients: {contains: b@x.example}"), policy, lists=ends)
    second = example(never("recipients: {contains: a@x.example}"), policy, lists=ends)

    assert first is P
    assert second.situation.facts.now.isoformat() >= "2026-12-31T00:00:00+00:00"


def test_an_entry_of_several_members_is_in_its_list_until_its_end() -> None:
    ends = a_list(
        "news",
        "entries:\n  - {value: {sender.domain: x.example, auth.dmarc: pass}, expires: 2026-12-31T00:00:00Z}\n"
        "  - value: {sender.domain: y.example, auth.dmarc: pass}",
    )
    policy = policy_file(unless="- messages: {any: {oneOf: $news}}")

    first = outcome(
        never("messages: {any: {sender.domain: y.example, auth.dmarc: pass}}"), policy, lists=ends
    )
    second = example(
        never("messages: {any: {sender.domain: x.example, auth.dmarc: pass}}"), policy, lists=ends
    )

    assert first is P
    assert second.situation.facts.now.isoformat() >= "2026-12-31T00:00:00+00:00"


def test_two_policies_that_clash_are_listed_with_the_action() -> None:
    approves = policy_file("evidence.verdict: malicious")
    rejects = policy_file("alert.severity: low", name="q", decide="reject")
    apart = policy_file("evidence.verdict: suspicious", name="r", decide="reject")
    above = policy_file("alert.severity: high", name="s", decide="reject", more="priority: 1")

    found = report(files(approves, rejects, apart, above))

    assert [(each.approves, each.rejects) for each in found.clashes] == [("p", "q")]
    example_ = found.clashes[0].part.example
    assert example_ is not None
    assert (example_.verb, set(example_.policies)) == (Verb.ESCALATE, {"p", "q"})
    assert example_.situation.facts.values["alert.severity"] == "low"


def test_a_kind_is_covered_where_some_policy_takes_whatever_is_left() -> None:
    some = policy_file("evidence.verdict: malicious")
    rest = policy_file(
        "not: {all: [{evidence.verdict: {exists: true}}, {evidence.verdict: malicious}]}",
        name="q",
        decide="escalate",
    )

    assert uncovered(report(files(some))).outcome is R
    assert uncovered(report(files(some, rest))).outcome is P


def test_a_set_that_tightens_another_approves_nothing_more() -> None:
    old = parse_set(files(policy_file("cluster.mailboxCount: {atMost: 200}")))
    lower = files(policy_file("cluster.mailboxCount: {atMost: 100}"))
    higher = files(policy_file("cluster.mailboxCount: {atMost: 300}"))

    kept = report(lower, before=old, rejects=True).proofs[-2:]
    lost = report(higher, before=old).proofs[-1]

    assert [(each.claim.form, each.claim.verb, each.outcome) for each in kept] == [
        (Form.TIGHTENS, Verb.APPROVE, P),
        (Form.TIGHTENS, Verb.REJECT, P),
    ]
    assert lost.outcome is R
    (part,) = (part for part in lost.parts if part.outcome is R)
    assert part.example is not None
    assert (part.example.verb, part.example.before) == (Verb.APPROVE, Verb.ESCALATE)
    assert part.example.situation.facts.values == {
        "action.kind": "softDeleteCluster",
        "action.kindSource": "evidence",
        "cluster.mailboxCount": 201,
    }


def test_a_policy_taken_out_can_approve_more_than_there_was() -> None:
    """Where two policies disagree a person decides: without the one, the other decides alone."""
    both_ = files(policy_file(), policy_file("alert.severity: low", name="q", decide="reject"))

    found = report(files(policy_file()), before=parse_set(both_)).proofs[-1]

    assert found.outcome is R


def test_a_domain_of_no_labels_is_told_of_although_no_file_can_hold_it() -> None:
    """Of `anna@.` the domain is given, and whether it lies in another cannot be said."""
    inside = "{sender.domain: {domainIn: [x.example]}}"
    claim = never(f"messages: {{any: {{any: [{inside}, {{not: {inside}}}]}}}}", form="only")

    found = example(claim, policy_file("messages: {all: {sender.domain: {exists: true}}}"))

    assert found.situation.facts.messages == ({"sender.domain": "."},)
    assert not found.is_readable


# The solver against the judge


def space() -> Space:
    return Space(CLUSTER, gathered((), ()))


def test_a_judge_who_says_otherwise_makes_it_an_error_of_ours() -> None:
    reply = Asking(space(), within=20).ask(Question(TRUE, lambda _: False))

    assert reply.outcome is Outcome.BROKEN
    assert reply.situation is not None
    assert "a bug of this program" in reply.why


def test_what_takes_too_long_is_not_decided() -> None:
    """Ten pigeons do not fit into nine holes, which takes a solver of this kind very long to see."""
    pigeons, holes = range(10), range(9)
    sits = {(one, hole): variable(f"pigeon {one} in {hole}") for one in pigeons for hole in holes}
    somewhere = [either(sits[one, hole] for hole in holes) for one in pigeons]
    alone = [
        no(both((sits[one, hole], sits[other, hole])))
        for hole in holes
        for one, other in combinations(pigeons, 2)
    ]

    reply = Asking(space(), within=0.05).ask(Question(both((*somewhere, *alone)), lambda _: True))

    assert reply.outcome is UNSURE
    assert reply.why == "not decided within 0.05 s: give it longer with `--timeout`"


@settings(max_examples=25, deadline=None)
@given(
    policies(),
    CONDITIONS,
    st.sampled_from([Form.NEVER, Form.ALWAYS, Form.ONLY]),
    st.sampled_from(Verb),
    st.lists(facts(), min_size=5, max_size=5),
)
def test_what_is_proved_of_any_policies_holds_in_any_situation(
    some: list[Policy], when: Condition, form: Form, verb: Verb, situations: list[Facts]
) -> None:
    claim = Claim(name="any", form=form, kinds=(CLUSTER,), verb=verb, when=when)
    assume(gathered(some, (when,)).messages <= FEW)
    one = OfKind(CLUSTER, PolicySet(policies=tuple(some), revision="r"), [claim], None, within=20)

    part = one.part(claim)

    assert part.outcome is not Outcome.BROKEN
    for seen in situations:
        situation = Situation(kind=CLUSTER, tenant=TENANT, facts=replace(seen, values=whole(seen.values)))
        if one._is_against(claim, situation):
            assert part.outcome is not P
