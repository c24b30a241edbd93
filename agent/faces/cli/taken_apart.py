"""What `policy explain --json` tells."""

from datetime import datetime

import msgspec

from agent.model.decision import Guarded, Verb, Weighed
from agent.model.explanation import Explanation


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """The decision as it stands in the ledger."""

    at: datetime
    verb: Verb
    deciding: tuple[str, ...]
    reason: str
    guard: str | None
    """The guard rail that held an approval; None where none did."""
    weighed: tuple[Weighed, ...]
    held: tuple[Guarded, ...]
    """What guard rails said against it, caps and limits apart."""
    approvers: int
    """How many people have to approve it; 0 where nothing says so."""
    revision: str
    git: str
    agent_version: str
    is_same_revision: bool
    """Whether it was made by the same set of policies that explains it now."""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One decision taken apart.

    `explanation` is by the policies as they are now, on the facts as they were; `differs` says that it comes
    to something else than was recorded, a guard that held it aside.
    """

    id: str | None
    """None where the facts are from a file."""
    what: str
    incident: str
    deadline: datetime
    source: str
    policies: str
    recorded: Recorded | None
    differs: bool
    unfed: tuple[str, ...] = ()
    """Lists that are fed from groups whose members are not known here: what tests them says little."""
    chain: str | None = None
    """The chain that a question goes to by the policies and settings as they are now; None where none is asked, or none is there."""
    chain_words: str = ""
    """Whom that chain tells, and whose answers count."""
    inform: tuple[str, ...] = ()
    """Chains that are told whatever is decided."""
    explanation: Explanation
