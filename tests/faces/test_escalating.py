"""`escalate test` and `escalate list`, and what `status` and `show` say of people on call."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.faces.cli.app import app
from agent.model.alarm import Alarm
from agent.model.audit import Event
from agent.model.enactment import State
from agent.model.escalation import Acknowledgement, Delivery, Occasion, Page, Posted
from agent.model.hold import Hold
from tests.escalations import HOUR, MINUTE, a_member, a_page, a_posted
from tests.faces.records import HOSTILE, a_record, a_settings_file
from tests.judge.writing import policy_file
from tests.ledgers import open_ledger
from tests.makers import NOW, TENANT

OWNED = "description: For trying out.\nowner: soc@contoso.example\n"
CHAIN = f"""chain: secops
{OWNED}steps:
  - notify: [here]
  - after: 15m
    notify: [here, there]
    urgency: high
lastChance: {{before: 24h, decide: escalate, notify: [there]}}
"""


def run(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> Result:
    settings = ("--settings", str(folder / "air-agent.yaml"))
    return CliRunner(env={"COLUMNS": "160", **(env or {})}).invoke(app, [*arguments, *settings])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Settings of an agent that observes, with a ledger, a policy, a chain, and two channels that are files."""
    a_settings_file(tmp_path, a_record(State.ESCALATED))
    with (tmp_path / "air-agent.yaml").open("a") as file:
        file.write(f"\npolicies: {{directory: '{tmp_path}/policies'}}\n")
    for name, text in {
        "p": policy_file().decode(),
        "chains/secops": CHAIN,
        "channels/here": f"channel: here\n{OWNED}kind: file\npath: here.jsonl\n",
        "channels/there": f"channel: there\n{OWNED}kind: file\npath: there.jsonl\n",
    }.items():
        path = tmp_path / "policies" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def ledger_with(folder: Path, pages: Sequence[Page] = (), posted: Sequence[Posted] = ()) -> None:
    async def fill() -> None:
        async with open_ledger(f"sqlite:///{folder}/air-agent-data/ledger.db", TENANT) as ledger:
            await ledger.pages.save(pages, posted)

    asyncio.run(fill())


def audited(folder: Path) -> int:
    async def look() -> int:
        async with open_ledger(f"sqlite:///{folder}/air-agent-data/ledger.db", TENANT) as ledger:
            links = [
                link
                for replica in await ledger.trail.waiting()
                for link in await ledger.trail.unshipped(replica, 1_000)
            ]
            return sum(link.event == Event.NOTICE for link in links)

    return asyncio.run(look())


# Trying a chain out


def test_a_test_goes_through_every_step_and_tells_what_was_answered(folder: Path) -> None:
    done = run(folder, "escalate", "test", "secops", "--json")

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [(one["step"], one["channel"], one["urgency"]) for one in found["tried"]] == [
        ("1 of 2", "here", "normal"),
        ("2 of 2", "here", "high"),
        ("2 of 2", "there", "high"),
        ("last chance", "there", "high"),
    ]
    assert all(one["is_taken"] for one in found["tried"])
    told = [
        json.loads(line)
        for line in (folder / "air-agent-data" / "notices" / "there.jsonl").read_text().splitlines()
    ]
    assert len(told) == 2
    assert "test" in json.dumps(told[0]).lower()


def test_a_test_is_told_to_the_audit_where_there_is_a_ledger(folder: Path) -> None:
    done = run(folder, "escalate", "test", "secops", "--json")

    assert json.loads(done.stdout)["unaudited"] == ""
    assert audited(folder) == 4


def test_a_test_works_without_a_ledger_and_says_that_the_audit_does_not_tell_of_it(folder: Path) -> None:
    for file in (folder / "air-agent-data").iterdir():
        file.unlink()

    done = run(folder, "escalate", "test", "secops")

    assert done.exit_code == 0
    assert "4 taken, 0 not; that a channel took it is not yet that somebody read it" in done.stdout
    assert "the audit does not tell of it: ledger " in done.stdout


def test_a_channel_that_does_not_take_it_is_named_with_the_reason_and_the_others_are_tried(
    folder: Path,
) -> None:
    (folder / "air-agent-data" / "notices" / "there.jsonl").mkdir(parents=True)

    done = run(folder, "escalate", "test", "secops")

    assert done.exit_code == 1
    assert "2 taken, 2 not" in done.stdout
    assert "not taken" in done.stdout
    assert "channel `there`" in done.stdout
    assert len((folder / "air-agent-data" / "notices" / "here.jsonl").read_text().splitlines()) == 2


def test_a_chain_that_is_not_there_is_named_with_those_that_are(folder: Path) -> None:
    done = run(folder, "escalate", "test", "nights")

    assert done.exit_code == 2
    assert "there is no chain `nights`: the chains beside the policies are: `secops`" in done.stderr


def with_mail(folder: Path) -> None:
    mail = f"channel: there\n{OWNED}kind: email\nfrom: agent@contoso.example\nto: [soc@contoso.example]\n"
    (folder / "policies" / "channels" / "there.yaml").write_text(mail)
    settings = (folder / "air-agent.yaml").read_text()
    settings += "\ngraph: {cloud: simulator, url: 'http://127.0.0.1:9'}\n"
    settings += f"auth: {{kind: clientSecret, client_id: {TENANT}}}\n"
    (folder / "air-agent.yaml").write_text(settings)


LOGIN = {"AIR_AGENT_CLIENT_SECRET": "x"}


def test_where_graph_is_away_only_mail_through_it_fails(folder: Path) -> None:
    with_mail(folder)

    done = run(folder, "escalate", "test", "secops", "--json", env=LOGIN)

    tried = json.loads(done.stdout)["tried"]
    assert done.exit_code == 1
    assert {one["channel"]: one["is_taken"] for one in tried} == {"here": True, "there": False}


def test_while_a_hold_stands_no_mail_leaves_through_graph(folder: Path) -> None:
    with_mail(folder)

    async def hold() -> None:
        async with open_ledger(f"sqlite:///{folder}/air-agent-data/ledger.db", TENANT) as ledger:
            await ledger.hold(Hold(name="hold", since=NOW, by="anna", reason="odd verdicts"))

    asyncio.run(hold())

    done = run(folder, "escalate", "test", "secops", "--json", env=LOGIN)

    why = {one["channel"]: one["why"] for one in json.loads(done.stdout)["tried"]}
    assert why["here"] == ""
    assert why["there"] == (
        "mail through Graph waits while a hold stands: odd verdicts: `air-agent release` ends it"
    )


# What is open


def a_thread() -> tuple[Page, list[Posted]]:
    seen = Acknowledgement(at=NOW + MINUTE, by=HOSTILE, channel="pager", until=NOW + 100_000 * HOUR)
    page = a_page(
        "page-1",
        a_member(a_record(State.ESCALATED).action.id),
        due=NOW + 200_000 * HOUR,
        acknowledged=seen,
        step=1,
    )
    sent = a_posted("a", delivery=Delivery.SENT, title=HOSTILE)
    waits = a_posted("b", channel="pager", due=NOW + 200_000 * HOUR, instead_of="teams")
    return page, [sent, waits]


def test_where_nothing_is_open_it_says_so(folder: Path) -> None:
    done = run(folder, "escalate", "list")

    assert (done.exit_code, done.stdout) == (0, "no page is open: nobody on call has to do anything\n")


def test_a_page_says_who_was_told_when_who_has_seen_it_and_what_comes_next(folder: Path) -> None:
    page, posted = a_thread()
    ledger_with(folder, [page, a_page("quiet", a_member("x"), a_member("y"), is_stormy=True)], posted)

    done = run(folder, "escalate", "list")

    assert done.exit_code == 0
    assert "page page-1, chain secops, since 2026-11-02 09:00Z" in done.stdout
    assert "2026-11-02 09:00Z told teams (page, step 1)" in done.stdout
    assert "waits for pager (page, step 1, in place of teams), due in " in done.stdout
    assert "acknowledged by Invoice" in done.stdout
    assert "and answered by nobody" in done.stdout
    assert "incident 1: 2 actions, nobody was told yet" in done.stdout
    assert "held back by the storm limit" in done.stdout
    assert "1 notice waits to be sent" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_open_pages_as_json(folder: Path) -> None:
    page, posted = a_thread()
    ledger_with(folder, [page], posted)

    found: dict[str, Any] = json.loads(run(folder, "escalate", "list", "--json").stdout)

    (one,) = found["pages"]
    assert found["waiting"] == 1
    assert one["id"] == "page-1"
    assert [(told["channel"], told["delivery"]) for told in one["told"]] == [
        ("teams", "sent"),
        ("pager", "waiting"),
    ]
    assert one["acknowledged"]["by"] == HOSTILE


def test_alarms_and_storms_are_pages_too_and_say_what_they_are(folder: Path) -> None:
    alarm = a_page("alarm", group="alarm:channel teams")
    storm = a_page("storm", group="storm")
    ledger_with(folder, [alarm, storm])

    out = run(folder, "escalate", "list").stdout

    assert "alarm channel teams" in out
    assert "more than may be told within an hour: told in summaries" in out


def test_what_became_of_each_notice_is_said(folder: Path) -> None:
    given_up = a_posted("a", delivery=Delivery.GIVEN_UP, due=None)
    dropped = a_posted("b", delivery=Delivery.DROPPED, due=None, occasion=Occasion.UPDATE)
    ledger_with(folder, [a_page()], [given_up, dropped])

    out = run(folder, "escalate", "list").stdout

    assert "could not be told: teams (page, step 1)" in out
    assert "needed no more, or told in a digest: teams (update, step 1)" in out


# In `status` and `show`


def test_status_counts_open_pages_waiting_notices_and_channels_that_fail(folder: Path) -> None:
    page, posted = a_thread()
    ledger_with(folder, [page, a_page("storm", group="storm")], posted)

    async def alarm() -> None:
        async with open_ledger(f"sqlite:///{folder}/air-agent-data/ledger.db", TENANT) as ledger:
            await ledger.raise_alarm(Alarm(name="channel teams", since=NOW, words="it takes nothing"))

    asyncio.run(alarm())

    done = run(folder, "status")

    assert "on call      1 page is open, 1 notice waits, 1 channel fails (teams)\n" in done.stdout
    told = json.loads(run(folder, "status", "--json").stdout)["telling"]
    assert told == {"pages": 1, "waiting": 1, "failing": ["teams"]}


def test_show_says_on_which_page_an_action_is_and_who_was_told(folder: Path) -> None:
    page, posted = a_thread()
    ledger_with(folder, [page], posted)
    record = a_record(State.ESCALATED)

    done = run(folder, "show", record.action.id)

    assert "People on call" in done.stdout
    assert "page page-1 of chain secops, since 2026-11-02 09:00Z, open" in done.stdout
    assert "  2026-11-02 09:00Z told teams (page, step 1)" in done.stdout
    (told,) = json.loads(run(folder, "show", record.action.id, "--json").stdout)["pages"]
    assert told["id"] == "page-1"


def test_show_says_where_nobody_was_told_of_a_page_that_is_over(folder: Path) -> None:
    record = a_record(State.ESCALATED)
    over = a_page("page-1", a_member(record.action.id, ended="it was judged"), closed=NOW, due=None)
    ledger_with(folder, [over])

    done = run(folder, "show", record.action.id)

    assert "closed 2026-11-02 09:00Z: incident 1: 1 action, nobody was told" in done.stdout
    assert "nobody was told of it" in done.stdout
