"""The adapter against the simulator, whole: one tenant read, one cluster resolved, deleted and annotated."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from random import Random

import httpx
import pytest

from agent.adapters.graph.connect import Graph, open_graph
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import SimulatorCredential
from agent.model.defender import MailClusterEvidence
from agent.model.enactment import Effect, Went
from agent.model.errors import Refused
from agent.simulator import names
from agent.simulator.app import Simulator, build
from agent.simulator.tenant import seed
from tests.adapters.graphs import Departures
from tests.clock import NOON, ManualClock

CLOUD = simulator("http://127.0.0.1:9")


def opening(
    app: Simulator, clock: ManualClock, *, secret: str = names.CLIENT_SECRET
) -> AbstractAsyncContextManager[Graph]:
    transport = httpx.ASGITransport(app)
    tenant = app.state.tenant_id
    return open_graph(
        clock=clock,
        cloud=CLOUD,
        tenant_id=tenant,
        credential=lambda: SimulatorCredential(CLOUD, tenant, names.CLIENT_ID, secret, transport=transport),
        requests_per_minute=10_000,
        transport=transport,
        lots=Random(1),
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def app(clock: ManualClock) -> Simulator:
    return build(seed(1, NOON), clock=clock)


@pytest.fixture
async def graph(app: Simulator, clock: ManualClock) -> AsyncIterator[Graph]:
    async with opening(app, clock) as opened:
        yield opened


async def clusters(graph: Graph) -> list[tuple[str, MailClusterEvidence]]:
    return [
        (incident.id, evidence)
        async for page in graph.defender.incidents_since(NOON - timedelta(days=30))
        for incident in page.incidents
        for alert in incident.alerts
        for evidence in alert.evidence
        if isinstance(evidence, MailClusterEvidence) and evidence.remediation_status == "pendingApproval"
    ]


async def test_the_whole_tenant_is_read_without_loss(graph: Graph, app: Simulator) -> None:
    pages = [page async for page in graph.defender.incidents_since(NOON - timedelta(days=30))]

    assert all(page.is_whole for page in pages)
    assert len({incident.id for page in pages for incident in page.incidents}) >= 60
    assert {request.status for request in app.state.requests} == {200}


async def test_every_message_of_every_pending_cluster_is_resolved_by_one_request(
    graph: Graph, app: Simulator
) -> None:
    wanted = {one for _, evidence in await clusters(graph) for one in evidence.network_message_ids}

    mail = await graph.defender.mail(sorted(wanted)[:15_000])

    assert {copy.network_message_id for copy in mail.messages} | mail.unresolved == set(
        sorted(wanted)[:15_000]
    )
    assert len(mail.messages) > 10_000
    assert all(copy.location is not None for copy in mail.messages)
    assert [request.kind for request in app.state.requests].count("hunting") == 1


async def test_a_cluster_is_deleted_and_its_incident_annotated(graph: Graph, clock: ManualClock) -> None:
    found = [
        (one, evidence) for one, evidence in await clusters(graph) if len(evidence.network_message_ids) < 50
    ]
    incident_id, cluster = found[0]
    before = await graph.defender.mail(cluster.network_message_ids)
    targets = tuple(copy.pair for copy in before.messages)
    effect = Effect(id="e", action_id="a", incident_id=incident_id, targets=targets, intended_at=NOON)
    departing = Departures()

    deleted = await graph.enactor.enact(effect, name="air-agent a e", departing=departing)
    noted = await graph.enactor.comment(incident_id, "approved", departing=departing)
    tagged = await graph.enactor.tag(incident_id, ["air-agent: approved"], departing=departing)
    clock.advance(timedelta(hours=12))
    after = await graph.defender.mail(cluster.network_message_ids)
    incident = await graph.defender.incident(incident_id)

    assert [one.went for one in (deleted, noted, tagged)] == [Went.DONE] * 3
    assert deleted.bulk_id
    assert departing.count == 3
    assert {copy.location for copy in after.messages} == {"others"}
    assert incident is not None
    assert "approved" in [comment.comment for comment in incident.comments]
    assert "air-agent: approved" in (incident.custom_tags or ())


async def test_a_wrong_secret_stops_the_start(app: Simulator, clock: ManualClock) -> None:
    with pytest.raises(Refused, match="check tenant, client id and secret"):
        async with opening(app, clock, secret="wrong"):
            pass
