"""One narrow form of advanced hunting over the tenant's mail; everything else is refused as bad KQL.

Understood: `let ids = dynamic([…]);`, `EmailEvents`, `where Timestamp > ago(…)`, `where NetworkMessageId in (…)`,
a left outer join with the latest row of `EmailPostDeliveryEvents`, `project`, a union with what was clicked
(`clicking`), `take`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from agent.simulator import clicking
from agent.simulator.mail import (
    DELETED,
    DROPPED,
    EXTERNAL,
    FAILED,
    HARD_DELETED,
    INBOX,
    JUNK,
    QUARANTINE,
    SOFT_DELETED,
    Copy,
    Post,
)
from agent.simulator.moments import text
from agent.simulator.odata import BadRequest
from agent.simulator.shapes import Json

SOFT_DELETED_WORD = "Soft deleted"
"""Hunting's word for mail in Recoverable Items. UNCONFIRMED: the tables' pages list no such place, and give
`Deleted items` for the folder that people see."""
HARD_DELETED_WORD = "Hard deleted"
"""Hunting's word for mail that is purged. UNCONFIRMED likewise."""

LOCATIONS = {
    INBOX: "Inbox/folder",
    JUNK: "Junk folder",
    DELETED: "Deleted folder",
    QUARANTINE: "Quarantine",
    EXTERNAL: "On-premises/External",
    FAILED: "Failed",
    DROPPED: "Dropped",
    SOFT_DELETED: SOFT_DELETED_WORD,
    HARD_DELETED: HARD_DELETED_WORD,
}
"""The tables' own words for places. Source: `EmailEvents` in Microsoft's schema reference and published queries;
spelling between `Junk` and `Junk folder`, `Deleted items` and `Deleted folder` is UNCONFIRMED."""

MOST_ROWS = 100_000
"""Rows of one answer. Source: the older hunting APIs' page."""
REACH = timedelta(days=30)

_DIRECTIONS = {"inbound": "Inbound", "outbound": "Outbound", "intraOrg": "Intra-org"}
_LET = re.compile(r"let\s+(\w+)\s*=\s*dynamic\s*\((\[.*?\])\)\s*;", re.DOTALL)
_AGO = re.compile(r"where\s+Timestamp\s*>=?\s*ago\((\d{1,3})([dh])\)")
_IN = re.compile(r"where\s+NetworkMessageId\s+(?:in~?|has_any)\s*\((.*)\)", re.DOTALL)
_JOIN = re.compile(
    r"join\s+kind\s*=\s*leftouter\s*\(\s*EmailPostDeliveryEvents\b(.*)\|\s*summarize\s+arg_max\(\s*Timestamp\s*,\s*([\w\s,*]+)\)"
    r"(?:\s*,\s*(\w+)\s*=\s*min\(\s*Timestamp\s*\))?\s*by\s+NetworkMessageId\s*,\s*RecipientEmailAddress\s*\)\s*on\s+NetworkMessageId\s*,\s*RecipientEmailAddress",
    re.DOTALL,
)
_UNION = re.compile(r"union\s*\((.*)\)", re.DOTALL)
_TAKE = re.compile(r"(?:take|limit)\s+(\d{1,9})")
_COLUMN = re.compile(r"(?:(\w+)\s*=\s*)?(\w+)")


def _authentication(copy: Copy) -> str:
    letter = copy.letter
    words = {"SPF": letter.spf, "DKIM": letter.dkim, "DMARC": letter.dmarc, "CompAuth": letter.composite}
    return msgspec.json.encode(words).decode()


Column = tuple[str, Callable[[Copy], str | int | None]]
_OF_EVENT: Mapping[str, Column] = {
    "Timestamp": ("DateTime", lambda c: text(c.received)),
    "NetworkMessageId": ("String", lambda c: c.network_message_id),
    "RecipientEmailAddress": ("String", lambda c: c.recipient),
    "SenderFromAddress": ("String", lambda c: c.letter.sender),
    "SenderMailFromAddress": ("String", lambda c: c.letter.mail_from),
    "SenderDisplayName": ("String", lambda c: c.letter.sender_name),
    "SenderIPv4": ("String", lambda c: c.letter.sender_ip),
    "Subject": ("String", lambda c: c.letter.subject),
    "EmailDirection": ("String", lambda c: _DIRECTIONS[c.letter.direction]),
    "DeliveryAction": ("String", lambda c: "Junked" if c.original == JUNK else "Delivered"),
    "DeliveryLocation": ("String", lambda c: LOCATIONS[c.original]),
    "LatestDeliveryLocation": ("String", lambda c: LOCATIONS[c.location]),
    "ThreatTypes": ("String", lambda c: ", ".join(threat.capitalize() for threat in c.letter.threats)),
    "DetectionMethods": ("String", lambda c: ", ".join(c.letter.methods)),
    "AuthenticationDetails": ("String", _authentication),
    "BulkComplaintLevel": ("Int32", lambda c: c.letter.bulk_level),
}
_OF_MOVE: Mapping[str, Column] = {
    "Timestamp": ("DateTime", lambda c: text(c.moved) if c.moved else None),
    "NetworkMessageId": ("String", lambda c: c.network_message_id if c.moved else None),
    "RecipientEmailAddress": ("String", lambda c: c.recipient if c.moved else None),
    "DeliveryLocation": ("String", lambda c: LOCATIONS[c.location] if c.moved else None),
    "ActionType": ("String", lambda c: c.moved_by),
    "ActionResult": ("String", lambda c: "Success" if c.moved else None),
    "ActionTrigger": ("String", lambda c: None if c.moved is None else _trigger(c)),
}


_FIRST_MOVED: Column = ("DateTime", lambda c: text(c.first_moved) if c.first_moved else None)


def _trigger(copy: Copy) -> str:
    return "SpecialAction" if copy.moved_by == "Phish ZAP" else "AdminAction"


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked: which messages, since when, which columns by which names, how many rows."""

    messages: Sequence[str]
    since: datetime
    columns: Mapping[str, Column]
    most: int
    wants_clicks: bool = False


def answer(words: str, post: Post, now: datetime, *, has_clicks: bool = True) -> Json:
    """Return `huntingQueryResults`. Without `has_clicks` the tenant has no table of them.

    Raises:
        BadRequest: the query is not of the one form that is understood here, or asks for a table that is not there.
    """
    query = parse(words, now)
    if query.wants_clicks and not has_clicks:
        raise BadRequest(clicking.NO_TABLE)
    columns = [(name, read) for name, (_, read) in query.columns.items()]
    rows: list[Json] = []
    messages = dict.fromkeys(one.lower() for one in query.messages)
    for message in messages:
        for copy in post.of_message(message):
            if copy.received > query.since and len(rows) < query.most:
                rows.append({name: read(copy) for name, read in columns})
    schema = {name: kind for name, (kind, _) in query.columns.items()}
    if query.wants_clicks:
        schema |= clicking.COLUMNS
        rows = _united(rows, clicking.summed(post, messages, query.since), schema)[: query.most]
    return {"schema": [{"name": name, "type": kind} for name, kind in schema.items()], "results": rows}


def _united(copies: Sequence[Json], clicks: Sequence[Json], schema: Mapping[str, str]) -> list[Json]:
    """Return the rows of both with the columns of both; hunting has no null text, only an empty one."""
    nothing = {name: "" if kind == "String" else None for name, kind in schema.items()}
    return [{**nothing, **row} for row in (*copies, *clicks)]


def parse(words: str, now: datetime) -> Query:
    """Read a query.

    Raises:
        BadRequest: it is not of the one form that is understood here.
    """
    lists: dict[str, list[str]] = {}
    rest = words.strip()
    while match := _LET.match(rest):
        lists[match[1]] = _texts(match[2])
        rest = rest[match.end() :].lstrip()
    table, *steps = stages(rest)
    if table != "EmailEvents":
        raise BadRequest(f"failed to resolve table `{table[:40]}`")
    messages: list[str] | None = None
    since, most = now - REACH, MOST_ROWS
    columns: Mapping[str, Column] = _OF_EVENT
    wants_clicks = False
    for stage in steps:
        if match := _AGO.fullmatch(stage):
            since = max(since, now - _span(match))
        elif match := _IN.fullmatch(stage):
            messages = _listed(match[1], lists)
        elif match := _JOIN.fullmatch(stage):
            columns = _joined(match, lists)
        elif stage.startswith("project "):
            columns = _projected(stage.removeprefix("project "), columns)
        elif match := _UNION.fullmatch(stage):
            _check_clicks(match[1], lists)
            wants_clicks = True
        elif match := _TAKE.fullmatch(stage):
            most = min(most, int(match[1]))
        else:
            raise BadRequest(f"the query could not be parsed near `{stage[:60]}`")
    if messages is None:
        raise BadRequest("the query names no messages")
    return Query(messages, since, columns, most, wants_clicks)


def stages(rest: str) -> list[str]:
    """Return the parts of a query between bars, those inside brackets and texts aside."""
    found, depth, start, quoted = [], 0, 0, False
    for match in re.finditer(r"[|()\"]", rest):
        mark = match[0]
        if mark == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif mark == "|" and depth == 0:
            found.append(rest[start : match.start()].strip())
            start = match.end()
        elif mark in "()":
            depth += 1 if mark == "(" else -1
    return [*found, rest[start:].strip()]


def _span(match: re.Match[str]) -> timedelta:
    return timedelta(days=int(match[1])) if match[2] == "d" else timedelta(hours=int(match[1]))


def _texts(words: str) -> list[str]:
    try:
        return msgspec.json.decode(words, type=list[str])
    except msgspec.DecodeError as error:
        raise BadRequest("a list of texts is not well formed") from error


def _listed(words: str, lists: Mapping[str, list[str]]) -> list[str]:
    named = words.strip().strip("()")
    return lists[named] if named in lists else _texts(f"[{words}]")


def _joined(match: re.Match[str], lists: Mapping[str, list[str]]) -> Mapping[str, Column]:
    for stage in stages(match[1])[1:]:
        inside = stage.strip()
        listed = _IN.fullmatch(inside)
        if listed is not None:
            _listed(listed[1], lists)
        elif inside and not _AGO.fullmatch(inside):
            raise BadRequest(f"the join could not be parsed near `{inside[:60]}`")
    asked = [name.strip() for name in match[2].split(",")]
    kept = (
        list(_OF_MOVE)
        if asked == ["*"]
        else ["NetworkMessageId", "RecipientEmailAddress", "Timestamp", *asked]
    )
    columns = dict(_OF_EVENT)
    for name in kept:
        if name not in _OF_MOVE:
            raise BadRequest(f"failed to resolve column `{name}`")
        columns[f"{name}1" if name in _OF_EVENT else name] = _OF_MOVE[name]
    if match[3]:
        columns[match[3]] = _FIRST_MOVED
    return columns


def _check_clicks(words: str, lists: Mapping[str, list[str]]) -> None:
    """Raise BadRequest where clicks are asked for in another form than the one that is understood here."""
    table, *steps = (" ".join(stage.split()) for stage in stages(words))
    if table != clicking.TABLE or tuple(steps[2:]) != clicking.STAGES or not _AGO.fullmatch(steps[0]):
        raise BadRequest(f"the union could not be parsed near `{words.strip()[:60]}`")
    matched = _IN.fullmatch(steps[1])
    if matched is None:
        raise BadRequest(f"the union could not be parsed near `{steps[1][:60]}`")
    _listed(matched[1], lists)


def _projected(words: str, columns: Mapping[str, Column]) -> Mapping[str, Column]:
    chosen = {}
    for part in words.split(","):
        match = _COLUMN.fullmatch(part.strip())
        if match is None or match[2] not in columns:
            raise BadRequest(f"failed to resolve column `{part.strip()[:40]}`")
        chosen[match[1] or match[2]] = columns[match[2]]
    return chosen
