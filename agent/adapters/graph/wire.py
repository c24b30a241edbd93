"""Graph's JSON -> incidents and alerts. Pure, and never loses a good thing for a bad neighbour.

A page is taken whole where it can be, which is quick. Where it cannot, each incident is taken by itself,
then each alert, then each evidence. Evidence that does not fit its type becomes `OtherEvidence` and keeps
its verdict and status; an alert or incident that cannot be read is left out, by name.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, get_args

import msgspec

from agent.adapters.microsoft.json import parse
from agent.model.defender import Alert, AnyEvidence, Comment, Incident, OtherEvidence
from agent.model.errors import Malformed
from agent.model.page import Page

_SPACE = "microsoft.graph.security."
_KNOWN = [kind for kind in get_args(AnyEvidence) if kind is not OtherEvidence]
_MOMENTS_OF: dict[str, tuple[str, ...]] = {
    kind.__struct_config__.tag: tuple(
        one.encode_name for one in msgspec.structs.fields(kind) if one.encode_name.endswith("DateTime")
    )
    for kind in _KNOWN
}
"""The types of evidence that the model takes apart, by tag, and which of their fields are moments."""

_WORDS = ("verdict", "remediationStatus")
_LISTS = ("roles", "tags")
_COMMON = frozenset(
    {"@odata.type", "createdDateTime", "remediationStatusDetails", "detailedRoles", *_WORDS, *_LISTS}
)

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?\d*(Z|[+-]\d\d:\d\d)?")
_PLAIN_ID = re.compile(r"[\w.:@-]{1,100}")

T = TypeVar("T", Alert, Incident)


class Walked(NamedTuple):
    """One page, and the link to the next as Graph wrote it; None at the end."""

    page: Page
    next_link: str | None


def incidents_page(body: bytes, *, is_partial: bool = False) -> Walked:
    """Return a page of incidents; `is_partial` where Graph said that it is not all (206).

    Raises:
        Malformed: it is not a page.
    """
    records, link = records_of(body)
    problems: list[str] = []
    incidents = _taken(records, Incident, _prepare_incident, _salvage_incident, problems)
    page = Page(incidents=incidents, is_whole=not is_partial, unreadable=tuple(problems))
    return Walked(page, link)


def alerts_page(body: bytes, *, is_partial: bool = False) -> Walked:
    """Return a page of alerts; the rest is as with incidents."""
    records, link = records_of(body)
    problems: list[str] = []
    alerts = _taken(records, Alert, _prepare_alert, _salvage_alert, problems)
    page = Page(alerts=alerts, is_whole=not is_partial, unreadable=tuple(problems))
    return Walked(page, link)


def one_incident(body: bytes) -> Incident:
    """Return the incident that the body is.

    Raises:
        Malformed: it cannot be read, or an alert in it cannot: what is missing could be what matters.
    """
    problems: list[str] = []
    incidents = _taken([parse(body)], Incident, _prepare_incident, _salvage_incident, problems)
    if problems:
        raise Malformed(f"cannot be read: {problems[0]}")
    return incidents[0]


def records_of(body: bytes) -> tuple[list[Any], str | None]:
    """Return the members of any collection as they came, and the link to the next page.

    Raises:
        Malformed: it is not a collection.
    """
    raw = parse(body)
    records = raw.get("value") if isinstance(raw, dict) else None
    if not isinstance(records, list):
        raise Malformed("the answer is not a page: it has no list `value`")
    link = raw.get("@odata.nextLink")
    if link is not None and not isinstance(link, str):
        raise Malformed("the link to the next page is not text")
    return records, link or None


def _taken(
    records: list[Any],
    kind: type[T],
    prepare: Callable[[Any], None],
    salvage: Callable[[Any, list[str]], T | None],
    problems: list[str],
) -> tuple[T, ...]:
    for record in records:
        prepare(record)
    try:
        return msgspec.convert(records, tuple[kind, ...])  # type: ignore[valid-type]
    except msgspec.ValidationError:
        found = [salvage(record, problems) for record in records]
        return tuple(thing for thing in found if thing is not None)


def _prepare_incident(raw: Any) -> None:
    """Put our version in, and what lies below in the shape that the model has."""
    if not isinstance(raw, dict):
        return
    version = raw.get("lastUpdateDateTime")
    raw["version"] = version if isinstance(version, str) else ""
    _make_aware(raw, "createdDateTime")
    _make_aware(raw, "lastUpdateDateTime")
    _prepare_comments(raw)
    for alert in _listed(raw, "alerts"):
        _prepare_alert(alert)


def _prepare_alert(raw: Any) -> None:
    if not isinstance(raw, dict):
        return
    _make_aware(raw, "createdDateTime")
    _make_aware(raw, "lastUpdateDateTime")
    if raw.get("comments") is None:
        raw.pop("comments", None)
    _prepare_comments(raw)
    evidence = raw.get("evidence")
    if isinstance(evidence, list):
        raw["evidence"] = [_prepared_evidence(one) for one in evidence]


def _prepare_comments(raw: dict[str, Any]) -> None:
    for comment in _listed(raw, "comments"):
        if isinstance(comment, dict):
            _make_aware(comment, "createdDateTime")


def _prepared_evidence(raw: Any) -> Any:
    """Return evidence under a tag that the model knows; a type that it does not is kept whole as text."""
    if not isinstance(raw, dict):
        return raw
    tag = raw.get("@odata.type")
    if not isinstance(tag, str) or tag not in _MOMENTS_OF:
        tag = f"#{_SPACE}{_short(tag)}"
        if tag not in _MOMENTS_OF:
            return _other(raw)
        raw["@odata.type"] = tag
    for key in _MOMENTS_OF[tag]:
        _make_aware(raw, key)
    return raw


def _short(tag: Any) -> str:
    """Return the type's name without its space; Graph writes the tag with a leading # and without."""
    return tag.removeprefix("#").removeprefix(_SPACE) if isinstance(tag, str) else ""


def _other(raw: dict[str, Any]) -> dict[str, Any]:
    """Return evidence as `OtherEvidence`, with whatever of the common fields can be read."""
    own = {key: value for key, value in raw.items() if key not in _COMMON}
    kept: dict[str, Any] = {
        "@odata.type": "other",
        "typeName": _short(raw.get("@odata.type")),
        "raw": msgspec.json.encode(own, order="deterministic").decode(),
    }
    for key in _WORDS:
        if isinstance(word := raw.get(key), str):
            kept[key] = word
    for key in _LISTS:
        if isinstance(words := raw.get(key), list) and words:
            kept[key] = [word for word in words if isinstance(word, str)]
    if (moment := _moment(raw.get("createdDateTime"))) is not None:
        kept["createdDateTime"] = moment
    return kept


def _salvage_incident(raw: Any, problems: list[str]) -> Incident | None:
    if not isinstance(raw, dict):
        problems.append("an incident that is not an object")
        return None
    whole = _without_nulls(raw)
    alerts = whole.pop("alerts", [])
    name = f"incident {_named(whole)}"
    try:
        head = msgspec.convert(whole, Incident)
    except msgspec.ValidationError as error:
        problems.append(f"{name}: {error}")
        return None
    if not isinstance(alerts, list):
        problems.append(f"the alerts of {name}: not a list")
        return head
    found = [_salvage_alert(alert, problems, of=f" of {name}") for alert in alerts]
    return msgspec.structs.replace(head, alerts=tuple(alert for alert in found if alert is not None))


def _salvage_alert(raw: Any, problems: list[str], *, of: str = "") -> Alert | None:
    if not isinstance(raw, dict):
        problems.append(f"an alert{of} that is not an object")
        return None
    whole = _without_nulls(raw)
    evidence = whole.pop("evidence", [])
    comments = [_salvaged_comment(one) for one in _listed(whole, "comments")]
    whole.pop("comments", None)
    name = f"alert {_named(whole)}{of}"
    try:
        head = msgspec.convert(whole, Alert)
    except msgspec.ValidationError as error:
        problems.append(f"{name}: {error}")
        return None
    if not isinstance(evidence, list):
        problems.append(f"the evidence of {name}: not a list")
        return None
    return msgspec.structs.replace(
        head,
        comments=tuple(one for one in comments if one is not None),
        evidence=tuple(_salvaged_evidence(one) for one in evidence),
    )


def _salvaged_comment(raw: Any) -> Comment | None:
    """Return a comment, or None for one that cannot be read: it says nothing of what awaits approval."""
    try:
        return msgspec.convert(raw, Comment)
    except msgspec.ValidationError:
        return None


def _salvaged_evidence(raw: Any) -> AnyEvidence:
    try:
        evidence: AnyEvidence = msgspec.convert(raw, AnyEvidence)
    except msgspec.ValidationError:
        kept = _other(raw if isinstance(raw, dict) else {"value": raw})
        return msgspec.convert(kept, OtherEvidence)
    return evidence


def _without_nulls(thing: Any) -> Any:
    """Return the JSON without nulls, which mean the same as nothing, and with moments that can be read."""
    if isinstance(thing, dict):
        return {
            key: (_moment(value) or value) if key.endswith("DateTime") else _without_nulls(value)
            for key, value in thing.items()
            if value is not None
        }
    if isinstance(thing, list):
        return [_without_nulls(value) for value in thing if value is not None]
    return thing


def _moment(text: Any) -> str | None:
    """Return a moment with at most six digits of a second and a zone, or None where it is none.

    Rounding the seventh digit of 9999-12-31T23:59:59.9999999Z would leave the calendar.
    """
    found = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    mended = f"{found[1]}{found[2] or ''}{found[3] or 'Z'}"
    try:
        msgspec.convert(mended, datetime)
    except msgspec.ValidationError:
        return None
    return mended


def moment_of(text: Any) -> datetime | None:
    """Return the moment that the text is, aware, or None where it is none."""
    mended = _moment(text)
    return None if mended is None else msgspec.convert(mended, datetime)


def _make_aware(record: dict[str, Any], key: str) -> None:
    """Read a moment without a zone as UTC: Graph's are, and a naive one cannot be compared."""
    text = record.get(key)
    if text is not None and isinstance(text, str) and text[-1:] != "Z":
        record[key] = _moment(text) or text


def _listed(record: dict[str, Any], key: str) -> list[Any]:
    found = record.get(key)
    return found if isinstance(found, list) else []


def _named(record: dict[str, Any]) -> str:
    found = record.get("id")
    if isinstance(found, str) and _PLAIN_ID.fullmatch(found):
        return f"`{found}`"
    return "without a usable id"
