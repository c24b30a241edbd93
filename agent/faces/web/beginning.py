"""Sign-ins that were begun in a browser and are not back yet: its cookie keeps them, sealed.

Several may be under way in one browser: whoever opens two links of the night has two tabs that sign in. What lies in the
cookie cannot be written by anybody else (sealed with a key that is derived from the audit's), is for this browser alone,
and is over after a few minutes. Each is taken back once by a process; its code works once at the login, whoever asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

import msgspec
from itsdangerous import BadData, URLSafeSerializer

from agent.adapters.microsoft.open_id import Asking

COOKIE = "air-agent-sign-in"

PATIENCE = timedelta(minutes=10)
"""How long somebody may take at the login."""

AT_ONCE = 4
"""Sign-ins of one browser that are under way."""

LARGEST = 3_500
"""Characters of the cookie: browsers keep 4,096 bytes with its name and all."""

MOST_USED = 10_000


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that was begun."""

    asking: Asking
    to: str
    """The page that the person goes on to."""
    at: datetime


@dataclass(slots=True)
class Beginnings:
    """Seals and reads what browsers keep, and knows what came back already."""

    key: bytes
    _used: dict[str, datetime] = field(default_factory=dict)

    def sealed(self, begun: Sequence[Begun]) -> str:
        """Return what the cookie holds for these, the newest first: as many as it has room for."""
        kept = list(begun[:AT_ONCE])
        while kept:
            text = str(self._seal().dumps(msgspec.to_builtins(kept)))
            if len(text) <= LARGEST:
                return text
            kept.pop()
        return ""

    def read(self, cookie: str, now: datetime) -> tuple[Begun, ...]:
        """Return what a cookie holds that is not over; nothing where it is not of our making."""
        try:
            found = msgspec.convert(self._seal().loads(cookie), tuple[Begun, ...])
        except (BadData, msgspec.ValidationError):
            return ()
        return tuple(one for one in found if one.at <= now < one.at + PATIENCE)

    def taken(self, begun: Sequence[Begun], state: str, now: datetime) -> Begun | None:
        """Return the sign-in that comes back with this state; None where it was not begun here, or came back before."""
        self._used = {one: at for one, at in self._used.items() if now < at + PATIENCE}
        found = next(
            (one for one in begun if compare_digest(one.asking.state.encode(), state.encode())), None
        )
        if found is None or found.asking.state in self._used:
            return None
        if len(self._used) >= MOST_USED:
            del self._used[next(iter(self._used))]
        self._used[found.asking.state] = now
        return found

    def _seal(self) -> URLSafeSerializer:
        how = {"key_derivation": "hmac", "digest_method": sha256}
        return URLSafeSerializer(self.key, salt="sign-in", signer_kwargs=how)
