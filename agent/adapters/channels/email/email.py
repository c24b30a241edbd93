"""The channel of mail: each notice as one message to all its addresses, through Graph or through an SMTP server."""

from collections.abc import Mapping, Sequence

from agent.adapters.channels.calling import start_of
from agent.adapters.channels.email.message import address_of, message_of
from agent.adapters.channels.email.relay import Relay
from agent.adapters.channels.layout import NAME, foreign
from agent.adapters.channels.wire import SendMail
from agent.model.channel import Channel
from agent.model.errors import Refused, Unavailable
from agent.model.escalation import Notice, Posted, Receipt


class Email:
    """Fulfils Wire. A receipt names the Message-ID."""

    def __init__(self, send_mail: SendMail | None, relay: Relay) -> None:
        self._send_mail = send_mail
        self._relay = relay

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:
        """Send one message to all addresses of the channel; the receipt says for which of them it was not taken."""
        message = message_of(channel, notice, earlier)
        raw, ref = message.as_bytes(), str(message["Message-ID"])
        sender, to = address_of(channel, channel.sender), [address_of(channel, one) for one in channel.to]
        if channel.smtp is None:
            await self._through_graph(channel, sender, raw)
            return Receipt(ref=ref, words="taken by Exchange")
        refused = await self._relay.hand_over(channel, channel.smtp, sender, to, raw)
        return Receipt(ref=ref, words=_taken(len(to), refused))

    async def _through_graph(self, channel: Channel, sender: str, raw: bytes) -> None:
        start = start_of(channel.name)
        if self._send_mail is None:
            raise Refused(f"{start}: there is no Graph here to send mail through: set `smtp`")
        try:
            await self._send_mail(sender, raw)
        except Unavailable as error:
            raise Unavailable(f"{start}: {error}", until=error.until) from error
        except Refused as error:
            raise Refused(f"{start}: {error}") from error


def _taken(count: int, refused: Mapping[str, str]) -> str:
    if not refused:
        return "taken by the server"
    not_for = "; ".join(f"{foreign(one, NAME)}: {answer}" for one, answer in refused.items())
    return f"taken by the server for {count - len(refused)} of {count} addresses, not for {not_for}"
