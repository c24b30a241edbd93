"""The chain: canonical bytes of an entry, and a mac that covers it and everything before it.

    genesis ──► mac 1 ──► mac 2 ──► …        mac n = HMAC-SHA256(chain's key, mac n-1 + n + body n)

The body is JSON with its keys in order: the same entry always gives the same bytes, and people can read them. A
personal value is not in it, only `HMAC-SHA256(values' key, salt + name + value)`: without the key nobody can try out
whose address it was, and without the salt, which is erased with the value, nobody at all.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from agent.model.audit import Anchor, Detail, Entry, Head

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

MARK = 10
"""Characters of a mark."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the chain holds of an entry. `personal` maps names of values to their digests."""

    at: datetime
    event: str
    actor: str
    reason: str
    action_id: str | None
    detail: Mapping[str, Detail]
    personal: Mapping[str, str]


_encoder = msgspec.json.Encoder(order="deterministic")
_bodies = msgspec.json.Decoder(Body)


def genesis(chain_key: bytes) -> bytes:
    """Return what the first entry of a chain follows."""
    return hmac.digest(chain_key, b"genesis", "sha256")


def mac(chain_key: bytes, previous: bytes, number: int, body: bytes) -> bytes:
    """Return the mac of an entry."""
    return hmac.digest(chain_key, previous + number.to_bytes(8, "big") + body, "sha256")


def value_digest(values_key: bytes, salt: bytes, name: str, value: str) -> str:
    """Return what stands in the chain for a personal value."""
    whole = b"%b%b\0%b" % (salt, name.encode(), value.encode())
    return hmac.digest(values_key, whole, "sha256").hex()


def binding(values_key: bytes, content: bytes) -> str:
    """Return what binds an entry to what another table of the ledger holds."""
    return hmac.digest(values_key, b"content" + content, "sha256").hex()[:32]


def mark(values_key: bytes, kind: str, target: tuple[str, str]) -> str:
    """Return what stands in the chain for one target of an effect of this kind.

    It names nobody, and the same target always has the same: so that the shipped audit alone tells what was acted on.
    Short on purpose; two of 100,000 targets share one in one of 200 ledgers, and then a person is asked once too often.
    """
    whole = b"target" + "\0".join((kind, *target)).encode()
    return hmac.digest(values_key, whole, "sha256").hex()[:MARK]


def body(entry: Entry, digests: Mapping[str, str]) -> bytes:
    """Return the canonical bytes of an entry, with the digests of its personal values."""
    return _encoder.encode(
        Body(
            at=entry.at,
            event=str(entry.event),
            actor=entry.actor,
            reason=entry.reason,
            action_id=entry.action_id,
            detail=entry.detail,
            personal=digests,
        )
    )


def read_body(content: bytes) -> Body:
    """Return what the bytes say. Raises msgspec.DecodeError where they are none of ours."""
    return _bodies.decode(content)


def micros(moment: datetime) -> int:
    """Return whole microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def moment_of(at: object) -> datetime | None:
    """Return the moment of so many microseconds since 1970; None where it cannot be one."""
    try:
        return EPOCH + at * MICROSECOND if isinstance(at, int) else None
    except OverflowError:
        return None


def anchored(anchor_key: bytes, tenant_id: str, head: Head, at: datetime) -> Anchor:
    """Return the head as it is anchored at this moment, sealed."""
    plain = Anchor(tenant=tenant_id, replica=head.replica, number=head.number, at=at, mac=head.mac.hex())
    return msgspec.structs.replace(plain, seal=_seal(anchor_key, plain))


def is_ours(anchor_key: bytes, anchor: Anchor) -> bool:
    """Whether the anchor is as the key's owner wrote it."""
    plain = msgspec.structs.replace(anchor, seal="")
    return hmac.compare_digest(_seal(anchor_key, plain).encode(), anchor.seal.encode())


def _seal(anchor_key: bytes, plain: Anchor) -> str:
    return hmac.digest(anchor_key, _encoder.encode(plain), "sha256").hex()
