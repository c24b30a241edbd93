"""What was recorded, found again by what is asked.

An answer is found by the path, the options and, for hunting, the table and what is looked for in it. Moments in filters
and the sizes of pages do not count: who replays asks later, or for other pages. Answers to the same question come
in the order in which they were recorded, and the last one from then on. What was never asked like this is put together
from what was: one incident out of a page of them, messages that were hunted for in other company.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from agent.model.recording import Exchange
from agent.scrub.queries import HUNTED
from agent.simulator.shapes import Json

INCIDENTS = "/v1.0/security/incidents"
ALERTS = "/v1.0/security/alerts_v2"
HUNTING = re.compile(r"/v1\.0/security/(microsoft\.graph\.security\.)?runHuntingQuery")

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
_PASSED_OVER = frozenset({"$top", "$count", "startTime", "endTime"})
_LET = re.compile(r"\s*let\s+\w+\s*=[^;]*;")
_TABLE = re.compile(r"\s*(\w+)")
_LITERAL = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'", re.DOTALL)
_EVENTS = re.compile(r"\b\w+Events\b")
_MESSAGE = "networkmessageid"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What tells one request from another."""

    path: str
    options: tuple[tuple[str, str], ...] = ()
    table: str = ""
    others: frozenset[str] = frozenset()
    """Other tables that a hunting query reads."""
    sought: frozenset[str] = frozenset()
    """What a hunting query looks for, in lower case; words of the query itself aside."""

    @property
    def is_first_page(self) -> bool:
        """Whether it asks for a list from its beginning."""
        return all(name in {"$filter", "$expand"} for name, _ in self.options)


def question(method: str, target: str, asked: str) -> Question:
    """Return what a request asks."""
    path, _, query = target.partition("?")
    if method == "POST" and HUNTING.fullmatch(path):
        words = _query_in(asked)
        return Question(
            path="hunting",
            table=_table(words),
            others=frozenset(_EVENTS.findall(_LITERAL.sub("", words))),
            sought=frozenset(_literals(words)) - HUNTED,
        )
    options = sorted(
        (name, _MOMENT.sub("", value))
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name not in _PASSED_OVER
    )
    return Question(path=unquote(path), options=tuple(options))


class Tape:
    """Recorded exchanges, played in their order."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._by_question: dict[Question, list[Exchange]] = defaultdict(list)
        self._played: dict[Question, int] = defaultdict(int)
        for one in exchanges:
            self._by_question[question(one.method, one.target, one.asked)].append(one)

    def answer(self, asked: Question) -> Exchange | bytes | None:
        """Return the recorded exchange, or a body put together from others; None where nothing was recorded."""
        recorded = self._by_question.get(asked)
        if recorded is None:
            return self._composed(asked)
        at = min(self._played[asked], len(recorded) - 1)
        self._played[asked] += 1
        return recorded[at]

    def _composed(self, asked: Question) -> bytes | None:
        if asked.path == "hunting":
            return self._rows(asked)
        head, _, name = asked.path.rpartition("/")
        if head == INCIDENTS:
            found = self._incidents().get(name)
            return None if found is None else _bytes(found)
        if asked.path == INCIDENTS and asked.is_first_page and not self._has_list():
            singles = self._incidents()
            return _bytes({"value": list(singles.values())}) if singles else None
        if asked.path == ALERTS and asked.is_first_page:
            alerts = [alert for one in self._incidents().values() for alert in one.get("alerts") or []]
            return _bytes({"value": alerts})
        return None

    def _has_list(self) -> bool:
        return any(one.path == INCIDENTS for one in self._by_question)

    def _incidents(self) -> Mapping[str, Json]:
        """Return every incident that was recorded, as it was last."""
        found: dict[str, Json] = {}
        for one in self._good(lambda path: path == INCIDENTS or path.startswith(f"{INCIDENTS}/")):
            value = one.get("value")
            for incident in value if isinstance(value, list) else [one]:
                if isinstance(incident, dict) and isinstance(incident.get("id"), str):
                    found[incident["id"]] = incident
        return found

    def _rows(self, asked: Question) -> bytes | None:
        """Return the rows of all messages that are sought, from whichever answers had them."""
        rows: dict[str, list[Json]] = {}
        schema: Any = []
        for known, exchanges in self._by_question.items():
            if known.path != "hunting" or known.table != asked.table:
                continue
            for answer in _decoded(exchanges):
                results = answer.get("results", answer.get("Results"))
                if not isinstance(results, list):
                    continue
                schema = answer.get("schema", answer.get("Schema", schema))
                rows |= {message: [] for message in known.sought}
                for row in results:
                    rows.setdefault(_message_of(row), []).append(row)
        if not asked.sought or not asked.sought <= rows.keys():
            return None
        return _bytes(
            {"schema": schema, "results": [row for one in sorted(asked.sought) for row in rows[one]]}
        )

    def _good(self, takes: Any) -> Iterator[Json]:
        for known, exchanges in self._by_question.items():
            if takes(known.path):
                yield from _decoded(exchanges)


def _decoded(exchanges: Sequence[Exchange]) -> Iterator[Json]:
    for one in exchanges:
        if one.status not in {200, 206}:
            continue
        try:
            found = json.loads(one.body)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found


def _message_of(row: Any) -> str:
    if not isinstance(row, dict):
        return ""
    named = {key.lower(): value for key, value in row.items()}
    return str(named.get(_MESSAGE, "")).lower()


def _query_in(asked: str) -> str:
    try:
        body = json.loads(asked)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return ""
    return next((str(value) for key, value in body.items() if key.lower() == "query"), "")


def _table(words: str) -> str:
    while found := _LET.match(words):
        words = words[found.end() :]
    named = _TABLE.match(words)
    return named[1] if named is not None else ""


def _literals(words: str) -> Iterator[str]:
    return ((found[1] or found[2] or "").lower() for found in _LITERAL.finditer(words))


def _bytes(thing: Any) -> bytes:
    return json.dumps(thing).encode()
