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


NAME = "suggested-approve-soft-delete-cluster-url-malicious"


def from_two(number: int) -> Any:
    """Return what is known of a cluster that one of two senders sent."""
    return some_facts(a_row(("one.example", "two.example")[number % 2]), size=number + 1)


def two_senders(count: int, verb: Verb = YES, first: int = 0) -> list[Decision]:
    return [a_decided(first + n, verb, days=3 + n % 4, facts=from_two(n)) for n in range(count)]


def test_what_people_consistently_approved_becomes_a_draft_that_passes_the_check(shop: Shop) -> None:
    shop.decided(*two_senders(20))

    done = shop.run()

    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in shop.drafts.iterdir())
    assert names == ["README.md", f"{NAME}{CASES}", f"{NAME}.yaml"]
    assert "20 of 20 approved by 1 person on 4 days" in done.stdout
    assert "20 agreed, 0 looser, 0 stricter" in done.stdout
    found = shop.moved()
    assert [str(one) for one in found.problems if one.severity is not Severity.NOTE] == []
    assert (found.policies, found.cases) == (("present", NAME), 15)


def test_its_files_say_what_they_rest_on_and_nothing_personal(shop: Shop) -> None:
    shop.decided(*two_senders(20))

    shop.run()

    policy, cases = ((shop.drafts / f"{NAME}{end}").read_text() for end in (".yaml", CASES))
    assert "mode: observe\n" in policy
    assert "owner: mail@contoso.org\n" in policy
    assert "cluster.mailboxCount: {exists: true, atMost: 20}" in policy
    assert "#   actions    20 on which no present policy says anything, all approved\n" in policy
    assert "#   rate       100 %; 95 % interval 83.9 % to 100 %\n" in policy
    for personal in ("contoso.example", "merger", "one.example", "two.example", TENANT):
        assert personal not in policy + cases
    assert {path.stat().st_mode & 0o777 for path in shop.drafts.iterdir()} == {0o600}


def test_the_readme_has_the_backtest(shop: Shop) -> None:
    shop.decided(*two_senders(20))

    shop.run()

    readme = (shop.drafts / "README.md").read_text()
    assert "* otherwise: 20 recorded actions" in readme
    assert "### Backtest of policies: 20 actions flip" in readme


def test_nothing_is_written_where_nobody_was_consistent(shop: Shop) -> None:
    shop.decided(*two_senders(10), *two_senders(10, NO, first=10))

    done = shop.run()

    assert done.exit_code == 0
    assert "nothing was decided so consistently" in done.stdout
    assert "people disagreed" in done.stdout
    assert not shop.drafts.exists()


def test_an_empty_ledger_is_said_to_be_one(shop: Shop) -> None:
    shop.decided()

    done = shop.run()

    assert done.exit_code == 0
    assert "of nothing it is known what people decided" in done.stdout


def test_what_a_case_of_the_set_says_otherwise_is_not_drafted(shop: Shop) -> None:
    shop.decided(*consistently(20, kind=MESSAGE))
    (shop.policies / "present.cases.yaml").write_text(
        CASES_OF_IT.replace(
            "{evidence.verdict: malicious}",
            "{evidence.verdict: malicious, recipients.count: 1, threats: [phish], directions: [inbound]}\n"
            "    messages: [{sender.domain: harvest.example, auth.dmarc: pass}]",
        )
    )

    done = shop.run()

    assert done.exit_code == 0
    assert "people were consistent, and no draft of that could be kept" in done.stdout
    assert "does not pass policy check" in done.stdout
    assert not shop.drafts.exists()


@pytest.mark.parametrize("output", ["policies", "policies/new", "policies/lists/../x", "./policies/a/b"])
def test_nothing_is_written_within_the_policies(shop: Shop, output: str) -> None:
    shop.decided(*consistently(20))

    done = shop.run("--output", output)

    assert done.exit_code == 2
    assert "lies within the policies" in done.stderr
    assert sorted(path.name for path in shop.policies.iterdir()) == ["present.cases.yaml", "present.yaml"]


def test_a_link_from_the_policies_counts_as_within_them(shop: Shop) -> None:
    shop.drafts.mkdir()
    (shop.policies / "linked").symlink_to(shop.drafts, target_is_directory=True)

    done = shop.run()

    assert done.exit_code == 2
    assert list(shop.drafts.iterdir()) == []


def test_nothing_is_overwritten(shop: Shop) -> None:
    shop.decided(*consistently(20))
    first = shop.run()
    before = {path: path.read_bytes() for path in shop.drafts.iterdir()}

    second = shop.run()

    assert (first.exit_code, second.exit_code) == (0, 2)
    assert "has `README.md`, `suggested-" in second.stderr
    assert {path: path.read_bytes() for path in shop.drafts.iterdir()} == before


def test_an_empty_folder_is_taken(shop: Shop) -> None:
    shop.drafts.mkdir()
    shop.decided(*consistently(20))

    assert shop.run().exit_code == 0
    assert (shop.drafts / "README.md").exists()
    assert [path.name for path in shop.folder.glob(".suggestions*")] == []


def test_somebody_answers_for_the_drafts(shop: Shop) -> None:
    done = shop.run(owner=None)

    assert done.exit_code == 2
    assert "write `--owner`" in done.stderr


@pytest.mark.parametrize(
    ("kind", "words"), [("forcePasswordReset", "not drafted"), ("softdelete", "did you mean")]
)
def test_a_kind_is_one_that_is_drafted(shop: Shop, kind: str, words: str) -> None:
    done = shop.run("--kind", kind)

    assert done.exit_code == 2
    assert words in done.stderr


def test_json_has_everything(shop: Shop) -> None:
    shop.decided(*two_senders(16), *consistently(3, NO, first=50, kind=MESSAGE))

    told = shop.told()

    assert [one["draft"]["name"] for one in told["suggested"]["drafts"]] == [NAME]
    assert told["suggested"]["tried"][NAME]["tally"]["agreed"] == 16
    assert [one["why"] for one in told["suggested"]["left_out"]] == ["tooFew"]
    assert told["files"] == ["README.md", f"{NAME}{CASES}", f"{NAME}.yaml"]


def test_hostile_domains_stay_text(shop: Shop) -> None:
    """What is no plain domain is never named, and what is names no file of its own."""
    hostile = ["evil.cases", "$vip", 'x"\n- a.example', "../../etc.example", "\u202eelpmaxe.live.example"]
    for place, domain in enumerate(hostile):
        shop.decided(
            *(
                a_decided(
                    100 * place + n,
                    days=3 + n % 4,
                    facts=some_facts(a_row(domain), size=3, cluster__by="similarity"),
                )
                for n in range(20)
            )
        )
        shop.decided(
            a_decided(
                100 * place + 50,
                NO,
                facts=some_facts(a_row("other.example"), size=3, cluster__by="similarity"),
            )
        )

    done = shop.run()

    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in shop.drafts.iterdir())
    name = "suggested-approve-soft-delete-cluster-similarity-malicious-evil-cases"
    assert names == ["README.md", f"{name}{CASES}", f"{name}.yaml"]
    assert [one for one in shop.moved().problems if one.severity is Severity.ERROR] == []
    assert "\u202e" not in done.stdout + (shop.drafts / "README.md").read_text()
