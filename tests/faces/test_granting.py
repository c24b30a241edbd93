"""`doctor --grants`: the registration that settings need, and scripts that can be run as they are."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tree_sitter_powershell
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Language, Parser
from typer.testing import CliRunner, Result

from agent.adapters.microsoft.clouds import cloud_named
from agent.faces.cli.app import app
from agent.faces.doctor import az, powershell, scripts
from agent.judge.doctor.needs import needs
from agent.judge.doctor.registration import APP, SIGNS_IN, Registration, Wanted, registration
from agent.model import permission as may
from agent.model.checkup import Features
from agent.model.pending import ActionKind
from agent.model.permission import Api, Permission
from agent.simulator import names
from tests.azure_cli import Entra, installed
from tests.doctors import settings_in, written
from tests.judge.writing import policy_file

TENANT = "11111111-2222-4333-8444-555555555555"
HOSTILE = "Con'to\"so`$(rm -rf /)\n; | & {0} \u2019 \u202e ${HOME} %"
FULL = Features(
    enforces=True,
    endpoint=True,
    enforced=frozenset(ActionKind) - {ActionKind.UNKNOWN},
    has_approvers=True,
    has_roles=True,
    feeds_people=True,
    feeds_devices=True,
    has_secret=True,
    senders=("air-agent@contoso.example",),
)


def wanted(features: Features = FULL, **other: Any) -> Wanted:
    given: dict[str, Any] = {
        "tenant_id": TENANT,
        "tenant": "Contoso",
        "mode": "enforce",
        "graph": cloud_named("global").graph,
        "features": features,
        "client_id": "",
        "sign_in_id": "",
        "redirect": "https://air.contoso.example/sign-in/back",
        "reader": "Reader",
        "operator": "Operator",
        "approvers": ("SecOps.Approver",),
    }
    return Wanted(**(given | other))


def whole(features: Features = FULL, *, apart: bool = False, **other: Any) -> Registration:
    return registration(wanted(features, **other), apart=apart)


def hostile() -> Registration:
    return whole(
        tenant=HOSTILE,
        redirect=f"https://{HOSTILE}",
        approvers=(HOSTILE, "plain"),
    )


# The script for bash


@pytest.mark.parametrize("one", [whole(), whole(apart=True), whole(Features()), hostile()])
def test_bash_takes_the_script(one: Registration) -> None:
    done = subprocess.run(["bash", "-n"], input=az.script(one), text=True, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert az.script(one).isascii()


class Az:
    """The script, run against an Entra ID of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        apis = [
            {"id": "sp-graph", "appId": Api.GRAPH.app_id, "roles": ids(Api.GRAPH)},
            {"id": "sp-endpoint", "appId": Api.ENDPOINT.app_id, "roles": ids(Api.ENDPOINT)},
        ]
        principals = [{**one, "assignments": [], "consents": []} for one in apis]
        self.entra = Entra({"tenant": TENANT, "applications": [], "principals": principals})

    @property
    def state(self) -> Any:
        return self.entra.state

    def run(self, script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        with installed(self.entra, self.folder) as port:
            path = f"{self.folder}:{os.environ['PATH']}"
            return subprocess.run(
                ["bash", "-s", "--", *arguments],
                input=script,
                text=True,
                capture_output=True,
                check=False,
                env={"PATH": path, "AZ_PORT": str(port), "HOME": str(self.folder), **variables},
                cwd=self.folder,
            )

    def principal(self, name: str) -> Any:
        client = self.app(name)["appId"]
        return next(one for one in self.state["principals"] if one["appId"] == client)

    def app(self, name: str) -> Any:
        return next(one for one in self.state["applications"] if one["displayName"] == name)


def every() -> tuple[Permission, ...]:
    return tuple(one for one in vars(may).values() if isinstance(one, Permission))


def ids(api: Api) -> dict[str, str]:
    return {one.name: one.id for one in every() if one.api is api}


@pytest.fixture
def entra(tmp_path: Path) -> Az:
    return Az(tmp_path)


SMALL = Features(enforces=False, has_roles=True, has_approvers=True, feeds_people=True)
"""Few permissions: each is several calls of a program."""


def test_the_script_makes_what_is_missing_and_nothing_twice(entra: Az) -> None:
    one = whole(SMALL, approvers=())
    script = az.script(one)

    first = entra.run(script)
    made = json.dumps(entra.state)
    second = entra.run(script)

    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    granted = {each["appRoleId"] for each in entra.principal(APP)["assignments"]}
    assert granted == {need.permission.id for need in one.agents[0].granted}
    sign_in = entra.app(SIGNS_IN)
    assert [role["value"] for role in sign_in["appRoles"]] == ["Reader", "Operator"]
    assert sign_in["web"]["redirectUris"] == ["https://air.contoso.example/sign-in/back"]
    assert sign_in["identifierUris"] == [f"api://{sign_in['appId']}"]
    assert [scope["value"] for scope in sign_in["api"]["oauth2PermissionScopes"]] == ["answer"]
    assert [claim["name"] for claim in sign_in["optionalClaims"]["idToken"]] == ["auth_time"]
    assert sign_in["isFallbackPublicClient"] is True
    assert entra.principal(SIGNS_IN)["appRoleAssignmentRequired"] is True
    assert [each["scope"] for each in entra.principal(SIGNS_IN)["consents"]] == [
        "openid profile email",
        "answer",
    ]
    assert json.dumps(entra.state) == made


def test_tidy_takes_away_what_is_too_much_and_only_then(entra: Az) -> None:
    one = whole(Features(), approvers=(), redirect="")
    script = az.script(one)
    entra.run(script)
    extra = {"id": "extra", "appRoleId": may.REMEDIATE_MAIL.id, "resourceId": "sp-graph"}
    entra.principal(APP)["assignments"].append(extra)

    entra.run(script)
    kept = [each["id"] for each in entra.principal(APP)["assignments"]]
    done = entra.run(script, "tidy")

    assert "extra" in kept
    assert done.returncode == 0, done.stderr
    assert f"took away the permission {may.REMEDIATE_MAIL.id}" in done.stdout
    assert {each["appRoleId"] for each in entra.principal(APP)["assignments"]} == {
        need.permission.id for need in one.agents[0].granted
    }


def test_in_another_tenant_and_with_another_id_nothing_is_granted(entra: Az) -> None:
    entra.state["tenant"] = "another"
    elsewhere = entra.run(az.script(whole(Features())))
    entra.state["tenant"] = TENANT
    entra.state["principals"][0]["roles"][may.READ_INCIDENTS.name] = "another"
    changed = entra.run(az.script(whole(Features())))

    assert elsewhere.returncode == 1
    assert f"az login --tenant {TENANT}" in elsewhere.stderr
    assert changed.returncode == 1
    assert "SecurityIncident.Read.All has the id 'another' in this tenant" in changed.stderr
    assert entra.principal(APP)["assignments"] == []


def test_a_managed_identity_is_granted_by_its_object_id_and_no_app_is_made_for_it(entra: Az) -> None:
    entra.state["principals"].append(
        {"id": "identity", "appId": "of-identity", "assignments": [], "consents": []}
    )

    done = entra.run(az.script(whole(Features(), approvers=(), redirect="")), AGENT_OBJECT_ID="identity")

    assert done.returncode == 0, done.stderr
    assert [one["displayName"] for one in entra.state["applications"]] == [SIGNS_IN]
    assert next(one for one in entra.state["principals"] if one["id"] == "identity")["assignments"]


def test_hostile_names_are_nothing_but_names(entra: Az) -> None:
    done = entra.run(
        az.script(whole(Features(), tenant=HOSTILE, approvers=(HOSTILE,), redirect=f"https://{HOSTILE}"))
    )

    assert done.returncode == 0, done.stderr
    assert [role["value"] for role in entra.app(SIGNS_IN)["appRoles"]][-1] == HOSTILE
    assert entra.app(SIGNS_IN)["web"]["redirectUris"] == [f"https://{HOSTILE}"]


# Quoting


@given(st.text())
def test_any_text_is_one_word_of_a_shell_and_comes_back_whole(text: str) -> None:
    assert json.loads(shlex.split(scripts.in_bash(scripts.in_json(text)))[0]) == text


@given(st.text())
def test_any_text_ends_a_string_of_powershell_nowhere(text: str) -> None:
    quoted = scripts.in_powershell(text)

    assert quoted[0] == quoted[-1] == "'"
    assert not re.search(
        "(?<!['\u2018\u2019\u201a\u201b])(?:['\u2018\u2019\u201a\u201b]{2})*['\u2018\u2019\u201a\u201b](?!['\u2018\u2019\u201a\u201b])",
        quoted[1:-1],
    )


@given(st.text())
def test_a_remark_is_one_line_of_visible_ascii_and_an_address_has_nothing_but_its_own_letters(
    text: str,
) -> None:
    said = scripts.remark(text)

    assert said.isascii()
    assert said == "" or said.isprintable()
    assert re.fullmatch(r"[A-Za-z0-9@._+-]*", scripts.plain_address(text))


# The script for PowerShell


def outside_strings(script: str) -> str:
    """Return a script without its remarks and strings; fails where a string does not end."""
    kept: list[str] = []
    at = 0
    while at < len(script):
        letter = script[at]
        if letter == "#" and (at == 0 or script[at - 1] in "\n "):
            at = script.index("\n", at)
        elif letter == "'":
            match = re.compile(r"'(?:[^']|'')*'").match(script, at)
            assert match is not None, script[at : at + 60]
            at = match.end()
        elif letter == '"':
            match = re.compile(r'"(?:`.|""|[^"`])*"', re.DOTALL).match(script, at)
            assert match is not None, script[at : at + 60]
            at = match.end()
        else:
            kept.append(letter)
            at += 1
    return "".join(kept)


@pytest.mark.parametrize("one", [whole(), whole(apart=True), whole(Features()), hostile()])
def test_the_script_for_powershell_is_whole(one: Registration) -> None:
    script = powershell.script(one)

    code = outside_strings(script)

    assert script.isascii()
    assert script.count("Add-Permission $agent") == sum(
        len(each.granted) + len(each.optional) for each in one.agents
    )
    defined = set(re.findall(r"^function ([A-Z][A-Za-z-]+)", script, re.M))
    used = set(re.findall(r"\b((?:Get|Send|Add|Remove)-[A-Z][A-Za-z]+)\b", code))
    exchange = {"Get-ServicePrincipal", "Get-ManagementScope", "Get-ManagementRoleAssignment"}
    assert used - defined <= {"Get-MgContext", *exchange}
    assert defined <= used | {"Get-Answer"}


@pytest.mark.parametrize("one", [whole(), whole(apart=True), whole(Features()), hostile()])
def test_powershells_grammar_takes_the_script(one: Registration) -> None:
    """By the grammar that editors use: Microsoft's own parser comes in no package for Python."""
    parser = Parser(Language(tree_sitter_powershell.language()))
    script = powershell.script(one)

    found = parser.parse(script.encode()).root_node
    broken = parser.parse(f"{script}\nif ($found) {{".encode()).root_node

    assert not found.has_error
    assert broken.has_error


def test_both_scripts_scope_mail_to_its_mailboxes_and_never_grant_it_in_entra() -> None:
    one = whole()

    for script in (az.script(one), powershell.script(one)):
        assert may.SEND_MAIL.id not in script
        assert "PrimarySmtpAddress -eq 'air-agent@contoso.example'" in script
        assert "Application Mail.Send" in script
    assert "ExchangeOnlineManagement" not in powershell.script(whole(Features()))


# Which permissions


def test_to_observe_nothing_is_granted_that_changes_anything() -> None:
    (agent,) = whole(msgspec.structs.replace(FULL, enforces=False)).agents

    assert not [one for one in (*agent.granted, *agent.optional) if "Write" in one.permission.name]
    assert not [one for one in agent.granted if one.permission.api is Api.ENDPOINT]


def test_apart_the_one_that_reads_can_change_nothing_and_the_one_that_acts_has_all() -> None:
    reads, acts = whole(apart=True, client_id="acting").agents
    both = {one.permission.name for one in needs(FULL)}

    changing = {may.SWITCH_USERS.name, may.REVOKE_SESSIONS.name, may.QUARANTINE_FILES.name}
    assert not {one.permission.name for one in reads.granted} & changing
    assert not [one for one in reads.granted if "Write" in one.permission.name]
    assert {one.permission.name for one in (*acts.granted, *acts.optional)} == both
    assert (reads.client_id, acts.client_id) == ("", "acting")


def test_ids_of_what_is_made_are_the_same_each_time_and_others_in_another_tenant() -> None:
    here, again, there = whole(), whole(), whole(tenant_id=TENANT.replace("1", "9"))

    assert here == again
    assert {one.id for one in here.sign_in.roles}.isdisjoint(one.id for one in there.sign_in.roles)
    for role in here.sign_in.roles:
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}", role.id)


# The command


def run(folder: Path, *arguments: str) -> Result:
    settings = ("--settings", str(folder / "air-agent.yaml"))
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["doctor", "--grants", *arguments, *settings])


def test_the_command_needs_no_secret_and_says_what_each_is_for(tmp_path: Path) -> None:
    settings_in(tmp_path, "mode: enforce\nweb: {url: 'https://air.contoso.example'}\n")
    written(tmp_path, "p", policy_file(kinds="disableUser").decode())

    done = run(tmp_path)

    assert done.exit_code == 0, done.output
    assert may.SWITCH_USERS.id in done.stdout
    assert "only to enforce: accounts of Entra ID" in done.stdout
    assert "redirect URI (Web): https://air.contoso.example/sign-in/back" in done.stdout
    assert "app role Operator" in done.stdout


def test_the_command_as_json_and_as_scripts(tmp_path: Path) -> None:
    settings_in(tmp_path)

    as_json = json.loads(run(tmp_path, "--json").stdout)
    as_az, as_powershell = run(tmp_path, "--format", "az"), run(tmp_path, "--format", "powershell", "--apart")
    both = run(tmp_path, "--json", "--format", "az")
    strange = run(tmp_path, "--format", "terraform")

    assert as_json["tenant_id"] == names.TENANT_ID
    assert as_json["graph"] == "https://graph.microsoft.com"
    assert as_az.stdout.startswith("#!/usr/bin/env bash\n")
    assert as_powershell.stdout.count("# `auth.client_id` in `mode:") == 2
    assert both.exit_code == strange.exit_code == 2
