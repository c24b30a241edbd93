"""Templates, and what becomes of whatever they write.

It goes through `shown` first: control characters, bidirectional marks and everything else that has no picture is written
as its escape, and only then is the text escaped for HTML. A template that wants more, such as a fence around an attacker's
words, asks for it; none can forget this.
"""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from agent.scrub.visible import visible

SHARED = Path(__file__).parent / "templates"

LONGEST = 100_000
"""Characters of one text on a page."""


def templates(folder: Path) -> Environment:
    """Return the templates in a folder, beside those that all pages share."""
    return Environment(
        loader=FileSystemLoader((folder, SHARED)),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def shown(value: Any) -> Any:
    """Return what a template writes, with everything visible; marked-up text was made of such text already."""
    match value:
        case Markup():
            return value
        case None:
            return ""
        case str():
            return value if value.isascii() and value.isprintable() else visible(value, LONGEST)
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case _:
            return shown(str(value))
