"""Requests and replies about logged models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, NotRequired, Self, TypedDict

from pydantic import BeforeValidator

from genesis.entities.logged_models import STATUSES, LoggedModel, ModelMetric
from genesis.errors import invalid
from genesis.http import Request
from genesis.wire.base import Int32, Many, Message, Text, json_object, one_of
from genesis.wire.experiments import Tag, TagReply, tags

Status = Annotated[str, one_of(*STATUSES, first=0)]


class CreateLoggedModel(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("experiment_id",)
    experiment_id: str = ""
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: Many[Tag] = []
    tags: Many[Tag] = []


class GetLoggedModel(Message):
    """``allow_deleted`` is in no message of MLflow's: its handler reads the query."""

    model_id: str = ""
    allow_deleted: str = ""


class DeleteLoggedModel(Message):
    model_id: str = ""


class NamedTwice(Message):
    """About the model in the path, whose id MLflow demands in the body, too."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("model_id",)
    model_id: str = ""

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        message = cls.parse(json_object(request))
        if message.model_id != parameters["model_id"]:
            # MLflow would take one of the two, and not always the same.
            raise invalid("The request's path and its body name different models in 'model_id'.")
        return message


class FinalizeLoggedModel(NamedTwice):
    REQUIRED: ClassVar[tuple[str, ...]] = ("model_id", "status")
    status: Status = STATUSES[0]


class LogLoggedModelParams(NamedTwice):
    params: Many[Tag] = []


class SetLoggedModelTags(Message):
    model_id: str = ""
    tags: Many[Tag] = []


class DeleteLoggedModelTag(Message):
    model_id: str = ""
    tag_key: str = ""


class SearchedDataset(Message):
    dataset_name: Text = ""
    dataset_digest: Text = ""


def _or_true(value: Any) -> Any:
    return True if value is None else value


class OrderBy(Message):
    field_name: Text = ""
    ascending: Annotated[bool, BeforeValidator(_or_true)] = True
    dataset_name: Text = ""
    dataset_digest: Text = ""


class SearchLoggedModels(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("experiment_ids",)
    experiment_ids: Many[str] = []
    filter: str = ""
    datasets: Many[SearchedDataset] = []
    max_results: Int32 = 50
    order_by: Many[OrderBy] = []
    page_token: str = ""


class ModelMetricReply(TypedDict):
    key: str
    value: float
    timestamp: int
    step: int
    model_id: str
    run_id: str
    dataset_name: NotRequired[str]
    dataset_digest: NotRequired[str]


class LoggedModelInfoReply(TypedDict):
    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: str
    model_type: str
    source_run_id: str
    status_message: NotRequired[str]
    tags: NotRequired[list[TagReply]]


class LoggedModelDataReply(TypedDict, total=False):
    params: list[TagReply]
    metrics: list[ModelMetricReply]


class LoggedModelReply(TypedDict):
    info: LoggedModelInfoReply
    data: LoggedModelDataReply


class GetLoggedModelReply(TypedDict):
    model: LoggedModelReply


class SetLoggedModelTagsReply(TypedDict, total=False):
    """MLflow's server leaves the model out."""

    model: LoggedModelReply


class SearchLoggedModelsReply(TypedDict, total=False):
    models: list[LoggedModelReply]
    next_page_token: str


def whole(model: LoggedModel) -> LoggedModelReply:
    """A model as MLflow's ``LoggedModel`` message."""
    return {"info": _info(model), "data": _data(model)}


def _info(model: LoggedModel) -> LoggedModelInfoReply:
    info = LoggedModelInfoReply(
        model_id=model.model_id,
        experiment_id=model.experiment_id,
        name=model.name,
        creation_timestamp_ms=model.creation_time,
        last_updated_timestamp_ms=model.last_update_time,
        artifact_uri=model.artifact_uri,
        status=model.status,
        model_type=model.model_type,
        source_run_id=model.source_run_id,
    )
    if model.status_message:
        info["status_message"] = model.status_message
    if model.tags:
        info["tags"] = tags(model.tags)
    return info


def _data(model: LoggedModel) -> LoggedModelDataReply:
    data = LoggedModelDataReply()
    if model.params:
        data["params"] = tags(model.params)
    if model.metrics:
        data["metrics"] = [_metric(model.model_id, metric) for metric in model.metrics]
    return data


def _metric(model_id: str, metric: ModelMetric) -> ModelMetricReply:
    reply = ModelMetricReply(
        key=metric.key,
        value=metric.value,
        timestamp=metric.timestamp,
        step=metric.step,
        model_id=model_id,
        run_id=metric.run_id,
    )
    if metric.dataset_name:
        reply["dataset_name"] = metric.dataset_name
        reply["dataset_digest"] = metric.dataset_digest
    return reply
