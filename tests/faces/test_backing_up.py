"""`air-agent backup` and `restore`: what they say, and their exit codes."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.adapters.shipment import Shipment
from agent.faces.cli.app import app
from tests.adapters.audited import act
from tests.adapters.records import KEY, TENANT
from tests.ledgers import open_ledger

TEXT = "0123456789abcdef0123456789abcdef"
RUN = CliRunner()


def said(*words: str, code: int = 0) -> str:
    done = RUN.invoke(app, list(words))
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which an agent has worked and shipped its audit, with its key beside the ledger."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "air-agent.yaml").write_text(
        f"tenant:\n  id: {TENANT}\nledger:\n  url: sqlite:///data/ledger.db\n"
    )
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data/audit.key").touch(0o600)
    (tmp_path / "data/audit.key").write_text(TEXT)
    work(tmp_path, "anna")
    return tmp_path


def work(folder: Path, *keys: str) -> None:
    async def go() -> None:
        async with open_ledger(f"sqlite:///{folder}/data/ledger.db", TENANT) as ledger:
            sink = Shipment(TENANT, KEY, file=folder / "data/audit.jsonl", anchors=None, syslog="")
            for minute, key in enumerate(keys):
                record, _ = await act(ledger, key, "agent", minute)
                links = await ledger.trail.unshipped("agent", 100)
                await sink.ship(links)
                await ledger.trail.mark_shipped("agent", links[-1].number, record.action.first_seen)

    asyncio.run(go())


def lose(folder: Path) -> None:
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (folder / "data" / name).unlink(missing_ok=True)


def test_a_backup_says_what_it_holds_and_which_key_has_to_be_kept_apart(place: Path) -> None:
    out = said("backup", "one.zip")

    first, second = out.splitlines()
    assert first.startswith(f"backup of tenant {TENANT} as of 20")
    assert f"written to one.zip: 17 rows of 8 tables, {(place / 'one.zip').stat().st_size:,} bytes" in first
    assert second == (
        "the audit's key is not in it, and without it the backup cannot be restored: keep "
        f"{place / 'data/audit.key'} apart from it (fingerprint {KEY.fingerprint})"
    )
    assert said("backup", "one.zip", code=2) == (
        "error: backup `one.zip`: is there already: name another file: backups are never written over\n"
    )


def test_a_backup_is_told_to_programs_too(place: Path) -> None:
    told = json.loads(said("backup", "one.zip", "--json"))
    checked = json.loads(said("restore", "one.zip", "--verify", "--json"))

    assert (told["file"], told["key"], told["schema"]) == (
        "one.zip",
        KEY.fingerprint,
        checked["manifest"]["schema"],
    )
    assert checked["holds"] is True
    assert checked["since"] == {"entries": 0, "calls": 0, "until": None, "actions": 0, "unknown": ""}


def test_verifying_says_what_holds_and_what_was_done_since(place: Path) -> None:
    said("backup", "one.zip")
    quiet = said("restore", "one.zip", "--verify")
    work(place, "bert", "carl")

    out = said("restore", "one.zip", "--verify")

    assert "it holds: 17 rows of 8 tables, every digest fits, every reference is there, every chain" in out
    assert "since then nothing was done, by the shipped audit" in quiet
    assert (
        "since then the shipped audit has 10 entries, the last of 2026-11-02 09:01Z, with 2 calls: 2 actions of which the"
        " ledger does not know what was done go to people"
    ) in out


def test_a_restore_says_what_to_do_next_and_holds_everything(place: Path) -> None:
    said("backup", "one.zip")
    work(place, "bert")
    lose(place)

    out = said("restore", "one.zip")
    again = said("restore", "one.zip", code=2)
    status = json.loads(said("status", "--json", code=1))
    audit = said("audit", "verify")

    assert out.splitlines()[-1].startswith(
        "restored: 17 rows of 8 tables; everything is held: start the agent"
    )
    assert "1 action of which the ledger does not know what was done go to people" in out
    assert "a backup is never restored over a ledger" in again
    assert [hold["name"] for hold in status["holds"]] == ["hold"]
    assert "the audit holds" in audit
    assert "1 decisions, 0 answers and 1 calls are in the audit alone" in audit


def test_without_the_shipped_audit_it_says_that_not_all_is_known(place: Path) -> None:
    said("backup", "one.zip")
    lose(place)

    out = said("restore", "one.zip", "--without-audit")

    assert "it was restored without the shipped audit: everything that may have been goes to people" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--audit", "nowhere.jsonl"), "`nowhere.jsonl` cannot be read: no such file or directory"),
        (("--audit", "data/audit.jsonl", "--without-audit"), "say two things: leave one of them out"),
        (
            ("--audit", "changed.jsonl"),
            "was changed: its mac does not fit what came before it: find out who changed it",
        ),
    ],
)
def test_a_wrong_audit_is_refused(place: Path, arguments: tuple[str, ...], words: str) -> None:
    said("backup", "one.zip")
    work(place, "bert")
    shipped = (place / "data/audit.jsonl").read_text()
    (place / "changed.jsonl").write_text(shipped.replace("2026-11-02T09:00:00Z", "2026-11-02T09:00:01Z"))
    lose(place)

    out = said("restore", "one.zip", *arguments, code=2)

    assert words in out
    assert not (place / "data/ledger.db").exists()


def test_a_key_that_is_missing_is_asked_for_by_its_fingerprint(place: Path) -> None:
    said("backup", "one.zip")
    lose(place)
    (place / "data/audit.key").unlink()

    out = said("restore", "one.zip", code=2)

    assert (
        "put it there first, mode 0600: this backup needs the one with the fingerprint " + KEY.fingerprint
        in out
    )
    assert not (place / "data/audit.key").exists()


def test_what_does_not_hold_is_not_restored_unless_asked_for(place: Path) -> None:
    import sqlite3

    with sqlite3.connect(place / "data/ledger.db") as connection:
        connection.execute("UPDATE decisions SET verb = 'reject'")
    connection.close()
    said("backup", "one.zip")
    lose(place)

    checked = said("restore", "one.zip", "--verify", code=1)
    refused = said("restore", "one.zip", code=1)
    is_left = not (place / "data/ledger.db").exists()
    done = said("restore", "one.zip", "--despite-faults", code=1)

    assert "wrong: the audit: " in checked
    assert "it does not hold" in checked
    assert "nothing was restored" in refused
    assert is_left
    assert "restored: 17 rows" in done


def test_into_postgresql_nothing_is_restored_before_every_replica_s_audit_was_named(place: Path) -> None:
    """Each ships to a file of its own, and of those that came after the backup it knows nothing."""
    said("backup", "one.zip")
    (place / "air-agent.yaml").write_text(
        f"tenant:\n  id: {TENANT}\nledger:\n  url: postgresql://nobody@127.0.0.1:1/ledger\n"
        "audit:\n  key_file: data/audit.key\n  file: data/audit.jsonl\n"
    )

    out = said("restore", "one.zip", code=2)

    assert "lies in a file of each replica that ever worked on it: name all of them" in out
