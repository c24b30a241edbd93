"""The schema of a chain file."""

from agent.judge.chains import (
    KEYS,
    MOST_CHANNELS,
    MOST_NAMED,
    MOST_REPEATS,
    MOST_STEPS,
    OF_ACKNOWLEDGED,
    OF_APPROVERS,
    OF_HOURS,
    OF_LAST_CHANCE,
    OF_REPEAT,
    OF_STEP,
)
from agent.judge.parts import LONGEST_NAME
from agent.judge.schema.values import DURATION, GUID, Schema, closed, matching, some_of, text
from agent.model.chain import Fallback, Grouping, Urgency
from agent.model.policy import MOST_APPROVERS

NAME = rf"^\s*[A-Za-z0-9_-]{{1,{LONGEST_NAME}}}\s*$"
CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
WHO = rf"^\s*(role:[!-~]{{1,120}}|user:\s*{GUID})\s*$"


def chain_schema() -> Schema:
    """Return the schema of one chain."""
    found = closed(
        {
            "chain": matching(NAME, "the name of the chain; policies and `escalation.chain` call it so"),
            "description": text("whom it reaches, and for what"),
            "owner": text("the team or address that answers for it"),
            "group": {
                "enum": sorted(Grouping),
                "default": Grouping.INCIDENT.value,
                "description": "what shares one page: an incident, or all about one URL, file or sender's domain",
            },
            "wait": DURATION
            | {
                "description": "how long the first notice waits for others that belong to it, or for the matter to settle; `1m` if left out, `0m` not at all"
            },
            "steps": _steps(),
            "repeat": _repeat(),
            "acknowledged": _closed(
                OF_ACKNOWLEDGED,
                {"quiet": DURATION | {"description": "how long it pauses the chain; `1h` if left out"}},
                required=["quiet"],
                description="what an acknowledgement does: it pauses, and is never an approval",
            ),
            "hours": _hours(),
            "approvers": _approvers(),
            "lastChance": _last_chance(),
        },
        required=["chain", "steps"],
        description="A chain of air-agent: whom what policies leave to people is told to, and when.",
    )
    assert set(found["properties"]) == KEYS  # noqa: S101  one table says what a chain may have
    return found


def _closed(
    keys: frozenset[str],
    properties: dict[str, Schema],
    *,
    description: str,
    required: list[str] | None = None,
) -> Schema:
    assert set(properties) == keys  # noqa: S101  one table says what a part may have
    return closed(properties, required=required or [], description=description)


def _notify(description: str) -> Schema:
    channel = matching(NAME, "a channel of policies/channels/, by its name")
    return some_of(channel, description) | {"uniqueItems": True, "maxItems": MOST_CHANNELS}


def _steps() -> Schema:
    first = _step(is_first=True)
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": MOST_STEPS,
        "items": [first],
        "additionalItems": _step(is_first=False),
        "description": "who is told, and when; each step comes later than the one before it",
    }


def _step(*, is_first: bool) -> Schema:
    after = DURATION | {"description": "how long after the page was opened this step comes"}
    properties: dict[str, Schema] = {
        "after": after,
        "notify": _notify("the channels that are told"),
        "urgency": {
            "enum": sorted(Urgency),
            "default": Urgency.NORMAL.value,
            "description": "low is collected for an hour, normal is told outside of quiet hours, high at once",
        },
    }
    if not is_first:
        return _closed(OF_STEP, properties, required=["after", "notify"], description="a later step")
    del properties["after"]
    told = "the first step, which is taken at once"
    return _closed(OF_STEP - {"after"}, properties, required=["notify"], description=told)


def _repeat() -> Schema:
    return _closed(
        OF_REPEAT,
        {
            "every": DURATION | {"description": "how far apart"},
            "times": {"type": "integer", "minimum": 1, "maximum": MOST_REPEATS},
        },
        required=["every", "times"],
        description="how often the last step is taken again while nobody answers",
    )


def _hours() -> Schema:
    return _closed(
        OF_HOURS,
        {
            "quiet": matching(
                f"^{CLOCK}-({CLOCK}|24:00)$", "from and to; may cross midnight", example="22:00-06:00"
            ),
            "zone": text("a time zone, such as `Europe/Berlin`"),
            "unless": {
                "type": "array",
                "items": {"enum": sorted(Urgency)},
                "description": "urgencies that are told all the same; `[high]` if left out",
            },
        },
        required=["quiet", "zone"],
        description="when only some urgencies are told; what is put off is told afterwards, and before the last chance",
    )


def _approvers() -> Schema:
    return _closed(
        OF_APPROVERS,
        {
            "need": {
                "type": "integer",
                "minimum": 1,
                "maximum": MOST_APPROVERS,
                "default": 1,
                "description": "how many different people have to approve; one is enough to reject",
            },
            "from": some_of(
                matching(WHO, "`role:` and an app role, or `user:` and an object id in Entra"),
                "whose answers count",
            )
            | {"uniqueItems": True, "maxItems": MOST_NAMED},
            "notRequester": {
                "type": "boolean",
                "default": True,
                "description": "whether neither the last author of the policies, of their lists and of the chain nor whoever is affected counts",
            },
            "valid": DURATION | {"description": "how long an approval counts; `24h` if left out"},
        },
        required=["from"],
        description="whose answers count; left out, nobody's do, and people decide in Defender",
    )


def _last_chance() -> Schema:
    return _closed(
        OF_LAST_CHANCE,
        {
            "before": DURATION | {"description": "how long before Defender's deadline; `24h` if left out"},
            "decide": {
                "enum": sorted(Fallback),
                "default": Fallback.ESCALATE.value,
                "description": "what becomes of it then; silence never approves",
            },
            "notify": _notify("the channels that are told; those of the last step if left out"),
        },
        description="what is done where nobody has answered",
    )
