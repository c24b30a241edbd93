"""By what the list of what is open is narrowed and sorted, and what that leaves of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from agent.faces.web.board import Shown
from agent.faces.web.lines import Line, Needs
from agent.faces.web.query import Choice, Field, Query
from agent.faces.web.showing import spaced
from agent.judge.appoint import chain_named
from agent.judge.words import VERDICTS
from agent.judge.worklist import TYPES
from agent.model.chain import Chain
from agent.model.enactment import OPEN, State
from agent.settings.durations import duration

USUAL = "needs"
"""What awaits a person first, and by the deadline."""

NOT_KNOWN = "notKnown"
"""The value of a filter for what is not known."""

NONE = "none"
"""The value of a filter for what there is none of."""

STATES = {
    State.SEEN: "to be judged",
    State.DECIDED: "observed",
    State.INTENDED: "about to be sent",
    State.SENT: "sent, unconfirmed",
    State.UNVERIFIED: "sent, not verified",
    State.CONTRADICTED: "sent, but not done",
    State.REFUSED: "refused by Graph",
    State.UNKNOWN: "may have been sent",
    State.DEDUPLICATED: "covered by another",
    State.HANDED_OFF: "to decide in Defender",
    State.REJECTED: "rejected (advisory)",
    State.HELD: "held",
    State.ESCALATED: "asks people",
    State.ANSWERED: "answered",
    State.LAPSED: "nobody answered",
}
"""States of what is open, in a column's few words."""

BADGES = {
    State.ESCALATED: "escalate",
    State.LAPSED: "warn",
    State.HELD: "held",
    State.HANDED_OFF: "warn",
    State.REJECTED: "reject",
    State.REFUSED: "bad",
    State.UNKNOWN: "bad",
    State.CONTRADICTED: "bad",
    State.UNVERIFIED: "warn",
    State.ANSWERED: "ok",
    State.INTENDED: "ok",
    State.SENT: "ok",
}
"""How a state looks; one that is not here is quiet."""

MINE = "mine"

NEEDS = (
    Choice("person", "a person"),
    Choice(MINE, "my answer"),
    Choice(Needs.ANSWER.value, "anybody's answer here"),
    Choice(Needs.DEFENDER.value, "a person in Defender"),
    Choice(Needs.NOBODY.value, "nobody: under way"),
)


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads the list, when, and which chains take their answers."""

    now: datetime
    chains: Mapping[str, Chain]
    usual_chain: str | None
    mine: frozenset[str]
    """The chains in which this person's answers count, as far as roles and names go."""

    def chain(self, line: Line) -> str | None:
        """Return the chain whose people are asked about it; None where there is none."""
        found = chain_named(self.chains, line.chain, self.usual_chain)
        return found.name if found is not None else None

    def may_answer(self, line: Line) -> bool:
        """Whether it waits for an answer that may be this person's."""
        return line.needs is Needs.ANSWER and self.now < line.deadline and self.chain(line) in self.mine


def fields(shown: Shown, reader: Reader, policies: Iterable[str]) -> tuple[Field, ...]:
    """Return by what the list can be narrowed; `policies` are those in force."""
    named = sorted({*policies, *shown.policies})
    return (
        Field("q", "Search", hint="subject, address, id, reason"),
        Field("needs", "Waits for", NEEDS),
        Field("kind", "Action type", tuple(Choice(kind.value, words) for kind, words in TYPES.items())),
        Field("state", "State", tuple(Choice(state.value, STATES[state]) for state in OPEN)),
        Field("verdict", "Verdict", (*_words(VERDICTS), Choice(NOT_KNOWN, "not known"))),
        Field("policy", "Policy", (*_named(named), Choice(NONE, "no policy"))),
        Field("guard", "Held by", (*_named(shown.guards), Choice(NONE, "no guard rail"))),
        Field("chain", "Chain", (*_named(sorted(reader.chains)), Choice(NONE, "no chain"))),
        Field("incident", "Incident", hint="its number"),
        Field("domain", "Domain", hint="of a recipient or sender"),
        Field("within", "Deadline within", reads=duration, hint="such as 12h"),
    )


def narrowed(shown: Shown, query: Query, reader: Reader) -> Sequence[Line]:
    """Return what the address asks for, in its order."""
    found: Sequence[Line] = shown.lines
    for name, value in query.given.items():
        keeps = KEEPS[name](value, reader)
        found = [line for line in found if keeps(line)]
    key = KEYS[query.sort]
    if key is None:
        return found[::-1] if query.is_descending else found
    known = [line for line in found if key(line) is not None]
    unknown = [line for line in found if key(line) is None]
    known.sort(key=key, reverse=query.is_descending)
    return [*known, *unknown]


Keeps = Callable[[Line], bool]


def _sought(value: str, _: Reader) -> Keeps:
    words = value.casefold().split()
    return lambda line: all(word in line.sought for word in words)


def _needing(value: str, reader: Reader) -> Keeps:
    if value == MINE:
        return reader.may_answer
    if value == "person":
        return lambda line: line.awaits
    return lambda line: line.needs.value == value


def _within(value: str, reader: Reader) -> Keeps:
    until = reader.now + duration(value)
    return lambda line: line.deadline <= until


def _verdict(value: str, _: Reader) -> Keeps:
    if value == NOT_KNOWN:
        return lambda line: line.verdict not in VERDICTS
    return lambda line: line.verdict == value


def _policy(value: str, _: Reader) -> Keeps:
    return lambda line: value in line.policies or (value == NONE and not line.policies)


def _guard(value: str, _: Reader) -> Keeps:
    return lambda line: (line.guard or NONE) == value


def _chain(value: str, reader: Reader) -> Keeps:
    return lambda line: line.needs is Needs.ANSWER and (reader.chain(line) or NONE) == value


def _domain(value: str, _: Reader) -> Keeps:
    wanted = value.casefold().rpartition("@")[2]
    return lambda line: any(one == wanted or one.endswith(f".{wanted}") for one in line.domains)


KEEPS: Mapping[str, Callable[[str, Reader], Keeps]] = {
    "q": _sought,
    "needs": _needing,
    "kind": lambda value, _: lambda line: line.kind.value == value,
    "state": lambda value, _: lambda line: line.state.value == value,
    "verdict": _verdict,
    "policy": _policy,
    "guard": _guard,
    "chain": _chain,
    "incident": lambda value, _: lambda line: line.incident == value,
    "domain": _domain,
    "within": _within,
}
"""What each filter keeps."""

KEYS: Mapping[str, Callable[[Line], Any] | None] = {
    USUAL: None,
    "kind": lambda line: TYPES[line.kind],
    "what": lambda line: line.what.casefold(),
    "incident": lambda line: (len(line.incident), line.incident),
    "size": lambda line: line.size,
    "left": lambda line: line.left,
    "verdict": lambda line: line.verdict,
    "recipients": lambda line: line.recipients,
    "deadline": lambda line: line.deadline,
    "state": lambda line: STATES.get(line.state, line.state.value),
    "policy": lambda line: line.decided_by.casefold() if line.was_judged else None,
}
"""By what the list is sorted; what is not known comes last either way."""

LABELS = {
    USUAL: "who waits",
    "kind": "action type",
    "what": "subject or target",
    "incident": "incident",
    "size": "messages",
    "left": "copies in mailboxes",
    "verdict": "verdict",
    "recipients": "recipients",
    "deadline": "deadline",
    "state": "state",
    "policy": "policy",
}
"""What each order is called."""


def _words(words: Iterable[str]) -> tuple[Choice, ...]:
    return tuple(Choice(word, spaced(word)) for word in sorted(words))


def _named(names: Iterable[str]) -> tuple[Choice, ...]:
    return tuple(Choice(name, name) for name in names)
