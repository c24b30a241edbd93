"""Proofs: what a set of policies is claimed to do in every situation, and what became of each claim."""

from enum import StrEnum

import msgspec

from agent.model.decision import Verb
from agent.model.mark import Mark
from agent.model.pending import ActionKind
from agent.model.policy import Condition
from agent.model.situation import Situation


class Form(StrEnum):
    """What a claim says of the situations it is about."""

    NEVER = "never"
    """Where its condition holds, this is not decided."""
    ALWAYS = "always"
    """Where its condition holds, this is decided."""
    ONLY = "only"
    """This is decided only where its condition holds for certain: neither false nor unknown."""
    COVERED = "covered"
    """Some policy is named, whatever is decided."""
    AGREED = "agreed"
    """No two policies that decide say approve and reject."""
    DEADLINE = "deadline"
    """Nothing is approved once Defender's week is over: the engine's own rule."""
    TIGHTENS = "tightens"
    """What is decided here was decided by the other set too."""
    ONLY_TIGHTENS = "onlyTightens"
    """What a tenant adds loosens nothing of the base, which is the other set."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is said to be so in every situation of these kinds.

    `verb` and `when` are None where the form has none, or where nothing is said of when.
    """

    name: str
    form: Form
    kinds: tuple[ActionKind, ...]
    verb: Verb | None = None
    when: Condition | None = None
    file: str = ""
    mark: Mark = Mark(1, 1)


class ProofFile(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of one file."""

    name: str
    file: str
    claims: tuple[Claim, ...]


class Outcome(StrEnum):
    """What became of a claim."""

    PROVED = "proved"
    REFUTED = "refuted"
    """There is a situation in which it does not hold, and the judge has confirmed it."""
    CANNOT_SAY = "cannotSay"
    """Neither a proof nor a situation was found."""
    EMPTY = "empty"
    """It speaks of no situation: its condition can never hold."""
    BROKEN = "internalError"
    """The solver and the judge disagree, which is a bug of this program."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A situation, and what the judge decides in it.

    `before` is what the other set decides in it, where there is one. `is_readable` is False where a fact has a
    value that Defender could give but that a file of facts cannot hold.
    """

    situation: Situation
    verb: Verb
    policies: tuple[str, ...]
    reason: str
    before: Verb | None = None
    is_readable: bool = True


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a claim for one kind of pending action.

    `why` says in words what stands in the way of a proof. `depends` names what the solver takes as either true
    or false, where that is why nothing can be said.
    """

    kind: ActionKind
    outcome: Outcome
    why: str = ""
    depends: tuple[str, ...] = ()
    example: Example | None = None


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a claim: of the worst of its parts."""

    claim: Claim
    parts: tuple[Part, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of its parts."""
        return max((part.outcome for part in self.parts), key=WORSE.index)


WORSE = (Outcome.PROVED, Outcome.EMPTY, Outcome.CANNOT_SAY, Outcome.REFUTED, Outcome.BROKEN)
"""Outcomes, each worse than the one before."""


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """Two policies of the same priority that approve and reject the same action, with the action."""

    approves: str
    rejects: str
    part: Part


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found out about a set of policies.

    `coverage` says for each kind whether every action gets a named policy; `abstracted` names what the solver
    cannot model and takes as either true or false.
    """

    proofs: tuple[Proof, ...]
    coverage: tuple[Part, ...]
    clashes: tuple[Clash, ...]
    abstracted: tuple[str, ...]
