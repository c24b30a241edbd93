"""A process that dies leaves what was committed last, and nothing in between."""

import json
import subprocess
import sys
from typing import Any

BEFORE = {
    "records": 1,
    "state": "intended",
    "decisions": 1,
    "claimed_by": ["cluster-1-effect-1"],
    "dropped": 0,
    "versions": 0,
    "integrity": "ok",
}
AFTER = {
    "records": 2,
    "state": "rejected",
    "decisions": 3,
    "claimed_by": ["cluster-2-effect-1"],
    "dropped": 1,
    "versions": 1,
    "integrity": "ok",
}


def test_a_kill_at_any_statement_of_a_save_leaves_all_or_nothing(url: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.adapters.dying", url],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    looks: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines()]
    deaths = [look.pop("killed_at") for look in looks]

    assert ran.stderr == ""
    assert deaths == [*range(1, len(deaths)), 0]
    assert len(deaths) > 8
    assert looks[:-1] == [BEFORE] * (len(looks) - 1)
    assert looks[-1] == AFTER
