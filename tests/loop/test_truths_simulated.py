"""The table of truths equals what a simulated tenant's people did, by whichever way that is told."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from agent.judge.answering import Attempt
from agent.judge.bind import offer_of
from agent.loop.answering import answer
from agent.model.decision import Verb
from agent.model.enactment import Record
from agent.model.truth import Certainty, Source, Truth, Unknown
from agent.simulator import happenings, names
from agent.simulator.names import ALL_ROLES, HUNT
from agent.simulator.state import State as Tenant
from agent.simulator.switches import USUAL_ROLES, Switches
from tests.fakes import FakeDirectory, FakeShelf
from tests.loop.questions import CHAIN, CHANNEL, ESCALATE
from tests.persons import ROLE, somebody
from tests.simulated import Simulated, a_simulated
from tests.simulator.worlds import NOW, tenant

DORA = "dora@contoso.example"
SAM = somebody("sam", tenant_id=names.TENANT_ID)
SHELF = {"ask": ESCALATE, "chains/secops": CHAIN, "channels/console": CHANNEL}
A, R = Verb.APPROVE, Verb.REJECT


@dataclass
class Scene:
    """Six proposals, and what becomes of each."""

    tenant: Tenant
    approved: str
    declined: str
    cancelled: str
    expired: str
    answered: str
    against: str

    @classmethod
    def set(cls) -> "Scene":
        state = tenant(6)
        alerts = list(state.alerts)
        scene = cls(state, *alerts)
        state.plan(NOW + timedelta(minutes=30), happenings.person_approves(scene.approved, 0, DORA))
        state.plan(NOW + timedelta(minutes=31), happenings.person_rejects(scene.declined, 0, DORA, "ours"))
        (gone,) = (one for one in state.proposals if one.alert_id == scene.cancelled)
        pairs = [copy.pair for copy in gone.copies(state.post)]
        state.plan(NOW + timedelta(minutes=32), happenings.zap(pairs))
        state.plan(NOW + timedelta(minutes=40), happenings.person_rejects(scene.against, 0, DORA))
        return scene


async def truths(simulated: Simulated) -> Mapping[str, Truth | None]:
    """Return what is known of the only proposal of each alert."""
    records = await simulated.records()
    found = await simulated.world.ledger.truths(list(records))
    assert all(len(one) == 1 for one in found.values())
    return {
        record.action.sightings[0].alert_id: next(iter(found.get(name, ())), None)
        for name, record in records.items()
    }


def summed(one: Truth | None) -> tuple[object, ...] | None:
    return None if one is None else (one.verb, one.unknown, one.source, one.certainty, one.by)


async def _say(simulated: Simulated, alert: str, verb: Verb) -> None:
    """Let an approver answer here."""
    record = next(one for one in (await simulated.records()).values() if _is_of(one, alert))
    offered = offer_of(record)
    assert offered is not None
    attempt = Attempt(person=SAM, verb=verb, reason="it is phishing", digest=offered.digest, targets=None)
    said = await answer(simulated.world, simulated.policies, record.action.id, attempt, via="command")
    assert said.counts, said.words


def _is_of(record: Record, alert: str) -> bool:
    return record.action.sightings[0].alert_id == alert


@pytest.mark.parametrize(
    ("roles", "source"),
    [(USUAL_ROLES, Source.AIR), (ALL_ROLES - {HUNT}, Source.AUDIT), (USUAL_ROLES - {HUNT}, Source.EVIDENCE)],
)
async def test_an_ordinary_scene_is_told_as_it_was(
    tmp_path: Path, roles: frozenset[str], source: Source
) -> None:
    scene = Scene.set()
    switches = Switches(roles=roles)

    async with a_simulated(
        scene.tenant, tmp_path, switches=switches, observes=True, shelf=FakeShelf(**SHELF)
    ) as simulated:
        directory = FakeDirectory()
        directory.roles[ROLE] = frozenset({SAM.object_id})
        simulated.world = replace(simulated.world, directory=directory)
        await simulated.live(timedelta(minutes=4), every=timedelta(minutes=2))
        await _say(simulated, scene.answered, R)
        await _say(simulated, scene.against, A)
        await simulated.live(timedelta(minutes=90), every=timedelta(minutes=10))
        await simulated.live(timedelta(hours=14), every=timedelta(hours=2))
        await simulated.live(timedelta(minutes=20), every=timedelta(minutes=4))
        simulated.clock.advance(timedelta(days=7))
        await simulated.live(timedelta(minutes=10), every=timedelta(minutes=2))
        found = await truths(simulated)

    is_told = source is not Source.EVIDENCE
    by = (DORA,) if is_told else ()
    likely, unknown = Certainty.LIKELY, Certainty.UNKNOWN
    untold = (None, Unknown.UNTOLD, Source.EVIDENCE, unknown, ())
    assert summed(found[scene.approved]) == ((A, None, source, likely, by) if is_told else untold)
    # That a row repeats what the evidence shows already is not searched for in the audit.
    is_named = source is Source.AIR or (source is Source.AUDIT and found[scene.declined].by)  # type: ignore[union-attr]
    assert summed(found[scene.declined]) == (
        (R, None, source, Certainty.CERTAIN, by) if is_named else (R, None, Source.EVIDENCE, likely, ())
    )
    assert summed(found[scene.cancelled]) == untold
    assert summed(found[scene.expired]) == (None, Unknown.EXPIRED, Source.EVIDENCE, unknown, ())
    assert summed(found[scene.answered]) == (R, None, Source.ANSWER, Certainty.CERTAIN, ("Sam",))
    against = found[scene.against]
    assert against is not None
    assert (against.verb, against.unknown) == (None, Unknown.CONTRADICTED)


async def test_the_audit_is_searched_no_more_than_twice_a_day(tmp_path: Path) -> None:
    scene = Scene.set()

    async with a_simulated(
        scene.tenant,
        tmp_path,
        switches=Switches(roles=ALL_ROLES - {HUNT}, audit_records=False),
        observes=True,
        shelf=FakeShelf(**SHELF),
    ) as simulated:
        await simulated.live(timedelta(hours=1), every=timedelta(minutes=10))
        await simulated.live(timedelta(hours=40), every=timedelta(hours=4))

        moments = [one.asked for one in simulated.app.state.searches]
        kinds = Counter(request.kind for request in simulated.app.state.requests)
    assert 2 <= len(moments) <= 4
    assert min(late - early for early, late in pairwise(moments)) >= timedelta(hours=12)
    assert kinds["auditRecords"] == len(moments)
