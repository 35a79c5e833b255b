"""Requests and replies about metrics and their histories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, NotRequired, Self

from pydantic import AfterValidator, Field, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from genesis.errors import invalid
from genesis.http import Request
from genesis.store.points import Curve, Point
from genesis.wire.base import SEE_DOCS, Int32, Int64, Many, Message, double, in_parts
from genesis.wire.experiments import Tag
from genesis.wire.runs import MetricReply, RunMessage

MAX_RUNS = 100
MAX_SAMPLED = 2500
MAX_BULK = 25_000
PART = 4096
"""Points that are written at once: 300 KiB of JSON."""


@with_config(Message.model_config)
class Metric(TypedDict):
    """One item of a batch: a dict, as a thousand of them take half the time of messages."""

    key: Annotated[str, Field(min_length=1)]
    value: float
    timestamp: Int64
    step: NotRequired[Int64 | None]
    model_id: NotRequired[str | None]
    dataset_name: NotRequired[str | None]
    dataset_digest: NotRequired[str | None]


class LogMetric(RunMessage):
    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id", "key", "value", "timestamp")
    TYPE_FIRST: ClassVar[tuple[str, ...]] = ("timestamp",)
    key: str = ""
    value: float = 0.0
    timestamp: Int64 = 0
    step: Int64 = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""

    @property
    def metric(self) -> Metric:
        """It as an item of a batch."""
        return {
            "key": self.key,
            "value": self.value,
            "timestamp": self.timestamp,
            "step": self.step,
            "model_id": self.model_id,
            "dataset_name": self.dataset_name,
            "dataset_digest": self.dataset_digest,
        }


class LogBatch(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id",)
    run_id: str = ""
    metrics: Many[Metric] = []
    params: Many[Tag] = []
    tags: Many[Tag] = []

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> Self:
        message = super().parse(fields)
        for name in ("params", "tags"):
            for i, item in enumerate(getattr(message, name)):
                if not item.key:
                    raise invalid(f"Missing value for required parameter '{name}[{i}].key'." + SEE_DOCS)
        return message


class GetMetricHistory(RunMessage):
    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id", "metric_key")
    metric_key: str = ""
    page_token: str = ""
    max_results: Int32 | None = None


class GetMetricHistoryBulk(Message):
    """Not one of protobuf's messages: ``mlflow/server/handlers.py``, get_metric_history_bulk_handler."""

    run_id: Many[str] = []
    metric_key: str | None = None
    max_results: int = MAX_BULK

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        # MLflow never reads a body here.
        query = request.parameters()
        given: dict[str, Any] = {k: v[0] for k, v in query.items() if k in ("metric_key", "max_results")}
        return cls.parse({**given, "run_id": query.get("run_id", [])})


def _few_runs(run_ids: list[str]) -> list[str]:
    if len(run_ids) > MAX_RUNS:
        raise PydanticCustomError(
            "mlflow",
            "GetMetricHistoryBulkInterval request must specify at most {most} run_ids. "
            "Received {given} run_ids.",
            {"most": MAX_RUNS, "given": len(run_ids)},
        )
    return run_ids


def _few_results(max_results: int) -> int:
    if not 1 <= max_results <= MAX_SAMPLED:
        raise PydanticCustomError(
            "mlflow", "max_results must be between 1 and {most}.", {"most": MAX_SAMPLED}
        )
    return max_results


class GetMetricHistoryBulkInterval(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("run_ids", "metric_key")
    run_ids: Annotated[Many[str], AfterValidator(_few_runs)] = []
    metric_key: str = ""
    start_step: Int32 | None = None
    end_step: Int32 | None = None
    max_results: Annotated[Int32, AfterValidator(_few_results)] = MAX_SAMPLED


class MetricHistoryReply(TypedDict, total=False):
    metrics: list[MetricReply]
    next_page_token: str


class MetricWithRunIdReply(MetricReply):
    run_id: str


class MetricsWithRunIdsReply(TypedDict, total=False):
    metrics: list[MetricWithRunIdReply]


def history(key: str, curve: Curve) -> list[MetricReply]:
    """Points of one run as MLflow's ``Metric`` messages; of a long curve a part at a time."""
    if len(curve) <= PART:
        return _metrics(key, curve)
    return in_parts(_metrics(key, curve[i : i + PART]) for i in range(0, len(curve), PART))


def _metrics(key: str, curve: Curve) -> list[MetricReply]:
    # By the column, and without a call, as there may be millions.
    return [
        {"key": key, "value": value if value == value else "NaN", "timestamp": timestamp, "step": step}
        for timestamp, step, value in zip(curve.timestamps, curve.steps, curve.values, strict=True)
    ]


def history_of_run(run_id: str, key: str, points: Iterable[Point]) -> list[MetricWithRunIdReply]:
    """Points as MLflow's ``MetricWithRunId`` messages."""
    return [
        {"key": key, "value": double(value), "timestamp": timestamp, "step": step, "run_id": run_id}
        for timestamp, step, value in points
    ]
