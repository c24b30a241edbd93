"""`policy test` by exit code, text, JSON and JUnit XML."""

import json
import re
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from typer.testing import CliRunner, Result

from agent.faces.cli import junit, tested
from agent.faces.cli.app import app

ROOT = Path(__file__).parents[2]

POLICY = """\
policy: small
description: Soft-delete small clusters.
owner: mail-security@contoso.example
for: [softDeleteCluster]
match:
  cluster.mailboxCount: {atMost: 200}
decide: approve
"""
CASES = """\
policy: small
given: {kind: softDeleteCluster}
cases:
  - {case: two hundred, facts: {cluster.mailboxCount: 200}, decision: approve, policies: [small]}
  - case: one more
    facts: {cluster.mailboxCount: 201}
    decision: escalate
    policies: []
    reason: ["`cluster.mailboxCount` is 201"]
  - {case: nobody counted, decision: escalate, policies: [small]}
"""


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["policy", "test", *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(POLICY)
    (tmp_path / "small.cases.yaml").write_text(CASES)
    return tmp_path


def put(folder: Path, before: str, after: str, name: str = "small.cases.yaml") -> None:
    written = (folder / name).read_text()
    assert written.count(before) == 1
    (folder / name).write_text(written.replace(before, after))


def test_cases_that_hold_are_counted_with_what_they_saw(folder: Path) -> None:
    done = run(str(folder))

    assert done.exit_code == 0, done.output
    assert f"3 cases hold in {folder}, clauses were seen in 3 of 3 ways (100 %)" in done.stdout
    assert "mutants" not in done.stdout


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "decision: approve",
            "decision: reject",
            "small.cases.yaml:4:5: case `two hundred`: expected reject, decided approve: approve by `small`",
        ),
        (
            "is 201",
            "is 202",
            "small.cases.yaml:5:5: case `one more`: the reason lacks ``cluster.mailboxCount` is 202`: no policy",
        ),
        ('    reason: ["`cluster.mailboxCount` is 201"]\n', "", "5:5: case `one more`: asserts nothing"),
        (
            "{cluster.mailboxCount: 200}",
            "{cluster.mailboxCounts: 200}",
            "4:33: unknown fact `cluster.mailboxCounts`",
        ),
        (
            "policy: small",
            "policy: smal",
            "small.cases.yaml:1:1: unknown policy `smal`: did you mean `small`?",
        ),
        (
            "  - {case: two hundred, facts: {cluster.mailboxCount: 200}, decision: approve, policies: [small]}\n",
            "",
            "small.cases.yaml:1:1: no case in which `small` decides `approve`",
        ),
    ],
)
def test_what_fails_is_told_at_its_place_and_is_a_finding(
    folder: Path, before: str, after: str, told: str
) -> None:
    put(folder, before, after)

    done = run(str(folder))

    assert done.exit_code == 1
    assert told in done.stdout
    assert re.search(r"failed|1 failure in ", done.stdout.splitlines()[-1])


def test_a_policy_without_cases_fails(folder: Path) -> None:
    (folder / "small.cases.yaml").unlink()

    done = run(str(folder))

    assert done.exit_code == 1
    assert f"{folder}/small.yaml:1:1: no cases: write `small.cases.yaml` beside it" in done.stdout
    assert f"1 failure in {folder}, there are no cases" in done.stdout


def test_a_set_that_does_not_load_tests_nothing(folder: Path) -> None:
    put(folder, "atMost", "atmost", "small.yaml")

    done = run(str(folder))

    assert done.exit_code == 1
    assert f"{folder}/small.yaml:6:26: unknown operator `atmost`: did you mean `atMost`?" in done.stdout
    assert f"nothing was tested in {folder}: the policies do not load" in done.stdout


@pytest.mark.parametrize("name", ["small.yaml", "small.cases.yaml"])
def test_one_policy_is_tested_by_itself_or_by_its_cases(folder: Path, name: str) -> None:
    (folder / "other.yaml").write_text(POLICY.replace("policy: small", "policy: other").replace("200", "1"))
    put(
        folder,
        "- {case: nobody counted, decision: escalate, policies: [small]}",
        "- {case: nobody counted, decision: escalate, policies: [other, small]}",
    )

    whole, done = run(str(folder)), run(str(folder / name))

    assert whole.exit_code == 1
    assert "other.yaml:1:1: no cases" in whole.stdout
    assert done.exit_code == 0, done.output
    assert f"3 cases hold in {folder / name}" in done.stdout
    assert "other" not in done.stdout


def test_situations_are_read_and_a_broken_one_is_told_at_its_place(folder: Path) -> None:
    (folder / "situations").mkdir()
    (folder / "situations" / "big.yaml").write_text(
        "kind: softDeleteCluster\nfacts: {cluster.mailboxCount: 900}\n"
    )
    put(
        folder,
        "  - {case: nobody",
        '  - {case: big, base: big, decision: escalate, policies: [], reason: ["`cluster.mailboxCount` is 900"]}\n  - {case: nobody',
    )

    good = run(str(folder))
    (folder / "situations" / "big.yaml").write_text("kind: softDeleteClusters\n")
    bad = run(str(folder))
    checked = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["policy", "check", str(folder)])

    assert good.exit_code == 0, good.output
    for done, code in ((bad, ""), (checked, "error does-not-load: ")):
        assert done.exit_code == 1
        assert (
            f"situations/big.yaml:1:7: {code}`softDeleteClusters` is not a kind of pending action"
            in done.stdout
        )
        assert f"small.cases.yaml:10:23: {code}the base `big` does not load" in done.stdout


@pytest.mark.parametrize("name", ["none.yaml", "lists/vip.yaml", "situations/x.yaml", "notes.txt"])
def test_what_has_no_cases_is_wrong_use(folder: Path, name: str) -> None:
    if name != "none.yaml":
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")

    done = run(str(folder / name))

    assert done.exit_code == 2
    assert "error: `" in done.stderr


# Coverage


def test_each_clause_is_shown_with_what_it_was_seen_as(folder: Path) -> None:
    put(folder, "  - {case: nobody counted, decision: escalate, policies: [small]}\n", "")
    put(folder, "decide:", "unless:\n  - action.firstSeen: {olderThan: 6d}\ndecide:", "small.yaml")
    put(folder, "given: {", "given: {facts: {action.firstSeen: 2026-08-24T00:00:00Z}, ")

    done = run(str(folder), "--coverage")

    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line
    ]
    assert ["6:3", "cluster.mailboxCount: {atMost: 200}", "1", "1", "never", ""] in rows
    assert [
        "8:5",
        "action.firstSeen: {olderThan: 6d}",
        "never",
        "2",
        "-",
        "unknown: the agent gives this fact for every action",
    ] in rows
    assert "clauses were seen in 3 of 5 ways (60 %)" in done.stdout


@pytest.mark.parametrize(("least", "code"), [("66", 0), ("66.7", 1), ("100", 1)])
def test_less_coverage_than_asked_for_fails(folder: Path, least: str, code: int) -> None:
    put(folder, "  - {case: nobody counted, decision: escalate, policies: [small]}\n", "")

    done = run(str(folder), "--min-coverage", least)

    assert done.exit_code == code
    told = (
        f"{folder}/small.yaml:1:1: {least} % are asked for, and its clauses were seen in 2 of 3 ways (66 %)"
    )
    assert (told in done.stdout) is bool(code)


# Mutants


def test_changes_that_no_case_notices_are_listed(folder: Path) -> None:
    put(folder, "200}, decision", "150}, decision")

    done = run(str(folder), "--mutate")

    assert done.exit_code == 0
    lines = [line for line in done.stdout.splitlines() if "no case notices" in line]
    assert lines == [
        f"{folder}/small.yaml:6:3: no case notices: `cluster.mailboxCount: {{atMost: 200}}` changed to `{{below: 200}}`",
        f"{folder}/small.yaml:6:3: no case notices: `cluster.mailboxCount: {{atMost: 200}}` changed to `{{atMost: 199}}`",
    ]
    assert "6 of 8 mutants noticed (75 %)" in done.stdout


@pytest.mark.parametrize(("least", "code"), [("75", 0), ("75.1", 1)])
def test_fewer_noticed_than_asked_for_fails(folder: Path, least: str, code: int) -> None:
    put(folder, "200}, decision", "150}, decision")

    done = run(str(folder), "--min-noticed", least)

    assert done.exit_code == code
    assert (f"{least} % are asked for, and 6 of its 8 mutants are noticed" in done.stdout) is bool(code)


def test_mutants_are_tried_once_nothing_fails(folder: Path) -> None:
    put(folder, "decision: approve", "decision: reject")

    done = run(str(folder), "--mutate")

    assert done.exit_code == 1
    assert "1 of 3 cases" in done.stdout
    assert "mutants are tried once nothing fails" in done.stdout


def test_cases_of_other_policies_notice_too_and_failing_ones_do_not(folder: Path) -> None:
    (folder / "other.yaml").write_text(POLICY.replace("policy: small", "policy: other").replace("200", "1"))
    (folder / "small.cases.yaml").write_text(
        CASES.replace("200}, decision", "150}, decision").replace(
            "decision: escalate, policies: [small]", "decision: escalate, policies: [other, small]"
        )
    )
    edge = "{case: edge, kind: softDeleteCluster, facts: {cluster.mailboxCount: 200}, decision: %s, policies: [small]}"
    other = "policy: other\ncases:\n  - " + edge
    found = {}
    for decision in ("approve", "reject"):
        (folder / "other.cases.yaml").write_text(other % decision + "\n")
        found[decision] = run(str(folder / "small.yaml"), "--mutate").stdout

    assert "8 of 8 mutants noticed" in found["approve"]
    assert "6 of 8 mutants noticed" in found["reject"]


# For machines


def test_everything_is_told_as_json(folder: Path) -> None:
    put(folder, "200}, decision", "150}, decision")

    done = run(str(folder), "--mutate", "--json")

    found = json.loads(done.stdout)
    assert set(found) == {"path", "revision", "passed", "checks", "policies", "is_mutated", "is_too_early"}
    (policy,) = found["policies"]
    assert found["passed"]
    assert [check["name"] for check in found["checks"] if check["is_case"]] == [
        "two hundred",
        "one more",
        "nobody counted",
    ]
    assert (policy["seen"], policy["wanted"], policy["mutants"], policy["noticed"]) == (3, 3, 8, 6)
    assert policy["clauses"][0]["never"] == []
    assert {(one["line"], one["column"]) for one in policy["unnoticed"]} == {(6, 3)}


def parsed(file: Path) -> Element:
    return fromstring(file.read_bytes())


def test_junit_tells_each_case_and_each_failure(folder: Path, tmp_path: Path) -> None:
    put(folder, "decision: approve", "decision: reject")
    (folder / "z.cases.yaml").write_text("policy: [")
    file = tmp_path / "out.xml"

    done = run(str(folder), "--junit", str(file))

    root = parsed(file)
    assert done.exit_code == 1
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("errors")) == (
        "testsuites",
        "5",
        "1",
        "1",
    )
    failing = {
        one.get("name"): kind.get("message")
        for one in root.iter("testcase")
        for kind in (*one.findall("failure"), *one.findall("error"))
    }
    assert set(failing) == {"two hundred", f"{folder}/z.cases.yaml"}
    assert str(failing["two hundred"]).startswith("expected reject, decided approve")
    case = next(one for one in root.iter("testcase") if one.get("name") == "two hundred")
    assert (case.get("classname"), case.get("file"), case.get("line")) == (
        "small",
        f"{folder}/small.cases.yaml",
        "4",
    )
    assert float(case.get("time") or "-1") >= 0


def test_junit_does_not_pass_what_cases_show_that_do_not_load(folder: Path, tmp_path: Path) -> None:
    put(folder, "decision: approve", "decision: aprove")

    run(str(folder), "--junit", str(tmp_path / "report.xml"))

    root = fromstring((tmp_path / "report.xml").read_bytes())
    (suite,) = (one for one in root if one.get("name") == "small")
    assert (suite.get("tests"), suite.get("skipped"), root.get("skipped"), root.get("errors")) == (
        "1",
        "1",
        "1",
        "1",
    )
    (skipped,) = suite.iter("skipped")
    assert skipped.get("message") == "its cases do not load"


def test_junit_of_a_set_that_does_not_load_has_errors(folder: Path, tmp_path: Path) -> None:
    put(folder, "atMost", "atmost", "small.yaml")

    run(str(folder), "--junit", str(tmp_path / "out.xml"))

    assert parsed(tmp_path / "out.xml").get("errors") == "1"


def test_junit_escapes_what_xml_cannot_have_and_what_acts_on_a_terminal() -> None:
    hostile = 'a"<b>&amp;]]>\x00\x1b[2J\ud800\ufffe\u202e'
    check = tested.Checked(suite=hostile, name=hostile, file=hostile, failure=hostile)

    document = junit.document(tested.Tested(path="p", checks=(check,)))

    (case,) = fromstring(document).iter("testcase")
    assert case.get("name") == 'a"<b>&amp;]]>\\u0000\\u001b[2J\\ud800\\ufffe\\u202e'
    assert b"\x1b" not in document


def test_a_hostile_name_of_a_case_does_nothing_on_the_terminal(folder: Path, tmp_path: Path) -> None:
    put(folder, "case: two hundred", r'case: "two\e[2J\u202ehundred"')
    put(folder, "decision: approve", "decision: reject")

    done = run(str(folder), "--junit", str(tmp_path / "out.xml"))

    assert "\x1b[2J" not in done.stdout
    assert "\u202e" not in done.stdout
    assert parsed(tmp_path / "out.xml").get("tests") == "4"


def test_junit_that_cannot_be_written_is_wrong_use(folder: Path) -> None:
    done = run(str(folder), "--junit", str(folder / "none" / "out.xml"))

    assert done.exit_code == 2
    assert "cannot be written: no such file or directory" in done.stderr


@pytest.mark.parametrize(("part", "whole", "told"), [(0, 0, 100), (199, 200, 99), (200, 200, 100), (0, 3, 0)])
def test_a_hundred_percent_is_all(part: int, whole: int, told: int) -> None:
    assert tested.percent(part, whole) == told


def test_the_shipped_set_sees_every_clause_and_notices_nine_of_ten_changes() -> None:
    done = run(str(ROOT / "policies"), "--mutate", "--min-coverage", "100", "--min-noticed", "90")

    assert done.exit_code == 0, done.output
    assert "mutants noticed" in done.stdout
