"""`demo --month`: days that only took seconds leave a ledger that every command reads."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.faces.cli import month, reporting
from agent.faces.cli.failures import Ending
from agent.faces.cli.promoting import Asked as Promoted
from agent.faces.cli.promoting import promote
from agent.faces.cli.report_asked import Wanted
from agent.model.errors import SettingsError

DAYS, ACTIONS = 3, 45


def test_what_is_printed_is_what_the_simulator_knows_and_nothing_was_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "month"

    month.demo(month.Asked(seed=7, folder=folder, days=DAYS, actions=ACTIONS), as_json=True)

    known = json.loads(capsys.readouterr().out)
    assert (known["actions"], known["writes"]) == (ACTIONS, 0)
    assert known["approved"] > known["rejected"] > 0
    assert datetime.fromisoformat(known["since"]).weekday() == 0
    assert datetime.fromisoformat(known["until"]) < datetime.now(UTC)  # noqa: TID251
    assert Path(known["page"]).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert_the_ledger_is_an_ordinary_one(folder, known, capsys)


def assert_the_ledger_is_an_ordinary_one(
    folder: Path, known: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = folder / "air-agent.yaml"
    wanted = Wanted(
        since=known["since"],
        until=known["until"],
        policies=(),
        tenant=None,
        diff=None,
        output=None,
        most_looser=None,
    )

    reporting.report(settings, wanted, reporting.Form.JSON)

    told = json.loads(capsys.readouterr().out)
    assert told["report"]["actions"] == known["actions"]
    with pytest.raises(Ending):
        promote(Promoted(policy="malicious-url-clusters", settings=settings), as_json=False)
    assert "not met: nothing was written" in capsys.readouterr().out


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()

    with pytest.raises(SettingsError, match="is not empty"):
        month.demo(month.Asked(seed=7, folder=tmp_path), as_json=True)


def test_options_of_the_other_demo_are_refused_rather_than_ignored(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="`--month` does not go with `--serve`, `--kill`"):
        month.demo(month.Asked(seed=7, folder=tmp_path / "new", beside=("--serve", "--kill")), as_json=True)

    assert not (tmp_path / "new").exists()
