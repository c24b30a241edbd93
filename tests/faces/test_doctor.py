"""`doctor`: each failure that the simulator can play is seen, with its words and what mends it."""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from agent.faces.cli.app import app
from agent.faces.cli.doctoring import exit_of, tell
from agent.faces.doctor.bedside import Around
from agent.faces.doctor.examining import STEPS, Step
from agent.model.checkup import Check, CheckName, Grade, Reach, Seen, Trouble
from agent.settings.subjects import AuthKind, Cloud, Settings
from agent.simulator import names
from agent.simulator.app_roles import a_password
from agent.simulator.faults import Fault, Faults, Rule, What
from agent.simulator.moments import text
from agent.simulator.state import State
from agent.simulator.switches import USUAL_ROLES, Licence, Switches, ailments, every_position
from tests.doctors import around, looked, settings_in, worst, written
from tests.judge.writing import policy_file
from tests.simulator.worlds import NOW, staffed

ENFORCE = "mode: enforce\n"
FAIL, WARN, PASS, SKIPPED = Grade.FAIL, Grade.WARN, Grade.PASS, Grade.SKIPPED
C = CheckName
READS = frozenset(
    {names.READ_INCIDENTS, names.READ_ALERTS, names.HUNT, names.READ_MAIL, names.READ_APPLICATIONS}
)


async def look(folder: Path, more: str = "", **world: object) -> dict[CheckName, Check]:
    settings = settings_in(folder, more)
    return await looked(settings, around(settings, **world))  # type: ignore[arg-type]


def files_in(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def of(name: str) -> Switches:
    return ailments()[name]


FAILURES: list[tuple[str, Switches, str, CheckName, Grade, str, str]] = [
    (
        "another tenant",
        of("another tenant's token"),
        "",
        C.TENANT,
        FAIL,
        "is for tenant `11111111",
        "correct the tenant id",
    ),
    (
        "two minutes ahead",
        of("clock ahead"),
        "",
        C.CLOCK,
        FAIL,
        "people's sign-ins are refused",
        "timedatectl set-ntp true",
    ),
    (
        "ten minutes behind",
        of("clock behind"),
        "",
        C.CLOCK,
        FAIL,
        "10 min ahead of 127.0.0.1",
        "timedatectl set-ntp true",
    ),
    (
        "a missing permission",
        of("no incidents granted"),
        "",
        C.PERMISSIONS,
        FAIL,
        "SecurityIncident.Read.All of Microsoft Graph is not granted: read incidents",
        "doctor --grants --format az | bash",
    ),
    (
        "what is missing is refused",
        of("no incidents granted"),
        "",
        C.INCIDENTS,
        FAIL,
        "graph: list incidents: 403",
        "grant SecurityIncident.Read.All",
    ),
    (
        "reaches everything",
        of("too much granted"),
        ENFORCE,
        C.PERMISSIONS,
        FAIL,
        "RoleManagement.ReadWrite.Directory is granted, and lets whoever",
        "bash -s -- tidy",
    ),
    (
        "mail of everybody",
        of("mail of everybody"),
        ENFORCE,
        C.PERMISSIONS,
        WARN,
        "every mailbox of the tenant",
        "bash -s -- tidy",
    ),
    (
        "too much to observe",
        Switches(),
        "",
        C.PERMISSIONS,
        WARN,
        "some are only needed in `mode: enforce`",
        "bash -s -- tidy",
    ),
    (
        "no hunting",
        Switches(roles=READS - {names.HUNT}),
        "",
        C.PERMISSIONS,
        WARN,
        "ThreatHunting.Read.All of Microsoft Graph is not granted",
        "doctor --grants",
    ),
    (
        "hunting is not asked",
        Switches(roles=READS - {names.HUNT}),
        "",
        C.HUNTING,
        WARN,
        "each message is looked up by itself, at most 30",
        "doctor --grants",
    ),
    (
        "neither hunting nor mail",
        every_position()["no mail"],
        "",
        C.PERMISSIONS,
        FAIL,
        "SecurityAnalyzedMessage.Read.All of Microsoft Graph is not granted",
        "doctor --grants",
    ),
    (
        "no licence for mail",
        of("no licence for mail"),
        "",
        C.LICENCE,
        FAIL,
        "Defender for Office 365 Plan 2 is missing",
        "buy Defender for Office 365 Plan 2",
    ),
    (
        "no licence shown",
        Switches(roles=READS - {names.READ_MAIL}),
        "",
        C.LICENCE,
        SKIPPED,
        "no call shows it without SecurityAnalyzedMessage.Read.All",
        "",
    ),
    (
        "no licence for hunting",
        of("no licence for hunting"),
        "",
        C.HUNTING,
        FAIL,
        "hunting is granted, and refused all the same",
        "licence",
    ),
    (
        "audit off",
        of("audit off"),
        "",
        C.AUDIT_LOG,
        WARN,
        "auditing seems off",
        "Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true",
    ),
    (
        "no connector",
        every_position()["no table of investigations"],
        "",
        C.AUDIT_LOG,
        WARN,
        "there is no table `CloudAppEvents`",
        "App connectors",
    ),
    (
        "audit not shown",
        Switches(roles=READS - {names.HUNT}),
        "",
        C.AUDIT_LOG,
        SKIPPED,
        "no call shows it without ThreatHunting.Read.All or AuditLogsQuery.Read.All",
        "",
    ),
    (
        "audit searched",
        every_position()["the audit instead of hunting"],
        "",
        C.AUDIT_LOG,
        PASS,
        "can be searched (0 searches so far)",
        "",
    ),
    (
        "words hidden",
        of("prefer ignored"),
        "",
        C.INCIDENTS,
        FAIL,
        "Graph hides words (`unknownFutureValue`)",
        "pass the header `Prefer`",
    ),
    (
        "no clicks",
        every_position()["no table of clicks"],
        "",
        C.HUNTING,
        WARN,
        "there is no table `UrlClickEvents`",
        "Safe Links",
    ),
    (
        "throttled",
        of("throttled"),
        "",
        C.INCIDENTS,
        WARN,
        "throttled, so that nothing was seen: graph: asked for patience",
        "graph.requests_per_minute",
    ),
    (
        "nothing carried out",
        every_position()["mail alone may be changed"],
        ENFORCE,
        C.REMEDIATION,
        WARN,
        "disableForwarding is handed to people here",
        "doctor --grants",
    ),
    (
        "no licence for devices",
        Switches(unlicensed=frozenset({Licence.ENDPOINT})),
        ENFORCE + "endpoint: {enabled: true}\n",
        C.REMEDIATION,
        WARN,
        "quarantineFile is handed to people here, even when they approve it: Defender for Endpoint: the licence is missing",
        "buy the licence (Defender for Endpoint)",
    ),
    (
        "devices not granted",
        Switches(roles=USUAL_ROLES - names.ENDPOINT_ROLES),
        ENFORCE + "endpoint: {enabled: true}\n",
        C.PERMISSIONS,
        WARN,
        "Machine.StopAndQuarantine of Defender for Endpoint is not granted",
        "doctor --grants",
    ),
]


@pytest.mark.parametrize(
    ("switches", "more", "check", "grade", "words", "mend"),
    [row[1:] for row in FAILURES],
    ids=[row[0] for row in FAILURES],
)
async def test_each_failure_of_microsoft_is_seen_with_what_mends_it(
    tmp_path: Path, switches: Switches, more: str, check: CheckName, grade: Grade, words: str, mend: str
) -> None:
    settings = settings_in(tmp_path, more)
    written(
        tmp_path,
        "p",
        policy_file(mode="observe", kinds="softDeleteCluster, disableForwarding, quarantineFile").decode(),
    )

    found = (await looked(settings, around(settings, switches=switches)))[check]

    told = [one for one in found.seen if words in one.words]
    assert told, [one.words for one in found.seen]
    assert told[0].grade is grade
    assert mend in told[0].mend


async def test_where_all_is_well_everything_passes_in_the_order_of_the_table(tmp_path: Path) -> None:
    found = await look(tmp_path, switches=Switches(roles=READS))

    assert list(found) == list(STEPS)
    assert {name: worst(one).words for name, one in found.items() if one.grade not in (PASS, WARN)} == {}
    assert [name for name, one in found.items() if one.grade is WARN] == [C.CHANNELS]
    assert exit_of(tuple(found.values())) == 0


async def test_nothing_is_written_to_graph_and_nothing_is_made_on_this_machine(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, ENFORCE + "endpoint: {enabled: true}\n")
    tenant = staffed()
    before = files_in(tmp_path)

    await looked(settings, around(settings, tenant=tenant))

    asked = {(one.method, one.kind) for one in tenant.requests}
    assert {kind for method, kind in asked if method != "GET"} <= {"token", "hunting"}
    assert files_in(tmp_path) == before


async def test_what_depends_on_a_failure_is_skipped_and_says_on_which(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)

    found = await looked(settings, around(settings, secret="wrong"))

    assert "the simulator answered 401" in worst(found[C.SIGN_IN]).words
    for name in (C.TENANT, C.PERMISSIONS, C.INCIDENTS, C.REMEDIATION):
        assert [one.words for one in found[name].seen] == ["because sign-in failed"]
        assert found[name].grade is SKIPPED
    assert found[C.LEDGER].grade is PASS
    assert exit_of(tuple(found.values())) == 1


async def test_a_graph_that_is_away_is_told_apart_from_what_is_wrong_here(tmp_path: Path) -> None:
    reset = Rule(fault=Fault(what=What.REFUSE, status=503), path=".*/security/incidents", on=None)

    found = await look(tmp_path, faults=Faults(rules=[reset]))

    assert found[C.INCIDENTS].is_away
    assert "503" in worst(found[C.INCIDENTS]).words
    assert exit_of(tuple(found.values())) == 3


async def test_an_empty_tenant_is_a_warning_and_a_part_of_a_page_too(tmp_path: Path) -> None:
    part = Rule(fault=Fault(what=What.PARTIAL), path=".*/security/incidents", on=None)

    empty = await look(tmp_path, tenant=State(7, NOW))
    partly = await look(tmp_path, faults=Faults(rules=[part]))

    assert "there is no incident of the last 10 days" in worst(empty[C.INCIDENTS]).words
    assert "only a part of the page (206)" in worst(partly[C.INCIDENTS]).words


@pytest.mark.parametrize(
    ("ends", "grade"),
    [
        (timedelta(days=31), PASS),
        (timedelta(days=29), WARN),
        (timedelta(days=6), FAIL),
        (timedelta(days=-1), FAIL),
    ],
)
async def test_a_client_secret_near_its_end_is_seen(tmp_path: Path, ends: timedelta, grade: Grade) -> None:
    tenant = staffed()
    tenant.directory.app_roles.passwords = [
        a_password(names.CLIENT_SECRET, NOW) | {"endDateTime": text(NOW + ends)}
    ]

    found = (await look(tmp_path, tenant=tenant))[C.CREDENTIALS]

    assert found.grade is grade
    assert grade is PASS or "az ad app credential reset" in worst(found).mend


async def test_where_nobody_may_know_the_end_of_a_secret_it_is_told_how_to_see_it(tmp_path: Path) -> None:
    found = (await look(tmp_path, switches=Switches(roles=READS - {names.READ_APPLICATIONS})))[C.CREDENTIALS]

    assert found.grade is WARN
    assert "grant Application.Read.All" in worst(found).mend


async def test_a_check_that_has_a_bug_or_hangs_does_not_keep_the_others_from_being_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_bedside: object) -> tuple[Seen, ...]:
        raise KeyError("oh")

    async def hanging(_bedside: object) -> tuple[Seen, ...]:
        await asyncio.Event().wait()
        return ()

    monkeypatch.setitem(STEPS, C.LICENCE, _step(C.LICENCE, broken, 5))
    monkeypatch.setitem(STEPS, C.HUNTING, _step(C.HUNTING, hanging, 0.01))

    found = await look(tmp_path)

    assert "internal error in `licence`: KeyError" in worst(found[C.LICENCE]).words
    assert "no answer within" in worst(found[C.HUNTING]).words
    assert found[C.HUNTING].is_away
    assert found[C.CREDENTIALS].seen


def _step(name: CheckName, look: Callable[[object], Awaitable[tuple[Seen, ...]]], seconds: float) -> Step:
    return msgspec.structs.replace(STEPS[name], look=look, seconds=seconds)


# The command


class Shown:
    """The command, with the simulator in the place of the world."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **world: object) -> None:
        self.folder = folder

        def other(settings: Settings) -> Around:
            return around(settings, **world)  # type: ignore[arg-type]

        monkeypatch.setattr("agent.faces.doctor.examining.around", other)

    def run(self, *arguments: str, secret: str = names.CLIENT_SECRET) -> Result:
        env = {"COLUMNS": "160", "AIR_AGENT_CLIENT_SECRET": secret}
        settings = ("--settings", str(self.folder / "air-agent.yaml"))
        return CliRunner(env=env).invoke(app, ["doctor", *arguments, *settings])


def test_the_command_shows_each_check_with_its_mend_and_a_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_in(tmp_path)

    done = Shown(tmp_path, monkeypatch, switches=of("no incidents granted")).run()

    assert done.exit_code == 1, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("pass    settings     tenant Contoso, ")
    at = next(
        n for n, line in enumerate(lines) if line.startswith("fail    permissions  SecurityIncident.Read.All")
    )
    assert lines[at + 1].strip() == "mend: air-agent doctor --grants --format az | bash"
    assert lines[-1].endswith("2 fail; nothing was written")


def test_the_command_as_json_has_every_check_and_how_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_in(tmp_path)

    done = Shown(tmp_path, monkeypatch, switches=Switches(roles=READS)).run("--json")

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [one["name"] for one in found["checks"]] == [name.value for name in STEPS]
    assert found["tenant"] == names.TENANT_ID
    assert found["counts"] == {"pass": 16, "skipped": 0, "warn": 1, "fail": 0}
    assert found["exit"] == 0


def test_settings_that_cannot_be_read_end_with_two_and_skip_all_others(tmp_path: Path) -> None:
    (tmp_path / "air-agent.yaml").write_text("tenant: {id: nonsense}\nmood: enforce\n")

    done = CliRunner(env={"COLUMNS": "160"}).invoke(
        app, ["doctor", "--json", "--settings", str(tmp_path / "air-agent.yaml")]
    )

    assert done.exit_code == 2
    first, *others = json.loads(done.stdout)["checks"]
    assert any("unknown setting `mood`" in one["words"] for one in first["seen"])
    assert all(one["seen"][0]["words"] == "because settings failed" for one in others)
    assert len(others) == len(STEPS) - 1


def test_options_of_grants_alone_are_refused_without_it(tmp_path: Path) -> None:
    settings_in(tmp_path)

    done = CliRunner().invoke(
        app, ["doctor", "--format", "az", "--settings", str(tmp_path / "air-agent.yaml")]
    )

    assert done.exit_code == 2
    assert "only with `--grants`" in done.output


# Many tenants


def test_of_many_tenants_each_is_looked_at_and_one_that_is_broken_is_told_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_in(tmp_path)
    shown = Shown(tmp_path, monkeypatch, switches=Switches(roles=READS | {"Files.Read.All"}))
    shared = (tmp_path / "air-agent.yaml").read_text().splitlines()[1:]
    (tmp_path / "air-agent.yaml").write_text("\n".join([*shared, "tenants: {directory: tenants}"]))
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "contoso.yaml").write_text(f"tenant: {{id: {names.TENANT_ID}}}\n")
    (tmp_path / "tenants" / "broken.yaml").write_text("tenant: {id: nonsense}\n")

    every, one = shown.run("--all"), shown.run("--tenant", "contoso")
    as_json = json.loads(shown.run("--all", "--json").stdout)

    assert every.exit_code == 1
    assert "broken: fail\nfail    settings" in every.stdout
    assert "contoso: warn\nwarn    permissions" in every.stdout
    assert every.stdout.splitlines()[-1] == "2 tenants: 1 warn, 1 fail; nothing was written"
    assert one.exit_code == 0
    assert "mend: air-agent doctor --tenant contoso --grants --format az | bash -s -- tidy" in one.stdout
    assert {name: told["exit"] for name, told in as_json["tenants"].items()} == {"broken": 2, "contoso": 0}


async def test_a_managed_identity_works_where_the_login_cannot_be_reached(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    auth = msgspec.structs.replace(settings.auth, kind=AuthKind.MANAGED_IDENTITY)
    world = around(settings, switches=Switches(roles=READS))

    async def cut_off(url: str, what: str) -> Reach:
        trouble = Trouble.NONE if "graph" in url else Trouble.CONNECTION
        return Reach(host=url.split("/")[2], what=what, trouble=trouble)

    cloud = msgspec.structs.replace(settings.graph, cloud=Cloud.GLOBAL, url=None)
    settings = msgspec.structs.replace(settings, auth=auth, graph=cloud)
    found = await looked(settings, dataclasses.replace(world, reach=cut_off))

    assert found[C.NETWORK].grade is WARN
    assert found[C.SIGN_IN].grade is PASS


def test_on_a_terminal_long_words_stay_in_their_column_and_a_mend_stays_whole() -> None:
    written_to = StringIO()
    out = Console(file=written_to, width=60, force_terminal=True, color_system=None)
    mend = "air-agent doctor --grants --format az | bash -s -- tidy --and-so-on-and-on"

    tell(out, Check(name=C.DISK, seen=(Seen(grade=WARN, words="one two three " * 6, mend=mend),)))

    lines = written_to.getvalue().splitlines()
    assert lines[0].startswith("warn    disk         one two three")
    assert all(line.startswith(" " * 21) for line in lines[1:])
    assert all(len(line) <= 60 for line in lines[:-1])
    assert lines[-1].strip() == f"mend: {mend}"


def test_what_came_from_elsewhere_cannot_act_on_the_terminal() -> None:
    written_to = StringIO()
    out = Console(file=written_to, width=200, color_system=None)
    hostile = "\x1b[2J[red]gone[/red]\u202e\nfail    network      forged"

    tell(out, Check(name=C.DISK, seen=(Seen(grade=FAIL, words=hostile, mend=hostile),)))

    shown = written_to.getvalue()
    assert "\x1b" not in shown
    assert "[red]gone[/red]" in shown
    assert len(shown.splitlines()) == 2
