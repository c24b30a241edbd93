"""What AIR wrote down of its investigations, from advanced hunting: the one query, and its rows -> actions. Pure.

Each row holds one audit record as JSON; its `Actions` are JSON texts inside it, and what these hold may be such texts
again. Of every part that cannot be read it is said which row it was in, and the rest is taken.

UNCONFIRMED: that `CloudAppEvents` has these rows only with the Microsoft 365 connector of Defender for Cloud Apps; how
late they come; every spelling, so that names of properties are compared without their case. The entities of
accounts are not in Microsoft's schema of AIR, and are read as Sentinel's schema has them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from agent.adapters.graph.wire import moment_of
from agent.model.air import AirAction
from agent.model.key import cluster_key, file_key, mailbox_keys, message_key, url_key, user_keys

TABLE = "CloudAppEvents"

LARGEST = 1_000_000
"""Characters of one record that are taken; a longer one is only named."""

FIRST_YEAR = 2000

MOST_ACTIONS = 500
MOST_ENTITIES = 500
MOST_MESSAGES = 50_000
LONGEST_WORD = 300
LONGEST_KEY = 20_000
LONGEST_COMMENT = 2_000
MOST_LAYERS = 4
"""Texts within texts that are opened, and how much of everything is taken: far more than AIR is known to write."""

PORTALS = frozenset({"security.microsoft.com", "security.microsoft.us", "security.apps.mil"})
"""Where links to investigations may lead; others are not shown to people at night."""

_QUERY = """CloudAppEvents
| where Timestamp >= datetime({since})
| where ActionType == "AirInvestigationData"
| extend Record = tostring(RawEventData)
| project Timestamp, Size = strlen(Record), Record = iff(strlen(Record) > {largest}, "", Record)
| top {rows} by Timestamp asc"""

_DEVICE = ("mdedeviceid", "mdatpdeviceid", "machineid")
"""What the id of a device may be called, in lower case."""

Row = Mapping[str, Any]


class Unread(ValueError):
    """A part of a row cannot be read; says which, without its content."""


def query(since: datetime, rows: int) -> str:
    """Return the query for as many of the oldest rows at or after this moment."""
    moment = since.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return _QUERY.format(since=moment, rows=rows, largest=LARGEST)


def written_at(row: Row) -> datetime | None:
    """Return when the row's record was written down, as hunting says; rows have their columns in lower case."""
    return _given(row.get("timestamp"))


def _given(text: object) -> datetime | None:
    """Return the moment that the text is; a date before Defender's own time is how Graph writes none (0001-01-01)."""
    found = moment_of(text)
    return None if found is None or found.year < FIRST_YEAR else found


def actions_of(row: Row, problems: list[str]) -> Iterator[AirAction]:
    """Give the actions of one row, once for each thing that they act on; what cannot be read is told."""
    at = written_at(row)
    where = (
        f"AIR's record of {at:%Y-%m-%d %H:%M}Z" if at is not None else "a record of AIR's without a moment"
    )
    try:
        record = _record(row)
        at = at or _given(record.get("lastupdatetimeutc"))
        if at is None:
            raise Unread("says nowhere when it was written")
        investigation = _word(record, "investigationid")
        actions = _listed(record, "actions", MOST_ACTIONS)
    except Unread as error:
        problems.append(f"{where} {error}")
        return
    for raw in actions:
        try:
            yield from _actions(_object(raw, "an action"), record, investigation, at, where, problems)
        except Unread as error:
            problems.append(f"{where}: {error}")


def _record(row: Row) -> Row:
    size, text = row.get("size"), row.get("record")
    if text == "" and isinstance(size, int) and size > LARGEST:
        raise Unread(f"is {size:,} characters long, and more than {LARGEST:,} are not taken")
    return _object(text, "the record")


def _actions(
    raw: Row, record: Row, investigation: str | None, at: datetime, where: str, problems: list[str]
) -> Iterator[AirAction]:
    action_id = _word(raw, "actionid", "id")
    investigation = _word(raw, "investigationid") or investigation
    if action_id is None or investigation is None:
        raise Unread("an action does not say which it is")
    whole = AirAction(
        investigation_id=investigation,
        action_id=action_id,
        at=at,
        proposed_at=_given(raw.get("starttimeutc")) or _given(raw.get("timestamputc")),
        action_type=_word(raw, "actiontype"),
        status=_word(raw, "actionstatus"),
        approval=_word(raw, "actionapproval"),
        approved_by=_word(raw, "approvedby"),
        approver_comment=_word(raw, "approvercomment", most=LONGEST_COMMENT),
        link=_link(record),
        alerts=tuple(filter(_is_text, _listed(raw, "relatedalertids", MOST_ENTITIES, or_none=True))),
    )
    found: dict[tuple[str, ...], AirAction] = {}
    for one in _entities(raw, where, problems):
        keys = keys_of(one)
        if keys:
            anomaly = one.get("isvolumeanomaly") if keys[0].startswith("cluster:") else None
            is_anomaly = anomaly if isinstance(anomaly, bool) else None
            found[keys] = msgspec.structs.replace(whole, keys=keys, is_volume_anomaly=is_anomaly)
    yield from found.values() or (whole,)


def _entities(raw: Row, where: str, problems: list[str]) -> Iterator[Row]:
    try:
        listed = _listed(raw, "entities", MOST_ENTITIES)
    except Unread as error:
        problems.append(f"{where}: an action's {error}")
        return
    for one in listed:
        try:
            yield _object(one, "an entity")
        except Unread as error:
            problems.append(f"{where}: {error}")


def keys_of(entity: Row) -> tuple[str, ...]:
    """Return the names of what an entity is; none where it is nothing that is told apart here."""
    kind = "".join(letter for letter in (_word(entity, "type") or "").lower() if letter.isalnum())
    match kind:
        case "mailcluster":
            key = cluster_key(_word(entity, "query", most=LONGEST_KEY), _messages(entity))
        case "mailmessage":
            key = message_key(_word(entity, "networkmessageid"), _word(entity, "recipient"))
        case "mailbox":
            address, upn = _word(entity, "mailboxprimaryaddress"), _word(entity, "upn")
            return mailbox_keys(address, upn, _word(entity, "externaldirectoryobjectid"))
        case "account" | "user":
            return _account(entity)
        case "file":
            key = _file(entity)
        case "url":
            url = _word(entity, "url", most=LONGEST_KEY)
            key = url_key(url) if url is not None else None
        case _:
            key = None
    return () if key is None else (key,)


def _account(entity: Row) -> tuple[str, ...]:
    name, suffix = _word(entity, "name"), _word(entity, "upnsuffix")
    principal = _word(entity, "userprincipalname", "upn")
    if principal is None and name is not None and suffix is not None:
        principal = f"{name}@{suffix}"
    if principal is not None and "@" not in principal:
        principal = None
    return user_keys(_word(entity, "aaduserid", "azureaduserid"), _word(entity, "sid"), principal)


def _file(entity: Row) -> str | None:
    hashes: dict[str, str] = {}
    for raw in _listed(entity, "filehashes", MOST_ENTITIES, or_none=True):
        one = _inner(raw)
        if isinstance(one, dict):
            folded = _folded(one)
            hashes[(_word(folded, "algorithm") or "").lower()] = _word(folded, "value") or ""
    name = hashes.get("sha256") or hashes.get("sha1") or _word(entity, "name")
    host = _inner(entity.get("host"))
    device = _word(_folded(host), *_DEVICE) if isinstance(host, dict) else None
    return None if name is None else file_key(name, device or _word(entity, *_DEVICE))


def _messages(entity: Row) -> tuple[str, ...]:
    found = _listed(entity, "networkmessageids", MOST_MESSAGES, or_none=True)
    return tuple(one for one in found if isinstance(one, str)) if all(map(_is_text, found)) else ()


def _link(record: Row) -> str | None:
    link = _word(record, "deeplinkurl", most=2 * LONGEST_COMMENT)
    try:
        parts = urlsplit(link or "")
        is_portal = parts.scheme == "https" and parts.netloc.lower() in PORTALS
    except ValueError:
        return None
    return link if is_portal else None


def _is_text(found: object) -> bool:
    return isinstance(found, str) and 0 < len(found) <= LONGEST_WORD


def _word(raw: Row, *names: str, most: int = LONGEST_WORD) -> str | None:
    """Return the first of these texts that is there, without white space around it; a longer one is none."""
    for name in names:
        found = raw.get(name)
        if isinstance(found, str) and found.strip() and len(found) <= most:
            return found.strip()
    return None


def _listed(raw: Row, name: str, most: int, *, or_none: bool = False) -> Sequence[Any]:
    """Return a list, also from within a text; nothing where there is none of this name.

    Raises:
        Unread: it is something else, or too long; with `or_none` there is nothing then.
    """
    found = _inner(raw.get(name))
    if found is None or found == "":
        return ()
    if isinstance(found, list) and len(found) <= most:
        return found
    if or_none:
        return ()
    what = f"has more than {most} entries" if isinstance(found, list) else "is not a list"
    raise Unread(f"`{name}` {what}")


def _object(found: Any, what: str) -> Row:
    inner = _inner(found)
    if not isinstance(inner, dict):
        raise Unread(f"{what} is not a JSON object")
    return _folded(inner)


def _folded(raw: Mapping[str, Any]) -> Row:
    """Return the object with its names in lower case; of two that differ in case only, the first."""
    folded: dict[str, Any] = {}
    for name, value in raw.items():
        folded.setdefault(name.lower(), value)
    return folded


def _inner(found: Any) -> Any:
    """Return what a value holds: JSON text is opened, and what it holds too; any other text stays as it is."""
    for _ in range(MOST_LAYERS):
        if not isinstance(found, str) or found.lstrip()[:1] not in ("{", "[", '"'):
            return found
        try:
            found = msgspec.json.decode(found)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return found
    return found


def in_order(actions: Iterable[AirAction]) -> tuple[AirAction, ...]:
    """Return them oldest first."""
    return tuple(sorted(actions, key=lambda one: (one.at, one.id)))
