"""(A set in two folders) -> whether what the tenant adds only tightens the base, in every situation there can be.

What the form of the set leaves in doubt the solver answers, for those kinds of action alone. Where that is not installed, or
has no answer in its time, the set is taken not to: what nobody can show to be safe does not come into force.
"""

from collections.abc import Mapping, Sequence
from types import ModuleType

from msgspec.structs import replace

from agent.judge.feed import fed_lists
from agent.judge.one_line import one_line
from agent.judge.parse import parse_set
from agent.judge.proof.members import files_with_members
from agent.judge.situations import TENANT, situation_yaml
from agent.judge.tightening.doubts import Counting, Doubt, by_kind, counting_on, doubts_of
from agent.judge.tightening.people import weaker_people
from agent.judge.tightening.sides import Sides, sides_of
from agent.model.decision import Verb
from agent.model.errors import Problem
from agent.model.folders import Folders
from agent.model.mark import Mark
from agent.model.pending import ActionKind
from agent.model.policy import Policy, PolicySet, Test
from agent.model.proof import Claim, Example, Form, Outcome, Part
from agent.model.tightening import Loosened, Means, Verdict

UNSOLVED = (
    "may loosen the base, and the solver Z3, which could tell, is not installed: install it with "
    "`pip install 'air-agent[prove]'`, or have people decide: `decide: escalate` always tightens"
)
FINE = (Outcome.PROVED, Outcome.EMPTY)
"""No situation loosens anything, or there is none at all."""

LONGEST = 700
"""Characters of an example that is told in a message; a longer one is for a file of its own."""


def tighten(
    files: Mapping[str, bytes], *, tenant: str | None, enforces_observers: bool, within: float
) -> Verdict:
    """Return whether what a tenant adds only tightens the base.

    Args:
        files: of the set, in two folders; who is in a group makes no difference.
        tenant: whose actions are meant; None for those of any tenant.
        enforces_observers: whether policies in `mode: observe` count as enforcing.
        within: seconds for each question to the solver.

    Raises:
        PolicyError: the set, or its base alone, does not load.
        ValueError: the set is one whole, and has no base.
    """
    whole = parse_set(files)
    folders = whole.folders
    if folders is None:
        raise ValueError("a set in one folder has no base")
    if fed_lists(whole):
        files = files_with_members(files, whole)
        whole = parse_set(files)
    sides = sides_of(files, whole, folders)
    counts = counting_on(sides, tenant=tenant, enforces_observers=enforces_observers)
    people = weaker_people(sides, counts)
    doubts = by_kind(doubts_of(sides, counts))
    loosened = _Proving(sides, counts, tenant, within).loosened(doubts)
    is_sure = not (people or loosened)
    return Verdict(
        loosened=loosened,
        people=people,
        means=None if not is_sure else Means.SOLVER if doubts else Means.FORM,
        kinds=tuple(doubts),
    )


class _Proving:
    """Asks the solver for each kind of which something is in doubt."""

    def __init__(self, sides: Sides, counts: Counting, tenant: str | None, within: float) -> None:
        self.folders = sides.folders
        self.whole = _with(sides.whole, counts.whole)
        self.base = _with(sides.base, counts.base)
        self.tenant = tenant
        self.within = within

    def loosened(self, doubts: Mapping[ActionKind, Sequence[Doubt]]) -> tuple[Loosened, ...]:
        """Return what may loosen the base, one for each kind of which it is not proved that nothing does."""
        if not doubts:
            return ()
        proving = _solver()
        if proving is None:
            return tuple(
                _loosened(kind, Outcome.CANNOT_SAY, one, f"{one.words} {UNSOLVED}")
                for kind, some in doubts.items()
                for one in some
            )
        found: list[Loosened] = []
        for kind, some in doubts.items():
            part = self._part(proving, kind)
            if part.outcome not in FINE:
                found.append(self._found(_to_blame(some, part), part))
        return tuple(found)

    def _part(self, proving: ModuleType, kind: ActionKind) -> Part:
        claim = Claim(
            name="what the tenant adds only tightens the base",
            form=Form.ONLY_TIGHTENS,
            kinds=(kind,),
            when=None if self.tenant is None else _of_tenant(self.tenant),
        )
        before = proving.Before(self.base, "the base")
        part: Part = proving.OfKind(kind, self.whole, [claim], before, within=self.within).part(claim)
        return part

    def _found(self, doubt: Doubt, part: Part) -> Loosened:
        if part.example is None:
            depends = f" ({'; '.join(part.depends)})" if part.depends else ""
            words = f"{doubt.words} is not proved to only tighten the base: {part.kind}: {part.why}{depends}"
            return _loosened(part.kind, part.outcome, doubt, words)
        words = f"{doubt.words} loosens the base: {part.kind}: {_compared(part.example)}"
        more = _such(part.example, self.folders)
        return _loosened(part.kind, part.outcome, doubt, words, more, part.example)


def _loosened(
    kind: ActionKind,
    outcome: Outcome,
    doubt: Doubt,
    words: str,
    more: str = "",
    example: Example | None = None,
) -> Loosened:
    problem = Problem(
        file=doubt.file, line=doubt.mark.line, column=doubt.mark.column, message=f"{words}{more}"
    )
    return Loosened(kind=kind, outcome=outcome, problem=problem, words=words, example=example)


def _with(policies: PolicySet, counts: Sequence[Policy]) -> PolicySet:
    return replace(policies, policies=tuple(counts))


def _solver() -> ModuleType | None:
    """Return what proves; None where the solver is not installed."""
    try:
        from agent.judge.proof import prove  # noqa: PLC0415  the solver is an extra
    except ModuleNotFoundError as missing:
        if missing.name != "z3":
            raise
        return None
    return prove


def _of_tenant(tenant: str) -> Test:
    return Test(
        fact=TENANT, operator="in", operand=frozenset({tenant.lower()}), wording=tenant, mark=Mark(1, 1)
    )


def _to_blame(doubts: Sequence[Doubt], part: Part) -> Doubt:
    """Return what decided in the example, where that is in doubt; else the first that is."""
    named = part.example.policies if part.example is not None else ()
    return next((one for one in doubts if one.policy in named), doubts[0])


def _compared(example: Example) -> str:
    """Say what is decided in the example, and what the base decides."""
    by = " and ".join(f"`{name}`" for name in example.policies[:3]) or "no policy"
    if example.verb is Verb.APPROVE and example.before is Verb.APPROVE:
        return f"approve by {by}, without every policy of the base that approves it, and so past its limits"
    return f"{example.verb} by {by}, and {example.before} by the base alone"


def _such(example: Example, folders: Folders) -> str:
    """Give the example on one line, where that has room for it, and how to have it as a file."""
    line = one_line(situation_yaml(example.situation))
    such = f", such as {line}" if len(line) <= LONGEST else ""
    command = f"air-agent policy prove {folders.tenant} --base {folders.base} --examples DIR"
    return f"{such} (as a file: `{command}`)"
