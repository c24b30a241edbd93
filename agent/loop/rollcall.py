"""Who the tenants are, looked at every few seconds.

What differs counts once two looks agree, so that a file that is just being written, or is replaced, is not gone by
halves. Settings that cannot be used end nothing: a tenant that is open goes on by those it was opened with, as it
does where its policies do not load, and an alarm says so.
"""

import structlog

from agent.loop.alarms import let_stand
from agent.loop.errands import Errands
from agent.loop.run import SETTINGS
from agent.loop.tending import Tended
from agent.model.errors import AgentError
from agent.model.tenancy import Tenancy
from agent.ports.fleet import Roster

log = structlog.get_logger()


class RollCall:
    """Everybody who is on the roster, or was a moment ago and is still being ended."""

    def __init__(self, roster: Roster, errands: Errands) -> None:
        self.tended: dict[str, Tended] = {}
        """By name."""
        self._roster, self._errands = roster, errands
        self._looked: dict[str, Tenancy] = {}
        self._complained = ""

    async def look(self, *, is_asked: bool = False) -> bool:
        """Look, and go by what stands there twice, or at once where somebody asked for the look.

        Returns whether all of it counts now.

        Raises:
            SettingsError: it cannot be said who the tenants are; everything stays as it is.
        """
        before, found = self._looked, {one.name: one for one in await self._roster.look()}
        self._looked = found
        for name in sorted(before.keys() | found.keys() | self.tended.keys()):
            if is_asked or before.get(name) == found.get(name):
                self._note(name, found.get(name))
        return is_asked or before == found

    async def try_to_look(self, *, is_asked: bool) -> bool:
        """Look, and come back whatever happens."""
        complaint, is_settled = "", True
        try:
            is_settled = await self.look(is_asked=is_asked)
        except AgentError as error:
            complaint = str(error)
        except Exception as error:
            complaint = f"internal error: {error}"
            log.exception("the roster cannot be read")
        if complaint and complaint != self._complained:
            log.error(
                "the roster cannot be read", why=complaint, then="the tenants stay those that are known"
            )
        self._complained = complaint
        return is_settled

    def _note(self, name: str, tenancy: Tenancy | None) -> None:
        """Go by what stands on the roster for this name."""
        known = self.tended.get(name)
        if tenancy is None:
            if known is not None:
                known.is_listed = False
            return
        one = self.tended.setdefault(name, Tended(tenancy=tenancy))
        before = None if known is None else one.tenancy
        one.tenancy, one.is_listed = tenancy, True
        if tenancy == before:
            return
        one.not_before = 0.0
        if tenancy.problem:
            self._broken(one, "; ".join(tenancy.problem.splitlines()))
        elif before is not None and before.problem:
            self._mended(one)

    def _broken(self, one: Tended, why: str) -> None:
        goes_on = one.life is not None
        then = "it goes on by those it was opened with" if goes_on else "it is not looked after"
        log.error("settings of a tenant cannot be used", tenant=one.name, why=why, then=then)
        one.problem = why
        self._errands.run(self._sound(one, f"the tenant's settings cannot be used, and {then}: {why}"))

    def _mended(self, one: Tended) -> None:
        log.info("settings of a tenant can be used again", tenant=one.name)
        one.problem = ""
        self._errands.run(self._sound(one, ""))

    async def _sound(self, one: Tended, words: str) -> None:
        """Let the alarm stand, or end it where there are no words; where the tenant is closed, the log has to do."""
        world = one.world
        if world is None:
            return
        try:
            await let_stand(world.ledger, SETTINGS, words, world.clock.now())
        except AgentError as error:
            log.warning("its alarm cannot be written", tenant=one.name, why=str(error))
