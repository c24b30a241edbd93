"""A set that loosens the base it adds to does not come into force: not at the start, and not when it is read again."""

from collections.abc import Mapping

import pytest

from agent.loop.policies import InForce
from agent.loop.run import load, start
from agent.loop.tightening import Remembered, require_tight, until_known
from agent.model.errors import PolicyError, Problem
from agent.model.policy import Fallen
from tests.fakes import FakeShelf
from tests.judge.tightening.joining import CLUSTERS, joined
from tests.judge.writing import NOW, policy_file
from tests.loop.conftest import Bench
from tests.loop.test_reloading import EVERY, Running

ESCALATES = policy_file("alert.severity: low", name="own", decide="escalate")
REJECTS = policy_file("alert.severity: low", name="own", decide="reject")
TIGHT, LOOSE = (joined({"clusters.yaml": CLUSTERS}, {"own.yaml": one}) for one in (ESCALATES, REJECTS))
LOOSENED = (
    r"contoso/own\.yaml:1:1: the tenant's policy `own` loosens the base: softDeleteCluster: reject by `own`"
)


class Shelf(FakeShelf):
    """Whatever files there are."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__()
        self.now = files

    def files(self) -> Mapping[str, bytes]:
        return self.now


@pytest.fixture
def shelf(bench: Bench) -> Shelf:
    found = Shelf(TIGHT)
    object.__setattr__(bench.world, "shelf", found)
    return found


async def test_a_set_that_loosens_its_base_stops_the_start(bench: Bench, shelf: Shelf) -> None:
    shelf.now = LOOSE

    with pytest.raises(PolicyError, match=LOOSENED):
        await load(bench.world)


async def test_one_that_loosens_it_later_leaves_the_last_good_one_in_force(
    bench: Bench, shelf: Shelf
) -> None:
    policies = await load(bench.world)
    await start(bench.world, policies)
    running = Running(bench, policies)
    before = policies.judge.revision
    shelf.now = LOOSE

    assert not await running.look(EVERY)

    ((name, words),) = await running.alarms()
    assert (name, policies.judge.revision) == ("policies", before)
    assert words.startswith("contoso/own.yaml:1:1: the tenant's policy `own` loosens the base: ")
    assert words.endswith(f"; revision {before} stays in force")
    shelf.now = TIGHT
    await running.look(EVERY)
    assert await running.alarms() == []


async def test_a_base_that_is_tightened_since_is_what_the_tenant_is_held_to(
    bench: Bench, shelf: Shelf
) -> None:
    agrees = policy_file("evidence.verdict: malicious", name="own", decide="reject", more="priority: 1")
    rejects = policy_file("evidence.verdict: malicious", name="clusters", decide="reject")
    stops = policy_file("evidence.verdict: malicious", name="clusters", decide="escalate")
    shelf.now = joined({"clusters.yaml": rejects}, {"own.yaml": agrees})
    policies = await load(bench.world)
    await start(bench.world, policies)
    running = Running(bench, policies)
    shelf.now = joined({"clusters.yaml": stops}, {"own.yaml": agrees})

    assert not await running.look(EVERY)

    assert [name for name, _ in await running.alarms()] == ["policies"]


async def test_the_set_is_kept_so_that_it_can_be_made_again(bench: Bench, shelf: Shelf) -> None:
    policies = await load(bench.world)

    await start(bench.world, policies)

    kept = await bench.world.ledger.kept_set()
    assert kept is not None
    again = InForce(kept.files, is_past=True).judge
    assert (again.revision, again.policy_set.folders) == (
        policies.judge.revision,
        policies.judge.policy_set.folders,
    )


def test_what_is_only_looked_at_may_loosen_a_base() -> None:
    assert InForce(LOOSE, may_loosen=True).judge.policies.keys() == {"clusters", "own"}
    assert InForce(LOOSE, is_past=True).judge.policies.keys() == {"clusters", "own"}
    with pytest.raises(PolicyError, match=LOOSENED):
        InForce(LOOSE)


def test_the_same_files_are_looked_into_once() -> None:
    asked: list[str | None] = []

    def ask(_files: Mapping[str, bytes], tenant: str | None, _enforces: bool) -> tuple[Problem, ...]:
        asked.append(tenant)
        return ()

    remembered = Remembered(ask, most=2)
    for tenant in ("a", "a", "b", "a", "c", "a", "b"):
        remembered.problems(TIGHT, tenant, enforces_observers=False)

    assert asked == ["a", "b", "c", "b"], "two are remembered, and the one asked for longest ago goes first"
    remembered.problems(TIGHT, "b", enforces_observers=True)
    remembered.problems(LOOSE, "b", enforces_observers=True)
    assert len(asked) == 6


async def test_a_set_without_a_base_is_nobody_elses_matter() -> None:
    files = {"policies/p.yaml": b"policy: whatever"}

    require_tight(files, tenant=None, enforces_observers=False)
    await until_known(files, tenant=None, enforces_observers=False)


def test_what_agrees_with_a_policy_of_the_base_falls_back_with_it_and_counts_again_with_it() -> None:
    agrees, stops = (
        policy_file(match, name=name, decide=decide)
        for match, name, decide in (
            (
                "evidence.verdict: malicious\ncluster.mailboxCount: {atMost: 200}\nalert.severity: low",
                "agrees",
                "approve",
            ),
            ("alert.severity: low", "stops", "escalate"),
        )
    )
    other = policy_file("evidence.verdict: malicious", name="other", kinds="blockUrl")
    files = joined(
        {"clusters.yaml": CLUSTERS, "other.yaml": other}, {"agrees.yaml": agrees, "stops.yaml": stops}
    )
    fell = Fallen(since=NOW, words="it was overturned")

    policies = InForce(files, fallen={"clusters": fell})
    fallen = {name: one.fallen for name, one in policies.judge.policies.items()}
    policies.fallen = {}
    policies.renew()

    said = Fallen(since=NOW, words="`clusters` of the base, for the same kinds, fell back")
    assert fallen == {"clusters": fell, "agrees": said, "stops": None, "other": None}
    assert [one.fallen for one in policies.judge.policies.values()] == [None] * 4
    own = InForce(files, fallen={"agrees": fell}).judge.policies
    assert [name for name, one in own.items() if one.fallen is not None] == ["agrees"]
