"""Random policies as documents, and random facts: by hypothesis, or fast from a seed."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from agent.judge.lists import members_data
from agent.judge.operators import OPERATORS
from agent.judge.vocabulary import FACTS, MEMBER, MESSAGE_FACTS, SETS, WORDS, Fact
from agent.model.facts import Facts, FactType, Value
from agent.model.pending import ActionKind

V = TypeVar("V")
T = FactType

Pick = Callable[[Sequence[Any]], Any]
"""Chooses one of several."""

NOW = datetime(2026, 8, 24, 9, tzinfo=UTC)
TENANT = "11111111-2222-3333-4444-555555555555"
KINDS = (ActionKind.SOFT_DELETE_CLUSTER, ActionKind.SOFT_DELETE_MESSAGE)
NAMES = (
    "evidence.verdict", "alert.title", "alert.titles", "alert.category", "alert.severity", "action.firstSeen",
    "action.alertCount", "recipients", "recipients.count", "senders", "senders.domains", "threats", "subjects",
)  # fmt: skip
OF_CLUSTER = (
    "cluster.by",
    "cluster.value",
    "cluster.mailboxCount",
    "cluster.emailCount",
    "cluster.volumeAnomaly",
)
OF_ROW = (
    "sender.domain", "sender.address", "sender.ip", "auth.dmarc", "threats", "received", "inMailbox", "subject",
)  # fmt: skip
POOLS: Mapping[FactType, tuple[Value, ...]] = {
    T.TEXT: ("Invoice", "invoice", "INVOICE now", "straße", "STRASSE", "a now\nb", ""),
    T.WORD: ("one", "two", "Two"),
    T.NUMBER: (0, 1, 2, 2.5, 200, 201, -1),
    T.YESNO: (True, False),
    T.MOMENT: (NOW, NOW - timedelta(hours=2), NOW - timedelta(hours=1), NOW - timedelta(days=3), NOW + timedelta(days=1)),
    T.ADDRESS: ("a@x.example", "A@X.example", "b@sub.x.example", "c@evilx.example", "nobody", "d@xn--bcher-kva.example"),
    T.DOMAIN: ("x.example", "X.example.", "sub.x.example", "evilx.example", "xn--bcher-kva.example", "bücher.example", ""),
    T.IP: ("192.0.2.1", "198.51.100.7", "::ffff:192.0.2.1", "2001:db8::1", "nowhere"),
}  # fmt: skip
TEAM = "list.team.refreshed"
"""The fact that says how old the list is that an Entra group feeds."""

LISTS: Mapping[FactType, str] = {T.ADDRESS: "people", T.DOMAIN: "domains", T.TEXT: "texts", T.IP: "addresses"}
DOCUMENTS: Mapping[str, Mapping[str, Any]] = {
    "people": {
        "list": "people",
        "type": "addresses",
        "entries": [
            "a@x.example",
            {"value": "b@sub.x.example", "expires": "2026-08-24T09:00:00Z", "ticket": "SEC-1"},
            {"value": "c@evilx.example", "expires": "2026-08-24"},
            {"value": "c@evilx.example", "expires": "2026-08-22"},
        ],
    },
    "team": {
        "list": "team",
        "type": "addresses",
        "source": {"group": "22222222-3333-4444-5555-666666666666"},
        "stale": "24h",
        "members": ["a@x.example", "d@xn--bcher-kva.example"],
    },
    "domains": {"list": "domains", "entries": [{"value": "x.example", "expires": "2026-08-23"}, "bücher.example"]},
    "texts": {"list": "texts", "entries": ["invoice", "Straße"]},
    "addresses": {"list": "addresses", "entries": ["192.0.2.1"]},
    "none": {"list": "none", "entries": []},
    "pairs": {
        "list": "pairs",
        "entries": [
            {"sender.domain": "x.example", "auth.dmarc": "pass"},
            {"value": {"sender.domain": "evilx.example", "auth.dmarc": "fail"}, "expires": "2026-08-24T09:00:00Z"},
        ],
    },
    "days": {"list": "days", "entries": ["2026-08-24", "2026-08-22"]},
}  # fmt: skip


def seeded(chance: Random) -> Pick:
    """Choose by a seed: a thousand times as fast as hypothesis."""
    return lambda options: options[int(chance.random() * len(options))]


def drawn(data: st.DataObject) -> Pick:
    """Choose by hypothesis, which looks for the smallest example."""
    return lambda options: data.draw(st.sampled_from(options))


def documents(pick: Pick) -> list[dict[str, Any]]:
    """Return one to five policies as documents."""
    return [_policy(pick, f"p{number}") for number in range(pick((1, 2, 3, 5)))]


def files(policies: Sequence[Mapping[str, Any]], *, names: Sequence[str] = ()) -> dict[str, bytes]:
    """Return the policies and all lists as files; JSON is YAML."""
    given = names or [str(doc["policy"]) for doc in policies]
    found = {f"policies/{name}.yaml": _bytes(doc) for name, doc in zip(given, policies, strict=True)}
    for name, doc in DOCUMENTS.items():
        written = {key: part for key, part in doc.items() if key != "members"}
        found[f"policies/lists/{name}.yaml"] = _bytes(written)
        if "members" in doc:
            found[f"policies/lists/{name}.members"] = members_data(doc["members"])
    return found


def _bytes(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def situation(pick: Pick, kind: ActionKind) -> Facts:
    """Return facts of an action of this kind; each may be missing."""
    names = NAMES + (OF_CLUSTER if kind is ActionKind.SOFT_DELETE_CLUSTER else ())
    rows = [_values(pick, OF_ROW, MESSAGE_FACTS) for _ in range(pick((0, 1, 2, 3)))]
    now = pick((NOW, NOW - timedelta(hours=9), NOW - timedelta(days=2), NOW + timedelta(days=1)))
    age = pick((None, timedelta(), timedelta(hours=24), timedelta(hours=24, seconds=1)))
    return Facts(
        now=now,
        values=_values(pick, names, FACTS) | ({} if age is None else {TEAM: now - age}),
        messages=None if pick((True, False, False, False)) else tuple(rows),
        messages_complete=pick((True, True, False)),
    )


def _values(pick: Pick, names: Sequence[str], table: Mapping[str, Fact]) -> dict[str, Value]:
    return {name: _value(pick, table[name]) for name in names if pick((True,) * 7 + (False,))}


def _pool(fact: Fact) -> tuple[Value, ...]:
    known = WORDS.get(fact.name)
    return tuple(sorted(known)[:3]) if known else POOLS[MEMBER.get(fact.type, fact.type)]


def _value(pick: Pick, fact: Fact) -> Value:
    pool = _pool(fact)
    return frozenset(pick(pool) for _ in range(pick((0, 1, 2)))) if fact.type in SETS else pick(pool)


def _policy(pick: Pick, name: str) -> dict[str, Any]:
    kinds = pick((KINDS[:1], KINDS[:1], KINDS))
    names = NAMES + (OF_CLUSTER if kinds == KINDS[:1] else ())
    document: dict[str, Any] = {
        "policy": name,
        "description": "made up",
        "owner": "soc@contoso.example",
        "for": [str(kind) for kind in kinds],
        "mode": "enforce",
        "match": _mapping(pick, names, pick((0, 0, 1, 2))),
        "decide": pick(("approve", "approve", "reject", "escalate")),
        "priority": pick((0, 0, 1)),
    }
    if pick((True, False)):
        document["unless"] = [_mapping(pick, names, pick((0, 1))) for _ in range(pick((1, 1, 2)))]
    if pick((True,) + (False,) * 7):
        document["expires"] = pick(("2026-08-23", "2026-08-24", "2026-08-24T09:00:00Z"))
    if pick((True,) + (False,) * 7):
        document["tenants"] = pick(([TENANT], ["99999999-2222-3333-4444-555555555555"]))
    return document


def _mapping(pick: Pick, names: Sequence[str], depth: int, *, in_messages: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(pick((1, 1, 1, 2))):
        shape = pick(
            SHAPES if depth and not in_messages else SHAPES_OF_ROWS if depth else ("test", "test", "oneOf")
        )
        match shape:
            case "all" | "any":
                found[shape] = [
                    _mapping(pick, names, depth - 1, in_messages=in_messages) for _ in range(pick((1, 2)))
                ]
            case "not":
                found["not"] = _mapping(pick, names, depth - 1, in_messages=in_messages)
            case "messages":
                inner = _mapping(pick, OF_ROW, depth - 1, in_messages=True)
                found["messages"] = {pick(("any", "all", "none")): inner}
                if pick((True, False, False)):
                    found["messages"] = {
                        "share": {"of": inner, "atLeast": pick((0.0, 0.5)), "atMost": pick((0.5, 0.9, 1))}
                    }
            case "moment":
                found["moment"] = _moment(pick)
            case "oneOf" if in_messages:
                found["oneOf"] = pick(
                    ("$pairs", [{"sender.domain": "x.example"}, {"sender.domain": "sub.x.example"}])
                )
            case _:
                name = pick(names)
                found[name] = _tests(pick, (MESSAGE_FACTS if in_messages else FACTS)[name])
                if not in_messages and pick((True,) + (False,) * 15):
                    found[TEAM] = {pick(("olderThan", "newerThan")): pick(("1h", "24h"))}
    return found


SHAPES = ("test", "test", "test", "all", "any", "not", "messages", "messages", "moment")
SHAPES_OF_ROWS = ("test", "test", "oneOf", "all", "any", "not")


def _moment(pick: Pick) -> dict[str, Any]:
    parts = {
        "days": pick((["mon"], ["sat", "sun"], ["fri", "sat"])),
        "hours": pick(("00:00-12:00", "22:00-06:00", "11:00-11:01")),
        "dates": "$days",
    }
    chosen = pick((("days",), ("hours",), ("dates",), ("days", "hours"), ("dates", "hours")))
    return {
        "zone": pick(("Europe/Madrid", "UTC", "America/New_York")),
        **{name: parts[name] for name in chosen},
    }


def _tests(pick: Pick, fact: Fact) -> Any:
    if fact.type not in SETS and fact.type is not T.MOMENT and pick((True, False, False)):
        return _one(pick, fact)
    fitting = [row.name for row in OPERATORS.values() if fact.type in row.types]
    return {
        operator: _operand(pick, fact, operator)
        for operator in dict.fromkeys(pick(fitting) for _ in range(pick((1, 1, 2))))
    }


def _one(pick: Pick, fact: Fact) -> Any:
    pool = [one for one in _pool(fact) if one not in ("", "nobody", "nowhere", "a now\nb")]
    return pick(pool)


def _operand(pick: Pick, fact: Fact, operator: str) -> Any:
    kind = MEMBER.get(fact.type, fact.type)
    match operator:
        case "in" | "notIn" | "anyIn" | "allIn" | "noneIn":
            named = [f"${LISTS[kind]}", "$none"] if kind in LISTS else []
            named += ["$team"] if kind is T.ADDRESS else []
            return pick([*named, [_one(pick, fact)], [_one(pick, fact), *named, _one(pick, fact)]])
        case "between":
            return pick(([0, 0], [0, 2], [1, 200]))
        case "startsWith" | "endsWith":
            return pick(("in", "A", "NOW", "straSSe", "x.example"))
        case "contains":
            return _one(pick, fact) if fact.type in SETS else pick(("VOI", "now", "ss", "e"))
        case "matches":
            return pick(("(?i)invoice.*", ".*@x\\.example", "[a-z.]+", ".*now.b", "a"))
        case "domainIn":
            return pick(("x.example", "$domains", ["sub.x.example", "xn--bcher-kva.example"], "$none"))
        case "cidr":
            return pick(("192.0.2.0/24", ["192.0.2.0/24", "2001:db8::/32"]))
        case "olderThan" | "newerThan":
            return pick(("1h", "2h", "3d", "120m"))
        case "exists":
            return pick((True, False))
        case _:
            return _one(pick, fact)
