"""The schema of a policy file."""

from agent.judge.policies import HIGHEST_PRIORITY, KEYS, OF_DECIDING, REQUIRED
from agent.judge.schema.conditions import ACTION, definitions, only
from agent.judge.schema.values import (
    GUID,
    MOMENT,
    RATE,
    Schema,
    closed,
    matching,
    reference,
    some_of,
    text,
    when,
    without,
)
from agent.judge.words import CLASSIFICATIONS, DETERMINATIONS
from agent.model.decision import Verb
from agent.model.pending import MAIL_KINDS, ActionKind
from agent.model.policy import MOST_APPROVERS, Mode


def policy_schema() -> Schema:
    """Return the schema of one policy."""
    found = closed(
        _properties(),
        required=tuple(REQUIRED),
        description="A policy of air-agent: which pending actions it is for, and what it decides of them.",
        anyOf=[{"required": ["decide"]}, {"required": ["inform"]}],
        allOf=[*_of_verbs(), _of_limits(), *map(_of_kind, ActionKind)],
    )
    assert set(found["properties"]) == KEYS  # noqa: S101  one table says what a policy may have
    return {"definitions": definitions(), **found}


def _properties() -> dict[str, Schema]:
    return {
        "policy": matching(r"^\s*[A-Za-z0-9_.-]*[A-Za-z0-9][A-Za-z0-9_.-]*\s*$", "the name of the policy"),
        "description": text("what it is for, in a sentence"),
        "owner": text("the team or address that answers for it"),
        "for": some_of({"enum": sorted(ActionKind)}, "the kinds of pending action that it is for"),
        "mode": _mode(),
        "priority": {
            "type": "integer",
            "minimum": -HIGHEST_PRIORITY,
            "maximum": HIGHEST_PRIORITY,
            "default": 0,
            "description": "the highest priority that matches decides",
        },
        "tenants": some_of(matching(rf"^\s*{GUID}\s*$"), "only for these tenants, by their ids"),
        "expires": MOMENT | {"description": "from then on it counts no more; a date lasts to its end, UTC"},
        "match": reference(ACTION, "conditions that must all hold"),
        "unless": some_of(reference(ACTION), "conditions of which none may hold"),
        "decide": {"enum": sorted(Verb), "description": "what is decided where it matches"},
        "reason": text("why, in words that are told with every decision"),
        "classification": closed(
            {
                "classification": {"enum": sorted(CLASSIFICATIONS)},
                "determination": {"enum": sorted(DETERMINATIONS)},
            },
            required=["classification"],
            description="what the alerts are to be classified as",
        ),
        "limits": closed(
            {
                "actions": RATE | {"description": "most pending actions that it may approve: `20/h`"},
                "messages": RATE | {"description": "most messages that it may approve: `5000/d`"},
            },
            minProperties=1,
            description="how much it may approve; past it a person is asked",
        ),
        "approvers": {
            "type": "integer",
            "minimum": 0,
            "maximum": MOST_APPROVERS,
            "default": 0,
            "description": "how many people have to approve what it approves; 0 for none",
        },
        "remediateSendersCopy": {
            "type": "boolean",
            "default": False,
            "description": "whether the sender's own copy of a message is deleted too",
        },
        "escalation": text("the chain of people to ask"),
        "inform": text("a chain to tell whenever it matches, whatever is decided"),
    }


def _mode() -> Schema:
    part = closed(
        {
            "kinds": some_of({"enum": sorted(ActionKind)}, "only for these kinds"),
            "tenants": some_of(matching(rf"^\s*{GUID}\s*$"), "only for these tenants, by their ids"),
        },
        minProperties=1,
        description="where it counts; everywhere else it observes",
    )
    return {
        "anyOf": [{"enum": sorted(Mode)}, closed({Mode.ENFORCE.value: part}, required=[Mode.ENFORCE.value])],
        "default": Mode.OBSERVE.value,
        "description": "`enforce` counts; `observe` forms only the shadow decision",
    }


def _of_verbs() -> list[Schema]:
    """Return what only some decisions may have beside them."""
    decides = {"required": ["decide"]}

    def unless(verb: Verb) -> Schema:
        return {"properties": {"decide": {"not": {"const": verb.value}}}, **decides}

    return [
        when(unless(Verb.APPROVE), without("limits", "approvers", "remediateSendersCopy")),
        when(
            {"properties": {"decide": {"const": Verb.ESCALATE.value}}, **decides}, without("classification")
        ),
        {"if": decides, "else": without(*OF_DECIDING)},
    ]


def _of_limits() -> Schema:
    """Return that only mail has messages to limit."""
    mail: Schema = {"properties": {"for": {"contains": {"enum": sorted(MAIL_KINDS)}}}}
    return {
        "if": mail,
        "else": {"properties": {"limits": without("messages"), "remediateSendersCopy": False}},
    }


def _of_kind(kind: ActionKind) -> Schema:
    """Return that a policy for this kind names only facts that it has."""
    named: Schema = {"properties": {"for": {"contains": {"const": kind.value}}}, "required": ["for"]}
    inside = reference(only(kind))
    return when(named, {"properties": {"match": inside, "unless": {"items": inside}}})
