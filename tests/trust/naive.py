"""What policies mean, once more: slowly, from their text, without the engine but for its table of types."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from operator import ge, gt, le, lt
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from agent.judge.vocabulary import FACTS, MESSAGE_FACTS
from agent.model.facts import Facts

Doc = Mapping[str, Any]
Truth = bool | None
COMPARE = {"atMost": le, "atLeast": ge, "above": gt, "below": lt, "olderThan": gt, "newerThan": lt}


class World(NamedTuple):
    facts: Facts
    values: Doc
    lists: Doc
    of_message: bool = False


def verdict(policies: Iterable[Doc], lists: Doc, action: Doc, facts: Facts) -> tuple[str, frozenset[str]]:
    """Return what these policies decide together; `action` has the kind, the tenant and the deadline."""
    world = World(facts, facts.values, lists)
    ours = [doc for doc in policies if _counts(doc, action, facts.now)]
    whole = [{"all": [doc["match"]], "not": {"any": doc.get("unless", [])}} for doc in ours]
    said = [(doc, _mapping(conditions, world)) for doc, conditions in zip(ours, whole, strict=True)]
    matched = [doc for doc, truth in said if truth is True]
    top = max((doc.get("priority", 0) for doc in matched), default=None)
    winners = [doc for doc in matched if doc.get("priority", 0) == top]
    unsure = [doc for doc, truth in said if truth is None and (top is None or doc.get("priority", 0) >= top)]
    verbs = {doc["decide"] for doc in winners}
    if unsure and verbs != {"escalate"}:
        return "escalate", frozenset(doc["policy"] for doc in unsure)
    verb = verbs.pop() if len(verbs) == 1 else "escalate"
    is_late = verb == "approve" and facts.now >= action["deadline"]
    return "escalate" if is_late else verb, frozenset(doc["policy"] for doc in winners)


def _counts(doc: Doc, action: Doc, now: datetime) -> bool:
    is_for = action["kind"] in doc["for"] and action["tenant"] in doc.get("tenants", [action["tenant"]])
    return "decide" in doc and is_for and now < _end(doc.get("expires", "9999-12-30"))


def _end(written: str) -> datetime:
    day = datetime.fromisoformat(written)
    return day if "T" in written else day.replace(tzinfo=UTC) + timedelta(days=1)


def both(truths: Iterable[Truth]) -> Truth:
    seen = list(truths)
    return False if False in seen else None if None in seen else True


def some(truths: Iterable[Truth]) -> Truth:
    return no(both(map(no, truths)))


def no(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _mapping(conditions: Doc, world: World) -> Truth:
    return both(_condition(*one, world) for one in conditions.items())


def _condition(key: str, value: Any, world: World) -> Truth:
    match key:
        case "all":
            return both(_mapping(one, world) for one in value)
        case "any":
            return some(_mapping(one, world) for one in value)
        case "not":
            return no(_mapping(value, world))
        case "messages":
            return both(_messages(each, inner, world) for each, inner in value.items())
        case "moment":
            return _moment(value, world)
        case "oneOf":
            return some(_mapping(row, world) for row in _listed(value, world)[0])
    tests = value if isinstance(value, dict) else {"equals": value}
    return both(_test(key, *test, world) for test in tests.items())


def _messages(quantifier: str, inner: Any, world: World) -> Truth:
    of = inner["of"] if quantifier == "share" else inner
    rows = [World(world.facts, row, world.lists, of_message=True) for row in world.facts.messages or ()]
    if not rows:
        return None
    truths = [_mapping(of, row) for row in rows] + [None] * (not world.facts.messages_complete)
    if quantifier != "share":
        return (
            both(truths) if quantifier == "all" else some(truths) if quantifier == "any" else no(some(truths))
        )
    if not world.facts.messages_complete:
        return None
    low, high, sure = inner.get("atLeast", 0), inner.get("atMost", 1), truths.count(True)
    inside = {low <= (sure + more) / len(rows) <= high for more in range(truths.count(None) + 1)}
    return inside.pop() if len(inside) == 1 else None


def _moment(given: Doc, world: World) -> bool:
    local = world.facts.now.astimezone(ZoneInfo(given["zone"]))
    day, minute = local.date(), local.hour * 60 + local.minute
    if "hours" in given:
        start, end = (int(part[:2]) * 60 + int(part[3:]) for part in given["hours"].split("-"))
        if start >= end and minute < end:
            day -= timedelta(days=1)
        elif not (start <= minute < end if start < end else minute >= start):
            return False
    if "days" in given and f"{day:%a}".lower() not in given["days"]:
        return False
    return "dates" not in given or day.isoformat() in _listed(given["dates"], world)[0]


def _listed(operand: Any, world: World) -> tuple[list[Any], bool]:
    if isinstance(operand, list):
        parts = [_listed(one, world) for one in operand]
        return [one for values, _ in parts for one in values], all(sure for _, sure in parts)
    if not str(operand).startswith("$"):
        return [operand], True
    doc, now = world.lists[operand[1:]], world.facts.now
    if "source" in doc:
        at: Any = world.facts.values.get(f"list.{operand[1:]}.refreshed")
        return doc["members"], at is not None and now - at <= _span(doc.get("stale", "24h"))
    entries = [one if isinstance(one, dict) and "value" in one else {"value": one} for one in doc["entries"]]
    return [one["value"] for one in entries if "expires" not in one or now < _end(one["expires"])], True


def _span(written: str) -> timedelta:
    return int(written[:-1]) * timedelta(minutes={"m": 1, "h": 60, "d": 1440}[written[-1]])


def _fold(kind: str, value: Any) -> Any:
    if kind.endswith(("text", "texts")):
        return value.casefold()
    if kind.endswith(("domain", "domains", "address", "addresses")) and kind != "ip address":
        name, at, host = value.rpartition("@")
        return name.lower() + at + _domain(host)
    if kind == "ip address" and re.fullmatch("[0-9a-f.:]*[.:][0-9a-f.:]*", value):
        return (getattr(ip_address(value), "ipv4_mapped", None) or ip_address(value)).exploded
    return None if kind == "ip address" else value


def _domain(value: str) -> str:
    unicode = re.sub("xn--([a-z0-9-]+)", lambda m: m[1].encode().decode("punycode"), value.lower())
    return unicode.removesuffix(".")


def _test(name: str, operator: str, operand: Any, world: World) -> Truth:
    fact = (MESSAGE_FACTS if world.of_message else FACTS).get(name)
    kind = str(fact.type) if fact else "moment"
    raw: Any = world.values.get(name)
    is_set = isinstance(raw, frozenset)
    value = {_fold(kind, one) for one in raw} if is_set else None if raw is None else _fold(kind, raw)
    wanted, sure = _listed(operand, world)
    if operator == "exists" or value is None or not sure:
        return (value is not None) is operand if operator == "exists" else None
    truth = _holds(kind, operator, value, raw, wanted, world.facts.now)
    if fact and fact.over_messages and not world.facts.messages_complete:
        settled = {"anyIn": True, "contains": True, "allIn": False, "noneIn": False} if is_set else {}
        return truth if operator in settled and truth is settled[operator] else None
    return truth


def _holds(kind: str, operator: str, value: Any, raw: Any, wanted: list[Any], now: datetime) -> Truth:
    first: Any = wanted[0] if wanted else None
    if operator in ("olderThan", "newerThan"):
        value, first = now - raw, _span(first)
    match operator:
        case "atMost" | "atLeast" | "above" | "below" | "olderThan" | "newerThan":
            return bool(COMPARE[operator](value, first))
        case "between":
            return bool(wanted[0] <= value <= wanted[1])
        case "matches":
            return re.fullmatch(first, raw if kind == "text" else value, re.DOTALL) is not None
        case "domainIn":
            host = value.split("@")[-1]
            return any(f".{host}".endswith(f".{_domain(one)}") for one in wanted) if host else None
        case "cidr":
            return any(ip_address(value) in ip_network(one) for one in wanted)
        case "startsWith" | "endsWith":
            part = first.lower() if kind == "address" else first.casefold()
            return bool(getattr(value, operator.lower())(part))
    folded = {_fold(kind, one) for one in wanted}
    if operator == "contains":
        return folded <= value if isinstance(value, set) else _fold("text", first) in value
    if operator in ("anyIn", "noneIn"):
        return bool(value & folded) is (operator == "anyIn")
    if operator == "allIn":
        return value <= folded if value else None
    return (value in folded) is (operator != "notIn")
