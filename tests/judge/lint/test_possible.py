"""What lint calls impossible is impossible: whatever turned out so, for any facts, is called possible."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.judge.lint.amounts import number_can_be
from agent.judge.lint.clauses import follows
from agent.judge.lint.possible import Literal, possible
from agent.judge.lint.rivals import covers
from agent.judge.operators import OPERATORS
from agent.judge.truth import Here, holds, policy_holds
from agent.judge.vocabulary import FACTS
from agent.model.decision import Verb
from agent.model.facts import Facts, Value
from agent.model.policy import Condition, Policy, Test
from tests.judge.test_agreement import CONDITIONS, MARK, facts, policies
from tests.judge.writing import NOW, parsed, policy_file


def is_real(name: str, value: Value) -> bool:
    """Whether a count is one: the made-up facts have halves and negative ones too."""
    fact = FACTS.get(name)
    return fact is None or not fact.is_count or (isinstance(value, int) and value >= 0)


def real(seen: Facts) -> Facts:
    given = {name: value for name, value in seen.values.items() if is_real(name, value)}
    return replace(seen, values={"action.firstSeen": NOW, **given})


@settings(max_examples=150, deadline=None)
@given(policies(), facts())
def test_what_turned_out_so_is_possible(some: list[Policy], seen: Facts) -> None:
    seen = real(seen)
    here = Here(facts=seen, values=seen.values)

    told = [
        Literal(condition, answer)
        for policy in some
        for condition in (*policy.match.conditions, *policy.unless)
        if (answer := holds(condition, here)) is not None
    ]

    assert possible(told, seen.now)


@settings(max_examples=150, deadline=None)
@given(CONDITIONS, CONDITIONS, facts())
def test_what_is_said_to_follow_holds(one: Condition, by: Condition, seen: Facts) -> None:
    seen = real(seen)
    here = Here(facts=seen, values=seen.values)

    if holds(by, here) is True and follows(one, by, seen.now):
        assert holds(one, here) is True


@settings(max_examples=100, deadline=None)
@given(policies(), facts(), st.sampled_from(Verb))
def test_a_policy_that_covers_another_is_there_wherever_that_matches(
    some: list[Policy], seen: Facts, verb: Verb
) -> None:
    seen = real(seen)
    policy, over = replace(some[0], verb=verb), some[-1]

    if policy_holds(policy, seen) is True and covers(over, policy, seen.now):
        held = policy_holds(over, seen)
        assert held is True or (held is None and verb is not Verb.ESCALATE)


def number_tests() -> Iterator[Test]:
    for operator in ("atMost", "atLeast", "above", "below", "equals"):
        for operand in (-1, 0, 1, 2.5, 3):
            yield Test(fact="n", operator=operator, operand=operand, wording="", mark=MARK)
    for name, several in (("between", (1, 2)), ("in", frozenset({1, 3})), ("notIn", frozenset({0, 2}))):
        yield Test(fact="n", operator=name, operand=several, wording="", mark=MARK)


ASKED = list(product(number_tests(), (True, False)))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(ASKED), min_size=1, max_size=5), st.booleans())
def test_of_numbers_the_answer_is_exact(asked: list[tuple[Test, bool]], is_count: bool) -> None:
    """Between any two numbers that the tests name lies a quarter that stands for all there."""
    values = range(8) if is_count else [quarter / 4 for quarter in range(-12, 32)]

    can = any(
        all(OPERATORS[test.operator].holds(value, test.operand, NOW) is wanted for test, wanted in asked)
        for value in values
    )

    told = [(test, test.operand, wanted) for test, wanted in asked]
    assert number_can_be(told, is_count=is_count) is can


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        # Numbers and ages.
        ("cluster.mailboxCount: {atMost: 5, atLeast: 5}", True),
        ("cluster.mailboxCount: {below: 5, atLeast: 5}", False),
        ("cluster.mailboxCount: {above: 5, below: 7}", True),
        ("cluster.mailboxCount: {above: 5, below: 6}", False),
        ("cluster.mailboxCount: {below: 1}", True),
        ("cluster.mailboxCount: {below: 0}", False),
        ("cluster.mailboxCount: {in: [1, 2], atLeast: 2}", True),
        ("cluster.mailboxCount: {in: [1, 2], atLeast: 3}", False),
        ("cluster.mailboxCount: {atMost: 1, notIn: [0]}", True),
        ("cluster.mailboxCount: {atMost: 1, notIn: [0, 1]}", False),
        ("cluster.mailboxCount: {between: [1, 3]}\nnot: {cluster.mailboxCount: {between: [2, 9]}}", True),
        ("cluster.mailboxCount: {between: [1, 3]}\nnot: {cluster.mailboxCount: {between: [0, 9]}}", False),
        ("action.firstSeen: {olderThan: 2h, newerThan: 3h}", True),
        ("action.firstSeen: {olderThan: 3h, newerThan: 3h}", False),
        # Words, texts and places.
        ("cluster.by: {in: [url, file], notIn: [url]}", True),
        ("cluster.by: {in: [url, file], notIn: [url, file]}", False),
        ("cluster.by: {notIn: [url, file]}", True),
        ("cluster.by: {notIn: [url, file, similarity]}", False),
        ("alert.title: {startsWith: Email, contains: x}", True),
        ("alert.title: {startsWith: Email reported}\nall: [{alert.title: {startsWith: email}}]", True),
        ("alert.title: {startsWith: Email}\nall: [{alert.title: {startsWith: Mail}}]", False),
        ("alert.title: {endsWith: user}\nall: [{alert.title: {endsWith: device}}]", False),
        ("alert.title: {startsWith: Email}\nnot: {alert.title: {contains: mail}}", False),
        ("alert.title: {startsWith: Email}\nnot: {alert.title: {contains: user}}", True),
        ("alert.title: {in: [Email, Mail], startsWith: e}", True),
        ("alert.title: {in: [Email, Mail], startsWith: x}", False),
        ("alert.title: {in: [Email], matches: 'E.*'}", True),
        ("messages: {any: {sender.domain: {domainIn: [a.example], equals: mail.a.example}}}", True),
        ("messages: {any: {sender.domain: {domainIn: [a.example], equals: evila.example}}}", False),
        (
            "messages: {any: {sender.domain: {domainIn: [x.a.example]}, not: {sender.domain: {domainIn: [a.example]}}}}",
            False,
        ),
        (
            "messages: {any: {sender.domain: {domainIn: [a.example]}, not: {sender.domain: {domainIn: [x.a.example]}}}}",
            True,
        ),
        (
            "messages: {any: {sender.ip: {cidr: [10.0.0.0/8]}, all: [{sender.ip: {cidr: [10.1.0.0/16]}}]}}",
            True,
        ),
        (
            "messages: {any: {sender.ip: {cidr: [10.0.0.0/8]}, all: [{sender.ip: {cidr: [192.0.2.0/24]}}]}}",
            False,
        ),
        (
            "messages: {any: {sender.ip: {cidr: [10.0.0.0/8]}, all: [{sender.ip: {cidr: ['2001:db8::/32']}}]}}",
            False,
        ),
        ("messages: {any: {sender.address: {equals: a@x.example, matches: 'A@.*'}}}", False),
        # Presence.
        ("cluster.mailboxCount: {exists: true, atMost: 5}", True),
        ("cluster.mailboxCount: {exists: false, atMost: 5}", False),
        ("evidence.verdict: {exists: false}", True),
        ("action.firstSeen: {exists: false}", False),
        # Sets.
        ("directions: {contains: inbound, noneIn: [outbound]}", True),
        ("directions: {contains: inbound, noneIn: [inbound]}", False),
        ("directions: {allIn: [inbound], anyIn: [outbound]}", False),
        ("directions: {allIn: [inbound, outbound], noneIn: [inbound]}", True),
        ("directions: {allIn: [inbound], noneIn: [inbound]}", False),
        ("directions: {noneIn: [inbound, outbound, intraOrg]}", True),
        ("directions: {anyIn: [inbound]}\nnot: {directions: {noneIn: [outbound]}}", True),
        ("not: {directions: {allIn: [inbound, outbound, intraOrg]}}", False),
        ("not: {directions: {allIn: [inbound, outbound]}}", True),
        # Messages.
        ("messages: {all: {auth.dmarc: pass}, any: {auth.spf: fail}}", True),
        ("messages: {all: {auth.dmarc: pass}, any: {auth.dmarc: fail}}", False),
        ("messages: {none: {auth.dmarc: pass}, any: {auth.dmarc: fail}}", True),
        ("messages: {none: {auth.dmarc: {in: [pass, fail]}}, any: {auth.dmarc: fail}}", False),
        ("messages: {share: {of: {auth.dmarc: pass}, atLeast: 1}, any: {auth.dmarc: fail}}", False),
        ("messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.9}, any: {auth.dmarc: fail}}", True),
        ("messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.1}, all: {auth.dmarc: fail}}", False),
        ("messages: {share: {of: {auth.dmarc: pass}, atMost: 0.9}, all: {auth.dmarc: pass}}", False),
        ("messages: {share: {of: {auth.dmarc: pass}, atMost: 0}, any: {auth.dmarc: pass}}", False),
        ("not: {messages: {share: {of: {auth.dmarc: pass}, atLeast: 0, atMost: 1}}}", False),
        ("messages: {any: {oneOf: [{sender.domain: a.example, auth.dmarc: pass}], auth.dmarc: fail}}", False),
        ("messages: {any: {oneOf: [{sender.domain: a.example, auth.dmarc: pass}], auth.spf: fail}}", True),
        # Calendars.
        (
            "moment: {zone: Europe/Madrid, days: mon-fri}\nall: [{moment: {zone: Europe/Madrid, days: [sat, sun]}}]",
            False,
        ),
        (
            "moment: {zone: Europe/Madrid, days: mon-fri}\nall: [{moment: {zone: Europe/Paris, days: [sat, sun]}}]",
            True,
        ),
        (
            "moment: {zone: Europe/Madrid, hours: 08:00-12:00}\nall: [{moment: {zone: Europe/Madrid, hours: 12:00-18:00}}]",
            False,
        ),
        (
            "moment: {zone: Europe/Madrid, hours: 08:00-12:01}\nall: [{moment: {zone: Europe/Madrid, hours: 12:00-18:00}}]",
            True,
        ),
        (
            "moment: {zone: Europe/Madrid, days: [fri], hours: 22:00-06:00}\nall: [{moment: {zone: Europe/Madrid, days: [sat]}}]",
            True,
        ),
        (
            "moment: {zone: Europe/Madrid, dates: ['2026-12-25']}\nall: [{moment: {zone: Europe/Madrid, dates: ['2026-12-26']}}]",
            False,
        ),
        ("moment: {zone: Europe/Madrid, days: [fri], dates: ['2026-12-25']}", True),
        ("moment: {zone: Europe/Madrid, days: [mon], dates: ['2026-12-25']}", False),
        (
            "moment: {zone: Europe/Madrid, days: [mon]}\nnot: {moment: {zone: Europe/Madrid, days: [mon]}}",
            False,
        ),
        # Alternatives.
        ("cluster.by: url\nany: [{cluster.by: file}, {cluster.mailboxCount: {below: 0}}]", False),
        ("cluster.by: url\nany: [{cluster.by: file}, {cluster.mailboxCount: {below: 1}}]", True),
        (
            "not: {all: [{cluster.by: {in: [url, file, similarity]}}, {cluster.mailboxCount: {atLeast: 0}}]}",
            False,
        ),
    ],
)
def test_contradictions_are_seen_and_nothing_else(match: str, expected: bool) -> None:
    policy = parsed(policy_file(match))

    assert possible([Literal(policy.match)], NOW) is expected


HOLES = (
    "alert.title",
    "alert.category",
    "alert.assignedTo",
    "incident.displayName",
    "incident.assignedTo",
    "cluster.clusterBy",
    "cluster.value",
    "cluster.query",
)


def pigeons(count: int) -> Condition:
    """Ask that each pigeon be in a hole, one fewer than there are pigeons: no two fit into one."""
    choices = (", ".join(f"{{{hole}: p{pigeon}}}" for hole in HOLES[: count - 1]) for pigeon in range(count))
    return parsed(policy_file(f"all: [{', '.join(f'{{any: [{each}]}}' for each in choices)}]")).match


def test_a_search_that_grows_too_long_is_given_up_and_calls_nothing_impossible() -> None:
    assert not possible([Literal(pigeons(4))], NOW)
    assert possible([Literal(pigeons(9))], NOW)


def test_what_cannot_fail_and_may_be_unknown_follows_from_nothing_else() -> None:
    tests = [
        parsed(policy_file(f"cluster.mailboxCount: {{atMost: 5}}\nmessages: {{any: {{{inner}}}}}"))
        for inner in ("subject: {exists: true}", "any: [{auth.dmarc: pass}, {not: {auth.dmarc: pass}}]")
    ]
    by, one = (policy.match.conditions[1] for policy in tests)
    count = tests[0].match.conditions[0]

    assert not follows(one, count, NOW)
    assert not follows(one, by, NOW)
    assert follows(count, count, NOW)
