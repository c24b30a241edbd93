"""The Bicep files are Bicep, name what there is, and give the agent and the pages what each needs and no more."""

import json
import re
from pathlib import Path

import pytest

from agent.settings.fields import fields
from tests.deploy.bicep import Template, text, within

HERE = Path(__file__).parent.parent.parent / "deploy" / "azure"
MAIN = (HERE / "main.bicep").read_text(encoding="utf-8")
DATABASE = (HERE / "database.bicep").read_text(encoding="utf-8")


def resource(name: str, source: str = MAIN) -> str:
    """Return the text of a resource."""
    found = Template(source).declared[name].text
    assert found is not None
    return found.decode()


@pytest.mark.parametrize("source", [MAIN, DATABASE], ids=["main", "database"])
def test_nothing_is_found(source: str) -> None:
    assert Template(source).findings() == []


@pytest.mark.parametrize(
    ("good", "wrong", "found"),
    [
        ("param mode string = 'observe'", "param mode string == 'observe'", "is no Bicep"),
        ("minReplicas: replicas", "minReplicas: replica", "`replica` is not declared"),
        ("retentionInDays: keepDays\n", "retentionInDays: keepDay\n", "`keepDay` is not declared"),
        ("var auditShare = 'audit'", "var auditShare = 'audit'\nvar other = 1", "`other` is not used"),
        ("targetPort: 8420", "targetPorts: 8420", "there is no `targetPorts`"),
        ("failureThreshold: 10", "failureThreshold: 30", "30 is not from 1 to 10"),
        ("transport: 'http'", "transport: 'https'", "`https` is none of"),
        (
            "storageType: 'EmptyDir' }\n  { name: 'tmp'",
            "storageType: 'Empty' }\n  { name: 'tmp'",
            "`Empty` is none of",
        ),
        ("? 'ReadOnly' : 'ReadWrite'", "? 'ReadOnly' : 'Write'", "`Write` is none of"),
        ("allowInsecure: false", "allowInsecure: 'false'", "is no bool"),
        ("    principalId: agentIdentity.properties.principalId\n", "", "`principalId` is missing"),
        ("containerApps@2024-03-01", "containerApps@2024-03-02", "is not known"),
        (
            "{ name: 'AIR_AGENT_MODE', value: mode }",
            "{ name: 'AIR_AGENT_MODE', values: mode }",
            "there is no `values`",
        ),
    ],
)
def test_what_is_wrong_would_be_found(good: str, wrong: str, found: str) -> None:
    assert good in MAIN

    assert any(found in one for one in Template(MAIN.replace(good, wrong)).findings())


def test_every_variable_is_a_setting() -> None:
    known = {one.env for one in fields()}

    assert set(re.findall(r"'(AIR_AGENT_[A-Z_]+)'", MAIN)) <= known


def test_the_example_gives_what_is_asked_for() -> None:
    example = json.loads((HERE / "main.example.parameters.json").read_text())["parameters"]
    asked = {
        name: node for name, node in Template(MAIN).declared.items() if node.type == "parameter_declaration"
    }
    needed = {name for name, node in asked.items() if not any(one.type == "=" for one in within(node))}

    assert needed <= set(example)
    assert set(example) <= set(asked)
    assert {one["name"] for one in example["settings"]["value"]} <= {one.env for one in fields()}


def test_the_module_is_given_what_it_asks_for() -> None:
    given = set(re.findall(r"^    (\w+):", resource("database"), re.M))

    assert given == {
        name for name, node in Template(DATABASE).declared.items() if node.type == "parameter_declaration"
    }


def test_no_secret_is_a_parameter_or_an_output() -> None:
    for source in (MAIN, DATABASE):
        outputs = [
            text(one) for one in Template(source).declared.values() if one.type == "output_declaration"
        ]
        assert not [
            one
            for one in outputs
            if re.search("password|secret|listKeys", one.replace("without a password", ""), re.I)
        ]
    assert "@secure()\nparam password string" in DATABASE
    assert "vault.getSecret(" in MAIN


def test_the_agent_has_no_address_and_the_pages_have_https_only() -> None:
    assert "ingress" not in resource("agent")
    assert "allowInsecure: false" in resource("pages")
    assert "publicNetworkAccess: 'Disabled'" in resource("server", DATABASE)


def test_the_pages_have_no_login_to_graph_and_the_agent_none_of_their_secrets() -> None:
    agent, pages = resource("agent"), resource("pages")

    assert "AIR_AGENT_AUTH_KIND" in agent
    assert "agentIdentity" not in pages
    assert "AUTH" not in pages
    assert "channel" not in pages
    assert "web-client-secret" not in agent
    assert "scope: webClientSecret" not in "".join(
        resource(name) for name in Template(MAIN).declared if name.startswith("agentReads")
    )


def test_every_secret_that_is_referred_to_is_there_and_can_be_read() -> None:
    for app, reader in (("agent", "agentReads"), ("pages", "pagesRead")):
        template = Template(MAIN)
        assigned = [name for name in template.declared if name.startswith(reader)]
        assert all(name in resource(app) for name in assigned), (
            "an app starts only once its secrets can be read"
        )
        scopes = {re.search(r"scope: (\w+)", resource(name))[1] for name in assigned}  # type: ignore[index]
        used = resource(app) + MAIN.partition("var agentSecrets = [")[2].partition("]")[0] * (app == "agent")
        assert set(re.findall(r"keyVaultUrl: (\w+)\.properties", used)) <= scopes


def test_every_mount_has_its_volume() -> None:
    volumes = set(re.findall(r"name: '(\w+)', storageType", MAIN))

    for app in ("agent", "pages"):
        assert set(re.findall(r"volumeName: '(\w+)'", resource(app))) <= volumes
