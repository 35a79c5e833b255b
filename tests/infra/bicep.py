"""Reads Bicep files: declarations, and values as far as they are literal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_bicep.language()))
ESCAPES = {"\\'": "'", "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\$": "$"}


@dataclass(frozen=True)
class Expression:
    """A value that is known only at deployment; ``text`` is its source."""

    node: Node

    @property
    def text(self) -> str:
        return text(self.node)


Value = str | int | bool | None | list["Value"] | dict[str, "Value"] | Expression


@dataclass(frozen=True)
class Call:
    """A call of a function; ``inside`` names the resource, module or output that it stands in."""

    function: str
    arguments: list[Value]
    inside: str


@dataclass(frozen=True)
class Parameter:
    type: str
    decorators: Mapping[str, list[Value]]
    default: Value
    is_required: bool


@dataclass(frozen=True)
class Resource:
    type: str
    version: str
    is_existing: bool
    decorators: Mapping[str, list[Value]]
    body: dict[str, Value]


@dataclass(frozen=True)
class Module:
    file: Path
    parameters: dict[str, Value]


@dataclass(frozen=True)
class Output:
    decorators: Mapping[str, list[Value]]
    value: Value


class File:
    """One ``.bicep`` or ``.bicepparam`` file, its declarations by name."""

    def __init__(self, path: Path, source: str | None = None) -> None:
        self.path = path
        self.source = path.read_text() if source is None else source
        parsed = self.source
        if path.suffix == ".bicepparam":
            # The grammar has no parameter files; their lines read like variables.
            parsed = re.sub(r"^param (?=\w+ *=)", "var ", parsed, flags=re.M)
        self.root = PARSER.parse(parsed.encode()).root_node
        self.parameters: dict[str, Parameter] = {}
        self.variables: dict[str, Value] = {}
        self.resources: dict[str, Resource] = {}
        self.modules: dict[str, Module] = {}
        self.outputs: dict[str, Output] = {}
        self.nodes: dict[str, Node] = {}
        self._declare()

    def errors(self) -> list[str]:
        """Where the syntax is wrong."""
        return [
            f"line {node.start_point.row + 1}: {text(node)[:40]!r}"
            for node in walk(self.root)
            if node.type == "ERROR" or node.is_missing
        ]

    def calls(self) -> Iterator[Call]:
        """Every call of a function, those of decorators left out."""
        for declaration in self.root.named_children:
            name = text(declaration.named_children[0]) if declaration.named_children else ""
            if declaration.type != "decorators":
                yield from calls(declaration, name)

    def _declare(self) -> None:
        decorators: dict[str, list[Value]] = {}
        for node in self.root.named_children:
            if node.type == "decorators":
                decorators = _decorators(node)
                continue
            children = node.named_children
            name = text(children[0]) if children else ""
            self.nodes[f"{node.type} {name}"] = node
            if node.type == "parameter_declaration":
                self.parameters[name] = _parameter(node, decorators)
            elif node.type == "variable_declaration":
                self.variables[name] = value(children[-1])
            elif node.type == "resource_declaration":
                self.resources[name] = _resource(node, decorators)
            elif node.type == "module_declaration":
                self.modules[name] = self._module(node)
            elif node.type == "output_declaration":
                self.outputs[name] = Output(decorators, value(children[-1]))
            decorators = {}

    def _module(self, node: Node) -> Module:
        target, body = value(node.named_children[1]), _body(node)
        parameters = body.get("params", {})
        assert isinstance(target, str) and isinstance(parameters, dict)
        return Module(self.path.parent / target, parameters)


def text(node: Node) -> str:
    return (node.text or b"").decode()


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def calls(node: Node, inside: str) -> Iterator[Call]:
    """Every call below ``node``; a method is told by its own name: ``vault.getSecret()`` is ``getSecret``."""
    for found in walk(node):
        if found.type == "call_expression":
            function, *rest = found.named_children
            arguments = [value(a) for r in rest if r.type == "arguments" for a in r.named_children]
            yield Call(re.split(r"[.:]+", text(function))[-1], arguments, inside)


def value(node: Node) -> Value:
    """What ``node`` says, or an ``Expression`` where only a deployment knows."""
    if node.type == "string":
        return _string(node)
    if node.type == "number":
        return int(text(node))
    if node.type in ("boolean", "null"):
        return {"true": True, "false": False, "null": None}[text(node)]
    if node.type == "array":
        return [value(child) for child in node.named_children if child.type != "comment"]
    if node.type == "object":
        return _object(node)
    return Expression(node)


def _string(node: Node) -> str | Expression:
    if any(child.type == "interpolation" for child in node.named_children):
        return Expression(node)
    return "".join(part for part in parts(node) if isinstance(part, str))


def parts(node: Node) -> Iterator[str | Node]:
    """The text of a string, and what stands in it; the grammar has no node for white space alone."""
    assert node.text is not None
    at = 1
    for child in node.named_children:
        yield node.text[at : child.start_byte - node.start_byte].decode()
        if child.type == "interpolation":
            yield text(child).partition("${")[0]
            yield child.named_children[0]
        else:
            yield ESCAPES.get(text(child), text(child))
        at = child.end_byte - node.start_byte
    yield node.text[at:-1].decode()


def _object(node: Node) -> dict[str, Value]:
    pairs = [child.named_children for child in node.named_children if child.type == "object_property"]
    return {str(_string(key) if key.type == "string" else text(key)): value(given) for key, given in pairs}


def _decorators(node: Node) -> dict[str, list[Value]]:
    return {call.function: call.arguments for call in calls(node, "")}


def _parameter(node: Node, decorators: dict[str, list[Value]]) -> Parameter:
    has_default = any(child.type == "=" for child in node.children)
    kind = text(node.named_children[1])
    default = value(node.named_children[-1]) if has_default else None
    return Parameter(kind, decorators, default, not has_default and not kind.endswith("?"))


def _resource(node: Node, decorators: Mapping[str, list[Value]]) -> Resource:
    declared = value(node.named_children[1])
    assert isinstance(declared, str)
    kind, _, version = declared.partition("@")
    is_existing = any(text(child) == "existing" for child in node.children)
    return Resource(kind, version, is_existing, decorators, _body(node))


def _body(node: Node) -> dict[str, Value]:
    """The object of a declaration, be it in a loop or under a condition."""
    for child in node.named_children:
        if child.type == "object":
            return _object(child)
        if child.type in ("for_statement", "if_statement"):
            return _body(child)
    return {}
