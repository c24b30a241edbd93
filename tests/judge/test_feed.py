"""Lists that a group feeds: relied on while they are fresh, and unknown else."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.cases import parse_cases
from agent.judge.compile import compile_set
from agent.judge.examine import case_book
from agent.judge.explain import match_clauses
from agent.judge.feed import feed
from agent.judge.lists import members_data, members_file
from agent.judge.parse import parse_set
from agent.judge.rehearse import rehearse
from agent.judge.situations import parse_situation, situation_yaml
from agent.model.decision import Verb
from agent.model.errors import PolicyError
from agent.model.facts import Facts, Value
from agent.model.policy import Fresh, Test
from tests.judge.writing import (
    GROUP,
    NOW,
    a_fed_list,
    a_judge,
    answer,
    decided,
    facts,
    list_file,
    parsed,
    policy_file,
    told,
    went,
)

HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)
VIP = a_fed_list("vip", "CEO@contoso.example", "cfo@contoso.example")
NEVER = a_fed_list("vip", is_fetched=False)
MATCH = "recipients: {anyIn: $vip}"


def to(
    *recipients: str,
    age: timedelta | None = HOUR,
) -> Facts:
    values: dict[str, Value] = {"evidence.verdict": "malicious", "recipients": frozenset(recipients)}
    if age is not None:
        values["list.vip.refreshed"] = NOW - age
    return facts(values)


def test_members_are_on_the_list_while_it_is_fresh() -> None:
    assert answer(MATCH, to("ceo@Contoso.example"), lists=VIP) is True
    assert answer(MATCH, to("anna@contoso.example"), lists=VIP) is False


@pytest.mark.parametrize("who", ["ceo@contoso.example", "anna@contoso.example"])
def test_a_stale_list_answers_nothing_at_all(who: str) -> None:
    day = timedelta(hours=24)

    assert answer(MATCH, to(who, age=day), lists=VIP) is (who == "ceo@contoso.example")
    assert answer(MATCH, to(who, age=day + INSTANT), lists=VIP) is None
    assert answer(f"not: {{{MATCH}}}", to(who, age=day + INSTANT), lists=VIP) is None
    assert answer(MATCH, to(who, age=None), lists=VIP) is None
    assert answer(MATCH, to(who, age=HOUR), lists=NEVER) is False


def test_a_list_that_was_refreshed_ahead_of_now_is_fresh() -> None:
    assert answer(MATCH, to("ceo@contoso.example", age=-HOUR), lists=VIP) is True


def test_the_sieve_does_not_rule_out_what_a_stale_list_leaves_open() -> None:
    match = "message.recipient: {in: $vip}"
    seen = facts({"message.recipient": "anna@contoso.example"})

    assert answer(match, seen, lists=VIP, kinds="softDeleteMessage") is None


def test_a_stale_list_is_stale_for_every_message() -> None:
    match = "messages: {any: {recipient: {in: $vip}}}"
    rows = ({"recipient": "ceo@contoso.example"},)
    fetched = {"list.vip.refreshed": NOW - HOUR}

    assert answer(match, facts(fetched, messages=rows), lists=VIP) is True
    assert answer(match, facts({}, messages=rows), lists=VIP) is None


def test_one_stale_list_among_others_makes_the_whole_unknown() -> None:
    lists = {**VIP, **list_file("board", "chair@contoso.example")}
    match = "recipients: {anyIn: [$board, $vip]}"

    assert answer(match, to("chair@contoso.example"), lists=lists) is True
    assert answer(match, to("chair@contoso.example", age=None), lists=lists) is None


def test_the_age_of_a_list_is_a_fact() -> None:
    assert answer("list.vip.refreshed: {olderThan: 2h}", to(age=2 * HOUR), lists=VIP) is False
    assert answer("list.vip.refreshed: {olderThan: 2h}", to(age=2 * HOUR + INSTANT), lists=VIP) is True
    assert answer("list.vip.refreshed: {olderThan: 2h}", to(age=None), lists=VIP) is None
    assert answer("list.vip.refreshed: {exists: false}", to(age=None), lists=VIP) is True
    for kind in ("quarantineFile", "unknown", "blockUrl"):
        assert answer("list.vip.refreshed: {newerThan: 2h}", to(), lists=VIP, kinds=kind) is True


def test_only_lists_that_are_fed_have_an_age() -> None:
    lists = {**VIP, **list_file("board")}

    assert told("list.vip.refreshd: {olderThan: 2h}", lists) == [
        "unknown fact `list.vip.refreshd`: did you mean `list.vip.refreshed`?"
    ]
    assert told("list.vipp.refreshed: {olderThan: 2h}", lists) == [
        "unknown fact `list.vipp.refreshed`: there is no list `vipp`: did you mean `list.vip.refreshed`?"
    ]
    assert told("list.vip.refreshed: {olderThan: 2h}") == [
        "unknown fact `list.vip.refreshed`: there is no list `vip`"
    ]
    assert told("list.board.refreshed: {olderThan: 2h}", lists) == [
        "`$board` is never fetched: its entries stand in its file"
    ]
    assert told("messages: {any: {list.vip.refreshed: {olderThan: 2h}}}", lists) == [
        "`list.vip.refreshed` can be tested only outside `messages`"
    ]


def words(seen: Facts, match: str = MATCH) -> tuple[str, tuple[str, ...]]:
    clause = match_clauses(parsed(policy_file(match), VIP), seen)[0]
    return clause.words, clause.facts


def test_it_is_told_how_old_a_stale_list_is() -> None:
    fact = ("list.vip.refreshed",)

    assert words(to("a@x.example", age=25 * HOUR)) == ("`$vip` was last refreshed 25h ago, 24h asked", fact)
    assert words(to("a@x.example", age=72 * HOUR)) == (
        "`$vip` was last refreshed 3 days ago, 24h asked",
        fact,
    )
    assert words(to("a@x.example", age=None)) == ("`$vip` was never fetched", fact)
    assert words(facts({}))[1] == ("list.vip.refreshed", "recipients")


def test_a_stale_list_sends_the_action_to_a_person_who_is_told_why() -> None:
    judge = a_judge(policy_file("evidence.verdict: malicious", unless=f"- {MATCH}"), lists=VIP)

    fresh = decided(judge, to("anna@contoso.example"))
    stale = decided(judge, to("anna@contoso.example", age=48 * HOUR))

    assert (fresh.verb, stale.verb) == (Verb.APPROVE, Verb.ESCALATE)
    assert stale.reason.startswith("undecided: `p`: unless `$vip` was last refreshed 48h ago, 24h asked")


def test_the_grounds_of_a_decision_do_not_change_with_every_refresh() -> None:
    """Else every hour would bring a new comment on every open incident."""
    judge = a_judge(policy_file(MATCH, unless="- list.vip.refreshed: {olderThan: 2h}"), lists=VIP)

    one, other = (decided(judge, to("ceo@contoso.example", age=age)) for age in (HOUR, HOUR / 2))

    assert one.policies == ("p",)
    assert one.grounds == other.grounds


def test_the_revision_changes_exactly_when_the_members_do() -> None:
    def revision(files: dict[str, bytes]) -> str:
        return parse_set({"p.yaml": policy_file(MATCH), **files}).revision

    same = a_fed_list("vip", "cfo@contoso.example", "CEO@contoso.example", "cfo@contoso.example")
    stray = {"policies/lists/other.members": b"[]", "policies/lists/vip.members": b'["x"]'}

    assert revision(VIP) == revision(same)
    assert len({revision(VIP), revision(NEVER), revision(a_fed_list("vip"))}) == 3
    assert revision(list_file("vip")) == revision({**list_file("vip"), **stray})


def test_the_digest_of_a_policy_goes_by_the_files_alone() -> None:
    """So that decisions that stay as they are need not be told again when somebody joins the group."""
    assert parsed(policy_file(MATCH), VIP).digest == parsed(policy_file(MATCH), NEVER).digest


@pytest.mark.parametrize("data", [b"", b"[1]", b'{"a": 1}', b'"a"', b"\xff", b"[" * 10_000])
def test_what_are_no_members_is_told_of_the_list(data: bytes) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_set({"p.yaml": policy_file(), **VIP, "policies/lists/vip.members": data})

    assert "members are a JSON array of texts" in str(caught.value)


def test_two_lists_cannot_have_their_members_in_one_place() -> None:
    twin = next(iter(a_fed_list("two", is_fetched=False).values()))

    with pytest.raises(PolicyError) as caught:
        parse_set({"p.yaml": policy_file(), **VIP, "policies/lists/vip.yml": twin})

    assert "would have its members in the same place" in str(caught.value)


def test_members_that_are_odd_harm_nobody() -> None:
    odd = a_fed_list("vip", "no address", "", "a@", "ceo@contoso.example", "\u202e")

    assert answer(MATCH, to("ceo@contoso.example"), lists=odd) is True


def test_user_ids_and_addresses_are_each_compared_with_their_own() -> None:
    lists = a_fed_list("vip", GROUP.upper(), "ceo@contoso.example")

    def values(match: str) -> object:
        found = parsed(policy_file(match, kinds="unknown"), lists).match.conditions[0]
        assert isinstance(found, Test)
        return found.operand

    assert values("user.azureAdUserId: {in: $vip}") == {GROUP}
    assert values("user.principalName: {in: $vip}") == {"ceo@contoso.example"}


def test_a_test_says_which_of_its_values_came_from_the_group() -> None:
    policy = parsed(policy_file("recipients: {anyIn: [ceo@contoso.example, $vip]}"), VIP)

    found = policy.match.conditions[0]

    assert isinstance(found, Test)
    assert found.operand == {"ceo@contoso.example", "cfo@contoso.example"}
    assert found.fresh == (
        Fresh(
            fact="list.vip.refreshed",
            within=timedelta(hours=24),
            values=frozenset({"cfo@contoso.example"}),
        ),
    )


MEMBERS = st.lists(st.sampled_from(["a@x.example", "b@x.example", "C@x.example", GROUP, "odd"]), unique=True)
RICH = policy_file(
    "any: [{recipients: {anyIn: [b@x.example, $vip]}}, {not: {recipients: {allIn: $vip}}}]",
    unless="- messages: {all: {recipient: {in: $vip}}}\n- recipients: {noneIn: [$other, $vip]}\n- alert.title: x",
)


@given(MEMBERS, MEMBERS, st.booleans())
def test_a_set_fed_in_memory_is_the_set_read_with_those_members(
    before: list[str], after: list[str], is_fetched: bool
) -> None:
    other = a_fed_list("other", "b@x.example", "z@x.example")
    files = {"p.yaml": RICH, **other, **a_fed_list("vip", *before, is_fetched=is_fetched)}
    read = parse_set({**files, **a_fed_list("vip", *after)})

    fed = feed(parse_set(files), {"vip": after})

    assert fed.policies == read.policies


def test_situations_may_say_when_a_list_was_fetched() -> None:
    data = b"kind: softDeleteCluster\nfacts: {list.vip.refreshed: 2026-08-24T08:30:00Z}\n"

    found = parse_situation("it.yaml", data)

    assert found.facts.values["list.vip.refreshed"] == datetime(2026, 8, 24, 8, 30, tzinfo=UTC)
    assert parse_situation("it.yaml", situation_yaml(found).encode()) == found


def test_situations_may_say_what_is_in_a_list_which_then_was_just_fetched() -> None:
    data = b"kind: softDeleteCluster\nlists: {vip: [ceo@contoso.example], other: []}\nfacts: {list.other.refreshed: 2026-08-01T00:00:00Z}\n"

    found = parse_situation("it.yaml", data)

    assert found.lists == {"vip": ("ceo@contoso.example",), "other": ()}
    assert found.facts.values["list.vip.refreshed"] == found.facts.now
    assert found.facts.values["list.other.refreshed"] == datetime(2026, 8, 1, tzinfo=UTC)
    assert parse_situation("it.yaml", situation_yaml(found).encode()) == found


def test_lists_of_a_base_lie_below_those_of_a_case_and_were_fetched_when_the_case_is_judged() -> None:
    base = b"kind: softDeleteCluster\nlists: {vip: [a@x.example], gone: []}\n"
    files = {
        "situations/b.yaml": base,
        "p.cases.yaml": b"policy: p\nbase: b\nbases:\n  own: {kind: blockUrl, lists: {vip: [c@x.example]}}\ncases:\n"
        b"  - {case: as it is, now: 2026-09-01T00:00:00Z, decision: escalate, policies: []}\n"
        b"  - {case: other members, lists: {vip: [b@x.example]}, decision: escalate, policies: []}\n"
        b"  - {case: never fetched, unknown: [list.vip.refreshed], decision: escalate, policies: []}\n"
        b"  - {case: of this file, base: own, decision: escalate, policies: []}\n",
    }
    policies = parse_set({"p.yaml": policy_file(MATCH), **NEVER, **a_fed_list("gone")})

    cases = {case.name: case.situation for case in case_book(files, policies).cases}

    later = cases["as it is"]
    assert later.lists == {"vip": ("a@x.example",), "gone": ()}
    assert later.facts.values["list.vip.refreshed"] == datetime(2026, 9, 1, tzinfo=UTC)
    assert cases["other members"].lists == {"vip": ("b@x.example",)}
    assert "list.vip.refreshed" not in cases["never fetched"].facts.values
    assert cases["of this file"].lists == {"vip": ("c@x.example",)}


CASES = b"""policy: p
given:
  kind: softDeleteCluster
  facts: {recipients: [ceo@contoso.example]}
  lists: {vip: [CEO@contoso.example]}
cases:
  - {case: a member, decision: approve, policies: [p]}
  - {case: nobody is in it, lists: {vip: []}, decision: escalate, policies: []}
  - case: it is stale
    facts: {list.vip.refreshed: 2026-08-23T08:59:59Z}
    decision: escalate
    policies: [p]
    reason: ["`$vip` was last refreshed 25h ago, 24h asked"]
  - case: it was never fetched
    unknown: [list.vip.refreshed]
    decision: escalate
    policies: [p]
    reason: ["`$vip` was never fetched"]
"""


def test_cases_say_what_is_in_a_list_and_it_counts_as_fetched_just_then() -> None:
    judge = compile_set(parse_set({"p.yaml": policy_file(MATCH), **NEVER}))

    assert went(judge, case_book({"p.cases.yaml": CASES}, judge.policy_set)) == (4, ())


def test_a_case_that_does_not_say_who_is_in_a_fed_list_is_told_how_to() -> None:
    policies = parse_set({"p.yaml": policy_file(MATCH), **NEVER})
    case = b"policy: p\ncases:\n  - {case: x, kind: softDeleteCluster, facts: {recipients: [ceo@contoso.example]}, decision: approve, policies: [p]}\n"

    (failing,) = rehearse(compile_set(policies), case_book({"p.cases.yaml": case}, policies)).failing

    mend = "write `lists: {vip: […]}` in the case or under `given`"
    assert failing.problem.message.startswith(
        f"case `x`: nobody says who is in `$vip`: {mend}: expected approve"
    )
    assert failing.cause == f"do not say who is in `$vip`, which a group feeds: {mend}"


def test_a_case_can_fill_no_list_that_has_entries() -> None:
    judge = compile_set(parse_set({"p.yaml": policy_file(MATCH), **list_file("vip", "ceo@contoso.example")}))
    case = b"policy: p\ncases:\n  - {case: x, kind: blockUrl, lists: {vip: []}, decision: escalate, policies: []}\n"

    count, problems = went(judge, case_book({"p.cases.yaml": case}, judge.policy_set))

    assert count == 0
    assert [str(one) for one in problems] == [
        "p.cases.yaml:3:5: case `x`: `vip` is not a list with a `source`"
    ]


def test_the_members_of_a_list_in_a_case_are_texts() -> None:
    case = (
        b"policy: p\ncases:\n  - {case: x, kind: blockUrl, lists: [vip], decision: escalate, policies: []}\n"
    )

    with pytest.raises(PolicyError) as caught:
        parse_cases("p.cases.yaml", case)

    assert str(caught.value) == "p.cases.yaml:3:38: write `lists: {name: [member, member]}`"


def test_members_lie_beside_their_list() -> None:
    assert members_file("policies/lists/vip.yaml") == "policies/lists/vip.members"
    assert members_data(("b", "a", "b")) == b'["a","b"]'
