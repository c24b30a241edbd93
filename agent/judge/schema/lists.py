"""The schema of a list file."""

from agent.judge.document import list_rows
from agent.judge.list_kinds import SINGLE_TEXTS
from agent.judge.lists import ABOUT, FED, KEYS
from agent.judge.schema.values import (
    DATE,
    DURATION,
    GUID,
    LIST_NAME,
    MOMENT,
    NETWORK,
    Schema,
    closed,
    matching,
    plain,
    reference,
    text,
    value,
    when,
)
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS
from agent.model.facts import FactType
from agent.model.policy import ListType

ROW = "entry-of-several-members"


def list_schema() -> Schema:
    """Return the schema of one list."""
    found = closed(
        {
            "list": matching(rf"^\s*{LIST_NAME}\s*$", "the name of the list; conditions call it `$name`"),
            "description": text("what is in it, and why"),
            "owner": text("the team or address that answers for it"),
            "type": {"enum": sorted(ListType), "description": _types()},
            "review": MOMENT | {"description": "by when somebody is to look it over"},
            "perTenant": {
                "type": "boolean",
                "description": "in a base that tenants share: whether each tenant says for itself what is in it",
            },
            "entries": {
                "type": "array",
                "items": {"anyOf": [_bare(None), _told(_bare(None))]},
                "description": "its values, each bare or as `{value: …, reason: …, expires: …}`",
            },
            "source": closed(
                {"group": matching(rf"^\s*{GUID}\s*$", "the object id of a group in Entra")},
                required=["group"],
                description="where its members come from, instead of `entries`",
            ),
            "refresh": DURATION | {"description": "how often the members are asked for; `1h` if left out"},
            "stale": DURATION | {"description": "how old they may be before nothing on the list is known"},
        },
        required=["list"],
        description="A list of air-agent: values that policies compare facts with.",
        oneOf=[{"required": ["entries"]}, {"required": ["source", "type"]}],
        allOf=[*map(_of_type, ListType), *_of_source()],
    )
    assert set(found["properties"]) == KEYS  # noqa: S101  one table says what a list may have
    return {"definitions": {ROW: _row()}, **found}


def _types() -> str:
    told = "; ".join(f"{name}: {entry}" for name, entry, _ in list_rows())
    return f"what its entries are: {told}"


def _bare(of: ListType | None) -> Schema:
    """Return the schema of a value; of a list without a type, of whatever a fact may be compared with."""
    match of:
        case None:
            return {"anyOf": [{"type": "string"}, {"type": "number"}, reference(ROW)]}
        case ListType.ADDRESSES:
            return plain(FactType.ADDRESS, in_condition=True)
        case ListType.DOMAINS:
            return plain(FactType.DOMAIN, in_condition=True)
        case ListType.NETWORKS:
            return NETWORK
        case ListType.USERS:
            return {"anyOf": [plain(FactType.ADDRESS, in_condition=True), matching(f"^{GUID}$")]}
        case ListType.DEVICES:
            return matching(r"^(?!\$(?!\$))\s*\S+\s*$")
        case ListType.TEXTS:
            return plain(FactType.TEXT, in_condition=True)
        case ListType.DATES:
            return DATE
        case ListType.ROWS:
            return reference(ROW)


def _row() -> Schema:
    facts = {**FACTS, **MESSAGE_FACTS}.values()
    members = {fact.name: value(fact, in_condition=True) for fact in facts if fact.type in SINGLE_TEXTS}
    return closed(members, minProperties=1)


def _told(one: Schema, *, ends: bool = True) -> Schema:
    about: dict[str, Schema] = {
        "reason": text("why it is there"),
        "owner": text("who answers for it"),
        "ticket": text("where that was agreed"),
        "expires": MOMENT | {"description": "from then on it is in the list no more"},
    }
    assert set(about) == ABOUT  # noqa: S101  one table says what an entry may have
    if not ends:
        about.pop("expires")
    return closed({"value": one, **about}, required=["value"])


def _of_type(of: ListType) -> Schema:
    one = _bare(of)
    entries: Schema = {"items": {"anyOf": [one, _told(one, ends=of is not ListType.DATES)]}}
    typed: Schema = {"properties": {"type": {"const": of.value}}, "required": ["type"]}
    return when(typed, {"properties": {"entries": entries}})


def _of_source() -> list[Schema]:
    sourced: Schema = {"required": ["source"]}
    return [
        when(sourced, {"properties": {"type": {"enum": sorted(FED)}}}),
        {"if": sourced, "else": {"properties": {"refresh": False, "stale": False}}},
    ]
