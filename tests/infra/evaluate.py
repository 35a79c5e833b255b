"""Evaluates Bicep files: parameters are folded through the tree, down to what a deployment would make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tree_sitter import Node

from tests.infra.bicep import File, parts, text
from tests.infra.functions import FUNCTIONS, Failed, Unknown

POSTFIX = ("member_expression", "subscript_expression", "call_expression")
GROUPED_WRONGLY = ("ternary_expression", "binary_expression", "unary_expression", "lambda_expression")
PRECEDENCE = [words.split() for words in ("*", "+ -", "< > <= >=", "== !=", "&&", "||", "??")]
Operand = tuple[Node, tuple[Node, ...]]
"""A node, and the postfixes that are asked of it."""
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


@dataclass(frozen=True)
class Made:
    """A resource of a deployment."""

    type: str
    name: str
    body: Mapping[str, Any]
    scope: str
    """The id of what it extends; empty for what stands in the resource group."""
    only_once: bool
    """Whether it is left alone where it is there."""

    @property
    def id(self) -> str:
        kind, names = self.type.split("/"), self.name.split("/")
        pairs = [f"{k}/{n}" for k, n in zip(kind[1:], names, strict=True)]
        return f"{self.scope}/{kind[0]}/{'/'.join(pairs)}"

    @property
    def properties(self) -> Mapping[str, Any]:
        properties: Mapping[str, Any] = self.body["properties"]
        return properties


class Handle:
    """What a name of a resource stands for in expressions."""

    def __init__(self, symbol: str, made: Made) -> None:
        self.symbol, self.made = symbol, made

    def get(self, name: str) -> Any:
        if name == "name":
            return self.made.name.rpartition("/")[2]
        return self.made.id if name == "id" else Unknown(f"<{self.symbol}.{name}>")


class Absent:
    """A resource or module whose condition does not hold."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol

    def get(self, name: str) -> Any:
        raise Failed(f"{self.symbol}.{name} is asked of what is not deployed")


@cache
def read(path: Path) -> File:
    return File(path)


def given(path: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """What a ``.bicepparam`` file gives, where these environment variables are set."""
    template = Template(read(path), {}, environment)
    return {name: template.name(name) for name in template.file.variables}


def deploy(path: Path, **given: Any) -> list[Made]:
    """What ``path`` makes with these parameters, modules included; raises Failed where Azure would refuse."""
    made = list(Template(read(path.resolve()), given).made())
    ids = [resource.id.lower() for resource in made]
    if len(set(ids)) < len(ids):
        raise Failed(f"made twice: {sorted(id for id in set(ids) if ids.count(id) > 1)}")
    return made


class Template:
    """One file with its parameters."""

    def __init__(
        self, file: File, given: Mapping[str, Any], environment: Mapping[str, str] | None = None
    ) -> None:
        self.file = file
        self.environment = environment or {}
        self._known: dict[str, Any] = {}
        if unknown := given.keys() - file.parameters.keys():
            raise Failed(f"{file.path.name} has no parameter {sorted(unknown)}")
        self._given = given
        for name in file.parameters:
            self._check(name, self.name(name))

    def made(self) -> Iterator[Made]:
        for name, resource in self.file.resources.items():
            if not resource.is_existing:
                found = self.name(name)
                handles = found if isinstance(found, list) else [found]
                yield from (handle.made for handle in handles if isinstance(handle, Handle))
        for name in self.file.modules:
            module = self.name(name)
            if isinstance(module, Template):
                yield from module.made()
        for name in self.file.outputs:
            self.output(name)

    def get(self, name: str) -> Any:
        """``module.outputs``; nothing else is asked of a module."""
        if name != "outputs":
            raise Failed(f"{self.file.path.name}: .{name}")
        return Outputs(self)

    def output(self, name: str) -> Any:
        node = self.file.nodes.get(f"output_declaration {name}")
        if node is None:
            raise Failed(f"{self.file.path.name} has no output {name}")
        return self.value(node.named_children[-1], {})

    def name(self, name: str) -> Any:
        """What a declared name stands for, evaluated when it is first asked for."""
        if name not in self._known:
            self._known[name] = self._declared(name)
        return self._known[name]

    def value(self, node: Node, local: Mapping[str, Any]) -> Any:
        return Expression(self, local).value(node)

    def _declared(self, name: str) -> Any:
        file = self.file
        if name in file.parameters:
            return self._parameter(name)
        if name in file.variables:
            return self.value(file.nodes[f"variable_declaration {name}"].named_children[-1], {})
        if name in file.resources:
            return self._each(name, file.nodes[f"resource_declaration {name}"], self._resource)
        if name in file.modules:
            return self._each(name, file.nodes[f"module_declaration {name}"], self._module)
        raise Failed(f"{file.path.name}: {name} is not declared")

    def _parameter(self, name: str) -> Any:
        if name in self._given:
            return self._given[name]
        parameter = self.file.parameters[name]
        if parameter.is_required:
            raise Failed(f"{self.file.path.name} needs {name}")
        return self.value(self.file.nodes[f"parameter_declaration {name}"].named_children[-1], {})

    def _check(self, name: str, value: Any) -> None:
        """What the decorators of a parameter ask of its value."""
        decorators = self.file.parameters[name].decorators
        allowed = decorators.get("allowed", [None])[0]
        size = len(value) if isinstance(value, str | list) else 0
        number = value if isinstance(value, int) else 0
        bounds = {"minLength": size, "maxLength": -size, "minValue": number, "maxValue": -number}
        for decorator, measure in bounds.items():
            for bound in decorators.get(decorator, []):
                assert isinstance(bound, int)
                if measure < (bound if decorator.startswith("min") else -bound):
                    raise Failed(f"{self.file.path.name}: {name} is {value!r}; {decorator} is {bound}")
        if isinstance(allowed, list) and value not in allowed:
            raise Failed(f"{self.file.path.name}: {name} is {value!r}, none of {allowed}")

    def _each(self, name: str, node: Node, one: Callable[[str, Node, Mapping[str, Any]], Any]) -> Any:
        body = node.named_children[-1]
        if body.type == "for_statement":
            variable, source, item = (text(body.named_children[0]), *body.named_children[1:])
            return [one(name, item, {variable: value}) for value in self.value(source, {})]
        if body.type == "if_statement":
            condition, item = body.named_children
            return one(name, item, {}) if self.value(condition, {}) else Absent(name)
        return one(name, body, {})

    def _resource(self, name: str, node: Node, local: Mapping[str, Any]) -> Handle:
        resource = self.file.resources[name]
        body = self.value(node, local)
        parent, scope = body.get("parent"), body.get("scope")
        for other in (parent, scope):
            if isinstance(other, Absent):
                raise Failed(f"{name} is a part of {other.symbol}, which is not deployed")
        full = f"{parent.made.name}/{body['name']}" if parent else body["name"]
        on = scope.made.id if isinstance(scope, Handle) else parent.made.scope if parent else ""
        return Handle(name, Made(resource.type, full, body, on, "onlyIfNotExists" in resource.decorators))

    def _module(self, name: str, node: Node, local: Mapping[str, Any]) -> Template:
        return Template(
            read(self.file.modules[name].file.resolve()), self.value(node, local).get("params", {})
        )


class Outputs:
    def __init__(self, module: Template) -> None:
        self._module = module

    def get(self, name: str) -> Any:
        return self._module.output(name)


def _flat(node: Node, tail: tuple[Node, ...]) -> Iterator[Operand | str]:
    """Operands, each with what is asked of it, and operators; the grammar's own grouping is often wrong."""
    below, asked = node, tail
    while below.type in POSTFIX:
        below, asked = below.named_children[0], (below, *asked)
    if below.type != "binary_expression":
        yield node, tail
        return
    left, right = below.named_children
    if left.type == "ternary_expression":
        raise Failed(f"brackets are missing: {text(node)}")
    yield from _flat(left, ())
    yield text(below.children[1])
    yield from _flat(right, asked)


def _looseness(operator: Operand | str) -> int:
    return next(place for place, operators in enumerate(PRECEDENCE) if operator in operators)


@dataclass(frozen=True)
class Expression:
    """Expressions of a template, with what loops and lambdas name."""

    template: Template
    local: Mapping[str, Any]

    def value(self, node: Node, tail: tuple[Node, ...] = ()) -> Any:
        """What ``node`` is, ``tail`` asked of it: the postfixes that the grammar puts around too much."""
        if node.type in POSTFIX:
            return self.value(node.named_children[0], (node, *tail))
        if node.type in GROUPED_WRONGLY:
            operate = getattr(self, f"_{node.type.removesuffix('_expression')}")
            return operate(node, tail)
        if node.type == "identifier" and tail and tail[0].type == "call_expression":
            return self._postfixes(self._call(text(node), tail[0]), tail[1:])
        return self._postfixes(self._plain(node), tail)

    def _plain(self, node: Node) -> Any:
        kind = node.type
        if kind == "identifier":
            name = text(node)
            return self.local[name] if name in self.local else self.template.name(name)
        if kind == "parenthesized_expression":
            return self.value(node.named_children[0])
        if kind == "array":
            return [self.value(child) for child in node.named_children if child.type != "comment"]
        if kind == "for_statement":
            variable, source, item = node.named_children
            return [self._with({text(variable): value}).value(item) for value in self.value(source)]
        reader = {"string": self._string, "object": self._object}.get(kind)
        return reader(node) if reader else self._literal(node)

    def _literal(self, node: Node) -> Any:
        words = {"true": True, "false": False, "null": None}
        if node.type == "number":
            return int(text(node))
        if text(node) not in words:
            raise Failed(f"{node.type} is not evaluated here: {text(node)}")
        return words[text(node)]

    def _with(self, names: Mapping[str, Any]) -> Expression:
        return Expression(self.template, {**self.local, **names})

    def _string(self, node: Node) -> str:
        found = (part if isinstance(part, str) else self.value(part) for part in parts(node))
        return "".join(map(FUNCTIONS["string"], found))

    def _object(self, node: Node) -> dict[str, Any]:
        pairs = [child.named_children for child in node.named_children if child.type == "object_property"]
        return {
            self._string(key) if key.type == "string" else text(key): self.value(given)
            for key, given in pairs
        }

    def _ternary(self, node: Node, tail: tuple[Node, ...]) -> Any:
        condition, yes, no = node.named_children
        return self.value(yes) if self.value(condition) else self.value(no, tail)

    def _binary(self, node: Node, tail: tuple[Node, ...]) -> Any:
        return self._operation(list(_flat(node, tail)))

    def _operation(self, chain: list[Operand | str]) -> Any:
        """Operands and operators in turn: what binds least is done last."""
        if len(chain) == 1:
            operand = chain[0]
            assert not isinstance(operand, str)
            return self.value(*operand)
        at = max(range(1, len(chain), 2), key=lambda at: (_looseness(chain[at]), at))
        operator, left, right = chain[at], chain[:at], chain[at + 1 :]
        first = self._operation(left)
        if operator == "&&":
            return bool(first and self._operation(right))
        if operator == "||":
            return bool(first or self._operation(right))
        if operator == "??":
            return self._operation(right) if first is None else first
        return OPERATORS[str(operator)](first, self._operation(right))

    def _unary(self, node: Node, tail: tuple[Node, ...]) -> Any:
        value = self.value(node.named_children[0], tail)
        return not value if text(node.children[0]) == "!" else -value

    def _lambda(self, node: Node, tail: tuple[Node, ...]) -> Callable[..., Any]:
        *heads, body = node.named_children
        names = [text(n) for head in heads for n in (head.named_children or [head])]
        return lambda *values: self._with(dict(zip(names, values, strict=True))).value(body, tail)

    def _arguments(self, node: Node) -> list[Any]:
        return [self.value(child) for child in node.named_children[1].named_children]

    def _call(self, function: str, node: Node) -> Any:
        arguments = self._arguments(node)
        if function == "loadTextContent":
            return (self.template.file.path.parent / arguments[0]).read_text()
        if function == "readEnvironmentVariable":
            return self._variable(*arguments)
        return FUNCTIONS[function](*arguments)

    def _variable(self, name: str, *default: str) -> str:
        if name not in self.template.environment and not default:
            raise Failed(f"{name} is not set")
        return self.template.environment.get(name, *default)

    def _postfixes(self, value: Any, tail: tuple[Node, ...]) -> Any:
        for node in tail:
            value = self._postfix(value, node)
        return value

    def _postfix(self, value: Any, node: Node) -> Any:
        if node.type == "call_expression":
            return value  # A method of a resource: what it answers goes by the method's name.
        if node.type == "member_expression":
            name = text(node.named_children[1])
            return value[name] if isinstance(value, dict) else value.get(name)
        index = self.value(node.named_children[1])
        return Unknown(f"{value}[{index}]") if isinstance(value, Unknown) else value[index]
