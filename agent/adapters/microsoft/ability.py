"""Whether one API can be used in this tenant: by the permissions in the token, and by one harmless read.

A 403 says the same of a permission that is not granted and of a licence that nobody bought. Where the token has every
permission and a read is still forbidden, it is the licence. The read is made once when the agent starts, and again
whenever it is due when a note is written to an incident, which follows every decision: soon where nothing was
answered, after hours where something was. Until there is an answer the permissions alone count, so that an outage at
the start neither stops it nor turns every action into a hand-off.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from agent.adapters.microsoft.caller import BadRequest, Caller, Forbidden, NotFound
from agent.model.errors import Malformed, Refused, Unavailable
from agent.ports.host import Clock

SOON = timedelta(minutes=5)
"""When to ask again where there was no answer."""

LATER = timedelta(hours=6)
"""When to ask again where there was one: a licence may have been bought, or have run out."""


class Ability:
    """What is known of whether one API can be used here."""

    def __init__(
        self,
        caller: Caller[Any],
        clock: Clock,
        *,
        needs: tuple[str, ...],
        where: str = "",
        absent: str = "",
        licence: str = "",
        probe: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Know nothing yet but what the token says.

        Args:
            caller: whose token counts.
            clock: when to ask again.
            needs: the application permissions, all of which are needed.
            where: which API's permissions they are, for people; empty for Graph's.
            absent: why it can never be used here; empty where it may be.
            licence: what has to be bought for it.
            probe: the harmless read; None where none would tell.
        """
        self._caller = caller
        self._clock = clock
        self._needs = needs
        self._where = where
        self._absent = absent
        self._licence = licence
        self._probe = probe
        self._found = ""
        self._again_at: datetime | None = None

    @property
    def missing(self) -> str:
        """Why it cannot be used, naming the permission or licence; empty where nothing speaks against it."""
        return self._absent or self._ungranted() or self._found

    async def look(self) -> None:
        """Ask by the harmless read; never raises for what it finds."""
        if self._probe is None or self._absent:
            return
        self._again_at = self._clock.now() + SOON
        try:
            await self._caller.log_in()
            if self._ungranted():
                return
            await self._probe()
        except BadRequest:
            self._found = ""  # the API is there: it is the question that it does not like
        except Forbidden:
            self._found = f"{self._licence}: the licence is missing (403 although {_listed(self._needs)})"
        except NotFound as error:
            self._found = str(error)
        except (Unavailable, Malformed):
            return
        except Refused as error:
            self._found = str(error)
            return
        else:
            self._found = ""
        self._again_at = self._clock.now() + LATER

    async def look_again(self) -> None:
        """Ask again where it is due; never for the first time."""
        if self._again_at is not None and self._clock.now() >= self._again_at:
            await self.look()

    def _ungranted(self) -> str:
        """Return which permissions are not in the token; nothing is known of them before the first."""
        if not self._caller.has_token:
            return ""
        lacking = tuple(one for one in self._needs if one not in self._caller.grants)
        if not lacking:
            return ""
        verb = "is" if len(lacking) == 1 else "are"
        where = f" in {self._where}" if self._where else ""
        return f"{' and '.join(lacking)} {verb} not granted to the app registration{where}"


def _listed(names: tuple[str, ...]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} granted"
