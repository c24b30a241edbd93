"""What is laid over a situation -> everything that is wrong with it, so that one mistake hides no other."""

from collections.abc import Iterator, Mapping

from agent.judge.literals import Wrong
from agent.judge.situations import laid
from agent.judge.strict_yaml import Mapping_, Node, Sequence
from agent.model.situation import Situation


def each_wrong(layer: Mapping[str, Node], on: Situation) -> Iterator[Wrong]:
    """Give everything that is wrong with what a layer says of a situation, fact by fact."""
    for parts in _one_by_one(layer):
        try:
            laid(parts, on)
        except Wrong as wrong:
            yield wrong


def _one_by_one(layer: Mapping[str, Node]) -> Iterator[Mapping[str, Node]]:
    """Give the parts of a layer one by one, and each fact of each by itself."""
    for key in ("now", "tenant", "messagesComplete", "facts", "messages"):
        node = layer.get(key)
        if key == "facts" and isinstance(node, Mapping_):
            for entry in node.entries:
                yield {key: Mapping_(entries=(entry,), mark=node.mark)}
        elif key == "messages" and isinstance(node, Sequence):
            for item in node.items:
                entries = item.entries if isinstance(item, Mapping_) else ()
                alone: list[Node] = [Mapping_(entries=(entry,), mark=item.mark) for entry in entries]
                for one in alone or [item]:
                    yield {key: Sequence(items=(one,), mark=node.mark)}
        elif node is not None:
            yield {key: node}
