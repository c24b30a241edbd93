"""A clause counts as seen where it really was so in a case, and is spared only what it can never be."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.cases import PolicyCase, parse_cases
from agent.judge.closures import of_condition
from agent.judge.coverage import ClauseCoverage, coverage, leaves
from agent.judge.known import ALWAYS
from agent.judge.parse import parse_set
from agent.judge.seen import MESSAGES, folds_for, see
from agent.judge.vocabulary import FACTS, NEVER, Scope
from agent.model.decision import Verb
from agent.model.facts import Facts
from agent.model.policy import Policy, PolicySet
from agent.model.situation import Situation
from tests.judge.test_agreement import facts, policies
from tests.judge.writing import CLUSTER, NOW, a_fed_list, list_file, policy_file

BOTH = "cluster.by: url\nmessages: {any: {auth.dmarc: pass}}"


def a_case(seen: Facts, **more: object) -> PolicyCase:
    return PolicyCase(
        name="x",
        file="p.cases.yaml",
        line=1,
        situation=Situation(kind=CLUSTER, facts=seen),
        verb=Verb.ESCALATE,
        policies=(),
        reason=(),
        inform=(),
        **more,  # type: ignore[arg-type]
    )


def covered(
    match: str,
    *cases: str,
    lists: Mapping[str, bytes] | None = None,
    more: str = "",
    kinds: str = "softDeleteCluster",
) -> tuple[ClauseCoverage, ...]:
    """Return the clauses of a policy with these conditions after these cases, of which only facts are given."""
    found = parse_set({"p.yaml": policy_file(match, more=more, kinds=kinds), **(lists or {})})
    listed = "".join(
        f"  - {{case: c{at}, decision: escalate, policies: [], {case}}}\n" for at, case in enumerate(cases)
    )
    some: tuple[PolicyCase, ...] = ()
    if listed:
        data = f"policy: p\ngiven: {{kind: softDeleteCluster}}\ncases:\n{listed}".encode()
        some = parse_cases("p.cases.yaml", data).cases
    return coverage(found.policies[0], some, found).clauses


def seen_as(clause: ClauseCoverage) -> tuple[int, int, int]:
    return clause.true, clause.false, clause.unknown


def test_each_clause_says_in_how_many_cases_it_was_what() -> None:
    by, messages, dmarc = covered(
        BOTH,
        "facts: {cluster.by: url}, messages: [{auth.dmarc: pass}, {auth.dmarc: fail}]",
        "facts: {cluster.by: file}, messages: [{auth.dmarc: pass}, {subject: x}]",
        "facts: {cluster.by: url}, messages: []",
    )

    assert (by.words, seen_as(by)) == ("cluster.by: url", (2, 1, 0))
    assert (messages.words, seen_as(messages)) == ("messages: {any: {auth.dmarc: pass}}", (2, 0, 1))
    assert (dmarc.words, seen_as(dmarc)) == ("auth.dmarc: pass", (2, 1, 1))
    assert (by.never, messages.never, dmarc.never) == (("unknown",), ("false",), ())


def test_a_planted_clause_that_nothing_shows_is_listed_at_its_place() -> None:
    clauses = covered(
        f"{BOTH}\nalert.severity: high",
        "facts: {cluster.by: url}, messages: [{auth.dmarc: pass}]",
    )

    planted = clauses[-1]

    assert (planted.words, planted.line, planted.column) == ("alert.severity: high", 9, 3)
    assert planted.never == ("true", "false")
    assert seen_as(planted) == (0, 0, 1)


def test_without_cases_nothing_was_seen() -> None:
    assert all(clause.never == ("true", "false", "unknown") for clause in covered(BOTH))


@pytest.mark.parametrize(
    ("case", "more"),
    [
        ("kind: blockUrl", ""),
        ("tenant: x", "tenants: [11111111-2222-3333-4444-555555555555]"),
        ("now: 2026-09-01T00:00:00Z", "expires: 2026-08-31"),
    ],
)
def test_a_case_in_which_the_policy_is_not_asked_shows_nothing(case: str, more: str) -> None:
    (clause,) = covered(
        "evidence.verdict: malicious", f"{case}, facts: {{evidence.verdict: malicious}}", more=more
    )

    assert seen_as(clause) == (0, 0, 0)


@pytest.mark.parametrize(
    ("match", "spared"),
    [
        ("cluster.by: url", {}),
        ("cluster.by: {exists: true}", {"unknown": "whether a fact is known is always known"}),
        ("moment: {zone: UTC, hours: 08:00-18:00}", {"unknown": "it is always some time"}),
        (
            "moment: {zone: UTC, days: mon-sun}",
            {"unknown": "it is always some time", "false": "it is every hour of every day"},
        ),
        ("moment: {zone: UTC, days: mon-sun, hours: 08:00-18:00}", {"unknown": "it is always some time"}),
        (
            "moment: {zone: UTC, dates: $none}",
            {"unknown": "it is always some time", "true": "the list of dates is empty"},
        ),
        ("action.firstSeen: {olderThan: 5d}", {"unknown": "the agent gives this fact for every action"}),
        (
            "action.firstSeen: {exists: true}",
            {
                "unknown": "whether a fact is known is always known",
                "false": "the agent gives this fact for every action",
            },
        ),
        (
            "action.firstSeen: {exists: false}",
            {
                "unknown": "whether a fact is known is always known",
                "true": "the agent gives this fact for every action",
            },
        ),
        ("recipients: {anyIn: $none}", {"true": "the list is empty"}),
        ("recipients: {allIn: $none}", {"true": "the list is empty"}),
        ("recipients: {noneIn: $none}", {"false": "the list is empty"}),
        ("alert.title: {in: $none}", {"true": "the list is empty"}),
        ("alert.title: {notIn: $none}", {"false": "the list is empty"}),
        ("recipients: {anyIn: $fed}", {}),
        (
            "cluster.by: {in: [url, file, similarity]}",
            {"false": "it names every word that Graph has for this fact"},
        ),
        (
            "cluster.by: {notIn: [url, file, similarity]}",
            {"true": "it names every word that Graph has for this fact"},
        ),
        ("cluster.by: {in: [url, file]}", {}),
        (
            "directions: {allIn: [inbound, outbound, intraOrg]}",
            {"false": "it names every word that Graph has for this fact"},
        ),
        ("directions: {anyIn: [inbound, outbound, intraOrg]}", {}),
        (
            "messages: {share: {of: {auth.dmarc: pass}, atLeast: 0}}",
            {"false": "every share lies within these bounds"},
        ),
        ("messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.1}}", {}),
    ],
)
def test_what_a_clause_can_never_be_is_spared_for_a_reason(match: str, spared: dict[str, str]) -> None:
    lists = {**list_file("none"), **a_fed_list("fed")}

    clause = covered(match, lists=lists)[0]

    assert {one.answer: one.why for one in clause.exempt} == spared
    assert set(clause.never) == {"true", "false", "unknown"} - set(spared)


def test_members_that_a_case_gives_count_for_what_is_seen() -> None:
    lists = a_fed_list("vip", "a@x.example")

    (clause,) = covered(
        "recipients: {anyIn: $vip}",
        "facts: {recipients: [b@x.example]}, lists: {vip: [b@x.example]}",
        "facts: {recipients: [b@x.example]}, lists: {vip: [c@x.example]}",
        "facts: {recipients: [b@x.example]}",
        lists=lists,
    )

    assert seen_as(clause) == (1, 1, 1)


def test_the_fact_table_says_which_facts_are_never_missing() -> None:
    assert {fact.name for fact in FACTS.values() if fact.unknown_when == NEVER} == ALWAYS


def independently(policy: Policy, seen: Facts) -> list[set[bool | None]]:
    """Return what each clause is by the closures, which coverage does not use."""
    view = see(seen, folds_for([policy]))
    rows = view[MESSAGES].rows if MESSAGES in view else []
    found = []
    for leaf, scope in leaves(policy):
        check = of_condition(leaf, is_complete=seen.messages_complete, scope=scope)
        found.append({check(one) for one in (rows if scope is Scope.MESSAGE else [view])})
    return found


@settings(max_examples=100, deadline=None)
@given(policies(), st.lists(facts(), max_size=3))
def test_what_counts_as_seen_really_was_so_in_a_case(some: list[Policy], worlds: list[Facts]) -> None:
    policy = some[0]
    cases = [a_case(seen) for seen in worlds]

    clauses = coverage(policy, cases, PolicySet(policies=(policy,), revision="r")).clauses

    turned_out = [independently(policy, seen) for seen in worlds]
    for at, clause in enumerate(clauses):
        answers = [each[at] for each in turned_out]
        assert seen_as(clause) == tuple(sum(one in each for each in answers) for one in (True, False, None))


@settings(max_examples=100, deadline=None)
@given(policies(), facts())
def test_nothing_that_was_seen_had_been_spared(some: list[Policy], seen: Facts) -> None:
    """What is spared can never be: facts that the agent always gives are given here."""
    whole = Facts(
        now=seen.now,
        values={**seen.values, "action.firstSeen": NOW},
        messages=seen.messages,
        messages_complete=seen.messages_complete,
    )
    policy = some[0]

    clauses = coverage(policy, [a_case(whole)], PolicySet(policies=(policy,), revision="r")).clauses

    for clause in clauses:
        assert not {one.answer for one in clause.exempt if getattr(clause, one.answer)}
