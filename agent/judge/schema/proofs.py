"""The schema of claims about a set of policies, which a proof shows or refutes."""

from agent.judge.schema.conditions import ACTION, definitions, only
from agent.judge.schema.values import Schema, closed, reference, some_of, text, when
from agent.model.decision import Verb
from agent.model.pending import ActionKind

_FORMS = {
    "never": "where `when` holds, this is not decided",
    "always": "where `when` holds, this is decided",
    "only": "this is decided only where `when` holds for certain",
}
_PROMISES = {
    "covered": "every pending action of these kinds gets a policy that is named",
    "agreed": "for these kinds no two policies that decide say approve and reject",
}


def proofs_schema() -> Schema:
    """Return the schema of a file of proofs."""
    claims = {
        form: {
            "type": "array",
            "items": _claim(required=["when"] if form == "only" else []),
            "description": meaning,
        }
        for form, meaning in _FORMS.items()
    }
    promises = {form: _kinds(meaning) for form, meaning in _PROMISES.items()}
    found = closed(
        {
            "proofs": text("what is claimed here, by a name"),
            "description": text("what it is for, in a sentence"),
            **claims,
            **promises,
        },
        required=["proofs"],
        description="Claims about a set of policies: what it must never do, always do, or do only where.",
        anyOf=[
            *({"required": [form], "properties": {form: {"minItems": 1}}} for form in _FORMS),
            *({"required": [form]} for form in _PROMISES),
        ],
    )
    return {"definitions": definitions(), **found}


def _claim(*, required: list[str]) -> Schema:
    return closed(
        {
            "claim": text("what is claimed, in words"),
            "decide": {"enum": sorted(Verb), "description": "the decision that it is about"},
            "kinds": _kinds("the kinds of pending action that it is about"),
            "when": reference(ACTION, "conditions; left out, it is about every pending action of the kinds"),
        },
        required=["claim", "decide", "kinds", *required],
        allOf=[_of_kind(kind) for kind in ActionKind],
    )


def _kinds(description: str) -> Schema:
    return some_of({"enum": sorted(ActionKind)}, description)


def _of_kind(kind: ActionKind) -> Schema:
    named: Schema = {"properties": {"kinds": {"contains": {"const": kind.value}}}, "required": ["kinds"]}
    return when(named, {"properties": {"when": reference(only(kind))}})
