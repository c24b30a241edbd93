"""The set of policies in force as pages show it, also where it does not load here, or where a later one did not."""

from datetime import datetime

import msgspec

from agent.faces.telling import commit
from agent.faces.web.site import Site
from agent.loop.policies import InForce
from agent.loop.reloading import ALARM
from agent.model.errors import PolicyError


class SetShown(msgspec.Struct, frozen=True, kw_only=True):
    """Which set it is, since when, and what is wrong with it or with one that came later."""

    revision: str
    """Empty where none is known."""
    git: str
    """The commit it was read from, with `+` where it differs from that; empty where there is none."""
    since: datetime | None
    """None where no agent has gone by it yet: then it is what lies in the folder."""
    refused: str
    """Why a set that came later did not come into force; empty where none did."""
    problems: tuple[str, ...]
    """Why it does not load in this version; empty where it does."""
    enforces_observers: bool
    """Whether policies in `mode: observe` count as enforcing, by the settings."""

    @property
    def commit(self) -> str:
        """The commit as people read it."""
        return commit(self.git)


async def set_in_force(site: Site) -> tuple[SetShown, InForce | None]:
    """Return the set in force; None beside it where it does not load in this version, or where there is none at all."""
    ledger = site.desk.ledger
    kept = await ledger.kept_set()
    in_force: InForce | None = None
    problems: tuple[str, ...] = ()
    try:
        in_force = await site.policies.now()
    except PolicyError as error:
        problems = tuple(map(str, error.problems))
    judge = in_force.judge if in_force is not None else None
    shown = SetShown(
        revision=kept.revision if kept is not None else judge.revision if judge is not None else "",
        git=kept.git if kept is not None else judge.git if judge is not None else "",
        since=kept.at if kept is not None else None,
        refused=next((one.words for one in await ledger.alarms() if one.name == ALARM), ""),
        problems=problems,
        enforces_observers=site.settings.policies.enforces_observers,
    )
    return shown, in_force
