"""MLflow's RPCs beside our rows: what is served, what is not. Needs mlflow; the app never imports this."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from genesis.routes import ROUTES

RPCS = """
from mlflow.protos import databricks_pb2, mlflow_artifacts_pb2, model_registry_pb2, service_pb2, webhooks_pb2
services = (service_pb2.MlflowService, model_registry_pb2.ModelRegistryService,
            mlflow_artifacts_pb2.MlflowArtifactsService, webhooks_pb2.WebhookService)
for service in services:
    for rpc in service.DESCRIPTOR.methods:
        for e in rpc.GetOptions().Extensions[databricks_pb2.rpc].endpoints:
            print(e.method, '/' + e.path.lstrip('/'), e.since.major or 2)
"""
"""Prints method, path and version of each endpoint of MLflow's protobuf services; run in a process of its
own, since mlflow takes seconds and many modules to import."""


def mlflow_endpoints() -> list[tuple[str, str, int]]:
    """Method, path (as in the rows) and version of every endpoint in the installed mlflow's descriptors."""
    done = subprocess.run([sys.executable, "-c", RPCS], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"mlflow is needed to list its RPCs (make endpoints installs it):\n{done.stderr}")
    # Flask's way of writing "the rest of the path", in ours.
    text = done.stdout.replace("<path:artifact_path>", "{artifact_path*}")
    lines = (line.split() for line in text.splitlines())
    return sorted({(method, path, int(since)) for method, path, since in lines})


class Endpoint(NamedTuple):
    """One of MLflow's, or one of ours beside them; ``version`` 0: below no version."""

    method: str
    path: str
    version: int
    served: bool
    mlflow: bool


def endpoints() -> list[Endpoint]:
    """MLflow's by path, then what is served beside them; raises RuntimeError where mlflow is missing."""
    served = {(route.method, route.path, route.since) for route in ROUTES}
    known = mlflow_endpoints()
    theirs = sorted(known, key=lambda e: (e[1], e[0]))
    ours = sorted(served - set(known), key=lambda e: (e[1], e[0]))
    return [
        *(Endpoint(*endpoint, served=endpoint in served, mlflow=True) for endpoint in theirs),
        *(Endpoint(*endpoint, served=True, mlflow=False) for endpoint in ours),
    ]


def listing(found: Sequence[Endpoint]) -> Iterator[str]:
    """One line an endpoint, then how many are served, then what we serve beside them."""
    theirs = [one for one in found if one.mlflow]
    for one in theirs:
        mark = "served    " if one.served else "not served"
        yield f"{mark}  {one.method:6} {one.version}.0{one.path}"
    count = sum(one.served for one in theirs)
    yield f"\n{count} of {len(theirs)} of MLflow's RPC endpoints are served; beside them:"
    for one in found:
        if not one.mlflow:
            yield f"            {one.method:6} {f'{one.version}.0' if one.version else ''}{one.path}"
