"""Which schemas there are, and how each is written."""

from collections.abc import Callable, Mapping

from agent.judge.schema.chains import chain_schema
from agent.judge.schema.channels import channel_schema
from agent.judge.schema.lists import list_schema
from agent.judge.schema.policies import policy_schema
from agent.judge.schema.proofs import proofs_schema
from agent.judge.schema.situations import cases_schema, situation_schema
from agent.judge.schema.values import Schema
from agent.model.document import Document

DRAFT = "http://json-schema.org/draft-07/schema#"


_SCHEMAS: Mapping[Document, Callable[[], Schema]] = {
    Document.POLICY: policy_schema,
    Document.LIST: list_schema,
    Document.CHAIN: chain_schema,
    Document.CHANNEL: channel_schema,
    Document.CASES: cases_schema,
    Document.SITUATION: situation_schema,
    Document.PROOFS: proofs_schema,
}


def schema(of: Document) -> Schema:
    """Return the JSON Schema of such a file."""
    return {"$schema": DRAFT, "title": f"air-agent {of}", **_SCHEMAS[of]()}


def file_name(of: Document) -> str:
    """Return how the file with the schema is called."""
    return f"{of}.schema.json"
