"""One narrow form of advanced hunting over `CloudAppEvents`, in which investigations show; all else is bad KQL.

Understood after the table: `where` with times and the one action type, joined by `and`, and without the type where only
`Timestamp` is asked for; `extend` and `project` with
columns, `tostring`, `strlen`, `iff` and `ingestion_time`; `sort by` and `top … by Timestamp`; `take`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from agent.simulator.hunting import MOST_ROWS, REACH, stages
from agent.simulator.investigating import record
from agent.simulator.moments import text, ticks
from agent.simulator.nouns import Change
from agent.simulator.odata import BadRequest
from agent.simulator.shapes import Json
from agent.simulator.state import State

TABLE = "CloudAppEvents"
ACTION_TYPE = "AirInvestigationData"
NO_TABLE = f"'where' operator: Failed to resolve table or column expression named '{TABLE}'"
_COMMENT = re.compile(r"^\s*//[^\n]*$", re.MULTILINE)
_TIME = re.compile(
    r"(Timestamp|ingestion_time\(\))\s*(>=|<=|>|<)\s*(?:ago\((\d{1,4})([dhms])\)|datetime\(([^)]+)\))",
    re.IGNORECASE,
)
_ACTION = re.compile(rf"ActionType\s*(?:==|=~)\s*[\"']{ACTION_TYPE}[\"']")
_SORT = re.compile(r"(?:sort|order)\s+by\s+Timestamp(?:\s+(asc|desc))?")
_TOP = re.compile(r"top\s+(\d{1,9})\s+by\s+Timestamp(?:\s+(asc|desc))?")
_TAKE = re.compile(r"(?:take|limit)\s+(\d{1,9})")
_NAMED = re.compile(r"(\w+)\s*=(?!=)\s*(.+)", re.DOTALL)
_CALL = re.compile(r"(\w+)\s*\((.*)\)", re.DOTALL)
_TEXT = re.compile(r"\"([^\"\\]*)\"|'([^'\\]*)'")
_COMPARED = re.compile(r"(.+?)\s*(>=|<=|>|<)\s*(\d+)", re.DOTALL)
_SPANS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}

Row = dict[str, Any]
Expression = tuple[str, Callable[[Row], Any]]
"""A type in hunting's words, and what gives the value."""
_COLUMNS = {
    "Timestamp": "DateTime",
    "ActionType": "String",
    "Application": "String",
    "AccountDisplayName": "String",
    "AccountObjectId": "String",
    "ObjectName": "String",
    "ReportId": "String",
    "RawEventData": "Object",
}
_INGESTED = "ingestion_time()"


def is_about(words: str) -> bool:
    """Whether a query reads this table."""
    return stages(_COMMENT.sub("", words).strip())[0] == TABLE


def answer(words: str, state: State, now: datetime) -> Json:
    """Return `huntingQueryResults`.

    Raises:
        BadRequest: the query is not of the form that is understood here, or the tenant lacks the table.
    """
    if not state.switches.air_table:
        raise BadRequest(NO_TABLE)
    asked_for = stages(_COMMENT.sub("", words).strip())[1:]
    since = _since(asked_for, now)
    rows = [
        row
        for number, change in enumerate(state.changes if state.switches.audit_is_on else ())
        if change.at + state.switches.rows_after >= since
        and (row := _row(state, number, change, now)) is not None
    ]
    asked = _Asked(rows, now)
    for stage in asked_for:
        asked.take(stage)
    if not asked.names_action and asked.schema.keys() - {"Timestamp"}:
        raise BadRequest(f'of what is not `ActionType == "{ACTION_TYPE}"`, only `Timestamp` is known here')
    schema = [{"name": name, "type": kind} for name, kind in asked.schema.items()]
    return {
        "schema": schema,
        "results": [{name: _shown(row[name]) for name in asked.schema} for row in asked.rows[:MOST_ROWS]],
    }


def _since(asked_for: Sequence[str], now: datetime) -> datetime:
    """Return a moment before which no row that is asked for has come in: most of months of them need not even be made."""
    found = [now - REACH]
    for stage in asked_for:
        for match in _TIME.finditer(stage) if stage.startswith("where ") else ():
            if not match[2].startswith(">"):
                continue
            if match[3]:
                found.append(now - timedelta(**{_SPANS[match[4]]: int(match[3])}))
            elif _is_moment(match[5]):
                found.append(datetime.fromisoformat(match[5].strip().strip("\"'")))
    return max(found)


def _is_moment(words: str) -> bool:
    try:
        ticks(words.strip().strip("\"'"))
    except ValueError:
        return False
    return True


def _row(state: State, number: int, change: Change, now: datetime) -> Row | None:
    """Return the row of one change; None where it has not come yet, or is older than hunting reaches."""
    ingested = change.at + state.switches.rows_after
    if ingested > now or change.at <= now - REACH:
        return None
    return {
        "Timestamp": text(change.at),
        "ActionType": ACTION_TYPE,
        "Application": "Microsoft 365",
        "AccountDisplayName": "AirInvestigation",
        "AccountObjectId": "",
        "ObjectName": "",
        "ReportId": f"{number}_20893_{change.alert_id[2:]}",
        _INGESTED: text(ingested),
        "RawEventData": _Lazily(state, change),
    }


class _Lazily:
    """A record that is written only where it is looked at: some hold thousands of messages."""

    def __init__(self, state: State, change: Change) -> None:
        self._state, self._change = state, change
        self._text: str | None = None

    def shown(self) -> Json | str:
        """Return the record as the column shows it."""
        return self.text() if self._state.switches.rows_hold_text else record(self._state, self._change)

    def text(self) -> str:
        """Return the record as JSON."""
        if self._text is None:
            self._text = json.dumps(record(self._state, self._change))
        return self._text


class _Asked:
    """Rows on their way through the stages of a query."""

    def __init__(self, rows: list[Row], now: datetime) -> None:
        self.rows = rows
        self.schema = dict(_COLUMNS)
        self.names_action = False
        self._now = now

    def take(self, stage: str) -> None:
        """Pass the rows through one stage."""
        verb, _, rest = stage.partition(" ")
        if verb == "where":
            for part in re.split(r"\s+and\s+", rest.strip()):
                self._where(part.strip())
        elif verb == "extend":
            self._extend(rest)
        elif verb == "project":
            self._project(rest)
        elif match := _SORT.fullmatch(stage):
            self._sort(match[1])
        elif match := _TOP.fullmatch(stage):
            self._sort(match[2])
            self.rows = self.rows[: int(match[1])]
        elif match := _TAKE.fullmatch(stage):
            self.rows = self.rows[: int(match[1])]
        else:
            raise BadRequest(f"the query could not be parsed near `{stage[:60]}`")

    def _where(self, part: str) -> None:
        if _ACTION.fullmatch(part):
            self.names_action = True
            return
        match = _TIME.fullmatch(part)
        if match is None:
            raise BadRequest(f"the query could not be parsed near `{part[:60]}`")
        name, compare = match[1], _COMPARE[match[2]]
        column = _INGESTED if name.lower() == _INGESTED else "Timestamp"
        bound = self._moment(match)
        self.rows = [row for row in self.rows if compare(ticks(row[column]), bound)]

    def _moment(self, match: re.Match[str]) -> int:
        if match[3]:
            return ticks(text(self._now - timedelta(**{_SPANS[match[4]]: int(match[3])})))
        try:
            return ticks(match[5].strip().strip("\"'"))
        except ValueError as error:
            raise BadRequest(str(error)) from error

    def _sort(self, order: str | None) -> None:
        self.rows.sort(key=lambda row: (ticks(row["Timestamp"]), row["ReportId"]), reverse=order != "asc")

    def _extend(self, words: str) -> None:
        for name, (kind, read) in self._listed(words).items():
            self.schema[name] = kind
            for row in self.rows:
                row[name] = read(row)

    def _project(self, words: str) -> None:
        chosen = self._listed(words)
        self.rows = [
            row | {name: _shown(read(row)) for name, (_, read) in chosen.items()} for row in self.rows
        ]
        self.schema = {name: kind for name, (kind, _) in chosen.items()}

    def _listed(self, words: str) -> dict[str, Expression]:
        found = {}
        for part in _parts(words):
            match = _NAMED.fullmatch(part)
            name, inner = (match[1], match[2].strip()) if match else (part, part)
            found[name] = self._expression(inner)
        return found

    def _expression(self, words: str) -> Expression:
        if words in self.schema:
            return self.schema[words], lambda row: row[words]
        if words == _INGESTED:
            return "DateTime", lambda row: row[_INGESTED]
        if match := _TEXT.fullmatch(words):
            literal = match[1] if match[1] is not None else match[2]
            return "String", lambda _row: literal
        if (match := _CALL.fullmatch(words)) and match[1] in _CALLS:
            return self._call(match[1], _parts(match[2]))
        raise BadRequest(f"failed to resolve scalar expression `{words[:60]}`")

    def _call(self, name: str, arguments: list[str]) -> Expression:
        if len(arguments) != _CALLS[name]:
            raise BadRequest(f"`{name}` takes {_CALLS[name]} arguments")
        if name == "iff":
            return self._iff(*arguments)
        _, read = self._expression(arguments[0])
        if name == "strlen":
            return "Int64", lambda row: len(_as_text(read(row)))
        return "String", lambda row: _as_text(read(row))

    def _iff(self, condition: str, then: str, otherwise: str) -> Expression:
        match = _COMPARED.fullmatch(condition)
        if match is None:
            raise BadRequest(f"failed to resolve scalar expression `{condition[:60]}`")
        _, left = self._expression(match[1])
        compare, bound = _COMPARE[match[2]], int(match[3])
        kind, first = self._expression(then)
        _, second = self._expression(otherwise)
        return kind, lambda row: first(row) if compare(left(row), bound) else second(row)


_CALLS = {"tostring": 1, "strlen": 1, "iff": 3}
"""How many arguments each function takes."""


def _parts(words: str) -> list[str]:
    """Cut at commas, those inside brackets and texts aside."""
    found, depth, quoted, start = [], 0, "", 0
    for at, mark in enumerate(words):
        if quoted:
            quoted = "" if mark == quoted else quoted
        elif mark in "\"'":
            quoted = mark
        elif mark in "()":
            depth += 1 if mark == "(" else -1
        elif mark == "," and depth == 0:
            found.append(words[start:at].strip())
            start = at + 1
    return [*found, words[start:].strip()]


def _as_text(value: Any) -> str:
    return value.text() if isinstance(value, _Lazily) else str(value)


def _shown(value: Any) -> Any:
    return value.shown() if isinstance(value, _Lazily) else value
