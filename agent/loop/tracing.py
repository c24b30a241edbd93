"""What is done about one action: bound to its log lines, and told as spans of its trace."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from agent.model.enactment import Record
from agent.model.trace import Phase, Said, Span, trace_of
from agent.ports.world import World


@contextmanager
def about(record: Record) -> Iterator[None]:
    """Have every log line inside the `with` name the action, and the trace that it is told in."""
    action_id = record.action.id
    with structlog.contextvars.bound_contextvars(action=action_id, trace_id=trace_of(action_id, record.life)):
        yield


def trace(
    world: World,
    record: Record,
    phase: Phase,
    began: datetime,
    ended: datetime | None = None,
    *,
    key: str = "",
    is_failed: bool = False,
    **said: Said | None,
) -> None:
    """Tell what was done about the action, now that it is over; what is None is not said."""
    lives = [(record.action.id, record.life)]
    trace_all(world, lives, phase, began, ended or began, key=key, is_failed=is_failed, **said)


def trace_all(
    world: World,
    lives: Iterable[tuple[str, int]],
    phase: Phase,
    began: datetime,
    ended: datetime,
    *,
    key: str = "",
    is_failed: bool = False,
    **said: Said | None,
) -> None:
    """Tell what was done about these actions together, by their ids and the numbers of their lives: each in its own trace."""
    if not world.telemetry.traces:
        return
    known = {name: value for name, value in said.items() if value is not None}
    world.telemetry.trace(
        [
            Span(
                action_id=action_id,
                life=life,
                phase=phase,
                began=began,
                ended=ended,
                said=known,
                is_failed=is_failed,
                key=key,
            )
            for action_id, life in lives
        ]
    )
