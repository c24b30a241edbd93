"""Settings -> Graph, Defender for Endpoint, channels and telemetry, each by itself: how each of them is reached."""

import os
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from agent.adapters.channels.bounds import USUAL, Bounds
from agent.adapters.host import SystemClock
from agent.adapters.microsoft.clouds import Cloud, cloud_named, simulator
from agent.adapters.microsoft.credentials import CredentialKind, credential
from agent.adapters.microsoft.machines import ELSEWHERE, Machines, NoMachines
from agent.adapters.microsoft.proofs import HINT, ClientSecret, Proof, proof_of
from agent.model.errors import Malformed, Refused, SettingsError, Unavailable
from agent.ports.host import Clock, Heart
from agent.ports.telemetry import SILENT, Telemetries, Telemetry
from agent.settings import subjects
from agent.settings.fields import logs_in_with
from agent.settings.guards import hosts, variables
from agent.settings.secret import Secret
from agent.settings.subjects import Process, Settings
from agent.settings.telemetry import headers

if TYPE_CHECKING:
    from agent.adapters.graph.connect import Graph
    from agent.adapters.microsoft.connection import Around
    from agent.adapters.microsoft.tokens import Credential
    from agent.ports.escalation import Channels


def installed() -> str:
    """Return the version of this agent."""
    return version("air-agent")


def clock_of(settings: Settings | Process) -> SystemClock:
    """Return the clock the agent goes by."""
    return SystemClock(rate=settings.clock.rate, epoch=settings.clock.epoch, until=settings.clock.until)


def open_endpoint_of(
    settings: Settings, clock: Clock, telemetry: Telemetry = SILENT
) -> AbstractAsyncContextManager[Machines]:
    """Give Defender for Endpoint, or what stands in its place where it is switched off or not there."""
    cloud = cloud_of(settings)
    if not settings.endpoint.enabled:
        return nullcontext(NoMachines())
    if cloud.endpoint is None:
        return nullcontext(NoMachines(ELSEWHERE))
    from agent.adapters.endpoint.connect import open_endpoint  # noqa: PLC0415  not always needed

    return open_endpoint(
        clock=clock,
        url=cloud.endpoint,
        tenant_id=settings.tenant.id,
        credential=_credential(settings, cloud),
        telemetry=telemetry,
    )


def open_graph_of(
    settings: Settings,
    clock: Clock,
    around: "Around | None" = None,
    machines: Machines | None = None,
    telemetry: Telemetry = SILENT,
) -> AbstractAsyncContextManager["Graph"]:
    """Give Graph, logged in as these settings say."""
    from agent.adapters.graph.connect import open_graph  # noqa: PLC0415  slow to import, and not always needed

    cloud = cloud_of(settings)
    return open_graph(
        clock=clock,
        cloud=cloud,
        tenant_id=settings.tenant.id,
        credential=_credential(settings, cloud),
        requests_per_minute=settings.graph.requests_per_minute,
        page_size=settings.graph.page_size,
        analyzed_emails_per_action=settings.graph.analyzed_emails_per_action,
        machines=machines,
        sign_in=settings.sign_in(),
        proofs=_proofs(settings),
        around=around,
        telemetry=telemetry,
    )


@asynccontextmanager
async def open_channels_alone(settings: Settings, *, through_graph: bool) -> AsyncIterator["Channels"]:
    """Give the channels without a ledger and without an agent; with `through_graph`, Graph to send mail too.

    Where Graph cannot be opened, only what goes through it fails.
    """
    clock = clock_of(settings)
    async with AsyncExitStack() as stack:
        send: Callable[[str, bytes], Awaitable[None]] | None = None
        if through_graph:
            try:
                send = (await stack.enter_async_context(open_graph_of(settings, clock))).send_mail
            except (Unavailable, Refused, Malformed) as error:
                send = partial(_failing, error)
        yield await stack.enter_async_context(open_channels_of(settings, clock, send))


async def _failing(error: Exception, _sender: str, _message: bytes) -> None:
    raise error


def open_channels_of(
    settings: Settings, clock: Clock, send_mail: "Callable[[str, bytes], Awaitable[None]] | None"
) -> AbstractAsyncContextManager["Channels"]:
    """Give every kind of channel. `send_mail` sends through Graph; None where there is none."""
    from agent.adapters.channels.connect import open_channels  # noqa: PLC0415  slow to import

    return open_channels(
        clock=clock,
        hosts=hosts(settings.escalation.hosts),
        bounds=bounds_of(settings),
        send_mail=send_mail,
    )


def bounds_of(settings: Settings, environ: Mapping[str, str] = os.environ) -> Bounds:
    """Return what the channel files of these settings' tenant may name."""
    escalation, is_of_many = settings.escalation, settings.tenants.directory is not None
    handed = environ.get("CREDENTIALS_DIRECTORY")
    usual = (USUAL, Path(handed)) if handed else (USUAL,)
    no_others = () if is_of_many else None
    return Bounds(
        environ=environ,
        secrets=usual if escalation.secrets is None else (escalation.secrets,),
        variables=no_others if escalation.variables is None else variables(escalation.variables),
        files=settings.notices(),
        own=tuple(logs_in_with(settings)),
    )


def open_heart_of(process: Process) -> "AbstractAsyncContextManager[Heart] | None":
    """Give the dead man's switch that is told that all is well; None where there is none.

    Raises:
        SettingsError: its URL is none that may be asked.
    """
    health = process.health
    if health.heartbeat is None:
        return None
    from agent.adapters.channels.addresses import check_url  # noqa: PLC0415  not always needed
    from agent.adapters.channels.heartbeat import open_heart  # noqa: PLC0415  slow to import

    allowed = hosts(health.hosts)
    try:
        check_url(health.heartbeat.reveal(), allowed, "`health.heartbeat`")
    except Refused as error:
        raise SettingsError(f"{error}, or name its host in `health.hosts` if it is one of yours") from None
    return open_heart(health.heartbeat.reveal(), clock=SystemClock(), hosts=allowed)


def cloud_of(settings: Settings) -> Cloud:
    """Return where Graph and the login are."""
    if settings.graph.cloud is subjects.Cloud.SIMULATOR:
        return simulator(settings.graph.url or "")
    return cloud_named(settings.graph.cloud)


def open_telemetry_of(
    process: Process, *, replica: str, complain: Callable[[str], None]
) -> AbstractContextManager[Telemetries | None]:
    """Give what measures this process; None where nobody asks for it, so that nothing is measured either.

    `complain` is told why a collector does not take what is sent, and with an empty text that it does again.

    Raises:
        SettingsError: what sends to a collector is not installed.
    """
    told = process.telemetry
    if process.health.listen is None and told.endpoint is None:
        return nullcontext()
    from agent.adapters.telemetry.opening import open_telemetry  # noqa: PLC0415  not always needed

    if told.endpoint is None:
        return open_telemetry(version=installed(), replica=replica)
    try:
        from agent.adapters.telemetry.collector import Collector, Exports  # noqa: PLC0415  an extra
    except ImportError as error:
        raise SettingsError(
            "`telemetry.endpoint`: what sends to a collector is not installed: pip install 'air-agent[otlp]'"
        ) from error
    collector = Collector(
        endpoint=told.endpoint,
        headers={} if told.headers is None else headers(told.headers.reveal()),
        every=told.metrics_every,
        traces=told.traces,
        share=told.traces_share,
        exports=Exports(complain),
    )
    return open_telemetry(version=installed(), replica=replica, collector=collector)


def _proofs(settings: Settings) -> tuple[Proof, ...]:
    """Return what the agent proves itself with, and the sign-in where this process knows its secret."""
    auth, web = settings.auth, settings.web
    is_simulated = settings.graph.cloud is subjects.Cloud.SIMULATOR
    own = proof_of(
        CredentialKind.SIMULATOR if is_simulated else CredentialKind(auth.kind),
        client_id=auth.client_id or "",
        client_secret=_revealed(auth.client_secret),
        certificate_path=auth.certificate_path,
        certificate_password=_revealed(auth.certificate_password),
    )
    client_id = settings.sign_in()
    if web.client_secret is None or client_id is None:
        return (own,)
    hint = web.client_secret.reveal()[:HINT]
    return (own, ClientSecret(what="the sign-in's client secret", client_id=client_id, hint=hint))


def _revealed(secret: Secret | None) -> str:
    return secret.reveal() if secret is not None else ""


def _credential(settings: Settings, cloud: Cloud) -> Callable[[], "Credential"]:
    auth = settings.auth
    is_simulated = settings.graph.cloud is subjects.Cloud.SIMULATOR
    return credential(
        CredentialKind.SIMULATOR if is_simulated else CredentialKind(auth.kind),
        cloud=cloud,
        tenant_id=settings.tenant.id,
        client_id=auth.client_id or "",
        client_secret=_revealed(auth.client_secret),
        certificate_path=str(auth.certificate_path or ""),
        certificate_password=_revealed(auth.certificate_password),
    )


def replica_of(settings: Settings | Process) -> str:
    """Return what this agent is called in the ledger."""
    if settings.replica is not None:
        return settings.replica
    return re.sub(r"[^0-9a-z._-]+", "-", socket.gethostname().lower())[:63] or "agent"
