"""Values as JSON Schema sees them, once a YAML 1.2 reader has typed them."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.judge.vocabulary import MEMBER, SETS, WORDS, Fact
from agent.model.facts import FactType

Schema = dict[str, Any]
T = FactType

GUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
NOT_BLANK = r"\S"
LIST_NAME = "[A-Za-z0-9_-]+"
LIST_FACT = rf"^list\.{LIST_NAME}\.refreshed$"
NO_REFERENCE = r"(?!\$(?!\$))"
"""A text that begins with a dollar sign names a list; two begin a text with one."""


def text(description: str = "", **more: Any) -> Schema:
    """Return the schema of a text that is not empty."""
    return described({"type": "string", "pattern": NOT_BLANK, **more}, description)


def matching(pattern: str, description: str = "", *, example: str = "") -> Schema:
    """Return the schema of a text of this form."""
    found: Schema = {"type": "string", "pattern": pattern}
    return described(found | ({"examples": [example]} if example else {}), description)


def described(found: Schema, description: str) -> Schema:
    """Return the schema with a description, if there is one."""
    return found | {"description": description} if description else found


def reference(definition: str, description: str = "") -> Schema:
    """Return a reference; draft-07 takes nothing else beside one, so that it stands within `allOf`."""
    found = {"$ref": f"#/definitions/{definition}"}
    return {"allOf": [found], "description": description} if description else found


def some_of(items: Schema, description: str = "") -> Schema:
    """Return the schema of a list with at least one of these."""
    return described({"type": "array", "minItems": 1, "items": items}, description)


def closed(
    properties: Mapping[str, Schema], *, required: Sequence[str] = (), description: str = "", **more: Any
) -> Schema:
    """Return the schema of a mapping with these keys only."""
    found: Schema = {"type": "object", "additionalProperties": False, "properties": dict(properties)}
    if required:
        found["required"] = list(required)
    return described(found | more, description)


def when(condition: Schema, then: Schema) -> Schema:
    """Return the schema that asks for the one where the other holds."""
    return {"if": condition, "then": then}


def without(*keys: str) -> Schema:
    """Return that a mapping has none of these keys."""
    return {"properties": dict.fromkeys(keys, False)}


DATE = matching("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example="2026-12-31")
MOMENT = matching(
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[-+][0-9]{2}:[0-9]{2}))?$",
    example="2026-12-31T18:00:00Z",
)
DURATION = matching("^[0-9]{1,6}[mhd]$", "minutes, hours or days: `15m`, `2h`, `3d`", example="2h")
RATE = matching(
    "^[0-9]{1,9}/[0-9]{0,4}[mhd]$", "so many within such a time: `20/h`, `10/30m`", example="20/h"
)
NETWORK = matching(r"^[0-9A-Fa-f:.]+(%[^/\s]+)?(/[0-9.]+)?$", example="192.0.2.0/24")
LIST = matching(rf"^\${LIST_NAME}$", "a list of policies/lists/, by its name", example="$vip")
NUMBER: Schema = {"type": "number"}
YESNO: Schema = {"type": "boolean"}

_FORMS: Mapping[FactType, str] = {
    T.TEXT: r"[\s\S]*$",
    T.WORD: r"[\s\S]*$",
    T.ADDRESS: r"\S+@[^\s@]+$",
    T.DOMAIN: r"(?!\*?\.)[^\s@/:\\*]+$",
    T.IP: r"\s*[0-9A-Fa-f:.]+(%\S+)?\s*$",
}


def value(fact: Fact, *, in_condition: bool) -> Schema:
    """Return the schema of one value of the fact, or of one member where it is a set.

    Within conditions, a text that begins with a dollar sign is not a value.
    """
    known = WORDS.get(fact.name)
    if known is not None:
        return {"enum": sorted(known)}
    return plain(MEMBER.get(fact.type, fact.type), in_condition=in_condition)


def plain(kind: FactType, *, in_condition: bool) -> Schema:
    """Return the schema of one value of the type."""
    match kind:
        case T.NUMBER:
            return NUMBER
        case T.YESNO:
            return YESNO
        case T.MOMENT:
            return MOMENT
        case _:
            return {"type": "string", "pattern": f"^{NO_REFERENCE if in_condition else ''}{_FORMS[kind]}"}


def whole(fact: Fact) -> Schema:
    """Return the schema of what Defender may give for the fact."""
    one = value(fact, in_condition=False)
    return {"type": "array", "items": one} if fact.type in SETS else one
