"""Queries: names of fields and structure stay, what is looked for is replaced as it is everywhere else."""

import re
from collections.abc import Callable

from agent.scrub.names import FLAGS, MOMENTS, OPERATORS, is_field, is_name
from agent.scrub.shapes import Shapes
from agent.scrub.words import WORDS

_QUOTED = r'(?P<quoted>"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')'
_PARTS = re.compile(
    _QUOTED
    + r"|(?P<space>\s+)|(?P<mark>[()\[\]{},:;=<>!|&*+~])|(?P<word>[^\s()\[\]{},:;=<>!|&*+~\"']+)|(?P<rest>.+)",
    re.DOTALL,
)
_LITERALS = re.compile(_QUOTED, re.DOTALL)
_FILTER = re.compile(
    r"(?P<quoted>'(?:[^']|'')*')|(?P<space>\s+)|(?P<mark>[(),=/:])|(?P<word>[^\s(),=/']+)|(?P<rest>.+)",
    re.DOTALL,
)
_SMALL = re.compile(r"\d{1,2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)

HUNTED = frozenset({"0", "1", "true", "false", "airinvestigationdata", ""}).union(
    *(
        WORDS[name]
        for name in ("actiontype", "location", "threattypes", "emaildirection", "actiontrigger", "roles")
    )
)
"""Words that a hunting query of the agent may look for, which name nobody; in lower case."""


def of_cluster(query: str, shapes: Shapes) -> str:
    """Return the query of a mail cluster, such as `( (Urls:"https://…") AND (AntispamDirection:1) )`."""
    field = ""

    def part(found: re.Match[str]) -> str:
        nonlocal field
        match found.lastgroup:
            case "space" | "mark":
                return found[0]
            case "quoted":
                return _requoted(found[0], shapes.like)
            case "word" if found[0].lower() in OPERATORS:
                return found[0]
            case "word" if is_field(found[0]):
                field = found[0].lower()
                return found[0]
            case "word" if field in FLAGS and _SMALL.fullmatch(found[0]):
                field = ""
                return found[0]
            case _:
                field = ""
                return shapes.token(found[0])

    return _PARTS.sub(part, query)


def fields(text: str, shapes: Shapes) -> str:
    """Return the names of fields that a cluster is built by, such as `Subject;P2SenderDomain;ContentType`."""
    return ";".join(
        part if not part.strip() or is_field(part.strip()) else shapes.like(part) for part in text.split(";")
    )


def of_hunting(query: str, shapes: Shapes) -> str:
    """Return a hunting query that the agent asked.

    What stands outside quotes is the agent's own wording; what it was given by Graph stands within.
    """
    return _LITERALS.sub(
        lambda found: _requoted(
            found[0], lambda inner: inner if inner.lower() in HUNTED else shapes.like(inner)
        ),
        query,
    )


def of_filter(text: str, shapes: Shapes) -> str:
    """Return the value of `$filter`, `$expand`, `$select` or `$orderby`."""

    def part(found: re.Match[str]) -> str:
        match found.lastgroup:
            case "space" | "mark":
                return found[0]
            case "quoted":
                inner = found[0][1:-1].replace("''", "'")
                return f"'{shapes.like(inner)}'"
            case "word" if found[0].lower() in OPERATORS or is_name(found[0]) or found[0] in {"asc", "desc"}:
                return found[0]
            case "word" if _MOMENT.fullmatch(found[0]):
                return found[0]
            case _:
                return shapes.token(found[0])

    return _FILTER.sub(part, text)


def is_moment(name: str, text: str) -> bool:
    """Return whether this is a moment under a name that holds moments; `name` is in lower case."""
    return name in MOMENTS and _MOMENT_OF_ANY.fullmatch(text) is not None


_MOMENT_OF_ANY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def _requoted(quoted: str, like: Callable[[str], str]) -> str:
    mark, inner = quoted[0], re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.DOTALL)
    made_up = re.sub(r"([\\\"'])", r"\\\1", like(inner))
    return f"{mark}{made_up}{mark}"
