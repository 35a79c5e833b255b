"""The verb of ``/graphql``, which MLflow's UI asks on the pages of runs and experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genesis.errors import GenesisError
from genesis.scope import Scope
from genesis.wire import graphql as w

if TYPE_CHECKING:
    from graphql import ExecutionResult

TOLD_BELOW = 429
"""Statuses of what is the client's mistake, and so a part of the reply; others are the reply's own."""


def execute(request: w.Query, scope: Scope) -> w.QueryReply:
    """What is wrong with a query is told as MLflow does, with status 200; what is no query is refused."""
    # Not before somebody asks: the packages below take 100 ms.
    from graphql import execute_sync, validate

    from genesis.api import graphql_limits as limits
    from genesis.api import graphql_resolvers as resolvers

    document = limits.parsed(request.query)
    if words := limits.excess(document):
        return {"data": None, "errors": [words]}
    schema = resolvers.schema()
    if errors := validate(schema, document):
        return {"data": None, "errors": [error.message for error in errors]}
    result = execute_sync(
        schema,
        document,
        variable_values=request.variables,
        operation_name=request.operation_name,
        context_value=resolvers.Asked(scope),
    )
    _raise_ours(result)
    return {"data": result.data, "errors": [error.message for error in result.errors or []] or None}


def _raise_ours(result: ExecutionResult) -> None:
    """Raises what failed within a resolver and is not the client's: a database that is away, or a defect."""
    from graphql import GraphQLError

    for error in result.errors or []:
        cause = error.original_error
        is_told = isinstance(cause, GenesisError) and cause.status < TOLD_BELOW
        if cause is not None and not is_told and not isinstance(cause, GraphQLError):
            raise cause
