"""YAML on one line: the same document, for messages that have no more than that."""

from collections.abc import Collection, Iterator
from typing import cast

import yaml

LONGEST = 1_000_000
_MOMENT, _TEXT = "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:str"


def one_line(document: str, *, without: Collection[str] = ()) -> str:
    """Return a mapping in YAML as one line, without these of its keys; reading it gives the same."""
    root = cast("yaml.MappingNode", yaml.compose(document, Loader=yaml.SafeLoader))
    for node in _nodes(root):
        if isinstance(node, yaml.CollectionNode):
            node.flow_style = True
        elif node.tag == _MOMENT:
            # On one line a colon ends a key: a moment stands in quotes there.
            node.tag = _TEXT
    root.value = [(key, value) for key, value in root.value if key.value not in without]
    return str(yaml.serialize(root, width=LONGEST, allow_unicode=True)).strip()


def _nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    yield node
    for part in node.value if isinstance(node, yaml.CollectionNode) else ():
        for each in part if isinstance(part, tuple) else (part,):
            yield from _nodes(each)
