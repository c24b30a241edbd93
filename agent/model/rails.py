"""Guard rails: what no policy may pass. On by default; settings move them, policies only tighten them."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from agent.model.decision import Unit
from agent.model.enactment import EffectKind
from agent.model.policy import Moment

MOST_MESSAGES = 10_000
"""No action over more messages is carried out by itself, whatever is set. Source: [AAR], Microsoft's own line."""


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """At most `count` of a unit within any `window`, whichever policies approve.

    `name` is the guard's, and the setting's. Of effects of these kinds only, or of all where it is None: what is
    done to the world is counted, not what Defender calls the proposal.
    """

    name: str
    unit: Unit
    count: int
    window: timedelta
    kinds: frozenset[EffectKind] | None = None


class Freeze(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which nothing is carried out by itself, from its first moment up to, and without, its last."""

    begins: datetime
    ends: datetime


class Rails(msgspec.Struct, frozen=True, kw_only=True):
    """The guard rails of one tenant, as set. `users` and `devices` of the tenant are None where nobody said."""

    caps: tuple[Cap, ...]
    mailboxes_per_action: int = 200
    messages_per_action: int = MOST_MESSAGES
    two_people_from: int = 1_000
    """Messages of one action from which on two people have to approve it."""
    users_per_day: int = 1_000
    """Distinct mailboxes and accounts touched within a day, at most."""
    devices_per_day: int = 50
    share_of_users: float = 0.05
    """The part of the tenant's users that may be touched within a day, from 0 to 1; see `share_from`."""
    share_of_devices: float = 0.05
    share_from: int = 25
    """Up to how many users or devices no share is asked: it would mean nothing in a small tenant."""
    users: int | None = None
    devices: int | None = None
    hours: Moment | None = None
    """When something may be carried out by itself; None for always."""
    freezes: tuple[Freeze, ...] = ()
    protected: tuple[str, ...] = ()
    """Names of lists of policies whose members nothing is done to by itself."""
    brake_floor: int = 20
    """Approvals within an hour up to which the brake never opens."""
    brake_factor: float = 4.0
    """Times the busiest hour of an ordinary day that approvals within an hour may be; above it the brake opens."""


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """How many pending actions policies approved for the first time, be they held or not.

    `by_hour` says it by how many hours ago it was, 0 for the hour before now; hours with none are left out.
    `unasked` is the count of that hour without those about which the brake has asked a person already.
    """

    unasked: int = 0
    by_hour: Mapping[int, int] = {}


class Leave(msgspec.Struct, frozen=True, kw_only=True):
    """What has to hold in the very transaction in which a call is written down as sent.

    `token` is that of the lease on `incident_id`, which is renewed until `until`; `caps` are weighed by what was sent
    in their windows, this action apart where actions are counted; `active` is how many remediations Microsoft
    lets run at once.
    """

    replica: str
    incident_id: str
    token: int
    until: datetime
    caps: tuple[Cap, ...] = ()
    active: int = 50
    despite: tuple[str, ...] = ()
    """Names of holds that do not keep it: the brake stops what the agent does, and not a person who takes it back."""
