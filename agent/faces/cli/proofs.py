"""What `policy prove` tells, as one document for programs; examples are files of facts."""

import re
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import msgspec

from agent.judge.situations import situation_yaml
from agent.model.proof import Claim, Clash, Example, Form, Outcome, Part, Report

LONGEST_NAME = 60
"""Characters of what an example is of, in the name of its file."""


class ToldExample(msgspec.Struct, frozen=True, kw_only=True):
    """A situation as a file of facts, and what is decided in it; `file` is where it was written to."""

    facts: str
    decision: str
    policies: tuple[str, ...]
    reason: str
    before: str | None
    """What the other set decides, where there is one."""
    is_readable: bool
    file: str | None = None


class ToldPart(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a claim for one kind of pending action."""

    kind: str
    outcome: Outcome
    why: str
    depends: tuple[str, ...]
    example: ToldExample | None


class ToldClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one claim; `place` is where it stands, and empty for one that is always asked."""

    claim: str
    form: Form
    place: str
    outcome: Outcome
    parts: tuple[ToldPart, ...]


class ToldClash(msgspec.Struct, frozen=True, kw_only=True):
    """Two policies that approve and reject the same action."""

    approves: str
    rejects: str
    part: ToldPart


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What `policy prove --json` tells."""

    path: str
    folder: str
    """The folder of the policies that were proved together."""
    revision: str
    against: str | None
    seconds: float
    claims: tuple[ToldClaim, ...]
    looser: tuple[str, ...]
    """Limits that hold back less than in the other set."""
    unseen: tuple[str, ...]
    """What changed between the sets that no proof shows."""
    fed: Mapping[str, str]
    """For each list that is fed from elsewhere, the member that stands for all of them in examples."""
    coverage: tuple[ToldPart, ...]
    """For each kind, whether every action gets a policy that is named: `refuted` has one that does not."""
    clashes: tuple[ToldClash, ...]
    abstracted: tuple[str, ...]
    """What the solver does not model, and takes as either true or false."""


class Shelf:
    """Where examples go: each to a file of its own, or nowhere."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._taken: set[str] = set()

    def put(self, example: Example, name: str) -> ToldExample:
        """Return the example as it is told, written where that was asked for.

        Raises:
            OSError: it cannot be written.
        """
        facts = situation_yaml(example.situation)
        path = None if self._folder is None else self._folder / self._free(name, example.situation.kind)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(facts, encoding="utf-8")
        return ToldExample(
            facts=facts,
            decision=example.verb,
            policies=example.policies,
            reason=example.reason,
            before=example.before,
            is_readable=example.is_readable,
            file=None if path is None else str(path),
        )

    def _free(self, name: str, kind: str) -> str:
        """Return the name of a file that was not written yet."""
        words = re.findall(r"[A-Za-z0-9]+", name)
        while len("-".join(words)) > LONGEST_NAME and len(words) > 1:
            words.pop()
        stem = f"{'-'.join(words)[:LONGEST_NAME]}-{kind}"
        names = (f"{stem}{'' if at == 1 else f'-{at}'}.yaml" for at in count(1))
        free = next(one for one in names if one not in self._taken)
        self._taken.add(free)
        return free


def claims_of(report: Report, shelf: Shelf) -> tuple[ToldClaim, ...]:
    """Return what became of each claim."""
    return tuple(
        ToldClaim(
            claim=proof.claim.name,
            form=proof.claim.form,
            place=_place(proof.claim),
            outcome=proof.outcome,
            parts=tuple(part_of(one, proof.claim.name, shelf) for one in proof.parts),
        )
        for proof in report.proofs
    )


def part_of(one: Part, name: str, shelf: Shelf) -> ToldPart:
    """Return what became of a claim for one kind."""
    return ToldPart(
        kind=one.kind,
        outcome=one.outcome,
        why=one.why,
        depends=one.depends,
        example=None if one.example is None else shelf.put(one.example, name),
    )


def clashes_of(report: Report, shelf: Shelf) -> tuple[ToldClash, ...]:
    """Return each pair of policies that approves and rejects the same action."""
    return tuple(_clash(one, shelf) for one in report.clashes)


def _clash(one: Clash, shelf: Shelf) -> ToldClash:
    name = f"clash {one.approves} {one.rejects}"
    return ToldClash(approves=one.approves, rejects=one.rejects, part=part_of(one.part, name, shelf))


def _place(claim: Claim) -> str:
    return f"{claim.file}:{claim.mark.line}:{claim.mark.column}" if claim.file else ""
