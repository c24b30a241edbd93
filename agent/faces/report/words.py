"""The words of a report for what its numbers are of."""

from collections.abc import Mapping
from datetime import datetime

from agent.model.report import LEFT, UNJUDGED
from agent.model.truth import Certainty, Source, Unknown

SOURCES = {
    Source.ANSWER: "answered here, signed in",
    Source.AIR: "AIR's own rows (CloudAppEvents)",
    Source.AUDIT: "records of the audit search",
    Source.EVIDENCE: "the evidence's word alone",
}

CERTAINTIES = {Certainty.CERTAIN: "certain", Certainty.LIKELY: "likely", Certainty.UNKNOWN: "not known"}

WHY: Mapping[str, str] = {
    Unknown.NOBODY: "no person has decided it: it is open, or was carried out here without one",
    Unknown.EXPIRED: "it expired: that is nobody's no",
    Unknown.CANCELLED: "it was cancelled or reverted: that is nobody's yes, and nobody's no",
    Unknown.UNTOLD: "Defender shows that it ended, and nothing says that a person decided it",
    Unknown.LATE: "it was declined in the last hour of its week or later: that may be the week's end",
    Unknown.CONTRADICTED: "what is known of people's decision contradicts itself",
    LEFT: "policies left it to people, and they rejected it",
    UNJUDGED: "people decided it before policies had",
}


def window(since: datetime, until: datetime) -> str:
    """Return a window as people read it, the end excluded."""
    return f"{_moment(since)} to {_moment(until)}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z" if at.second or at.microsecond else f"{at:%Y-%m-%d %H:%M}Z"
