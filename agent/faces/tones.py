"""How a state looks at a glance: the word of its badge. The state's own word is always beside it."""

from agent.model.enactment import State

TONES = {
    State.SEEN: "quiet",
    State.DECIDED: "quiet",
    State.INTENDED: "approve",
    State.SENT: "approve",
    State.CONFIRMED: "ok",
    State.UNVERIFIED: "warn",
    State.CONTRADICTED: "bad",
    State.REFUSED: "bad",
    State.UNKNOWN: "bad",
    State.DEDUPLICATED: "quiet",
    State.HANDED_OFF: "warn",
    State.REJECTED: "reject",
    State.HELD: "held",
    State.ESCALATED: "escalate",
    State.ANSWERED: "escalate",
    State.LAPSED: "warn",
    State.SUPERSEDED: "quiet",
    State.EXPIRED: "quiet",
    State.UNDONE: "quiet",
}
