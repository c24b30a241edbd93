"""Conditions: facts with what is asked of them, and how conditions are put together."""

from collections.abc import Mapping

from agent.judge.conditions import QUANTIFIERS
from agent.judge.list_kinds import SINGLE_TEXTS
from agent.judge.literals import DAYS
from agent.judge.operators import ONE_OF
from agent.judge.schema.asking import listed, test_of, tests
from agent.judge.schema.values import (
    DATE,
    LIST,
    LIST_FACT,
    Schema,
    closed,
    matching,
    reference,
    some_of,
    text,
    value,
    without,
)
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS, Fact, Scope, fact_named, refreshed
from agent.model.pending import MAIL_KINDS, ActionKind

ACTION = "conditions"
MESSAGE = "conditions-on-one-message"

_ALL = "all of these conditions hold"
_ANY = "at least one of these conditions holds"
_NOT = "these conditions do not all hold; of what is unknown, nothing is known either"
_ONE_OF = "all members of one entry equal the facts of the same names"
_MESSAGES = "conditions on one and the same message"
_MOMENT = "the moment of judging lies inside all that is given"
_QUANTIFIERS = {
    "any": "at least one message is so",
    "all": "every message is so",
    "none": "no message is so",
    "share": "such a part of the messages is so, from 0 to 1",
}


def definitions() -> dict[str, Schema]:
    """Return the definitions that schemas with conditions refer to."""
    found = {
        ACTION: _conditions(FACTS, ACTION, Scope.ACTION),
        MESSAGE: _conditions(MESSAGE_FACTS, MESSAGE, Scope.MESSAGE),
        "messages": _messages(),
        "moment": _moment(),
    }
    facts = [*FACTS.values(), *MESSAGE_FACTS.values(), _of_a_list()]
    return found | tests(facts) | {only(kind): _only(kind) for kind in ActionKind}


def _of_a_list() -> Fact:
    """Return the row that every list has: its facts are named by the list, of which the schema knows none."""
    found = fact_named(refreshed("NAME"))
    assert found is not None  # noqa: S101  the table makes one for any name
    return found


def only(kind: ActionKind) -> str:
    """Return the name of the definition of what conditions on this kind may name."""
    return f"of-{kind.value}"


def _conditions(facts: Mapping[str, Fact], name: str, scope: Scope) -> Schema:
    properties = {fact.name: test_of(fact) for fact in facts.values()}
    several = some_of(reference(name))
    properties |= {
        "all": {**several, "description": _ALL},
        "any": {**several, "description": _ANY},
        "not": reference(name, _NOT),
        ONE_OF: {**listed(_row(facts)), "description": _ONE_OF},
    }
    if scope is Scope.MESSAGE:
        return closed(properties, minProperties=1)
    properties |= {"messages": reference("messages", _MESSAGES), "moment": reference("moment", _MOMENT)}
    return closed(properties, minProperties=1, patternProperties={LIST_FACT: test_of(_of_a_list())})


def _row(facts: Mapping[str, Fact]) -> Schema:
    """Return the schema of an entry of several members."""
    members = {
        fact.name: value(fact, in_condition=True) for fact in facts.values() if fact.type in SINGLE_TEXTS
    }
    return closed(members, minProperties=1)


def _messages() -> Schema:
    one = reference(MESSAGE)
    part: Schema = {"type": "number", "minimum": 0, "maximum": 1}
    share = closed(
        {"of": one, "atLeast": part, "atMost": part},
        required=["of"],
        minProperties=2,
        description=_QUANTIFIERS["share"],
    )
    properties = {
        name: share if name == "share" else reference(MESSAGE, _QUANTIFIERS[name])
        for name in sorted(QUANTIFIERS)
    }
    return closed(properties, minProperties=1)


def _moment() -> Schema:
    day = "|".join(DAYS)
    days: Schema = {
        "anyOf": [matching(f"^({day})(-({day}))?$", example="mon-fri"), some_of({"enum": list(DAYS)})],
        "description": "days of the week: `mon-fri`, or `[sat, sun]`",
    }
    clock = "(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
    return closed(
        {
            "zone": text("a time zone, such as `Europe/Madrid`", examples=["Europe/Madrid"]),
            "days": days,
            "hours": matching(
                f"^{clock}-{clock}$", "local time; may cross midnight: `22:00-06:00`", example="08:00-18:00"
            ),
            "dates": {
                "anyOf": [DATE, LIST, some_of({"anyOf": [DATE, LIST]})],
                "description": "days of the calendar",
            },
        },
        required=["zone"],
        minProperties=2,
    )


def _only(kind: ActionKind) -> Schema:
    """Return that conditions on the kind name, at any depth, no fact that it does not have."""
    barred = without(*(fact.name for fact in FACTS.values() if kind not in fact.kinds))
    again = reference(only(kind))
    inside = {
        "all": {"items": again},
        "any": {"items": again},
        "not": again,
        ONE_OF: {"items": barred},
    }
    messages = {} if kind in MAIL_KINDS else {"messages": False}
    return {"properties": barred["properties"] | messages | inside}
