"""Documents for programs: JSON in ASCII, in which nothing acts on a terminal, and nothing hides."""

import json
from typing import Any

import msgspec


def as_json(document: Any, *, indent: int | None = None) -> str:
    """Return the document as JSON in ASCII; moments are ISO 8601 in UTC with `Z`, sets are sorted."""
    return ascii_json(msgspec.to_builtins(document, str_keys=True, order="deterministic"), indent=indent)


def ascii_json(plain: Any, *, indent: int | None = None) -> str:
    """Return plain values as JSON in which nothing acts on a terminal; `DEL` is what JSON leaves alone."""
    return json.dumps(plain, indent=indent, ensure_ascii=True).replace("\x7f", "\\u007f")
