"""Settings of many tenants: what each file may say, what is shared, and whose trouble a mistake is."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.faces.cli.app import app
from agent.model.errors import SettingsError
from agent.settings.loading import load, load_fleet
from agent.settings.roster import FleetSettings
from agent.settings.subjects import AuthKind, Process

CLIENT = "11111111-2222-3333-4444-555555555555"
SHARED = "tenants: {directory: tenants}\nauth: {kind: managedIdentity}\nguards: {actions_per_hour: 7}\n"


def tenant_id(number: int) -> str:
    return f"8c5c2a5e-3d3a-4a4e-9a39-0f4d1e1f{number:04d}"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "tenants").mkdir()
    (tmp_path / "air-agent.yaml").write_text(SHARED, encoding="utf-8")
    return tmp_path


def write(home: Path, name: str, text: str) -> None:
    (home / "tenants" / f"{name}.yaml").write_text(text, encoding="utf-8")


def add(home: Path, name: str, number: int, more: str = "") -> None:
    write(home, name, f"tenant: {{id: {tenant_id(number)}}}\n{more}")


def fleet(
    home: Path, environ: Mapping[str, str] | None = None, known: FleetSettings | None = None
) -> FleetSettings:
    return load_fleet(home / "air-agent.yaml", environ or {}, known=known)


def problems(home: Path) -> dict[str, str]:
    return {one.name: one.problem.replace(f"{home}{os.sep}", "") for one in fleet(home).tenants}


def refused(home: Path, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        fleet(home, environ)
    return str(caught.value).replace(f"{home}{os.sep}", "")


def test_a_tenant_stands_on_what_all_share_and_overrides_it(home: Path) -> None:
    add(home, "contoso", 1)
    add(home, "fabrikam", 2, "guards: {actions_per_hour: 3}\n")

    contoso, fabrikam = fleet(home).tenants

    assert contoso.settings is not None
    assert fabrikam.settings is not None
    assert (contoso.name, contoso.settings.tenant.id, contoso.settings.guards.actions_per_hour) == (
        "contoso",
        tenant_id(1),
        7,
    )
    assert fabrikam.settings.guards.actions_per_hour == 3


def test_a_tenant_is_called_as_its_file_unless_it_says_otherwise(home: Path) -> None:
    add(home, "contoso", 1)
    write(home, "fabrikam", f"tenant: {{id: {tenant_id(2)}, name: Fabrikam Ltd}}\n")

    names = [one.settings.tenant.name for one in fleet(home).tenants if one.settings is not None]

    assert names == ["contoso", "Fabrikam Ltd"]


def test_each_tenant_has_a_ledger_of_its_own_by_default(home: Path) -> None:
    add(home, "contoso", 1)

    (one,) = fleet(home).tenants

    assert one.settings is not None
    assert one.settings.ledger.url == f"sqlite:///{home}/air-agent-data/contoso/ledger.db"
    assert one.settings.hold_file() == home / "air-agent-data" / "contoso" / "HOLD"


def test_the_name_stands_in_paths_and_nowhere_else(home: Path) -> None:
    text = SHARED + "policies: {directory: 'sets/{tenant}'}\nreport: {channel: 'to {tenant}'}\n"
    (home / "air-agent.yaml").write_text(text, encoding="utf-8")
    add(home, "contoso", 1)

    (one,) = fleet(home).tenants

    assert one.settings is not None
    assert one.settings.policies.directory == home / "sets" / "contoso"
    assert one.settings.report.channel == "to {tenant}"


def test_a_relative_path_is_counted_from_the_file_it_stands_in(home: Path) -> None:
    add(home, "contoso", 1, "policies: {directory: mine}\n")

    (one,) = fleet(home).tenants

    assert one.settings is not None
    assert one.settings.policies.directory == home / "tenants" / "mine"


def test_the_tenants_own_file_beats_the_environment(home: Path) -> None:
    add(home, "contoso", 1, "guards: {actions_per_hour: 3}\n")
    add(home, "fabrikam", 2)

    contoso, fabrikam = fleet(home, {"AIR_AGENT_GUARDS_ACTIONS_PER_HOUR": "5"}).tenants

    assert contoso.settings is not None
    assert fabrikam.settings is not None
    assert contoso.settings.guards.actions_per_hour == 3
    assert fabrikam.settings.guards.actions_per_hour == 5


def test_a_tenant_that_logs_in_otherwise_begins_the_login_anew(home: Path) -> None:
    login = f"auth: {{kind: certificate, client_id: {CLIENT}, certificate_path: ours.pem}}\n"
    (home / "air-agent.yaml").write_text("tenants: {directory: tenants}\n" + login, encoding="utf-8")
    add(home, "contoso", 1)
    add(home, "fabrikam", 2, "auth: {kind: managedIdentity}\n")

    contoso, fabrikam = fleet(home).tenants

    assert contoso.settings is not None
    assert contoso.settings.auth.certificate_path == home / "ours.pem"
    assert fabrikam.settings is not None
    assert fabrikam.settings.auth.kind is AuthKind.MANAGED_IDENTITY
    assert fabrikam.settings.auth.certificate_path is None


def test_a_tenants_secret_file_beats_the_secret_of_all(home: Path) -> None:
    login = f"auth: {{kind: clientSecret, client_id: {CLIENT}}}\n"
    (home / "air-agent.yaml").write_text("tenants: {directory: tenants}\n" + login, encoding="utf-8")
    (home / "tenants" / "secret").write_text("fabrikam's", encoding="utf-8")
    add(home, "contoso", 1)
    add(home, "fabrikam", 2, "auth: {client_secret_file: secret}\n")

    found = fleet(home, {"AIR_AGENT_CLIENT_SECRET": "everybody's"}).tenants

    secrets = [
        one.settings.auth.client_secret.reveal()
        for one in found
        if one.settings is not None and one.settings.auth.client_secret is not None
    ]
    assert secrets == ["everybody's", "fabrikam's"]


def test_what_is_wrong_with_one_tenant_is_its_trouble_alone(home: Path) -> None:
    add(home, "contoso", 1)
    add(home, "fabrikam", 2, "gards: {users: 3}\n")
    write(home, "litware", "mode: observe\n")

    found = problems(home)

    assert found["contoso"] == ""
    assert found["fabrikam"] == "tenants/fabrikam.yaml:2:1: unknown setting `gards`: did you mean `guards`?"
    assert found["litware"] == "tenants/litware.yaml: `tenant.id` is missing: set it here"


@pytest.mark.parametrize("section", Process.__struct_fields__)
def test_a_tenant_may_not_set_what_is_the_whole_processs(home: Path, section: str) -> None:
    add(home, "contoso", 1, f"{section}: x\n" if section == "replica" else f"{section}: {{}}\n")

    found = problems(home)["contoso"]

    assert (
        found
        == f"tenants/contoso.yaml:2:1: `{section}` is for all tenants: set it in {home / 'air-agent.yaml'}".replace(
            f"{home}{os.sep}", ""
        )
    )


def test_a_tenant_may_not_take_another_base_than_the_one_that_all_share(home: Path) -> None:
    add(home, "contoso", 1, "policies: {base: own, directory: added}\n")
    add(home, "fabrikam", 2, "policies: {directory: added}\n")
    before = problems(home)
    with (home / "air-agent.yaml").open("a") as file:
        file.write("policies: {base: shared}\n")

    after = problems(home)

    assert before == {"contoso": "", "fabrikam": ""}
    assert after == {
        "contoso": "tenants/contoso.yaml:2:18: `policies.base` is set for all tenants, in air-agent.yaml: leave it out here",
        "fabrikam": "",
    }


def test_a_tenant_that_two_files_name_is_looked_after_once(home: Path) -> None:
    add(home, "contoso", 1)
    write(home, "contoso-old", f"tenant: {{id: {tenant_id(1).upper()}}}\n")

    assert problems(home) == {
        "contoso": "",
        "contoso-old": "contoso-old.yaml: `tenant.id` is that of `contoso` already: each tenant has one file: take one of them away",
    }


@pytest.mark.parametrize(
    "name", ["Contoso.yaml", "con toso.yaml", "contoso.yml", "-contoso.yaml", "{tenant}.yaml"]
)
def test_a_file_that_is_not_called_as_it_has_to_be_is_told_of(home: Path, name: str) -> None:
    (home / "tenants" / name).write_text(f"tenant: {{id: {tenant_id(1)}}}\n", encoding="utf-8")

    (found,) = problems(home).values()

    assert found.startswith(f"tenants/{name}: is not called as a tenant's file has to be")


def test_what_is_no_tenants_file_is_passed_over(home: Path) -> None:
    add(home, "contoso", 1)
    (home / "tenants" / "README.md").write_text("hello", encoding="utf-8")
    (home / "tenants" / "contoso.yml").write_text("an old one", encoding="utf-8")
    (home / "tenants" / "..data.yaml").write_text("hello", encoding="utf-8")

    assert list(problems(home)) == ["contoso"]


def test_no_tenant_at_all_is_an_error_and_not_an_empty_fleet(home: Path) -> None:
    assert "has no tenant: write a file such as `contoso.yaml` there" in refused(home)

    (home / "tenants").rmdir()

    assert "cannot be read: no such file or directory" in refused(home)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (f"tenant: {{id: {tenant_id(1)}}}\n", "`tenant.id` stands in each tenant's own file"),
        ("ledger: {url: 'sqlite:///one.db'}\n", "many tenants cannot share one file of SQLite"),
        ("audit: {file: audit.jsonl}\n", "`audit.file`: many tenants cannot share one file"),
    ],
)
def test_tenants_may_not_get_into_each_others_way(home: Path, more: str, words: str) -> None:
    (home / "air-agent.yaml").write_text(SHARED + more, encoding="utf-8")
    add(home, "contoso", 1)

    assert words in refused(home)


def test_a_tenant_of_which_nothing_changed_is_taken_as_it_was(home: Path) -> None:
    add(home, "contoso", 1)
    add(home, "fabrikam", 2)
    before = fleet(home)

    add(home, "fabrikam", 2, "mode: enforce\n")
    after = fleet(home, known=before)

    assert after.tenants[0] is before.tenants[0]
    assert after.tenants[1].digest != before.tenants[1].digest


def test_a_renewed_secret_is_a_change(home: Path) -> None:
    login = f"auth: {{kind: clientSecret, client_id: {CLIENT}, client_secret_file: secret}}\n"
    (home / "air-agent.yaml").write_text("tenants: {directory: tenants}\n" + login, encoding="utf-8")
    (home / "secret").write_text("old", encoding="utf-8")
    add(home, "contoso", 1)
    before = fleet(home)

    (home / "secret").write_text("new", encoding="utf-8")
    after = fleet(home, known=before)

    assert before.tenants[0].digest != after.tenants[0].digest
    assert fleet(home, known=after).tenants[0] is after.tenants[0]


def test_one_tenant_without_a_folder_is_a_fleet_of_one(tmp_path: Path) -> None:
    path = tmp_path / "air-agent.yaml"
    path.write_text(f"tenant: {{id: {tenant_id(1)}}}\n", encoding="utf-8")

    found = load_fleet(path, {})

    assert not found.is_many
    assert found.tenants[0].settings == load(path, {})


def test_a_command_about_one_tenant_says_which_there_are(home: Path) -> None:
    add(home, "contoso", 1)
    add(home, "fabrikam", 2)
    settings = ["--settings", str(home / "air-agent.yaml")]

    unsaid = CliRunner().invoke(app, ["pending", *settings])
    misspelt = CliRunner().invoke(app, ["status", *settings, "--tenant", "contosso"])
    named = CliRunner().invoke(app, ["status", *settings, "--tenant", "contoso"])
    by_environment = CliRunner().invoke(app, ["status", *settings], env={"AIR_AGENT_TENANT": "fabrikam"})

    assert unsaid.exit_code == misspelt.exit_code == 2
    assert "one of `contoso`, `fabrikam`" in unsaid.stderr
    assert "did you mean `contoso`?" in misspelt.stderr
    assert "air-agent-data/contoso/ledger.db" in named.stderr
    assert "air-agent-data/fabrikam/ledger.db" in by_environment.stderr


def test_a_tenant_is_not_named_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "air-agent.yaml"
    path.write_text(f"tenant: {{id: {tenant_id(1)}}}\n", encoding="utf-8")

    done = CliRunner().invoke(app, ["status", "--settings", str(path), "--tenant", "contoso"])

    assert done.exit_code == 2
    assert "`tenants.directory` is not set" in done.stderr
