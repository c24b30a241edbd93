"""Which pending actions a policy is for, and in which of them it enforces, as its author writes that."""

from agent.judge.literals import Wrong, guid, nearest, word
from agent.judge.strict_yaml import Mapping_, Node, Scalar, Sequence, shown
from agent.model.mark import Mark
from agent.model.pending import ActionKind
from agent.model.policy import Mode, Part

NARROWING = ("kinds", "tenants")
"""What `enforce` can be narrowed to."""

EXAMPLE = "mode: {enforce: {kinds: [softDeleteMessage]}}"


def kinds_of(node: Node) -> frozenset[ActionKind]:
    """Return a list of kinds.

    Raises:
        Wrong: it is none, or is empty.
    """
    if not isinstance(node, Sequence) or not node.items:
        raise Wrong(node.mark, "a list of kinds is asked for, such as `[softDeleteCluster]`")
    return frozenset(
        ActionKind(word(item, "a kind of pending action", set(ActionKind))) for item in node.items
    )


def tenants_of(node: Node) -> frozenset[str]:
    """Return a list of tenants.

    Raises:
        Wrong: it is none, or is empty.
    """
    if not isinstance(node, Sequence) or not node.items:
        raise Wrong(node.mark, "a list of tenant ids is asked for")
    # A name or a domain would never be the tenant that is judged: the policy would sleep.
    return frozenset(guid(item, "a tenant id") for item in node.items)


def mode_of(node: Node) -> tuple[Mode, Part]:
    """Return whether a policy enforces, and in which part of what it is for.

    Raises:
        Wrong: it is neither a mode nor one that is narrowed.
    """
    if isinstance(node, Scalar):
        return Mode(word(node, "a mode", set(Mode))), Part()
    if not isinstance(node, Mapping_) or not node.entries:
        raise Wrong(node.mark, f"write `mode: observe`, `mode: enforce`, or `{EXAMPLE}`")
    for key, _ in node.entries:
        if key.text == Mode.OBSERVE.value:
            raise Wrong(
                key.mark, f"only `enforce` is narrowed: everywhere else it observes: write `{EXAMPLE}`"
            )
        if key.text != Mode.ENFORCE.value:
            raise Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, {Mode.ENFORCE.value})}")
    return Mode.ENFORCE, _part(node.entries[0][1])


def _part(node: Node) -> Part:
    if not isinstance(node, Mapping_) or not node.entries:
        raise Wrong(
            node.mark, f"`kinds`, `tenants` or both are asked for: write `{EXAMPLE}`, or `mode: enforce`"
        )
    for key, _ in node.entries:
        if key.text not in NARROWING:
            raise Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, NARROWING)}")
    kinds, tenants = node.get("kinds"), node.get("tenants")
    return Part(
        kinds=None if kinds is None else kinds_of(kinds),
        tenants=None if tenants is None else tenants_of(tenants),
    )


def part_marks(node: Node | None) -> dict[str, Mark]:
    """Return where the keys stand to which `enforce` is narrowed, such as `mode.kinds`."""
    inside = node.get(Mode.ENFORCE.value) if isinstance(node, Mapping_) else None
    if not isinstance(inside, Mapping_):
        return {}
    return {f"mode.{key.text}": key.mark for key, _ in inside.entries}


def written(mode: Mode, part: Part) -> str:
    """Return a mode as it is written in a policy, on one line."""
    if mode is Mode.OBSERVE or part.is_whole:
        return mode.value
    told = []
    if part.kinds is not None:
        told.append(f"kinds: [{', '.join(sorted(part.kinds))}]")
    if part.tenants is not None:
        told.append(f"tenants: [{', '.join(sorted(part.tenants))}]")
    return f"{{{Mode.ENFORCE.value}: {{{', '.join(told)}}}}}"
