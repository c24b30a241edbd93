"""One notice through one channel: what the channel answered, or why it did not take it.

Telling people is not enacting: it goes on while Graph is away and while a hold stands, for people have to hear that
things wait. Mail through Graph is the exception. Who throws the kill switch does not know yet what went wrong; it may
be a login in the wrong hands, and nothing at all is written to Graph then. Such a notice waits for the release and
stays in the outbox, and other people are told at once in its place. The brake is laid by the agent itself, says nothing
against its login, and is something that people have to hear of: mail leaves while it is on.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from agent.judge.rails.holding import held_words
from agent.loop.lookout import Lookout
from agent.model.channel import Channel, ChannelKind
from agent.model.errors import Held, Malformed, Refused, Unavailable
from agent.model.escalation import Notice, Posted, Receipt
from agent.model.hold import BRAKE
from agent.ports.escalation import Channels
from agent.ports.ledger import Ledger

PATIENCE = 120.0
"""Real seconds after which a channel that has not answered is taken for away."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a channel did not take a notice.

    `until` is before when it does not want to be asked; `is_final` says that it would never take it.
    """

    words: str
    until: datetime | None = None
    is_final: bool = False


async def send(
    channels: Channels, channel: Channel, notice: Notice, earlier: Sequence[Posted]
) -> Receipt | Failure:
    """Tell one notice, and return what came of it, whatever that is."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await channels.send(channel, notice, earlier)
    except TimeoutError:
        return Failure(f"it did not answer within {PATIENCE:.0f} seconds")
    except Unavailable as error:
        return Failure(str(error), until=error.until)
    except (Refused, Malformed) as error:
        return Failure(str(error), is_final=True)
    except Exception as error:
        log.exception("a channel failed", channel=channel.name)
        return Failure(f"internal error: {type(error).__name__}: see the log", is_final=True)


async def held(ledger: Ledger, lookout: Lookout, channel: Channel) -> str:
    """Return why nothing may leave through the channel for now; empty where it may. Only mail through Graph is ever held."""
    if not is_through_graph(channel):
        return ""
    try:
        await lookout.unless_held()
    except Held as error:
        return f"mail through Graph waits for the release: {error.words}"
    for hold in await ledger.holds():
        if hold.guard != BRAKE:
            return f"mail through Graph waits for the release: {held_words(hold)}"
    return ""


def is_through_graph(channel: Channel) -> bool:
    """Whether telling through the channel writes to Graph."""
    return channel.kind is ChannelKind.EMAIL and channel.smtp is None
