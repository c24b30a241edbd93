"""A generic webhook, signed as Standard Webhooks 1.0.0 says: `webhook-id`, `webhook-timestamp`, `webhook-signature`.

The id is the notice's, the same for every attempt, so that a receiver takes one notice once; the time is that of the
attempt. The signature is made here rather than by the library `standardwebhooks` 1.1.0: that signs a wrong second for an
aware time that is not in UTC, and what is left of it is one line of `hmac`. It is checked with the standard's own vector.

Source: standard-webhooks/standard-webhooks, spec 1.0.0.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.calling import Call, Caller, start_of
from agent.adapters.channels.data import data_of, moment
from agent.adapters.channels.layout import fitting
from agent.adapters.channels.pace import Limit
from agent.adapters.channels.secrets import secret_of
from agent.model.channel import Channel
from agent.model.errors import Refused
from agent.model.escalation import Notice, Posted, Receipt

LIMITS = (Limit(5, timedelta(seconds=1)), Limit(120, timedelta(seconds=60)))
"""Calls for one URL: no receiver has to take more."""

BUDGET = 20 * 1024
"""Bytes of a body: the standard advises less than 20 KB."""

SECRET = "whsec_"  # noqa: S105  the mark of a secret, not one
LEAST_KEY, MOST_KEY = 24, 64
"""Bytes of a key."""

_ID = re.compile(r"[A-Za-z0-9_:-]{1,200}")


class Webhook:
    """Fulfils Wire."""

    def __init__(self, caller: Caller, bounds: Bounds) -> None:
        self._caller = caller
        self._bounds = bounds

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:  # noqa: ARG002  the others look at them
        """Post the notice. 410 says that the receiver wants no more, and is refused like any other no."""
        start = start_of(channel.name)
        secret = secret_of(channel, channel.secret, self._bounds)
        key = key_of(secret, start)
        content = body(notice)
        identity = message_id(notice)
        seconds = int(self._caller.clock.now().timestamp())
        await self._caller.call(
            Call(
                start=start,
                url=channel.url,
                headers={
                    "Content-Type": "application/json",
                    "webhook-id": identity,
                    "webhook-timestamp": str(seconds),
                    "webhook-signature": signature(key, identity, seconds, content),
                },
                body=content,
                secrets=(secret, secret.removeprefix(SECRET)),
                counted=("webhook", channel.url),
                limits=LIMITS,
            )
        )
        return Receipt(ref=identity, words="taken by the receiver: what it did with it is not known")


def body(notice: Notice) -> bytes:
    """Return what is posted, with as many of the notice's items as fit; `total` counts all."""
    return fitting(
        notice.items,
        lambda items, limit: msgspec.json.encode(
            {
                "type": f"airAgent.{notice.occasion.value}",
                "timestamp": moment(notice.at),
                "data": data_of(notice, items, limit),
            }
        ),
        lambda built: len(built) < BUDGET,
    )


def signature(key: bytes, identity: str, seconds: int, content: bytes) -> str:
    """Return the signature of exactly these bytes under this id at this second."""
    signed = f"{identity}.{seconds}.".encode() + content
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def key_of(secret: str, start: str) -> bytes:
    """Return the key in a secret of the form `whsec_` and base64.

    Raises:
        Refused: it is none; nothing of it is repeated.
    """
    mend = f"make one with `echo {SECRET}$(openssl rand -base64 32)`"
    if not secret.startswith(SECRET):
        raise Refused(f"{start}: its secret does not begin with `{SECRET}`: {mend}")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"{start}: its secret is not base64 after `{SECRET}`: {mend}") from None
    if not LEAST_KEY <= len(key) <= MOST_KEY:
        raise Refused(f"{start}: its secret is not of {LEAST_KEY} to {MOST_KEY} bytes: {mend}")
    return key


def message_id(notice: Notice) -> str:
    """Return the notice's id as it stands in a header; a digest where it holds what no id of ours does."""
    if _ID.fullmatch(notice.id):
        return notice.id
    return hashlib.sha256(notice.id.encode(errors="surrogatepass")).hexdigest()
