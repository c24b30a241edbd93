"""The settings of the guard rails."""

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.model.rails import MOST_MESSAGES


class Guards(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The guard rails: what no policy may pass. What is past one is held, and a person is asked."""

    actions_per_hour: Annotated[int, Meta(ge=0, le=100_000)] = 50
    """Pending actions that are carried out within an hour, whichever policies approve. 50 is what a small team can look through while it happens; 0 holds everything."""
    actions_per_day: Annotated[int, Meta(ge=0, le=1_000_000)] = 400
    """The same within a day: eight hours at the full rate are as much as one shift sees."""
    messages_per_hour: Annotated[int, Meta(ge=0, le=1_000_000)] = 1_000
    """Messages, in each recipient's mailbox, that are deleted within an hour."""
    messages_per_day: Annotated[int, Meta(ge=0, le=10_000_000)] = 5_000
    """The same within a day: five hours at the full rate, and then a person looks."""
    accounts_per_hour: Annotated[int, Meta(ge=0, le=10_000)] = 5
    """Pending actions within an hour that disable an account, sign it out or reset its password. Attacks take over a few accounts at once; a wrong signature takes many."""
    accounts_per_day: Annotated[int, Meta(ge=0, le=100_000)] = 20
    """The same within a day: more is an attack that people have to see as a whole."""
    rules_per_hour: Annotated[int, Meta(ge=0, le=10_000)] = 10
    """Pending actions within an hour that switch off inbox rules."""
    files_per_hour: Annotated[int, Meta(ge=0, le=10_000)] = 10
    """Pending actions within an hour that stop and quarantine files on devices."""
    mailboxes_per_action: Annotated[int, Meta(ge=0, le=100_000)] = 200
    """Mailboxes that one pending action may touch; a larger one is a person's."""
    messages_per_action: Annotated[int, Meta(ge=0, le=MOST_MESSAGES)] = MOST_MESSAGES
    """Messages that one pending action may be about. More than 10000 are always a person's: this is Microsoft's own line, and cannot be raised."""
    two_people_from: Annotated[int, Meta(ge=1, le=1_000_000)] = 1_000
    """Messages of one pending action from which on two people have to approve it. A policy asks for people with `approvers`."""
    users_per_day: Annotated[int, Meta(ge=0, le=1_000_000)] = 1_000
    """Distinct mailboxes and accounts that are touched within a day, by all actions together."""
    devices_per_day: Annotated[int, Meta(ge=0, le=1_000_000)] = 50
    """Distinct devices that are touched within a day: files are quarantined one device at a time."""
    share_of_users: Annotated[float, Meta(ge=0, le=1)] = 0.05
    """The part of `users` that may be touched within a day, up to 1. Asked only where `users` is set, and of more than `share_from`."""
    share_of_devices: Annotated[float, Meta(ge=0, le=1)] = 0.05
    """The part of `devices` that may be touched within a day, up to 1. Asked as that of users is."""
    share_from: Annotated[int, Meta(ge=0, le=1_000_000)] = 25
    """Users or devices up to which no part is asked: it would mean nothing in a small tenant."""
    users: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    """How many users the tenant has. Left out, only their count is limited, and no part."""
    devices: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    """How many devices the tenant has. Left out, only their count is limited, and no part."""
    hours: Annotated[str, Meta(extra={"written": "hours"})] | None = None
    """When something may be carried out by itself, such as `mon-fri 07:00-20:00 Europe/Madrid`: days, hours or both, and an IANA zone. Left out, always: attacks keep no hours."""
    freeze: Annotated[str, Meta(extra={"written": "freeze"})] | None = None
    """When nothing may be, as ISO 8601 intervals with commas between, such as `2026-12-24T12:00Z/2026-12-27T08:00Z`."""
    protected: Annotated[str, Meta(extra={"written": "names"})] | None = None
    """Lists of policies, with commas between, such as `vip, break-glass`: nothing is done by itself to whoever is on one. A list that is not there stops the start. Accounts with a role in Entra ID, the agent itself and domain controllers are protected anyway."""
    brake_floor: Annotated[int, Meta(ge=1, le=100_000)] = 20
    """Approvals within an hour up to which the brake never opens. Above it, it opens where they leave their usual band, and holds everything until a person releases it."""
    brake_factor: Annotated[float, Meta(ge=1, le=1_000)] = 4.0
    """How many times the busiest hour of an ordinary day, over the last 14 days, approvals within an hour may be."""
