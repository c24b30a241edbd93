"""Commands over many tenants: what is about all of them, and what has to be about one."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.adapters.host import SystemClock
from agent.faces.cli.app import app
from agent.faces.cli.status_of_many import Rank, rank
from agent.model.alarm import Alarm
from agent.model.enactment import State
from agent.model.fallback import Fallback
from agent.model.hold import Hold, Replica
from agent.model.standing import Brief
from tests.adapters.records import NOW, a_record, an_action
from tests.ledgers import open_ledger

IDS = {
    name: f"00000000-0000-0000-0000-00000000000{number}" for number, name in enumerate(("adatum", "contoso"))
}


def run(folder: Path, *arguments: str) -> Result:
    invoked = [*arguments, "--settings", str(folder / "air-agent.yaml")]
    return CliRunner(env={"COLUMNS": "200", "AIR_AGENT_TENANT": ""}).invoke(app, invoked)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tenants, of which only the first was ever looked after."""
    (tmp_path / "tenants").mkdir()
    (tmp_path / "policies").mkdir()
    (tmp_path / "air-agent.yaml").write_text("tenants: {directory: tenants}\nauth: {kind: managedIdentity}\n")
    for name, tenant_id in IDS.items():
        (tmp_path / "tenants" / f"{name}.yaml").write_text(f"tenant: {{id: {tenant_id}}}\n")

    async def fill() -> None:
        where = f"sqlite:///{tmp_path}/air-agent-data/adatum/ledger.db"
        async with open_ledger(where, IDS["adatum"]) as ledger:
            action = an_action(tenant=IDS["adatum"])
            await ledger.save([a_record(action=action, state=State.ESCALATED)], now=NOW)
            await ledger.beat(Replica(name="agent", alive=SystemClock().now()))

    asyncio.run(fill())
    return tmp_path


def test_status_says_of_each_tenant_how_it_stands_and_names_first_who_needs_somebody(folder: Path) -> None:
    (folder / "tenants" / "broken.yaml").write_text("tenant: {id: nobody}\n")

    done = run(folder, "status", "--json")

    told = json.loads(done.stdout)["tenants"]
    assert done.exit_code == 1
    assert [one["tenant"] for one in told] == ["broken", "contoso", "adatum"]
    assert "`nobody` is not a GUID" in told[0]["problem"]
    assert "no such file or directory" in told[1]["problem"]
    assert (told[2]["open"], told[2]["problem"], told[2]["alarms"]) == (1, "", [])


def test_status_is_one_line_for_each(folder: Path) -> None:
    done = run(folder, "status")

    assert "adatum" in done.stdout
    assert "2 tenants, 1 of them not fine; all of one: `air-agent status --tenant NAME`" in done.stdout


def test_status_of_one_of_many_is_the_whole_of_it(folder: Path) -> None:
    done = run(folder, "status", "--tenant", "adatum")

    assert "kill switch" in done.stdout


def test_hold_and_release_want_to_know_of_whom(folder: Path) -> None:
    held, released = run(folder, "hold", "why"), run(folder, "release")

    assert (held.exit_code, released.exit_code) == (2, 2)
    assert "name one with `--tenant`, or take `--all`: one of `adatum`, `contoso`" in held.stderr
    assert held.stderr == released.stderr


def test_a_hold_of_one_tenant_holds_no_other_and_all_are_held_and_released_together(folder: Path) -> None:
    (folder / "tenants" / "contoso.yaml").write_text(f"tenant: {{id: {IDS['contoso']}}}\nmode: observe\n")

    async def prepare() -> None:
        where = f"sqlite:///{folder}/air-agent-data/contoso/ledger.db"
        async with open_ledger(where, IDS["contoso"]):
            pass

    asyncio.run(prepare())

    one = run(folder, "hold", "odd", "--tenant", "adatum")
    after_one = {each["tenant"]: len(each["holds"]) for each in _briefs(folder)}
    both = run(folder, "hold", "worse", "--all")
    after_both = {each["tenant"]: len(each["holds"]) for each in _briefs(folder)}
    freed = run(folder, "release", "--all")
    after = {each["tenant"]: len(each["holds"]) for each in _briefs(folder)}

    assert (one.exit_code, both.exit_code, freed.exit_code) == (0, 0, 0)
    assert after_one == {"adatum": 1, "contoso": 0}
    assert after_both == {"adatum": 1, "contoso": 1}
    assert after == {"adatum": 0, "contoso": 0}


def test_who_cannot_be_held_is_said_and_the_others_are_held(folder: Path) -> None:
    done = run(folder, "hold", "odd", "--all")

    assert done.exit_code == 1
    assert "adatum: held: nothing is carried out from now on" in done.stdout
    assert "contoso: nothing was done: " in done.stdout


def test_all_and_one_contradict_each_other(folder: Path) -> None:
    done = run(folder, "hold", "odd", "--all", "--tenant", "adatum")

    assert done.exit_code == 2
    assert "`--all` and `--tenant adatum` contradict each other" in done.stderr


@pytest.mark.parametrize("command", [("pending",), ("history",), ("worklist",), ("show", "abc"), ("report",)])
def test_what_is_about_one_tenant_names_those_there_are(folder: Path, command: tuple[str, ...]) -> None:
    done = run(folder, *command)

    assert done.exit_code == 2
    assert "one of `adatum`, `contoso`" in done.stderr


@pytest.mark.parametrize(
    ("brief", "expected"),
    [
        (Brief(tenant="a"), Rank.FINE),
        (Brief(tenant="a", problem="no YAML", is_silent=True), Rank.BROKEN),
        (Brief(tenant="a", is_silent=True, alarms=(Alarm(name="a", since=NOW, words=""),)), Rank.SILENT),
        (Brief(tenant="a", alarms=(Alarm(name="a", since=NOW, words=""),)), Rank.ALARM),
        (Brief(tenant="a", holds=(Hold(name="hold", since=NOW, by="a", reason="b"),)), Rank.HELD),
        (
            Brief(
                tenant="a", fallbacks=(Fallback(policy="p", since=NOW, action_id="a", words="", revision=""),)
            ),
            Rank.FELL_BACK,
        ),
    ],
)
def test_what_is_worst_of_a_tenant_is_what_it_is_called(brief: Brief, expected: Rank) -> None:
    assert rank(brief) is expected


def _briefs(folder: Path) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(run(folder, "status", "--json").stdout)["tenants"]
    return told
