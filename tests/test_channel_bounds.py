"""What the settings let channel files name, for one tenant and for many, and that a set with more does not load."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.connecting import bounds_of
from agent.faces.cli.app import app
from agent.loop.policies import InForce
from agent.model.errors import PolicyError, SettingsError
from agent.settings.loading import load, load_fleet
from agent.settings.subjects import Settings
from tests.judge.writing import policy_file

TENANT = "tenant: {id: 11111111-1111-1111-1111-111111111111}\n"
HEAD = "channel: here\ndescription: One.\nowner: soc@contoso.example\n"


def settings(folder: Path, text: str = "") -> Settings:
    (folder / "air-agent.yaml").write_text(TENANT + text)
    return load(folder / "air-agent.yaml", {}, needs=frozenset())


def many(folder: Path, text: str = "", own: str = "") -> Settings:
    (folder / "tenants").mkdir(exist_ok=True)
    (folder / "tenants" / "contoso.yaml").write_text(TENANT + own)
    (folder / "air-agent.yaml").write_text(f"tenants: {{directory: tenants}}\n{text}")
    return load(folder / "air-agent.yaml", {}, needs=frozenset(), tenant="contoso")


def policies(folder: Path, channel: str) -> Path:
    (folder / "policies" / "channels").mkdir(parents=True)
    (folder / "policies" / "p.yaml").write_bytes(policy_file())
    (folder / "policies" / "channels" / "here.yaml").write_text(HEAD + channel)
    return folder / "policies"


def test_one_tenant_has_the_folders_of_containers_and_of_systemd_and_a_folder_beside_its_ledger(
    tmp_path: Path,
) -> None:
    found = bounds_of(settings(tmp_path), {})
    handed = bounds_of(settings(tmp_path), {"CREDENTIALS_DIRECTORY": "/run/credentials/air-agent.service"})

    assert found.secrets == (Path("/run/secrets/channels"),)
    assert handed.secrets == (*found.secrets, Path("/run/credentials/air-agent.service"))
    assert found.files == tmp_path / "air-agent-data" / "notices"
    assert found.variables is None


def test_many_tenants_have_each_a_folder_of_their_own_and_no_variable_unless_it_is_named(
    tmp_path: Path,
) -> None:
    handed = {"CREDENTIALS_DIRECTORY": "/run/credentials/air-agent.service"}

    found = bounds_of(many(tmp_path), handed)
    named = bounds_of(many(tmp_path, own="escalation: {variables: 'CONTOSO_*, PAGER'}\n"), handed)

    assert found.secrets == (Path("/run/secrets/channels/contoso"),)
    assert found.files == tmp_path / "air-agent-data" / "contoso" / "notices"
    assert found.variables == ()
    assert named.variables == ("CONTOSO_*", "PAGER")


def test_a_tenant_may_have_other_folders_than_all(tmp_path: Path) -> None:
    shared = "escalation: {secrets: 'keys/{tenant}', files: 'said/{tenant}'}\n"

    found = bounds_of(many(tmp_path, shared), {})
    own = bounds_of(many(tmp_path, shared, "escalation: {secrets: /srv/keys}\n"), {})

    assert (found.secrets, found.files) == ((tmp_path / "keys" / "contoso",), tmp_path / "said" / "contoso")
    assert (own.secrets, own.files) == ((Path("/srv/keys"),), tmp_path / "said" / "contoso")


def test_a_database_has_no_folder_beside_it(tmp_path: Path) -> None:
    found = bounds_of(settings(tmp_path, "ledger: {url: 'postgresql://agent@db/air'}\n"), {})

    assert found.files is None


def test_what_the_agent_and_its_pages_log_in_with_is_their_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("x" * 40)
    found = bounds_of(
        settings(
            tmp_path,
            "auth: {kind: certificate, client_id: 11111111-1111-1111-1111-111111111111, certificate_path: c.pem}\n"
            "audit: {key_file: key}\nweb: {url: 'https://a.example', certificate: t.crt, certificate_key: t.key}\n",
        ),
        {},
    )

    assert {one.name for one in found.own} == {"c.pem", "key", "t.key"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("escalation: {files: air-agent-data}", "`escalation.files`: `ledger.url` lies there too"),
        (
            "escalation: {files: run}\nhold: {file: run/HOLD}",
            "`escalation.files`: `hold.file` lies there too",
        ),
        (
            "escalation: {files: run}\naudit: {file: run/a/b.jsonl}",
            "`escalation.files`: `audit.file` lies there too",
        ),
        ("escalation: {files: policies}", "`escalation.files`: `policies.directory` lies there too"),
        ("escalation: {files: policies/said}", "`escalation.files`: `policies.directory` lies there too"),
        ("escalation: {files: .}", "`escalation.files`: `ledger.url` lies there too"),
        ("escalation: {variables: 'A B'}", "names `A B`, which is no variable"),
        ("escalation: {variables: '*'}", "names `*`, which is no variable"),
    ],
)
def test_folders_and_variables_that_would_let_channels_name_too_much_are_refused(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(tmp_path, text)

    assert words in str(refused.value)


def test_a_folder_with_nothing_else_in_it_is_taken(tmp_path: Path) -> None:
    assert (
        settings(tmp_path, "escalation: {files: air-agent-data/said}").notices()
        == tmp_path / "air-agent-data" / "said"
    )


def test_tenants_do_not_write_into_each_others_files(tmp_path: Path) -> None:
    many(tmp_path)
    with (tmp_path / "air-agent.yaml").open("a") as file:
        file.write("escalation: {files: said}\n")

    with pytest.raises(
        SettingsError, match=r"`escalation.files`: channels of many tenants would write into each other's"
    ):
        load_fleet(tmp_path / "air-agent.yaml", {}, needs=frozenset())


@pytest.mark.parametrize(
    ("channel", "line"),
    [
        ("kind: pagerDuty\nroutingKey: {file: /etc/shadow}\n", 5),
        ("kind: pagerDuty\nroutingKey: {env: KEY}\napiToken: {file: /etc/shadow}\n", 6),
        ("kind: file\npath: ../../HOLD\n", 5),
        ("kind: slack\nto: C0123456789\ntoken: {file: /run/secrets/channels/../login/key}\n", 6),
        (
            (
                "kind: email\nfrom: a@contoso.example\nto: [b@contoso.example]\n"
                "smtp: {host: smtp.contoso.example, user: u, password: {file: /etc/shadow}}\n"
            ),
            7,
        ),
    ],
)
def test_a_set_with_a_channel_that_names_more_does_not_load_and_says_where(
    tmp_path: Path, channel: str, line: int
) -> None:
    folder = policies(tmp_path, channel)
    files = {str(path): path.read_bytes() for path in folder.rglob("*.yaml")}
    outside = bounds_of(settings(tmp_path), {}).outside

    with pytest.raises(PolicyError) as told:
        InForce(files, outside=outside)

    (problem,) = told.value.problems
    assert (problem.file, problem.line) == (f"{folder}/channels/here.yaml", line)
    assert "`escalation." in problem.message
    assert InForce(files).judge.policies, "who only looks at it holds it to nothing"


def test_what_may_be_named_loads(tmp_path: Path) -> None:
    folder = policies(tmp_path, "kind: pagerDuty\nroutingKey: {file: /run/secrets/channels/key}\n")
    files = {str(path): path.read_bytes() for path in folder.rglob("*.yaml")}

    in_force = InForce(files, outside=bounds_of(settings(tmp_path), {}).outside)

    assert in_force.judge.policies


def test_checking_with_settings_tells_it_before_anybody_saves(tmp_path: Path) -> None:
    folder = policies(tmp_path, "kind: file\npath: /etc/cron.d/agent\n")
    settings(tmp_path)
    run, path = CliRunner(env={"COLUMNS": "250"}), str(tmp_path / "air-agent.yaml")

    without = run.invoke(app, ["policy", "check", str(folder)])
    held = run.invoke(app, ["policy", "check", "--settings", path, str(folder)])
    usual = run.invoke(app, ["policy", "check", "--settings", path])

    assert without.exit_code == 0, without.output
    assert held.exit_code == usual.exit_code == 1
    told = f"{folder}/channels/here.yaml:5:7: error does-not-load: `/etc/cron.d/agent` lies outside of"
    assert told in held.output
    assert told in usual.output
