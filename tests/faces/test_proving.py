"""`policy prove` by exit code and text."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from agent.faces.cli.proving import MISSING
from agent.judge.situations import parse_situation
from agent.model.pending import ActionKind
from tests.faces.test_cli import ROOT, run
from tests.judge.writing import policy_file

SHIPPED = ROOT / "policies"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two policies and the claims of both."""
    (tmp_path / "clusters.yaml").write_bytes(
        policy_file("evidence.verdict: malicious\ncluster.mailboxCount: {atMost: 500}", name="clusters")
    )
    (tmp_path / "low.yaml").write_bytes(policy_file("alert.severity: low", name="low", decide="reject"))
    claims(tmp_path, "{cluster.mailboxCount: {above: 500}}")
    return tmp_path


def claims(folder: Path, when: str) -> None:
    (folder / "own.proofs.yaml").write_text(
        "proofs: own\nnever:\n  - claim: not so many\n    decide: approve\n    kinds: [softDeleteCluster]\n"
        f"    when: {when}\n"
    )


def test_the_shipped_policies_are_proved() -> None:
    result = run("policy", "prove", str(SHIPPED))

    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert sum(line.startswith("proved ") for line in lines) == 20
    assert "not modelled    `file.path` matches" in result.output
    assert ": 20 proved, in " in lines[-1]
    assert "covered         removeDelegation: every action gets a policy that is named" in lines


def test_a_claim_that_fails_ends_with_one_and_shows_an_action(folder: Path) -> None:
    claims(folder, "{cluster.mailboxCount: {above: 400}}")

    result = run("policy", "prove", str(folder))

    assert result.exit_code == 1
    assert f"refuted         {folder}/own.proofs.yaml:3:5: not so many (softDeleteCluster)" in result.output
    assert "                approve by `clusters`: `evidence.verdict` is malicious; " in result.output
    assert "      cluster.mailboxCount: 401" in result.output
    assert result.output.splitlines()[-1].startswith("2 claims about ")
    assert "1 proved, 1 refuted" in result.output


def test_policies_that_clash_are_told_of_but_are_no_finding_unless_claimed(folder: Path) -> None:
    result = run("policy", "prove", str(folder))
    (folder / "own.proofs.yaml").write_text("proofs: own\nagreed: [softDeleteCluster]\n")
    claimed = run("policy", "prove", str(folder))

    assert result.exit_code == 0
    assert "clash           `clusters` approves and `low` rejects the same action" in result.output
    assert claimed.exit_code == 1
    assert "refuted         " in claimed.output


def test_examples_are_written_as_files_of_facts_that_read_back(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    claims(folder, "{cluster.mailboxCount: {above: 400}}")
    into = tmp_path_factory.mktemp("examples") / "here"

    result = run("policy", "prove", str(folder), "--examples", str(into))

    written = sorted(path.name for path in into.iterdir())
    assert "not-so-many-softDeleteCluster.yaml" in written
    assert "clash-clusters-low-softDeleteCluster.yaml" in written
    (command,) = (line for line in result.output.splitlines() if "explain" in line and "not-so-many" in line)
    words = shlex.split(command.partition(": air-agent ")[2])
    assert words[2:] == ["--facts", f"{into}/not-so-many-softDeleteCluster.yaml", "--policies", str(folder)]
    assert run(*words).output.startswith("approve by clusters\n")
    for path in into.iterdir():
        assert parse_situation(path.name, path.read_bytes()).kind in ActionKind


def test_examples_of_an_earlier_run_go_and_files_of_others_stay(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    into = tmp_path_factory.mktemp("examples")
    (into / "mine.yaml").write_text("kind: blockUrl\n")
    claims(folder, "{cluster.mailboxCount: {above: 400}}")

    first = run("policy", "prove", str(folder), "--examples", str(into))
    claims(folder, "{cluster.mailboxCount: {above: 500}}")
    second = run("policy", "prove", str(folder), "--examples", str(into))

    line = next(line for line in first.output.splitlines() if line.startswith("written "))
    assert "not-so-many-softDeleteCluster.yaml" in line
    assert "open-blockUrl.yaml" in line
    assert line.endswith(f" in {into}")
    assert "removed " not in first.output
    assert (
        f"removed         not-so-many-softDeleteCluster.yaml in {into}: what an earlier run found"
        in second.output
    )
    left = {path.name for path in into.iterdir()}
    assert "not-so-many-softDeleteCluster.yaml" not in left
    assert {"mine.yaml", "open-blockUrl.yaml"} <= left


def test_no_file_of_others_is_written_over(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    into = tmp_path_factory.mktemp("examples")
    (into / "open-blockUrl.yaml").write_text("kind: blockUrl\n")

    result = run("policy", "prove", str(folder), "--examples", str(into))

    assert result.exit_code == 2
    assert f"`{into}/open-blockUrl.yaml` is there, and is no example that this command wrote" in result.output
    assert [path.name for path in into.iterdir()] == ["open-blockUrl.yaml"]


def test_a_set_that_approves_more_than_another_is_shown_where(folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(SHIPPED, old)
    new = tmp_path / "new"
    shutil.copytree(SHIPPED, new)
    policy = new / "malicious-url-clusters.yaml"
    policy.write_text(policy.read_text().replace("{atMost: 200}", "{atMost: 300}").replace("20/h", "40/h"))

    same = run("policy", "prove", str(old), "--tightens", str(SHIPPED), "--rejects")
    more = run("policy", "prove", str(new), "--tightens", str(old))

    assert same.exit_code == 0, same.output
    assert f"against {SHIPPED}: 22 proved" in same.output
    assert more.exit_code == 1
    assert f"nothing is decided as approve that `{old}` does not decide so too" in more.output
    assert "at most 300 (the other set: escalate)" in more.output
    assert "cluster.mailboxCount: 201" in more.output
    assert (
        "looser          `malicious-url-clusters`: the limit of actions was 20/h, and it is 40/h now"
        in more.output
    )


def test_for_programs_there_is_one_document(folder: Path) -> None:
    claims(folder, "{cluster.mailboxCount: {above: 400}}")

    result = run("policy", "prove", str(folder), "--json")

    told = json.loads(result.output)
    assert result.exit_code == 1
    first = told["claims"][0]
    assert (first["claim"], first["form"], first["outcome"]) == ("not so many", "never", "refuted")
    example = first["parts"][0]["example"]
    assert (example["decision"], example["policies"]) == ("approve", ["clusters"])
    assert yaml.safe_load(example["facts"])["facts"]["cluster.mailboxCount"] == 401
    assert {part["kind"] for part in told["coverage"]} == set(ActionKind)


def test_one_file_of_proofs_can_be_asked_for_alone(folder: Path) -> None:
    (folder / "more.proofs.yaml").write_text("proofs: more\ncovered: [blockUrl]\n")

    both = run("policy", "prove", str(folder))
    one = run("policy", "prove", str(folder / "own.proofs.yaml"))

    assert (both.exit_code, one.exit_code) == (1, 0)
    assert "more.proofs.yaml" not in one.output


def test_without_claims_what_is_always_asked_is_told(folder: Path) -> None:
    (folder / "own.proofs.yaml").unlink()

    result = run("policy", "prove", str(folder))

    assert result.exit_code == 0
    assert "none of its own: write them to a file `*.proofs.yaml`" in result.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere"], "error: `nowhere` is not there: name the folder in which the policies lie"),
        (
            ["{}/low.yaml"],
            "is one file: policies are proved together, so name their folder, or a file of proofs",
        ),
        (
            ["{}", "--rejects"],
            "error: `--rejects` is about another set of policies: name it with `--tightens GIT-REV|DIR`",
        ),
        (["{}", "--examples", "{}/examples"], "examples` cannot be written to: it lies in the folder of the"),
        (["{}", "--examples", "/dev/null/x"], "`/dev/null/x` cannot be written to: not a directory"),
        (
            ["{}", "--tightens", "HEAD~1"],
            "error: `HEAD~1` is neither a folder nor a revision that git knows",
        ),
    ],
)
def test_wrong_use_ends_with_two_and_says_what_to_do(
    folder: Path, arguments: list[str], expected: str
) -> None:
    result = run("policy", "prove", *(each.format(folder) for each in arguments))

    assert result.exit_code == 2
    assert expected in result.output


def test_policies_and_claims_that_do_not_load_are_told_with_their_places(folder: Path) -> None:
    claims(folder, "{cluster.mailboxCont: {above: 400}}")

    proved = run("policy", "prove", str(folder))
    checked = run("policy", "check", str(folder))

    place = f"{folder}/own.proofs.yaml:6:12: "
    said = "unknown fact `cluster.mailboxCont`: did you mean `cluster.mailboxCount`?"
    assert proved.exit_code == 2
    assert f"error: {place}{said}" in proved.output
    assert checked.exit_code == 1
    assert f"{place}error does-not-load: {said}" in checked.output


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("prove", 2, f"error: {MISSING}\n"),
        ("check", 0, ""),
    ],
)
def test_without_the_solver_one_line_says_what_to_install(
    folder: Path, command: str, code: int, said: str
) -> None:
    """What else reads claims does without it."""
    program = "import sys; sys.modules['z3'] = None; from agent.__main__ import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", program, "policy", command, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (code, said)


def test_the_other_set_may_be_that_of_a_git_revision(tmp_path: Path) -> None:
    folder = tmp_path / "repository" / "policies"
    shutil.copytree(SHIPPED, folder)
    for words in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=folder.parent, check=True)
    policy = folder / "malicious-url-clusters.yaml"
    policy.write_text(policy.read_text().replace("{atMost: 200}", "{atMost: 201}"))

    result = run("policy", "prove", str(folder), "--tightens", "HEAD")

    assert result.exit_code == 1
    assert "nothing is decided as approve that `HEAD` does not decide so too" in result.output
    assert "cluster.mailboxCount: 201" in result.output


def test_a_list_that_goes_by_another_group_than_it_did_is_another_list(tmp_path: Path) -> None:
    for name, group in (("old", "1"), ("new", "2"), ("same", "1")):
        (tmp_path / name / "lists").mkdir(parents=True)
        (tmp_path / name / "p.yaml").write_bytes(policy_file(unless="- recipients: {anyIn: $vip}"))
        source = f"source: {{group: {group * 8}-0000-0000-0000-000000000000}}"
        (tmp_path / name / "lists" / "vip.yaml").write_text(f"list: vip\ntype: addresses\n{source}\n")

    new, same = (
        run("policy", "prove", str(tmp_path / name), "--tightens", str(tmp_path / "old"))
        for name in ("new", "same")
    )

    assert same.exit_code == 0
    assert new.exit_code == 1
    assert "member-of-other-vip@fed.example" in new.output


@pytest.mark.parametrize("of", ["addresses", "users"])
def test_an_example_of_a_list_that_a_group_feeds_is_explained_as_it_was_proved(
    tmp_path: Path, of: str
) -> None:
    policies, into = tmp_path / "policies", tmp_path / "examples"
    (policies / "lists").mkdir(parents=True)
    source = "source: {group: 11111111-0000-0000-0000-000000000000}"
    (policies / "lists" / "vip.yaml").write_text(f"list: vip\ntype: {of}\n{source}\n")
    (policies / "p.yaml").write_bytes(policy_file(unless="- recipients: {anyIn: $vip}"))
    (policies / "own.proofs.yaml").write_text(
        "proofs: own\nalways:\n  - {claim: in, decide: approve, when: {evidence.verdict: malicious, recipients: {anyIn: $vip}}, kinds: [softDeleteCluster]}\n"
        "never:\n  - {claim: out, decide: approve, when: {recipients: {noneIn: $vip}}, kinds: [softDeleteCluster]}\n"
    )

    proved = run("policy", "prove", str(policies), "--examples", str(into))
    inside, outside = (
        run(
            "policy",
            "explain",
            "--facts",
            str(into / f"{name}-softDeleteCluster.yaml"),
            "--policies",
            str(policies),
        )
        for name in ("in", "out")
    )

    assert "`recipients` has member-of-vip@fed.example (1 of 2), in $vip, which it rules out" in proved.output
    assert (
        "member-of-vip@fed.example"
        in yaml.safe_load((into / "in-softDeleteCluster.yaml").read_text())["lists"]["vip"]
    )
    assert inside.output.startswith("escalate by no policy\n"), inside.output
    assert "`recipients` has member-of-vip@fed.example (1 of 2), in $vip" in inside.output
    assert outside.output.startswith("approve by p\n"), outside.output
    assert "not known here" not in inside.output + outside.output


def test_a_folder_with_the_name_of_a_revision_does_not_stand_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a change that lays down a folder `main` would be compared with itself."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "p.yaml").write_bytes(policy_file())
    for words in (
        ["init", "-q", "--initial-branch=main"],
        ["add", "-A"],
        ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    shutil.copytree(tmp_path / "policies", tmp_path / "main")
    monkeypatch.chdir(tmp_path)

    either, folder = (run("policy", "prove", "--tightens", name) for name in ("main", "./main"))

    assert either.exit_code == 2
    assert "`main` is a folder and a git revision as well: name the folder as `./main`" in either.output
    assert folder.exit_code == 0


def test_a_name_too_long_for_a_folder_is_no_revision_either(folder: Path) -> None:
    result = run("policy", "prove", str(folder), "--tightens", "x" * 5_000)

    assert result.exit_code == 2
    assert result.output.startswith("error: `xxx")
