"""Requests and replies that MLflow's UI cannot do without, about features that are not served yet."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, NotRequired, TypedDict

from pydantic import Field

from genesis.wire.base import Int32, Int64, Many, Message, one_of

MAX_TRACES = 500
MAX_WEBHOOKS = 1000


class TelemetryReply(TypedDict):
    disable_ui_telemetry: bool
    disable_ui_events: list[str]
    ui_rollout_percentage: int


class StatusReply(TypedDict):
    status: str


class EndpointsReply(TypedDict):
    endpoints: list[Any]


class AssistantReply(TypedDict):
    providers: dict[str, Any]
    projects: dict[str, Any]
    remote_access_allowed: bool


class ProvidersReply(TypedDict):
    providers: list[Any]
    resolved: None


class SecretsReply(TypedDict):
    secrets_available: bool
    using_default_passphrase: bool


class ListSecrets(Message):
    """Those that a gateway's models are called with."""

    provider: str = ""


class ListSecretsReply(TypedDict):
    secrets: NotRequired[list[Any]]


class ListModelDefinitions(Message):
    provider: str = ""
    secret_id: str = ""


class ListModelDefinitionsReply(TypedDict):
    model_definitions: NotRequired[list[Any]]


class ListEndpoints(Message):
    """Those of the gateway."""

    provider: str = ""
    secret_id: str = ""


class ListEndpointsReply(TypedDict):
    endpoints: NotRequired[list[Any]]


class ListBindings(Message):
    endpoint_id: str = ""
    resource_type: str = ""
    resource_id: str = ""


class ListBindingsReply(TypedDict):
    bindings: NotRequired[list[Any]]


class ListWebhooks(Message):
    max_results: Int32 = 0
    page_token: str = ""


class ListWebhooksReply(TypedDict, total=False):
    webhooks: list[Any]
    next_page_token: str


class SearchIssues(Message):
    experiment_id: str = ""
    filter_string: str = ""
    max_results: Int32 = 100
    page_token: str = ""
    include_trace_count: bool = False


class SearchIssuesReply(TypedDict):
    issues: NotRequired[list[Any]]
    next_page_token: str


LocationType = Annotated[
    str, one_of("TRACE_LOCATION_TYPE_UNSPECIFIED", "MLFLOW_EXPERIMENT", "INFERENCE_TABLE", first=0)
]


class Location(Message):
    """Where traces would be; nothing is looked up there, so its inside is not read."""

    type: LocationType = "TRACE_LOCATION_TYPE_UNSPECIFIED"
    mlflow_experiment: Any = None
    inference_table: Any = None


class SearchTraces(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("locations",)
    locations: Many[Location] = []
    filter: str = ""
    max_results: Annotated[Int32, Field(le=MAX_TRACES)] = 100
    order_by: Many[str] = []
    page_token: str = ""


class SearchTracesReply(TypedDict, total=False):
    traces: list[Any]
    next_page_token: str


AggregationType = Annotated[str, one_of("COUNT", "SUM", "AVG", "PERCENTILE", "MIN", "MAX")]


class Aggregation(Message):
    aggregation_type: AggregationType = "COUNT"
    percentile_value: float | None = None


class QueryTraceMetrics(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("experiment_ids", "view_type", "metric_name", "aggregations")
    experiment_ids: Many[str] = []
    view_type: Annotated[str, one_of("TRACES", "SPANS", "ASSESSMENTS")] = "TRACES"
    metric_name: str = ""
    aggregations: Many[Aggregation] = []
    dimensions: Many[str] = []
    filters: Many[str] = []
    time_interval_seconds: Int64 | None = None
    start_time_ms: Int64 | None = None
    end_time_ms: Int64 | None = None
    max_results: Int32 | None = None
    page_token: str = ""


class QueryTraceMetricsReply(TypedDict, total=False):
    data_points: list[Any]
    next_page_token: str


class SearchEvaluationDatasets(Message):
    experiment_ids: Many[str] = []
    filter_string: str = ""
    max_results: Int32 = 0
    order_by: Many[str] = []
    page_token: str = ""


class SearchEvaluationDatasetsReply(TypedDict, total=False):
    datasets: list[Any]
    next_page_token: str


class ListScorers(Message):
    experiment_id: str = ""
    experiment_ids: Many[str] = []


class ListScorersReply(TypedDict):
    scorers: NotRequired[list[Any]]
