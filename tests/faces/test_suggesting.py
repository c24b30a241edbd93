"""`policy suggest` as a person runs it, over a real ledger and real files."""

import asyncio
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.adapters.ledger.ledger import SqlLedger
from agent.faces.cli import checking, suggesting
from agent.faces.cli.app import app
from agent.judge.layout import CASES
from agent.model.decision import Verb
from agent.model.remark import Severity
from agent.settings.subjects import Settings
from tests.clock import ManualClock
from tests.decided import MESSAGE, Decision, a_decided, a_row, consistently, remember, some_facts
from tests.ledgers import open_ledger
from tests.makers import NOW, TENANT

PRESENT = """policy: present
description: Rejects what was found to be harmless.
owner: soc@contoso.org
for: [softDeleteMessage]
match:
  evidence.verdict: noThreatsFound
decide: reject
"""
CASES_OF_IT = """policy: present
cases:
  - case: what is harmless stays
    kind: softDeleteMessage
    facts: {evidence.verdict: noThreatsFound}
    decision: reject
    policies: [present]
  - case: what is malicious is for a person
    kind: softDeleteMessage
    facts: {evidence.verdict: malicious}
    decision: escalate
    policies: []
    reason: ["`evidence.verdict` is malicious"]
"""
YES, NO = Verb.APPROVE, Verb.REJECT


class Shop:
    """A tenant in which people decided what no policy did, and the command line of whoever writes policies there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.policies = folder / "policies"
        self.policies.mkdir()
        (self.policies / "present.yaml").write_text(PRESENT)
        (self.policies / "present.cases.yaml").write_text(CASES_OF_IT)
        (folder / "air-agent.yaml").write_text(f"tenant: {{id: {TENANT}}}\n")
        self.drafts = folder / "suggestions"
        monkeypatch.setattr(suggesting, "clock_of", self._clock_of)
        monkeypatch.chdir(folder)

    def _clock_of(self, _: Settings) -> ManualClock:
        return ManualClock(NOW)

    def decided(self, *decided: Decision) -> None:
        async def within() -> None:
            async with open_ledger(f"sqlite:///{self.folder}/air-agent-data/ledger.db", TENANT) as ledger:
                await self._remember(ledger, decided)

        asyncio.run(within())

    async def _remember(self, ledger: SqlLedger, decided: Sequence[Decision]) -> None:
        await remember(ledger, decided)

    def run(self, *arguments: str, owner: str | None = "mail@contoso.org") -> Result:
        named = [] if owner is None else ["--owner", owner]
        runner = CliRunner(env={"COLUMNS": "200", "HOME": str(self.folder)})
        return runner.invoke(app, ["policy", "suggest", *named, *arguments])

    def told(self, *arguments: str) -> Any:
        done = self.run("--json", *arguments)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def moved(self) -> checking.Checked:
        """Move the drafts to the policies, as a person would, and return what the check of the folder says."""
        for path in self.drafts.glob("*.yaml"):
            shutil.copy(path, self.policies / path.name)
        return checking.checked_at(self.policies)[0]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(tmp_path, monkeypatch)


def test_what_people_consistently_approved_becomes_a_draft_that_passes_the_check(shop: Shop) -> None:
    shop.decided(*consistently(20))

    done = shop.run()
    print(done.stdout)
    for path in sorted(shop.drafts.iterdir()):
        print("=====", path.name)
        print(path.read_text())

    assert done.exit_code == 0, done.output
    name = "suggested-approve-soft-delete-cluster-url-malicious"
    assert sorted(path.name for path in shop.drafts.iterdir()) == [
        "README.md",
        f"{name}{CASES}",
        f"{name}.yaml",
    ]
    found = shop.moved()
    assert [str(one) for one in found.problems if one.severity is not Severity.NOTE] == []
    assert found.policies == ("present", name)
