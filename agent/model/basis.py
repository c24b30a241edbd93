"""What a record's decision rests on, in the narrow form in which it is asked whether it still holds."""

from datetime import datetime

import msgspec

from agent.model.enactment import Record, State


class Basis(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One record: where it stands, and by what it was decided.

    `version` is the record's own, which whoever changes it must have read.
    """

    action_id: str
    state: State
    deadline: datetime
    version: int
    revision: str | None
    """Of the policies by which it was decided; None where no decision is in force."""
    is_observed: bool
    """Whether whoever decided only observed."""
    guard: str | None
    """The guard that holds what was approved; None where none does."""


def basis_of(record: Record) -> Basis:
    """Return what a record's decision rests on."""
    decision = record.decision
    return Basis(
        action_id=record.action.id,
        state=record.state,
        deadline=record.action.deadline,
        version=record.version,
        revision=None if decision is None else decision.revision,
        is_observed=decision is not None and decision.is_observed,
        guard=None if decision is None else decision.guard,
    )
