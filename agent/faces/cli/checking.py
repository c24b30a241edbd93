"""`policy check`: whether the policies load, decide their cases as those say, and what lint says of them."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec

from agent.adapters.host import SUFFIXES, SystemClock
from agent.adapters.two_folders import plainly
from agent.connecting import bounds_of
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.options import Format, loaded_to_look
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.remarks import LONGEST, by_severity, commands, line_of
from agent.faces.cli.sarif import sarif
from agent.judge.compile import compile_set
from agent.judge.examine import case_book
from agent.judge.layout import CASES, FOLDERS, PROOFS, is_beside
from agent.judge.lint.lint import lint, place
from agent.judge.lint.rules import Code, of_problem
from agent.judge.parse import parse_set
from agent.judge.proof.reading import problems_of
from agent.judge.quote import counted
from agent.judge.rehearse import rehearse
from agent.judge.within_bounds import Asked, out_of_bounds
from agent.loop.tightening import require_tight
from agent.model.errors import PolicyError, Problem, SettingsError
from agent.model.folders import Folders, folders_of
from agent.model.policy import PolicySet
from agent.model.remark import Remark, Severity
from agent.ports.world import nothing_outside
from agent.shelves import shelf_in

USUAL = Path("policies")

_REFERENCE = re.compile(r"\$([A-Za-z0-9_-]+)")

OTHER = "other"
"""A file beside the policies that holds neither a policy nor cases."""


MOST_OF_ONE_CAUSE = 5
"""Failing cases of one cause that people are told one by one; machines are told all."""

Causes = Mapping[Remark, str]
"""What each case that fails has in common with others."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What `policy check --format json` tells."""

    path: str
    policies: tuple[str, ...] = ()
    chains: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    cases: int = 0
    """Cases of these policies, all of which held where there is no error."""
    revision: str | None = None
    """Of the whole set; None where a part of it does not load."""
    problems: tuple[Remark, ...] = ()
    """Everything found, notes too, by file and place."""


def check(
    path: Path | None,
    format_: Format,
    *,
    is_strict: bool,
    base: Path | None = None,
    settings: Path | None = None,
) -> None:
    """Print everything found in the policies of the folder, or in one file of it; end with 1 where it is bad enough.

    With `settings`, their folder is what is checked where no path is given, and channels are held to what they may name there.
    """
    held_to = loaded_to_look(settings) if settings is not None else None
    outside = nothing_outside if held_to is None else bounds_of(held_to).outside
    if held_to is not None and path is None:
        path, base = held_to.policies.directory, base or held_to.policies.base
    wanted = path or USUAL
    if not wanted.exists():
        raise SettingsError(
            f"`{wanted}` is not there: name the folder in which the policies lie, or one of its files"
        )
    if wanted.is_file() and wanted.absolute().parent.name in FOLDERS:
        # What lies beside the policies is known by its folder, which a name alone does not tell.
        wanted = wanted.absolute()
    found, causes = checked_at(wanted, base, outside=outside)
    _print(found, causes, format_)
    bad = {Severity.ERROR, Severity.WARNING} if is_strict else {Severity.ERROR}
    if any(one.severity in bad for one in found.problems):
        raise Ending(FINDINGS)


def _print(checked: Checked, causes: Causes, format_: Format) -> None:
    told, more = _in_short(checked.problems, causes)
    match format_:
        case Format.JSON:
            print_json(checked)
        case Format.SARIF:
            print_json(sarif(checked.problems, version=version("air-agent"), here=Path.cwd()))
        case Format.GITHUB:
            out = console()
            for line in commands(told, Path.cwd()):
                out.print(line, soft_wrap=True)
            for line in more:
                out.print(safe(line, limit=LONGEST), soft_wrap=True)
            out.print(safe(_summary(checked), limit=LONGEST), soft_wrap=True)
        case Format.TEXT:
            out = console()
            for one in told:
                out.print(line_of(one), soft_wrap=True)
            for line in more:
                out.print(safe(line, limit=LONGEST), soft_wrap=True)
            out.print(safe(_summary(checked), limit=LONGEST), soft_wrap=True)


def _in_short(problems: Sequence[Remark], causes: Causes) -> tuple[list[Remark], list[str]]:
    """Return what is told one by one, and a line for the further cases that fail for the same cause."""
    told: list[Remark] = []
    counts: Counter[str] = Counter()
    for one in problems:
        cause = causes.get(one)
        if cause is not None:
            counts[cause] += 1
        if cause is None or counts[cause] <= MOST_OF_ONE_CAUSE:
            told.append(one)
    more = ((count - MOST_OF_ONE_CAUSE, cause) for cause, count in counts.items())
    return told, [f"{count} more of the failing cases {cause}" for count, cause in more if count > 0]


def checked_at(
    path: Path,
    base: Path | None = None,
    *,
    tenant: str | None = None,
    outside: Asked = nothing_outside,
) -> tuple[Checked, Causes]:
    """Load the whole set, since policies need each other and what lies beside them; of one file only it is told.

    Args:
        path: the folder, or one file of it.
        base: what the folder adds to, and may only tighten; None where it is whole by itself.
        tenant: whose actions are meant; None for those of any tenant.
        outside: says what a channel names and may not.
    """
    path = path if base is None else plainly(path)
    folder = path if path.is_dir() else _folder_of(path)
    wrong = None if path.is_dir() else _not_read(path)
    told = _told_of(path)
    if wrong is not None:
        problem = Problem(file=str(path), line=1, column=1, message=wrong)
        return Checked(path=str(path), problems=(of_problem(Code.DOES_NOT_LOAD, problem),)), {}
    try:
        files = shelf_in(folder, base).files()
    except PolicyError as error:
        return _not_loaded(path, error, told), {}
    return checked(files, path, folder, told, tenant=tenant, outside=outside)


def checked(
    files: Mapping[str, bytes],
    path: Path,
    folder: Path,
    told: Callable[[str], bool] = lambda _: True,
    *,
    tenant: str | None = None,
    outside: Asked = nothing_outside,
) -> tuple[Checked, Causes]:
    """Return what is found in a set of these files, which lie or could lie in the folder, as far as it is `told`.

    Of a base nothing is told but that it does not load: its cases are about the base alone.
    """
    try:
        found: PolicySet = parse_set(files, folder=str(folder))
        require_tight(files, tenant=tenant, enforces_observers=False)
    except PolicyError as error:
        return _not_loaded(path, error, told if folders_of(files) is None else lambda _: True), {}
    told = told if found.folders is None else _but_base(told, found.folders)
    ours = (one for one in found.policies if told(one.file))
    names = tuple(sorted(one.name for one in ours))
    book = case_book(files, found)
    went = rehearse(compile_set(found), book, only=told)
    failing = [(of_problem(Code.CASE_FAILS, one.problem), one.cause) for one in went.failing]
    linted = lint(
        found,
        book.files,
        SystemClock().now(),
        unread={one.file for one in book.problems},
        claimed=_named_in_proofs(files),
    )
    unproved = [one for one in problems_of(files) if told(one.file)]
    astray = [one for one in out_of_bounds(found, files, outside) if told(one.file)]
    remarks = [
        *(of_problem(Code.DOES_NOT_LOAD, one) for one in (*went.unread, *unproved, *astray)),
        *(one for one, _ in failing),
        *(of_problem(Code.CASE_ASSERTS_NOTHING, one) for one in went.hollow),
        *(of_problem(Code.CASES_ONE_SIDED, one) for one in went.one_sided),
        *(one for one in linted if told(one.file)),
    ]
    whole = Checked(
        path=str(path),
        policies=names,
        chains=tuple(one.name for one in found.chains if told(one.file)),
        channels=tuple(one.name for one in found.channels if told(one.file)),
        cases=went.cases,
        revision=found.revision,
        problems=tuple(sorted(remarks, key=place)),
    )
    return whole, dict(failing)


def _but_base(told: Callable[[str], bool], folders: Folders) -> Callable[[str], bool]:
    return lambda file: told(file) and not folders.is_base(file)


def _not_loaded(path: Path, error: PolicyError, told: Callable[[str], bool]) -> Checked:
    problems = (one for one in error.problems if told(one.file))
    return Checked(path=str(path), problems=tuple(of_problem(Code.DOES_NOT_LOAD, one) for one in problems))


def _named_in_proofs(files: Mapping[str, bytes]) -> frozenset[str]:
    """Return the names of lists that stand in files of proofs."""
    proofs = (data.decode(errors="replace") for file, data in files.items() if file.endswith(PROOFS))
    return frozenset(name for text in proofs for name in _REFERENCE.findall(text))


def _told_of(path: Path) -> Callable[[str], bool]:
    """Return which files are told of: all of a folder; a file alone, and a policy with its cases."""
    if path.is_dir():
        return lambda _: True
    files = {str(path), str(path.with_name(f"{path.stem}{CASES}"))}
    return lambda file: file in files


def _kind(path: str) -> str:
    """Return what is told of a path: of a folder or policy the policies, of cases whether they hold."""
    if path.endswith(CASES):
        return CASES
    is_other = path.endswith(PROOFS) or is_beside(path)
    return OTHER if is_other and not Path(path).is_dir() else ""


def _folder_of(file: Path) -> Path:
    return file.parent.parent if file.parent.name in FOLDERS else file.parent


def _not_read(file: Path) -> str | None:
    """Return why nothing would ever be read from the file; None where it would be."""
    if file.suffix not in SUFFIXES:
        return "is neither a policy nor what lies beside policies: their names end in `.yaml` or `.yml`"
    return None


def _summary(checked: Checked) -> str:
    found = by_severity(checked.problems)
    if any(one.severity is Severity.ERROR for one in checked.problems):
        return f"{found} in {checked.path}"
    if checked.revision is None:
        return f"no problem in {checked.path}; other files of its folder do not load: check the folder"
    kind = _kind(checked.path)
    if kind == OTHER:
        return f"{checked.path} loads: revision {checked.revision}{f'; {found}' if found else ''}"
    if kind == CASES:
        hold = counted(checked.cases, "case holds", "cases hold")
        return f"{hold} in {checked.path}: revision {checked.revision}{f'; {found}' if found else ''}"
    loads = "loads" if len(checked.policies) == 1 else "load"
    count = counted(len(checked.policies), "policy", "policies")
    cases = f"{counted(checked.cases, 'case holds', 'cases hold')}" if checked.cases else "there are no cases"
    if checked.chains or checked.channels:
        chains = counted(len(checked.chains), "chain", "chains")
        cases += f", {chains}, {counted(len(checked.channels), 'channel', 'channels')}"
    rest = f"; {found}" if found else ""
    return f"{count} in {checked.path} {loads}, {cases}: revision {checked.revision}{rest}"
