"""Trying channels out: one notice that is marked as a test through one channel, what came of it, and the audit of it."""

from collections.abc import Sequence
from datetime import datetime

from agent.audit.entries import of_notice
from agent.compose import open_ledger_as_it_is, open_ledger_for_reading
from agent.loop.sending import Failure, is_through_graph, send
from agent.model.channel import Channel
from agent.model.errors import AgentError, LedgerError
from agent.model.escalation import Delivery, Notice, Posted, Receipt
from agent.model.hold import BRAKE, Hold
from agent.ports.escalation import Channels
from agent.settings.subjects import Settings
from agent.sights import with_file

EARLIER: tuple[Posted, ...] = ()
"""A test belongs to no thread."""


async def standing_hold(settings: Settings, now: datetime) -> Hold | None:
    """Return what keeps mail through Graph from leaving; where there is no ledger yet, the file alone can."""
    try:
        async with open_ledger_for_reading(settings) as ledger:
            holds = await ledger.holds()
    except LedgerError:
        holds = ()
    found = await with_file(settings, holds, now)
    return next((one for one in found if one.guard != BRAKE), None)


async def tried(channels: Channels, channel: Channel, notice: Notice, stopped: Hold | None) -> Posted:
    """Send one test, unless it would go through Graph while a hold stands; and return what came of it."""
    if stopped is not None and is_through_graph(channel):
        came: Receipt | Failure = Failure(
            f"mail through Graph waits while a hold stands: {stopped.reason}: {stopped.ended_by} ends it"
        )
    else:
        came = await send(channels, channel, notice, EARLIER)
    if isinstance(came, Receipt):
        return Posted(notice=notice, delivery=Delivery.SENT, attempts=1, receipt=came)
    return Posted(notice=notice, delivery=Delivery.GIVEN_UP, attempts=1, receipt=Receipt(), why=came.words)


async def audited(settings: Settings, posted: Sequence[Posted], by: str, now: datetime) -> str:
    """Tell the audit who sent what; return why that could not be, where there is no ledger yet or no key of it."""
    try:
        async with open_ledger_as_it_is(settings) as ledger:
            await ledger.audit([of_notice(one, by, now) for one in posted])
    except AgentError as error:
        return str(error)
    return ""
