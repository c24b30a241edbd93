"""What the agent writes as YAML: no text in it, whoever wrote that, is read as anything but this text.

It is what the strict reader takes: no aliases, and text in quotes wherever it could be read otherwise.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import yaml

WIDTH = 110


class Plain(str):
    """Text that is written without quotes: a moment."""

    __slots__ = ()


class Inline(dict[str, object]):
    """A mapping that is written on one line."""


def moment_of(at: datetime) -> Plain:
    """Return a moment as it is written, in UTC, to the second."""
    return Plain(at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def dumped(document: Mapping[str, object]) -> str:
    """Return the document as YAML."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


class _Dumper(yaml.SafeDumper):
    """Writes neither anchors nor aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    is_bare = bool(value) and value.isascii() and value[0].isalpha() and _is_word(value)
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if is_bare else '"')


def _is_word(value: str) -> bool:
    return all(letter.isalnum() or letter in "._@-/+" for letter in value) and len(value) < 80


def _inline(dumper: yaml.SafeDumper, value: Inline) -> yaml.MappingNode:
    # On one line a colon ends a key: a moment stands in quotes there.
    entries = [(key, str(each) if isinstance(each, Plain) else each) for key, each in value.items()]
    return dumper.represent_mapping("tag:yaml.org,2002:map", entries, flow_style=True)


def _inline_list(dumper: yaml.SafeDumper, value: Sequence[object]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(
    Plain, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:timestamp", str(value))
)
_Dumper.add_representer(Inline, _inline)
_Dumper.add_representer(tuple, _inline_list)
