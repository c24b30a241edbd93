"""Settings: what is read, what is refused, and in which words."""

import os
import pickle
import re
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.ledger.opening import open_ledger
from agent.connecting import replica_of
from agent.model.errors import SettingsError
from agent.model.pace import Pace
from agent.model.policy import Mode
from agent.settings.durations import duration, written
from agent.settings.fields import document, fields, table
from agent.settings.loading import load
from agent.settings.secret import Secret
from agent.settings.subjects import Cloud, Settings, TreatAs

ROOT = Path(__file__).parent.parent
TENANT = "8c5c2a5e-3d3a-4a4e-9a39-0f4d1e1f0a11"
CLIENT = "11111111-2222-3333-4444-555555555555"
SIMULATED = {
    "AIR_AGENT_TENANT_ID": TENANT,
    "AIR_AGENT_GRAPH_CLOUD": "simulator",
    "AIR_AGENT_GRAPH_URL": "http://127.0.0.1:8080",
    "AIR_AGENT_AUTH_KIND": "clientSecret",
    "AIR_AGENT_AUTH_CLIENT_ID": CLIENT,
    "AIR_AGENT_CLIENT_SECRET": "correct horse",
}


def loaded(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    path = tmp_path / "air-agent.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ or {})


def refused(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text, environ)
    return [line.removeprefix(f"{tmp_path}{os.sep}") for line in str(caught.value).split("\n")]


def from_environment(**changed: str) -> Settings:
    return load(None, SIMULATED | changed)


def refused_environment(environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(None, environ)
    return str(caught.value).split("\n")


# What is read


def test_the_tenant_alone_is_enough_and_observes(tmp_path: Path) -> None:
    settings = loaded(tmp_path, f"tenant: {{id: {TENANT}}}")

    assert settings.tenant.id == TENANT
    assert settings.mode is Mode.OBSERVE
    assert settings.graph.cloud is Cloud.GLOBAL


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    text = f"tenant: {{id: {TENANT}}}\npace: {{poll_every: 2m, overlap: 1h}}"

    settings = loaded(tmp_path, text, {"AIR_AGENT_PACE_POLL_EVERY": "90s"})

    assert settings.pace.poll_every == timedelta(seconds=90)
    assert settings.pace.overlap == timedelta(hours=1)


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    settings = loaded(tmp_path, f"tenant: {{id: {TENANT}}}", {"AIR_AGENT_GRAPH_CLOUD": ""})

    assert settings.graph.cloud is Cloud.GLOBAL


def test_a_right_variable_does_not_excuse_a_wrong_line(tmp_path: Path) -> None:
    problems = refused(tmp_path, "tenant: {id: }", {"AIR_AGENT_TENANT_ID": TENANT})

    assert problems == ["air-agent.yaml:1:13: `tenant.id` has no value: give it one, or leave it out"]


def test_the_environment_alone_is_enough() -> None:
    assert from_environment().graph.url == "http://127.0.0.1:8080"


def test_an_empty_section_is_as_if_left_out(tmp_path: Path) -> None:
    assert loaded(tmp_path, f"tenant: {{id: {TENANT}}}\nlog:\n").log.file is None


def test_relative_paths_are_counted_from_the_file_wherever_the_agent_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    settings = loaded(tmp_path, f"tenant: {{id: {TENANT}}}\nlog: {{file: agent.log}}")

    assert settings.log.file == tmp_path / "agent.log"
    assert settings.policies.directory == tmp_path / "policies"
    assert settings.ledger.url == f"sqlite:///{tmp_path}/air-agent-data/ledger.db"


def test_relative_paths_of_the_environment_are_counted_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    settings = loaded(tmp_path, f"tenant: {{id: {TENANT}}}", {"AIR_AGENT_LOG_FILE": "agent.log"})

    assert settings.log.file == tmp_path / "elsewhere" / "agent.log"


@pytest.mark.parametrize(
    ("more", "file"),
    [
        ("", "air-agent-data/HOLD"),
        ("ledger: {url: 'sqlite:///data/100%/l.db'}", "data/100%/HOLD"),
        ("ledger: {url: 'postgresql://agent@db/air'}", None),
        ("ledger: {url: 'postgresql://agent@db/air'}\nhold: {file: run/stop}", "run/stop"),
        ("hold: {file: stop}", "stop"),
    ],
)
def test_the_kill_switchs_file_lies_beside_the_ledgers_where_nobody_says(
    tmp_path: Path, more: str, file: str | None
) -> None:
    settings = loaded(tmp_path, f"tenant: {{id: {TENANT}}}\n{more}")

    assert settings.hold_file() == (None if file is None else tmp_path / file)


@pytest.mark.parametrize("name", ["a", "air-agent-0", "Soc.Madrid_1", "x" * 63])
def test_an_agent_is_called_as_it_is_set(tmp_path: Path, name: str) -> None:
    settings = loaded(tmp_path, f"tenant: {{id: {TENANT}}}\nreplica: {name}")

    assert replica_of(settings) == name.lower()


@pytest.mark.parametrize("name", ["-a", "a b", "x" * 64, "'a:b'", "ä"])
def test_a_name_that_would_not_stand_in_a_ledger_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="`replica`"):
        loaded(tmp_path, f"tenant: {{id: {TENANT}}}\nreplica: {name}")


@pytest.mark.parametrize(
    ("host", "name"), [("SOC-1.contoso.example", "soc-1.contoso.example"), ("Łódź 7", "-d-7"), ("", "agent")]
)
def test_an_agent_that_has_no_name_is_called_as_its_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, name: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)

    assert replica_of(loaded(tmp_path, f"tenant: {{id: {TENANT}}}")) == name


def test_the_loops_pace_has_what_was_set_and_the_request_budget() -> None:
    pace = from_environment(
        AIR_AGENT_PACE_POLL_EVERY="5m", AIR_AGENT_GRAPH_REQUESTS_PER_MINUTE="40"
    ).loop_pace()

    assert (pace.poll_every, pace.requests_per_minute) == (timedelta(minutes=5), 40)


def test_nothing_set_gives_the_loops_own_pace(tmp_path: Path) -> None:
    assert loaded(tmp_path, f"tenant: {{id: {TENANT}}}").loop_pace() == Pace()


def test_the_example_loads() -> None:
    settings = load(ROOT / "deploy" / "settings.example.yaml", {})

    assert settings.mode is Mode.OBSERVE


def test_every_setting_can_be_set_to_its_default_through_the_environment() -> None:
    environ = dict(SIMULATED)
    for field, (_, env, default, _) in zip(fields(), document(), strict=True):
        if env not in environ and default.startswith("`"):
            environ[field.env] = default.strip("`")

    settings = load(None, environ)

    assert settings == from_environment()


def test_the_epoch_is_read_as_the_moment_it_says() -> None:
    settings = from_environment(AIR_AGENT_CLOCK_RATE="60", AIR_AGENT_CLOCK_EPOCH="2026-08-20T14:00:00+02:00")

    assert settings.clock.epoch == datetime(2026, 8, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(("text", "is_enabled"), [("true", True), ("false", False)])
def test_a_switch_is_on_or_off(tmp_path: Path, text: str, is_enabled: bool) -> None:
    written = loaded(tmp_path, f"tenant: {{id: {TENANT}}}\nendpoint: {{enabled: {text}}}")

    assert written.endpoint.enabled is is_enabled
    assert from_environment(AIR_AGENT_ENDPOINT_ENABLED=text).endpoint.enabled is is_enabled
    assert not from_environment().endpoint.enabled


# What is refused


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "tenant: {id: abc}",
            "1:14: `tenant.id`: `abc` is not a GUID such as 00000000-0000-0000-0000-000000000000",
        ),
        ("{}", "air-agent.yaml: `tenant.id` is missing: set it here, or set AIR_AGENT_TENANT_ID"),
        ("", "air-agent.yaml: `tenant.id` is missing: set it here, or set AIR_AGENT_TENANT_ID"),
        ("tenant: x", "1:1: `tenant` is a section: write below it one of `id`"),
        ("graph: {page_sise: 5}", "1:9: unknown setting `graph.page_sise`: did you mean `graph.page_size`?"),
        ("grahp: {page_size: 5}", "1:1: unknown setting `grahp`: did you mean `graph`?"),
        ("page_size: 5", "1:1: unknown setting `page_size`: did you mean `graph.page_size`?"),
        ("log: {url: x}", "1:7: unknown setting `log.url`: did you mean `graph.url`?"),
        ("log: {xyz: x}", "1:7: unknown setting `log.xyz`: one of `file`, `format`, `level`"),
        ("mode: observe\nmode: enforce", "2:1: `mode` is set in line 1 already"),
        ("mode: {a: b}", "1:7: `mode` is one value, not a section"),
        ("mode: Observe", "1:7: `mode`: `Observe` is not a word here: did you mean `observe`?"),
        ("mode: xyz", "1:7: `mode`: `xyz` is not one of `observe`, `enforce`"),
        (
            "pace: {poll_every: 15}",
            "1:20: `pace.poll_every`: `15` is not a duration: write a whole number and a unit",
        ),
        ("pace: {poll_every: 0s}", "1:20: `pace.poll_every`: `0s` is not from `1s` to `1h`"),
        ("pace: {poll_every: 61m}", "1:20: `pace.poll_every`: `61m` is not from `1s` to `1h`"),
        ("pace: {polling_share: 1.5}", "`1.5` is not a number from 0.01 to 1"),
        ("pace: {polling_share: .nan}", "`.nan` is not a number from 0.01 to 1"),
        ("graph: {page_size: 51}", "`51` is not a whole number from 1 to 50"),
        ("graph: {page_size: 0}", "`0` is not a whole number from 1 to 50"),
        ("graph: {page_size: 5.0}", "`5.0` is not a whole number from 1 to 50"),
        ("graph: {page_size: 1_0}", "`1_0` is not a whole number from 1 to 50"),
        ("graph: {cloud: china}", "in: Microsoft Graph has no Defender security API in China (21Vianet)"),
        ("graph: {cloud: DoD}", "in: it is called `usGovL5` here"),
        ("graph: {cloud: usgovl4}", "did you mean `usGovL4`?"),
        ("graph: {cloud: mars}", "is not one of `global`, `usGovL4`, `usGovL5`, `simulator`"),
        ("log: {level: warn}", "did you mean `warning`?"),
        ("ledger: {url: mysql://h/d}", "is not `sqlite:///PATH` or `postgresql://USER@HOST/NAME`"),
        ("ledger: {url: 'sqlite:///:memory:'}", "does not name a file"),
        ("ledger: {url: 'sqlite://'}", "is not `sqlite:///PATH`"),
        ("ledger: {url: 'postgresql://h'}", "names no database"),
        ("clock: {epoch: 2026-08-20T12:00:00}", "is not a moment with its zone"),
        ("clock: {epoch: soon}", "is not a moment with its zone"),
        ("endpoint: {enabled: yes}", "1:21: `endpoint.enabled`: `yes` is not `true` or `false`"),
        ("endpoint: {enabled: True}", "`True` is not `true` or `false`"),
        ("endpoint: {enabled: 1}", "`1` is not `true` or `false`"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place_and_what_to_do(
    tmp_path: Path, text: str, problem: str
) -> None:
    problems = refused(tmp_path, text)

    assert any(problem in line for line in problems), problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x 1", "1:4: `&x` is an anchor"),
        ("mode: *x", "1:7: `*x` is an alias"),
        ("mode: !!python/name:os.system x", "is a tag"),
        (
            "mode: [observe]",
            "1:7: a list stands here, and no setting takes one: write one value, or several as one text with commas between",
        ),
        ("a:\n  b:\n    c: 1", "3:5: is nested too deeply"),
        ("mode: observe\n---\nmode: enforce", "2:1: a second document begins here"),
        ("just words", "1:1: is not a settings file: it begins with a section, such as `tenant:`"),
        ("mode: 'observe", "is not YAML"),
        ("mode:\tobserve\n\t- x", "is not YAML"),
        ("? {a: b}\n: c", "a section stands where a name belongs"),
        ("mode: observe\nlog: {file: \x07}", "2:1: holds a control character"),
        ("[" * 5000, "a list stands here"),
        ("{a: " * 5000, "is nested too deeply"),
    ],
)
def test_yaml_beyond_plain_sections_is_refused_with_its_place(
    tmp_path: Path, text: str, problem: str
) -> None:
    problems = refused(tmp_path, text)

    assert len(problems) == 1
    assert problem in problems[0]


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_bytes(b"mode: observe\nlog: {file: \xff}\n")

    with pytest.raises(SettingsError, match=r"s\.yaml:2:1: is not UTF-8"):
        load(tmp_path / "s.yaml", {})


def test_a_file_that_is_not_there_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: cannot be read: no such file or directory"):
        load(tmp_path / "nowhere.yaml", {})


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    assert "262145 bytes" in refused(tmp_path, "#" * (256 * 1024 + 1))[0]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = "tenant: {id: abc}\nmod: observe\ngraph: {page_size: 0, cloud: china}\npace: {overlap: 5}"

    problems = refused(tmp_path, text, {"AIR_AGENT_LOG_LEVEL": "loud", "AIR_AGENT_LGO_FILE": "x"})

    for name in (
        "tenant.id",
        "mod",
        "page_size",
        "china",
        "overlap",
        "AIR_AGENT_LOG_LEVEL",
        "AIR_AGENT_LGO_FILE",
    ):
        assert sum(name in line for line in problems) >= 1, name
    assert len(problems) == 7


def test_an_unknown_variable_of_ours_is_refused_and_others_are_not_looked_at() -> None:
    problems = refused_environment(SIMULATED | {"AIR_AGENT_MOD": "enforce", "MODE": "enforce"})

    assert problems == ["AIR_AGENT_MOD: unknown setting in the environment: did you mean `AIR_AGENT_MODE`?"]


def test_the_secrets_variable_by_the_rule_leads_to_its_own_name() -> None:
    problems = refused_environment(SIMULATED | {"AIR_AGENT_AUTH_CLIENT_SECRET": "x"})

    assert problems[0].endswith("did you mean `AIR_AGENT_CLIENT_SECRET`?")


# Settings that must agree


REAL = {"AIR_AGENT_TENANT_ID": TENANT}


@pytest.mark.parametrize("cloud", ["global", "usGovL4", "usGovL5"])
def test_a_real_tenant_may_be_enforced_in_once_somebody_says_so_and_observes_before(cloud: str) -> None:
    observing = load(None, REAL | {"AIR_AGENT_GRAPH_CLOUD": cloud})
    enforcing = load(None, REAL | {"AIR_AGENT_MODE": "enforce", "AIR_AGENT_GRAPH_CLOUD": cloud})

    assert (observing.mode, enforcing.mode) == (Mode.OBSERVE, Mode.ENFORCE)


def test_enforcing_is_allowed_against_the_simulator() -> None:
    settings = from_environment(AIR_AGENT_MODE="enforce", AIR_AGENT_POLICIES_TREAT_AS="enforce")

    assert (settings.mode, settings.policies.treat_as) == (Mode.ENFORCE, TreatAs.ENFORCE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("AIR_AGENT_POLICIES_TREAT_AS", "enforce"),
        ("AIR_AGENT_GRAPH_URL", "http://127.0.0.1:1"),
        ("AIR_AGENT_GRAPH_REQUESTS_PER_MINUTE", "151"),
        ("AIR_AGENT_CLOCK_RATE", "60"),
        ("AIR_AGENT_CLOCK_EPOCH", "2026-08-20T12:00:00Z"),
    ],
)
def test_what_is_for_the_simulator_is_refused_elsewhere(name: str, text: str) -> None:
    problems = refused_environment(REAL | {name: text})

    assert len(problems) == 1
    assert problems[0].startswith(f"{name}: ")
    assert "`graph.cloud` is `global`" in problems[0]


@pytest.mark.parametrize("cloud", ["usGovL4", "usGovL5"])
def test_defender_for_endpoint_is_refused_where_its_address_is_not_known(cloud: str) -> None:
    environ = REAL | {"AIR_AGENT_GRAPH_CLOUD": cloud, "AIR_AGENT_ENDPOINT_ENABLED": "true"}

    (problem,) = refused_environment(environ)
    assert problem == (
        f"AIR_AGENT_ENDPOINT_ENABLED: `endpoint.enabled`: `graph.cloud` is `{cloud}`, whose Defender for Endpoint "
        "is not spoken to: leave `endpoint.enabled` out"
    )
    assert not load(None, environ | {"AIR_AGENT_ENDPOINT_ENABLED": "false"}).endpoint.enabled


def test_defender_for_endpoint_may_be_switched_on_in_the_global_cloud() -> None:
    assert load(None, REAL | {"AIR_AGENT_ENDPOINT_ENABLED": "true"}).endpoint.enabled


def test_what_microsoft_publishes_is_the_most_that_a_real_tenant_is_asked() -> None:
    settings = load(None, REAL | {"AIR_AGENT_GRAPH_REQUESTS_PER_MINUTE": "150"})

    assert settings.graph.requests_per_minute == 150


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:80",
        "http://graph.microsoft.com:80",
        "http://127.0.0.1",
        "http://127.0.0.1.evil.example:80",
        "http://127.0.0.1:80@evil.example:80",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:80/v1.0",
        "nonsense",
    ],
)
def test_the_simulators_address_is_on_this_machine_and_nowhere_else(url: str) -> None:
    problems = refused_environment(SIMULATED | {"AIR_AGENT_GRAPH_URL": url})

    assert len(problems) == 1
    assert problems[0].startswith("AIR_AGENT_GRAPH_URL: `graph.url`: ")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:8080/", "http://[::1]:65535"])
def test_loopback_addresses_are_taken_without_the_slash_at_the_end(url: str) -> None:
    assert from_environment(AIR_AGENT_GRAPH_URL=url).graph.url == url.rstrip("/")


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"AIR_AGENT_AUTH_KIND": "certificate"}, "`auth.client_id`: is missing: `certificate` needs it"),
        ({"AIR_AGENT_AUTH_KIND": "certificate"}, "`auth.certificate_path`: is missing"),
        (
            {"AIR_AGENT_AUTH_KIND": "clientSecret"},
            "`auth.client_secret`: is missing: set AIR_AGENT_CLIENT_SECRET",
        ),
        (
            {"AIR_AGENT_CLIENT_SECRET": "x"},
            "`auth.client_secret`: is set, but `auth.kind` is `managedIdentity`",
        ),
        ({"AIR_AGENT_AUTH_CERTIFICATE_PATH": "x"}, "`auth.certificate_path`: is set, but"),
        ({"AIR_AGENT_LEDGER_PASSWORD": "x"}, "`ledger.password`: is set, but SQLite has no password"),
    ],
)
def test_what_a_login_needs_and_what_it_does_not(environ: dict[str, str], problem: str) -> None:
    assert any(problem in line for line in refused_environment(REAL | environ))


def test_the_azure_cli_login_only_observes() -> None:
    own = {"AIR_AGENT_AUTH_KIND": "azureCli"}

    assert load(None, REAL | own).mode is Mode.OBSERVE
    problems = refused_environment(REAL | own | {"AIR_AGENT_MODE": "enforce"})
    assert any("a person's own and only observes" in line for line in problems)


def test_the_simulator_needs_its_address_and_a_client_secret() -> None:
    problems = refused_environment(REAL | {"AIR_AGENT_GRAPH_CLOUD": "simulator"})

    assert any("`graph.url`: is missing" in line for line in problems)
    assert any("knows client secrets only" in line for line in problems)


def test_virtual_time_needs_its_beginning() -> None:
    problems = refused_environment(SIMULATED | {"AIR_AGENT_CLOCK_RATE": "60"})

    assert problems == [
        "AIR_AGENT_CLOCK_RATE: `clock.epoch`: is missing: virtual time needs the moment at which it began"
    ]


@pytest.mark.parametrize("until", ["2026-08-20T12:00:00Z", "2026-08-20T11:00:00Z", None])
def test_fast_time_ends_after_it_began(until: str | None) -> None:
    fast = {"AIR_AGENT_CLOCK_RATE": "60", "AIR_AGENT_CLOCK_EPOCH": "2026-08-20T12:00:00Z"}
    at_last = {"AIR_AGENT_CLOCK_UNTIL": until or "2026-08-20T12:00:01Z"}

    if until is None:
        assert load(None, SIMULATED | fast | at_last).clock.until is not None
        return
    assert refused_environment(SIMULATED | fast | at_last) == [
        "AIR_AGENT_CLOCK_UNTIL: `clock.until`: is not after `clock.epoch`: time would never have run fast"
    ]


def test_only_the_simulator_knows_of_fast_time() -> None:
    problems = refused_environment(REAL | {"AIR_AGENT_CLOCK_UNTIL": "2026-08-20T12:00:00Z"})

    assert any("leave `clock.until` out" in line for line in problems)


# Secrets


def test_a_secret_in_the_file_is_refused_with_the_mend_and_not_repeated(tmp_path: Path) -> None:
    problems = refused(
        tmp_path, f"tenant: {{id: {TENANT}}}\nauth: {{kind: clientSecret, client_secret: hunter2}}"
    )

    (problem,) = [line for line in problems if "is a secret" in line]
    assert problem.startswith(
        "air-agent.yaml:2:43: `auth.client_secret` is a secret and may not stand in this file"
    )
    assert "AIR_AGENT_CLIENT_SECRET" in problem
    assert "`auth.client_secret_file`" in problem
    assert not any("hunter2" in line for line in problems)


def test_a_password_in_the_ledgers_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    for url in ("postgresql://me:hunter2@h/d", "postgresql://h/d?password=hunter2"):
        problems = refused(tmp_path, f"tenant: {{id: {TENANT}}}\nledger: {{url: '{url}'}}")

        assert len(problems) == 1
        assert "has a password in it" in problems[0]
        assert "hunter2" not in problems[0]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("AIR_AGENT_GRAPH_URL", "http://user:hunter2@127.0.0.1:9"),
        ("AIR_AGENT_GRAPH_URL", "http://hunter2@127.0.0.1:9"),
        ("AIR_AGENT_GRAPH_URL", "http://user:a/hunter2@127.0.0.1:9"),
        ("AIR_AGENT_LEDGER_URL", "postgresql://user:hunter2@h:no-port/d"),
        ("AIR_AGENT_LEDGER_URL", "postgresql://h:no-port/d?password=hunter2"),
        ("AIR_AGENT_LEDGER_URL", "mysql://hunter2@h/d"),
    ],
)
def test_a_login_in_an_address_that_is_refused_is_not_repeated(name: str, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(None, {**SIMULATED, name: url})

    assert "hunter2" not in str(caught.value)
    assert "***" in str(caught.value)


@pytest.mark.parametrize("folder", ["a%20b", "100%", "%2e%2e", "a b", "a#b"])
async def test_the_ledger_lies_where_the_path_says_letter_by_letter(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(mode=0o700)
    settings = load(None, {**SIMULATED, "AIR_AGENT_LEDGER_URL": f"sqlite:///{tmp_path}/{folder}/ledger.db"})

    async with open_ledger(settings.ledger.address().reveal(), settings.tenant.id):
        assert (tmp_path / folder / "ledger.db").is_file()


def test_a_secret_from_a_file_is_read_without_its_line_break(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" correct horse \n")
    environ = {name: text for name, text in SIMULATED.items() if name != "AIR_AGENT_CLIENT_SECRET"}

    settings = load(None, environ | {"AIR_AGENT_AUTH_CLIENT_SECRET_FILE": str(tmp_path / "secret")})

    assert settings.auth.client_secret == Secret(" correct horse ")


def test_a_secret_file_that_is_missing_or_empty_is_refused_once(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    environ = {name: text for name, text in SIMULATED.items() if name != "AIR_AGENT_CLIENT_SECRET"}

    for name, why in (("empty", "is empty"), ("none", "cannot be read: no such file or directory")):
        problems = refused_environment(environ | {"AIR_AGENT_AUTH_CLIENT_SECRET_FILE": str(tmp_path / name)})
        assert len(problems) == 1
        assert problems[0].endswith(why)


def test_secrets_are_shown_nowhere() -> None:
    settings = from_environment(
        AIR_AGENT_LEDGER_URL="postgresql://me@db/air", AIR_AGENT_LEDGER_PASSWORD="p@ss/word"
    )

    for shown in (
        repr(settings),
        str(settings),
        f"{settings.auth.client_secret!s:>5}",
        repr(settings.ledger.address()),
    ):
        assert "correct horse" not in shown
        assert "p@ss" not in shown
        assert "***" in shown
    with pytest.raises(TypeError):
        msgspec.json.encode(settings)
    with pytest.raises(TypeError):
        pickle.dumps(settings.auth.client_secret)


def test_the_drivers_address_has_the_password_quoted() -> None:
    settings = from_environment(
        AIR_AGENT_LEDGER_URL="postgresql://me@db:5432/air", AIR_AGENT_LEDGER_PASSWORD="p@ss/word"
    )

    assert settings.ledger.address().reveal() == "postgresql://me:p%40ss%2Fword@db:5432/air"


# Durations and documentation


@given(st.integers(0, 999_999).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_duration_is_read_as_it_is_written(length: timedelta) -> None:
    assert duration(written(length)) == length


@pytest.mark.parametrize("text", ["", "5", "m", "1.5h", "-5m", "5 m", "5min", "٥m", "5m\n"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        duration(text)


def test_every_setting_says_what_it_is_in_a_sentence() -> None:
    for name, env, default, words in document():
        assert re.fullmatch(r"AIR_AGENT_[A-Z_]+", env), name
        assert default, name
        assert words.endswith("."), name
        assert len(words.split()) >= 8, name


def test_names_and_variables_are_each_used_once() -> None:
    names, variables, _, words = zip(*document(), strict=True)

    for column in (names, variables):
        assert len(set(column)) == len(column)
    assert len(set(words)) >= len(words) - 1


def test_the_readme_shows_every_setting_as_it_is() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    shown = readme.split("<!-- settings -->")[1].split("<!-- /settings -->")[0].strip()

    assert shown == table()


# Without a login


@pytest.mark.parametrize("left", ["", "not-there"])
def test_what_does_not_log_in_needs_no_secret_of_the_login(tmp_path: Path, left: str) -> None:
    environ = {name: text for name, text in SIMULATED.items() if name != "AIR_AGENT_CLIENT_SECRET"}
    environ["AIR_AGENT_AUTH_CLIENT_SECRET_FILE"] = str(tmp_path / left) if left else ""

    settings = load(None, environ, needs=frozenset())

    assert settings.auth.client_secret is None
    assert len(refused_environment(environ)) >= 1


def test_what_does_not_log_in_does_not_read_the_secrets_there_are() -> None:
    assert load(None, SIMULATED, needs=frozenset()).auth.client_secret is None


def test_the_ledgers_password_is_needed_all_the_same(tmp_path: Path) -> None:
    kept = tmp_path / "password"
    kept.write_text("tr0ub4dor\n")
    environ = {
        "AIR_AGENT_TENANT_ID": TENANT,
        "AIR_AGENT_LEDGER_URL": "postgresql://air@db/air",
        "AIR_AGENT_LEDGER_PASSWORD_FILE": str(kept),
    }

    assert "tr0ub4dor" in load(None, environ, needs=frozenset()).ledger.address().reveal()
    with pytest.raises(SettingsError, match="cannot be read"):
        load(None, environ | {"AIR_AGENT_LEDGER_PASSWORD_FILE": f"{kept}.gone"}, needs=frozenset())


def test_what_is_wrong_beside_the_secrets_is_told_without_a_login_too(tmp_path: Path) -> None:
    path = tmp_path / "air-agent.yaml"
    path.write_text(f"tenant: {{id: {TENANT}}}\nauth: {{kind: clientSecret, client_secret: x}}\n")

    with pytest.raises(SettingsError) as caught:
        load(path, {}, needs=frozenset())

    assert "may not stand in this file" in str(caught.value)
    assert "`auth.client_id`: is missing" in str(caught.value)


def test_where_there_is_no_file_it_says_so_and_how_one_is_named() -> None:
    (problem,) = refused_environment({})

    assert problem == (
        "settings: `tenant.id` is missing, and there is no settings file here: name one with `--settings`, "
        "or set AIR_AGENT_TENANT_ID"
    )
