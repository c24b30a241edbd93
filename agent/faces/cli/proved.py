"""What `policy prove` tells people: a line for each claim, and for what fails the action that shows it."""

import shlex
from pathlib import PurePath

from rich.console import Console
from rich.text import Text

from agent.faces.cli.output import console, safe
from agent.faces.cli.proofs import Told, ToldClaim, ToldExample, ToldPart, ToldTightening
from agent.judge.layout import PROOFS
from agent.judge.one_line import one_line
from agent.judge.quote import counted
from agent.judge.situations import USUAL_NOW
from agent.model.pending import ActionKind
from agent.model.proof import Outcome
from agent.model.tightening import Means

LONG = 2_000
"""Characters of one line."""

INSET = 16
"""Columns for the word that begins a line."""

USUAL_MOMENT = USUAL_NOW.strftime("%Y-%m-%dT%H:%M:%SZ")

WORDS = {
    Outcome.PROVED: ("proved", "green"),
    Outcome.REFUTED: ("refuted", "red"),
    Outcome.CANNOT_SAY: ("cannot say", "yellow"),
    Outcome.EMPTY: ("empty", "yellow"),
    Outcome.BROKEN: ("INTERNAL ERROR", "bold red"),
}


def tell(told: Told) -> None:
    """Print everything to people."""
    out = console()
    if told.tightening is not None:
        _tell_tightening(out, told.tightening, told.folder)
    for claim in told.claims:
        _tell_claim(out, claim, told.folder)
    for words in told.looser:
        _line(out, ("looser", "red"), words)
    for words in told.unseen:
        _line(out, ("note", "cyan"), words)
    for clash in told.clashes:
        said = f"`{clash.approves}` approves and `{clash.rejects}` rejects the same action: a person decides"
        _line(out, ("clash", "cyan"), said)
        _tell_part(out, clash.part, told.folder)
    for one in told.coverage:
        _tell_coverage(out, one, told.folder)
    for name, member in told.fed.items():
        said = f"`${name}` is fed by a group: proved whoever is in it; in examples `{member}` stands for a member"
        _line(out, ("fed", "cyan"), said)
    for words in told.abstracted:
        said = f"{words}: taken as true and as false, so that what is proved holds either way"
        _line(out, ("not modelled", "cyan"), said)
    for word, files in (("written", told.written), ("removed", told.removed)):
        if files:
            names = ", ".join(PurePath(each).name for each in files)
            why = ": what an earlier run found" if word == "removed" else ""
            _line(out, (word, "cyan"), f"{names} in {PurePath(files[0]).parent}{why}")
    out.print(safe(_summary(told), limit=LONG), soft_wrap=True)


def _line(out: Console, word: tuple[str, str], words: str) -> None:
    said, style = word
    out.print(Text(f"{said:<{INSET}}", style=style) + safe(words, limit=LONG), soft_wrap=True)


def _inset(out: Console, words: str, style: str = "") -> None:
    out.print(Text(" " * INSET) + safe(words, style, limit=LONG), soft_wrap=True)


def _tell_claim(out: Console, claim: ToldClaim, folder: str) -> None:
    about = ", ".join(one.kind for one in claim.parts)
    kinds = "every kind" if len(claim.parts) == len(ActionKind) else about
    where = f"{claim.place}: " if claim.place else ""
    _line(out, WORDS[claim.outcome], f"{where}{claim.claim} ({kinds})")
    for one in claim.parts:
        if one.outcome is not Outcome.PROVED:
            _tell_part(out, one, folder)


def _tell_tightening(out: Console, told: ToldTightening, folder: str) -> None:
    """Say whether a tenant only tightens the base, and by what that is known; else what it loosens, with an action."""
    if told.only_tightens:
        how = "by its form, in which nothing could loosen anything"
        if told.means is Means.SOLVER:
            how = f"by the solver for {', '.join(told.kinds)}, and by its form for all else"
        _line(out, ("tightens", "green"), f"what {folder} adds to {told.base} only tightens it: proven {how}")
    for words in told.people:
        _line(out, ("loosens", "red"), words)
    for one in told.loosened:
        word, style = ("loosens", "red") if one.outcome is Outcome.REFUTED else WORDS[one.outcome]
        _line(out, (word, style), f"{one.place}: {one.words}")
        if one.example is not None:
            _tell_example(out, one.example, folder, base=told.base)


def _tell_part(out: Console, one: ToldPart, folder: str) -> None:
    if one.why:
        _inset(out, f"{one.kind}: {one.why}{':' if one.depends else ''}")
    for words in one.depends:
        _inset(out, f"- {words}")
    if one.example is not None:
        _tell_example(out, one.example, folder)


def _tell_example(out: Console, example: ToldExample, folder: str, *, base: str = "") -> None:
    other = "the base alone" if base else "the other set"
    was = f" ({other}: {example.before})" if example.before is not None else ""
    _inset(out, f"{example.reason}{was}")
    for line in example.facts.splitlines():
        _inset(out, f"    {line}", style="dim")
    _tell_where(out, example, folder, base)


def _tell_where(out: Console, example: ToldExample, folder: str, base: str) -> None:
    if not example.is_readable:
        _inset(
            out, "Defender can say this, but a file of facts cannot: the judge has confirmed it all the same"
        )
    elif example.file is not None:
        words = ("--facts", example.file, "--policies", folder, *(("--base", base) if base else ()))
        _inset(out, f"clause by clause: air-agent policy explain {shlex.join(words)}")


def _tell_coverage(out: Console, one: ToldPart, folder: str) -> None:
    if one.outcome is Outcome.PROVED:
        _line(out, ("covered", "cyan"), f"{one.kind}: every action gets a policy that is named")
        return
    if one.example is None or one.outcome is not Outcome.REFUTED:
        _line(out, WORDS[one.outcome], f"{one.kind}: whether every action gets a policy that is named")
        _tell_part(out, one, folder)
        return
    _line(
        out,
        ("open", "cyan"),
        f"{one.kind}: some actions get no policy, and go to a person, such as {_flat(one.example)}",
    )


def _flat(example: ToldExample) -> str:
    """Return the facts on one line, without the kind, and without the moment where it is the usual one."""
    is_usual = f"now: {USUAL_MOMENT}\n" in example.facts
    return one_line(example.facts, without={"kind", "now"} if is_usual else {"kind"})


def _summary(told: Told) -> str:
    parts = []
    for outcome, (word, _) in WORDS.items():
        number = sum(claim.outcome is outcome for claim in told.claims)
        if number or outcome is Outcome.PROVED:
            parts.append(f"{number} {word.lower()}")
    claims_ = counted(len(told.claims), "claim", "claims")
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
