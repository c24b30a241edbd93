"""What every kind of channel can do, and how mail gets to Graph."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from agent.model.channel import Channel
from agent.model.escalation import Notice, Posted, Receipt

SendMail = Callable[[str, bytes], Awaitable[None]]
"""Sends one message, whole as RFC 5322 has it, from a mailbox. Raises what `Wire.send` does."""


class Wire(Protocol):
    """One kind of channel. Raises Unavailable, Refused or Malformed, and nothing else.

    No message, log line or representation holds a secret.
    """

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:
        """Tell one notice, once, and return what the other side answered: it took it, which is not that it was read.

        `earlier` are those of the same page that this channel has taken, oldest first.
        """
        ...
