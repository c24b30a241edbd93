"""An error as something that was seen: its words, and what mends it.

Messages are `what: how to mend`, outermost first, so that what stands after the last colon mends it, where there is one.
"""

from agent.adapters.microsoft.budget import Throttled
from agent.judge.quote import moment
from agent.model.checkup import Seen, failed, warned
from agent.model.errors import AgentError, Unavailable


def apart(error: AgentError, otherwise: str) -> tuple[str, str]:
    """Return what an error says, and what it says to do; `otherwise` where it says nothing to do."""
    said = str(error)
    words, _, mend = said.rpartition(": ")
    return (words, mend) if ": " in words and (mend[:1].islower() or mend[:1] == "`") else (said, otherwise)


def seen_of(error: AgentError, otherwise: str) -> Seen:
    """Return an error that stands in the way of what was looked at."""
    if isinstance(error, Throttled):
        until = (
            f"; look again after {moment(error.until)}" if error.until is not None else "; look again later"
        )
        return warned(
            f"throttled, so that nothing was seen: {error}",
            "lower `graph.requests_per_minute`, or find which other program asks so much of this tenant"
            + until,
        )
    words, mend = apart(error, otherwise)
    return failed(words, mend, is_away=isinstance(error, Unavailable))
