"""Mail of the agent's own, such as notices to people on call, through Graph v1.0 `sendMail`.

A message is sent as MIME, which `sendMail` takes in base64 as `text/plain`. The JSON form takes no header that does not
begin with `x-`: no Message-ID, References or Auto-Submitted, and one body only. What MIME cannot say is
`saveToSentItems`: what is sent stays in the sender's Sent Items (microsoft-graph-docs issue 18698). Neither the metadata
nor the SDK knows the MIME form (msgraph-metadata issue 389). Whether Exchange Online keeps a Message-ID that it is given is
UNCONFIRMED: nothing here goes by it.

It has a budget of its own: mail does not wait where Graph's security API asks for patience, nor the other way round. Nothing
is counted or written down before it leaves: a message sent twice is one notice read twice, under the same Message-ID.
So whatever is not a clear no or a clear yes is to be tried again.
"""

from base64 import b64encode

from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from agent.adapters.graph import calls
from agent.adapters.graph.client import Client
from agent.adapters.graph.ids import is_address, is_guid, segment
from agent.adapters.microsoft.answers import Answer, first_line
from agent.adapters.microsoft.budget import Budget
from agent.model.enactment import Outcome, Went
from agent.model.errors import Refused, Unavailable
from agent.ports.host import Clock

PER_MINUTE = 30
"""Messages that Exchange Online takes from one mailbox in a minute. Source: its page on sending limits."""


class GraphMailing:
    """Sends mail from mailboxes that the app may send as."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client.beside(Budget(clock, PER_MINUTE, system=str(calls.SEND_MAIL)))

    async def send(self, sender: str, message: bytes) -> None:
        """Send one message, whole as RFC 5322 has it, from this mailbox to those whom its headers name.

        Returns once Exchange has taken it, which is not yet that it was delivered.

        Raises:
            Unavailable: it may not have been sent, and may be tried again.
            Refused: it would be refused again.
        """
        if not is_address(sender) and not is_guid(sender):
            raise Refused(f"{calls.SEND_MAIL}: `{first_line(sender)}` is not the address of a mailbox")
        url = f"{self._client.base_url}/users/{segment(sender)}/sendMail"
        outcome = await self._client.write(
            calls.SEND_MAIL,
            lambda: _sending(url, message),
            departing=_uncounted,
            may_repeat=True,
            done=_accepted,
        )
        match outcome.went:
            case Went.DONE:
                return
            case Went.REFUSED:
                raise Refused(outcome.detail)
            case _:
                raise Unavailable(outcome.detail)


async def _uncounted() -> None:
    """Let a message leave: it is no remediation."""


def _sending(url: str, message: bytes) -> RequestInformation:
    info = RequestInformation(Method.POST)
    info.url = url
    info.headers.try_add("Accept", "application/json")
    info.set_stream_content(b64encode(message), "text/plain")
    return info


def _accepted(answer: Answer) -> Outcome:
    """Return what a good answer says: 202 without a body is the only one documented."""
    if answer.status != 202 or answer.body.strip():
        detail = f"{calls.SEND_MAIL}: answered {answer.status} where 202 without a body is documented: it may not have been sent"
        return Outcome(went=Went.UNKNOWN, detail=detail)
    return Outcome(went=Went.DONE, detail=f"answered {answer.status}")
