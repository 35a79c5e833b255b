"""The listing that `make endpoints` prints."""

from __future__ import annotations

from genesis.endpoints import endpoints, listing, mlflow_endpoints
from genesis.routes import ROUTES, match

EXPERIMENTS = "create search get get-by-name delete restore update set-experiment-tag delete-experiment-tag"
RUNS = (
    "create update delete restore log-metric log-parameter set-tag delete-tag get search "
    "log-batch log-model log-inputs outputs"
)
METRICS = "get-history get-history-bulk get-history-bulk-interval"
REGISTERED_MODELS = "create get update rename delete search get-latest-versions set-tag delete-tag alias"
MODEL_VERSIONS = "create get update transition-stage delete search get-download-uri set-tag delete-tag"
GROUPS = {
    "experiments": EXPERIMENTS,
    "runs": RUNS,
    "metrics": METRICS,
    "registered-models": REGISTERED_MODELS,
    "model-versions": MODEL_VERSIONS,
}

FOR_THE_UI = {"/mlflow/experiments/search-datasets"}
"""What MLflow serves below ``/ajax-api`` only, though its service describes it as any other."""


def test_every_endpoint_a_classic_client_calls_is_served() -> None:
    served = {route.path for route in ROUTES}
    for group, verbs in GROUPS.items():
        assert {f"/mlflow/{group}/{verb}" for verb in verbs.split()} <= served


def test_every_row_answers_under_both_prefixes_of_mlflow() -> None:
    for method, path, since in mlflow_endpoints():
        if any((r.method, r.path, r.since) == (method, path, since) for r in ROUTES):
            for prefix in ("/ajax-api",) if path in FOR_THE_UI else ("/api", "/ajax-api"):
                route, _ = match(method, f"{prefix}/{since}.0{path}")
                assert (route.method, route.path) == (method, path)


def test_the_listing_says_of_each_rpc_whether_it_is_served() -> None:
    lines = list(listing(endpoints()))
    assert "served      POST   2.0/mlflow/runs/log-batch" in lines
    assert "served      PUT    2.0/mlflow-artifacts/artifacts/{artifact_path*}" in lines
    assert any(line.startswith("not served") and "2.0/mlflow/traces/link-to-run" in line for line in lines)
