"""What is looked at in production: alert rules, the dashboard and the runbooks, held to the series that there are and to each other."""

import ast
import importlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml

from agent.adapters.telemetry.catalogue import SERIES
from agent.adapters.telemetry.happening import PROCESS
from agent.adapters.telemetry.series import TENANT, Kind, Series
from agent.faces.cli.app import app

ROOT = Path(__file__).parent.parent.parent
MONITORING = ROOT / "deploy" / "monitoring"
RUNBOOKS = ROOT / "deploy" / "runbooks.md"
NAMES = re.compile(r"\b(?:air_agent|process)_[a-z0-9_]+")

PANEL = {
    "type": "object",
    "required": ["id", "type", "title", "gridPos"],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "type": {"enum": ["row", "stat", "timeseries", "table"]},
        "title": {"type": "string", "minLength": 1},
        "gridPos": {
            "type": "object",
            "required": ["h", "w", "x", "y"],
            "additionalProperties": False,
            "properties": {
                "h": {"type": "integer", "minimum": 1},
                "w": {"type": "integer", "minimum": 1, "maximum": 24},
                "x": {"type": "integer", "minimum": 0, "maximum": 23},
                "y": {"type": "integer", "minimum": 0},
            },
        },
        "datasource": {
            "type": "object",
            "required": ["type", "uid"],
            "properties": {"type": {"const": "prometheus"}, "uid": {"const": "${datasource}"}},
        },
        "targets": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["refId", "datasource", "expr", "legendFormat", "range", "instant"],
                "properties": {"refId": {"pattern": "^[A-H]$"}, "expr": {"type": "string", "minLength": 1}},
            },
        },
        "fieldConfig": {
            "type": "object",
            "required": ["defaults", "overrides"],
            "properties": {
                "defaults": {
                    "type": "object",
                    "required": ["unit", "thresholds"],
                    "properties": {"unit": {"enum": ["short", "s", "bytes"]}},
                }
            },
        },
    },
    "if": {"properties": {"type": {"const": "row"}}},
    "else": {"required": ["datasource", "targets", "fieldConfig", "options", "description"]},
}

DASHBOARD = {
    "type": "object",
    "required": ["uid", "title", "schemaVersion", "panels", "templating", "time", "annotations", "refresh"],
    "properties": {
        "uid": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,40}$"},
        "title": {"type": "string", "minLength": 1},
        "schemaVersion": {"type": "integer", "minimum": 36},
        "panels": {"type": "array", "minItems": 1, "items": PANEL},
        "templating": {
            "type": "object",
            "required": ["list"],
            "properties": {
                "list": {"type": "array", "items": {"type": "object", "required": ["name", "type", "query"]}}
            },
        },
    },
}
"""What Grafana's own dashboards have, as far as this one uses it."""


@cache
def promtool() -> str:
    found = shutil.which("promtool")
    assert found is not None, "promtool is missing: apt-get install prometheus"
    return found


@cache
def rules() -> dict[str, dict[str, Any]]:
    found = yaml.safe_load((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))
    return {rule["alert"]: rule for group in found["groups"] for rule in group["rules"]}


@cache
def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Give every query of the dashboard, by its panel and place there, as Grafana would send it."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['refId']}", asked(target["expr"])
    for annotation in dashboard()["annotations"]["list"]:
        yield annotation["name"], asked(annotation["expr"])


def asked(expression: str) -> str:
    return expression.replace("$__rate_interval", "5m").replace("$tenant", ".*").replace("$instance", ".*")


@cache
def series() -> dict[str, Series]:
    """Return what may be named in a query, by its name there: a histogram has three."""
    found: dict[str, Series] = {}
    for one in SERIES:
        ends = ("_bucket", "_sum", "_count") if one.kind is Kind.HISTOGRAM else ("",)
        found |= {f"{one.prometheus}{end}": one for end in ends}
    return found


def checked(*arguments: str, cwd: Path = MONITORING) -> str:
    done = subprocess.run([promtool(), *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_alert_rules_load() -> None:
    assert f"SUCCESS: {len(rules())} rules found" in checked("check", "rules", "alerts.yaml")


def test_each_alert_fires_where_it_should_and_not_just_before() -> None:
    assert "SUCCESS" in checked("test", "rules", "alerts.test.yaml")


def test_each_alert_is_tested_on_both_sides_of_its_edge() -> None:
    tests = yaml.safe_load((MONITORING / "alerts.test.yaml").read_text(encoding="utf-8"))["tests"]
    found: dict[str, list[int]] = {}
    quiet = set()
    for test in tests:
        for check in test["alert_rule_test"]:
            found.setdefault(check["alertname"], []).append(len(check["exp_alerts"]))
        if any('tenant="under"' in one["series"] for one in test["input_series"]):
            quiet.add(test["name"])

    assert found.keys() == rules().keys()
    always = {"AirAgentAlertsWork"}
    assert all(max(counts) == 1 for counts in found.values())
    assert {name for name, counts in found.items() if min(counts) == 0} | quiet == rules().keys() - always


def test_every_alert_says_who_is_woken_what_is_wrong_and_where_its_runbook_is() -> None:
    for name, rule in rules().items():
        assert rule["labels"]["severity"] in {"page", "ticket", "none"}
        assert rule["annotations"]["summary"]
        anchor = "alarm-{{ $labels.alarm }}" if name == "AirAgentAlarm" else name.lower()
        assert rule["annotations"]["runbook_url"] == f"runbooks.md#{anchor}"


@pytest.mark.parametrize(("name", "expression"), list(expressions()))
def test_every_query_of_the_dashboard_is_one_and_names_series_and_labels_that_there_are(
    name: str, expression: str, tmp_path: Path
) -> None:
    named = NAMES.findall(expression)
    assert named or name == "Alerts"
    for one in named:
        assert one in series() or one in PROCESS, one
    _labels_are_known(expression)


def test_prometheus_itself_parses_every_query_of_the_dashboard(tmp_path: Path) -> None:
    recorded = [
        {"record": f"dashboard:query{number}", "expr": expression}
        for number, (_, expression) in enumerate(expressions())
    ]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))

    assert f"SUCCESS: {len(recorded)} rules found" in checked("check", "rules", str(file))


@pytest.mark.parametrize("name", rules())
def test_every_alert_names_series_and_labels_that_there_are(name: str) -> None:
    expression = rules()[name]["expr"]

    named = NAMES.findall(expression)
    assert named or name == "AirAgentAlertsWork"
    assert [one for one in named if one not in series()] == []
    _labels_are_known(expression)


def _labels_are_known(expression: str) -> None:
    """Hold each selector to the labels that its series has."""
    for one, selector in re.findall(r"\b(air_agent_[a-z0-9_]+)\{([^}]*)\}", expression):
        known = {TENANT, "le", "instance", *series()[one].labels}
        assert set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", selector)) <= known, (one, selector)
    grouped = {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(", ")}
    named = [series()[one] for one in NAMES.findall(expression) if one in series()]
    assert grouped <= {TENANT, "le", "instance", *(label for one in named for label in one.labels)}


def test_no_series_is_measured_that_nobody_looks_at() -> None:
    looked_at = " ".join(
        [expression for _, expression in expressions()] + [r["expr"] for r in rules().values()]
    )

    named = {series()[one].prometheus for one in NAMES.findall(looked_at) if one in series()}

    assert named == {one.prometheus for one in SERIES}


def test_the_dashboard_is_one() -> None:
    jsonschema.validate(dashboard(), DASHBOARD)


def test_its_panels_have_ids_of_their_own_and_lie_beside_each_other() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (place["x"] + across, place["y"] + down)
            for across in range(place["w"])
            for down in range(place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in panels:
        refs = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(refs)) == len(refs)


def test_its_data_source_and_its_tenants_can_be_chosen_and_what_expires_comes_first() -> None:
    variables = {one["name"]: one for one in dashboard()["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["tenant"]["query"]["query"] == "label_values(air_agent_info, tenant)"
    used = set(re.findall(r"\$\{?([a-z]+)\}?", json.dumps(dashboard()["panels"])))
    assert used - {"__rate_interval"} == variables.keys()
    first = min(
        (p for p in dashboard()["panels"] if p["type"] != "row"),
        key=lambda p: (p["gridPos"]["y"], p["gridPos"]["x"]),
    )
    assert first["title"] == "At risk of expiry"


def test_every_tenants_series_can_be_narrowed_to_it() -> None:
    for name, expression in expressions():
        for one in re.findall(r"\bair_agent_[a-z0-9_]+", expression):
            if not series()[one].is_of_process:
                assert re.search(rf"{one}\{{tenant=~\"\.\*\"", expression), (name, one)


# Runbooks


def sections() -> list[str]:
    return re.findall(r"^### (.+)$", RUNBOOKS.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_every_alert_and_every_alarm_has_its_runbook_and_every_runbook_its_alert_or_alarm() -> None:
    assert sorted(sections()) == sorted([*rules(), *(f"Alarm {family}" for family in families())])


def test_every_runbook_that_is_named_in_the_dashboard_or_in_another_is_there() -> None:
    text = RUNBOOKS.read_text(encoding="utf-8")
    anchors = {one.lower().replace(" ", "-") for one in sections()} | {"alerts"}

    assert set(re.findall(r"\]\(#([a-z-]+)\)", text)) <= anchors
    named = re.findall(r"Runbooks?: ((?:AirAgent\w+(?:, )?)+)", json.dumps(dashboard()))
    assert {one for names in named for one in names.split(", ")} <= set(sections())


def families() -> set[str]:
    """Return the families of the alarms that the agent raises: the first words of the names that its modules give them."""
    found = set()
    for path, source in _that_have("raise_alarm(", "let_stand(", " sound(", "StandingAlarms("):
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        words = {
            value for name in _names_of_alarms(ast.parse(source)) if (value := getattr(module, name, None))
        }
        is_told_the_name = (
            "name=name" in source
        )  # it raises what its callers say, and these are looked at too
        assert words or is_told_the_name, f"{path}: raises an alarm whose name nobody finds here"
        found |= {word.rstrip() for word in words if re.fullmatch("[a-z]+ ?", word)}
    return found


def _that_have(*texts: str) -> Iterator[tuple[Path, str]]:
    """Give the modules that raise alarms, with their source: those that have one of these texts."""
    for path in sorted((ROOT / "agent").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if any(text in source for text in texts) and not {"adapters", "ports"} & set(path.parts):
            yield path, source


CONSTANTS = re.compile(r"[A-Z_]*ALARM[A-Z_]*|ANCHOR|BRAKE|BROKEN|SETTINGS|SILENCE|START|UNREAD|UNTOLD")
"""What the constants are called that name an alarm, where a module works it out before it raises it."""


def _names_of_alarms(tree: ast.Module) -> set[str]:
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and CONSTANTS.fullmatch(node.id) and node.id != "ALARMED"
    }


def test_every_alarm_is_raised_by_a_constant_that_is_found_here() -> None:
    for path, source in _that_have("Alarm("):
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        for call in calls:
            if not (isinstance(call.func, ast.Name) and call.func.id == "Alarm"):
                continue
            (name,) = (one.value for one in call.keywords if one.arg == "name")
            literal = [one for one in ast.walk(name) if isinstance(one, ast.Constant)]
            assert not literal, f"{path}:{call.lineno}: write the alarm's name as a constant, with a runbook"


def test_every_command_in_the_runbooks_is_one() -> None:
    commands = re.findall(r"`(air-agent [a-z][^`]*)`", RUNBOOKS.read_text(encoding="utf-8"))
    commands += re.findall(
        r"^(air-agent [a-z -]+?)\s*(?:#.*)?$", RUNBOOKS.read_text(encoding="utf-8"), flags=re.MULTILINE
    )

    assert len(commands) > 20
    for command in commands:
        _is_a_command(command.split()[1:])


def _is_a_command(words: list[str]) -> None:
    found: Any = typer.main.get_command(app)
    while words and hasattr(found, "commands"):
        found = found.commands[words.pop(0)]
    options = {name for one in found.params for name in one.opts} | {"--tenant"}
    arguments = [one for one in found.params if one.param_type_name == "argument"]
    given = [word for word in words if word.startswith("--")]
    assert set(given) <= options, (words, options)
    assert len(words) - 2 * len(given) <= len(arguments), words
