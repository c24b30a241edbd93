"""Settings files of many tenants -> who they are, and what they are opened by."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.composing_fleet import SettingsRoster, open_shares
from agent.faces.report.dispatch import reporter_of
from agent.model.errors import SettingsError
from agent.ports.fleet import Alone
from agent.settings.loading import load_fleet
from agent.settings.roster import FleetSettings

ROOT = Path(__file__).parent.parent
IDS = ("00000000-0000-0000-0000-00000000000A", "00000000-0000-0000-0000-00000000000b")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tenants").mkdir()
    (tmp_path / "policies").mkdir()
    (tmp_path / "air-agent.yaml").write_text(
        'tenants: {directory: tenants}\ngraph: {cloud: simulator, url: "http://127.0.0.1:9"}\n'
        "auth: {kind: clientSecret, client_id: 00000000-0000-0000-0000-00000000000c}\n"
    )
    for name, tenant_id in zip(("adatum", "contoso"), IDS, strict=True):
        (tmp_path / "tenants" / f"{name}.yaml").write_text(f"tenant: {{id: {tenant_id}}}\n")
    return tmp_path


def roster(folder: Path, told: list[str]) -> SettingsRoster:
    def read(known: FleetSettings | None) -> FleetSettings:
        return load_fleet(folder / "air-agent.yaml", {}, needs=frozenset(), known=known)

    return SettingsRoster(read(None), read, reporter_of, told.append)


async def test_each_file_is_a_tenant_whose_digest_follows_what_is_written_there(folder: Path) -> None:
    tenants = roster(folder, [])
    first = {one.name: one for one in await tenants.look()}

    (folder / "tenants" / "adatum.yaml").write_text(f"tenant: {{id: {IDS[0]}}}\nmode: enforce\n")
    second = {one.name: one for one in await tenants.look()}
    (folder / "tenants" / "adatum.yaml").write_text("tenant: {id: nobody}\n")
    third = {one.name: one for one in await tenants.look()}

    assert {name: one.tenant_id for name, one in first.items()} == {
        "adatum": IDS[0].lower(),
        "contoso": IDS[1],
    }
    assert first["adatum"].digest != second["adatum"].digest
    assert first["contoso"] == second["contoso"] == third["contoso"]
    assert "is not a GUID" in third["adatum"].problem


async def test_what_changed_of_the_process_is_told_once_and_waits_for_a_restart(folder: Path) -> None:
    told: list[str] = []
    tenants = roster(folder, told)
    await tenants.look()

    with (folder / "air-agent.yaml").open("a") as file:
        file.write("log: {level: debug}\n")
    await tenants.look()
    await tenants.look()

    assert told == ["`log`"]


async def test_a_tenant_whose_settings_cannot_be_used_is_not_opened_by_others(folder: Path) -> None:
    tenants = roster(folder, [])
    (folder / "tenants" / "adatum.yaml").write_text("tenant: {id: nobody}\n")
    broken = next(one for one in await tenants.look() if one.problem)

    with pytest.raises(SettingsError, match="the settings of `adatum` cannot be used"):
        async with tenants.desk(broken, None):
            pass


async def test_with_files_for_ledgers_every_tenant_is_this_processs(folder: Path) -> None:
    process = load_fleet(folder / "air-agent.yaml", {}, needs=frozenset()).process

    async with open_shares(process) as (shares, place):
        assert isinstance(shares, Alone)
        assert place is None


def test_once_tells_of_each_tenant_what_came_of_it(folder: Path) -> None:
    """Graph is away for both; one has no policies besides. Neither keeps the other from being told."""
    (folder / "tenants" / "contoso.yaml").write_text(
        f"tenant: {{id: {IDS[1]}}}\npolicies: {{directory: gone}}\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "agent", "once", "--json", "--settings", str(folder / "air-agent.yaml")],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "AIR_AGENT_CLIENT_SECRET": "simulated-secret"},
        capture_output=True,
        text=True,
        check=False,
    )

    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert [one["tenant"] for one in told] == ["adatum", "contoso"]
    assert all(len(one["problems"]) == 1 and "login" in one["problems"][0] for one in told)
    assert {json.loads(line).get("tenant") for line in done.stderr.splitlines()} == {"adatum", "contoso"}
