"""Holding and releasing, whoever does it and at whichever face: the same rules, and the same words."""

from datetime import datetime

import msgspec

from agent.faces.holds import is_gone
from agent.judge.quote import moment
from agent.model.errors import SettingsError
from agent.model.hold import BRAKE, KILL_SWITCH, Hold
from agent.ports.ledger import Ledger

LONGEST = 500
"""Characters of a reason."""

KNOWN = frozenset({KILL_SWITCH, BRAKE})


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of holding or releasing: whether it changed anything, and what holds now."""

    has_changed: bool
    words: str
    holds: tuple[Hold, ...]


def reason_of(text: str) -> str:
    """Return a reason as it is kept: on one line, and not too long."""
    return " ".join(text.split())[:LONGEST]


async def lay(ledger: Ledger, by: str, reason: str, now: datetime) -> Done:
    """Throw the kill switch. One that is thrown already stays, with a new reason where it is of the same hand.

    Raises:
        SettingsError: the reason is empty.
    """
    if not reason:
        raise SettingsError("the reason is empty: say in a few words why, for whoever finds everything held")
    before = await _named(ledger, KILL_SWITCH)
    await ledger.hold(Hold(name=KILL_SWITCH, since=now, by=by, reason=reason))
    holds = await ledger.holds()
    if before is None:
        words = (
            "held: nothing is carried out from now on, by any agent on this ledger, until `air-agent release`"
        )
        return Done(has_changed=True, words=words, holds=holds)
    after = await _named(ledger, KILL_SWITCH)
    since = f"held already, since {moment(before.since)}, by {before.by}: {before.reason}"
    if after is not None and after.reason != before.reason:
        return Done(has_changed=True, words=f"{since}; the reason is now: {after.reason}", holds=holds)
    return Done(has_changed=False, words=since, holds=holds)


async def lift(ledger: Ledger, name: str, by: str, reason: str, now: datetime) -> Done:
    """End the hold of this name; a file's is left alone while its agent reads the file.

    Raises:
        SettingsError: there is no hold of this name.
    """
    standing = await _named(ledger, name)
    if standing is None and name not in KNOWN:
        stands = ", ".join(f"`{one.name}`" for one in await ledger.holds()) or "nothing holds"
        raise SettingsError(f"there is no hold `{name}`: name one that stands: {stands}")
    if standing is None:
        return Done(
            has_changed=False,
            words=f"`{name}` is not on: there is nothing to release",
            holds=await ledger.holds(),
        )
    if await is_kept_by_its_file(ledger, standing, now):
        words = f"`{name}` was not released: it is a file's, and {standing.replica} reads it: {standing.ended_by} ends it"
        return Done(has_changed=False, words=words, holds=await ledger.holds())
    has_ended = await ledger.release(name, by, reason, now)
    words = f"released: `{name}`, laid {moment(standing.since)} by {standing.by}: {standing.reason}"
    return Done(has_changed=has_ended, words=words, holds=await ledger.holds())


async def is_kept_by_its_file(ledger: Ledger, hold: Hold, now: datetime) -> bool:
    """Whether only removing the file ends a hold: the agent that reads it is alive, and would lay it again."""
    if hold.replica is None:
        return False
    return any(one.name == hold.replica and not is_gone(one, now) for one in await ledger.replicas())


async def _named(ledger: Ledger, name: str) -> Hold | None:
    return next((one for one in await ledger.holds() if one.name == name), None)
