"""The audit's key, and what is derived from it: a key for each chain, for values, anchors, pages and backups.

Derived keys keep one use from vouching for another: a mac of the chain is never a digest of a value. The chain's
is bound to tenant and replica, so that an entry of one chain fits in no other.
"""

import hmac

SHORTEST = 32
"""Characters of a key. 32 hexadecimal digits are 128 bits."""


class Key:
    """The key itself. It prints as `***`; nothing but this module sees its bytes."""

    __slots__ = ("_bytes",)

    def __init__(self, text: str) -> None:
        """Take the key as it was given. Raises ValueError where it is too short to be one."""
        if len(text) < SHORTEST:
            raise ValueError(f"has fewer than {SHORTEST} characters: make one with `openssl rand -hex 32`")
        self._bytes = text.encode()

    def of_chain(self, tenant_id: str, replica: str) -> bytes:
        """Return the key of one replica's chain."""
        return self._derived("chain", tenant_id, replica)

    def of_values(self, tenant_id: str) -> bytes:
        """Return the key of the digests of personal values, and of what stands elsewhere in the ledger."""
        return self._derived("values", tenant_id)

    def of_anchors(self, tenant_id: str) -> bytes:
        """Return the key of anchors."""
        return self._derived("anchors", tenant_id)

    def of_pages(self, tenant_id: str) -> bytes:
        """Return the key of what a browser keeps for us while its person signs in."""
        return self._derived("pages", tenant_id)

    def of_backups(self, tenant_id: str) -> bytes:
        """Return the key of the seals of backups."""
        return self._derived("backups", tenant_id)

    @property
    def fingerprint(self) -> str:
        """What the key is told by where it must not be shown, such as `3f1c-90ab-77de-1204`: of no use to guess it."""
        digits = self._derived("fingerprint").hex()[:16]
        return "-".join(digits[place : place + 4] for place in range(0, 16, 4))

    def _derived(self, *use: str) -> bytes:
        whole = b"".join(
            len(part.encode()).to_bytes(4, "big") + part.encode() for part in ("air-agent audit 1", *use)
        )
        return hmac.digest(self._bytes, whole, "sha256")

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a key is not written anywhere")
