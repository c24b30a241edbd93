"""An answer: what a person decided about one pending action, and what they had been shown."""

from datetime import datetime

import msgspec

from agent.model.decision import Verb
from agent.model.enactment import Offer, Pair


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever signed in. `object_id` and `tenant_id` say who it is, and nothing else does; lower case."""

    object_id: str
    tenant_id: str
    name: str
    addresses: tuple[str, ...] = ()
    """Mail addresses and user principal name, lower case: to tell whether they are affected, or an author."""
    roles: tuple[str, ...] = ()
    """App roles of the sign-in, as the validated token had them."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One person's answer to one question. It is either approve or reject, and is kept whether or not it is enough.

    `digest` is of what they were shown; where the action is another by then, it does not count.
    """

    action_id: str
    number: int = 0
    """Counts the action's answers from 1, in the order in which they were taken; 0 before."""
    at: datetime
    person: Person
    verb: Verb
    reason: str
    digest: str
    shown: Offer | None = None
    """What has this digest: what goes of it since needs nothing done, and what comes is not approved."""
    targets: tuple[Pair, ...] | None = None
    """What they approve of it; None for all that they were shown."""
    chain: str
    """Whose approvers they were counted among."""
    grant: str
    """What made their answer count: `role:…` or `user:…`."""
    via: str
    """Where they answered: `command` or `page`."""
    expires: datetime
    """From then on an approval does not count any more."""
