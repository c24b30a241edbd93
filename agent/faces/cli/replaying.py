"""`replay`: whether recorded decisions come out the same when they are made again."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from agent.adapters.ledger.codec import write_decision
from agent.connecting import installed
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.looking import chosen, reading
from agent.faces.cli.options import loaded_to_look
from agent.faces.cli.output import console, print_json, safe
from agent.faces.telling import commit
from agent.judge.past.again import Difference
from agent.judge.quote import counted, moment
from agent.loop.replaying import Replayed, replay
from agent.model.errors import SettingsError

SHOWN = 300
"""Characters of a value that differs."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One decision, as `replay --json` tells it."""

    number: int
    at: datetime
    decision: str
    guard: str | None
    revision: str
    git: str
    agent_version: str
    bytes: int
    same: bool
    why_not: str
    """Why it could not be made again; empty where it could."""
    differences: tuple[Difference, ...]


def replay_action(path: Path | None, action: str, *, number: int | None, as_json: bool) -> None:
    """Make the decisions on an action again; end with 1 where one does not come out the same."""
    settings = loaded_to_look(path)
    record = chosen(settings, action)
    replayed = reading(settings, lambda ledger: replay(ledger, record, write_decision, number=number))
    if number is not None and not replayed:
        raise SettingsError(f"`--decision {number}`: {record.action.id} has no decision of that number")
    if as_json:
        decisions = [_told(one) for one in replayed]
        print_json({"id": record.action.id, "agent_version": installed(), "decisions": decisions})
    else:
        _tell(record.action.id, replayed)
    if not all(one.is_same for one in replayed):
        raise Ending(FINDINGS)


def _told(one: Replayed) -> Told:
    recorded = one.recorded
    return Told(
        number=one.number,
        at=recorded.at,
        decision=recorded.verb.value,
        guard=recorded.guard,
        revision=recorded.revision,
        git=recorded.git,
        agent_version=recorded.agent_version,
        bytes=one.size,
        same=one.is_same,
        why_not=one.why_not,
        differences=one.differences,
    )


def _tell(action_id: str, replayed: tuple[Replayed, ...]) -> None:
    out = console()
    for one in replayed:
        out.print(safe(f"decision {one.number} of {moment(one.recorded.at)}: {_came(one)}"), soft_wrap=True)
        out.print(safe(f"  {_made_by(one)}", "dim"), soft_wrap=True)
        for each in one.differences:
            out.print(safe(f"  {each.field}", "bold"), soft_wrap=True)
            out.print(safe(f"    recorded  {_value(each.recorded)}", "red", limit=SHOWN + 20), soft_wrap=True)
            out.print(safe(f"    again     {_value(each.again)}", "green", limit=SHOWN + 20), soft_wrap=True)
    out.print(safe(_summary(action_id, replayed)), soft_wrap=True)


def _came(one: Replayed) -> str:
    held = f", held by {one.recorded.guard}" if one.recorded.guard else ""
    decision = f"{one.recorded.verb.value}{held}"
    if one.why_not:
        return f"{decision}: cannot be made again: {one.why_not}"
    if one.is_same:
        return f"{decision}: same bytes ({one.size:,})"
    fields = len(one.differences)
    return f"{decision}: differs in {fields} field{'' if fields == 1 else 's'}"


def _made_by(one: Replayed) -> str:
    recorded = one.recorded
    git = f", git {commit(recorded.git)}" if recorded.git else ""
    version = recorded.agent_version or "of no version"
    theirs = f"agent {version}"
    if version != installed():
        theirs += f" (this is {installed()}, which may say the same in other words)"
    return f"policies {recorded.revision}{git}, {theirs}"


def _value(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _summary(action_id: str, replayed: tuple[Replayed, ...]) -> str:
    if not replayed:
        return f"{action_id} was not decided yet: there is nothing to make again"
    same = sum(one.is_same for one in replayed)
    unable = sum(bool(one.why_not) for one in replayed)
    parts = [f"{same} came out the same, byte for byte"]
    if unable:
        parts.append(f"{unable} could not be made again")
    if len(replayed) - same - unable:
        parts.append(f"{len(replayed) - same - unable} came out otherwise")
    count = counted(len(replayed), "decision", "decisions")
    return f"{count} on {action_id}: {', '.join(parts)}"
