"""Three agents that share tenants, as they are deployed: one is killed, the database restarts, and nothing is lost or doubled.

With leases of a few seconds, so that it does not take long; `python -m tests.durability replicas` has them as they are.
"""

import json
import subprocess
import sys


def test_killing_and_restarting_moves_tenants_and_loses_or_doubles_nothing() -> None:
    words = ["--lease", "2", "--tenants", "3", "--kills", "1", "--restarts", "1"]
    none = ["--pauses", "0", "--cuts", "0", "--rolls", "0"]

    ran = subprocess.run(
        [sys.executable, "-m", "tests.durability", "replicas", *words, *none, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert ran.stdout, ran.stderr
    told = json.loads(ran.stdout)
    counted = {row["what"]: row["times"] for row in told["rows"]}
    assert told["problems"] == []
    assert (counted["doubled"], counted["lost"]) == (0, 0)
    assert counted["applied"] > 0
    assert counted["kill -9: taken over"] == 1
