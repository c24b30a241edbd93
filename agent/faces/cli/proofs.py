"""What `policy prove` tells, as one document for programs; examples are files of facts."""

import re
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import msgspec

from agent.judge.situations import situation_yaml
from agent.model.errors import SettingsError
from agent.model.proof import Claim, Clash, Example, Form, Outcome, Part, Report
from agent.model.tightening import Loosened, Means, Verdict

HEAD = "# An example that `air-agent policy prove` found. Its next run with `--examples` on this folder removes it.\n"
"""How a file begins that may be written over and removed."""

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


class ToldLoosened(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant adds that may loosen the base for one kind of action, and where it stands."""

    words: str
    place: str
    kind: str
    outcome: Outcome
    example: ToldExample | None


class ToldTightening(msgspec.Struct, frozen=True, kw_only=True):
    """Whether what the folder adds to a base only tightens it; policies that observe change nothing there."""

    base: str
    only_tightens: bool
    means: Means | None
    """By what that is known: `form`, or `solver`, which was asked about these kinds."""
    kinds: tuple[str, ...]
    loosened: tuple[ToldLoosened, ...]
    people: tuple[str, ...]
    """Where fewer people could approve than the base asks for."""


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
    tightening: ToldTightening | None
    """None where the folder is whole by itself."""
    abstracted: tuple[str, ...]
    """What the solver does not model, and takes as either true or false."""
    written: tuple[str, ...] = ()
    """The files of examples."""
    removed: tuple[str, ...] = ()
    """Files of examples that an earlier run left, and that are none any more."""


class Shelf:
    """Where examples go: each to a file of its own, or nowhere."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._files: dict[Path, str] = {}

    def put(self, example: Example, name: str) -> ToldExample:
        """Return the example as it is told, to be written where that was asked for."""
        facts = situation_yaml(example.situation)
        path = None if self._folder is None else self._free(self._folder, name, example.situation.kind)
        if path is not None:
            self._files[path] = facts
        return ToldExample(
            facts=facts,
            decision=example.verb,
            policies=example.policies,
            reason=example.reason,
            before=example.before,
            is_readable=example.is_readable,
            file=None if path is None else str(path),
        )

    def write(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Write the examples, and remove what an earlier run left; return the files of both.

        Raises:
            OSError: that cannot be done.
            SettingsError: a file of another's is in the way; then nothing is written.
        """
        if self._folder is None:
            return (), ()
        self._folder.mkdir(parents=True, exist_ok=True)
        there = {path: _is_example(path) for path in sorted(self._folder.glob("*.yaml"))}
        for path in self._files:
            if not there.get(path, True):
                raise SettingsError(
                    f"`{path}` is there, and is no example that this command wrote: name another folder"
                )
        for path, facts in self._files.items():
            path.write_text(f"{HEAD}{facts}", encoding="utf-8")
        left = [path for path, is_example in there.items() if is_example and path not in self._files]
        for path in left:
            path.unlink()
        return tuple(map(str, self._files)), tuple(map(str, left))

    def _free(self, folder: Path, name: str, kind: str) -> Path:
        """Return a file that no example goes to yet."""
        words = re.findall(r"[A-Za-z0-9]+", name)
        while len("-".join(words)) > LONGEST_NAME and len(words) > 1:
            words.pop()
        stem = f"{'-'.join(words)[:LONGEST_NAME]}-{kind}"
        paths = (folder / f"{stem}{'' if at == 1 else f'-{at}'}.yaml" for at in count(1))
        return next(path for path in paths if path not in self._files)


def _is_example(path: Path) -> bool:
    """Whether this command wrote the file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(HEAD)) == HEAD.encode()


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


def tightening_of(verdict: Verdict, base: Path, shelf: Shelf) -> ToldTightening:
    """Return whether what a tenant adds only tightens the base."""
    return ToldTightening(
        base=str(base),
        only_tightens=verdict.means is not None,
        means=verdict.means,
        kinds=verdict.kinds,
        loosened=tuple(_loosened(one, shelf) for one in verdict.loosened),
        people=tuple(map(str, verdict.people)),
    )


def _loosened(one: Loosened, shelf: Shelf) -> ToldLoosened:
    at = one.problem
    return ToldLoosened(
        words=one.words,
        place=f"{at.file}:{at.line}:{at.column}",
        kind=one.kind,
        outcome=one.outcome,
        example=None if one.example is None else shelf.put(one.example, "loosens the base"),
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
