"""Opens every channel of an agent, and tells notices through the one that each names."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TextIO

from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.wire import SendMail, Wire
from agent.model.channel import Channel, ChannelKind
from agent.model.escalation import Heard, Notice, Posted, Receipt
from agent.ports.escalation import Channels
from agent.ports.host import Clock

if TYPE_CHECKING:
    import httpx

    from agent.adapters.channels.pagerduty import PagerDuty


class OpenChannels:
    """Fulfils Channels: each kind has its wire, and PagerDuty is the one that hears."""

    def __init__(self, wires: Mapping[ChannelKind, Wire], pager: "PagerDuty") -> None:
        self._wires: Mapping[ChannelKind, Wire] = {**wires, ChannelKind.PAGER_DUTY: pager}
        self._pager = pager

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:
        """Tell one notice through the wire of the channel's kind."""
        return await self._wires[channel.kind].send(channel, notice, earlier)

    def hears(self, channel: Channel) -> bool:
        """Whether acknowledgements can be read back: only from PagerDuty, where it has a token to read with."""
        return channel.kind is ChannelKind.PAGER_DUTY and channel.api_token is not None

    async def heard(self, channel: Channel, posted: Sequence[Posted]) -> tuple[Heard, ...]:
        """Return what PagerDuty knows of acknowledgements; nothing from any channel that does not hear."""
        if not self.hears(channel):
            return ()
        return await self._pager.heard(channel, posted)


@asynccontextmanager
async def open_channels(
    *,
    clock: Clock,
    hosts: frozenset[str],
    bounds: Bounds,
    send_mail: SendMail | None,
    transport: "httpx.AsyncBaseTransport | None" = None,
    console: TextIO | None = None,
) -> AsyncIterator[Channels]:
    """Give every kind of channel; connections are closed in the end.

    Args:
        clock: what waiting, rates and signatures go by.
        hosts: hosts inside that channels may point to.
        bounds: what channels may name.
        send_mail: sends mail through Graph; None where there is no Graph to send it.
        transport: sends the requests; real connections behind the guard where none is given.
        console: where the console's lines go; standard error where none is given.
    """
    from agent.adapters.channels.calling import Caller  # noqa: PLC0415  slow
    from agent.adapters.channels.console import Console  # noqa: PLC0415  slow
    from agent.adapters.channels.email.email import Email  # noqa: PLC0415  slow
    from agent.adapters.channels.email.relay import Relay  # noqa: PLC0415  slow
    from agent.adapters.channels.guard import Backend, Guarded  # noqa: PLC0415  slow
    from agent.adapters.channels.lines import Lines  # noqa: PLC0415  slow
    from agent.adapters.channels.pagerduty import PagerDuty  # noqa: PLC0415  slow
    from agent.adapters.channels.slack import Slack  # noqa: PLC0415  slow
    from agent.adapters.channels.teams import Teams  # noqa: PLC0415  slow
    from agent.adapters.channels.webhook import Webhook  # noqa: PLC0415  slow

    allowed = frozenset(host.strip("[]").lower() for host in hosts)
    sending = transport if transport is not None else Guarded(Backend(allowed))
    caller = Caller(sending, clock, allowed)
    wires: dict[ChannelKind, Wire] = {
        ChannelKind.CONSOLE: Console(console or sys.stderr),
        ChannelKind.EMAIL: Email(send_mail, Relay(hosts=allowed, bounds=bounds)),
        ChannelKind.FILE: Lines(bounds),
        ChannelKind.SLACK: Slack(caller, bounds),
        ChannelKind.TEAMS: Teams(caller, bounds),
        ChannelKind.WEBHOOK: Webhook(caller, bounds),
    }
    try:
        yield OpenChannels(wires, PagerDuty(caller, bounds))
    finally:
        await sending.aclose()
