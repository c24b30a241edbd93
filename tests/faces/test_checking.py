"""`policy check` by exit code and by what each format says."""

import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from agent.faces.cli.app import app
from agent.faces.cli.remarks import commands, line_of
from agent.faces.cli.sarif import sarif, uri_of
from agent.judge.lint.rules import RULES
from agent.model.remark import Remark, Severity
from tests.faces.sarif import LOG

ROOT = Path(__file__).parents[2]

CLEAN = """\
policy: small-clusters
description: Soft-delete small clusters.
owner: mail-security@contoso.example
for: [softDeleteCluster]
match:
  cluster.mailboxCount: {atMost: 200}
decide: approve
limits: {actions: 20/h}
"""
CASES = """\
policy: small-clusters
cases:
  - case: a small one
    kind: softDeleteCluster
    facts: {cluster.mailboxCount: 3}
    decision: approve
    policies: [small-clusters]
"""
SECOND = """\
  - case: a large one
    kind: softDeleteCluster
    facts: {cluster.mailboxCount: 300}
    decision: escalate
    policies: []
    reason: ["`cluster.mailboxCount` is 300"]
"""
CASES += SECOND
CASE = """\
  - case: number {number}
    kind: softDeleteCluster
    facts: {{cluster.mailboxCount: 3}}
    decision: escalate
    policies: []
"""


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "160"}).invoke(app, ["policy", "check", *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small-clusters.yaml").write_text(CLEAN)
    (tmp_path / "small-clusters.cases.yaml").write_text(CASES)
    return tmp_path


def change(folder: Path, before: str, after: str, name: str = "small-clusters.yaml") -> None:
    path = folder / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_the_shipped_policies_are_content_with_the_strictest_check() -> None:
    done = run(str(ROOT / "policies"), "--strict")

    assert done.exit_code == 0, done.stdout
    assert "warning" not in done.stdout


def test_what_test_fails_on_is_a_warning_so_that_the_strict_check_agrees_with_it(folder: Path) -> None:
    change(folder, SECOND, "", "small-clusters.cases.yaml")

    lax, strict = run(str(folder)), run(str(folder), "--strict")
    tested = CliRunner().invoke(app, ["policy", "test", str(folder)])

    assert "small-clusters.cases.yaml:1:1: warning cases-one-sided: no case in which" in lax.stdout
    assert (lax.exit_code, strict.exit_code, tested.exit_code) == (0, 1, 1)


def test_of_many_cases_that_fail_for_one_cause_five_are_told_and_machines_are_told_all(folder: Path) -> None:
    text = "".join(CASE.format(number=number) for number in range(8))
    (folder / "small-clusters.cases.yaml").write_text(f"policy: small-clusters\ncases:\n{text}")

    done = run(str(folder))
    whole = json.loads(run(str(folder), "--format", "json").stdout)
    log = json.loads(run(str(folder), "--format", "sarif").stdout)

    assert done.stdout.count("error case-fails") == 5
    assert (
        "3 more of the failing cases are now decided otherwise, by `small-clusters`"
        in done.stdout.splitlines()
    )
    assert "8 errors" in done.stdout
    assert [one["code"] for one in whole["problems"]].count("case-fails") == 8
    assert [one["ruleId"] for one in log["runs"][0]["results"]].count("case-fails") == 8


def test_a_clean_set_says_so_on_one_line(folder: Path) -> None:
    done = run(str(folder), "--strict")

    assert done.exit_code == 0
    assert done.stdout.startswith(f"1 policy in {folder} loads, 2 cases hold: revision ")
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("before", "after", "severity", "lax", "strict"),
    [
        ("limits: {actions: 20/h}\n", "", "warning", 0, 1),
        ("atMost: 200", "atMost: 200, atLeast: 201", "error", 1, 1),
        ("match:", "mode: enforce\nmatch:", "note", 0, 0),
        ("decide: approve", "decide: aprove", "error", 1, 1),
    ],
)
def test_errors_are_findings_and_warnings_where_they_are_asked_for(
    folder: Path, before: str, after: str, severity: str, lax: int, strict: int
) -> None:
    change(folder, before, after)

    done = run(str(folder))

    assert f": {severity} " in done.stdout
    assert done.exit_code == lax
    assert run(str(folder), "--strict").exit_code == strict


def test_a_remark_is_one_line_with_its_place_its_code_and_how_to_mend_it(folder: Path) -> None:
    change(folder, "limits: {actions: 20/h}\n", "")

    done = run(str(folder))

    lines = done.stdout.splitlines()
    assert lines[0] == (
        f"{folder}/small-clusters.yaml:7:1: warning approve-without-limits: the policy approves without `limits`: "
        "nothing holds it back: add `limits: {actions: 20/h}`"
    )
    assert lines[1].endswith("; 1 warning")


def test_a_case_that_fails_and_one_that_cannot_be_read_are_told_apart(folder: Path) -> None:
    change(folder, "decision: approve", "decision: reject", "small-clusters.cases.yaml")
    failing = run(str(folder), "--format", "json")
    change(folder, "decision: reject", "decision: rejekt", "small-clusters.cases.yaml")
    broken = run(str(folder), "--format", "json")

    assert [one["code"] for one in json.loads(failing.stdout)["problems"]] == ["case-fails"]
    assert [one["code"] for one in json.loads(broken.stdout)["problems"]] == ["does-not-load"]
    assert failing.exit_code == broken.exit_code == 1


def test_of_one_file_only_what_stands_in_it_or_its_cases_is_told(folder: Path) -> None:
    other = CLEAN.replace("small-clusters", "other").replace("limits: {actions: 20/h}\n", "")
    other = other.replace("atMost: 200", "between: [10, 20]")
    (folder / "other.yaml").write_text(other)

    small = run(str(folder / "small-clusters.yaml"), "--strict")
    of_other = run(str(folder / "other.yaml"), "--strict")

    assert small.exit_code == 0, small.stdout
    assert of_other.exit_code == 1
    assert "approve-without-limits" in of_other.stdout
    assert "no-cases" in of_other.stdout


def test_a_list_that_only_a_claim_names_is_used(folder: Path) -> None:
    (folder / "lists").mkdir()
    (folder / "lists" / "vip.yaml").write_text("list: vip\nentries: [ceo@contoso.example]\n")
    unused = run(str(folder))
    (folder / "all.proofs.yaml").write_text(
        "proofs: all\nnever:\n  - claim: one\n    decide: reject\n    kinds: [softDeleteCluster]\n"
        "    when: {recipients: {anyIn: $vip}}\n"
    )

    assert "warning list-unused: " in unused.stdout
    assert run(str(folder), "--strict").exit_code == 0


def test_proofs_that_cannot_be_read_are_an_error(folder: Path) -> None:
    (folder / "all.proofs.yaml").write_text("proofs: all\n")

    done = run(str(folder))

    assert done.exit_code == 1
    assert f"{folder}/all.proofs.yaml:1:1: error does-not-load: nothing is claimed" in done.stdout


def test_json_has_every_remark_with_all_its_parts(folder: Path) -> None:
    change(folder, "limits: {actions: 20/h}\n", "")

    found = json.loads(run(str(folder), "--json").stdout)

    assert found["cases"] == 2
    assert found["problems"] == [
        {
            "code": "approve-without-limits",
            "severity": "warning",
            "file": f"{folder}/small-clusters.yaml",
            "line": 7,
            "column": 1,
            "message": "the policy approves without `limits`: nothing holds it back",
            "mend": "add `limits: {actions: 20/h}`",
        }
    ]
    assert run(str(folder), "--format", "json").stdout == run(str(folder), "--json").stdout


def test_two_formats_at_once_are_wrong_use(folder: Path) -> None:
    done = run(str(folder), "--json", "--format", "sarif")

    assert done.exit_code == 2
    assert "leave one of them out" in done.stderr
    assert run(str(folder), "--json", "--format", "json").exit_code == 0


# SARIF


def a_remark(**more: object) -> Remark:
    usual: dict[str, object] = {
        "code": "never-matches",
        "severity": Severity.ERROR,
        "file": "policies/p.yaml",
        "line": 3,
        "column": 5,
        "message": "the policy can never match",
        "mend": "mend it",
    }
    return Remark(**{**usual, **more})  # type: ignore[arg-type]


def results(*remarks: Remark) -> list[dict[str, object]]:
    found: list[dict[str, object]] = sarif(remarks, version="1.0", here=Path("/here"))["runs"][0]["results"]
    return found


def test_sarif_is_valid_and_relative_to_where_the_command_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(folder, "limits: {actions: 20/h}\n", "")
    change(folder, "atMost: 200", "atLeast: 0")
    monkeypatch.chdir(folder.parent)

    done = run(str(folder), "--format", "sarif")

    log = json.loads(done.stdout)
    jsonschema.Draft7Validator(LOG, format_checker=jsonschema.FormatChecker()).validate(log)
    driver, found = log["runs"][0]["tool"]["driver"], log["runs"][0]["results"]
    assert {one["ruleId"] for one in found} >= {"approve-without-limits", "always-holds"}
    assert all(driver["rules"][one["ruleIndex"]]["id"] == one["ruleId"] for one in found)
    assert all(
        one["level"] == driver["rules"][one["ruleIndex"]]["defaultConfiguration"]["level"] for one in found
    )
    uris = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in found}
    assert uris == {f"{folder.name}/small-clusters{end}" for end in (".yaml", ".cases.yaml")}


def test_sarif_of_a_set_that_does_not_load_is_valid_too(folder: Path) -> None:
    change(folder, "decide: approve", "decide: aprove")

    done = run(str(folder), "--format", "sarif")

    assert done.exit_code == 1
    jsonschema.Draft7Validator(LOG).validate(json.loads(done.stdout))


def test_the_schema_of_the_tests_refuses_what_sarif_refuses() -> None:
    log = sarif([a_remark()], version="1.0", here=Path("/here"))
    validator = jsonschema.Draft7Validator(LOG)

    assert validator.is_valid(log)
    assert not validator.is_valid({**log, "version": "2.0"})
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not validator.is_valid(log)


def test_every_rule_is_in_the_log_whether_it_was_broken_or_not() -> None:
    log = sarif([], version="1.0", here=Path("/here"))

    assert [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]] == [
        code.value for code in RULES
    ]


def test_a_remark_keeps_its_fingerprint_when_its_file_grows_and_shares_it_with_no_other() -> None:
    before, after, twin, other = results(
        a_remark(), a_remark(file="q.yaml"), a_remark(line=9), a_remark(message="something else")
    )
    moved = results(a_remark(line=40))[0]

    assert moved["partialFingerprints"] == before["partialFingerprints"]
    assert len({str(one["partialFingerprints"]) for one in (before, after, twin, other)}) == 4


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("policies/p.yaml", "policies/p.yaml"),
        ("/here/policies/p.yaml", "policies/p.yaml"),
        ("./policies/../policies/p.yaml", "policies/p.yaml"),
        ("/elsewhere/p.yaml", "file:///elsewhere/p.yaml"),
        ("../p.yaml", "file:///p.yaml"),
        ("a b/ü%.yaml", "a%20b/%C3%BC%25.yaml"),
        ("not\udce9utf.yaml", "not%E9utf.yaml"),
    ],
)
def test_files_are_named_as_uris(file: str, uri: str) -> None:
    assert uri_of(file, Path("/here")) == uri


# GitHub


@pytest.mark.parametrize(
    ("severity", "command"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "notice")],
)
def test_github_is_told_the_place_the_code_and_the_words(severity: Severity, command: str) -> None:
    told = list(commands([a_remark(severity=severity)], Path("/here")))

    assert told == [
        f"::{command} file=policies/p.yaml,line=3,col=5,title=never-matches::the policy can never match: mend it"
    ]


def test_nothing_in_a_name_or_a_message_acts_on_github() -> None:
    told = list(
        commands(
            [a_remark(file="a,b:c%.yaml", message="100% of a,b:c\r\n::set-output name=x::y")], Path("/here")
        )
    )

    assert told == [
        (
            "::error file=a%2Cb%3Ac%25.yaml,line=3,col=5,title=never-matches::100%25 of a,b:c\\u000d\\u000a"
            "::set-output name=x::y: mend it"
        )
    ]


def test_github_gets_one_line_for_each_remark_and_the_summary(folder: Path) -> None:
    change(folder, "atMost: 200", "atMost: 200, atLeast: 201")

    done = run(str(folder), "--format", "github")

    lines = done.stdout.splitlines()
    assert [line.partition(" file=")[0] for line in lines[:-1]] == ["::error", "::error"]
    assert lines[-1] == f"2 errors in {folder}"
    assert done.exit_code == 1


def test_what_a_file_is_called_does_nothing_on_a_terminal() -> None:
    assert line_of(a_remark(file="\x1b[2J.yaml")).plain.startswith(
        "\\u001b[2J.yaml:3:5: error never-matches: "
    )


def test_the_folder_that_one_stands_in_is_checked_and_has_the_revision_that_it_has_from_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "lists").mkdir()
    elsewhere = json.loads(run(str(folder), "--format", "json").stdout)
    monkeypatch.chdir(folder)
    here = json.loads(run(".", "--format", "json").stdout)
    monkeypatch.chdir(folder / "lists")
    above = json.loads(run("..", "--format", "json").stdout)

    assert elsewhere["revision"] is not None
    assert here["revision"] == above["revision"] == elsewhere["revision"]
    assert here["policies"] == ["small-clusters"]


@pytest.mark.parametrize("is_absolute", [True, False])
def test_every_file_of_the_folder_can_be_checked_by_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch, is_absolute: bool
) -> None:
    (folder / "lists").mkdir()
    (folder / "lists" / "vip.yaml").write_text("list: vip\nentries: [ceo@contoso.example]\n")
    (folder / "situations").mkdir()
    (folder / "situations" / "url.yaml").write_text("kind: softDeleteCluster\nfacts: {}\n")
    (folder / "all.proofs.yaml").write_text(
        "proofs: all\nnever:\n  - claim: one\n    decide: reject\n    kinds: [softDeleteCluster]\n"
        "    when: {recipients: {anyIn: $vip}}\n"
    )
    monkeypatch.chdir(folder)

    def told(name: str) -> str:
        done = run(str(folder / name) if is_absolute else name)
        assert done.exit_code == 0, done.stdout
        return done.stdout.splitlines()[-1].replace(f"{folder}/", "")

    assert told("small-clusters.cases.yaml").startswith(
        "2 cases hold in small-clusters.cases.yaml: revision "
    )
    assert told("all.proofs.yaml").startswith("all.proofs.yaml loads: revision ")
    assert told("lists/vip.yaml").startswith("lists/vip.yaml loads: revision ")
    assert told("situations/url.yaml").startswith("situations/url.yaml loads: revision ")


def test_what_is_wrong_with_a_file_of_cases_proofs_or_a_situation_is_told_when_it_is_checked(
    folder: Path,
) -> None:
    change(folder, "decision: approve", "decision: reject", "small-clusters.cases.yaml")
    (folder / "all.proofs.yaml").write_text("proofs: all\nnevr: []\n")
    (folder / "situations").mkdir()
    (folder / "situations" / "url.yaml").write_text("kind: nosuch\n")

    for name in ("small-clusters.cases.yaml", "all.proofs.yaml", "situations/url.yaml"):
        done = run(str(folder / name))
        assert done.exit_code == 1
        assert all(str(folder / name) in line for line in done.stdout.splitlines()), done.stdout


CHAIN = """\
chain: secops
steps: [{notify: [duty]}]
approvers: {from: [role:SecOps.Approver]}
"""
DUTY = "channel: duty\nkind: pagerDuty\nroutingKey: {env: ROUTING_KEY}\n"


def with_chain(folder: Path, chain: str = CHAIN, channel: str = DUTY) -> Path:
    for name, text in (("chains/secops.yaml", chain), ("channels/duty.yaml", channel)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_chains_and_channels_are_counted_and_named(folder: Path) -> None:
    with_chain(folder)

    done = run(str(folder), "--strict")
    found = json.loads(run(str(folder), "--json").stdout)

    assert done.exit_code == 0
    assert done.stdout.startswith(f"1 policy in {folder} loads, 2 cases hold, 1 chain, 1 channel: revision ")
    assert (found["chains"], found["channels"]) == (["secops"], ["duty"])


@pytest.mark.parametrize("name", ["chains/secops.yaml", "channels/duty.yaml"])
def test_one_chain_or_channel_is_checked_with_the_set_around_it(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_chain(folder)
    monkeypatch.chdir((folder / name).parent)

    done = run(Path(name).name)

    assert done.exit_code == 0
    assert done.stdout.startswith(f"{folder / name} loads: revision ")


def test_a_chain_of_a_channel_that_is_not_there_is_told_to_people_and_machines(folder: Path) -> None:
    with_chain(folder, CHAIN.replace("[duty]", "[dutty]"))

    done = run(str(folder))
    (one,) = json.loads(run(str(folder), "--json").stdout)["problems"]

    assert done.exit_code == 1
    assert (
        f"{folder}/chains/secops.yaml:2:19: error does-not-load: there is no channel `dutty`: did you mean `duty`?"
        in done.stdout
    )
    assert (one["line"], one["column"], one["code"]) == (2, 19, "does-not-load")
    assert json.loads(run(str(folder), "--format", "sarif").stdout)["runs"][0]["results"]


def test_a_secret_in_a_file_is_in_no_output(folder: Path) -> None:
    with_chain(folder, channel=DUTY.replace("{env: ROUTING_KEY}", "R03SECRETSECRET"))

    for form in ("text", "json", "sarif", "github"):
        done = run(str(folder), "--format", form)
        assert done.exit_code == 1
        assert "a secret never stands in a file" in done.output
        assert "R03SECRET" not in done.output


def test_a_chain_that_reaches_nobody_is_a_note(folder: Path) -> None:
    with_chain(folder, channel="channel: duty\nkind: console\n")

    done = run(str(folder), "--strict")

    assert done.exit_code == 0
    assert "note chain-reaches-nobody: the chain `secops` tells only consoles and files" in done.stdout
