"""MLflow's protobuf messages, read from the installed mlflow: what ours are held against."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def endpoints() -> dict[tuple[str, str, int], Any]:
    """The request's descriptor of each (method, path, version) in MLflow's services."""
    from mlflow.protos import databricks_pb2, mlflow_artifacts_pb2, model_registry_pb2, service_pb2

    services = (
        service_pb2.MlflowService,
        model_registry_pb2.ModelRegistryService,
        mlflow_artifacts_pb2.MlflowArtifactsService,
    )
    found: dict[tuple[str, str, int], Any] = {}
    for service in services:
        for rpc in service.DESCRIPTOR.methods:
            for endpoint in rpc.GetOptions().Extensions[databricks_pb2.rpc].endpoints:
                key = (endpoint.method, "/" + endpoint.path.lstrip("/"), endpoint.since.major or 2)
                found[key] = rpc.input_type
    return found


def response_of(request: Any) -> Any:
    """The descriptor of an RPC's reply."""
    return request.nested_types_by_name["Response"]


KINDS = {
    1: "double",
    2: "double",
    3: "integer",
    5: "integer",
    8: "boolean",
    9: "string",
    11: "message",
    13: "integer",
    14: "enum",
}
"""protobuf's numbers of field types (``descriptor.proto``, FieldDescriptorProto.Type)."""


def kind(field: Any) -> tuple[str, bool]:
    """A field's kind, and whether it is repeated; a map is one of its own, not a repeated message."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return "map", False
    return KINDS[field.type], bool(field.is_repeated)
