"""The demo as a newcomer runs it: real processes, real ports, a real ledger."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parent.parent
VERBS = {"approve", "reject", "escalate"}


def demo(*options: str) -> dict[str, Any]:
    """Run the demo and return what it says of itself."""
    done = subprocess.run(  # the real command, in processes of its own
        [sys.executable, "-m", "agent", "demo", "--json", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def enforced() -> dict[str, Any]:
    # More time than it needs on an idle machine: other tests run beside it.
    return demo("--seed", "11", "--kill", "10", "--seconds", "45")


def test_the_demo_shows_every_decision(enforced: dict[str, Any]) -> None:
    decisions = {action["decision"] for action in enforced["actions"]}

    assert decisions >= VERBS
    assert len(enforced["actions"]) >= 70
    assert enforced["people"]


def test_every_row_names_a_fact_its_value_and_the_policy_and_no_two_say_the_same(
    enforced: dict[str, Any],
) -> None:
    # What people or Defender ended before the agent came to judge it is told by how it ended, which may be alike.
    reasons = [action["reason"] for action in enforced["actions"] if action["decision"] in VERBS]

    assert len(reasons) >= 60
    assert len(set(reasons)) == len(reasons)
    for action in enforced["actions"]:
        assert action["reason"].count("`") >= 2, action
        assert " is " in action["reason"] or " has " in action["reason"] or " was " in action["reason"], (
            action
        )
        assert action["enactment"]
        assert action["confirmation"]
        assert action["deadline"]


def test_killed_ten_times_on_the_way_each_message_is_sent_exactly_once(enforced: dict[str, Any]) -> None:
    assert enforced["kills"] == 10
    assert enforced["doubled"] == []
    assert enforced["missing"] == []
    assert enforced["remediated"] >= 200


def test_a_question_climbs_its_chain_is_answered_and_carried_out_however_often_the_agent_is_killed(
    enforced: dict[str, Any],
) -> None:
    words = [line["words"] for line in enforced["question"]["lines"]]

    assert any("(page, step 2, high)" in line for line in words), words
    assert any("(SecOps.Approver) answers approve" in line for line in words), words
    assert any("done" in line for line in words), words


def test_a_dry_run_ends_within_a_minute_decides_the_same_and_writes_nothing() -> None:
    dry = demo("--seed", "11", "--dry-run")

    assert dry["seconds"] < 60
    assert dry["writes"] == 0
    assert dry["question"] is None
    assert {action["decision"] for action in dry["actions"]} >= VERBS


def test_served_it_opens_on_the_pages_of_its_tenant_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    """The link is printed while the agent still works; choosing who to be opens what waits for people."""
    command = [sys.executable, "-m", "agent", "demo", "--serve", "--dry-run", "--seconds", "5"]
    with subprocess.Popen(
        [*command, "--folder", str(tmp_path / "demo")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    ) as running:
        assert running.stdout is not None
        link = next(line.strip() for line in running.stdout if "/sign-in/link/" in line)
        with httpx.Client(
            follow_redirects=True, headers={"Origin": link.partition("/sign-in")[0]}
        ) as browser:
            people = browser.get(link).text
            lead = re.search(r'value="([0-9a-f-]{36})">Be Soc Lead', people)
            assert lead is not None
            pending = browser.post(link, data={"person": lead[1], "to": "/"})
            standing = browser.get(f"{link.partition('/sign-in')[0]}/status.json").json()
        next(line for line in running.stdout if line.startswith("all of it keeps running"))
        running.send_signal(signal.SIGINT)
        said = running.stdout.read()
        code = running.wait(60)

    assert pending.url.path == "/pending"
    assert "Contoso (simulated)" in pending.text
    assert standing["standing"]["mode"] == "observe"
    assert "sign in, once, by" in said
    assert link not in said, "the second link is another"
    assert code == 0
