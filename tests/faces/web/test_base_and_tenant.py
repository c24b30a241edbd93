"""The pages of a set that lies in two folders: whose each policy and each list is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.faces.web import measuring, patience
from agent.shelves import shelf_in
from tests.faces.web.house import House, a_house
from tests.faces.web.test_policies import document, shown
from tests.loop.conftest import Bench
from tests.makers import a_cluster, a_copy, an_alert, an_incident

SAMPLES = Path(__file__).parents[2] / "samples" / "tenants"


@pytest.fixture
async def living(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(measuring, "PATIENCE", 30)
    monkeypatch.setattr(patience, "PATIENCE", 30)
    shelf: Any = shelf_in(SAMPLES / "contoso", SAMPLES / "base")
    bench.world = replace(bench.world, shelf=shelf)
    bench.defender.show(an_incident(an_alert(a_cluster())))
    bench.defender.deliver(*(a_copy(n) for n in (1, 2, 3)))
    await bench.run_pass()
    return a_house(bench)


async def test_policies_of_both_folders_are_shown_with_their_files(living: House) -> None:
    page = await document(living)

    assert {one["name"] for one in page["policies"]} == {
        "finance",
        "malicious-clusters",
        "simulations",
        "two-people",
        "vip-recipients",
    }
    base = await document(living, "/policies/malicious-clusters.json")
    own = await document(living, "/policies/two-people.json")
    assert (base["file"], own["file"]) == (
        str(SAMPLES / "base" / "malicious-clusters.yaml"),
        str(SAMPLES / "contoso" / "two-people.yaml"),
    )
    assert base["policy"]["lists"] == [
        "own-domains",
        "own-domains-of-tenant",
        "partners",
        "vip",
        "vip-of-tenant",
    ]
    assert (base["policy"]["cases"]["count"], base["policy"]["cases"]["failing"]) == (3, 0)
    assert "what it is built on was found malicious" in await shown(living, "/policies/malicious-clusters")
