"""`air-agent audit`: what it finds, in words and by its exit code."""

import asyncio
import json
import sqlite3
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.adapters.shipment import Shipment
from agent.faces.cli.app import app
from tests.adapters.audited import act
from tests.adapters.records import KEY, NOW, TENANT
from tests.ledgers import open_ledger

RUN = CliRunner()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which an agent has worked and shipped its audit."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIR_AGENT_AUDIT_KEY", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "air-agent.yaml").write_text(
        f"tenant:\n  id: {TENANT}\nledger:\n  url: sqlite:///data/ledger.db\naudit:\n  anchor: anchors\n"
    )
    asyncio.run(_work(tmp_path))
    return tmp_path


async def _work(folder: Path) -> None:
    async with open_ledger(f"sqlite:///{folder}/data/ledger.db", TENANT, key=KEY) as ledger:
        sink = Shipment(TENANT, KEY, file=folder / "data/audit.jsonl", anchors=folder / "anchors", syslog="")
        await act(ledger, "anna", "agent")
        await act(ledger, "bert", "agent", 1)
        links = await ledger.trail.unshipped("agent", 100)
        await sink.ship(links)
        await ledger.trail.mark_shipped("agent", len(links), NOW)
        await sink.anchor(await ledger.trail.head("agent"), NOW)


def said(*words: str, code: int = 0, answer: str | None = None) -> str:
    done = RUN.invoke(app, ["audit", *words], input=answer)
    assert done.exit_code == code, done.output
    return done.output


def spoil(place: Path, statement: str) -> None:
    with sqlite3.connect(place / "data/ledger.db") as connection:
        connection.execute(statement)
    connection.close()


def test_an_audit_that_holds_says_what_it_was_compared_with(place: Path) -> None:
    out = said("verify")

    assert out.splitlines() == [
        "agent: 11 entries fit, 2026-11-02 09:00Z to 2026-11-02 09:01Z",
        f"compared with {place}/data/audit.jsonl, {place}/anchors",
        "the audit holds: 2 decisions and 2 calls, each with its entry and as it was written",
    ]


def test_without_copies_it_says_what_it_cannot_tell(place: Path) -> None:
    (place / "data/audit.jsonl").unlink()
    (place / "anchors").unlink()
    assert "entry 1 was shipped, and no file of what was shipped is here" in said("verify", code=1)
    spoil(place, "UPDATE audit_heads SET shipped = 0")

    assert "compared with nothing outside the ledger: a chain whose end was cut off with its head" in said(
        "verify"
    )


def test_the_first_bad_entry_is_named_with_its_moment(place: Path) -> None:
    spoil(place, "DELETE FROM audit_entries WHERE number = 7")

    out = said("verify", code=1)

    assert "agent: 6 entries fit, 2026-11-02 09:00Z to 2026-11-02 09:00Z; then it breaks" in out
    assert "wrong: agent entry 7 (2026-11-02 09:00Z) is missing: after 6 follows 8" in out
    assert "the audit does not hold" in out


def test_the_same_is_told_to_programs(place: Path) -> None:
    spoil(place, "UPDATE audit_entries SET mac = zeroblob(32) WHERE number = 3")

    found = json.loads(said("verify", "--json", code=1))

    assert found["holds"] is False
    assert [(one["replica"], one["number"]) for one in found["faults"]] == [("agent", 3)]
    assert found["chains"][0]["fault"] == found["faults"][0]


def test_many_faults_are_cut_and_counted(place: Path) -> None:
    for number in range(30):
        values = f"'{TENANT}', 'ghost{number:02}', 1, 0, 'x', NULL, x'00', x'00'"
        spoil(place, f"INSERT INTO audit_entries VALUES ({values})")

    out = said("verify", code=1)

    assert out.count("wrong: ") == 20
    assert "and 10 more, which --json tells" in out


def test_a_file_that_was_edited_is_told_from_a_ledger_that_was(place: Path) -> None:
    file = place / "data/audit.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"verb":"approve"', b'"verb":"reject"', 1))

    out = said("verify", code=1)

    assert f"wrong: {file}: agent entry 2 (2026-11-02 09:00Z) was changed" in out


def test_lines_that_were_cut_out_of_the_file_are_missed(place: Path) -> None:
    file = place / "data/audit.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:4] + lines[5:]))

    assert "wrong: agent entry 5 was shipped, and is in none of the copies" in said("verify", code=1)


def test_files_that_are_named_must_be_there(place: Path) -> None:
    assert "`nowhere` cannot be read: no such file or directory" in said(
        "verify", "--file", "nowhere", code=2
    )
    assert "`none` cannot be read" in said("verify", "--anchors", "none", code=2)
    named = said("verify", "--file", "data/audit.jsonl", "--anchors", "anchors")
    assert "compared with data/audit.jsonl, anchors" in named


def test_the_key_is_asked_for_and_a_wrong_one_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIR_AGENT_AUDIT_KEY", "x" * 32)
    assert "or this is not the key that the chain was written with" in said("verify", code=1)
    monkeypatch.setenv("AIR_AGENT_AUDIT_KEY", "short")
    assert "`audit.key` has fewer than 32 characters" in said("verify", code=2)
    monkeypatch.delenv("AIR_AGENT_AUDIT_KEY")
    assert "`audit.key` is missing: set AIR_AGENT_AUDIT_KEY" in said("verify", code=2)


def test_where_there_is_no_ledger_it_is_that_which_is_missing_and_not_its_key(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIR_AGENT_AUDIT_KEY")
    (place / "data/ledger.db").unlink()

    out = said("verify", code=2)

    assert "ledger.db`: no such file or directory: start the agent once, which creates it" in " ".join(
        out.split()
    )


def test_the_audit_is_exported_with_names_only_if_asked(place: Path) -> None:
    plain = said("export").splitlines()
    out = said("export", "--personal", "--out", "all.jsonl")

    named = (place / "all.jsonl").read_text().splitlines()
    assert [json.loads(one)["number"] for one in plain] == list(range(1, 12))
    assert "anna@contoso" not in "".join(plain)
    assert "anna@contoso" in "".join(named)
    assert "11 entries written to all.jsonl" in out


def test_an_export_is_nobody_elses_to_read_though_its_file_was(place: Path) -> None:
    file = place / "all.jsonl"
    file.write_text("an earlier export\n")
    file.chmod(0o644)

    said("export", "--personal", "--out", "all.jsonl")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "an earlier export" not in file.read_text()


def test_only_newer_entries_are_exported_where_asked(place: Path) -> None:
    assert len(said("export", "--since", "2026-11-02T09:01:00Z").splitlines()) == 5
    assert said("export", "--since", "2027-01-01T00:00:00Z") == ""


def test_an_export_that_cannot_be_written_says_so(place: Path) -> None:
    assert "`--out nowhere/x` cannot be written: no such file" in said("export", "--out", "nowhere/x", code=2)


def test_an_export_of_what_cannot_be_read_points_to_verify(place: Path) -> None:
    spoil(place, "UPDATE audit_entries SET mac = 'text' WHERE number = 3")

    assert "cannot be read: `air-agent audit verify` says which" in said("export", code=2)


def test_values_are_erased_after_a_preview_and_a_yes(place: Path) -> None:
    refused = said("erase", "ANNA@contoso", code=1, answer="n\n")
    assert "1  targets" in refused
    assert "nothing was erased" in refused

    assert "1 value erased" in said("erase", "ANNA@contoso", answer="y\n")

    assert "no personal value contains it" in said("erase", "anna@contoso", "--yes", code=1)
    assert "the audit holds" in said("verify")
    assert "anna@contoso" not in said("export", "--personal")


def test_an_erasure_is_told_to_programs(place: Path) -> None:
    found = json.loads(said("erase", "bert@contoso", "--yes", "--json"))

    assert found == {"erased": 1, "by_name": {"targets": 1}}


def test_an_erasure_makes_no_ledger_where_there_is_none(place: Path) -> None:
    settings = place / "air-agent.yaml"
    settings.write_text(settings.read_text().replace("data/ledger.db", "elsewhere/ledger.db"))

    assert "start the agent once, which creates it" in said("erase", "anna@", "--yes", code=2)
    assert not (place / "elsewhere").exists()


def test_hardly_anything_is_too_little_to_erase_by(place: Path) -> None:
    assert "VALUE is too short" in said("erase", " a ", "--yes", code=2)


def test_a_hold_and_its_release_are_told_with_who_and_why(place: Path) -> None:
    """The key is in the environment, as in a container: the kill switch must work there."""
    held = RUN.invoke(app, ["hold", "odd verdicts tonight"])
    released = RUN.invoke(app, ["release", "--reason", "looked at"])

    assert (held.exit_code, released.exit_code) == (0, 0), held.output + released.output
    told = [json.loads(one) for one in said("export", "--personal").splitlines()]
    events = {one["entry"]["event"]: one["values"] for one in told if one["entry"]["actor"] == "person"}
    assert events["hold"]["reason"] == "odd verdicts tonight"
    assert events["release"]["reason"] == "looked at"
    assert all(one["by"] for one in events.values())
    assert "the audit holds" in said("verify")
