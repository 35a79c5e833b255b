"""Plain stand-ins for the protobuf messages between host and worker, as far as HTTP functions need them.

The worker library takes the module of messages as an argument, so it cannot tell these from protobuf's.
Where protobuf would refuse a value that a function can cause (a header that is no text), so do they.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any


class Message(SimpleNamespace):
    """Fields as given; the first one that is not None is what a protobuf ``oneof`` would hold."""

    def WhichOneof(self, group: str) -> str | None:
        return next((name for name, value in vars(self).items() if value is not None), None)


class StatusResult(Message):
    Failure = 0
    Success = 1


class BindingInfo(Message):
    inout = 2
    out = 1
    undefined = 0


class TypedData(Message):
    """A value and its kind: ``http``, ``bytes``, ``string``, ``json``, ``int`` or ``double``."""


class ParameterBinding(Message):
    def __init__(self, name: str, data: TypedData) -> None:
        super().__init__(name=name, data=data)

    def WhichOneof(self, group: str) -> str:
        return "data"


class RpcHttp(Message):
    """An HTTP request or response."""

    def __init__(self, headers: Mapping[str, str], body: TypedData | None, **fields: Any) -> None:
        for text in (*headers, *headers.values()):
            if not isinstance(text, str):
                raise TypeError(f"protobuf takes no header {text!r}: not a str")
            text.encode()  # nor text that has no UTF-8
        super().__init__(headers=dict(headers), body=body, **fields)


class RpcHttpCookie(Message):
    SameSite = SimpleNamespace(Lax=1, Strict=2, ExplicitNone=3, **{"None": 0})


class FunctionLoadResponse(Message): ...


class FunctionMetadataResponse(Message): ...


class InvocationResponse(Message): ...


class NullableBool(Message): ...


class NullableDouble(Message): ...


class NullableString(Message): ...


class NullableTimestamp(Message): ...


class RpcException(Message): ...


class RpcFunctionMetadata(Message): ...


class Timestamp(Message): ...


class WorkerInitResponse(Message): ...


class WorkerMetadata(Message): ...
