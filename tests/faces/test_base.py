"""Commands on a tenant's folder with the base that it adds to: check, test, explain, prove and promote."""

import json
import shlex
import shutil
from pathlib import Path

import pytest

from agent.judge.situations import parse_situation
from tests.faces.test_cli import ROOT, run
from tests.judge.writing import policy_file

SAMPLES = ROOT / "tests" / "samples" / "tenants"
TENANT = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    """Return a base and a tenant's folder, which may be changed."""
    shutil.copytree(SAMPLES, tmp_path / "p")
    return str(tmp_path / "p" / "base"), str(tmp_path / "p" / "contoso")


def loosen(tenant: str) -> None:
    Path(tenant, "quiet.yaml").write_bytes(
        policy_file("alert.severity: low", name="quiet", decide="reject", more="reason: it is low")
    )


def test_the_example_of_a_tenant_only_tightens_the_base_and_says_by_what() -> None:
    base, tenant = str(SAMPLES / "base"), str(SAMPLES / "contoso")

    proved = run("policy", "prove", tenant, "--base", base)
    checked = run("policy", "check", tenant, "--base", base, "--strict")
    alone = run("policy", "check", base)

    assert proved.exit_code == 0, proved.output
    assert proved.output.splitlines()[0] == (
        f"tightens        what {tenant} adds to {base} only tightens it: proven by its form, in which nothing could loosen"
        " anything"
    )
    assert "open " not in proved.output
    assert checked.exit_code == 0, checked.output
    assert checked.output.startswith(
        f"2 policies in {tenant} load, 4 cases hold, 1 chain, 1 channel: revision "
    )
    assert alone.exit_code == 0


def test_what_the_solver_was_asked_about_is_named(folders: tuple[str, str]) -> None:
    base, tenant = folders
    Path(tenant, "two-people.yaml").write_text(
        Path(tenant, "two-people.yaml").read_text().replace("{atMost: 200}", "{atMost: 100}")
    )

    result = run("policy", "prove", tenant, "--base", base)

    assert result.exit_code == 0
    assert (
        "only tightens it: proven by the solver for softDeleteCluster, and by its form for all else"
        in result.output
    )


def test_what_loosens_the_base_is_shown_kept_and_can_be_explained(
    folders: tuple[str, str], tmp_path: Path
) -> None:
    base, tenant = folders
    loosen(tenant)
    into = tmp_path / "examples"

    result = run("policy", "prove", tenant, "--base", base, "--examples", str(into))

    place = f"{tenant}/quiet.yaml:1:1"
    assert result.exit_code == 1
    assert (
        f"loosens         {place}: the tenant's policy `quiet` loosens the base: softDeleteCluster: reject by `quiet`, and"
        " escalate by the base alone" in result.output
    )
    assert "(the base alone: escalate)" in result.output
    (file,) = into.iterdir()
    assert file.name == "loosens-the-base-softDeleteCluster.yaml"
    assert parse_situation(file.name, file.read_bytes()).kind == "softDeleteCluster"
    (command,) = (line for line in result.output.splitlines() if "clause by clause" in line)
    explained = run(*shlex.split(command.partition(": air-agent ")[2]))
    assert explained.output.startswith("reject by quiet\n"), explained.output


def test_check_says_the_same_as_the_agent_does_and_what_lies_in_the_base_is_not_told(
    folders: tuple[str, str],
) -> None:
    base, tenant = folders
    loosen(tenant)

    result = run("policy", "check", tenant, "--base", base)

    assert result.exit_code == 1
    assert (
        f"{tenant}/quiet.yaml:1:1: error does-not-load: the tenant's policy `quiet` loosens the base"
        in result.output
    )
    assert f"{base}/" not in result.output.partition(" (as a file")[0]


def test_a_base_that_does_not_load_is_told_of_by_whoever_adds_to_it(folders: tuple[str, str]) -> None:
    base, tenant = folders
    Path(base, "simulations.yaml").write_text("policy: simulations\n")

    checked = run("policy", "check", tenant, "--base", base)

    assert checked.exit_code == 1
    assert f"{base}/simulations.yaml:1:1: error does-not-load: `match` is missing" in checked.output


def test_json_says_whether_it_only_tightens(folders: tuple[str, str]) -> None:
    base, tenant = folders

    tight = json.loads(run("policy", "prove", tenant, "--base", base, "--json").stdout)["tightening"]
    loosen(tenant)
    loose = json.loads(run("policy", "prove", tenant, "--base", base, "--json").stdout)["tightening"]
    whole = json.loads(run("policy", "prove", base, "--json").stdout)

    assert (tight["only_tightens"], tight["means"], tight["kinds"], tight["loosened"]) == (
        True,
        "form",
        [],
        [],
    )
    assert (loose["only_tightens"], loose["means"], loose["kinds"]) == (False, None, ["softDeleteCluster"])
    (one,) = loose["loosened"]
    assert (one["kind"], one["outcome"], one["place"]) == (
        "softDeleteCluster",
        "refuted",
        f"{tenant}/quiet.yaml:1:1",
    )
    assert one["example"]["before"] == "escalate"
    assert whole["tightening"] is None


def test_a_tenant_is_named_by_its_id(folders: tuple[str, str]) -> None:
    base, tenant = folders
    policy = Path(base, "simulations.yaml")
    policy.write_text(
        policy.read_text().replace("mode: enforce", f"mode: {{enforce: {{tenants: [{TENANT}]}}}}")
    )
    Path(tenant, "more.yaml").write_text(
        policy.read_text()
        .replace("simulations", "more")
        .replace(f"{{enforce: {{tenants: [{TENANT}]}}}}", "enforce")
    )

    Path(tenant, "lists", "simulation-senders.yaml").write_text(
        "list: simulation-senders\ntype: domains\nentries: [training.example]\n"
    )

    theirs = run("policy", "prove", tenant, "--base", base, "--tenant-id", TENANT)
    anybodys = run("policy", "prove", tenant, "--base", base)
    wrong = run("policy", "prove", tenant, "--base", base, "--tenant-id", "contoso")

    assert (theirs.exit_code, anybodys.exit_code, wrong.exit_code) == (0, 1, 2)
    assert "`--tenant-id contoso` is not the id of a tenant, which is a GUID" in wrong.output


def test_only_the_tenants_own_cases_are_run(folders: tuple[str, str]) -> None:
    base, tenant = folders
    Path(base, "malicious-clusters.cases.yaml").write_text("policy: malicious-clusters\ncases: [{case: x}]\n")

    whole = run("policy", "test", tenant, "--base", base)
    one = run("policy", "test", f"{tenant}/finance.yaml", "--base", base)
    alone = run("policy", "test", base)

    assert whole.exit_code == 0, whole.output
    assert "4 cases hold" in whole.output
    assert "2 cases hold" in one.output
    assert alone.exit_code == 1


def test_a_tenant_without_policies_has_no_cases_to_run(folders: tuple[str, str], tmp_path: Path) -> None:
    base, _ = folders
    (tmp_path / "bare").mkdir()

    tested = run("policy", "test", str(tmp_path / "bare"), "--base", base)
    checked = run("policy", "check", str(tmp_path / "bare"), "--base", base)

    assert (tested.exit_code, checked.exit_code) == (0, 0), tested.output


def test_examples_are_not_written_among_the_policies_of_either(folders: tuple[str, str]) -> None:
    base, tenant = folders

    result = run("policy", "prove", tenant, "--base", base, "--examples", f"{base}/examples")

    assert result.exit_code == 2
    assert "it lies in the folder of the policies" in result.output


def settings(tmp_path: Path, base: str, tenant: str) -> str:
    file = tmp_path / "air-agent.yaml"
    file.write_text(
        f"tenant: {{id: {TENANT}}}\npolicies: {{directory: {tenant}, base: {base}}}\n"
        f"ledger: {{url: 'sqlite:///{tmp_path}/ledger.db'}}\ngraph: {{cloud: simulator, url: 'http://127.0.0.1:9'}}\n"
        "auth: {kind: clientSecret, client_id: 99999999-2222-3333-4444-555555555555}\n"
    )
    return str(file)


def test_the_settings_name_the_base_and_a_set_that_loosens_it_stops_the_start_before_graph_is_asked(
    folders: tuple[str, str], tmp_path: Path
) -> None:
    base, tenant = folders
    file = settings(tmp_path, base, tenant)
    loosen(tenant)

    result = run("once", "--settings", file, AIR_AGENT_CLIENT_SECRET="x")

    assert result.exit_code == 2
    assert f"{tenant}/quiet.yaml:1:1: the tenant's policy `quiet` loosens the base" in result.output


def test_a_policy_of_the_base_is_promoted_for_one_tenant_and_demoted_by_hand(
    folders: tuple[str, str], tmp_path: Path
) -> None:
    base, tenant = folders
    file = settings(tmp_path, base, tenant)

    promoted = run("policy", "promote", "simulations", "--settings", file)
    demoted = run("policy", "demote", "simulations", "--settings", file)

    said = "`simulations` is a policy of the base, which tenants share: "
    assert (promoted.exit_code, demoted.exit_code) == (2, 2)
    assert f"{said}name this one with `--tenant {TENANT}`" in promoted.output
    assert f"{said}change `mode` by hand in `{base}/simulations.yaml:5`" in demoted.output


def test_a_policy_of_the_tenant_is_not_promoted_into_loosening_the_base(
    folders: tuple[str, str], tmp_path: Path
) -> None:
    base, tenant = folders
    loosen(tenant)
    policy = Path(tenant, "quiet.yaml")
    policy.write_text(policy.read_text().replace("mode: enforce", "mode: observe"))

    result = run("policy", "promote", "quiet", "--settings", settings(tmp_path, base, tenant), "--yes")

    assert result.exit_code == 2
    assert f"{tenant}/quiet.yaml:1:1: the tenant's policy `quiet` loosens the base" in result.output


def test_a_tenants_set_is_compared_with_the_base_alone(folders: tuple[str, str]) -> None:
    base, tenant = folders

    result = run("policy", "prove", tenant, "--base", base, "--tightens", base, "--rejects")

    assert result.exit_code == 0, result.output
    assert f"nothing is decided as approve that `{base}` does not decide so too" in result.output
