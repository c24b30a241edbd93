"""Mutants are policies of another meaning, each told once; the first case that no longer holds notices one."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.cases import PolicyCase, parse_cases
from agent.judge.compile import compile_set
from agent.judge.layout import is_list
from agent.judge.mutants.meaning import meaning
from agent.judge.mutants.mutate import Mutant, Trial, Trials, _lists, _of_conditions, mutants
from agent.judge.parse import parse_set
from agent.judge.spell import spelled
from agent.judge.truth import policy_holds
from agent.model.facts import Facts
from agent.model.policy import Policy, PolicySet
from tests.judge.test_agreement import facts, policies
from tests.judge.writing import CLUSTER, TENANT, a_fed_list, chains_of, list_file, policy_file
from tests.policies.test_cases import FILES
from tests.policies.test_cases import SET as SHIPPED

LISTS = {
    **list_file("ours", "contoso.example"),
    **list_file("partners", "partner.example"),
    **list_file("vip", "ceo@contoso.example", "cfo@contoso.example"),
    **list_file("pairs", "{sender.domain: a.example, auth.dmarc: pass}"),
    **list_file("holidays", '"2026-12-25"'),
}


def of(data: bytes, *others: bytes, lists: Mapping[str, bytes] | None = None) -> tuple[Mutant, ...]:
    more = {f"q{at}.yaml": each for at, each in enumerate(others)}
    called = chains_of(data, *others)
    found = parse_set({"p.yaml": data, **more, **called, **(LISTS if lists is None else lists)})
    return mutants(next(one for one in found.policies if one.name == "p"), found, data)


def words(match: str, **more: str) -> list[str]:
    """Return the mutants of a policy with this condition and another one, which all others of it are about."""
    other = "alert.severity: {exists: true}"
    found = of(policy_file(f"{match}\n{other}", decide="", more="inform: desk", **more))
    return [one.words for one in found if "alert.severity" not in one.words and "inform" not in one.words]


@pytest.mark.parametrize(
    ("match", "told"),
    [
        (
            "cluster.mailboxCount: {atMost: 200}",
            ["{atLeast: 200}", "{below: 200}", "{atMost: 199}", "{atMost: 201}", "negated", "removed"],
        ),
        (
            "cluster.mailboxCount: {above: 5}",
            ["{below: 5}", "{atLeast: 5}", "{above: 4}", "{above: 6}", "negated", "removed"],
        ),
        ("cluster.emailCount: {atLeast: 2.5}", ["{atMost: 2.5}", "{above: 2.5}", "{atLeast: 2.4}", "{atLeast: 2.6}", "negated", "removed"]),
        (
            "cluster.emailCount: {between: [2, 3]}",
            ["{atLeast: 2}", "{atMost: 3}", "{between: [1, 3]}", "{between: [3, 3]}", "{between: [2, 2]}", "{between: [2, 4]}", "negated", "removed"],
        ),
        ("cluster.by: url", ["file", "negated", "removed"]),
        ("alert.category: Malware", ["xMalware", "negated", "removed"]),
        ("cluster.emailCount: 5", ["4", "6", "negated", "removed"]),
        ("cluster.volumeAnomaly: true", ["false", "removed"]),
        ("cluster.by: {exists: true}", ["{exists: false}", "removed"]),
        (
            "evidence.verdict: {in: [malicious, suspicious]}",
            [
                "{notIn: [malicious, suspicious]}",
                "without `malicious`",
                "without `suspicious`",
                "{in: [malicious, suspicious, noThreatsFound]}",
                "removed",
            ],
        ),
        ("cluster.by: {in: [url]}", ["{notIn: [url]}", "{in: [url, file]}", "removed"]),
        (
            "directions: {allIn: [inbound]}",
            ["{anyIn: [inbound]}", "{noneIn: [inbound]}", "{allIn: [inbound, intraOrg]}", "negated", "removed"],
        ),
        (
            "recipients: {anyIn: $vip}",
            ["{allIn: $vip}", "{noneIn: $vip}", "with `$vip` empty", "removed"],
        ),
        ("threats: {contains: phish}", ["{contains: malware}", "negated", "removed"]),
        ("alert.title: {startsWith: Mail}", ["{contains: Mail}", "{startsWith: mai}", "negated", "removed"]),
        ("alert.title: {endsWith: s}", ["{contains: s}", "negated", "removed"]),
        ("alert.title: {contains: URL}", ["{startsWith: URL}", "{contains: ur}", "negated", "removed"]),
        ("alert.title: {matches: 'a.c'}", ["{matches: (?i)a.c}", "negated", "removed"]),
        ("alert.title: {matches: '(?i)a.c'}", ["{matches: a.c}", "negated", "removed"]),
        ("alert.title: {matches: '[0-9]+'}", ["negated", "removed"]),
        ("action.firstSeen: {olderThan: 5d}", ["{newerThan: 5d}", "{olderThan: 4d}", "{olderThan: 6d}", "negated", "removed"]),
        ("action.firstSeen: {newerThan: 1h}", ["{olderThan: 1h}", "{newerThan: 59m}", "{newerThan: 2h}", "negated", "removed"]),
        ("action.firstSeen: {newerThan: 1m}", ["{olderThan: 1m}", "{newerThan: 2m}", "negated", "removed"]),
        (
            "senders.domains: {anyIn: [a.example, b.example]}",
            [
                "{allIn: [a.example, b.example]}",
                "{noneIn: [a.example, b.example]}",
                "without `a.example`",
                "without `b.example`",
                "removed",
            ],
        ),
    ],
)  # fmt: skip
def test_a_clause_is_changed_in_each_of_these_ways(match: str, told: list[str]) -> None:
    clause = match.replace("'", "")

    found = [
        each.removeprefix(f"`{clause}` ").removeprefix("changed to ").strip("`") for each in words(match)
    ]

    assert [each if " " not in each or each[0] in "{w" else each.split("`")[0] for each in found] == [
        each.strip("`") for each in told
    ]


MOMENT = "moment: {zone: Europe/Madrid, days: mon-fri, hours: 07:00-20:00}"


@pytest.mark.parametrize(
    ("match", "told"),
    [
        (
            MOMENT,
            [
                "{zone: UTC, days: mon-fri, hours: 07:00-20:00}",
                "{zone: Europe/Madrid, days: mon-fri, hours: 06:59-20:00}",
                "{zone: Europe/Madrid, days: mon-fri, hours: 07:01-20:00}",
                "{zone: Europe/Madrid, days: mon-fri, hours: 07:00-19:59}",
                "{zone: Europe/Madrid, days: mon-fri, hours: 07:00-20:01}",
                "{zone: Europe/Madrid, days: tue-fri, hours: 07:00-20:00}",
                "{zone: Europe/Madrid, days: mon-thu, hours: 07:00-20:00}",
                "{zone: Europe/Madrid, days: mon-sat, hours: 07:00-20:00}",
                "{zone: Europe/Madrid, days: [mon, tue, wed, thu, fri, sun], hours: 07:00-20:00}",
                "without its days",
                "without its hours",
                "negated",
                "removed",
            ],
        ),
        (
            "moment: {zone: Europe/Madrid, dates: $holidays}",
            ["{zone: UTC, dates: $holidays}", "with `$holidays` empty", "negated", "removed"],
        ),
        (
            'moment: {zone: Etc/UTC, dates: ["2026-12-25", "2026-12-26"]}',
            [
                "{zone: Pacific/Auckland, dates: [2026-12-25, 2026-12-26]}",
                "without `2026-12-25`",
                "without `2026-12-26`",
                "negated",
                "removed",
            ],
        ),
        (
            "moment: {zone: Europe/Madrid, hours: 00:00-24:00}",
            [
                "{zone: UTC, hours: 00:00-24:00}",
                "{zone: Europe/Madrid, hours: 00:01-24:00}",
                "{zone: Europe/Madrid, hours: 00:00-23:59}",
                "negated",
                "removed",
            ],
        ),
        (
            "moment: {zone: Europe/Madrid, days: [mon, wed]}",
            [
                "{zone: UTC, days: [mon, wed]}",
                "{zone: Europe/Madrid, days: [wed]}",
                "{zone: Europe/Madrid, days: [mon]}",
                "{zone: Europe/Madrid, days: mon-wed}",
                "negated",
                "removed",
            ],
        ),
        (
            "messages: {any: {auth.dmarc: pass}}",
            [
                "{all: {auth.dmarc: pass}}",
                "{none: {auth.dmarc: pass}}",
                "bestguesspass",
                "negated",
                "removed",
            ],
        ),
        (
            "messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.9}}",
            [
                "{share: {of: {auth.dmarc: pass}, atLeast: 0.8}}",
                "{share: {of: {auth.dmarc: pass}, atLeast: 1}}",
                "negated",
                "bestguesspass",
                "negated",
                "removed",
            ],
        ),
        (
            "messages: {share: {of: {auth.dmarc: pass}, atLeast: 0.4, atMost: 0.5}}",
            [
                "{share: {of: {auth.dmarc: pass}, atLeast: 0.3, atMost: 0.5}}",
                "{share: {of: {auth.dmarc: pass}, atLeast: 0.5, atMost: 0.5}}",
                "{share: {of: {auth.dmarc: pass}, atLeast: 0.4, atMost: 0.4}}",
                "{share: {of: {auth.dmarc: pass}, atLeast: 0.4, atMost: 0.6}}",
                "negated",
                "bestguesspass",
                "negated",
                "removed",
            ],
        ),
        (
            "messages: {any: {sender.domain: {domainIn: $ours}}}",
            [
                "{all: {sender.domain: {domainIn: $ours}}}",
                "{none: {sender.domain: {domainIn: $ours}}}",
                "{in: $ours}",
                "with `$ours` empty",
                "negated",
                "removed",
            ],
        ),
        (
            "messages: {all: {oneOf: $pairs}}",
            [
                "{any: {oneOf: $pairs}}",
                "{none: {oneOf: $pairs}}",
                "negated",
                "with `$pairs` empty",
                "without `sender.domain` in its entries",
                "without `auth.dmarc` in its entries",
                "removed",
            ],
        ),
        (
            "messages: {any: {sender.ip: {cidr: 192.0.2.0/24}}}",
            [
                "{all: {sender.ip: {cidr: [192.0.2.0/24]}}}",
                "{none: {sender.ip: {cidr: [192.0.2.0/24]}}}",
                "{cidr: [192.0.2.0/23]}",
                "{cidr: [192.0.2.0/25]}",
                "negated",
                "removed",
            ],
        ),
    ],
)
def test_moments_messages_and_their_insides_are_changed(match: str, told: list[str]) -> None:
    found = words(match)

    ends = [each.split("` ", 1)[1].removeprefix("changed to ") for each in found]
    assert [each.removeprefix("`").removesuffix("`") if each[0] == "`" else each for each in ends] == told


def test_a_list_is_taken_for_another_of_its_kind() -> None:
    other = policy_file("messages: {any: {sender.domain: {domainIn: $partners}}}", name="q")

    found = of(policy_file("messages: {any: {sender.domain: {domainIn: $ours}}}"), other)

    assert "`sender.domain: {domainIn: $ours}` changed to `{domainIn: $partners}`" in [
        one.words for one in found
    ]


def test_groups_change_places_lose_members_and_unless_loses_entries() -> None:
    data = policy_file(
        "any:\n  - cluster.by: url\n  - not: {alert.severity: low}",
        unless="- all: [{cluster.value: {exists: true}}, {cluster.value: x}]",
    )

    found = [one.words for one in of(data)]

    assert "`any` changed to `all` over `any: [{cluster.by: url}, {not: {alert.severity: low}}]`" in found
    assert "`cluster.by: url` removed" in found
    assert "`not: {alert.severity: low}` removed" in found
    assert "`alert.severity: low` negated" in found
    assert "unless `cluster.value: {exists: true}` removed" in found
    assert "unless `all: [{cluster.value: {exists: true}}, {cluster.value: x}]` removed" in found
    assert any(each.startswith("unless `all` changed to `any`") for each in found)


def test_the_policy_as_a_whole_is_changed_where_its_keys_stand() -> None:
    data = policy_file(
        "evidence.verdict: malicious",
        kinds="softDeleteCluster, softDeleteMessage",
        more=f"priority: 5\ninform: desk\nexpires: 2026-12-31\ntenants: [{TENANT}, {TENANT.replace('1', '2')}]",
    )
    above, below, elsewhere = (
        policy_file("evidence.verdict: malicious", name=name, kinds=kinds, more=f"priority: {priority}")
        for name, kinds, priority in (
            ("a", "softDeleteCluster", 9),
            ("b", "softDeleteMessage", 1),
            ("c", "blockUrl", 6),
        )
    )

    found = of(data, above, below, elsewhere)

    whole = [(one.mark.line, one.words) for one in found if "verdict" not in one.words]
    assert whole == [
        (8, "`decide: approve` changed to `reject`"),
        (8, "`decide: approve` changed to `escalate`"),
        (9, "`priority: 5` changed to `9`"),
        (9, "`priority: 5` changed to `1`"),
        (4, "`for` without `softDeleteCluster`"),
        (4, "`for` without `softDeleteMessage`"),
        (12, "`tenants` removed"),
        (12, f"`tenants` without `{TENANT}`"),
        (12, f"`tenants` without `{TENANT.replace('1', '2')}`"),
        (11, "`expires` removed"),
        (10, "`inform: desk` removed"),
    ]


def test_a_policy_that_only_informs_has_no_verb_and_no_priority_to_change() -> None:
    found = [one.words for one in of(policy_file(decide="", more="inform: desk"))]

    assert "`inform: desk` removed" in found
    assert not [each for each in found if "decide" in each or "priority" in each]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cluster.by: {notIn: [url]}", "not: {cluster.by: url}"),
        ("cluster.by: {in: [url]}", "cluster.by: url"),
        ("recipients: {noneIn: $vip}", "not: {recipients: {anyIn: $vip}}"),
        ("cluster.emailCount: {above: 2}", "not: {cluster.emailCount: {atMost: 2}}"),
        ("cluster.emailCount: {below: 2}", "not: {cluster.emailCount: {atLeast: 2}}"),
        ("cluster.by: {exists: false}", "not: {cluster.by: {exists: true}}"),
        ("cluster.volumeAnomaly: false", "not: {cluster.volumeAnomaly: true}"),
        ("messages: {none: {auth.dmarc: pass}}", "not: {messages: {any: {auth.dmarc: pass}}}"),
        ("messages: {all: {auth.dmarc: pass}}", "messages: {none: {not: {auth.dmarc: pass}}}"),
        ("not: {not: {cluster.by: url}}", "cluster.by: url"),
        ("all: [{cluster.by: url}, {cluster.by: url}]", "cluster.by: url"),
    ],
)
def test_two_ways_to_write_it_mean_the_same(one: str, other: str) -> None:
    first, second = (parse_set({"p.yaml": policy_file(each), **LISTS}).policies[0] for each in (one, other))

    assert meaning(first) == meaning(second)


@settings(max_examples=40, deadline=None)
@given(policies(), facts())
def test_mutants_differ_from_the_policy_and_from_each_other_and_can_be_judged(
    some: list[Policy], seen: Facts
) -> None:
    whole = PolicySet(policies=tuple(some), revision="r")

    found = mutants(some[0], whole)

    meanings = [meaning(some[0]), *(meaning(one.policy) for one in found)]
    assert len(set(meanings)) == len(meanings)
    for one in found[::7]:
        answers = compile_set(PolicySet(policies=(one.policy,), revision="r")).evaluate(CLUSTER, TENANT, seen)
        fast = True if answers.matched else None if answers.undecided else False
        assert answers.failures == {}
        assert fast is policy_holds(one.policy, seen)
        assert one.words.isprintable()


@settings(max_examples=40, deadline=None)
@given(policies(), st.lists(facts(), min_size=1, max_size=4))
def test_what_is_left_out_as_equal_answers_as_the_policy_does(
    some: list[Policy], worlds: list[Facts]
) -> None:
    policy = some[0]
    lists = _lists(PolicySet(policies=tuple(some), revision="r"))
    same = [one for one in _of_conditions(policy, lists) if meaning(one.policy) == meaning(policy)]

    for seen in worlds:
        assert {policy_holds(one.policy, seen) for one in same} <= {policy_holds(policy, seen)}


@settings(max_examples=40, deadline=None)
@given(policies(), facts())
def test_mutants_of_one_meaning_answer_alike(some: list[Policy], seen: Facts) -> None:
    by_meaning: dict[object, set[bool | None]] = {}
    for one in _of_conditions(some[0], _lists(PolicySet(policies=tuple(some), revision="r"))):
        by_meaning.setdefault(meaning(one.policy), set()).add(policy_holds(one.policy, seen))

    assert all(len(answers) == 1 for answers in by_meaning.values())


def test_clauses_are_told_as_they_can_be_written() -> None:
    """What stands in a list of mutants can be put into the file: it reads as the same clause."""
    lists = {file: data for file, data in FILES.items() if is_list(file)}
    for policy in SHIPPED.policies:
        for condition in (*policy.match.conditions, *policy.unless):
            told = spelled(condition)
            if "matches" in told:
                continue
            kinds = ", ".join(sorted(policy.kinds))

            again = parse_set({"p.yaml": policy_file(told, kinds=kinds), **lists}).policies[0]

            assert spelled(again.match) == told


# Trials

CASES = b"""policy: p
given: {kind: softDeleteCluster}
cases:
  - {case: few, facts: {cluster.emailCount: 3}, decision: approve, policies: [p]}
  - case: many
    facts: {cluster.emailCount: 500}
    decision: escalate
    policies: []
    reason: ["at most 200 asked"]
"""
FEW = policy_file("cluster.emailCount: {atMost: 200}")


def trials(
    data: bytes = FEW, cases: bytes = CASES, lists: Mapping[str, bytes] | None = None
) -> dict[str, Trial]:
    found = parse_set({"p.yaml": data, **(lists or {})})
    policy = found.policies[0]
    bench = Trials(policy, found, parse_cases("p.cases.yaml", cases).cases)
    return {one.words: bench.trial(one) for one in mutants(policy, found, data)}


def named(case: PolicyCase | None) -> str | None:
    return None if case is None else case.name


def test_the_first_case_that_is_decided_otherwise_notices() -> None:
    found = trials()

    assert {words: (named(one.noticed_by), one.by_words) for words, one in found.items()} == {
        "`cluster.emailCount: {atMost: 200}` changed to `{atLeast: 200}`": ("few", False),
        "`cluster.emailCount: {atMost: 200}` changed to `{below: 200}`": ("many", True),
        "`cluster.emailCount: {atMost: 200}` changed to `{atMost: 199}`": ("many", True),
        "`cluster.emailCount: {atMost: 200}` changed to `{atMost: 201}`": ("many", True),
        "`cluster.emailCount: {atMost: 200}` negated": ("few", False),
        "`cluster.emailCount: {atMost: 200}` removed": ("many", False),
        "`decide: approve` changed to `reject`": ("few", False),
        "`decide: approve` changed to `escalate`": ("few", False),
    }


def test_words_that_no_case_asserts_notice_nothing() -> None:
    found = trials(cases=CASES.replace(b"at most 200 asked", b"`cluster.emailCount` is 500"))

    unnoticed = [words for words, one in found.items() if one.noticed_by is None]

    assert unnoticed == [
        f"`cluster.emailCount: {{atMost: 200}}` changed to `{{{other}}}`"
        for other in ("below: 200", "atMost: 199", "atMost: 201")
    ]


def test_a_case_on_each_side_of_the_edge_notices_by_what_is_decided() -> None:
    edges = (
        CASES.replace(b"500", b"201")
        .replace(b"}, decision: approve", b"}, decision: approve")
        .replace(b"cluster.emailCount: 3", b"cluster.emailCount: 200")
    )

    assert not [words for words, one in trials(cases=edges).items() if one.noticed_by is None or one.by_words]


def test_a_case_of_another_kind_notices_nothing() -> None:
    elsewhere = b"policy: p\ncases:\n  - {case: x, kind: blockUrl, decision: escalate, policies: []}\n"

    assert {one.noticed_by for one in trials(cases=elsewhere).values()} == {None}


def test_members_that_a_case_gives_notice_what_hangs_on_them() -> None:
    cases = (
        b"policy: p\ngiven: {kind: softDeleteCluster}\ncases:\n"
        b"  - {case: in it, facts: {recipients: [b@x.example]}, lists: {vip: [b@x.example]}, decision: approve, policies: [p]}\n"
    )

    found = trials(policy_file("recipients: {anyIn: $vip}"), cases, a_fed_list("vip", "a@x.example"))

    assert named(found["`recipients: {anyIn: $vip}` changed to `{noneIn: $vip}`"].noticed_by) == "in it"
    assert named(found["`recipients: {anyIn: $vip}` changed to `{allIn: $vip}`"].noticed_by) is None


def test_what_an_author_wrote_in_an_escape_is_shown_as_one() -> None:
    (told,) = (
        each
        for each in words(r'subjects: {anyIn: [a, "b\nc"]}')
        if "without" in each and "b" in each.split("without")[1]
    )

    assert told == r"`subjects: {anyIn: [a, b\u000Ac]}` without `b\u000Ac`"
