"""Cases fail where the set decides otherwise, where they assert nothing, and where a policy has too few of them."""

import pytest

from agent.judge.compile import Judge, compile_set
from agent.judge.examine import CaseBook, case_book, examine, shortcomings
from agent.judge.layout import is_list, is_policy, is_situation
from agent.judge.parse import parse_set
from agent.judge.rehearse import rehearse
from agent.model.policy import PolicySet
from tests.judge.writing import chains_of, policy_file, went

TELLS = policy_file("cluster.emailCount: {above: 9}", name="tells", decide="", more="inform: desk")
STOPS = policy_file("recipients: {anyIn: [ceo@contoso.example]}", name="stops", decide="escalate")
ACTS = "{case: acts, facts: {cluster.by: url}, decision: approve, policies: [p]}"
IS_OUT = "{case: is out, facts: {cluster.by: file}, decision: escalate, policies: [], reason: [cluster.by is file]}"


def a_set(*more: tuple[str, bytes]) -> PolicySet:
    return parse_set(
        {"policies/p.yaml": policy_file("cluster.by: url"), **chains_of(*dict(more).values()), **dict(more)}
    )


def cases_of(*cases: str, policy: str = "p", kind: str = "softDeleteCluster") -> bytes:
    listed = "".join(f"  - {case}\n" for case in cases)
    return f"policy: {policy}\ngiven: {{kind: {kind}}}\ncases:\n{listed}".encode()


def failures(policies: PolicySet, data: bytes, file: str = "policies/p.cases.yaml") -> list[str]:
    """Return everything that is said about the cases of one file and about the policies."""
    judge = compile_set(policies)
    book = case_book({file: data}, policies)
    examined = [examine(judge, case) for case in book.cases]
    lacking = shortcomings(policies.policies, book, examined)
    return [
        *(str(problem) for problem in book.problems),
        *(f"{one.case.name}: {one.failure}" for one in examined if one.failure),
        *(str(problem) for problem in lacking),
    ]


GOOD = (ACTS, IS_OUT.replace("cluster.by is file", '"`cluster.by` is file"'))


def test_cases_that_hold_and_show_both_sides_fail_nowhere() -> None:
    assert failures(a_set(), cases_of(*GOOD)) == []


@pytest.mark.parametrize(
    ("case", "told"),
    [
        (
            "{case: x, facts: {cluster.by: url}, decision: reject, policies: [p]}",
            "x: expected reject, decided approve",
        ),
        (
            "{case: x, facts: {cluster.by: url}, decision: approve, policies: [q]}",
            "policies/p.cases.yaml:6:71: unknown policy `q`: one of `p`",
        ),
        (
            "{case: x, facts: {cluster.by: url}, decision: approve, policies: [p], inform: [desk]}",
            "x: expected to inform desk, informed nobody",
        ),
        (
            "{case: x, facts: {cluster.by: url}, decision: approve, policies: [p], reason: [the moon]}",
            "x: the reason lacks `the moon`: approve by `p`",
        ),
        ("{case: x, facts: {cluster.by: file}, decision: escalate, policies: []}", "x: asserts nothing"),
        (
            "{case: x, facts: {cluster.by: file}, decision: escalate, policies: [], reason: [no policy matched]}",
            (
                "x: asserts nothing, since any other mismatch gives the same: name in `reason` what stood in the way, "
                "such as `cluster.by`"
            ),
        ),
        (
            "{case: x, facts: {cluster.by: file}, decision: escalate, policies: [], reason: [nearest is `p`]}",
            "x: asserts nothing",
        ),
    ],
)
def test_a_case_fails(case: str, told: str) -> None:
    found = failures(a_set(), cases_of(*GOOD, case))

    assert len(found) == 1
    assert found[0].startswith(told)


@pytest.mark.parametrize(
    "case",
    [
        '{case: x, facts: {cluster.by: file}, decision: escalate, policies: [], reason: ["`cluster.by`"]}',
        "{case: x, unknown: [cluster.by], decision: escalate, policies: [p]}",
        "{case: x, kind: blockUrl, decision: escalate, policies: [], reason: [no policy is for kind `blockUrl`]}",
    ],
)
def test_a_case_asserts_something(case: str) -> None:
    assert failures(a_set(), cases_of(*GOOD, case)) == []


def test_a_kind_without_a_policy_has_to_be_named() -> None:
    case = "{case: x, kind: blockUrl, decision: escalate, policies: [], reason: [incident]}"

    (told,) = failures(a_set(), cases_of(*GOOD, case))

    assert told.endswith("say in `reason` no policy is for kind `blockUrl`")


def test_a_moment_that_stood_in_the_way_is_named_by_its_own_words() -> None:
    closed = policy_file("moment: {zone: UTC, hours: 10:00-11:00}")
    policies = parse_set({"policies/p.yaml": closed})
    cases = (
        "{case: a, now: 2026-08-24T10:00:00Z, decision: approve, policies: [p]}",
        '{case: b, decision: escalate, policies: [], reason: ["outside 10:00-11:00"]}',
    )

    assert failures(policies, cases_of(*cases)) == []


@pytest.mark.parametrize(
    ("cases", "told"),
    [
        ((GOOD[0],), ["policies/p.cases.yaml:1:1: no case in which `p` does not match"]),
        ((GOOD[1],), ["policies/p.cases.yaml:1:1: no case in which `p` decides `approve`"]),
        (
            ("{case: x, unknown: [cluster.by], decision: escalate, policies: [p]}",),
            ["no case in which `p` decides `approve`", "no case in which `p` does not match"],
        ),
        (
            (GOOD[0], "{case: x, unknown: [cluster.by], decision: escalate, policies: [p]}"),
            ["no case in which `p` does not match"],
        ),
    ],
)
def test_a_policy_needs_cases_on_both_sides(cases: tuple[str, ...], told: list[str]) -> None:
    found = failures(a_set(), cases_of(*cases))

    assert len(found) == len(told)
    assert all(words in line for words, line in zip(told, found, strict=True))


def test_a_policy_that_is_outvoted_has_not_acted() -> None:
    """An approval that somebody else turned into a question is not what the policy is there for."""
    policies = a_set(("policies/stops.yaml", STOPS))
    case = (
        "{case: x, facts: {cluster.by: url, recipients: [ceo@contoso.example]}, decision: escalate, "
        "policies: [p, stops]}"
    )

    found = failures(
        policies, cases_of(case, GOOD[1].replace("{cluster.by: file}", "{cluster.by: file, recipients: []}"))
    )

    assert any("no case in which `p` decides `approve`" in line for line in found)


def test_a_policy_that_informs_acts_where_people_are_told() -> None:
    policies = parse_set({"policies/tells.yaml": TELLS, **chains_of(TELLS)})
    tells = "{case: a, facts: {cluster.emailCount: 10}, decision: escalate, policies: [], inform: [desk]}"
    not_yet = (
        "{case: b, facts: {cluster.emailCount: 9}, decision: escalate, policies: [], "
        "reason: [no policy is for kind `softDeleteCluster`]}"
    )
    file = "policies/tells.cases.yaml"

    assert failures(policies, cases_of(tells, not_yet, policy="tells"), file) == []
    (told,) = failures(policies, cases_of(not_yet, policy="tells"), file)
    assert "no case in which `tells` informs" in told


def test_a_policy_without_cases_is_told_where_it_stands() -> None:
    policies = a_set(("policies/stops.yaml", STOPS))
    both = [case.replace("cluster.by: ", "recipients: [], cluster.by: ") for case in GOOD]

    (told,) = failures(policies, cases_of(*both))

    assert told.startswith("policies/stops.yaml:1:1: no cases: write `stops.cases.yaml` beside it")


def test_a_file_that_cannot_be_read_is_told_and_not_called_missing() -> None:
    (told,) = failures(a_set(), b"policy: p\ncases: [")

    assert told.startswith("policies/p.cases.yaml:")
    assert "no cases" not in told


def test_cases_of_a_policy_that_is_not_there_are_told() -> None:
    told = failures(a_set(), cases_of(*GOOD, policy="q"), "policies/q.cases.yaml")

    assert told[0].startswith("policies/q.cases.yaml:1:1: unknown policy `q`")


@pytest.mark.parametrize(
    ("file", "is_one"),
    [
        ("policies/situations/a.yaml", True),
        ("policies\\situations\\a.yml", True),
        ("policies/a.yaml", False),
        ("policies/lists/a.yaml", False),
        ("policies/situations/a.txt", False),
        ("situations/policies/a.yaml", False),
    ],
)
def test_a_situation_is_neither_a_policy_nor_a_list(file: str, is_one: bool) -> None:
    assert is_situation(file) is is_one
    assert not (is_one and (is_policy(file) or is_list(file)))


SITUATION = "policies/situations/a-url.yaml"


def with_situations(**situations: bytes) -> tuple[Judge, dict[str, bytes]]:
    files = {f"policies/situations/{name}.yaml": data for name, data in situations.items()}
    cases = b"policy: p\nbase: url\ncases:\n  - {case: a, decision: approve, policies: [p]}\n"
    return compile_set(a_set(*files.items())), {**files, "policies/p.cases.yaml": cases}


def test_cases_stand_on_situations_beside_the_policies() -> None:
    judge, files = with_situations(url=b"kind: softDeleteCluster\nfacts: {cluster.by: url}\n")

    assert went(judge, case_book(files, judge.policy_set)) == (1, ())


def test_a_situation_that_is_broken_is_told_at_its_place_though_no_case_stands_on_it() -> None:
    judge, files = with_situations(
        url=b"kind: softDeleteCluster\nfacts: {cluster.by: url}\n", other=b"kind: blockUlr\n"
    )

    count, problems = went(judge, case_book(files, judge.policy_set))

    assert count == 1
    assert [str(one) for one in problems] == [
        "policies/situations/other.yaml:1:7: `blockUlr` is not a kind of pending action: did you mean `blockUrl`?"
    ]


def test_of_one_file_of_cases_the_faults_of_other_files_are_not_told() -> None:
    judge, files = with_situations(
        url=b"kind: softDeleteCluster\nfacts: {cluster.by: url}\n", other=b"kind: blockUlr\n"
    )
    files["policies/q.cases.yaml"] = b"cases: ["

    assert went(
        judge, case_book(files, judge.policy_set), only=lambda file: file == "policies/p.cases.yaml"
    ) == (1, ())


def test_what_test_fails_on_is_told_beside_what_fails() -> None:
    policies = a_set()
    hollow = "{case: x, facts: {cluster.by: file}, decision: escalate, policies: []}"
    book = case_book({"policies/p.cases.yaml": cases_of(hollow)}, policies)

    found = rehearse(compile_set(policies), book)

    assert found.failing == ()
    assert [one.message.partition(",")[0] for one in found.hollow] == ["case `x`: asserts nothing"]
    assert [one.message.partition(":")[0] for one in found.one_sided] == [
        "no case in which `p` decides `approve`"
    ]


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        ("decision: escalate, policies: []", "are now decided otherwise, by `p`"),
        ("decision: approve, policies: [p, stops]", "are not decided by `stops` any more"),
        ("decision: reject, policies: [p]", "are now decided `approve` by `p`"),
        (
            "decision: approve, policies: [p], reason: [nothing of the kind]",
            "fail by their reason or by who is informed",
        ),
    ],
)
def test_cases_that_fail_have_a_cause_in_common(case: str, cause: str) -> None:
    policies = a_set(("policies/stops.yaml", STOPS))
    book = case_book(
        {
            "policies/p.cases.yaml": cases_of(
                f"{{case: x, facts: {{cluster.by: url, recipients: [a@x.example]}}, {case}}}"
            )
        },
        policies,
    )

    (failing,) = rehearse(compile_set(policies), book).failing

    assert failing.cause == cause


def test_two_situations_of_one_name_are_refused() -> None:
    same = b"kind: softDeleteCluster\nfacts: {cluster.by: url}\n"
    files = {"policies/situations/url.yaml": same, "policies/mail/situations/url.yml": same}

    book: CaseBook = case_book(files, a_set())

    assert [one.message for one in book.problems] == [
        "a situation `url` is in `policies/mail/situations/url.yml` already: rename one of them"
    ]


def test_situations_do_not_change_the_revision_of_the_set() -> None:
    assert a_set().revision == a_set((SITUATION, b"kind: [")).revision
