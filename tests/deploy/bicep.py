"""Bicep, parsed by the grammar that editors use and held to the types of the resources.

Microsoft's own compiler comes in no package that can be installed here. What is checked instead: the grammar; that each name that is
used is declared and each declared one used; and each property of each resource, with its words and ranges, by `azure_types.yaml`.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import tree_sitter_bicep
import yaml
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_bicep.language()))
DECLARED = {
    "parameter_declaration": "param",
    "variable_declaration": "var",
    "resource_declaration": "resource",
    "module_declaration": "module",
    "output_declaration": "output",
}
FUNCTIONS = frozenset(
    [
        "concat",
        "empty",
        "guid",
        "json",
        "replace",
        "resourceGroup",
        "subscription",
        "subscriptionResourceId",
        "toLower",
        "uniqueString",
    ]
)
OPTIONAL = frozenset({"dependsOn"})
"""What every resource takes besides its own."""


@cache
def types() -> dict[str, Any]:
    """Return the types of the resources."""
    found = yaml.safe_load(Path(__file__).with_name("azure_types.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def text(node: Node | None) -> str:
    """Return what stands there; of a string what is in it."""
    assert node is not None
    assert node.text is not None
    return node.text.decode().strip("'")


def within(node: Node) -> Iterator[Node]:
    """Give a node and every one below it."""
    yield node
    for child in node.children:
        yield from within(child)


class Template:
    """One file, taken apart."""

    def __init__(self, source: str) -> None:
        self.root = PARSER.parse(source.encode()).root_node
        self.declared: dict[str, Node] = {}
        for node in self.root.children:
            if node.type in DECLARED:
                self.declared[text(next(one for one in node.children if one.type == "identifier"))] = node

    def findings(self) -> list[str]:
        """Return everything that is wrong."""
        return [*self._grammar(), *self._names(), *self._resources()]

    def _grammar(self) -> Iterator[str]:
        for node in within(self.root):
            if node.type == "ERROR" or node.is_missing:
                yield f"{node.start_point.row + 1}: is no Bicep: {text(node)[:40]}"

    def _names(self) -> Iterator[str]:
        local = {text(one) for one in within(self.root) if one.type in {"loop_variable", "loop_enumerator"}}
        used: set[str] = set()
        for node in within(self.root):
            if node.type != "identifier" or node.parent is None or self._is_name_of_something(node):
                continue
            name = text(node)
            used.add(name)
            if name not in self.declared and name not in local and name not in FUNCTIONS:
                yield f"{node.start_point.row + 1}: `{name}` is not declared"
        for name, node in self.declared.items():
            if node.type in {"parameter_declaration", "variable_declaration"} and name not in used:
                yield f"{node.start_point.row + 1}: `{name}` is not used"

    def _is_name_of_something(self, node: Node) -> bool:
        parent = node.parent
        assert parent is not None
        if parent.type in {"decorator", "type", "primitive_type"} or self._is_decorating(node):
            return True
        return (
            parent.type in {*DECLARED, "object_property"}
            and parent.children[0 if parent.type == "object_property" else 1] == node
        )

    def _is_decorating(self, node: Node) -> bool:
        found: Node | None = node
        while found is not None and found.type not in {
            "decorator",
            "decorators",
            "type",
            "parameterized_type",
        }:
            found = found.parent
        return found is not None

    def resources(self) -> Iterator[tuple[str, str, Node, bool]]:
        """Give each resource's name, type and object, and whether it is there already."""
        for name, node in self.declared.items():
            if node.type == "resource_declaration":
                kind = text(next(one for one in node.children if one.type == "string"))
                is_there = any(one.type == "existing" for one in node.children)
                for body in self.objects(node.children[-1]):
                    yield name, kind, body, is_there

    def _resources(self) -> Iterator[str]:
        for name, kind, body, _ in self.resources():
            known = types().get(kind)
            if known is None:
                yield f"{name}: the type {kind} is not known"
            else:
                yield from self._object(body, known, name)

    def objects(self, node: Node) -> Iterator[Node]:
        """Give every object that an expression can come to, through variables, conditions, loops and `concat`."""
        match node.type:
            case "object":
                yield node
            case "identifier" if (
                text(node) in self.declared and self.declared[text(node)].type == "variable_declaration"
            ):
                yield from self.objects(self.declared[text(node)].children[-1])
            case "call_expression" if text(node.child_by_field_name("function")) != "concat":
                return
            case "member_expression" | "subscript_expression" | "string":
                return
            case _:
                for child in node.named_children:
                    yield from self.objects(child)

    def _object(self, node: Node, known: dict[str, Any], path: str) -> Iterator[str]:
        known = types()["$defs"][known["$ref"]] if "$ref" in known else known
        names = {name.removesuffix("!"): kind for name, kind in known.items()}
        given = {
            text(one.named_children[0]): one.named_children[1]
            for one in node.named_children
            if one.type == "object_property"
        }
        for name in set(given) - set(names) - OPTIONAL:
            yield f"{path}: there is no `{name}`"
        for name in (one.removesuffix("!") for one in known if one.endswith("!")):
            if name not in given:
                yield f"{path}: `{name}` is missing"
        for name, value in given.items():
            if name in names:
                yield from self._value(value, names[name], f"{path}.{name}")

    def _value(self, node: Node, kind: Any, path: str) -> Iterator[str]:
        if isinstance(kind, str):
            is_wrong = (kind == "bool" and node.type in {"string", "number", "object"}) or (
                kind == "string" and node.type in {"number", "boolean", "object", "array"}
            )
            if is_wrong:
                yield f"{path}: {text(node)} is no {kind}"
        elif "oneOf" in kind:
            for word in re.findall(r"'([^'$]*)'", text_of_choice(node)):
                if word not in kind["oneOf"]:
                    yield f"{path}: `{word}` is none of {', '.join(kind['oneOf'])}"
        elif "range" in kind:
            least, most = kind["range"]
            if node.type == "number" and not least <= int(text(node)) <= most:
                yield f"{path}: {text(node)} is not from {least} to {most}"
        else:
            for found in self.objects(node):
                yield from self._object(found, kind.get("items", kind), path)


def text_of_choice(node: Node) -> str:
    """Return the words that a value can come to: of a condition those of its two ways."""
    assert node.text is not None
    whole = node.text.decode()
    return whole.partition("?")[2] if node.type == "ternary_expression" else whole
