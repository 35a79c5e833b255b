"""Requests and replies of ``/graphql``: a query within JSON, and what it found beside what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self, TypedDict

from genesis.errors import Code, GenesisError, invalid
from genesis.http import BytesBody, Request
from genesis.wire.base import Message, json_object

MAX_BODY = 1 << 20
"""Bytes: a query with its variables, of which a filter is the longest."""
MAX_QUERY = 10_000
"""Characters; the longest query of MLflow's UI has 1,900."""


class Query(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("query",)
    query: str = ""
    variables: dict[str, Any] | None = None
    operation_name: str | None = None

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        # MLflow reads a body whatever the method is, and never the query string.
        message = cls.parse(json_object(replace(request, body=BytesBody(_short(request)))))
        if len(message.query) > MAX_QUERY:
            raise invalid(f"The query has {len(message.query)} characters; it may have {MAX_QUERY}.")
        return message


def _short(request: Request) -> bytes:
    body = bytearray()
    for piece in request.body.chunks():
        body += piece
        if len(body) > MAX_BODY:
            message = f"A GraphQL request may have {MAX_BODY >> 10} KiB."
            raise GenesisError(Code.INVALID_PARAMETER_VALUE, message, status=413)
    return bytes(body)


class QueryReply(TypedDict):
    data: dict[str, Any] | None
    errors: list[str] | None
