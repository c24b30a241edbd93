"""`undo` as a person runs it: shown, asked, done and told; over fakes that work and a real ledger."""

import asyncio
import json
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from agent.faces.cli import undoing
from agent.faces.cli.app import app
from agent.faces.cli.person import person
from agent.model.enactment import Effect, Outcome, State, Went
from agent.model.errors import Unavailable
from agent.model.hold import KILL_SWITCH, Hold
from agent.model.restored import Gap, Restored
from agent.ports.world import World
from agent.settings.subjects import Settings
from tests.faces.records import HOSTILE
from tests.fakes import FakeSwitch
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident, message_id

WHY = ("--reason", "it was a newsletter")


class Tenant:
    """A tenant whose agent deleted some clusters, and the command line of whoever takes that back."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.settings = folder / "air-agent.yaml"
        self.settings.write_text(
            f"tenant: {{id: {TENANT}}}\nmode: enforce\n"
            "graph: {cloud: simulator, url: 'http://127.0.0.1:9'}\n"
            f"auth: {{kind: clientSecret, client_id: {TENANT}}}\n"
            f"log: {{file: {folder / 'agent.log'}}}\n",
            encoding="utf-8",
        )
        self.copies: dict[int, str] = {}
        self.next_outcomes: list[Outcome | Unavailable | str] = []
        self.down = False
        self.before: Callable[[Bench], None] = lambda bench: None
        self.ids: list[str] = []
        monkeypatch.setattr(undoing, "open_world", self._open_world)
        monkeypatch.setattr(undoing, "configure", lambda *_: None)
        asyncio.run(self._in(self._delete))

    @asynccontextmanager
    async def _open_world(self, settings: Settings, *, apart: str) -> AsyncIterator[World]:
        async with self._bench() as bench:
            bench.enactor.next_outcomes = self.next_outcomes
            bench.defender.down = self.down
            self.before(bench)
            try:
                yield replace(bench.world, replica=f"soc{apart}")
            finally:
                self.copies = {
                    n: bench.defender.copies[message_id(n), "anna@contoso.example"].location or ""
                    for n in range(1, 7)
                }

    @asynccontextmanager
    async def _bench(self) -> AsyncIterator[Bench]:
        url = f"sqlite:///{self.folder}/air-agent-data/ledger.db"
        async with open_ledger(url, TENANT) as ledger:
            bench = Bench(ledger)
            alerts = [an_alert(a_cluster(query=f"{HOSTILE}{n}", first=3 * n - 2), id=f"a{n}") for n in (1, 2)]
            bench.defender.show(an_incident(*alerts))
            bench.defender.deliver(
                *(a_copy(n, location=self.copies.get(n, "inbox_folder")) for n in range(1, 7))
            )
            yield bench

    async def _in(self, what: Callable[[Bench], Awaitable[None]]) -> None:
        async with self._bench() as bench:
            await what(bench)

    async def _delete(self, bench: Bench) -> None:
        await bench.run_pass()
        self.copies = dict.fromkeys(range(1, 7), "others")
        self.ids = sorted(record.action.id for record in await bench.records())

    def hold(self) -> None:
        async def lay(bench: Bench) -> None:
            await bench.world.ledger.hold(Hold(name=KILL_SWITCH, since=NOW, by="ben", reason="stop"))

        asyncio.run(self._in(lay))

    def effects(self, action_id: str) -> tuple[Effect, ...]:
        found: list[Effect] = []

        async def read(bench: Bench) -> None:
            found.extend(await bench.world.ledger.effects(action_id))

        asyncio.run(self._in(read))
        return tuple(found)

    def run(self, *arguments: str, typed: str = "") -> Result:
        options = ["--settings", str(self.settings)]
        runner = CliRunner(env={"COLUMNS": "160", "AIR_AGENT_CLIENT_SECRET": "x"})
        return runner.invoke(app, [arguments[0], *options, *arguments[1:]], input=typed)

    def as_json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)


@pytest.fixture
def tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenant]:
    with structlog.testing.capture_logs():
        yield Tenant(tmp_path, monkeypatch)


def test_one_action_is_shown_asked_for_and_taken_back(tenant: Tenant) -> None:
    done = tenant.run("undo", tenant.ids[0][:8], *WHY, typed="yes\n")

    assert done.exit_code == 0, done.output
    assert "restores 3 copies to the inbox, of 1 action" in done.stdout
    assert "type yes to take back 1 action: " in done.stdout
    assert f"{tenant.ids[0][:8]}  undone: restored 3 copies to the inbox" in done.stdout
    assert "1 action undone, 0 not or only in part" in done.stdout
    assert sorted(tenant.copies.values()) == ["inbox_folder"] * 3 + ["others"] * 3


@pytest.mark.parametrize("typed", ["", "no\n", "y\n", "1\n"])
def test_without_the_word_nothing_is_done(tenant: Tenant, typed: str) -> None:
    done = tenant.run("undo", tenant.ids[0], *WHY, typed=typed)

    assert done.exit_code == 1
    assert done.stdout.endswith("nothing was done\n")
    assert set(tenant.copies.values()) == {"others"}


def test_all_that_one_policy_approved_is_taken_back_once_its_count_is_typed(tenant: Tenant) -> None:
    wrong = tenant.run("undo", "--policy", "small-malicious", "--since", since(), *WHY, typed="yes\n")
    done = tenant.run("undo", "--policy", "small-malicious", "--since", since(), *WHY, typed="2\n")

    assert wrong.exit_code == 1
    assert "type 2 to take back 2 actions: " in wrong.stdout
    assert done.exit_code == 0, done.output
    assert "restores 6 copies to the inbox, of 2 actions" in done.stdout
    assert "2 actions undone, 0 not or only in part" in done.stdout
    assert set(tenant.copies.values()) == {"inbox_folder"}


def since() -> str:
    return "2026-11-02T07:00:00Z"


@pytest.mark.parametrize(
    "options",
    [
        ("--policy", "other", "--since", "2026-11-02T07:00:00Z"),
        ("--policy", "small-malicious", "--since", "2026-11-02T09:00:01Z"),
    ],
)
def test_a_policy_that_approved_nothing_since_then_is_told(tenant: Tenant, options: tuple[str, ...]) -> None:
    done = tenant.run("undo", *options, *WHY, "--yes")

    assert done.exit_code == 1
    assert "approved nothing since then that was sent and stands" in done.stderr


def test_a_script_does_not_need_to_type_and_gets_one_document(tenant: Tenant) -> None:
    done = tenant.run("undo", tenant.ids[1], *WHY, "--yes", "--json")

    found = json.loads(done.stdout)
    assert (done.exit_code, found["stopped"]) == (0, None)
    (row,) = found["actions"]
    assert set(row) == {"id", "what", "restores", "count", "left", "beside", "state", "became"}
    assert (row["id"], row["state"], row["count"]) == (tenant.ids[1], "undone", 3)
    assert row["became"] == "restored 3 copies to the inbox"


def test_json_asks_on_standard_error(tenant: Tenant) -> None:
    done = tenant.run("undo", tenant.ids[1], *WHY, "--json", typed="yes\n")

    assert done.exit_code == 0
    assert json.loads(done.stdout)["actions"][0]["state"] == "undone"
    assert "type yes to take back 1 action" in done.stderr


def test_what_cannot_be_taken_back_is_shown_before_and_told_after(tenant: Tenant) -> None:
    first = next(n for n in range(1, 7) if tenant.effects(tenant.ids[0])[0].targets[0][0] == message_id(n))
    tenant.copies[first] = "quarantine"

    done = tenant.run("undo", tenant.ids[0], *WHY, typed="yes\n")

    assert done.exit_code == 1
    assert "1 cannot be taken back: the table says why and what to do" in done.stdout
    assert "not taken back: 1: it is not where our deletion put it (`quarantine`)" in done.stdout
    assert "0 actions undone, 1 not or only in part" in done.stdout


def test_what_is_in_place_already_is_said(tenant: Tenant) -> None:
    tenant.copies = dict.fromkeys(range(1, 7), "inbox_folder")

    done = tenant.run("undo", tenant.ids[0], *WHY)

    assert done.exit_code == 1
    assert "3 in place already" in done.stdout


def test_where_nothing_can_be_taken_back_nobody_is_asked(tenant: Tenant) -> None:
    tenant.copies = dict.fromkeys(range(1, 7), "quarantine")

    done = tenant.run("undo", tenant.ids[0], *WHY)

    assert done.exit_code == 1
    assert "type yes" not in done.stdout
    assert done.stdout.endswith("there is nothing that can be taken back\n")


@pytest.mark.parametrize("answer", [("--yes",), ()])
def test_while_a_hold_stands_nobody_is_asked_and_nothing_is_begun(
    tenant: Tenant, answer: tuple[str, ...]
) -> None:
    tenant.hold()

    done = tenant.run("undo", "--policy", "small-malicious", "--since", since(), *WHY, *answer, typed="2\n")

    assert done.exit_code == 1
    assert "restores 6 copies to the inbox, of 2 actions" in done.stdout
    assert "type 2" not in done.stdout
    assert "held: nothing is carried out, since 2026-11-02 09:00Z (just now), by ben: stop" in done.stdout
    assert done.stdout.endswith(
        "`air-agent release` ends it\nnothing was done: undo it again once that has ended\n"
    )
    assert set(tenant.copies.values()) == {"others"}
    assert [one.undoes for action_id in tenant.ids for one in tenant.effects(action_id)] == [None, None]


def test_a_script_is_told_what_holds(tenant: Tenant) -> None:
    tenant.hold()

    done = tenant.run("undo", tenant.ids[0], *WHY, "--yes", "--json")

    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert found["stopped"].endswith("by ben: stop; `air-agent release` ends it")
    assert [row["became"] for row in found["actions"]] == [""]


class LaidMeanwhile(FakeSwitch):
    """A file that somebody makes after it was looked at once."""

    async def read(self, now: datetime) -> Hold | None:
        self.reason = "stop" if self.asked else ""
        return await super().read(now)


def test_a_hold_that_is_laid_meanwhile_stops_it(tenant: Tenant) -> None:
    def lay(bench: Bench) -> None:
        bench.world = replace(bench.world, switch=LaidMeanwhile())

    tenant.before = lay

    done = tenant.run("undo", "--policy", "small-malicious", "--since", since(), *WHY, "--yes")

    assert done.exit_code == 1
    assert "not taken back: 3 copies to the inbox: not tried: undo it again" in done.stdout
    assert "stopped: held by `hold`: " in done.stdout
    assert "the rest stays as it is, undo it again later" in done.stdout
    assert set(tenant.copies.values()) == {"others"}


def test_a_file_that_is_there_is_told_like_any_other_hold(tenant: Tenant) -> None:
    switch = FakeSwitch()
    switch.reason = "stop"

    def lay(bench: Bench) -> None:
        bench.world = replace(bench.world, switch=switch)

    tenant.before = lay

    done = tenant.run("undo", tenant.ids[0], *WHY)

    assert done.exit_code == 1
    assert "removing the file HOLD of agent ends it" in done.stdout
    assert "type yes" not in done.stdout


def test_an_action_for_which_nothing_was_carried_out_says_so(tenant: Tenant) -> None:
    async def escalate(bench: Bench) -> None:
        incident = an_incident(an_alert(a_cluster(query="large", first=1, verdict="suspicious")), id="9")
        bench.defender.show(incident)
        await bench.run_pass()

    asyncio.run(tenant._in(escalate))
    (new,) = {one["id"] for one in tenant.as_json("history")["decisions"]} - set(tenant.ids)

    done = tenant.run("undo", new, *WHY)

    assert done.exit_code == 1
    assert "the agent carried nothing out for it: it is `escalated`" in " ".join(
        done.stdout.replace("│", " ").split()
    )
    assert done.stdout.endswith("there is nothing that can be taken back\n")


def test_graph_being_away_is_told_by_its_own_exit_code(tenant: Tenant) -> None:
    tenant.next_outcomes = [Outcome(went=Went.DONE), Unavailable("graph: 503")]
    half = tenant.run("undo", "--policy", "small-malicious", "--since", since(), *WHY, "--yes")
    tenant.down = True
    away = tenant.run("undo", tenant.ids[0], *WHY, "--yes")

    assert half.exit_code == 3
    assert "1 action undone, 1 not or only in part" in half.stdout
    assert "stopped: graph: 503" in half.stdout
    assert away.exit_code == 3
    assert "error: graph: connection refused" in away.stderr


def test_an_agent_at_work_in_an_incident_keeps_only_that_one_from_it(tenant: Tenant) -> None:
    async def lease(bench: Bench) -> None:
        now = bench.clock.now()
        far = now.replace(year=2030)
        await bench.world.ledger.lease("1", "agent", now, far)

    asyncio.run(tenant._in(lease))

    done = tenant.run("undo", "--policy", "small-malicious", "--since", since(), *WHY, "--yes")

    assert done.exit_code == 1
    assert done.stdout.count("another agent is at work in incident `1`") == 2


def test_undone_twice_is_undone_once(tenant: Tenant) -> None:
    tenant.run("undo", tenant.ids[0], *WHY, "--yes")

    again = tenant.run("undo", tenant.ids[0], *WHY, "--yes")

    assert again.exit_code == 0
    assert "3 taken back before" in again.stdout
    inverses = [one for one in tenant.effects(tenant.ids[0]) if one.undoes is not None]
    assert [one.went for one in inverses] == [Went.DONE]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ID", "--policy", "p", "--since", "2h", *WHY), "name one action by its id, or a policy"),
        (WHY, "name one action by its id, or a policy"),
        (("--policy", "p", *WHY), "say how far back with `--since`"),
        (("ID", "--since", "2h", *WHY), "`--since` goes with `--policy`"),
        (("ID", "--reason", "  "), "say why with `--reason`"),
        (("ID", "--reason", "x" * 301), "say why with `--reason`"),
        (("--policy", "p", "--since", "soon", *WHY), "is not a duration"),
    ],
)
def test_what_is_not_clear_is_refused_before_anything_is_read(
    tenant: Tenant, arguments: tuple[str, ...], words: str
) -> None:
    done = tenant.run("undo", *arguments)

    assert done.exit_code == 2
    assert words in done.stderr


def test_a_reason_is_required(tenant: Tenant) -> None:
    assert tenant.run("undo", tenant.ids[0]).exit_code == 2


def test_an_agent_that_only_observes_undoes_nothing(tenant: Tenant) -> None:
    tenant.settings.write_text(tenant.settings.read_text().replace("enforce", "observe"))

    done = tenant.run("undo", tenant.ids[0], *WHY, "--yes")

    assert done.exit_code == 2
    assert "undo with `AIR_AGENT_MODE=enforce` set" in done.stderr


def test_a_world_that_cannot_be_written_to_is_told(tenant: Tenant) -> None:
    tenant.before = lambda bench: bench.observing()

    done = tenant.run("undo", tenant.ids[0], *WHY, "--yes")

    assert done.exit_code == 2
    assert "nothing can be written to Graph here" in done.stderr


def test_an_id_that_names_nothing_is_told(tenant: Tenant) -> None:
    done = tenant.run("undo", "ffffffff", *WHY, "--yes")

    assert done.exit_code == 1
    assert "nothing is known of `ffffffff`" in done.stderr


def test_an_attackers_text_does_nothing_on_the_terminal(tenant: Tenant) -> None:
    done = tenant.run("undo", tenant.ids[0], "--reason", HOSTILE, "--yes")
    shown = tenant.run("show", tenant.ids[0])

    for text in (done.stdout, shown.stdout):
        acting = {letter for letter in text if unicodedata.category(letter) in {"Cc", "Cf", "Cs"}}
        assert acting <= {"\n"}


def test_history_show_and_pending_tell_who_took_it_back_when_and_why(tenant: Tenant) -> None:
    tenant.run("undo", tenant.ids[0], *WHY, "--yes")
    words = f"undone 2026-11-02 09:00Z by {person()}: it was a newsletter; restored 3 copies to the inbox"

    past = {one["id"]: one for one in tenant.as_json("history")["decisions"]}
    shown = tenant.run("show", tenant.ids[0]).stdout
    open_ = tenant.as_json("pending")["pending"]

    assert past[tenant.ids[0]]["undone"] == words
    assert past[tenant.ids[1]]["undone"] == ""
    assert words in shown
    assert "taken back" in shown
    assert "moveToInbox, undoes " in shown
    assert [one["id"] for one in open_] == [tenant.ids[1]]


def test_history_tells_it_in_its_table_too(tenant: Tenant) -> None:
    tenant.run("undo", tenant.ids[0], *WHY, "--yes")

    assert "it was a newsletter" in " ".join(tenant.run("history").stdout.replace("│", " ").split())


def test_what_was_undone_needs_nobody_any_more(tenant: Tenant) -> None:
    tenant.run("undo", tenant.ids[0], *WHY, "--yes")

    shown = tenant.as_json("show", tenant.ids[0])

    assert shown["action"]["state"] == State.UNDONE
    assert shown["action"]["needs_people"] is False


def test_after_a_restore_it_says_what_the_ledger_does_not_know_and_what_stays(tenant: Tenant) -> None:
    gap = Gap(at=NOW + timedelta(hours=1), backup_at=NOW - timedelta(hours=1), is_known=True)

    def restored(bench: Bench) -> None:
        bench.world = replace(
            bench.world, restored=Restored(gaps=(gap,), departed={tenant.ids[0]: 2, "elsewhere": 9})
        )

    tenant.before = restored
    of_policy = tenant.run("undo", "--policy", "small-malicious", "--since", since(), *WHY, typed="no\n")
    later = tenant.run("undo", "--policy", "other", "--since", "2026-11-02T10:00:01Z", *WHY, "--yes")
    one = tenant.as_json("undo", tenant.ids[0], *WHY, "--yes")["actions"][0]

    assert (
        "what any policy approved between 2026-11-02 08:00Z and 2026-11-02 10:00Z is not in the ledger, which was restored"
        " from a backup: take that back in the Action center" in of_policy.stderr.replace("\n", " ")
    )
    assert "is not in the ledger" not in later.stderr
    assert [words for words in one["left"] if words.startswith("2: it left after the backup")]
