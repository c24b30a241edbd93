"""Worlds that differ from this one by some edits, and the steps that lead from one to the next."""

import msgspec

from agent.judge.flips.alter import Alterations, Edit, Known, Put, Resize
from agent.judge.flips.links import SIZES
from agent.judge.vocabulary import Scope
from agent.model.facts import Facts
from agent.model.policy import All, Condition, Not, Policy

Wanted = frozenset[bool | None]
"""The answers that a condition may give."""

TRUE: Wanted = frozenset({True})
FALSE: Wanted = frozenset({False})
KNOWN: Wanted = frozenset({True, False})
UNKNOWN: Wanted = frozenset({None})
NOT_TRUE: Wanted = frozenset({False, None})
NOT_FALSE: Wanted = frozenset({True, None})


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One edit, the facts after it, what it is counted as, and the condition that asked for it."""

    edit: Edit
    facts: Facts
    root: str
    asked: Condition | None
    told: tuple[Scope, str]
    """The fact that the condition looks at."""

    @property
    def makes_unknown(self) -> bool:
        """Whether less is known afterwards."""
        match self.edit:
            case Known(is_complete=is_complete):
                return not is_complete
            case Put(values=values):
                return None in values
            case _:
                return False

    @property
    def messages(self) -> int:
        """How many messages it changes one by one."""
        return len(self.edit.rows) if isinstance(self.edit, Put) else 0


class World(msgspec.Struct, frozen=True, kw_only=True):
    """The facts after some edits; `fixed` are roots, and `fixed_rows` roots of single messages, not to change again."""

    facts: Facts
    fixed: frozenset[str] = frozenset()
    fixed_rows: frozenset[tuple[str, int]] = frozenset()
    only: frozenset[str] | None = None
    """Roots beside which none may change any more; None where any may."""

    def may_change(self, root: str) -> bool:
        """Whether an edit may change what hangs on the root."""
        return root not in self.fixed and (self.only is None or root in self.only)

    def is_free(self, fact: str, at: int) -> bool:
        """Whether an edit may change this fact of the message."""
        return (fact, at) not in self.fixed_rows


def advanced(world: World, step: Step) -> World:
    """Return the world after the step."""
    edit, rows = step.edit, world.fixed_rows
    if isinstance(edit, Put) and edit.scope is Scope.MESSAGE:
        changed = frozenset((edit.fact, at) for at in edit.rows)
        return World(facts=step.facts, fixed=world.fixed, fixed_rows=rows | changed)
    if isinstance(edit, Resize) and edit.fact in SIZES and rows:
        left = Alterations(world.facts, frozenset(at for _, at in rows)).left(edit) or ()
        place = {at: new for new, at in enumerate(left)}
        rows = frozenset((fact, place[at]) for fact, at in rows)
    return World(facts=step.facts, fixed=world.fixed | {step.root}, fixed_rows=rows)


def whole(policy: Policy) -> All:
    """Return the policy as one condition."""
    unless = tuple(Not(condition=one, mark=policy.mark) for one in policy.unless)
    return All(conditions=(*policy.match.conditions, *unless), mark=policy.mark)
