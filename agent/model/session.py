"""A session: somebody who signed in to the pages, for as long as that counts."""

from datetime import datetime

import msgspec

from agent.model.answer import Person


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a person was about to answer when they had to sign in again: the form is filled in with it, and sent by them.

    `chosen` are numbers of targets in the list with this digest; None for all of it.
    """

    action_id: str
    verb: str
    reason: str
    digest: str
    chosen: tuple[int, ...] | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in at one browser.

    `id` is a digest of what the browser's cookie holds, so that whoever reads the ledger cannot take the session over.
    """

    id: str
    person: Person
    began: datetime
    """When they signed in: however busy it is, it ends some hours later."""
    signed_in: datetime
    """The last time that they proved who they are, which may be before: a decision needs one that is not long ago."""
    seen: datetime
    """The last time that it was used: it ends some time after that."""
    contexts: tuple[str, ...] = ()
    """Authentication contexts (`acrs`) that Entra ID said the last sign-in fulfils, such as `c1`."""
    draft: Draft | None = None
