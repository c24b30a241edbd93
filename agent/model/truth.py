"""What people and Defender did about one pending action, as far as anybody knows: the ground truth of a comparison.

Each names where it is from and how sure that is. Unknown is its own answer: a cancelled action is nobody's yes, an expired
one nobody's no, and `remediated` may be a person's yes, Defender's own closing, or the mail that was gone.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.decision import Verb


class Source(StrEnum):
    """Where it is known from."""

    ANSWER = "answer"
    """A person answered the agent, signed in."""
    AIR = "airInvestigationData"
    """AIR's own rows of `CloudAppEvents` name a person and what they decided."""
    AUDIT = "auditRecord"
    """A record of the audit search does."""
    EVIDENCE = "remediationStatus"
    """The evidence's word alone."""


class Certainty(StrEnum):
    """How sure it is what people decided."""

    CERTAIN = "certain"
    """Documented words say so, or a person who was signed in."""
    LIKELY = "likely"
    """Words say so whose spelling or meaning nobody outside Microsoft has confirmed."""
    UNKNOWN = "unknown"
    """Nothing says what people decided, or what says it contradicts itself."""


class Unknown(StrEnum):
    """Why it is not known what people decided."""

    NOBODY = "nobody"
    """No person has decided it: it is open, or was carried out here without one."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    """It was cancelled or reverted, or ended by another word that is nobody's yes and nobody's no."""
    UNTOLD = "untold"
    """Defender shows that it ended, and nothing says that a person decided it."""
    LATE = "late"
    """It was declined in the last hour of its week or later: that may be the week's end."""
    CONTRADICTED = "contradicted"
    """What is known names people who decided otherwise than each other, or than the evidence shows."""


class Truth(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of one proposal; `first_seen` tells it from another proposal of the same action."""

    action_id: str
    first_seen: datetime
    verb: Verb | None
    """Approve or reject; None where that is not known, and `unknown` says why."""
    unknown: Unknown | None
    source: Source
    certainty: Certainty
    at: datetime
    """When people decided it, or when it was seen to have ended."""
    by: tuple[str, ...] = ()
    """Who decided, by the names that the source has."""
