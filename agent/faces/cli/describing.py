"""`policy schema` and `policy facts`: what policies may say, from the tables that check them."""

import json

from agent.faces.cli.output import print_plain
from agent.judge.schema.schema import schema
from agent.model.document import Document


def print_schema(of: Document) -> None:
    """Print the JSON Schema of such a file."""
    print_plain(schema_text(of))


def schema_text(of: Document) -> str:
    """Return the JSON Schema as its file has it: the same bytes for the same tables."""
    return json.dumps(schema(of), indent=1, ensure_ascii=True)
