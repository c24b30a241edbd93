"""What `policy test` found, as its tables, its JSON and its JUnit XML tell it."""

import msgspec

from agent.judge.coverage import ClauseCoverage


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was checked: a case, or what all cases of a policy have to be. It failed where `failure` says how."""

    suite: str
    """The policy, or `files` for what cannot be read."""
    name: str
    file: str
    line: int = 1
    column: int = 1
    failure: str = ""
    skipped: str = ""
    """Why it was not tried at all, though nothing is wrong with it itself; empty where it was."""
    seconds: float = 0.0
    is_case: bool = False
    is_broken: bool = False
    """Whether it could not be tried at all, since a file does not load."""


class Unnoticed(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the policy that no case notices."""

    line: int
    column: int
    words: str


class PolicyTested(msgspec.Struct, frozen=True, kw_only=True):
    """One policy: what its cases saw of its clauses, and which changes of it all cases together notice.

    `noticed_by_words` are those among the noticed at which no decision came out otherwise: asserted words of a
    reason were missing.
    """

    policy: str
    file: str
    cases: int
    clauses: tuple[ClauseCoverage, ...] = ()
    wanted: int = 0
    seen: int = 0
    mutants: int = 0
    noticed: int = 0
    noticed_by_words: int = 0
    unnoticed: tuple[Unnoticed, ...] = ()


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """The whole run. `revision` is that of the set; None where it does not load."""

    path: str
    revision: str | None = None
    passed: bool = False
    checks: tuple[Checked, ...] = ()
    policies: tuple[PolicyTested, ...] = ()
    is_mutated: bool = False
    is_too_early: bool = False
    """Whether mutants were asked for and not tried, since cases failed: what those notice means nothing."""

    @property
    def failed(self) -> tuple[Checked, ...]:
        """What failed."""
        return tuple(check for check in self.checks if check.failure)


def percent(part: int, whole: int) -> int:
    """Return a share in whole percent, rounded down so that 100 means all; all of nothing is 100."""
    return 100 * part // whole if whole else 100
