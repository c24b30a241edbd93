"""The decisions of one pending action, made again under the sets that made them, and held to the record."""

from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from agent.judge.compile import Judge, compile_set
from agent.judge.parse import parse_set
from agent.judge.past.again import Difference, NotRecorded, decide_again, differences
from agent.model.decision import Decision
from agent.model.enactment import Record
from agent.model.errors import PolicyError
from agent.ports.ledger import Ledger

MOST = 1_000_000
"""Decisions of one action that are read."""

Encode = Callable[[Decision], bytes]
"""How the ledger writes a decision."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded decision, and what it came to when it was made again.

    `why_not` says in words why it could not be made again; it is empty where it could.
    """

    number: int
    recorded: Decision
    size: int
    """Bytes of it in the ledger, not compressed."""
    is_same: bool = False
    """Whether both have the same bytes."""
    differences: tuple[Difference, ...] = ()
    why_not: str = ""


async def replay(
    ledger: Ledger, record: Record, encode: Encode, *, number: int | None = None
) -> tuple[Replayed, ...]:
    """Make the action's decisions again, oldest first; only the one of this number where one is named."""
    newest_first = await ledger.decisions(action_id=record.action.id, limit=MOST)
    numbered = list(enumerate(reversed(newest_first), start=1))
    wanted = [(at, one) for at, one in numbered if number is None or at == number]
    judges = {revision: await judge_of(ledger, revision) for revision in {one.revision for _, one in wanted}}
    return tuple(_replayed(at, one, record, judges, encode) for at, one in wanted)


async def judge_of(ledger: Ledger, revision: str) -> Judge | str:
    """Return the judge that goes by a kept set, or in words why there is none."""
    kept = await ledger.kept_set(revision)
    if kept is None:
        return f"the set of revision {revision} is not kept: an older agent decided by it"
    try:
        # A set is found by the revision it was kept by, which an older agent may have worked out otherwise.
        return compile_set(replace(parse_set(kept.files, is_past=True), revision=kept.revision))
    except PolicyError as error:
        more = len(error.problems) - 1
        rest = f" and {more} more" if more else ""
        return f"the kept set of revision {revision} does not load in this agent: {error.problems[0]}{rest}"


def _replayed(
    number: int, recorded: Decision, record: Record, judges: Mapping[str, Judge | str], encode: Encode
) -> Replayed:
    body = encode(recorded)
    judge = judges[recorded.revision]
    if isinstance(judge, str):
        return Replayed(number=number, recorded=recorded, size=len(body), why_not=judge)
    try:
        again = decide_again(judge, record.action, recorded)
    except NotRecorded as error:
        return Replayed(number=number, recorded=recorded, size=len(body), why_not=str(error))
    return Replayed(
        number=number,
        recorded=recorded,
        size=len(body),
        is_same=encode(again) == body,
        differences=differences(recorded, again),
    )
