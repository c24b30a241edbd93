"""Drafts as files: whatever people decided, they load, pass their check, and approve nothing that people rejected."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.faces.cli.checking import checked
from agent.judge.cases import parse_cases
from agent.judge.compile import compile_set
from agent.judge.parse import parse_set
from agent.judge.suggest.case_text import case_text
from agent.judge.suggest.drafting import Drafted, Ground, drafted, policies_of
from agent.judge.suggest.examples import example, reads_of
from agent.judge.suggest.grouping import LEAST, found
from agent.judge.suggest.lived import decided as ruled
from agent.model.decision import Verb
from agent.model.facts import VOCABULARY, Facts
from agent.model.pending import ActionKind
from agent.model.remark import Remark, Severity
from agent.model.suggestion import LeftOut, Why
from agent.model.truth import Certainty
from tests.decided import CLUSTER, MESSAGE, Decision, a_decided, a_row, some_facts
from tests.judge.suggest.scenes import FILES, facts_of, seen
from tests.makers import NOW

YES, NO = Verb.APPROVE, Verb.REJECT
FOLDER = Path("policies")

GROUND = Ground(files=FILES, folder="policies", owner="soc: [contoso] # 'org'")


def check(files: Any) -> Sequence[Remark]:
    return checked(files, FOLDER, FOLDER)[0].problems


def made(
    lives: Sequence[Decision], *, ground: Ground = GROUND, enough: int = LEAST
) -> tuple[tuple[Drafted, ...], tuple[LeftOut, ...]]:
    come = found(seen(lives, compile_set(parse_set(ground.files))), enough, ["present"])
    facts = {(one[0].action.id, 1): facts_of(one) for one in lives}
    return drafted(come.drafts, facts, ground, check)


def whole(some: Sequence[Drafted]) -> dict[str, bytes]:
    files = dict(GROUND.files)
    for one in some:
        files[f"policies/{one.draft.name}.yaml"] = one.policy.encode()
        files[f"policies/{one.draft.name}.cases.yaml"] = one.cases.encode()
    return files


def many(
    facts: Sequence[Facts], verb: Verb = YES, *, first: int = 0, kind: ActionKind = CLUSTER
) -> list[Decision]:
    return [
        a_decided(first + n, verb, facts=facts[n % len(facts)], days=3 + n % 4, kind=kind) for n in range(20)
    ]


domains = st.sampled_from(
    ["one.example", "two.example", "$vip", "a.cases", "x\n: y.example", "bücher.example"]
)
verdicts = st.sampled_from(["malicious", "suspicious", "noThreatsFound", 'bad"\nmode: enforce', None])
facts = st.builds(
    lambda rows, kind, size, **more: some_facts(*rows, kind=kind, size=size, **more),
    st.lists(
        st.builds(
            lambda domain, dmarc, composite: a_row(domain, dmarc=dmarc, **{"auth.composite": composite}),
            domains,
            st.sampled_from(["pass", "fail", "odd"]),
            st.sampled_from(["pass", "none"]),
        ),
        max_size=2,
    ),
    st.sampled_from([CLUSTER, MESSAGE]),
    st.sampled_from([1, 7, 999, 1000]),
    evidence__verdict=verdicts,
    cluster__by=st.sampled_from(["url", "file", None, "x: y"]),
    threats=st.sampled_from([frozenset({"phish"}), frozenset({"spam", "phish"}), frozenset({"odd"}), None]),
)
lots = st.lists(
    st.tuples(facts, st.sampled_from([YES, YES, YES, NO]), st.integers(1, 24)), min_size=1, max_size=5
)


@settings(max_examples=25, deadline=None)
@given(lots)
def test_whatever_people_decided_no_draft_decides_the_opposite_of_anything(
    lots: list[tuple[Facts, Verb, int]],
) -> None:
    decided = [
        a_decided(
            100 * place + n,
            verb,
            facts=known,
            days=3 + n % 4,
            kind=ActionKind(str(known.values["action.kind"])),
        )
        for place, (known, verb, count) in enumerate(lots)
        for n in range(count)
    ]

    some, left = made(decided)

    files = whole(some)
    assert [str(one) for one in check(files) if one.severity is not Severity.NOTE] == []
    assert [one.why for one in left] == []
    judge = compile_set(parse_set(files))
    drafts = {one.draft.name: one.draft.verb for one in some}
    for one in decided:
        answers = judge.evaluate(one[0].action.kind, "", facts_of(one))
        assert {drafts[each.policy.name] for each in answers.matched if each.policy.name in drafts} <= {
            one[1].verb
        }


@settings(max_examples=25, deadline=None)
@given(lots)
def test_what_present_policies_decide_stays_whatever_is_drafted(lots: list[tuple[Facts, Verb, int]]) -> None:
    decided = [
        a_decided(
            100 * place + n,
            verb,
            facts=known,
            days=3 + n % 4,
            kind=ActionKind(str(known.values["action.kind"])),
        )
        for place, (known, verb, count) in enumerate(lots)
        for n in range(count)
    ]
    come = found(seen(decided), LEAST, ["present"])

    before = compile_set(parse_set(FILES))
    after = compile_set(parse_set({**FILES, **policies_of(come.drafts, GROUND)}))

    for one in decided:
        kind, known = one[0].action.kind, facts_of(one)
        verb, policies = ruled(before, kind, known)
        if policies:
            assert ruled(after, kind, known) == (verb, policies)


def test_every_condition_has_a_case_on_its_other_side() -> None:
    (one,), _ = made(many([some_facts(a_row("one.example")), some_facts(a_row("two.example"))]))

    cases = parse_cases(f"policies/{one.draft.name}.cases.yaml", one.cases.encode()).cases

    assert {case.name: (case.verb, bool(case.policies)) for case in cases} == {
        "a typical one that people decided": (YES, True),
        "the largest that people decided": (YES, True),
        "one more than the largest `cluster.mailboxCount` that was seen": (Verb.ESCALATE, False),
        "`cluster.mailboxCount` is not known": (Verb.ESCALATE, False),
        "one more than the largest `recipients.count` that was seen": (Verb.ESCALATE, False),
        "`recipients.count` is not known": (Verb.ESCALATE, True),
        "another verdict": (Verb.ESCALATE, False),
        "the verdict is not known": (Verb.ESCALATE, False),
        "a cluster built on something else": (Verb.ESCALATE, False),
        "what the cluster is built on is not known": (Verb.ESCALATE, False),
        "a word in `threats` that was never seen": (Verb.ESCALATE, False),
        "a word in `directions` that was never seen": (Verb.ESCALATE, False),
        "some messages could not be looked up": (Verb.ESCALATE, True),
    }


def test_a_draft_for_a_domain_has_cases_of_its_forgery_and_of_another_sender() -> None:
    (one,), _ = made(many([some_facts(a_row("news.example"))], NO))

    cases = parse_cases("a.cases.yaml", one.cases.encode()).cases
    policy = parse_set({f"policies/{one.draft.name}.yaml": one.policy.encode()}).policies[0]

    assert {"in the name of the domain, and not from it", "another sender"} <= {case.name for case in cases}
    assert (policy.verb, policy.priority, policy.limits.actions) == (NO, -1, None)
    assert "auth.composite" not in one.policy


def test_composite_authentication_does_where_dmarc_was_not_always_there() -> None:
    row = a_row("news.example", dmarc="none", **{"auth.composite": "pass"})

    (one,), _ = made(many([some_facts(row), some_facts(a_row("news.example"))]))

    assert "{auth.composite: {exists: true, equals: pass}}" in one.policy
    assert [str(each) for each in check(whole([one])) if each.severity is not Severity.NOTE] == []


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        (
            ActionKind.DISABLE_FORWARDING,
            {"mailbox__configurationType": "userInboxRule"},
            "in: [userInboxRule]}",
        ),
        (ActionKind.DISABLE_USER, {}, "evidence.verdict: {exists: true, equals: malicious}"),
    ],
)
def test_kinds_without_mail_are_drafted_by_what_they_have(kind: ActionKind, more: Any, words: str) -> None:
    known = Facts(
        now=NOW,
        values={"evidence.verdict": "malicious", **{k.replace("__", "."): v for k, v in more.items()}},
        vocabulary=VOCABULARY,
    )

    (one,), _ = made(many([known], kind=kind))

    assert words in one.policy
    assert "messages" not in one.policy
    assert [str(each) for each in check(whole([one])) if each.severity is Severity.ERROR] == []


def test_a_draft_decides_below_every_present_policy() -> None:
    lower = PRESENT_AT(-7)
    ground = Ground(files={**FILES, "policies/lower.yaml": lower}, folder="policies", owner="soc@contoso.org")

    (one,), _ = made(many([some_facts(a_row("news.example"))]), ground=ground)

    assert "priority: -8\n" in one.policy


def PRESENT_AT(priority: int) -> bytes:  # noqa: N802  a constant but for its number
    return (
        f"policy: lower\ndescription: It is.\nowner: soc@contoso.org\nfor: [disableUser]\npriority: {priority}\n"
        "match: {evidence.verdict: malicious}\ndecide: escalate\n"
    ).encode()


def test_what_was_wrong_before_is_not_held_against_a_draft() -> None:
    wrong = FILES["policies/present.cases.yaml"].replace(b"count: 1000", b"count: 998")
    ground = Ground(
        files={**FILES, "policies/present.cases.yaml": wrong}, folder="policies", owner="soc@contoso.org"
    )

    some, left = made(many([some_facts(a_row("news.example"))]), ground=ground)

    assert (len(some), left) == (1, ())


def test_only_the_draft_that_a_case_speaks_against_is_left_out() -> None:
    against = (
        "  - case: a file is none of it\n    kind: softDeleteCluster\n    facts: {evidence.verdict: malicious, cluster.by: file, "
        "cluster.mailboxCount: 2, recipients.count: 2, threats: [phish], directions: [inbound]}\n"
        "    messages: [{sender.domain: news.example, auth.dmarc: pass}]\n"
        '    decision: escalate\n    policies: []\n    reason: ["no policy matched"]\n'
    )
    cases = FILES["policies/present.cases.yaml"] + against.encode()
    ground = Ground(
        files={**FILES, "policies/present.cases.yaml": cases}, folder="policies", owner="soc@contoso.org"
    )
    news = a_row("news.example")
    decided = [
        *many([some_facts(news)]),
        *many([some_facts(news, cluster__by="file")], first=50),
    ]

    some, left = made(decided, ground=ground)

    assert [one.draft.sort.by for one in some] == ["url"]
    assert [(one.why, one.sort.by if one.sort else "") for one in left] == [(Why.CHECK, "file")]
    assert left[0].words.startswith("policies/present.cases.yaml:14: case `a file is none of it`: ")


def test_a_draft_without_an_example_is_left_out() -> None:
    come = found(seen(many([some_facts(a_row("news.example"))])), LEAST, [])

    some, left = drafted(come.drafts, {}, GROUND, check)

    assert (some, [one.why for one in left]) == ((), [Why.NO_EXAMPLE])


def test_where_all_words_were_seen_there_is_none_on_the_other_side() -> None:
    every = frozenset({"inbound", "outbound", "intraOrg"})

    (one,), _ = made(many([some_facts(a_row("news.example"), directions=every)]))

    assert "directions: {exists: true, allIn: [inbound, intraOrg, outbound]}" in one.policy
    assert "a word in `directions`" not in one.cases


def test_of_drafts_that_do_not_go_together_the_later_ones_are_left_out() -> None:
    def jealous(files: Any) -> Sequence[Remark]:
        drafts = [name for name in files if "suggested" in name and not name.endswith(".cases.yaml")]
        wrong = Remark(
            code="a", severity=Severity.ERROR, file="a.yaml", line=7, column=1, message="two are one too many"
        )
        return [wrong] if len(drafts) > 1 else []

    decided = [*many([some_facts(a_row("a.example"))]), *many([some_facts(cluster__by="file")], first=50)]
    come = found(seen(decided), LEAST, [])

    some, left = drafted(
        come.drafts, {(one[0].action.id, 1): facts_of(one) for one in decided}, GROUND, jealous
    )

    assert len(come.drafts) == 2
    assert [one.draft.name for one in some] == [come.drafts[0].name]
    assert [(one.why, one.words) for one in left] == [(Why.CHECK, "a.yaml:7: two are one too many")]


def test_a_draft_whose_example_another_draft_decides_has_no_case() -> None:
    decided = many([some_facts(a_row("news.example"))])
    (draft,) = found(seen(decided), LEAST, []).drafts
    files = {**FILES, **policies_of([draft], GROUND)}
    other = (
        files[f"policies/{draft.name}.yaml"]
        .replace(b"policy: s", b"policy: another-s")
        .replace(b"priority: -1", b"priority: 1")
    )
    own = compile_set(parse_set(files))
    beside = compile_set(parse_set({**files, "policies/another.yaml": other}))
    one = example(CLUSTER, facts_of(decided[0]), reads_of(own.policy_set.policies, CLUSTER), "news.example")

    assert case_text(draft, one, one, own, own, ()) is not None
    assert case_text(draft, one, one, own, beside, ()) is None


def test_what_was_imported_is_said_to_be() -> None:
    lives = seen(many([some_facts(a_row("news.example"))]))
    imported = [msgspec.structs.replace(one, number=0) for one in lives]
    (draft,) = found(imported, LEAST, []).drafts

    (text,) = policies_of([draft], GROUND).values()

    assert b"#   imported   20 of them by `air-agent backfill`\n" in text


def test_what_is_only_likely_is_said_to_be() -> None:
    decided = [
        (record, msgspec.structs.replace(truth, certainty=Certainty.LIKELY, by=()))
        for record, truth in many([some_facts(a_row("news.example"))])
    ]

    (one,), _ = made(decided)

    assert (
        "#   people     nobody named; what they decided is certain of 0, likely of the rest\n" in one.policy
    )
