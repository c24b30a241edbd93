"""Mail through Graph: as `sendMail` takes it, and what each of its answers means."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random

import httpx
import pytest

from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.connect import open_channels
from agent.adapters.graph.connect import Graph, open_graph
from agent.adapters.graph.mailing import PER_MINUTE
from agent.adapters.microsoft.clouds import cloud_named, simulator
from agent.adapters.microsoft.credentials import SimulatorCredential
from agent.model.channel import Channel
from agent.model.errors import AgentError, Refused, Unavailable
from agent.simulator import names
from agent.simulator.app import Simulator, build
from agent.simulator.faults import Fault, Faults, RetryAfter, Rule, What, throttled
from agent.simulator.switches import Switches
from agent.simulator.tenant import seed
from tests.adapters.graphs import Login, Step, no, opened, page, says
from tests.adapters.hostile import notice
from tests.adapters.mails import CHIEF, LEAD, SENDER, a_channel, parsed, text_in
from tests.clock import NOON, ManualClock
from tests.metadata import in_process

TAKEN = says(202)
MESSAGE = b"From: air-agent@contoso.example\r\nTo: a@b.example\r\nSubject: x\r\n\r\nhello\r\n"


async def failing(*steps: Step, login: Login | None = None) -> AgentError:
    async with opened(*steps, login=login) as (graph, _):
        with pytest.raises(AgentError) as found:
            await graph.send_mail(SENDER, MESSAGE)
    return found.value


async def test_a_message_is_sent_as_the_page_on_mime_documents_it() -> None:
    async with opened(TAKEN) as (graph, script):
        await graph.send_mail(SENDER, MESSAGE)

    (request,) = script.requests
    assert (request.method, request.url.raw_path) == (
        "POST",
        b"/v1.0/users/air-agent%40contoso.example/sendMail",
    )
    assert request.headers["content-type"] == "text/plain"
    assert base64.b64decode(request.content, validate=True) == MESSAGE


@pytest.mark.parametrize(
    "sender", ["", "me", "../me", "a/b@contoso.example", "a@contoso.example?x", "a@b\r\nc"]
)
async def test_a_sender_that_is_no_mailbox_leaves_nothing(sender: str) -> None:
    async with opened(TAKEN) as (graph, script):
        with pytest.raises(Refused, match="is not the address of a mailbox"):
            await graph.send_mail(sender, MESSAGE)

    assert script.requests == []


@pytest.mark.parametrize("roles", [(), ("Mail.Send",)])
async def test_a_403_names_the_role_for_one_mailbox_and_never_the_tenant_wide_permission(
    roles: tuple[str, ...],
) -> None:
    error = await failing(no(403, "ErrorAccessDenied", "Access is denied."), login=Login(roles=roles))

    assert type(error) is Refused
    assert str(error).startswith(
        "graph: send mail: 403 (ErrorAccessDenied: Access is denied.): let the app send as"
    )
    assert "`Application Mail.Send`" in str(error)
    assert "RBAC for Applications, scoped to the mailbox" in str(error)
    assert "grant Mail.Send" not in str(error)


@pytest.mark.parametrize("status", [400, 404, 405, 413])
async def test_what_graph_says_no_to_is_refused(status: int) -> None:
    error = await failing(no(status, "ErrorInvalidRecipients", "At least one recipient isn't valid."))

    assert type(error) is Refused
    assert f"graph: send mail: {status} (ErrorInvalidRecipients" in str(error)


@pytest.mark.parametrize(
    "step",
    [
        no(500),
        no(502),
        no(503),
        no(504),
        no(408),
        says(202, b"<html>a proxy's page</html>"),
        says(202, {"value": 1}),
        says(200),
        says(204),
        says(302),
        httpx.ConnectError("down"),
        httpx.ReadTimeout("slow"),
    ],
)
async def test_whatever_is_neither_yes_nor_no_is_tried_again(step: Step) -> None:
    error = await failing(step)

    assert type(error) is Unavailable
    assert str(error).startswith("graph: send mail: ")


async def test_a_429_is_repeated_and_then_told_until_when() -> None:
    clock = ManualClock()
    async with opened(no(429, retry_after="60"), clock=clock) as (graph, script):
        with pytest.raises(Unavailable) as found:
            await graph.send_mail(SENDER, MESSAGE)

    assert found.value.until == NOON + timedelta(seconds=60)
    assert len(script.requests) == 1


async def test_a_short_429_and_an_old_token_are_met_here() -> None:
    login = Login()
    async with opened(no(429, retry_after="2"), no(401), TAKEN, login=login) as (graph, script):
        await graph.send_mail(SENDER, MESSAGE)

    assert len({request.headers["authorization"] for request in script.requests}) == 2
    assert len({request.content for request in script.requests}) == 1


async def test_mail_and_the_security_api_do_not_wait_for_each_other() -> None:
    clock = ManualClock()
    async with opened(no(429, retry_after="600"), page(), TAKEN, clock=clock) as (graph, _):
        with pytest.raises(Unavailable):
            await graph.send_mail(SENDER, MESSAGE)

        [found] = [one async for one in graph.defender.incidents_since(NOON)]

        assert found.incidents == ()


async def test_no_more_mail_leaves_within_a_minute_than_exchange_takes() -> None:
    clock = ManualClock()
    async with opened(TAKEN, clock=clock) as (graph, _):
        for _ in range(PER_MINUTE + 1):
            await graph.send_mail(SENDER, MESSAGE)

    assert clock.now() == NOON + timedelta(minutes=1)


async def test_mail_goes_to_the_cloud_of_the_tenant() -> None:
    async with opened(TAKEN, cloud=cloud_named("usGovL5")) as (graph, script):
        await graph.send_mail(SENDER, MESSAGE)

    assert script.requests[0].url.host == "dod-graph.microsoft.us"


# Against the simulator, by the channel.


@asynccontextmanager
async def simulated(fault: Fault | None = None) -> AsyncIterator[tuple[Graph, Simulator, ManualClock]]:
    """Open Graph of a simulated tenant, in which the first mail goes wrong where that is wanted."""
    clock = ManualClock()
    rules = [] if fault is None else [Rule(fault=fault, path=".*/sendMail")]
    app = build(seed(1, NOON), faults=Faults(rules=rules), clock=clock)
    cloud, tenant = simulator("http://127.0.0.1:9"), app.state.tenant_id
    login = httpx.ASGITransport(app)
    async with open_graph(
        clock=clock,
        cloud=cloud,
        tenant_id=tenant,
        credential=lambda: SimulatorCredential(
            cloud, tenant, names.CLIENT_ID, names.CLIENT_SECRET, transport=login
        ),
        transport=in_process(app),
        lots=Random(1),
    ) as graph:
        yield graph, app, clock


async def tell(graph: Graph, clock: ManualClock, channel: Channel) -> str:
    async with open_channels(
        clock=clock, hosts=frozenset(), bounds=Bounds(environ={}), send_mail=graph.send_mail
    ) as channels:
        return (await channels.send(channel, notice(), ())).ref


async def test_a_notice_reaches_every_address_and_is_no_remediation() -> None:
    async with simulated() as (graph, app, clock):
        ref = await tell(graph, clock, a_channel())

        [sent] = app.state.sent
        message = parsed(sent.message)
        assert (sent.sender, sent.to) == (SENDER, (LEAD, CHIEF))
        assert message["Message-ID"] == ref
        assert message["Auto-Submitted"] == "auto-generated"
        assert "3 actions of incident 42 wait for people" in text_in(message)
        assert app.state.remediations == []
        assert not app.state.applied


async def test_nothing_is_asked_of_graph_about_mail_before_the_first() -> None:
    async with simulated() as (graph, app, _):
        await graph.look()

        assert app.state.requests
        assert not [one for one in app.state.requests if one.kind == "sendMail"]


async def test_a_mailbox_that_the_app_may_not_send_as_is_named_with_its_channel() -> None:
    async with simulated() as (graph, app, clock):
        app.state.adopt(Switches(senders=frozenset()))

        with pytest.raises(
            Refused, match=r"^channel `email-managers`: graph: send mail: 403 \(ErrorAccessDenied"
        ):
            await tell(graph, clock, a_channel())

        assert app.state.sent == []


async def test_a_mailbox_that_is_not_there_is_refused() -> None:
    async with simulated() as (graph, _, clock):
        with pytest.raises(Refused, match=r"404 \(ErrorInvalidUser"):
            await tell(graph, clock, a_channel(sender="nobody@contoso.example"))


@pytest.mark.parametrize("what", [What.LOSE, What.RESET_AFTER])
async def test_a_message_whose_answer_was_lost_is_sent_again_under_its_name(what: What) -> None:
    async with simulated(Fault(what=what, status=503)) as (graph, app, clock):
        with pytest.raises(Unavailable):
            await tell(graph, clock, a_channel())

        ref = await tell(graph, clock, a_channel())

        assert [parsed(one.message)["Message-ID"] for one in app.state.sent] == [ref, ref]
        assert app.state.sent[0].message == app.state.sent[1].message


async def test_where_graph_asks_for_patience_the_channel_says_until_when() -> None:
    async with simulated(throttled(RetryAfter.ABSURD)) as (graph, _, clock):
        with pytest.raises(Unavailable, match=r"^channel `email-managers`: .* asks for patience") as found:
            await tell(graph, clock, a_channel())

        assert found.value.until is not None


async def test_without_graph_mail_needs_a_server() -> None:
    async with open_channels(
        clock=ManualClock(), hosts=frozenset(), bounds=Bounds(environ={}), send_mail=None
    ) as channels:
        with pytest.raises(Refused, match="there is no Graph here to send mail through: set `smtp`"):
            await channels.send(a_channel(), notice(), ())


async def test_what_was_sent_can_be_read_from_the_simulator() -> None:
    async with simulated() as (graph, app, clock):
        ref = await tell(graph, clock, a_channel())

        base = "http://127.0.0.1:9"
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base) as http:
            shown, status = await http.get("/simulator/mail"), await http.get("/simulator/status")

    [letter] = shown.json()["mail"]
    assert letter["to"] == [LEAD, CHIEF]
    assert ref in letter["message"]
    assert status.json()["mail"] == 1
