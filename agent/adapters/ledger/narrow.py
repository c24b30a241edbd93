"""Decisions and what is known of them, read in their narrow form.

There may be millions. So what the database gives is taken as it is, and turned into what it means here: once for each
text and moment that many rows share.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, type_coerce

from agent.adapters.ledger.columns import EPOCH, MICROSECOND, Key, Moment, moment, unescaped
from agent.adapters.ledger.history_tables import history
from agent.adapters.ledger.report_tables import truths
from agent.model.decision import Verb
from agent.model.history import Decided, Decider, Ending
from agent.model.pending import ActionKind
from agent.model.truth import Certainty, Source, Truth, Unknown

SHARED = 4096
"""How many of them are remembered."""


def _raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column as the database gives it."""
    if isinstance(column.type, Moment):
        return type_coerce(column, BigInteger)
    return type_coerce(column, Text) if isinstance(column.type, Key) else column


NARROW = tuple(_raw(one) for one in history.c if one.name not in {"tenant_id", "persons", "words"})
TRUTH = tuple(_raw(one) for one in truths.c if one.name != "tenant_id")

_KINDS = {str(kind): kind for kind in ActionKind}
_VERBS: dict[str | None, Verb | None] = {None: None} | {str(verb): verb for verb in Verb}
_DECIDERS = {str(decider): decider for decider in Decider}
_ENDINGS: dict[str, Ending | None] = {"": None} | {str(ending): ending for ending in Ending}
_UNKNOWNS: dict[str | None, Unknown | None] = {None: None} | {str(unknown): unknown for unknown in Unknown}
_SOURCES = {str(source): source for source in Source}
_CERTAINTIES = {str(certainty): certainty for certainty in Certainty}


def decided(rows: Iterable[Any]) -> tuple[Decided, ...]:
    """Return the decisions that rows of `NARROW` hold; quickest where rows of the same action follow each other."""
    found: list[Decided] = []
    last, began, ends = None, EPOCH, EPOCH
    for (
        at, action_id, number, ended, kind, incident_id, first_seen, deadline, verb, decider, guard, policies, people,
        answered, shadow, shadow_policies, status, revision, shadow_guard, targets, messages, is_native, is_imported,
    ) in rows:  # fmt: skip
        if (first_seen, deadline) != last:
            last, began, ends = (first_seen, deadline), moment(first_seen), moment(deadline)
        found.append(
            Decided(
                at=EPOCH + at * MICROSECOND,
                action_id=action_id if "\\" not in action_id else unescaped(action_id),
                number=number,
                ended=_ENDINGS[ended],
                kind=_KINDS[kind],
                incident_id=incident_id if "\\" not in incident_id else unescaped(incident_id),
                first_seen=began,
                deadline=ends,
                verb=_VERBS[verb],
                by=_DECIDERS[decider],
                guard=_text(guard),
                policies=_lines(policies),
                people=_lines(people),
                answered=None if answered is None else moment(answered),
                shadow=_VERBS[shadow],
                shadow_policies=_lines(shadow_policies),
                status=_text(status),
                revision=_text(revision) or "",
                shadow_guard=_text(shadow_guard),
                targets=targets,
                messages=messages,
                is_native=is_native == 1,
                is_imported=is_imported == 1,
            )
        )
    return tuple(found)


def truth(one: Any) -> Truth:
    """Return what a row of `TRUTH` says."""
    action_id, first_seen, verb, unknown, source, certainty, at, people = one
    return Truth(
        action_id=action_id if "\\" not in action_id else unescaped(action_id),
        first_seen=moment(first_seen),
        verb=_VERBS[verb],
        unknown=_UNKNOWNS[unknown],
        source=_SOURCES[source],
        certainty=_CERTAINTIES[certainty],
        at=EPOCH + at * MICROSECOND,
        by=_lines(people),
    )


@lru_cache(SHARED)
def _text(stored: str | None) -> str | None:
    return None if stored is None else unescaped(stored)


@lru_cache(SHARED)
def _lines(stored: str | None) -> tuple[str, ...]:
    return split(None if stored is None else unescaped(stored))


def split(told: str | None) -> tuple[str, ...]:
    """Return the texts that stand in one column, one on each line with a line break before the first and after the last."""
    return () if told is None else tuple(told.split("\n")[1:-1])
