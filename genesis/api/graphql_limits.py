"""How much one GraphQL query may ask for: MLflow's limits (``mlflow/server/graphql``), and one of tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from genesis.errors import invalid

if TYPE_CHECKING:
    from graphql import DocumentNode, FieldNode, SelectionSetNode

MAX_TOKENS = 4_000
MAX_DEPTH = 10
MAX_SELECTIONS = 1_000
MAX_ROOT_FIELDS = 10
MAX_ALIASES = 10
"""Of one level."""

Fragments = dict[str, "SelectionSetNode"]


def parsed(query: str) -> DocumentNode:
    """The query as a document; raises INVALID_PARAMETER_VALUE where it is none."""
    from graphql import GraphQLSyntaxError, parse

    try:
        return parse(query, no_location=True, max_tokens=MAX_TOKENS)
    except GraphQLSyntaxError as error:
        raise invalid(f"The query is not GraphQL. {error.message}") from None
    except RecursionError:
        raise invalid("The query is nested too deep.") from None


def excess(document: DocumentNode) -> str:
    """What the document has too much of, in MLflow's words; empty where it may be executed."""
    from graphql import FragmentDefinitionNode, OperationDefinitionNode

    fragments = {
        node.name.value: node.selection_set
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    levels = [(node.selection_set, 1) for node in operations]
    selections = roots = aliases = 0
    while levels:
        level, depth = levels.pop()
        if depth > MAX_DEPTH:
            return f"Query exceeds maximum depth of {MAX_DEPTH}"
        fields = list(_fields(level, fragments))
        selections += len(fields)
        if selections > MAX_SELECTIONS:
            return f"Query exceeds maximum total selections of {MAX_SELECTIONS}"
        roots += len(fields) if depth == 1 else 0
        aliases = max(aliases, sum(field.alias is not None for field in fields))
        levels += [(field.selection_set, depth + 1) for field in fields if field.selection_set]
    return _many("root fields", roots, MAX_ROOT_FIELDS) or _many("aliases", aliases, MAX_ALIASES)


def _many(what: str, given: int, most: int) -> str:
    if given <= most:
        return ""
    return f"GraphQL queries should have at most {most} {what}, got {given} {what}."


def _fields(level: SelectionSetNode, fragments: Fragments) -> Iterator[FieldNode]:
    """The fields of a level, those of its fragments among them: each fragment counts once in it."""
    from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode

    spread: set[str] = set()
    waiting = list(level.selections)
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            waiting += node.selection_set.selections
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
            spread.add(node.name.value)
            if fragment := fragments.get(node.name.value):
                waiting += fragment.selections
