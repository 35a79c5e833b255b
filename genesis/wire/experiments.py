"""Requests and replies about experiments."""

from __future__ import annotations

from typing import Annotated, ClassVar, NotRequired, TypedDict

from genesis.entities.experiments import Experiment as Entity
from genesis.entities.runs import DatasetSummary
from genesis.wire.base import Int64, Many, Message, Text, one_of

ViewType = Annotated[str, one_of("ACTIVE_ONLY", "DELETED_ONLY", "ALL")]


class Tag(Message):
    key: Text = ""
    value: Text = ""


class TagReply(TypedDict):
    key: str
    value: str


class CreateExperiment(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("name",)
    name: str = ""
    artifact_location: str = ""
    tags: Many[Tag] = []


class CreateExperimentReply(TypedDict):
    experiment_id: str


class GetExperiment(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("experiment_id",)
    experiment_id: str = ""


class DeleteExperiment(GetExperiment):
    pass


class RestoreExperiment(GetExperiment):
    pass


class GetExperimentByName(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("experiment_name",)
    experiment_name: str = ""


class UpdateExperiment(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("experiment_id", "new_name")
    experiment_id: str = ""
    new_name: str = ""


class SetExperimentTag(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("experiment_id", "key")
    experiment_id: str = ""
    key: str = ""
    value: str = ""


class DeleteExperimentTag(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("experiment_id", "key")
    experiment_id: str = ""
    key: str = ""


class SearchExperiments(Message):
    view_type: ViewType = "ACTIVE_ONLY"
    max_results: Int64 = 0
    order_by: Many[str] = []
    filter: str = ""
    page_token: str = ""


class SearchDatasets(Message):
    experiment_ids: Many[str] = []


class ExperimentReply(TypedDict):
    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    last_update_time: int
    creation_time: int
    workspace: str
    tags: NotRequired[list[TagReply]]


class GetExperimentReply(TypedDict):
    experiment: ExperimentReply


class SearchExperimentsReply(TypedDict, total=False):
    experiments: list[ExperimentReply]
    next_page_token: str


class DatasetSummaryReply(TypedDict):
    experiment_id: str
    name: str
    digest: str
    context: NotRequired[str]


class SearchDatasetsReply(TypedDict, total=False):
    dataset_summaries: list[DatasetSummaryReply]


def summary(found: DatasetSummary) -> DatasetSummaryReply:
    """A data set in one of its contexts as MLflow's ``DatasetSummary`` message."""
    reply = DatasetSummaryReply(experiment_id=found.experiment_id, name=found.name, digest=found.digest)
    if found.context:
        reply["context"] = found.context
    return reply


def experiment(entity: Entity) -> ExperimentReply:
    """An experiment as MLflow's ``Experiment`` message."""
    reply = ExperimentReply(
        experiment_id=entity.experiment_id,
        name=entity.name,
        artifact_location=entity.artifact_location,
        lifecycle_stage=entity.lifecycle_stage,
        last_update_time=entity.last_update_time,
        creation_time=entity.creation_time,
        workspace=entity.workspace,
    )
    if entity.tags:
        reply["tags"] = tags(entity.tags)
    return reply


def tags(entries: dict[str, str]) -> list[TagReply]:
    """A map as a list of MLflow's key and value messages."""
    return [{"key": key, "value": value} for key, value in entries.items()]
