"""`policy check`: whether the policies load."""

from pathlib import Path

import msgspec

from agent.adapters.host import PolicyFiles
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.output import console, print_json, safe
from agent.judge.parse import parse_set
from agent.model.errors import PolicyError, Problem, SettingsError
from agent.model.policy import PolicySet

USUAL = Path("policies")


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What `policy check --json` tells."""

    path: str
    policies: tuple[str, ...] = ()
    revision: str | None = None
    problems: tuple[Problem, ...] = ()


def check(path: Path | None, *, as_json: bool) -> None:
    """Print every problem of the policies in the folder; end with 1 where there is one."""
    folder = path or USUAL
    if not folder.is_dir():
        raise SettingsError(f"`{folder}` is not a folder: name the one in which the policies lie")
    checked = _checked(folder)
    if as_json:
        print_json(checked)
    else:
        _tell(checked)
    if checked.problems:
        raise Ending(FINDINGS)


def _checked(folder: Path) -> Checked:
    try:
        found: PolicySet = parse_set(PolicyFiles(folder).files())
    except PolicyError as error:
        return Checked(path=str(folder), problems=error.problems)
    names = tuple(sorted(policy.name for policy in found.policies))
    return Checked(path=str(folder), policies=names, revision=found.revision)


def _tell(checked: Checked) -> None:
    out = console()
    for problem in checked.problems:
        out.print(safe(str(problem), limit=2000), soft_wrap=True)
    count = len(checked.problems)
    if count:
        said = f"{_counted(count, 'problem', 'problems')} in {checked.path}"
    else:
        loads = _counted(len(checked.policies), "policy", "policies")
        said = f"{loads} in {checked.path} {'loads' if len(checked.policies) == 1 else 'load'}: revision {checked.revision}"
    out.print(safe(said, limit=2000), soft_wrap=True)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
