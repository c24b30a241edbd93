"""The schemas of situations, and of the cases that are built on them."""

from agent.judge.document import fact_in_words
from agent.judge.schema.conditions import only
from agent.judge.schema.values import (
    LIST_FACT,
    LIST_NAME,
    MOMENT,
    Schema,
    closed,
    described,
    reference,
    some_of,
    text,
    when,
    whole,
    without,
)
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS
from agent.model.decision import Verb
from agent.model.pending import ActionKind

THE_MESSAGES = "messages"
_FACTS = "what is known of the pending action; what is not named is unknown"


def situation_schema() -> Schema:
    """Return the schema of a situation in a file of its own."""
    return {
        "definitions": _definitions(),
        **closed(
            _parts(),
            required=["kind"],
            description="The facts of one pending action, real or made up.",
            allOf=[_of_kind(kind) for kind in ActionKind],
        ),
    }


def cases_schema() -> Schema:
    """Return the schema of a file of cases."""
    given = _parts() | {"unknown": _unknown()}
    base = text("the situation that it stands on: one of `bases`, or a file in situations/")
    of_kinds = [_of_kind(kind) for kind in ActionKind]
    case = closed(
        given | {"base": base} | _expected(), required=["case", "decision", "policies"], allOf=of_kinds
    )
    found = closed(
        {
            "policy": text("the policy that the cases are about"),
            "base": base,
            "bases": {
                "type": "object",
                "additionalProperties": closed(_parts(), required=["kind"], allOf=of_kinds),
                "description": "situations of this file alone, by their names",
            },
            "given": closed(given, description="what all cases share", allOf=of_kinds),
            "cases": some_of(case, "facts in, decision and reason out"),
        },
        required=["policy", "cases"],
        description="Examples of what the whole set of policies decides.",
        allOf=[_of_given(kind) for kind in ActionKind],
    )
    return {"definitions": _definitions(), **found}


def _definitions() -> dict[str, Schema]:
    return {
        "facts": closed(
            {fact.name: described(whole(fact), fact_in_words(fact)) for fact in FACTS.values()},
            patternProperties={LIST_FACT: MOMENT},
        ),
        "facts-of-one-message": closed(
            {fact.name: described(whole(fact), fact_in_words(fact)) for fact in MESSAGE_FACTS.values()}
        ),
        **{only(kind): _only(kind) for kind in ActionKind},
    }


def _only(kind: ActionKind) -> Schema:
    return without(*(fact.name for fact in FACTS.values() if kind not in fact.kinds))


def _parts() -> dict[str, Schema]:
    return {
        "kind": {"enum": sorted(ActionKind), "description": "which pending action this is"},
        "now": MOMENT | {"description": "the moment of judging; a Monday at 11:00 in Madrid if left out"},
        "tenant": {"type": "string", "description": "the id of the tenant"},
        "facts": reference("facts", _FACTS),
        THE_MESSAGES: {
            "type": "array",
            "items": reference("facts-of-one-message"),
            "description": "the messages that the action would touch; left out, none was looked up",
        },
        "messagesComplete": {
            "type": "boolean",
            "default": True,
            "description": "false where some messages could not be looked up",
        },
        "lists": {
            "type": "object",
            "propertyNames": {"pattern": f"^{LIST_NAME}$"},
            "additionalProperties": {"type": "array", "items": text()},
            "description": "the members of lists that are fed, as if these were in them",
        },
    }


def _unknown() -> Schema:
    names = sorted({*FACTS, THE_MESSAGES})
    return {
        "type": "array",
        "items": {"anyOf": [{"enum": names}, {"type": "string", "pattern": LIST_FACT}]},
        "description": "facts that are taken away again, or `messages`",
    }


def _expected() -> dict[str, Schema]:
    return {
        "case": text("what the case shows"),
        "decision": {"enum": sorted(Verb), "description": "what is to be decided"},
        "policies": {
            "type": "array",
            "items": {"type": "string"},
            "description": "the policies that decide it, or that could not tell; none where none matched",
        },
        "reason": {
            "type": "array",
            "items": {"type": "string"},
            "description": "words that the reason has in it",
        },
        "inform": {
            "type": "array",
            "items": {"type": "string"},
            "description": "the chains that are told",
        },
    }


def _of_kind(kind: ActionKind) -> Schema:
    named: Schema = {"properties": {"kind": {"const": kind.value}}, "required": ["kind"]}
    return when(named, {"properties": {"facts": reference(only(kind))}})


def _of_given(kind: ActionKind) -> Schema:
    """Return that what is given of a kind is the kind of every case that does not name its own."""
    given: Schema = {"properties": {"kind": {"const": kind.value}}, "required": ["kind"]}
    inherits: Schema = {"not": {"required": ["kind"]}}
    inside = when(inherits, {"properties": {"facts": reference(only(kind))}})
    return when(
        {"properties": {"given": given}, "required": ["given"]}, {"properties": {"cases": {"items": inside}}}
    )
