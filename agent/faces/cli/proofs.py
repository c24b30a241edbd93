"""What `policy prove` tells: a line for each claim, examples as files of facts, and one document for programs."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import msgspec
import yaml
from rich.console import Console
from rich.text import Text

from agent.faces.cli.output import console, safe
from agent.judge.parse import PROOFS
from agent.judge.situations import USUAL_NOW, situation_yaml
from agent.model.pending import ActionKind
from agent.model.proof import Claim, Clash, Example, Form, Outcome, Part, Report

LONG = 2_000
"""Characters of one line."""

INSET = 16
USUAL_MOMENT = USUAL_NOW.strftime("%Y-%m-%dT%H:%M:%SZ")

WORDS = {
    Outcome.PROVED: ("proved", "green"),
    Outcome.REFUTED: ("refuted", "red"),
    Outcome.CANNOT_SAY: ("cannot say", "yellow"),
    Outcome.EMPTY: ("empty", "yellow"),
    Outcome.BROKEN: ("INTERNAL ERROR", "bold red"),
}


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

    def put(self, example: Example, name: str) -> ToldExample:
        """Return the example as it is told, written where that was asked for."""
        facts = situation_yaml(example.situation)
        path = None if self._folder is None else self._folder / f"{_slug(name)}.yaml"
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


def _slug(name: str) -> str:
    return "-".join(re.findall(r"[A-Za-z0-9]+", name))[:80]


def claims_of(report: Report, shelf: Shelf) -> tuple[ToldClaim, ...]:
    """Return what became of each claim."""
    return tuple(
        ToldClaim(
            claim=proof.claim.name,
            form=proof.claim.form,
            place=_place(proof.claim),
            outcome=proof.outcome,
            parts=tuple(part_of(one, f"{proof.claim.name} {one.kind}", shelf) for one in proof.parts),
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
    name = f"clash {one.approves} {one.rejects} {one.part.kind}"
    return ToldClash(approves=one.approves, rejects=one.rejects, part=part_of(one.part, name, shelf))


def _place(claim: Claim) -> str:
    return f"{claim.file}:{claim.mark.line}:{claim.mark.column}" if claim.file else ""


def tell(told: Told) -> None:
    """Print everything to people."""
    out = console()
    for claim in told.claims:
        _tell_claim(out, claim)
    for words in told.looser:
        _line(out, ("looser", "red"), words)
    for words in told.unseen:
        _line(out, ("note", "cyan"), words)
    for clash in told.clashes:
        said = f"`{clash.approves}` approves and `{clash.rejects}` rejects the same action: a person decides"
        _line(out, ("clash", "cyan"), said)
        _tell_part(out, clash.part)
    for one in told.coverage:
        _tell_coverage(out, one)
    for name, member in told.fed.items():
        said = f"`${name}` is fed by a group: proved whoever is in it; in examples `{member}` stands for a member"
        _line(out, ("fed", "cyan"), said)
    for words in told.abstracted:
        said = f"{words}: taken as true and as false, so that what is proved holds either way"
        _line(out, ("not modelled", "cyan"), said)
    out.print(safe(_summary(told), limit=LONG), soft_wrap=True)


def _line(out: Console, word: tuple[str, str], words: str) -> None:
    said, style = word
    out.print(Text(f"{said:<{INSET}}", style=style) + safe(words, limit=LONG), soft_wrap=True)


def _inset(out: Console, words: str, style: str = "") -> None:
    out.print(Text(" " * INSET) + safe(words, style, limit=LONG), soft_wrap=True)


def _tell_claim(out: Console, claim: ToldClaim) -> None:
    about = ", ".join(one.kind for one in claim.parts)
    kinds = "every kind" if len(claim.parts) == len(ActionKind) else about
    where = f"{claim.place}: " if claim.place else ""
    _line(out, WORDS[claim.outcome], f"{where}{claim.claim} ({kinds})")
    for one in claim.parts:
        if one.outcome is not Outcome.PROVED:
            _tell_part(out, one)


def _tell_part(out: Console, one: ToldPart) -> None:
    if one.why:
        _inset(out, f"{one.kind}: {one.why}{':' if one.depends else ''}")
    for words in one.depends:
        _inset(out, f"- {words}")
    example = one.example
    if example is None:
        return
    by = f" by {', '.join(f'`{name}`' for name in example.policies)}" if example.policies else ""
    was = f" (the other set: {example.before})" if example.before is not None else ""
    _inset(out, f"{example.decision}{by}{was}: {example.reason}")
    for line in example.facts.splitlines():
        _inset(out, f"    {line}", style="dim")
    _tell_where(out, example)


def _tell_where(out: Console, example: ToldExample) -> None:
    if not example.is_readable:
        _inset(
            out, "Defender can say this, but a file of facts cannot: the judge has confirmed it all the same"
        )
    elif example.file is not None:
        _inset(out, f"clause by clause: air-agent policy explain --facts {shlex.quote(example.file)}")


def _tell_coverage(out: Console, one: ToldPart) -> None:
    if one.outcome is Outcome.PROVED:
        _line(out, ("covered", "cyan"), f"{one.kind}: every action gets a policy that is named")
        return
    if one.example is None or one.outcome is not Outcome.REFUTED:
        _line(out, WORDS[one.outcome], f"{one.kind}: whether every action gets a policy that is named")
        _tell_part(out, one)
        return
    _line(
        out,
        ("open", "cyan"),
        f"{one.kind}: some actions get no policy, and go to a person, such as {_flat(one.example)}",
    )


def _flat(example: ToldExample) -> str:
    """Return the facts on one line, without the kind, and without the moment where it is the usual one."""
    root = cast("yaml.MappingNode", yaml.compose(example.facts, Loader=yaml.SafeLoader))
    for node in _nodes(root):
        if isinstance(node, yaml.CollectionNode):
            node.flow_style = True
    left_out = {"kind", *({"now"} if f"now: {USUAL_MOMENT}\n" in example.facts else ())}
    root.value = [(key, value) for key, value in root.value if key.value not in left_out]
    return str(yaml.serialize(root, width=LONG, allow_unicode=True)).strip()


def _nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    yield node
    for part in node.value if isinstance(node, yaml.CollectionNode) else ():
        for each in part if isinstance(part, tuple) else (part,):
            yield from _nodes(each)


def _summary(told: Told) -> str:
    parts = []
    for outcome, (word, _) in WORDS.items():
        count = sum(claim.outcome is outcome for claim in told.claims)
        if count or outcome is Outcome.PROVED:
            parts.append(f"{count} {word.lower()}")
    claims_ = "1 claim" if len(told.claims) == 1 else f"{len(told.claims)} claims"
    own = (
        ""
        if any(claim.place for claim in told.claims)
        else f"; none of its own: write them to a file `*{PROOFS}`"
    )
    against = f", against {told.against}" if told.against is not None else ""
    return (
        f"{claims_} about {told.path} (revision {told.revision}){against}: {', '.join(parts)}, "
        f"in {told.seconds} s{own}"
    )
