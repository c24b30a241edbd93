"""Which tenants are ours: asked every few seconds, for a share ends by itself where it is not renewed."""

import asyncio
from collections.abc import Iterable, Mapping

import structlog

from agent.model.errors import AgentError, SettingsError
from agent.model.tenancy import Holder, Share
from agent.ports.fleet import Shares
from agent.ports.world import Fence

log = structlog.get_logger()


class Sharing:
    """What is ours at the moment."""

    def __init__(self, shares: Shares) -> None:
        self.held: Mapping[str, Share] = {}
        """By the tenant's id. One whose share has ended stands here until the next renewal."""
        self._shares = shares
        self._turn = asyncio.Lock()
        self._complained = ""

    @property
    def every(self) -> float:
        """After how many seconds shares are to be renewed."""
        return self._shares.every

    @property
    def ending(self) -> float:
        """How many seconds before its end a share ends its tenant; half of them before, what is under way is cut off."""
        return self._shares.ending

    def fence(self, share: Share) -> Fence:
        """Return what says right before something leaves whether the tenant is still ours."""
        return self._shares.fence(share)

    async def renew(self, tenant_ids: Iterable[str]) -> None:
        """Keep and take what we can of these.

        Raises:
            LedgerError: it cannot be asked; what is ours stays so until its share ends.
            SettingsError: another process has this replica's name.
        """
        async with self._turn:
            self.held = dict(await self._shares.renew(sorted(set(tenant_ids))))

    async def holders(self, tenant_ids: Iterable[str]) -> Mapping[str, Holder]:
        """Return which other replicas have these, by the tenant; none where it cannot be asked."""
        try:
            return await self._shares.holders(sorted(set(tenant_ids)))
        except AgentError as error:
            log.warning("it cannot be asked which replicas have tenants", why=str(error))
            return {}

    async def try_to_renew(self, tenant_ids: Iterable[str]) -> None:
        """Renew, and come back whatever can be mended while this process runs.

        Raises:
            SettingsError: another process has this replica's name.
        """
        complaint = ""
        try:
            await self.renew(tenant_ids)
        except SettingsError:
            raise
        except AgentError as error:
            complaint = str(error)
        except Exception as error:
            complaint = f"internal error: {error}"
            log.exception("shares cannot be renewed")
        if complaint and complaint != self._complained:
            log.error("shares cannot be renewed", why=complaint, then="what is ours ends with its share")
        self._complained = complaint

    async def let_go(self, tenant_id: str) -> None:
        """Let others take a tenant at once; where that cannot be told, they wait until the share has ended."""
        try:
            async with self._turn:
                self.held = {one: share for one, share in self.held.items() if one != tenant_id}
                await self._shares.let_go([tenant_id])
        except AgentError as error:
            log.warning("a tenant could not be let go", tenant_id=tenant_id, why=str(error))
        except Exception:
            log.exception("a tenant could not be let go", tenant_id=tenant_id)
