"""What SARIF 2.1.0 asks of the properties that we write: the rows of its schema, by hand, and nothing beside them.

Source: OASIS, sarif-schema-2.1.0.json, definitions of the same names. It is 3,400 lines long, and
allows a hundred properties more.
"""

from typing import Any


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


TEXT = {"type": "string", "minLength": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MARKS = {"type": "object", "additionalProperties": {"type": "string"}}
MULTIFORMAT = closed(["text"], text=TEXT, markdown=TEXT)
RULE = closed(
    ["id"],
    id=TEXT,
    name=TEXT,
    shortDescription=MULTIFORMAT,
    fullDescription=MULTIFORMAT,
    help=MULTIFORMAT,
    defaultConfiguration=closed([], level=LEVEL),
    properties={
        "type": "object",
        "properties": {"tags": {"type": "array", "items": TEXT, "uniqueItems": True}},
    },
)
REGION = closed(
    ["startLine"],
    startLine={"type": "integer", "minimum": 1},
    startColumn={"type": "integer", "minimum": 1},
)
RESULT = closed(
    ["message"],
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": -1},
    level=LEVEL,
    message=closed(["text"], text=TEXT),
    locations={
        "type": "array",
        "items": closed(
            [],
            physicalLocation=closed(
                ["artifactLocation"],
                artifactLocation=closed([], uri={"type": "string", "format": "uri-reference"}),
                region=REGION,
            ),
        ),
    },
    partialFingerprints=MARKS,
)
LOG = closed(
    ["version", "runs"],
    version={"enum": ["2.1.0"]},
    runs={
        "type": "array",
        "items": closed(
            ["tool"],
            tool=closed(
                ["driver"],
                driver=closed(
                    ["name"],
                    name=TEXT,
                    version=TEXT,
                    rules={"type": "array", "items": RULE, "uniqueItems": True},
                ),
            ),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            invocations={
                "type": "array",
                "items": closed(["executionSuccessful"], executionSuccessful={"type": "boolean"}),
            },
            results={"type": "array", "items": RESULT},
        ),
    },
    **{"$schema": {"type": "string", "format": "uri"}},
)
