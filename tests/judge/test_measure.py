"""What the cases of a folder show of the policies in force."""

from datetime import timedelta

import pytest

from agent.judge.measure import Measured, measure, named_there, rebased
from agent.judge.parse import parse_set
from agent.model.errors import PolicyError
from tests.judge.writing import NOW, a_fed_list, policy_file

POLICY = policy_file("cluster.by: url\nevidence.verdict: malicious")
CASES = b"""policy: p
given: {kind: softDeleteCluster, facts: {evidence.verdict: malicious}}
cases:
  - {case: a URL, facts: {cluster.by: url}, decision: approve, policies: [p]}
  - {case: a file, facts: {cluster.by: file}, decision: escalate, policies: [], reason: [cluster.by]}
"""
SET = {"policies/p.yaml": POLICY}


def measured(folder: dict[str, bytes], in_force: dict[str, bytes] | None = None) -> Measured:
    return measure(in_force or SET, folder, NOW)["p"]


def test_cases_that_hold_are_told_with_their_place_and_what_was_decided() -> None:
    found = measured({**SET, "policies/p.cases.yaml": CASES})

    assert [(one.name, one.line, one.failure) for one in found.cases] == [("a URL", 4, ""), ("a file", 5, "")]
    assert found.cases[0].decided.startswith("approve by `p`")
    assert (found.file, found.failing, found.problems) == ("policies/p.cases.yaml", 0, ())
    assert (found.seen, found.wanted) == (3, 6)


def test_a_case_that_does_not_hold_says_how() -> None:
    wrong = CASES.replace(b"decision: approve, policies: [p]", b"decision: reject, policies: [p]")

    found = measured({**SET, "policies/p.cases.yaml": wrong})

    assert found.failing == 1
    assert "reject" in found.cases[0].failure


def test_cases_are_tried_on_what_is_in_force_and_not_on_what_lies_in_the_folder() -> None:
    newer = POLICY.replace(b"cluster.by: url", b"cluster.by: file")

    found = measured({"policies/p.yaml": newer, "policies/p.cases.yaml": CASES})

    assert (found.failing, found.is_newer) == (0, True)


def test_a_policy_that_is_gone_from_the_folder_is_told() -> None:
    other = POLICY.replace(b"policy: p", b"policy: q")

    assert measured({"policies/q.yaml": other}).is_newer
    assert not measured(SET).is_newer


def test_a_folder_that_cannot_be_read_has_no_cases_and_nothing_is_said_of_them() -> None:
    found = measured({})

    assert (found.cases, found.problems, found.is_newer, found.file) == ((), (), False, "")
    assert len(found.clauses) == 2


def test_a_policy_without_cases_says_so() -> None:
    assert "no cases" in " ".join(measured(SET).problems)


def test_cases_that_cannot_be_read_say_why() -> None:
    found = measured({**SET, "policies/p.cases.yaml": b"policy: p\ncases: [{case: x}]\n"})

    assert found.file == "policies/p.cases.yaml"
    assert found.problems[0].startswith("policies/p.cases.yaml:2: ")


def test_a_situation_that_cannot_be_read_is_told_where_it_takes_the_cases_along() -> None:
    based = CASES.replace(b"policy: p\n", b"policy: p\nbase: broken\n")
    folder = {**SET, "policies/p.cases.yaml": based, "policies/situations/broken.yaml": b"kind: nonsense\n"}

    assert any("situations/broken.yaml:" in one for one in measured(folder).problems)


def test_a_situation_that_nobody_stands_on_is_not_told() -> None:
    folder = {**SET, "policies/p.cases.yaml": CASES, "policies/situations/broken.yaml": b"kind: nonsense\n"}

    assert measured(folder).problems == ()


def test_lint_says_what_it_says_of_this_policy_and_its_cases_alone() -> None:
    old = policy_file("cluster.by: url", more="expires: 2020-01-01", name="old")
    in_force = {**SET, "policies/old.yaml": old}

    found = measure(in_force, in_force, NOW)

    assert "expired" in " ".join(str(one) for one in found["old"].remarks)
    assert {one.file for one in found["p"].remarks} == {"policies/p.yaml"}


def test_who_is_in_a_group_today_changes_nothing_about_cases() -> None:
    fed = policy_file("recipients: {anyIn: $vip}")
    in_force = {"policies/p.yaml": fed, **a_fed_list("vip")}
    cases = b"""policy: p
given: {kind: softDeleteCluster, facts: {recipients: [a@x.example]}}
cases:
  - {case: in it, lists: {vip: [a@x.example]}, decision: approve, policies: [p]}
  - {case: not in it, lists: {vip: [b@x.example]}, decision: escalate, policies: [], reason: [recipients]}
"""
    folder = {**in_force, "policies/p.cases.yaml": cases}
    members = {"policies/lists/vip.members": b"a@x.example\n"}

    without, with_members = measure(in_force, folder, NOW), measure({**in_force, **members}, folder, NOW)

    assert without == with_members
    assert without["p"].failing == 0


@pytest.mark.parametrize(
    ("folder", "in_force"),
    [
        ("/srv/policies", "policies"),
        ("policies", "/srv/policies"),
        ("", "policies"),
        ("policies", ""),
        ("policies", "policies"),
    ],
)
def test_the_way_to_the_folder_may_be_named_otherwise(folder: str, in_force: str) -> None:
    def under(root: str, *names: str) -> dict[str, bytes]:
        return {f"{root}/{name}" if root else name: POLICY for name in names}

    here = under(folder, "p.yaml", "q.yaml", "p.cases.yaml", "situations/s.yaml")
    there = under(in_force, "p.yaml", "q.yaml")

    assert set(rebased(here, there)) == set(
        under(in_force, "p.yaml", "q.yaml", "p.cases.yaml", "situations/s.yaml")
    )
    for file, own in zip(there, here, strict=False):
        assert named_there(file, here, there) == own


def test_what_lies_outside_the_folder_keeps_its_name() -> None:
    here = {"a/policies/p.yaml": POLICY, "a/q.cases.yaml": CASES}

    assert set(rebased(here, {"policies/p.yaml": POLICY})) == {"policies/p.yaml", "policies/a/q.cases.yaml"}


def test_a_set_that_does_not_load_is_told() -> None:
    with pytest.raises(PolicyError):
        measure({"policies/p.yaml": b"policy: p\n"}, {}, NOW + timedelta(days=1))


def test_the_policies_are_those_of_the_set() -> None:
    assert list(measure(SET, {}, NOW)) == [one.name for one in parse_set(SET).policies]
