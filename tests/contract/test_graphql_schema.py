"""The GraphQL schema is MLflow's, to the last description."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from graphql import lexicographic_sort_schema, print_schema

from genesis.api.graphql_resolvers import ROOTS, schema

THEIRS = """
from graphql import lexicographic_sort_schema, print_schema
from mlflow.server.graphql.graphql_schema_extensions import schema
print(print_schema(lexicographic_sort_schema(schema.graphql_schema)))
"""


def test_the_schema_is_that_of_mlflow(tmp_path: Path) -> None:
    # In a process of its own: MLflow's server takes seconds to import, and warns.
    done = subprocess.run(
        [sys.executable, "-c", THEIRS], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert print_schema(lexicographic_sort_schema(schema())) == done.stdout.rstrip("\n")


def test_only_mlflow_s_own_directive_is_known() -> None:
    assert [directive.name for directive in schema().directives] == ["component"]


def test_every_field_of_a_query_has_a_verb() -> None:
    query, mutation = schema().query_type, schema().mutation_type
    assert query is not None and mutation is not None
    assert ROOTS.keys() == (query.fields.keys() | mutation.fields.keys()) - {"test", "testMutation"}
