"""`policy prove`: what a set of policies does in every situation, and an example of each thing that it does not."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from types import ModuleType

import msgspec
from msgspec.structs import replace

from agent.adapters.two_folders import plainly
from agent.faces.cli.failures import FINDINGS, WRONG_USE, Ending
from agent.faces.cli.output import console, print_json
from agent.faces.cli.proofs import Shelf, Told, claims_of, clashes_of, part_of, tightening_of
from agent.faces.cli.proved import tell
from agent.faces.cli.sources import named
from agent.judge.layout import PROOFS, is_situation
from agent.judge.literals import GUID
from agent.judge.parse import parse_set
from agent.judge.proof.limits import looser, unseen
from agent.judge.proof.members import files_with_members, made_up
from agent.judge.proof.reading import parse_proofs
from agent.judge.strict_yaml import shown
from agent.judge.tightening.tighten import tighten
from agent.model.decision import Verb
from agent.model.errors import SettingsError
from agent.model.policy import PolicySet
from agent.model.proof import Claim, Outcome, Proof, Report
from agent.model.tightening import Verdict
from agent.shelves import shelf_in

USUAL = Path("policies")

MISSING = (
    "`policy prove` needs the solver Z3, which is not installed: "
    f"{shlex.quote(sys.executable)} -m pip install 'z3-solver>=4.13,<5'"
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the command was asked for."""

    path: Path | None = None
    base: Path | None = None
    tenant: str | None = None
    tightens: str | None = None
    rejects: bool = False
    examples: Path | None = None
    timeout: float = 10.0
    as_json: bool = False


def prove(asked: Asked) -> None:
    """Print what became of each claim; end with 1 where one is not proved, with 2 where solver and judge disagree."""
    proving = _solver()
    if asked.rejects and asked.tightens is None:
        raise SettingsError(
            "`--rejects` is about another set of policies: name it with `--tightens GIT-REV|DIR`"
        )
    path = asked.path or USUAL
    if asked.examples is not None:
        for folder in filter(None, (_folder(path), asked.base)):
            _refuse_among_policies(asked.examples, folder)
    started = monotonic()
    policies, claims, stand_ins = _loaded(path, asked.base)
    verdict = _tightening(asked, path)
    before = None
    if asked.tightens is not None:
        verbs = (Verb.APPROVE, Verb.REJECT) if asked.rejects else (Verb.APPROVE,)
        source = named(asked.tightens, _folder(path), asked.base)
        before = proving.Before(
            policies=_set(source.files, policies, is_past=True)[0], name=f"`{asked.tightens}`", verbs=verbs
        )
    with console(stderr=True).status("proving") as status:
        report = proving.prove(
            policies,
            claims,
            before=before,
            within=asked.timeout,
            tell=lambda kind: status.update(f"proving: {kind}"),
        )
    told = _told(asked, policies, before.policies if before else None, report, verdict)
    told = replace(told, fed=stand_ins, seconds=round(monotonic() - started, 1))
    if asked.as_json:
        print_json(told)
    else:
        tell(told)
    _end(told)


def _tightening(asked: Asked, path: Path) -> Verdict | None:
    """Return whether the folder only tightens the base; None where there is none."""
    if asked.base is None:
        return None
    if asked.tenant is not None and GUID.fullmatch(asked.tenant) is None:
        raise SettingsError(f"`--tenant-id {shown(asked.tenant)}` is not the id of a tenant, which is a GUID")
    with console(stderr=True).status("proving that it only tightens the base"):
        files = shelf_in(_folder(path), asked.base).files()
        return tighten(files, tenant=asked.tenant, enforces_observers=False, within=asked.timeout)


def proofs_of(folder: Path, base: Path | None = None, *, timeout: float) -> tuple[Proof, ...]:
    """Return what became of each claim of the folder's files of proofs; nothing where nothing is claimed.

    Raises:
        SettingsError: the solver is not there.
        PolicyError: the policies or their proofs do not load.
    """
    policies, claims, _ = _loaded(folder, base)
    if not claims:
        return ()
    with console(stderr=True).status("proving") as status:
        report = _solver().prove(
            policies, claims, within=timeout, tell=lambda kind: status.update(f"proving: {kind}")
        )
    found: tuple[Proof, ...] = report.proofs
    return found


def _solver() -> ModuleType:
    """Return what proves.

    Raises:
        SettingsError: the solver is not there.
    """
    try:
        from agent.judge.proof import prove as proving  # noqa: PLC0415  the solver is an extra
    except ModuleNotFoundError as missing:
        if missing.name != "z3":
            raise
        raise SettingsError(MISSING) from None
    return proving


def _told(
    asked: Asked, policies: PolicySet, older: PolicySet | None, report: Report, verdict: Verdict | None
) -> Told:
    shelf = Shelf(asked.examples)
    base = asked.base
    # What is open in a base, or clashes there, is told of the base alone.
    is_whole = verdict is None or base is None
    told = Told(
        path=str(asked.path or USUAL),
        folder=str(_folder(asked.path or USUAL)),
        revision=policies.revision,
        against=asked.tightens,
        seconds=0.0,
        claims=claims_of(report, shelf),
        looser=() if older is None else looser(policies, older),
        unseen=() if older is None else unseen(policies, older),
        fed={},
        tightening=None if verdict is None or base is None else tightening_of(verdict, base, shelf),
        coverage=tuple(part_of(one, "open", shelf) for one in report.coverage) if is_whole else (),
        clashes=clashes_of(report, shelf) if is_whole else (),
        abstracted=report.abstracted,
    )
    try:
        written, removed = shelf.write()
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise SettingsError(f"`{asked.examples}` cannot be written to: {why}") from error
    return replace(told, written=written, removed=removed)


def _refuse_among_policies(examples: Path, folder: Path) -> None:
    """Raise SettingsError where examples would be read as policies from then on."""
    into, policies = examples.resolve(), folder.resolve()
    if into.is_relative_to(policies) and not is_situation(str(into.relative_to(policies) / "one.yaml")):
        why = "it lies in the folder of the policies, and would be read with them: name a folder beside it"
        raise SettingsError(f"`{examples}` cannot be written to: {why}")


def _end(told: Told) -> None:
    """End with 2 where solver and judge disagree anywhere, and with 1 where a claim is not proved."""
    parts = [*told.coverage, *(one.part for one in told.clashes)]
    outcomes = {claim.outcome for claim in told.claims}
    ours = told.tightening
    every = outcomes | {one.outcome for one in parts}
    every |= set() if ours is None else {one.outcome for one in ours.loosened}
    if Outcome.BROKEN in every:
        raise Ending(WRONG_USE)
    is_loose = ours is not None and not ours.only_tightens
    if outcomes - {Outcome.PROVED} or told.looser or is_loose:
        raise Ending(FINDINGS)


def _loaded(path: Path, base: Path | None = None) -> tuple[PolicySet, tuple[Claim, ...], Mapping[str, str]]:
    """Return the set, the claims of its files of proofs or of one of them, and the members that were made up."""
    if not path.exists():
        raise SettingsError(f"`{path}` is not there: name the folder in which the policies lie")
    if path.is_file() and not path.name.endswith(PROOFS):
        raise SettingsError(
            f"`{path}` is one file: policies are proved together, so name their folder, or a file of proofs "
            f"(`*{PROOFS}`) in it"
        )
    path = path if base is None else plainly(path)
    files = shelf_in(_folder(path), base).files()
    policies, files, stand_ins = _set(files)
    folders = policies.folders
    # What is claimed of a base is claimed of it alone.
    found = (one for one in parse_proofs(files) if folders is None or not folders.is_base(one.file))
    claims = (claim for each in found for claim in each.claims if path.is_dir() or Path(each.file) == path)
    return policies, tuple(claims), stand_ins


def _folder(path: Path) -> Path:
    """Return the folder of policies, where one file of proofs in it may be named."""
    return path if path.is_dir() else path.parent


def _set(
    files: Mapping[str, bytes], beside: PolicySet | None = None, *, is_past: bool = False
) -> tuple[PolicySet, Mapping[str, bytes], Mapping[str, str]]:
    """Return the set of these files, its lists that are fed with members made up; the files with those; and who they are."""
    policies = parse_set(files, is_past=is_past)
    stand_ins = made_up(policies, beside)
    if not stand_ins:
        return policies, files, {}
    files = files_with_members(files, policies, beside)
    return replace(parse_set(files, is_past=is_past), revision=policies.revision), files, stand_ins
