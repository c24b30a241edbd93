"""Settings -> a World of real adapters, opened and closed in order. The only place where a choice is made."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from agent.adapters.graph.clouds import Cloud, cloud_named, simulator
from agent.adapters.graph.credentials import CredentialKind, credential
from agent.adapters.host import PolicyFiles, SystemClock
from agent.adapters.ledger.opening import open_ledger
from agent.model.errors import SettingsError
from agent.model.policy import Mode
from agent.ports import Ledger, PolicyShelf, World
from agent.settings import subjects
from agent.settings.subjects import Settings, TreatAs

if TYPE_CHECKING:
    from agent.adapters.graph.tokens import Credential


@asynccontextmanager
async def open_world(settings: Settings) -> AsyncIterator[World]:
    """Give the world these settings describe.

    Raises:
        SettingsError, LedgerError, Refused, Unavailable: it cannot be opened as it is set.
    """
    from agent.adapters.graph.connect import open_graph  # noqa: PLC0415  slow to import, and not always needed

    clock = clock_of(settings)
    cloud = _cloud(settings)
    async with (
        open_ledger(settings.ledger.address().reveal(), settings.tenant.id) as ledger,
        open_graph(
            clock=clock,
            cloud=cloud,
            tenant_id=settings.tenant.id,
            credential=_credential(settings, cloud),
            requests_per_minute=settings.graph.requests_per_minute,
            page_size=settings.graph.page_size,
            analyzed_emails_per_action=settings.graph.analyzed_emails_per_action,
        ) as graph,
    ):
        if settings.mode is Mode.ENFORCE and graph.is_delegated:
            raise SettingsError(
                "`mode: enforce` needs an application's own login: this one is a person's, delegated"
            )
        yield World(
            tenant_id=settings.tenant.id,
            clock=clock,
            defender=graph.defender,
            enactor=graph.enactor if settings.mode is Mode.ENFORCE else None,
            ledger=ledger,
            shelf=shelf_of(settings),
            directory=graph.directory,
            pace=settings.loop_pace(),
            enforces_observers=settings.policies.treat_as is TreatAs.ENFORCE,
            version=version("air-agent"),
        )


def open_ledger_for_reading(settings: Settings) -> AbstractAsyncContextManager[Ledger]:
    """Give the ledger as it is, also while an agent runs; nothing can be written."""
    return open_ledger(settings.ledger.address().reveal(), settings.tenant.id, read_only=True)


def clock_of(settings: Settings) -> SystemClock:
    """Return the clock the agent goes by."""
    return SystemClock(rate=settings.clock.rate, epoch=settings.clock.epoch)


def shelf_of(settings: Settings) -> PolicyShelf:
    """Return where the policies lie."""
    return PolicyFiles(settings.policies.directory)


def _cloud(settings: Settings) -> Cloud:
    if settings.graph.cloud is subjects.Cloud.SIMULATOR:
        return simulator(settings.graph.url or "")
    return cloud_named(settings.graph.cloud)


def _credential(settings: Settings, cloud: Cloud) -> Callable[[], "Credential"]:
    auth = settings.auth
    is_simulated = settings.graph.cloud is subjects.Cloud.SIMULATOR
    secret = auth.client_secret.reveal() if auth.client_secret is not None else ""
    password = auth.certificate_password.reveal() if auth.certificate_password is not None else ""
    return credential(
        CredentialKind.SIMULATOR if is_simulated else CredentialKind(auth.kind),
        cloud=cloud,
        tenant_id=settings.tenant.id,
        client_id=auth.client_id or "",
        client_secret=secret,
        certificate_path=str(auth.certificate_path or ""),
        certificate_password=password,
    )
