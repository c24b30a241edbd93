"""Mail that the app sends: `sendMail` with a message in MIME, as `text/plain` in base64. The JSON form is not taken here.

Which mailboxes it may send as is Exchange's business: RBAC for Applications leaves no trace in the token, so that a token
without roles opens this path, and the mailbox decides. Code and words of base64 that is none are of Microsoft's page; those of
the other errors are as they were seen in the field, UNCONFIRMED.
"""

import binascii
from base64 import b64decode
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from agent.simulator.answers import Refusal
from agent.simulator.nouns import Sent
from agent.simulator.odata import BadRequest
from agent.simulator.rules import mailbox_of
from agent.simulator.state import State

MOST_BYTES = 4 * 1024 * 1024
"""What Graph takes of a message in MIME. Source: Microsoft's page on sending MIME."""
MOST_RECIPIENTS = 500


class Sending:
    """Takes mail, and keeps it in the tenant's state."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def send(self, request: Request, now: datetime) -> Response:
        """Take one message: 202 without a body."""
        user, _ = mailbox_of(self._state, request.path_params["id"])
        sender = str(user["mail"]).lower()
        if sender not in self._state.switches.senders:
            raise Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        raw = await _mime(request)
        message = message_from_bytes(raw, policy=policy.default)
        if [one.addr_spec.lower() for one in _addresses(message, "From")] != [sender]:
            raise Refusal(
                403,
                "ErrorSendAsDenied",
                "The user account which was used to submit this request does not have the right to send mail on "
                "behalf of the specified sending account., Cannot submit message.",
            )
        to = [one for name in ("To", "Cc", "Bcc") for one in _addresses(message, name)]
        if not to or len(to) > MOST_RECIPIENTS or not all(one.username and "." in one.domain for one in to):
            raise Refusal(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
        self._state.sent.append(Sent(now, sender, tuple(one.addr_spec for one in to), raw))
        return Response(status_code=202)


async def _mime(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/plain":
        raise BadRequest("this simulator takes mail as MIME only, with the content type `text/plain`")
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise Refusal(413, "RequestEntityTooLarge", "Request Entity Too Large")
    try:
        return b64decode(body, validate=True)
    except binascii.Error as error:
        raise Refusal(
            400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content."
        ) from error


def _addresses(message: EmailMessage, name: str) -> tuple[Address, ...]:
    header: Any = message[name]
    return () if header is None else tuple(header.addresses)
