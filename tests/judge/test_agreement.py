"""The closures and the sieve before them answer as the conditions plainly mean, for any policies and facts."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.compile import compile_set
from agent.judge.explain import match_clauses
from agent.judge.fold import folded
from agent.judge.operand import expiries
from agent.judge.operators import ONE_OF, OPERATORS, Operand, Operator, Rows
from agent.judge.seen import fact_of
from agent.judge.truth import policy_holds
from agent.judge.vocabulary import FACTS, MEMBER, MESSAGE_FACTS, SETS, WORDS, Fact, Scope
from agent.model.decision import Verb
from agent.model.facts import Facts, FactType, Value
from agent.model.mark import Mark
from agent.model.policy import (
    All,
    AnyOf,
    Condition,
    Expiry,
    Fresh,
    Messages,
    Mode,
    Moment,
    Not,
    Policy,
    PolicySet,
    Test,
)
from tests.judge.writing import CLUSTER, NOW, TENANT, decided

T = FactType
MARK = Mark(1, 1)
POOLS: Mapping[FactType, tuple[Value, ...]] = {
    T.TEXT: ("Invoice", "invoice", "INVOICE now", "straße", "", "a\nb", "\x1b[2J"),
    T.WORD: ("one", "two", "Two"),
    T.NUMBER: (0, 1, 2, 2.5, 200, -1),
    T.YESNO: (True, False),
    T.MOMENT: (NOW, NOW - timedelta(hours=1), NOW - timedelta(days=3), NOW + timedelta(days=1)),
    T.ADDRESS: ("a@x.example", "A@X.example", "b@sub.x.example", "c@evilx.example", "nobody"),
    T.DOMAIN: ("x.example", "X.example.", "sub.x.example", "evilx.example", "xn--bcher-kva.example", ""),
    T.IP: ("192.0.2.1", "198.51.100.7", "::ffff:192.0.2.1", "2001:db8::1", "nowhere"),
}

ENDS = (NOW - timedelta(days=2), NOW - timedelta(hours=9), NOW, NOW + timedelta(days=1))
"""Among them the moments of judging: an entry is gone at its end."""

FED = tuple(
    Fresh(fact=f"list.{name}.refreshed", within=within)
    for name, within in (("vip", timedelta(hours=9)), ("devices", timedelta(days=1)))
)
FRESH = st.lists(st.sampled_from(FED), unique=True, max_size=2).map(tuple)
OF_LISTS = frozenset({Operand.MANY, Operand.DOMAINS, Operand.NETWORKS})

ACTION_FACTS = [
    FACTS[name]
    for name in (
        "evidence.verdict",
        "alert.title",
        "alert.category",
        "cluster.by",
        "cluster.volumeAnomaly",
        "cluster.emailCount",
        "cluster.mailboxCount",
        "action.firstSeen",
        "recipients",
        "senders.domains",
        "threats",
        "subjects",
    )
]
LIST_FACTS = [fact_of(one.fact, Scope.ACTION) for one in FED]
ROW_FACTS = [
    MESSAGE_FACTS[name]
    for name in (
        "sender.domain",
        "sender.address",
        "sender.ip",
        "auth.dmarc",
        "threats",
        "received",
        "inMailbox",
    )
]


def pool(fact: Fact) -> list[Value]:
    known = sorted(WORDS.get(fact.name, ()))[:3]
    return list(known) if known else list(POOLS[MEMBER.get(fact.type, fact.type)])


def values_of(fact: Fact) -> st.SearchStrategy[Value]:
    one = st.sampled_from(pool(fact))
    return st.frozensets(one, max_size=3) if fact.type in SETS else one  # type: ignore[arg-type]


def values(table: list[Fact]) -> st.SearchStrategy[dict[str, Value]]:
    return st.fixed_dictionaries({}, optional={fact.name: values_of(fact) for fact in table})


def operand(fact: Fact, operator: Operator) -> st.SearchStrategy[object]:
    kind = MEMBER.get(fact.type, fact.type)
    one = st.sampled_from([folded(kind, value) for value in pool(fact)])
    domains = st.frozensets(st.sampled_from(["x.example", "sub.x.example", "other.example"]), min_size=1)
    match operator.operand:
        case Operand.ONE:
            return one
        case Operand.MANY:
            return st.frozensets(one, max_size=3)
        case Operand.NUMBER:
            return one
        case Operand.PAIR:
            return st.sampled_from([(0, 0), (0, 2), (1, 200)])
        case Operand.PART:
            return one if fact.type in SETS else st.sampled_from(["in", "a", "now"])
        case Operand.PATTERN:
            return st.sampled_from(["(?i)invoice.*", ".*@x\\.example", "[a-z.]+"])
        case Operand.DOMAINS:
            return domains
        case Operand.NETWORKS:
            return st.just((ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")))
        case Operand.DURATION:
            return st.sampled_from([timedelta(minutes=30), timedelta(days=2)])
        case Operand.YESNO:
            return st.booleans()


@st.composite
def ends(draw: st.DrawFn, values: Sequence[object]) -> tuple[Expiry, ...]:
    each = st.none() | st.sampled_from(ENDS)
    return expiries([(value, draw(each)) for value in values])


@st.composite
def single(draw: st.DrawFn, table: list[Fact]) -> Test:
    fact = draw(st.sampled_from(table))
    operator = draw(st.sampled_from([row for row in OPERATORS.values() if fact.type in row.types]))
    value = draw(operand(fact, operator))
    is_of_lists = operator.operand in OF_LISTS
    return Test(
        fact=fact.name,
        operator=operator.name,
        operand=value,
        wording="as written",
        mark=MARK,
        fresh=draw(FRESH) if is_of_lists else (),
        expiries=draw(ends(tuple(value))) if is_of_lists else (),  # type: ignore[arg-type]
    )


@st.composite
def rows(draw: st.DrawFn) -> Test:
    names = ("sender.domain", "auth.dmarc")
    entry = st.tuples(st.sampled_from(["x.example", "sub.x.example"]), st.sampled_from(["pass", "fail"]))
    found = Rows(facts=names, rows=draw(st.frozensets(entry, min_size=1, max_size=3)))
    return Test(
        fact=names[0],
        operator=ONE_OF,
        operand=found,
        wording="$pairs",
        mark=MARK,
        expiries=draw(ends(tuple(found.rows))),
    )


def nested(leaves: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(All, conditions=st.lists(inner, min_size=1, max_size=3).map(tuple), mark=st.just(MARK))
            | st.builds(
                AnyOf, conditions=st.lists(inner, min_size=1, max_size=3).map(tuple), mark=st.just(MARK)
            )
            | st.builds(Not, condition=inner, mark=st.just(MARK))
        ),
        max_leaves=5,
    )


MESSAGES: st.SearchStrategy[Condition] = st.builds(
    Messages,
    quantifier=st.sampled_from(["any", "all", "none", "share"]),
    condition=nested(single(ROW_FACTS) | rows()),
    at_least=st.sampled_from([0.0, 0.5]),
    at_most=st.sampled_from([0.5, 1.0]),
    mark=st.just(MARK),
)
MOMENTS: st.SearchStrategy[Condition] = st.builds(
    Moment,
    zone=st.just("Europe/Madrid"),
    days=st.sampled_from([None, frozenset({0}), frozenset({5, 6})]),
    hours=st.sampled_from([None, (0, 600), (660, 720), (1320, 360)]),
    wording=st.just("then"),
    mark=st.just(MARK),
)
TESTS = single([*ACTION_FACTS, *LIST_FACTS])
CONDITIONS = nested(TESTS | MESSAGES | MOMENTS)


@st.composite
def policies(draw: st.DrawFn) -> list[Policy]:
    made = []
    for number in range(draw(st.integers(1, 4))):
        conditions = draw(st.lists(TESTS | CONDITIONS, min_size=1, max_size=3))
        made.append(
            Policy(
                name=f"p{number}",
                description="",
                owner="",
                kinds=frozenset({CLUSTER}),
                mode=draw(st.sampled_from(Mode)),
                priority=draw(st.integers(0, 1)),
                match=All(conditions=tuple(conditions), mark=MARK),
                unless=tuple(draw(st.lists(CONDITIONS, max_size=2))),
                verb=draw(st.sampled_from(Verb)),
                file="p.yaml",
                mark=MARK,
                digest="0",
            )
        )
    return made


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    return Facts(
        now=draw(st.sampled_from([NOW, NOW - timedelta(hours=9), NOW - timedelta(days=2)])),
        values=draw(values(ACTION_FACTS)) | draw(values(LIST_FACTS)),
        messages=draw(st.none() | st.lists(values(ROW_FACTS), max_size=3).map(tuple)),
        messages_complete=draw(st.booleans()),
        unresolved=draw(st.sampled_from(["", "hunting is not granted"])),
    )


@settings(max_examples=150, deadline=None)
@given(policies(), facts())
def test_the_fast_answer_is_the_plain_answer(some: list[Policy], seen: Facts) -> None:
    answers = compile_set(PolicySet(policies=tuple(some), revision="r")).evaluate(CLUSTER, TENANT, seen)

    fast = {one.policy.name: True for one in answers.matched} | {
        one.policy.name: None for one in answers.undecided
    }
    plain = {policy.name: policy_holds(policy, seen) for policy in some}
    assert answers.failures == {}
    assert fast == {name: held for name, held in plain.items() if held is not False}


@settings(max_examples=50, deadline=None)
@given(policies(), facts())
def test_every_clause_is_told_as_it_turned_out_and_on_one_line(some: list[Policy], seen: Facts) -> None:
    for policy in some:
        clauses = match_clauses(policy, seen)

        assert len(clauses) == len(policy.match.conditions)
        for clause in clauses:
            assert clause.words.isprintable()
            assert clause.held is not None or clause.facts


@settings(max_examples=50, deadline=None)
@given(policies(), facts(), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_policies_never_matters(
    some: list[Policy],
    seen: Facts,
    enforces_observers: bool,
    chance: object,
) -> None:
    mixed = list(some)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = (compile_set(PolicySet(policies=tuple(each), revision="r")) for each in (some, mixed))

    assert decided(one, seen, enforces_observers=enforces_observers) == decided(
        other, seen, enforces_observers=enforces_observers
    )


@settings(max_examples=50, deadline=None)
@given(policies(), facts())
def test_nothing_is_approved_without_a_policy_that_plainly_matches(some: list[Policy], seen: Facts) -> None:
    decision = decided(
        compile_set(PolicySet(policies=tuple(some), revision="r")), seen, enforces_observers=True
    )

    by_name = {policy.name: policy for policy in some}
    if decision.verb is not Verb.ESCALATE:
        assert decision.policies
        assert all(policy_holds(by_name[name], seen) is True for name in decision.policies)
    assert decision.reason.isprintable()
    assert "`" in decision.reason
