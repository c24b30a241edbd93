"""`policy check`: whether the policies load, and decide their cases as those say."""

from pathlib import Path

import msgspec

from agent.adapters.host import SUFFIXES, PolicyFiles
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.output import console, print_json, safe
from agent.judge.compile import compile_set
from agent.judge.examine import broken
from agent.judge.parse import CASES, PROOFS, is_list, is_policy, is_situation, parse_set
from agent.judge.proof.reading import problems_of
from agent.model.errors import PolicyError, Problem, SettingsError
from agent.model.policy import PolicySet

USUAL = Path("policies")

LISTS = "lists"
"""The folder of lists, inside the folder of policies."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What `policy check --json` tells."""

    path: str
    policies: tuple[str, ...] = ()
    cases: int = 0
    """Cases of these policies, all of which held where there is no problem."""
    revision: str | None = None
    """Of the whole set; None where a part of it does not load."""
    problems: tuple[Problem, ...] = ()


def check(path: Path | None, *, as_json: bool) -> None:
    """Print every problem of the policies in the folder, or of one file of it; end with 1 where there is one."""
    wanted = path or USUAL
    if not wanted.exists():
        raise SettingsError(
            f"`{wanted}` is not there: name the folder in which the policies lie, or one of its files"
        )
    if wanted.is_file() and wanted.absolute().parent.name == LISTS:
        # A list is known by its folder, which a name alone does not tell.
        wanted = wanted.absolute()
    checked = _checked(wanted)
    if as_json:
        print_json(checked)
    else:
        _tell(checked)
    if checked.problems:
        raise Ending(FINDINGS)


def _checked(path: Path) -> Checked:
    """Load the whole set, since policies need their lists and each other; of one file only it is told."""
    folder = path if path.is_dir() else _folder_of(path)
    wrong = None if path.is_dir() else _no_policy(path)
    if wrong is not None:
        return Checked(path=str(path), problems=(Problem(file=str(path), line=1, column=1, message=wrong),))
    try:
        files = PolicyFiles(folder).files()
        found: PolicySet = parse_set(files)
    except PolicyError as error:
        problems = tuple(one for one in error.problems if path.is_dir() or Path(one.file) == path)
        return Checked(path=str(path), problems=problems)
    ours = (one for one in found.policies if path.is_dir() or Path(one.file) == path)
    names = tuple(sorted(one.name for one in ours))
    beside = str(path.with_name(f"{path.stem}{CASES}"))
    cases, problems = broken(compile_set(found), files, only=lambda file: path.is_dir() or file == beside)
    problems += tuple(one for one in problems_of(files) if path.is_dir() or Path(one.file) == path)
    return Checked(path=str(path), policies=names, cases=cases, revision=found.revision, problems=problems)


def _folder_of(file: Path) -> Path:
    return file.parent.parent if file.parent.name == LISTS else file.parent


def _no_policy(file: Path) -> str | None:
    """Return why nothing would ever be read from the file as a policy or a list; None where it would be."""
    if file.suffix not in SUFFIXES:
        return "is neither a policy nor a list: their names end in `.yaml` or `.yml`"
    if file.name.endswith(PROOFS):
        return "holds proofs, and is not a policy: name the folder, or give the file to `policy prove`"
    if is_situation(str(file.absolute())):
        return "holds a situation that cases may stand on, and is no policy: check the folder of policies"
    if not is_policy(str(file)) and not is_list(str(file)):
        return f"holds the cases of a policy, and is not one: name `{file.name.removesuffix(CASES)}.yaml`"
    return None


def _tell(checked: Checked) -> None:
    out = console()
    for problem in checked.problems:
        out.print(safe(str(problem), limit=2000), soft_wrap=True)
    out.print(safe(_summary(checked), limit=2000), soft_wrap=True)


def _summary(checked: Checked) -> str:
    if checked.problems:
        return f"{_counted(len(checked.problems), 'problem', 'problems')} in {checked.path}"
    if checked.revision is None:
        return f"no problem in {checked.path}; other files of its folder do not load: check the folder"
    loads = "loads" if len(checked.policies) == 1 else "load"
    count = _counted(len(checked.policies), "policy", "policies")
    cases = (
        f"{_counted(checked.cases, 'case holds', 'cases hold')}" if checked.cases else "there are no cases"
    )
    return f"{count} in {checked.path} {loads}, {cases}: revision {checked.revision}"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
