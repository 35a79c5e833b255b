"""What a stock server, client or command of 3.17.2 asks of a store works, or is MLflow's not implemented."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import (
    Feedback,
    GatewayEndpointModelConfig,
    GatewayEndpointTag,
    GatewayModelLinkageType,
    GatewayResourceType,
    TraceInfo,
    TraceLocation,
    TraceState,
)
from mlflow.entities.gateway_budget_policy import (
    BudgetAction,
    BudgetDuration,
    BudgetDurationUnit,
    BudgetTargetScope,
    BudgetUnit,
)
from mlflow.entities.gateway_guardrail import GuardrailAction, GuardrailStage
from mlflow.entities.trace_metrics import AggregationType, MetricAggregation, MetricViewType
from mlflow.entities.trace_status import TraceStatus
from mlflow.exceptions import MlflowNotImplementedException
from mlflow.genai.label_schemas import InputText
from mlflow.store.model_registry.abstract_store import AbstractStore as AbstractRegistry
from mlflow.store.tracking.abstract_store import AbstractStore as AbstractTracking

from genesis.plugin import registry_store, tracking_store
from tests.unit.plugin import stores_surface as surface

GIVEN: dict[str, dict[str, Any]] = {
    "attach_model_to_endpoint": {
        "endpoint_id": "e",
        "model_config": GatewayEndpointModelConfig("d", GatewayModelLinkageType.PRIMARY),
    },
    "create_assessment": {"assessment": Feedback(name="f", value=1.0, trace_id="tr-1")},
    "create_budget_policy": {
        "budget_unit": BudgetUnit.USD,
        "budget_amount": 1.0,
        "duration": BudgetDuration(BudgetDurationUnit.DAYS, 1),
        "target_scope": BudgetTargetScope.GLOBAL,
        "budget_action": BudgetAction.ALERT,
    },
    "create_endpoint_binding": {
        "endpoint_id": "e",
        "resource_type": GatewayResourceType.SCORER,
        "resource_id": "r",
    },
    "create_gateway_guardrail": {
        "name": "g",
        "scorer_id": "s",
        "scorer_version": 1,
        "stage": GuardrailStage.BEFORE,
        "action": GuardrailAction.VALIDATION,
    },
    "create_label_schema": {"experiment_id": "0", "name": "l", "type": "feedback", "input": InputText()},
    "create_mcp_server_version": {"server_json": {"name": "a/b", "version": "1.0.0"}},
    "create_review_queue": {"experiment_id": "0", "name": "q", "queue_type": "user"},
    "delete_traces": {"experiment_id": "0", "trace_ids": ["tr-1"]},
    "get_gateway_model_definition": {"model_definition_id": "d"},
    "get_online_scoring_configs": {"scorer_ids": ["s"]},
    "list_scorers": {"experiment_id": "0"},
    "list_scorers_across_experiments": {"experiment_ids": ["0"]},
    "query_trace_metrics": {
        "experiment_ids": ["0"],
        "view_type": MetricViewType.TRACES,
        "metric_name": "trace_count",
        "aggregations": [MetricAggregation(AggregationType.COUNT)],
    },
    "search_traces": {"locations": ["0"]},
    "set_gateway_endpoint_tag": {"endpoint_id": "e", "tag": GatewayEndpointTag("k", "v")},
    "set_review_queue_item_status": {"queue_id": "q", "item_id": "i", "status": "pending"},
    "start_trace": {
        "trace_info": TraceInfo("tr-1", TraceLocation.from_experiment_id("0"), 1, TraceState.OK),
    },
    "_delete_traces": {"experiment_id": "0", "trace_ids": ["tr-1"]},
    "deprecated_end_trace_v2": {
        "request_id": "tr-1",
        "timestamp_ms": 1,
        "status": TraceStatus.OK,
        "request_metadata": {},
        "tags": {},
    },
    "deprecated_start_trace_v2": {
        "experiment_id": "0",
        "timestamp_ms": 1,
        "request_metadata": {},
        "tags": {},
    },
}
"""Arguments that have to be more than something of the right type."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("surface")


@pytest.fixture(scope="module")
def tracking(folder: Path) -> Any:
    return tracking_store(f"genesis+sqlite:///{folder / 'genesis.db'}", str(folder))


@pytest.fixture(scope="module")
def registry(folder: Path) -> Any:
    return registry_store(f"genesis+sqlite:///{folder / 'genesis.db'}")


def something(parameter: inspect.Parameter) -> Any:
    kind = str(parameter.annotation)
    for name, value in (("list", []), ("dict", {}), ("float", 1.0), ("int", 1)):
        if name in kind and "str" not in kind.removeprefix("list[str]"):
            return value
    return [] if "list" in kind else {} if "dict" in kind else "x"


def arguments(store: Any, name: str) -> dict[str, Any]:
    parameters = inspect.signature(getattr(store, name)).parameters.values()
    required = [
        p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    return GIVEN.get(name) or {p.name: something(p) for p in required}


@pytest.mark.parametrize("name", sorted(surface.NOT_SERVED))
def test_what_the_tracking_store_does_not_serve_is_not_implemented(tracking: Any, name: str) -> None:
    with pytest.raises(MlflowNotImplementedException, match=r"Genesis-Flow does not serve|^$") as refusal:
        getattr(tracking, name)(**arguments(tracking, name))
    assert refusal.value.get_http_status_code() == 501


@pytest.mark.parametrize("name", sorted(surface.NONE - {"query_trace_metrics"}))
def test_of_what_nobody_can_make_there_is_none(tracking: Any, name: str) -> None:
    found = getattr(tracking, name)(**arguments(tracking, name))
    assert list(found[0] if isinstance(found, tuple) else found) == []


def test_no_trace_is_counted(tracking: Any) -> None:
    (point,) = tracking.query_trace_metrics(**arguments(tracking, "query_trace_metrics"))
    assert point.values == {"COUNT": 0.0}


@pytest.mark.parametrize("name", sorted(surface.WEBHOOKS))
def test_what_the_registry_store_does_not_serve_is_not_implemented(registry: Any, name: str) -> None:
    with pytest.raises(MlflowNotImplementedException, match="Genesis-Flow does not serve"):
        getattr(registry, name)(**arguments(registry, name))


def test_spans_are_refused_in_the_way_that_makes_the_client_store_an_artifact(tracking: Any) -> None:
    with pytest.raises(NotImplementedError):
        tracking.log_spans("0", [object()])
    with pytest.raises(NotImplementedError):
        asyncio.run(tracking.log_spans_async("0", [object()]))


def test_the_table_has_all_that_mlflow_asks_for() -> None:
    known = {
        name
        for store in (AbstractTracking, AbstractRegistry)
        for name, _ in inspect.getmembers(store, inspect.isfunction)
        if not name.startswith("_")
    }
    said = surface.TRACKING | surface.REGISTRY | surface.NONE | surface.NOT_SERVED
    said |= surface.WEBHOOKS | surface.ELSEWHERE
    assert not (surface.asked() | known) - said - {"_await_model_version_creation", "__class__"}


def test_each_method_is_said_to_be_one_thing() -> None:
    assert not surface.TRACKING & surface.NOT_SERVED
    assert not surface.REGISTRY & surface.WEBHOOKS
