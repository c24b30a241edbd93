"""The settings file that the chart writes is one that the agent and the pages take."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.settings.loading import AUDIT, RUNS, WEB, load, load_fleet
from agent.settings.subjects import AuthKind, Settings
from agent.shelves import shelf_in
from tests.deploy.charts import changed, containers, example, pods, rendered, settings_file

POD = {"AIR_AGENT_REPLICA": "air-agent-0"}
TENANT = {"tenant": {"id": "11111111-2222-3333-4444-555555555555"}}


def written(folder: Path, values: dict[str, Any]) -> Path:
    """Return the file as a container would have it, whose secrets lie below `folder` instead of `/run`."""
    text = settings_file(rendered(values))
    for place in set(re.findall(r"/run/secrets/(\S+)", text)):
        secret = folder / "secrets" / place
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text("0123456789abcdef0123456789abcdef")
    text = text.replace("/run/secrets/", f"{folder}/secrets/").replace(
        "/etc/air-agent-tenants", f"{folder}/tenants"
    )
    file = folder / "air-agent.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def agent(folder: Path, values: dict[str, Any]) -> Settings:
    return load(written(folder, values), POD, needs=RUNS)


def test_the_agent_takes_what_the_chart_writes_for_sqlite(tmp_path: Path) -> None:
    found = agent(tmp_path, example("sqlite"))

    assert found.ledger.url == "sqlite:////var/lib/air-agent/ledger.db"
    assert found.hold_file() == Path("/var/lib/air-agent/HOLD")
    assert found.auth.kind is AuthKind.WORKLOAD_IDENTITY
    assert found.policies.directory == Path("/policies")
    assert found.replica == "air-agent-0"
    assert found.health.listen == "0.0.0.0:8421"


def test_the_agent_takes_what_the_chart_writes_for_postgresql(tmp_path: Path) -> None:
    found = agent(tmp_path, example("postgresql"))

    place = "postgresql://air_agent@db.contoso.example:5432/air_agent"
    assert found.ledger.url == f"{place}?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt"
    assert found.ledger.address().reveal().startswith("postgresql://air_agent:0123456789abcdef")
    assert found.audit.file == Path("/var/lib/air-agent/audit.jsonl")
    assert found.audit.key is not None
    assert found.policies.directory == Path("/policies/current/policies")
    assert found.report.channel == "email-managers"


def test_the_pages_take_the_same_file_without_the_secrets_of_the_login(tmp_path: Path) -> None:
    file = written(tmp_path, example("postgresql"))
    (tmp_path / "secrets" / "login" / "certificate.pem").unlink()

    found = load(file, POD, needs=frozenset({AUDIT, WEB}))

    assert found.web_url() == "https://air.contoso.example"
    assert found.web.client_secret is not None
    assert found.auth.client_secret is None


def test_the_pages_may_have_a_certificate_of_their_own(tmp_path: Path) -> None:
    values = changed(example("postgresql"), {"pages": {"certificateSecret": "air-tls"}})

    found = load(written(tmp_path, values), POD, needs=frozenset({AUDIT, WEB}))

    assert found.web.certificate == tmp_path / "secrets" / "pages-certificate" / "tls.crt"


@pytest.mark.parametrize("kind", ["certificate", "clientSecret"])
def test_a_login_is_a_file(tmp_path: Path, kind: str) -> None:
    login = {"auth": {"kind": kind, "secret": {"name": "login", "key": "it"}}}

    found = agent(tmp_path, changed(example("sqlite"), login)).auth

    assert (found.certificate_path or found.client_secret_file) == tmp_path / "secrets" / "login" / "it"


def test_each_tenant_is_on_top_of_what_they_share(tmp_path: Path) -> None:
    for name, digit in (("contoso", "1"), ("fabrikam", "2")):
        secret = tmp_path / "secrets" / "tenants" / name
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text("hush")
        own = {
            "tenant": {"id": TENANT["tenant"]["id"].replace("1", digit), "name": name.title()},
            "auth": {"client_id": TENANT["tenant"]["id"], "client_secret_file": str(secret)},
        }
        (tmp_path / "tenants").mkdir(exist_ok=True)
        (tmp_path / "tenants" / f"{name}.yaml").write_text(yaml.safe_dump(own))

    fleet = load_fleet(written(tmp_path, example("tenants")), POD)

    assert [(one.name, one.problem) for one in fleet.tenants] == [("contoso", ""), ("fabrikam", "")]
    folders = {one.settings.policies.directory for one in fleet.tenants if one.settings is not None}
    assert folders == {Path("/policies/contoso"), Path("/policies/fabrikam")}
    assert {one.settings.policies.base for one in fleet.tenants if one.settings is not None} == {
        Path("/policies/shared")
    }
    files = {one.settings.audit.file for one in fleet.tenants if one.settings is not None}
    assert files == {Path(f"/var/lib/air-agent/{name}/audit.jsonl") for name in ("contoso", "fabrikam")}


def test_a_large_number_is_written_as_it_was(tmp_path: Path) -> None:
    """Helm reads numbers as floating point, and would write 1e+06."""
    million = changed(example("sqlite"), {"settings": {"guards": {"messages_per_day": 1000000}}})

    assert agent(tmp_path, million).guards.messages_per_day == 1_000_000


def test_policies_are_read_as_kubernetes_lays_config_maps(tmp_path: Path) -> None:
    """Each file is a link through `..data`, and a folder below is another mount."""
    for folder in ("", "chains", "channels", "lists", "situations"):
        source = Path("policies") / folder
        mount = tmp_path / "policies" / folder
        laid = mount / "..2026_11_26_01_02_03.4"
        laid.mkdir(parents=True)
        (mount / "..data").symlink_to(laid.name)
        for file in sorted(source.glob("*.yaml")):
            (laid / file.name).write_bytes(file.read_bytes())
            (mount / file.name).symlink_to(Path("..data") / file.name)

    files = shelf_in(tmp_path / "policies").files()

    assert not [name for name in files if ".." in name]
    assert len([name for name in files if name.endswith("vip-recipients.yaml")]) == 1
    assert str(tmp_path / "policies" / "chains" / "secops.yaml") in files


def test_what_the_example_needs_is_in_its_own_config_maps() -> None:
    """Each folder of the shipped policies that has files is named."""
    folders = {each.get("folder", "") for each in example("sqlite")["policies"]["configMaps"]}
    there = {
        each.parent.relative_to("policies").as_posix().removeprefix(".")
        for each in Path("policies").rglob("*.yaml")
    }

    assert folders == there - {"schema"}
    sizes = [sum(each.stat().st_size for each in (Path("policies") / one).glob("*.yaml")) for one in folders]
    assert max(sizes) < 1024 * 1024, "a ConfigMap takes one MiB"


def test_no_variable_of_the_chart_is_an_unknown_setting() -> None:
    for way in ("sqlite", "postgresql"):
        for pod in pods(rendered(example(way))).values():
            for container in containers(pod).values():
                own = [each["name"] for each in container["env"] if each["name"].startswith("AIR_AGENT_")]
                assert own in ([], ["AIR_AGENT_REPLICA"])
