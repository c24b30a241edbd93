"""A Graph that answers by a script, a login that needs no network, and a server that can misbehave in bytes."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import msgspec
from azure.core.credentials import AccessToken

from agent.adapters.graph.connect import Graph, open_graph
from agent.adapters.microsoft.clouds import Cloud, simulator
from agent.model.decision import Classification
from agent.model.defender import Mail
from agent.model.enactment import MAIL_EFFECTS, Effect, EffectKind, Outcome, Pair
from agent.ports.defender import Departing
from tests.clock import NOON, ManualClock

SAMPLES = Path(__file__).parent.parent / "samples" / "graph"
TENANT = "11111111-2222-4333-8444-555555555555"
ALL_ROLES = (
    "SecurityIncident.Read.All",
    "SecurityIncident.ReadWrite.All",
    "SecurityAlert.Read.All",
    "SecurityAnalyzedMessage.Read.All",
    "SecurityAnalyzedMessage.ReadWrite.All",
    "ThreatHunting.Read.All",
    "SecurityAlert.ReadWrite.All",
    "MailboxSettings.ReadWrite",
    "User.Read.All",
    "User.EnableDisableAccount.All",
    "User.RevokeSessions.All",
    "Domain.Read.All",
    "RoleManagement.Read.Directory",
    "SecurityIdentitiesAccount.Read.All",
    "SecurityIdentitiesActions.ReadWrite.All",
)
ENDPOINT_ROLES = ("Machine.StopAndQuarantine", "Machine.Read.All")
GUID = "73ca4154-58d8-43d0-a890-08dc18c52e6d"
LATER_GUID = "83ca4154-58d8-43d0-a890-08dc18c52e6e"
SIMULATED = simulator("http://127.0.0.1:9")
ANN = "11111111-2222-3333-4444-000000000001"
RULE = "AQAAAJ5dZqA="
IDENTITY = "00104216-0539-4838-88b1-55baafdc296b"
ACCOUNT = "256db173-930a-4991-9061-0d51a9a93ba5"
SHA1 = "a" * 40
MACHINE = "b" * 40


def an_effect(kind: EffectKind, *targets: Pair, **more: Any) -> Effect:
    """Return an effect of this kind on these targets."""
    return Effect(
        id="e1", action_id="a1", incident_id="29", kind=kind, targets=targets, intended_at=NOON, **more
    )


TARGETS: dict[EffectKind, Pair] = {
    **dict.fromkeys(MAIL_EFFECTS, (GUID, "ann@contoso.example")),
    EffectKind.DISABLE_RULE: (RULE, ANN),
    EffectKind.ENABLE_RULE: (RULE, ANN),
    EffectKind.DISABLE_USER: (ANN, ""),
    EffectKind.ENABLE_USER: (ANN, ""),
    EffectKind.REVOKE_SESSIONS: (ANN, ""),
    EffectKind.DISABLE_ACCOUNT: (IDENTITY, ACCOUNT),
    EffectKind.ENABLE_ACCOUNT: (IDENTITY, ACCOUNT),
    EffectKind.RESET_PASSWORD: (IDENTITY, ACCOUNT),
    EffectKind.QUARANTINE_FILE: (SHA1, MACHINE),
}


def jwt(**claims: Any) -> str:
    """Return an unsigned token with these claims."""
    segments = ({"alg": "none"}, claims)
    return (
        ".".join(base64.urlsafe_b64encode(msgspec.json.encode(s)).decode().rstrip("=") for s in segments)
        + "."
    )


@dataclass
class Login:
    """Gives tokens that differ from each other; counts them, and keeps the claims it was asked for."""

    roles: Sequence[str] = ALL_ROLES
    tid: str = TENANT
    lifetime: float = 3600.0
    wall: float = 1_000_000.0
    scp: str = ""
    error: Exception | None = None
    oid: str = ""
    appid: str = ""
    given: int = 0
    asked: list[str | None] = field(default_factory=list)

    def __call__(self) -> "Login":
        return self

    async def get_token(self, *scopes: str, claims: str | None = None, **_options: Any) -> AccessToken:
        self.asked.append(claims)
        if self.error is not None:
            raise self.error
        self.given += 1
        who = {"scp": self.scp} if self.scp else {"roles": list(self.roles)}
        ids = {"oid": self.oid, "appid": self.appid}
        return AccessToken(jwt(tid=self.tid, n=self.given, **ids, **who), int(self.wall + self.lifetime))


Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Script:
    """Answers requests in the order of the steps; the last step answers everything after it."""

    steps: list[Step]
    requests: list[httpx.Request] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps[0] if len(self.steps) == 1 else self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, httpx.Response):
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        return step(request)

    @property
    def bodies(self) -> list[Any]:
        return [msgspec.json.decode(request.content) for request in self.requests]


def says(status: int = 200, body: Any = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Return an answer with a JSON body, or with none."""
    content = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    return httpx.Response(status, headers=dict(headers or {}), content=content)


def no(status: int, code: str = "badRequest", message: str = "no", **headers: str) -> httpx.Response:
    """Return an error as Graph writes it; `retry_after="5"` becomes the header."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return says(status, {"error": {"code": code, "message": message}}, named)


def page(*records: Any, link: str | None = None, status: int = 200) -> httpx.Response:
    return says(status, {"value": list(records)} | ({"@odata.nextLink": link} if link else {}))


def an_incident(number: str = "29", **more: Any) -> dict[str, Any]:
    return {"id": number, "lastUpdateDateTime": "2026-09-01T11:00:00Z", **more}


@asynccontextmanager
async def opened(
    *steps: Step,
    clock: ManualClock | None = None,
    login: Login | None = None,
    cloud: Cloud = SIMULATED,
    transport: httpx.AsyncBaseTransport | None = None,
    **more: Any,
) -> AsyncIterator[tuple[Graph, Script]]:
    """Open a Graph that answers with these steps."""
    script = Script(list(steps))
    login = login or Login()
    async with open_graph(
        clock=clock or ManualClock(),
        cloud=cloud,
        tenant_id=TENANT,
        credential=login,
        transport=transport or httpx.MockTransport(script),
        wall=lambda: login.wall,
        lots=Random(7),
        **{"requests_per_minute": 1000, **more},
    ) as graph:
        yield graph, script


@dataclass
class Departures:
    """Counts departures; raises what it is told to."""

    count: int = 0
    error: Exception | None = None

    async def __call__(self) -> None:
        self.count += 1
        if self.error is not None:
            raise self.error


Answerer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A server on this machine that answers with bytes; `received` holds each request's bytes."""

    port: int
    received: list[bytes] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def serving(answer: Answerer) -> AsyncIterator[Server]:
    """Serve on a free port; each whole request is given to `answer` with where to write."""
    server = Server(0)
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (
                        int(line[15:])
                        for line in head.lower().split(b"\r\n")
                        if line.startswith(b"content-length:")
                    ),
                    0,
                )
                request = head + await reader.readexactly(length)
                server.received.append(request)
                await answer(request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield server
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks)


def http(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Return a whole answer in bytes; `length` is what it claims to be long."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


Write = Callable[[Graph, Departing], Awaitable[Outcome]]


def enacting(kind: EffectKind) -> Write:
    """Return the write that carries out one effect of this kind."""

    async def write(graph: Graph, departing: Departing) -> Outcome:
        effect = an_effect(kind, TARGETS[kind])
        return await graph.enactor.enact(effect, name="air-agent a1 e1", departing=departing)

    write.__name__ = kind.value
    return write


soft_delete = enacting(EffectKind.SOFT_DELETE)


async def comment(graph: Graph, departing: Departing) -> Outcome:
    return await graph.enactor.comment("29", "approved", departing=departing)


async def tag(graph: Graph, departing: Departing) -> Outcome:
    return await graph.enactor.tag("29", ["ours"], departing=departing)


async def comment_alert(graph: Graph, departing: Departing) -> Outcome:
    return await graph.enactor.comment_alert("da637_1", "approved", departing=departing)


async def classify_alert(graph: Graph, departing: Departing) -> Outcome:
    concluded = Classification(classification="truePositive", determination="phishing")
    return await graph.enactor.classify_alert("da637_1", concluded, departing=departing)


NOTES = [comment, tag, comment_alert, classify_alert]
EFFECTS = [
    enacting(kind)
    for kind in EffectKind
    if kind is EffectKind.SOFT_DELETE or kind not in MAIL_EFFECTS | {EffectKind.QUARANTINE_FILE}
]
"""One of each call that enacts through Graph: every other effect of mail is the same call."""

WRITES = [*EFFECTS, *NOTES]


def row(**more: Any) -> dict[str, Any]:
    """Return a row as hunting writes it."""
    return {
        "NetworkMessageId": GUID,
        "RecipientEmailAddress": "Ann@contoso.example",
        "SenderFromAddress": "billing@fabrikam.example",
        "SenderMailFromAddress": "bounce@fabrikam.example",
        "SenderIPv4": "203.0.113.7",
        "Subject": "Invoice",
        "EmailDirection": "Inbound",
        "DeliveryAction": "Delivered",
        "DeliveryLocation": "Inbox/folder",
        "LatestDeliveryLocation": "Inbox/folder",
        "ThreatTypes": "Phish, Malware",
        "DetectionMethods": '{"Phish":["URL detonation reputation"],"Malware":["File detonation"]}',
        "AuthenticationDetails": '{"SPF":"Pass","DKIM":"none","DMARC":"fail","CompAuth":"fail"}',
        "Timestamp": "2026-09-01T10:00:00.1234567Z",
        "PostDeliveryLocation": None,
        "PostDeliveryAction": None,
        "LastMoved": None,
        "FirstMoved": None,
        **more,
    }


def results(*rows: Any, status: int = 200) -> Step:
    return says(status, {"schema": [], "results": list(rows)})


async def look_up(ids: list[str], *steps: Step, **more: Any) -> tuple[Mail, Script]:
    async with opened(*steps, **more) as (graph, script):
        return await graph.defender.mail(ids), script


def read(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def pack(*records: Any, **more: Any) -> bytes:
    return msgspec.json.encode({"value": list(records), **more})
