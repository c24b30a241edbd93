"""Logging in: the right tenant, tokens that are renewed in time, and what to do where the login says no."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.identity import CredentialUnavailableError

from agent.adapters.graph.connect import open_graph
from agent.adapters.microsoft.clouds import Cloud, cloud_named, simulator
from agent.adapters.microsoft.credentials import CredentialKind, SimulatorCredential, credential
from agent.adapters.microsoft.tokens import Tokens, read_claims
from agent.model.errors import Malformed, Refused, Unavailable
from tests.adapters.graphs import GUID, SIMULATED, TENANT, Login, an_incident, jwt, no, opened, says
from tests.clock import ManualClock

CLIENT = "99999999-2222-4333-8444-555555555555"
GLOBAL = cloud_named("global")


# Clouds


@pytest.mark.parametrize(
    ("name", "graph", "authority", "is_whole", "endpoint"),
    [
        (
            "global",
            "https://graph.microsoft.com",
            "https://login.microsoftonline.com",
            True,
            "https://api.security.microsoft.com",
        ),
        ("usGovL4", "https://graph.microsoft.us", "https://login.microsoftonline.us", False, None),
        ("usGovL5", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us", False, None),
    ],
)
def test_clouds(name: str, graph: str, authority: str, is_whole: bool, endpoint: str | None) -> None:
    assert cloud_named(name) == Cloud(name, graph, authority, is_whole, is_whole, endpoint)
    assert cloud_named(name).scope == f"{graph}/.default"


@pytest.mark.parametrize(
    ("name", "why"),
    [("china", "no Defender security API in China"), ("mars", "is not known: use one of `global`")],
)
def test_any_other_cloud_is_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        cloud_named(name)


@pytest.mark.parametrize("url", ["http://127.0.0.1:80", "http://localhost:1", "http://[::1]:5/"])
def test_a_simulator_is_on_this_machine(url: str) -> None:
    assert simulator(url).graph == url.rstrip("/")


@pytest.mark.parametrize("url", ["http://10.0.0.1", "https://graph.microsoft.com", "", "ftp://localhost"])
def test_a_simulator_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="not on this machine"):
        simulator(url)


# Opening


async def test_grants_are_read_from_the_token() -> None:
    async with opened(login=Login(roles=["ThreatHunting.Read.All", "X"])) as (graph, _):
        assert graph.grants == {"ThreatHunting.Read.All", "X"}
        assert not graph.is_delegated
        assert graph.defender.can_hunt


async def test_the_agents_own_ids_are_read_from_the_token() -> None:
    async with opened(login=Login(oid="AAAA-1", appid="bbbb-2")) as (graph, _):
        assert graph.own == {"aaaa-1", "bbbb-2"}
    async with opened() as (graph, _):
        assert graph.own == frozenset()


async def test_without_the_grant_there_is_no_hunting() -> None:
    async with opened(login=Login(roles=["ThreatHunting.Read"])) as (graph, _):
        assert not graph.defender.can_hunt


async def test_a_persons_login_is_delegated() -> None:
    async with opened(login=Login(scp="SecurityIncident.Read.All ThreatHunting.Read.All")) as (graph, _):
        assert graph.is_delegated
        assert graph.grants == {"SecurityIncident.Read.All", "ThreatHunting.Read.All"}


def test_an_apps_token_with_both_is_the_apps() -> None:
    claims = read_claims(jwt(tid=TENANT, roles=["A"], scp="B"))

    assert not claims.is_delegated
    assert claims.grants == {"A"}


async def test_another_tenants_token_stops_the_start_and_names_both() -> None:
    with pytest.raises(Refused, match=f"for tenant `{GUID}`, the settings say `{TENANT}`"):
        async with opened(login=Login(tid=GUID)):
            pass


async def test_tenant_ids_differ_in_case_only() -> None:
    async with opened(login=Login(tid=TENANT.upper())) as (graph, _):
        assert graph.grants


@pytest.mark.parametrize(
    "token", ["", "opaque", "a.b.c", "a.!!!.c", f"a.{base64.b64encode(b'[]').decode()}.c"]
)
def test_a_token_that_cannot_be_read_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(Refused, match="cannot be read") as caught:
        read_claims(token)

    assert token not in str(caught.value) or not token


# Renewal


def tokens(login: Login, cloud: Cloud = SIMULATED) -> Tokens:
    return Tokens(login, url=cloud.graph, scope=cloud.scope, tenant_id=TENANT, wall=lambda: login.wall)


@pytest.mark.parametrize(("before", "given"), [(301, 1), (299, 2)])
async def test_a_token_is_kept_until_five_minutes_before_its_end(before: int, given: int) -> None:
    login = Login(lifetime=3600)
    ours = tokens(login)

    await ours.get_authorization_token(SIMULATED.graph)
    login.wall += 3600 - before
    await ours.get_authorization_token(f"{SIMULATED.graph}/v1.0/x")

    assert login.given == given


async def test_a_short_token_is_kept_for_half_its_life() -> None:
    login = Login(lifetime=100)
    ours = tokens(login)
    await ours.get_authorization_token(SIMULATED.graph)
    login.wall += 49
    await ours.get_authorization_token(SIMULATED.graph)
    assert login.given == 1

    login.wall += 2
    await ours.get_authorization_token(SIMULATED.graph)

    assert login.given == 2


async def test_an_old_token_that_holds_is_used_while_the_login_is_away() -> None:
    login = Login()
    ours = tokens(login)
    first = await ours.get_authorization_token(SIMULATED.graph)
    login.error = ServiceRequestError("no network")

    login.wall += 3400
    assert await ours.get_authorization_token(SIMULATED.graph) == first
    login.wall += 201
    with pytest.raises(Unavailable, match="login: cannot be reached"):
        await ours.get_authorization_token(SIMULATED.graph)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:10/v1.0",
        "https://127.0.0.1:9/v1.0",
        "http://evil.example:9/",
        "http://127.0.0.1:9@evil.example/",
        "",
    ],
)
async def test_no_other_host_gets_a_token(url: str) -> None:
    with pytest.raises(Refused, match="no token is given to another host"):
        await tokens(Login()).get_authorization_token(url)


async def test_a_401_renews_once_and_reads_again() -> None:
    login = Login()

    async with opened(no(401), says(200, an_incident()), login=login) as (graph, script):
        assert await graph.defender.incident("29") is not None

    assert login.given == 2
    assert script.requests[0].headers["authorization"] != script.requests[1].headers["authorization"]


async def test_a_second_401_is_refused() -> None:
    login = Login()

    async with opened(no(401, "InvalidAuthenticationToken", "lifetime"), login=login) as (graph, script):
        with pytest.raises(Refused, match=r"401 .*the token is not accepted"):
            await graph.defender.incident("29")

    assert login.given == len(script.requests) == 2


@pytest.mark.parametrize("padding", ["", "=="])
async def test_a_challenge_is_passed_on_to_the_login_once(padding: str) -> None:
    login = Login()
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
    encoded = base64.b64encode(claims.encode()).decode().rstrip("=") + padding
    challenge = no(401, "", "", www_authenticate=f'Bearer error="insufficient_claims", claims="{encoded}"')

    async with opened(challenge, says(200, an_incident()), login=login) as (graph, script):
        await graph.defender.incident("29")

    assert login.asked == [None, claims]
    assert len(script.requests) == 2


async def test_of_many_callers_turned_away_one_renews() -> None:
    login = Login()
    ours = tokens(login)
    await ours.get_authorization_token(SIMULATED.graph)
    generation = ours.generation

    await ours.renew(generation)
    await ours.renew(generation)

    assert login.given == 2


async def test_a_renewed_token_of_another_tenant_is_refused() -> None:
    login = Login()
    async with opened(no(401), login=login) as (graph, _):
        login.tid = GUID
        with pytest.raises(Refused, match="is for tenant"):
            await graph.defender.incident("29")


# What the login says


def wrapped(cause: Exception) -> ClientAuthenticationError:
    """Return a failure as azure-identity hands it on, whatever it was."""
    error = ClientAuthenticationError("Authentication failed: hunter2")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            ClientAuthenticationError("AADSTS7000222: The provided client secret keys are expired. hunter2"),
            Refused,
            "AADSTS7000222: the client secret has expired: make a new one",
        ),
        (ClientAuthenticationError("AADSTS700016: hunter2"), Refused, "AADSTS700016: check the client id"),
        (ClientAuthenticationError("AADSTS123456: hunter2"), Refused, "AADSTS123456: look the code up"),
        (ClientAuthenticationError("AADSTS90033: hunter2"), Unavailable, "AADSTS90033"),
        (CredentialUnavailableError("hunter2: run az login"), Refused, "run `az login`"),
        (ServiceRequestError("hunter2"), Unavailable, "cannot be reached"),
        (wrapped(ServiceRequestError("hunter2")), Unavailable, "cannot be reached"),
        (wrapped(ConnectionRefusedError("hunter2")), Unavailable, "cannot be reached"),
        (wrapped(ValueError("hunter2")), Refused, "this credential cannot be used here"),
        (TimeoutError("hunter2"), Unavailable, "no answer in time"),
        (ConnectionResetError("hunter2"), Unavailable, "no answer in time"),
        (FileNotFoundError(2, "No such file", "/run/token"), Refused, "`/run/token` cannot be read"),
    ],
)
async def test_the_logins_refusals_say_what_to_do_and_repeat_nothing(
    error: Exception, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        async with opened(login=Login(error=error)):
            pass

    assert type(caught.value) is kind
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is error


async def test_a_credential_that_blocks_is_asked_in_a_thread_and_closed() -> None:
    closed: list[bool] = []

    class Blocking:
        def get_token(self, *scopes: str, claims: str | None = None, **_options: Any) -> AccessToken:
            return AccessToken(jwt(tid=TENANT, roles=list(scopes)), 2_000_000_000)

        def close(self) -> None:
            closed.append(True)

    async with open_graph(
        clock=ManualClock(),
        cloud=SIMULATED,
        tenant_id=TENANT,
        credential=Blocking,
        transport=httpx.MockTransport(lambda request: says(200)),
    ) as graph:
        assert graph.grants == {SIMULATED.scope}
    assert closed == [True]


# Credentials


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("managedIdentity", {}),
        ("managedIdentity", {"client_id": CLIENT}),
        ("clientSecret", {"client_id": CLIENT, "client_secret": "s"}),
        ("azureCli", {}),
    ],
)
def test_credentials_are_made(kind: str, arguments: dict[str, str]) -> None:
    make = credential(kind, cloud=GLOBAL, tenant_id=TENANT, **arguments)

    assert callable(make().get_token)


def test_a_workload_identity_is_made_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make = credential("workloadIdentity", cloud=GLOBAL, tenant_id=TENANT, client_id=CLIENT)
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE", raising=False)
    with pytest.raises(Refused, match="set AZURE_FEDERATED_TOKEN_FILE"):
        make()

    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))

    assert callable(make().get_token)


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "cert.pem"
    if content is not None:
        path.write_bytes(content)
    make = credential(
        "certificate",
        cloud=GLOBAL,
        tenant_id=TENANT,
        client_id=CLIENT,
        certificate_path=str(path),
        certificate_password="hunter2",
    )

    with pytest.raises(Refused, match=r"cert\.pem` cannot be used") as caught:
        make()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "missing"),
    [("certificate", "client id"), ("clientSecret", "client id"), ("simulator", "client id")],
)
def test_what_a_kind_needs_is_asked_for(kind: str, missing: str) -> None:
    with pytest.raises(Refused, match=f"credential `{kind}`: the {missing} is missing"):
        credential(kind, cloud=SIMULATED, tenant_id=TENANT)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(Refused, match="credential `password` is not known: use one of `managedIdentity`"):
        credential("password", cloud=GLOBAL, tenant_id=TENANT)


def test_the_simulators_credential_is_for_this_machine_only() -> None:
    make = credential(CredentialKind.SIMULATOR, cloud=GLOBAL, tenant_id=TENANT, client_id=CLIENT)

    with pytest.raises(Refused, match="only for the simulator on this machine"):
        make()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(401, {"error": "invalid_client"}), Refused),
        (says(500), Unavailable),
        (says(200, b"<html>"), Unavailable),
        (says(200, {"access_token": "x"}), Unavailable),
    ],
)
async def test_what_the_simulators_login_answers(answer: httpx.Response, kind: type[Exception]) -> None:
    transport = httpx.MockTransport(lambda request: answer)

    with pytest.raises(kind):
        await SimulatorCredential(SIMULATED, TENANT, CLIENT, "s", transport=transport).get_token("x/.default")


async def test_a_simulator_that_is_not_there_is_unavailable() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    transport = httpx.MockTransport(refuse)
    with pytest.raises(Unavailable, match="start it"):
        await SimulatorCredential(SIMULATED, TENANT, CLIENT, "s", transport=transport).get_token("x/.default")


async def test_hostile_links_never_see_a_token() -> None:
    async with opened(says(200, {"value": [], "@odata.nextLink": "http://evil.example/v1.0/"})) as (
        graph,
        script,
    ):
        with pytest.raises(Malformed):
            [page async for page in graph.defender.alerts_since(ManualClock().now())]

    assert {request.url.host for request in script.requests} == {"127.0.0.1"}
