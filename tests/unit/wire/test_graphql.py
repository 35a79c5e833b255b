"""How a GraphQL request is read, and what is refused before it is parsed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from genesis.errors import GenesisError
from genesis.http import BytesBody, Request
from genesis.wire import graphql as w

JSON = {"content-type": "application/json"}


def decoded(body: Any, method: str = "POST", query: str = "") -> w.Query:
    return w.Query.decode(Request(method, "/graphql", query, JSON, BytesBody(json.dumps(body).encode())), {})


def test_a_body_has_a_query_its_variables_and_the_operation_s_name() -> None:
    asked = decoded({"query": "{ a }", "variables": {"b": [1]}, "operationName": "c"})
    assert (asked.query, asked.variables, asked.operation_name) == ("{ a }", {"b": [1]}, "c")


def test_a_get_has_a_body_too_and_its_query_string_is_not_read() -> None:
    assert decoded({"query": "{ a }"}, "GET", "query=%7Bb%7D").query == "{ a }"
    with pytest.raises(GenesisError, match="Missing value for required parameter 'query'"):
        decoded({}, "GET", "query=%7Bb%7D")


@pytest.mark.parametrize(
    "body", [{}, {"query": ""}, {"query": 5}, {"query": "{ a }", "variables": []}, [], "x"], ids=str
)
def test_what_is_no_query_is_refused(body: Any) -> None:
    with pytest.raises(GenesisError) as refused:
        decoded(body)
    assert refused.value.status == 400


def test_a_query_has_no_more_characters_than_it_may_have() -> None:
    assert decoded({"query": "x" * w.MAX_QUERY})
    with pytest.raises(GenesisError, match="has 10001 characters; it may have 10000"):
        decoded({"query": "x" * (w.MAX_QUERY + 1)})


def test_a_body_that_is_too_large_is_refused_while_it_arrives() -> None:
    class Endless(BytesBody):
        length = None

        def chunks(self) -> Iterator[bytes]:
            while True:
                yield b" " * 65536

    with pytest.raises(GenesisError) as refused:
        w.Query.decode(Request("POST", "/graphql", headers=JSON, body=Endless()), {})
    assert refused.value.status == 413
