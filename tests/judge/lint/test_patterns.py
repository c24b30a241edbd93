"""Patterns without need, and patterns that do not say what they seem to."""

from itertools import product

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.lint.patterns import pieces, plainly, upper
from agent.judge.literals import matcher
from agent.judge.vocabulary import FACTS
from tests.judge.lint.linting import remarks
from tests.judge.writing import answer, facts, policy_file


def found(fact: str, pattern: str) -> list[tuple[str, str]]:
    is_of_message = fact.startswith("sender.")
    test = f"{fact}: {{matches: '{pattern}'}}"
    match = f"messages: {{any: {{{test}}}}}" if is_of_message else test
    codes = ("matches-without-need", "pattern-case", "pattern-dot")
    return [(one.code, one.mend) for one in remarks(policy_file(match)) if one.code in codes]


@pytest.mark.parametrize(
    ("fact", "pattern", "mend"),
    [
        ("alert.title", "Email reported", "write `alert.title: 'Email reported'`"),
        ("alert.title", "(?i)email", "write `alert.title: email`"),
        ("alert.title", "^email$", "write `alert.title: email`"),
        ("alert.title", "Email.*", "write `alert.title: {startsWith: Email}`"),
        ("alert.title", ".*user", "write `alert.title: {endsWith: user}`"),
        ("alert.title", ".*mail.*", "write `alert.title: {contains: mail}`"),
        ("alert.title", ".*", "write `alert.title: {exists: true}`"),
        ("alert.title", r"\$x", "write `alert.title: '$$x'`"),
        ("sender.address", r"ceo@contoso\.example", "write `sender.address: ceo@contoso.example`"),
        ("sender.address", "ceo@.*", "write `sender.address: {startsWith: ceo@}`"),
        (
            "sender.address",
            r".*@contoso\.example",
            "write `sender.address: {domainIn: [contoso.example]}`, which takes its subdomains and no longer name",
        ),
        (
            "sender.domain",
            r".*\.contoso\.example",
            "write `sender.domain: {domainIn: [contoso.example]}`, which takes its subdomains and no longer name",
        ),
        ("sender.domain", r"contoso\.example", "write `sender.domain: contoso.example`"),
    ],
)
def test_a_pattern_that_an_operator_says_better_is_told_which(fact: str, pattern: str, mend: str) -> None:
    assert found(fact, pattern) == [("matches-without-need", mend)]


@pytest.mark.parametrize(
    ("fact", "pattern"),
    [
        ("alert.title", "Email.+"),
        ("alert.title", "E(mail|post)"),
        ("alert.title", "Email [0-9]*"),
        ("alert.title", "a.b.c"),
        ("alert.title", r"v1\.2.*x"),
        ("alert.title", "e?mail"),
        ("alert.title", r"\Qa.example\E"),
        ("sender.domain", "contoso.*"),
        ("sender.domain", ".*contoso.*"),
        ("sender.domain", r"(.*\.)?contoso\.(example|test)"),
        ("sender.address", ".*-noreply@.*"),
    ],
)
def test_a_pattern_that_says_more_is_left_alone(fact: str, pattern: str) -> None:
    assert found(fact, pattern) == []


@pytest.mark.parametrize(
    ("fact", "pattern", "is_told"),
    [
        ("sender.address", r"CEO@.*", True),
        ("sender.address", r"(?i)CEO@x[a-z]*\.example", False),
        ("sender.address", r"(?i:CEO)@x[a-z]*\.example", False),
        ("sender.address", r"[A-Z]+@x\.example", False),
        ("sender.address", r"C?eo[0-9]*@x\.example", False),
        ("sender.address", r"CEO@x\.example|cfo[0-9]*@x\.example", False),
        ("sender.address", r"(CEO|ceo)@x[a-z]*\.example", False),
        ("sender.domain", r"[a-z]+\.Contoso\.example", True),
        ("alert.title", r"Email[0-9]*", False),
    ],
)
def test_upper_case_where_all_is_lower_case_never_matches(fact: str, pattern: str, is_told: bool) -> None:
    assert [code for code, _ in found(fact, pattern)] == (["pattern-case"] if is_told else [])


@pytest.mark.parametrize(
    ("fact", "pattern", "mend"),
    [
        ("sender.address", ".*@contoso.example", r"write `contoso\.example`"),
        ("sender.domain", r"(.*\.)?contoso.example", r"write `contoso\.example`"),
        ("sender.domain", r"[a-z]+\.mail.contoso.example", r"write `mail\.contoso\.example`"),
        ("cluster.value", "https?://evil.example/.*", r"write `evil\.example`"),
        ("cluster.value", r"https?://evil\.example/.*", None),
        ("cluster.value", "https?://evil.*", None),
        ("alert.title", "gr.y.+", None),
        ("cluster.value", r"[a-z]+.evil\.example", None),
    ],
)
def test_a_dot_in_a_name_of_a_domain_is_told(fact: str, pattern: str, mend: str | None) -> None:
    assert found(fact, pattern) == ([] if mend is None else [("pattern-dot", mend)])


PIECES = ("a", "B", ".", r"\.", "*", "+", "?", "(", ")", "|", "[aB]", "[^a]", "{2}", "^", "$", r"\d", "(?:")
PATTERNS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join)


def is_pattern(pattern: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options=options)
    except re2.error:
        return False
    return True


@settings(max_examples=600, deadline=None)
@given(PATTERNS.filter(is_pattern))
def test_a_pattern_that_is_said_to_need_upper_case_matches_nothing_in_lower_case(pattern: str) -> None:
    if upper(pieces(pattern)):
        texts = ("".join(letters) for size in range(5) for letters in product("ab.1", repeat=size))
        assert not any(matcher(pattern)(text) for text in texts)


@settings(max_examples=600, deadline=None)
@given(PATTERNS.filter(is_pattern), st.lists(st.text("aB.c", max_size=4), min_size=1, max_size=5))
def test_the_operator_that_is_named_takes_every_text_that_the_pattern_takes(
    pattern: str, texts: list[str]
) -> None:
    said = plainly(pieces(pattern), FACTS["alert.title"])

    if said is None:
        return
    for text in texts:
        if matcher(pattern)(text):
            assert answer(said.strip("`"), facts({"alert.title": text})) is True
