"""A report's actions one after the other, for a spreadsheet or a program; nothing is kept of those that were written.

What an action was about, its link and why it would have been approved stand where it is looser, which is where somebody
has to look: of the others `air-agent show ID` tells.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from operator import attrgetter

import msgspec

from agent.faces.documents import as_json
from agent.faces.report.looser import AT_ONCE, Looser, looked_up
from agent.faces.sheets import Cell, csv_of
from agent.model.report import Compared, Lens, Report, Standing
from agent.ports.archive import Archive

FORMAT = 1
"""Of the JSON document: grows when a key changes its meaning or goes."""

WHOLE = re.compile(r"[+-]?\d{1,3}(,\d{3})*")
"""A whole number as people read it."""

MARK = "\ufeff"
"""What a spreadsheet knows UTF-8 by."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One action, as it stands in a file. What is not known is None."""

    action_id: str
    incident_id: str
    kind: str
    standing: str
    first_seen: datetime
    deadline: datetime
    decided: datetime | None
    verb: str | None
    policies: tuple[str, ...]
    guard: str | None
    targets: int | None
    messages: int | None
    is_native: bool
    is_imported: bool
    revision: str
    people: str | None
    """What people decided."""
    people_at: datetime | None
    people_by: tuple[str, ...]
    source: str | None
    certainty: str | None
    unknown: str | None
    saved_seconds: int | None
    what: str | None
    incident_url: str | None
    why: str | None


Rows = AsyncIterator[Sequence[Row]]


async def rows_of(archive: Archive, found: AsyncIterator[Compared], lens: Lens) -> Rows:
    """Give the rows of these actions, some at a time."""
    some: list[Compared] = []
    async for one in found:
        some.append(one)
        if len(some) == AT_ONCE:
            yield await _rows(archive, some, lens)
            some = []
    if some:
        yield await _rows(archive, some, lens)


async def _rows(archive: Archive, some: Sequence[Compared], lens: Lens) -> Sequence[Row]:
    looser = [one for one in some if one.standing is Standing.LOOSER and one.truth is not None]
    told = await looked_up(archive, looser, lens) if looser else []
    about = {(one.action_id, one.first_seen): said for one, said in zip(looser, told, strict=True)}
    return [_row(one, about.get((one.action_id, one.first_seen))) for one in some]


def _row(one: Compared, said: Looser | None) -> Row:
    truth, saved = one.truth, one.saved
    return Row(
        action_id=one.action_id,
        incident_id=one.incident_id,
        kind=one.kind,
        standing=one.standing,
        first_seen=one.first_seen,
        deadline=one.deadline,
        decided=one.decided,
        verb=one.verb,
        policies=one.policies,
        guard=one.guard,
        targets=one.targets,
        messages=one.messages,
        is_native=one.is_native,
        is_imported=one.is_imported,
        revision=one.revision,
        people=None if truth is None else truth.verb,
        people_at=None if truth is None else truth.at,
        people_by=() if truth is None else truth.by,
        source=None if truth is None else truth.source,
        certainty=None if truth is None else truth.certainty,
        unknown=one.unknown,
        saved_seconds=None if saved is None else int(saved.total_seconds()),
        what=None if said is None else said.what,
        incident_url=None if said is None else said.incident_url,
        why=None if said is None else said.why,
    )


async def as_sheet(found: Rows) -> AsyncIterator[str]:
    """Give the actions as CSV, the names of the columns first."""
    yield MARK + csv_of([Row.__struct_fields__])
    async for some in found:
        yield csv_of(map(_values, some))


async def as_document(found: Rows, report: Callable[[], Report]) -> AsyncIterator[str]:
    """Give the actions, each on a line of its own, and in the end the report, as one JSON document."""
    yield f'{{\n"format": {FORMAT},\n"actions": ['
    start = "\n"
    async for some in found:
        yield start + ",\n".join(map(_line, some))
        start = ",\n"
    yield f'\n],\n"report": {as_json(report(), indent=1)}\n}}\n'


def _line(row: Row) -> str:
    """Return an action as JSON in ASCII; most of them are of nothing else, and are not looked at twice."""
    said = _encoder.encode(row)
    plain = said.decode() if said.isascii() else json.dumps(json.loads(said), separators=(",", ":"))
    return plain.replace("\x7f", "\\u007f")


_encoder = msgspec.json.Encoder(order="deterministic")
_values = attrgetter(*Row.__struct_fields__)


def sheet_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a small table as CSV, its whole numbers as numbers: a minus in front of one makes no formula."""
    return MARK + csv_of([head, *([_cell(one) for one in row] for row in rows)])


def _cell(text: str) -> Cell:
    return int(text.replace(",", "")) if WHOLE.fullmatch(text) else text
