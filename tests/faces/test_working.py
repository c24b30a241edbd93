"""`worklist` over a real ledger."""

import json
import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from agent.adapters.host import SystemClock
from agent.faces.cli.app import app
from agent.model.decision import Verb
from agent.model.defender import PENDING_APPROVAL, MailboxConfigurationEvidence
from agent.model.enactment import Confirmation, PendingSeen, Plan, Record, State, Way
from tests.faces.records import HOSTILE, a_record, a_settings_file
from tests.makers import NOW, TENANT, a_cluster

HAND_OFF = Plan(way=Way.HAND_OFF, why="Graph has no call for it")
FORWARDING = MailboxConfigurationEvidence(
    remediation_status=PENDING_APPROVAL,
    mailbox_primary_address="anna@contoso.example",
    configuration_type="mailForwardingRule",
)


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "120"}).invoke(app, list(arguments))


def current(record: Record, *, days: float = 3) -> Record:
    """Return the record with its week still open by the clock of this machine."""
    now = SystemClock().now()
    incident = msgspec.structs.replace(
        record.action.incident, web_url=f"https://security.microsoft.com/incident2/1?tid={TENANT}"
    )
    action = msgspec.structs.replace(record.action, deadline=now + timedelta(days=days), incident=incident)
    return msgspec.structs.replace(record, action=action)


def unlinked(record: Record) -> Record:
    """Return the record with a link to its alert and none to its incident."""
    seen = current(record, days=2.5)
    incident = msgspec.structs.replace(seen.action.incident, web_url=None)
    sighting = msgspec.structs.replace(seen.action.sightings[0], web_url="https://alert.example/1")
    action = msgspec.structs.replace(seen.action, incident=incident, sightings=(sighting,))
    return msgspec.structs.replace(seen, action=action)


@pytest.fixture
def settings(tmp_path: Path) -> str:
    closed = Confirmation(pending=PendingSeen.CLOSED, at=SystemClock().now() - timedelta(hours=1))
    return str(
        a_settings_file(
            tmp_path,
            unlinked(a_record(State.ESCALATED, Verb.ESCALATE, evidence=a_cluster(query="one"))),
            current(a_record(State.REJECTED, Verb.REJECT, evidence=a_cluster(query="two"), reason=HOSTILE)),
            current(a_record(State.HANDED_OFF, evidence=FORWARDING, plan=HAND_OFF), days=1.5),
            current(
                a_record(
                    State.SUPERSEDED,
                    evidence=a_cluster(query="three", status="remediated"),
                    confirmation=closed,
                    why="Defender shows `remediated`",
                )
            ),
            a_record(State.SENT, evidence=a_cluster(query="four")),
        )
    )


def as_json(*arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_list_says_what_to_press_until_when_and_where(settings: str) -> None:
    done = run("worklist", "--settings", settings)

    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "3 to decide in the Action center, which selects together what is of one type:"
    assert lines[1] == f"https://security.microsoft.com/action-center/pending?tid={TENANT}"
    groups = [line for line in lines if ", first deadline " in line]
    assert [group.split(":")[0] for group in groups] == [
        "Of a type that only the Action center names",
        "Soft delete email cluster",
    ]
    assert [line.split("  ")[0] for line in lines if line.startswith("[ ]")] == [
        "[ ] Approve",
        "[ ] Approve or Reject",
        "[ ] Reject",
    ]
    assert "(in 1d 11h)" in done.stdout
    assert f"    incident https://security.microsoft.com/incident2/1?tid={TENANT}" in lines
    assert "    alert    https://alert.example/1" in lines
    assert "    or run   Get-Mailbox -Identity 'anna@contoso.example' | Format-List" in done.stdout
    assert (
        "             Set-Mailbox -Identity 'anna@contoso.example' -ForwardingSmtpAddress $null"
        " -ForwardingAddress $null -DeliverToMailboxAndForward $false"
    ) in lines


def test_an_attackers_text_does_nothing_on_the_terminal(settings: str) -> None:
    done = run("worklist", "--settings", settings)

    acting = {letter for letter in done.stdout if unicodedata.category(letter) in {"Cc", "Cf", "Cs"}}
    assert "Invoice" in done.stdout
    assert acting <= {"\n"}


def test_what_people_decided_is_ticked_off(settings: str) -> None:
    done = run("worklist", "--done", "--settings", settings)

    assert done.exit_code == 0
    assert "1 decided in the portal within the last day" in done.stdout
    assert f"https://security.microsoft.com/action-center/history?tid={TENANT}" in done.stdout
    assert "[x]" in done.stdout
    assert "ended    Defender shows `remediated`" in done.stdout
    assert "Approve" not in done.stdout


def test_json_has_stable_names(settings: str) -> None:
    found = as_json("worklist", "--settings", settings)

    assert set(found) == {"now", "action_center", "groups", "holds"}
    assert set(found["groups"][0]) == {"type", "items"}
    assert set(found["groups"][0]["items"][0]) == {
        "id",
        "type",
        "what",
        "press",
        "why",
        "deadline",
        "done",
        "how_it_ended",
        "incident_url",
        "alert_urls",
        "commands",
    }
    assert len(as_json("worklist", "--done", "--settings", settings)["groups"]) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "nothing is to be pressed\n"),
        (["--done"], "nobody decided anything in the portal within the last day\n"),
    ],
)
def test_an_empty_list_says_so(tmp_path: Path, options: list[str], words: str) -> None:
    done = run("worklist", *options, "--settings", str(a_settings_file(tmp_path)))

    assert (done.exit_code, done.stdout) == (0, words)


def test_show_has_the_command_too_while_a_person_has_to_act(tmp_path: Path) -> None:
    record = a_record(State.HANDED_OFF, evidence=FORWARDING, plan=HAND_OFF)
    settings = str(a_settings_file(tmp_path, record))

    done = run("show", record.action.id, "--settings", settings)

    assert "Instead of approving, in Exchange Online PowerShell" in done.stdout
    assert "Set-Mailbox -Identity 'anna@contoso.example'" in done.stdout
    assert f"action-center/pending?tid={TENANT}" in done.stdout
    assert len(as_json("show", record.action.id, "--settings", settings)["commands"]) == 5


def test_show_has_no_command_where_nobody_has_to_act(tmp_path: Path) -> None:
    record = a_record(State.SUPERSEDED, evidence=FORWARDING, plan=HAND_OFF, at=NOW)
    settings = str(a_settings_file(tmp_path, record))

    assert as_json("show", record.action.id, "--settings", settings)["commands"] == []
    assert "PowerShell" not in run("show", record.action.id, "--settings", settings).stdout
