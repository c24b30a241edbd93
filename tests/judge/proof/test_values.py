"""The values, moments and patterns that stand for all: whatever a value answers, one of these answers it too."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, summarize_address_range

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.judge import calendar
from agent.judge.literals import matcher, network
from agent.judge.proof.addresses import MAPPED
from agent.judge.proof.candidates import WHOLE
from agent.judge.proof.classes import classes_of
from agent.judge.proof.columns import Column
from agent.judge.proof.kinds import only
from agent.judge.proof.moments import instants
from agent.judge.proof.patterns import examples_of
from agent.judge.recognise import recognise
from agent.judge.shape import bare
from agent.judge.strict_yaml import Scalar
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS, Fact
from agent.model.defender import (
    AnalyzedMessageEvidence,
    AnyEvidence,
    FileDetails,
    FileEvidence,
    MailboxConfigurationEvidence,
    MailClusterEvidence,
    RegistryKeyEvidence,
    UrlEvidence,
    evidence_type,
)
from agent.model.facts import FactType
from agent.model.mark import Mark
from agent.model.pending import ActionKind
from agent.model.policy import Moment
from tests.makers import NOW, TENANT, an_alert, an_incident

T = FactType

BELOW_MAPPED = tuple(summarize_address_range(IPv6Address(0), IPv6Address(MAPPED[0] - 1)))
"""Networks that end where the addresses begin that hold one of version 4."""

PARTS = st.text("abA", max_size=3)
LABELS = st.sampled_from(["a", "b", "x", "example", "sub"])
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ADDRESSES = st.tuples(st.text("ab@", max_size=3), DOMAINS | st.just("")).map("@".join) | DOMAINS
IPS = st.tuples(*[st.sampled_from([0, 1, 2, 255])] * 4).map(
    lambda four: ".".join(map(str, four))
) | st.sampled_from(["::1", "2001:db8::1", "2001:db8:1::", "::ffff:0.0.0.1", "fe80::1%eth0", "::1:0:0:0"])
NETWORKS = st.sampled_from(
    ["0.0.0.0/1", "1.0.0.0/8", "1.1.0.0/16", "1.1.1.1/32", "2001:db8::/32", "::/0", "::1/128", "::/64"]
).map(lambda text: network(Scalar(text=text, is_plain=True, mark=Mark(1, 1))))
AGES = st.integers(-100, 100).map(lambda minutes: timedelta(minutes=minutes))
NUMBERS = st.integers(-3, 6) | st.sampled_from([0.5, 1.5, 2.25])


def some(*strategies: st.SearchStrategy[Column]) -> st.SearchStrategy[list[Column]]:
    return st.lists(st.one_of(*strategies), min_size=1, max_size=5)


def column(operator: str, operands: st.SearchStrategy[object]) -> st.SearchStrategy[Column]:
    return operands.map(lambda operand: Column(operator, operand))


def sets(of: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return st.frozensets(of, min_size=1, max_size=3)


CASES: dict[str, tuple[Fact, st.SearchStrategy[object], st.SearchStrategy[list[Column]]]] = {
    "text": (
        FACTS["alert.title"],
        st.text("abAz ", max_size=8),
        some(
            column("in", sets(PARTS.map(str.casefold))),
            *(
                column(name, PARTS.map(str.casefold).filter(bool))
                for name in ("startsWith", "endsWith", "contains")
            ),
        ),
    ),
    "domain": (
        MESSAGE_FACTS["sender.domain"],
        DOMAINS | st.just("."),
        some(column("in", sets(DOMAINS)), column("domainIn", sets(DOMAINS))),
    ),
    "address": (
        MESSAGE_FACTS["sender.address"],
        ADDRESSES,
        some(
            column("in", sets(ADDRESSES)),
            column("domainIn", sets(DOMAINS)),
            column("startsWith", st.text("ab@", min_size=1, max_size=4)),
        ),
    ),
    "ip address": (
        MESSAGE_FACTS["sender.ip"],
        IPS,
        some(
            column("in", sets(st.sampled_from(["0.0.0.1", "1.1.1.1", "::1", "2001:db8::1"]))),
            column("cidr", st.lists(NETWORKS, min_size=1, max_size=3).map(tuple) | st.just(BELOW_MAPPED)),
        ),
    ),
    "number": (
        FACTS["file.size"],
        st.integers(-5, 8),
        some(
            *(column(name, NUMBERS) for name in ("atMost", "atLeast", "above", "below")),
            column("between", st.tuples(NUMBERS, NUMBERS).map(lambda pair: tuple(sorted(pair)))),
            column("in", st.frozensets(NUMBERS, min_size=1, max_size=3)),
        ),
    ),
    "number with decimals": (
        Fact(name="some.share", type=T.NUMBER, kinds=frozenset(ActionKind), source="made up"),
        NUMBERS | st.floats(-5, 8),
        some(
            *(column(name, NUMBERS) for name in ("atMost", "atLeast", "above", "below")),
            column("in", st.frozensets(NUMBERS, min_size=1, max_size=3)),
        ),
    ),
    "word": (
        FACTS["evidence.verdict"],
        st.sampled_from(["suspicious", "malicious", "noThreatsFound"]),
        some(column("in", sets(st.sampled_from(["suspicious", "malicious", "noThreatsFound"])))),
    ),
    "any word": (
        FACTS["alert.category"],
        st.sampled_from(["one", "two", "Two", "aWordThatNoPolicyNames"]),
        some(column("in", sets(st.sampled_from(["one", "two", "aWordThatNoPolicyNames"])))),
    ),
    "moment": (
        FACTS["action.firstSeen"],
        AGES,
        some(
            *(
                column(name, AGES.filter(lambda age: age > timedelta(0)))
                for name in ("olderThan", "newerThan")
            )
        ),
    ),
    "deadline": (
        FACTS["action.deadline"],
        AGES,
        some(
            column("olderThan", AGES.filter(lambda age: age > timedelta(0))),
            column("newerThan", st.just(timedelta(0))),
        ),
    ),
    "member": (
        FACTS["recipients"],
        ADDRESSES,
        some(column("in", sets(ADDRESSES))),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_whatever_a_value_answers_some_class_answers(name: str) -> None:
    fact, all_values, all_columns = CASES[name]

    @settings(max_examples=100, deadline=None)
    @given(all_values, all_columns)
    def hold(value: object, columns: list[Column]) -> None:
        answers = {each: each.answer(fact, value) for each in columns}
        classes = classes_of(fact, columns).classes

        assert answers in [dict(each.answers) for each in classes]
        for each in classes:
            for found in each.found.values():
                assert {one: one.answer(fact, found) for one in columns} == each.answers

    hold()


def test_between_two_counts_lies_none_but_between_two_shares_lies_one() -> None:
    asked = (Column("above", 200), Column("below", 201))
    share = Fact(name="some.share", type=T.NUMBER, kinds=frozenset(ActionKind), source="made up")

    counts, shares = (classes_of(fact, asked).classes for fact in (FACTS["cluster.mailboxCount"], share))

    assert [True, True] not in [list(each.answers.values()) for each in counts]
    assert [True, True] in [list(each.answers.values()) for each in shares]


def test_every_number_of_the_table_counts_something() -> None:
    """One that does not, such as a share, is to stay out of `WHOLE`: it can lie between two whole numbers."""
    numbers = {
        fact.name for table in (FACTS, MESSAGE_FACTS) for fact in table.values() if fact.type is T.NUMBER
    }

    assert numbers == WHOLE


def test_an_answer_that_the_solver_may_choose_is_fixed_where_a_value_has_no_other() -> None:
    named, pattern = Column("in", frozenset({"a@x.example"})), Column("matches", "a@.*")

    of_address = classes_of(MESSAGE_FACTS["sender.address"], (named, pattern)).classes
    of_text = classes_of(FACTS["alert.title"], (named, pattern)).classes

    assert [each.fixed for each in of_address if each.answers[named]] == [{pattern: True}]
    assert [each.fixed for each in of_text if each.answers[named]] == [{}]


ZONES = ("Europe/Madrid", "Australia/Lord_Howe", "Asia/Kathmandu")


def clocks_of(zone: str) -> st.SearchStrategy[frozenset[Moment]]:
    return st.frozensets(CLOCKS.map(lambda one: bare(replace(one, zone=zone))), max_size=3)


CLOCKS = st.builds(
    Moment,
    zone=st.just("UTC"),
    days=st.none() | st.frozensets(st.integers(0, 6), min_size=1),
    hours=st.sampled_from([None, (0, 600), (480, 1080), (1320, 360), (60, 1440)]),
    dates=st.sampled_from([None, frozenset({"2026-12-25", "2027-01-01"}), frozenset({"2026-03-29"})]),
    mark=st.just(Mark(9, 9)),
)
ENDS = st.sampled_from([datetime(2026, 12, 25, 23, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)])
MINUTES = st.integers(0, 6 * 366 * 1_440).map(
    lambda at: datetime(2025, 6, 1, tzinfo=UTC) + timedelta(minutes=at)
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(ZONES).flatmap(clocks_of),
    st.frozensets(ENDS),
    st.lists(MINUTES, min_size=20, max_size=20),
)
def test_whatever_clocks_show_at_a_moment_they_show_at_one_of_the_instants(
    clocks: frozenset[Moment], ends: frozenset[datetime], moments: list[datetime]
) -> None:
    found = {(each.inside, each.before) for each in instants(clocks, ends)}

    for now in moments:
        inside = frozenset(each for each in clocks if calendar.inside(each, now))
        assert (inside, frozenset(end for end in ends if now < end)) in found


@settings(max_examples=15, deadline=None)
@given(
    st.frozensets(CLOCKS, min_size=1, max_size=2),
    st.frozensets(ENDS),
    st.lists(MINUTES, min_size=50, max_size=50),
)
def test_so_do_clocks_of_several_zones(
    some: frozenset[Moment], ends: frozenset[datetime], moments: list[datetime]
) -> None:
    zones = ("Europe/Madrid", "America/New_York")
    clocks = frozenset(
        bare(replace(one, zone=zone)) for one, zone in zip(sorted(some, key=repr), zones, strict=False)
    )
    found = {(each.inside, each.before) for each in instants(clocks, ends)}

    for now in moments:
        inside = frozenset(each for each in clocks if calendar.inside(each, now))
        assert (inside, frozenset(end for end in ends if now < end)) in found


def test_clocks_of_two_zones_are_looked_at_in_every_season() -> None:
    """Madrid and New York are six hours apart, and for some weeks of the year five."""
    both = [
        bare(Moment(zone=zone, hours=hours, mark=Mark(1, 1)))
        for zone, hours in (("Europe/Madrid", (1020, 1021)), ("America/New_York", (720, 721)))
    ]
    some_week = datetime(2027, 3, 20, 16, 0, tzinfo=UTC)
    assert all(calendar.inside(each, some_week) for each in both)

    found = {each.inside for each in instants(frozenset(both), frozenset())}

    assert found == {frozenset(), frozenset(both), frozenset(both[:1]), frozenset(both[1:])}


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i)[a-z]:\\windows(\\.*)?",
        r".*@x\.example",
        "invoice [0-9]{4}-[0-9]{2}",
        "(?:RE|FW): .+",
        r"\d+ \w+",
        "[^a-z]*",
        r"\Q(literally)\E!",
        "a|b|",
        "(?P<name>x)+y?",
        "[]a-]{2,}",
        "^whole$",
    ],
)
def test_what_is_made_for_a_pattern_matches_it(pattern: str) -> None:
    assert all(matcher(pattern)(text) for text in examples_of(pattern))
    assert examples_of(pattern)


@pytest.mark.parametrize("pattern", [r"\pL+", "[[:alpha:]]x", "(?i", "a{1001}"])
def test_a_pattern_that_is_not_understood_gives_what_can_be_tried(pattern: str) -> None:
    assert len(examples_of(pattern)) == 1


SOME_EVIDENCE: list[AnyEvidence] = [
    MailClusterEvidence(query="Urls:x", network_message_ids=("m",)),
    AnalyzedMessageEvidence(network_message_id="m", recipient_email_address="a@contoso.example"),
    FileEvidence(file_details=FileDetails(file_name="x.exe"), mde_device_id="d"),
    RegistryKeyEvidence(registry_key="Run"),
    UrlEvidence(url="https://bad.example"),
    *(
        MailboxConfigurationEvidence(
            mailbox_primary_address="a@contoso.example", configuration_type=each, configuration_id="r"
        )
        for each in (
            "mailForwardingRule",
            "owaSettings",
            "ewsSettings",
            "mailDelegation",
            "userInboxRule",
            None,
        )
    ),
]


@pytest.mark.parametrize("evidence", SOME_EVIDENCE, ids=evidence_type)
def test_what_a_kind_says_of_its_evidence_is_what_it_was_recognised_by(evidence: AnyEvidence) -> None:
    """Else a proof would leave out what there can be."""
    action = recognise(an_incident(an_alert(evidence)), tenant_id=TENANT, now=NOW)[0]
    setting = getattr(evidence, "configuration_type", None)

    assert evidence_type(evidence) in (only(action.kind, "evidence.type") or {evidence_type(evidence)})
    assert setting in (only(action.kind, "mailbox.configurationType") or {setting})
    assert only(action.kind, "action.kind") == frozenset({action.kind.value})


def test_of_an_action_of_unknown_kind_nothing_is_said() -> None:
    assert only(ActionKind.UNKNOWN, "evidence.type") is None
