"""What the search says holds: each change leads to the decision, and no smaller one does that was said to be none."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.judge.account import Account
from agent.judge.compile import compile_set
from agent.judge.decide import combine
from agent.judge.flips.flip import Bench, hunt
from agent.judge.flips.suppose import suppose
from agent.judge.gather import gather
from agent.judge.truth import policy_holds
from agent.model.decision import Verb
from agent.model.defender import Mail, MailClusterEvidence, MailMessage
from agent.model.facts import Facts, Value
from agent.model.pending import IncidentHead, KindSource, PendingAction, Sighting
from agent.model.policy import All, Condition, Messages, Mode, Policy, PolicySet, Test
from tests.judge import test_agreement as random_ones
from tests.judge.writing import CLUSTER, NOW, TENANT, an_action

MARK = random_ones.MARK

VALUES: Mapping[str, tuple[Value | None, ...]] = {
    "evidence.verdict": ("malicious", "suspicious", "noThreatsFound", None),
    "cluster.by": ("url", "file", "similarity", None),
    "cluster.emailCount": (*range(8), None),
    "evidence.tags": (
        *(frozenset(some) for size in range(4) for some in combinations(("a", "b", "other"), size)),
        None,
    ),
}
"""Every value that can make a difference to the policies below."""


def a_policy(number: int, verb: Verb, priority: int, conditions: Sequence[Condition]) -> Policy:
    return Policy(
        name=f"p{number}",
        description="",
        owner="",
        kinds=frozenset({CLUSTER}),
        mode=Mode.ENFORCE,
        priority=priority,
        match=All(conditions=tuple(conditions), mark=MARK),
        verb=verb,
        file="p.yaml",
        mark=MARK,
        digest="0",
    )


def a_test(fact: str, operator: str, operand: object) -> Test:
    return Test(fact=fact, operator=operator, operand=operand, wording="as written", mark=MARK)


def asked_of(fact: str) -> st.SearchStrategy[Condition]:
    known = [value for value in VALUES[fact] if value is not None]
    exists = st.booleans().map(lambda wanted: a_test(fact, "exists", wanted))
    if fact == "cluster.emailCount":
        operators = st.sampled_from(["atMost", "atLeast", "above", "below", "equals"])
        return exists | st.builds(a_test, st.just(fact), operators, st.integers(1, 5))
    if fact == "evidence.tags":
        operators = st.sampled_from(["anyIn", "allIn", "noneIn"])
        operand = st.frozensets(st.sampled_from(["a", "b"]), min_size=1)
        return exists | st.builds(a_test, st.just(fact), operators, operand)
    operand = st.frozensets(st.sampled_from(known), min_size=1, max_size=2)
    return exists | st.builds(a_test, st.just(fact), st.sampled_from(["in", "notIn"]), operand)


LEAVES: st.SearchStrategy[Condition] = st.sampled_from(sorted(VALUES)).flatmap(asked_of)


@st.composite
def small_sets(draw: st.DrawFn) -> PolicySet:
    made = [
        a_policy(
            number,
            draw(st.sampled_from(Verb)),
            draw(st.integers(0, 1)),
            draw(st.lists(random_ones.nested(LEAVES), min_size=1, max_size=3)),
        )
        for number in range(draw(st.integers(1, 4)))
    ]
    return PolicySet(policies=tuple(made), revision="r")


SMALL_FACTS = st.fixed_dictionaries({name: st.sampled_from(VALUES[name]) for name in VALUES}).map(
    lambda some: Facts(now=NOW, values={name: value for name, value in some.items() if value is not None})
)


class Plainly:
    """Decides by the plain meaning of the conditions."""

    def __init__(self, policies: PolicySet) -> None:
        self.compiled = compile_set(policies).of_kind(CLUSTER)

    def verb(self, facts: Facts) -> Verb:
        answers = {one.policy.name: policy_holds(one.policy, facts) for one in self.compiled}
        return combine(
            [one for one in self.compiled if answers[one.policy.name] is True],
            [one for one in self.compiled if answers[one.policy.name] is None],
        ).verb

    def reach(self, facts: Facts, size: int) -> set[Verb]:
        """Return every decision that a change of so many facts leads to."""
        return {self.verb(world) for world in worlds(facts, size)}


def worlds(facts: Facts, size: int) -> Iterator[Facts]:
    """Give every world in which so many facts may be different."""
    for names in combinations(VALUES, size):
        for values in product(*(VALUES[name] for name in names)):
            changed = {**facts.values, **dict(zip(names, values, strict=True))}
            yield replace(facts, values={name: value for name, value in changed.items() if value is not None})


@settings(max_examples=40, deadline=None)
@given(small_sets(), SMALL_FACTS)
def test_the_fewest_facts_are_found_that_trying_everything_finds(policies: PolicySet, facts: Facts) -> None:
    bench = Bench(compile_set(policies), an_action(), facts, enforces_observers=False)
    plainly = Plainly(policies)
    by_one, by_two = plainly.reach(facts, 1), plainly.reach(facts, 2)

    for verb in set(Verb) - {plainly.verb(facts)}:
        result = hunt(bench, verb)

        fewest = len(result.found[0].roots) if result.found else None
        assert (fewest == 1) == (verb in by_one)
        assert (fewest in (1, 2)) == (verb in by_two)
        assert result.gaps == ()
        assert result.is_smallest == bool(result.found)


@settings(max_examples=20, deadline=None)
@given(random_ones.policies(), random_ones.facts())
def test_every_change_that_is_told_leads_to_the_decision_by_the_plain_meaning_too(
    some: list[Policy], facts: Facts
) -> None:
    policies = PolicySet(policies=tuple(some), revision="r")
    bench = Bench(compile_set(policies), an_action(), facts, enforces_observers=True)
    plainly = Plainly(policies)
    now, _ = bench.judged(facts)

    for verb in set(Verb) - {now.verb}:
        for found in hunt(bench, verb).found[:3]:
            # At its deadline nothing is approved, whatever the conditions say.
            is_over = verb is Verb.ESCALATE and found.facts.now >= bench.action.deadline
            assert is_over or plainly.verb(found.facts) is verb
            told = suppose(bench, found, verb)
            assert told.words.isprintable()
            assert len({step.root for step in found.steps}) <= len(told.changes) <= len(found.steps)


@settings(max_examples=10, deadline=None)
@given(random_ones.policies(), random_ones.facts())
def test_an_explanation_says_what_is_decided_and_no_part_of_it_fails(
    some: list[Policy], facts: Facts
) -> None:
    policies = PolicySet(policies=tuple(some), revision="r")
    account = Account(compile_set(policies), an_action(), facts, enforces_observers=True)

    explanation = account.explanation()

    assert (explanation.verb, explanation.reason) == (account.decision().verb, account.decision().reason)
    assert {one.verb for one in explanation.flips} == set(Verb) - {explanation.verb}
    assert not [one.words for one in explanation.flips if "could not be searched" in one.words]
    assert {one.policy for one in explanation.policies} == {policy.name for policy in some}
    assert all(one.failure == "" for one in explanation.policies)


# Worlds with messages


PEOPLE = ("anna@contoso.example", "ceo@contoso.example", "ben@contoso.example")
SENDERS = ("x@evil.example", "news@partner.example")
PLACES = ("inbox_folder", "quarantine")

MESSAGES = st.lists(
    st.builds(
        MailMessage,
        network_message_id=st.just("m"),
        recipient=st.sampled_from(PEOPLE),
        sender=st.sampled_from(SENDERS),
        location=st.sampled_from(PLACES),
        threats=st.sampled_from([(), ("phish",), ("spam",)]),
        dmarc=st.sampled_from(["pass", "fail", None]),
        direction=st.sampled_from(["inbound", "intraOrg"]),
    ),
    min_size=1,
    max_size=4,
)

ACTION_TESTS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(
        a_test,
        st.just("recipients"),
        st.sampled_from(["anyIn", "noneIn", "allIn"]),
        st.just(frozenset({PEOPLE[1]})),
    ),
    st.builds(
        a_test,
        st.just("senders.domains"),
        st.sampled_from(["anyIn", "noneIn"]),
        st.just(frozenset({"partner.example"})),
    ),
    st.builds(
        a_test, st.just("directions"), st.sampled_from(["anyIn", "noneIn"]), st.just(frozenset({"intraOrg"}))
    ),
    st.builds(
        a_test,
        st.just("threats"),
        st.sampled_from(["anyIn", "noneIn", "allIn"]),
        st.just(frozenset({"phish"})),
    ),
    st.builds(a_test, st.just("recipients.count"), st.sampled_from(["atMost", "above"]), st.integers(1, 3)),
    st.builds(
        a_test, st.just("cluster.mailboxCount"), st.sampled_from(["atMost", "above"]), st.integers(1, 6)
    ),
    st.builds(a_test, st.just("cluster.copyCount"), st.sampled_from(["atMost", "above"]), st.integers(1, 6)),
)
ROW_TESTS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(a_test, st.just("sender.domain"), st.just("domainIn"), st.just(frozenset({"partner.example"}))),
    st.builds(a_test, st.just("auth.dmarc"), st.just("equals"), st.just("pass")),
    st.builds(a_test, st.just("inMailbox"), st.just("equals"), st.booleans()),
    st.builds(
        a_test, st.just("threats"), st.sampled_from(["anyIn", "noneIn"]), st.just(frozenset({"phish"}))
    ),
)
OVER_MESSAGES: st.SearchStrategy[Condition] = st.builds(
    Messages,
    quantifier=st.sampled_from(["any", "all", "none"]),
    condition=random_ones.nested(ROW_TESTS),
    mark=st.just(MARK),
)


@st.composite
def mail_sets(draw: st.DrawFn) -> PolicySet:
    made = [
        a_policy(
            number,
            draw(st.sampled_from(Verb)),
            draw(st.integers(0, 1)),
            draw(st.lists(random_ones.nested(ACTION_TESTS | OVER_MESSAGES), min_size=1, max_size=3)),
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    return PolicySet(policies=tuple(made), revision="r")


def a_cluster_action(count: int) -> PendingAction:
    return PendingAction(
        tenant_id=TENANT,
        kind=CLUSTER,
        kind_source=KindSource.EVIDENCE,
        key="key",
        label="x",
        evidence=MailClusterEvidence(email_count=count, network_message_ids=("m",)),
        incident=IncidentHead(id="1"),
        sightings=(Sighting(incident_id="1", alert_id="a"),),
        first_seen=NOW,
        deadline=an_action().deadline,
    )


def mail_of_rows(facts: Facts) -> Mail:
    """Return the mail from which such messages would have been gathered."""
    return Mail(
        messages=tuple(
            MailMessage(
                network_message_id="m",
                recipient=str(row["recipient"]),
                sender=row.get("sender.address"),  # type: ignore[arg-type]
                location=row.get("location"),  # type: ignore[arg-type]
                threats=tuple(row.get("threats", ())),  # type: ignore[arg-type]
                dmarc=row.get("auth.dmarc"),  # type: ignore[arg-type]
                direction=row.get("direction"),  # type: ignore[arg-type]
            )
            for row in facts.messages or ()
        ),
        unresolved=frozenset() if facts.messages_complete else frozenset({"m"}),
    )


LINKED = (
    "recipients",
    "recipients.domains",
    "recipients.count",
    "senders",
    "senders.domains",
    "locations",
    "directions",
    "cluster.mailboxCount",
    "cluster.copyCount",
)


@settings(max_examples=40, deadline=None)
@given(mail_sets(), MESSAGES)
def test_a_world_that_is_told_could_have_been_gathered(
    policies: PolicySet, messages: list[MailMessage]
) -> None:
    """The facts over messages are those that `gather` makes of the messages there would have been."""
    action = a_cluster_action(len(messages))
    facts = gather(action, Mail(messages=tuple(messages)), NOW)
    bench = Bench(compile_set(policies), action, facts, enforces_observers=False)
    now, _ = bench.judged(facts)

    for verb in set(Verb) - {now.verb}:
        for found in hunt(bench, verb).found:
            again = gather(action, mail_of_rows(found.facts), found.facts.now)
            for name in LINKED:
                assert found.facts.values.get(name) == again.values.get(name), name
            for row, other in zip(found.facts.messages or (), again.messages or (), strict=True):
                for name in ("recipient.domain", "sender.domain", "inMailbox"):
                    assert row.get(name) == other.get(name), name


def one_change(facts: Facts) -> Iterator[list[MailMessage]]:
    """Give the mail as it would be were one fact of its messages different in any of them.

    Two copies of one message in one mailbox are none that Graph could tell apart: what would make such is left out.
    """
    mail = list(mail_of_rows(facts).messages)
    fields: Mapping[str, Sequence[object]] = {
        "recipient": (*PEOPLE[:2], "other@contoso.example"),
        "sender": (*SENDERS, None),
        "location": (*PLACES, None),
        "threats": ((), ("phish",), ("spam",), ("phish", "spam")),
        "dmarc": ("pass", "fail", None),
        "direction": ("inbound", "intraOrg", None),
    }
    for field, values in fields.items():
        for chosen in product(values, repeat=len(mail)):
            if field == "recipient" and len(set(chosen)) < len({one.recipient for one in mail}):
                continue
            yield [replace(one, **{field: value}) for one, value in zip(mail, chosen, strict=True)]


@settings(max_examples=40, deadline=None)
@given(mail_sets(), MESSAGES.filter(lambda some: len(some) <= 3))
def test_where_one_fact_of_the_messages_does_no_second_is_asked_for(
    policies: PolicySet, messages: list[MailMessage]
) -> None:
    action = a_cluster_action(len(messages))
    facts = gather(action, Mail(messages=tuple(messages)), NOW)
    bench = Bench(compile_set(policies), action, facts, enforces_observers=False)
    now, _ = bench.judged(facts)

    reachable = {
        bench.judged(gather(action, Mail(messages=tuple(mail)), NOW))[0].verb for mail in one_change(facts)
    }

    for verb in reachable - {now.verb}:
        result = hunt(bench, verb)
        assert result.found
        assert len(result.found[0].roots) == 1 or not result.is_smallest
