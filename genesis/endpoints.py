"""MLflow's RPCs beside our rows: what is served, what is not. Needs mlflow; the app never imports this."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

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


def listing() -> Iterator[str]:
    """One line an endpoint, then how many are served, then what we serve beside them."""
    served = {(route.method, route.path, route.since) for route in ROUTES}
    known = mlflow_endpoints()
    for method, path, since in sorted(known, key=lambda e: (e[1], e[0])):
        mark = "served    " if (method, path, since) in served else "not served"
        yield f"{mark}  {method:6} {since}.0{path}"
    yield f"\n{len(served & set(known))} of {len(known)} of MLflow's RPC endpoints are served; beside them:"
    for method, path, since in sorted(served - set(known), key=lambda e: e[1]):
        yield f"            {method:6} {f'{since}.0' if since else ''}{path}"
