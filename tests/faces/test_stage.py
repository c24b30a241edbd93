"""The demo's folder and processes, without running a demo."""

import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from agent.adapters.host import PolicyFiles
from agent.faces.cli.demo_settings import Pace
from agent.faces.cli.demonstrating import Asked
from agent.faces.cli.stage import ERRORS, Stage, policies
from agent.judge.parse import parse_set
from agent.model.channel import ChannelKind
from agent.model.errors import PolicyError, SettingsError, Unavailable
from agent.model.policy import Mode
from agent.settings.subjects import Cloud, TreatAs
from tests.ledgers import open_ledger

EPOCH = datetime(2026, 8, 20, 12, tzinfo=UTC)
PACE = Pace(rate=60, epoch=EPOCH)
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every temporary folder one of this test's, and stand where policies lie."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(ROOT)


def a_stage(*, dry_run: bool = False) -> Stage:
    return Stage(seed=7, pace=PACE, dry_run=dry_run)


@pytest.mark.parametrize(("dry_run", "mode"), [(False, Mode.ENFORCE), (True, Mode.OBSERVE)])
async def test_the_agent_is_given_settings_that_load(
    dry_run: bool, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIR_AGENT_MODE", "nonsense of the caller")

    async with a_stage(dry_run=dry_run) as stage:
        settings = stage.settings()
        status = await stage.ask("status")

    assert settings.mode is mode
    assert settings.graph.cloud is Cloud.SIMULATOR
    assert settings.policies.treat_as is TreatAs.ENFORCE
    assert (settings.clock.rate, settings.clock.epoch) == (60, EPOCH)
    assert status["seed"] == 7


async def test_what_lies_in_the_folder_is_for_nobody_else() -> None:
    async with a_stage() as stage:
        folder, secret = stage.folder, stage.folder / "client-secret"

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


async def test_an_agent_that_ends_by_itself_is_told_in_its_own_words() -> None:
    async with a_stage() as stage:
        (stage.policies / "broken.yaml").write_text("policy: [")
        await stage.start_agent()
        await stage.agent_ended()
        with pytest.raises(SettingsError) as caught:
            stage.check_agent()

    assert str(caught.value).startswith(f"{stage.policies}/broken.yaml:")


async def test_notices_are_not_taken_for_the_reason_why_the_agent_ended() -> None:
    async with a_stage() as stage:
        await stage.start_agent()
        await stage.kill_agent()
        (stage.folder / ERRORS).write_text("[console] People are needed\n| Resolved: incident 1\n")
        with pytest.raises(SettingsError) as caught:
            stage.check_agent()

    assert str(caught.value) == f"the agent ended with -9: see {stage.log} and {stage.folder / ERRORS}"


def test_a_set_that_does_not_load_is_refused_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "broken.yaml").write_text("policy: [")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(PolicyError) as caught:
        a_stage()

    assert str(caught.value).startswith(f"{tmp_path}/policies/broken.yaml:")


async def test_a_demo_wakes_nobody_whatever_the_channels_of_the_set_that_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", folder)
    (folder / "channels" / "pager.yaml").write_text(
        "channel: pager\nkind: pagerDuty\nowner: soc@contoso.example\ndescription: d\nroutingKey: {env: KEY}\n"
    )
    chain = folder / "chains" / "secops.yaml"
    chain.write_text(chain.read_text().replace("notify: [console]", "notify: [pager]"))
    monkeypatch.chdir(tmp_path)

    async with a_stage() as stage:
        shown = parse_set(PolicyFiles(stage.policies).files())

    assert {channel.kind for channel in shown.channels} == {ChannelKind.CONSOLE}
    assert {name for chain in shown.chains for name in chain.channels} == {"console"}
    assert [chain.name for chain in shown.chains] == ["secops"]


async def test_a_killed_agent_is_not_taken_for_one_that_failed() -> None:
    async with a_stage() as stage:
        await stage.start_agent()
        await stage.kill_agent()
        await stage.start_agent()

        stage.check_agent()
        await stage.stop_agent()


def test_the_policies_that_lie_here_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "mine.yaml").write_text("policy: mine")
    monkeypatch.chdir(tmp_path)

    assert policies() == tmp_path / "policies"


def test_without_any_here_the_shipped_ones_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "installed" / "ones_that_were_shipped"
    shipped.mkdir(parents=True)
    (shipped / "theirs.yaml").write_text("policy: theirs")
    monkeypatch.syspath_prepend(tmp_path / "installed")
    monkeypatch.setattr("agent.faces.cli.stage.SHIPPED", shipped.name)
    monkeypatch.chdir(tmp_path)

    assert policies() == shipped


def test_no_folder_is_left_where_the_demo_cannot_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("agent.faces.cli.stage.SHIPPED", "no_such_package")

    with pytest.raises(SettingsError, match="there are no policies"):
        a_stage()

    assert not list((tmp_path / "temporary").iterdir())


async def test_the_folder_can_be_named_and_is_for_nobody_else(tmp_path: Path) -> None:
    named = tmp_path / "new" / "demo"

    async with Stage(seed=7, pace=PACE, dry_run=False, folder=named) as stage:
        assert stage.folder == named

    assert stat.S_IMODE(named.stat().st_mode) == 0o700
    assert (named / "air-agent.yaml").exists()


@pytest.mark.parametrize("name", ["full", "full/file"])
async def test_a_folder_that_cannot_be_the_demos_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()

    with pytest.raises(SettingsError, match=name):
        Stage(seed=7, pace=PACE, dry_run=False, folder=tmp_path / name)


async def test_the_pages_are_a_process_of_their_own_that_says_where_it_is_and_how_to_sign_in() -> None:
    pace = Pace(rate=60, epoch=EPOCH, until=EPOCH + timedelta(minutes=1))

    async with Stage(seed=7, pace=pace, dry_run=True, serves=True) as stage:
        settings = stage.settings()
        async with open_ledger(settings.ledger.address().reveal(), settings.tenant.id):
            shown = await stage.start_pages()
        async with httpx.AsyncClient() as browser:
            health = await browser.get(f"{shown.ready}/healthz")
            links = [(await browser.get(link)).text for link in shown.links]
        stage.check_pages()

    assert (settings.web.url, settings.escalating().pages) == (shown.ready, shown.ready)
    assert settings.clock.until == pace.until
    assert health.json()["ok"] is True
    assert len(links) == len(set(shown.links)) == 2
    assert all("Soc Lead" in link for link in links)


async def test_pages_that_do_not_start_are_told_in_their_own_words() -> None:
    async with Stage(seed=7, pace=PACE, dry_run=True, serves=True) as stage:
        with pytest.raises(Unavailable) as caught:
            await stage.start_pages()
        await stage.pages_ended()
        with pytest.raises(SettingsError, match="start the agent once"):
            stage.check_pages()

    assert "the pages did not start: " in str(caught.value)
    assert "start the agent once, which creates it" in str(caught.value)


async def test_a_demo_without_pages_has_no_address_for_them() -> None:
    async with a_stage() as stage:
        settings = stage.settings()

    assert settings.web.url is None
    assert settings.escalating().pages == ""


@pytest.mark.parametrize(
    ("asked", "elapsed", "is_under_way", "is_over"),
    [
        (Asked(seed=7), 27.9, False, False),
        (Asked(seed=7), 28.0, False, True),
        (Asked(seed=7), 28.0, True, False),
        (Asked(seed=7), 87.9, True, False),
        (Asked(seed=7), 88.0, True, True),
        (Asked(seed=7, seconds=10), 10.0, True, True),
        (Asked(seed=7, serve=True), 28.0, True, True),
    ],
)
def test_a_busy_machine_gets_a_minute_more_where_nobody_said_how_long(
    asked: Asked, elapsed: float, is_under_way: bool, is_over: bool
) -> None:
    """Else the demo ends before anything was carried out, and shows an agent that approved and did nothing."""
    assert asked.is_over(elapsed, is_under_way=is_under_way) is is_over
